"""Element-wise functions against SciPy, against torch in float64, and where numbers end."""

import contextlib
import io
import math

import numpy as np
import pytest
import torch
from scipy import special
from torch import nn
from torch.nn import functional as F

from convscope.explaining import OPS, explain, explain_gradient, read
from convscope.explaining.boxes import unit
from convscope.explaining.ops.elementwise.activations import TANH_GELU
from convscope.explaining.ops.elementwise.rectifiers import HARDSIGMOID, HARDTANH
from convscope.explaining.rendering.words import text
from convscope.tracing import trace
from tests.explaining.shown import said

X = torch.tensor(
    [-30.0, -6.5, -3.0, -2.0, -1.0, -0.5, -0.1, -1e-4, 0.0, 1e-4, 0.1, 0.5, 1.0, 2.0, 3.0, 6.5, 25.0]
)
POSITIVE = X.abs() + 1e-3


def node_of(result, op):
    return next(node for node in result.nodes if node.op == op)


def softplus(x):
    return np.logaddexp(0, x)


SCIPY = [
    ("sigmoid", torch.sigmoid, special.expit),
    ("log_sigmoid", F.logsigmoid, special.log_expit),
    ("gelu", F.gelu, lambda x: x * special.ndtr(x)),
    ("silu", F.silu, lambda x: x * special.expit(x)),
    ("mish", F.mish, lambda x: x * np.tanh(softplus(x))),
    ("softplus", F.softplus, lambda x: np.where(x > 20, x, softplus(x))),
    ("elu", F.elu, lambda x: np.where(x > 0, x, special.expm1(x))),
    ("celu", nn.CELU(2.0), lambda x: np.where(x > 0, x, 2 * special.expm1(x / 2))),
    (
        "selu",
        F.selu,
        lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * special.expm1(x)),
    ),
    ("erf", torch.erf, special.erf),
    ("tanh", torch.tanh, np.tanh),
    ("tanhshrink", F.tanhshrink, lambda x: x - np.tanh(x)),
    ("softsign", F.softsign, lambda x: x / (1 + np.abs(x))),
    ("hardswish", F.hardswish, lambda x: x * np.clip(x + 3, 0, 6) / 6),
    ("hardsigmoid", F.hardsigmoid, lambda x: np.clip(x + 3, 0, 6) / 6),
    ("expm1", torch.expm1, special.expm1),
    ("exp2", torch.exp2, special.exp2),
    ("round", torch.round, np.round),
]


@pytest.mark.parametrize(("op", "model", "wanted"), SCIPY, ids=[op for op, _, _ in SCIPY])
def test_every_number_is_scipys(op, model, wanted):
    result = trace(model, X)
    for place, x in enumerate(X.double().tolist()):
        found = explain(result, node_of(result, op), (place,))
        # 1 − tanh and the like have digits of 1 only, in float64 as well
        assert found.result == pytest.approx(
            float(wanted(np.float64(x))), rel=1e-13, abs=1e-15 * max(abs(x), 1)
        )
        assert found.holds, str(found)


DOUBLE = [
    *((name, getattr(torch, name), POSITIVE) for name in ("log", "log2", "log10", "log1p", "sqrt", "rsqrt")),
    *((name, getattr(torch, name), X) for name in ("exp", "sin", "cos", "abs", "square", "neg")),
    *((name, getattr(F, name), X) for name in ("relu", "silu", "mish", "selu", "hardswish", "softsign")),
    ("reciprocal", torch.reciprocal, POSITIVE),
    ("gelu", F.gelu, X),
    ("gelu", nn.GELU("tanh"), X),
    ("softplus", nn.Softplus(3.0, 2.0), X),
    ("elu", nn.ELU(0.3), X),
    ("log_sigmoid", nn.LogSigmoid(), X),
    ("pow", lambda x: x**3, X),
    ("pow", lambda x: x**-0.5, POSITIVE),
    ("rpow", lambda x: 3**x, X),
    ("glu", lambda x: F.glu(torch.stack([x, x.flip(0)])[:, None], 0), X),
]


