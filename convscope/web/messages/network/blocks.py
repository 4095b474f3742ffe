"""Modules, and which of them are the same block again."""

from convscope.tracing import Call, Trace
from convscope.web.types.network import Module


def modules(trace: Trace) -> list[Module]:
    """The message `Module` of static/messages.d.ts, for every call of a module."""
    inside = _operations(trace)
    groups = _groups(trace, inside)
    return [
        {
            "index": call.index,
            "path": call.path,
            "kind": call.kind,
            "parent": call.parent,
            "same": groups[call.index],
        }
        for call in trace.calls
    ]


def _operations(trace: Trace) -> list[list[str]]:
    """What runs in each call, those inside it included: "conv2d (3, 3)"."""
    found: list[list[str]] = [[] for _ in trace.calls]
    for node in trace.nodes:
        call: int | None = node.call
        taken = (trace.values[index] for index in node.inputs)
        kernels = [value.shape[2:] for value in taken if value.role == "parameter"]
        words = f"{node.op} {kernels}"
        while call is not None:
            found[call].append(words)
            call = trace.calls[call].parent
    return found


def _groups(trace: Trace, inside: list[list[str]]) -> list[str]:
    """Blocks of one parent are the same where class and output agree, and what runs in one runs in the other.

    The first block of a stage of a ResNet has a shortcut of its own, and still is one of the blocks. A module
    that does a single thing is no block.
    """
    found, firsts = [], dict[tuple[int | None, str, str], list[Call]]()
    for call in trace.calls:
        if len(inside[call.index]) < 2:
            found.append(f"{call.index}")
            continue
        shapes = str([trace.values[index].shape for index in call.outputs])
        alike = firsts.setdefault((call.parent, call.kind, shapes), [])
        first = next((one for one in alike if _one_in_other(inside[one.index], inside[call.index])), None)
        if first is None:
            alike.append(call)
            first = call
        found.append(f"{call.kind} {shapes} {first.index}")
    return found


def _one_in_other(one: list[str], other: list[str]) -> bool:
    """Whether the shorter list is the longer one with some left out.

    >>> _one_in_other(["conv", "conv", "add", "relu"], ["conv", "add", "relu"])
    True
    """
    short, long = sorted((one, other), key=len)
    rest = iter(long)
    return all(op in rest for op in short)
