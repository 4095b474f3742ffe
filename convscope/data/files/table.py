"""A CSV table that names files (pictures, or what else asks) and their labels."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from convscope.data.dataset import Dataset, DataSettings, Skipped
from convscope.data.files import listing
from convscope.data.files.listing import PART_NAMES, Listed, Reader
from convscope.data.text import decoding, layout
from convscope.errors import DataError

COLUMNS = {
    "path": (
        "path",
        "file",
        "filename",
        "file_name",
        "filepath",
        "file_path",
        "image",
        "image_path",
        "img",
        "picture",
        "scan",
    ),
    "label": ("label", "class", "category", "target", "y", "species", "diagnosis"),
    "group": ("group", "group_id", "patient", "patient_id", "subject", "subject_id"),
    "split": ("split", "part", "set", "subset", "partition"),
}  # what a column is for → the names it may have, in any case; the first that is there counts
ENDINGS = (".csv", ".tsv")


class TableRow(NamedTuple):
    """One row of the table; the header is row 1, as spreadsheets count."""

    number: int
    path: str
    label: str
    group: str | None  # None: there is no such column
    part: str


def first(path: Path) -> Path | None:
    """The first file that a table names, by which a format tells whether the table is its own.

    None: this is no CSV or TSV file whose header names a column of paths; the table itself: it has no rows.
    """
    if path.suffix.lower() not in ENDINGS or not path.is_file():
        return None
    text = decoding.head(path)
    try:
        records = layout.find(text).rows(text)
        place = _columns(next(records, []))["path"]
        if place is None:
            return None
        return path.parent / next((row[place] for row in records if place < len(row)), path.name)
    except csv.Error:
        return None


def load(path: Path, settings: DataSettings, strict: bool, reader: Reader) -> Dataset:
    """Load the samples that a table names; paths are relative to the table's own folder.

    Rows without path or label are left out and named. Columns are found by name, see COLUMNS. With a group
    column, rows of one group stay in one part; an empty group is one of its own.

    Raises:
        DataError: the table cannot be read, has no label column or no usable row, or an unknown split; as
        with folders, one class only, or classes that differ in case only; with `strict`, any row left out.
    """
    listed, skipped = [], []
    remarks: list[str] = []
    for row in _rows(path, remarks):
        missing = " and ".join(f"no {name}" for name in ("path", "label") if not getattr(row, name))
        if missing:
            skipped.append(Skipped(row.path or f"row {row.number}", f"row {row.number} has {missing}"))
        else:
            group = f"row {row.number}" if row.group == "" else row.group
            listed.append(Listed(path.parent / row.path, row.label, row.part, group))
    if not listed:
        reason = (
            f"none of its {len(skipped)} rows has both" if skipped else "there are no rows below the header"
        )
        raise DataError(
            f"{path} names no {reader.what} with a label: {reason}.\n  Fill in a path and a label."
        )
    return listing.dataset(listed, path, path.parent, settings, strict, reader, skipped, remarks)


def _rows(path: Path, remarks: list[str]) -> Iterator[TableRow]:
    """The rows of a table; what was found out about its text is added to the remarks."""
    text, said = decoding.read(path)
    try:
        found = layout.find(text)
        remarks += [*said, *found.said]
        records = found.rows(text)
        header = next(records, [])
        columns = _columns(header)
        if columns["path"] is None or columns["label"] is None:
            raise DataError(_no_column(path, header, columns))
        for number, record in enumerate(records, found.first + 2):
            if any(record):  # an empty line is no row, but counts
                yield _row(path, number, record, columns)
    except csv.Error as error:
        raise DataError(f"{path} cannot be read as a table: {error}.\n  Save it as CSV in UTF-8.") from error


def _columns(header: list[str]) -> dict[str, int | None]:
    """Which column holds what; None where there is none."""
    place = {name.casefold(): index for index, name in reversed(list(enumerate(header)))}
    return {
        use: next((place[name] for name in names if name in place), None) for use, names in COLUMNS.items()
    }


def _no_column(path: Path, header: list[str], columns: dict[str, int | None]) -> str:
    use = "path" if columns["path"] is None else "label"
    return (
        f"{path} has no {use} column; its columns are {', '.join(header[: listing.SHOWN]) or 'none'}.\n"
        f"  Call one of them {', '.join(COLUMNS[use])}."
    )


def _row(path: Path, number: int, record: list[str], columns: dict[str, int | None]) -> TableRow:
    cell = {
        use: record[index] if index is not None and index < len(record) else ""
        for use, index in columns.items()
    }
    part = PART_NAMES.get(cell["split"].casefold(), "")
    if cell["split"] and not part:
        raise DataError(
            f"{path}: row {number} is in the split '{cell['split']}'.\n"
            f"  The splits are {', '.join(PART_NAMES)}, or empty."
        )
    group = None if columns["group"] is None else cell["group"]
    return TableRow(number, cell["path"], cell["label"], group, part)
