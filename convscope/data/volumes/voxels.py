"""Volumes as arrays: brought to another size and type."""

from collections.abc import Sequence

import numpy as np

from convscope.data.dataset import DataSettings
from convscope.errors import DataError

VolumeSize = tuple[int, int, int]  # depth, height, width


HALF = float(np.finfo(np.float16).max)
LOSS = 1e-3  # of the range of the values: what may be lost where they are stored as float16


def holds(values: np.ndarray, span: float) -> bool:
    """Whether float16 is enough for values of this range.

    >>> [holds(np.float32([0, high]), high) for high in (3071.0, 1e6, 1e-9)]
    [True, False, False]
    """
    return max(float(np.abs(halved(part) - part).max()) for part in values) <= LOSS * span


def halved(values: np.ndarray) -> np.ndarray:
    """float32 → float16; what is larger than float16 can hold becomes its largest number."""
    return values.clip(-HALF, HALF).astype(np.float16)


def wanted_size(settings: DataSettings) -> VolumeSize | None:
    """The size that the person asked for; None where it was left open.

    Raises:
        DataError: it is not a depth, a height and a width.
    """
    if settings.size is None:
        return None
    if len(settings.size) != 3 or min(settings.size) < 1:
        raise DataError(
            f"volumes need a size of (depth, height, width), each at least 1; got {settings.size}."
        )
    return settings.size[0], settings.size[1], settings.size[2]


def resampled(volume: np.ndarray, size: Sequence[int]) -> np.ndarray:
    """Bring each of the last axes to its size by itself: linear, and where it shrinks averaged.

    Enlarging gives what `scipy.ndimage.zoom(…, order=1, grid_mode=True, mode="nearest")` gives; shrinking
    widens the triangle of weights by as much, as Pillow does for pictures, so that no voxel is passed over.

    Args:
        volume: (channel, depth, height, width), any numbers.
        size: of the last axes.

    Returns:
        The same type; whole numbers are rounded.

    >>> resampled(np.array([[[[0, 1, 4, 5]]]], np.uint8), (1, 1, 2))
    array([[[[1, 4]]]], dtype=uint8)
    """
    first = volume.ndim - len(size)
    values = volume.astype(np.float32)
    # The axis that shrinks most comes first: less is left to do for the others.
    for axis in sorted(range(len(size)), key=lambda axis: size[axis] / volume.shape[first + axis]):
        have, wanted = volume.shape[first + axis], size[axis]
        if have != wanted:
            moved = np.moveaxis(values, first + axis, -1) @ _weights(have, wanted).T
            values = np.moveaxis(moved, -1, first + axis)
    if volume.dtype.kind in "ui":
        values = np.rint(values)  # weights are positive with sum 1: nothing leaves the range
    return np.ascontiguousarray(values, dtype=volume.dtype)


def _weights(have: int, wanted: int) -> np.ndarray:
    """What each old position gives to each new one: (wanted, have), float32, rows of sum 1."""
    step = have / wanted
    centre = (np.arange(wanted) + 0.5) * step - 0.5  # (wanted,), in old positions
    reach = max(1.0, step)
    if step < 1:
        centre = centre.clip(0, have - 1)
    weights = np.maximum(0, 1 - np.abs(np.arange(have) - centre[:, None]) / reach)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
