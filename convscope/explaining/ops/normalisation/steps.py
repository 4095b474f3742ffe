"""Mean, variance, division, scale and shift: one normalised number, step by step."""

from dataclasses import dataclass

import torch
from torch import Tensor

from convscope.explaining.account import Step, Terms, product
from convscope.explaining.formula import Symbol, summed, symbols
from convscope.explaining.functions import sqrt
from convscope.explaining.ops.normalisation.grouping import Grouping, Region, places
from convscope.explaining.reading import Reading

x, xh, n, μ, σ, ε, q, r = symbols("x x̂ n μ σ ε q r")
MEAN, VARIANCE = μ.equals(summed(x) / n), σ**2
SQUARES = summed((x - μ) ** 2)


@dataclass(frozen=True)
class Statistics:
    """Mean and variance as a call used them.

    Attributes:
        steps: how they came about, up to the standard deviation.
        mean, deviation: the numbers; a root mean square has the mean 0.
        below: σ, or the root mean square r.
        size: how large numbers were on average before the mean was taken from them.
    """

    steps: tuple[Step, ...]
    mean: float
    deviation: float
    size: float
    below: Symbol = σ


def statistics(reading: Reading, layout: Grouping, region: Region, *, centred: bool) -> Statistics:
    """Of one group of numbers, or as they were stored."""
    if stored(reading):
        channel = region[1].start
        mean, variance = (float(reading[name][channel]) for name in ("running_mean", "running_var"))
        steps = (
            Step("mean", μ.given("stored"), {μ: mean}),
            Step("variance", VARIANCE.given("stored"), {VARIANCE: variance}),
        )
        return _with_deviation(reading, steps, mean, abs(mean))
    values = reading["input"][region].double()
    where = {"input": places(region)}
    if not centred:
        steps = (_mean_square(values, layout, where),)
        return _with_deviation(reading, steps, 0.0, 0.0)
    mean = mean_step(values, layout, where)
    return _with_deviation(
        reading, (mean, variance_step(values, mean.value, layout)), mean.value, float(values.abs().mean())
    )


def stored(reading: Reading) -> bool:
    """Whether the stored mean and variance are used: a batch or instance norm in evaluation."""
    return "training" in reading.arguments and not reading["training"]


def epsilon(reading: Reading) -> float:
    """What is added to the variance; where none is given it is the rounding step of the type."""
    given = reading["eps"]
    return float(torch.finfo(reading.value("input").dtype).eps if given is None else given)


def mean_step(values: Tensor, layout: Grouping, where: dict[str, Tensor]) -> Step:
    """Σx / n."""
    terms = Terms(values, layout.names, {"input": values}, where)
    return Step("mean", MEAN, {n: values.numel()}, terms)


def variance_step(values: Tensor, mean: float, layout: Grouping) -> Step:
    """Σ(x − μ)² / n: the biased one, by which a network divides."""
    return Step("variance", VARIANCE.equals(SQUARES / n), {n: values.numel()}, squares(values, mean, layout))


def squares(values: Tensor, mean: float, layout: Grouping) -> Terms:
    """(x − μ)² of each."""
    away = values - mean
    return product(layout.names, None, **{"x − μ": away, "x − μ again": away})


def _mean_square(values: Tensor, layout: Grouping, where: dict[str, Tensor]) -> Step:
    """Σx² / n."""
    terms = product(layout.names, where, **{"input": values, "input again": values})
    return Step("mean square", q.equals(summed(x**2) / n), {n: values.numel()}, terms)


def _with_deviation(reading: Reading, steps: tuple[Step, ...], mean: float, size: float) -> Statistics:
    """The last step: the root of the variance, which ε keeps away from zero."""
    before = steps[-1]
    square, below, name = (
        (q, r, "root mean square") if before.name == "mean square" else (VARIANCE, σ, "standard deviation")
    )
    root = Step(name, below.equals(sqrt(square + ε)), {square: before, ε: epsilon(reading)})
    return Statistics((*steps, root), mean, root.value, size, below)


def normalised_step(number: float, found: Statistics) -> Step:
    """(x − μ) / σ."""
    above = x if found.below is r else x - μ
    values = {x: number, μ: found.steps[0], found.below: found.steps[-1]}
    return Step("normalised", xh.equals(above / found.below), values)
