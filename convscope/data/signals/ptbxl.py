"""PTB-XL, by its own tables: the diagnostic superclass of each record, and its ten folds.

Source: Wagner et al. 2020, doi:10.1038/s41597-020-0495-6: folds 1 to 8 train, 9 validates, 10 tests; no
patient is in two folds.
"""

import ast
import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from convscope.data.dataset import DataSettings
from convscope.data.files.listing import Listed
from convscope.data.signals.tables import Placed
from convscope.data.text import decoding
from convscope.errors import DataError

TABLE, STATEMENTS = "ptbxl_database.csv", "scp_statements.csv"
LOW, HIGH = ("filename_lr", 100), ("filename_hr", 500)  # columns of the same records at two rates
PARTS = {"9": "val", "10": "test"}


def is_table(path: Path) -> bool:
    """Whether this is the table of the set's records."""
    return path.name == TABLE and path.is_file()


def placed(path: Path, settings: DataSettings) -> Placed | None:
    """The records that have one diagnostic superclass (or the column that is asked for), each with its part.

    Args:
        path: the set's folder, or its table.
        settings: `label` or `target`; a `rate` above 100 takes the records of 500 points a second, where they
            are there.

    Returns:
        None: this is another set.

    Raises:
        DataError: a table is missing or damaged, no record is there, or no such column.
    """
    table = path if is_table(path) else _beneath(path)
    if not is_table(table):
        return None
    rows = [row for row in _rows(table) if row.get("strat_fold")]
    column, rate = _column(rows, table.parent, settings)
    there = [(row, file) for row in rows if (file := table.parent / f"{row[column]}.hea").is_file()]
    if not there:
        raise DataError(
            f"{table} names {len(rows):,} records, and none of them is there.\n"
            "  Fetch records100 or records500 into the same folder."
        )
    asked = settings.target or settings.label
    classes = _cells(there, asked, table) if asked else _diagnoses(there, table)
    listed = [
        Listed(file, label, PARTS.get(row["strat_fold"].split(".")[0], "train"))
        for (row, file), label in zip(there, classes, strict=True)
        if label
    ]
    what = f"the column {asked}" if asked else "the diagnostic superclasses"
    lacking = "no such cell" if asked else "no superclass or several"
    said = [f"PTB-XL at {rate} Hz: classes are {what}; fold 9 is val, fold 10 is test"]
    if lost := len(there) - len(listed):
        said.append(f"{lost:,} records have {lacking}, and are not used")
    if missing := len(rows) - len(there):
        said.append(f"{missing:,} records of {TABLE} are not there")
    return Placed(listed, [], said)


def _beneath(path: Path) -> Path:
    """The table in a folder, or in one in it: an archive unpacks into a folder of its own."""
    own = path / TABLE
    return own if is_table(own) or not path.is_dir() else next(path.glob(f"*/{TABLE}"), own)


def _cells(there: Sequence[tuple[dict[str, str], Path]], column: str, table: Path) -> list[str]:
    """What a column says of each record."""
    if there and column not in there[0][0]:
        raise DataError(
            f"{table} has no column '{column}'.\n  Its columns are {', '.join(filter(None, there[0][0]))}."
        )
    return [row[column] for row, _ in there]


def _diagnoses(there: Sequence[tuple[dict[str, str], Path]], table: Path) -> list[str]:
    """The superclass of each record; "" where it has none or several."""
    superclass = _superclasses(table.parent / STATEMENTS)
    found = []
    for row, _ in there:
        classes = {superclass[code] for code in _codes(row["scp_codes"], table) if code in superclass}
        found.append(classes.pop() if len(classes) == 1 else "")
    return found


def _superclasses(path: Path) -> dict[str, str]:
    """Code → superclass, of the diagnostic codes."""
    if not path.is_file():
        raise DataError(
            f"{path} is missing: it says which superclass a code is of.\n  Fetch it with the set."
        )
    rows = _rows(path)
    return {row[""]: row["diagnostic_class"] for row in rows if row.get("diagnostic_class") and row.get("")}


def _rows(path: Path) -> Iterator[dict[str, str]]:
    try:
        yield from csv.DictReader(io.StringIO(decoding.read(path).text, newline=""))
    except csv.Error as error:
        raise DataError(f"{path} cannot be read as a table: {error}.\n  Fetch it again.") from error


def _column(rows: list[dict[str, str]], root: Path, settings: DataSettings) -> tuple[str, int]:
    order = (HIGH, LOW) if (settings.rate or 0) > LOW[1] else (LOW, HIGH)
    for column, rate in order:
        if any((root / f"{row.get(column)}.hea").is_file() for row in rows):
            return column, rate
    return order[0]


def _codes(text: str, path: Path) -> dict[str, float]:
    try:
        return dict(ast.literal_eval(text))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise DataError(f"{path}: scp_codes holds {text[:60]!r}, which is no list of codes.") from error
