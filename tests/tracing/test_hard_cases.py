"""Every hard model: its values as they were, nothing unseen, every operation replayed, saved and loaded."""

from collections import Counter
from contextlib import ExitStack
from typing import NamedTuple

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

from convscope.tracing import load_trace, replay_all, trace
from convscope.tracing.capture import OPENED
from convscope.tracing.structure import leaves
from tests.tracing.hard_cases import HARD

hard = pytest.mark.parametrize("case", HARD, ids=lambda case: case.name)
# Answers about a tensor that are tensors only by accident, or none at all.
QUESTIONS = ("size", "dim", "numel", "is_floating_point", "stride", "__len__", "requires_grad_")


class Seen(NamedTuple):
    """Copies of what a call took, of what it returned, and of what it left of its arguments."""

    taken: list[Tensor]
    made: list[Tensor]
    left: list[Tensor]


class Clones(TorchFunctionMode):
    """The oracle: a copy of everything that each call takes and of everything it returns, made at once."""

    def __init__(self):
        super().__init__()
        self.seen, self.inside = [], False

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if self.inside or func.__name__ in QUESTIONS:
            return func(*args, **kwargs)
        if func in OPENED:
            pytest.fail(f"{func.__name__} is opened by a trace; compare it by itself")
        before = copies((args, kwargs))
        self.inside = True
        try:
            result = func(*args, **kwargs)
        finally:
            self.inside = False
        handed_on = func.__name__ == "to" and result is args[0]  # it had this type
        told = func.__name__ == "__get__" and not isinstance(result, Tensor)  # `x.device`
        if not handed_on and not told:
            self.seen.append(Seen(before, copies(result), copies((args, kwargs))))
        return result


def copies(structure):
    return [leaf.detach().clone() for leaf in leaves(structure) if isinstance(leaf, Tensor)]


class Counts(TorchDispatchMode):
    """The oracle of the witness: every kernel of a plain run that came to its end."""

    def __init__(self):
        super().__init__()
        self.kernels = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        self.kernels[str(func)] += 1
        return result


class AsTheyAre(TorchFunctionMode):
    """Changes nothing; but where functions are looked at, torch takes no short cut past them."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))


def plain(case, *looking_on):
    """The model's own answer, on copies of the inputs."""
    inputs = tree_map_only(Tensor, lambda tensor: tensor.clone(), case.inputs)
    torch.manual_seed(1)
    with ExitStack() as stack:
        for mode in looking_on:
            stack.enter_context(mode)
        if isinstance(inputs, dict):
            return case.model(**inputs)
        return case.model(*inputs) if isinstance(inputs, tuple) else case.model(inputs)


def traced(case, **settings):
    torch.manual_seed(1)
    return trace(case.model, case.inputs, **settings)


def same(one, other):
    return one.dtype == other.dtype and torch.equal(one.nan_to_num(9.0), other.nan_to_num(9.0))


@hard
def test_the_answer_is_the_models(case):
    result = traced(case)
    assert result.failure is None, result.failure
    expected = copies(plain(case))
    found = [leaf for leaf in leaves(result.restore(result.output)) if isinstance(leaf, Tensor)]
    assert len(found) == len(expected)
    assert all(same(one, other) for one, other in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    "case",
    [case for case in HARD if not any(word in case.name for word in ("functional", "attention", "encoder"))],
    ids=lambda case: case.name,
)
def test_values_are_what_they_were(case):
    result = traced(case)
    oracle = Clones()
    plain(case, oracle)
    calls = [call for call in oracle.seen if call.taken or call.made]
    assert len(calls) == len(result.nodes) >= 2
    for node, call in zip(result.nodes, calls, strict=True):
        taken = [result.tensor(index) for index in node.inputs]
        assert len(taken) == len(call.taken), node
        assert all(map(same, taken, call.taken)), node
        made = [leaf for leaf in leaves(result.restore(node.result)) if isinstance(leaf, Tensor)]
        assert len(made) == len(call.made), node
        assert all(map(same, made, call.made)), node
        assert all(
            same(result.tensor(new), call.left[node.inputs.index(old)]) for old, new in node.changed
        ), node


@hard
def test_no_kernel_runs_unseen(case):
    oracle = Counts()
    plain(case, oracle, AsTheyAre())
    if case.name == "an exception that is caught":
        oracle.kernels["aten.t.default"] -= 1  # of the linear layer that raised, which made nothing
    result = traced(case)
    assert Counter(name for node in result.nodes for name in node.kernels) == oracle.kernels
    assert result.kernels == oracle.kernels.total()


@hard
def test_every_operation_replays(case):
    result = traced(case)
    failed = {name: found for name, found in replay_all(result).items() if not found.exact}
    if case.name == "a gradient inside":
        assert "from the operations before it" in failed.pop("grad").reason
    assert not failed


@hard
def test_a_trace_can_be_saved_and_loaded(case, tmp_path):
    result = traced(case, score=(lambda output: first(output).sum()) if case.name in SCORED else None)
    result.save(tmp_path / "case.trace")
    again = load_trace(tmp_path / "case.trace")
    assert [each.name for each in tmp_path.iterdir()] == ["case.trace"]  # and nothing half written
    assert repr(again) == repr(result)
    assert len(again.values) == len(result.values)
    for one, other in zip(result.values, again.values, strict=True):
        assert (one.role, one.name, one.shape, one.dtype, one.producer) == (
            other.role,
            other.name,
            other.shape,
            other.dtype,
            other.producer,
        )
        assert same(one.tensor, other.tensor)
        assert one.tensor.stride() == other.tensor.stride()
        assert (one.gradient is None) == (other.gradient is None)
        assert one.gradient is None or same(one.gradient, other.gradient)
    for one, other in zip(result.nodes, again.nodes, strict=True):
        assert (one.name, one.op, one.function, one.inputs, one.outputs) == (
            other.name,
            other.op,
            other.function,
            other.inputs,
            other.outputs,
        )
        assert (one.source, one.kernels, one.changed, one.result) == (
            other.source,
            other.kernels,
            other.changed,
            other.result,
        )
    assert replay_all(again) == replay_all(result)


def first(output):
    return next(leaf for leaf in leaves(output) if isinstance(leaf, Tensor) and leaf.is_floating_point())


SCORED = ("shared modules", "LSTM", "batch norm, training", "encoder, training")
