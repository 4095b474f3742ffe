"""The whole way, from files to a trained and judged network. The file to read first.

`stream` tells everything that happens; `train` is the same for people who want the result alone.
"""

import warnings
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Unpack

from torch import nn

from convscope import data, network, run, training
from convscope.data import Dataset, DataSettings, DataSource
from convscope.data.check import quick
from convscope.data.files import cache
from convscope.errors import RunError, SettingsError, TrainingWarning, UnknownName
from convscope.keywords import TrainingKeywords
from convscope.lint import explained
from convscope.lint.first_batch import first_batch
from convscope.network.handed import MadeFor, Settled, settle
from convscope.network.model import Model, assemble
from convscope.randomness import seeded
from convscope.run import folders
from convscope.run.evaluation.metrics import Evaluation, ValueEvaluation
from convscope.run.resuming import Continuation, at_its_end
from convscope.training import TrainingSettings
from convscope.training.events import Event, Notice
from convscope.training.interrupt import orderly
from convscope.training.machine import threads
from convscope.watching import wanted, watched

NetworkSource = str | nn.Module | Callable[..., nn.Module] | None


@dataclass(frozen=True)
class Plan:
    """What a person asks for; all but `source` may be left open."""

    source: DataSource
    network: NetworkSource = None  # a name of the table, file.py:Class, or what was handed over in Python
    width: float | None = None
    depth: int | None = None
    data: DataSettings = field(default_factory=DataSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    runs: str | Path = "runs"
    strict: bool = False  # stop at the first broken file


@dataclass(frozen=True)
class Loaded:
    """The data are there."""

    dataset: Dataset
    remarks: list[str]  # of the cheap part of the data check


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


def stream(plan: Plan) -> Iterator[Event | Loaded | Created | Judged]:
    """Data → network → training → run.

    While the stream is open, torch computes with training's threads and draws from its seed; closed or at
    its end, it leaves the process as it was.
    """
    training.machine(plan.training)  # a device that is not there is told before anything is made
    dataset = data.load(plan.source, plan.data, strict=plan.strict)
    yield Loaded(dataset, quick(dataset))
    name, scale = network.default(dataset.kind, len(dataset.parts["train"]), dataset.space)
    own = _handed_over(plan, dataset)
    part = run.NetworkPart(
        name=own.name if own else str(plan.network or name),
        width=plan.width,
        depth=plan.depth,
        handed=None if own is None or own.again else True,
    )
    if plan.network is None:
        part = part.model_copy(
            update={knob: value for knob, value in scale.items() if getattr(plan, knob) is None}
        )
    body = own.body if own else None
    start = body.state_dict() if body is not None else None
    model = _model(dataset, part, plan.training.seed, body)
    settings, reasons = training.choose(model, dataset, plan.training)
    if plan.network is None:
        reasons.insert(0, f"network '{name}': the best of the house for its time")
    resolved = run.RunSettings.of(dataset, part, settings, tuple(reasons))
    with closing(run.create(plan.runs, resolved, dataset, start)) as writer:
        yield Created(writer.path, run.load(writer.path).settings, reasons)
        for notice in _doubts(part, model, dataset, settings):
            writer.write(notice)
            yield notice
        yield from _train(writer, training.train(model, dataset, settings))
    held = None if isinstance(plan.source, str | Path) else dataset
    yield from _judge(writer.path, dataset, body if part.handed else None, held)


def go_on(
    path: str | Path | run.Run,
    *,
    epochs: float | None = None,
    data: Any = None,  # noqa: ANN401 - as `Plan.source`
    device: str | None = None,
    threads: int | None = None,
    runs: str | Path = folders.ROOT,
) -> Iterator[Event | Loaded | Created | Judged]:
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
        raise RunError(at_its_end(begun.path, begun.facts["reason"], begun.settings.training))
    settings, said = (begun.settings, []) if ended else Continuation.of(begun, epochs, device, threads)
    dataset = begun.dataset(data)
    yield Loaded(dataset, [])
    if not ended:
        yield from _go_on(begun, settings, said, dataset)
    yield from _judge(begun.path, dataset, given, None if data is None else dataset)


def resume(
    run: str | Path | run.Run,
    *,
    epochs: float | None = None,
    data: Any = None,  # noqa: ANN401 - as `train`
    device: str | None = None,
    threads: int | None = None,
    runs: str | Path = folders.ROOT,
) -> run.Run:
    """Go on with a run and return it, trained to its end.

    An interrupted run comes to the same bits as if it had not been. With more `epochs` a finished run is
    trained on too, also one that stopped early: patience counts anew. With a constant learning rate its last
    weights are those of a run of so many epochs at once; any other schedule is laid out over all of them.

    Args:
        run: itself, its folder, its name in `runs`, or "latest".
        epochs: how many in all, more than it was set to.
        data: where its data are now, or the arrays (X, y) that it was trained on; None: where they were.
        device: where to compute from now on; as it was, if not given.
        threads: how many from now on. With another device or number the last bits may differ.
        runs: the folder of runs.

    Returns:
        The same run; what changed stands in its settings, and in its report.

    Raises:
        ConvscopeError: something the person can put right.

    >>> from tempfile import mkdtemp
    >>> begun = train("digits", network="plain", epochs=1, schedule="constant", threads=1, runs=mkdtemp())
    >>> len(resume(begun.path, epochs=2).history)
    2
    """
    return _last(go_on(run, epochs=epochs, data=data, device=device, threads=threads, runs=runs))


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
            y2)); or a DataFrame, which is read as its CSV would be.
        network: a name of the table, or `file.py:Class`; a class or function that makes an `nn.Module`,
            called with what its arguments name of channels, classes and space; or an `nn.Module`: a copy of
            it is trained from the weights that it has, and itself stays as it is. Where its source makes it
            again, it goes into the run as a file; else `convscope.load(run, network=…)` wants one like it.
            None: the fast default.
        runs: the folder that gets the run's folder.
        progress: show how far it is: a line on a terminal, one table in a notebook, elsewhere a line an
            epoch. None: on a terminal and in a notebook.
        settings: fields of `DataSettings` (size, channels, fit, val, test), of `TrainingSettings` (epochs,
            batch, optimizer, lr, …), `width` and `depth` of the network,
            `strict`, and `seed` of all randomness.

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
    if progress not in (None, True, False):
        raise SettingsError("progress", f"expected True, False or None; got {progress!r}.")
    events = stream(plan(source, network=network, runs=runs, **settings))
    return _last(watched(events) if wanted(progress) else events)


