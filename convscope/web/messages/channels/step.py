"""One step of an optimizer for one weight: from the loss of this input to the weight after it."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from convscope.errors import ShapeError
from convscope.explaining import explain_gradient, read
from convscope.explaining.explanation import Explanation, tolerance
from convscope.explaining.optimizer_step import AdamUpdate, SGDUpdate, optimizer_step
from convscope.tracing import Node, Trace, trace
from convscope.tracing.structure import leaves
from convscope.web.messages.asked import node_with_output, one_of, within
from convscope.web.messages.channels.number import demand_gradient, message
from convscope.web.messages.kept import demand_class, kept, usual_class
from convscope.web.session import Seen, Session
from convscope.web.types.channels import OneNumber, WeightStep

RULES = ("sgd", "momentum", "adam")
KEPT = 0.9  # of the direction, with momentum


def step(
    session: Session,
    op: int,
    weight: str = "weight",
    at: tuple[int, ...] = (),
    rule: str = "sgd",
    rate: float = 0.01,
    target: int | None = None,
) -> WeightStep:
    """The message `WeightStep` of static/messages.d.ts: a `OneNumber` with the loss and its gradient."""
    seen = session.seen
    node = node_with_output(seen.trace, op)
    demand_gradient(seen, node, weight)
    value = read(seen.trace, node).value(weight)
    if value.role != "parameter":
        raise ShapeError(f"'{weight}' of {node.name} is no parameter: nothing learns it.")
    if len(at) != len(value.shape):
        raise ShapeError(f"'{weight}' has {len(value.shape)} axes, got the index {at}.")
    for place, size in zip(at, value.shape, strict=True):
        within(place, size, "place")
    target = usual_class(seen) if target is None else target
    demand_class(seen, target)
    one_of(rule, RULES, "rule")
    if not 0 < rate <= 10:
        raise ShapeError(f"'rate' is a number above 0 and at most 10, got {rate}.")
    traced, loss = kept(session, seen, f"loss {target}", lambda: _with_loss(session, seen, target))
    slope = _slope(traced, node, weight, at)
    values = seen.trace.tensor(value.index)
    return {
        **_told(node, weight, values, slope, rule, rate, at),
        "loss": loss,
        "gradient": slope,
        "weight": float(values[at]),
        "target": target,
        "rule": rule,
        "rate": rate,
    }


def _with_loss(session: Session, seen: Seen, target: int) -> tuple[Trace, float]:
    """The same input with the gradients of the cross-entropy to one class."""
    losses: list[Tensor] = []

    def loss(output: Any) -> Tensor:  # noqa: ANN401
        scores = next(
            leaf for leaf in leaves(output) if isinstance(leaf, Tensor) and leaf.is_floating_point()
        )
        losses.append(F.cross_entropy(scores, torch.tensor([target])))
        return losses[-1]

    for key in [key for key in seen.kept if key.startswith("loss ")]:
        seen.kept.pop(key)  # a trace is large: one of them is enough
    found = trace(session.model, seen.inputs, session.opened.keywords, score=loss)
    return found, float(losses[-1].detach())


def _slope(traced: Trace, node: Node, argument: str, at: tuple[int, ...]) -> float:
    """d(loss)/d(weight), through everything that uses it; of frozen weights through this operation."""
    within(node.index, len(traced.nodes), "operation in the trace with gradients")
    gradient = read(traced, traced.nodes[node.index]).value(argument).gradient
    if gradient is not None:
        return float(gradient[at])
    return explain_gradient(traced, node.index, argument, at).network


def _told(
    node: Node, argument: str, weight: Tensor, slope: float, rule: str, rate: float, at: tuple[int, ...]
) -> OneNumber:
    """The step in float64, beside what torch's own optimizer makes of it."""
    one = weight[at].detach().reshape(1)
    gradient = torch.tensor([slope], dtype=torch.float64)
    momentum = KEPT if rule == "momentum" else 0.0
    settings = AdamUpdate(rate) if rule == "adam" else SGDUpdate(rate, momentum)
    account = optimizer_step(one, gradient, settings, at=(0,))
    own = torch.nn.Parameter(one.clone())
    own.grad = gradient.to(own.dtype)
    sgd = torch.optim.SGD([own], lr=rate, momentum=momentum)
    (torch.optim.Adam([own], lr=rate) if rule == "adam" else sgd).step()
    bound = tolerance(one.dtype) * (abs(float(one)) + rate * max(1.0, abs(slope)))
    found = Explanation(rule, node.name, argument, at, account, float(own.detach()), "explained", bound, None)
    return message(found)
