"""What a person brings to the page → an input of the model: a file's bytes, or numbers, brought to its shape.

Nothing that comes in is believed: a header is looked at before anything is decoded.
"""

import io
import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from convscope.data.pictures import decode
from convscope.errors import DataError, ShapeError
from convscope.opening import samples
from convscope.shapes import show

MOST_PIXELS = 64_000_000  # of a picture that is uploaded; telephones make up to 50 million
ACCEPTED = (
    "a picture (PNG, JPEG, GIF, BMP, TIFF, WebP), an array (.npy), a sound (.wav), or numbers as text (.csv)"
)
MODES = {1: "linear", 2: "bilinear", 3: "trilinear"}
ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!")


class Wanted(NamedTuple):
    """What the model takes: an example of it.

    Attributes:
        example: one sample, (channel, *space).
        kind: image, signal, volume, sequence or vector.
        fit: how a picture comes into its size, see `decode`.
    """

    example: Tensor
    kind: str
    fit: str = "letterbox"


def of_bytes(body: bytes, wanted: Wanted, name: str = "") -> tuple[Tensor, str]:
    """One sample from the bytes of a file, and what was done to it, in words.

    Raises:
        DataError: nothing that is understood, damaged, or too large.
        ShapeError: it cannot be brought to the shape.
    """
    if not body:
        raise DataError(f"the file is empty.\n  Give {ACCEPTED}.")
    with _as_file(body, _ending(body, name)) as path:
        if path.suffix in decode.SUFFIXES:
            return _picture(path, wanted)
        if path.suffix == ".npy":
            _demand_honest(body)
        if path.suffix == ".wav" and wanted.example.dim() > 2:
            raise ShapeError(
                f"the model takes {show(tuple(wanted.example.shape))}; a sound has one axis, its time.\n"
                "  Give a picture, or an array (.npy) of that shape."
            )
        return of_numbers(_values(path, name or "the file"), wanted)


def _values(path: Path, name: str) -> Tensor:
    """The numbers of a file; an error names it as the person knows it."""
    try:
        return samples.values_of(path)
    except DataError as error:
        words = str(error).replace(str(path), name)
        if path.suffix == ".csv":  # whatever is nothing else is taken for one
            words = f"{words.splitlines()[0]}\n  Give {ACCEPTED}."
        raise DataError(words) from error


def of_numbers(values: Tensor, wanted: Wanted) -> tuple[Tensor, str]:
    """One sample from numbers, brought to the shape and type of the model's input; what was done, in words.

    Raises:
        DataError: no numbers, or numbers that are none.
        ShapeError: they cannot be brought to the shape.
    """
    shape = tuple(wanted.example.shape)
    if values.is_complex() or not values.numel():
        raise DataError("there are no real numbers in it.\n  Give at least one sample.")
    values = values.detach().double()
    if not torch.isfinite(values).all():
        raise DataError("there are NaN or infinite values in it.\n  Put them right first.")
    fitted = _sized(_arranged(values, shape), shape)
    if wanted.kind == "image":
        fitted = _scaled(fitted, wanted.example)
    said = "" if values.shape[-len(shape) :] == shape else f"{show(tuple(values.shape))} → {show(shape)}"
    return cast(fitted, wanted.example), said


def cast(values: Tensor, example: Tensor) -> Tensor:
    """The same in the example's type: whole numbers are rounded and stay within what it can hold."""
    if example.dtype.is_floating_point:
        return values.to(example.dtype)
    if example.dtype == torch.bool:
        return values != 0
    ends = torch.iinfo(example.dtype)
    low, high = max(ends.min, -(2**53)), min(ends.max, 2**53)  # what a double holds exactly
    return values.round().clamp(low, high).to(example.dtype)


def _ending(body: bytes, name: str) -> str:
    """What it is by its content; the name decides nothing."""
    start = body[:16]
    if start.startswith(b"\x93NUMPY"):
        return ".npy"
    if start[:4] == b"RIFF" and start[8:12] == b"WAVE":
        return ".wav"
    if any(start.startswith(magic) for magic in decode.MAGIC) or start[8:12] == b"WEBP":
        return ".png"  # Pillow goes by the content too
    if start.startswith(ARCHIVES):
        raise DataError(f"{name or 'the file'} is an archive; unpack it first.\n  Give {ACCEPTED}.")
    if b"\0" in body[:4096]:
        raise DataError(f"{name or 'the file'} is nothing that convscope reads here.\n  Give {ACCEPTED}.")
    return ".csv"


