"""Gradients of every value: against probes that are added to it, and around in-place changes."""

import pytest
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_map_only

from convscope.tracing import trace
from convscope.tracing.structure import leaves
from tests.tracing.hard_cases import HARD

QUESTIONS = ("size", "dim", "numel", "__get__", "is_floating_point", "stride", "__len__", "requires_grad_")
SMOOTH = (
    *("branches and loops", "shared modules", "modules in a list", "LSTM", "GRU", "RNN", "cells"),
    *("checkpoint", "keywords", "structures"),
)


class Probes(TorchFunctionMode):
    """The oracle: zeros are added to every result; the gradient by them is that of the result."""

    def __init__(self):
        super().__init__()
        self.probes, self.inside = [], False

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if self.inside or func.__name__ in QUESTIONS:
            return func(*args, **(kwargs or {}))
        self.inside = True
        try:
            return tree_map_only(Tensor, self.probed, func(*args, **(kwargs or {})))
        finally:
            self.inside = False

    def probed(self, tensor):
        if not tensor.requires_grad:
            return tensor
        self.probes.append(torch.zeros_like(tensor, requires_grad=True))
        return tensor + self.probes[-1]


def total(output):
    """Every number of an output, each with a weight of its own."""
    floats = [leaf for leaf in leaves(output) if isinstance(leaf, Tensor) and leaf.is_floating_point()]
    return sum((each * torch.linspace(1, 2, each.numel()).view_as(each)).sum() for each in floats)


@pytest.mark.parametrize("case", [case for case in HARD if case.name in SMOOTH], ids=lambda case: case.name)
def test_every_value_has_the_gradient_of_its_probe(case):
    torch.manual_seed(1)
    result = trace(case.model, case.inputs, score=total)
    inputs = tree_map_only(
        Tensor,
        lambda tensor: tensor.clone().requires_grad_() if tensor.is_floating_point() else tensor,
        case.inputs,
    )
    torch.manual_seed(1)
    oracle = Probes()
    with oracle:
        output = case.model(**inputs) if isinstance(inputs, dict) else case.model(*_tuple(inputs))
    score = total(output)
    given = [leaf for leaf in leaves(inputs) if isinstance(leaf, Tensor) and leaf.requires_grad]
    expected = torch.autograd.grad(score, [*oracle.probes, *given], allow_unused=True)
    followed = [
        result.values[index]
        for node in result.nodes
        for index in node.outputs
        if node.index < _end(result) and node.followed and result.values[index].dtype.is_floating_point
    ]
    assert len(followed) == len(oracle.probes) >= 1
    floats = [value for value in result.inputs if value.dtype.is_floating_point]
    for value, gradient in zip([*followed, *floats], expected, strict=True):
        if gradient is None or not gradient.any():
            assert value.gradient is None or not value.gradient.any()
        else:
            torch.testing.assert_close(value.gradient, gradient)


def _tuple(inputs):
    return inputs if isinstance(inputs, tuple) else (inputs,)


def _end(result):
    """Where the model ends and the score begins."""
    lines = [
        node.index for node in result.nodes if node.source and node.source.function in ("total", "<genexpr>")
    ]
    return lines[0]


def test_parameters_have_the_gradients_of_backward():
    model, x = (
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(inplace=True)),
        torch.randn(2, 1, 5, 5),
    )
    result = trace(model, x, score=lambda output: output.square().sum())
    model(x).square().sum().backward()
    for value in result.values:
        if value.role == "parameter":
            torch.testing.assert_close(value.gradient, model.get_parameter(value.name).grad)


def test_a_class_is_its_column_summed_over_the_samples():
    model, x = nn.Linear(3, 4), torch.randn(5, 3)
    result = trace(model, x, score=2)
    x = x.clone().requires_grad_()
    model(x)[:, 2].sum().backward()
    torch.testing.assert_close(result.inputs[0].gradient, x.grad)


def test_frozen_weights_have_no_gradient_and_the_input_has_one():
    model = nn.Linear(3, 4).requires_grad_(False)
    result = trace(model, torch.ones(1, 3), score=0)
    assert [value.role for value in result.values if value.gradient is None] == ["parameter", "parameter"]
    torch.testing.assert_close(result.inputs[0].gradient, model.weight[:1])


