"""Cross-entropy: how surprised a network is by the true class."""

from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from convscope.errors import TraceError
from convscope.explaining.account import Account, Index, Step, Terms, product, written
from convscope.explaining.boxes import Boxes, whole
from convscope.explaining.formula import Formula, Known, Symbol, summed, symbols
from convscope.explaining.functions import call, ln
from convscope.explaining.op import Loss, Op, Role, free
from convscope.explaining.ops.losses.compared import dearest, reduction_of, sample_axes
from convscope.explaining.ops.reducing.softmax import Shares, first_steps, log_scale, shares_of
from convscope.explaining.reading import Reading
from convscope.explaining.rendering.python import python
from convscope.explaining.rendering.words import number
from convscope.explaining.working import put

x, p, l, n, m, S, t, c = symbols("x p l n m S t c")  # noqa: E741
L, DL, DX, DT, DWEIGHT, SHARE, MASS = symbols("L dL dx dt dweight share mass")
TARGET, WEIGHT, TRUE = *symbols("target weight"), Symbol("true class")
SURPRISE = -ln(p)
BY_LOGARITHMS = summed(TARGET * SURPRISE)
BY_LOGITS = summed(TARGET * (m - x + ln(S)))
DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.{}.html"
PAGES = {"cross_entropy": "CrossEntropyLoss", "nll_loss": "NLLLoss"}


class Parts(NamedTuple):
    """A loss with its parts, float64; an input without a sample axis has got one.

    Attributes:
        shares: the softmax of the logits, (N, C, …); None for nll_loss, which takes logarithms.
        surprise: −ln p, (N, C, …).
        target: what each surprise counts: 1 for the true class, or as smoothed and weighted, (N, C, …).
        divisor: what the sum is divided by: 1, or for the mean the weights of all targets.
        rounding: what the rounding of a surprise is measured against, (N, C, …).
        smoothed: the target before the class weights, (N, C, …).
    """

    shares: Shares | None
    surprise: Tensor
    target: Tensor
    divisor: float
    rounding: Tensor
    smoothed: Tensor

    @property
    def losses(self) -> Tensor:
        """The loss of every position, (N, …); what does not count costs nothing, not even if impossible."""
        return torch.where(self.target == 0, 0.0, self.target * self.surprise).sum(1)


def _parts(reading: Reading) -> Parts:
    numbers, target = reading["input"], reading["target"]
    if numbers.dim() == 1:
        numbers, target = numbers[None], target[None]
    classes = numbers.shape[1]
    weight = reading["weight"].double() if reading.has("weight") else torch.ones(classes).double()
    wide = weight.reshape(1, classes, *[1] * (numbers.dim() - 2))
    smoothing = float(reading["label_smoothing"]) if reading.node.op == "cross_entropy" else 0.0
    if target.is_floating_point():
        kept, likely = torch.ones_like(target[:, 0], dtype=torch.bool), target.double()
        counts = kept.double()
    else:
        kept = target != int(reading["ignore_index"])
        likely = F.one_hot(target.where(kept, 0), classes).movedim(-1, 1).double()
        counts = weight[target.where(kept, 0)] * kept
    smoothed = (likely * (1 - smoothing) + smoothing / classes) * kept[:, None]
    divisor = float(counts.sum()) if reduction_of(reading) == "mean" else 1.0
    if reading.node.op == "nll_loss":
        surprise = -numbers.double()
        return Parts(None, surprise, wide * smoothed, divisor, surprise.abs(), smoothed)
    shares = shares_of(numbers, axis=1)
    surprise = shares.largest - shares.numbers + shares.total.log()
    return Parts(shares, surprise, wide * smoothed, divisor, log_scale(shares, axis=1), smoothed)