@contextmanager
def _as_file(body: bytes, ending: str) -> Iterator[Path]:
    """The data room reads files; this one is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="convscope-") as folder:
        path = Path(folder) / f"upload{ending}"
        path.write_bytes(body)
        yield path


def _picture(path: Path, wanted: Wanted) -> tuple[Tensor, str]:
    shape = tuple(wanted.example.shape)
    last = len(shape) == 3 and shape[0] not in (1, 3) and shape[2] in (1, 3)  # Keras
    channels, height, width = (shape[2], *shape[:2]) if last else shape if len(shape) == 3 else (0, 0, 0)
    if channels not in (1, 3):
        raise ShapeError(
            f"the model takes {show(shape)}; a picture is 1 or 3 channels × height × width.\n"
            "  Give a NumPy array (.npy) of that shape."
        )
    try:
        head = decode.header(path)
        if head.width * head.height > MOST_PIXELS:
            raise DataError(
                f"the picture has {head.width:,} × {head.height:,} pixels; more than {MOST_PIXELS:,} are not "
                f"taken.\n  Make it smaller first: the model sees {height} × {width}."
            )
        pixels = torch.from_numpy(decode.decode(path, (height, width), channels, wanted.fit).copy())
    except decode.BadPicture as error:
        raise DataError(f"the picture cannot be used: {error.reason}.\n  Give {ACCEPTED}.") from error
    said = f"{head.height} × {head.width} → {show((channels, height, width))}"
    pixels = pixels.movedim(0, -1) if last else pixels
    scaled = pixels.double() / (1 if _of_bytes(wanted.example) else 255)
    return cast(scaled, wanted.example), said


def _demand_honest(body: bytes) -> None:
    """Refuse an array whose header promises more than is there, before memory is asked for it."""
    try:
        stream = io.BytesIO(body)
        version = np.lib.format.read_magic(stream)
        read = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = read(stream)
    except ValueError as error:
        raise DataError(f"the array is damaged: {error}.\n  Save it again with numpy.save.") from error
    if dtype.hasobject or dtype.fields or math.prod(shape) * dtype.itemsize > len(body) - stream.tell():
        raise DataError(
            f"the array is damaged: its header promises {show(shape) or 'one number'} of type {dtype}.\n"
            "  Save plain numbers again with numpy.save."
        )


def _arranged(values: Tensor, shape: tuple[int, ...]) -> Tensor:
    """As many axes as the model's sample has, channels in front, and as many channels."""
    while values.dim() > len(shape) and values.shape[0] == 1:
        values = values[0]
    if values.dim() == len(shape) - 1:
        values = values[None]
    if values.dim() != len(shape):
        found = show(tuple(values.shape)) or "one number"
        raise ShapeError(
            f"the model takes {show(shape)}; {found} cannot be brought to that.\n"
            "  Give one sample of as many axes."
        )
    if len(shape) < 2 or values.shape == shape:
        return values
    channels = shape[0]
    if values.shape[0] != channels and values.shape[-1] == channels:
        values = values.movedim(-1, 0)  # channels last: columns of a table, colours of a picture
    if values.movedim(0, -1).shape == shape:
        return values.movedim(0, -1)
    if values.shape[0] != channels and channels == 1:
        values = values.mean(0, keepdim=True)
    if values.shape[0] == 1 and channels > 1:
        values = values.expand(channels, *values.shape[1:])
    if values.shape[0] != channels:
        raise ShapeError(
            f"the model takes {channels} channels, {show(shape)}; there are {values.shape[0]} in it.\n"
            "  Give as many, or one for all."
        )
    return values


def _sized(values: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Stretched or shrunk along the axes of space, neighbours blended."""
    if values.shape == shape:
        return values
    if len(shape) - 1 not in MODES:
        raise ShapeError(
            f"the model takes {show(shape)}; {show(tuple(values.shape))} cannot be brought to that."
        )
    if any(size == 1 < wanted for size, wanted in zip(values.shape[1:], shape[1:], strict=True)):
        raise ShapeError(
            f"the model takes {show(shape)}; {show(tuple(values.shape))} has but one number along an axis: "
            "that is another kind of data.\n  Give one sample of as many axes."
        )
    return F.interpolate(values[None], size=shape[1:], mode=MODES[len(shape) - 1], align_corners=False)[0]


def _scaled(values: Tensor, example: Tensor) -> Tensor:
    """Pixels as the model has them: 0 … 255, or 0 … 1; where some are below 0, somebody has scaled them."""
    if values.min() < 0:
        return values
    if _of_bytes(example):
        return values * 255 if 0 < values.max() <= 1 else values
    return values / 255 if values.max() > 1.5 and example.min() >= 0 else values


def _of_bytes(example: Tensor) -> bool:
    """Whether its pixels go from 0 to 255."""
    return example.dtype == torch.uint8 or bool(example.max() > 1.5 and example.min() >= 0)
