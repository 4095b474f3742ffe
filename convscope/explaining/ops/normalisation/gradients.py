"""Normalisation backward: a number moves the mean and the variance of all that is normalised with it."""

import math

import torch
from torch import Tensor

from convscope.explaining.account import Account, Index, Step, Terms, product
from convscope.explaining.formula import Formula, Number, summed, symbols
from convscope.explaining.ops.elementwise.curve import smallest
from convscope.explaining.ops.normalisation.grouping import Grouping, Region, places
from convscope.explaining.ops.normalisation.steps import (
    Statistics,
    epsilon,
    n,
    normalised_step,
    statistics,
    stored,
    xh,
)
from convscope.explaining.reading import Reading

dx, dy, dγ, dβ, g, γ, m1, m2 = symbols("dx dy dγ dβ g γ m₁ m₂")


def input_gradient(reading: Reading, layout: Grouping, at: Index, source: str, *, centred: bool) -> Account:
    """d(score)/d(one number of the input)."""
    region = layout.together(at)
    found = statistics(reading, layout, region, centred=centred)
    x, above = float(reading["input"][at]), float(reading.output_gradient[at])
    weight = _weight(reading, layout, region)
    own = 1.0 if weight is None else float(reading["weight"][layout.affine_place(at)])
    arriving = Step("g", g.equals(dy * γ), {dy: above, γ: own})
    below = {g: arriving, found.below: found.steps[-1]}
    if stored(reading):
        last = Step("gradient", dx.equals(g / found.below), below)
        what = "Mean and variance were stored, so the gradient is only scaled."
        scale = max(abs(last.value), smallest(reading.output_value.dtype))
        return Account(what, last.formula, source, steps=(*found.steps, arriving, last), scale=scale)
    normalised = normalised_step(x, found)
    means, sizes = _mean_steps(reading, layout, region, found, weight, centred=centred)
    above = g - xh * m2 if len(means) == 1 else g - m1 - xh * m2
    values = below | {xh: normalised, m2: means[-1], m1: means[0]}
    last = Step("gradient", dx.equals(above / found.below), values)
    # x̂ lost the digits of what the mean was taken from: its size is (|x| + mean |x|)/σ, not |x̂|.
    size = (
        abs(arriving.value) + sizes[0] + (abs(x) + found.size) / found.deviation * sizes[1]
    ) / found.deviation
    what = (
        "This number also moves the mean and the variance that everything beside it is normalised with: "
        "what all of these gradients have in common is taken off."
        if centred
        else "This number also moves the root mean square that everything beside it is divided by."
    )
    steps = (*found.steps, normalised, arriving, *means, last)
    scale = max(size, smallest(reading.output_value.dtype))
    return Account(what, last.formula, source, steps=steps, scale=scale)


def weight_gradient(reading: Reading, layout: Grouping, at: Index, source: str, *, centred: bool) -> Account:
    """d(score)/d(one weight): every gradient times the normalised number that the weight scaled."""
    region, block = layout.sharing(at), layout.block(at)
    normalised, size = _normalised(reading, layout, block, centred=centred)
    inside = tuple(
        slice(part.start - outer.start, part.stop - outer.start)
        for part, outer in zip(region, block, strict=True)
    )
    above = reading.output_gradient[region].double()
    terms = product(layout.names, {"gradient": places(region)}, gradient=above, **{"x̂": normalised[inside]})
    what = "The weight scales these normalised numbers: each brings its gradient times itself."
    scale = max(float((above.abs() * size[inside]).sum()), smallest(reading.output_value.dtype))
    return Account(what, dγ.equals(summed(dy * xh)), source, terms=terms, scale=scale)


def bias_gradient(reading: Reading, layout: Grouping, at: Index, source: str) -> Account:
    """d(score)/d(one bias): the sum of the gradients of the numbers that it was added to."""
    region = layout.sharing(at)
    above = reading.output_gradient[region].double()
    terms = Terms(above, layout.names, {"gradient": above}, {"gradient": places(region)})
    what = "The bias was added to each of these numbers, so it gets the sum of their gradients."
    return Account(what, dβ.equals(summed(dy)), source, terms=terms)


def no_gradient(source: str) -> Account:
    """Stored statistics are not learned."""
    what = "Stored statistics are counted, not learned: no gradient goes to them."
    return Account(what, Number(0), source, steps=(Step("gradient", Number(0)),))


def _weight(reading: Reading, layout: Grouping, region: Region) -> Tensor | None:
    """The weights of a region, with its axes; None: there are none."""
    if not reading.has("weight"):
        return None
    weight = layout.stretched(reading["weight"])
    part = tuple(span if axis in layout.affine else slice(None) for axis, span in enumerate(region))
    return weight[part].double()


def _mean_steps(
    reading: Reading,
    layout: Grouping,
    region: Region,
    found: Statistics,
    weight: Tensor | None,
    *,
    centred: bool,
) -> tuple[list[Step], tuple[float, float]]:
    """The mean gradient and the mean of gradient × normalised number; how large these were before adding."""
    values, dy = reading["input"][region].double(), reading.output_gradient[region].double()
    factors = {"gradient": dy} if weight is None else {"gradient": dy, "weight": weight.expand_as(dy)}
    where = {"gradient": places(region)}
    steps, sizes = [], [0.0]
    if centred:
        steps.append(
            _mean_of("mean gradient", m1.equals(summed(g) / n), product(layout.names, where, **factors))
        )
        sizes = [product(layout.names, None, **factors).size / dy.numel()]
    normalised = (values - found.mean) / found.deviation
    terms = product(layout.names, where, **factors, **{"x̂": normalised})
    steps.append(_mean_of("mean of gradient × normalised", m2.equals(summed(g * xh) / n), terms))
    size = math.prod(factors.values(), start=torch.ones(()).double())
    spread = (torch.as_tensor(size).abs() * (values.abs() + found.size)).mean() / found.deviation
    return steps, (sizes[0], float(spread))


def _mean_of(name: str, formula: Formula, terms: Terms) -> Step:
    return Step(name, formula, {n: terms.values.numel()}, terms)


def _normalised(reading: Reading, layout: Grouping, block: Region, *, centred: bool) -> tuple[Tensor, Tensor]:
    """The normalised numbers of a block of whole groups, and how large they were with their mean."""
    x = reading["input"][block].double()
    if stored(reading):
        channel = slice(block[1].start, block[1].stop)
        mean, variance = (
            layout.stretched(reading[name])[:, channel].double() for name in ("running_mean", "running_var")
        )
        size = mean.abs()
    elif centred:
        mean = x.mean(layout.axes, keepdim=True)
        variance = (x - mean).square().mean(layout.axes, keepdim=True)
        size = x.abs().mean(layout.axes, keepdim=True)
    else:
        mean = size = torch.zeros(())
        variance = x.square().mean(layout.axes, keepdim=True)
    deviation = (variance + epsilon(reading)).sqrt()
    return (x - mean) / deviation, (x.abs() + size) / deviation
