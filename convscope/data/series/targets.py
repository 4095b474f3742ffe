"""The column that is predicted: which one, and whether it holds classes or amounts."""

from typing import NamedTuple

import numpy as np
from torch import Tensor

from convscope.data.names import natural
from convscope.data.series.timeline import Timeline, demand
from convscope.data.text.columns import Table
from convscope.errors import DataError

OBVIOUS = ("target", "label", "y")
FEW_VALUES = 20  # whole numbers up to which they are classes; more are amounts


class Labels(NamedTuple):
    """The target of every row.

    Attributes:
        values: (row,) float64, a class's number or an amount; NaN where missing.
        classes: names of the classes, naturally sorted; none for amounts.
        said: what was decided.
    """

    values: np.ndarray
    classes: tuple[str, ...]
    said: str


def column(line: Timeline) -> str:
    """The column to predict: the one that the person named, or the only one with an obvious name.

    Raises:
        DataError: it is not there, or not obvious; lists the columns to choose from.
    """
    table, settings = line.table, line.settings
    if settings.target is not None:
        return demand(table, settings.target, "target")
    others = [name for name in table.columns if name not in (*line.time, settings.series)]
    obvious = [name for name in others if name.casefold() in OBVIOUS]
    if len(obvious) == 1 or len(others) == 1:
        return (obvious or others)[0]
    raise DataError(
        f"{table.path} does not say what to predict: choose one of the columns {', '.join(others)}.\n"
        f"  For example: --target {(others or ['NAME'])[-1]}"
    )


def labels(table: Table, target: str) -> Labels:
    """Classes for text and few whole numbers, amounts for other numbers.

    Raises:
        DataError: text in a column of numbers, or a single class.
    """
    if table.is_number(target):
        values = table.numbers(target)
        distinct = np.unique(values[np.isfinite(values)])
        whole = bool((distinct % 1 == 0).all())
        if not whole or len(distinct) > FEW_VALUES:
            many = f": {len(distinct):,} whole numbers are too many for classes" if whole else ""
            return Labels(values, (), f"target: the amount of {target}{many}")
    codes, found = table.texts(target)
    if len(found) < 2:
        raise DataError(
            f"{table.path}: column '{target}' holds {len(found)} class: there is nothing to tell apart.\n"
            "  Choose another target."
        )
    classes = tuple(sorted(found, key=natural))
    place = np.array([*(classes.index(name) for name in found), np.nan])  # (class + 1,), the last for missing
    return Labels(place[codes], classes, f"target: {target}, {len(classes)} classes")


def truth(table: Table, target: str, amounts: bool) -> list[str | float | None]:
    """What each row's target is: a class's name or an amount; None where missing."""
    if amounts:
        return [None if np.isnan(value) else value for value in table.numbers(target).tolist()]
    codes, classes = table.texts(target)
    return [None if code < 0 else classes[code] for code in codes]


def unseen(labels: Labels, rows: np.ndarray, train: Tensor) -> list[str]:
    """Say which classes cannot be learnt, because they come later only.

    Args:
        labels: of every row.
        rows: (sample,) the row of each sample's target.
        train: samples of the training part.
    """
    seen = set(labels.values[rows[train.numpy()]].tolist())
    late = [name for number, name in enumerate(labels.classes) if number not in seen]
    return [f"not in the training part, so it cannot be learnt: {', '.join(late)}"] if late else []
