"""y as scikit-learn has it → what is to be learnt, and the types of labels there and back."""

from collections.abc import Sequence

import numpy as np
import torch

from convscope.data import targets
from convscope.errors import DataError
from convscope.estimators.samples import Learnable


class OneClass(DataError, ValueError):  # noqa: N818 - reads as a sentence where it is raised
    """Labels that are all the same; scikit-learn expects a ValueError."""


def of_classes(y: np.ndarray) -> tuple[np.ndarray, Learnable]:
    """The classes as they are, ascending; and each sample's.

    Raises:
        OneClass: there is one class only.
    """
    classes, numbers = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise OneClass(
            f"y holds one class only, {classes[0]!r}: nothing is to be told apart.\n"
            "  Give samples of two classes at least."
        )
    return classes, Learnable(torch.from_numpy(numbers.astype(np.int64)), tuple(map(str, classes.tolist())))


def of_amounts(y: np.ndarray, name: str) -> Learnable:
    """Numbers to be learnt as they are."""
    return Learnable(torch.from_numpy(targets.in_32_bits(y.astype(np.float64), "the targets")), (name,))


def restored(names: Sequence[str], labels: str | None) -> np.ndarray:
    """The classes of a run in the type that the labels had; None: whole numbers, if all of them are.

    >>> restored(["3", "7"], None), restored(["False", "True"], "bool")
    (array([3, 7]), array([False,  True]))
    """
    if labels is None:
        whole = all(name.isascii() and name.isdigit() and str(int(name)) == name for name in names)
        return np.array([int(name) for name in names]) if whole else np.array(names)
    kind = np.dtype(labels)
    if kind.kind == "b":
        return np.array([name == "True" for name in names])
    return np.array(names).astype(kind)
