from itertools import pairwise

import pytest
import torch
from torch import nn

from convscope.errors import TrainingError
from convscope.training.weights import FlatParameters


def mixed():
    torch.manual_seed(0)
    return nn.ModuleDict(
        {
            "line": nn.Conv1d(2, 3, 5),
            "plane": nn.Conv2d(3, 4, (3, 2)),
            "block": nn.Conv3d(2, 3, (3, 2, 4)),
            "back": nn.ConvTranspose2d(4, 3, 2),
            "norm": nn.BatchNorm2d(4),
            "full": nn.Linear(6, 5),
        }
    )


@pytest.mark.parametrize("channels_last", [True, False])
def test_the_numbers_stay_and_lie_in_one_vector(channels_last):
    model, before = mixed(), mixed().state_dict()
    weights = FlatParameters(model, channels_last=channels_last)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert len(weights.values) == sum(p.numel() for p in model.parameters())
    first, size = weights.values.data_ptr(), weights.values.nbytes
    spans = sorted((p.data_ptr() - first, p.nbytes) for p in model.parameters())
    assert spans[0][0] == 0
    assert all(start + length == following for (start, length), (following, _) in pairwise(spans))
    assert sum(spans[-1]) == size
    weights.values.fill_(7.0)
    assert all((p == 7.0).all() for p in model.parameters())
    assert all(not p.grad.any() for p in model.parameters())


def test_matrices_come_first():
    model = mixed()
    weights = FlatParameters(model)
    weights.values[: weights.matrices] = 1.0
    weights.values[weights.matrices :] = 2.0
    for name, parameter in model.named_parameters():
        decayed = name.endswith("weight") and not name.startswith("norm")
        assert (parameter == (1.0 if decayed else 2.0)).all(), name


def test_kernels_are_channels_last():
    model = mixed()
    FlatParameters(model)
    assert model["plane"].weight.is_contiguous(memory_format=torch.channels_last)
    assert model["block"].weight.is_contiguous(memory_format=torch.channels_last_3d)
    assert all(p.grad.stride() == p.stride() for p in model.parameters())


def test_kernels_in_the_usual_order_where_asked():
    model = mixed()
    FlatParameters(model, channels_last=False)
    assert all(p.is_contiguous() and p.grad.is_contiguous() for p in model.parameters())


def test_gradients_are_autograds():
    """After backward the vector holds what autograd gives, twice over after two passes."""
    model, alone = (nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 2)) for _ in range(2))
    alone.load_state_dict(model.state_dict())
    weights = FlatParameters(model)
    x = torch.randn(5, 1, 4, 4)
    for _ in range(2):
        model(x).square().sum().backward()
        alone(x).square().sum().backward()
    for mine, its in zip(model.parameters(), alone.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, its.grad)
    total = sum(p.grad.double().square().sum() for p in alone.parameters()).sqrt()
    torch.testing.assert_close(weights.gradients.double().norm(), total)
    weights.gradients.zero_()
    assert not any(p.grad.any() for p in model.parameters())


class Tied(nn.Module):
    """Two layers with one and the same weight."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)
        self.second.weight = self.first.weight

    def forward(self, x):
        return self.second(self.first(x))


def test_shared_parameters_stay_shared():
    model = Tied()
    weights = FlatParameters(model)
    assert len(weights.values) == 16
    weights.values.copy_(torch.eye(4).flatten() * 2)
    assert torch.equal(model(torch.ones(1, 4)), torch.full((1, 4), 4.0))
    model(torch.ones(1, 4)).sum().backward()
    assert torch.equal(weights.gradients, torch.full((16,), 4.0))


def test_frozen_parameters_are_left_alone():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2))
    model[0].requires_grad_(False)
    kept = model[0].weight.data_ptr()
    weights = FlatParameters(model)
    assert len(weights.values) == 8
    assert model[0].weight.data_ptr() == kept
    assert model[0].weight.grad is None


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_parameters_that_are_not_float32_are_refused(dtype):
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2).to(dtype))
    with pytest.raises(TrainingError, match=r"parameter '1\.weight' is not float32"):
        FlatParameters(model)


@pytest.mark.parametrize("model", [nn.Flatten(), nn.Linear(2, 2).requires_grad_(False)])
def test_nothing_to_train_is_refused(model):
    with pytest.raises(TrainingError, match="no parameter to train"):
        FlatParameters(model)
