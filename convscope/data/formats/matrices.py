"""Text files of numbers that lie beside their labels: X_train.txt and y_train.txt, as UCI's HAR has them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from convscope.data import signals
from convscope.data.dataset import Dataset, DataSettings
from convscope.data.files.format import Format
from convscope.data.files.listing import PART_NAMES
from convscope.data.names import natural
from convscope.data.signals import Read, Signal, roles
from convscope.data.signals import text as signal_text
from convscope.errors import DataError

NAME = re.compile(
    rf"^(?P<what>.+?)(?:[_-](?P<part>{'|'.join(PART_NAMES)}))?\.(?:txt|csv|tsv|dat)(?:\.gz)?$", re.IGNORECASE
)
SAMPLES, LABELS, GROUPS = ("x", "data"), ("y", "labels", "label"), ("subject", "subjects", "groups", "group")
RAW = "Inertial Signals"  # folder of the files, one a channel, beside UCI's table of features
CLASSES = ("activity_labels.txt", "classes.txt", "labels.txt")  # number and name, a line a class
NUMBER = re.compile(r"[-+]?\.?\d|nan", re.IGNORECASE)


class MatrixSide(NamedTuple):
    """The files of one part."""

    samples: dict[str, Path]  # a channel each, or the only one
    labels: Path
    groups: Path | None
    passed: Path | None = None  # what was computed of the samples, and lies beside them


def recognises(path: Path) -> bool:
    """Whether samples and labels lie beside each other as texts, in a folder or in its train and test."""
    return bool(_sides(path))


def load(path: Path, settings: DataSettings, strict: bool) -> Dataset:
    """Read signals from text files, a row a sample, with the labels in files of their own.

    Where the signals lie there too, in a file a channel, they are read, and not what was computed of them.
    Files called subject are groups: a person's samples stay in one part.

    Raises:
        DataError: text among numbers, files of different numbers of rows, classes that cannot be trained on.
    """
    roles.demand_rows(settings, path, "a sample")
    for name in ("label", "group"):
        if (value := getattr(settings, name)) not in (None, "none"):
            raise DataError(f"--{name} {value}: {path} has no columns with names.\n  Leave --{name} out.")
    sides = _sides(path)
    first = next(iter(sides.values()))
    names = _class_names(first)
    found = Read([], [], _said(sides), features=tuple(first.samples) if len(first.samples) > 1 else ())
    for part, side in sides.items():
        own = side._replace(groups=None) if settings.group == roles.NONE else side
        found.signals.extend(_signals(own, part, names))
    return signals.dataset(found, path, settings, strict)


def _signals(side: MatrixSide, part: str, names: dict[str, str]) -> Iterator[Signal]:
    matrices = {file: _numbers(file) for file in side.samples.values()}
    count = len(next(iter(matrices.values())))
    labels = _column(side.labels, count)
    groups = _column(side.groups, count) if side.groups else [None] * len(labels)
    counts = {side.labels: len(labels), **{file: len(rows) for file, rows in matrices.items()}}
    if side.groups:
        counts[side.groups] = len(groups)
    odd = next((file for file, count in counts.items() if count != len(labels)), None)
    if odd is not None:
        raise DataError(
            f"{odd} has {counts[odd]:,} rows, but {side.labels.name} {len(labels):,}.\n"
            "  Give one label for each sample."
        )
    for row, (label, group) in enumerate(zip(labels, groups, strict=True)):
        values = np.stack([matrix[row] for matrix in matrices.values()])  # (channel, time)
        yield Signal(values, names.get(label, label), f"{part} row {row + 1}".strip(), part, group)


def _sides(path: Path) -> dict[str, MatrixSide]:
    """Part → its files, "" where there is but one; none where this is nothing of the kind."""
    if path.is_file():
        match = NAME.match(path.name)
        if match is None or match["what"].lower() not in SAMPLES:
            return {}
        apart = path.parent.name.casefold() in PART_NAMES
        return _all(path.parent.parent if apart else path.parent, raw=False)
    return _all(path, raw=True) if path.is_dir() else {}


def _all(folder: Path, *, raw: bool) -> dict[str, MatrixSide]:
    """The files of all parts, in one folder, or in its folders that are called train and test."""
    found = _files(folder, raw=raw)
    if not found:
        inside = [each for each in folder.iterdir() if each.is_dir() and each.name.casefold() in PART_NAMES]
        for child in inside:
            for side in _files(child, raw=raw).values():
                found[PART_NAMES[child.name.casefold()]] = side
    if len(found) == 1:
        return {"": next(iter(found.values()))}
    return (
        {part: found[part] for part in ("train", "val", "test") if part in found} if "train" in found else {}
    )


def _files(folder: Path, *, raw: bool) -> dict[str, MatrixSide]:
    """Part → the files of it that lie in a folder; those of the signals themselves first, if `raw`."""
    named: dict[str, dict[str, Path]] = {}
    for part, what, file in _named(folder):
        named.setdefault(part, {}).setdefault(what, file)
    sides = {}
    for part, files in named.items():
        labels, inputs, groups = (
            next((files[what] for what in known if what in files), None)
            for known in (LABELS, SAMPLES, GROUPS)
        )
        if labels is None or inputs is None:
            continue
        channels = {what: file for own, what, file in _named(folder / RAW) if own == part} if raw else {}
        sides[part] = MatrixSide(
            channels or {inputs.name: inputs}, labels, groups, inputs if channels else None
        )
    return sides


def _named(folder: Path) -> list[tuple[str, str, Path]]:
    """Part, what it holds, and the file, for the texts in a folder."""
    if not folder.is_dir():
        return []
    files = sorted((each for each in folder.iterdir() if each.is_file()), key=lambda each: natural(each.name))
    pairs = [(match, file) for file in files if (match := NAME.match(file.name))]
    return [
        (PART_NAMES.get((match["part"] or "").lower(), ""), match["what"].lower(), file)
        for match, file in pairs
    ]


def _class_names(side: MatrixSide) -> dict[str, str]:
    """Number of a class → its name, where a text near the labels says so."""
    for folder in (side.labels.parent, side.labels.parent.parent):
        file = next((folder / name for name in CLASSES if (folder / name).is_file()), None)
        if file is not None and file != side.labels:
            pairs = [line.replace(",", " ").split(maxsplit=1) for line in _lines(file)]
            if pairs and all(len(pair) == 2 for pair in pairs):
                return {number: name.strip() for number, name in pairs}
    return {}


def _numbers(file: Path) -> np.ndarray:
    """(row, time) of a text whose rows have one length."""
    lines = _lines(file)
    separator = next((each for each in (",", ";", "\t") if each in lines[0]), None) if lines else None
    if lines and not NUMBER.match(lines[0].split(separator)[0].strip()):
        lines = lines[1:]  # names of the columns
    try:
        return np.loadtxt(lines, dtype=np.float32, delimiter=separator, ndmin=2)
    except ValueError as error:
        raise DataError(
            f"{file} is no table of numbers: {error}.\n  Give a row of numbers a sample."
        ) from error


def _column(file: Path, count: int) -> list[str]:
    """A cell a row; without the name of the column, which makes one row more."""
    lines = [line.strip() for line in _lines(file)]
    return lines[1:] if len(lines) == count + 1 else lines


def _lines(file: Path) -> list[str]:
    return [line for line in signal_text.read(file).text.splitlines() if line.strip()]


def _said(sides: dict[str, MatrixSide]) -> list[str]:
    first = next(iter(sides.values()))
    said = [f"labels are read from {', '.join(side.labels.name for side in sides.values())}"]
    if len(first.samples) > 1:
        said.append(f"signals of {len(first.samples)} channels, a file each: {', '.join(first.samples)}")
    if first.passed:
        said.append(f"{first.passed.name} beside them is not used; to train on it name it: {first.passed}")
    if first.groups:
        said.append(f"what is of one number in {first.groups.name} (a person) is in one part")
    return said


FORMAT = Format(
    what="texts of numbers beside their labels: X_train.txt, y_train.txt, X_test.txt, y_test.txt",
    recognises=recognises,
    load=load,
)
