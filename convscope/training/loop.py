"""The loop: data and a network in, a stream of events out. No disk, no print.

    for each epoch:  for each batch:  scores → loss → gradients → one step of the optimizer
                     validation → is it the best so far?

`train` may be stopped between two events by closing it, or in good order by
`events.throw(KeyboardInterrupt)`: then a Checkpoint and Finished still come.
"""

import time
from collections.abc import Generator
from contextlib import nullcontext
from dataclasses import dataclass
from math import ceil, inf, isfinite

import torch
from torch import Tensor

from convscope.data.dataset import Dataset
from convscope.errors import TrainingError
from convscope.network.model import Model, Temperature, Values
from convscope.settings import TrainingSettings
from convscope.training import moments
from convscope.training.batches import Batches, class_weights
from convscope.training.events import (
    Changed,
    Checkpoint,
    Epoch,
    Event,
    Events,
    Finished,
    LayerRecord,
    LayersMeasured,
    Snapshot,
    Start,
    StateDict,
    TrainingStep,
    Wish,
)
from convscope.training.halves import Halves
from convscope.training.machine import Machine, machine
from convscope.training.measuring import Measuring
from convscope.training.notices import Watch
from convscope.training.optimizers import OPTIMIZERS
from convscope.training.schedule import Stages
from convscope.training.scores import (
    forward,
    keep_gradients_channels_last,
    logits,
    loss_of,
    loss_of_values,
    takes_channels_last,
)
from convscope.training.temperature import fit_temperature
from convscope.training.validation import Validation, validate, validate_values
from convscope.training.weights import FlatParameters

CHECKPOINT_SECONDS = 15.0  # between two checkpoints within an epoch
WATCH = "watch."  # how the names of what the notices know begin in a state


def train(
    model: Model, dataset: Dataset, settings: TrainingSettings, *, state: StateDict | None = None
) -> Events:
    """Train, and tell what happens.

    The same settings give the same weights to the bit (on the CPU, with the same number of threads), however
    often training is stopped and goes on. Threads and random numbers of the process are training's until the
    last event; then they are as they were.

    Args:
        model: is trained in place.
        dataset: "train" is learnt, "val" chooses the best epoch (and with refit is learnt at last); "test" is
            not looked at.
        settings: as `choose` returns them, nothing left open but clip and patience.
        state: of a Checkpoint event, to go on from there.

    Yields:
        Start; TrainingStep after each update, which may be answered with a Wish; LayersMeasured and Snapshot
        after some of them; Epoch and then Checkpoint after each pass; Checkpoint now and then within; Notice
        when something looks wrong; Finished.

    Raises:
        TrainingError: nothing to train on, a device that is not there, or a loss that is no number any more.
    """
    here = machine(settings)
    with here.at_work(settings.seed):
        loop = TrainingLoop(model, dataset, settings, here)
        if state is not None:
            loop.restore(state)
        try:
            reason = yield from loop.run()
        except KeyboardInterrupt:
            reason = "interrupted"
            if loop.whole:
                yield loop.checkpoint()
        finally:
            loop.release()
    yield loop.finished(reason)


def trained_on(state: StateDict) -> dict[str, Tensor]:
    """The state at a training's end, as the beginning of more of it: patience counts anew."""
    return {**state, "progress.highest_epoch": state["progress.epochs"].clone()}


@dataclass
class _Progress:
    """How far training is; everything about it that a resumed training has to know."""

    step: int = 0
    epochs: int = 0  # closed: validated, and told
    loss: float = 0.0  # sum over the running epoch's samples
    correct: int = 0  # of the running epoch's samples
    seen: int = 0  # samples of the running epoch
    best_epoch: int = 0
    best_score: float = -inf  # the highest of all
    highest_epoch: int = 0  # where it was reached, in `best_epoch` or before
    rate: float = 1.0  # times the schedule's, as a person wished


