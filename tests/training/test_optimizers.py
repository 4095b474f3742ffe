"""Our few lines on one vector against torch.optim on the parameters one by one."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from convscope.training import TrainingSettings
from convscope.training.optimizers import OPTIMIZERS
from convscope.training.weights import FlatParameters

THEIRS = {
    "sgd": torch.optim.SGD,
    "momentum": lambda groups: torch.optim.SGD(groups, momentum=0.9),
    "adam": lambda groups: torch.optim.Adam(groups, betas=(0.9, 0.999), eps=1e-8),
    "adamw": lambda groups: torch.optim.AdamW(groups, betas=(0.9, 0.99), eps=1e-8),
}


def small():
    """Without a bias that BatchNorm takes away again: its gradient is rounding alone, which Adam blows up."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 9, 3)
    )


def two_groups(model, decay):
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    others = [p for p in model.parameters() if p.dim() < 2]
    return [{"params": matrices, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]


@pytest.mark.parametrize("clip", [None, 0.05, 1000.0])
@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_fifty_steps_are_those_of_torch(name, decay, clip):
    ours, theirs = small(), small()
    weights = FlatParameters(ours)
    optimizer = OPTIMIZERS[name](weights, TrainingSettings(weight_decay=decay))
    reference = THEIRS[name](two_groups(theirs, decay))
    data = torch.Generator().manual_seed(1)
    for step in range(50):
        x = torch.randn(6, 2, 5, 5, generator=data)
        y = torch.randint(3, (6,), generator=data)
        lr = 0.01 / (1 + step % 7)
        nn.functional.cross_entropy(ours(x), y).backward()
        if clip:
            norm = weights.gradients.norm()
            weights.gradients.mul_((clip / (norm + 1e-6)).clamp(max=1.0))
        optimizer.step(lr)
        weights.gradients.zero_()

        reference.zero_grad()
        nn.functional.cross_entropy(theirs(x), y).backward()
        if clip:
            nn.utils.clip_grad_norm_(theirs.parameters(), clip)
        for group in reference.param_groups:
            group["lr"] = lr
        reference.step()
    for mine, its in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, its, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_gradient_of_nothing_changes_nothing(name):
    model = small()
    before = deepcopy(model.state_dict())
    OPTIMIZERS[name](FlatParameters(model), TrainingSettings()).step(0.1)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_all_of_its_memory_is_in_its_state(name):
    """A second optimizer that gets the first one's state goes on as the first would."""
    first, second = FlatParameters(small()), FlatParameters(small())
    ours, copy = (OPTIMIZERS[name](w, TrainingSettings(weight_decay=0.01)) for w in (first, second))
    data = torch.Generator().manual_seed(2)
    for _ in range(3):
        first.gradients.copy_(torch.randn(len(first.values), generator=data))
        ours.step(0.01)
    second.values.copy_(first.values)
    for key, value in ours.state.items():
        copy.state[key].copy_(value)
    last = torch.randn(len(first.values), generator=data)
    for weights, optimizer in ((first, ours), (second, copy)):
        weights.gradients.copy_(last)
        optimizer.step(0.01)
    assert torch.equal(first.values, second.values)
