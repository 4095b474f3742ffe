"""Signals as rows of text, one a row: the UCR archive's form, tables with a header, and .ts files."""

import csv
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import NamedTuple

import numpy as np

from convscope.data import targets
from convscope.data.dataset import DataSettings, Skipped
from convscope.data.files.listing import SHOWN, part_named
from convscope.data.files.table import COLUMNS
from convscope.data.signals import Read, Signal, at_once, roles
from convscope.data.text import missing
from convscope.data.text import numbers as text_numbers
from convscope.data.text.columns import demand_names
from convscope.data.text.missing import REPEATED, WORDS
from convscope.errors import DataError

MOST = 20_000_000  # numbers that are looked through for codes
NO_LABEL = "it has no label"
FIRST = "column1"  # what the first column is called where there is no header
AT_ENDS = 0.9  # share of what is missing that stands at the ends of rows where these end early
LABELS = frozenset(roles.ROLES["label"])
ENOUGH = 10_000  # rows that show how numbers are written
LOOKED = 100  # rows that tell whether there is a header, and what the columns hold
DECIMAL = re.compile(r"[-+(]?(\d+,(\d{1,2}|\d{4,})|0,\d+)\D*")  # a comma that parts no thousands
QUOTED = re.compile('"[^"]*"')
NAMES = ("id", "name", "index", "sample", "record", "unnamed: 0", "")  # columns that name a row: no values


