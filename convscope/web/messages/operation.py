"""The right side: everything about one operation but its channels."""

from typing import Any

import torch

from convscope.explain.receptive import box_on_input
from convscope.explain.rows import Row
from convscope.shapes import show
from convscope.trace import Node, Trace, replay
from convscope.web.messages.graph import per_node
from convscope.web.messages.numbers import Message
from convscope.web.session import Session

BINS = 40


def operation(session: Session, index: int) -> Message:
    """The message `OperationDetail` of static/messages.d.ts."""
    trace = session.seen.trace
    node, row = trace[index], per_node(trace)[index]
    value = trace.values[node.outputs[0]]
    return {
        "index": index,
        "name": node.name,
        "op": node.op,
        "settings": f"{row.kind}({row.settings})".removesuffix("()"),
        "source": source(node),
        "shape": list(value.shape),
        "size": formula(row.size, show(value.shape)),
        "parameters": formula(row.counting, f"{row.parameters:,}") if row.parameters else None,
        "macs": formula(row.multiplying, f"{row.macs:,}") if row.macs else None,
        "bytes": value.bytes,
        "seconds": node.seconds,
        "receptive": receptive(trace, node, row),
        "histogram": histogram(value.tensor),
        "replayed": proof(session, trace, node),
    }


def formula(numbers: str, value: str) -> Message | None:
    """A formula with its numbers; None where there is none."""
    return {"general": "", "numbers": numbers, "value": value} if numbers else None


def source(node: Node) -> Message | None:
    """The line of the person's code."""
    found = node.source
    return found and {"file": found.file, "line": found.line, "text": found.text}


def receptive(trace: Trace, node: Node, row: Row) -> Message | None:
    """What the unit in the middle sees of the input."""
    if row.field is None:
        return None
    shape = trace.values[node.outputs[0]].shape
    box = box_on_input(trace, node, tuple(size // 2 if axis else 0 for axis, size in enumerate(shape)))
    if box is None:
        return None
    return {**row.field._asdict(), "box": box.tolist()}


def histogram(values: torch.Tensor | None) -> Message | None:
    """How often which values occur."""
    if values is None or not values.dtype.is_floating_point:
        return None
    finite = values[torch.isfinite(values)].float()
    if not finite.numel():
        return None
    low, high = (float(end) for end in torch.aminmax(finite))
    counts = torch.histc(finite, BINS, low, high if high > low else low + 1)
    return {"low": low, "high": high, "counts": counts.int().tolist()}


def proof(session: Session, trace: Trace, node: Node) -> Message:
    """The operation run again from the inputs it was given; kept, for it does not change."""
    kept: dict[str, Any] = session.seen.kept
    key = f"replay {node.index}"
    if key not in kept:
        found = replay(trace, node)
        kept[key] = {"exact": found.exact, "words": found.reason}
    return kept[key]