def plan(source: DataSource, **given: Any) -> Plan:  # noqa: ANN401
    """Sort settings by name to where they belong; `seed` goes to both the split and the training.

    >>> plan("mnist", epochs=2, seed=3).training.epochs
    2.0
    """
    kinds = {"data": DataSettings, "training": TrainingSettings}
    homes = {home: {field.name for field in fields(kind)} for home, kind in kinds.items()}
    own = {"network", "width", "depth", "runs", "strict"}
    for name in given:
        if name in ("folds", "seeds"):
            raise SettingsError(name, f"several trainings are convscope.repeat(data, {name}=…).")
        if not any(name in home for home in (*homes.values(), own)):
            raise UnknownName("setting", name, sorted(own.union(*homes.values())))
    _demand_types(given)
    pick = {home: {name: given[name] for name in known & given.keys()} for home, known in homes.items()}
    rest = {name: value for name, value in given.items() if name in own}
    return Plan(
        source, data=DataSettings(**pick["data"]), training=TrainingSettings(**pick["training"]), **rest
    )


def _demand_types(given: Mapping[str, Any]) -> None:
    """What is no field of the settings, which say so themselves.

    Raises:
        SettingsError: something of another type.
    """
    wanted = {
        "runs": (str | Path, "a path"),
        "strict": (bool, "True or False"),
        "width": (int | float | None, "a number"),
        "depth": (int | None, "a whole number"),
    }
    for name, (kind, words) in wanted.items():
        value = given.get(name, None if name in ("width", "depth") else "" if name == "runs" else False)
        if not isinstance(value, kind) or (isinstance(value, bool) and name != "strict"):
            raise SettingsError(name, f"expected {words}; got {value!r}.")
    if given.get("network") == "":
        raise SettingsError("network", "its name is empty.\n  The networks: convscope networks.")


@explained()
def _handed_over(plan: Plan, dataset: Dataset) -> Settled | None:
    """A network that was handed over in Python, with the file that makes it again where there can be one."""
    if plan.network is None or isinstance(plan.network, str):
        return None
    scale = {knob: getattr(plan, knob) for knob in network.KNOBS if getattr(plan, knob) is not None}
    shape = MadeFor(dataset.channels, len(dataset.classes), dataset.space)
    return settle(plan.network, shape, cache.home() / "networks", plan.training.seed, scale)


@explained()
def _model(dataset: Dataset, part: run.NetworkPart, seed: int, body: nn.Module | None = None) -> Model:
    """The network before training: the same seed gives the same weights, a `body` has its own."""
    shape = dataset.channels, len(dataset.classes), dataset.space
    steps = {"scale": dataset.settings.scale, "regression": dataset.regression}
    if body is not None:
        model = assemble(body.train(), dataset.channels, **steps)
        return model.fit(dataset.inputs, dataset.labels, dataset.parts["train"])
    with seeded(seed):
        model = network.build_model(part.name, *shape, width=part.width, depth=part.depth, **steps)
        return model.fit(dataset.inputs, dataset.labels, dataset.parts["train"])


def _doubts(
    part: run.NetworkPart, model: Model, dataset: Dataset, settings: TrainingSettings
) -> Iterator[Notice]:
    """What looks wrong in a person's own network, before time is spent on it."""
    if part.name not in network.NETWORKS:
        yield from (Notice(found.sentence()) for found in first_batch(model, dataset, settings))


def _last(events: Iterator[Event | Loaded | Created | Judged]) -> run.Run:
    """What a training comes to; what looks wrong on the way is a Python warning, shown or not."""
    for event in events:
        if isinstance(event, Notice):
            warnings.warn(event.text, TrainingWarning, stacklevel=3)
        if isinstance(event, Judged):
            return event.run
    raise RunError("training was interrupted.\n  What was learnt is saved: convscope train --resume latest")


def _go_on(
    begun: run.Run, settings: run.RunSettings, said: list[str], dataset: Dataset
) -> Iterator[Event | Created]:
    with closing(run.Writer.resume(begun, settings)) as writer:
        state = begun.state()
        seed = settings.training.seed
        model = _model(dataset, settings.network, seed, _start(begun)) if state is None else begun.untrained()
        yield Created(begun.path, settings, said)
        yield from _train(writer, training.train(model, dataset, settings.training, state=state))


def _start(begun: run.Run) -> nn.Module | None:
    """The network with the weights that it was handed over with; None where the seed makes them."""
    weights = begun.start()
    if weights is None:
        return None
    body = begun.untrained().network
    body.load_state_dict(weights)
    return body


def _train(writer: run.Writer, events: Generator[Event, None, None]) -> Iterator[Event]:
    """Write every event before anybody else hears of it."""
    with closing(orderly(events)) as told:
        for event in told:
            writer.write(event)
            yield event


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
