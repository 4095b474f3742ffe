"""Names and source lines, once the model has run."""

from collections import Counter

from convscope.tracing.frames import with_text
from convscope.tracing.graph import Call, Node, Trace


def label(trace: Trace) -> None:
    """Give every operation a short name of its own, and its line the words.

    `conv1` where the module did only this; `layer1.add`, `layer1.add_2` where a module did more; `relu@2`
    when a shared module is called a second time.
    """
    alone = _alone(trace)
    used: Counter[str] = Counter()
    for node in trace.nodes:
        call = trace.calls[node.call]
        own = node.index in alone and call.path
        base = _path(call) if own else ".".join(filter(None, (_path(call), node.op)))
        used[base] += 1
        node.name = base if used[base] == 1 else f"{base}_{used[base]}"
        node.source = with_text(node.source)


def _alone(trace: Trace) -> set[int]:
    """Operations that are all that their module did."""
    count = Counter(node.call for node in trace.nodes)
    parents = {call.parent for call in trace.calls}
    return {node.index for node in trace.nodes if count[node.call] == 1 and node.call not in parents}


def _path(call: Call) -> str:
    return call.path if call.number == 0 else f"{call.path}@{call.number + 1}"


def name_of(node: Node) -> str:
    """What to call an operation that raised, and so was never given a name."""
    return node.name or node.op
