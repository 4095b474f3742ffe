"""The tutorial networks against the tutorials' own way of writing them: plain PyTorch, the same weights."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from convscope.network import build


def same_weights(ours, tutorial):
    """Both list their weights in the order of the layers, so they are copied one by one."""
    mine, theirs = list(ours.parameters()), list(tutorial.parameters())
    assert [weight.shape for weight in mine] == [weight.shape for weight in theirs]
    with torch.no_grad():
        for target, source in zip(theirs, mine, strict=True):
            target.copy_(source)


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Sequential(nn.Conv2d(1, 16, 5, 1, 2), nn.ReLU(), nn.MaxPool2d(2))
        self.conv2 = nn.Sequential(nn.Conv2d(16, 32, 5, 1, 2), nn.ReLU(), nn.MaxPool2d(2))
        self.out = nn.Linear(32 * 7 * 7, 10)

    def forward(self, x):
        x = self.conv2(self.conv1(x))
        return self.out(x.view(x.size(0), -1))


class Strided(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Sequential(nn.Conv2d(1, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU())
        self.conv2 = nn.Sequential(nn.Conv2d(16, 32, 3, 2, 1), nn.BatchNorm2d(32), nn.ReLU())
        self.conv3 = nn.Sequential(nn.Conv2d(32, 64, 3, 2, 1), nn.BatchNorm2d(64), nn.ReLU())
        self.fc = nn.Linear(64 * 4 * 4, 10)

    def forward(self, x):
        return self.fc(self.conv3(self.conv2(self.conv1(x))).view(-1, 1024))


class Basic(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, kernel_size=5)
        self.conv2 = nn.Conv2d(10, 20, kernel_size=5)
        self.fc = nn.Linear(320, 10)

    def forward(self, x):
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.relu(F.max_pool2d(self.conv2(x), 2))
        return self.fc(x.view(x.size(0), -1))


class Pooled(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 4)
        self.conv2 = nn.Conv2d(32, 64, 4)
        self.fc1 = nn.Linear(64, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 3)
        x = F.max_pool2d(F.relu(self.conv2(x)), 3)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


class InceptionA(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.branch1x1 = nn.Conv2d(channels, 16, kernel_size=1)
        self.branch5x5_1 = nn.Conv2d(channels, 16, kernel_size=1)
        self.branch5x5_2 = nn.Conv2d(16, 24, kernel_size=5, padding=2)
        self.branch3x3_1 = nn.Conv2d(channels, 16, kernel_size=1)
        self.branch3x3_2 = nn.Conv2d(16, 24, kernel_size=3, padding=1)
        self.branch3x3_3 = nn.Conv2d(24, 24, kernel_size=3, padding=1)
        self.branch_pool = nn.Conv2d(channels, 24, kernel_size=1)

    def forward(self, x):
        one = self.branch1x1(x)
        five = self.branch5x5_2(self.branch5x5_1(x))
        three = self.branch3x3_3(self.branch3x3_2(self.branch3x3_1(x)))
        pool = self.branch_pool(F.avg_pool2d(x, kernel_size=3, stride=1, padding=1))
        return torch.cat([one, five, three, pool], dim=1)


class GoogLike(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, kernel_size=5)
        self.incep1 = InceptionA(10)
        self.conv2 = nn.Conv2d(88, 20, kernel_size=5)
        self.incep2 = InceptionA(20)
        self.fc = nn.Linear(1408, 10)

    def forward(self, x):
        x = self.incep1(F.relu(F.max_pool2d(self.conv1(x), 2)))
        x = self.incep2(F.relu(F.max_pool2d(self.conv2(x), 2)))
        return self.fc(x.view(x.size(0), -1))


class ResidualBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, kernel_size=3, padding=1)

    def forward(self, x):
        return F.relu(x + self.conv2(F.relu(self.conv1(x))))


class ResLike(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, kernel_size=5)
        self.rblock1 = ResidualBlock(16)
        self.conv2 = nn.Conv2d(16, 32, kernel_size=5)
        self.rblock2 = ResidualBlock(32)
        self.fc = nn.Linear(512, 10)

    def forward(self, x):
        x = self.rblock1(F.max_pool2d(F.relu(self.conv1(x)), 2))
        x = self.rblock2(F.max_pool2d(F.relu(self.conv2(x)), 2))
        return self.fc(x.view(x.size(0), -1))


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c3 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.c5, self.f6, self.out = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.avg_pool2d(torch.tanh(self.c1(x)), 2)
        x = F.avg_pool2d(torch.tanh(self.c3(x)), 2)
        return self.out(torch.tanh(self.f6(torch.tanh(self.c5(x.flatten(1))))))


TUTORIALS = {
    "plain": Plain,
    "strided": Strided,
    "basic": Basic,
    "pooled": Pooled,
    "inception": GoogLike,
    "residual": ResLike,
    "lenet5": LeNet5,
}


@pytest.mark.parametrize("name", TUTORIALS)
def test_scores_and_gradients_are_the_tutorials_to_the_bit(name):
    torch.manual_seed(0)
    ours, tutorial = build(name, 1, 10, (28, 28)), TUTORIALS[name]()
    same_weights(ours, tutorial)
    x = torch.randn(8, 1, 28, 28).relu()  # zeros as in pictures: ties for the pooling
    labels = torch.randint(0, 10, (8,))
    scores, expected = ours(x), tutorial(x)
    assert torch.equal(scores, expected)
    F.cross_entropy(scores, labels).backward()
    F.cross_entropy(expected, labels).backward()
    for (path, mine), theirs in zip(ours.named_parameters(), tutorial.parameters(), strict=True):
        assert torch.equal(mine.grad, theirs.grad), path


@pytest.mark.parametrize("name", TUTORIALS)
def test_weights_are_drawn_as_the_tutorial_draws_them(name):
    torch.manual_seed(7)
    ours = build(name, 1, 10, (28, 28))
    torch.manual_seed(7)
    tutorial = TUTORIALS[name]()
    assert all(map(torch.equal, ours.parameters(), tutorial.parameters()))


def test_relu_and_pooling_change_places_with_all_kinds_of_ties():
    values = torch.tensor([-1.0, 0.0, -0.0, 2.0, 2.0, -3.0])
    windows = torch.cartesian_prod(values, values, values, values).reshape(-1, 1, 2, 2)
    upstream = torch.randn(len(windows), 1, 1, 1)
    before, after = windows.clone().requires_grad_(), windows.clone().requires_grad_()
    pooled_last, pooled_first = F.max_pool2d(F.relu(before), 2), F.relu(F.max_pool2d(after, 2))
    assert torch.equal(pooled_last, pooled_first)
    pooled_last.backward(upstream)
    pooled_first.backward(upstream)
    assert torch.equal(before.grad, after.grad)
