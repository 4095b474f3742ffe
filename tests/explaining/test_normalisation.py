"""Normalisations against NumPy in float64, finite groups counted by hand, and autograd in float64."""

import time

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from convscope.explaining import OPS, explain, explain_gradient, read
from convscope.explaining.boxes import unit
from convscope.explaining.rendering.words import text
from convscope.tracing import trace
from tests.explaining.cases.normalisation import used
from tests.explaining.shown import said

torch.manual_seed(0)
X = torch.randn(3, 4, 5, 6) * 2 + 0.7
SHAPE = tuple(X.shape)


def numpy_norm(x, axes, weight, bias, affine, eps=1e-5, mean=None, variance=None, centred=True):
    """Straight from the definitions, with NumPy."""
    x = x.double().numpy()
    mean = x.mean(axis=axes, keepdims=True) if mean is None else mean
    variance = ((x - mean) ** 2).mean(axis=axes, keepdims=True) if variance is None else variance
    away = x - mean if centred else x
    divisor = np.sqrt(variance + eps) if centred else np.sqrt((x**2).mean(axis=axes, keepdims=True) + eps)
    shape = [size if axis in affine else 1 for axis, size in enumerate(x.shape)]
    scale = 1.0 if weight is None else weight.detach().double().numpy().reshape(shape)
    shift = 0.0 if bias is None else bias.detach().double().numpy().reshape(shape)
    return away / divisor * scale + shift


def channel(tensor):
    return tensor.double().numpy().reshape(1, -1, 1, 1)


def in_groups(x, weight, bias):
    parts = x.reshape(3, 2, 2 * 5 * 6)
    return numpy_norm(parts, 2, None, None, ()).reshape(SHAPE) * channel(weight.detach()) + channel(
        bias.detach()
    )


BATCH, STORED, LAYER = (
    used(nn.BatchNorm2d(4)),
    used(nn.BatchNorm2d(4)).eval(),
    used(nn.LayerNorm([5, 6])),
)
GROUP, INSTANCE, RMS = (
    used(nn.GroupNorm(2, 4)),
    used(nn.InstanceNorm2d(4, affine=True)),
    used(nn.RMSNorm(6)),
)
EXPECTED = [
    (BATCH, "batch_norm", lambda: numpy_norm(X, (0, 2, 3), BATCH.weight, BATCH.bias, (1,))),
    (
        STORED,
        "batch_norm",
        lambda: numpy_norm(
            X,
            (),
            STORED.weight,
            STORED.bias,
            (1,),
            mean=channel(STORED.running_mean),
            variance=channel(STORED.running_var),
        ),
    ),
    (LAYER, "layer_norm", lambda: numpy_norm(X, (2, 3), LAYER.weight, LAYER.bias, (2, 3))),
    (GROUP, "group_norm", lambda: in_groups(X, GROUP.weight, GROUP.bias)),
    (INSTANCE, "instance_norm", lambda: numpy_norm(X, (2, 3), INSTANCE.weight, INSTANCE.bias, (1,))),
    (
        RMS,
        "rms_norm",
        lambda: numpy_norm(
            X, (3,), RMS.weight, None, (3,), eps=torch.finfo(torch.float32).eps, centred=False
        ),
    ),
]
IDS = ["batch", "batch stored", "layer", "group", "instance", "rms"]


def some(shape, count=12):
    generator = np.random.default_rng(0)
    return [tuple(int(generator.integers(size)) for size in shape) for _ in range(count)]


@pytest.mark.parametrize(("model", "op", "expected"), EXPECTED, ids=IDS)
def test_every_number_is_numpys(model, op, expected):
    result, wanted = trace(model, X), expected()
    node = next(node for node in result.nodes if node.op == op)
    for at in some(SHAPE):
        assert explain(result, node, at).result == pytest.approx(wanted[at], rel=1e-12, abs=0)


@pytest.mark.parametrize(("model", "op", "expected"), EXPECTED, ids=IDS)
def test_gradients_are_those_of_a_network_in_float64(model, op, expected):
    torch.manual_seed(3)
    factor = torch.randn(SHAPE)
    result = trace(model, X, score=lambda y: (y * factor).sum())
    node = next(node for node in result.nodes if node.op == op)
    double = copy_in_float64(model)
    x = X.double().requires_grad_()
    (double(x) * factor.double()).sum().backward()
    wanted = {"input": x.grad, **{name: each.grad for name, each in double.named_parameters()}}
    eps = dict.fromkeys(wanted, 1e-9) | (
        {"input": 1e-6} if op == "rms_norm" else {}
    )  # its ε follows the type
    for name, gradient in wanted.items():
        for at in some(tuple(gradient.shape), 6):
            found = explain_gradient(result, node, name, at)
            assert found.result == pytest.approx(float(gradient[at]), rel=eps[name] * 1e3, abs=0)


def copy_in_float64(model):
    twin = type(model)(
        *ARGUMENTS[type(model)], **({"affine": True} if type(model) is nn.InstanceNorm2d else {})
    )
    twin.load_state_dict(model.state_dict())
    return twin.double().train(model.training)


ARGUMENTS = {
    nn.BatchNorm2d: (4,),
    nn.LayerNorm: ([5, 6],),
    nn.GroupNorm: (2, 4),
    nn.InstanceNorm2d: (4,),
    nn.RMSNorm: (6,),
}