@pytest.mark.parametrize(
    ("op", "model", "x"), DOUBLE, ids=[f"{op}-{place}" for place, (op, _, _) in enumerate(DOUBLE)]
)
def test_slopes_are_those_of_a_network_in_float64(op, model, x):
    result = trace(model, x, score=lambda y: y.sum())
    node = node_of(result, op)
    start = result.restore(node.args)[0].double().detach()
    double = trace(model, x.double(), score=lambda y: y.sum())
    wanted = double.values[node_of(double, op).inputs[0]].gradient
    assert start.shape == wanted.shape
    for at in np.ndindex(*wanted.shape):
        found = explain_gradient(result, node, "input", at)
        assert found.holds, str(found)
        assert found.result == pytest.approx(
            float(wanted[at]), rel=1e-12, abs=1e-15 * max(1, abs(float(start[at])))
        )


ENDS = torch.tensor(
    [-math.inf, -1e30, -200.0, -95.0, -1e-40, -0.0, 1e-40, 95.0, 200.0, 1e30, math.inf, math.nan]
)
EVERYWHERE = [
    *(
        "relu",
        "relu6",
        "leaky_relu",
        "elu",
        "selu",
        "celu",
        "gelu",
        "silu",
        "mish",
        "hardswish",
        "hardsigmoid",
    ),
    *("hardtanh", "softplus", "softsign", "sigmoid", "tanh", "tanhshrink", "hardshrink", "softshrink"),
]
NUMBERS = [
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "rsqrt", "abs", "neg", "square"),
    *("reciprocal", "sin", "cos", "erf", "sign", "floor", "ceil", "trunc", "round", "nan_to_num"),
]


@pytest.mark.parametrize(
    "function",
    [*(getattr(F, name) for name in EVERYWHERE), *(getattr(torch, name) for name in NUMBERS)],
    ids=[*EVERYWHERE, *NUMBERS],
)
def test_where_numbers_end(function):
    """Infinite, too large, too small, not a number: what the network has is what is told."""
    result = trace(function, ENDS)
    for place in range(len(ENDS)):
        found = explain(result, result.nodes[-1], (place,))
        # At ∞ torch's GELU gives NaN from its kernel for AVX-512, ∞ from the others.
        odd = function is F.gelu and ENDS[place] == math.inf and math.isnan(found.network)
        assert found.holds != odd, str(found)
        names: dict[str, float] = {}
        with contextlib.redirect_stdout(io.StringIO()):
            exec(found.python(), names)
        assert names["result"] == found.result or math.isnan(found.result)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("function", [F.gelu, F.silu, F.mish, F.elu, torch.exp, torch.tanh, F.relu])
def test_other_types_hold_their_bound(function, dtype):
    result = trace(function, X[1:-1].to(dtype), score=lambda y: y.sum())
    for place in range(len(X) - 2):
        for found in (explain(result, 0, (place,)), explain_gradient(result, 0, "input", (place,))):
            assert found.holds, str(found)


def test_whole_numbers():
    result = trace(torch.square, torch.tensor([-3, 4]))
    assert explain(result, "square", (0,)).result == 9
    assert explain(result, "square", (0,)).bound == 0


def test_prelu_slope_by_hand():
    model, x = nn.PReLU(2, init=0.3), torch.tensor([[[-1.0, 2.0, -4.0], [5.0, 6.0, -7.0]]])
    result = trace(model, x, score=lambda y: (y * torch.tensor([1.0, 2.0, 3.0])).sum())
    found = explain_gradient(result, "prelu", "weight", (0,))
    assert found.account.terms.values.tolist() == [-1.0, -12.0]
    assert found.account.terms.factors["gradient"].tolist() == [1.0, 3.0]
    assert (found.result, found.holds) == (-13.0, True)
    assert said(OPS["prelu"].cost(read(result, result["prelu"])).parameters) == "2"


def test_a_randomised_slope_is_drawn_again():
    torch.manual_seed(7)
    result = trace(nn.RReLU(0.1, 0.9), -torch.ones(20))
    slopes = {explain(result, "rrelu", (place,)).result for place in range(20)}
    assert len(slopes) == 20
    assert min(slopes) > -0.9
    assert max(slopes) < -0.1


