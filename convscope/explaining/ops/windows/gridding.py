"""Pictures read at places that a grid names: `grid_sample`; `affine.py` has what makes such grids."""

from itertools import product as combinations
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from convscope.errors import TraceError
from convscope.explaining.account import Account, Index, Step, product
from convscope.explaining.boxes import Boxes, is_empty
from convscope.explaining.formula import Formula, Number, Text, summed, symbols, times
from convscope.explaining.op import OUT, Cost, Extent, Op
from convscope.explaining.ops.windows.sliding import pick
from convscope.explaining.reading import Reading
from convscope.explaining.rendering.words import number
from convscope.explaining.working import Worked

DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.grid_sample.html"
Floats = NDArray[Any]
x, y, dx, dy, dg, g, c, i, j, q, r, s, W, grid_at = symbols("x y dx dy dg g c i j q r s W grid")


class GridAxis(NamedTuple):
    """How the coordinates −1 … 1 of one axis become places of the picture.

    Attributes:
        size: of the axis.
        corners: −1 and 1 are the middles of the first and the last place; else their outer edges.
        border: places outside are moved to the border; else zeros stand there.
    """

    size: int
    corners: bool
    border: bool

    @property
    def step(self) -> float:
        """Places of the picture for 1 of the coordinate."""
        return (self.size - 1) / 2 if self.corners else self.size / 2

    def position(self, coordinates: Floats) -> Floats:
        """Where in the picture a coordinate lies; below 0 is before the first place."""
        found = (coordinates + 1) * self.step - (0.0 if self.corners else 0.5)
        return np.clip(found, 0, self.size - 1) if self.border else found

    def held(self, coordinates: Floats) -> NDArray[np.bool_]:
        """Which coordinates lie outside and were moved to the border, where they have no slope."""
        found = (coordinates + 1) * self.step - (0.0 if self.corners else 0.5)
        return np.asarray(self.border & ((found <= 0) | (found >= self.size - 1)))

    def lost(self, coordinates: Floats) -> Floats:
        """How many times larger the rounding error of a weight is than the weight's own."""
        return (abs(coordinates) + 1) * self.step + 1


class Sampling(NamedTuple):
    """The settings of a call; axes in the order of the picture: (depth,) height, width."""

    axes: tuple[GridAxis, ...]
    nearest: bool

    @property
    def shown(self) -> Formula:
        """Coordinate → place, for the last axis."""
        part = (g + 1) / 2
        return s.equals(part * (W - 1) if self.axes[-1].corners else part * W - Number(1) / 2)


def _sampling(reading: Reading) -> Sampling | None:
    """None: bicubic, or padded by reflection, which are not known here."""
    mode, padding = reading.arguments["mode"], reading.arguments["padding_mode"]
    if mode not in ("bilinear", "nearest") or padding not in ("zeros", "border"):
        return None
    corners, border = bool(reading["align_corners"]), padding == "border"
    return Sampling(
        tuple(GridAxis(size, corners, border) for size in reading.shape("input")[2:]), mode == "nearest"
    )


def _coordinates(grid: Tensor) -> Floats:
    """(…, axis) in the order of the picture's axes: a grid names the width first."""
    return grid.detach().flip(-1).numpy()


def _positions(found: Sampling, coordinates: Floats) -> tuple[Floats, Floats]:
    """Where coordinates lie, (…, axis): as the network rounds, which decides the cell, and exactly."""
    both = (coordinates, coordinates.astype(np.float64))
    rounded, exact = (
        np.stack([axis.position(each[..., place]) for place, axis in enumerate(found.axes)], axis=-1)
        for each in both
    )
    return rounded, exact


def _corners(found: Sampling, grid: Tensor) -> tuple[Tensor, Tensor]:
    """The places that count for each coordinate, (*steps, corner, axis), −1 outside; and their weights."""
    rounded, exact = _positions(found, _coordinates(grid))
    if found.nearest:
        places = np.rint(rounded)[..., None, :]
        weights = np.ones(places.shape[:-1])
    else:
        ends, first = _ends(found), np.floor(rounded)
        places, part = first[..., None, :] + ends, (exact - first)[..., None, :]
        weights = np.where(ends == 1, part, 1 - part).prod(axis=-1)
    return _inside(found, places), torch.from_numpy(weights)


