"""A CSV or TSV table as columns: numbers where all cells are numbers, text elsewhere."""

import csv
import gzip
import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from convscope.data.memory import refuse_too_large
from convscope.errors import DataError

ENDINGS = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
MISSING = {"", "na", "n/a", "nan", "null", "none", "-", "?"}  # what people write for no value, in any case
LONGEST = 1 << 16  # bytes of a line that are looked at to recognise a table
RARE = 0.1  # share of cells up to which text among numbers is a mistake; above they are classes
BLOWN_UP = 10  # bytes of memory for each byte of text
DAMAGE = (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error)


@dataclass(frozen=True)
class Table:
    """The cells of a table by column.

    Attributes:
        path: the file, for messages.
        cells: column → (row,) text as it stands there.
        rows: (row,) number of each row in the file; the header is row 1, as spreadsheets count.
        remarks: what was decided while reading.
        comma: whether numbers may have a decimal comma, because the comma does not separate columns.
    """

    path: Path
    cells: dict[str, np.ndarray]
    rows: np.ndarray
    remarks: tuple[str, ...] = ()
    comma: bool = False
    _numbers: dict[str, np.ndarray] = field(default_factory=dict, repr=False)  # read once, used often

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self.cells)

    def take(self, rows: np.ndarray) -> "Table":
        """The table with these rows alone, in this order."""
        kept = {name: cells[rows] for name, cells in self.cells.items()}
        return Table(self.path, kept, self.rows[rows], self.remarks, self.comma)

    def is_number(self, name: str) -> bool:
        """Whether all cells of a column that hold something hold numbers.

        Raises:
            DataError: nearly all of them do.
        """
        bad = self._bad(name)
        if 0 < bad.sum() <= RARE * np.isfinite(self.numbers(name)).sum():
            raise DataError(self._text_among_numbers(name, bad))
        return not bad.any()

    def numbers(self, name: str) -> np.ndarray:
        """(row,) float64; NaN where a cell holds no number."""
        if name not in self._numbers:
            cells = self.cells[name]
            values = _as_numbers(cells)
            if self.comma and np.isnan(values).any():
                values = np.where(np.isnan(values), _decimal_comma(cells, values), values)
            self._numbers[name] = values
        return self._numbers[name]

    def only_numbers(self, name: str) -> np.ndarray:
        """(row,) float64; NaN where a cell is empty.

        Raises:
            DataError: a cell that holds something else.
        """
        bad = self._bad(name)
        if bad.any():
            raise DataError(self._text_among_numbers(name, bad))
        return self.numbers(name)

    def texts(self, name: str) -> tuple[np.ndarray, list[str]]:
        """A column as classes: (row,) class number, −1 where a cell is empty, and the classes' names.

        A whole number is called the same however it is written: 1 and 1.0 are one class.
        """
        codes, distinct = pd.factorize(self.cells[name])
        names = [_class_name(str(cell)) for cell in distinct]
        merged, unique = pd.factorize(np.array(names, dtype=object))
        missing = np.array([str(name).casefold() in MISSING for name in unique])
        place = np.where(missing, -1, np.cumsum(~missing) - 1)  # (unique name,)
        return place[merged][codes], [str(name) for name, no in zip(unique, missing, strict=True) if not no]

    def _bad(self, name: str) -> np.ndarray:
        """(row,) bool: cells that hold something that is no finite number."""
        nothing = np.flatnonzero(~np.isfinite(self.numbers(name)))
        bad = np.zeros(len(self.rows), bool)
        bad[nothing] = [str(cell).strip().casefold() not in MISSING for cell in self.cells[name][nothing]]
        return bad

    def _text_among_numbers(self, name: str, bad: np.ndarray) -> str:
        first = int(bad.argmax())
        return (
            f"{self.path}: column '{name}' holds numbers, but something else in {int(bad.sum()):,} rows, the"
            f" first is row {self.rows[first]}: '{self.cells[name][first]}'.\n"
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

    Columns without a name (row numbers, mostly) are left out and named in the remarks; empty rows, too.

    Raises:
        DataError: damaged, not UTF-8, too large, without rows, ragged, or with two columns of one name.
    """
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix.lower() == ".gz" else data
        refuse_too_large(BLOWN_UP * len(data), path)
        text = data.decode("utf-8-sig")
        separator = _separator(text.partition("\n")[0])
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except DAMAGE as error:
        raise DataError(f"{path} cannot be read as a table: {error}.\n  Save it as CSV in UTF-8.") from error
    header = [name.strip() for name in records[0]] if records else []
    _demand_names(header, path)
    rows = np.array([n for n, record in enumerate(records[1:], 2) if any(map(str.strip, record))], np.int64)
    if len(rows) == 0:
        raise DataError(f"{path} has no rows below its header.\n  Expected one row for each point in time.")
    kept = [records[row - 1] for row in rows]
    _demand_width(kept, rows, header, path)
    columns = zip(header, zip(*kept, strict=True), strict=True)
    cells = {name: np.array(column, dtype=object) for name, column in columns if name}
    empty = len(records) - 1 - len(rows)
    remarks = [f"{empty:,} empty rows were left out"] if empty else []
    if "" in header:
        remarks.append("a column without a name was left out: row numbers, mostly")
    return Table(path, cells, rows, tuple(remarks), separator != ",")


def _separator(header: str) -> str:
    return max(",;\t", key=header.count)


def _demand_names(header: Sequence[str], path: Path) -> None:
    twice = [name for name in header if name and header.count(name) > 1]
    if twice:
        raise DataError(f"{path} has two columns called '{twice[0]}'.\n  Give each column its own name.")


def _demand_width(
    records: Sequence[Sequence[str]], rows: np.ndarray, header: Sequence[str], path: Path
) -> None:
    widths = np.fromiter(map(len, records), np.int64, len(records))
    ragged = widths != len(header)
    if ragged.any():
        first = int(ragged.argmax())
        raise DataError(
            f"{path}: {int(ragged.sum()):,} rows have not the header's {len(header)} cells, the first is"
            f" row {rows[first]} with {widths[first]}.\n  Give every row one cell for each column."
        )


def _as_numbers(cells: np.ndarray) -> np.ndarray:
    """(row,) float64; NaN where a cell is no number."""
    return pd.to_numeric(pd.Series(cells, dtype=object), errors="coerce").to_numpy(np.float64)


def _decimal_comma(cells: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(row,) float64 of cells like 1,5; all NaN if the column has points, too, which may mean thousands."""
    if any("." in str(cell) for cell in cells):
        return np.full_like(values, np.nan)
    return _as_numbers(np.array([str(cell).replace(",", ".") for cell in cells], dtype=object))


def _class_name(cell: str) -> str:
    """One name for a class, however its cell is written: blanks and the .0 of a whole number go."""
    name = cell.strip()
    whole = name.rstrip("0").removesuffix(".")
    return whole if "." in name and whole.lstrip("-").isdecimal() else name
