"""Cells that hold no value: words for nothing, and numbers that stand for it, such as -999."""

import re
from collections.abc import Collection

import numpy as np

WORDS = frozenset({
    "", "na", "n/a", "nan", "null", "none", "-", "?",
    "#n/a", "#n/a n/a", "#na", "<na>", "nat", "nil", "missing", "--", "---", ".", "..", "...", "…", "–", "—",
    "#value!", "#ref!", "#div/0!", "#num!", "#name?", "#null!",
})  # fmt: skip
NO_TEXT = frozenset(
    {"", "nan", "null", "#n/a", "<na>", "nat"}
)  # where there may be any text: NA and none may well be classes
CODE = re.compile(r"-?9{2,}(\.9+)?|-?9\.99+|-200|-32768|-?32767|65535|-?2147483647|-2147483648|-?1e\+\d\d")
LEAST = 10  # other values that show how far outside a code stands
REPEATED = 2  # rows in which it must stand


def codes(numbers: np.ndarray, counts: np.ndarray, elsewhere: Collection[float] = ()) -> dict[float, int]:
    """Numbers of a column that stand for a missing value: further outside than the others lie apart.

    Args:
        numbers: (cell,) the different numbers of a column; NaN where a cell holds none.
        counts: (cell,) rows that hold each of them.
        elsewhere: codes of other columns of the table, which need not stand as far outside.

    Returns:
        code → rows that hold it.

    >>> codes(np.array([-999.0, *range(20)]), np.array([3, *[1] * 20]))
    {-999.0: 3}
    """
    there = np.isfinite(numbers) & (counts > 0)
    if not there.any() or not any(map(_may_be, (numbers[there].min(), numbers[there].max()))):
        return {}  # as in nearly every column, which need not be sorted then
    values = np.unique(numbers[there])
    low, high = 0, len(values)
    while low < high and _may_be(values[low]):
        low += 1
    while low < high and _may_be(values[high - 1]):
        high -= 1
    inner = values[low:high]
    if len(inner) < LEAST:
        return {}
    span = inner[-1] - inner[0]
    found = {}
    for value in (*values[:low], *values[high:]):
        gap = min(abs(value - inner[0]), abs(value - inner[-1]))
        if gap > span or (value in elsewhere and (gap > span / 10 or value < 0 <= inner[0])):
            found[float(value)] = int(counts[there & (numbers == value)].sum())
    return found


def _may_be(value: float) -> bool:
    return bool(CODE.fullmatch(f"{value:.12g}"))
