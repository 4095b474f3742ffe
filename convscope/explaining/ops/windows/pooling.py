"""Pooling: a window of one channel becomes one number. Here the windows, and the largest of each."""

from dataclasses import replace
from functools import partial
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from convscope.explaining.account import Account, Index, Step, Terms
from convscope.explaining.axes import Axes, channels_second
from convscope.explaining.boxes import Boxes, is_empty
from convscope.explaining.formula import Formula, Operand, Symbol, Text, largest, summed, symbols
from convscope.explaining.functions import ceil, floor
from convscope.explaining.op import Extent, Op, Role, asked_for, free
from convscope.explaining.ops.windows.convolution import window_size
from convscope.explaining.ops.windows.sliding import POSITIONS, Slide, Window, grid, pick
from convscope.explaining.reading import Reading
from convscope.shapes import AXES, show, window_output

y, x, dx, dy, r, q, s, d, u, p = symbols("y x dx dy r q s d u p")
WINS = Text("[x[q] is the largest in window r]")


class AdaptiveAxis(NamedTuple):
    """Adaptive pooling along one axis: `steps` windows that share `size` places, and may overlap by one."""

    size: int
    steps: int

    def taps(self, step: int) -> Tensor:
        """The places of one window.

        >>> [AdaptiveAxis(5, 3).taps(step).tolist() for step in range(3)]
        [[0, 1], [1, 2, 3], [3, 4]]
        """
        return torch.arange(step * self.size // self.steps, -(-(step + 1) * self.size // self.steps))

    @property
    def largest(self) -> Slide:
        """The windows where they are all alike; else the largest."""
        kernel = max(len(self.taps(step)) for step in range(self.steps))
        return Slide(self.size, self.steps, kernel, max(1, self.size // self.steps))

    @property
    def spans(self) -> list[list[int]]:
        """First place and the one behind the last, of each window."""
        taps = [self.taps(step).tolist() for step in range(self.steps)]
        return [[each[0], each[-1] + 1] for each in taps]

    def steps_over(self, place: int) -> Tensor:
        """The windows that hold a place, in order."""
        steps = torch.arange(self.steps)
        first = steps * self.size // self.steps
        behind = -(-(steps + 1) * self.size // self.steps)
        return steps[(first <= place) & (place < behind)]

    def reach(self, ends: Boxes) -> Boxes:
        """What the windows [start, stop), (..., 2), look at."""
        return np.stack(
            [ends[..., 0] * self.size // self.steps, -(-ends[..., 1] * self.size // self.steps)], axis=-1
        )


def axes_of(reading: Reading) -> int:
    """How many axes are pooled: "max_pool2d" has two."""
    return int(reading.node.op[-2])


def shares(reading: Reading) -> tuple[AdaptiveAxis, ...]:
    """The windows of an adaptive pooling, an axis each; a size that is None is kept, as the output tells."""
    axes = axes_of(reading)
    return tuple(
        AdaptiveAxis(size, count)
        for size, count in zip(reading.shape("input")[-axes:], reading.output_shape[-axes:], strict=True)
    )


def slides(reading: Reading) -> tuple[Slide, ...]:
    """The windows of a pooling with a stride, an axis each; without a stride they lie side by side."""
    axes = axes_of(reading)
    kernel = reading.each("kernel_size", axes)
    stride = reading.each("stride", axes) if reading.arguments["stride"] else kernel
    padding, dilation = (
        reading.each(name, axes) if name in reading.arguments else (default,) * axes
        for name, default in (("padding", 0), ("dilation", 1))
    )
    ceil, space = bool(reading["ceil_mode"]), reading.shape("input")[-axes:]
    return tuple(
        Slide(size, _steps(size, k, s, p, d, ceil=ceil), k, s, p, p, d)
        for size, k, s, p, d in zip(space, kernel, stride, padding, dilation, strict=True)
    )


def _steps(size: int, kernel: int, stride: int, padding: int, dilation: int, *, ceil: bool) -> int:
    """Rounded up, a window may hang over the end, but none may start in the padding there."""
    if not ceil:
        return window_output(size, kernel, stride, padding, dilation)
    count = -(-(size + 2 * padding - dilation * (kernel - 1) - 1) // stride) + 1
    return count - 1 if (count - 1) * stride >= size + padding else count


def windows_of(reading: Reading) -> tuple[Slide, ...] | tuple[AdaptiveAxis, ...]:
    """The windows, an axis each."""
    return shares(reading) if reading.node.op.startswith("adaptive") else slides(reading)


def docs(reading: Reading) -> str:
    """Where torch describes the layer."""
    name = "".join(word.capitalize() for word in reading.node.op[:-2].split("_")) + reading.node.op[-2:]
    name = name.replace("Lp", "LP")
    return f"https://docs.pytorch.org/docs/stable/generated/torch.nn.{name}.html"


def explain_max(reading: Reading, at: Index) -> Account:
    """The largest number of the window, or (the second output) where it stands."""
    terms = _window(reading, at)
    outside = int((terms.places["input"][..., 0] < 0).sum())
    notes = (f"{outside} of {terms.values.numel()} taps lie in the padding, which counts as −∞.",)
    index = _place(reading, terms) if reading.which == 1 else None
    window = show(tuple(terms.values.shape))
    what = f"Max pooling keeps the largest of the {window} numbers in its window and forgets the others."
    if index is not None:
        what += " This is where it stands, counted row by row in its channel."
    return Account(
        what,
        index.formula
        if index
        else y[r].equals(largest(x[s * r + d * u - p])).given("over the taps u of the window"),
        docs(reading),
        terms=terms,
        steps=(index,) if index else (),
        notes=notes * (outside > 0),
    )


def _window(reading: Reading, at: Index) -> Terms:
    """The numbers of one window; padding is below every number."""
    axes = axes_of(reading)
    each = zip(windows_of(reading), at[-axes:], strict=True)
    places = grid(*at[:-axes], *(window.taps(step) for window, step in each))
    values = pick(reading["input"], places, outside=-torch.inf)
    return Terms(values, POSITIONS[axes], {"input": values}, {"input": places}, rule="max")


def _winner(terms: Terms) -> list[int]:
    """Where the largest stands in the input: of equal ones the first."""
    return terms.places["input"].flatten(0, -2)[int(terms.values.argmax())].tolist()


def _place(reading: Reading, terms: Terms) -> Step:
    """The index that `return_indices` gives: row · width + column, without sample and channel."""
    axes = axes_of(reading)
    sizes, place = reading.shape("input")[-axes:], _winner(terms)[-axes:]
    (counted, *further), spans = map(Symbol, POSITIONS[axes]), [Symbol(axis) for axis in AXES[axes]]
    values: dict[Formula, Operand] = dict(zip(spans, sizes, strict=True))
    values |= dict(zip((counted, *further), place, strict=True))
    for name, span in zip(further, spans[1:], strict=True):
        counted = counted * span + name
    return Step("index", Symbol("index").equals(counted), values)


def max_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - only the input has one
    """The sum over the windows in which this number won."""
    axes = axes_of(reading)
    each = zip(windows_of(reading), at[-axes:], strict=True)
    places = grid(*at[:-axes], *(window.steps_over(place) for window, place in each))
    won = [_winner(_window(reading, tuple(step))) == list(at) for step in places.flatten(0, -2).tolist()]
    gradient = pick(reading.output_gradient, places)
    wins = torch.tensor(won, dtype=torch.float64).reshape(gradient.shape)
    terms = Terms(
        gradient * wins, POSITIONS[axes], {"gradient": gradient, "wins": wins}, {"gradient": places}
    )
    what = (
        "Only the largest number of a window has an influence, of equal ones the first. This one wins "
        f"{sum(won)} of the {len(won)} windows that hold it: the gradients that arrive there are added up."
    )
    formula = dx[q].equals(summed(dy[r] * WINS)).given("over the windows r that hold q")
    return Account(what, formula, docs(reading), terms=terms)


def pool_reach(reading: Reading, boxes: Boxes) -> dict[str, Boxes | list[Boxes]]:
    """The windows of the same channel."""
    seen = boxes.copy()
    windows = windows_of(reading)
    for axis, window in enumerate(windows, boxes.shape[-2] - len(windows)):
        seen[..., axis, :] = window.reach(boxes[..., axis, :])
    return {"input": np.where(is_empty(boxes)[..., None, None], boxes, seen)}


def pool_size(reading: Reading) -> tuple[Extent, ...]:
    """The size formula with its numbers, an axis each."""
    names = AXES[axes_of(reading)]
    if reading.node.op.startswith("adaptive"):
        return tuple(asked_for(axis, share.steps) for axis, share in zip(names, shares(reading), strict=True))
    rounded = ceil if reading["ceil_mode"] else floor
    return tuple(
        window_size(axis, slide, rounded) for axis, slide in zip(names, slides(reading), strict=True)
    )


def pool_axes(reading: Reading, before: Axes | None) -> Axes:  # noqa: ARG001 - asked as all others
    """Channels stand before the axes that are pooled."""
    return channels_second(len(reading.output_shape), axes_of(reading))


def pool_window(rule: Literal["max", "mean"], reading: Reading, channel: int) -> Window:
    """A window over the same channel of the input."""
    each = windows_of(reading)
    slides = tuple(one.largest if isinstance(one, AdaptiveAxis) else one for one in each)
    uneven = [one.spans for one in each if isinstance(one, AdaptiveAxis)]
    alike = all(one.size % one.steps == 0 for one in each if isinstance(one, AdaptiveAxis))
    groups = reading.shape("input")[-len(each) - 1]
    divisor = _divisor(reading) if rule == "mean" else None
    spans = None if alike else uneven
    return Window("pooling", rule, slides, groups, range(channel, channel + 1), divisor=divisor, spans=spans)


def _divisor(reading: Reading) -> float | Literal["padded", "inside"]:
    """What a mean is divided by: a number, the taps on real numbers, or those not beyond the padding."""
    override = reading.arguments.get("divisor_override")
    if override is not None:
        return override
    return "padded" if reading.arguments.get("count_include_pad", True) else "inside"


MAX_POOL = Op(
    "input kernel_size stride=None padding=0 dilation=1 ceil_mode=False return_indices=False",
    explain_max,
    max_gradient,
    free,
    pool_reach,
    pool_size,
    role=Role.POOLING,
    drawing="window",
    axes=pool_axes,
    window=partial(pool_window, "max"),
    edits=("setting",),
)
ADAPTIVE_MAX_POOL = replace(MAX_POOL, signature="input output_size return_indices=False", edits=())
