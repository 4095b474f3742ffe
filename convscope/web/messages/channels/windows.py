"""The windows of convolutions and poolings: kernel, stride, padding and the numbers below."""

from convscope.explaining import known, read
from convscope.explaining.axes import channels_second
from convscope.tracing import Node
from convscope.web.messages.kept import kept
from convscope.web.messages.numbers import exact, plain
from convscope.web.session import Seen, Session
from convscope.web.types.channels import WindowMessage


def window(session: Session, seen: Seen, node: Node, channel: int) -> WindowMessage | None:
    """The message `Window` of static/messages.d.ts; None for what has no window that slides."""
    reading, of = read(seen.trace, node), known(node.op).window
    found = of(reading, channel) if of else None
    if found is None:
        return None
    given, slides = reading["input"], found.slides
    taken = channels_second(given.dim(), len(slides)).take(given)  # (channel, *space) of the first sample
    below = taken[found.channels.start : found.channels.stop]
    key = f"below {node.index} {found.channels}"  # the same for each channel of its group
    has_bias = found.weight is not None and reading.has("bias")
    return {
        "kind": found.kind,
        "rule": found.rule,
        "kernel": [one.kernel for one in slides],
        "stride": [one.stride for one in slides],
        "padding": [[one.before, one.after] for one in slides],
        "dilation": [one.dilation for one in slides],
        "groups": found.groups,
        "input": kept(session, seen, key, lambda: exact(below)),
        "channels": list(found.channels),
        "weight": None if found.weight is None else exact(reading["weight"][found.weight]),
        "bias": plain(float(reading["bias"][channel])) if has_bias else None,
        "unused": [one.unused for one in slides],
        "divisor": found.divisor,
        "spans": found.spans,
    }
