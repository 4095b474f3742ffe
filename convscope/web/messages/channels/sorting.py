"""What channels are sorted by: their numbers, or what they do to the score of a class."""

import time

import torch
from torch import Tensor

from convscope.errors import TraceError
from convscope.tracing import Node
from convscope.tracing.onward import onward
from convscope.web.messages.kept import gradients, kept, usual_class
from convscope.web.messages.layout import layout
from convscope.web.messages.scores import scores_value
from convscope.web.session import Seen, Session

SORTS = ("index", "mean", "max", "sparsity", "gradient", "effect")
ENOUGH = 1.5  # seconds for running the network once a channel
Keys = tuple[Tensor, str]


def sorted_by(session: Session, seen: Seen, node: Node, values: Tensor, sort: str) -> Keys:
    """A number for each channel, largest first, and how it was found.

    Args:
        session: for the model.
        seen: the input.
        node: the operation.
        values: what it gave, (channel, *space).
        sort: one of `SORTS`.
    """
    flat = values.flatten(1).float() if values.dim() > 1 else values[:, None].float()
    match sort:
        case "mean":
            return flat.mean(1), "The mean of the channel."
        case "max":
            return flat.amax(1), "The largest number of the channel."
        case "sparsity":
            return (flat <= 0).float().mean(1), "The part of its numbers that are not above zero."
        case "gradient" | "effect":
            target = usual_class(seen)
            find = _gradient if sort == "gradient" else _effect
            key = f"{sort} {node.index} {target}"
            return kept(session, seen, key, lambda: find(session, seen, node, target))
    return torch.arange(len(values)).float(), "The order in the network."


def _name(session: Session, target: int) -> str:
    names = session.opened.classes
    return names[target] if target < len(names) else f"class {target}"


def _gradient(session: Session, seen: Seen, node: Node, target: int) -> Keys:
    """Σ |d(score)/d(number)| over the channel."""
    slopes = _slopes(session, seen, node, target)
    words = f"How fast the score of {_name(session, target)} changes: Σ |d score/d number| over the channel."
    return slopes.flatten(1).abs().sum(1) if slopes.dim() > 1 else slopes.abs(), words


def _slopes(session: Session, seen: Seen, node: Node, target: int) -> Tensor:
    """d(score)/d(each number) as (channel, *space); zeros where the score does not depend on them."""
    traced = gradients(session, seen, target)
    if node.index >= len(traced.nodes) or traced.nodes[node.index].op != node.op:
        raise TraceError("with gradients this model runs other operations: choose another order.")
    value = traced.values[traced.nodes[node.index].outputs[0]]
    found = torch.zeros(value.shape) if value.gradient is None else value.gradient.float()
    return layout(session, seen, node).take(found)


def _effect(session: Session, seen: Seen, node: Node, target: int) -> Keys:
    """The score that is lost when the channel is set to zero: by running on, or to first order."""
    name = _name(session, target)
    try:
        found = _lost(session, seen, node, target)
    except (TraceError, RuntimeError):
        found = None
    if found is not None:
        return found, f"The score of {name} that is lost when the channel is set to 0 (run again for each)."
    values = layout(session, seen, node).take(seen.trace.tensor(node.outputs[0])).float()
    lost = values * _slopes(session, seen, node, target)
    words = (
        f"About the score of {name} that is lost when the channel is set to 0: Σ number·d score/d number, a "
        "first-order estimate. Running the network once for each channel would take too long here."
    )
    return lost.flatten(1).sum(1) if lost.dim() > 1 else lost, words


def _lost(session: Session, seen: Seen, node: Node, target: int) -> Tensor | None:
    """Exact, (channel,); None where it would take too long."""
    trace, output = seen.trace, scores_value(seen.trace)
    if output is None:
        return None
    value, axes = node.outputs[0], layout(session, seen, node)
    before = float(trace.tensor(output)[0, target])
    count, lost = len(axes.take(trace.tensor(value))), []
    began = time.perf_counter()
    for channel in range(count):
        changed = trace.tensor(value).clone()
        axes.take(changed)[channel] = 0
        made = onward(trace, {value: changed})
        lost.append(before - float(made[output][0, target]) if output in made else 0.0)
        spent = time.perf_counter() - began
        if spent / (channel + 1) * count > ENOUGH and (channel > 1 or spent > ENOUGH):
            return None
    return torch.tensor(lost)
