"""Many numbers to one: sum, mean, variance, product, cumulative sums, any and all."""

import math
from functools import partial

import torch

from convscope.explaining.boxes import Boxes, clip
from convscope.explaining.ops.moving import DOCS, Reach, free, passed_on
from convscope.explaining.ops.reducing import counted, goes_to, reduced, reduced_reach, sloped, window
from convscope.explaining.plain import (
    Account,
    Cost,
    Index,
    Op,
    Step,
    Terms,
    added_up,
    number,
    product,
    signed,
    written_out,
)
from convscope.explaining.reading import Reading
from convscope.shapes import elements

AXES = "input dim=None keepdim=False dtype=None"

# ---- sum and mean


def _explain_sum(reading: Reading, at: Index) -> Account:
    found = window(reading, at)
    terms = Terms(found.values, found.axes, {"input": found.values}, found.where)
    what = f"{counted(found):,} numbers are added up."
    return Account(what, "y = Σ x", written_out(terms), terms.result, DOCS.format("torch.sum"), terms=terms)


def _explain_mean(reading: Reading, at: Index) -> Account:
    found = window(reading, at)
    count = counted(found)
    share = torch.full_like(found.values, 1 / count if count else math.nan)
    terms = product(found.axes, found.where, input=found.values, share=share)
    what = f"The mean: {count:,} numbers are added up, each with the share 1/{count:,}."
    numbers = f"{number(added_up(found.values))} / {count:,} = {number(terms.result)}"
    return Account(what, "y = Σ x / n", numbers, terms.result, DOCS.format("torch.mean"), terms=terms)


def _sum_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - there is one argument
    return sloped(reading, at, 1.0, "dx = dy", "torch.sum")


def _mean_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - there is one argument
    count = _numbers(reading)
    return sloped(reading, at, 1 / count, "dx = dy / n", "torch.mean")


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
    mean = numbers.result / count
    off = found.values - mean
    squares = Terms(off * off, found.axes, {"deviation": off, "the same": off})
    divisor = max(count - _correction(reading), 0)
    result = float(torch.tensor(squares.result, dtype=torch.float64) / divisor)
    shown = f"{number(squares.result)} / {number(divisor)} = {number(result)}"
    code = f"Σ / {divisor!r}" if divisor else f"float('{result}')"
    steps = (
        Step(
            "μ",
            "μ = Σ x / n",
            f"{number(numbers.result)} / {count} = {number(mean)}",
            mean,
            f"math.fsum(terms) / {count}",
            numbers,
        ),
        Step("Σ", "Σ (x − μ)²", written_out(squares), squares.result, "math.fsum(terms)", squares),
        Step("variance", f"σ² = Σ / (n − {number(_correction(reading))})", shown, result, code),
    )
    # x − μ has lost digits where x is far from zero and near the mean: |x| and |μ| were subtracted.
    size = float((off.abs() * (found.values.abs() + abs(mean))).sum()) / max(divisor, 1e-300)
    return steps, size


def _explain_variance(reading: Reading, at: Index) -> Account:
    steps, scale = _variance(reading, at)
    what = "The variance: how far the numbers lie from their mean, squared, on average."
    last = steps[-1]
    docs = DOCS.format("torch.var")
    return Account(
        what, "σ² = Σ (x − μ)² / (n − correction)", last.numbers, last.value, docs, steps=steps, scale=scale
    )


def _explain_deviation(reading: Reading, at: Index) -> Account:
    steps, scale = _variance(reading, at)
    result = math.sqrt(steps[-1].value) if steps[-1].value >= 0 else math.nan
    shown = f"√{number(steps[-1].value)} = {number(result)}"
    root = Step("σ", "σ = √σ²", shown, result, "math.sqrt(variance)" if result == result else "math.nan")
    what = "The standard deviation: the square root of the variance."
    scale = scale / (2 * result) if result else scale
    docs = DOCS.format("torch.std")
    return Account(
        what, "σ = √(Σ (x − μ)² / (n − correction))", shown, result, docs, steps=(*steps, root), scale=scale
    )


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
    x, mean, variance = float(reading["input"][at]), steps[0].value, steps[-1].value
    divisor = _numbers(reading) - _correction(reading)
    size = (abs(x) + abs(mean)) / divisor  # x − μ loses digits where both are close
    if first == "var":
        return sloped(
            reading,
            at,
            2 * (x - mean) / divisor,
            "dx = dy·2·(x − μ) / (n − correction)",
            "torch.var",
            2 * size,
        )
    deviation = math.sqrt(variance)
    slope = (x - mean) / divisor / deviation if deviation else 0.0
    scale = size / deviation if deviation else None
    return sloped(
        reading, at, slope, "dx = dy·(x − μ) / (σ·(n − correction)), 0 where σ = 0", "torch.std", scale
    )


