"""Losses that compare number with number: the formula of each, its slopes and its words."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor


class Pairs(NamedTuple):
    """Every number x with its target t and the setting s, all of one shape and float64.

    A pair's loss counts weight / divisor.
    """

    x: Tensor
    t: Tensor
    s: Tensor
    weight: Tensor
    divisor: float


ElementLoss = Callable[[Pairs], Tensor]  # float64


class PointwiseLoss(NamedTuple):
    """A loss of one number x against one number t.

    Attributes:
        page: of its documentation.
        signature: of its function.
        what: for a person who meets it for the first time.
        formula: in general, for people.
        code: the same in Python.
        loss: the same for tensors.
        slopes: its derivative by each argument.
        setting: the argument that is s: a number, or a tensor.
        size: what the loss's rounding is measured against, where it subtracts; None: the loss itself.
        slope_sizes: the same for the slopes that subtract.
        weight_learns: whether torch has a gradient for its weight.
        mean_by_weight: whether its mean divides by the sum of the weights, not by the number of pairs.
    """

    page: str
    signature: str
    what: str
    formula: str
    code: str
    loss: ElementLoss
    slopes: dict[str, ElementLoss]
    setting: str = ""
    size: ElementLoss | None = None
    slope_sizes: dict[str, ElementLoss] = {}  # noqa: RUF012 - never changed
    weight_learns: bool = False
    mean_by_weight: bool = False


def _log_sigmoid(x: Tensor) -> Tensor:
    """−ln(1 + e⁻ˣ), without a large number on the way."""
    return x.clamp(max=0) - torch.log1p(torch.exp(-x.abs()))


def _logarithms(x: Tensor) -> tuple[Tensor, Tensor]:
    """Natural logarithms of x and 1 − x, never below −100: torch's way not to be infinitely surprised."""
    return x.log().clamp(min=-100), torch.log1p(-x).clamp(min=-100)


def _cross_entropy(p: Pairs) -> Tensor:
    yes, no = _logarithms(p.x)
    return -(p.t * yes + (1 - p.t) * no)


def _logits_cross_entropy(p: Pairs) -> Tensor:
    return (1 - p.t) * p.x - (1 + (p.s - 1) * p.t) * _log_sigmoid(p.x)


def _divergence(p: Pairs) -> Tensor:
    """The setting says whether the target is a logarithm too."""
    return torch.where(p.s != 0, p.t.exp() * (p.t - p.x), torch.xlogy(p.t, p.t) - p.t * p.x)


