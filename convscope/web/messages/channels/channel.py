"""What a sliding window needs: the page then moves it without asking again."""

from convscope.explaining import known
from convscope.web.messages.asked import node_with_output, within
from convscope.web.messages.channels.layer import kind
from convscope.web.messages.channels.windows import window
from convscope.web.messages.layout import layout
from convscope.web.messages.numbers import exact
from convscope.web.session import Session
from convscope.web.types.channels import Channel


def channel(session: Session, op: int, channel: int) -> Channel:
    """The message `Channel` of static/messages.d.ts."""
    seen = session.seen
    node = node_with_output(seen.trace, op)
    axes = layout(session, seen, node)
    output = axes.take(seen.trace.tensor(node.outputs[0]))
    place = within(channel, len(output), "channel")
    return {
        "index": op,
        "channel": place,
        "axes": kind(axes, output),
        "drawing": known(node.op).drawing,
        "window": window(session, seen, node, place),
        "output": exact(output[place]),
    }
