"""Losses that compare number with number, pair by pair; mean and sum weigh the pairs and add them up.

Which losses there are, with their formulas: `kinds.py`.
"""

import math
from functools import partial

import numpy as np
import torch
from torch import Tensor

from convscope.errors import TraceError
from convscope.explaining.account import Account, Index, Step, Terms, product
from convscope.explaining.boxes import Boxes, whole
from convscope.explaining.formula import Formula, Symbol, summed, symbols
from convscope.explaining.op import Loss, Op, Role, free
from convscope.explaining.ops.losses.kinds import KINDS, Pairs, PointwiseLoss, l, t, x
from convscope.explaining.reading import Reading
from convscope.explaining.working import chosen
from convscope.shapes import AXES

y, L, SHARE, WEIGHT, SLOPE, DL = symbols("y L share weight slope dL")
DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.{}.html"


def reduction_of(reading: Reading) -> str:
    """One of "none", "mean", "sum" or "batchmean"; two old arguments said it in another way."""
    average, reduce = reading.arguments.get("size_average"), reading.arguments.get("reduce")
    if average is None and reduce is None:
        return str(reading["reduction"])
    if reduce is False:
        return "none"
    return "sum" if average is False else "mean"


def sample_axes(count: int) -> tuple[str, ...]:
    """What the axes of a tensor of samples are called."""
    space = AXES.get(count - 2, tuple(f"axis {axis}" for axis in range(2, count)))
    return ("sample", "channel", *space)[:count]


def dearest(losses: Tensor, share: Tensor) -> tuple[Index, Terms, Step]:
    """The place with the largest loss, and the step that adds up all of them."""
    if not losses.dim():
        losses, share = losses.reshape(1), share.reshape(1)
    terms = product(sample_axes(losses.dim()), {}, share=share, loss=losses)
    last = Step("output", L.equals(summed(SHARE * l)), terms=terms)
    place = tuple(
        int(each) for each in np.unravel_index(int(terms.values.nan_to_num().argmax()), losses.shape)
    )
    return place, terms, last


def _pairs(kind: PointwiseLoss, reading: Reading) -> Pairs:
    setting = reading[kind.setting] if kind.setting and reading.has(kind.setting) else 1.0
    given = (
        reading["input"],
        reading["target"],
        torch.as_tensor(setting, dtype=torch.float64),
        _weight(reading),
    )
    first, second, s, weight = torch.broadcast_tensors(*(each.double() for each in given))
    how = reduction_of(reading)
    divisor = {"mean": float(weight.numel()), "batchmean": float((weight.shape or (1,))[0])}.get(how, 1.0)
    divisor = float(weight.sum()) if _by_weight(kind, reading) else divisor
    return Pairs(kind, first, second, s, weight, divisor)


def _weight(reading: Reading) -> Tensor:
    return torch.ones(()) if reading.arguments.get("weight") is None else reading["weight"]


def _by_weight(kind: PointwiseLoss, reading: Reading) -> bool:
    """Whether the mean divides by the sum of the weights; with other losses it is by the number of pairs."""
    weighted = reading.arguments.get("weight") is not None and reduction_of(reading) == "mean"
    return weighted and kind.mean_by_weight


def _explain(kind: PointwiseLoss, reading: Reading, at: Index) -> Account:
    """One pair's loss, or all of them added up."""
    pairs, page = _pairs(kind, reading), DOCS.format(kind.page)
    losses, share = pairs.losses, pairs.weight / pairs.divisor
    rounding, formula = pairs.sizes * share.abs(), l.equals(_settled(pairs, kind.loss))
    if reduction_of(reading) == "none":
        steps = _weighed(pairs, losses, at)
        return Account(kind.what, formula, page, steps=steps, scale=float(rounding[at]))
    place, terms, last = dearest(losses, share)
    steps = (_one(pairs, losses, place[: losses.dim()], "one loss"), last)
    notes = (f"The first step shows the pair that costs most, at {place}.",) if losses.numel() > 1 else ()
    formula, scale = L.equals(summed(SHARE * l)).given(formula), float(rounding.sum())
    return Account(kind.what, formula, page, terms=terms, steps=steps, scale=scale, notes=notes)


def _settled(pairs: Pairs, formula: Formula) -> Formula:
    """Without the pieces that the setting rules out, where it is one for all pairs."""
    setting = {Symbol(pairs.kind.setting): float(pairs.s.flatten()[0])} if pairs.s.numel() else {}
    return chosen(formula, setting)


