"""What a sliding window needs: the page then moves it without asking again."""

from torch import Tensor

from convscope.explain import read
from convscope.explain.ops.sliding import Slide
from convscope.trace import Node, Trace
from convscope.web.messages.layer import channels
from convscope.web.messages.numbers import Message, exact
from convscope.web.session import Session

CONVOLUTIONS = ("conv1d", "conv2d", "conv3d")
POOLINGS = {"max_pool": "max", "avg_pool": "mean"}


def channel(session: Session, index: int, place: int) -> Message:
    """The message `Channel` of static/messages.d.ts."""
    trace = session.seen.trace
    node = trace[index]
    output = channels(trace.tensor(node.outputs[0]))
    return {
        "index": index,
        "channel": place,
        "window": window(trace, node, place),
        "output": exact(output[place]),
    }


def window(trace: Trace, node: Node, place: int) -> Message | None:
    """The window of a convolution or pooling; None for what has none."""
    if node.op in CONVOLUTIONS:
        return _convolution(trace, node, place)
    rule = next((rule for name, rule in POOLINGS.items() if node.op.startswith(name)), None)
    return _pooling(trace, node, place, rule) if rule else None


def _message(
    kind: str, rule: str, slides: tuple[Slide, ...], taken: Tensor, places: list[int], **more: object
) -> Message:
    return {
        "kind": kind,
        "rule": rule,
        "kernel": [slide.kernel for slide in slides],
        "stride": [slide.stride for slide in slides],
        "padding": [[slide.before, slide.after] for slide in slides],
        "dilation": [slide.dilation for slide in slides],
        "unused": [len(slide.missed()) for slide in slides],
        "input": exact(taken),
        "channels": places,
        **more,
    }


def _convolution(trace: Trace, node: Node, place: int) -> Message:
    """A kernel and the input channels of its group."""
    from convscope.explain.ops.convolution import read_layer

    reading = read(trace, node)
    found = read_layer(reading)
    weight, taken = reading["weight"], channels(reading["input"])
    inside = weight.shape[1]
    first = place // (weight.shape[0] // found.groups) * inside
    return _message(
        "convolution",
        "sum",
        found.slides,
        taken[first : first + inside],
        list(range(first, first + inside)),
        groups=found.groups,
        weight=exact(weight[place]),
        bias=float(reading["bias"][place]) if reading.has("bias") else None,
    )


def _pooling(trace: Trace, node: Node, place: int, rule: str) -> Message:
    """A window over the same channel of the input."""
    from convscope.explain.ops.pooling import slides

    reading = read(trace, node)
    taken = channels(reading["input"])
    return _message(
        "pooling",
        rule,
        slides(reading),
        taken[place : place + 1],
        [place],
        groups=len(taken),
        weight=None,
        bias=None,
    )
