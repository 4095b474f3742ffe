"""What is learnt: classes or amounts, told by the labels and by what the person said."""

from collections.abc import Mapping, Sequence

import numpy as np

from convscope.data.dataset import ARRAYS
from convscope.data.text import numbers as written
from convscope.errors import DataError
from convscope.settings import DataSettings

FEW_VALUES = 20  # whole numbers up to which they are classes; more are amounts
SOME = 10  # different labels, from which on nearly as many labels as samples are no classes


def amounts(labels: Sequence[str], target: str | None, source: object) -> np.ndarray | None:
    """The labels as numbers, where the person named their column as target and they are no classes.

    Args:
        labels: one a sample, none of them empty.
        target: what `--target` says; None: the labels are classes.
        source: where they come from, for messages.

    Returns:
        (sample,) float64; None: they are words or few whole numbers, classes.

    Raises:
        DataError: text among numbers.

    >>> amounts(["0.5", "2"], "price", "waves.csv").tolist(), amounts(["1", "2"], "kind", "waves.csv")
    ([0.5, 2.0], None)
    """
    if target is None:
        return None
    distinct = dict.fromkeys(labels)
    numbers = {label: value for label in distinct if (value := number(label)) is not None}
    if not numbers or len(numbers) < len(distinct) / 2:
        return None
    if len(numbers) < len(distinct):
        text = next(label for label in distinct if label not in numbers)
        raise DataError(
            f"{source}: the target '{target}' holds numbers, but also '{text}'.\n"
            "  Correct these cells, or leave them empty."
        )
    if may_be_classes(numbers) and not (len(numbers) > SOME and 2 * len(numbers) > len(labels)):
        return None
    return np.array([numbers[label] for label in labels])


def in_32_bits(values: np.ndarray, what: str) -> np.ndarray:
    """Amounts as they are learnt, float32.

    Args:
        values: (sample,) at least one, finite.
        what: they are, for messages.

    Raises:
        DataError: as float32 all of them are one, though they are not, or some are infinite.

    >>> in_32_bits(np.array([0.5, 2]), "the prices")
    array([0.5, 2. ], dtype=float32)
    """
    with np.errstate(over="ignore", under="ignore"):
        short = values.astype(np.float32)
    if not np.isfinite(short).all() or (short == short[:1]).all() > (values == values[:1]).all():
        raise DataError(
            f"{what}, from {values.min():g} to {values.max():g}, cannot be told apart in 32"
            " bits, in which they are learnt.\n  Subtract their mean, and divide by their spread."
        )
    return short


def may_be_classes(numbers: Mapping[str, float], lacking: bool = False) -> bool:
    """Whether the numbers of a column may be classes: few whole ones, counted from 0 or 1, or -1, 0 and 1.

    Args:
        numbers: the different cells as they are written → their values.
        lacking: whether cells are empty: then pandas writes whole numbers with a decimal point.

    >>> may_be_classes({"0": 0, "7": 7}), may_be_classes({"0.0": 0, "7.0": 7}), may_be_classes({"-7": -7})
    (True, False, False)
    """
    values = set(numbers.values())
    if values <= {-1, 0, 1}:
        return True
    if min(values) < 0 or (not lacking and any("." in text for text in numbers)):
        return False
    return len(values) <= FEW_VALUES and all(value == round(value) for value in values)


def demand_classes(labels: Sequence[str], settings: DataSettings, source: object) -> None:
    """Refuse labels that can be no classes to learn: nearly all are different, or numbers with a fraction.

    Data that are judged as a whole (no share for validation and test) may have one sample of many classes.

    Raises:
        DataError: they are no classes; says what to do.

    >>> demand_classes(["a", "b"] * 9, DataSettings(), "waves.csv")
    """
    if not settings.val and not settings.test:
        return
    counts = len(labels), len(set(labels))
    numbers = {label: number(label) for label in dict.fromkeys(labels)}
    if counts[1] > SOME and 2 * counts[1] > counts[0]:
        what = f"{counts[1]:,} different labels for {counts[0]:,} samples"
    elif odd := [each for each in numbers.values() if each is None or each != round(each)]:
        if None in odd:
            return
        what = f"the label {odd[0]:g}, which is no whole number"
    else:
        return
    if settings.target is not None:
        text = next((label for label, value in numbers.items() if value is None), None)
        why = "" if text is None else f", and '{text}' is not read as a number"
        other = "" if source == ARRAYS else ", or name another column: --target NAME"
        raise DataError(
            f"{source}: the target '{settings.target}' holds {what}: no classes{why}.\n"
            f"  Write its numbers plainly, such as 3.1{other}."
        )
    amounts = all(value is not None or written.is_one(label) for label, value in numbers.items())
    kind, option = ("amounts", "target") if amounts else ("names", "label")
    if source != ARRAYS:
        raise DataError(
            f"{source} holds {what}: {kind}, no classes.\n  Name the column to learn: --{option} NAME."
        )
    told = 'Say what they are amounts of: target="NAME".' if amounts else "Give each sample its class."
    raise DataError(f"the arrays hold {what}: {kind}, no classes.\n  {told}")


def number(text: str) -> float | None:
    """A finite number, however computers write it; None where a text is none."""
    try:
        value = written.of_computers(text)
    except ValueError:
        return None
    return value if np.isfinite(value) else None
