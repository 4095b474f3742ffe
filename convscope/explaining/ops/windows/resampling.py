"""Resampling (`interpolate`, `nn.Upsample`): each output is a mean of the inputs around it, by distance."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from convscope.errors import TraceError
from convscope.explaining.account import Account, Index, product
from convscope.explaining.axes import second
from convscope.explaining.boxes import Boxes, is_empty
from convscope.explaining.formula import Number, Text, summed, symbols, times, where
from convscope.explaining.functions import absolute, call, ceil, floor
from convscope.explaining.op import Cost, Extent, Op, Role, asked_for
from convscope.explaining.ops.windows.sliding import POSITIONS, grid, pick
from convscope.explaining.reading import Reading
from convscope.explaining.working import Worked
from convscope.shapes import AXES

DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html"
# What exported programs call it: the mode is in the name.
KERNELS = {f"upsample_nearest{axes}d": "nearest" for axes in (1, 2, 3)} | {
    "upsample_linear1d": "linear",
    "upsample_bilinear2d": "bilinear",
    "upsample_bicubic2d": "bicubic",
    "upsample_trilinear3d": "trilinear",
}
LINEAR = ("linear", "bilinear", "trilinear")
BEND = -0.75  # of the cubic curve
x, y, dx, dy, r, q, i, n, d, λ, H, wanted, scale, f = symbols("x y dx dy r q i n d λ H H' scale f")
k, HALF = call("k"), Number(1) / 2
WAY, CORNERS = q.equals((r + HALF) * scale - HALF), q.equals(r * ((H - 1) / (wanted - 1)))
LINE = y[r].equals((1 - λ) * x[floor(q)] + λ * x[floor(q) + 1])
BETWEEN = LINE.given("on each axis", λ.equals(q - floor(q)))
CURVE = k(d).equals(
    where(
        absolute(d) <= 1,
        1.25 * absolute(d) ** 3 - 2.25 * absolute(d) ** 2 + 1,
        BEND * (absolute(d) ** 3 - 5 * absolute(d) ** 2 + 8 * absolute(d) - 4),
    )
)
ENDS = floor(r * (H / wanted)) <= i, i < ceil((r + 1) * (H / wanted))
NEAREST_FOUR = y[r].equals(summed(k(q - i) * x[i])).given("on each axis, over the 4 nearest i")
FORMULAS = {
    "nearest": y[r].equals(x[floor(r * scale)]),
    "nearest-exact": y[r].equals(x[floor((r + HALF) * scale)]),
    "linear": BETWEEN.given(WAY),
    "corners": BETWEEN.given(CORNERS),
    "cubic": NEAREST_FOUR.given(WAY, CURVE),
    "cubic corners": NEAREST_FOUR.given(CORNERS, CURVE),
    "area": y[r].equals(summed(x[i] / n)).given("on each axis, over the n places i on which r lies", *ENDS),
}


class ResampledAxis(NamedTuple):
    """How one axis is read anew.

    Attributes:
        size, wanted: before and after.
        given: the person's scale factor, which torch then uses; None: the ratio of the sizes.
        mode: a key of `FORMULAS`; with "corners" the first and the last place stay where they are.
    """

    size: int
    wanted: int
    given: float | None
    mode: str

    @property
    def scale(self) -> float:
        """Places of the input for one place of the output."""
        if self.mode.endswith("corners"):
            return (self.size - 1) / (self.wanted - 1) if self.wanted > 1 else 0.0
        return 1 / self.given if self.given else self.size / self.wanted

    def positions(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """Where in the input each place of the output lies; below 0 is before the first."""
        if self.wanted == self.size:  # torch copies, also where a scale factor such as 1.1 led to this size
            return np.asarray(steps, np.float64)
        if self.mode.endswith("corners"):
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
        if self.mode == "area":
            return self.shares(steps)
        if self.mode.startswith("cubic"):
            position = self.positions(steps)
            window = np.floor(position)[:, None] + np.arange(-1, 3)
            inside = np.clip(window, 0, self.size - 1).astype(
                np.int64
            )  # the border stands in for what lies behind it
            return inside, cubic(position[:, None] - window, BEND)
        position = np.maximum(self.positions(steps), 0)
        first = np.minimum(np.floor(position).astype(np.int64), self.size - 1)
        fraction = np.minimum(position - first, 1.0)
        return (
            np.stack([first, np.minimum(first + 1, self.size - 1)], axis=-1),
            np.stack([1 - fraction, fraction], axis=-1),
        )

    def shares(self, steps: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Means of stretches, (step, tap); of a shorter stretch the last taps weigh nothing."""
        first, behind = steps * self.size // self.wanted, -(-(steps + 1) * self.size // self.wanted)
        count = (behind - first)[:, None]
        taps = np.arange(int(count.max(initial=0)))
        return np.minimum(first[:, None] + taps, self.size - 1), (taps < count) / count

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
        if self.mode == "area":
            first, behind = (
                ends[..., 0] * self.size // self.wanted,
                -(-ends[..., 1] * self.size // self.wanted),
            )
            return np.stack([first, behind], axis=-1)
        first, last = self.positions(ends[..., 0]), self.positions(ends[..., 1] - 1)
        room = 0.0 if self.wanted == self.size else 1e-6
        wide = 1 if self.mode.startswith("cubic") else 0
        low = np.floor(first - room * (1 + abs(first))) - wide
        high = np.ceil(last + room * (1 + abs(last))) + wide
        return np.stack([np.clip(low, 0, self.size - 1), np.clip(high, 0, self.size - 1) + 1], -1).astype(
            np.int64
        )


def cubic(distance: NDArray[np.float64], bend: float) -> NDArray[np.float64]:
    """What a number at this distance weighs: 1 at 0, nothing at 1, less than nothing between 1 and 2.

    >>> cubic(np.array([0.0, 0.5, 1.0, 1.5]), -0.75).tolist()
    [1.0, 0.59375, 0.0, -0.09375]
    """
    d = abs(distance)
    near = (bend + 2) * d**3 - (bend + 3) * d**2 + 1
    return np.where(d <= 1, near, bend * (d**3 - 5 * d**2 + 8 * d - 4))


def _mode(reading: Reading) -> str:
    return KERNELS.get(reading.node.op) or reading.arguments["mode"] or "nearest"


def axes_of(reading: Reading) -> tuple[ResampledAxis, ...] | None:
    """One an axis; None: with antialiasing, which is not known here."""
    mode = _mode(reading)
    if mode in LINEAR:
        mode = "corners" if reading["align_corners"] else "linear"
    if mode == "bicubic":
        mode = "cubic corners" if reading["align_corners"] else "cubic"
    if mode not in FORMULAS or reading.arguments.get("antialias"):
        return None
    if reading.node.op in KERNELS and isinstance(reading["scale_factor"], float):
        return None  # the kernel itself: its scales are arguments of their own, one an axis
    sizes, counts = reading.shape("input")[2:], reading.output_shape[2:]
    factors = _factors(reading, len(sizes))
    return tuple(ResampledAxis(*each, mode) for each in zip(sizes, counts, factors, strict=True))


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
    what = WORDS[mode.split("-")[0].split()[0]].format(values.numel())
    size = terms.size + _lost(axes, steps) * float(values.abs().sum())
    return Account(what, FORMULAS[mode], DOCS, terms=terms, scale=size)


WORDS = {
    "nearest": "Here stands the nearest input, unchanged.",
    "cubic": "A sum of the {} inputs around this place: the near ones count most, those behind them a little "
    "less than nothing, which keeps edges sharp.",
    "area": "The mean of the {} inputs on which this place lies.",
} | dict.fromkeys(
    ("linear", "corners"), "A weighted mean of the {} inputs around this place: the nearer, the heavier."
)


def _outer(weights: list[Tensor]) -> Tensor:
    """A weight for each combination of places: the product over the axes."""
    return torch.stack(torch.meshgrid(*weights, indexing="ij")).prod(dim=0)


def _lost(axes: tuple[ResampledAxis, ...], steps: list[NDArray[np.int64]]) -> float:
    """How many times larger the rounding error of a weight is than the weight's own.

    A weight is what is left of a position when its whole part is subtracted: at place 200 that costs as many
    digits as 200 has.
    """
    if axes[0].mode.startswith("nearest") or axes[0].mode == "area":
        return 0.0
    return sum(float(axis.positions(step).max(initial=0)) for axis, step in zip(axes, steps, strict=True))


def interpolate_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - only the input
    """The sum over the outputs that take from this input, each times the weight."""
    axes = axes_of(reading)
    if axes is None:
        raise TraceError(
            f"the gradient of 'interpolate' with mode={_mode(reading)!r} and antialias is not explained.\n"
            "  Known are all modes without antialias."
        )
    found = [axis.share(place) for axis, place in zip(axes, at[2:], strict=True)]
    places = grid(*at[:2], *(steps for steps, _ in found))
    gradient, weight = pick(reading.output_gradient, places), _outer([weights for _, weights in found])
    terms = product(POSITIONS[len(axes)], {"gradient": places}, gradient=gradient, weight=weight)
    lost = _lost(axes, [steps.numpy() for steps, _ in found])
    return Account(
        f"{gradient.numel()} outputs take from this input: the sum of their gradients, each times the weight "
        "that the input has there.",
        dx[i].equals(summed(dy[r] * Text("weight of i in r"))).given("over the outputs r"),
        DOCS,
        terms=terms,
        scale=terms.size + lost * float(gradient.abs().sum()),
    )


def interpolate_cost(reading: Reading) -> Cost:
    """A product for each input that an output is the mean of; the nearest is only copied."""
    shape = reading.output_shape
    taps = 2 if _mode(reading) in LINEAR else 4 if _mode(reading) == "bicubic" else 0
    if not taps:
        return Cost()
    factors = [*shape[2:], *[taps] * (len(shape) - 2), *([shape[0]] if shape[0] != 1 else []), shape[1]]
    return Cost(Worked(times(*factors), {}))


def interpolate_reach(reading: Reading, boxes: Boxes) -> dict[str, Boxes | list[Boxes]]:
    """The inputs around each place; all of the channel in a mode that is not known."""
    seen, axes = boxes.copy(), axes_of(reading)
    shape = reading.shape("input")
    for place in range(2, len(shape)):
        whole = np.array([0, shape[place]], np.int64)
        seen[..., place, :] = axes[place - 2].reach(boxes[..., place, :]) if axes else whole
    return {"input": np.where(is_empty(boxes)[..., None, None], boxes, seen)}


def interpolate_size(reading: Reading) -> tuple[Extent, ...]:
    """⌊H·factor⌋, or what was asked for."""
    sizes = reading.shape("input")[2:]
    names, given = AXES[len(sizes)], reading["scale_factor"]
    if given is None:
        return tuple(map(asked_for, names, reading.each("size", len(sizes))))
    factors = given if isinstance(given, list | tuple) else [given] * len(sizes)
    each = zip(names, sizes, factors, strict=True)
    return tuple(Extent(axis, Worked(floor(H * f), {H: size, f: factor})) for axis, size, factor in each)


def _op(signature: str) -> Op:
    parts = (interpolate_cost, interpolate_reach, interpolate_size)
    return Op(signature, explain_interpolate, interpolate_gradient, *parts, role=Role.RESAMPLING, axes=second)


INTERPOLATE = _op(
    "input size=None scale_factor=None mode=None align_corners=None recompute_scale_factor=None "
    "antialias=False"
)
NEAREST = _op("input size=None scale_factor=None")
SMOOTH = _op("input size=None align_corners=False scale_factor=None")
