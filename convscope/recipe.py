"""The whole way, from files to a trained and judged network. The file to read first.

`stream` tells everything that happens; `train` is the same for people who want the result alone.
"""

import warnings
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Unpack

from torch import nn

from convscope import data, first_model, run, training
from convscope.data import Dataset, DataSource
from convscope.data.check import quick
from convscope.errors import RunError, TrainingWarning
from convscope.keywords import TrainingKeywords
from convscope.planning import NetworkSource, Plan, plan
from convscope.run import board, folders
from convscope.run.evaluation.metrics import Evaluation, ValueEvaluation
from convscope.run.resuming import Continuation, at_its_end
from convscope.training.events import Event, Events, Notice, Wish
from convscope.training.interrupt import orderly
from convscope.training.machine import in_float32, threads
from convscope.watching import shown

__all__ = [
    "Created", "Decided", "Judged", "Loaded", "Plan", "go_on", "last", "learn", "plan", "stream", "train",
]  # fmt: skip


@dataclass(frozen=True)
class Loaded:
    """The data are there."""

    dataset: Dataset
    remarks: list[str]  # of the cheap part of the data check; what spoils the judging is a Notice


class Decided(NamedTuple):
    """Nothing is left open, and nothing trained yet."""

    begun: first_model.Begun
    settings: run.RunSettings
    reasons: list[str]  # what was chosen, and why


@dataclass(frozen=True)
class Created:
    """The run folder is there, everything is decided."""

    path: Path
    settings: run.RunSettings
    reasons: list[str]  # what was chosen, and why


@dataclass(frozen=True)
class Judged:
    """Training is over; this is how good the network is."""

    run: run.Run
    evaluation: Evaluation | ValueEvaluation
    part: str  # which samples were judged
    report: Path


Telling = Generator[
    Event | Loaded | Created | Judged, Wish | None, None
]  # all of it; a TrainingStep hears a Wish


@in_float32
def stream(plan: Plan) -> Telling:
    """Data → network → training → run.

    While the stream is open, torch computes with training's threads and draws from its seed; closed or at
    its end, it leaves the process as it was.
    """
    training.machine(plan.training)  # a device that is not there is told before anything is made
    if plan.tensorboard:
        board.demand_library()
    dataset = data.load(plan.source, plan.data, strict=plan.strict)
    found = quick(dataset)
    yield Loaded(dataset, found.others)
    begun, resolved, reasons = _decided(plan, dataset)
    made = run.create(plan.runs, resolved, dataset, begun.start, begun.code, tensorboard=plan.tensorboard)
    with closing(made) as writer:
        yield Created(writer.path, run.load(writer.path).settings, reasons)
        for notice in (*map(Notice, found.leaks), *first_model.doubts(begun, dataset, resolved.training)):
            writer.write(notice)
            yield notice
        yield from _train(writer, training.train(begun.model, dataset, resolved.training))
    held = None if isinstance(plan.source, str | Path) else dataset
    yield from _judge(writer.path, dataset, begun.model.network if begun.part.handed else None, held)


@in_float32
def learn(plan: Plan, dataset: Dataset) -> Iterator[Event | Decided]:
    """Network → training, in memory alone: what is decided, then the events of training."""
    training.machine(plan.training)
    decided = _decided(plan, dataset)
    yield decided
    settings = decided.settings.training
    yield from first_model.doubts(decided.begun, dataset, settings)
    yield from training.train(decided.begun.model, dataset, settings)


@in_float32
def go_on(
    path: str | Path | run.Run,
    *,
    epochs: float | None = None,
    data: Any = None,  # noqa: ANN401 - as `Plan.source`
    device: str | None = None,
    threads: int | None = None,
    runs: str | Path = folders.ROOT,
) -> Telling:
    """Go on with a run: the events of `resume`, which says what may be given.

    A run that was trained to its end, but has no whole report of it, gets the report.
    """
    given = path.network if isinstance(path, run.Run) else None
    begun = run.load(path.path if isinstance(path, run.Run) else folders.find(path, runs), network=given)
    if folders.is_study(begun.path.parent) and (epochs, device, threads) != (None, None, None):
        raise RunError(
            f"{begun.name} is one training of the study {begun.path.parent.name}, which goes on as it was"
            " begun: its figures would be of different trainings.\n"
            "  Copy the folder of the run out of the study, and train the copy on."
        )
    ended = begun.finished and epochs is None
    if ended and begun.judged:
        raise RunError(at_its_end(begun))
    settings, said = (begun.settings, []) if ended else Continuation.of(begun, epochs, device, threads)
    dataset = begun.dataset(data)
    yield Loaded(dataset, [])
    if not ended:
        yield from _go_on(begun, settings, said, dataset)
    yield from _judge(begun.path, dataset, given, None if data is None else dataset)


