"""Arrays, in memory or in an .npz file → Dataset."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from convscope.data import layout, signals, split, targets
from convscope.data.dataset import ARRAYS, Dataset, DataSettings, Kind
from convscope.data.files.groups import alike, on_alike
from convscope.data.names import Numbered, natural
from convscope.data.pictures.resize import resized
from convscope.data.volumes import voxels
from convscope.errors import DataError, got

ABSENT = ("NAType", "NaTType")  # as pandas says that something is missing
EXACT = 2.0**53  # beyond it not every whole number is a float64: such labels are amounts


def from_arrays(
    inputs: ArrayLike | Tensor,
    labels: ArrayLike | Tensor,
    settings: DataSettings = DataSettings(),
    *,
    given: Mapping[str, int] | None = None,
    groups: Sequence | None = None,
    classes: Sequence[str] | None = None,
    source: str = ARRAYS,
    kind: Kind | None = None,
) -> Dataset:
    """Make a dataset of samples that are already arrays: signals, pictures or volumes.

    Which of them, and which axis holds the channels, is told from the shape by the table in `layout`. Whole
    numbers from 0 to 255 become uint8 in pictures and volumes. All others become float32, in volumes float16
    if that keeps every value within a thousandth of their range.

    Args:
        inputs: samples first, 2 to 5 axes; NumPy, torch or nested lists. A fourth channel of pictures,
            transparency, is laid on white.
        labels: (sample,) whole numbers or text, or one-hot (sample, class): classes. Numbers with a fraction,
            or many different ones that `settings.target` names, are amounts.
        settings: `size` and `channels` change pictures, `size` volumes, if given; the rest says how to split.
        given: how many rows belong to "train", "val" and "test", in the order of the rows; None: split all.
        groups: one value a row; rows of one group all go to the same part.
        classes: names for the whole numbers 0, 1, 2 …; by default their digits.
        source: where the arrays come from, for messages and reports.
        kind: signal, image or volume, where the shape alone would tell another one.

    Raises:
        DataError: shapes, types or values that cannot be samples and their labels; the message says which.

    >>> data = from_arrays(np.zeros((10, 8, 8), np.uint8), ["cat", "dog"] * 5)
    >>> data.inputs.shape, data.classes, data.counts("train")
    (torch.Size([10, 1, 8, 8]), ('cat', 'dog'), [3, 3])
    """
    found, array, guessed = layout.arranged(as_numbers(inputs, f"the inputs of {source}"), source, kind)
    numbers, names, said = told(labels, len(array), source, classes, settings)
    samples, settings, stored = KINDS[found](array, settings, source)
    stated = None if given is None else [name for name, count in given.items() for _ in range(count)]
    each = torch.zeros(len(numbers), dtype=torch.int64) if numbers.is_floating_point() else numbers
    same = alike(groups) if groups is not None and all(isinstance(name, str) for name in groups) else {}
    own = None if groups is None else [same.get(name, name) for name in groups]
    parts = split.parts(each, settings, given=stated, groups=own)
    return Dataset(
        inputs=samples,
        labels=numbers,
        classes=names,
        parts=parts,
        kind=found,
        source=source,
        names=Numbered(given or {"row": len(samples)}),
        settings=settings,
        groups=() if own is None else tuple(map(str, own)),
        remarks=(
            *guessed,
            *stored,
            *said,
            *on_alike(same),
            *split.remarks(parts, given or (), own is not None, folded=bool(settings.fold)),
        ),
    )


Prepared = tuple[Tensor, DataSettings, tuple[str, ...]]  # inputs, settings with nothing open, remarks


def as_signals(array: np.ndarray, settings: DataSettings, source: str) -> Prepared:
    """(sample, channel, time) of any numbers → float32, gaps mended, in the length that is asked for."""
    inputs, remarks = signals.as_signals(array, settings, source)
    return inputs, replace(settings, length=inputs.shape[2]), remarks


def as_pictures(array: np.ndarray, settings: DataSettings, source: str) -> Prepared:
    """(sample, channel, height, width) of any numbers → uint8 or float32, in the size that is asked for."""
    values, remarks = _bytes_or_floats(array, source)
    if values.shape[1] == 4:
        values, remarks = _on_white(values, source), (*remarks, "transparency was laid on white")
    pictures = resized(_tensor(values), settings)
    chosen = {"size": tuple(pictures.shape[2:]), "channels": pictures.shape[1]}
    return pictures, replace(settings, **chosen), remarks


def as_volumes(array: np.ndarray, settings: DataSettings, source: str) -> Prepared:
    """(sample, channel, depth, height, width) of any numbers → uint8, float16 or float32."""
    if array.dtype != np.float16 or not np.isfinite(array).all():
        array, remarks = _bytes_or_floats(array, source)
    else:
        remarks = ()
    if array.dtype == np.float32 and voxels.holds(array, float(array.max() - array.min())):
        array, remarks = voxels.halved(array), ("values were stored as float16, half of float32",)
    size = voxels.wanted_size(settings) or array.shape[2:]
    if size != array.shape[2:]:
        array = np.stack([voxels.resampled(volume, size) for volume in array])
    channels = array.shape[1] if array.shape[1] in (1, 3) else None
    return _tensor(array), replace(settings, size=size, channels=channels), remarks


KINDS = {"signal": as_signals, "image": as_pictures, "volume": as_volumes}


def _tensor(array: np.ndarray) -> Tensor:
    """The array as a tensor; a copy only where its memory is of another order or may not be written."""
    return torch.from_numpy(np.require(array, array.dtype.newbyteorder("="), ["C", "W"]))


def as_numbers(values: ArrayLike | Tensor, what: str) -> np.ndarray:
    """What was handed over, as an array of real numbers.

    Raises:
        DataError: as `handed`, or it holds anything else.
    """
    array = _array(values, what)
    if array.dtype.kind not in "buif":
        raise DataError(
            f"{what} are of type {array.dtype}; expected numbers.\n  Convert them to uint8 or float32."
        )
    return array


def handed(values: Any, what: str) -> np.ndarray:  # noqa: ANN401 - whatever a person has at hand
    """What was handed over, as a plain array.

    Raises:
        DataError: values under a mask, rows of different length, or nothing that has numbers in memory.
    """
    if any(map(np.ma.is_masked, values if isinstance(values, list | tuple) else [values])):
        raise DataError(
            f"{what} have a mask, and what stands under it is no value.\n"
            "  Fill it (values.filled(0)), or leave these samples out."
        )
    try:
        if isinstance(values, Tensor):
            values = values.detach().cpu()
            return values.float().numpy() if values.dtype == torch.bfloat16 else values.numpy()
        return np.asarray(values)
    except ValueError as error:  # rows of different length
        raise DataError(
            f"{what} are no regular array: {error}.\n  All samples must have one shape."
        ) from error
    except Exception as error:  # sparse, quantized, nowhere (meta); an object may raise anything
        kind = type(values).__name__
        raise DataError(
            f"{what}, a {kind}, are no plain array: {str(error) or type(error).__name__}\n"
            "  Give a NumPy array, or a dense tensor."
        ) from error


def _array(values: ArrayLike | Tensor, what: str) -> np.ndarray:
    array = handed(values, what)
    if array.dtype.kind == "O" and all(isinstance(each, str) for each in array.flat):
        return array.astype(str)  # as pandas keeps text
    if array.dtype.kind == "O":
        raise DataError(f"{what} {_odd(array)}")
    return array


def _odd(array: np.ndarray) -> str:
    """What is wrong with objects, by the first that is no number or text; and what to do."""
    rows = list(enumerate(each for row in array for each in np.ravel(row)[:1])) if array.ndim else []
    absent = [(row, each) for row, each in rows if each is None or type(each).__name__ in ABSENT]
    if absent:
        row, each = absent[0]
        return (
            f"are missing in {len(absent):,} of {len(array):,} rows, the first of them {row}: {each}.\n"
            "  Leave these rows out, or fill them."
        )
    kinds = [got(each) for _, each in rows if not isinstance(each, int | float | np.number)]
    such = f" ({kinds[0]} among them)" if kinds else ""
    return f"are Python objects{such}, not numbers or text.\n  Give all of them one shape and one type."


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
    """To uint8 if that loses nothing of whole numbers, else to float32."""
    if array.dtype == np.uint8:
        return array, ()
    if array.dtype.kind in "bui" and array.min() >= 0 and array.max() <= 255:
        return array.astype(np.uint8), (f"{array.dtype} values from 0 to 255 were stored as uint8",)
    return _floats(array, source)


def _floats(array: np.ndarray, source: str) -> tuple[np.ndarray, tuple[str, ...]]:
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


def told(
    labels: ArrayLike | Tensor,
    count: int,
    source: str,
    classes: Sequence[str] | None = None,
    settings: DataSettings = DataSettings(),
) -> tuple[Tensor, tuple[str, ...], tuple[str, ...]]:
    """Labels in one form: class numbers or amounts, (sample,) int64 or float32; names; what was decided.

    Raises:
        DataError: not one label a sample, NaN, no plain numbers or text; no classes (see `targets`).
    """
    array = _one_a_sample(labels, count, source)
    values = None if classes is not None else _amounts(array, settings.target, source)
    if values is None:
        numbers, names = _as_classes(array, source, classes)
        if classes is None:
            targets.demand_classes([names[number] for number in numbers.tolist()], settings, source)
        return numbers, names, ()
    name = settings.target or "y"
    return (
        torch.from_numpy(targets.in_32_bits(values, f"the labels of {source}")),
        (name,),
        (f"target: the amount of {name}",),
    )


def _amounts(array: np.ndarray, target: str | None, source: str) -> np.ndarray | None:
    """Labels that are amounts: with a fraction, or named as a target and many; None: they are classes."""
    if array.dtype.kind == "f":
        bad = ~np.isfinite(array)
        if bad.any():
            row = int(bad.argmax())
            raise DataError(
                f"the labels of {source} are no numbers in {int(bad.sum()):,} of {len(array):,} rows, the"
                f" first of them {row}: {array[row]}.\n"
                "  Leave out the rows without a label."
            )
        if (array != np.round(array)).any() or (np.abs(array) > EXACT).any():
            return array
    text = np.char.decode(array, "utf-8", "replace") if array.dtype.kind == "S" else array
    written = [f"{value:.0f}" if array.dtype.kind == "f" else str(value) for value in text.tolist()]
    return targets.amounts(written, target, source)


def _one_a_sample(labels: ArrayLike | Tensor, count: int, source: str) -> np.ndarray:
    """(sample,)."""
    array = _array(labels, f"the labels of {source}")
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 2:
        array = _from_one_hot(array, source)
    if array.ndim != 1 or len(array) != count:
        raise DataError(
            f"{source}: {count:,} samples, but labels of shape {array.shape}.\n"
            "  Give one label for each sample."
        )
    return array


def _as_classes(
    array: np.ndarray, source: str, classes: Sequence[str] | None
) -> tuple[Tensor, tuple[str, ...]]:
    """Class numbers, (sample,) int64, and the classes' names in natural order."""
    if array.dtype.kind == "f":
        array = array.astype(np.int64)
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
    if bad.any() and array.dtype.kind in "buif" and np.isin(array, (0, 1)).all():
        row = int(bad.argmax())
        raise DataError(
            f"the labels of {source} are {array.shape[1]} columns of 0 and 1, but not one-hot: row {row} has"
            f" {int(array[row].sum())} labels: several labels a sample, where one class a sample is learnt.\n"
            "  Keep one column as the labels, or the samples that have one."
        )
    if bad.any():
        raise DataError(
            f"the labels of {source} have shape {array.shape} but are not one-hot: row {int(bad.argmax())} is"
            " not a single 1 among 0s.\n  Give one label for each sample."
        )
    return array.argmax(axis=1)


def _named(array: np.ndarray, classes: Sequence[str], source: str) -> tuple[Tensor, tuple[str, ...]]:
    if array.dtype.kind not in "bui" or array.min() < 0 or array.max() >= len(classes):
        raise DataError(
            f"{source} names {len(classes)} classes, but its labels are not whole numbers from 0 to"
            f" {len(classes) - 1}.\n  Give a name for each class, or no names."
        )
    return torch.from_numpy(array.astype(np.int64)), tuple(classes)
