"""Average pooling, adaptive and Lp pooling: the mean, or the power mean, of a window of one channel."""

from dataclasses import replace
from functools import partial
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor

from convscope.explaining.account import Account, Index, Step, Terms, added_up, product, written
from convscope.explaining.formula import Known, summed, symbols
from convscope.explaining.op import Op, Role, free
from convscope.explaining.ops.windows.pooling import (
    axes_of,
    docs,
    pool_axes,
    pool_reach,
    pool_size,
    pool_window,
    shares,
    slides,
)
from convscope.explaining.ops.windows.sliding import POSITIONS, Slide, grid, pick
from convscope.explaining.reading import Reading
from convscope.explaining.rendering.words import number
from convscope.shapes import show

x, y, dx, dy, n, p, q, r, s, u = symbols("x y dx dy n p q r s u")
ADDED, RAISED = summed(x[s * r + u - p]), summed(x[s * r + u] ** p)


class Mean(NamedTuple):
    """The window of one output.

    Attributes:
        taps: positions an axis; -1 in the padding. What hangs over the padding is no tap.
        divisor: what the sum is divided by.
    """

    taps: list[Tensor]
    divisor: float


def window(reading: Reading, steps: Index) -> Mean:
    """The taps of one output with their divisor, as torch counts it."""
    if reading.node.op.startswith("adaptive"):
        taps = [share.taps(step) for share, step in zip(shares(reading), steps, strict=True)]
        return Mean(taps, prod(len(each) for each in taps))
    taps = [_padded(slide, step) for slide, step in zip(slides(reading), steps, strict=True)]
    override = reading.arguments.get("divisor_override")
    if override is not None:
        return Mean(taps, override)
    counted = taps if reading.arguments.get("count_include_pad", True) else [each[each >= 0] for each in taps]
    return Mean(taps, prod(len(each) for each in counted))


def _padded(slide: Slide, step: int) -> Tensor:
    """The taps at one step that lie on the input or its padding."""
    return slide.taps(step)[slide.lies_on(step, torch.arange(slide.kernel)) < slide.size + slide.after]


def explain_average(reading: Reading, at: Index) -> Account:
    """The sum of the window over a divisor: a convolution whose weights are all alike."""
    axes = axes_of(reading)
    taps, divisor = window(reading, at[-axes:])
    places = grid(*at[:-axes], *taps)
    values = pick(reading["input"], places)
    terms = product(
        POSITIONS[axes], {"input": places}, input=values, weight=torch.full_like(values, 1 / divisor)
    )
    outside = int((places[..., 0] < 0).sum())
    shape = show(tuple(values.shape))
    added = Known(added_up(values), written(Terms(values, POSITIONS[axes])), "math.fsum(input)")
    return Account(
        f"Average pooling adds up the {shape} numbers in its window and divides by {number(divisor)}. "
        f"It is a convolution of each channel by itself, with every weight 1/{number(divisor)}.",
        y[r].equals(ADDED / n).given("over the taps u of the window"),
        docs(reading),
        {ADDED: added, n: divisor},
        terms=terms,
        notes=_notes(reading, outside, values.numel(), divisor),
    )


def _notes(reading: Reading, outside: int, taps: int, divisor: float) -> tuple[str, ...]:
    if reading.arguments.get("divisor_override") is not None:
        return (f"divisor_override={number(divisor)} is divided by, however many numbers the window holds.",)
    if not outside:
        return ()
    counted = "counts in the divisor" if divisor == taps else "does not count (count_include_pad=False)"
    return (f"{outside} of {taps} taps lie in the padding, which adds 0 and {counted}.",)


def average_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - only the input has one
    """The sum over the windows that hold this number, each over its divisor."""
    axes = axes_of(reading)
    places, steps = holding(reading, at)
    weights = [1 / window(reading, tuple(step)).divisor for step in steps]
    gradient = pick(reading.output_gradient, places)
    terms = product(
        POSITIONS[axes],
        {"gradient": places},
        gradient=gradient,
        weight=torch.tensor(weights, dtype=torch.float64).reshape(gradient.shape),
    )
    what = (
        "Each window that holds this number passes on its gradient, divided by what its sum was divided by. "
        f"Such windows: {len(weights)}."
    )
    formula = dx[q].equals(summed(dy[r] / n)).given("over the windows r that hold q")
    return Account(what, formula, docs(reading), terms=terms)


