"""POST input: another sample, a file, numbers; or the current ones changed at a place or in a box."""

import base64
import binascii
import math
from typing import Any, Literal

import torch
from torch import Tensor

from convscope.errors import DataError, ShapeError
from convscope.shapes import show
from convscope.web import uploads
from convscope.web.messages.looks import kind_of
from convscope.web.session import Session
from convscope.web.types.trying import Chosen, Given, Packed
from convscope.web.uploads import InputSpec

WORDS = 200  # characters of a caption or a file's name
FORMS = 'Send a file, or one of {"sample": 3}, {"numbers": …}, {"edit": …}, {"mask": …}, {"reset": true}.'


def choose_input(session: Session, body: Given) -> Chosen:
    """Send another input through the model; the answer names the new trace.

    Raises:
        DataError, ShapeError: it is nothing that can be an input.
    """
    match body:
        case {"upload": content}:
            _upload(session, content, _words(body.get("name", "")))
        case {"sample": sample}:
            session.choose(sample)
        case {"numbers": numbers}:
            _numbers(session, numbers, body)
        case {"edit": {"at": at, "value": value}}:
            _edit(session, tuple(at), value)
        case {"mask": {"box": box, "value": value}}:
            _mask(session, box, value)
        case {"reset": True}:
            session.restore()
        case _:
            raise DataError(f"this is no input.\n  {FORMS}")
    return {"trace": session.seen.key}


def _upload(session: Session, content: bytes, name: str) -> None:
    axis, wanted = _wanted(session)
    values, said = uploads.of_bytes(content, wanted, name)
    caption = ", ".join(word for word in (name or "uploaded file", said) if word)
    session.show(_in_place(session, values.unsqueeze(axis)), caption)


def _numbers(session: Session, numbers: Packed | list[float], body: Given) -> None:
    """Drawn by hand, or the input on the screen changed by hand."""
    axis, wanted = _wanted(session)
    if isinstance(numbers, list):
        given = _shaped(torch.tensor(numbers, dtype=torch.float64), body.get("shape", []))
    else:
        given = _shaped(_unpacked(numbers["data"]), numbers["shape"])
    values = uploads.of_numbers(given, wanted)
    first, change = values.unsqueeze(axis), _words(body.get("change", ""))
    if change:
        session.change(first, change)
    else:
        session.show(_in_place(session, first), _words(body.get("caption", "")) or "made by hand")


def _edit(session: Session, place: tuple[int, ...], value: float) -> None:
    """One number of the input."""
    axis, wanted = _wanted(session)
    shape = tuple(wanted.example.shape)
    if len(place) != len(shape) or any(not 0 <= each < size for each, size in zip(place, shape, strict=True)):
        raise ShapeError(f"the input has the shape {show(shape)}; there is no number at {list(place)}.")
    values = wanted.example.clone()
    values[place] = uploads.cast(torch.tensor(value, dtype=torch.float64), values)
    session.change(values.unsqueeze(axis), "changed by hand")


def _mask(session: Session, box: list[list[int]], value: float | Literal["mean"]) -> None:
    """A box of the input: a number, or "mean", that of each channel."""
    axis, wanted = _wanted(session)
    values = wanted.example.clone()
    where = _slices(box, tuple(values.shape))
    if value == "mean":
        space = tuple(range(1, values.dim())) or (0,)
        filling = values.double().mean(dim=space, keepdim=True).expand(values.shape)[where]
    else:
        filling = torch.tensor(value, dtype=torch.float64)
    values[where] = uploads.cast(filling, values)
    session.change(values.unsqueeze(axis), "masked")


def _slices(box: list[list[int]], shape: tuple[int, ...]) -> tuple[slice, ...]:
    """[[from, to (without)], …] of the axes of space; of channels too, or of the sample axis as well."""
    ends = [tuple(pair) for pair in box]
    if len(ends) == len(shape) + 1:
        ends = ends[1:]
    if len(ends) == len(shape) - 1:
        ends = [(0, shape[0]), *ends]
    fits = len(ends) == len(shape) and all(
        len(pair) == 2 and 0 <= pair[0] < pair[1] <= size for pair, size in zip(ends, shape, strict=False)
    )
    if not fits:
        raise ShapeError(f"the input has the shape {show(shape)}; there is no box {box}."[:300])
    return tuple(slice(low, high) for low, high in ends)


def _wanted(session: Session) -> tuple[int, InputSpec]:
    """Where the sample axis is, and what one sample is like now.

    Raises:
        ShapeError: the model takes no tensor by place.
    """
    inputs = session.seen.inputs
    if not inputs or not isinstance(inputs[0], Tensor) or not inputs[0].dim():
        raise ShapeError("the first input of this model is no tensor; it cannot be changed here.")
    axis = sample_axis(inputs[0])
    example = inputs[0].select(axis, 0)
    return axis, InputSpec(example, kind_of(example, session.kind), session.spec)


def sample_axis(given: Tensor) -> int:
    """Torch's recurrent layers have theirs on the second axis."""
    return 1 if given.dim() > 1 and given.shape[0] != 1 and given.shape[1] == 1 else 0


def _in_place(session: Session, first: Tensor) -> tuple[Any, ...]:
    return (first, *session.seen.inputs[1:])


def _unpacked(data: str) -> Tensor:
    """Little-endian float32."""
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise DataError("the numbers are no base64.") from error
    if len(raw) % 4:
        raise DataError("the numbers are cut short.")
    return torch.frombuffer(bytearray(raw), dtype=torch.float32) if raw else torch.empty(0)


def _shaped(values: Tensor, shape: list[int]) -> Tensor:
    if any(size < 0 for size in shape) or math.prod(shape) != len(values):
        raise ShapeError(f"{len(values):,} numbers do not have the shape {show(tuple(shape[:8]))}.")
    return values.reshape(shape)


def _words(text: str) -> str:
    return "".join(letter for letter in text[:WORDS] if letter.isprintable())
