"""Where the channels of what an operation gave are: the page always says (sample, channel, *space)."""

from convscope.explaining import known, read
from convscope.explaining.axes import Axes, kept_of, usual
from convscope.tracing import Node, Trace
from convscope.web.messages.kept import kept
from convscope.web.session import Seen, Session


def layout(session: Session, seen: Seen, node: Node) -> Axes:
    """The axes of an operation's first output."""
    found = kept(session, seen, "layouts", lambda: layouts(seen.trace))
    return found.get(node.outputs[0]) or usual(len(seen.trace.values[node.outputs[0]].shape))


def layouts(trace: Trace) -> dict[int, Axes]:
    """Index of the value → its axes, for all that operations gave."""
    found: dict[int, Axes] = {}
    for node in trace.nodes:
        taken = next(
            (index for index in node.inputs if trace.values[index].role in ("input", "activation")), None
        )
        before = None
        if taken is not None:
            before = found.get(taken) or usual(len(trace.values[taken].shape))
        for which, index in enumerate(node.outputs):
            rule, rank = known(node.op).axes, len(trace.values[index].shape)
            found[index] = rule(read(trace, node, which), before) if rule else kept_of(before, rank)
    return found
