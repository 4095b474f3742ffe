"""A person's own training loop, written down as a run."""

import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import fields
from math import inf, isfinite, prod
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from weakref import finalize

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from convscope import data as data_room
from convscope import first_model, run
from convscope.arguments import demand, demand_flag, demand_number, demand_path
from convscope.data import DataSettings, DataSource
from convscope.errors import (
    ArgumentError,
    NetworkError,
    RunError,
    ShapeError,
    TrainingWarning,
    UnknownName,
    got,
)
from convscope.network.keras_network import KerasNetwork
from convscope.network.model import Model, OwnValues, Values
from convscope.network.preprocess import Standardise
from convscope.planning import Plan
from convscope.run import board
from convscope.run.weights import MODEL, fill
from convscope.settings import TrainingSettings
from convscope.training.events import Checkpoint, Epoch, Event, Finished, Notice, Start
from convscope.training.scores import answers

UNKNOWN = "trained in a loop of its person's own: how is known only as far as they told"
APART = 0.02  # of accuracy: more than how people count batches makes


class Recorder:
    """Writes a run from any PyTorch loop, which stays as it is.

        recorder = convscope.Recorder(model, ((X, y), (X2, y2)))
        for epoch in range(5):
            ...                                         # the loop as it was
            recorder.epoch(train_loss=loss.item())
        run = recorder.finish()                         # judged, with its report

    Of the loop only what is told is known: the run says so, and cannot be trained on. Its weights are those
    of the epoch with the lowest `val_loss`; where none has one, with the highest `val_accuracy`; else of the
    last.

    Attributes:
        path: the run's folder.

    >>> from tempfile import mkdtemp
    >>> X, y = torch.randn(20, 1, 8, 8), torch.arange(20) % 2
    >>> net = nn.Sequential(nn.Flatten(), nn.Linear(64, 2))
    >>> recorder = Recorder(net, (X, y), runs=mkdtemp())
    >>> recorder.epoch(train_loss=0.7)
    >>> recorder.finish().settings.facts.samples
    {'train': 20, 'val': 0, 'test': 0}
    """

    def __init__(
        self,
        model: nn.Module,
        source: DataSource,
        *,
        mean: float | Sequence[float] | None = None,
        std: float | Sequence[float] | None = None,
        trained_with: Mapping[str, bool | float | str] | None = None,
        runs: str | Path = "runs",
        tensorboard: bool = False,
        **settings: Any,  # noqa: ANN401 - as the fields say
    ) -> None:
        """Begin the run's folder.

        Args:
            model: what the loop trains, compiled or not; it is looked at in each call of `epoch`.
            source: what it is trained on, as `convscope.train` takes it, but nothing is held back: (X, y) are
                all for training; ((X, y), (X2, y2)) training and test; three such pairs training, validation
                and test. Values as they are stored, before the loop scales them.
            mean: what the loop takes off the stored values, a number or one a channel; 0 if not given.
            std: what it then divides by; 1 if not given. Of pixels from 0 to 255 one of the two is needed:
                std=255 where the loop brings them to 0 … 1. With `scale="sample"` neither.
            trained_with: what shall be kept of the loop's settings: {"optimizer": "SGD", "lr": 0.1}.
            runs: the folder that gets the run's folder.
            tensorboard: write a log for TensorBoard into that, too.
            settings: fields of `DataSettings`, where the source needs them.

        Raises:
            ConvscopeError: no network, or one that does not fit the samples; data that cannot be read.
        """
        demand_path("runs", runs, "the folder that gets the run's folder")
        demand_flag("tensorboard", tensorboard)
        if tensorboard:
            board.demand_library()
        told = _told(trained_with)
        self._live: Any = _bare(model)
        self._dataset = data_room.load(source, _data_settings(settings))
        self._held = None if isinstance(source, str | Path) else self._dataset
        plan = Plan(source, self._live, data=self._dataset.settings, training=TrainingSettings())
        begun = first_model.of_plan(plan, self._dataset)
        self._model, self._handed = begun.model.eval(), begun.part.handed
        _scaled(self._model, mean, std, self._dataset)
        written = run.RunSettings.of(self._dataset, begun.part, plan.training, (*begun.reasons, UNKNOWN))
        written = written.model_copy(update={"recorded": told})
        self._writer = run.create(runs, written, self._dataset, None, begun.code, tensorboard=tensorboard)
        finalize(self, self._writer.close)  # whoever drops it has let go of the folder, too
        self.path = self._writer.path
        self._open, self._checked = True, False
        self._number = self._best_number = 0
        self._best = -inf, -inf
        self._began = self._last = time.perf_counter()
        weights = list(begun.model.network.parameters())
        device = next((str(each.device) for each in self._live.parameters()), "cpu")
        self._write(
            Start(0, 1, 0, sum(map(Tensor.numel, weights)), device, "unknown", torch.get_num_threads())
        )

    def epoch(
        self,
        *,
        train_loss: float | Tensor,
        train_accuracy: float | Tensor | None = None,
        val_loss: float | Tensor | None = None,
        val_accuracy: float | Tensor | None = None,
        lr: float | None = None,
    ) -> None:
        """Write down an epoch: its figures, as far as they are known, and the weights as they are now.

        Args:
            train_loss: the mean over the epoch.
            train_accuracy: a share, 0 … 1.
            val_loss: on samples that are not learnt; the lowest chooses the weights that are kept.
            val_accuracy: a share, 0 … 1.
            lr: the learning rate.

        Raises:
            ArgumentError: a figure that cannot be.
            RunError: the recorder is closed; the run cannot be written; the model has other weights by now.
        """
        self._demand_open()
        figures = {
            "train_loss": _figure("train_loss", train_loss),
            "train_accuracy": _share("train_accuracy", train_accuracy),
            "val_loss": _figure("val_loss", val_loss, optional=True),
            "val_accuracy": _share("val_accuracy", val_accuracy),
            "lr": _figure("lr", lr, optional=True),
        }
        self._take_weights()
        self._number += 1
        now = time.perf_counter()
        seconds, self._last = now - self._last, now
        best = self._is_best(figures["val_loss"], figures["val_accuracy"])
        self._write(
            Epoch(
                number=self._number,
                step=self._number,
                **figures,  # pyright: ignore[reportArgumentType] - the training loss is there
                val_balanced_accuracy=None,
                seconds=seconds,
                val_seconds=None,
                samples_per_second=None,
                best=best,
            )
        )
        if figures["val_accuracy"] is not None and not self._checked:
            self._compare(figures["val_accuracy"])
        self._write(Checkpoint(self._number, self._state))

    def finish(self) -> run.Run:
        """End the run, judge its best weights on the test part, and write its report.

        Raises:
            RunError: there was no epoch, or the recorder is closed.
        """
        self._demand_open()
        if not self._number:
            raise RunError(
                "no epoch was recorded: there are no weights to keep.\n  Call recorder.epoch(train_loss=…)."
            )
        seconds = time.perf_counter() - self._began
        self._write(Finished("done", self._number, self._number, self._best_number, seconds))
        self.close()
        finished = run.load(self.path, network=self._live if self._handed else None)
        finished.held = self._held
        finished.judge(self._dataset)
        return finished

    def close(self) -> None:
        """Let go of the folder without an end; what was written stays, and opens."""
        self._writer.close()
        self._open = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Recorder({self.path.name}: {self._number} epochs)"

    def _demand_open(self) -> None:
        if not self._open:
            raise RunError(
                f"the recorder of {self.path.name} is closed.\n  Make another one: a run of its own."
            )

    def _write(self, event: Event) -> None:
        self._writer.write(event)

    def _take_weights(self) -> None:
        """Copy the weights that the loop has come to."""
        network = self._model.network
        if isinstance(network, KerasNetwork):
            network.model.set_weights(self._live.get_weights())
        else:
            fill(network, self._live.state_dict(), "the model of the loop")

    def _is_best(self, loss: float | None, accuracy: float | None) -> bool:
        """Whether this epoch's weights are kept; those that nothing judges only as long as none is judged."""
        score = -inf if loss is None else -loss, -inf if accuracy is None or loss is not None else accuracy
        judged = loss is not None or accuracy is not None
        best = score > self._best if judged else self._best == (-inf, -inf)
        if best:
            self._best, self._best_number = score, self._number
        return best

    def _compare(self, told: float) -> None:
        """Doubt that the run answers as the loop's model: scaling and the order of classes are not seen."""
        self._checked = True
        rows, labels = self._dataset.parts["val"], self._dataset.labels
        if not len(rows) or self._dataset.regression:
            return
        said = answers(self._model, self._dataset.inputs, rows, what="judging").argmax(1)
        found = float((said == labels[rows]).double().mean())
        if abs(found - told) > APART + 2 / len(rows):
            text = (
                f"the loop told a validation accuracy of {told:.1%}, but of the {len(rows):,} validation"
                f" samples the run has {found:.1%} right: are these the samples of the loop, does it scale by"
                f" this mean and std, and are the classes in this order ({_some(self._dataset.classes)})?"
            )
            self._write(Notice(text))
            warnings.warn(text, TrainingWarning, stacklevel=3)

    def _state(self) -> dict[str, Tensor]:
        return {f"{MODEL}{name}": each.detach().clone() for name, each in self._model.state_dict().items()}


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")