def holding(reading: Reading, at: Index) -> tuple[Tensor, list[list[int]]]:
    """The outputs whose window holds an input: their places, and their steps in a row."""
    axes = axes_of(reading)
    windows = shares(reading) if reading.node.op.startswith("adaptive") else slides(reading)
    places = grid(
        *at[:-axes], *(one.steps_over(place) for one, place in zip(windows, at[-axes:], strict=True))
    )
    return places, places.flatten(0, -2)[:, -axes:].tolist()


def _power(reading: Reading, steps: Index, lead: Index) -> tuple[Terms, float]:
    """x^p over one window, and p.

    A window that hangs over the end (ceil_mode) has fewer numbers; torch scales their sum up to a full
    window's, for it takes the mean of those that are there, times the size of the window.
    """
    axes, p = axes_of(reading), float(reading["norm_type"])
    taps, divisor = window(reading, steps)
    places = grid(*lead, *taps)
    powers = pick(reading["input"], places) ** p
    full = prod(slide.kernel for slide in slides(reading)) / divisor
    factors = {"power": powers} if full == 1 else {"power": powers, "scale": torch.full_like(powers, full)}
    return product(POSITIONS[axes], {"power": places}, **factors), p


def explain_power(reading: Reading, at: Index) -> Account:
    """(Σ x^p)^(1/p)."""
    axes = axes_of(reading)
    terms, power = _power(reading, at[-axes:], at[:-axes])
    formula = y[r].equals(RAISED ** (1 / p)).given("over the taps u of the window")
    step = Step("output", formula, {p: power}, terms, instead=_raised(terms.result, 1 / power))
    full = "scale" in terms.factors
    note = "The window hangs over the end, so torch scales the sum of what is there up to a full window."
    return Account(
        f"Lp pooling raises the numbers in its window to the power {number(power)}, adds them up and takes "
        "the root: between the sum (power 1) and the largest (a very high power).",
        formula,
        docs(reading),
        terms=terms,
        steps=(step,),
        # Digits that are lost in s, where powers cancel, are lost in its root.
        scale=abs(step.value) + abs(_slope(terms.result, power)) * terms.size,
        notes=(note,) * full,
    )


def _raised(base: float, power: float) -> float:
    """As torch raises: no number where the root of a negative one is asked for, infinite where 1/0 is."""
    return torch.tensor(base, dtype=torch.float64).pow(power).item()


def _slope(s: float, p: float) -> float:
    """dy/ds."""
    return _raised(s, 1 / p - 1) / p


def power_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - only the input has one
    """The sum over the windows that hold this number of dy · x^(p−1) · s^(1/p−1)."""
    axes = axes_of(reading)
    places, steps = holding(reading, at)
    own, power = float(reading["input"][at]), float(reading["norm_type"])
    slopes, loss = [], 1.0
    for step in steps:
        terms, _ = _power(reading, tuple(step), at[:-axes])
        full = terms.factors["scale"].flatten()[0].item() if "scale" in terms.factors else 1.0
        slopes.append(_slope(terms.result, power) * power * _raised(own, power - 1) * full)
        loss = max(loss, terms.size / abs(terms.result) if terms.result else 1.0)
    gradient = pick(reading.output_gradient, places)
    terms = product(
        POSITIONS[axes],
        {"gradient": places},
        gradient=gradient,
        slope=torch.tensor(slopes, dtype=torch.float64).reshape(gradient.shape),
    )
    return Account(
        "Each window that holds this number passes on its gradient times the slope of its root. "
        f"Such windows: {len(slopes)}.",
        dx[q]
        .equals(summed(dy[r] * x[q] ** (p - 1) * s[r] ** (1 / p - 1)))
        .given("over the windows r that hold q", s.equals(summed(x**p))),
        docs(reading),
        terms=terms,
        # The slope is a power of s: digits that are lost in s, where powers cancel, are lost in it.
        scale=terms.size * (1 + loss),
    )


AVG_POOL = Op(
    "input kernel_size stride=None padding=0 ceil_mode=False count_include_pad=True divisor_override=None",
    explain_average,
    average_gradient,
    free,
    pool_reach,
    pool_size,
    role=Role.POOLING,
    drawing="window",
    axes=pool_axes,
    window=partial(pool_window, "mean"),
    edits=("setting",),
)
ADAPTIVE_AVG_POOL = replace(AVG_POOL, signature="input output_size", edits=())
LP_POOL = Op(
    "input norm_type kernel_size stride=None ceil_mode=False",
    explain_power,
    power_gradient,
    free,
    pool_reach,
    pool_size,
    role=Role.POOLING,
    axes=pool_axes,
)
