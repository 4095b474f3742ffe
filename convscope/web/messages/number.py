"""One number with its proof."""

import torch
from torch import Tensor

from convscope.errors import UnknownName
from convscope.explaining import explain, explain_gradient
from convscope.explaining.account import Step, Terms
from convscope.explaining.explanation import Explanation
from convscope.explaining.receptive import box_on_input
from convscope.tracing import Node
from convscope.web.messages.asked import node_with_output, within
from convscope.web.messages.failure import source_line
from convscope.web.messages.kept import gradients, usual_class
from convscope.web.messages.layout import layout
from convscope.web.messages.numbers import Message, finite, plain
from convscope.web.messages.operation import differentiable
from convscope.web.session import Seen, Session


def number(
    session: Session,
    op: int,
    at: tuple[int, ...] = (),
    output: int = 0,
    gradient: str = "",
    target: int | None = None,
) -> Message:
    """The message `OneNumber` of static/messages.d.ts: a number that an operation gave.

    With `gradient`, the name of an argument, the gradient of one number of it: d(score of a class)/d(number).
    """
    return _slope(session, op, gradient, at, target) if gradient else _number(session, op, at, output)


def _number(session: Session, index: int, at: tuple[int, ...], output: int) -> Message:
    seen = session.seen
    node = node_with_output(seen.trace, index)
    within(output, len(node.outputs), "output")
    place = layout(session, seen, node).place(at) if output == 0 else at
    found = explain(seen.trace, node, place, output)
    box = box_on_input(seen.trace, node, found.at) if output == 0 else None
    return message(found) | {"box": None if box is None else box.tolist()}


def _slope(session: Session, index: int, name: str, at: tuple[int, ...], target: int | None) -> Message:
    seen = session.seen
    target = usual_class(seen) if target is None else target
    node = node_with_output(seen.trace, index)
    demand_gradient(seen, node, name)
    traced = gradients(session, seen, target)
    within(index, len(traced.nodes), "operation in the trace with gradients")
    return message(explain_gradient(traced, index, name, at)) | {"box": None}


def demand_gradient(seen: Seen, node: Node, name: str) -> None:
    """An argument whose gradient can be taken apart."""
    known = [argument for argument, _ in differentiable(seen, node)]
    if name not in known:
        raise UnknownName(f"argument of {node.name} with a gradient", name[:40], known)


def message(found: Explanation) -> Message:
    """An explanation in plain lists and numbers; what is no number is null."""
    account = found.account
    numbers = {"result": found.result, "network": found.network, "difference": found.difference}
    return {
        "op": found.op,
        "name": found.name,
        "about": found.about,
        "at": list(found.at),
        "kind": found.kind,
        "what": account.what,
        "formula": account.formula,
        "numbers": account.numbers,
        "notes": list(account.notes),
        "terms": terms(account.terms),
        "bias": None if account.bias is None else plain(account.bias),
        "steps": [step_message(step) for step in account.steps],
        **{name: plain(value) for name, value in numbers.items()},
        "bound": plain(found.bound),
        "holds": found.holds,
        "source": account.source,
        "code": source_line(found.code),
        "python": found.python(),
    }


def step_message(step: Step) -> Message:
    """One line of a calculation."""
    return step._asdict() | {"value": plain(step.value), "terms": terms(step.terms)}


def terms(found: Terms | None) -> Message | None:
    """The numbers that one rule makes into one."""
    if found is None:
        return None
    return {
        "axes": list(found.axes),
        "rule": found.rule,
        "values": nested(found.values),
        "factors": {name: nested(factor) for name, factor in found.factors.items()},
        "places": {name: places.tolist() for name, places in found.places.items()},
        "result": plain(found.result),
    }


def nested(values: Tensor) -> object:
    """Lists in lists; only those with a number that is none are gone through one by one."""
    if bool(torch.isfinite(values).all()):
        return values.tolist()
    return finite(values.tolist())
