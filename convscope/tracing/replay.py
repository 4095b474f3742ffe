"""The proof of an operation: run again from the inputs it was given, it gives the same bits."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor

from convscope.arguments import demand
from convscope.errors import TraceError
from convscope.tracing.graph import Node, Ref, Trace, with_float64
from convscope.tracing.names import DIFFERENTIATING, NOT_CHANNELS_LAST, UNWRITTEN, arguments, function_at
from convscope.tracing.snapshot import same_numbers, snapshot
from convscope.tracing.structure import Unkept, convert, leaves


class Replay(NamedTuple):
    """What came of running an operation again.

    Attributes:
        exact: every output and everything that was changed in place has the same bits as in the network.
        difference: the largest there is; None where there is nothing to compare.
        reason: why it is not exact, in words; "" where it is.
    """

    exact: bool
    difference: float | None
    reason: str = ""


def replay(trace: Trace, node: Node) -> Replay:
    """Run one operation again from its stored inputs and compare all that it made and changed.

    >>> from convscope.tracing import trace
    >>> seen = trace(torch.nn.Dropout(), torch.ones(3))
    >>> replay(seen, seen["dropout"])
    Replay(exact=True, difference=0.0, reason='')
    """
    demand("trace", trace, Trace, "a Trace, which convscope.trace gives")
    demand("node", node, Node, "one of trace.nodes")
    if node.op in DIFFERENTIATING:
        return Replay(False, None, "a gradient inside of the model comes from the operations before it.")
    if node.op in UNWRITTEN:
        return Replay(False, None, f"'{node.op}' returns memory as it is, with any numbers in it.")
    if node.random_state is not None and any(trace.values[each].device != "cpu" for each in node.outputs):
        return Replay(False, None, "the generator of random numbers of this device is not kept.")
    try:
        with torch.inference_mode(False), torch.set_grad_enabled(bool(node.followed)):
            made = run_node(node, {index: _input(trace, node, index) for index in node.inputs})
        return _compared({index: trace.original(index) for index in made}, made)
    except TraceError as error:
        return Replay(False, None, str(error))
    except Exception as error:  # noqa: BLE001 - an operation may raise anything
        return Replay(False, None, f"run by itself it raises {type(error).__name__}: {error}")


def replay_all(trace: Trace) -> dict[str, Replay]:
    """Every operation's replay, by its name."""
    return {node.name: replay(trace, node) for node in trace.nodes}


def run_again(
    trace: Trace, node: Node, which: int = 0, wanted: int | None = None
) -> tuple[dict[int, Tensor], Tensor]:
    """One output of an operation, and the float inputs it came from as leaves of its graph, by value index.

    With `wanted` only that value takes a gradient: some operations refuse one for their other tensors.

    Raises:
        TraceError: torch does not have the function, so that it cannot be run by itself.
    """
    refused = statistics(node)
    changed = {before for before, _ in node.changed}
    with torch.inference_mode(False), torch.enable_grad():
        given = {index: _start(node, trace.original(index)) for index in node.inputs}
        starts = {
            index: tensor.requires_grad_(wanted in (None, index))
            for index, tensor in given.items()
            if (tensor.is_floating_point() or tensor.is_complex()) and index not in refused
        }
        # An in-place operation may not change a leaf: it gets a copy, through which gradients flow.
        made = run_node(node, given | {index: given[index].clone() for index in changed & given.keys()})
    return starts, made[node.outputs[which]]


def _start(node: Node, tensor: Tensor) -> Tensor:
    """An input as it was, without a copy where that can be: weights may be hundreds of megabytes."""
    if node.op in NOT_CHANNELS_LAST:
        return tensor.clone(memory_format=torch.contiguous_format)
    return tensor.clone() if tensor.is_inference() else snapshot(tensor)


def statistics(node: Node) -> set[int]:
    """Running mean and variance of a normalisation: torch refuses to differentiate by them."""
    given = dict(zip(arguments(node.function), node.args, strict=False)) | node.kwargs
    running = (given.get("running_mean"), given.get("running_var"))
    return {ref.index for ref in running if isinstance(ref, Ref)}


def _input(trace: Trace, node: Node, index: int) -> Tensor:
    """An input as it was, followed by autograd if it was; what is to be changed is no leaf then."""
    tensor = snapshot(trace.original(index))
    if index not in node.followed:
        return tensor
    tensor.requires_grad_()
    return tensor.clone() if any(index == before for before, _ in node.changed) else tensor


def run_node(node: Node, given: dict[int, Tensor]) -> dict[int, Tensor]:
    """What an operation makes of these inputs, by the index of the value in the trace."""
    function = function_at(node.function)
    if function is None:
        raise TraceError(
            f"'{node.name}' ({node.op}) cannot be run by itself: torch does not keep that function."
        )
    generator = torch.Generator()
    if node.random_state is not None:
        generator.set_state(node.random_state)

    def place(leaf: Any) -> Any:  # noqa: ANN401
        if isinstance(leaf, Unkept):
            raise TraceError(f"'{node.name}' was called with {leaf.text}, which a file does not keep.")
        if isinstance(leaf, torch.Generator):
            return generator
        return given[leaf.index] if isinstance(leaf, Ref) else leaf

    args, kwargs = convert(node.args, place), convert(node.kwargs, place)
    with _random_numbers(node.random_state), _autocast(node):
        result = function(*args, **kwargs)
    values = (ref.index for ref in leaves(node.result) if isinstance(ref, Ref))
    made = dict(zip(values, (leaf for leaf in leaves(result) if isinstance(leaf, Tensor)), strict=True))
    return made | {after: given[before] for before, after in node.changed}


def _compared(network: dict[int, Tensor], made: dict[int, Tensor]) -> Replay:
    differing = [index for index, tensor in made.items() if not same_numbers(tensor, network[index])]
    if not differing:
        return Replay(True, 0.0)
    index = differing[0]
    if (made[index].shape, made[index].dtype) != (network[index].shape, network[index].dtype):
        return Replay(False, None, "run by itself it gives another shape or type of number.")
    wide = torch.complex128 if made[index].is_complex() else torch.float64
    mine, its = (with_float64(each[index].detach()).to(wide) for each in (made, network))
    difference = float((mine - its).abs().nan_to_num(torch.inf).max())
    return Replay(False, difference, "run by itself it gives other numbers: its inputs may share memory.")


@contextmanager
def _random_numbers(state: Tensor | None) -> Iterator[None]:
    """The generator as it was when the operation ran, and afterwards as it is now."""
    if state is None:
        yield
        return
    before = torch.get_rng_state()
    torch.set_rng_state(state)
    try:
        yield
    finally:
        torch.set_rng_state(before)


@contextmanager
def _autocast(node: Node) -> Iterator[None]:
    """The precision that torch chose for the operation."""
    if node.autocast is None:
        yield
        return
    device, dtype = node.autocast
    with torch.autocast(device, dtype, cache_enabled=False):
        yield
