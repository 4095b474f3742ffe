"""A CSV table that names files (pictures, or what else asks) and their labels."""

import csv
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from convscope.data import targets
from convscope.data.dataset import Dataset, DataSettings, Skipped
from convscope.data.files import groups, listing, naming, roles
from convscope.data.files.joining import Join, has_ending
from convscope.data.files.listing import Listed, Reader, part_named
from convscope.data.files.roles import COLUMNS, Roles, cell_of
from convscope.data.text import decoding, layout, numbers, thousands
from convscope.data.text.missing import WORDS
from convscope.errors import DataError

__all__ = ["COLUMNS", "TableRow", "first", "load", "looks_like_one", "rows"]

ENDINGS = (".csv", ".tsv")
LOOKED_AT = 5  # rows that show what the columns hold
SEVERAL = ("|", ";", ",")  # between labels, where a picture has several
OFTEN = 0.1  # share of labels with one of these, from which on it is said


class TableRow(NamedTuple):
    """One row of the table; the header is row 1, as spreadsheets count."""

    number: int
    path: str  # from the table's folder on, or absolute; as it was written where there is no such file
    label: str
    group: str | None  # None: there is no such column
    part: str
    lost: str = ""  # why the file that it names was not found, where it was looked for


class Sheet(NamedTuple):
    """A table as text."""

    header: list[str]
    rows: list[tuple[int, list[str]]]  # number in the file, cells
    said: list[str]
    comma: bool  # whether it may be a decimal one


def first(path: Path, settings: DataSettings | None = None) -> Path | None:
    """The first file that a table names, by which a format tells whether the table is its own.

    None: this is no CSV or TSV file with a column of files; the table itself: it has no rows. Without
    `settings` nobody has said that the table names files: then numbers of samples beside values name none.
    """
    if path.suffix.lower() not in ENDINGS or not path.is_file():
        return None
    sheet = _sheet(path, decoding.head(path))
    if sheet is None:
        return None
    join = Join(path, settings.images if settings else None)
    found = _roles(sheet, DataSettings(group=groups.NONE), join, path)
    place = found.path
    if place is None or (settings is None and roles.counts(sheet.header, _some(sheet), found)):
        return None
    names = (name for _, cells in sheet.rows if (name := cell_of(cells, place)))
    name = next(names, path.name)
    return join.quick(name) or path.parent / name


def names_files(path: Path) -> bool:
    """Whether a table names files that are there, and labels for them; a form for answers does not."""
    if path.suffix.lower() not in ENDINGS or not path.is_file() or "submission" in path.name.lower():
        return False
    sheet = _sheet(path, decoding.head(path))
    if sheet is None or not sheet.rows:
        return False
    join = Join(path)
    found = _roles(sheet, DataSettings(group=groups.NONE), join, path)
    named = found.path is not None and join.quick(cell_of(sheet.rows[0][1], found.path)) is not None
    return named and len(sheet.header) > 1


def looks_like_one(path: Path) -> bool:
    """Whether a table seems to name files and their labels, which are nowhere to be found."""
    if path.suffix.lower() not in ENDINGS or not path.is_file():
        return False
    sheet = _sheet(path, decoding.head(path))
    names = [roles.plain(name) for name in sheet.header] if sheet else []
    known = {*COLUMNS["label"], *roles.MORE["label"]}
    return bool(sheet and sheet.rows) and not known.isdisjoint(names) and not {*roles.IDS}.isdisjoint(names)


def load(path: Path, settings: DataSettings, strict: bool, reader: Reader) -> Dataset:
    """Load the samples that a table names, by paths from its own folder on or by names in `settings.images`.

    Rows without path or label are left out and named. Columns are found by name, see `roles`, or as the
    person says. With a group column, rows of one group stay in one part; an empty group is one of its own.

    Raises:
        DataError: the table cannot be read, has no label column or no usable row, or an unknown split; as
        with folders, one class only, or classes that differ in case only; with `strict`, any row left out.
    """
    if settings.sample is not None:
        raise DataError(
            f"--sample {settings.sample}: each row of {path} names a file, which is a sample of its own.\n"
            "  Leave --sample out."
        )
    if settings.images is not None:  # found again from any folder
        settings = replace(settings, images=str(Join(path, settings.images).folder.resolve()))
    listed, skipped = [], []
    remarks: list[str] = []
    for row in rows(path, remarks, settings):
        missing = " and ".join(f"no {name}" for name in ("path", "label") if not getattr(row, name))
        if missing or row.lost:
            reason = f"row {row.number} has {missing}" if missing else row.lost
            skipped.append(Skipped(row.path or f"row {row.number}", reason))
        else:
            group = f"row {row.number}" if row.group == "" else row.group
            listed.append(Listed(path.parent / row.path, row.label, row.part, group))
    if not listed:
        raise DataError(_nothing(path, skipped, reader.what))
    if not any(item.file.exists() for item in listed):
        raise DataError(_not_there(path, [item.file.name for item in listed], reader.what, settings.images))
    return listing.dataset(listed, path, path.parent, settings, strict, reader, skipped, remarks)


