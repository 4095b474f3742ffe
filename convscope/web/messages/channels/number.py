"""One number with its proof."""

from typing import cast

from convscope.errors import UnknownName
from convscope.explaining import explain, explain_gradient, read
from convscope.explaining.explanation import Explanation
from convscope.explaining.receptive import box_on_input
from convscope.tracing import Node, Trace
from convscope.web.messages.asked import node_with_output, within
from convscope.web.messages.kept import gradients, usual_class
from convscope.web.messages.layout import layout
from convscope.web.messages.network.failure import source_line
from convscope.web.messages.network.operation import differentiable
from convscope.web.session import Seen, Session
from convscope.web.types.channels import OneNumber, OriginMessage


def number(
    session: Session,
    op: int,
    at: tuple[int, ...] = (),
    output: int = 0,
    gradient: str = "",
    target: int | None = None,
) -> OneNumber:
    """The message `OneNumber` of static/messages.d.ts: a number that an operation gave.

    With `gradient`, the name of an argument, the gradient of one number of it: d(score of a class)/d(number).
    """
    return _slope(session, op, gradient, at, target) if gradient else _number(session, op, at, output)


def _number(session: Session, index: int, at: tuple[int, ...], output: int) -> OneNumber:
    seen = session.seen
    node = node_with_output(seen.trace, index)
    within(output, len(node.outputs), "output")
    place = layout(session, seen, node).place(at) if output == 0 else at
    found = explain(seen.trace, node, place, output)
    box = box_on_input(seen.trace, node, found.at) if output == 0 else None
    return message(found, None if box is None else box.tolist(), _origin(seen.trace, node, found))


def _slope(session: Session, index: int, name: str, at: tuple[int, ...], target: int | None) -> OneNumber:
    seen = session.seen
    target = usual_class(seen) if target is None else target
    node = node_with_output(seen.trace, index)
    demand_gradient(seen, node, name)
    traced = gradients(session, seen, target)
    within(index, len(traced.nodes), "operation in the trace with gradients")
    return message(explain_gradient(traced, index, name, at))


def demand_gradient(seen: Seen, node: Node, name: str) -> None:
    """An argument whose gradient can be taken apart."""
    known = [argument for argument, _ in differentiable(seen, node)]
    if name not in known:
        raise UnknownName(f"argument of {node.name} with a gradient", name[:40], known)


def _origin(trace: Trace, node: Node, found: Explanation) -> OriginMessage | None:
    """Where a number that is one number of another operation stands there."""
    terms = found.account.terms
    if terms is None or terms.values.numel() != 1:
        return None
    for name, places in terms.places.items():
        value = read(trace, node).value(name)
        if value.producer is not None and value.position == 0:
            return {"op": value.producer, "at": places.flatten().tolist()}
    return None


def message(
    found: Explanation, box: list[list[int]] | None = None, origin: OriginMessage | None = None
) -> OneNumber:
    """An explanation as it travels; the line of code is a person's own."""
    return cast(OneNumber, found.as_dict() | {"code": source_line(found.code), "box": box, "origin": origin})
