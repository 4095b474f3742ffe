"""Arrays, in memory or in an .npz file → Dataset."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from convscope.data import split
from convscope.data.dataset import Dataset, DataSettings
from convscope.data.names import Numbered, natural
from convscope.data.resize import resized
from convscope.errors import DataError

CHANNELS = (1, 3, 4)  # grey, colour, colour with alpha


def from_arrays(
    inputs: ArrayLike | Tensor,
    labels: ArrayLike | Tensor,
    settings: DataSettings = DataSettings(),
    *,
    given: Mapping[str, int] | None = None,
    groups: Sequence | None = None,
    classes: Sequence[str] | None = None,
    source: str = "arrays",
) -> Dataset:
    """Make a dataset of pictures that are already arrays.

    Args:
        inputs: (sample, height, width), (sample, channel, height, width) or (sample, height, width, channel)
            with 1, 3 or 4 channels; NumPy, torch or nested lists. uint8 is kept as it is, whole numbers from
            0 to 255 become uint8, everything else float32. A fourth channel, transparency, is laid on white.
        labels: (sample,) whole numbers or text, or one-hot (sample, class).
        settings: `size` and `channels` change the pictures if they are given; the shares say how to split.
        given: how many rows belong to "train", "val" and "test", in the order of the rows; None: split all.
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
    stated = None if given is None else [name for name, count in given.items() for _ in range(count)]
    parts = split.parts(numbers, settings, given=stated, groups=groups)
    return Dataset(
        inputs=pictures,
        labels=numbers,
        classes=names,
        parts=parts,
        kind="image",
        source=source,
        names=Numbered(given or {"row": len(pictures)}),
        settings=settings.model_copy(
            update={"size": tuple(pictures.shape[2:]), "channels": pictures.shape[1]}
        ),
        remarks=(*remarks, *split.remarks(parts, given or ())),
    )


def as_pictures(inputs: ArrayLike | Tensor, source: str) -> tuple[Tensor, tuple[str, ...]]:
    """Bring pictures into the form (sample, channel, height, width), uint8 or float32; say what was done."""
    array = _channel_first(_numbers(inputs, f"the inputs of {source}"), source)
    remarks = ()
    if array.dtype != np.uint8:
        array, remarks = _bytes_or_floats(array, source)
    if array.shape[1] == 4:
        array, remarks = _on_white(array, source), (*remarks, "transparency was laid on white")
    # A copy only where memory is not in this order or may not be written
    return torch.from_numpy(np.require(array, requirements=["C", "W"])), remarks


def _numbers(values: ArrayLike | Tensor, what: str) -> np.ndarray:
    """An array of real numbers, or an error that says why not."""
    array = _array(values, what)
    if array.dtype.kind not in "buif":
        raise DataError(
            f"{what} are of type {array.dtype}; expected numbers.\n  Convert them to uint8 or float32."
        )
    return array


def _array(values: ArrayLike | Tensor, what: str) -> np.ndarray:
    if isinstance(values, Tensor):
        values = values.detach().cpu()
        return values.float().numpy() if values.dtype == torch.bfloat16 else values.numpy()
    try:
        array = np.asarray(values)
    except ValueError as error:  # rows of different length
        raise DataError(
            f"{what} are no regular array: {error}.\n  All samples must have one shape."
        ) from error
    if array.dtype.kind == "O":
        raise DataError(
            f"{what} are Python objects, not numbers.\n  Give all samples one shape and a numeric type."
        )
    return array


def _channel_first(array: np.ndarray, source: str) -> np.ndarray:
    shape = array.shape
    if len(shape) not in (3, 4) or 0 in shape:
        raise DataError(
            f"the inputs of {source} have shape {shape}; expected (sample, height, width), none of them 0.\n"
            "  An axis of 1, 3 or 4 channels may come before or after height and width."
        )
    if len(shape) == 3:
        return array[:, None]
    first, last = shape[1] in CHANNELS, shape[3] in CHANNELS
    if first == last:
        axes = "both the second and" if first else "neither the second nor"
        raise DataError(
            f"the inputs of {source} have shape {shape}: {axes} the last axis can be the channels.\n"
            "  Bring them into the form (sample, channel, height, width)."
        )
    return array.transpose(0, 3, 1, 2) if last else array


def _on_white(array: np.ndarray, source: str) -> np.ndarray:
    """(sample, 4, height, width) uint8 → (sample, 3, height, width), as files with transparency are read."""
    if array.dtype != np.uint8:
        raise DataError(
            f"the inputs of {source} have 4 channels of type {array.dtype}; red, green, blue and transparency"
            " are read as uint8 only.\n  Convert them to uint8, or to 1 or 3 channels."
        )
    out = np.empty((len(array), 3, *array.shape[2:]), np.uint8)
    for sample, picture in zip(out, array, strict=True):
        alpha = picture[3] / np.float32(255)
        sample[:] = np.rint(picture[:3] * alpha + 255 * (1 - alpha))
    return out


def _bytes_or_floats(array: np.ndarray, source: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Numbers other than uint8: to uint8 if that loses nothing of whole numbers, else to float32."""
    if array.dtype.kind in "bui" and array.min() >= 0 and array.max() <= 255:
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
    labels: ArrayLike | Tensor, count: int, source: str, classes: Sequence[str] | None = None
) -> tuple[Tensor, tuple[str, ...]]:
    """Bring labels into one form: class numbers, (sample,) int64, and the classes' names in natural order."""
    array = _array(labels, f"the labels of {source}")
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 2:
        array = _from_one_hot(array, source)
    if array.ndim != 1 or len(array) != count:
        raise DataError(
            f"{source} has {count:,} samples, but labels of shape {array.shape}.\n"
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
    bad = np.ones(len(array), bool)  # (sample,)
    if array.dtype.kind in "buif":
        bad = ((array != 0) & (array != 1)).any(axis=1) | (array.sum(axis=1) != 1)
    if bad.any():
        raise DataError(
            f"the labels of {source} have shape {array.shape} but are not one-hot: row {int(bad.argmax())} is"
            " not a single 1 among 0s.\n  Give one label for each sample."
        )
    return array.argmax(axis=1)


def _whole(array: np.ndarray, source: str) -> np.ndarray:
    bad = ~np.isfinite(array) | (array != np.round(array))  # (sample,)
    if bad.any():
        row = int(bad.argmax())
        raise DataError(
            f"{int(bad.sum()):,} labels of {source} are no whole numbers, first in row {row}: {array[row]}.\n"
            "  convscope sorts into classes: give each class a whole number or a name."
        )
    return array.astype(np.int64)


def _named(array: np.ndarray, classes: Sequence[str], source: str) -> tuple[Tensor, tuple[str, ...]]:
    if array.dtype.kind not in "bui" or array.min() < 0 or array.max() >= len(classes):
        raise DataError(
            f"{source} names {len(classes)} classes, but its labels are not whole numbers from 0 to"
            f" {len(classes) - 1}.\n  Give a name for each class, or no names."
        )
    return torch.from_numpy(array.astype(np.int64)), tuple(classes)
