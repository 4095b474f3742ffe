"""One number → why it is that: `explain(trace, "conv2", at=(3, 7, 7))`.

    Trace ── reading (its arguments) ── ops/<op>.py ──▶ Account ── beside the network's number ──▶ Explanation

`OPS` in `ops/` says what can be explained. What is not there still has its values, and says that it is not
explained.
"""

import math

import torch
from torch import Tensor

from convscope.arguments import demand, demand_index, demand_whole
from convscope.errors import ShapeError, TraceError
from convscope.explaining.account import Account, Index, Step, Terms
from convscope.explaining.explanation import Explanation, tolerance
from convscope.explaining.op import Cost, Op, Role
from convscope.explaining.ops import OPS, known
from convscope.explaining.reading import Reading
from convscope.explaining.unknown import unknown
from convscope.tracing.graph import Node, Trace, Value
from convscope.tracing.replay import run_again
from convscope.tracing.structure import tensors_of

__all__ = [
    "OPS",
    "Account",
    "Cost",
    "Explanation",
    "Op",
    "Reading",
    "Role",
    "Step",
    "Terms",
    "explain",
    "explain_gradient",
    "known",
    "read",
]


def explain(trace: Trace, op: str | int | Node, at: Index, output: int = 0) -> Explanation:
    """Take one number of a network apart.

    Args:
        trace: from `convscope.trace`.
        op: the operation: its name, its index, or the node.
        at: index of the number in the operation's output; the sample axis may be left out where there is one
        sample.
        output: which output, for operations with several.

    Raises:
        UnknownName: there is no such operation.
        ShapeError: there is no number at that index.
        TraceError: the numbers are complex, or on the device meta.

    >>> from convscope.tracing import trace
    >>> seen = trace(torch.nn.ReLU(), torch.tensor([[-1.0, 2.0]]))
    >>> explanation = explain(seen, "relu", (0, 1))
    >>> explanation.result, explanation.network, explanation.holds
    (2.0, 2.0, True)
    """
    node = _node(trace, op, at)
    demand_whole("output", output, 0, len(node.outputs) - 1)
    at = full_index(trace, node, at, output)
    how, network = known(node.op).explain, _number(trace, node, at, output)
    real = not any(trace.values[index].dtype.is_complex for index in node.inputs)
    account = how(read(trace, node, output), at) if how and real else None
    kind = "explained" if account else "not explained"
    account = account or unknown(trace, node, output, at)
    bound = _bound(account, trace.values[node.outputs[output]].dtype)
    return Explanation(node.op, node.name, "output", at, account, network, kind, bound, node.source)


def explain_gradient(
    trace: Trace, op: str | int | Node, argument: str, at: Index, output: int | None = None
) -> Explanation:
    """Take one gradient apart: d(score)/d(one number that an operation takes), through this operation.

    Args:
        trace: made with `score`.
        op: the operation: its name, its index, or the node.
        argument: which of its tensors: "weight", "bias", "input", …
        at: index in that tensor.
        output: which output the gradient comes from; None: the first that one arrives at. (A network that
            reads an LSTM's last state leaves the LSTM's first output alone.)

    Raises:
        TraceError: no gradients in this trace, or the operation's gradient is not explained.
        ShapeError: there is no number at that index.
    """
    node = _node(trace, op, at)
    demand("argument", argument, str, "the name of a tensor that the operation takes, such as 'weight'")
    demand_whole("output", output, 0, len(node.outputs) - 1, optional=True)
    how = known(node.op).gradient
    if how is None:
        raise TraceError(f"the gradient of '{node.op}' is not explained.")
    reading = read(trace, node, _reached(trace, node) if output is None else output)
    value = reading.value(argument)
    at = _checked(at, value.shape, f"{argument} of {node.name}")
    account = how(reading, argument, at)
    own = value.gradient if _alone(trace, node, value) else _through(reading, value)
    network = 0.0 if own is None else float(own[at])
    bound = _bound(account, value.dtype)
    return Explanation(node.op, node.name, argument, at, account, network, "explained", bound, node.source)


def _node(trace: Trace, op: str | int | Node, at: Index) -> Node:
    """The operation that is asked about.

    Raises:
        ArgumentError: something is of another type.
        UnknownName: there is no such operation.
    """
    demand("trace", trace, Trace, "a Trace, which convscope.trace gives")
    demand_index("at", at)
    return op if isinstance(op, Node) else trace[op]


def _reached(trace: Trace, node: Node) -> int:
    """The first output that a gradient arrives at; without any, the first."""
    gradients = [trace.values[index].gradient is not None for index in node.outputs]
    return gradients.index(True) if True in gradients else 0


def _number(trace: Trace, node: Node, at: Index, output: int) -> float:
    """The network's own number there.

    Raises:
        TraceError: a tensor on meta has no numbers, and a complex one has two parts.
    """
    own = trace.tensor(node.outputs[output])[at]
    if own.is_meta:
        raise TraceError(
            f"'{node.name}' is on the device meta: it has a shape, and no numbers.\n"
            '  Load the model on a device that computes: model.to_empty(device="cpu"), then its weights.'
        )
    if own.is_complex():
        raise TraceError(
            f"'{node.name}' gives the complex number {complex(own):.6g}; only real ones are taken apart.\n"
            "  Choose an operation behind it that gives real numbers, such as abs or irfft."
        )
    return float(own)


def _alone(trace: Trace, node: Node, value: Value) -> bool:
    """Whether all of a value's gradient came through this operation, so that autograd's own is at hand."""
    plain = len(node.outputs) == 1 and not node.changed
    ends = (*tensors_of(trace.output), trace.score)
    return (
        plain
        and value.gradient is not None
        and trace.consumers(value.index) == [node]
        and value.index not in ends
    )


def _through(reading: Reading, value: Value) -> Tensor | None:
    """Autograd's gradient through this operation alone, run again; None behind `detach`."""
    leaves, made = run_again(reading.trace, reading.node, reading.which, value.index)
    if not made.requires_grad:
        return None
    arriving = reading.output_gradient.to(made)
    return torch.autograd.grad(made, [leaves[value.index]], arriving, allow_unused=True)[0]


def read(trace: Trace, node: Node, output: int = 0) -> Reading:
    """A node by the names of its arguments; of an operation that is not known there are none."""
    return Reading(trace, node, known(node.op).signature, output)


def full_index(trace: Trace, node: Node, at: Index, output: int = 0) -> Index:
    """The index with the sample axis, checked against the output."""
    if not node.outputs:
        raise TraceError(f"'{node.name}' ({node.op}) gives no tensor.\n  Choose another operation.")
    return _checked(at, trace.values[node.outputs[output]].shape, f"the output of {node.name}")


def _checked(at: Index, shape: tuple[int, ...], what: str) -> Index:
    if len(at) == len(shape) - 1 and shape[0] == 1:
        at = (0, *at)
    fits = len(at) == len(shape) and all(-size <= place < size for place, size in zip(at, shape, strict=True))
    if not fits:
        sizes = ", ".join(map(str, shape))
        raise ShapeError(
            f"there is no number at ({', '.join(map(str, at))}) in {what}.\n  Its shape is ({sizes})."
        )
    return tuple(place % size for place, size in zip(at, shape, strict=True))


def _bound(account: Account, dtype: torch.dtype) -> float:
    """What the difference must stay within; below its smallest normal number a float has fewer digits."""
    size = account.size
    if not math.isfinite(size):
        return math.inf
    least = torch.finfo(dtype).tiny if size and dtype.is_floating_point else 0.0
    return max(tolerance(dtype) * size, least)
