"""The column that is predicted: which one, and whether it holds classes or amounts."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from torch import Tensor

from convscope.data import targets as kinds
from convscope.data.names import natural
from convscope.data.series.features import counts_rows
from convscope.data.series.timeline import Timeline, demand
from convscope.data.text.columns import Table
from convscope.errors import DataError

OBVIOUS = ("target", "label", "y")
MANY = 10  # classes, from which on nearly as many as rows are none


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
    if settings.label is not None and settings.target not in (None, settings.label):
        raise DataError(
            f"the label is the column '{settings.label}', the target '{settings.target}'; a sequence has only"
            " one of them.\n  Give --label for classes, or --target for what is there."
        )
    wanted = settings.target if settings.target is not None else settings.label
    if wanted is not None:
        return demand(table, wanted, "target" if settings.label is None else "label")
    others = [name for name in table.columns if name not in (*line.time, settings.series)]
    obvious = [name for name in others if name.casefold() in OBVIOUS]
    if len(obvious) == 1 or len(others) == 1:
        return (obvious or others)[0]
    raise DataError(
        f"{table.path} does not say what to predict: choose one of the columns {', '.join(others)}.\n"
        f"  For example: --target {_telling(table, others)}"
    )


def _telling(table: Table, names: Sequence[str]) -> str:
    """The last column whose cells differ and are no running numbers."""
    telling = (name for name in reversed(names) if len(table.distinct(name)[1]) > 1)
    return next((name for name in telling if not counts_rows(table, name)), "NAME")


def labels(table: Table, target: str, *, classes: bool = False) -> Labels:
    """Classes for text and few whole numbers, amounts for other numbers.

    Args:
        table: all rows.
        target: the column.
        classes: they are classes, even if they are many numbers.

    Raises:
        DataError: text in a column of numbers, a single class, or nearly as many classes as rows.
    """
    if not classes and table.is_number(target):
        values = table.numbers(target)
        distinct = np.unique(values[np.isfinite(values)])
        with_unit = bool(table.cells[target].written.said)  # 60 % is an amount, however few there are
        few = len(distinct) <= kinds.FEW_VALUES and not with_unit
        if not few or not kinds.may_be_classes(_written(table, target), bool(table.missing(target).any())):
            kinds.in_32_bits(distinct, f"{table.path}: the amounts of {target}")
            many = len(distinct) > kinds.FEW_VALUES and bool((distinct % 1 == 0).all()) and not with_unit
            why = f": {len(distinct):,} whole numbers are too many for classes" if many else ""
            return Labels(values, (), f"target: the amount of {target}{why}")
    codes, found = table.texts(target)
    if len(found) < 2:
        raise DataError(
            f"{table.path}: column '{target}' holds {len(found)} class: there is nothing to tell apart.\n"
            "  Choose another target."
        )
    rows = int((codes >= 0).sum())
    if len(found) > MANY and 2 * len(found) > rows:
        raise DataError(
            f"{table.path}: column '{target}' holds {len(found):,} different texts in {rows:,} rows, such as"
            f" '{found[0]}' and '{found[1]}': they are no classes.\n"
            + (f"  Predict the amount: --target {target}." if classes else "  Choose another target.")
        )
    names = tuple(sorted(found, key=_order))
    number = {name: place for place, name in enumerate(names)}
    place = np.array([*(number[name] for name in found), np.nan])  # (class + 1,), the last for missing
    return Labels(place[codes], names, f"target: {target}, {len(names)} classes")


def _written(table: Table, target: str) -> dict[str, float]:
    """The different numbers of a column as they are written, and their values; at least one."""
    _, texts = table.distinct(target)
    values = dict(zip(table.cells[target].texts, table.cells[target].numbers.tolist(), strict=True))
    return {text: values[text] for text in texts if np.isfinite(values[text])} or {"0": 0.0}


def _order(name: str) -> tuple:
    """Sort key of classes: those below 0 first, by their size; then in natural order."""
    value = kinds.number(name)
    return (0, value, natural(name)) if value is not None and value < 0 else (1, 0, natural(name))


def truth(table: Table, target: str, amounts: bool) -> list[str | float | None]:
    """What each row's target is: a class's name or an amount; None where missing."""
    if target not in table.cells:  # a new table need not say what is asked of it
        return [None] * len(table.rows)
    if amounts:
        return [None if np.isnan(value) else value for value in table.numbers(target).tolist()]
    codes, classes = table.texts(target)
    return [None if code < 0 else classes[code] for code in codes]


def unseen(labels: Labels, rows: np.ndarray, parts: Mapping[str, Tensor]) -> list[str]:
    """Say which classes cannot be learnt, because they come later only, and which are not judged.

    Args:
        labels: of every row.
        rows: (sample,) the row of each sample's target.
        parts: train, val, test → samples.
    """
    if not labels.classes:
        return []
    seen = {part: set(labels.values[rows[samples.numpy()]].tolist()) for part, samples in parts.items()}
    missing = {
        part: [name for number, name in enumerate(labels.classes) if number not in there]
        for part, there in seen.items()
    }
    late = missing["train"]
    said = [f"not in the training part, so it cannot be learnt: {', '.join(late)}"] if late else []
    for part in ("val", "test"):
        lost = [name for name in missing[part] if name not in late]
        if lost and seen[part]:
            said.append(f"not in the {part} part, so it is not judged there: {_some(lost)}")
    return said


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
