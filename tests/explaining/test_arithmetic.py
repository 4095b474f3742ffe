"""Arithmetic and reductions against NumPy in float64, and multiply-adds against a count by hand."""

import math

import numpy as np
import pytest
import torch

from convscope.errors import TraceError
from convscope.explaining import OPS, explain, explain_gradient, read
from convscope.explaining.rendering.words import text
from convscope.tracing import trace

torch.manual_seed(0)
X, ROW = torch.randn(2, 3, 4), torch.rand(4) + 0.5
A, B = X.double().numpy(), ROW.double().numpy()
NUMPY = {
    "add": (lambda x, r: torch.add(x, r, alpha=2), A + 2 * B),
    "sub": (lambda x, r: x - r, A - B),
    "rsub": (lambda x, r: 1 - x, 1 - A),
    "mul": (lambda x, r: x * r, A * B),
    "div": (lambda x, r: x / r, A / B),
    "rdiv": (lambda x, r: 2 / x, 2 / A),
    "floor_divide": (lambda x, r: x // r, A // B),
    "remainder": (lambda x, r: x % r, np.mod(A, B)),
    "fmod": (torch.fmod, np.fmod(A, B)),
    "addcmul": (lambda x, r: torch.addcmul(x, x, r, value=3), A + 3 * A * B),
    "addcdiv": (lambda x, r: torch.addcdiv(x, x, r, value=3), A + 3 * A / B),
    "lerp": (lambda x, r: torch.lerp(x, r, 0.25), A + 0.25 * (B - A)),
    "maximum": (torch.maximum, np.maximum(A, B)),
    "minimum": (torch.minimum, np.minimum(A, B)),
    "where": (lambda x, r: torch.where(x > 0, x, r), np.where(A > 0, A, B)),
    "gt": (lambda x, r: x > r, A > B),
    "sum": (lambda x, r: x.sum((0, 2), keepdim=True), A.sum((0, 2), keepdims=True)),
    "mean": (lambda x, r: x.mean(1), A.mean(1)),
    "var": (lambda x, r: x.var((1, 2)), A.var((1, 2), ddof=1)),
    "std": (lambda x, r: x.std(0, correction=0), A.std(0)),
    "amax": (lambda x, r: x.amax((1, 2)), A.max((1, 2))),
    "amin": (lambda x, r: x.amin(-1, keepdim=True), A.min(-1, keepdims=True)),
    "argmax": (lambda x, r: x.argmax(2), A.argmax(2)),
    "argmin": (lambda x, r: x.argmin(), A.argmin()),
    "prod": (lambda x, r: x.prod(1), A.prod(1)),
    "norm": (lambda x, r: x.norm(dim=2), np.linalg.norm(A, axis=2)),
    "cumsum": (lambda x, r: x.cumsum(1), A.cumsum(1)),
    "any": (lambda x, r: (x > 1).any(1), (A > 1).any(1)),
    "all": (lambda x, r: (x > -1).all(0), (A > -1).all(0)),
}


@pytest.mark.parametrize("op", NUMPY)
def test_every_number_is_numpys(op):
    model, expected = NUMPY[op]
    seen = trace(model, (X, ROW))
    node = next(node for node in reversed(seen.nodes) if node.op == op)
    for at in np.ndindex(*expected.shape):
        explanation = explain(seen, node, at)
        assert explanation.result == pytest.approx(float(expected[at]), rel=1e-12, abs=0)
        assert explanation.holds


def test_broadcast_numbers_collect_all_their_gradients():
    seen = trace(lambda x, r: x * r, (X, ROW), score=lambda y: (y * y).sum())
    explanation = explain_gradient(seen, "mul", "other", (2,))
    products = [2 * A[i, j, 2] ** 2 * B[2] for i in range(2) for j in range(3)]
    assert explanation.result == pytest.approx(math.fsum(products), rel=1e-6)
    assert explanation.account.terms.values.numel() == 6


def test_what_a_tensor_times_itself_gets():
    seen = trace(lambda x: x * x, X, score=lambda y: y.sum())
    explanation = explain_gradient(seen, "mul", "input", (1, 2, 3))
    assert explanation.result == 2 * A[1, 2, 3]
    assert "twice" in explanation.account.what


COSTS = [
    ("add", lambda x, r: x + r, 0),
    ("mul", lambda x, r: x * r, 0),
    ("sum", lambda x, r: x.sum(1), 0),
    ("addcmul", lambda x, r: torch.addcmul(x, x, r), sum(1 for _ in np.ndindex(2, 3, 4))),
    ("lerp", lambda x, r: torch.lerp(x, r, 0.5), sum(1 for _ in np.ndindex(2, 3, 4))),
    ("var", lambda x, r: x.var(1), sum(1 for _ in np.ndindex(2, 3, 4))),
    ("norm", lambda x, r: x.norm(), sum(1 for _ in np.ndindex(2, 3, 4))),
    ("norm", lambda x, r: x.norm(1), 0),
]


@pytest.mark.parametrize(("op", "model", "macs"), COSTS)
def test_multiplications_that_come_with_an_addition(op, model, macs):
    seen = trace(model, (X, ROW), keep=False)  # shapes are enough
    assert OPS[op].cost(read(seen, seen.nodes[0])).macs == macs


def test_a_norm_of_matrices_is_said_not_to_be_explained():
    seen = trace(lambda x: torch.linalg.norm(x, 2), X[0])
    explanation = explain(seen, "linalg_norm", ())
    assert explanation.kind == "not explained"
    assert "not explained" in explanation.account.what


def test_too_large_for_half_precision_becomes_infinite():
    seen = trace(lambda x: x.half(), torch.tensor([70000.0]))
    explanation = explain(seen, "half", (0,))
    assert explanation.result == explanation.network == math.inf
    assert text(explanation.account.steps[0].numbers) == "float16(70000) = ∞"


@pytest.mark.parametrize(("alpha", "formula"), [(1, "y = a + b"), (2, "y = a + α·b")])
def test_a_factor_of_one_is_not_written(alpha, formula):
    found = explain(trace(lambda x: torch.add(x, ROW, alpha=alpha), X), "add", (0, 1, 2))
    assert text(found.account.formula) == formula
    assert ("·" in text(found.account.numbers)) == (alpha != 1)
    assert found.result == pytest.approx(A[0, 1, 2] + alpha * B[2], abs=1e-6)


def test_complex_numbers_are_named_and_their_parts_kept():
    spectrum = torch.fft.rfft(torch.randn(8, dtype=torch.float64))
    seen = trace(lambda x: torch.fft.irfft(x * 2).sum(), spectrum)
    with pytest.raises(TraceError, match="gives the complex number"):
        explain(seen, "mul", (1,))
    found = explain(seen, "fft_irfft", (3,))
    assert found.kind == "not explained"
    # linear in both parts, so inputs × slopes add up to the number all the same
    assert float(found.account.terms.values.sum()) == pytest.approx(found.network)


def test_what_has_no_numbers_says_so():
    seen = trace(torch.nn.Conv2d(1, 2, 3, device="meta"), torch.empty(1, 1, 4, 4, device="meta"))
    with pytest.raises(TraceError, match="it has a shape, and no numbers"):
        explain(seen, 0, (0, 1, 1, 1))
