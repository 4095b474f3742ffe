"""Columns that only count the rows of a recording, or tell their time: no channels."""

from collections.abc import Iterator, Sequence

import numpy as np

from convscope.data.signals.roles import ColumnRoles, listed
from convscope.data.text.columns import Table

LEAST = 8  # rows of a recording that show it
SAME = 0.01  # share by which the steps of two recordings may differ


def without(found: ColumnRoles, tables: Sequence[Table], unit: str | None) -> ColumnRoles:
    """The columns, without those that rise by the same step in every recording, which are said.

    Args:
        found: of the first table.
        tables: all of them.
        unit: the column that tells the recordings of a table apart.
    """
    there = [table for table in tables if all(name in table.cells for name in found.values)]
    steady = [name for name in found.values if _is_steady(name, there, unit)]
    if not steady or len(steady) == len(found.values):
        return found
    values = tuple(name for name in found.values if name not in steady)
    what = "rises by the same step from row to row and is" if len(steady) == 1 else "rise evenly and are"
    said = f"column{'s' * (len(steady) > 1)} {listed(steady)} {what} no channel: a time, or a running number"
    return found._replace(values=values, said=(*found.said, said))


def _is_steady(name: str, tables: Sequence[Table], unit: str | None) -> bool:
    first = None
    for values in (values for table in tables for values in _recordings(table, name, unit)):
        step = _step(values)
        if step is None:
            return False
        first = first or step
        if abs(step - first) > SAME * first:
            return False
    return first is not None


def _recordings(table: Table, name: str, unit: str | None) -> Iterator[np.ndarray]:
    """The values of a column, (row,), for each recording."""
    values = table.numbers(name)
    if unit is None or unit not in table.cells:
        yield values
        return
    codes, _ = table.distinct(unit)
    order = np.argsort(codes, kind="stable")
    yield from np.split(values[order], np.flatnonzero(np.diff(codes[order])) + 1)


def _step(values: np.ndarray) -> float | None:
    """By which values rise from one to the next, rounded as they may be; None where they do not evenly."""
    if len(values) < LEAST or not np.isfinite(values).all() or not (np.diff(values) > 0).all():
        return None
    step = (values[-1] - values[0]) / (len(values) - 1)
    line = values[0] + step * np.arange(len(values))
    return float(step) if (np.abs(values - line) < step).all() else None
