"""Convolutions against SciPy and autograd: every number, what it sees, its gradients, and how fast."""

import itertools
import time
import warnings

import numpy as np
import pytest
import torch
from scipy.signal import correlate
from torch import nn
from torch.nn import functional as F

from convscope.explaining import OPS, explain, explain_gradient, read
from convscope.explaining.boxes import clip, unit
from convscope.tracing import trace
from convscope.tracing.replay import run_again
from tests.explaining.shown import lines

CONV = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}


def traced(layer, x, score=None):
    """The trace of one layer, and its operation."""
    result = trace(layer, x, score=score)
    assert result.failure is None, result.failure
    return result, result.nodes[0]


def spread(kernel, dilation):
    """A kernel with zeros between its taps."""
    for axis, step in enumerate(dilation, kernel.ndim - len(dilation)):
        wide = [*kernel.shape]
        wide[axis] = step * (wide[axis] - 1) + 1
        target = np.zeros(wide)
        target[(slice(None),) * axis + (slice(None, None, step),)] = kernel
        kernel = target
    return kernel


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "dilation", "groups"),
    [(3, 1, 0, 1, 1), (3, 2, 1, 1, 1), (2, 1, 1, 2, 2), (4, 3, 2, 1, 4), (1, 1, 0, 1, 1)],
)
def test_every_number_is_scipys(axes, kernel, stride, padding, dilation, groups):
    torch.manual_seed(0)
    layer = CONV[axes](4, 4, kernel, stride, padding, dilation, groups)
    x = torch.randn(1, 4, *(7, 6, 5)[:axes])
    result, node = traced(layer, x)
    weight, bias = layer.weight.detach().double().numpy(), layer.bias.detach().double().numpy()
    padded = np.pad(x[0].double().numpy(), [(0, 0)] + [(padding, padding)] * axes)
    for index in np.ndindex(*node_shape(result, node)):
        _, channel, *place = index
        group = channel // (4 // groups) * (4 // groups)
        plane = correlate(
            padded[group : group + 4 // groups], spread(weight[channel], [dilation] * axes), mode="valid"
        )
        expected = plane[(0, *(step * stride for step in place))] + bias[channel]
        explanation = explain(result, node, index)
        assert explanation.result == pytest.approx(expected, rel=1e-12, abs=1e-12 * explanation.account.size)
        assert explanation.holds


def node_shape(result, node):
    return result.values[node.outputs[0]].shape


def test_each_channel_brings_what_scipy_says():
    torch.manual_seed(0)
    layer, x = nn.Conv2d(5, 2, 3, padding=1), torch.randn(1, 5, 6, 6)
    terms = explain(*traced(layer, x), (0, 1, 2, 5)).account.terms
    planes, kernels = x[0].double().numpy(), layer.weight[1].detach().double().numpy()
    expected = [
        correlate(plane, kernel, mode="same")[2, 5] for plane, kernel in zip(planes, kernels, strict=True)
    ]
    assert terms.axes == ("channel", "row", "column")
    assert terms.partial().tolist() == pytest.approx(expected, rel=1e-12)


def test_same_puts_the_odd_one_behind():
    x = torch.arange(1.0, 8.0)[None, None]
    layer = nn.Conv1d(1, 1, 4, padding="same", bias=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says once that an even kernel needs a copy
        F.conv1d(x, layer.weight, padding="same")
    result, node = traced(layer, x)
    account = explain(result, node, (0, 0, 5)).account
    assert account.terms.places["input"][0, :, 2].tolist() == [4, 5, 6, -1]
    assert account.notes == ("1 of 4 taps lie in the padding, where the input counts as 0.",)


@pytest.mark.parametrize(
    ("mode", "numpys"),
    [("constant", "constant"), ("reflect", "reflect"), ("replicate", "edge"), ("circular", "wrap")],
)
def test_padding_is_numpys(mode, numpys):
    x = torch.randn(1, 2, 5, 4)
    result, node = traced(lambda x: F.pad(x, (3, 1, 2, 4), mode=mode), x)
    expected = np.pad(x.double().numpy(), [(0, 0), (0, 0), (2, 4), (3, 1)], mode=numpys)
    own = [explain(result, node, index).result for index in np.ndindex(*expected.shape)]
    assert own == expected.flatten().tolist()
    size = OPS["pad"].size(read(result, node))
    assert lines(size) == "height 5 + 2 + 4 = 11\nwidth 4 + 3 + 1 = 8"


def test_a_group_is_named():
    result, node = traced(nn.Conv2d(4, 6, 3, groups=2), torch.randn(1, 4, 5, 5))
    account = explain(result, node, (0, 4, 1, 1)).account
    belongs = "Output channel 4 belongs to group 1 of 2 (counted from 0)"
    assert account.notes == (f"{belongs} and takes only channels 2 to 3 of the input.",)
    assert sorted(set(account.terms.places["input"][..., 1].flatten().tolist())) == [2, 3]


# ---- what a unit sees


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(4, 4, 3),
        nn.Conv2d(4, 4, (4, 2), (3, 2), (2, 1), groups=2),
        nn.ConvTranspose2d(4, 4, (3, 4), 2, 1, groups=4),
        nn.ConvTranspose2d(4, 4, 2, 3, output_padding=1),
        nn.ConvTranspose2d(4, 4, (2, 3), (2, 3), 0, dilation=2),
        nn.ReflectionPad2d((3, 1, 2, 4)),
        nn.ReplicationPad2d((3, 1, 0, 4)),
        nn.CircularPad2d((3, 1, 2, 4)),
        nn.ZeroPad2d((3, 1, -1, 4)),
    ],
    ids=str,
)
def test_the_box_is_exactly_the_support_of_autograd(layer):
    torch.manual_seed(0)
    x = torch.randn(1, 4, 6, 5)
    result, node = traced(layer, x)
    reach, reading = OPS[node.op].reach, read(result, node)
    shape = node_shape(result, node)
    starts, output = run_again(result, node)
    for index in itertools.islice(np.ndindex(*shape), 0, None, 3):
        (slope,) = torch.autograd.grad(output[index], [starts[node.inputs[0]]], retain_graph=True)
        found = slope.nonzero()
        box = clip(reach(reading, unit(index)[None])["input"], x.shape)[0]
        if len(found) == 0:
            assert (box[:, 1] <= box[:, 0]).any()  # nothing falls here: an empty box
        else:
            expected = torch.stack([found.min(0).values, found.max(0).values + 1], -1)
            assert box.tolist() == expected.tolist(), index


