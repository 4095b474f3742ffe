"""Losses that compare number with number: the formula of each, its slopes and its words."""

from typing import NamedTuple

from torch import Tensor

from convscope.explaining.computing import computed
from convscope.explaining.formula import Formula, Symbol, symbols, where
from convscope.explaining.functions import call, exp, ln, log1p, maximum, minimum, sigmoid

x, t, l, beta, delta = symbols("x t l beta delta")  # noqa: E741
POSITIVE, LOG_TARGET = symbols("pos_weight log_target")
sign = call("sign")


class PointwiseLoss(NamedTuple):
    """A loss of one number x against one number t.

    Attributes:
        page: of its documentation.
        signature: of its function.
        what: for a person who meets it for the first time.
        loss: in general, of `x`, `t` and the setting.
        slopes: its derivative by each argument.
        setting: the argument that the formulas use beside x and t: a number, or a tensor.
        worked: the loss as a computer has to take it, without a number too large on the way; None: as it is.
        size: what the loss's rounding is measured against, where it subtracts; None: the loss itself.
        slope_sizes: the same for the slopes that subtract.
        weight_learns: whether torch has a gradient for its weight.
        mean_by_weight: whether its mean divides by the sum of the weights, not by the number of pairs.
    """

    page: str
    signature: str
    what: str
    loss: Formula
    slopes: dict[str, Formula]
    setting: str = ""
    worked: Formula | None = None
    size: Formula | None = None
    slope_sizes: dict[str, Formula] = {}  # noqa: RUF012 - never changed
    weight_learns: bool = False
    mean_by_weight: bool = False


class Pairs(NamedTuple):
    """Every number x with its target t and the setting s, all of one shape and float64.

    A pair's loss counts weight / divisor.
    """

    kind: PointwiseLoss
    x: Tensor
    t: Tensor
    s: Tensor
    weight: Tensor
    divisor: float

    def of(self, formula: Formula) -> Tensor:
        """What a formula of the pairs comes to."""
        values = {x: self.x, t: self.t, Symbol(self.kind.setting): self.s}
        return computed(formula, values).expand(self.x.shape)

    @property
    def losses(self) -> Tensor:
        """The loss of each pair."""
        return self.of(self.kind.worked or self.kind.loss)

    @property
    def sizes(self) -> Tensor:
        """What the rounding of each loss is measured against."""
        return self.of(self.kind.size).abs() if self.kind.size else self.losses.abs()


off, far, back = x - t, abs(x - t), t - x
YES, NO = ln(x), log1p(-x)
LOG_SIGMOID = minimum(x, 0) - log1p(exp(-abs(x)))  # ln σ(x), without a large number on the way
COUNTS = 1 + (POSITIVE - 1) * t
IS_LOGARITHM = LOG_TARGET.is_not(0)
OWN = where(t.is_not(0), t * ln(t), 0)
OLD = "size_average=None reduce=None reduction=mean"
KINDS = {
    "mse_loss": PointwiseLoss(
        "MSELoss",
        f"input target {OLD} weight=None",
        "The squared error: twice as far off costs four times as much.",
        off**2,
        {"input": 2 * off, "target": 2 * back},
        weight_learns=True,
        mean_by_weight=True,
    ),
    "l1_loss": PointwiseLoss(
        "L1Loss",
        f"input target {OLD} weight=None",
        "The absolute error: how far off, whichever way.",
        far,
        {"input": sign(off), "target": sign(back)},
        weight_learns=True,
        mean_by_weight=True,
    ),
    "smooth_l1_loss": PointwiseLoss(
        "SmoothL1Loss",
        f"input target {OLD} beta=1",
        "Squared where the error is below beta, else absolute: one wild number does not rule.",
        where(far < beta, off**2 / (2 * beta), far - beta / 2),
        {
            "input": where(far < beta, off / beta, sign(off)),
            "target": where(far < beta, back / beta, sign(back)),
        },
        "beta",
    ),
    "huber_loss": PointwiseLoss(
        "HuberLoss",
        "input target reduction=mean delta=1 weight=None",
        "Half the square where the error is at most delta, else straight: one wild number does not rule.",
        where(far <= delta, off**2 / 2, delta * (far - delta / 2)),
        {
            "input": maximum(-delta, minimum(off, delta)),
            "target": maximum(-delta, minimum(back, delta)),
        },
        "delta",
        weight_learns=True,
    ),
    "binary_cross_entropy": PointwiseLoss(
        "BCELoss",
        f"input target weight=None {OLD}",
        "How surprising the truth is, if x is the chance of a yes: −ln of the chance that it got. No "
        "logarithm is taken as less than −100.",
        -(t * ln(x) + (1 - t) * ln(1 - x)),
        {"input": off / maximum(x * (1 - x), 1e-12), "target": NO - YES},
        worked=-(t * maximum(YES, -100) + (1 - t) * maximum(NO, -100)),
        slope_sizes={"target": abs(NO) + abs(YES)},
    ),
    "binary_cross_entropy_with_logits": PointwiseLoss(
        "BCEWithLogitsLoss",
        f"input target weight=None {OLD} pos_weight=None",
        "The sigmoid σ makes a chance of a yes of x; the loss is −ln of the chance that the truth got.",
        -(POSITIVE * t * ln(sigmoid(x)) + (1 - t) * ln(1 - sigmoid(x))),
        {"input": COUNTS * sigmoid(x) - POSITIVE * t, "target": -x - (POSITIVE - 1) * LOG_SIGMOID},
        "pos_weight",
        (1 - t) * x - COUNTS * LOG_SIGMOID,
        abs((1 - t) * x) + abs(COUNTS * LOG_SIGMOID),
        {
            "input": abs(COUNTS * sigmoid(x)) + abs(POSITIVE * t),
            "target": abs(x) + abs((POSITIVE - 1) * LOG_SIGMOID),
        },
    ),
    "kl_div": PointwiseLoss(
        "KLDivLoss",
        f"input target {OLD} log_target=False",
        "How much a distribution t differs from the one whose logarithm is x: 0 where they are equal.",
        where(IS_LOGARITHM, exp(t) * back, t * (ln(t) - x)),
        {
            "input": -where(IS_LOGARITHM, exp(t), t),
            "target": where(IS_LOGARITHM, exp(t) * (back + 1), ln(t) + 1 - x),
        },
        "log_target",
        where(IS_LOGARITHM, exp(t) * back, OWN - t * x),
        where(IS_LOGARITHM, exp(t) * (abs(t) + abs(x)), abs(OWN) + abs(t * x)),
        {"target": where(IS_LOGARITHM, exp(t) * (abs(t) + abs(x) + 1), abs(ln(t)) + 1 + abs(x))},
    ),
}