def test_running_variance_is_over_n_minus_1():
    model = used(nn.BatchNorm2d(4, momentum=0.3))
    before = model.running_mean.clone(), model.running_var.clone()
    result = trace(model, X)
    node = next(node for node in result.nodes if node.op == "batch_norm")
    flat = X.double().transpose(0, 1).flatten(1).numpy()
    for c in range(4):
        mean, variance = explain(result, node, (c,), 1), explain(result, node, (c,), 2)
        assert mean.result == pytest.approx(0.7 * before[0][c].item() + 0.3 * flat[c].mean(), rel=1e-12)
        assert variance.result == pytest.approx(
            0.7 * before[1][c].item() + 0.3 * flat[c].var(ddof=1), rel=1e-12
        )
        assert mean.holds
        assert variance.holds
        assert "over n − 1" in variance.account.notes[0]


def test_local_response_norm_by_hand():
    result = trace(nn.LocalResponseNorm(2, alpha=0.5, beta=0.6, k=1.5), X)
    x = X.double().numpy()
    for n, c, row, column in some(SHAPE):
        near = x[n, max(c - 1, 0) : c + 1, row, column]  # an even window looks one channel back
        wanted = x[n, c, row, column] / (1.5 + 0.5 * (near**2).sum() / 2) ** 0.6
        found = explain(result, "local_response_norm", (n, c, row, column))
        assert found.result == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize(
    ("model", "box"),
    [
        (BATCH, [[0, 3], [1, 2], [0, 5], [0, 6]]),
        (STORED, [[2, 3], [1, 2], [3, 4], [0, 1]]),
        (LAYER, [[2, 3], [1, 2], [0, 5], [0, 6]]),
        (GROUP, [[2, 3], [0, 2], [0, 5], [0, 6]]),
        (INSTANCE, [[2, 3], [1, 2], [0, 5], [0, 6]]),
        (RMS, [[2, 3], [1, 2], [3, 4], [0, 6]]),
        (nn.LocalResponseNorm(2), [[2, 3], [0, 2], [3, 4], [0, 1]]),
    ],
    ids=[*IDS, "local response"],
)
def test_what_a_number_sees(model, box):
    result = trace(model, X)
    node = next(node for node in reversed(result.nodes) if node.op.endswith("norm"))
    assert OPS[node.op].reach(read(result, node), unit((2, 1, 3, 0))[None])["input"][0].tolist() == box


@pytest.mark.parametrize(
    ("model", "op", "parameters"),
    [
        (nn.BatchNorm2d(4), "batch_norm", "2·4 = 8"),
        (nn.BatchNorm2d(4, affine=False), "batch_norm", ""),
        (nn.LayerNorm([5, 6]), "layer_norm", "2·30 = 60"),
        (nn.LayerNorm(6, bias=False), "layer_norm", "6"),
        (nn.RMSNorm(6), "rms_norm", "6"),
    ],
)
def test_costs(model, op, parameters):
    result = trace(model, X)
    node = next(node for node in result.nodes if node.op == op)
    cost = OPS[op].cost(read(result, node))
    assert (cost.macs, said(cost.multiplying), said(cost.parameters)) == (0, "", parameters)


def test_words_and_numbers_of_a_batch_norm():
    result = trace(nn.BatchNorm1d(1), torch.tensor([[1.0], [3.0]]))
    account = explain(result, "batch_norm", (1, 0)).account
    assert [(step.name, text(step.formula), text(step.numbers)) for step in account.steps] == [
        ("mean", "μ = Σx / n", "(1 + 3)/2 = 2"),
        ("variance", "σ² = Σ(x − μ)² / n", "((−1)² + 1²)/2 = 1"),
        ("standard deviation", "σ = √(σ² + ε)", "√(1 + 1e−05) = 1"),
        ("normalised", "x̂ = (x − μ)/σ", "(3 − 2)/1 = 1"),
        ("scaled", "x̂·γ", "1·1 = 1"),
        ("shifted", "x̂·γ + β", "1 + 0 = 1"),
    ]
    assert account.notes == (
        "2 (sample) = 2 numbers are normalised together. They are divided by the variance over n; the "
        "running variance gets the one over n − 1.",
    )


@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("offset", [0.0, 100.0, -1000.0])
@pytest.mark.parametrize(
    "make", [lambda: nn.BatchNorm2d(4), lambda: nn.GroupNorm(2, 4), lambda: nn.LayerNorm(6)]
)
def test_numbers_far_from_zero_hold_their_bound(make, offset, order):
    """Where the mean is large beside the spread a network loses digits; the bound says how many."""
    torch.manual_seed(5)
    model = used(make())
    result = trace(model, (X + offset).contiguous(memory_format=order), score=lambda y: (y * y).sum())
    node = next(node for node in result.nodes if node.op.endswith("norm"))
    for at in some(SHAPE):
        explanation = explain(result, node, at)
        assert explanation.holds, str(explanation)
        gradient = explain_gradient(result, node, "input", at)
        assert gradient.holds, str(gradient)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_other_types_hold_their_bound(dtype):
    model = used(nn.BatchNorm2d(4)).to(dtype)
    result = trace(model, X.to(dtype))
    node = next(node for node in result.nodes if node.op == "batch_norm")
    for at in some(SHAPE):
        assert explain(result, node, at).holds


def test_a_large_batch_norm_is_explained_in_time():
    result = trace(nn.BatchNorm2d(64), torch.randn(32, 64, 56, 56))
    node = next(node for node in result.nodes if node.op == "batch_norm")
    explain(result, node, (0, 0, 0, 0))
    took = []
    for c in range(5):
        began = time.perf_counter()
        explain(result, node, (3, c, 5, 7))
        took.append(time.perf_counter() - began)
    assert min(took) < 0.1  # 20 ms is the aim, and 10 ms were measured; other work may share the machine


def test_functional_normalise_is_opened():
    result = trace(lambda x: F.normalize(x, dim=1), X)
    assert [node.op for node in result.nodes] == ["norm", "clamp", "expand_as", "div"]
