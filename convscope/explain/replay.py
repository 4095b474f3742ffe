"""Run one operation again, from the inputs it was given, with gradients."""

import torch
from torch import Tensor

from convscope.errors import TraceError
from convscope.trace.graph import Node, Ref, Trace
from convscope.trace.names import function_at
from convscope.trace.structure import convert, leaves


def run_again(
    trace: Trace, node: Node, which: int = 0, wanted: int | None = None
) -> tuple[dict[int, Tensor], Tensor]:
    """One output of an operation, and the float inputs it came from as leaves of its graph, by value index.

    With `wanted` only that value takes a gradient: some operations refuse one for their other tensors.

    Raises:
        TraceError: torch does not have the function, so that it cannot be run by itself.
    """
    function = function_at(node.function)
    if function is None:
        raise TraceError(
            f"'{node.name}' ({node.op}) cannot be run by itself: torch does not keep that function."
        )
    floats = [index for index in dict.fromkeys(node.inputs) if trace.values[index].dtype.is_floating_point]
    starts = {index: trace.tensor(index).clone().requires_grad_(wanted in (None, index)) for index in floats}
    with torch.enable_grad(), _same_random_numbers(node):
        # An in-place operation may not change a leaf: it gets a copy, through which gradients flow.
        given = {index: start.clone() for index, start in starts.items()}
        args, kwargs = (
            convert(
                each,
                lambda leaf: (
                    given.get(leaf.index, trace.tensor(leaf.index)) if isinstance(leaf, Ref) else leaf
                ),
            )
            for each in (node.args, node.kwargs)
        )
        result = function(*args, **kwargs)
        made = dict(
            zip(
                (ref.index for ref in leaves(node.result) if isinstance(ref, Ref)),
                _tensors(result),
                strict=False,
            )
        )
        return starts, made.get(node.outputs[which], given.get(node.inputs[0], torch.empty(0)))


def _tensors(result: object) -> list[Tensor]:
    return [leaf for leaf in leaves(result) if isinstance(leaf, Tensor)]


class _same_random_numbers:  # noqa: N801 - reads as what it does
    """The generator as it was when the operation ran."""

    def __init__(self, node: Node) -> None:
        self.state = node.random_state

    def __enter__(self) -> None:
        self.before = torch.get_rng_state()
        if self.state is not None:
            torch.set_rng_state(self.state)

    def __exit__(self, *_: object) -> None:
        torch.set_rng_state(self.before)
