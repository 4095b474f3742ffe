"""A CSV or TSV table as columns: numbers where all cells are numbers, text elsewhere."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from convscope.data.text import decoding, layout, missing, numbers, thousands
from convscope.data.text.missing import NO_TEXT, REPEATED
from convscope.errors import DataError

if TYPE_CHECKING:
    from pandas import DataFrame

ENDINGS = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
RARE = 0.1  # share of cells up to which text among numbers is a mistake; above they are classes
UNREAD = "{path} cannot be read as a table: {error}.\n  Save it as CSV in UTF-8."
NOTHING = "{path} has no rows below its header.\n  Expected one row for each point in time."
LONGEST_FOOTER = 5  # lines
LOOKED = 50  # rows of which two shall hold something


@dataclass(frozen=True)
class Cells:
    """The different cells of a column, each once: what is done to them is done once, not for every row.

    Attributes:
        texts: (cell,) without blanks around them.
        comma: whether numbers may have a decimal comma, because the comma does not separate columns.
        codes: numbers that stand for a missing value.
        german: whether points before three digits stand before thousands.
    """

    texts: np.ndarray
    comma: bool
    codes: tuple[float, ...] = ()
    german: bool = False

    @cached_property
    def missing(self) -> np.ndarray:
        """(cell,) bool: cells that hold nothing, or a code for it."""
        coded = np.isin(self.written.values, self.codes) if self.codes else False
        return self.empty | coded

    @cached_property
    def empty(self) -> np.ndarray:
        """(cell,) bool: cells that hold nothing, or a word for it."""
        return np.array([text.casefold() in missing.WORDS for text in self.texts], bool)

    @cached_property
    def written(self) -> numbers.Written:
        """The numbers as they stand there, and how they were read."""
        return numbers.read(self.texts, self.empty, comma=self.comma, german=self.german)

    @cached_property
    def numbers(self) -> np.ndarray:
        """(cell,) float64; NaN where a cell holds no number, or the code for a missing one."""
        return np.where(self.missing, np.nan, self.written.values) if self.codes else self.written.values

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
    import pandas as pd  # here and below: slow, so only those wait for it who read a table

    text, said = decoding.read(path)
    try:
        found = layout.find(text)
        text = found.plain(text)
        widths = np.fromiter(map(len, csv.reader(_stream(text), delimiter=found.delimiter)), np.int64)
    except csv.Error as error:
        raise DataError(UNREAD.format(path=path, error=error)) from error
    rows, footer = _without_footer(np.flatnonzero(widths) + 1, widths)  # an empty line is no row, but counts
    skipped = int(found.header) + found.units
    if len(rows) <= skipped:
        raise DataError(NOTHING.format(path=path))
    short = int(_is_short(widths[rows - 1]))
    _demand_width(widths[rows - 1][short:], rows[short:], path)
    # Read a second time, because that is far faster than to keep what csv.reader gives
    places = list(range(int(widths.max())))
    try:
        frame = pd.read_csv(
            _stream(text), sep=found.delimiter, header=None, names=places, dtype=object, na_filter=False
        ).iloc[: len(rows), : widths[rows[-1] - 1]]
    except pd.errors.ParserError as error:  # a quotation mark that never ends
        raise DataError(UNREAD.format(path=path, error=error)) from error
    header = [str(name).strip() for name in frame.iloc[0]] if found.header else names(frame.shape[1])
    if short:  # what has no name is an empty column at the end, or the first one, which names the rows
        ends = (frame.iloc[1:, -1] == "").all()
        header = [*header[:-1], ""] if ends else ["", *header[:-1]]
    demand_names(header, path)
    nameless = ("columns without a name were left out: row numbers, mostly",) if "" in header else ()
    named = {name: frame[place].to_numpy()[skipped:] for place, name in enumerate(header) if name}
    unnamed = (
        () if found.header else (f"there is no header: the columns are called {header[0]} to {header[-1]}",)
    )
    units = (f"{found.units} rows below the header hold no value, but {_words(frame)}, and were left out",)
    remarks = (*said, *found.said, *footer, *unnamed, *(units if found.units else ()), *nameless)
    return of_cells(path, named, rows[skipped:], comma=found.comma, repeated=repeated, remarks=remarks)


def _stream(text: str) -> io.TextIOWrapper:
    """The text to read from: as bytes, for io.StringIO takes four for each character."""
    content = text.encode("utf-8", "surrogatepass")
    return io.TextIOWrapper(io.BytesIO(content), "utf-8", "surrogatepass", newline="")


def _words(frame: "DataFrame") -> str:
    """What stands in the first row below the header, where it holds no value: units, tickers."""
    words = ", ".join(dict.fromkeys(cell.strip() for cell in frame.iloc[1].tolist()[:6] if cell.strip()))
    return f"units or names ({words})" if words else "nothing"


def of_cells(
    path: Path,
    cells: Mapping[str, Sequence[str] | np.ndarray],
    rows: np.ndarray,
    *,
    comma: bool = False,
    repeated: int = REPEATED,
    remarks: Sequence[str] = (),
) -> Table:
    """A table of text by column; rows that hold nothing are left out.

    Args:
        path: for messages.
        cells: column → (row,) text.
        rows: (row,) their numbers in the file.
        comma: whether numbers may have a decimal comma.
        repeated: rows from which on a number far outside of the others is a code for a missing value.
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
    counts = {name: np.bincount(rows[name], minlength=len(column.texts)) for name, column in cells.items()}
    values = {name: np.where(column.empty, np.nan, column.written.values) for name, column in cells.items()}
    strict = [missing.codes(values[name], counts[name]) for name in cells]
    known = {code for found in strict for code, count in found.items() if count >= repeated}
    coded = {}
    for name, column in cells.items():
        found = missing.codes(values[name], counts[name], known)
        here = {code: count for code, count in found.items() if count >= repeated or code in known}
        coded[name] = replace(column, codes=tuple(here)) if here else column
        for code, count in found.items():
            is_code = code in here
            meaning = "is taken for missing" if is_code else "may mean missing: then leave the cell empty"
            said.append(f"column {name}: {code:g}, far outside of all else, {meaning} ({count:,} rows)")
    return coded, said


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


def _class_name(cell: str) -> str:
    """One name for a class, however its cell is written: blanks and the .0 of a whole number go."""
    name = cell.strip()
    whole = name.rstrip("0").removesuffix(".")
    return whole if "." in name and whole.lstrip("-").isdecimal() else name