W = torch.arange(1.0, 13).view(3, 4)


def values(function, x):
    result = trace(function, x, score=lambda output: (output * W).sum())
    return [[result.values[index].gradient for index in node.outputs] for node in result.nodes], result


def test_around_an_in_place_change():
    x = torch.randn(3, 4)
    gradients, _ = values(lambda x: (x * 3).mul_(2).sin_(), x)
    after = W * (x * 6).cos()  # by y = sin(v): v = 2u, u = 3x
    torch.testing.assert_close(gradients[0][0], after * 2)
    torch.testing.assert_close(gradients[1][0], after)
    torch.testing.assert_close(gradients[2][0], W)


def test_around_a_change_through_a_view():
    def function(x):
        y = x * 3
        y[:, 0] *= 5
        return y + 1

    x = torch.randn(3, 4)
    gradients, result = values(function, x)
    factor = torch.tensor([5.0, 1, 1, 1])
    names = {node.name: gradient for node, gradient in zip(result.nodes, gradients, strict=True)}
    torch.testing.assert_close(names["mul"][0], W * factor)  # y as it was
    torch.testing.assert_close(names["setitem"][0], W)  # y as it is afterwards
    torch.testing.assert_close(result.inputs[0].gradient, W * factor * 3)


def test_around_a_view_that_is_changed_and_used_alone():
    def function(x):
        y = x * 3
        row = y.view(12)
        early = row * 2
        plane = row.view(3, 4)
        plane.mul_(5)
        return plane + early.view(3, 4)

    gradients, result = values(function, torch.randn(3, 4))
    names = {node.name: gradient for node, gradient in zip(result.nodes, gradients, strict=True)}
    torch.testing.assert_close(names["mul"][0], W * 7)  # 5 through the plane, 2 through the early row
    torch.testing.assert_close(names["view"][0], (W * 7).view(12))
    torch.testing.assert_close(names["view_2"][0], W * 5)
    torch.testing.assert_close(names["mul_3"][0], W)


def test_what_cannot_be_known_is_none():
    def function(x):
        y = x * 3
        row = y[0]
        row.mul_(5)
        return y + 1  # uses the change through another tensor than the one that was changed

    gradients, result = values(function, torch.randn(3, 4))
    names = {node.name: gradient for node, gradient in zip(result.nodes, gradients, strict=True)}
    assert names["getitem"] == [None]
    torch.testing.assert_close(names["mul"][0], W * torch.tensor([[5.0], [1], [1]]))


def test_gradients_that_the_model_takes_itself_are_not_the_scores():
    def function(x):
        y = x**2
        (slope,) = torch.autograd.grad(y.sum(), x, create_graph=True)
        return slope * y

    x = torch.randn(3, 4)
    result = trace(function, x, score=lambda output: output.sum())
    assert result.failure is None, result.failure
    torch.testing.assert_close(result.inputs[0].gradient, 6 * x**2)  # d(2x·x²)/dx
    torch.testing.assert_close(result.tensor(result["grad"].outputs[0]), 2 * x)


@pytest.mark.parametrize(
    ("model", "score", "words"),
    [
        (nn.Linear(3, 4), 4, "there is no class 4: the output has 4 columns.\n  Choose a class from 0 to 3"),
        (lambda x: None, 0, "score=0 needs an output of numbers, but the model returned none."),
        (lambda x: x > 0, 0, "score=0 needs an output of numbers, but the model returned none."),
        (nn.Linear(3, 4), lambda output: output, "a score is one number, but the function returned 1 × 4."),
        (nn.Linear(3, 4), lambda output: 3.0, "a score is one number, but the function returned 3.0."),
    ],
)
def test_a_score_that_cannot_be_is_said(model, score, words):
    from convscope.errors import TraceError

    with pytest.raises(TraceError) as error:
        trace(model, torch.ones(1, 3), score=score)
    assert str(error.value).startswith(words)
