"""InceptionTime against a literal second writing of it, and its published size."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from convscope.errors import NetworkError, ShapeError
from convscope.network import build


class Literal(nn.Module):
    """As the authors' Keras code has it, step by step, with a list of weights in the order of creation."""

    def __init__(self, weights, depth):
        super().__init__()
        self.weights, self.depth = list(weights), depth

    def take(self, count):
        taken, self.weights = self.weights[:count], self.weights[count:]
        return taken

    def norm(self, x, scale, offset):
        mean, variance = x.mean((0, 2), keepdim=True), x.var((0, 2), unbiased=False, keepdim=True)
        return (x - mean) / (variance + 1e-5).sqrt() * scale[:, None] + offset[:, None]

    def module(self, x):
        if x.shape[1] > 1:
            (squeeze,) = self.take(1)
            bottleneck = F.conv1d(x, squeeze)
        else:
            bottleneck = x
        branches = [F.conv1d(bottleneck, kernel, padding="same") for kernel in self.take(3)]
        padded = F.pad(x, (1, 1), value=float("-inf"))
        largest = torch.maximum(torch.maximum(padded[:, :, :-2], padded[:, :, 1:-1]), padded[:, :, 2:])
        (mix,) = self.take(1)
        x = torch.cat([*branches, F.conv1d(largest, mix)], 1)
        return self.norm(x, *self.take(2)).clamp(min=0)

    def forward(self, x):
        before = x
        for number in range(self.depth):
            x = self.module(x)
            if number % 3 == 2:
                (kernel,) = self.take(1)
                x = (x + self.norm(F.conv1d(before, kernel), *self.take(2))).clamp(min=0)
                before = x
        weight, bias = self.take(2)
        assert not self.weights
        return x.mean(2) @ weight.T + bias


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("length", [7, 140])
@pytest.mark.parametrize("depth", [1, 3, 6, 7])
def test_scores_are_those_of_the_literal_writing(channels, length, depth):
    torch.manual_seed(0)
    network = build("inception-time", channels, 5, (length,), width=0.25, depth=depth)
    for weight in network.parameters():
        weight.data.add_(0.1 * torch.randn_like(weight))  # norms that do something
    x = torch.randn(4, channels, length)
    torch.testing.assert_close(network(x), Literal(network.parameters(), depth)(x), atol=1e-4, rtol=1e-4)


def test_parameters_are_those_of_the_paper_with_odd_windows():
    network = build("inception-time", 1, 5, (140,))
    first = 32 * (39 + 19 + 9) + 32 + 2 * 128  # no bottleneck for one channel
    further = 128 * 32 + 32 * 32 * (39 + 19 + 9) + 128 * 32 + 2 * 128
    shortcuts = (1 * 128 + 2 * 128) + (128 * 128 + 2 * 128)
    expected = first + 5 * further + shortcuts + 128 * 5 + 5
    assert sum(weight.numel() for weight in network.parameters()) == expected


def test_pictures_are_refused():
    with pytest.raises(ShapeError) as caught:
        build("inception-time", 1, 5, (28, 28))
    assert (
        "network 'inception-time' is for signals, with one axis behind the channels, got 28 × 28.\n"
        "  For pictures and volumes take another convolutional network, such as fast or resnet."
    ) in str(caught.value)


def test_no_module_is_refused():
    with pytest.raises(NetworkError, match=r"has no depth 0\.\n  It needs 1 module at least\."):
        build("inception-time", 1, 5, (140,), depth=0)