class Columns(NamedTuple):
    """Which column of a table holds what."""

    label: int | None
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

    >>> read = ucr(["1,0.5,0.25", "2,0,-1"], Path("waves.csv"), "train")
    >>> read.signals[1].label, read.signals[1].values.tolist()
    ('2', [[0.0, -1.0]])
    """
    found, rows = Read([], [], []), _numbered(lines)
    width = len(cut(rows[0][1])) if rows else 0
    if width > 1 and _at_once(
        found, rows, width, Columns(0, None, None, None, list(range(1, width))), part, path
    ):
        return found
    for number, line in rows:
        label, *cells = cut(line)
        _add(found, path, SignalRow(number, label, [cells], part))
    return found


def table(
    lines: Sequence[str],
    path: Path,
    part: str,
    settings: DataSettings,
    *,
    lacking: bool = False,
    known: Sequence[str] = (),
) -> Read:
    """A table: a column of labels, and a column of numbers for each point of time, in their order.

    Without a header the columns are called column1, column2 and so on. Columns called group or patient,
    split, and id or name are understood (see `roles.ROLES` and NAMES); those that hold text are left out.

    Args:
        lines: of the file.
        path: for messages.
        part: of all rows, "" where it is open.
        settings: `label` or `target`, and `group`.
        lacking: whether there need be no labels.
        known: names of the columns of values, where they have been found before.

    Raises:
        DataError: no label column, no columns of numbers, or an unknown split.
    """
    found = Read([], [], [])
    rows = _numbered(lines)
    names = column_names(lines)
    headed = has_header([line for _, line in rows[:LOOKED]])
    rows = rows[headed:]
    if headed:
        demand_names(names, path)
    columns = _columns(names, path, settings, lacking)
    if headed and known:
        columns = _with_names(columns, names, known, path, found)
    else:
        some = [cut(line) for _, line in rows[:LOOKED]]
        columns = _without_text(columns, names, some, found)
        if not lacking:  # a run without names of columns took them all
            columns = _without_labels(columns, names, some, found)
    if columns.name is not None:
        found.remarks.append(f"column '{names[columns.name]}' names the rows and holds no values")
    done = _at_once(found, rows, len(names), columns, part, path, lacking=lacking)
    plain = {} if done else _as_people_write(columns, names, rows, found)
    for number, line in () if done else rows:
        cells = cut(line)
        if any(cells[len(names) :]):
            reason = f"it has {len(cells):,} cells, the header {len(names):,}"
            found.skipped.append(Skipped(f"{path.name}, row {number}", reason))
            continue
        cells += [""] * (len(names) - len(cells))
        for place, read in plain.items():
            cells[place] = read.get(cells[place], cells[place])
        _add(found, path, _row(number, cells, columns, part, names, path), lacking=lacking)
    if not found.signals and found.skipped and all(item.reason == NO_LABEL for item in found.skipped):
        raise DataError(
            f"{path}: column '{names[columns.label or 0]}' is empty in all {len(found.skipped):,} rows:"
            " there is nothing to learn.\n"
            "  Name another column, --label or --target; without labels a table can be predicted alone."
        )
    if headed:
        found = found._replace(columns=tuple(names[place] for place in columns.values))
    return _with_amounts(found, settings)


def column_names(lines: Sequence[str]) -> list[str]:
    """What the columns are called, or column1, column2 … where there is no header.

    >>> column_names(["label,t0,t1", "a,5,6"]), column_names(["a,0.5,6", "b,7,8"])
    (['label', 't0', 't1'], ['column1', 'column2', 'column3'])
    """
    rows = [line for _, line in _numbered(lines[:LOOKED])]
    if not rows:
        return []
    first = cut(rows[0])
    return first if has_header(rows) else [f"column{place}" for place in range(1, len(first) + 1)]


def label_place(lines: Sequence[str]) -> int | None:
    """Where the class stands in rows without names: in the first column, or in the last; None: in neither.

    Classes are words or whole numbers, and fewer than rows.

    >>> label_place(["0.5,1", "0.75,0", "0.1,1", "0.2,0"]), label_place(["1,0.5", "2,0.7"])
    (1, 0)
    """
    rows = [cut(line) for _, line in _numbered(lines)]
    fit = {place: _may_be_classes([row[place] for row in rows]) for place in (0, -1)}
    few = {place: count for place, count in fit.items() if 1 < count <= len(rows) / 2}
    if 0 in few or (fit[0] and -1 not in few):
        return 0
    return len(rows[0]) - 1 if -1 in few else None


def _may_be_classes(labels: Sequence[str]) -> int:
    """How many classes there are, if they are words or whole numbers; 0 where they are none."""
    distinct = {label.strip() for label in labels}
    values = [targets.number(label) for label in distinct]
    return len(distinct) * all(value is None or value == round(value) for value in values)


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
    first, rows = cut(lines[0]), [cut(line) for line in lines[1:]]
    if not any(_is_number(cell) for cell in first[1:]):
        return True
    named = [place for place, cell in enumerate(first) if cell.casefold() in roles.ROLES["label"]]
    # What stands there again is a class, called y for yes
    return any(rows and not any(first[place] in row[place : place + 1] for row in rows) for place in named)


def cut(line: str) -> list[str]:
    """Take a row apart at commas, semicolons, tabs or bars, whichever is commonest, else at blanks.

    >>> cut("a, b"), cut("  1.0   2.0"), cut('"a; b; c",1')
    (['a', 'b'], ['1.0', '2.0'], ['a; b; c', '1'])
    """
    bare = QUOTED.sub("", line) if '"' in line else line
    separator = max(",;\t|", key=bare.count)
    if separator not in bare:
        return line.split()
    cells = line.split(separator)
    if '"' in line:
        with suppress(csv.Error):  # a cell beyond all bounds
            cells = next(csv.reader([line], delimiter=separator))
    return [cell.strip() for cell in cells] if " " in line else cells


def class_name(cell: str) -> str:
    """A label as text; whole numbers lose their point; "" where there is none.

    >>> class_name("1.0000000e+00"), class_name("flutter"), class_name("NaN"), class_name("0.50")
    ('1', 'flutter', '', '0.50')
    """
    try:
        value = text_numbers.of_computers(cell)
    except ValueError:
        return "" if cell == "?" else cell
    if not isfinite(value):
        return ""
    return str(int(value)) if value == round(value) and ("." in cell or "e" in cell.lower()) else cell


def numbers(cells: Sequence[str]) -> list[float]:
    """Cells as numbers, NaN where one is missing.

    Raises:
        TextError: text; its place and the text.
    """
    try:
        if "_" not in "".join(cells):
            return list(map(float, cells))
    except ValueError:  # something is missing, or text: the slow way finds out
        pass
    values = []
    for place, cell in enumerate(cells):
        if not _is_number(cell):
            raise TextError(place, cell)
        values.append(float("nan") if cell.casefold() in WORDS else text_numbers.of_computers(cell))
    return values


def _at_once(
    found: Read,
    rows: Sequence[tuple[int, str]],
    width: int,
    columns: Columns,
    part: str,
    path: Path,
    *,
    lacking: bool = False,
) -> bool:
    """Add all rows, if they hold plain numbers beside their label; false: one after another."""
    own = [place for place in (columns.label, columns.group, columns.part) if place is not None]
    plain = at_once.read([line for _, line in rows], width, own, columns.values)
    if plain is None:
        return False
    for place, (number, _) in enumerate(rows):
        cells = {column: texts[place] for column, texts in plain.texts.items()}
        row = _row_of(number, cells, columns, part, path)
        _add_values(found, path, row, plain.values[place : place + 1], lacking=lacking)
    return True


def _add(found: Read, path: Path, row: SignalRow, *, lacking: bool = False) -> None:
    """Make a row a signal, or name it with the reason why it is none; it may be `lacking` a label."""
    where = f"{path.name}, row {row.number}"
    try:
        values = [numbers(cells) for cells in row.channels]
    except TextError as error:
        place, text = error.args
        what = f"column '{row.columns[place]}'" if row.columns else f"value {place + 1}"
        found.skipped.append(Skipped(where, f"{what} is '{text}', which is no number"))
        return
    _add_values(found, path, row, _array(values), lacking=lacking)


def _add_values(found: Read, path: Path, row: SignalRow, values: np.ndarray, *, lacking: bool) -> None:
    where, label = f"{path.name}, row {row.number}", class_name(row.label)
    if not label and not lacking:
        found.skipped.append(Skipped(where, NO_LABEL))
    elif not values.shape[1]:
        found.skipped.append(Skipped(where, "it has no values"))
    else:
        name = f"{row.part} row {row.number}" if row.part else f"row {row.number}"
        found.signals.append(Signal(values, label, name, row.part, row.group))


def _array(channels: Sequence[Sequence[float]]) -> np.ndarray:
    """(channel, time) float32; channels that end early have missing values there."""
    length = max(map(len, channels), default=0)  # a line without a colon has no channel
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and counts as missing
        if all(len(channel) == length for channel in channels):
            return np.array(channels, dtype=np.float64).reshape(len(channels), length).astype(np.float32)
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
    if cell.casefold() in WORDS:
        return True
    try:
        text_numbers.of_computers(cell)
    except ValueError:
        return False
    return True


def _columns(header: Sequence[str], path: Path, settings: DataSettings, lacking: bool) -> Columns:
    known = {name.casefold(): place for place, name in reversed(list(enumerate(header)))}
    usual = {**roles.ROLES, "name": NAMES}
    if "x" in known:  # then y is an axis
        usual["label"] = tuple(name for name in usual["label"] if name != "y")
    place = {
        use: next((known[name] for name in usual[use] if name in known), None)
        for use in ("label", "group", "part", "name")
    }
    for use, wanted in (("label", roles.answer(settings, path)), ("group", settings.group)):
        if wanted is not None and wanted not in ("none", "folder"):
            place[use] = known.get(wanted.casefold())
            if place[use] is None and not lacking:
                raise DataError(_no_column(header, path, use, wanted))
    if settings.group == "none":
        place["group"] = None
    if place["label"] is None and not lacking:
        raise DataError(_no_column(header, path, "label", None))
    own = set(place.values())
    values = [column for column in range(len(header)) if column not in own]
    if not values:
        raise DataError(
            f"{path} has no columns of values beside its label.\n  Give one for each point of time."
        )
    return Columns(place["label"], place["group"], place["part"], place["name"], values)


def _no_column(header: Sequence[str], path: Path, use: str, wanted: str | None) -> str:
    shown = ", ".join(header[:SHOWN]) or "none"
    missing = f"'{wanted}'" if wanted else "for labels"
    usual = ", ".join(COLUMNS["label"])
    advice = f"  Say which one holds the class (--label) or amount (--target), or call it {usual}."
    if use == "group":
        advice = "  Give the name of one of them, or none: --group none."
    return (
        f"{path} has no column {missing}; its columns are {shown}{' …' if header[SHOWN:] else ''}.\n{advice}"
    )


def _with_names(
    columns: Columns, names: Sequence[str], known: Sequence[str], path: Path, found: Read
) -> Columns:
    """The columns of values by their names, in the order of training.

    Raises:
        DataError: some are not there.
    """
    places = {name: place for place, name in enumerate(names)}
    lacks = [name for name in known if name not in places]
    if lacks:
        shown = roles.listed([f"'{name}'" for name in lacks])
        raise DataError(
            f"{path} has no column {shown}, which the run was trained on; its columns are"
            f" {roles.listed(names)}.\n  Give a table with the columns of training, in any order."
        )
    values = [places[name] for name in known]
    named = {*values, *columns[:-1]}
    spare = [name for place, name in enumerate(names) if place not in named]
    if spare:
        found.remarks.append(f"columns that training did not have are not used: {roles.listed(spare)}")
    return columns._replace(values=values)


def _without_text(
    columns: Columns, names: Sequence[str], rows: Sequence[Sequence[str]], found: Read
) -> Columns:
    """Columns that hold nothing but words are no values."""
    texts = [
        place
        for place in columns.values
        if (cells := [row[place] for row in rows if place < len(row) and row[place].casefold() not in WORDS])
        and not any(_is_number(cell) or text_numbers.is_one(cell) for cell in cells)
    ]
    if not texts or len(texts) == len(columns.values):
        return columns
    found.remarks.append(
        f"columns that hold text are not used: {roles.listed([names[place] for place in texts])}"
    )
    return columns._replace(values=[place for place in columns.values if place not in texts])


def _without_labels(
    columns: Columns, names: Sequence[str], rows: Sequence[Sequence[str]], found: Read
) -> Columns:
    """Columns beside the label that are called as one, and hold classes, too, would tell what is asked."""
    also: list[int] = []
    for place in columns.values:
        cells = [row[place] for row in rows if place < len(row)]
        if names[place].casefold() in LABELS and 1 < _may_be_classes(cells) <= len(cells) / 2:
            also.append(place)
    if not also or columns.label is None or len(also) == len(columns.values):
        return columns
    others = roles.listed([names[place] for place in also])
    found.remarks.append(
        f"the label is column '{names[columns.label]}'; {others} may be another label, and is not used"
    )
    return columns._replace(values=[place for place in columns.values if place not in also])


def _as_people_write(
    columns: Columns, names: Sequence[str], rows: Sequence[tuple[int, str]], found: Read
) -> dict[int, dict[str, str]]:
    """Columns of numbers that people wrote (1,234 and 5 kg and 3 %): place → each cell as a plain number.

    A comma is a decimal one in all columns, where in one it can be nothing else.
    """
    some = [cut(line) for _, line in rows[:ENOUGH]]
    odd = [place for place in columns.values if any(_is_odd(row, place) for row in some)]
    if not odd:
        return {}
    table = [*some, *(cut(line) for _, line in rows[ENOUGH:])]
    texts = {place: sorted({row[place] for row in table if place < len(row)}) for place in odd}
    comma = any(map(DECIMAL.fullmatch, (cell for cells in texts.values() for cell in cells)))
    plain, said = {}, []
    for place, cells in texts.items():
        empty = np.array([cell.casefold() in WORDS for cell in cells], bool)
        written = text_numbers.read(cells, empty, comma=comma)
        if not written.said:
            continue
        said.append(f"column {names[place]}: {written.said}")
        values = zip(cells, written.values.tolist(), strict=True)
        plain[place] = {cell: repr(value) for cell, value in values if isfinite(value)}
    more = [f"and so in {len(said) - SHOWN:,} more columns"] if len(said) > SHOWN else []
    found.remarks.extend([*said[:SHOWN], *more])
    return plain


def _is_odd(cells: Sequence[str], place: int) -> bool:
    return place < len(cells) and not _is_number(cells[place]) and text_numbers.is_one(cells[place])


def _with_amounts(found: Read, settings: DataSettings) -> Read:
    """Labels that people wrote as amounts ($64.82, 63 %), as numbers."""
    if settings.target is None or not found.signals:
        return found
    labels = list(dict.fromkeys(signal.label for signal in found.signals if signal.label))
    written = text_numbers.read(labels, np.zeros(len(labels), bool), comma=False)
    if not written.said or not np.isfinite(written.values).all():
        return found
    plain = {label: f"{value:.15g}" for label, value in zip(labels, written.values.tolist(), strict=True)}
    found.signals[:] = [
        signal._replace(label=plain.get(signal.label, signal.label)) for signal in found.signals
    ]
    found.remarks.append(f"column {settings.target}: {written.said}")
    return found


def without_codes(found: Read, repeated: int = REPEATED) -> Read:
    """The signals with what stands for a missing value (-999, 9999) as missing, far outside of all others.

    Args:
        found: signals, as they were read.
        repeated: how often a code must be there.
    """
    if not found.signals or sum(signal.values.size for signal in found.signals) > MOST:
        return found
    values = np.concatenate([signal.values.ravel() for signal in found.signals])
    distinct, counts = np.unique(values[np.isfinite(values)], return_counts=True)
    codes = {code: count for code, count in missing.codes(distinct, counts).items() if count >= repeated}
    if not codes:
        return found
    signals = [
        signal._replace(values=np.where(np.isin(signal.values, list(codes)), np.nan, signal.values))
        for signal in found.signals
    ]
    said = [
        f"{code:g}, far outside of all else, is taken for missing ({count:,} values)"
        for code, count in codes.items()
    ]
    return found._replace(signals=signals, remarks=[*found.remarks, *said])


def with_gaps(found: Read) -> Read:
    """What is missing is a gap wherever it stands, but where rows end early, at several places."""
    if not found.columns or not found.signals:
        return found
    there = [np.atleast_1d(np.isfinite(signal.values[0])) for signal in found.signals]
    ends = [int(np.flatnonzero(row)[-1]) + 1 if row.any() else 0 for row in there]
    missing = sum(int((~row).sum()) for row in there)
    behind = sum(len(row) - end for row, end in zip(there, ends, strict=True))
    if len(set(ends) - {len(found.columns)}) > 1 and behind > AT_ENDS * missing:
        return found._replace(columns=())  # moments of time, and no columns
    return found._replace(signals=[signal._replace(ends=False) for signal in found.signals])


def _row(
    number: int, cells: Sequence[str], columns: Columns, part: str, names: Sequence[str], path: Path
) -> SignalRow:
    values = [cells[column] for column in columns.values]
    titles = [names[column] for column in columns.values]
    row = _row_of(number, cells, columns, part, path)
    return row._replace(channels=[values], columns=titles)


def _row_of(
    number: int, cells: Mapping[int, str] | Sequence[str], columns: Columns, part: str, path: Path
) -> SignalRow:
    """A row without its values: what it is of."""
    own = part if columns.part is None else part_named(cells[columns.part], path, number)
    group = None if columns.group is None else cells[columns.group] or f"row {number}"
    label = "" if columns.label is None else cells[columns.label]
    return SignalRow(number, label, (), own, group)


def _demand_classes(header: Sequence[str], path: Path) -> None:
    """Refuse .ts files that hold no classes, or times beside the values."""
    said = dict([*line.strip().lower().split(maxsplit=1), ""][:2] for line in header if line.startswith("@"))
    if said.get("@timestamps", "").startswith("true"):
        raise DataError(f"{path} gives a time for each value, which is not understood.\n  Save it without.")
    if said.get("@classlabel", "").startswith("false") or "@targetlabel" in said:
        raise DataError(
            f"{path} holds no class labels (@classLabel).\n  convscope sorts signals into classes."
        )