def train(
    source: DataSource,
    *,
    network: NetworkSource = None,
    runs: str | Path = "runs",
    progress: bool | None = None,
    **settings: Unpack[TrainingKeywords],
) -> run.Run:
    """Train on data and return the finished run.

    Args:
        source: a catalogue name, a path, a dataset; (X, y): arrays, nested lists, pictures of Pillow's or
            signals of different lengths, with a label each; the same for training and test, ((X, y), (X2,
            y2)), or for training, validation and test; or a DataFrame, which is read as its CSV would be.
        network: a name of the table, `file.py:Class` or a `.keras` file; a class or function that makes an
            `nn.Module`, called with what its arguments name of channels, classes and space; or an
            `nn.Module`, such as a Keras model on torch: a copy of it is trained from the weights that it has,
            and itself stays as it is. Where its source makes it again, it goes into the run as a file; else
            `convscope.load(run, network=…)` wants one like it. None: the fast default.
        runs: the folder that gets the run's folder.
        progress: show how far it is: a line on a terminal, one table in a notebook, elsewhere a line an
            epoch. None: on a terminal and in a notebook.
        settings: fields of `DataSettings` (size, channels, fit, val, test), of `TrainingSettings` (epochs,
            batch, optimizer, lr, …), `width` and `depth` of the network,
            `strict`, `tensorboard` (a log in the run's folder), and `seed` of all randomness.

    Returns:
        The run: `.evaluate()`, `.predict(x)`, `.path`, `.history`.

    Raises:
        ConvscopeError: something the person can put right.

    Warns:
        TrainingWarning: what looks wrong, such as a softmax before cross-entropy.

    >>> from tempfile import mkdtemp
    >>> from torch import nn
    >>> net = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    >>> trained = train("digits", network=net, epochs=1, threads=1, runs=mkdtemp())
    >>> len(trained.predict("digits").labels) > 300
    True
    """
    return last(shown(stream(plan(source, network=network, runs=runs, **settings)), progress))


def last(events: Iterator[Event | Loaded | Created | Judged]) -> run.Run:
    """What a training comes to; what looks wrong on the way is a Python warning, shown or not."""
    for event in events:
        if isinstance(event, Notice):
            warnings.warn(event.text, TrainingWarning, stacklevel=3)
        if isinstance(event, Judged):
            return event.run
    raise RunError("training was interrupted.\n  What was learnt is saved: convscope train --resume latest")


def _decided(plan: Plan, dataset: Dataset) -> Decided:
    begun = first_model.of_plan(plan, dataset)
    settings, reasons = training.choose(begun.model, dataset, plan.training)
    reasons = [*begun.reasons, *reasons]
    return Decided(begun, run.RunSettings.of(dataset, begun.part, settings, tuple(reasons)), reasons)


def _go_on(
    begun: run.Run, settings: run.RunSettings, said: list[str], dataset: Dataset
) -> Generator[Event | Created, Wish | None, None]:
    with closing(run.Writer.resume(begun, settings)) as writer:
        state = begun.state()
        model = first_model.of_run(begun, dataset) if state is None else begun.untrained()
        yield Created(begun.path, settings, said)
        yield from _train(writer, training.train(model, dataset, settings.training, state=state))


def _train(writer: run.Writer, events: Events) -> Events:
    """Write every event before anybody else hears of it, and hand on what is wished."""
    with closing(orderly(events)) as told, suppress(StopIteration):
        event = next(told)
        while True:
            writer.write(event)
            event = told.send((yield event))


def _judge(path: Path, dataset: Dataset, given: nn.Module | None, held: Dataset | None) -> Iterator[Judged]:
    """Judge the best epoch's weights; where Ctrl-C came before the first one there is nothing to judge.

    The run keeps data that are `held` in memory, which nobody could load again.
    """
    finished = run.load(path, network=given)
    finished.held = held
    if finished.history:
        with threads(finished.settings.training.threads):
            verdict = finished.judge(dataset)
        yield Judged(finished, verdict.evaluation, verdict.part, verdict.report)
