"""A CSV or TSV table as columns: numbers where all cells are numbers, text elsewhere."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from convscope.data.names import repeated
from convscope.data.text import body, decoding, layout, missing, thousands
from convscope.data.text.body import Body
from convscope.data.text.cells import Cells, gathered, once
from convscope.data.text.missing import NO_TEXT, REPEATED
from convscope.errors import DataError

ENDINGS = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
RARE = 0.1  # share of cells up to which text among numbers is a mistake; above they are classes
UNREAD = "{path} cannot be read as a table: {error}.\n  Save it as CSV in UTF-8."
NOTHING = "{path} has no rows below its header.\n  Expected one row for each point in time."
LONGEST_FOOTER = 5  # lines
LOOKED = 50  # rows of which two shall hold something


@dataclass(frozen=True)
class Table:
    """The cells of a table by column.

    Attributes:
        path: the file, for messages.
        cells: column → its different cells.
        codes: column → (row,) which of them each row holds.
        rows: (row,) number of each row in the file; the header is row 1, as spreadsheets count.
        remarks: what was decided while reading.
    """

    path: Path
    cells: Mapping[str, Cells]
    codes: Mapping[str, np.ndarray]
    rows: np.ndarray
    remarks: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self.cells)

    def take(self, rows: np.ndarray) -> "Table":
        """The table with these rows alone, in this order."""
        taken = {
            id(codes): codes[rows] for codes in {id(each): each for each in self.codes.values()}.values()
        }
        codes = {
            name: taken[id(codes)] for name, codes in self.codes.items()
        }  # several columns may share one
        return replace(self, codes=codes, rows=self.rows[rows])

    def cell(self, name: str, row: int) -> str:
        """One cell as text."""
        return str(self.cells[name].texts[self.codes[name][row]])

    def missing(self, name: str) -> np.ndarray:
        """(row,) bool: rows in which a column holds nothing."""
        return self.cells[name].missing[self.codes[name]]

    def is_number(self, name: str) -> bool:
        """Whether all cells of a column that hold something hold numbers.

        Raises:
            DataError: nearly all of them do.
        """
        strange = self.cells[name].strange[self.codes[name]]
        if 0 < strange.sum() <= RARE * (~self.missing(name)).sum():
            raise DataError(self._text_among_numbers(name, strange))
        return not strange.any()

    def numbers(self, name: str) -> np.ndarray:
        """(row,) float64; NaN where a cell is empty.

        Raises:
            DataError: a cell that holds something else.
        """
        strange = self.cells[name].strange[self.codes[name]]
        if strange.any():
            raise DataError(self._text_among_numbers(name, strange))
        return self.cells[name].numbers[self.codes[name]]

    def distinct(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """(row,) the number of each row's cell, and (cell,) the cells that are in these rows, as text."""
        codes, texts = self.codes[name], self.cells[name].texts
        if self.cells[name].plain is not None:  # they stand there as often as they come
            every, texts = once(texts)
            codes = every[codes]
        there = np.bincount(codes, minlength=len(texts)) > 0
        return (np.cumsum(there) - 1)[codes], texts[there]

    def texts(self, name: str) -> tuple[np.ndarray, list[str]]:
        """A column as classes: (row,) class number, −1 where a cell is empty, and the classes' names.

        A whole number is called the same however it is written: 1 and 1.0 are one class.
        """
        import pandas as pd

        codes, cells = self.distinct(name)
        names = [None if text.casefold() in NO_TEXT else _class_name(text) for text in cells]
        merged, classes = pd.factorize(np.array(names, dtype=object))  # None is −1
        return merged[codes], [str(name) for name in classes]

    def _text_among_numbers(self, name: str, strange: np.ndarray) -> str:
        first = int(strange.argmax())
        return (
            f"{self.path}: column '{name}' holds numbers, but something else in {int(strange.sum()):,} rows,"
            f" the first is row {self.rows[first]}: '{self.cell(name, first)}'.\n"
            "  Correct these cells, or leave them empty."
        )


def is_table(path: Path) -> bool:
    """Whether a file's name is that of a table that `read` reads."""
    return path.name.lower().endswith(ENDINGS) and path.is_file()


