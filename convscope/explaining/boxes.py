"""Boxes of indices: which part of a tensor a unit depends on.

A box is an int64 array (..., axis, 2): for each axis the first index and the one behind the last. All
functions
here and in `ops/` work on many boxes at once (leading axes), since a receptive field is asked for every
operation of a network in one sweep. A box may stick out of its tensor (padding); only `clip` cuts it.
"""

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.int64]


def whole(shape: tuple[int, ...], like: Boxes) -> Boxes:
    """The box that is all of a tensor, as often as there are boxes in `like`."""
    one = np.stack([np.zeros(len(shape), np.int64), np.array(shape, np.int64)], axis=-1).reshape(
        len(shape), 2
    )
    return np.broadcast_to(one, (*like.shape[:-2], len(shape), 2)).copy()


def unit(index: tuple[int, ...]) -> Boxes:
    """The box of one element, (axis, 2).

    >>> unit((3, 7)).tolist()
    [[3, 4], [7, 8]]
    """
    start = np.array(index, np.int64).reshape(-1)
    return np.stack([start, start + 1], axis=-1)


def hull(first: Boxes, second: Boxes) -> Boxes:
    """The smallest boxes that hold both; none of them is empty."""
    low, high = np.minimum(first[..., 0], second[..., 0]), np.maximum(first[..., 1], second[..., 1])
    return np.stack([low, high], axis=-1)


def empty(axes: int, count: int) -> Boxes:
    """Boxes without an element, (count, axis, 2)."""
    return np.zeros((count, axes, 2), np.int64)


def is_empty(boxes: Boxes) -> NDArray[np.bool_]:
    """Which boxes hold nothing; a box without axes (a single number) holds it unless marked otherwise."""
    return np.asarray((boxes[..., 1] <= boxes[..., 0]).any(axis=-1))


def clip(boxes: Boxes, shape: tuple[int, ...]) -> Boxes:
    """The part that lies inside the tensor."""
    return np.clip(boxes, 0, np.array(shape, np.int64).reshape(-1)[:, None])


def windows(
    boxes: Boxes,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    padding: tuple[int, ...],
    dilation: tuple[int, ...],
) -> Boxes:
    """What sliding windows look at: boxes on the last axes of the output → boxes on those axes of the input.

    Position i of the output starts at i·stride − padding and reaches dilation·(kernel − 1) further.

    >>> windows(unit((3,)), (5,), (2,), (1,), (1,)).tolist()
    [[5, 10]]
    """
    step, pad = np.array(stride, np.int64), np.array(padding, np.int64)
    reach = np.array(dilation, np.int64) * (np.array(kernel, np.int64) - 1)
    result = boxes.copy()
    axes = len(stride)
    result[..., -axes:, 0] = boxes[..., -axes:, 0] * step - pad
    result[..., -axes:, 1] = (boxes[..., -axes:, 1] - 1) * step - pad + reach + 1
    return result
