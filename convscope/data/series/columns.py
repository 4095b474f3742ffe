"""A CSV or TSV table as columns: numbers where all cells are numbers, text elsewhere."""

import csv
import gzip
import io
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from convscope.data.memory import refuse_too_large
from convscope.errors import DataError

ENDINGS = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
MISSING = {
    "",
    "na",
    "n/a",
    "nan",
    "null",
    "none",
    "-",
    "?",
}  # no value, where there should be a number or time
NO_TEXT = {"", "nan", "null"}  # no value, where there may be any text: NA and none may well be classes
LONGEST = 1 << 16  # bytes of a line that are looked at to recognise a table
RARE = 0.1  # share of cells up to which text among numbers is a mistake; above they are classes
NOTHING = "{path} has no rows below its header.\n  Expected one row for each point in time."
BLOWN_UP = 10  # bytes of memory for each byte of text
DAMAGE = (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error)


@dataclass(frozen=True)
class Cells:
    """The different cells of a column, each once: what is done to them is done once, not for every row.

    Attributes:
        texts: (cell,) without blanks around them.
        comma: whether numbers may have a decimal comma, because the comma does not separate columns.
    """

    texts: np.ndarray
    comma: bool

    @cached_property
    def missing(self) -> np.ndarray:
        """(cell,) bool: cells that hold nothing."""
        return np.array([text.casefold() in MISSING for text in self.texts], bool)

    @cached_property
    def numbers(self) -> np.ndarray:
        """(cell,) float64; NaN where a cell holds no number."""
        values = _as_numbers(self.texts)
        # Points beside commas may mean thousands: then nobody guesses
        if self.comma and np.isnan(values).any() and not any("." in text for text in self.texts):
            values = _as_numbers([text.replace(",", ".") for text in self.texts])
        return values

    @cached_property
    def strange(self) -> np.ndarray:
        """(cell,) bool: cells that hold something, but no finite number."""
        return ~np.isfinite(self.numbers) & ~self.missing


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
        codes = {name: codes[rows] for name, codes in self.codes.items()}
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
        there = np.bincount(self.codes[name], minlength=len(self.cells[name].texts)) > 0
        return (np.cumsum(there) - 1)[self.codes[name]], self.cells[name].texts[there]

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
    """The first two rows of a table: header and first cells; fewer where there are no more, or no text."""
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
            lines = [file.readline(LONGEST).decode("utf-8-sig") for _ in range(2)]
        return [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=_separator(lines[0]))]
    except DAMAGE:
        return []


def read(path: Path) -> Table:
    """Read a whole table; the header says whether comma, semicolon or tab separates.

    Columns without a name (row numbers, mostly) and empty rows are left out and named in the remarks.

    Raises:
        DataError: damaged, not UTF-8, too large, without rows, ragged, or with two columns of one name.
    """
    import pandas as pd  # here and below: slow, so only those wait for it who read a table

    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix.lower() == ".gz" else data
        refuse_too_large(BLOWN_UP * len(data), path)
        text = data.decode("utf-8-sig")
        separator = _separator(text.partition("\n")[0])
        widths = np.fromiter(
            map(len, csv.reader(io.StringIO(text, newline=""), delimiter=separator)), np.int64
        )
    except DAMAGE as error:
        raise DataError(f"{path} cannot be read as a table: {error}.\n  Save it as CSV in UTF-8.") from error
    rows = np.flatnonzero(widths) + 1  # an empty line is no row, but counts
    if len(rows) < 2:
        raise DataError(NOTHING.format(path=path))
    _demand_width(widths[rows - 1], rows, path)
    # Read a second time, because that is far faster than to keep what csv.reader gives
    frame = pd.read_csv(io.StringIO(text), sep=separator, header=None, dtype=object, na_filter=False)
    header = [str(name).strip() for name in frame.iloc[0]]
    _demand_names(header, path)
    nameless = ("columns without a name were left out: row numbers, mostly",) if "" in header else ()
    named = {name: frame[place].to_numpy()[1:] for place, name in enumerate(header) if name}
    return of_cells(path, named, rows[1:], comma=separator != ",", remarks=nameless)


def of_cells(
    path: Path,
    cells: Mapping[str, Sequence[str] | np.ndarray],
    rows: np.ndarray,
    *,
    comma: bool = False,
    remarks: Sequence[str] = (),
) -> Table:
    """A table of text by column; rows that hold nothing are left out.

    Args:
        path: for messages.
        cells: column → (row,) text.
        rows: (row,) their numbers in the file.
        comma: whether numbers may have a decimal comma.
        remarks: what was decided before.

    Raises:
        DataError: no row holds anything.
    """
    import pandas as pd

    found, codes = {}, {}
    for name, column in cells.items():
        raw, distinct = pd.factorize(np.asarray(column, dtype=object))
        stripped, texts = pd.factorize(np.array([str(cell).strip() for cell in distinct], dtype=object))
        found[name], codes[name] = Cells(np.asarray(texts, dtype=object), comma), stripped[raw]
    table = Table(path, found, codes, rows, tuple(remarks))
    empty = np.logical_and.reduce([table.missing(name) for name in table.columns])
    if empty.all():
        raise DataError(NOTHING.format(path=path))
    if not empty.any():
        return table
    left_out = f"{int(empty.sum()):,} empty rows were left out"
    return replace(table.take(np.flatnonzero(~empty)), remarks=(*table.remarks, left_out))


def _separator(header: str) -> str:
    return max(",;\t", key=header.count)


def _demand_names(header: Sequence[str], path: Path) -> None:
    twice = [name for name in header if name and header.count(name) > 1]
    if twice:
        raise DataError(f"{path} has two columns called '{twice[0]}'.\n  Give each column its own name.")


def _demand_width(widths: np.ndarray, rows: np.ndarray, path: Path) -> None:
    ragged = widths != widths[0]
    if ragged.any():
        first = int(ragged.argmax())
        raise DataError(
            f"{path}: {int(ragged.sum()):,} rows have not the header's {widths[0]} cells, the first is"
            f" row {rows[first]} with {widths[first]}.\n  Give every row one cell for each column."
        )


def _as_numbers(texts: Sequence[str] | np.ndarray) -> np.ndarray:
    """(cell,) float64; NaN where a text is no number."""
    import pandas as pd

    return pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce").to_numpy(np.float64)


def _class_name(cell: str) -> str:
    """One name for a class, however its cell is written: blanks and the .0 of a whole number go."""
    name = cell.strip()
    whole = name.rstrip("0").removesuffix(".")
    return whole if "." in name and whole.lstrip("-").isdecimal() else name