OLD = "size_average=None reduce=None reduction=mean"
KINDS = {
    "mse_loss": PointwiseLoss(
        "MSELoss",
        f"input target {OLD} weight=None",
        "The squared error: twice as far off costs four times as much.",
        "l = (x − t)²",
        "(x - t) ** 2",
        lambda p: (p.x - p.t) ** 2,
        {"input": lambda p: 2 * (p.x - p.t), "target": lambda p: 2 * (p.t - p.x)},
        weight_learns=True,
        mean_by_weight=True,
    ),
    "l1_loss": PointwiseLoss(
        "L1Loss",
        f"input target {OLD} weight=None",
        "The absolute error: how far off, whichever way.",
        "l = |x − t|",
        "abs(x - t)",
        lambda p: (p.x - p.t).abs(),
        {"input": lambda p: (p.x - p.t).sign(), "target": lambda p: (p.t - p.x).sign()},
        weight_learns=True,
        mean_by_weight=True,
    ),
    "smooth_l1_loss": PointwiseLoss(
        "SmoothL1Loss",
        f"input target {OLD} beta=1",
        "Squared where the error is below beta, else absolute: one wild number does not rule.",
        "l = (x − t)²/(2·beta) where |x − t| < beta, else |x − t| − beta/2",
        "(x - t) ** 2 / (2 * s) if abs(x - t) < s else abs(x - t) - s / 2",
        lambda p: torch.where(
            (p.x - p.t).abs() < p.s, (p.x - p.t) ** 2 / (2 * p.s), (p.x - p.t).abs() - p.s / 2
        ),
        {
            "input": lambda p: torch.where((p.x - p.t).abs() < p.s, (p.x - p.t) / p.s, (p.x - p.t).sign()),
            "target": lambda p: torch.where((p.x - p.t).abs() < p.s, (p.t - p.x) / p.s, (p.t - p.x).sign()),
        },
        "beta",
    ),
    "huber_loss": PointwiseLoss(
        "HuberLoss",
        "input target reduction=mean delta=1 weight=None",
        "Half the square where the error is at most delta, else straight: one wild number does not rule.",
        "l = (x − t)²/2 where |x − t| ≤ delta, else delta·(|x − t| − delta/2)",
        "(x - t) ** 2 / 2 if abs(x - t) <= s else s * (abs(x - t) - s / 2)",
        lambda p: torch.where(
            (p.x - p.t).abs() <= p.s, (p.x - p.t) ** 2 / 2, p.s * ((p.x - p.t).abs() - p.s / 2)
        ),
        {
            "input": lambda p: (p.x - p.t).clamp(-p.s, p.s),
            "target": lambda p: (p.t - p.x).clamp(-p.s, p.s),
        },
        "delta",
        weight_learns=True,
    ),
    "binary_cross_entropy": PointwiseLoss(
        "BCELoss",
        f"input target weight=None {OLD}",
        "How surprising the truth is, if x is the chance of a yes: −ln of the chance that it got.",
        "l = −(t·ln x + (1 − t)·ln(1 − x)), no logarithm below −100",
        "-(t * max(math.log(max(x, 1e-300)), -100) + (1 - t) * max(math.log1p(-min(x, 1 - 1e-16)), -100))",
        _cross_entropy,
        {
            "input": lambda p: (p.x - p.t) / (p.x * (1 - p.x)).clamp(min=1e-12),
            "target": lambda p: torch.log1p(-p.x) - p.x.log(),
        },
        slope_sizes={"target": lambda p: torch.log1p(-p.x).abs() + p.x.log().abs()},
    ),
    "binary_cross_entropy_with_logits": PointwiseLoss(
        "BCEWithLogitsLoss",
        f"input target weight=None {OLD} pos_weight=None",
        "The sigmoid σ makes a chance of a yes of x; the loss is −ln of the chance that the truth got.",
        "l = −(pos_weight·t·ln σ(x) + (1 − t)·ln(1 − σ(x)))",
        "(1 - t) * x - (1 + (s - 1) * t) * (min(x, 0) - math.log1p(math.exp(-abs(x))))",
        _logits_cross_entropy,
        {
            "input": lambda p: (1 + (p.s - 1) * p.t) * torch.sigmoid(p.x) - p.s * p.t,
            "target": lambda p: -p.x - (p.s - 1) * _log_sigmoid(p.x),
        },
        "pos_weight",
        lambda p: ((1 - p.t) * p.x).abs() + ((1 + (p.s - 1) * p.t) * _log_sigmoid(p.x)).abs(),
        {
            "input": lambda p: ((1 + (p.s - 1) * p.t) * torch.sigmoid(p.x)).abs() + (p.s * p.t).abs(),
            "target": lambda p: p.x.abs() + ((p.s - 1) * _log_sigmoid(p.x)).abs(),
        },
    ),
    "kl_div": PointwiseLoss(
        "KLDivLoss",
        f"input target {OLD} log_target=False",
        "How much a distribution t differs from the one whose logarithm is x: 0 where they are equal.",
        "l = t·(ln t − x), or eᵗ·(t − x) where the target is a logarithm too",
        "math.exp(t) * (t - x) if s else t * (math.log(t) - x) if t > 0 else 0.0",
        _divergence,
        {
            "input": lambda p: -torch.where(p.s != 0, p.t.exp(), p.t),
            "target": lambda p: torch.where(p.s != 0, p.t.exp() * (p.t - p.x + 1), p.t.log() + 1 - p.x),
        },
        "log_target",
        lambda p: torch.where(
            p.s != 0, p.t.exp() * (p.t.abs() + p.x.abs()), torch.xlogy(p.t, p.t).abs() + (p.t * p.x).abs()
        ),
        {
            "target": lambda p: torch.where(
                p.s != 0, p.t.exp() * (p.t.abs() + p.x.abs() + 1), p.t.log().abs() + 1 + p.x.abs()
            )
        },
    ),
}
