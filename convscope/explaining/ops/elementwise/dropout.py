"""Dropout: in training some numbers are left out by chance, in evaluation all pass."""

from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from convscope.explaining.account import Account, Index, Step, product
from convscope.explaining.boxes import Boxes
from convscope.explaining.formula import Formula, symbols
from convscope.explaining.op import Op, Role, free
from convscope.explaining.reading import Reading
from convscope.explaining.rendering.words import number

x, y, dx, dy, a, b, p, MASK, FACTOR = symbols("x y dx dy a b p mask factor")
MASKED = MASK / (1 - p)
DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.{}.html"
# Each operation with the name of its page and what is left out together.
KINDS = {
    "dropout": ("Dropout", "number"),
    "dropout1d": ("Dropout1d", "channel"),
    "dropout2d": ("Dropout2d", "channel"),
    "dropout3d": ("Dropout3d", "channel"),
    "feature_dropout": ("Dropout2d", "channel"),
}
SELU_FLOOR = -1.7580993408473766  # what SELU makes of −∞: what alpha dropout puts in place of a number


def _active(reading: Reading) -> bool:
    return bool(reading["training"]) and float(reading["p"]) > 0


def _drawn(reading: Reading, numbers: Tensor) -> Tensor:
    """What the same function makes of other numbers with the same draws from the generator."""
    function = getattr(F, reading.node.op, torch.feature_dropout)
    with torch.random.fork_rng(devices=()), torch.no_grad():
        if reading.node.random_state is not None:
            torch.set_rng_state(reading.node.random_state)
        return function(numbers, float(reading["p"]), True)


def _kept(reading: Reading, at: Index) -> bool:
    """Whether a number was kept: of ones, those that are not zero."""
    given = reading["input"]
    if reading.node.op == "dropout" and given.is_contiguous():  # numbers are drawn in order, up to this one
        before = sum(place * stride for place, stride in zip(at, given.stride(), strict=True))
        return float(_drawn(reading, given.new_ones(before + 1))[-1]) != 0
    return float(_drawn(reading, torch.ones_like(given))[at]) != 0


def _factor(reading: Reading, at: Index) -> float:
    p = float(reading["p"])
    if not _active(reading):
        return 1.0
    return 1 / (1 - p) if p < 1 and _kept(reading, at) else 0.0


def _explain_dropout(kind: str, reading: Reading, at: Index) -> Account:
    page, unit = KINDS[kind]
    given, factor = float(reading["input"][at]), _factor(reading, at)
    chance = f"leaves out every {unit} with a probability of {number(float(reading['p']))}"
    if not _active(reading):
        what = "Dropout does nothing here (it works in training only): the number passes as it is."
    elif factor:
        what = f"Dropout {chance}. This one stayed, and is made larger so that the average stays as it was."
    else:
        what = f"Dropout {chance}. This one was left out."
    formula = y.equals(x * MASKED) if _active(reading) else y.equals(x)
    step = Step("output", formula, {x: given, MASKED: factor})
    notes = ("The mask is read from the generator's state before the operation.",) if _active(reading) else ()
    return Account(what, step.formula, DOCS.format(page), steps=(step,), notes=notes)


def _dropout_gradient(kind: str, reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001
    """The gradient takes the way of the number: through the same mask."""
    factor = _factor(reading, at)
    return _scaled(reading, at, factor, DOCS.format(KINDS[kind][0]), MASKED)


def _scaled(reading: Reading, at: Index, factor: float, source: str, symbol: Formula) -> Account:
    gradient = reading.output_gradient[at].reshape(1)
    terms = product(("output",), {}, gradient=gradient, factor=torch.tensor([factor], dtype=torch.float64))
    what = "The gradient is multiplied by what the number was multiplied by: by 0 where it was left out."
    return Account(what, dx.equals(dy * symbol), source, {dy: float(gradient), symbol: factor}, terms)


def _alpha(reading: Reading, at: Index) -> tuple[float, float, bool]:
    """Alpha dropout as y = slope·(x or the floor of SELU) + shift, with whether x was kept."""
    p = float(reading["p"])
    if not _active(reading):
        return 1.0, 0.0, True
    if p >= 1:
        return 0.0, 0.0, False
    slope = 1 / ((1 + p * SELU_FLOOR**2) * (1 - p)) ** 0.5
    given = reading["input"]
    moved = _drawn(reading, torch.ones_like(given))[at] != _drawn(reading, torch.zeros_like(given))[at]
    return slope, -slope * p * SELU_FLOOR, bool(moved)


def _explain_alpha(reading: Reading, at: Index) -> Account:
    slope, shift, kept = _alpha(reading, at)
    taken = float(reading["input"][at]) if kept else SELU_FLOOR
    fate = "This one stayed." if kept else "This one was left out."
    what = (
        "Alpha dropout puts the smallest number that SELU can give in place of what it leaves out, then "
        f"scales and shifts everything so that mean and variance stay. {fate}"
    )
    rule = y.equals(a * x + b).given("x is −1.758 where the number was left out")
    step = Step("output", rule, {a: slope, x: taken, b: shift})
    # Of what is left out, a part as large as the whole is taken off again.
    scale = abs(slope * taken) + abs(shift)
    page = DOCS.format("AlphaDropout" if reading.node.op == "alpha_dropout" else "FeatureAlphaDropout")
    return Account(what, step.formula, page, steps=(step,), scale=scale)


def _alpha_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001
    slope, _, kept = _alpha(reading, at)
    return _scaled(reading, at, slope if kept else 0.0, DOCS.format("AlphaDropout"), FACTOR)


def _same_place(reading: Reading, boxes: Boxes) -> dict[str, Boxes | list[Boxes]]:  # noqa: ARG001
    return {"input": boxes}


DROPOUTS = {
    kind: Op(
        "input p=0.5 training=True inplace=False",
        partial(_explain_dropout, kind),
        partial(_dropout_gradient, kind),
        free,
        _same_place,
        role=Role.DROPOUT,
        by_mode=True,
    )
    for kind in KINDS
} | {
    kind: Op(
        "input p=0.5 training=False inplace=False",
        _explain_alpha,
        _alpha_gradient,
        free,
        _same_place,
        role=Role.DROPOUT,
        by_mode=True,
    )
    for kind in ("alpha_dropout", "feature_alpha_dropout")
}
