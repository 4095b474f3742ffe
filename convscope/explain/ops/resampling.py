"""Resampling (`interpolate`, `nn.Upsample`): each output is a mean of the inputs around it, by distance."""

from math import floor, prod
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from convscope.errors import TraceError
from convscope.explain.account import Account, Index, number, product, written_out
from convscope.explain.boxes import Boxes, is_empty
from convscope.explain.op import Cost, Op
from convscope.explain.ops.sliding import POSITIONS, grid, pick
from convscope.explain.reading import Reading
from convscope.shapes import AXES

DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html"
# What exported programs call it: the mode is in the name.
KERNELS = {f"upsample_nearest{axes}d": "nearest" for axes in (1, 2, 3)} | {
    "upsample_linear1d": "linear",
    "upsample_bilinear2d": "bilinear",
    "upsample_trilinear3d": "trilinear",
}
LINEAR = ("linear", "bilinear", "trilinear")
FORMULAS = {
    "nearest": "y[r] = x[⌊r·scale⌋]",
    "nearest-exact": "y[r] = x[⌊(r + ½)·scale⌋]",
    "linear": "on each axis y[r] = (1 − λ)·x[⌊s⌋] + λ·x[⌊s⌋ + 1],   λ = s − ⌊s⌋,   s = (r + ½)·scale − ½",
    "corners": "on each axis y[r] = (1 − λ)·x[⌊s⌋] + λ·x[⌊s⌋ + 1],   λ = s − ⌊s⌋,   s = r·(H − 1)/(H' − 1)",
}