def _ends(found: Sampling) -> NDArray[np.int64]:
    """The corners of a cell, (corner, axis)."""
    return np.array(list(combinations((0, 1), repeat=len(found.axes))))


def _inside(found: Sampling, places: Floats) -> Tensor:
    """Places as whole numbers; −1 throughout outside of the picture."""
    sizes = [axis.size for axis in found.axes]
    outside = ((places < 0) | (places >= sizes)).any(axis=-1, keepdims=True)
    return torch.from_numpy(np.where(outside, -1, places).astype(np.int64))


def _in_picture(lead: Index, places: Tensor) -> Tensor:
    """Places with sample and channel in front; −1 throughout outside of the picture."""
    front = torch.tensor(lead).expand(*places.shape[:-1], len(lead))
    return torch.cat([front, places], dim=-1).masked_fill(places[..., :1] < 0, -1)


def _explain_sample(reading: Reading, at: Index) -> Account | None:
    """The places around the coordinate, each with its weight."""
    found = _sampling(reading)
    if found is None:
        return None
    grid = reading["grid"][at[0]][at[2:]]
    places, weights = _corners(found, grid[(None,) * len(found.axes)])
    places = _in_picture(at[:2], places.reshape(-1, len(found.axes)))
    values = pick(reading["input"], places)
    terms = product(("corner",), {"input": places}, input=values, weight=weights.flatten())
    coordinates = _coordinates(grid)
    lost = sum(float(axis.lost(each)) for axis, each in zip(found.axes, coordinates, strict=True))
    scale = terms.size + (0.0 if found.nearest else lost * float(values.abs().sum()))
    what = "The number is read from the picture where the grid says: "
    what += "the nearest one." if found.nearest else "a mean of the places around it, the nearer the heavier."
    formula = (
        y[c, i, j].equals(summed(x[c, q] * Text("weight of q"))).given("around the place s", found.shown)
    )
    notes = _where(found, grid, places)
    return Account(what, formula.given(g.equals(grid_at[i, j])), DOCS, terms=terms, scale=scale, notes=notes)


def _where(found: Sampling, grid: Tensor, places: Tensor) -> tuple[str, ...]:
    """The place in words, and how much of what is around it lies outside."""
    reached, outside = _positions(found, _coordinates(grid))[1], int((places[:, 0] < 0).sum())
    named, place = (", ".join(map(number, each.tolist())) for each in (grid, reached))
    note = f"The grid names ({named}), width first: the place ({place}) of the picture."
    more = f"{outside} of {len(places)} places lie outside of the picture and count as 0."
    return (note, more) if outside else (note,)


# ---- gradients


def _sample_gradient(reading: Reading, name: str, at: Index) -> Account:
    found = _sampling(reading)
    if found is None:
        raise TraceError(
            "the gradient of 'grid_sample' is explained for the modes bilinear and nearest,\n"
            "  padded with zeros or the border."
        )
    return _grid_gradient(reading, found, at) if name == "grid" else _picture_gradient(reading, found, at)


def _picture_gradient(reading: Reading, found: Sampling, at: Index) -> Account:
    """The sum over all places of the output that were read from here."""
    grid = reading["grid"][at[0]]
    places, weights = _corners(found, grid)
    here = (places == torch.tensor(at[2:])).all(dim=-1)
    steps = here.nonzero()  # (taken, *steps and corner)
    lead = torch.tensor(at[:2]).expand(len(steps), 2)
    taken = torch.cat([lead, steps[:, :-1]], dim=-1)
    gradient = pick(reading.output_gradient, taken)
    terms = product(("place",), {"gradient": taken}, gradient=gradient, weight=weights[here])
    coordinates = _coordinates(grid)
    lost = sum(axis.lost(coordinates[..., place]) for place, axis in enumerate(found.axes))
    room = (
        0.0
        if found.nearest
        else float((gradient.abs() * torch.from_numpy(lost)[steps[:, :-1].unbind(-1)]).sum())
    )
    what = (
        f"{len(steps)} places of the output read this number: their gradients, each times its weight there."
    )
    formula = dx[q].equals(summed(dy[r] * Text("weight of q in r"))).given("over the places r of the output")
    return Account(what, formula, DOCS, terms=terms, scale=terms.size + room)


