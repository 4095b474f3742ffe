"""Arrays, in memory or in an .npz file → Dataset."""

import ast
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from convscope.data import split
from convscope.data.dataset import PARTS, Dataset, DataSettings
from convscope.data.memory import refuse_too_large
from convscope.data.names import Numbered, natural
from convscope.data.resize import resized
from convscope.errors import DataError
from convscope.shapes import show

CHANNELS = (1, 3, 4)  # grey, colour, colour with alpha


def from_arrays(
    inputs: Any,
    labels: Any,
    settings: DataSettings = DataSettings(),
    *,
    given: Mapping[str, int] | None = None,
    groups: Sequence | None = None,
    classes: Sequence[str] | None = None,
    source: str = "arrays",
) -> Dataset:
    """Make a dataset of pictures that are already arrays.

    Args:
        inputs: (sample, height, width), (sample, channel, height, width) or (sample, height, width, channel) with
            1, 3 or 4 channels; NumPy, torch or nested lists. uint8 is kept as it is, and whole numbers from 0 to 255
            become uint8; everything else becomes float32. Alpha, the fourth channel, is dropped.
        labels: (sample,) whole numbers or text, or one-hot (sample, class).
        settings: `size` and `channels` change the pictures if they are given; the shares say how rows are split.
        given: how many rows belong to "train", "val" and "test", in the order of the rows; None to split them all.
        groups: one value a row; rows of one group all go to the same part.
        classes: names for the whole numbers 0, 1, 2 …; by default their digits.
        source: where the arrays come from, for messages and reports.

    Raises:
        DataError: shapes, types or values that cannot be pictures and their labels; the message says which.

    >>> data = from_arrays(np.zeros((10, 8, 8), np.uint8), ["cat", "dog"] * 5)
    >>> data.inputs.shape, data.classes, data.counts("train")
    (torch.Size([10, 1, 8, 8]), ('cat', 'dog'), [3, 3])
    """
    pictures, remarks = as_pictures(inputs, source)
    numbers, names = as_labels(labels, len(pictures), source, classes)
    pictures = resized(pictures, settings)
    parts = None if given is None else [name for name, count in given.items() for _ in range(count)]
    return Dataset(
        inputs=pictures,
        labels=numbers,
        classes=names,
        parts=split.parts(numbers, settings, given=parts, groups=groups),
        kind="image",
        source=source,
        names=Numbered(given or {"row": len(pictures)}),
        settings=settings.model_copy(update={"size": tuple(pictures.shape[2:]), "channels": pictures.shape[1]}),
        remarks=remarks,
    )


def as_pictures(inputs: Any, source: str) -> tuple[Tensor, tuple[str, ...]]:
    """Bring arrays of pictures into one form: (sample, channel, height, width), uint8 or float32; and say what was done."""
    array = _numbers(inputs, f"the inputs of {source}")
    array, remarks = _channel_first(array, source)
    if array.dtype == np.bool_:
        array = array.astype(np.uint8)
    if array.dtype != np.uint8:
        array, remark = _kept_or_float(array, source)
        remarks += remark
    return torch.from_numpy(np.ascontiguousarray(array)), remarks


def _numbers(values: Any, what: str) -> np.ndarray:
    """An array of real numbers, or an error that says why not."""
    array = _array(values, what)
    if array.dtype.kind not in "buif":
        raise DataError(f"{what} are of type {array.dtype}; expected numbers.\n  Convert them to uint8 or float32.")
    return array


def _array(values: Any, what: str) -> np.ndarray:
    if isinstance(values, Tensor):
        values = values.detach().cpu()
        return values.float().numpy() if values.dtype == torch.bfloat16 else values.numpy()
    try:
        array = np.asarray(values)
    except ValueError as error:  # rows of different length
        raise DataError(f"{what} are no regular array: {error}.\n  All samples must have one shape.") from error
    if array.dtype.kind == "O":
        raise DataError(f"{what} are Python objects, not numbers.\n  Give all samples one shape and a numeric type.")
    return array


