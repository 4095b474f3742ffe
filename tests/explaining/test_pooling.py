"""Pooling against brute force, SciPy and autograd: windows, divisors, sizes and edges."""

import itertools
import math
import re

import numpy as np
import pytest
import torch
from scipy.ndimage import maximum_filter1d, uniform_filter
from torch import nn

from convscope.explaining import OPS, explain, explain_gradient, read
from convscope.explaining.boxes import clip, unit
from convscope.explaining.rendering.words import text
from convscope.tracing import trace
from convscope.tracing.replay import run_again
from tests.explaining.shown import lines


def traced(layer, x, score=None):
    """The trace of one layer, and its operation."""
    result = trace(layer, x, score=score)
    assert result.failure is None, result.failure
    return result, result.nodes[0]


def described(layer, shape):
    """The size with its numbers, from shapes alone."""
    result = trace(layer, torch.zeros(shape), keep=False)
    node = result.nodes[0]
    assert OPS[node.op].cost(read(result, node)).macs == 0
    return lines(OPS[node.op].size(read(result, node)))


def shape_of(result, node, output=0):
    return result.values[node.outputs[output]].shape


def explained(result, node, index, output=0):
    explanation = explain(result, node, index, output)
    assert explanation.holds, str(explanation)
    return explanation.result


# ---- every number, by loops of its own


def brute_window(plane, start, kernel, dilation):
    """The numbers of one window that lie on the plane."""
    taps = itertools.product(*(range(0, k * d, d) for k, d in zip(kernel, dilation, strict=True)))
    places = [tuple(s + t for s, t in zip(start, tap, strict=True)) for tap in taps]
    return [
        float(plane[at]) for at in places if all(0 <= i < n for i, n in zip(at, plane.shape, strict=True))
    ]


@pytest.mark.parametrize("ceil", [False, True])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "dilation"),
    [((2, 2), (2, 2), (0, 0), (1, 1)), ((3, 2), (2, 3), (1, 1), (1, 2)), ((3, 3), (1, 2), (1, 0), (2, 1))],
)
def test_max_pool_is_the_largest_of_its_window(kernel, stride, padding, dilation, ceil):
    torch.manual_seed(0)
    x = torch.randn(1, 2, 9, 8)
    result, node = traced(nn.MaxPool2d(kernel, stride, padding, dilation, ceil_mode=ceil), x)
    for index in np.ndindex(*shape_of(result, node)):
        start = [i * s - p for i, s, p in zip(index[2:], stride, padding, strict=True)]
        assert explained(result, node, index) == max(brute_window(x[index[:2]], start, kernel, dilation))


def test_the_largest_of_a_row_is_scipys():
    torch.manual_seed(0)
    x = torch.randn(1, 1, 20)
    result, node = traced(nn.MaxPool1d(5, 1, 2), x)
    own = [explained(result, node, (0, 0, place)) for place in range(20)]
    assert own == maximum_filter1d(x[0, 0].double().numpy(), 5, mode="constant", cval=-np.inf).tolist()


@pytest.mark.parametrize("ceil", [False, True])
@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("divisor", [None, 7])
def test_avg_pool_divides_by_what_torch_divides_by(ceil, inside, divisor):
    torch.manual_seed(0)
    x, (kernel, stride, padding) = torch.randn(2, 9, 8), ((4, 3), (3, 2), (2, 1))
    layer = nn.AvgPool2d(kernel, stride, padding, ceil, not inside, divisor)
    result, node = traced(layer, x)
    for index in np.ndindex(*shape_of(result, node)):
        start = [i * s - p for i, s, p in zip(index[1:], stride, padding, strict=True)]
        numbers = brute_window(x[index[0]], start, kernel, (1, 1))
        ends = [min(s + k, n + p) for s, k, n, p in zip(start, kernel, x.shape[1:], padding, strict=True)]
        area = math.prod(end - s for end, s in zip(ends, start, strict=True))
        counted = divisor or (len(numbers) if inside else area)
        assert explained(result, node, index) == pytest.approx(math.fsum(numbers) / counted, rel=1e-12)