def _explain(reading: Reading, at: Index) -> Account:
    """Σ target·(−ln p), of one position or of all."""
    parts = _parts(reading)
    page = DOCS.format(PAGES[reading.node.op])
    rounding = torch.where(parts.target == 0, 0.0, parts.target * parts.rounding).abs().sum(1)
    if reduction_of(reading) == "none":
        place = at or (0,)
        steps, terms = _position(parts, place, "output")
        return Account(WHAT, ONE, page, terms=terms, steps=steps, scale=float(rounding[place]))
    losses = parts.losses
    place, terms, last = dearest(losses, torch.full_like(losses, 1 / _nonzero(parts.divisor)))
    steps = (*_position(parts, place, "one loss")[0], last)
    shown = f"The steps show the position with the largest loss, {place}; the last one adds up all of them."
    scale = float((rounding / _nonzero(parts.divisor)).sum())
    notes = (shown,) if losses.numel() > 1 else ()
    return Account(WHAT, _formula(reading), page, terms=terms, steps=steps, scale=scale, notes=notes)


def _formula(reading: Reading) -> Formula:
    if reduction_of(reading) != "mean":
        return L.equals(summed(l)).given(OF_ONE)
    by_weight = reading.has("weight") and not reading["target"].is_floating_point()
    return L.equals(summed(l) / (summed(WEIGHT[TRUE]) if by_weight else n)).given(OF_ONE)


def _nonzero(divisor: float) -> float:
    """Without a target that counts torch divides 0 by 0; so does this."""
    return divisor or float("nan")


def _position(parts: Parts, place: Index, name: str) -> tuple[tuple[Step, ...], Terms]:
    """The loss of one position in steps."""
    sample, *space = place
    own = (sample, slice(None), *space)
    target, surprise = parts.target[own], parts.surprise[own]
    counting = target.nonzero().flatten().tolist()
    terms = product(("class",), {}, target=target[counting], surprise=surprise[counting])
    if parts.shares is None:
        return (Step(name, l.equals(BY_LOGARITHMS), terms=terms),), terms
    first = first_steps(Shares(*(field[own] for field in parts.shares)), name="logits")
    pairs = ", ".join(f"({float(target[each])!r}, {each})" for each in counting)
    largest, total = (step.known for step in first)
    each = put(BY_LOGITS.body, {m: largest, S: total, TARGET: t, x: Known(0.0, x, "logits[c]")})
    added = Known(terms.result, written(terms), f"math.fsum({python(each)} for t, c in [{pairs}])")
    return (*first, Step(name, l.equals(BY_LOGITS), {BY_LOGITS: added})), terms


def _gradient(reading: Reading, name: str, at: Index) -> Account:
    """dL/d(logit) = p − target, for every position, times its share of the loss."""
    if name == "weight" and not reading["target"].is_floating_point():
        raise TraceError(
            "torch has no gradient for the class weights of this loss.\n"
            "  Give the targets as probabilities if the weights shall be trained."
        )
    parts = _parts(reading)
    if name == "weight":
        return _weight_gradient(reading, parts, at[0])
    place = at if len(reading.shape("input")) > 1 else (0, *at)
    sample, chosen, *space = place
    arriving = reading.output_gradient
    arriving = float(arriving[(sample, *space)] if arriving.dim() else arriving)
    share = 1 / parts.divisor if parts.divisor else 0.0  # nothing counted, nothing is learned
    weight = float(reading["weight"][chosen]) if reading.has("weight") else 1.0
    pieces, rounding, what, formula = _slope(reading, parts, name, place, weight)
    slopes = torch.tensor(pieces, dtype=torch.float64)
    constants = {"gradient": torch.full_like(slopes, arriving), "share": torch.full_like(slopes, share)}
    terms = product(("part",), {}, **constants, slope=slopes)
    scale = abs(arriving) * share * rounding
    page = DOCS.format(PAGES[reading.node.op])
    return Account(what, formula, page, terms=terms, scale=scale)


