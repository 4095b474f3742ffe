"""ReLU and its family: functions that are straight lines, put together.

At a corner torch takes the slope of one side; the conditions here are its own.
"""

import math
from dataclasses import replace

import numpy as np
import torch

from convscope.explaining.account import Account, Index, product
from convscope.explaining.boxes import Boxes
from convscope.explaining.formula import INFINITY, Number, summed, symbols, where
from convscope.explaining.functions import both, maximum, minimum
from convscope.explaining.op import Cost, Role
from convscope.explaining.ops.elementwise.curve import ALWAYS, DOCS, Curve, Names, gradient, x
from convscope.explaining.reading import Reading
from convscope.explaining.working import Worked
from convscope.shapes import elements

a, t, v, λ, low, high = symbols("a t v λ low high")
da, dy, SIZE = symbols("da dy n")
SIXTH = Number(1) / 6


LIMITS = (
    (x < low, "x is below the lower limit and becomes the limit."),
    (x > high, "x is above the upper limit and becomes the limit."),
    (ALWAYS, "x lies between the limits and passes as it is."),
)
LEAKS = (
    (x > 0, "x is above zero and passes as it is."),
    (ALWAYS, "x is not above zero, so it is made small."),
)


def drawn_slope(reading: Reading, at: Index) -> Names:
    """Slope of a randomised ReLU: the middle in evaluation; in training it is drawn again as it was."""
    lower, upper = float(reading["lower"]), float(reading["upper"])
    if not reading["training"]:
        return {a: (lower + upper) / 2}
    noise, before = torch.empty_like(reading["input"]), torch.get_rng_state()
    torch.set_rng_state(reading.node.random_state)  # pyright: ignore[reportArgumentType]
    torch.ops.aten.rrelu_with_noise(reading["input"], noise, lower, upper, True)
    torch.set_rng_state(before)
    return {a: float(noise[at])}


def channel_slope(reading: Reading, at: Index) -> Names:
    """The learned slope of a PReLU: one for all, or one for each channel."""
    weight = reading["weight"].flatten()
    return {a: float(weight[at[1] if len(weight) > 1 else 0])}


def open_limits(reading: Reading, at: Index) -> Names:  # noqa: ARG001
    """A limit that was left out is infinitely far away."""
    ends = {"min": (low, -math.inf), "max": (high, math.inf)}
    return {short: end for name, (short, end) in ends.items() if reading.arguments[name] is None}


RELU = Curve(
    "ReLU lets positive numbers through.",
    maximum(0, x),
    where(x > 0, 1, 0),
    "inplace=False",
    remarks=(
        (x > 0, "x is above zero and passes as it is."),
        (ALWAYS, "x is not above zero, so zero passes instead."),
    ),
    page="nn.ReLU",
)
RELU6 = Curve(
    "ReLU6 lets numbers between 0 and 6 through.",
    minimum(maximum(0, x), 6),
    where(both(x > 0, x < 6), 1, 0),
    "inplace=False",
    page="nn.ReLU6",
)
LEAKY_RELU = Curve(
    "Leaky ReLU lets positive numbers through, and a small part of negative ones.",
    where(x > 0, x, a * x),
    where(x > 0, 1, a),
    "negative_slope=0.01 inplace=False",
    {"negative_slope": a},
    LEAKS,
    "nn.LeakyReLU",
)
RRELU = replace(
    LEAKY_RELU,
    what="Randomised leaky ReLU: in training the slope a of negative numbers is drawn anew for each, in "
    "evaluation it is the middle of its range.",
    settings="lower=0.125 upper=0.3333333333333333 training=False inplace=False",
    names={},
    page="nn.RReLU",
    further=drawn_slope,
)
HARDTANH = Curve(
    "Numbers outside of the limits become the limit.",
    minimum(maximum(x, low), high),
    where(both(low < x, x < high), 1, 0),
    "min_val=-1 max_val=1 inplace=False",
    {"min_val": low, "max_val": high},
    LIMITS,
    "nn.Hardtanh",
)
CLAMP = Curve(
    "Numbers outside of the limits become the limit.",
    where(
        high.is_(INFINITY),
        maximum(x, low),
        where(low.is_(-INFINITY), minimum(x, high), minimum(maximum(x, low), high)),
    ),
    where(both(low <= x, x <= high), 1, 0),
    "min=None max=None",
    {"min": low, "max": high},
    LIMITS,
    "clamp",
    slopes={
        "min": where(both(x < low, low < high), 1, 0),
        "max": where(x > high, 1, where(low > high, 1, 0)),
    },
    further=open_limits,
)
HARDSIGMOID = Curve(
    "A sigmoid made of three straight lines: 0, a ramp from −3 to 3, and 1.",
    minimum(maximum(x + 3, 0), 6) / 6,
    where(abs(x) < 3, SIXTH, 0),
    "inplace=False",
    page="nn.Hardsigmoid",
    size=minimum(abs(x) + 3, 6) / 6,  # x + 3 loses the digits of 3 where x is near −3
)
HARDSWISH = Curve(
    "x times a ramp that is 0 below −3 and 1 above 3.",
    x * minimum(maximum(x + 3, 0), 6) / 6,
    where(x <= -3, 0, where(x < 3, x / 3 + 0.5, 1)),
    "inplace=False",
    page="nn.Hardswish",
    size=abs(x) * minimum(abs(x) + 3, 6) / 6,  # as for the hard sigmoid
    slope_size=where(abs(x) < 3, abs(x) / 3 + 0.5, 1),
)
HARDSHRINK = Curve(
    "Numbers near zero become zero.",
    where(abs(x) <= λ, 0, x),
    where(abs(x) <= λ, 0, 1),
    "lambd=0.5",
    {"lambd": λ},
    page="nn.Hardshrink",
)
SOFTSHRINK = Curve(
    "Numbers near zero become zero; the others move towards zero by λ.",
    where(λ < x, x - λ, where(-λ > x, x + λ, 0)),
    where(abs(x) <= λ, 0, 1),
    "lambd=0.5",
    {"lambd": λ},
    page="nn.Softshrink",
    size=abs(x) + λ,
)
THRESHOLD = Curve(
    "Numbers that are not above the threshold t become the value v.",
    where(t < x, x, v),
    where(t < x, 1, 0),
    "threshold value inplace=False",
    {"threshold": t, "value": v},
    page="nn.Threshold",
)
_PRELU = replace(
    LEAKY_RELU,
    what="PReLU lets positive numbers through, and of negative ones a part a that is learned.",
    settings="weight",
    page="nn.PReLU",
    further=channel_slope,
)


