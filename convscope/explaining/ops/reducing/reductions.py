"""Many numbers to one: sum, mean, variance, product, cumulative sums, any and all."""

import math
from functools import partial

import torch

from convscope.explaining.account import Account, Index, Step, Terms
from convscope.explaining.boxes import Boxes, clip
from convscope.explaining.formula import (
    Formula,
    Known,
    More,
    Number,
    largest,
    multiplied,
    smallest_of,
    summed,
    symbols,
    times,
    where,
)
from convscope.explaining.functions import maximum, sqrt
from convscope.explaining.op import Cost, Op, free
from convscope.explaining.ops.moves.moving import DOCS, Reach, passed_on
from convscope.explaining.ops.reducing.reducing import (
    counted,
    goes_to,
    reduced,
    reduced_reach,
    sloped,
    window,
)
from convscope.explaining.reading import Reading
from convscope.explaining.working import Worked

AXES = "input dim=None keepdim=False dtype=None"
WRITTEN = 4  # factors of a product that are written out
x, y, dx, dy, n, i, k, μ, σ, S = symbols("x y dx dy n i k μ σ Σ")
(correction,) = symbols("correction")
MEAN = summed(x) / n
SQUARES, LEFT = summed((x - μ) ** 2), n - correction

# ---- sum and mean


def _explain_sum(reading: Reading, at: Index) -> Account:
    found = window(reading, at)
    terms = Terms(found.values, found.axes, {"input": found.values}, found.where)
    what = f"{counted(found):,} numbers are added up."
    return Account(what, y.equals(summed(x)), DOCS.format("torch.sum"), terms=terms)


def _explain_mean(reading: Reading, at: Index) -> Account:
    found = window(reading, at)
    count = counted(found)
    terms = Terms(found.values, found.axes, {"input": found.values}, found.where)
    step = Step("output", y.equals(MEAN), {n: count}, terms, instead=math.nan)
    what = f"The mean: {count:,} numbers are added up, and the sum is divided by {count:,}."
    scale = terms.size / max(count, 1)
    return Account(what, step.formula, DOCS.format("torch.mean"), terms=terms, steps=(step,), scale=scale)


def _sum_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - there is one argument
    return sloped(reading, at, dx.equals(dy), "torch.sum")


def _mean_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - there is one argument
    return sloped(reading, at, dx.equals(dy / n), "torch.mean", {n: _numbers(reading)})


def _numbers(reading: Reading) -> int:
    """How many numbers make one output."""
    shape = reading.shape("input")
    return math.prod(shape[axis] for axis in reduced(reading))


# ---- variance and standard deviation


def _correction(reading: Reading) -> float:
    """What is taken off n: 1 unless something else is asked for."""
    given = reading.arguments
    unbiased = given["dim"] if isinstance(given["dim"], bool) else given["unbiased"]
    if given["correction"] is not None:
        return given["correction"]
    return 0 if unbiased is False else 1


def _variance(reading: Reading, at: Index) -> tuple[tuple[Step, ...], float]:
    """Mean, sum of squares and variance, line by line; and what rounding errors are measured against."""
    found = window(reading, at)
    count = counted(found)
    numbers = Terms(found.values, found.axes, {"input": found.values}, found.where)
    mean = Step("μ", μ.equals(MEAN), {n: count}, numbers, instead=math.nan)
    off = found.values - mean.value
    squares = Terms(off * off, found.axes, {"deviation": off, "the same": off})
    summing = Step("Σ", SQUARES, {}, squares)
    taken = _correction(reading)
    divisor = LEFT if taken <= count else maximum(LEFT, 0)
    instead = math.inf if squares.result > 0 else math.nan
    last = Step(
        "variance", (σ**2).equals(S / divisor), {S: summing, n: count, correction: taken}, instead=instead
    )
    # x − μ has lost digits where x is far from zero and near the mean: |x| and |μ| were subtracted.
    size = float((off.abs() * (found.values.abs() + abs(mean.value))).sum()) / max(count - taken, 1e-300)
    return (mean, summing, last), size


def _explain_variance(reading: Reading, at: Index) -> Account:
    steps, scale = _variance(reading, at)
    what = "The variance: how far the numbers lie from their mean, squared, on average."
    return Account(what, (σ**2).equals(SQUARES / LEFT), DOCS.format("torch.var"), steps=steps, scale=scale)


def _explain_deviation(reading: Reading, at: Index) -> Account:
    steps, scale = _variance(reading, at)
    root = Step("σ", σ.equals(sqrt(σ**2)), {σ**2: steps[-1]})
    what = "The standard deviation: the square root of the variance."
    scale = scale / (2 * root.value) if root.value else scale
    formula, docs = σ.equals(sqrt(SQUARES / LEFT)), DOCS.format("torch.std")
    return Account(what, formula, docs, steps=(*steps, root), scale=scale)


def _moments(reading: Reading, at: Index, first: str) -> Account:
    """`var_mean` and `std_mean` have two outputs."""
    if reading.which == 1:
        return _explain_mean(reading, at)
    return _explain_variance(reading, at) if first == "var" else _explain_deviation(reading, at)


