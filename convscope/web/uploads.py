"""What a person brings to the page, a file's bytes or numbers → an input as the model takes it."""

from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from convscope.data import reading
from convscope.data.array_samples import of_file_array
from convscope.data.samples import ANY, SampleSpec
from convscope.errors import DataError
from convscope.shapes import show

COLOURS = (1, 3)
KINDS = ("image", "signal", "volume", "sequence")


class InputSpec(NamedTuple):
    """What the model takes.

    Attributes:
        example: one sample, (channel, *space).
        kind: image, signal, volume, sequence or vector.
        spec: of the data that the model is for; None: all that is known is the example.
    """

    example: Tensor
    kind: str
    spec: SampleSpec | None = None


def of_bytes(body: bytes, wanted: InputSpec, name: str = "") -> tuple[Tensor, str]:
    """One sample from the bytes of a file, and what was done to it, in words.

    Raises:
        DataError: nothing that is understood, damaged, or too large.
        ShapeError: it cannot be brought to the shape.
    """
    found, claim = reading.received(body, name, wanted.spec or _of_example(wanted))
    sample = found.inputs[0]
    shape = tuple(sample.shape)
    have = claim.shape[1:] if wanted.kind == "image" and len(claim.shape) == 3 else claim.shape
    said = [found.names[0]] if len(claim.shape) and found.names[0].startswith("row ") else []
    said += [f"{show(have)} → {show(shape)}"] if have != shape else []
    if wanted.spec is None:
        sample = _for_example(sample, wanted, pixels=claim.dtype == "uint8" and len(claim.shape) == 3)
    return sample, ", ".join(said)


def of_numbers(values: Tensor, wanted: InputSpec) -> Tensor:
    """One sample from numbers that were made by hand, in the type of the model's input.

    Raises:
        DataError: no numbers, or numbers that are none.
        ShapeError: they cannot be brought to the shape.
    """
    spec = wanted.spec or _of_example(wanted)
    found = of_file_array(values.detach().numpy(), replace(spec, dtype="float32", limits=None), "the drawing")
    if len(found.inputs) != 1:
        raise DataError(f"there are {len(found.inputs)} samples in it.\n  Give one.")
    return _for_example(found.inputs[0], wanted)


def _of_example(wanted: InputSpec) -> SampleSpec:
    """Channels first, as every reader has them: Keras has the colours of a picture last."""
    shape = tuple(wanted.example.shape)
    if _colours_last(wanted):
        shape = (shape[-1], *shape[:-1])
    return SampleSpec(shape, wanted.kind if wanted.kind in KINDS else ANY)


def _colours_last(wanted: InputSpec) -> bool:
    shape = wanted.example.shape
    return wanted.kind == "image" and len(shape) == 3 and shape[0] not in COLOURS and shape[2] in COLOURS


def _for_example(sample: Tensor, wanted: InputSpec, pixels: bool = False) -> Tensor:
    """In the range, the order of axes and the type of the example."""
    values = sample.double()
    if pixels:
        values = values if _of_bytes(wanted.example) else values / 255
    elif wanted.kind == "image":
        values = _scaled(values, wanted.example)
    if wanted.spec is None and _colours_last(wanted):
        values = values.movedim(0, -1)
    return cast(values, wanted.example)


def cast(values: Tensor, example: Tensor) -> Tensor:
    """The same in the example's type: whole numbers are rounded and stay within what it can hold."""
    if example.dtype.is_floating_point:
        return values.to(example.dtype)
    if example.dtype == torch.bool:
        return values != 0
    ends = torch.iinfo(example.dtype)
    low, high = max(ends.min, -(2**53)), min(ends.max, 2**53)  # what a double holds exactly
    return values.round().clamp(low, high).to(example.dtype)


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
