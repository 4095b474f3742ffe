"""Resampling against NumPy's interpolation and torch's choice of the nearest."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from convscope.errors import TraceError
from convscope.explaining import OPS, explain, explain_gradient, read
from convscope.tracing import trace
from tests.explaining.shown import said


def traced(layer, x, score=None):
    """The trace of one layer, and its operation."""
    result = trace(layer, x, score=score)
    assert result.failure is None, result.failure
    return result, result.nodes[0]


def explained(result, node, index, output=0):
    explanation = explain(result, node, index, output)
    assert explanation.holds, str(explanation)
    return explanation.result


@pytest.mark.parametrize("size", [3, 7, 10, 23])
@pytest.mark.parametrize("corners", [False, True])
def test_linear_resampling_is_numpys_interpolation(size, corners):
    torch.manual_seed(0)
    x = torch.randn(1, 1, 9)
    result, node = traced(lambda x: F.interpolate(x, size=size, mode="linear", align_corners=corners), x)
    places = np.linspace(0, 8, size) if corners else (np.arange(size) + 0.5) * 9 / size - 0.5
    expected = np.interp(places, np.arange(9), x[0, 0].double().numpy())  # holds the ends, as torch does
    own = [explained(result, node, (0, 0, step)) for step in range(size)]
    assert own == pytest.approx(expected.tolist(), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
def test_the_nearest_is_torchs_at_every_size(mode):
    for size, wanted in itertools.product((1, 3, 7, 10, 49), (1, 2, 6, 7, 20, 98, 147)):
        x = torch.arange(float(size))[None, None]
        result, node = traced(lambda x, wanted=wanted: F.interpolate(x, size=wanted, mode=mode), x)
        own = [explain(result, node, (0, 0, step)).result for step in range(wanted)]
        assert own == result.tensor(node.outputs[0])[0, 0].tolist()


def test_a_weighted_mean_costs_its_products():
    result, node = traced(nn.Upsample(scale_factor=2, mode="bilinear"), torch.zeros(2, 3, 4, 5))
    cost = OPS[node.op].cost(read(result, node))
    assert (cost.macs, said(cost.multiplying)) == (8 * 10 * 4 * 2 * 3, "8·10·2·2·2·3 = 1,920")


def test_a_mode_that_is_not_known_is_not_explained():
    x = torch.randn(1, 1, 4, 4)
    result, node = traced(
        lambda x: F.interpolate(x, scale_factor=2, mode="bicubic", antialias=True), x, score=lambda y: y.sum()
    )
    explanation = explain(result, node, (0, 0, 1, 1))
    assert explanation.kind == "not explained"
    assert not explanation.holds
    with pytest.raises(
        TraceError, match=r"(?s)'interpolate' with mode='bicubic' and antialias is not explained.*Known are"
    ):
        explain_gradient(result, node, "input", (0, 0, 1, 1))
