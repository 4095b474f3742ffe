"""What a sequence network sees of each row: numbers, classes as 0 and 1, the season and the hour.

A feature is known by its name alone, so that any table with the same columns gives the same features:
"wind" is the column of numbers, "weather=rain" is 1 where the column weather says rain, and the names in
`CYCLES` come from the time.
"""

from collections.abc import Callable, Collection, Sequence

import numpy as np

from convscope.data.names import natural
from convscope.data.series.windows import DAY, YEAR
from convscope.data.text.columns import Table
from convscope.errors import DataError

MOST_CLASSES = 50  # of a text column; more would be names or notes
ENOUGH = 20  # rows that show that a column counts them
SHOWN = 20  # names of columns
CARRIED = 3  # rows over which a missing value is taken from the last one known
MOSTLY = 0.5  # share of missing training rows from which on a column is left out


def _of_year(times: np.ndarray) -> np.ndarray:
    return (times - times.astype("datetime64[Y]")) / YEAR


def _of_day(times: np.ndarray) -> np.ndarray:
    return (times - times.astype("datetime64[D]")) / DAY


CYCLES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "season (sine)": lambda times: np.sin(2 * np.pi * _of_year(times)),
    "season (cosine)": lambda times: np.cos(2 * np.pi * _of_year(times)),
    "hour (sine)": lambda times: np.sin(2 * np.pi * _of_day(times)),
    "hour (cosine)": lambda times: np.cos(2 * np.pi * _of_day(times)),
}  # name → (row,) from (row,) datetime64


