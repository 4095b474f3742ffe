"""What would have come out: a trace run on from a value that was changed."""

from collections.abc import Mapping

import torch
from torch import Tensor

from convscope.errors import TraceError
from convscope.tracing.graph import Node, Trace
from convscope.tracing.replay import run_node


def onward(trace: Trace, changed: Mapping[int, Tensor]) -> dict[int, Tensor]:
    """Run every operation again that depends on the changed values, with all others as they were.

    Args:
        trace: with its values.
        changed: index of a value → other numbers of the same shape.

    Returns:
        Index of each value that came out anew → its numbers; the changed ones are among them.

    Raises:
        TraceError: an operation cannot be run by itself, or changed memory that others look at.

    >>> from convscope.tracing import trace
    >>> seen = trace(torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Flatten()), torch.ones(1, 2, 2))
    >>> onward(seen, {seen.nodes[0].outputs[0]: torch.zeros(1, 2, 2)})[seen.output.index]
    tensor([[0., 0., 0., 0.]])
    """
    known, ran = dict(changed), set[int]()
    with torch.no_grad():
        for node in trace.nodes:
            _demand_whole(trace, node, known, ran)
            if any(index in known for index in node.inputs):
                before = {index for index, _ in node.changed}
                given = {index: known.get(index) for index in node.inputs}
                given = {index: trace.tensor(index) if one is None else one for index, one in given.items()}
                copies = {index: one.clone() if index in before else one for index, one in given.items()}
                known |= run_node(node, copies)
                ran.add(node.index)
    return known


def _demand_whole(trace: Trace, node: Node, known: Mapping[int, Tensor], ran: set[int]) -> None:
    """What an operation wrote through a view of other memory is not among its results."""
    lost = [index for index in node.inputs if index not in known and trace.values[index].producer in ran]
    if lost:
        raise TraceError(
            f"'{node.name}' ({node.op}) takes memory that was changed through a view of it: what would have "
            "come out cannot be computed from there."
        )
