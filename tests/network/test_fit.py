"""A network that does not fit is refused with the layer, the shapes and what to change."""

import pytest
import torch
from torch import nn

from convscope.errors import NetworkError, ShapeError
from convscope.network import fit


class Viewed(nn.Module):
    """Flattens as so many tutorials do, which mixes samples of another size."""

    def __init__(self, numbers):
        super().__init__()
        self.conv = nn.Conv2d(1, 20, 5)
        self.numbers = numbers
        self.fc = nn.Linear(numbers, 10)

    def forward(self, x):
        return self.fc(self.conv(x).view(-1, self.numbers))


class Returns(nn.Module):
    def __init__(self, what):
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.what = what

    def forward(self, x):
        return self.what(self.conv(x))


def raises(error):
    def forward(x):
        raise error

    return forward


CASES = {
    "first linear": (
        nn.Sequential(nn.Conv2d(1, 4, 5), nn.Flatten(), nn.Linear(100, 10)),
        "layer '2' (Linear) does not fit its input, (2, 2304): it expects 100 numbers a row, got 2304.\n"
        "  To do: make it nn.Linear(2304, 10).",
    ),
    "not flattened": (
        nn.Sequential(nn.Conv2d(1, 4, 5), nn.Linear(2304, 10)),
        "it expects 2304 numbers a row, got 24.\n  To do: flatten first, x.flatten(1).",
    ),
    "not flattened and another size": (
        nn.Sequential(nn.Conv2d(1, 4, 5), nn.Linear(100, 10)),
        "To do: flatten first, x.flatten(1), then make it nn.Linear(2304, 10).",
    ),
    "channels": (
        nn.Sequential(nn.Conv2d(3, 4, 5)),
        "layer '0' (Conv2d) does not fit its input, (2, 1, 28, 28): it expects 3 channels, got 1.\n"
        "  Make it nn.Conv2d(1, …).",
    ),
    "channels of a norm": (
        nn.Sequential(nn.Conv2d(1, 4, 5), nn.BatchNorm2d(8)),
        "layer '1' (BatchNorm2d) does not fit its input, (2, 4, 24, 24): it expects 8 channels, got 4.",
    ),
    "axes": (
        nn.Sequential(nn.Conv1d(1, 4, 5)),
        "it expects 1 spatial axes behind (sample, channel), got 2.\n  Take Conv2d.",
    ),
    "pooled away": (
        nn.Sequential(nn.MaxPool2d(4), nn.MaxPool2d(4), nn.MaxPool2d(4)),
        "layer '2' (MaxPool2d) does not fit its input, (2, 1, 1, 1): its window of 4 × 4 is larger than the "
        "1 × 1 positions left.",
    ),
    "convolved away": (
        nn.Sequential(nn.MaxPool2d(14), nn.Conv2d(1, 2, 3)),
        "its window of 3 × 3 is larger than the 2 × 2 positions left.\n  Leave out a pooling",
    ),
    "dilated away": (
        nn.Sequential(nn.MaxPool2d(4), nn.Conv2d(1, 2, 3, dilation=4)),
        "its window of 3 × 3 is larger than the 7 × 7 positions left, spread by 4 × 4.",
    ),
    "a layer alone": (nn.Linear(100, 10), "the network, one Linear, does not fit its input"),
    "view that does not divide": (
        Viewed(333),
        "the network fails in forward of Viewed, which got (2, 1, 28, 28).\n"
        "  The last layer that worked is 'conv'; it gave (2, 20, 24, 24). "
        "Flattened with x.flatten(1) that is 11520 numbers a sample.\n  The message was: RuntimeError",
    ),
    "view that mixes samples": (
        Viewed(320),
        "makes 72 × 10 out of 2 sample(s), expected 2 × 10: one score for each of the 10 classes.\n"
        "  Samples get mixed: flatten with x.flatten(1)",
    ),
    "planes come out": (Returns(lambda x: x), "Flatten before the last layer"),
    "too few classes": (
        nn.Sequential(nn.Flatten(), nn.Linear(784, 5)),
        "makes 2 × 5 out of 2 sample(s), expected 2 × 10: one score for each of the 10 classes.\n"
        "  Let the last layer have 10 outputs: nn.Linear(…, 10).",
    ),
    "tuple": (Returns(lambda x: (x, x)), "the network returns a tuple, not a tensor of scores"),
    "number": (Returns(lambda x: x.sum()), "makes a single number out of 2 sample(s)"),
    "own error": (Returns(raises(KeyError("weights"))), "The message was: KeyError: 'weights'"),
    "inside another": (
        nn.Sequential(nn.Flatten(), nn.Linear(784, 10), Returns(lambda x: x)),
        "layer '2.conv' (Conv2d) does not fit its input, (2, 10): it expects 2 spatial axes",
    ),
    "squeezed": (
        nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.Flatten(0)),
        "makes 20 out of 2 sample(s), expected 2 × 10",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_message_says_what_to_change(case):
    network, message = CASES[case]
    with pytest.raises(NetworkError) as caught:
        fit.check(network, 1, 10, (28, 28))
    assert message in str(caught.value)


def test_the_layer_is_named_by_its_path():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(1, 4, 5), nn.ReLU())
            self.head = nn.Sequential(nn.Flatten(), nn.Linear(7, 10))

        def forward(self, x):
            return self.head(self.body(x))

    with pytest.raises(ShapeError, match=r"layer 'head.1' \(Linear\)"):
        fit.check(Net(), 1, 10, (28, 28))


def test_a_network_that_squeezes_fails_for_one_sample():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(784, 10)

        def forward(self, x):
            return self.fc(x.flatten(1)).squeeze()

    with pytest.raises(ShapeError, match=r"makes 10 out of 1 sample\(s\), expected 1 × 10"):
        fit.check(Net(), 1, 10, (28, 28))


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (
            4,
            "layer '0' (GRU) does not fit its input, (2, 4, 7): it expects 4 features a step on the last "
            "axis, got 7.\n  To do: hand it x.transpose(1, 2), with batch_first=True.",
        ),
        (5, "it expects 5 features a step on the last axis, got 7.\n  To do: make its input_size 7."),
    ],
)
def test_a_recurrent_layer_is_told_where_the_features_are(features, message):
    with pytest.raises(ShapeError) as caught:
        fit.check(nn.Sequential(nn.GRU(features, 8, batch_first=True)), 4, 10, (7,))
    assert message in str(caught.value)


@pytest.mark.parametrize("fits", [True, False])
def test_nothing_changes(fits):
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 4, 5), nn.BatchNorm2d(4), nn.Dropout(), nn.Flatten(), nn.Linear(2304 if fits else 9, 10)
    )
    network[1].eval()  # a mode of its own
    before = {key: value.clone() for key, value in network.state_dict().items()}
    stream = torch.get_rng_state()
    try:
        fit.check(network, 1, 10, (28, 28))
    except ShapeError:
        assert not fits
    assert torch.equal(torch.get_rng_state(), stream)
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert [module.training for module in network] == [True, False, True, True, True]
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())
    assert all(weight.grad is None for weight in network.parameters())


def test_lazy_layers_get_their_sizes():
    network = nn.Sequential(nn.LazyConv2d(4, 5), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(10))
    fit.check(network, 1, 10, (28, 28))
    assert network[3].in_features == 2304
    assert network.training
