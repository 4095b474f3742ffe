"""The windows of convolutions and poolings: kernel, stride, padding and the numbers below."""

import numpy as np
from torch import Tensor

from convscope.explaining import read
from convscope.explaining.ops import convolution, transposed
from convscope.explaining.ops.pooling import Share, shares, slides
from convscope.explaining.ops.sliding import Layer, Slide
from convscope.explaining.reading import Reading
from convscope.tracing import Node
from convscope.web.messages.layout import Layout
from convscope.web.messages.numbers import Message, exact, plain
from convscope.web.session import Seen, Session

POOLINGS = {
    "max_pool": "max",
    "adaptive_max_pool": "max",
    "avg_pool": "mean",
    "adaptive_avg_pool": "mean",
}


def window(session: Session, seen: Seen, node: Node, place: int) -> Message | None:  # noqa: ARG001
    """The message `Window` of static/messages.d.ts; None for what has no window that slides."""
    if node.op.startswith("conv_transpose"):
        return _transposed(read(seen.trace, node), place)
    if node.op in ("conv1d", "conv2d", "conv3d"):
        return _convolution(read(seen.trace, node), place)
    if node.op == "convolution":  # of an exported program
        reading = read(seen.trace, node)
        return (_transposed if reading["transposed"] else _convolution)(reading, place)
    rule = POOLINGS.get(node.op[:-2])
    return _pooling(read(seen.trace, node), place, rule) if rule else None


def _input(reading: Reading, axes: int) -> Tensor:
    """(channel, *space) of the first sample; there may be no axis of samples."""
    taken = reading["input"]
    return Layout(taken.dim(), 0 if taken.dim() == axes + 2 else None).take(taken)


def _message(
    kind: str,
    rule: str,
    windows: tuple[Slide, ...],
    taken: Tensor,
    places: list[int],
    *,
    groups: int,
    weight: Tensor | None = None,
    bias: float | None = None,
    divisor: float | str | None = None,
    spans: list[list[list[int]]] | None = None,
) -> Message:
    return {
        "kind": kind,
        "rule": rule,
        "kernel": [one.kernel for one in windows],
        "stride": [one.stride for one in windows],
        "padding": [[one.before, one.after] for one in windows],
        "dilation": [one.dilation for one in windows],
        "groups": groups,
        "input": exact(taken),
        "channels": places,
        "weight": None if weight is None else exact(weight),
        "bias": bias,
        "unused": [trailing(one) for one in windows],
        "divisor": divisor,
        "spans": spans,
    }


def trailing(slide: Slide) -> int:
    """How many positions at the end of the axis no tap ever lies on.

    >>> trailing(Slide(size=6, steps=2, kernel=2, stride=2))
    2
    """
    reached = np.setdiff1d(np.arange(slide.size), slide.missed())
    return slide.size - 1 - int(reached.max()) if len(reached) else slide.size


def _bias(reading: Reading, place: int) -> float | None:
    return plain(float(reading["bias"][place])) if reading.has("bias") else None


def _convolution(reading: Reading, place: int) -> Message:
    """A kernel and the input channels of its group."""
    found: Layer = convolution.read_layer(reading)
    weight, taken = reading["weight"], _input(reading, len(found.slides))
    inside = weight.shape[1]
    first = place // (weight.shape[0] // found.groups) * inside
    return _message(
        "convolution",
        "sum",
        found.slides,
        taken[first : first + inside],
        list(range(first, first + inside)),
        groups=found.groups,
        weight=weight[place],
        bias=_bias(reading, place),
    )


def _transposed(reading: Reading, place: int) -> Message:
    """Each input lays its kernel onto the output: the window slides there."""
    found: Layer = transposed.read_layer(reading)
    weight, taken = reading["weight"], _input(reading, len(found.slides))
    group, within = divmod(place, weight.shape[1])
    inside = found.coarse // found.groups
    first = group * inside
    return _message(
        "transposed",
        "sum",
        found.slides,
        taken[first : first + inside],
        list(range(first, first + inside)),
        groups=found.groups,
        weight=weight[first : first + inside, within],
        bias=_bias(reading, place),
    )


def _pooling(reading: Reading, place: int, rule: str) -> Message:
    """A window over the same channel of the input."""
    adaptive = reading.node.op.startswith("adaptive")
    each = shares(reading) if adaptive else ()
    windows = tuple(map(_even, each)) if adaptive else slides(reading)
    taken = _input(reading, len(windows))
    uneven = any(one.size % one.steps for one in each)
    return _message(
        "pooling",
        rule,
        windows,
        taken[place : place + 1],
        [place],
        groups=len(taken),
        divisor=_divisor(reading) if rule == "mean" else None,
        spans=[_spans(one) for one in each] if uneven else None,
    )


def _even(share: Share) -> Slide:
    """The windows of an adaptive pooling where they are all alike; else the largest, see `spans`."""
    kernel = max(len(share.taps(step)) for step in range(share.steps))
    return Slide(share.size, share.steps, kernel, max(1, share.size // share.steps))


def _spans(share: Share) -> list[list[int]]:
    """First place and the one behind the last, of each window."""
    taps = [share.taps(step).tolist() for step in range(share.steps)]
    return [[each[0], each[-1] + 1] for each in taps]


def _divisor(reading: Reading) -> float | str:
    """What a mean is divided by: a number, the taps on real numbers, or those not beyond the padding."""
    override = reading.arguments.get("divisor_override")
    if override is not None:
        return override
    return "padded" if reading.arguments.get("count_include_pad", True) else "inside"
