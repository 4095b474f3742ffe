"""Normalisation backward: a number moves the mean and the variance of all that is normalised with it."""

import math

import torch
from torch import Tensor

from convscope.explaining.ops.curve import smallest
from convscope.explaining.ops.normalise_layout import Layout, Region, places
from convscope.explaining.ops.normalise_steps import Statistics, epsilon, normalised_step, statistics, stored
from convscope.explaining.plain import Account, Index, Step, Terms, number, product, signed
from convscope.explaining.reading import Reading


def input_gradient(reading: Reading, layout: Layout, at: Index, source: str, *, centred: bool) -> Account:
    """d(score)/d(one number of the input)."""
    region = layout.together(at)
    found = statistics(reading, layout, region, centred=centred)
    x, dy = float(reading["input"][at]), float(reading.output_gradient[at])
    weight = _weight(reading, layout, region)
    own = 1.0 if weight is None else float(reading["weight"][layout.affine_place(at)])
    g = dy * own
    arriving = Step("g", "g = dy·γ", f"{signed(dy)}·{signed(own)} = {number(g)}", g, f"{dy!r} * {own!r}")
    if stored(reading):
        value = g / found.deviation
        last = Step(
            "gradient",
            "dx = g / σ",
            f"{number(g)} / {number(found.deviation)} = {number(value)}",
            value,
            "g / standard_deviation",
        )
        what = "Mean and variance were stored, so the gradient is only scaled."
        scale = max(abs(value), smallest(reading.output_value.dtype))
        return Account(
            what, last.formula, last.numbers, value, source, steps=(*found.steps, arriving, last), scale=scale
        )
    normalised = normalised_step(x, found)
    means, sizes = _mean_steps(reading, layout, region, found, weight, centred=centred)
    last = _last_step(g, normalised.value, means, found)
    # x̂ lost the digits of what the mean was taken from: its size is (|x| + mean |x|)/σ, not |x̂|.
    size = (abs(g) + sizes[0] + (abs(x) + found.size) / found.deviation * sizes[1]) / found.deviation
    what = (
        "This number also moves the mean and the variance that everything beside it is normalised with: "
        "what all of these gradients have in common is taken off."
        if centred
        else "This number also moves the root mean square that everything beside it is divided by."
    )
    steps = (*found.steps, normalised, arriving, *means, last)
    scale = max(size, smallest(reading.output_value.dtype))
    return Account(what, last.formula, last.numbers, last.value, source, steps=steps, scale=scale)


def weight_gradient(reading: Reading, layout: Layout, at: Index, source: str, *, centred: bool) -> Account:
    """d(score)/d(one weight): every gradient times the normalised number that the weight scaled."""
    region, block = layout.sharing(at), layout.block(at)
    normalised, size = _normalised(reading, layout, block, centred=centred)
    inside = tuple(
        slice(part.start - outer.start, part.stop - outer.start)
        for part, outer in zip(region, block, strict=True)
    )
    dy = reading.output_gradient[region].double()
    terms = product(layout.names, {"gradient": places(region)}, gradient=dy, **{"x̂": normalised[inside]})
    what = "The weight scales these normalised numbers: each brings its gradient times itself."
    formula = "dγ = Σ dy·x̂"
    numbers = f"{terms.values.numel():,} terms: {number(terms.result)}"
    scale = max(float((dy.abs() * size[inside]).sum()), smallest(reading.output_value.dtype))
    return Account(what, formula, numbers, terms.result, source, terms=terms, scale=scale)


def bias_gradient(reading: Reading, layout: Layout, at: Index, source: str) -> Account:
    """d(score)/d(one bias): the sum of the gradients of the numbers that it was added to."""
    region = layout.sharing(at)
    dy = reading.output_gradient[region].double()
    terms = Terms(dy, layout.names, {"gradient": dy}, {"gradient": places(region)})
    numbers = f"{dy.numel():,} terms: {number(terms.result)}"
    what = "The bias was added to each of these numbers, so it gets the sum of their gradients."
    return Account(what, "dβ = Σ dy", numbers, terms.result, source, terms=terms)


def no_gradient(source: str) -> Account:
    """Stored statistics are not learned."""
    what = "Stored statistics are counted, not learned: no gradient goes to them."
    step = Step("gradient", "0", "0", 0.0, "0.0")
    return Account(what, "0", "0", 0.0, source, steps=(step,))


def _weight(reading: Reading, layout: Layout, region: Region) -> Tensor | None:
    """The weights of a region, with its axes; None: there are none."""
    if not reading.has("weight"):
        return None
    weight = layout.stretched(reading["weight"])
    part = tuple(span if axis in layout.affine else slice(None) for axis, span in enumerate(region))
    return weight[part].double()


def _mean_steps(
    reading: Reading,
    layout: Layout,
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
        steps.append(_mean_of("mean gradient", "m₁ = Σg / n", product(layout.names, where, **factors)))
        sizes = [product(layout.names, None, **factors).size / dy.numel()]
    normalised = (values - found.mean) / found.deviation
    terms = product(layout.names, where, **factors, **{"x̂": normalised})
    steps.append(_mean_of("mean of gradient × normalised", "m₂ = Σ g·x̂ / n", terms))
    size = math.prod(factors.values(), start=torch.ones(()).double())
    spread = (torch.as_tensor(size).abs() * (values.abs() + found.size)).mean() / found.deviation
    return steps, (sizes[0], float(spread))


def _mean_of(name: str, formula: str, terms: Terms) -> Step:
    n, total = terms.values.numel(), terms.result
    numbers = f"{number(total)} / {n:,} = {number(total / n)}"
    return Step(name, formula, numbers, total / n, f"math.fsum(terms) / {n}", terms)


def _last_step(g: float, normalised: float, means: list[Step], found: Statistics) -> Step:
    common, along = (means[0].value, means[1].value) if len(means) > 1 else (0.0, means[0].value)
    value = (g - common - normalised * along) / found.deviation
    divisor = found.steps[-1].name.replace(" ", "_")
    product_of = f"{signed(normalised)}·{signed(along)}"
    if len(means) > 1:
        numbers = (
            f"({number(g)} − {signed(common)} − {product_of}) / {number(found.deviation)} = {number(value)}"
        )
        code = f"(g - mean_gradient - normalised * mean_of_gradient___normalised) / {divisor}"
        return Step("gradient", "dx = (g − m₁ − x̂·m₂) / σ", numbers, value, code)
    numbers = f"({number(g)} − {product_of}) / {number(found.deviation)} = {number(value)}"
    code = f"(g - normalised * mean_of_gradient___normalised) / {divisor}"
    return Step("gradient", "dx = (g − x̂·m₂) / r", numbers, value, code)


def _normalised(reading: Reading, layout: Layout, block: Region, *, centred: bool) -> tuple[Tensor, Tensor]:
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