def _bare(model: Any) -> nn.Module:  # noqa: ANN401 - whatever a person has at hand
    """The network itself, without what compiles it or spreads it over devices."""
    while isinstance(model, nn.DataParallel | DistributedDataParallel) or hasattr(model, "_orig_mod"):
        model = getattr(model, "_orig_mod", None) or model.module
    if isinstance(model, Model):
        raise NetworkError(
            "the model is a run's, with its first and last step.\n"
            "  Train its network, model.network, on what model.preprocess(x) gives, and hand over that."
        )
    if not isinstance(model, nn.Module):
        raise NetworkError(f"the model is {got(model)}.\n  Give the nn.Module that the loop trains.")
    return model


def _data_settings(given: Mapping[str, Any]) -> DataSettings:
    """What was said of the data; no samples are held back that the loop has learnt."""
    known = [each.name for each in fields(DataSettings)]
    unknown = next((name for name in given if name not in known), None)
    if unknown:
        raise UnknownName("setting of data", unknown, known)
    return DataSettings(**{"val": 0, "test": 0, **given})


def _told(given: Any) -> dict[str, bool | int | float | str]:  # noqa: ANN401
    """What a person says of the loop: names and plain values."""
    demand(
        "trained_with",
        {} if given is None else given,
        Mapping,
        'a dict such as {"optimizer": "SGD", "lr": 0.1}',
    )
    for name, value in dict(given or {}).items():
        demand("trained_with", name, str, "names as text")
        if not isinstance(value, bool | int | float | str) or (
            isinstance(value, float) and not isfinite(value)
        ):
            raise ArgumentError(
                f"trained_with: expected a number, a text, True or False for {name}; got {got(value)}."
            )
    return dict(given or {})


