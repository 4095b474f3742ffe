"""Signals as rows of text, one a row: the UCR archive's form, tables with a header, and .ts files."""

import csv
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import NamedTuple

import numpy as np

from convscope.data.dataset import DataSettings, Skipped
from convscope.data.files.listing import PART_NAMES, SHOWN
from convscope.data.files.table import COLUMNS
from convscope.data.signals import Read, Signal
from convscope.errors import DataError

MISSING = frozenset({"", "nan", "na", "n/a", "null", "?"})
NAMES = ("id", "name", "index", "sample", "record", "unnamed: 0", "")  # columns that name a row: no values


class Columns(NamedTuple):
    """Which column of a table holds what."""

    label: int
    group: int | None
    part: int | None
    name: int | None
    values: list[int]


class SignalRow(NamedTuple):
    """One row, taken apart into cells."""

    number: int  # its line in the file, from 1
    label: str
    channels: Sequence[Sequence[str]]
    part: str
    group: str | None = None
    columns: Sequence[str] = ()  # names of the values, where they have some


class TextError(ValueError):
    """A cell that should hold a number: its place from 0, its text."""

    def __str__(self) -> str:
        return f"it holds '{self.args[1]}', which is no number"


def ucr(lines: Sequence[str], path: Path, part: str) -> Read:
    """Rows of the UCR archive: the class first, then the values; separated by comma, tab or blanks.

    Rows may have different lengths. Missing values (empty, NaN or ?) at the end are the signal's end.

    Raises:
        DataError: a label that is a fraction.

    >>> read = ucr(["1,0.5,0.25", "2,0,-1"], Path("waves.csv"), "train")
    >>> read.signals[1].label, read.signals[1].values.tolist()
    ('2', [[0.0, -1.0]])
    """
    found = Read([], [], [])
    for number, line in _numbered(lines):
        label, *cells = cut(line)
        _add(found, path, SignalRow(number, label, [cells], part))
    return found


def table(lines: Sequence[str], path: Path, part: str, settings: DataSettings) -> Read:
    """A table with a header: a label column, and a column of numbers for each point of time, in their order.

    Columns called group or patient, split, and id or name are understood (see `table.COLUMNS` and NAMES).

    Raises:
        DataError: no label column, no columns of numbers, an unknown split, or a label that is a fraction.
    """
    found = Read([], [], [])
    (_, header), *rows = _numbered(lines) or [(1, "")]
    names = cut(header)
    columns = _columns(names, path, settings)
    if columns.name is not None:
        found.remarks.append(f"column '{names[columns.name]}' names the rows and holds no values")
    for number, line in rows:
        cells = cut(line)
        if any(cells[len(names) :]):
            reason = f"it has {len(cells):,} cells, the header {len(names):,}"
            found.skipped.append(Skipped(f"{path.name}, row {number}", reason))
            continue
        cells += [""] * (len(names) - len(cells))
        _add(found, path, _row(number, cells, columns, part, names, path))
    return found


def ts(lines: Sequence[str], path: Path, part: str) -> Read:
    """The .ts files of sktime and aeon: a header of @ lines, then channels and the label between colons.

    Raises:
        DataError: no @data line, values with times, or no class labels.
    """
    found = Read([], [], [])
    begin = next((at for at, line in enumerate(lines) if line.strip().lower() == "@data"), None)
    if begin is None:
        raise DataError(f"{path} has no line '@data'.\n  Save it again as a .ts file, or as CSV.")
    _demand_classes(lines[:begin], path)
    for number, line in _numbered(lines[begin + 1 :], begin + 2):
        *channels, label = line.split(":")
        _add(found, path, SignalRow(number, label.strip(), [cut(channel) for channel in channels], part))
    return found


def has_header(lines: Sequence[str]) -> bool:
    """Whether the first row names columns: a name of a label column, or text where there should be values.

    >>> has_header(["y,0,1,2", "a,5,6,7"]), has_header(["y,0,1,2", "n,5,6,7", "y,8,9,0"])
    (True, False)
    """
    if not lines:
        return False
    label, *cells = cut(lines[0])
    again = any(cut(line)[0] == label for line in lines[1:])  # then it is a class, called y for yes
    named = label.casefold() in COLUMNS["label"] and len(lines) > 1 and not again
    return named or not any(_is_number(cell) for cell in cells)


def cut(line: str) -> list[str]:
    """Take a row apart at commas, semicolons, tabs or bars, whichever is commonest, else at blanks.

    >>> cut("a, b"), cut("  1.0   2.0"), cut('"a, b",1')
    (['a', 'b'], ['1.0', '2.0'], ['a, b', '1'])
    """
    separator = max(",;\t|", key=line.count)
    if separator not in line:
        return line.split()
    cells = next(csv.reader([line], delimiter=separator)) if '"' in line else line.split(separator)
    return [cell.strip() for cell in cells] if " " in line else cells


