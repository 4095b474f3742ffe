"""Sizes and multiplications of convolutions, counted one by one in plain loops on random layers."""

import re

import numpy as np
import pytest
import torch
from torch import nn

from convscope.explaining import OPS, read
from convscope.explaining.rendering.words import text
from convscope.tracing import trace
from tests.explaining.shown import lines, said

CONV = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
UP = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}


def sizes(text):
    """The numbers at the end of each line."""
    return tuple(int(re.findall(r" = (\d+)", line)[-1]) for line in text.splitlines())


def described(layer, shape):
    """Size and cost of a layer, from shapes alone."""
    result = trace(layer, torch.zeros(shape), keep=False)
    node = result.nodes[0]
    op, reading = OPS[node.op], read(result, node)
    return lines(op.size(reading)), op.cost(reading)


def brute_conv(x, weight, stride, padding, dilation, groups):
    """The convolution in plain loops, with the number of its multiplications."""
    axes = weight.ndim - 2
    padded = np.pad(x, [(0, 0), (0, 0)] + [(p, p) for p in padding])
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, weight.shape[2:], strict=True)]
    starts = [
        range(0, padded.shape[axis + 2] - reach[axis] + 1, stride[axis]) for axis in range(axes)
    ]  # every place where the window still fits
    out = np.zeros((len(x), len(weight), *map(len, starts)))
    count, width = 0, weight.shape[1]
    for sample, channel, *place in np.ndindex(*out.shape):
        group = channel // (len(weight) // groups)
        for within, *tap in np.ndindex(*weight.shape[1:]):
            at = (starts[a][place[a]] + tap[a] * dilation[a] for a in range(axes))
            product = padded[(sample, group * width + within, *at)] * weight[(channel, within, *tap)]
            out[(sample, channel, *place)] += product
            count += 1
    return out, count


def brute_transposed(x, weight, stride, padding, dilation, groups, extra):
    """Every input lays down its kernel; the padding is cut off. With the number of multiplications."""
    axes, width = weight.ndim - 2, weight.shape[1]
    full = [
        (x.shape[a + 2] - 1) * stride[a] + dilation[a] * (weight.shape[a + 2] - 1) + 1 + extra[a]
        for a in range(axes)
    ]
    canvas = np.zeros((len(x), width * groups, *full))
    count = 0
    for sample, channel, *place in np.ndindex(*x.shape):
        group = channel // (x.shape[1] // groups)
        for within, *tap in np.ndindex(*weight.shape[1:]):
            at = (place[a] * stride[a] + tap[a] * dilation[a] for a in range(axes))
            product = x[(sample, channel, *place)] * weight[(channel, within, *tap)]
            canvas[(sample, group * width + within, *at)] += product
            count += 1
    cut = tuple(slice(p, size - p) for p, size in zip(padding, full, strict=True))
    return canvas[(slice(None), slice(None), *cut)], count


def random_settings(random, axes, largest):
    def each(low, high):
        return tuple(int(one) for one in random.integers(low, high + 1, axes))

    groups = int(random.integers(1, 3))
    channels = [groups * int(one) for one in random.integers(1, 3, 2)]
    return *channels, each(1, 3), each(1, 3), each(0, 2), each(1, 2), groups, each(2, largest)


def test_600_random_convolutions_have_the_size_and_the_multiplications_that_are_said():
    random = np.random.default_rng(0)
    done = 0
    while done < 600:
        axes = int(random.integers(1, 4))
        *settings, space = random_settings(random, axes, {1: 12, 2: 6, 3: 4}[axes])
        taken, made, kernel, stride, padding, dilation, groups = settings
        wide = [s + 2 * p - d * (k - 1) for s, p, d, k in zip(space, padding, dilation, kernel, strict=True)]
        if min(wide) < 1:
            continue  # the window does not fit: torch refuses
        done += 1
        layer = CONV[axes](taken, made, kernel, stride, padding, dilation, groups, bias=False)
        x = torch.randn(int(random.integers(1, 3)), taken, *space).double()
        size, cost = described(layer, x.shape)
        own = layer.double()(x).detach()
        brute, count = brute_conv(x.numpy(), layer.weight.detach().numpy(), stride, padding, dilation, groups)
        np.testing.assert_allclose(own.numpy(), brute, atol=1e-12)  # the loops are right
        assert (sizes(size), cost.macs) == (own.shape[2:], count), (layer, space)
        assert said(cost.multiplying).endswith(f" = {count:,}")


