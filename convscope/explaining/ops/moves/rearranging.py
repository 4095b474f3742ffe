"""The same numbers in another order, or several times: repeat, flip, roll, pixel_shuffle and their like."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from convscope.explaining.axes import second
from convscope.explaining.boxes import Boxes, clip
from convscope.explaining.formula import Formula, symbols
from convscope.explaining.functions import call, floor
from convscope.explaining.op import Extent, Op
from convscope.explaining.ops.moves.moving import Move, Reach, Strided, bare, by_table, through
from convscope.explaining.reading import Reading
from convscope.explaining.working import Worked
from convscope.shapes import elements

x, y, i, j, k, r, c, g = symbols("x y i j k r c g")
h, w, C, n, shift, size, repeats = symbols("h w C n shift size repeats")
mod = call("mod")

# ---- in several steps, each of them a view


def _chain(stages: Callable[[Reading], list[Strided]]) -> Callable[[Reading, Boxes], Reach]:
    """Reach of an operation that is one view of another."""

    def reach(reading: Reading, boxes: Boxes) -> Reach:
        for layout in reversed(stages(reading)):
            boxes = through(layout, boxes)
        return {"input": boxes}

    return reach


def _cut_turned_merged(
    reading: Reading,
    cut: tuple[int, ...],
    order: tuple[int, ...] | None,
    spread: tuple[int, ...] | None = None,
) -> list[Strided]:
    """View with more axes → axes in another order, or repeated → view with the output's shape."""
    source = reading.shape("input")
    turned = bare(source).view(cut)
    turned = turned.permute(order) if order else turned.expand(spread or cut)
    shape = tuple(turned.shape)
    return [Strided.of(turned, source), Strided.of(bare(shape).view(reading.output_shape), shape)]