def test_the_mean_is_scipys():
    torch.manual_seed(0)
    x = torch.randn(1, 1, 7, 9)
    result, node = traced(nn.AvgPool2d(3, 1, 1), x)
    own = [explained(result, node, index) for index in np.ndindex(1, 1, 7, 9)]
    expected = uniform_filter(x[0, 0].double().numpy(), 3, mode="constant")
    np.testing.assert_allclose(np.reshape(own, (7, 9)), expected, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("count", [1, 3, 5, 12])
@pytest.mark.parametrize(("layer", "rule"), [(nn.AdaptiveAvgPool1d, np.mean), (nn.AdaptiveMaxPool1d, np.max)])
def test_adaptive_windows_share_the_axis(layer, rule, count):
    torch.manual_seed(0)
    x = torch.randn(2, 1, 7)
    result, node = traced(layer(count), x)
    for sample, step in np.ndindex(2, count):
        share = x[sample, 0, math.floor(step * 7 / count) : math.ceil((step + 1) * 7 / count)].double()
        assert explained(result, node, (sample, 0, step)) == pytest.approx(rule(share.numpy()), rel=1e-12)


def test_an_index_points_at_the_first_of_the_largest():
    x = torch.tensor([[[[1.0, 5.0, 5.0], [0.0, 5.0, 2.0], [3.0, 3.0, 3.0]]]])
    result, node = traced(nn.MaxPool2d(2, 1, return_indices=True), x)
    own = [explained(result, node, (0, 0, *at), output=1) for at in np.ndindex(2, 2)]
    assert own == [1, 1, 4, 4]
    assert text(explain(result, node, (0, 0, 1, 1), 1).account.numbers) == "1·3 + 1 = 4"


@pytest.mark.parametrize("power", [1.0, 2.0, 2.5, 3.0])
def test_lp_pool_is_the_norm_of_its_window(power):
    torch.manual_seed(0)
    x = torch.rand(1, 1, 6, 8)
    result, node = traced(nn.LPPool2d(power, (2, 3), 2), x)
    for index in np.ndindex(*shape_of(result, node)):
        numbers = brute_window(x[0, 0], [2 * step for step in index[2:]], (2, 3), (1, 1))
        assert explained(result, node, index) == pytest.approx(np.linalg.norm(numbers, power), rel=1e-12)


def test_lp_pool_says_where_torch_scales_up():
    result, node = traced(
        nn.LPPool1d(2, 4, 4, ceil_mode=True), torch.tensor([[1.0, 1.0, 1.0, 1.0, 3.0, 4.0]])
    )
    explanation = explain(result, node, (0, 1))
    assert explanation.result == pytest.approx(math.sqrt((9 + 16) * 4 / 2))
    assert explanation.holds
    assert "hangs over the end" in explanation.account.notes[0]


def test_a_root_of_a_negative_sum_is_no_number_here_and_there():
    result, node = traced(nn.LPPool1d(3, 2), torch.tensor([[-1.0, -2.0]]))
    explanation = explain(result, node, (0, 0))
    assert math.isnan(explanation.result)
    assert math.isnan(explanation.network)
    assert explanation.difference == 0


# ---- sizes


def test_300_random_poolings_have_the_size_that_is_said():
    random = np.random.default_rng(0)
    for _ in range(300):
        axes = int(random.integers(1, 4))
        kernel, stride, dilation = (random.integers(1, high, axes).tolist() for high in (5, 5, 3))
        padding = [int(random.integers(0, k // 2 + 1)) for k in kernel]
        largest, ceil = bool(random.integers(2)), bool(random.integers(2))
        dilation = dilation if largest else [1] * axes
        least = [max(1, d * (k - 1) + 1 - 2 * p) for k, d, p in zip(kernel, dilation, padding, strict=True)]
        least = least if largest else kernel  # torch's average wants an input as large as the kernel
        space = [low + int(random.integers(0, 9)) for low in least]
        kind = getattr(nn, f"{'Max' if largest else 'Avg'}Pool{axes}d")
        more = {"dilation": dilation} if largest else {}
        layer = kind(kernel, stride, padding, ceil_mode=ceil, **more)
        x = torch.randn(1, 2, *space)
        lines = described(layer, x.shape).splitlines()
        said = tuple(int(re.findall(r" = (\d+)", line)[-1]) for line in lines)
        assert said == layer(x).shape[2:], (layer, space)
        result, node = traced(layer, x)
        explained(result, node, tuple(int(random.integers(size)) for size in shape_of(result, node)))


@pytest.mark.parametrize(
    ("layer", "line"),
    [
        (nn.MaxPool1d(2), "time ⌊(7 + 2·0 − 2)/2⌋ + 1 = 3 (the last step is not reached)"),
        (nn.MaxPool1d(2, ceil_mode=True), "time ⌈(7 + 2·0 − 2)/2⌉ + 1 = 4"),
        (
            nn.AvgPool1d(2, 3, 1, ceil_mode=True),
            "time ⌈(7 + 2·1 − 2)/3⌉ + 1 − 1 = 3 (2 of 7 steps are not reached) "
            "(no window may start in the padding behind)",
        ),
        (
            nn.MaxPool1d(3, dilation=2),
            "time ⌊(7 + 2·0 − 2·(3 − 1) − 1)/3⌋ + 1 = 1 (4 of 7 steps are not reached)",
        ),
        (nn.AdaptiveAvgPool1d(3), "time 3 (as asked for)"),
        (nn.Upsample(scale_factor=1.5), "time ⌊7·1.5⌋ = 10"),
        (nn.Upsample(size=9), "time 9 (as asked for)"),
    ],
)
def test_sizes_are_written_with_their_numbers(layer, line):
    assert described(layer, (1, 1, 7)) == line


# ---- what a unit sees, and what reaches an input


@pytest.mark.parametrize(
    "layer",
    [
        nn.AvgPool2d(3, 2, 1, ceil_mode=True),
        nn.AvgPool2d((2, 3), (3, 1)),
        nn.AdaptiveAvgPool2d((4, 3)),
        nn.LPPool2d(2, 2),
        nn.Upsample(size=(5, 13)),
        nn.Upsample(size=(5, 13), mode="nearest-exact"),
        nn.Upsample(scale_factor=(1.3, 0.4), mode="bilinear"),
    ],
    ids=str,
)
def test_the_box_is_exactly_the_support_of_autograd(layer):
    torch.manual_seed(0)
    x = torch.randn(1, 2, 9, 7)
    result, node = traced(layer, x)
    starts, output = run_again(result, node)
    for index in np.ndindex(*shape_of(result, node)):
        (slope,) = torch.autograd.grad(output[index], [starts[node.inputs[0]]], retain_graph=True)
        found = slope.nonzero()
        box = clip(OPS[node.op].reach(read(result, node), unit(index)[None])["input"], x.shape)[0]
        expected = torch.stack([found.min(0).values, found.max(0).values + 1], -1)
        assert box.tolist() == expected.tolist(), index


def test_an_input_gets_the_gradients_of_the_windows_it_won():
    x = torch.tensor([[[1.0, 9.0, 2.0, 9.0, 3.0]]])
    result, node = traced(nn.MaxPool1d(3, 1), x, score=lambda y: (y * torch.tensor([1.0, 10.0, 100.0])).sum())
    first, second = (explain_gradient(result, node, "input", (0, 0, place)) for place in (1, 3))
    assert (first.result, second.result) == (11, 100)  # of two equal ones the first wins
    assert first.account.terms.factors["wins"].tolist() == [1, 1]
    assert second.account.terms.factors["wins"].tolist() == [0, 1]


def test_padding_is_below_every_number():
    result, node = traced(nn.MaxPool1d(3, 2, 1), -torch.ones(1, 1, 4))
    account = explain(result, node, (0, 0, 0)).account
    assert account.terms.values.tolist() == [-math.inf, -1, -1]
    assert text(account.numbers) == "max(−∞, −1, −1) = −1"
    assert account.notes == ("1 of 3 taps lie in the padding, which counts as −∞.",)


@pytest.mark.parametrize(
    ("layer", "numbers", "note"),
    [
        (nn.AvgPool1d(3, 2, 1), "(0 + 3 + 6)/3 = 3", "which adds 0 and counts in the divisor."),
        (
            nn.AvgPool1d(3, 2, 1, count_include_pad=False),
            "(0 + 3 + 6)/2 = 4.5",
            "which adds 0 and does not count (count_include_pad=False).",
        ),
    ],
)
def test_the_divisor_is_named(layer, numbers, note):
    result, node = traced(layer, torch.tensor([[[3.0, 6.0, 9.0, 12.0]]]))
    account = explain(result, node, (0, 0, 0)).account
    assert text(account.numbers) == numbers
    assert account.notes == (f"1 of 3 taps lie in the padding, {note}",)
