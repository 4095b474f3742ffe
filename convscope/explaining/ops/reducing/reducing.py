"""What all reductions share: the numbers that meet in one output, and the output that a number goes to."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from convscope.explaining.account import Account, Index, product
from convscope.explaining.boxes import Boxes, clip, is_empty
from convscope.explaining.formula import Formula, Known, Number, Operand, side, symbols
from convscope.explaining.ops.moves.moving import DOCS, Reach, places_at
from convscope.explaining.reading import Reading
from convscope.explaining.working import evaluate, put

x, dx, dy, s = symbols("x dx dy s")
PASSED_ON = dx.equals(dy * s)


class Reduced(NamedTuple):
    """The numbers that are reduced to one.

    Attributes:
        values: float64, one axis for each reduced one.
        places: where they stand in the input, (*values.shape, rank).
        axes: names of the reduced axes.
    """

    values: Tensor
    places: Tensor
    axes: tuple[str, ...]

    @property
    def where(self) -> dict[str, Tensor]:
        """The entry for `Terms.places`."""
        return {"input": self.places} if self.places.shape[-1] else {}


def reduced(reading: Reading) -> tuple[int, ...]:
    """The axes that go, counted from the front; no axis given means all."""
    count, dim = len(reading.shape("input")), reading.arguments["dim"]
    if dim is None or isinstance(dim, bool) or dim == () or dim == []:
        return tuple(range(count))
    several = (dim,) if isinstance(dim, int) else dim
    return tuple(sorted(axis % max(count, 1) for axis in several))[: max(count, 0)]


def window(reading: Reading, at: Index) -> Reduced:
    """The numbers behind one output."""
    tensor, axes = reading["input"], reduced(reading)
    if reading.arguments.get("dtype") is not None:
        tensor = tensor.to(reading.arguments["dtype"])
    fixed = iter(_kept(reading, at))
    block = [(0, size) if axis in axes else _one(next(fixed)) for axis, size in enumerate(tensor.shape)]
    values = tensor[tuple(slice(low, high) for low, high in block)]
    sizes = [tensor.shape[axis] for axis in axes]
    grid = np.indices([high - low for low, high in block]) + np.array([low for low, _ in block], int).reshape(
        -1, *(1 for _ in block)
    )
    places = torch.from_numpy(np.moveaxis(grid, 0, -1).reshape(*sizes, len(block)))
    return Reduced(values.reshape(sizes).double(), places, tuple(f"axis {axis}" for axis in axes))


def goes_to(reading: Reading, at: Index) -> Index:
    """The output that an input belongs to."""
    axes = reduced(reading)
    if reading.arguments["keepdim"]:
        return tuple(0 if axis in axes else place for axis, place in enumerate(at))
    return tuple(place for axis, place in enumerate(at) if axis not in axes)


def reduced_reach(reading: Reading, boxes: Boxes) -> Reach:
    """All of the reduced axes; on the others the same places."""
    shape, axes = reading.shape("input"), reduced(reading)
    boxes = clip(boxes, reading.output_shape)
    kept = [axis for axis in range(len(shape)) if axis not in axes]
    result = np.zeros((*boxes.shape[:-2], len(shape), 2), np.int64)
    result[..., 1] = np.array(shape, np.int64)
    result[..., kept, :] = boxes[..., kept, :] if reading.arguments["keepdim"] else boxes
    return {"input": np.where(is_empty(boxes)[..., None, None], 0, result)}


def sloped(
    reading: Reading,
    at: Index,
    formula: Formula,
    docs: str,
    values: Mapping[Any, Operand] | None = None,
    scale: float | None = None,
) -> Account:
    """What arrives at the only output that the number went to, times a slope.

    Args:
        reading: the call.
        at: which number.
        formula: dx = …, of dy and of what `values` says.
        docs: torch's name of the operation.
        values: what the other symbols stand for.
        scale: what the slope's rounding is measured against, where it loses digits itself.
    """
    values, place = values or {}, goes_to(reading, at)
    arriving = reading.output_gradient[place].reshape(1)
    slope = torch.tensor([float(evaluate(put(side(formula), {**values, dy: 1})))], dtype=torch.float64)
    terms = product(("place",), places_at("gradient", [place]), gradient=arriving, slope=slope)
    given = float(arriving.double())
    scale = None if scale is None else abs(given) * scale
    what = "The number went into one output: what arrives there, times the slope for this number."
    return Account(what, formula, DOCS.format(docs), {**values, dy: given}, terms, scale=scale)


def place_of(place: int, value: float, code: str) -> Known:
    """A place in a row, and the number that stands there."""
    return Known(float(place), Number(place).given(x[place].equals(value)), code)


def counted(window: Reduced) -> int:
    """How many numbers meet."""
    return math.prod(window.values.shape)


def _kept(reading: Reading, at: Index) -> Index:
    axes = reduced(reading)
    return (
        tuple(place for axis, place in enumerate(at) if axis not in axes)
        if reading.arguments["keepdim"]
        else at
    )


def _one(place: int) -> tuple[int, int]:
    return place, place + 1
