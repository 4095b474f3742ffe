"""What a person may hand to a trained network: arrays, files, folders of them, named or labelled data."""

import glob
from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from convscope import data as data_room
from convscope.data import DataSource, frames
from convscope.data.dataset import PARTS, Dataset, DataSettings
from convscope.data.formats import sequences, signal_files
from convscope.data.names import natural
from convscope.data.reading import accepted, named, read
from convscope.data.samples import Samples, demand_scale, some, together
from convscope.data.signals import wfdb_record
from convscope.data.text import columns
from convscope.data.unknown import NoFormatError, unfit
from convscope.errors import DataError, ShapeError, UnknownName
from convscope.paths import expanded, missing
from convscope.run import handed_back, held
from convscope.run.settings import Facts, RunSettings, absolute, fingerprint
from convscope.shapes import show


def gather(x: Any, settings: RunSettings) -> Samples:  # noqa: ANN401 - whatever a person has at hand
    """Samples from whatever a person has at hand; see `Run.predict`.

    Raises:
        DataError: nothing that can be read.
        ShapeError: an array of another number of axes.
    """
    if frames.is_frame(x):
        with frames.as_table(x) as path:
            return frames.unnamed(_of_paths([path], settings), path)
    if isinstance(x, Dataset) or is_name(x):
        own = is_own(x, settings)
        dataset = data_room.load(x, settings.data.plain() if own else _undivided(settings, x))
        demand_kind(dataset, settings)
        found = of_dataset(dataset)
        said = () if own else found.remarks
        return found._replace(remarks=(*said, *demand_scale(found.inputs, settings.spec)))
    if names := names_in(x):
        if any(map(is_name, names)):
            return together([gather(name, settings) for name in names])
        return _of_paths(names, settings)
    return held.samples(handed_back.shaped(x, settings), settings, gather)


def sources(x: Any, settings: RunSettings) -> tuple[Path, ...]:  # noqa: ANN401 - as `gather`
    """Files and folders that are read where samples are gathered, and what the run was trained on."""
    paths = [expanded(name) for name in (*names_in(x), settings.data.source) if not is_name(name)]
    return (*paths, *(file for path in paths for file in named(path, settings.spec)))


def is_name(x: object) -> bool:
    """Whether this is a name of the catalogue."""
    return isinstance(x, str) and x in data_room.CATALOGUE


def names_in(x: Any) -> list[str | PathLike]:  # noqa: ANN401
    """The paths (or the name) that a person gave; none where it is something else."""
    text = getattr(getattr(x, "dtype", None), "kind", "") in ("U", "O")
    several = isinstance(x, list | tuple) or text or hasattr(x, "to_list")  # a Series of pandas' or polars'
    given = [x] if isinstance(x, str | PathLike) else list(x) if several else []
    if not all(isinstance(each, str | PathLike) for each in given):
        return []
    return [name for each in given for name in _matching(each)]


def _matching(name: str | PathLike) -> Sequence[str | PathLike]:
    """The files that a pattern such as `new/*.png` names, in natural order; any other path is itself."""
    path = expanded(name)
    if not glob.has_magic(str(name)) or path.exists():
        return [name]
    return sorted(glob.glob(str(path), recursive=True), key=natural) or [name]  # noqa: PTH207 - absolute, too


def record_of(path: Path) -> Path:
    """The header of a WFDB record that is named as PhysioNet names it, without an ending."""
    head = path.with_name(f"{path.name}{wfdb_record.ENDING}") if path.name else path
    return head if not path.exists() and head.is_file() else path


def _of_paths(names: Sequence[str | PathLike], settings: RunSettings) -> Samples:
    """Files and folders of samples; what is none of them is a data set with labels."""
    paths = existing(names)
    if found := read(paths, settings.spec):
        return found
    return together([read([path], settings.spec) or whole_data(path, settings) for path in paths])


def existing(names: Sequence[str | PathLike]) -> list[Path]:
    """The paths that names stand for.

    Raises:
        DataError: there is nothing.
    """
    paths = [record_of(expanded(name)) for name in names]
    for path, name in zip(paths, names, strict=True):
        if not str(name) or not path.exists():
            raise DataError(f"{missing(path if str(name) else '')}.\n  Give one, or a name of the catalogue.")
    return paths


def whole_data(path: Path, settings: RunSettings) -> Samples:
    """Every sample of a data set, in the order of its files."""
    try:
        dataset = data_room.load(path, _undivided(settings, path))
    except NoFormatError as error:
        raise DataError(unfit(path, settings.facts.kind)) from error
    demand_kind(dataset, settings)
    return of_rows(dataset, torch.arange(len(dataset.labels)))


def demand_kind(dataset: Dataset, settings: RunSettings) -> None:
    """Refuse samples that are of another kind and of another shape.

    Raises:
        ShapeError: pictures for a run of signals …
    """
    shape, spec = tuple(dataset.inputs.shape[1:]), settings.spec
    if dataset.kind != spec.kind and shape != tuple(spec.shape):
        raise ShapeError(
            f"{dataset.source} holds samples of the kind '{dataset.kind}', {show(shape)}; this run is of the"
            f" kind '{spec.kind}', {show(spec.shape)}.\n  Give {accepted(spec.kind)}; or a folder of these."
        )