def choose(
    table: Table,
    use: Sequence[str],
    target: str,
    classes: Collection[str],
    train: np.ndarray,
    times: np.ndarray,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Choose features by what the training part shows.

    Args:
        table: all rows.
        use: columns to see.
        target: the one of them that is predicted; it is never left out: its past is known.
        classes: columns that are classes even if they are written as numbers.
        train: (row,) bool: the rows to look at.
        times: (row,) datetime64.

    Returns:
        Names of features, and sentences on what was decided.

    Raises:
        DataError: text in a column of numbers.
    """
    seen, remarks = table.take(np.flatnonzero(train)), []
    features: list[str] = []
    columns: list[str] = []
    for column in use:
        if column not in (target, *classes) and len(use) > 1 and counts_rows(table, column):
            remarks.append(f"{column} counts the rows and says nothing of them: left out")
            continue
        if table.is_number(column) and column not in classes:
            found = [column] if column == target else _number(seen, column, remarks)
        else:
            found = _classes(seen, column, remarks, limited=column != target)
        features += found
        columns += [column] if found else []
    within = times[train]
    if within.max() - within.min() >= 0.95 * YEAR:  # a cycle that was never seen whole cannot be learnt
        features += ["season (sine)", "season (cosine)"]
    if len(np.unique(_of_day(within))) > 1:
        features += ["hour (sine)", "hour (cosine)"]
    added = [name for name in ("season", "hour") if f"{name} (sine)" in features]
    some = ", ".join(columns[:SHOWN]) + (" …" if columns[SHOWN:] else "")
    remarks.append(f"inputs: {some}" + (f"; and from the time: {', '.join(added)}" if added else ""))
    return tuple(features), tuple(remarks)


def counts_rows(table: Table, column: str) -> bool:
    """Whether a column goes up by one a row, in the order of the file or of time; anew in each series.

    A table of a few rows shows nothing.
    """
    cells = table.cells[column]
    if len(table.rows) < ENOUGH or cells.strange[table.codes[column]].any():
        return False
    values = cells.numbers[table.codes[column]]
    for order in (np.argsort(table.rows, kind="stable"), np.arange(len(values))):
        found = values[order]
        if ((np.diff(found) == 1) | (found[1:] == found[0])).all() and found[0] != found[1]:
            return True
    return False


def encode(table: Table, features: Sequence[str], times: np.ndarray) -> np.ndarray:
    """(row, feature) float32; NaN where the table has no value, 0 for a class that is no feature.

    Raises:
        DataError: columns that are not there, or text in a column of numbers.
    """
    columns = [_column(name, table) for name in features]
    missing = sorted({name for name, column in zip(features, columns, strict=True) if column is None})
    if missing:
        raise DataError(
            f"{table.path} has no column for {', '.join(missing)}; it has {', '.join(table.columns)}.\n"
            "  Give it the columns that the network was trained on."
        )
    out = np.empty((len(times), len(features)), np.float32)
    for place, (name, column) in enumerate(zip(features, columns, strict=True)):
        if name in table.cells:
            out[:, place] = _held(table.numbers(name), name, table)
        elif column:
            codes, classes = table.texts(column)
            value = name.removeprefix(f"{column}=")
            wanted = classes.index(value) if value in classes else len(classes)
            out[:, place] = np.where(codes < 0, np.nan, codes == wanted)
        else:
            out[:, place] = CYCLES[name](times)
    return out


def _held(values: np.ndarray, name: str, table: Table) -> np.ndarray:
    """A column, unless float32 cannot hold its numbers."""
    if (large := np.abs(values) > np.finfo(np.float32).max).any():
        raise DataError(
            f"{table.path}: column '{name}' holds {values[large][0]:g}, more than float32 can hold.\n"
            "  Give it in another unit, or leave the cell empty."
        )
    return values


def unknown_texts(table: Table, features: Sequence[str]) -> tuple[str, ...]:
    """Say which texts of the table are no features: a network that knows nothing of them sees 0 for each."""
    said = []
    for column in dict.fromkeys(_column(name, table) for name in features if name not in table.cells):
        if not column:
            continue
        known = {name.removeprefix(f"{column}=") for name in features if name.startswith(f"{column}=")}
        new = [text for text in table.texts(column)[1] if text not in known]
        if new:
            some = ", ".join(sorted(new, key=natural)[:5])
            said.append(f"{column} holds texts that training has not seen, which count as no value: {some}")
    return tuple(said)


def carried(values: np.ndarray, run: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fill missing values with the last one known, up to `CARRIED` rows back in the same run.

    Args:
        values: (row, feature), in the order of time, NaN where missing.
        run: (row,) number of the run.

    Returns:
        The filled values, and (row,) bool: rows in which something was filled.

    >>> filled, where = carried(np.array([[1.0], [np.nan], [3.0]]), np.zeros(3, int))
    >>> filled.ravel(), where
    (array([1., 1., 3.]), array([False,  True, False]))
    """
    missing = np.isnan(values)
    if not missing.any():
        return values, np.zeros(len(values), bool)
    row = np.arange(len(values))[:, None]
    known = np.maximum.accumulate(np.where(missing, -1, row), axis=0)  # (row, feature), −1: none so far
    near = (known >= 0) & (row - known <= CARRIED) & (run[known] == run[:, None])
    filled = np.where(near, np.take_along_axis(values, np.maximum(known, 0), axis=0), np.nan)
    return filled.astype(values.dtype), (missing & near).any(axis=1)


def _column(name: str, table: Table) -> str | None:
    """The column that a feature is from; "" for one that is made from the time, None where there is none."""
    if name in table.cells:
        return name
    if name in CYCLES:
        return ""
    return max((column for column in table.cells if name.startswith(f"{column}=")), key=len, default=None)


def _number(seen: Table, column: str, remarks: list[str]) -> list[str]:
    values = seen.numbers(column)
    missing = np.isnan(values)
    if missing.mean() > MOSTLY:
        remarks.append(f"{column} is empty in most training rows: left out")
        return []
    if np.nanmin(values) == np.nanmax(values):
        remarks.append(f"{column} is the same in all training rows: it cannot tell anything")
    return [column]


def _classes(seen: Table, column: str, remarks: list[str], limited: bool) -> list[str]:
    codes, classes = seen.texts(column)
    if limited and (codes < 0).mean() > MOSTLY:
        remarks.append(f"{column} is empty in most training rows: left out")
        return []
    if limited and len(classes) > MOST_CLASSES:
        remarks.append(f"{column} has {len(classes):,} different texts, too many for classes: left out")
        return []
    if limited and len(classes) == 1:
        remarks.append(f"{column} is the same in all training rows: it cannot tell anything")
    return [f"{column}={name}" for name in sorted(classes, key=natural)]
