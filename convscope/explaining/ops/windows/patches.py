"""Windows laid out as columns (`unfold`, im2col), and columns added up to a picture (`fold`, col2im)."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from convscope.explaining.account import Account, Index, product
from convscope.explaining.boxes import Boxes, clip, is_empty
from convscope.explaining.formula import summed, symbols, times
from convscope.explaining.functions import call
from convscope.explaining.op import Extent, Op, asked_for, free
from convscope.explaining.ops.moves.moving import (
    DOCS,
    Move,
    Origin,
    Reach,
    explain_move,
    move_gradient,
    passed_on,
    view_reach,
)
from convscope.explaining.ops.windows.sliding import Slide, pick
from convscope.explaining.reading import Reading
from convscope.explaining.working import Worked
from convscope.shapes import AXES
from convscope.tracing.graph import Node

x, y, c, h, w, k, u, v, i, j = symbols("x y c h w k u v i j")
s, p, d, step, rest = symbols("s p d step …")
COLUMN = (c * k * k + u * k + v, call("window")(i, j))
DOWN, ACROSS = s * i - p + d * u, s * j - p + d * v  # where a tap lies
COLUMNS = "input kernel_size dilation=1 padding=0 stride=1"


def _slides(reading: Reading) -> tuple[Slide, ...]:
    """The windows along height and width; the picture is the input of `unfold`, the output of `fold`."""
    sizes = (reading.shape("input") if reading.node.op == "unfold" else reading.output_shape)[-2:]
    names = ("kernel_size", "stride", "padding", "dilation")
    each = zip(sizes, *(reading.each(name, 2) for name in names), strict=True)
    return tuple(
        Slide(size, (size + 2 * pad - gap * (kernel - 1) - 1) // stride + 1, kernel, stride, pad, pad, gap)
        for size, kernel, stride, pad, gap in each
    )


def _entry(slides: tuple[Slide, ...], at: Index) -> tuple[int, int, list[int]]:
    """What an entry of the columns holds: the channel, and where its tap lies; −1 in the padding."""
    down, across = slides
    channel, tap = divmod(at[-2], down.kernel * across.kernel)
    taps, steps = divmod(tap, across.kernel), divmod(at[-1], across.steps)
    lies = [int(slide.taps(step)[tap]) for slide, step, tap in zip(slides, steps, taps, strict=True)]
    return channel, tap, lies


def _columns_over(slides: tuple[Slide, ...], at: Index) -> Tensor:
    """The entries of the columns that hold one place of the picture, (row tap, column tap, axis)."""
    *sample, channel = at[:-2]
    down, across = slides
    (rows, first), (columns, second) = (
        slide.seen_by(place) for slide, place in zip(slides, at[-2:], strict=True)
    )
    tap = (channel * down.kernel + rows[:, None]) * across.kernel + columns
    step = first[:, None] * across.steps + second
    return torch.stack([*(torch.full_like(tap, each) for each in sample), tap, step], dim=-1)


# ---- unfold


def _unfold_origin(reading: Reading, at: Index) -> Origin | None:
    channel, _, lies = _entry(_slides(reading), at)
    return None if min(lies) < 0 else Origin("input", (*at[:-2], channel, *lies))


def _unfold_reach(reading: Reading, boxes: Boxes) -> Reach:
    """The channels of the box; all its windows, from the first row of them to the last."""
    down, across = slides = _slides(reading)
    boxes = clip(boxes, reading.output_shape)
    taps, steps = boxes[..., -2, :], boxes[..., -1, :]
    end = np.array([0, 1], np.int64)
    channels = (taps - end) // (down.kernel * across.kernel) + end
    rows, columns = (steps - end) // across.steps + end, (steps - end) % across.steps + end
    one_row = rows[..., 1:] - rows[..., :1] == 1
    columns = np.where(one_row, columns, np.array([0, across.steps], np.int64))
    single = taps[..., 1:] - taps[..., :1] == 1  # one tap: no more than where it lies
    tap = taps[..., 0] % (down.kernel * across.kernel)
    space: list[Boxes] = []
    for slide, ends, each in zip(slides, (rows, columns), divmod(tap, across.kernel), strict=True):
        cut = np.stack([each, each + 1 - slide.kernel], axis=-1) * slide.dilation
        space.append(slide.reach(ends) + np.where(single, cut, 0))
    found = np.stack([*np.moveaxis(boxes[..., :-2, :], -2, 0), channels, *space], axis=-2)
    found = clip(found, reading.shape("input"))
    return {"input": np.where(is_empty(boxes)[..., None, None], 0, found)}


def _window_size(reading: Reading) -> tuple[Extent, ...]:
    """Channels times taps, and how many windows there are."""
    channels, kernel = reading.shape("input")[-3], reading.each("kernel_size", 2)
    steps = [slide.steps for slide in _slides(reading)]
    return (
        Extent("entries", Worked(times(channels, *kernel), {})),
        Extent("windows", Worked(times(*steps), {})),
    )


UNFOLD = Move(
    "Each window of the picture is laid out as a column: all numbers that a convolution multiplies there.",
    y[COLUMN].equals(x[c, DOWN, ACROSS]).given("0 in the padding"),
    "torch.nn.Unfold",
    _unfold_reach,
    _unfold_origin,
)
VIEW = Move(
    "Windows along an axis, one beside the other; the numbers in a window stand on a new last axis.",
    y[rest, i, rest, u].equals(x[rest, i * step + u, rest]),
    "torch.Tensor.unfold",
    view_reach,
)


def _signature(node: Node) -> dict[str, Any]:
    """`F.unfold(x, kernel_size, …)` has windows over a picture, `x.unfold(dim, size, step)` along an axis."""
    view = ".Tensor." in node.function
    names = (
        ("input", "dimension", "size", "step") if view else tuple(w.split("=")[0] for w in COLUMNS.split())
    )
    defaults = {} if view else {"dilation": 1, "padding": 0, "stride": 1}
    return {**defaults, **dict(zip(names, node.args, strict=False)), **node.kwargs}


def _move(reading: Reading) -> Move:
    return VIEW if "step" in reading.arguments else UNFOLD


def _unfold_gradient(reading: Reading, name: str, at: Index) -> Account:
    if _move(reading) is VIEW:
        return move_gradient(VIEW, reading, name, at)
    went = _columns_over(_slides(reading), at).reshape(-1, len(reading.output_shape))
    return passed_on(reading, went, DOCS.format(UNFOLD.docs))


UNFOLD_OP = Op(
    _signature,
    lambda reading, at: explain_move(_move(reading), reading, at),
    _unfold_gradient,
    free,
    lambda reading, boxes: _move(reading).reach(reading, boxes),
    lambda reading: () if _move(reading) is VIEW else _window_size(reading),
)


# ---- fold


def _explain_fold(reading: Reading, at: Index) -> Account:
    """The entries of all windows that lie on this place, added up."""
    places = _columns_over(_slides(reading), at)
    terms = product(("row tap", "column tap"), {"input": places}, input=pick(reading["input"], places))
    count = terms.values.numel()
    what = f"Windows are laid on the picture, and numbers that fall on the same place add up: here {count}."
    formula = y[c, h, w].equals(summed(x[COLUMN], over=(DOWN.equals(h), ACROSS.equals(w))))
    return Account(what, formula, DOCS.format("torch.nn.Fold"), terms=terms)


def _fold_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - there is one tensor
    """What arrives at the only place on which the entry falls; nothing in the padding."""
    channel, _, lies = _entry(_slides(reading), at)
    went = [] if min(lies) < 0 else [[*at[:-2], channel, *lies]]
    places = torch.tensor(went, dtype=torch.int64).reshape(-1, len(reading.output_shape))
    return passed_on(reading, places, DOCS.format("torch.nn.Fold"))


def _fold_reach(reading: Reading, boxes: Boxes) -> Reach:
    """The channels' entries; from the first window that lies on the box to the last."""
    down, across = slides = _slides(reading)
    boxes = clip(boxes, reading.output_shape)
    entries = boxes[..., -3, :] * (down.kernel * across.kernel)
    rows, columns = (
        slide.falls_on(boxes[..., axis, :]) for slide, axis in zip(slides, (-2, -1), strict=True)
    )
    first = rows[..., 0] * across.steps + columns[..., 0]
    behind = (rows[..., 1] - 1) * across.steps + columns[..., 1]
    missed = (rows[..., 1] <= rows[..., 0]) | (columns[..., 1] <= columns[..., 0])
    windows = np.stack([first, behind], axis=-1)
    found = np.stack([*np.moveaxis(boxes[..., :-3, :], -2, 0), entries, windows], axis=-2)
    return {"input": np.where((is_empty(boxes) | missed)[..., None, None], 0, found)}


def _fold_size(reading: Reading) -> tuple[Extent, ...]:
    return tuple(map(asked_for, AXES[2], reading.each("output_size", 2)))


FOLD = Op(
    f"input output_size {COLUMNS.removeprefix('input ')}",
    _explain_fold,
    _fold_gradient,
    free,
    _fold_reach,
    _fold_size,
)

OPS: dict[str, Op] = {"unfold": UNFOLD_OP, "fold": FOLD}