def _grid_gradient(reading: Reading, found: Sampling, at: Index) -> Account:
    """How fast the output changes when the place moves along one axis: the differences of its neighbours."""
    moved = len(found.axes) - 1 - at[-1]  # a grid names the width first
    grid = reading["grid"][at[:-1]]
    coordinates = _coordinates(grid)
    channels = reading.shape("input")[1]
    if found.nearest or found.axes[moved].held(coordinates[moved]):
        what = "The place moves in steps, or not at all beyond the border: there is no slope."
        return Account(what, dg.equals(0), DOCS, steps=(Step("output", dg.equals(0)),))
    rounded, exact = _positions(found, coordinates)
    ends, first = _ends(found), np.floor(rounded)
    each = np.where(ends == 1, exact - first, 1 - (exact - first))
    each[:, moved] = np.where(ends[:, moved] == 1, 1, -1) * found.axes[moved].step
    slope = torch.from_numpy(each.prod(axis=-1)).repeat(channels)
    places = _inside(found, first + ends)
    places = torch.cat([_in_picture((at[0], channel), places) for channel in range(channels)])
    arriving = reading.output_gradient[(at[0], slice(None), *at[1:-1])].double().repeat_interleave(len(ends))
    values = pick(reading["input"], places)
    terms = product(("corner",), {"input": places}, gradient=arriving, input=values, slope=slope)
    lost = sum(float(axis.lost(c)) for axis, c in zip(found.axes, coordinates, strict=True))
    scale = terms.size + lost * float((arriving * values).abs().sum()) * found.axes[moved].step
    what = "Moving the place changes the weights around it: the end that comes nearer gains, the other loses."
    formula = dg.equals(summed(dy[c] * x[c, q] * Text("d(weight of q)/ds·ds/dg")))
    return Account(what, formula, DOCS, terms=terms, scale=scale)


def _sample_cost(reading: Reading) -> Cost:
    """A product for each place that an output is the mean of; the nearest is only copied."""
    shape, corners = reading.output_shape, 2 ** (len(reading.output_shape) - 2)
    if reading.arguments["mode"] != "bilinear":
        return Cost()
    return Cost(Worked(times(*shape, corners), {}))


def _sample_reach(reading: Reading, boxes: Boxes) -> dict[str, Boxes | list[Boxes]]:
    """The grid at the same places; any place of the same channels, for where the grid points may change."""
    axes = len(reading.output_shape) - 2
    picture, grid = boxes.copy(), np.empty(boxes.shape, np.int64)
    picture[..., 2:, 0], picture[..., 2:, 1] = 0, np.array(reading.shape("input")[2:])
    grid[..., 0, :], grid[..., 1:-1, :] = boxes[..., 0, :], boxes[..., 2:, :]
    grid[..., -1, :] = (0, axes)
    missed = is_empty(boxes)[..., None, None]
    return {"input": np.where(missed, 0, picture), "grid": np.where(missed, 0, grid)}


def _sample_size(reading: Reading) -> tuple[Extent, ...]:
    """As many places as the grid has."""
    sizes = reading.shape("grid")[1:-1]
    return tuple(
        Extent(f"places of the grid, axis {axis}:", Worked(OUT, {OUT: size}))
        for axis, size in enumerate(sizes, 1)
    )


GRID_SAMPLE = Op(
    "input grid mode=bilinear padding_mode=zeros align_corners=False",
    _explain_sample,
    _sample_gradient,
    _sample_cost,
    _sample_reach,
    _sample_size,
)

OPS: dict[str, Op] = {"grid_sample": GRID_SAMPLE}
