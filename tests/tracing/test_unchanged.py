"""A trace leaves everything as it was: the model, its inputs, torch's settings, random numbers."""

import copy
import threading

import pytest
import torch
from torch import nn

from convscope.tracing import trace


class Everything(nn.Module):
    """Changes what a forward can change: statistics, a counter that it replaces, a weight."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.drop = nn.Conv1d(2, 3, 3), nn.BatchNorm1d(3), nn.Dropout()
        self.embed = nn.Embedding(5, 3, max_norm=0.1)  # shrinks its weight while it runs
        self.register_buffer("calls", torch.zeros(()))
        self.conv.bias.requires_grad_(False)

    def forward(self, x):
        self.calls = self.calls + 1
        return self.drop(self.norm(self.conv(x))) + self.embed(torch.tensor([1]))[..., None]


def state(model):
    tensors = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    flags = [
        (module.training, len(module._forward_hooks), len(module._backward_hooks))
        for module in model.modules()
    ]
    marks = [(each.requires_grad, each.grad, id(each), each._backward_hooks) for each in model.parameters()]
    return tensors, flags, marks


@pytest.mark.parametrize("mode", [True, False])
@pytest.mark.parametrize("score", [None, 0, lambda output: output.square().sum()])
def test_the_model_is_as_it_was(mode, score):
    model = Everything().train(mode)
    before = state(model)
    buffer = model.calls
    trace(model, torch.randn(4, 2, 8), score=score)
    after = state(model)
    assert all(torch.equal(before[0][name], after[0][name]) for name in before[0])
    assert before[1:] == after[1:]
    assert model.calls is buffer


def test_random_numbers_go_on_as_after_one_forward():
    model, x = Everything().train(), torch.randn(4, 2, 8)
    twin = copy.deepcopy(model)
    torch.manual_seed(3)
    trace(model, x)
    after_trace = torch.rand(2)
    torch.manual_seed(3)
    twin(x)
    assert torch.equal(after_trace, torch.rand(2))


def test_the_inputs_are_as_they_were():
    x = torch.ones(3)
    result = trace(lambda x: x.add_(1).mul_(2), x, score=lambda output: output.sum())
    assert torch.equal(x, torch.ones(3))
    assert not x.requires_grad
    assert torch.equal(result.tensor(result["mul"].outputs[0]), torch.full((3,), 4.0))
    assert torch.equal(result.inputs[0].gradient, torch.full((3,), 2.0))


def test_one_tensor_given_twice_is_one_tensor():
    x = torch.ones(2)
    result = trace(lambda a, b: a is b, (x, x))
    assert len(result.inputs) == 1
    assert result.failure is None


def test_later_changes_of_the_model_do_not_reach_the_trace():
    layer = nn.Linear(2, 2)
    weight = layer.weight.detach().clone()
    result = trace(layer, torch.ones(1, 2))
    with torch.no_grad():
        layer.weight.fill_(7)
    assert torch.equal(result.tensor(result.nodes[0].inputs[1]), weight)
    torch.optim.SGD(layer.parameters(), lr=1.0)  # the model itself goes on as usual
    layer(torch.ones(1, 2)).sum().backward()
    assert torch.equal(layer.weight, torch.full((2, 2), 7.0))


def test_torch_is_as_it_was():
    def settings():
        return (
            torch.is_grad_enabled(),
            torch.is_inference_mode_enabled(),
            torch._C._len_torch_function_stack(),
        )

    before = settings()
    trace(nn.Linear(2, 2), torch.ones(1, 2), score=0)
    trace(nn.Linear(3, 2), torch.ones(1, 2), score=0)
    assert settings() == before
    with torch.no_grad():
        assert trace(nn.Linear(2, 2), torch.ones(1, 2), score=0).values[1].gradient is not None
        assert not torch.is_grad_enabled()
    with torch.inference_mode():
        assert trace(nn.Linear(2, 2), torch.ones(1, 2)).failure is None


def test_another_thread_does_not_appear():
    begun, go_on = threading.Event(), threading.Event()
    other = nn.Sequential(nn.Tanh(), nn.Sigmoid())

    def run():
        begun.wait()
        for _ in range(20):
            other(torch.ones(3))
        go_on.set()

    class Waits(nn.Module):
        def forward(self, x):
            x = x + 1
            begun.set()
            assert go_on.wait(timeout=30)
            return x * 2

    thread = threading.Thread(target=run)
    thread.start()
    result = trace(Waits(), torch.ones(3))
    thread.join()
    assert [node.op for node in result.nodes] == ["add", "mul"]
    assert [call.kind for call in result.calls] == ["Waits"]


def test_a_trace_in_a_trace():
    inner = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    found = []

    def model(x):
        found.append(trace(inner, x * 2))
        return inner(x) + 1

    outer = trace(model, torch.ones(1, 2))
    assert [node.op for node in found[0].nodes] == ["linear", "relu"]
    assert [node.op for node in outer.nodes] == ["mul", "linear", "relu", "linear", "relu", "add"]
    assert not outer.unseen
    assert not found[0].unseen


def test_values_beyond_the_limit_are_not_kept():
    model = nn.Sequential(*(nn.Linear(1000, 1000) for _ in range(6)))
    x = torch.ones(100, 1000)  # 400,000 bytes, as has every layer's output
    result = trace(model, x, limit=1_300_000)
    assert result.memory == 1_200_000
    assert result.dropped == 4
    assert [value.tensor is not None for value in result.values if value.role == "activation"] == [
        True,
        True,
        *[False] * 4,
    ]
    assert "4 not kept" in repr(result)
    with pytest.raises(
        Exception, match=r"value \d+ \(100×1000\) were not kept.\n  Trace with keep=True"
    ) as error:
        result.tensor(result.nodes[-1].outputs[0])
    assert type(error.value).__name__ == "TraceError"


def test_views_are_counted_once():
    result = trace(lambda x: x.view(4, 25).t()[0], torch.ones(100))
    assert result.memory == 400


def test_without_values_memory_is_free_while_the_model_runs():
    seen = []

    def model(x):
        import weakref

        for _ in range(5):
            x = x + 1
            seen.append(weakref.ref(x))
        return len([1 for each in seen if each() is not None])

    alive = []
    trace(lambda x: alive.append(model(x)), torch.ones(10), keep=False)
    assert alive == [1]
