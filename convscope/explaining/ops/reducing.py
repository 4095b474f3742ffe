"""What all reductions share: the numbers that meet in one output, and the output that a number goes to."""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from convscope.explaining.boxes import Boxes, clip, is_empty
from convscope.explaining.ops.moving import DOCS, Reach, places_at
from convscope.explaining.plain import Account, Index, Terms, number, product, signed
from convscope.explaining.reading import Reading


class Window(NamedTuple):
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


def window(reading: Reading, at: Index) -> Window:
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
    return Window(values.reshape(sizes).double(), places, tuple(f"axis {axis}" for axis in axes))


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
    reading: Reading, at: Index, slope: float, formula: str, docs: str, scale: float | None = None
) -> Account:
    """A gradient of one term: what arrives at the only output that the number went to, times a slope."""
    place = goes_to(reading, at)
    arriving = reading.output_gradient[place].reshape(1)
    terms = product(
        ("place",), places_at("gradient", [place]), gradient=arriving, slope=torch.tensor([slope]).double()
    )
    what = "The number went into one output: what arrives there, times the slope for this number."
    return sloped_account(what, formula, terms, docs, scale)


def sloped_account(what: str, formula: str, terms: Terms, docs: str, scale: float | None = None) -> Account:
    """The account of gradient × slope; `scale` is for slopes that lose digits themselves."""
    dy, slope = (float(factor.flatten()[0]) for factor in terms.factors.values())
    numbers = f"{signed(dy)}·{signed(slope)} = {number(terms.result)}"
    scale = None if scale is None else abs(dy) * scale
    return Account(what, formula, numbers, terms.result, DOCS.format(docs), terms=terms, scale=scale)


def counted(window: Window) -> int:
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