def class_name(cell: str, where: str) -> str:
    """A label as text; whole numbers lose their point; "" where there is none.

    >>> class_name("1.0000000e+00", "row 1"), class_name("flutter", "row 2"), class_name("NaN", "row 3")
    ('1', 'flutter', '')
    """
    try:
        value = float(cell)
    except ValueError:
        return "" if cell == "?" else cell
    if not isfinite(value):
        return ""
    if value != round(value):
        raise DataError(
            f"{where}: the label {cell} is no whole number.\n"
            "  convscope sorts signals into classes: give each class a whole number or a name."
        )
    return str(int(value)) if "." in cell or "e" in cell.lower() else cell


def numbers(cells: Sequence[str]) -> list[float]:
    """Cells as numbers, NaN where one is missing.

    Raises:
        TextError: text; its place and the text.
    """
    try:
        return list(map(float, cells))
    except ValueError:  # something is missing, or text: the slow way finds out
        pass
    values = []
    for place, cell in enumerate(cells):
        if not _is_number(cell):
            raise TextError(place, cell)
        values.append(float("nan") if cell.lower() in MISSING else float(cell))
    return values


def _add(found: Read, path: Path, row: SignalRow) -> None:
    """Make a row a signal, or name it with the reason why it is none."""
    where = f"{path.name}, row {row.number}"
    label = class_name(row.label, where)
    try:
        values = [numbers(cells) for cells in row.channels]
    except TextError as error:
        place, text = error.args
        what = f"column '{row.columns[place]}'" if row.columns else f"value {place + 1}"
        found.skipped.append(Skipped(where, f"{what} is '{text}', which is no number"))
        return
    if not label:
        found.skipped.append(Skipped(where, "it has no label"))
    elif not any(values):
        found.skipped.append(Skipped(where, "it has no values"))
    else:
        name = f"{row.part} row {row.number}" if row.part else f"row {row.number}"
        found.signals.append(Signal(_array(values), label, name, row.part, row.group))


def _array(channels: Sequence[Sequence[float]]) -> np.ndarray:
    """(channel, time) float32; channels that end early have missing values there."""
    length = max(len(channel) for channel in channels)
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and counts as missing
        if all(len(channel) == length for channel in channels):
            return np.array(channels, dtype=np.float64).astype(np.float32)
        padded = [[*channel, *[float("nan")] * (length - len(channel))] for channel in channels]
        return np.array(padded, dtype=np.float64).astype(np.float32)


def _numbered(lines: Sequence[str], first: int = 1) -> list[tuple[int, str]]:
    """Rows with their numbers in the file, empty ones and comments left out."""
    return [
        (number, line)
        for number, line in enumerate(lines, first)
        if line.strip() and not line.lstrip().startswith("#")
    ]


def _is_number(cell: str) -> bool:
    if cell.lower() in MISSING:
        return True
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _columns(header: Sequence[str], path: Path, settings: DataSettings) -> Columns:
    known = {name.casefold(): place for place, name in reversed(list(enumerate(header)))}
    place = {
        use: next((known[name] for name in names if name in known), None)
        for use, names in {**COLUMNS, "name": NAMES}.items()
    }
    if settings.label is not None:
        place["label"] = known.get(settings.label.casefold())
    label = place["label"]
    if label is None:
        shown = ", ".join(header[:SHOWN]) or "none"
        missing = f"'{settings.label}'" if settings.label else "for labels"
        raise DataError(
            f"{path} has no column {missing}; its columns are {shown}{' …' if header[SHOWN:] else ''}.\n"
            f"  Say which one holds the class, or call it {', '.join(COLUMNS['label'])}."
        )
    own = {label, place["group"], place["split"], place["name"]}
    values = [column for column in range(len(header)) if column not in own]
    if not values:
        raise DataError(
            f"{path} has no columns of values beside its label.\n  Give one for each point of time."
        )
    return Columns(label, place["group"], place["split"], place["name"], values)


def _row(
    number: int, cells: Sequence[str], columns: Columns, part: str, names: Sequence[str], path: Path
) -> SignalRow:
    own = part if columns.part is None else _part(cells[columns.part], number, path)
    group = None if columns.group is None else cells[columns.group] or f"row {number}"
    values = [cells[column] for column in columns.values]
    titles = [names[column] for column in columns.values]
    return SignalRow(number, cells[columns.label], [values], own, group, titles)


def _part(cell: str, number: int, path: Path) -> str:
    part = PART_NAMES.get(cell.casefold(), "")
    if cell and not part:
        raise DataError(
            f"{path}: row {number} is in the split '{cell}'.\n"
            f"  The splits are {', '.join(PART_NAMES)}, or empty."
        )
    return part


def _demand_classes(header: Sequence[str], path: Path) -> None:
    """Refuse .ts files that hold no classes, or times beside the values."""
    said = dict([*line.strip().lower().split(maxsplit=1), ""][:2] for line in header if line.startswith("@"))
    if said.get("@timestamps", "").startswith("true"):
        raise DataError(f"{path} gives a time for each value, which is not understood.\n  Save it without.")
    if said.get("@classlabel", "").startswith("false") or "@targetlabel" in said:
        raise DataError(
            f"{path} holds no class labels (@classLabel).\n  convscope sorts signals into classes."
        )
