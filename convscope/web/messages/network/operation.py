"""The right side: everything about one operation but its channels."""

from collections.abc import Iterator

import torch
from torch import Tensor

from convscope.errors import ConvscopeError, ShapeError
from convscope.explaining import explain, full_index, known, read
from convscope.explaining.boxes import Boxes
from convscope.explaining.reading import Reading
from convscope.explaining.receptive import Receptive, box_on_input, fields_and_boxes
from convscope.shapes import elements
from convscope.tracing import Node, replay
from convscope.tracing.replay import statistics
from convscope.tracing.structure import tensors_of
from convscope.web.messages.asked import node_at
from convscope.web.messages.kept import kept
from convscope.web.messages.layout import layout
from convscope.web.messages.network import formulas
from convscope.web.messages.network.failure import source_line
from convscope.web.messages.network.graph import by_index, graph
from convscope.web.messages.summary import rows_by_node
from convscope.web.session import Seen, Session
from convscope.web.types.network import (
    GraphMessage,
    Histogram,
    Operation,
    OperationDetail,
    ReceptiveMessage,
    Replayed,
    ShareMessage,
    Weight,
)

BINS = 40
MANY = 500  # operations: of more, a receptive field is worked out when it is asked for


def operation(session: Session, op: int, at: tuple[int, ...] = ()) -> OperationDetail:
    """The message `OperationDetail` of static/messages.d.ts; `at` is a unit, else the one in the middle."""
    seen = session.seen
    fixed = kept(session, seen, f"operation {op}", lambda: _operation(session, seen, op))
    if not at or fixed["receptive"] is None:
        return fixed
    node = node_at(seen.trace, op)
    place = full_index(seen.trace, node, layout(session, seen, node).place(at), 0)
    box = box_on_input(seen.trace, node, place)
    return fixed if box is None else {**fixed, "receptive": {**fixed["receptive"], "box": box.tolist()}}


def _operation(session: Session, seen: Seen, index: int) -> OperationDetail:
    node, found = node_at(seen.trace, index), by_index(graph(session), index)
    if found is None:
        raise ShapeError(f"'{node.name}' ({node.op}) is not on the map: it computes nothing of the input.")
    row = rows_by_node(session, seen)[index]
    value = seen.trace.values[node.outputs[0]] if node.outputs else None
    shape = value.shape if value else ()
    return {
        "index": index,
        "name": found["name"],
        "op": node.op,
        "settings": f"{row.kind}({row.settings})".removesuffix("()"),
        "source": source_line(node.source if value else seen.trace.failure and seen.trace.failure.source),
        "docs": docs(seen, node),
        "shape": list(shape),
        "size": formulas.sizes(row.size),
        "parameters": formulas.figure(row.counting, found["parameters"]),
        "macs": formulas.figure(row.multiplying, row.macs or 0),
        "share": _share(graph(session), found),
        "bytes": value.bytes if value else 0,
        "seconds": node.seconds,
        "receptive": receptive(session, seen, node) if value else None,
        "histogram": histogram(value.tensor) if value else None,
        "replayed": proof(seen, node) if value else None,
        "weights": weights(seen, node),
        "arguments": [{"name": name, "shape": shape} for name, shape in differentiable(seen, node)],
    }


def _share(whole: GraphMessage, found: Operation) -> ShareMessage:
    """Parts of the network, 0 … 1."""
    totals = whole["totals"]
    return {
        "parameters": found["parameters"] / (totals["parameters"] or 1),
        "macs": found["macs"] / (totals["macs"] or 1),
        "seconds": found["seconds"] / (totals["seconds"] or 1),
    }


def docs(seen: Seen, node: Node) -> str:
    """Where the operation is described; "" where nobody says."""
    if not node.outputs or known(node.op).explain is None:
        return ""
    shape = seen.trace.values[node.outputs[0]].shape
    try:
        return explain(seen.trace, node, tuple(size // 2 for size in shape)).account.source
    except ConvscopeError:
        return ""


def receptive(session: Session, seen: Seen, node: Node) -> ReceptiveMessage | None:
    """What the unit in the middle sees of the input."""
    found = _field(session, seen, node)
    if found is None:
        return None
    field, box = found
    return {"size": list(field.size), "jump": list(field.jump), "exact": field.exact, "box": box.tolist()}


def _field(session: Session, seen: Seen, node: Node) -> tuple[Receptive, Boxes] | None:
    """All at once, as long as that takes about as long as one."""
    if len(seen.trace.nodes) > MANY:
        return fields_and_boxes(seen.trace, nodes=[node]).get(node.index)
    return kept(session, seen, "fields", lambda: fields_and_boxes(seen.trace)).get(node.index)


def histogram(values: Tensor | None) -> Histogram | None:
    """How often which values occur."""
    if values is None or not values.dtype.is_floating_point or not values.numel():
        return None
    values = values.float()
    low, high = (float(end) for end in torch.aminmax(values))
    if not (abs(low) < float("inf") and abs(high) < float("inf")):  # some are no number
        values = values[torch.isfinite(values)]
        if not values.numel():
            return None
        low, high = (float(end) for end in torch.aminmax(values))
    counts = torch.histc(values, BINS, low, high if high > low else low + 1)
    return {"low": low, "high": high, "counts": counts.int().tolist()}


def proof(seen: Seen, node: Node) -> Replayed:
    """The operation run again from the inputs it was given."""
    found = replay(seen.trace, node)
    return {"exact": found.exact, "words": found.reason}


def weights(seen: Seen, node: Node) -> list[Weight]:
    """The parameters that an operation takes, by their names in the model."""
    taken = [seen.trace.values[index] for index in dict.fromkeys(node.inputs)]
    return [
        {"name": value.name, "shape": list(value.shape), "numbers": elements(value.shape)}
        for value in taken
        if value.role == "parameter"
    ]


def differentiable(seen: Seen, node: Node) -> list[tuple[str, list[int]]]:
    """Arguments whose gradient can be taken apart, with their shapes."""
    if not node.outputs or known(node.op).gradient is None:
        return []
    values, refused = seen.trace.values, statistics(node)
    return [
        (name, list(values[index].shape))
        for name, index in _tensors(read(seen.trace, node))
        if values[index].dtype.is_floating_point and index not in refused and elements(values[index].shape)
    ]


def _tensors(reading: Reading) -> Iterator[tuple[str, int]]:
    """Tensor arguments by name; those of a list as "tensors[1]"."""
    for name, given in reading.arguments.items():
        inside = tensors_of(given)
        if isinstance(given, list | tuple):
            yield from ((f"{name}[{place}]", index) for place, index in enumerate(inside))
        else:
            yield from ((name, index) for index in inside)