def _channel_first(array: np.ndarray, source: str) -> tuple[np.ndarray, tuple[str, ...]]:
    shape = array.shape
    if len(shape) not in (3, 4) or 0 in shape:
        raise DataError(
            f"the inputs of {source} have shape {show(shape) or 'of one number'}; expected sample × height × width,\n"
            "  with an axis of 1, 3 or 4 channels before or after the picture, and at least one sample."
        )
    if len(shape) == 3:
        return array[:, None], ()
    first, last = shape[1] in CHANNELS, shape[3] in CHANNELS
    if first == last:
        raise DataError(
            f"the inputs of {source} have shape {show(shape)}; {'both' if first else 'neither'} the second and the last"
            " axis can be the channels (1, 3 or 4).\n  Bring them into the form sample × channel × height × width."
        )
    if last:
        array = array.transpose(0, 3, 1, 2)
    if array.shape[1] == 4:
        return array[:, :3], ("the fourth channel (alpha) was dropped",)
    return array, ()


def _kept_or_float(array: np.ndarray, source: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Numbers other than uint8: to uint8 if that loses nothing of whole numbers, else to float32."""
    if array.dtype.kind in "ui" and array.min() >= 0 and array.max() <= 255:
        return array.astype(np.uint8), (f"{array.dtype} values from 0 to 255 were stored as uint8",)
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is found below
        values = array.astype(np.float32)
    bad = ~np.isfinite(values).reshape(len(values), -1).all(axis=1)  # (sample,)
    if bad.any():
        raise DataError(
            f"{bad.sum():,} of {len(values):,} samples of {source} hold NaN, infinite or too large numbers,"
            f" the first in row {int(bad.argmax())}.\n  Leave these rows out or fill them."
        )
    same = array.dtype == np.float32
    return values, () if same else (f"{array.dtype} values were stored as float32",)


def as_labels(
    labels: Any, count: int, source: str, classes: Sequence[str] | None = None
) -> tuple[Tensor, tuple[str, ...]]:
    """Bring labels into one form: (sample,) int64 class numbers, and the names of the classes in natural order."""
    array = _array(labels, f"the labels of {source}")
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 2:
        array = _from_one_hot(array, source)
    if array.ndim != 1 or len(array) != count:
        raise DataError(
            f"{source} has {count:,} samples, but labels of shape {show(array.shape) or 'of one value'}.\n"
            "  Give one label for each sample."
        )
    if array.dtype.kind == "f":
        array = _whole(array, source)
    if array.dtype.kind not in "buiUS":
        raise DataError(f"the labels of {source} are of type {array.dtype}; expected whole numbers or text.")
    if classes is not None:
        return _named(array, classes, source)
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8", "replace")
    values, numbers = np.unique(array, return_inverse=True)
    if array.dtype.kind == "U":
        order = sorted(range(len(values)), key=lambda index: natural(str(values[index])))
        place = np.empty(len(values), np.int64)
        place[order] = np.arange(len(values))
        values, numbers = values[order], place[numbers]
    return torch.from_numpy(numbers.astype(np.int64)), tuple(str(value) for value in values)


def _from_one_hot(array: np.ndarray, source: str) -> np.ndarray:
    bad = (((array != 0) & (array != 1)).any(axis=1)) | (array.sum(axis=1) != 1) if array.dtype.kind in "buif" else [True]
    if np.any(bad):
        raise DataError(
            f"the labels of {source} have shape {show(array.shape)} but are not one-hot: row {int(np.argmax(bad))} is not"
            " a single 1 among 0s.\n  Give one label for each sample."
        )
    return array.argmax(axis=1)


def _whole(array: np.ndarray, source: str) -> np.ndarray:
    bad = ~np.isfinite(array) | (array != np.round(array))
    if bad.any():
        row = int(bad.argmax())
        raise DataError(
            f"{int(bad.sum()):,} labels of {source} are not whole numbers, the first in row {row}: {array[row]}.\n"
            "  convscope sorts into classes: give each class a whole number or a name."
        )
    return array.astype(np.int64)


def _named(array: np.ndarray, classes: Sequence[str], source: str) -> tuple[Tensor, tuple[str, ...]]:
    if array.dtype.kind not in "bui" or (len(array) and not 0 <= int(array.min()) <= int(array.max()) < len(classes)):
        raise DataError(
            f"{source} names {len(classes)} classes, but its labels are not whole numbers from 0 to {len(classes) - 1}.\n"
            "  Give a name for each class, or no names."
        )
    return torch.from_numpy(array.astype(np.int64)), tuple(classes)