def _pixel_shuffle(reading: Reading) -> list[Strided]:
    *lead, channels, height, width = reading.shape("input")
    r, first = int(reading.arguments["upscale_factor"]), len(lead)
    cut = (*lead, channels // r**2, r, r, height, width)
    return _cut_turned_merged(reading, cut, (*range(first), *(first + axis for axis in (0, 3, 1, 4, 2))))


def _pixel_unshuffle(reading: Reading) -> list[Strided]:
    *lead, channels, height, width = reading.shape("input")
    r, first = int(reading.arguments["downscale_factor"]), len(lead)
    cut = (*lead, channels, height // r, r, width // r, r)
    return _cut_turned_merged(reading, cut, (*range(first), *(first + axis for axis in (0, 2, 4, 1, 3))))


def _channel_shuffle(reading: Reading) -> list[Strided]:
    samples, channels, *space = reading.shape("input")
    groups = int(reading.arguments["groups"])
    order = (0, 2, 1, *range(3, 3 + len(space)))
    return _cut_turned_merged(reading, (samples, groups, channels // groups, *space), order)


def _repeats(reading: Reading) -> tuple[int, ...]:
    """How often each axis is repeated, for as many axes as the output has."""
    given = reading.node.kwargs.get("repeats", reading.node.kwargs.get("dims", reading.node.args[1:]))
    times = tuple(given[0]) if len(given) == 1 and not isinstance(given[0], int) else tuple(given)
    return (1,) * (len(reading.output_shape) - len(times)) + times


def _repeat(reading: Reading) -> list[Strided]:
    times = _repeats(reading)
    source = reading.shape("input")
    source = (1,) * (len(times) - len(source)) + source
    cut = tuple(part for size in source for part in (1, size))
    spread = tuple(part for pair in zip(times, source, strict=True) for part in pair)
    return _cut_turned_merged(reading, cut, None, spread)


def _shuffled_size(reading: Reading) -> tuple[Extent, ...]:
    return _sizes(reading, "upscale_factor", {"channel": C / r**2, "height": h * r, "width": w * r})


def _unshuffled_size(reading: Reading) -> tuple[Extent, ...]:
    return _sizes(reading, "downscale_factor", {"channel": C * r**2, "height": h / r, "width": w / r})


def _sizes(reading: Reading, factor: str, formulas: dict[str, Formula]) -> tuple[Extent, ...]:
    *_, channels, height, width = reading.shape("input")
    values = {C: channels, h: height, w: width, r: int(reading.arguments[factor])}
    return tuple(Extent(axis, Worked(formula, values)) for axis, formula in formulas.items())


def _repeated_size(reading: Reading) -> tuple[Extent, ...]:
    times = _repeats(reading)
    source = (1,) * (len(times) - len(reading.shape("input"))) + reading.shape("input")
    sizes = enumerate(zip(source, times, strict=True))
    return tuple(
        Extent(f"axis {axis}:", Worked(size * n, {size: one, n: count}))
        for axis, (one, count) in sizes
        if count != 1
    )


PIXEL_SHUFFLE = Move(
    "Channels become places: each place grows to r × r pixels, which come from r² channels at that place.",
    y[c, h * r + i, w * r + j].equals(x[c * r**2 + i * r + j, h, w]),
    "torch.nn.PixelShuffle",
    _chain(_pixel_shuffle),
).op("input upscale_factor", _shuffled_size)
PIXEL_UNSHUFFLE = Move(
    "Places become channels: each block of r × r pixels is stacked up in r² channels at one place.",
    y[c * r**2 + i * r + j, h, w].equals(x[c, h * r + i, w * r + j]),
    "torch.nn.PixelUnshuffle",
    _chain(_pixel_unshuffle),
).op("input downscale_factor", _unshuffled_size)
CHANNEL_SHUFFLE = Move(
    "The channels are dealt like cards: one of each group in turn, so that groups meet in the next layer.",
    y[k * g + i].equals(x[i * (C / g) + k]),
    "torch.nn.ChannelShuffle",
    _chain(_channel_shuffle),
).op("input groups")
REPEAT = Move(
    "The tensor is laid down several times, one beside the other.",
    y[i].equals(x[mod(i, size)]),
    "torch.Tensor.repeat",
    _chain(_repeat),
).op("input", _repeated_size)


# ---- along an axis, by a table


def _along(tables: Callable[[Reading], dict[int, np.ndarray]]) -> Callable[[Reading, Boxes], Reach]:
    """Reach of an operation that takes the place i of an axis from the place `table[i]`."""

    def reach(reading: Reading, boxes: Boxes) -> Reach:
        boxes = clip(boxes, reading.output_shape)
        for axis, table in tables(reading).items():
            boxes = by_table(table, boxes, axis)
        return {"input": boxes}

    return reach


def in_a_row(table: np.ndarray, reading: Reading, boxes: Boxes) -> Reach:
    """Reach where the table holds for all numbers in one row, whatever the shapes are."""
    source, result = reading.shape("input"), reading.output_shape
    row = (elements(result),)
    boxes = by_table(table, through(Strided.of(bare(row).view(result), row), boxes), axis=0)
    return {"input": through(Strided.of(bare(source).view(-1), source), boxes)}


def _axes(given: int | Sequence[int], count: int) -> tuple[int, ...]:
    """Axes as they may be given, counted from the front."""
    several = (given,) if isinstance(given, int) else given
    return tuple(axis % count for axis in several)


def _flipped(reading: Reading) -> dict[int, np.ndarray]:
    shape = reading.shape("input")
    named = {"flipud": (0,), "fliplr": (1,)}.get(reading.node.op)
    given = named or reading.node.kwargs.get("dims", reading.node.args[1:])
    given = given[0] if len(given) == 1 and not isinstance(given[0], int) else given
    return {axis: np.arange(shape[axis])[::-1] for axis in _axes(given, len(shape))}


def _roll_reach(reading: Reading, boxes: Boxes) -> Reach:
    shape, shifts, dims = reading.shape("input"), reading.arguments["shifts"], reading.arguments["dims"]
    if dims is None or dims == ():
        shift = shifts if isinstance(shifts, int) else shifts[0]
        return in_a_row(np.roll(np.arange(elements(shape)), shift), reading, boxes)
    shifts = (shifts,) if isinstance(shifts, int) else shifts
    boxes = clip(boxes, shape)
    for axis, shift in zip(_axes(dims, len(shape)), shifts, strict=True):
        boxes = by_table(np.roll(np.arange(shape[axis]), shift), boxes, axis)
    return {"input": boxes}


def _interleave_reach(reading: Reading, boxes: Boxes) -> Reach:
    shape, repeats, dim = reading.shape("input"), reading["repeats"], reading.arguments["dim"]
    times = repeats if isinstance(repeats, int) else repeats.numpy()
    size = elements(shape) if dim is None else shape[dim]
    table = np.repeat(np.arange(size), times)
    if dim is None:
        return in_a_row(table, reading, boxes)
    return {"input": by_table(table, clip(boxes, reading.output_shape), dim % len(shape))}


FLIP = Move(
    "The order along an axis is turned round: the last comes first.",
    y[i].equals(x[size - 1 - i]),
    "torch.flip",
    _along(_flipped),
).op("input")
ROLL = Move(
    "The numbers are pushed along an axis; those that fall off the end come in again at the beginning.",
    y[i].equals(x[mod(i - shift, size)]),
    "torch.roll",
    _roll_reach,
).op("input shifts dims=None")
REPEAT_INTERLEAVE = Move(
    "Each number is repeated on the spot, before the next one comes.",
    y[i].equals(x[floor(i / repeats)]),
    "torch.repeat_interleave",
    _interleave_reach,
).op("input repeats dim=None")

OPS: dict[str, Op] = {
    **dict.fromkeys(("flip", "flipud", "fliplr"), FLIP),
    **dict.fromkeys(("repeat", "tile"), REPEAT),
    "roll": ROLL,
    "repeat_interleave": REPEAT_INTERLEAVE,
    "pixel_shuffle": replace(PIXEL_SHUFFLE, axes=second),
    "pixel_unshuffle": replace(PIXEL_UNSHUFFLE, axes=second),
    "channel_shuffle": CHANNEL_SHUFFLE,
}
