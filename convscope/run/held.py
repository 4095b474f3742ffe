"""Samples handed over in Python: arrays, pictures of Pillow's, bytes, open files, lists of these.

Each goes the way that a file of the same content goes: to the same size, the same channels, the same scale.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from convscope.data.array_samples import of_array, of_file_array
from convscope.data.arrays import ARRAYS, handed
from convscope.data.layout import CHANNELS
from convscope.data.pictures import decode, held
from convscope.data.reading import accepted, read, received
from convscope.data.samples import Samples, SampleSpec, demand_scale, single, together
from convscope.errors import DataError, ShapeError
from convscope.run.settings import RunSettings
from convscope.shapes import show

Gather = Callable[[Any, RunSettings], Samples]


def samples(x: Any, settings: RunSettings, others: Gather) -> Samples:  # noqa: ANN401 - whatever is at hand
    """Samples from what is in memory.

    Args:
        x: as `Run.predict` takes it.
        settings: of the run.
        others: gathers what is none of this, such as a path in a list.

    Raises:
        DataError: nothing that can be read.
        ShapeError: an array whose axes are none of a sample's, or could be several things.
    """
    if isinstance(x, list | tuple) and (any(map(_is_one, x)) or _unequal(x)):
        return together([_named(samples(each, settings, others), row) for row, each in enumerate(x)])
    if held.is_picture(x):
        return _of_picture(x, settings.spec)
    if isinstance(x, bytes | bytearray | memoryview) or hasattr(x, "read"):
        content, name = _content(x)
        return received(content, name, settings.spec)[0]._replace(names=[name])
    if isinstance(x, str | Path):
        return others(x, settings)
    return _of_numbers(x, settings)


def _is_one(x: Any) -> bool:  # noqa: ANN401
    """Whether this is a sample by itself, whatever stands beside it."""
    return held.is_picture(x) or isinstance(x, str | Path | bytes | bytearray) or hasattr(x, "read")


def _unequal(x: Sequence[Any]) -> bool:
    """Whether these are arrays of different shapes, which are samples each."""
    shapes = {tuple(each.shape) for each in x if isinstance(each, np.ndarray | Tensor)}
    return len(shapes) > 1


def _named(found: Samples, row: int) -> Samples:
    """With the place in the list for a sample that has no name of its own."""
    names = [name if "/" in name else f"{name.rpartition(' ')[0] or name} {row}" for name in found.names]
    return found._replace(names=names) if len(names) == 1 else found


def _content(x: Any) -> tuple[bytes, str]:  # noqa: ANN401
    """The bytes of a file, and what it is called."""
    if not hasattr(x, "read"):
        return bytes(x), "file 0"
    name = getattr(x, "name", "")
    try:
        content = x.read()
    except Exception as error:  # closed, or whatever stands behind it
        why = str(error) or type(error).__name__
        raise DataError(f"the open file cannot be read: {why}.\n  Open it anew.") from error
    if not isinstance(content, bytes):
        raise DataError(f"the file was opened as text.\n  Open it as bytes: open({str(name)!r}, 'rb').")
    return content, name if isinstance(name, str) and name else "file 0"


def _of_picture(picture: Any, spec: SampleSpec) -> Samples:  # noqa: ANN401 - a picture of Pillow's
    """One picture; where Pillow has not read its file yet, that file is read as all files are."""
    if spec.kind not in ("image", "any"):
        what = accepted(spec.kind)
        raise ShapeError(f"a picture cannot be predicted: the run takes {spec.kind}s.\n  Give {what}.")
    name = str(getattr(picture, "filename", "") or "")
    if held.is_unread(picture) and Path(name).is_file():
        found = read([Path(name)], spec)
        if found is not None:
            return found
    (channels, height, width), told = spec.shape, name or "picture 0"
    deep, fit = spec.dtype != "uint8" and decode.is_deep(picture.mode), spec.settings.fit
    if not all(picture.size):
        raise DataError(f"{told} has no pixels: {show(picture.size)}.\n  Leave it out.")
    try:
        own = picture.copy()
    except Exception as error:  # closed, or of a damaged file: Pillow raises anything
        why = str(error) or type(error).__name__
        raise DataError(f"{told} cannot be read: {why}.\n  Open it anew.") from error
    one = single(decode.brought(own, Path(told), (height, width), channels, fit, deep=deep))
    return one._replace(names=[told], remarks=tuple(demand_scale(one.inputs, spec)))


def _of_numbers(x: Any, settings: RunSettings) -> Samples:  # noqa: ANN401
    """Arrays, tensors, nested lists: as they stand where they have the shape, else as a file of them."""
    spec = settings.spec
    if not isinstance(x, list | tuple | int | float | np.generic) and not hasattr(x, "__array__"):
        return of_array(x, spec)  # which says that it cannot be predicted
    values = handed(x, "the samples")
    if values.dtype.kind not in "buif" or not values.size:
        return of_array(x, spec)
    if spec.kind == "image":
        return _of_pixels(values, settings)
    if spec.kind in ("signal", "volume"):
        found = of_file_array(values, spec, "the array")
        return found._replace(
            names=[f"sample {row}" for row in range(len(found.inputs))],
            remarks=(*found.remarks, *_on_change(values.shape, spec)),
        )
    return of_array(x, spec, last=True)


def _of_pixels(values: np.ndarray, settings: RunSettings) -> Samples:
    spec = settings.spec
    if values.dtype.kind != "u" and spec.dtype == "uint8" and values.max() > 1 and _are_bytes(values):
        values = values.astype(np.uint8)  # as a file holds them
    arranged, words = _arranged(values, spec)
    if arranged.shape[1:] == spec.shape:
        found = of_array(arranged, spec)
        return found._replace(remarks=(*found.remarks, *words))
    said = (*words, *_on_change(arranged.shape, spec))
    if values.dtype != np.uint8 or settings.data.source == ARRAYS:
        found = of_file_array(arranged, spec, "the array")
        names = [f"sample {row}" for row in range(len(arranged))]
        return found._replace(names=names, remarks=(*found.remarks, *said))
    size, fit, pictures = spec.shape[1:], spec.settings.fit, [held.of_array(each) for each in arranged]
    brought = [
        decode.brought(each, Path(f"sample {row}"), (size[0], size[1]), spec.shape[0], fit)
        for row, each in enumerate(pictures)
        if each is not None
    ]
    found = of_array(np.stack(brought), spec)
    return found._replace(remarks=(*found.remarks, *said))


def _are_bytes(values: np.ndarray) -> bool:
    return bool((values >= 0).all() and (values <= 255).all() and (values % 1 == 0).all())


def _on_change(shape: tuple[int, ...], spec: SampleSpec) -> list[str]:
    """Say that samples were brought to another size."""
    if shape[-len(spec.shape) :] == spec.shape or shape[-len(spec.shape[1:]) :] == spec.shape[1:]:
        return []
    return [f"the array of {show(shape)} was brought to samples of {show(spec.shape)}, as files are"]


def _arranged(values: np.ndarray, spec: SampleSpec) -> tuple[np.ndarray, list[str]]:
    """(sample, channel, height, width) of pictures, and what was guessed.

    Raises:
        ShapeError: it could be several things, or is no picture.
    """
    shape, channels, space = values.shape, spec.shape[0], spec.shape[1:]
    if values.ndim == 2 and min(shape) > 1:
        return values[None, None], []
    if values.ndim == 3:
        if shape == spec.shape:
            return values[None], []
        if channels == 1 and shape[1:] == space:
            return values[:, None], []
        return _one_or_many(values, spec)
    if values.ndim == 4:
        if shape[1:] == spec.shape or (shape[2:] == space and shape[1] in CHANNELS):
            return values, []
        first, last = shape[1] in CHANNELS, shape[3] in CHANNELS
        if last and (not first or shape[1:3] == space):
            return np.moveaxis(values, 3, 1), [f"{show(shape)} was read as (sample, height, width, channel)"]
        if first and not last:
            return values, []
        raise _unclear(shape, spec, "(sample, channel, height, width)")
    raise _unclear(shape, spec, "(height, width) or (channel, height, width)")


def _one_or_many(values: np.ndarray, spec: SampleSpec) -> tuple[np.ndarray, list[str]]:
    """Three axes that are not just those of a sample: one picture in colour, or many in grey."""
    shape, channels = values.shape, spec.shape[0]
    first, last = shape[0] in CHANNELS, shape[2] in CHANNELS
    if last and (not first or shape[:2] == spec.shape[1:]):
        one = np.moveaxis(values, 2, 0)[None]
        return one, [f"{show(shape)} was read as one picture, (height, width, channel)"]
    if first and not last and (shape[0] in (1, channels)):
        return values[None], []
    if not first and not last and channels == 1:
        return values[:, None], [f"{show(shape)} was read as {shape[0]:,} pictures, (sample, height, width)"]
    raise _unclear(shape, spec, "(sample, channel, height, width)")


def _unclear(shape: tuple[int, ...], spec: SampleSpec, form: str) -> ShapeError:
    return ShapeError(
        f"the model takes samples of {show(spec.shape)} (channel × space);"
        f" got an array of {show(shape) or 'no axes'}: which of its axes are what cannot be told.\n"
        f"  Give it as {form}."
    )
