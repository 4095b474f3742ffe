"""What convolutions of both directions have in common: the bias, the cost, the words about groups."""

import torch

from convscope.explaining.account import Account, Index, Terms
from convscope.explaining.axes import Axes, channels_second
from convscope.explaining.formula import Formula, Symbol, summed, symbols, times
from convscope.explaining.op import Cost
from convscope.explaining.ops.windows.sliding import POSITIONS, Convolution, grid, products
from convscope.explaining.reading import Reading
from convscope.explaining.working import Worked
from convscope.shapes import AXES

db, dy, o, n, r = symbols("db dy o n r")
IN, OUT, GROUPS, SAMPLES, k = symbols("in out groups samples k")


def samples(reading: Reading) -> int | None:
    """How many samples the input has; None: it is one sample without an axis for it."""
    shape = reading.shape("input")
    return shape[0] if len(shape) == len(reading.shape("weight")) else None


def every_position(reading: Reading) -> tuple[str, ...]:
    """Axes of a sum over all positions of all samples."""
    names = POSITIONS[len(reading.shape("weight")) - 2]
    return names if samples(reading) is None else ("sample", *names)


def in_channels(count: int) -> str:
    """How many, in words: "in each of 512 channels"."""
    return "in 1 channel" if count == 1 else f"in each of {count:,} channels"


def bias_of(reading: Reading, channel: int) -> float | None:
    """What is added to a channel; None: the layer has no bias."""
    return float(reading["bias"][channel]) if reading.has("bias") else None


def bias_gradient(reading: Reading, at: Index, source: str) -> Account:
    """The bias is added at every position, so its gradient is the sum of all that arrive."""
    space = reading.output_shape[2 - len(reading.shape("weight")) :]
    count = samples(reading)
    sample = [] if count is None else [torch.arange(count)]
    places = grid(*sample, at[0], *(torch.arange(size) for size in space))
    terms = products(every_position(reading), gradient=(reading.output_gradient, places))
    return Account(
        "The bias is added at every position, so its gradient is the sum of the gradients that arrive there.",
        db[o].equals(summed(dy[n, o, r])).given("over samples n and positions r"),
        source,
        terms=terms,
        scale=long_sum(terms),
    )


def long_sum(terms: Terms) -> float:
    """What the error of a sum over all positions is measured against.

    Such a sum has many thousand terms, which torch adds up one after another: each addition rounds the sum so
    far. Rounding errors are as good as random, so that they come to u·√Σ(sum so far)², u the unit roundoff.
    The bound of 1e-6 is 16 u; a quarter of the root leaves four standard deviations. It is more than Σ|terms|
    only where the terms do not cancel.
    """
    so_far = terms.values.flatten().cumsum(0)
    return max(terms.size, float(so_far.norm()) / 4)


def group_note(layer: Convolution, channel: int, channels: int, seen: int) -> tuple[str, ...]:
    """Which of the `seen` channels on the other side one of these `channels` belongs to."""
    if layer.groups == 1:
        return ()
    group, width = channel // (channels // layer.groups), seen // layer.groups
    names = f"channel {group}" if width == 1 else f"channels {group * width} to {group * width + width - 1}"
    return (
        f"Output channel {channel} belongs to group {group} of {layer.groups} (counted from 0) "
        f"and takes only {names} of the input.",
    )


def cost(reading: Reading, layer: Convolution, taken: int, made: int) -> Cost:
    """Multiply-adds of a layer with `taken` input and `made` output channels.

    Every step of the window counts all of its taps, also those that fall on padding, as the formula
    H'·W'·K²·n·M of the textbooks does.
    """
    count, axes = samples(reading), AXES[len(layer.slides)]
    values: dict[Symbol, int] = {SAMPLES: count or 1, IN: taken, OUT: made, GROUPS: layer.groups}
    values |= {Symbol(axis): slide.steps for axis, slide in zip(axes, layer.slides, strict=True)}
    kernel = [slide.kernel for slide in layer.slides]
    taps = [k if len(set(kernel)) == 1 else Symbol("k", axis) for axis in axes]
    values |= dict(zip(taps, kernel, strict=True))
    own: Formula = IN if layer.groups == 1 else IN / GROUPS
    every = [*([SAMPLES] if values[SAMPLES] > 1 else []), *map(Symbol, axes)]
    one = times(own, *taps)
    return Cost(
        Worked(times(*every, *taps, own, OUT), values),
        Worked(OUT * (one + 1) if reading.has("bias") else OUT * one, values),
    )


def axes(reading: Reading, before: Axes | None) -> Axes:  # noqa: ARG001 - asked as all others
    """Channels stand before the axes that a kernel slides along."""
    return channels_second(len(reading.output_shape), len(reading.shape("weight")) - 2)
