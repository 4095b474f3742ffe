"""Mean, variance, division, scale and shift: one normalised number, step by step."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from convscope.explaining.ops.normalise_layout import Layout, Region, places
from convscope.explaining.plain import Step, Terms, number, product, signed
from convscope.explaining.reading import Reading


@dataclass(frozen=True)
class Statistics:
    """Mean and variance as a call used them.

    Attributes:
        steps: how they came about, up to the standard deviation.
        mean, deviation: the numbers; a root mean square has the mean 0.
        size: how large numbers were on average before the mean was taken from them.
    """

    steps: tuple[Step, ...]
    mean: float
    deviation: float
    size: float


def statistics(reading: Reading, layout: Layout, region: Region, *, centred: bool) -> Statistics:
    """Of one group of numbers, or as they were stored."""
    if stored(reading):
        channel = region[1].start
        mean, variance = (float(reading[name][channel]) for name in ("running_mean", "running_var"))
        steps = (
            Step("mean", "μ: stored", number(mean), mean, repr(mean)),
            Step("variance", "σ²: stored", number(variance), variance, repr(variance)),
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


def mean_step(values: Tensor, layout: Layout, where: dict[str, Tensor]) -> Step:
    """Σx / n."""
    terms = Terms(values, layout.names, {"input": values}, where)
    n, total = values.numel(), terms.result
    return Step(
        "mean",
        "μ = Σx / n",
        f"{number(total)} / {n:,} = {number(total / n)}",
        total / n,
        f"math.fsum(terms) / {n}",
        terms,
    )


def variance_step(values: Tensor, mean: float, layout: Layout) -> Step:
    """Σ(x − μ)² / n: the biased one, by which a network divides."""
    away = values - mean
    terms = product(layout.names, None, **{"x − μ": away, "x − μ again": away})
    n, total = values.numel(), terms.result
    numbers = f"{number(total)} / {n:,} = {number(total / n)}"
    return Step("variance", "σ² = Σ(x − μ)² / n", numbers, total / n, f"math.fsum(terms) / {n}", terms)


def _mean_square(values: Tensor, layout: Layout, where: dict[str, Tensor]) -> Step:
    """Σx² / n."""
    terms = product(layout.names, where, **{"input": values, "input again": values})
    n, total = values.numel(), terms.result
    numbers = f"{number(total)} / {n:,} = {number(total / n)}"
    return Step("mean square", "q = Σx² / n", numbers, total / n, f"math.fsum(terms) / {n}", terms)


def _with_deviation(reading: Reading, steps: tuple[Step, ...], mean: float, size: float) -> Statistics:
    """The last step: the root of the variance, which ε keeps away from zero."""
    eps, before = epsilon(reading), steps[-1]
    value = math.sqrt(before.value + eps)
    root = before.name == "mean square"
    name, formula = ("root mean square", "r = √(q + ε)") if root else ("standard deviation", "σ = √(σ² + ε)")
    numbers = f"√({number(before.value)} + {number(eps)}) = {number(value)}"
    code = f"math.sqrt({before.name.replace(' ', '_')} + {eps!r})"
    return Statistics((*steps, Step(name, formula, numbers, value, code)), mean, value, size)


def normalised_step(x: float, found: Statistics) -> Step:
    """(x − μ) / σ."""
    last = found.steps[-1]
    value = (x - found.mean) / found.deviation
    divisor = last.name.replace(" ", "_")
    if last.name == "root mean square":
        return Step(
            "normalised",
            "x̂ = x / r",
            f"{number(x)} / {number(last.value)} = {number(value)}",
            value,
            f"{x!r} / {divisor}",
        )
    numbers = f"({number(x)} − {signed(found.mean)}) / {number(last.value)} = {number(value)}"
    return Step("normalised", "x̂ = (x − μ) / σ", numbers, value, f"({x!r} - mean) / {divisor}")
