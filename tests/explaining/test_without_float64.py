"""A trace taken on Apple's GPU, which has no float64: what it kept is explained on the CPU."""

import pytest
import torch
from torch import nn

import convscope
from convscope.errors import TraceError


class OnAppleGPU(torch.Tensor):
    """A tensor that says it is there, and refuses what cannot be done there."""

    @property
    def device(self):
        return torch.device("mps", 0)

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        name = getattr(func, "__name__", "")
        if name == "__get__":  # a property: shape, dtype, device
            return super().__torch_function__(func, types, args, kwargs)
        assert name == "cpu", f"{name} was computed on the GPU"
        return args[0].numbers

    @staticmethod
    def of(tensor):
        moved = tensor.detach().clone().as_subclass(OnAppleGPU)
        moved.numbers = tensor.detach()
        return moved


@pytest.fixture
def traced():
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(27, 4), nn.LogSoftmax(1)
    ).eval()
    return convscope.trace(model, torch.randn(1, 2, 5, 5), score=1)


def moved(trace):
    for value in trace.values:
        value.device = "mps:0"
        value.tensor = OnAppleGPU.of(value.tensor)
        value.gradient = None if value.gradient is None else OnAppleGPU.of(value.gradient)
    return trace


def test_the_fake_refuses():
    with pytest.raises(AssertionError, match="double was computed on the GPU"):
        OnAppleGPU.of(torch.ones(2)).double()


def test_numbers_come_to_the_cpu(traced):
    before = [value.tensor for value in traced.values]
    for index, value in enumerate(moved(traced).values):
        for found in (traced.tensor(index), value.numbers):
            assert found.device.type == "cpu"
            assert torch.equal(found, before[index])
        assert traced.original(index) is value.tensor


def test_every_operation_is_explained(traced):
    places = [(node, tuple(0 for _ in traced.values[node.outputs[0]].shape)) for node in traced.nodes]
    before = [str(convscope.explain(traced, node, at=at)) for node, at in places]
    traced = moved(traced)
    assert [str(convscope.explain(traced, node, at=at)) for node, at in places] == before


def test_numbers_that_were_not_kept():
    seen = convscope.trace(nn.ReLU(), torch.ones(2), keep=False)
    with pytest.raises(TraceError, match="were not kept"):
        seen.original(seen.nodes[0].outputs[0])