def _slope(
    reading: Reading, parts: Parts, name: str, place: Index, weight: float
) -> tuple[list[float], float, str, Formula]:
    """What one number's change does to its position's loss: the parts, their rounding, and words."""
    target = float(parts.target[place])
    if name == "target":
        kept = weight * (1 - float(reading["label_smoothing"]))
        rounding = abs(kept) * float(parts.rounding[place])
        what = "More probability for a class costs what this class's surprise is."
        return (
            [kept * float(parts.surprise[place])],
            rounding,
            what,
            DT.equals(DL * SHARE * WEIGHT * SURPRISE),
        )
    if parts.shares is None:
        what = "Only the logarithms of classes that count take part."
        return [-target], abs(target), what, DX.equals(-DL * SHARE * TARGET)
    sample, _, *space = place
    mass = float(parts.target[(sample, slice(None), *space)].sum())
    share, loss = float(parts.shares.shares[place]), float(parts.shares.loss[place])
    what = (
        f"What the network said ({number(share)}) less what is true ({number(target)}): the logit of the "
        "true class is pushed up, all others down."
    )
    # A share carries the relative error of its power and its sum.
    formula = DX.equals(DL * SHARE * (p - TARGET))
    if abs(mass - 1) > 1e-6:
        formula = DX.equals(DL * SHARE * (p * MASS - TARGET)).given(MASS.equals(summed(TARGET)))
    return [share * mass, -target], abs(share * mass) * loss + abs(target), what, formula


def _weight_gradient(reading: Reading, parts: Parts, chosen: int) -> Account:
    """The weight of a class counts its surprise everywhere."""
    surprise, smoothed = parts.surprise[:, chosen], parts.smoothed[:, chosen]
    arriving = reading.output_gradient.double().reshape(-1, *[1] * (surprise.dim() - 1))
    arriving = (arriving if reading.output_gradient.dim() == 0 else reading.output_gradient.double()).expand(
        surprise.shape
    ) / _nonzero(parts.divisor)
    terms = product(sample_axes(surprise.dim()), {}, gradient=arriving, target=smoothed, surprise=surprise)
    scale = float((arriving * smoothed * parts.rounding[:, chosen]).abs().sum())
    what = "The weight of a class multiplies its surprise at every position."
    page = DOCS.format(PAGES[reading.node.op])
    formula = DWEIGHT.equals(summed(DL * TARGET * SURPRISE))
    return Account(what, formula, page, terms=terms, scale=scale)


def _reach(reading: Reading, boxes: Boxes) -> dict[str, Boxes | list[Boxes]]:
    """A position's loss depends on all classes there; a reduced one on everything."""
    names = [name for name in ("input", "target", "weight") if reading.has(name)]
    found = {name: whole(reading.shape(name), boxes) for name in names}
    if reduction_of(reading) != "none" or not boxes.shape[-2]:
        return {**found}
    for name in ("input", "target"):
        if found[name].shape[-2] == boxes.shape[-2]:  # class indices, one a position
            found[name][...] = boxes
        else:
            found[name][..., 0, :], found[name][..., 2:, :] = boxes[..., 0, :], boxes[..., 1:, :]
    return {**found}


WHAT = (
    "Softmax makes shares of the logits. The loss is the surprise −ln p at the share of the true class: 0 "
    "where the network was certain and right."
)
OF_ONE = l.equals(summed(TARGET[c] * -ln(p[c])))
ONE = OF_ONE.given(p.equals(call("softmax")(x)))
CROSS_ENTROPY, NLL_LOSS = (
    Op(
        f"input target weight=None size_average=None ignore_index=-100 reduce=None reduction=mean{more}",
        _explain,
        _gradient,
        free,
        _reach,
        role=Role.LOSS,
        loss=Loss("log-probabilities", "classes"),
    )
    for more in (" label_smoothing=0", "")
)
CROSS_ENTROPY = replace(CROSS_ENTROPY, drawing="shares", loss=Loss("scores", "classes", "log_softmax"))