def test_many_boxes_at_once_are_each_ones_box():
    result, node = traced(nn.ConvTranspose2d(4, 6, 3, 2, 1, 1, groups=2), torch.randn(1, 4, 5, 5))
    reach, reading = OPS[node.op].reach, read(result, node)
    indices = list(np.ndindex(*node_shape(result, node)))
    together = reach(reading, np.stack([unit(index) for index in indices]))["input"]
    alone = [reach(reading, unit(index))["input"] for index in indices]
    assert np.array_equal(together, np.stack(alone))


# ---- gradients


def test_a_long_sum_of_gradients_of_one_sign_holds():
    torch.manual_seed(0)
    layer, x = nn.Conv2d(2, 3, 3, padding=1), torch.rand(8, 2, 40, 40)
    result, node = traced(layer, x, score=lambda y: (y * torch.linspace(0, 1, y.numel()).view_as(y)).sum())
    slopes = torch.linspace(0, 1, 8 * 3 * 40 * 40).view(8, 3, 40, 40).double()
    bias = explain_gradient(result, node, "bias", (1,))
    assert bias.holds
    assert bias.result == pytest.approx(float(slopes[:, 1].sum()), rel=1e-12)
    weight = explain_gradient(result, node, "weight", (2, 1, 0, 2))
    padded = F.pad(x[:, 1], (1, 1, 1, 1)).double()
    assert weight.holds
    assert weight.result == pytest.approx(float((slopes[:, 2] * padded[:, :40, 2:42]).sum()), rel=1e-12)
    assert weight.account.terms.axes == ("sample", "row", "column")


def test_only_taps_that_meet_an_input_count_in_its_gradient():
    result, node = traced(nn.Conv2d(1, 2, 3, stride=2), torch.randn(1, 1, 7, 7), score=lambda y: y.sum())
    terms = explain_gradient(result, node, "input", (0, 0, 2, 3)).account.terms
    assert terms.values.shape == (2, 2, 1)  # row 2 was met by taps 0 and 2, column 3 by tap 1
    assert terms.places["weight"][0, :, :, 2:].tolist() == [[[0, 1]], [[2, 1]]]


# ---- speed


def test_512_channels_are_taken_apart_in_under_20_ms():
    torch.manual_seed(0)
    result, node = traced(nn.Conv2d(512, 512, 3, padding=1), torch.randn(1, 512, 28, 28))
    explain(result, node, (0, 1, 2, 3))
    seconds = []  # of processor time: other work on the machine is no fault of ours
    for place in range(5):
        began = time.process_time()
        assert explain(result, node, (0, 7 + place, 0, 13)).holds
        seconds.append(time.process_time() - began)
    assert min(seconds) < 0.020