def _moments_gradient(reading: Reading, name: str, at: Index, first: str) -> Account:
    if reading.which == 1:
        return _mean_gradient(reading, name, at)
    place = goes_to(reading, at)
    steps, _ = _variance(reading, place)
    own, mean, deviation = float(reading["input"][at]), steps[0].value, math.sqrt(steps[-1].value)
    count, taken = _numbers(reading), _correction(reading)
    values = {x: own, μ: mean, σ: deviation, n: count, correction: taken}
    size = (abs(own) + abs(mean)) / (count - taken)  # x − μ loses digits where both are close
    if first == "var":
        return sloped(reading, at, dx.equals(dy * (2 * (x - μ) / LEFT)), "torch.var", values, 2 * size)
    formula = dx.equals(where(σ > 0, dy * ((x - μ) / (σ * LEFT)), 0))
    return sloped(reading, at, formula, "torch.std", values, size / deviation if deviation else None)


def one_a_number(reading: Reading) -> Cost:
    """Each number is squared and added."""
    return Cost(Worked(times(*(reading.shape("input") or (1,))), {}))


# ---- product


def _explain_product(reading: Reading, at: Index) -> Account:
    found = window(reading, at)
    values = found.values.flatten().tolist()
    result = math.prod(values)
    shown: list[Formula] = [*map(Number, values[:WRITTEN] or [1.0])]
    if len(values) > WRITTEN:
        shown.append(More(len(values) - WRITTEN, math.prod(values[WRITTEN:])))
    rule = multiplied(x)
    step = Step("output", y.equals(rule), {rule: Known(result, times(*shown), f"math.prod({values!r})")})
    what = f"{len(values):,} numbers are multiplied."
    scale = abs(result) * max(len(values), 1)  # every multiplication rounds, and the errors of all add up
    return Account(what, step.formula, DOCS.format("torch.prod"), steps=(step,), scale=scale)


def _product_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - one argument
    """The product of all others."""
    found = window(reading, goes_to(reading, at))
    mine = (found.places == torch.tensor(at)).all(dim=-1)
    others = math.prod(found.values[~mine].tolist())
    size, rule = abs(others) * max(counted(found), 1), multiplied(x)  # as many roundings as factors
    formula = dx.equals(dy * rule).given("over all other x")
    return sloped(reading, at, formula, "torch.prod", {rule: others}, size)


# ---- cumulative sum


def _explain_cumsum(reading: Reading, at: Index) -> Account:
    axis = reading.axis
    before = reading["input"].double()
    values = before[
        tuple(slice(0, place + 1) if each == axis else place for each, place in enumerate(at))
    ].reshape(-1)
    places = torch.tensor(at, dtype=torch.int64).repeat(len(values), 1)
    if at:
        places[:, axis] = torch.arange(len(values))
    terms = Terms(values, (f"axis {axis}",), {"input": values}, {"input": places} if at else {})
    what = f"The sum of all numbers up to this one along axis {axis}: {len(values)} of them."
    formula = y[i].equals(summed(x[k])).given("for k ≤ i")
    return Account(what, formula, DOCS.format("torch.cumsum"), terms=terms)


def _cumsum_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - there is one argument
    axis = reading.axis
    later = range(at[axis], reading.output_shape[axis]) if at else ()
    places = [(*at[:axis], place, *at[axis + 1 :]) for place in later] or [at]
    return passed_on(reading, torch.tensor(places, dtype=torch.int64), DOCS.format("torch.cumsum"))


def _cumsum_reach(reading: Reading, boxes: Boxes) -> Reach:
    found = clip(boxes, reading.output_shape)
    if found.shape[-2]:
        found[..., reading.axis, 0] = 0
    return {"input": found}


# ---- any and all


def _explain_truth(reading: Reading, at: Index, rule: str) -> Account:
    found = window(reading, at)
    truths = (found.values != 0).double()
    terms = Terms(
        truths,
        found.axes,
        {"input ≠ 0": truths},
        {"input ≠ 0": found.places} if found.where else {},
        "max" if rule == "any" else "min",
    )
    none = Step("output", y.equals(int(rule == "all")))  # there are no numbers
    one = Step("output", y.equals((largest if rule == "any" else smallest_of)(x.is_not(0))), {}, terms)
    step = one if truths.numel() else none
    what = "True where one number is not 0." if rule == "any" else "True where no number is 0."
    notes = (f"{int(truths.sum())} of {counted(found)} are true.",)
    return Account(what, step.formula, DOCS.format(f"torch.{rule}"), steps=(step,), notes=notes)


def _moments_op(first: str) -> Op:
    explain, gradient = partial(_moments, first=first), partial(_moments_gradient, first=first)
    signature = "input dim=None unbiased=None keepdim=False correction=None"
    return Op(signature, explain, gradient, one_a_number, reduced_reach)


OPS: dict[str, Op] = {
    "sum": Op(AXES, _explain_sum, _sum_gradient, free, reduced_reach),
    "mean": Op(AXES, _explain_mean, _mean_gradient, free, reduced_reach),
    **dict.fromkeys(("var", "var_mean"), _moments_op("var")),
    **dict.fromkeys(("std", "std_mean"), _moments_op("std")),
    "prod": Op(AXES, _explain_product, _product_gradient, free, reduced_reach),
    "cumsum": Op("input dim=0", _explain_cumsum, _cumsum_gradient, free, _cumsum_reach),
    "any": Op(AXES, partial(_explain_truth, rule="any"), None, free, reduced_reach),
    "all": Op(AXES, partial(_explain_truth, rule="all"), None, free, reduced_reach),
}