def rows(
    path: Path, remarks: list[str], settings: DataSettings = DataSettings(), *, labelled: bool = True
) -> Iterator[TableRow]:
    """The rows of a table; what was found out about its text and its columns is added to the remarks.

    Without `labelled` there need be no labels, and the parts that rows are in do not matter.

    Raises:
        DataError: the table cannot be read, or a column is missing.
    """
    text, said = decoding.read(path)
    sheet = _sheet(path, text, refuse=True)
    assert sheet is not None  # it was refused otherwise
    join = Join(path, settings.images)
    asked = settings if labelled else DataSettings(group=groups.NONE)
    found = _roles(sheet, asked, join, path)
    if found.path is None and (labelled or settings.images):
        found = found._replace(path=_ids(sheet, found, settings))
    if found.path is None or (labelled and not settings.label_from and found.label is None and not found.hot):
        raise DataError(_no_column(path, sheet, found))
    if not labelled:
        found = _unlabelled(sheet, found, settings)
    remarks += [*said, *sheet.said]
    if settings.target is not None and found.label is not None:
        _read_amounts(sheet, found.label, remarks)
    yield from _placed(path, sheet, found, settings, join, remarks)


def _sheet(path: Path, text: str, *, refuse: bool = False) -> Sheet | None:
    """The rows of a text; None, or an error, where it is no table."""
    try:
        found = layout.find(text)
        records = [(found.first + at, row) for at, row in enumerate(found.rows(text), 1)]
    except csv.Error as error:
        if not refuse:
            return None
        raise DataError(f"{path} cannot be read as a table: {error}.\n  Save it as CSV in UTF-8.") from error
    begin = next((at for at, (_, row) in enumerate(records) if any(row)), len(records))
    records = [each for at, each in enumerate(records) if any(each[1]) or at == 0]
    header = records[0][1] if begin == 0 and records else []
    if any(map(has_ending, header)):  # a row like the others
        names = [f"column {at}" for at in range(1, len(header) + 1)]
        return Sheet(
            names, records, [*found.said, "the table has no header: its columns are numbered"], found.comma
        )
    return Sheet(header, records[1:], list(found.said), found.comma)


def _roles(sheet: Sheet, settings: DataSettings, join: Join, path: Path) -> Roles:
    return roles.find(sheet.header, _some(sheet), settings, lambda name: join.quick(name) is not None, path)


def _some(sheet: Sheet) -> list[list[str]]:
    return [cells for _, cells in islice(sheet.rows, LOOKED_AT)]


def _ids(sheet: Sheet, found: Roles, settings: DataSettings) -> int | None:
    """The column that names files without ending: by its own name, or as the person says there is one."""
    names = [roles.plain(name) for name in sheet.header]
    for name in roles.IDS:
        if name in names:
            return names.index(name)
    free = [at for at in range(len(names)) if at not in (found.label, found.group, found.split)]
    return free[0] if free and settings.images else None


def _read_amounts(sheet: Sheet, place: int, remarks: list[str]) -> None:
    """Write a column of numbers plainly, where people wrote them: 14.669 €, 3,1, $12,345."""
    texts = list(dict.fromkeys(cell for _, cells in sheet.rows if (cell := cell_of(cells, place))))
    some = list(islice((cells for _, cells in sheet.rows), thousands.SHOWN))
    german = sheet.comma and thousands.in_table(
        [cell_of(cells, at) for cells in some] for at in range(len(sheet.header))
    )
    nothing = np.array([text.casefold() in WORDS for text in texts], bool)
    found = numbers.read(texts, nothing, comma=sheet.comma, german=german)
    said = found.said or (thousands.unclear(texts) if sheet.comma else "")
    if not texts or not said or not (np.isfinite(found.values) | nothing).all():
        return
    remarks.append(f"column {sheet.header[place]}: {said}")
    plain = {
        text: "" if empty else repr(value)
        for text, value, empty in zip(texts, found.values.tolist(), nothing, strict=True)
    }
    for _, cells in sheet.rows:
        if found.said and cell_of(cells, place):
            cells[place] = plain[cells[place]]


def _unlabelled(sheet: Sheet, found: Roles, settings: DataSettings) -> Roles:
    """The columns of a table that need not have labels: the one that training had, where it is there."""
    wanted = settings.label or settings.target
    names = [roles.plain(name) for name in sheet.header]
    label = names.index(roles.plain(wanted)) if wanted and roles.plain(wanted) in names else None
    return found._replace(label=label if wanted else found.label, group=None, split=None, hot=())