def head(path: Path) -> list[list[str]]:
    """The first two rows of a table: header and first cells; fewer where there are no more, or no text.

    Where there is no header, the names that `read` gives stand for it.
    """
    text = decoding.head(path)
    try:
        found = layout.find(text)
        rows = [row for row in islice(found.rows(text), LOOKED) if any(row)]
    except csv.Error:
        return []
    if not found.header and rows:
        return [names(len(rows[0])), rows[0]]
    return [*rows[:1], *rows[1 + found.units : 2 + found.units]]


def read(path: Path, repeated: int = REPEATED) -> Table:
    """Read a whole table; encoding, separator, comments and header are found, and what is unusual is said.

    Columns without a name (row numbers, mostly) and empty rows are left out and named in the remarks.

    Args:
        path: the file.
        repeated: rows from which on a number far outside of the others is a code for a missing value.

    Raises:
        DataError: damaged, no text, too large, without rows, ragged, or with two columns of one name.
    """
    opened = decoding.opened(path)
    try:
        found = layout.find(opened.head(layout.ENOUGH))
        whole = Body(found.plainly(opened.open), found.delimiter)
        widths = whole.widths()
    except csv.Error as error:
        raise DataError(UNREAD.format(path=path, error=error)) from error
    rows, footer = _without_footer(np.flatnonzero(widths) + 1, widths)  # an empty line is no row, but counts
    skipped = int(found.header) + found.units
    if len(rows) <= skipped:
        raise DataError(NOTHING.format(path=path))
    short = int(_is_short(widths[rows - 1]))
    _demand_width(widths[rows - 1][short:], rows[short:], path)
    # Read a second time, because that is far faster than to keep what csv.reader gives
    whole = whole.of(int(widths.max()), skipped, len(rows))
    try:
        first, last = whole.first(2), int(widths[rows[-1] - 1])
        header = [name.strip() for name in first[0][:last]] if found.header else names(last)
        if short:  # what has no name is an empty column at the end, or the first one, which names the rows
            ends = (whole.texts([last - 1])[last - 1] == "").all()
            header = [*header[:-1], ""] if ends else ["", *header[:-1]]
        demand_names(header, path)
        places = {name: place for place, name in enumerate(header) if name}
        columns = whole.columns(list(places.values()), numbers=not found.comma)
    except body.Unparsed as error:  # a quotation mark that never ends
        raise DataError(UNREAD.format(path=path, error=error)) from error
    nameless = ("columns without a name were left out: row numbers, mostly",) if "" in header else ()
    unnamed = (
        () if found.header else (f"there is no header: the columns are called {header[0]} to {header[-1]}",)
    )
    units = (
        (f"{found.units} rows below the header hold no value, but {_words(first[1])}, and were left out",)
        if found.units
        else ()
    )
    remarks = (*opened.said, *found.said, *footer, *unnamed, *units, *nameless)
    named = {name: columns.pop(place) for name, place in places.items()}
    return of_cells(path, named, rows[skipped:], comma=found.comma, repeated=repeated, remarks=remarks)


def _words(cells: Sequence[str]) -> str:
    """What stands in the first row below the header, where it holds no value: units, tickers."""
    words = ", ".join(dict.fromkeys(cell.strip() for cell in cells[:6] if cell.strip()))
    return f"units or names ({words})" if words else "nothing"


def of_cells(
    path: Path,
    cells: Mapping[str, Sequence[str] | np.ndarray | Cells],
    rows: np.ndarray,
    *,
    comma: bool = False,
    repeated: int = REPEATED,
    remarks: Sequence[str] = (),
) -> Table:
    """A table of text by column; rows that hold nothing are left out.

    Args:
        path: for messages.
        cells: column → (row,) text, or a cell for each row.
        rows: (row,) their numbers in the file.
        comma: whether numbers may have a decimal comma.
        repeated: rows from which on a number far outside of the others is a code for a missing value.
        remarks: what was decided before.

    Raises:
        DataError: no row holds anything.
    """
    found, codes, every = {}, {}, np.arange(len(rows))
    for name, column in cells.items():
        found[name], codes[name] = (
            (column, every) if isinstance(column, Cells) else gathered(column, comma=comma)
        )
    unclear = _with_thousands(found) if comma else ()
    found, said = _with_codes(found, codes, repeated)
    table = Table(path, found, codes, rows, (*remarks, *said, *unclear))
    empty = np.logical_and.reduce([table.missing(name) for name in table.columns])
    if empty.all():
        raise DataError(NOTHING.format(path=path))
    if not empty.any():
        return table
    left_out = f"{int(empty.sum()):,} empty rows were left out"
    return replace(table.take(np.flatnonzero(~empty)), remarks=(*table.remarks, left_out))


