"""The cells of one column of a table: what they hold, as text and as numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from convscope.data.text import missing, numbers

SHORT = 24  # characters of a date


@dataclass(frozen=True)
class Cells:
    """The different cells of a column, each once: what is done to them is done once, not for every row.

    Where a large column holds plain numbers, its cells are its rows and no text is kept.

    Attributes:
        held: (cell,) texts without blanks around them, or what reads them again.
        comma: whether numbers may have a decimal comma, because the comma does not separate columns.
        codes: numbers that stand for a missing value.
        german: whether points before three digits stand before thousands.
        plain: (cell,) float64, where they are read already: NaN where a cell holds nothing.
        example: the first text that holds something, where numbers are read already.
    """

    held: np.ndarray | Callable[[], np.ndarray]
    comma: bool
    codes: tuple[float, ...] = ()
    german: bool = False
    plain: np.ndarray | None = None
    example: str = ""

    def __len__(self) -> int:
        return len(self.written.values)

    @property
    def texts(self) -> np.ndarray:
        """(cell,) without blanks around them."""
        return self.held() if callable(self.held) else self.held

    @property
    def first(self) -> str:
        """The first text that holds something."""
        read = self.plain is not None and not self.codes
        return self.example if read else str(self.texts[np.argmin(self.missing)])

    @cached_property
    def missing(self) -> np.ndarray:
        """(cell,) bool: cells that hold nothing, or a code for it."""
        return self.empty | np.isin(self.written.values, self.codes) if self.codes else self.empty

    @cached_property
    def empty(self) -> np.ndarray:
        """(cell,) bool: cells that hold nothing, or a word for it."""
        if self.plain is not None:
            lacking = np.isnan(self.plain)
            return lacking if lacking.any() else np.broadcast_to(False, lacking.shape)  # takes no memory
        return np.array([text.casefold() in missing.WORDS for text in self.texts], bool)

    @cached_property
    def written(self) -> numbers.Written:
        """The numbers as they stand there, and how they were read."""
        if self.plain is not None:
            return numbers.Written(self.plain)
        return numbers.read(self.texts, self.empty, comma=self.comma, german=self.german)

    @property
    def given(self) -> np.ndarray:
        """(cell,) float64, codes for a missing value, too; NaN where a cell holds nothing or no number."""
        return self.plain if self.plain is not None else np.where(self.empty, np.nan, self.written.values)

    @cached_property
    def numbers(self) -> np.ndarray:
        """(cell,) float64; NaN where a cell holds no number, or the code for a missing one."""
        return np.where(self.missing, np.nan, self.written.values) if self.codes else self.written.values

    @cached_property
    def strange(self) -> np.ndarray:
        """(cell,) bool: cells that hold something, but no finite number."""
        if self.plain is not None:
            return np.broadcast_to(False, self.plain.shape)
        return ~np.isfinite(self.numbers) & ~self.missing


def once(texts: Sequence[str] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(row,) which of the different texts each is, and (text,) these, in the order in which they come."""
    import pandas as pd  # slow, so only those wait for it who read a table

    codes, distinct = pd.factorize(np.asarray(texts, dtype=object))
    return codes, np.asarray(distinct, dtype=object)


def gathered(column: Sequence[str] | np.ndarray, *, comma: bool) -> tuple[Cells, np.ndarray]:
    """The different cells of a column, and (row,) which of them each row holds; compactly where it is so."""
    if isinstance(column, np.ndarray) and isinstance(column.dtype, np.dtypes.StringDType):
        codes, texts = once(column)
        return Cells(
            _compact(column if len(texts) == len(column) else texts.astype(column.dtype)), comma
        ), codes
    raw, distinct = once(column)
    stripped, texts = once([str(cell).strip() for cell in distinct])
    return Cells(texts, comma), stripped[raw]


def _compact(texts: np.ndarray) -> np.ndarray | Callable[[], np.ndarray]:
    """The texts, or what makes them of bytes where all of them are short and in ASCII, as dates are."""
    if int(np.strings.str_len(texts).max(initial=0)) > SHORT:
        return texts
    try:
        packed = texts.astype(f"S{SHORT}")
    except UnicodeEncodeError:
        return texts
    return lambda: packed.astype(texts.dtype)