def _weighed(pairs: Pairs, losses: Tensor, at: Index) -> tuple[Step, ...]:
    """One pair's loss, and its weight where it has one."""
    weight = float(pairs.weight[at])
    if weight == 1.0:
        return (_one(pairs, losses, at, "output"),)
    one = _one(pairs, losses, at, "one loss")
    return one, Step("output", y.equals(WEIGHT * l), {WEIGHT: weight, l: one})


def _one(pairs: Pairs, losses: Tensor, at: Index, name: str) -> Step:
    numbers = (float(each[at]) for each in (pairs.x, pairs.t, pairs.s))
    values = dict(zip((x, t, Symbol(pairs.kind.setting)), numbers, strict=True))
    rule, value = l.equals(_settled(pairs, pairs.kind.worked or pairs.kind.loss)), float(losses[at])
    # torch has a number for ln 0 too
    told = None if math.isfinite(value) else value
    return Step(name, rule, values, instead=value, told=told)


def _gradient(kind: PointwiseLoss, reading: Reading, name: str, at: Index) -> Account:
    """The slope of the pair's loss, times what the pair counts, times what arrives."""
    if name not in kind.slopes and not (name == "weight" and kind.weight_learns):
        raise TraceError(f"torch has no gradient for the {name} of {reading.node.op}.")
    pairs = _pairs(kind, reading)
    if name == "weight":
        slope, share, size = _weight_slope(reading, pairs)
        known = l
    else:
        slope, share = pairs.of(kind.slopes[name]), pairs.weight / pairs.divisor
        size, known = pairs.of(kind.slope_sizes.get(name, kind.slopes[name])).abs(), kind.slopes[name]
    arriving = reading.output_gradient.double().expand(slope.shape)
    # Where the argument was stretched its number takes part in several pairs.
    own, front = reading.shape(name), slope.dim() - len(reading.shape(name))
    picked = (slice(None),) * front + tuple(
        place if length == slope.shape[front + axis] else slice(None)
        for axis, (place, length) in enumerate(zip(at, own, strict=True))
    )
    factors = {"gradient": arriving, "share": share.expand(slope.shape), "slope": slope}
    terms = product(("pair",), {}, **{each: tensor[picked].flatten() for each, tensor in factors.items()})
    scale = float((arriving * share * size).abs()[picked].sum())
    what = "How much the pair's loss changes with this number, times what the pair counts."
    rule = Symbol(f"d{name}").equals(summed(DL * SHARE * SLOPE))
    formula = rule.given(SLOPE.equals(_settled(pairs, known)))
    return Account(what, formula, DOCS.format(kind.page), terms=terms, scale=scale)


def _weight_slope(reading: Reading, pairs: Pairs) -> tuple[Tensor, Tensor, Tensor]:
    """By a weight: the pair's loss; where weights also stand below the fraction line, less the mean."""
    losses, size = pairs.losses, pairs.sizes
    mean = (
        (losses * pairs.weight).sum() / pairs.divisor
        if _by_weight(pairs.kind, reading)
        else torch.zeros(()).double()
    )
    return losses - mean, torch.ones(()).double() / pairs.divisor, size + mean.abs()


def _reach(kind: PointwiseLoss, reading: Reading, boxes: Boxes) -> dict[str, Boxes | list[Boxes]]:
    """A pair sees its own place, as far as the argument was not stretched; a mean sees everything."""
    names = ["input", "target", *(["weight"] if reading.arguments.get("weight") is not None else [])]
    names += ["pos_weight"] if kind.setting == "pos_weight" and reading.has("pos_weight") else []
    found = {name: whole(reading.shape(name), boxes) for name in names}
    if reduction_of(reading) == "none":
        for name in names:
            shape = reading.shape(name)
            for axis in (axis for axis, length in enumerate(shape) if length > 1):
                found[name][..., axis, :] = boxes[..., boxes.shape[-2] - len(shape) + axis, :]
    return {**found}


TAKES = {
    "binary_cross_entropy": Loss("probabilities", "numbers"),
    "binary_cross_entropy_with_logits": Loss("scores", "numbers", "sigmoid"),
    "kl_div": Loss("log-probabilities", "numbers"),
}
LOSSES = {
    name: Op(
        kind.signature,
        partial(_explain, kind),
        partial(_gradient, kind),
        free,
        partial(_reach, kind),
        role=Role.LOSS,
        loss=TAKES.get(name, Loss("numbers", "numbers")),
    )
    for name, kind in KINDS.items()
}
