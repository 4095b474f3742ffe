"""Arrays → samples as a model takes them: axes in order, the sizes of training, raw values."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from convscope.data import layout, signals
from convscope.data.arrays import KINDS
from convscope.data.dataset import DataSettings
from convscope.data.names import Numbered
from convscope.data.samples import Samples, SampleSpec, demand_scale
from convscope.data.signals import moments
from convscope.data.signals.windows import Track
from convscope.errors import DataError, ShapeError, got
from convscope.shapes import show


def of_array(x: Any, spec: SampleSpec, name: str = "sample", *, last: bool = False) -> Samples:  # noqa: ANN401 - what can become an array
    """One sample or many, as they stand; their sizes may still be others than those of the spec.

    Args:
        x: with the samples first, or without that axis; one channel may be left out.
        spec: of the samples.
        name: of a sample, before its number.
        last: the channels may be the last axis, too.

    Raises:
        DataError: it is no array of numbers, empty, holds NaN, or was scaled already.
        ShapeError: it has another number of axes.

    >>> of_array([[0, 1], [2, 3]], SampleSpec((1, 2, 2), "image", "uint8")).inputs.shape
    torch.Size([1, 1, 2, 2])
    """
    try:
        values = (x if isinstance(x, Tensor) else torch.from_numpy(_as_torch_has(_plain(x)))).detach().cpu()
        if values.is_complex():
            raise TypeError("its numbers are complex.")
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(
            f"{got(x)} cannot be predicted: {error}\n  Give an array, a file, a folder or a catalogue name."
        ) from error
    inputs = _with_axes(values, spec.shape, last)
    _demand_numbers(inputs)
    said = tuple(demand_scale(inputs, spec))
    return Samples(inputs, Numbered({name: len(inputs)}), (None,) * len(inputs), (), said)


def _plain(x: Any) -> np.ndarray:  # noqa: ANN401
    array = np.asarray(x)
    if array.dtype.kind not in "buifc":
        raise TypeError("it is no array of numbers.")
    return array


def _as_torch_has(array: np.ndarray) -> np.ndarray:
    """In this machine's order of bytes, in order in memory, and writable; a copy only where it is not so."""
    return np.require(array, array.dtype.newbyteorder("="), ["C", "W"])


def of_file_array(values: np.ndarray, spec: SampleSpec, source: str) -> Samples:
    """The same for an array from a file: brought to size and channels as such arrays are for training.

    Raises:
        DataError, ShapeError: as `of_array`, and where it can be brought to no such sample.
    """
    if _is_recording(values, spec):
        return _cut(values, spec, source)
    found = of_array(values, spec, "row", last=True)
    if spec.kind not in KINDS:
        return found
    thin = [
        have for have, want in zip(found.inputs.shape[2:], spec.shape[1:], strict=True) if have == 1 < want
    ]
    if thin:
        raise ShapeError(
            f"the model takes samples of {show(spec.shape)} (channel × space); {source} has but"
            " one number along an axis: that is another kind of data.\n  Give a sample of as many axes."
        )
    return found._replace(inputs=KINDS[spec.kind](found.inputs.numpy(), _sized(spec), source)[0])


def _is_recording(values: np.ndarray, spec: SampleSpec) -> bool:
    """Whether an array is longer than a sample, where training cut recordings into windows."""
    if spec.kind != "signal" or spec.settings.window is None:
        return False
    channels, window = spec.shape
    alone = values.ndim == 1 and channels == 1
    several = values.ndim == 2 and channels in values.shape and channels > 1
    return (alone or several) and max(values.shape) > window


def _cut(values: np.ndarray, spec: SampleSpec, source: str) -> Samples:
    """The windows of a recording, as training had them."""
    whole = values[None] if values.ndim == 1 else layout.arranged(values[None], source, "signal").array[0]
    track = Track("", whole.astype(np.float32), np.full(whole.shape[1], -1), ())
    read = moments.of_tracks([track], spec.settings, spec.features, lacking=True)
    return signals.as_samples(read.signals, [], source, spec)


def _sized(spec: SampleSpec) -> DataSettings:
    """The settings with the sizes of the spec."""
    channels, *space = spec.shape
    if spec.kind == "signal":
        return replace(spec.settings, channels=channels, length=space[0])
    return replace(spec.settings, channels=channels, size=tuple(space))


def _with_axes(values: Tensor, shape: tuple[int, ...], last: bool) -> Tensor:
    """(sample, channel, *space) from one sample or many, see `of_array`."""
    have, axes, channels = tuple(values.shape), len(shape), shape[0] if len(shape) > 1 else 0
    if have == shape:
        return values[None]
    last = last and bool(have) and have[-1] == channels
    if len(have) == axes + 1:
        return values.movedim(-1, 1) if last and have[1] != channels else values
    if len(have) == axes and last and have[0] != channels and (channels > 1 or have[:-1] == shape[1:]):
        return values.movedim(-1, 0)[None]
    if len(have) == axes and (channels != 1 or have[0] == 1):
        return values[None]
    if len(have) == axes:
        return values[:, None]
    if len(have) == axes - 1 and channels == 1:
        return values[None, None]
    raise ShapeError(
        f"the model takes samples of {show(shape)} (channel × space);"
        f" got an array of {show(have) or 'no axes'}: it cannot be brought to that.\n"
        "  Give one such sample, or many along a first axis."
    )


def _demand_numbers(samples: Tensor) -> None:
    if samples.numel() == 0:
        raise DataError("the array is empty.\n  Give at least one sample.")
    if samples.is_floating_point() and not torch.isfinite(samples).all():
        raise DataError("the array holds NaN or infinite values.\n  Put them right first.")