def _figure(name: str, given: Any, *, optional: bool = False) -> float | None:  # noqa: ANN401
    """A number, also a tensor or an array of one."""
    if optional and given is None:
        return None
    value = given.item() if prod(getattr(given, "shape", (0,))) == 1 else given
    demand_number(name, value)
    if not isfinite(value):
        raise ArgumentError(f"{name} is {value}: the weights ran away.\n  Try a smaller learning rate.")
    return float(value)


def _share(name: str, given: Any) -> float | None:  # noqa: ANN401
    value = _figure(name, given, optional=True)
    if value is not None and not 0 <= value <= 1:
        raise ArgumentError(f"{name}: expected a share from 0 to 1 (0.97 for 97 %); got {value:g}.")
    return value


def _scaled(model: Model, mean: Any, std: Any, dataset: data_room.Dataset) -> None:  # noqa: ANN401
    """Let the first step do what the loop does, and the last one nothing."""
    said = mean is not None or std is not None
    if isinstance(model.preprocess, Standardise):
        if not said and dataset.inputs.dtype == torch.uint8:
            raise ArgumentError(
                "std: the samples are whole numbers from 0 to 255; what does the loop divide them by?\n"
                "  Say std=255 where it brings them to 0 … 1 (and mean=, a channel, in the same units); std=1"
                " where the network takes them as they are."
            )
        model.preprocess = Standardise(
            _a_channel("mean", 0.0 if mean is None else mean, dataset.channels),
            _a_channel("std", 1.0 if std is None else std, dataset.channels, least=0.0),
        )
    elif said:
        raise ArgumentError("mean, std: with scale='sample' each sample has its own.\n  Leave them out.")
    if isinstance(model.output, Values):
        model.output = OwnValues(model.output.mean, model.output.std)


def _a_channel(name: str, given: Any, channels: int, least: float = -inf) -> Tensor:  # noqa: ANN401
    """(channel,) of a number, or of one a channel."""
    words = f"{name}: expected a number, or one for each of {channels} channels"
    try:
        values = torch.as_tensor(given, dtype=torch.float32, device="cpu").flatten()
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:  # as torch has it
        raise ArgumentError(f"{words}; got {got(given)}.") from error
    if len(values) not in (1, channels):
        raise ShapeError(f"{words}; got {len(values)}.")
    if not (values.isfinite() & (values > least)).all():
        raise ArgumentError(f"{words}{', above 0' if least == 0 else ''}; got {values.tolist()}.")
    return values.expand(channels).clone()