def _placed(
    path: Path, sheet: Sheet, found: Roles, settings: DataSettings, join: Join, remarks: list[str]
) -> Iterator[TableRow]:
    """The rows with their files and labels, and what is to be said of these."""
    names = [name for _, cells in sheet.rows if (name := cell_of(cells, found.path))]
    as_written = join.paths(names) or not any(_is_there(join.find(name)) for name in names[:LOOKED_AT])
    rule = naming.pattern(settings.label_from) if settings.label_from else None
    told = _hot(path, sheet, found, remarks) if found.hot else {}
    if rule and not any(naming.label(rule, Path(name).name) for name in names):
        raise naming.none_fits(rule, names, path)
    remarks += _on_columns(sheet, found, settings)
    first_place = None
    for number, cells in sheet.rows:
        name = cell_of(cells, found.path)
        file = path.parent / name if as_written or not name else join.find(name)
        lost = file if isinstance(file, str) else ""
        place = name if as_written or lost or not name else os.path.relpath(file, path.parent)
        if not as_written and not lost and first_place is None and place != name:
            first_place = place
            remarks.append(f"the files that the table names were found by name, such as {place} for {name}")
        label = naming.label(rule, Path(name).name) if rule else told.get(number, cell_of(cells, found.label))
        group = None if found.group is None else cell_of(cells, found.group)
        if settings.group == groups.FOLDER and found.group is None:
            group = str(Path(place).parent)
        yield TableRow(
            number, place, label, group, part_named(cell_of(cells, found.split), path, number), lost
        )


def _is_there(found: Path | str) -> bool:
    return isinstance(found, str) or found.exists()


def _hot(path: Path, sheet: Sheet, found: Roles, remarks: list[str]) -> dict[int, str]:
    """Row → its class, where each class has a column of 0 and 1.

    Raises:
        DataError: a row is of several classes, or of none.
    """
    names = [sheet.header[at] for at in found.hot]
    labels = {}
    for number, cells in sheet.rows:
        marked = [
            name for name, at in zip(names, found.hot, strict=True) if cell_of(cells, at) in ("1", "1.0")
        ]
        if len(marked) != 1:
            what = (
                f"is {' and '.join(marked[:3])} at once" if marked else f"is none of {', '.join(names[:5])}"
            )
            raise DataError(
                f"{path}: row {number} {what}. convscope gives each sample one class.\n"
                f"  Learn one of the columns, as 0 or 1: --label {names[0]}"
            )
        labels[number] = marked[0]
    remarks.append(
        f"the columns {', '.join(names[:5])}{' …' if names[5:] else ''} of 0 and 1 are the classes"
    )
    return labels


def _on_columns(sheet: Sheet, found: Roles, settings: DataSettings) -> list[str]:
    """Say which columns were taken where their names are not the usual ones, and what they hold."""
    said = []
    usual = {*COLUMNS["path"], *COLUMNS["label"]}
    for what, at in (("files", found.path), ("labels", found.label)):
        if at is not None and roles.plain(sheet.header[at]) not in usual:
            said.append(f"the {what} are in the column '{sheet.header[at]}'")
    if found.group is not None:
        said.append(f"rows of one '{sheet.header[found.group]}' stay in one part")
    labels = [cell_of(cells, found.label) for _, cells in sheet.rows] if found.label is not None else []
    for mark in SEVERAL:
        several = [
            label for label in labels if mark in label and " " not in label.strip().replace(f"{mark} ", mark)
        ]
        parts = {part for label in several for part in label.split(mark)}
        alone = parts & set(labels)
        if len(several) > OFTEN * len(labels) and alone and settings.target is None:
            said.append(
                f"labels such as '{several[0]}' seem to be several: each combination is a class of its own"
            )
            break
    return said


def _nothing(path: Path, skipped: Sequence[Skipped], what: str) -> str:
    reason = f"none of its {len(skipped)} rows has both" if skipped else "there are no rows below the header"
    return f"{path} names no {what} with a label: {reason}.\n  Fill in a path and a label."


def _not_there(path: Path, names: Sequence[str], what: str, images: str | None) -> str:
    where = f"in {images}" if images else "beside the table"
    advice = "Give another folder" if images else "Say in which folder they are"
    return (
        f"{path}: none of the {len(names):,} {what}s can be read: there is no file {names[0]}, with or"
        f" without an ending, {where}.\n  {advice}: --images FOLDER."
    )


def _no_column(path: Path, sheet: Sheet, found: Roles) -> str:
    header = sheet.header
    use = "path" if found.path is None else "label"
    columns = ", ".join(header[: listing.SHOWN]) or "none"
    told = _to_learn(sheet, found) if use == "label" else ""
    more = f"\n  Or say which: {told}" if told else ""
    return (
        f"{path} has no {use} column; its columns are {columns}.\n"
        f"  Call one of them {', '.join(COLUMNS[use])}.{more}"
    )


def _to_learn(sheet: Sheet, found: Roles) -> str:
    """Options that name columns to learn, one of few words and one of amounts; "" where there are none."""
    options: dict[str, str] = {}
    for at, name in enumerate(sheet.header):
        cells = [cell for _, row in sheet.rows if (cell := cell_of(row, at))]
        kinds = len(set(cells))
        if at in (found.path, found.group, found.split) or kinds < 2:
            continue
        amounts = all(targets.number(cell) is not None for cell in cells)
        values = [float(cell) for cell in cells] if amounts else []
        if amounts and (kinds < len(cells) or values != sorted(values)):  # a running number is none
            options.setdefault("target", f"--target {name}")
        elif not amounts and 2 * kinds <= len(cells):
            options.setdefault("label", f"--label {name}")
    return ", or ".join(options[name] for name in ("label", "target") if name in options)
