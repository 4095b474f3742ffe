"""The whole network without its tensors: operations, modules, edges, a small picture of each."""

from collections.abc import Iterable
from typing import Literal

import torch

from convscope.explaining import Role, known
from convscope.explaining.axes import usual
from convscope.explaining.rows import Row
from convscope.tracing import Node, Trace
from convscope.web.messages.kept import kept
from convscope.web.messages.layout import layout
from convscope.web.messages.looks import kind_of, look
from convscope.web.messages.network.blocks import modules
from convscope.web.messages.network.failure import failure
from convscope.web.messages.scores import prediction, true_class
from convscope.web.messages.summary import rows_by_node, summary_of
from convscope.web.messages.thumbnails import has_negatives, thumbnail
from convscope.web.session import Seen, Session
from convscope.web.types.network import GraphMessage, Operation
from convscope.web.types.parts import LookMessage

INPUT = -1  # in the list of what an operation takes: the model's input


def graph(session: Session) -> GraphMessage:
    """The message `Graph` of static/messages.d.ts."""
    seen = session.seen
    return kept(session, seen, "graph", lambda: _graph(session, seen))


def _graph(session: Session, seen: Seen) -> GraphMessage:
    found = operations(session, seen)
    broken = found[-1] if found and found[-1]["index"] == len(seen.trace.nodes) else None
    whole, place = summary_of(session, seen), seen.given.place
    return {
        "trace": seen.key,
        "input": {
            "caption": seen.given.caption,
            "place": {"part": place[0], "number": place[1]} if place else None,
            "change": seen.given.change,
            "look": input_look(session, seen),
            "sample": seen.sample,
            "label": true_class(session, seen),
        },
        "prediction": prediction(session, seen),
        "operations": found,
        "modules": modules(seen.trace),
        "failure": failure(session, seen, broken),
        "suspicions": [
            {
                "what": each.what,
                "path": each.where.path,
                "why": each.cause,
                "fix": ". ".join(filter(None, (each.fix, each.advice))),
                "rule": each.rule,
            }
            for each in whole.suspicions
        ],
        "totals": {
            "parameters": whole.totals.parameters,
            "macs": whole.totals.macs,
            "seconds": sum(each["seconds"] for each in found),
            "bytes": whole.totals.results,
        },
        "edited": list(session.edits),
    }


def input_look(session: Session, seen: Seen) -> LookMessage:
    """The input as the person knows it; of several the first."""
    given = next((each for each in (*seen.inputs, *session.opened.keywords.values())), torch.zeros(1, 0))
    root = session.opened.model
    turned = getattr(root, "batch_first", True) is False and given.dim() == 3
    sample = given[:, 0].T if turned else given[0] if given.dim() > 1 else given
    names = session.opened.run.settings.facts.features if session.opened.run else ()
    return look(sample, kind_of(sample, session.kind), names)


def operations(session: Session, seen: Seen) -> list[Operation]:
    """Every operation that computes something of the input, in order; last the one that failed."""
    trace, rows = seen.trace, rows_by_node(session, seen)
    sources = edges(trace, rows)
    handed: dict[int, int] = {}  # parameters counted where a weight was only turned
    found = []
    for index, row in rows.items():
        node = trace.nodes[index] if index < len(trace.nodes) else _failed(trace)
        if index not in sources:
            _hand_on(trace, node, row.parameters, handed)
            continue
        found.append(_operation(session, seen, index, node, row, sources[index], handed.get(index, 0)))
    return found


def _failed(trace: Trace) -> Node:
    assert trace.failure is not None and trace.failure.node is not None
    return trace.failure.node


def _hand_on(trace: Trace, node: Node, parameters: int, handed: dict[int, int]) -> None:
    """A weight that is only turned counts where it is used."""
    for output in node.outputs:
        for taker in trace.consumers(output)[:1]:
            handed[taker.index] = handed.get(taker.index, 0) + parameters + handed.get(node.index, 0)
            return


def edges(trace: Trace, listed: Iterable[int]) -> dict[int, list[int]]:
    """Operation → those it takes from, each once; −1 is the model's input.

    What is not listed is looked through: its sources are those of who takes from it. A weight that is only
    turned or reshaped is not listed.
    """
    shown, found = set(listed), dict[int, list[int]]()
    through: list[list[int]] = []
    failed = [trace.failure.node] if trace.failure and trace.failure.node else []
    for index, node in enumerate([*trace.nodes, *failed]):
        taken = _sources(trace, node, through)
        bare = known(node.op).role.moves and not taken and index < len(trace.nodes)
        if index in shown and not bare:
            found[index] = taken
            through.append([index])
        else:
            through.append(taken)
    return found


def _sources(trace: Trace, node: Node, through: list[list[int]]) -> list[int]:
    found: dict[int, None] = {}
    for index in node.inputs:
        value = trace.values[index]
        if value.producer is not None and value.producer < len(through):
            found |= dict.fromkeys(through[value.producer])
        elif value.role == "input":
            found[INPUT] = None
    return list(found)


def _operation(
    session: Session, seen: Seen, index: int, node: Node, row: Row, sources: list[int], handed: int
) -> Operation:
    """One box of the map."""
    value = seen.trace.values[node.outputs[0]] if node.outputs else None
    axes = layout(session, seen, node) if node.outputs else usual(0)
    return {
        "index": index,
        "name": name_of(seen.trace, node),
        "op": node.op,
        "what": what(row),
        "module": node.call,
        "shape": list(value.shape) if value else [],
        "inputs": sources,
        "parameters": row.parameters + handed,
        "macs": row.macs or 0,
        "seconds": node.seconds,
        "reshapes": moves(seen.trace, node),
        "drawn": drawn(seen.trace, node, sources),
        "sign": known(node.op).sign,
        "noise": known(node.op).role is Role.DROPOUT,
        "explained": known(node.op).explain is not None and value is not None,
        "signed": value is not None and has_negatives(value),
        "thumbnail": thumbnail(value, axes) if value else None,
    }


def name_of(trace: Trace, node: Node) -> str:
    """Its name; one that failed has none of its own."""
    return node.name or trace.call(node).path or node.op


def moves(trace: Trace, node: Node) -> bool:
    """Whether an operation only moves numbers, or passes them on, as dropout does outside of training."""
    role = known(node.op).role
    return role.moves or (role is Role.DROPOUT and not trace.call(node).training)


def drawn(trace: Trace, node: Node, sources: list[int]) -> Literal["pill", "join", "parts", "box"]:
    """What stands on the map: a pill on the edge, a sign where several meet, a bar of parts, or a box."""
    role = known(node.op).role
    if len(sources) > 1 and role in (Role.JOIN, Role.CONCATENATION):
        return "join" if role is Role.JOIN else "parts"
    return "pill" if moves(trace, node) else "box"


def what(row: Row) -> str:
    """Kind and kernel: "Conv2d 5×5"."""
    return f"{row.kind} {'×'.join(map(str, row.kernel))}" if row.kernel else row.kind


def by_index(message: GraphMessage, index: int) -> Operation | None:
    """The operation of a `Graph` message with this index."""
    return next((each for each in message["operations"] if each["index"] == index), None)
