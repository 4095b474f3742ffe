"""Softmax and losses against SciPy, loops in NumPy and autograd."""

import math

import numpy as np
import pytest
import torch
from scipy import special
from torch import nn
from torch.nn import functional as F

from convscope.errors import TraceError
from convscope.explaining import OPS, explain, explain_gradient, read
from convscope.explaining.boxes import unit
from convscope.explaining.rendering.words import text
from convscope.tracing import trace

LABELS = torch.tensor([1, 0, 3])
WEIGHT = torch.tensor([0.5, 2.0, 1.0, 1.5])


@pytest.fixture(autouse=True)
def same_numbers():
    torch.manual_seed(0)


def close(explanation, expected):
    assert explanation.holds, str(explanation)
    assert explanation.result == pytest.approx(expected, rel=1e-9, abs=1e-9 * explanation.account.size)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("size", [1.0, 30.0])
def test_the_softmax_family_is_scipys(axis, size):
    x = size * torch.randn(3, 4, 2)
    numbers = x.double().numpy()
    for function, expected in (
        (F.softmax, special.softmax(numbers, axis=axis)),
        (F.softmin, special.softmax(-numbers, axis=axis)),
        (F.log_softmax, special.log_softmax(numbers, axis=axis)),
        (torch.logsumexp, special.logsumexp(numbers, axis=axis)),
    ):
        seen = trace(lambda x, f=function: f(x, dim=axis), x)
        for at in np.ndindex(*expected.shape):
            close(explain(seen, seen.nodes[0], at), expected[at])


def test_the_steps_of_softmax():
    account = explain(trace(nn.Softmax(dim=0), torch.tensor([1.0, 3.0])), 0, (0,)).account
    assert [(step.name, round(step.value, 6)) for step in account.steps] == [
        ("largest", 3.0),
        ("total", round(1 + math.exp(-2), 6)),
        ("power", round(math.exp(-2), 6)),
        ("output", round(math.exp(-2) / (1 + math.exp(-2)), 6)),
    ]
    assert account.steps[0].terms.places["input"].tolist() == [[0], [1]]


def by_loops(logits, target, reduction, weight=None, ignore=-100, smoothing=0.0):
    """Cross-entropy of class indices as its definition says it, one position at a time."""
    samples, classes = logits.shape
    weight = np.ones(classes) if weight is None else weight.double().numpy()
    losses, counted = [], 0.0
    for row, label in zip(logits.double().numpy(), target.tolist(), strict=True):
        surprise = -special.log_softmax(row)
        own = (1 - smoothing) * weight[label] * surprise[label] + smoothing / classes * (
            weight * surprise
        ).sum()
        losses.append(0.0 if label == ignore else own)
        counted += 0.0 if label == ignore else weight[label]
    assert len(losses) == samples
    return {"none": np.array(losses), "sum": np.sum(losses), "mean": np.sum(losses) / counted}[reduction]


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("ignore", [-100, 0])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_cross_entropy_by_loops(reduction, weight, ignore, smoothing):
    logits = torch.randn(3, 4)
    loss = nn.CrossEntropyLoss(weight, ignore_index=ignore, reduction=reduction, label_smoothing=smoothing)
    seen = trace(loss, (logits, LABELS), score=lambda output: (output * 2.0).sum())
    expected = by_loops(logits, LABELS, reduction, weight, ignore, smoothing)
    for at in np.ndindex(*np.shape(expected)):
        close(explain(seen, 0, at), np.asarray(expected)[at])
    leaf = logits.double().requires_grad_()
    own = nn.CrossEntropyLoss(
        weight if weight is None else weight.double(), ignore_index=ignore, reduction=reduction
    )
    own.label_smoothing = smoothing
    (own(leaf, LABELS) * 2.0).sum().backward()
    for at in np.ndindex(3, 4):
        close(explain_gradient(seen, 0, "input", at), float(leaf.grad[at]))


def test_a_logits_gradient_is_p_less_y():
    logits = torch.randn(1, 4)
    seen = trace(nn.CrossEntropyLoss(), (logits, LABELS[:1]), score=lambda output: output)
    shares = special.softmax(logits[0].double().numpy())
    for place in range(4):
        explanation = explain_gradient(seen, 0, "input", (0, place))
        assert text(explanation.account.formula) == "dx = dL·share·(p − target)"
        slopes = explanation.account.terms.factors["slope"].tolist()
        assert slopes == pytest.approx([shares[place], -1.0 if place == 1 else 0.0])