@pytest.mark.parametrize(
    ("model", "op", "box"),
    [
        (nn.ReLU(), "relu", [[1, 2], [2, 3], [1, 2]]),
        (nn.GLU(1), "glu", [[1, 2], [2, 6], [1, 2]]),
        (nn.GLU(), "glu", [[1, 2], [2, 3], [1, 4]]),
    ],
)
def test_what_a_number_sees(model, op, box):
    result = trace(model, torch.randn(2, 6, 4))
    assert OPS[op].reach(read(result, result[op]), unit((1, 2, 1))[None])["input"][0].tolist() == box


def test_limits_by_tensors_see_their_own_place():
    result = trace(torch.clamp, (torch.randn(2, 3), torch.zeros(3), torch.ones(2, 1)))
    found = OPS["clamp"].reach(read(result, result["clamp"]), unit((1, 2))[None])
    assert {name: box[0].tolist() for name, box in found.items()} == {
        "input": [[1, 2], [2, 3]],
        "min": [[2, 3]],
        "max": [[1, 2], [0, 1]],
    }


@pytest.mark.parametrize(
    ("model", "x", "formula", "numbers"),
    [
        (nn.ReLU(), -2.0, "y = max(0, x)", "max(0, −2) = 0"),
        (nn.LeakyReLU(0.1), -2.0, "y = x if x > 0 else a·x", "0.1·(−2) = −0.2"),
        (nn.GELU(), -1.0, "y = x·(1 + erf(x/√2))/2", "(−1)·(1 + erf((−1)/√2))/2 = −0.15866"),
        (nn.SiLU(), 1.0, "y = x/(1 + exp(−x))", "1/(1 + exp(−1)) = 0.73106"),
        (nn.ELU(2.0), -1.0, "y = x if x > 0 else α·(exp(x) − 1)", "2·(exp(−1) − 1) = −1.2642"),
        (lambda x: x**2, -3.0, "y = x^n", "(−3)² = 9"),
        (lambda x: x.clamp(min=0), -3.0, "y = max(x, low)", "max(−3, 0) = 0"),
        (torch.rsqrt, 4.0, "y = 1/√x", "1/√4 = 0.5"),
    ],
)
def test_formulas_with_numbers(model, x, formula, numbers):
    account = explain(trace(model, torch.tensor([x])), 0, (0,)).account
    assert (text(account.formula), text(account.numbers)) == (formula, numbers)


def test_a_slope_with_its_numbers():
    result = trace(nn.Sigmoid(), torch.tensor([0.0]), score=lambda y: 4 * y.sum())
    steps = explain_gradient(result, "sigmoid", "input", (0,)).account.steps
    assert [(text(step.formula), text(step.numbers)) for step in steps] == [
        ("y = 1/(1 + exp(−x))", "1/(1 + exp(−0)) = 0.5"),
        ("slope = y·(1 − y)", "0.5·(1 − 0.5) = 0.25"),
        ("dx = dy·slope", "4·0.25 = 1"),
    ]


def test_too_large_for_the_type_is_said():
    account = explain(trace(torch.exp, torch.tensor([100.0])), "exp", (0,)).account
    assert account.result == math.inf
    assert text(account.steps[-1].formula) == "no float32 is so large"


@pytest.mark.parametrize(
    ("curve", "words"),
    [
        (HARDTANH, "1 if (low < x) and (x < high) else 0"),
        (HARDSIGMOID, "1/6 if |x| < 3 else 0"),
        (
            TANH_GELU,
            "(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2 + "
            "x·(1 − tanh(√(2/π)·(x + 0.044715·x³))²)·√(2/π)·(1 + 3·0.044715·x²)/2",
        ),
    ],
    ids=["hardtanh", "hardsigmoid", "gelu"],
)
def test_a_slope_has_no_rounded_number_and_one_condition(curve, words):
    assert text(curve.slope) == words