def prelu_gradient(reading: Reading, name: str, at: Index) -> Account:
    """A learned slope collects from every negative number that it made small."""
    if name == "input":
        return gradient(_PRELU, reading, name, at)
    own = (slice(None), at[0]) if reading.shape("weight") != (1,) else ()
    inputs, arriving = reading["input"][own].flatten(), reading.output_gradient[own].flatten()
    negative = torch.nonzero(inputs <= 0).flatten()
    terms = product(("negative number",), gradient=arriving[negative], input=inputs[negative])
    what = "The slope is used for every number that is not above zero: each brings its gradient times itself."
    source, notes = f"{DOCS}{_PRELU.page}.html", (f"These are {len(negative):,} of {len(inputs):,} numbers.",)
    formula = da.equals(summed(dy * x, over=(x <= 0,)))
    return Account(what, formula, source, terms=terms, notes=notes)


def prelu_reach(reading: Reading, boxes: Boxes) -> dict[str, Boxes | list[Boxes]]:
    """The same place, and the channel's slope."""
    shared = reading.shape("weight") == (1,)
    slopes = np.zeros_like(boxes[..., :1, :]) + np.array([0, 1]) if shared else boxes[..., 1:2, :]
    return {"input": boxes, "weight": slopes}


def prelu_cost(reading: Reading) -> Cost:
    """Slopes are parameters; using them is no multiplication with an addition."""
    return Cost(parameters=Worked(SIZE, {SIZE: elements(reading.shape("weight"))}))


PRELU = replace(_PRELU.op, gradient=prelu_gradient, reach=prelu_reach, cost=prelu_cost)

CUTS = {"clamp": CLAMP.op, "clamp_max": replace(CLAMP, settings="max min=None").op}
ACTIVATIONS = {
    "relu": replace(RELU.op, range=(0.0, math.inf)),
    "relu6": replace(RELU6.op, range=(0.0, 6.0)),
    "leaky_relu": LEAKY_RELU.op,
    "rrelu": replace(RRELU.op, by_mode=True),
    "prelu": PRELU,
    "hardtanh": HARDTANH.op,
    "hardsigmoid": replace(HARDSIGMOID.op, range=(0.0, 1.0)),
    "hardswish": HARDSWISH.op,
    "hardshrink": HARDSHRINK.op,
    "softshrink": SOFTSHRINK.op,
    "threshold": THRESHOLD.op,
}
OPS = CUTS | {
    name: replace(op, role=Role.ACTIVATION, edits=("activation",)) for name, op in ACTIVATIONS.items()
}
