"""The same training several times: an honest figure for small data, and how much of it is chance.

    found = repeat("digits", folds=5)      # every sample is judged once, by a network that has not seen it
    found.accuracy, found.interval

With folds, each training judges another part of the data; with seeds, all have the same parts and begin at
other weights. Each is a run of its own, by the one way that `recipe` knows, in the folder of the study.
"""

import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Unpack

from torch import nn

from convscope import data, first_model, recipe, run, training
from convscope.data import Dataset, DataSource
from convscope.data.folds import folded
from convscope.errors import RunError, SettingsError, TrainingWarning, got
from convscope.keywords import TrainingKeywords
from convscope.paths import expanded
from convscope.planning import NetworkSource, Plan
from convscope.recipe import Created, Judged, Loaded
from convscope.repeating.pooling import pooled
from convscope.repeating.repeated import Repeated
from convscope.run import files, folders, study
from convscope.run.settings import absolute
from convscope.run.study import StudySettings
from convscope.settings import FEWEST_FOLDS, DataSettings, Fold
from convscope.training.events import Event, Notice, Turn
from convscope.watching import shown

ANEW = "each training makes it anew: give a name of the table, file.py:Class, or a class that has its source."
Told = Event | Loaded | Created | Judged | Turn | Repeated


def repeat(
    source: DataSource,
    *,
    folds: int | None = None,
    seeds: int | None = None,
    network: NetworkSource = None,
    runs: str | Path = "runs",
    progress: bool | None = None,
    **settings: Unpack[TrainingKeywords],
) -> Repeated:
    """Train several times and say how good networks for these data are, with an interval.

    Args:
        source: a catalogue name, a path or arrays (X, y); with `seeds` also a dataset.
        folds: divide the data into so many parts; each is judged by a network that learnt from the others (of
            a sequence: from those before). A test part that the data come with is left alone.
        seeds: instead, train so many times on the same parts, from seed, seed + 1, …
        network: a name of the table, or `file.py:Class`; a class or function that makes an `nn.Module`, where
            its source makes it again; None: the fast default.
        runs: the folder that gets the folder of the study, in which each training is a run.
        progress: show how far it is, as `convscope.train` does.
        settings: as `convscope.train` takes them.

    Returns:
        `.accuracy`, `.interval`, `.runs`, `.evaluation`, `.report`.

    Raises:
        ConvscopeError: something the person can put right.

    Warns:
        TrainingWarning: what looks wrong, such as equal samples in different folds.
    """
    asked = recipe.plan(source, network=network, runs=runs, **settings)
    return last(shown(stream(asked, folds=folds, seeds=seeds), progress))


def last(events: Iterator[Told]) -> Repeated:
    """What the trainings come to; what looks wrong on the way is a Python warning, each once."""
    warned = set()
    for event in events:
        if isinstance(event, Notice) and event.text not in warned:
            warned.add(event.text)
            warnings.warn(event.text, TrainingWarning, stacklevel=3)
        if isinstance(event, Repeated):
            return event
    raise RunError(
        "training was interrupted.\n  What was learnt is saved: convscope train --resume latest goes on."
    )


def stream(asked: Plan, *, folds: int | None = None, seeds: int | None = None) -> Iterator[Told]:
    """Everything that happens: a Turn before each training, its events, and Repeated at the end.

    Raises:
        SettingsError: neither folds nor seeds, both, or what has no meaning with them.
        DataError: more folds than samples or groups.
    """
    settings = _settings(asked, folds, seeds)
    training.machine(asked.training)
    divided = _Divided(asked.source, settings)
    first = divided.turn(1)  # what cannot be divided is told before anything is made
    code = None
    if callable(asked.network):
        network, code = _handed_over(asked, first)
        divided.settings = settings = settings.model_copy(update={"network": network})
    path = study.create(Path(asked.runs), settings, code)
    try:
        yield from _go(path, divided)
    finally:
        if not folders.inside(path):  # refused at the first step
            shutil.rmtree(path, ignore_errors=True)


def resume(path: Path, source: Any = None) -> Iterator[Told]:  # noqa: ANN401 - as `DataSource`
    """Go on with what is left of a study, to the same bits as if it had not stopped.

    Args:
        path: its folder.
        source: where its data are now, or the arrays that it was begun with; None: where they were.

    Raises:
        RunError: nothing is left, it is damaged, or somebody else is at it.
        DataError: the data are not there any more, or not the same.
    """
    settings, result = study.read(path)
    whole = len(folders.inside(path)) >= settings.count  # none was removed
    if result and whole and (path / "report.html").exists():
        raise RunError(f"{path.name} is finished: there is nothing left to go on with.")
    training.machine(settings.training)
    yield from _go(path, _Divided(settings.source if source is None else source, settings))