def labelled(data: DataSource, part: str, settings: RunSettings) -> tuple[Dataset, Tensor]:
    """Data to judge a run on, and the rows to judge by: of `part`, or all where other data have no such part.

    Raises:
        DataError: no samples there.
    """
    if part not in PARTS:
        raise UnknownName("part", str(part), PARTS)
    if isinstance(data, Dataset):
        data.demand_sound()
        dataset, rows = data, data.parts[part]
    else:
        dataset = _loaded(data, settings)
        rows = dataset.parts[part] if len(dataset.parts[part]) else torch.arange(len(dataset.labels))
    if len(rows) == 0:
        there = ", ".join(name for name, found in dataset.parts.items() if len(found)) or "none"
        raise DataError(
            f"{dataset.source} has no samples in the part '{part}'.\n  Parts with samples: {there}."
        )
    return dataset, rows


def _loaded(data: DataSource, settings: RunSettings) -> Dataset:
    """Other data, undivided; of a table the columns that the run knows."""
    whole, facts = _undivided(settings, data), settings.facts
    if frames.is_frame(data):
        with frames.as_table(data) as path:
            return frames.named(_loaded(path, settings), path)
    if isinstance(data, tuple):
        return of_pair(data, settings, whole)
    if not isinstance(data, str | Path):
        return data_room.load(data, whole)
    if not (facts.kind == "sequence" or facts.columns) or is_name(data):
        return data_room.load(data, whole)
    path = expanded(data)
    if facts.columns and signal_files.recognises(path):
        return replace(signal_files.load(path, whole, False, facts.columns), source=str(data))
    if facts.columns or not (path.is_file() and sequences.recognises(path)):
        return data_room.load(data, whole)
    return replace(sequences.of_table(columns.read(path), whole, facts.features), source=str(data))


def of_pair(pair: tuple, run: RunSettings, settings: DataSettings) -> Dataset:
    """(X, y), of a run whose estimator had such as it had them; divided as the settings say."""
    if run.estimator:
        return handed_back.dataset(pair, run, settings, gather)
    return data_room.load(pair, settings)


def _undivided(settings: RunSettings, data: Any) -> DataSettings:  # noqa: ANN401 - whatever `load` takes
    """How the run's data were read, but with no shares to hold back: no parts but the source's own.

    A folder has none of the columns that were named for a table.
    """
    plain = replace(settings.data.plain(), val=0.0, test=0.0, fold=None)
    if isinstance(data, str | Path) and Path(data).is_dir() and not Path(settings.data.source).is_dir():
        return replace(plain, label=None, target=None, sample=None, images=None, group=None)
    return plain


def is_own(data: DataSource, settings: RunSettings) -> bool:
    """Whether these are the data that the run was trained on, or their name or path."""
    if isinstance(data, Dataset):
        return fingerprint(data) == settings.facts.fingerprint
    return isinstance(data, str | Path) and absolute(str(data)) == settings.data.source


def match_labels(dataset: Dataset, classes: Sequence[str], labels: Tensor) -> Tensor:
    """Labels of a data set as indices into the run's `classes`, (n,): matched by name, for orders may differ.

    A class that the run does not know is -1.
    """
    places = {name: place for place, name in enumerate(classes)}
    return torch.tensor([places.get(name, -1) for name in dataset.classes])[labels]


def of_known_classes(dataset: Dataset, rows: Tensor, facts: Facts) -> tuple[Tensor, list[str]]:
    """Those of the rows whose class the run knows, and what is to be said of the others.

    Raises:
        DataError: there are none.
    """
    if facts.regression:
        return rows, []
    known = match_labels(dataset, facts.classes, dataset.labels[rows]) >= 0
    if bool(known.all()):
        return rows, []
    if not bool(known.any()):
        there = some(sorted({dataset.classes[label] for label in dataset.labels[rows].tolist()}, key=natural))
        raise DataError(
            f"{dataset.source} has the classes {there}, none of which the run knows.\n"
            f"  The run's classes: {some(facts.classes)}."
        )
    return rows[known], on_truth(truth(dataset, rows), facts)


def names(dataset: Dataset, rows: Tensor) -> tuple[str, ...]:
    """Where the samples of these rows came from."""
    return tuple(dataset.names[int(row)] for row in rows)


def of_dataset(dataset: Dataset) -> Samples:
    """The test part, or everything where there is none."""
    test, every = dataset.parts["test"], len(dataset.labels)
    if not len(test) or len(test) == every:
        return of_rows(dataset, torch.arange(every))
    said = f"these are the test part of {dataset.source}, {len(test):,} of its {every:,} samples"
    return of_rows(dataset, test)._replace(remarks=(said,))


def on_truth(truth: Sequence[Any], facts: Facts) -> list[str]:
    """Say where samples are of classes that the run does not know: what it says of them can only be wrong."""
    known = [] if facts.regression else [true for true in truth if true is not None]
    unknown = [true for true in known if true not in facts.classes]
    if not unknown:
        return []
    names, own = some(sorted(set(unknown), key=natural)), some(facts.classes)
    if len(unknown) == len(known):
        return [f"none of their classes ({names}) is the run's ({own}): what it says can only be wrong"]
    return [
        f"{len(unknown):,} of {len(known):,} samples are of classes that the run does not know ({names};"
        f" its own are {own}): what it says of these can only be wrong, and they are not counted"
    ]


def truth(dataset: Dataset, rows: Tensor) -> list[Any]:
    """The class (or value) of each of these rows."""
    labels = dataset.labels[rows].tolist()
    return labels if dataset.regression else [dataset.classes[label] for label in labels]


def of_rows(dataset: Dataset, rows: Tensor) -> Samples:
    """Rows of a data set with their truth."""
    return Samples(dataset.inputs[rows], names(dataset, rows), truth(dataset, rows), dataset.skipped)
