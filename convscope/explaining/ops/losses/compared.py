"""Losses that compare number with number, pair by pair; mean and sum weigh the pairs and add them up.

Which losses there are, with their formulas: `loss_kinds.py`.
"""

from functools import partial

import numpy as np
import torch
from torch import Tensor

from convscope.errors import TraceError
from convscope.explaining.boxes import Boxes, whole
from convscope.explaining.op import Loss, Role
from convscope.explaining.ops.losses.kinds import KINDS, Pairs, PointwiseLoss
from convscope.explaining.plain import (
    Account,
    Cost,
    Index,
    Op,
    Step,
    Terms,
    number,
    product,
    signed,
    written_out,
)
from convscope.explaining.reading import Reading
from convscope.shapes import AXES

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
    code = "math.fsum(s * l for s, l in zip(share, loss))"
    last = Step("output", "L = Σ share·l", written_out(terms), terms.result, code)
    place = tuple(
        int(each) for each in np.unravel_index(int(terms.values.nan_to_num().argmax()), losses.shape)
    )
    return place, terms, last


def free(reading: Reading) -> Cost:  # noqa: ARG001
    """Element by element: nothing that counts as a multiply-add."""
    return Cost(0)


def _pairs(kind: PointwiseLoss, reading: Reading) -> Pairs:
    setting = reading[kind.setting] if kind.setting and reading.has(kind.setting) else 1.0
    given = (
        reading["input"],
        reading["target"],
        torch.as_tensor(setting, dtype=torch.float64),
        _weight(reading),
    )
    x, t, s, weight = torch.broadcast_tensors(*(each.double() for each in given))
    how = reduction_of(reading)
    divisor = {"mean": float(x.numel()), "batchmean": float((x.shape or (1,))[0])}.get(how, 1.0)
    return Pairs(x, t, s, weight, float(weight.sum()) if _by_weight(kind, reading) else divisor)


def _weight(reading: Reading) -> Tensor:
    return torch.ones(()) if reading.arguments.get("weight") is None else reading["weight"]


def _by_weight(kind: PointwiseLoss, reading: Reading) -> bool:
    """Whether the mean divides by the sum of the weights; with other losses it is by the number of pairs."""
    weighted = reading.arguments.get("weight") is not None and reduction_of(reading) == "mean"
    return weighted and kind.mean_by_weight


def _explain(kind: PointwiseLoss, reading: Reading, at: Index) -> Account:
    """One pair's loss, or all of them added up."""
    pairs, page = _pairs(kind, reading), DOCS.format(kind.page)
    losses, share = kind.loss(pairs), pairs.weight / pairs.divisor
    rounding = (kind.size or kind.loss)(pairs).abs() * share.abs()
    if reduction_of(reading) == "none":
        steps, scale = _weighed(kind, pairs, at), float(rounding[at])
        return Account(
            kind.what, kind.formula, steps[-1].numbers, steps[-1].value, page, steps=steps, scale=scale
        )
    place, terms, last = dearest(losses, share)
    steps = (_one(kind, pairs, place[: losses.dim()], "one loss"), last)
    notes = (f"The first step shows the pair that costs most, at {place}.",) if losses.numel() > 1 else ()
    formula, scale = f"L = Σ share·l   with {kind.formula}", float(rounding.sum())
    return Account(
        kind.what, formula, last.numbers, last.value, page, terms, steps=steps, scale=scale, notes=notes
    )


def _weighed(kind: PointwiseLoss, pairs: Pairs, at: Index) -> tuple[Step, ...]:
    """One pair's loss, and its weight where it has one."""
    weight = float(pairs.weight[at])
    if weight == 1.0:
        return (_one(kind, pairs, at, "output"),)
    one = _one(kind, pairs, at, "one loss")
    text = f"{number(weight)}·{signed(one.value)} = {number(weight * one.value)}"
    return one, Step("output", "y = weight·l", text, weight * one.value, f"{weight!r} * one_loss")


def _one(kind: PointwiseLoss, pairs: Pairs, at: Index, name: str) -> Step:
    x, t, s = (float(each[at]) for each in pairs[:3])
    value = float(kind.loss(pairs)[at])
    setting = f", {kind.setting} = {number(s)}" if kind.setting else ""
    text = f"{number(value)}   for x = {number(x)}, t = {number(t)}{setting}"
    return Step(name, kind.formula, text, value, f"(lambda x, t, s: {kind.code})({x!r}, {t!r}, {s!r})")


def _gradient(kind: PointwiseLoss, reading: Reading, name: str, at: Index) -> Account:
    """The slope of the pair's loss, times what the pair counts, times what arrives."""
    if name not in kind.slopes and not (name == "weight" and kind.weight_learns):
        raise TraceError(f"torch has no gradient for the {name} of {reading.node.op}.")
    pairs = _pairs(kind, reading)
    if name == "weight":
        slope, share, size = _weight_slope(kind, reading, pairs)
    else:
        slope, share = kind.slopes[name](pairs), pairs.weight / pairs.divisor
        size = kind.slope_sizes.get(name, kind.slopes[name])(pairs).abs()
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
    formula = f"d{name} = Σ dL·share·∂l/∂{name}   with {kind.formula}"
    return Account(
        what, formula, written_out(terms), terms.result, DOCS.format(kind.page), terms, scale=scale
    )


def _weight_slope(kind: PointwiseLoss, reading: Reading, pairs: Pairs) -> tuple[Tensor, Tensor, Tensor]:
    """By a weight: the pair's loss; where weights also stand below the fraction line, less the mean."""
    losses, size = kind.loss(pairs), (kind.size or kind.loss)(pairs).abs()
    mean = (
        (losses * pairs.weight).sum() / pairs.divisor
        if _by_weight(kind, reading)
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