def _settings(asked: Plan, folds: int | None, seeds: int | None) -> StudySettings:
    if (folds is None) == (seeds is None):
        both = "give one of them: folds say how good it is, seeds how much of that is chance"
        raise SettingsError("folds", "give folds=5, or seeds=3." if folds is None else both)
    name, count = ("folds", folds) if folds is not None else ("seeds", seeds)
    if isinstance(count, bool) or not isinstance(count, int) or count < FEWEST_FOLDS:
        raise SettingsError(name, f"expected a whole number of {FEWEST_FOLDS} or more; got {got(count)}.")
    if folds is not None and isinstance(asked.source, Dataset):
        raise SettingsError(
            "folds", "are cut where data are read: give their name or path, or arrays (X, y)."
        )
    held = asked.source.settings if isinstance(asked.source, Dataset) else asked.data
    if held.fold is not None:
        raise SettingsError("fold", f"names a single one ({held.fold}): leave it out, or train once.")
    if folds is not None and asked.data.test != DataSettings.test:
        raise SettingsError("test", f"has no meaning with folds: each of the {folds} is the test part once.")
    if not isinstance(asked.network, str | None) and (
        isinstance(asked.network, nn.Module) or not callable(asked.network)
    ):
        raise SettingsError("network", ANEW)
    source = asked.source.source if isinstance(asked.source, Dataset) else asked.source
    named = isinstance(source, str | Path)
    return StudySettings(
        source=absolute(str(source)) if named else data.ARRAYS,
        folds=folds,
        seeds=seeds,
        network=_absolute(asked.network) if isinstance(asked.network, str) else None,
        width=asked.width,
        depth=asked.depth,
        strict=asked.strict,
        tensorboard=asked.tensorboard,
        data=asked.data,
        training=asked.training,
    )


def _handed_over(asked: Plan, dataset: Dataset) -> tuple[str, bytes | None]:
    """The name of a network that was handed over as a class or function, and its code where it has no file.

    Raises:
        SettingsError: no file makes it again.
    """
    own = first_model.handed_over(asked, dataset)
    if own.file is None:
        raise SettingsError("network", f"no file makes {own.name} again.\n  {ANEW}")
    code = None if own.name == own.file else Path(own.file.rpartition(":")[0]).read_bytes()
    return _absolute(own.name) if code is None else own.name, code


def _absolute(network: str) -> str:
    """A person's own network, found from any folder."""
    part = run.NetworkPart(name=network)
    return str(expanded(network).absolute()) if part.file else network


class _Divided:
    """The data of a study, read once; of a sequence each fold chooses its columns by what it learns from."""

    def __init__(self, source: DataSource, settings: StudySettings) -> None:
        self.source, self.settings = source, settings

    @cached_property
    def whole(self) -> Dataset:
        return self._read(1)

    def turn(self, number: int) -> Dataset:
        """What one training is given.

        Raises:
            DataError: more folds than samples or groups.
        """
        if not self.settings.folds:
            return self.whole
        if self.whole.kind != "sequence":
            return folded(self.whole, Fold(number, self.settings.folds))
        return self.whole if number == 1 else self._read(number)

    def _read(self, number: int) -> Dataset:
        if isinstance(self.source, Dataset):
            return self.source
        settings = replace(self.settings.data, fold=self.settings.fold(number))
        return data.undivided(self.source, settings, strict=self.settings.strict)


def _go(path: Path, divided: _Divided) -> Iterator[Told]:
    with _held(path):
        settings = divided.settings
        members = _begun(path, settings)
        for number in range(1, settings.count + 1):
            before = members.get(number)
            done = before is not None and before.finished and before.judged
            yield Turn(number, settings.count, settings.each, done)
            if done:
                continue
            for event in _training(path, divided, number, members):
                if isinstance(event, Created):
                    if (number == 1 and before is None) or folders.has_latest(path.parent):
                        folders.point_latest(path)
                    members[number] = run.load(event.path)
                yield event
            if number not in members or not members[number].finished:
                return  # interrupted
        yield pooled(path, settings, [members[number] for number in sorted(members)], divided.turn)


def _training(path: Path, divided: _Divided, number: int, members: Mapping[int, run.Run]) -> Iterator[Told]:
    if number in members:
        return recipe.go_on(members[number].path)
    settings = divided.settings
    chosen, network = settings.training, _network(path, settings)
    if 1 in members:  # what was measured on this machine for the first is so for all
        same = members[1].settings.training
        chosen = replace(chosen, precision=same.precision, threads=same.threads)
        _demand_same_code(members[1], network)
    return recipe.stream(
        Plan(
            divided.turn(number),
            network,
            settings.width,
            settings.depth,
            settings.data,
            replace(chosen, seed=settings.seed(number)),
            path,
            settings.strict,
            settings.tensorboard,
        )
    )


def _network(path: Path, settings: StudySettings) -> str | None:
    """Its name; a file that is named without a folder lies in that of the study."""
    part = run.NetworkPart(name=settings.network or "")
    return str(path / part.name) if part.file else settings.network


def _demand_same_code(first: run.Run, network: str | None) -> None:
    file = run.NetworkPart(name=network or "").file
    copy = first.settings.network.copy_in(first.path)
    if file and files.content(Path(file)) != files.content(copy):
        raise RunError(
            f"{file} has changed since {first.name} was trained: its figures would be of another network.\n"
            f"  Put it back (it is {copy}), or begin a new study."
        )


def _begun(path: Path, settings: StudySettings) -> dict[int, run.Run]:
    """The runs of the trainings that were begun, by their number."""
    numbers = {
        (settings.fold(number), settings.seed(number)): number for number in range(1, settings.count + 1)
    }
    found: dict[int, run.Run] = {}
    for each in map(run.load, folders.inside(path)):
        number = numbers.get((each.settings.data.fold, each.settings.training.seed))
        if number is not None:
            found.setdefault(number, each)
    return found


@contextmanager
def _held(path: Path) -> Iterator[None]:
    release = files.hold(path)
    try:
        yield
    finally:
        release()
