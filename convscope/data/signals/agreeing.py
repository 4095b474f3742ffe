"""What must be the same in all rows of a sample, and what in none: its group, part and amount; its times."""

import numpy as np

from convscope.data.text.columns import Table
from convscope.errors import DataError

FEW = 0.1  # share of repeated times, from which on the clock is coarse, or recordings are mixed up
SHOWN = 5  # rows in a message


def one(
    table: Table, name: str, codes: np.ndarray, units: np.ndarray, unit: str | None, advice: str = ""
) -> np.ndarray:
    """The first row of each unit in which a column says something.

    Args:
        table: a row a moment.
        name: of the column.
        codes: (row,) the number of what each row says, −1 where it says nothing.
        units: (row,) the number of each row's sample or recording, from 0.
        unit: the column that tells these apart; None: there is a single one.
        advice: what else could be done.

    Returns:
        (unit,), −1 where there is none.

    Raises:
        DataError: rows of one unit say different things.
    """
    there = np.flatnonzero(codes >= 0)
    first = np.full(units.max(initial=0) + 1, -1)
    first[units[there][::-1]] = there[::-1]
    others = there[codes[there] != codes[first[units[there]]]]
    if len(others):
        row, before = int(others[0]), int(first[units[others[0]]])
        raise DataError(
            f"{table.path}: {_called(table, unit, row)} has two values in column '{name}':"
            f" '{table.cell(name, before)}' in row {table.rows[before]},"
            f" '{table.cell(name, row)}' in row {table.rows[row]}.\n"
            f"  Give all its rows the same one{advice}."
        )
    return first


def moments(
    table: Table, name: str, time: np.ndarray | None, units: np.ndarray, unit: str | None, cutting: bool
) -> list[str]:
    """Refuse a time that several rows of one unit have; where the clock is coarse, that is said.

    Args:
        table: a row a moment.
        name: of the column of times.
        time: (row,) its numbers, NaN where there is none; None: it holds text.
        units: (row,) the number of each row's sample or recording.
        unit: the column that tells these apart; None: there is a single one.
        cutting: whether windows are cut, to which a few rows of one time do no harm.

    Raises:
        DataError: see above.
    """
    rows = np.flatnonzero(~(table.missing(name) if time is None else np.isnan(time)))
    rows = rows[np.argsort(units[rows], kind="stable")]
    values = table.codes[name] if time is None else time
    _, codes = np.unique(values[rows], return_inverse=True)
    pairs = units[rows] * (codes.max(initial=0) + 1) + codes  # unit and time in one number
    _, first, place = np.unique(pairs, return_index=True, return_inverse=True)
    again = first[place] != np.arange(len(pairs))
    if not again.any():
        return []
    many = again.sum() > FEW * len(rows)
    in_order = (pairs[1:] == pairs[:-1]).sum() == again.sum()
    if (many and in_order) or (cutting and not many):
        return [f"column '{name}' has one time for several rows: these follow each other as in the file"]
    row = int(again.argmax())
    same = rows[pairs == pairs[row]]
    raise DataError(
        f"{table.path}: {_called(table, unit, int(same[0]))} has {table.cell(name, int(same[0]))} in column"
        f" '{name}' {len(same)} times, in the rows {', '.join(map(str, table.rows[same][:SHOWN]))}.\n"
        "  Keep one of them; or name the column that tells recordings apart, --sample NAME, or that of other"
        " times, --time NAME."
    )


def _called(table: Table, unit: str | None, row: int) -> str:
    return f"{unit} {table.cell(unit, row)}" if unit is not None else "the recording"
