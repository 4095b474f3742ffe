"""A trained network in memory, and the run that it is once it has to leave the process."""

import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import nn

from convscope import recipe
from convscope.data.dataset import Dataset
from convscope.errors import TrainingWarning
from convscope.network.handed import copied
from convscope.network.model import Model
from convscope.planning import Plan
from convscope.recipe import Decided
from convscope.run import carried, rows, settings, trust, weights
from convscope.run.run import Run
from convscope.run.settings import EstimatorPart, RunSettings
from convscope.run.writer import HISTORY, beginning
from convscope.training.events import Checkpoint, Epoch, Event, Finished, Notice, StateDict
from convscope.training.machine import present_device
from convscope.watching import shown

ONE_AT_A_TIME = threading.Lock()  # random numbers and torch's threads are the process's


class Learnt:
    """What a training in memory has come to, or a run read back.

    A copy of it for another process is made of the bytes of the run alone. There the network is made when it
    is first asked; from code of somebody's own only where the person there trusts it, as with every run.
    """

    def __init__(self, files: Callable[[], dict[str, bytes]], network: nn.Module | None = None) -> None:
        """Hold it.

        Args:
            files: makes the run's files.
            network: where it was handed over as an object that no file makes again: one like it.
        """
        self._files, self.network = files, network

    @cached_property
    def files(self) -> dict[str, bytes]:
        """Name → content: the run's folder, which stands nowhere."""
        return self._files()

    @cached_property
    def settings(self) -> RunSettings:
        """Everything it was trained with."""
        text = self.files[settings.NAME].decode("utf-8", "surrogateescape")
        return RunSettings.from_toml(text, Path(settings.NAME))

    @cached_property
    def history(self) -> list[dict[str, Any]]:
        """A dict an epoch, as `Run.history`."""
        return rows.parse(Path(HISTORY), self.files[HISTORY])

    @cached_property
    def model(self) -> Model:
        """The network with its best weights, where it answers fastest."""
        with carried.laid_out(self.files) as folder:
            if self.settings.network.own:
                trust.demand(self.files.get(trust.CODE, b""), folder)
            model = Run(folder, self.settings, self.network).model()
        return model.to(present_device(self.settings.training.device))

    def __getstate__(self) -> dict[str, Any]:
        return {"files": self.files, "network": self.network}


def of_run(found: Run) -> Learnt:
    """What is in a folder, which may be gone afterwards."""
    return Learnt(carried.of_folder(found.path).copy, found.network)


def train(plan: Plan, dataset: Dataset, part: EstimatorPart, progress: bool | None) -> Learnt:
    """Train without a disk.

    Args:
        plan: what the person asks for; its source is not looked at.
        dataset: to train on.
        part: what the run shall remember for an estimator.
        progress: as `convscope.train` has it.

    Raises:
        KeyboardInterrupt: Ctrl-C; what was learnt is lost.

    Warns:
        TrainingWarning: what looks wrong.
    """
    with ONE_AT_A_TIME:
        return _trained(plan, dataset, part, progress)


def _trained(plan: Plan, dataset: Dataset, part: EstimatorPart, progress: bool | None) -> Learnt:
    events = shown(recipe.learn(plan, dataset), progress)
    decided = next(event for event in events if isinstance(event, Decided))
    begun, resolved = decided.begun, decided.settings.model_copy(update={"estimator": part})
    contents = beginning(resolved, dataset, begun.start, begun.code)
    told = _EventsKept()
    for event in events:
        if not isinstance(event, Decided):
            told.take(event)
    handed = copied(begun.model.network) if begun.part.handed else None
    learnt = Learnt(lambda: carried.written(contents, told.events()), handed)
    weights.fill(begun.model, weights.select(told.best, weights.MODEL), "the best epoch")
    for parameter in begun.model.parameters():
        parameter.grad = None  # a piece of a vector that is not needed any more
    learnt.settings, learnt.model, learnt.history = resolved, begun.model.eval(), told.history
    return learnt


class _EventsKept:
    """The events of a training, and of its checkpoints those two that a run ends up with."""

    def __init__(self) -> None:
        self.best: StateDict = {}
        self._told: list[Event] = []  # without checkpoints
        self._chosen: Epoch | None = None  # whose weights are kept
        self._last: tuple[int, StateDict] = 0, {}

    @property
    def history(self) -> list[dict[str, Any]]:
        return [asdict(event) for event in self._told if isinstance(event, Epoch)]

    def take(self, event: Event) -> None:
        """Keep an event; of a checkpoint its state, where an epoch has just ended."""
        match event:
            case Notice():
                warnings.warn(event.text, TrainingWarning, stacklevel=6)
            case Finished(reason="interrupted"):
                raise KeyboardInterrupt
            case Checkpoint():
                if event.step != self._last[0] and isinstance(self._told[-1], Epoch | Notice):
                    self._last = event.step, event.state()
                    if self._chosen and self._chosen.step == event.step:
                        self.best = self._last[1]
                return
            case Epoch(best=True):
                self._chosen = event
        self._told.append(event)

    def events(self) -> Iterator[Event]:
        """All of them, as a writer of runs wants them."""
        for event in self._told:
            if isinstance(event, Finished):
                yield Checkpoint(self._last[0], dict(self._last[1]).copy)
            yield event
            if isinstance(event, Epoch) and event is self._chosen:
                yield Checkpoint(event.step, dict(self.best).copy)