def _with_thousands(cells: dict[str, Cells]) -> list[str]:
    """Mark the columns of a German table, whose points may stand before thousands; say what is unclear."""
    german = thousands.in_table([column.texts for column in cells.values()])
    if german:
        cells.update({name: replace(column, german=True) for name, column in cells.items()})
        return []
    return [
        f"column {name}: {said}"
        for name, column in cells.items()
        if (said := thousands.unclear(column.texts[~column.empty]))
    ]


def _with_codes(
    cells: Mapping[str, Cells], rows: Mapping[str, np.ndarray], repeated: int
) -> tuple[dict[str, Cells], list[str]]:
    """The columns with their codes for missing values, and what of their numbers is unusual."""
    said = [f"column {name}: {column.written.said}" for name, column in cells.items() if column.written.said]
    strict = [missing.codes(column.given, _counts(column, rows[name])) for name, column in cells.items()]
    known = {code for found in strict for code, count in found.items() if count >= repeated}
    coded = {}
    for name, column in cells.items():
        found = missing.codes(column.given, _counts(column, rows[name]), known)
        here = {code: count for code, count in found.items() if count >= repeated or code in known}
        coded[name] = replace(column, codes=tuple(here)) if here else column
        for code, count in found.items():
            is_code = code in here
            meaning = "is taken for missing" if is_code else "may mean missing: then leave the cell empty"
            said.append(f"column {name}: {code:g}, far outside of all else, {meaning} ({count:,} rows)")
    return coded, said


def _counts(column: Cells, rows: np.ndarray) -> np.ndarray:
    """(cell,) rows that hold each cell."""
    return np.bincount(rows, minlength=len(column))


def _without_footer(rows: np.ndarray, widths: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """The rows without the last lines that are none: they have a single cell, and all others have more."""
    single = widths[rows - 1] == 1
    count = int(np.cumprod(single[::-1]).sum())  # at the end
    if not 0 < count <= LONGEST_FOOTER or single[0] or len(rows) - count < 2:
        return rows, ()
    what = f"the last {count} lines are" if count > 1 else "the last line is"
    return rows[:-count], (f"{what} no part of the table, and left out",)


def _is_short(widths: np.ndarray) -> bool:
    """Whether the header alone has a cell less than all rows, which begin with a row's name or end empty."""
    return len(widths) > 1 and bool((widths[1:] == widths[0] + 1).all())


def names(count: int) -> list[str]:
    """Names of columns that have none."""
    return [f"column{place}" for place in range(1, count + 1)]


def demand_names(header: Sequence[str], path: Path) -> None:
    """Raise DataError where two columns have one name."""
    if twice := repeated(filter(None, header)):
        raise DataError(f"{path} has two columns called '{twice}'.\n  Give each column its own name.")


def _demand_width(widths: np.ndarray, rows: np.ndarray, path: Path) -> None:
    ragged = widths != widths[0]
    if ragged.any():
        first = int(ragged.argmax())
        raise DataError(
            f"{path}: {int(ragged.sum()):,} rows have not the header's {widths[0]} cells, the first is"
            f" row {rows[first]} with {widths[first]}.\n  Give every row one cell for each column."
        )


def _class_name(cell: str) -> str:
    """One name for a class, however its cell is written: blanks and the .0 of a whole number go."""
    name = cell.strip()
    whole = name.rstrip("0").removesuffix(".")
    return whole if "." in name and whole.lstrip("-").isdecimal() else name