def test_the_pixels_of_a_segmentation():
    logits, labels = torch.randn(2, 4, 3, 2), torch.randint(0, 4, (2, 3, 2))
    seen = trace(nn.CrossEntropyLoss(WEIGHT, reduction="none"), (logits, labels))
    surprise = -special.log_softmax(logits.double().numpy(), axis=1)
    for n, row, column in np.ndindex(2, 3, 2):
        label = int(labels[n, row, column])
        close(explain(seen, 0, (n, row, column)), float(WEIGHT[label]) * surprise[n, label, row, column])
    boxes = OPS["cross_entropy"].reach(read(seen, seen.nodes[0]), unit((1, 2, 0))[None])
    assert boxes["input"].tolist() == [[[1, 2], [0, 4], [2, 3], [0, 1]]]
    assert boxes["target"].tolist() == [[[1, 2], [2, 3], [0, 1]]]


def test_the_chain_of_one_samples_loss():
    seen = trace(nn.CrossEntropyLoss(), (torch.tensor([[1.0, 3.0]]), torch.tensor([0])))
    account = explain(seen, 0, ()).account
    assert [step.name for step in account.steps] == ["largest", "total", "one loss", "output"]
    assert account.result == pytest.approx(2 + math.log(1 + math.exp(-2)))


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("loss", [nn.BCELoss, nn.BCEWithLogitsLoss])
def test_binary_losses_with_weights(loss, reduction):
    weight, pos_weight = torch.rand(3, 4) + 0.5, torch.rand(4) + 0.5
    more = {"pos_weight": pos_weight} if loss is nn.BCEWithLogitsLoss else {}
    x, target = torch.rand(3, 4), torch.rand(3, 4)
    seen = trace(loss(weight, reduction=reduction, **more), (x, target), score=lambda output: output.sum())
    p = special.expit(x.double().numpy()) if more else x.double().numpy()
    positive = pos_weight.double().numpy() if more else 1.0
    t = target.double().numpy()
    losses = -weight.double().numpy() * (positive * t * np.log(p) + (1 - t) * np.log(1 - p))
    expected = {"none": losses, "mean": losses.mean(), "sum": losses.sum()}[reduction]
    for at in np.ndindex(*np.shape(expected)):
        close(explain(seen, 0, at), np.asarray(expected)[at])
    for at in np.ndindex(3, 4):
        assert explain_gradient(seen, 0, "input", at).holds
        assert explain_gradient(seen, 0, "target", at).holds


@pytest.mark.filterwarnings("ignore:reduction. 'mean'")
@pytest.mark.parametrize("reduction", ["mean", "sum", "batchmean"])
def test_divergence_is_scipys(reduction):
    x, target = torch.randn(3, 4).log_softmax(1), torch.rand(3, 4).softmax(1)
    parts = special.rel_entr(target.double().numpy(), np.exp(x.double().numpy()))
    expected = parts.sum() / {"mean": 12, "sum": 1, "batchmean": 3}[reduction]
    seen = trace(nn.KLDivLoss(reduction=reduction), (x, target), score=lambda output: output)
    close(explain(seen, 0, ()), expected)
    assert explain_gradient(seen, 0, "input", (1, 2)).holds
    assert explain_gradient(seen, 0, "target", (1, 2)).holds


@pytest.mark.parametrize(
    ("loss", "formula"),
    [
        (nn.HuberLoss(delta=0.7), lambda x, t: special.huber(0.7, x - t).mean()),
        (nn.MSELoss(), lambda x, t: ((x - t) ** 2).mean()),
        (nn.L1Loss(reduction="sum"), lambda x, t: np.abs(x - t).sum()),
        (nn.SmoothL1Loss(beta=0.7), lambda x, t: special.huber(0.7, x - t).mean() / 0.7),
    ],
)
def test_distances_are_scipys(loss, formula):
    x, target = torch.randn(3, 4), torch.randn(3, 4)
    expected = formula(x.double().numpy(), target.double().numpy())
    close(explain(trace(loss, (x, target)), 0, ()), expected)


@pytest.mark.filterwarnings("ignore:Using a target size")
@pytest.mark.filterwarnings("ignore:size_average and reduce")
def test_a_stretched_target_and_the_old_arguments():
    x, target = torch.randn(3, 4), torch.randn(4)
    seen = trace(F.mse_loss, (x, target), {"size_average": False}, score=lambda output: output)
    assert explain(seen, 0, ()).result == pytest.approx(float(((x - target).double() ** 2).sum()), rel=1e-6)
    explanation = explain_gradient(seen, 0, "target", (2,))
    assert explanation.holds
    assert explanation.account.terms.values.numel() == 3


@pytest.mark.parametrize(
    ("model", "given", "argument", "words"),
    [
        (
            nn.CrossEntropyLoss(WEIGHT),
            (torch.randn(3, 4), LABELS),
            "weight",
            "no gradient for the class weights",
        ),
        (
            nn.BCELoss(WEIGHT),
            (torch.rand(3, 4), torch.rand(3, 4)),
            "weight",
            "torch has no gradient for the weight of binary_cross_entropy",
        ),
    ],
)
def test_weights_that_torch_does_not_train(model, given, argument, words):
    seen = trace(model, given, score=lambda output: output)
    with pytest.raises(TraceError, match=words):
        explain_gradient(seen, 0, argument, (0,))
