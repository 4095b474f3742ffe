"""The whole network without its tensors: operations, modules, edges, a small picture of each."""

from torch import Tensor

from convscope.explain.ops import OPS
from convscope.explain.rows import Row, rows_of
from convscope.trace import Call, Node, Ref, Trace, Value
from convscope.web.messages.numbers import Message, exact, grey, small
from convscope.web.session import Session

MOVES = {
    *(
        "view",
        "reshape",
        "flatten",
        "unflatten",
        "permute",
        "transpose",
        "t",
        "T",
        "mT",
        "squeeze",
        "unsqueeze",
    ),
    *("contiguous", "clone", "detach", "to", "float", "expand", "dropout", "identity", "movedim", "size"),
}
MOST_CLASSES = 1000
KINDS = {3: "signal", 4: "image", 5: "volume"}  # by the axes of (sample, channel, *space)
# the moves above are drawn as a pill on the edge: they move numbers or pass them on


def graph(session: Session) -> Message:
    """The message `Graph` of static/messages.d.ts."""
    seen, trace = session.seen, session.seen.trace
    rows = per_node(trace)
    operations = [operation(trace, trace.nodes[index], row) for index, row in rows.items() if index >= 0]
    return {
        "trace": seen.key,
        "input": {
            "caption": seen.caption,
            "look": look(session, seen.inputs[0]),
            "sample": seen.sample,
            "label": None if seen.label is None else session.opened.classes[seen.label],
        },
        "prediction": prediction(session),
        "operations": operations,
        "modules": [module(trace, call) for call in trace.calls],
        "failure": None,
        "suspicions": [],
        "totals": {
            "parameters": sum(each["parameters"] for each in operations),
            "macs": sum(each["macs"] for each in operations),
            "seconds": sum(each["seconds"] for each in operations),
            "bytes": trace.memory,
        },
        "edited": session.edits,
    }


def per_node(trace: Trace) -> dict[int, Row]:
    """The row of each operation that computes something, in order."""
    leaves = [leaf for row in rows_of(trace) for leaf in row.leaves()]
    return {leaf.node: leaf for leaf in leaves if leaf.node is not None and (leaf.node < 0 or leaf.output)}


def prediction(session: Session) -> Message | None:
    """Logits and probabilities, where the model gives one row of scores."""
    trace = session.seen.trace
    if not isinstance(trace.output, Ref) or trace.values[trace.output.index].tensor is None:
        return None
    scores = trace.tensor(trace.output.index)
    if scores.dim() != 2 or scores.shape[0] != 1 or not 1 < scores.shape[1] <= MOST_CLASSES:
        return None
    names = session.opened.classes or tuple(map(str, range(scores.shape[1])))
    return {
        "classes": list(names),
        "logits": scores[0].tolist(),
        "probabilities": scores[0].double().softmax(0).tolist(),
        "truth": session.seen.label,
    }


def look(session: Session, given: Tensor) -> Message:
    """The input as the person knows it."""
    kind = session.opened.run.settings.facts.kind if session.opened.run else KINDS.get(given.dim(), "vector")
    return {"kind": kind, "numbers": exact(given[0]), "names": []}


def operation(trace: Trace, node: Node, row: Row) -> Message:
    """One box of the map."""
    value = trace.values[node.outputs[0]]
    return {
        "index": node.index,
        "name": node.name,
        "op": node.op,
        "what": row.kind,
        "module": node.call,
        "shape": list(value.shape),
        "inputs": sources(trace, node),
        "parameters": row.parameters,
        "macs": row.macs or 0,
        "seconds": node.seconds,
        "reshapes": node.op in MOVES,
        "explained": node.op in OPS,
        "signed": value.tensor is not None and bool((value.tensor < 0).any()),
        "thumbnail": thumbnail(value),
    }


def sources(trace: Trace, node: Node) -> list[int]:
    """Operations that a node takes from, each once; −1 stands for the model's input."""
    found = []
    for index in node.inputs:
        value = trace.values[index]
        if value.role == "input":
            found.append(-1)
        elif value.producer is not None:
            found.append(value.producer)
    return list(dict.fromkeys(found))


def module(trace: Trace, call: Call) -> Message:
    """One call of a module; calls with the same `same` are folded to one box and a count."""
    inside = [node.op for node in trace.nodes if node.call == call.index]
    shapes = [trace.values[index].shape for index in call.outputs]
    return {
        "index": call.index,
        "path": call.path,
        "kind": call.kind,
        "parent": call.parent,
        "same": f"{call.kind} {inside} {shapes}",
    }


def thumbnail(value: Value) -> Message | None:
    """The mean over the channels of the first sample, small; a vector as it is, up to 64 numbers."""
    plane = _mean(value.tensor) if value.tensor is not None and value.tensor.numel() else None
    if plane is None:
        return None
    return grey(plane[:64] if plane.dim() == 1 else small(plane))


def _mean(values: Tensor) -> Tensor | None:
    """(1, channel, *space) → a plane or a line."""
    if values.dim() < 2 or values.is_complex():
        return None
    sample = values[0].float()
    if sample.dim() == 1:
        return sample
    if sample.dim() == 2:  # (channel, time) or (token, feature): a plane as it is
        return sample
    mean = sample.mean(0)
    return mean[mean.shape[0] // 2] if mean.dim() == 3 else mean
