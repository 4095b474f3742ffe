"""Gradients where autograd has none to show: around views that are changed in place.

Autograd's way back from `v = x[0]; v.mul_(2)` leads from `x` as it is now to `x` as it was: no hook on `v` as
it was, nor on a view between the two, sees all of its gradient. Here it is put together from the operations
that took it, each run again by itself: its gradient is the sum of theirs.
"""

import torch
from torch import Tensor

from convscope.errors import TraceError
from convscope.tracing.graph import Node, Trace, Value
from convscope.tracing.replay import run_again


def complete(trace: Trace, bypassed: set[int]) -> None:
    """Fill in the gradients of the values that autograd passed by; None where it cannot be known.

    It cannot where the changed memory was afterwards used through another view: then part of the gradient
    comes through numbers that no operation took from this value.
    """
    for index in sorted(bypassed, reverse=True):  # what was made later comes first
        value = trace.values[index]
        takers = trace.consumers(index)
        if any(_is_used_elsewhere(trace, node) for node in takers):
            value.gradient = None
        else:
            value.gradient = _sum(trace, value, takers)


def _is_used_elsewhere(trace: Trace, node: Node) -> bool:
    """Whether what a node changed was found under another view, so that no output of the node is it."""
    return any(value.producer == node.index and value.index not in node.outputs for value in trace.values)


def _sum(trace: Trace, value: Value, takers: list[Node]) -> Tensor | None:
    parts = [part for node in takers for part in _parts(trace, value, node)]
    return torch.stack(parts).sum(0) if parts else None


def _parts(trace: Trace, value: Value, node: Node) -> list[Tensor]:
    """What comes to a value through one operation, from each of its outputs."""
    found = []
    for place, output in enumerate(node.outputs):
        arriving = trace.values[output].gradient
        if arriving is None:
            continue
        try:
            starts, made = run_again(trace, node, place, value.index)
        except (TraceError, RuntimeError):
            continue
        if made.requires_grad:
            (part,) = torch.autograd.grad(made, [starts[value.index]], arriving, allow_unused=True)
            found += [] if part is None else [part]
    return found