class TrainingLoop:
    """One training; its methods are the events' order."""

    def __init__(self, model: Model, dataset: Dataset, settings: TrainingSettings, machine: Machine) -> None:
        self.machine = machine
        self.model, self.dataset, self.settings = model.to(self.machine.device), dataset, settings
        self.batches = Batches(dataset, settings, self.machine.device)
        self.stages = Stages.of(settings, self.batches.steps)
        one = model.preprocess(dataset.inputs[self.batches.rows[:1]].to(self.machine.device))
        self.weights = FlatParameters(model, channels_last=takes_channels_last(model, one))
        self.halves = Halves.of(model, self.weights) if machine.precision == "bf16" else None
        self.hooks = keep_gradients_channels_last(model) if model.channels_last else []
        self.optimizer = OPTIMIZERS[settings.optimizer or "adamw"](self.weights, settings)
        weighted = settings.balance == "weights"
        self.class_weights = class_weights(dataset).to(self.machine.device) if weighted else None
        self.watch = Watch(() if dataset.regression else dataset.classes, settings)
        self.by = settings.best_by or ("loss" if dataset.regression else "accuracy")
        self.progress = _Progress()
        self.measuring = Measuring(model.network)
        self.measured, self.kept = (
            set(moments.measured(self.stages.steps)), set(moments.kept(self.stages.steps, model, settings)),
        )  # fmt: skip
        self.wishes_layers = False
        self.whole = True  # not in the middle of an update
        self.began = self.saved = time.monotonic()

    def run(self) -> Generator[Event, Wish | None, str]:
        """Go through the epochs that are left; gives the reason for the end."""
        yield Start(
            self.stages.steps, self.batches.steps, self.progress.step, len(self.weights.values),
            str(self.machine.device), self.machine.precision, self.machine.threads,
        )  # fmt: skip
        self.model.train()
        if self.progress.step == 0 and 0 in self.kept:
            yield self.snapshot()
        while self._goes_on():
            yield from self._epoch(self.progress.epochs + 1)
        yield self.checkpoint()
        return "early stopping" if self.progress.step < self.stages.steps else "done"

    def _goes_on(self) -> bool:
        without_better = self.progress.epochs - self.progress.highest_epoch
        if self.settings.patience and without_better >= self.settings.patience:
            return False
        return self.progress.step < self.stages.steps or self.progress.seen > 0

    def _epoch(self, number: int) -> Events:
        """Go through what is left of a pass; all of it may be done, and the epoch only to be closed.

        Epochs are passes, but where half a pass was the end of a training that then was trained on: the other
        half is an epoch of its own.
        """
        step, a_pass = self.progress.step, self.batches.steps
        passes = ceil(step / a_pass) - 1 if self.progress.seen else step // a_pass  # done before this one
        first, end = step - passes * a_pass, self.stages.steps - passes * a_pass
        began, seen_before = time.perf_counter(), self.progress.seen
        if refits := self.stages.refits(passes * a_pass):
            self.batches.with_validation()
        for x, y in self.batches.epoch(passes + 1, first, end):
            measures = self.wishes_layers or self.progress.step + 1 in self.measured
            loss, lr, layers = self.measured_update(x, y) if measures else (*self.update(x, y), ())
            spent = time.perf_counter() - began
            wish = yield TrainingStep(
                self.progress.step, number, loss, lr, (self.progress.seen - seen_before) / spent
            )
            yield from self._beside(layers, wish)
            if time.monotonic() - self.saved > CHECKPOINT_SECONDS:
                yield self.checkpoint()
        seconds = time.perf_counter() - began
        result = self._result(number, seconds, (self.progress.seen - seen_before) / seconds)
        yield result
        if not refits:
            yield from self.watch.after(result)
            if not self._goes_on() or self.stages.refits(self.progress.step):
                yield from self.watch.at_the_end()
        yield self.checkpoint()

    def _beside(self, layers: tuple[LayerRecord, ...], wish: Wish | None) -> Events:
        """What belongs to a step beside its loss, and what is wished for the next ones."""
        step = self.progress.step
        if layers:
            yield LayersMeasured(step, layers)
        if step in self.kept:
            yield self.snapshot()
        self.wishes_layers = bool(wish and wish.layers)
        if wish and wish.rate is not None and wish.rate != self.progress.rate:
            self.progress.rate = wish.rate
            yield Changed(step, "learning rate", wish.rate)
            yield self.checkpoint()  # going on after a kill has to know of it

    def measured_update(self, x: Tensor, y: Tensor) -> tuple[float, float, tuple[LayerRecord, ...]]:
        """The same step to the bit as `update`, and what each layer does in it."""
        loss, lr = self.update(x, y, self.measuring)
        return loss, lr, self.measuring.records(self.progress.step)

    def update(self, x: Tensor, y: Tensor, measuring: Measuring | None = None) -> tuple[float, float]:
        """One step of gradient descent: the batch's loss before it, and the learning rate."""
        progress = self.progress
        self.whole = False
        with self.halves.standing_in() if self.halves else nullcontext():
            scores, loss = self._gradients(x, y, measuring)
        if not isfinite(loss):
            raise TrainingError(_no_number(loss, progress.step + 1, self.settings))
        if measuring:
            measuring.gradients()
        if self.settings.clip:
            norm = self.weights.gradients.norm()
            self.weights.gradients.mul_((self.settings.clip / (norm + 1e-6)).clamp(max=1.0))
        lr = self.rate(progress.step)
        self.optimizer.step(lr)
        self.weights.gradients.zero_()
        progress.step += 1
        progress.seen += len(y)
        progress.loss += loss * len(y)
        progress.correct += 0 if self.dataset.regression else int((scores.argmax(1) == y).sum())
        self.whole = True
        return loss, lr

    def rate(self, step: int) -> float:
        """Learning rate of a step, which are counted from 0."""
        return self.progress.rate * self.stages.rate(step)

    def _gradients(self, x: Tensor, y: Tensor, measuring: Measuring | None) -> tuple[Tensor, float]:
        """Forward and backward: the scores and the batch's loss; the parameters have the gradients."""
        with measuring.outputs() if measuring else nullcontext():
            scores = self._scores(x)
        batch_loss = self._loss(scores, y)
        if not batch_loss.requires_grad:
            raise TrainingError(
                "the network's output does not depend on any weight that learns: it is detached from them.\n"
                "  Look in its forward for torch.no_grad, .detach(), .item() or NumPy, and take that out."
            )
        batch_loss.backward()
        return scores, batch_loss.item()

    def _loss(self, scores: Tensor, y: Tensor) -> Tensor:
        if isinstance(self.model.output, Values):
            return loss_of_values(scores, self.model.output.standardise(y), self.settings)
        return loss_of(scores, y, self.settings, self.class_weights)

    def _scores(self, x: Tensor) -> Tensor:
        try:
            with self.machine.arithmetic():
                return forward(self.model, x)
        except ValueError as error:
            if "more than 1 value per channel" not in str(error):
                raise
            raise TrainingError(
                f"BatchNorm has one value a channel only in a batch of {len(x)}, and needs more.\n"
                "  Use a larger --batch (of enough training samples), or a network without BatchNorm."
            ) from error

    def _result(self, number: int, seconds: float, speed: float) -> Epoch:
        """Validate, and close the books of this epoch."""
        progress, began = self.progress, time.perf_counter()
        judges = len(self.dataset.parts["val"]) and not self.stages.refits(progress.step - 1)
        found = self._validated() if judges else None
        best = self._is_best(found)
        if best:
            progress.best_epoch = number
        if found is None or found.score(self.by) > progress.best_score:
            progress.best_score, progress.highest_epoch = found.score(self.by) if found else -inf, number
        result = Epoch(
            number=number,
            step=progress.step,
            train_loss=progress.loss / progress.seen,
            train_accuracy=None if self.dataset.regression else progress.correct / progress.seen,
            val_loss=found and found.loss,
            val_accuracy=found and found.accuracy,
            val_balanced_accuracy=found and found.balanced_accuracy,
            lr=self.rate(progress.step - 1),
            seconds=seconds,
            val_seconds=time.perf_counter() - began,
            samples_per_second=speed,
            best=best,
        )
        progress.loss, progress.correct, progress.seen = 0.0, 0, 0
        progress.epochs = number
        return result

    def _is_best(self, found: Validation | None) -> bool:
        """Whether this epoch's weights are kept; of those that nothing judges only the last one's."""
        if self.stages.refits(self.progress.step - 1):
            return self.progress.step == self.stages.steps
        # Less than a standard error below the highest is luck: the later epoch, having learnt more, wins.
        return found is None or found.score(self.by) >= self.progress.best_score - found.luck(self.by)

    def _validated(self) -> Validation:
        """Judge the validation part by what is trained, and fit the temperature to it."""
        rows, output = self.dataset.parts["val"], self.model.output
        labels = self.dataset.labels[rows]
        if isinstance(output, Temperature):
            output.temperature.fill_(1.0)
        with self.machine.arithmetic():
            scores = logits(self.model, self.dataset.inputs, rows)
        if isinstance(output, Values):
            there = output.mean.device
            found = validate_values(
                output.standardise(scores.to(there)), output.standardise(labels.to(there))
            )
        else:
            found = validate(scores, labels)
            self.watch.predicted(scores, labels)
        if not isfinite(found.loss):
            raise TrainingError(_no_number(found.loss, self.progress.step, self.settings))
        if isinstance(output, Temperature):
            output.temperature.fill_(fit_temperature(scores, labels))
        return found

    def checkpoint(self) -> Checkpoint:
        """Offer the moment to whoever saves it."""
        self.saved = time.monotonic()
        return Checkpoint(self.progress.step, self.state)

    def snapshot(self) -> Snapshot:
        """Offer the weights of the moment to whoever keeps them."""
        return Snapshot(self.progress.step, self.weights_now)

    def weights_now(self) -> dict[str, Tensor]:
        """Copy weights and statistics."""
        plain = torch.contiguous_format
        return {
            name: value.detach().cpu().clone(memory_format=plain)
            for name, value in self.model.state_dict().items()
        }

    def state(self) -> dict[str, Tensor]:
        """Copy everything that going on needs."""
        state = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        state |= {f"optimizer.{name}": value for name, value in self.optimizer.state.items()}
        state |= {
            f"progress.{name}": torch.tensor(value, dtype=torch.float64)
            for name, value in vars(self.progress).items()
        }
        state |= {f"{WATCH}{name}": value for name, value in self.watch.state().items()}
        state["random.cpu"] = torch.get_rng_state()
        return {
            name: value.detach().cpu().clone(memory_format=torch.contiguous_format)
            for name, value in state.items()
        }

    def restore(self, state: StateDict) -> None:
        """Take up a state again.

        Raises:
            TrainingError: it is of another network or optimizer.
        """
        try:
            for name, value in self.model.state_dict().items():
                value.copy_(state[f"model.{name}"])
            for name, value in self.optimizer.state.items():
                value.copy_(state[f"optimizer.{name}"])
            for name, value in vars(self.progress).items():
                if name != "rate" or "progress.rate" in state:  # checkpoints of before have none
                    setattr(self.progress, name, type(value)(state[f"progress.{name}"].item()))
            self.watch.restore(
                {name.removeprefix(WATCH): each for name, each in state.items() if name.startswith(WATCH)}
            )
            torch.set_rng_state(state["random.cpu"])
        except (KeyError, RuntimeError) as error:
            raise TrainingError(
                f"this checkpoint does not belong to this network and these settings: {error}.\n"
                "  Resume with the run's own settings."
            ) from error

    def release(self) -> None:
        """Take back what was hung on the model for training alone."""
        for hook in self.hooks:
            hook.remove()

    def finished(self, reason: str) -> Finished:
        """Sum up."""
        passes = self.progress.step / self.batches.steps
        seconds = time.monotonic() - self.began
        return Finished(reason, self.progress.step, passes, self.progress.best_epoch, seconds)  # type: ignore[arg-type]


def _no_number(loss: float, step: int, settings: TrainingSettings) -> str:
    return (
        f"the loss became {loss} at step {step:,}: the weights ran away.\n"
        f"  The likely cause is a learning rate that is too high ({settings.lr:g}): "
        f"try --lr {(settings.lr or 0) / 10:g}, or --clip 1.\n"
        "  If that does not help, look for NaN or huge values in the data (convscope check)."
    )
