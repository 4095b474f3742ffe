"""The rows of a table's text by column; a large one is read in pieces, and never in memory as a whole."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import IO, TYPE_CHECKING

import numpy as np

from convscope.data.text import missing, numbers
from convscope.data.text.cells import Cells

if TYPE_CHECKING:
    from pandas import DataFrame

LARGE = 1 << 16  # rows from which on a table is read in pieces
CELLS = 1 << 18  # of a piece
OFTEN = 2  # rows a cell comes in on average, from which on a column is kept as its different cells
COMPACT = np.dtypes.StringDType()  # 16 bytes a short cell, where a string of Python's takes 60


class Unparsed(ValueError):  # noqa: N818 - as pandas says it
    """Rows that cannot be taken apart."""


@dataclass(frozen=True)
class Body:
    """Where the rows are and how they are taken apart.

    Attributes:
        open: the text, from its beginning.
        delimiter: between cells.
        width: cells of the longest row.
        skipped: rows of the header.
        end: rows, those of the header among them; what comes below is no part of the table.
    """

    open: Callable[[], IO[str]]
    delimiter: str
    width: int = 0
    skipped: int = 0
    end: int = 0

    def of(self, width: int, skipped: int, end: int) -> "Body":
        """The same, once it is known how far it reaches."""
        return replace(self, width=width, skipped=skipped, end=end)

    def widths(self) -> np.ndarray:
        """(line,) cells of each line; 0 for an empty one.

        Raises:
            csv.Error: a quotation mark that never ends, or a cell beyond all bounds.
        """
        with self.open() as text:
            return np.fromiter(map(len, csv.reader(text, delimiter=self.delimiter)), np.int64)

    def first(self, count: int) -> list[list[str]]:
        """The cells of the first rows, the header's among them, "" where a row has fewer than the others."""
        with self.open() as text:
            rows = islice(filter(None, csv.reader(text, delimiter=self.delimiter)), count)
            return [row + [""] * (self.width - len(row)) for row in rows]

    def columns(self, places: Sequence[int], *, numbers: bool) -> dict[int, np.ndarray | Cells]:
        """Place → (row,) texts; of a large table the cells, where they are plain numbers.

        Args:
            places: of the columns.
            numbers: whether numbers can stand as computers write them.
        """
        large = self.end - self.skipped >= LARGE
        plain = self._numbers(places) if large and numbers else {}
        found: dict[int, np.ndarray | Cells] = {
            place: Cells(partial(self._again, place), comma=False, plain=values, example=example)
            for place, (values, example) in plain.items()
        }
        return found | self.texts([place for place in places if place not in plain], compact=large)

    def texts(self, places: Sequence[int], *, compact: bool = False) -> dict[int, np.ndarray]:
        """Place → (row,) text as it stands there; where it is kept compactly, without blanks around it."""
        if not places:
            return {}
        pieces = self._pieces(places, self.skipped, self.end)
        if not compact:
            (frame,) = pieces
            return {place: frame[place].to_numpy() for place in places}
        found: dict[int, np.ndarray] = {place: np.empty(self.end - self.skipped, COMPACT) for place in places}
        begin = 0
        for frame in pieces:
            for place, out in found.items():
                out[begin : begin + len(frame)] = np.strings.strip(frame[place].to_numpy().astype(COMPACT))
            begin += len(frame)
        return found

    def _again(self, place: int) -> np.ndarray:
        """(row,) the texts of a column of which only the numbers are kept."""
        return self.texts([place], compact=True)[place]

    def _numbers(self, places: Sequence[int]) -> dict[int, tuple[np.ndarray, str]]:
        """Place → (row,) float64 and the first cell, of the columns that hold plain numbers, each seldom."""
        found = {place: np.empty(self.end - self.skipped) for place in places}
        examples = dict.fromkeys(places, "")
        begin = 0
        for frame in self._pieces(places, self.skipped, self.end):
            for place, out in list(found.items()):
                texts = frame[place].to_numpy()
                values = _plain(texts, seldom=begin == 0)
                if values is None:
                    del found[place]
                    continue
                out[begin : begin + len(frame)] = values
                if not begin or np.isnan(out[:begin]).all():
                    examples[place] = texts[np.isnan(values).argmin()].strip()
            begin += len(frame)
        return {place: (values, examples[place]) for place, values in found.items()}

    def _pieces(self, places: Sequence[int], begin: int, end: int) -> Iterator["DataFrame"]:
        """The rows from `begin` to `end` as objects; as one where they are few."""
        import pandas as pd  # slow, so only those wait for it who read a table

        size = max(1, CELLS // self.width) if end - begin >= LARGE else end
        at = 0
        try:
            with (
                self.open() as text,
                pd.read_csv(
                    text,
                    sep=self.delimiter,
                    header=None,
                    names=list(range(self.width)),
                    usecols=list(places),
                    dtype=object,
                    na_filter=False,
                    chunksize=size,
                ) as pieces,
            ):
                for frame in pieces:
                    if at + len(frame) > begin and at < end:
                        yield frame.iloc[max(0, begin - at) : end - at]
                    at += len(frame)
        except pd.errors.ParserError as error:
            raise Unparsed(str(error)) from error


def _plain(texts: np.ndarray, *, seldom: bool) -> np.ndarray | None:
    """(row,) float64, NaN where a cell holds nothing; None where others than plain numbers are among them.

    Args:
        texts: (row,).
        seldom: refuse cells that come often, too: they are classes, or names of series.
    """
    if seldom and OFTEN * len(set(texts)) < len(texts):
        return None
    values = numbers.plain(texts)
    lacking = ~np.isfinite(values)
    words = {text.strip().casefold() for text in texts[lacking]}
    return values if words <= missing.WORDS and not np.isinf(values).any() else None