class Axis(NamedTuple):
    """How one axis is read anew.

    Attributes:
        size, wanted: before and after.
        given: the person's scale factor, which torch then uses; None: the ratio of the sizes.
        mode: "nearest", "nearest-exact", "linear" or "corners" (linear with `align_corners`).
    """

    size: int
    wanted: int
    given: float | None
    mode: str

    @property
    def scale(self) -> float:
        """Places of the input for one place of the output."""
        if self.mode == "corners":
            return (self.size - 1) / (self.wanted - 1) if self.wanted > 1 else 0.0
        return 1 / self.given if self.given else self.size / self.wanted

    def positions(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """Where in the input each place of the output lies; below 0 is before the first."""
        if self.wanted == self.size:  # torch copies, also where a scale factor such as 1.1 led to this size
            return np.asarray(steps, np.float64)
        if self.mode == "corners":
            return np.asarray(steps * self.scale, np.float64)
        return np.asarray((steps + 0.5) * self.scale - 0.5, np.float64)

    def nearest(self, steps: NDArray[np.int64]) -> NDArray[np.int64]:
        """The one input of each output; torch's float32 decides where two are equally near."""
        scale = np.float32(self.scale)
        if self.mode == "nearest-exact":
            places = np.floor(((steps + 0.5) * float(scale)).astype(np.float32))
        elif self.wanted in (self.size, 2 * self.size):
            places = steps // (self.wanted // self.size)
        else:
            places = np.floor(steps.astype(np.float32) * scale)
        return np.minimum(places.astype(np.int64), self.size - 1)

    def taps(self, steps: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Places in the input with their weights, (step, tap)."""
        if self.mode.startswith("nearest"):
            places = self.nearest(steps)[:, None]
            return places, np.ones(places.shape)
        position = np.maximum(self.positions(steps), 0)
        first = np.minimum(np.floor(position).astype(np.int64), self.size - 1)
        fraction = np.minimum(position - first, 1.0)
        return (
            np.stack([first, np.minimum(first + 1, self.size - 1)], axis=-1),
            np.stack([1 - fraction, fraction], axis=-1),
        )

    def share(self, place: int) -> tuple[Tensor, Tensor]:
        """The outputs that take from one input, with the weight it has in each."""
        places, weights = self.taps(np.arange(self.wanted))
        here = places == place
        steps = np.flatnonzero(here.any(axis=-1))
        return torch.from_numpy(steps), torch.from_numpy((weights * here).sum(axis=-1)[steps])

    def reach(self, ends: Boxes) -> Boxes:
        """What the outputs [start, stop), (..., 2), take from; with room for float32 in a linear position."""
        if self.mode.startswith("nearest"):
            return np.stack([self.nearest(ends[..., 0]), self.nearest(ends[..., 1] - 1) + 1], axis=-1)
        first, last = self.positions(ends[..., 0]), self.positions(ends[..., 1] - 1)
        room = 0.0 if self.wanted == self.size else 1e-6
        low, high = np.floor(first - room * (1 + abs(first))), np.ceil(last + room * (1 + abs(last)))
        return np.stack([np.clip(low, 0, self.size - 1), np.clip(high, 0, self.size - 1) + 1], -1).astype(
            np.int64
        )


def _mode(reading: Reading) -> str:
    return KERNELS.get(reading.node.op) or reading.arguments["mode"] or "nearest"


def axes_of(reading: Reading) -> tuple[Axis, ...] | None:
    """One an axis; None: a mode that is not known here (cubic, area, with antialiasing)."""
    mode = _mode(reading)
    if mode in LINEAR:
        mode = "corners" if reading["align_corners"] else "linear"
    if mode not in FORMULAS or reading.arguments.get("antialias"):
        return None
    if reading.node.op in KERNELS and isinstance(reading["scale_factor"], float):
        return None  # the kernel itself: its scales are arguments of their own, one an axis
    sizes, counts = reading.shape("input")[2:], reading.output_shape[2:]
    factors = _factors(reading, len(sizes))
    return tuple(Axis(*each, mode) for each in zip(sizes, counts, factors, strict=True))


def _factors(reading: Reading, axes: int) -> tuple[float | None, ...]:
    given = reading["scale_factor"]
    if given is None or reading.arguments.get("recompute_scale_factor"):
        return (None,) * axes
    return tuple(map(float, given)) if isinstance(given, list | tuple) else (float(given),) * axes


def explain_interpolate(reading: Reading, at: Index) -> Account | None:
    """The inputs around the place, each with its weight; None: this mode is not known."""
    axes = axes_of(reading)
    if axes is None:
        return None
    steps = [np.array([step]) for step in at[2:]]
    found = [axis.taps(step) for axis, step in zip(axes, steps, strict=True)]
    places = grid(*at[:2], *(torch.from_numpy(tap[0]) for tap, _ in found))
    weight = _outer([torch.from_numpy(weights[0]) for _, weights in found])
    values = pick(reading["input"], places)
    terms = product(POSITIONS[len(axes)], {"input": places}, input=values, weight=weight)
    mode = axes[0].mode
    what = (
        "Here stands the nearest input, unchanged."
        if mode.startswith("nearest")
        else f"A weighted mean of the {values.numel()} inputs around this place: the nearer, the heavier."
    )
    scale = terms.size + _lost(axes, steps) * float(values.abs().sum())
    return Account(what, FORMULAS[mode], written_out(terms), terms.result, DOCS, terms=terms, scale=scale)


def _outer(weights: list[Tensor]) -> Tensor:
    """A weight for each combination of places: the product over the axes."""
    return torch.stack(torch.meshgrid(*weights, indexing="ij")).prod(dim=0)


def _lost(axes: tuple[Axis, ...], steps: list[NDArray[np.int64]]) -> float:
    """How many times larger the rounding error of a weight is than the weight's own.

    A weight is what is left of a position when its whole part is subtracted: at place 200 that costs as many
    digits as 200 has.
    """
    if axes[0].mode.startswith("nearest"):
        return 0.0
    return sum(float(axis.positions(step).max(initial=0)) for axis, step in zip(axes, steps, strict=True))


def interpolate_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - only the input
    """The sum over the outputs that take from this input, each times the weight."""
    axes = axes_of(reading)
    if axes is None:
        raise TraceError(
            f"the gradient of 'interpolate' with mode={_mode(reading)!r} is not explained.\n"
            "  Known are nearest, nearest-exact, linear, bilinear and trilinear, without antialias."
        )
    found = [axis.share(place) for axis, place in zip(axes, at[2:], strict=True)]
    places = grid(*at[:2], *(steps for steps, _ in found))
    gradient, weight = pick(reading.output_gradient, places), _outer([weights for _, weights in found])
    terms = product(POSITIONS[len(axes)], {"gradient": places}, gradient=gradient, weight=weight)
    lost = _lost(axes, [steps.numpy() for steps, _ in found])
    return Account(
        f"{gradient.numel()} outputs take from this input: the sum of their gradients, each times the weight "
        "that the input has there.",
        "dx[q] = Σ dy[r]·weight of q in r   over the outputs r",
        written_out(terms),
        terms.result,
        DOCS,
        terms=terms,
        scale=terms.size + lost * float(gradient.abs().sum()),
    )


def interpolate_cost(reading: Reading) -> Cost:
    """A product for each input that an output is the mean of; the nearest is only copied."""
    shape = reading.output_shape
    if _mode(reading) not in LINEAR:
        return Cost(0)
    factors = [*shape[2:], *[2] * (len(shape) - 2), *([shape[0]] if shape[0] != 1 else []), shape[1]]
    macs = prod(factors)
    return Cost(macs, f"{'·'.join(map(str, factors))} = {macs:,}")


def interpolate_reach(reading: Reading, boxes: Boxes) -> dict[str, Boxes | list[Boxes]]:
    """The inputs around each place; all of the channel in a mode that is not known."""
    seen, axes = boxes.copy(), axes_of(reading)
    shape = reading.shape("input")
    for place in range(2, len(shape)):
        whole = np.array([0, shape[place]], np.int64)
        seen[..., place, :] = axes[place - 2].reach(boxes[..., place, :]) if axes else whole
    return {"input": np.where(is_empty(boxes)[..., None, None], boxes, seen)}


def interpolate_size(reading: Reading) -> str:
    """⌊H·factor⌋, or what was asked for."""
    sizes = reading.shape("input")[2:]
    names, given = AXES[len(sizes)], reading["scale_factor"]
    if given is None:
        each = zip(names, reading.each("size", len(sizes)), strict=True)
        return "\n".join(f"{axis} as asked for = {size}" for axis, size in each)
    factors = given if isinstance(given, list | tuple) else [given] * len(sizes)
    each = zip(names, sizes, factors, strict=True)
    return "\n".join(f"{axis} ⌊{size}·{number(f)}⌋ = {floor(size * f)}" for axis, size, f in each)


def _op(signature: str) -> Op:
    parts = (interpolate_cost, interpolate_reach, interpolate_size)
    return Op(signature, explain_interpolate, interpolate_gradient, *parts)


INTERPOLATE = _op(
    "input size=None scale_factor=None mode=None align_corners=None recompute_scale_factor=None "
    "antialias=False"
)
NEAREST = _op("input size=None scale_factor=None")
SMOOTH = _op("input size=None align_corners=False scale_factor=None")