def one_a_number(reading: Reading) -> Cost:
    """Each number is squared and added."""
    count = elements(reading.shape("input"))
    return Cost(count, f"{'·'.join(map(str, reading.shape('input')))} = {count:,}")


# ---- product


def _explain_product(reading: Reading, at: Index) -> Account:
    found = window(reading, at)
    values = found.values.flatten().tolist()
    result = math.prod(values)
    shown = "·".join(signed(each) for each in values[:4]) + (
        f"·… ({len(values) - 4} more)" if len(values) > 4 else ""
    )
    code = f"math.prod({values!r})" if math.isfinite(result) else f"float('{result}')"
    step = Step("output", "y = Π x", f"{shown} = {number(result)}", result, code)
    what = f"{len(values):,} numbers are multiplied."
    scale = abs(result) * max(len(values), 1)  # every multiplication rounds, and the errors of all add up
    return Account(
        what, step.formula, step.numbers, result, DOCS.format("torch.prod"), steps=(step,), scale=scale
    )


def _product_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - one argument
    """The product of all others."""
    found = window(reading, goes_to(reading, at))
    mine = (found.places == torch.tensor(at)).all(dim=-1)
    others = math.prod(found.values[~mine].tolist())
    size = abs(others) * max(counted(found), 1)  # as many roundings as factors
    return sloped(reading, at, others, "dx = dy·Π (all other x)", "torch.prod", size)


# ---- cumulative sum


def _explain_cumsum(reading: Reading, at: Index) -> Account:
    axis = _along(reading)
    before = reading["input"].double()
    values = before[
        tuple(slice(0, place + 1) if each == axis else place for each, place in enumerate(at))
    ].reshape(-1)
    places = torch.tensor(at, dtype=torch.int64).repeat(len(values), 1)
    if at:
        places[:, axis] = torch.arange(len(values))
    terms = Terms(values, (f"axis {axis}",), {"input": values}, {"input": places} if at else {})
    what = f"The sum of all numbers up to this one along axis {axis}: {len(values)} of them."
    return Account(
        what,
        "y[i] = Σ x[k] for k ≤ i",
        written_out(terms),
        terms.result,
        DOCS.format("torch.cumsum"),
        terms=terms,
    )


def _cumsum_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - there is one argument
    axis = _along(reading)
    later = range(at[axis], reading.output_shape[axis]) if at else ()
    places = [(*at[:axis], place, *at[axis + 1 :]) for place in later] or [at]
    return passed_on(reading, torch.tensor(places, dtype=torch.int64), DOCS.format("torch.cumsum"))


def _along(reading: Reading) -> int:
    return int(reading.arguments["dim"]) % max(len(reading.shape("input")), 1)


def _cumsum_reach(reading: Reading, boxes: Boxes) -> Reach:
    found = clip(boxes, reading.output_shape)
    if found.shape[-2]:
        found[..., _along(reading), 0] = 0
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
    result = terms.result if truths.numel() else float(rule == "all")
    step = Step(
        "output",
        f"y = {rule}(x)",
        f"{int(truths.sum())} of {counted(found)} are true: {number(result)}",
        result,
        f"float({rule}(terms))",
        terms,
    )
    what = "True where one number is not 0." if rule == "any" else "True where no number is 0."
    return Account(what, step.formula, step.numbers, result, DOCS.format(f"torch.{rule}"), steps=(step,))


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