def test_250_random_transposed_convolutions_too():
    random = np.random.default_rng(1)
    done = 0
    while done < 250:
        axes = int(random.integers(1, 4))
        *settings, space = random_settings(random, axes, {1: 8, 2: 4, 3: 3}[axes])
        taken, made, kernel, stride, padding, dilation, groups = settings
        extra = tuple(int(random.integers(0, max(s, d))) for s, d in zip(stride, dilation, strict=True))
        full = [
            (n - 1) * s - 2 * p + d * (k - 1) + e + 1
            for n, s, p, d, k, e in zip(space, stride, padding, dilation, kernel, extra, strict=True)
        ]
        if min(full) < 1:
            continue  # nothing is left of the output: torch refuses
        done += 1
        layer = UP[axes](taken, made, kernel, stride, padding, extra, groups, bias=False, dilation=dilation)
        x = torch.randn(1, taken, *space).double()
        size, cost = described(layer, x.shape)
        own = layer.double()(x).detach()
        weight = layer.weight.detach().numpy()
        brute, count = brute_transposed(x.numpy(), weight, stride, padding, dilation, groups, extra)
        np.testing.assert_allclose(own.numpy(), brute, atol=1e-12)
        assert (sizes(size), cost.macs) == (own.shape[2:], count), (layer, space)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.ConvTranspose2d(12, 8, 2, stride=2), (1, 12, 8, 8)),
        (nn.ConvTranspose2d(3, 8, 4, stride=2, padding=1), (1, 3, 8, 8)),
    ],
)
def test_a_transposed_convolution_counts_its_inputs_not_its_outputs(layer, shape):
    x = np.zeros(shape)
    weight, padding = layer.weight.detach().numpy(), layer.padding
    out, count = brute_transposed(x, weight, (2, 2), padding, (1, 1), 1, (0, 0))
    assert out.shape[2:] == (16, 16)
    _, cost = described(layer, shape)
    assert cost.macs == count == 24_576  # 98,304 is what counting at the 16 × 16 outputs would give


def test_the_formulas_carry_the_numbers():
    size, cost = described(nn.Conv2d(1, 16, 5, padding=2), (1, 1, 28, 28))
    assert size == "height ⌊(28 + 2·2 − 5)/1⌋ + 1 = 28\nwidth ⌊(28 + 2·2 − 5)/1⌋ + 1 = 28"
    assert said(cost.multiplying) == "28·28·5·5·1·16 = 313,600"
    assert said(cost.parameters) == "16·(1·5·5 + 1) = 416"
    _, cost = described(nn.Conv2d(192, 32, 5, padding=2), (1, 192, 28, 28))
    assert cost.macs == 120_422_400
    _, cost = described(nn.Conv1d(4, 6, 3, groups=2, bias=False), (3, 4, 9))
    assert (cost.macs, said(cost.multiplying)) == (3 * 7 * 3 * 2 * 6, "3·7·3·(4/2)·6 = 756")
    assert said(cost.parameters) == "6·(4/2)·3 = 36"


@pytest.mark.parametrize(
    ("layer", "shape", "line"),
    [
        (nn.Conv1d(1, 1, 3, dilation=2), (1, 1, 9), "time ⌊(9 + 2·0 − 2·(3 − 1) − 1)/1⌋ + 1 = 5"),
        (nn.Conv1d(1, 1, 3, 2), (1, 1, 8), "time ⌊(8 + 2·0 − 3)/2⌋ + 1 = 3 (the last step is not reached)"),
        (
            nn.Conv1d(1, 1, 1, 3),
            (1, 1, 3),
            "time ⌊(3 + 2·0 − 1)/3⌋ + 1 = 1 (the last 2 steps are not reached)",
        ),
        (nn.Conv1d(1, 1, 1, 2), (1, 1, 5), "time ⌊(5 + 2·0 − 1)/2⌋ + 1 = 3 (2 of 5 steps are not reached)"),
        (nn.ConvTranspose1d(1, 1, 3, 2, 1, 1), (1, 1, 5), "time (5 − 1)·2 − 2·1 + 1·(3 − 1) + 1 + 1 = 10"),
        (
            nn.ConvTranspose1d(1, 1, 2, 3),
            (1, 1, 2),
            "time (2 − 1)·3 − 2·0 + 1·(2 − 1) + 0 + 1 = 5 (1 of 5 steps are out of reach: only the bias)",
        ),
    ],
)
def test_sizes_are_written_as_torch_writes_them(layer, shape, line):
    assert described(layer, shape)[0] == line


def test_rows_and_columns_have_their_names():
    size, _ = described(nn.Conv3d(1, 1, 2, 2), (1, 1, 5, 5, 4))
    assert [line.split()[0] for line in size.splitlines()] == ["depth", "height", "width"]
    assert "(the last slice is not reached)" in size
    assert "(the last row is not reached)" in size


def test_groups_stand_in_the_general_formula_too():
    _, cost = described(nn.Conv2d(4, 8, 3, groups=4), (1, 4, 8, 8))
    assert text(cost.multiplying.formula) == "height·width·k·k·(in/groups)·out"
    assert said(cost.multiplying) == "6·6·3·3·(4/4)·8 = 2,592"
    assert text(cost.parameters.formula) == "out·((in/groups)·k·k + 1)"
