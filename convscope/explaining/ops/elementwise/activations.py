"""Smooth activations: a line in the table for each, and the gated linear unit, which takes two numbers."""

import math
from dataclasses import replace
from typing import Any

from convscope.explaining.account import Account, Index, Step
from convscope.explaining.boxes import Boxes
from convscope.explaining.formula import PI, symbols, where
from convscope.explaining.functions import erf, exp, log1p, minimum, sigmoid, sqrt, tanh
from convscope.explaining.op import Extent, Op, Role, free
from convscope.explaining.ops.elementwise.curve import (
    DOCS,
    DY,
    SLOPE,
    Curve,
    explain,
    gradient,
    smallest,
    x,
    y,
)
from convscope.explaining.reading import Reading
from convscope.explaining.working import Worked
from convscope.tracing.graph import Node

α, β, t, scale, input_scale = symbols("α β t scale input_scale")
a, b, da, db, OUT = symbols("a b da db n")


FLAT = ((abs(x) > 6, "Here the curve is almost flat: it lets hardly any gradient through."),)

SIGMOID = Curve(
    "The sigmoid presses any number between 0 and 1.",
    1 / (1 + exp(-x)),
    y * (1 - y),
    remarks=FLAT,
    page="nn.Sigmoid",
    slope_size=y * (1 + y),  # y is rounded before it is taken from 1
)
TANH = Curve(
    "The hyperbolic tangent presses any number between −1 and 1.",
    tanh(x),
    1 - y**2,
    remarks=FLAT,
    page="nn.Tanh",
    slope_size=1 + y**2,  # y is rounded before its square is taken from 1
)
LOG_SIGMOID = Curve(
    "The logarithm of the sigmoid: at most 0, and close to x where x is far below zero.",
    minimum(x, 0) - log1p(exp(-abs(x))),
    1 / (1 + exp(x)),
    page="nn.LogSigmoid",
)
SOFTPLUS = Curve(
    "A ReLU without its corner. Far above zero it is x itself (torch's threshold t).",
    where(β * x > t, x, log1p(exp(β * x)) / β),
    where(β * x > t, 1, 1 / (1 + exp(-β * x))),
    "beta=1 threshold=20",
    {"beta": β, "threshold": t},
    page="nn.Softplus",
    size=y * (1 + abs(β * x)),  # β·x is rounded, which the exponential turns into a relative error
    slope_size=SLOPE * (1 + abs(β * x)),
)
SOFTSIGN = Curve(
    "Like the hyperbolic tangent, but it flattens more slowly.",
    x / (1 + abs(x)),
    1 / (1 + abs(x)) ** 2,
    page="nn.Softsign",
    slope_size=1 / (1 + abs(x)) + abs(x) / (1 + abs(x)) ** 2,  # the quotient rule subtracts these
)
TANHSHRINK = Curve(
    "What the hyperbolic tangent takes away from x.",
    x - tanh(x),
    tanh(x) ** 2,
    page="nn.Tanhshrink",
    size=abs(x) + tanh(abs(x)),
    slope_size=2 + tanh(x) ** 2,  # the network has 1 − (1 − tanh²)
)
ELU = Curve(
    "ELU lets positive numbers through; negative ones bend towards −α.",
    where(x > 0, x, α * (exp(x) - 1)),
    where(x > 0, 1, α * exp(x)),
    names={"alpha": α},
    page="nn.ELU",
    size=where(x > 0, abs(y), abs(α) * (1 + exp(x))),  # 1 is taken from exp(x), which is close to it
    slope_size=where(x > 0, 1, 2 * abs(α)),  # in place the network has y + α, with y close to −α
)
SCALED_ELU = replace(  # the kernel's form, which SELU uses in a program
    ELU,
    value=where(x > 0, scale * x, scale * α * (exp(input_scale * x) - 1)),
    slope=where(x > 0, scale, scale * α * input_scale * exp(input_scale * x)),
    size=where(x > 0, abs(y), abs(scale * α) * (1 + exp(input_scale * x))),
    slope_size=where(x > 0, scale, 2 * abs(scale * α * input_scale)),
)
CELU = Curve(
    "CELU lets positive numbers through; negative ones bend towards −α, without a corner at zero.",
    where(x > 0, x, α * (exp(x / α) - 1)),
    where(x > 0, 1, exp(x / α)),
    "alpha=1 inplace=False",
    {"alpha": α},
    page="nn.CELU",
    size=where(x > 0, abs(y), abs(α) * (1 + abs(x / α)) * (1 + exp(x / α))),  # x/α is rounded, too
    slope_size=where(x > 0, 1, 2),  # as for the ELU
)
SELU = Curve(
    "SELU is an ELU whose two constants keep mean 0 and variance 1 from layer to layer.",
    where(x > 0, 1.0507009873554805 * x, 1.7580993408473766 * (exp(x) - 1)),
    where(x > 0, 1.0507009873554805, 1.7580993408473766 * exp(x)),
    "inplace=False",
    page="nn.SELU",
    size=where(x > 0, abs(y), 1.7580993408473766 * (1 + exp(x))),  # as for the ELU
    slope_size=where(x > 0, 1.0507009873554805, 2 * 1.7580993408473766),
)
GELU = Curve(
    "GELU multiplies x by the share of a normal distribution that lies below x.",
    x * (1 + erf(x / sqrt(2))) / 2,
    (1 + erf(x / sqrt(2))) / 2 + x * exp(-(x**2) / 2) / sqrt(2 * PI),
    "approximate=none",
    page="nn.GELU",
    size=abs(x),  # erf (tanh) is close to −1 for negative x, and 1 is added to it
    # The same, and x² is rounded before exp(−x²/2).
    slope_size=1 + abs(x) * (1 + x**2) * exp(-(x**2) / 2),
)
INNER = sqrt(2 / PI) * (x + 0.044715 * x**3)
INNER_SLOPE = sqrt(2 / PI) * (1 + 3 * (0.044715 * x**2))
TANH_GELU = replace(
    GELU,
    value=x * (1 + tanh(INNER)) / 2,
    slope=(1 + tanh(INNER)) / 2 + x * (1 - tanh(INNER) ** 2) * INNER_SLOPE / 2,
)
SILU = Curve(
    "SiLU (swish) multiplies x by its own sigmoid.",
    x / (1 + exp(-x)),
    (1 + exp(-x) + x * exp(-x)) / (1 + exp(-x)) ** 2,
    "inplace=False",
    page="nn.SiLU",
    slope_size=(1 + abs(x)) / (1 + exp(-x)),  # σ·(1 + x·(1 − σ)), whose parts differ in sign
)
MISH = Curve(
    "Mish multiplies x by the hyperbolic tangent of its softplus.",
    x * tanh(log1p(exp(x))),
    tanh(log1p(exp(x))) + x * (1 - tanh(log1p(exp(x))) ** 2) / (1 + exp(-x)),
    "inplace=False",
    page="nn.Mish",
    slope_size=tanh(log1p(exp(x))) + 2 * abs(x) / (1 + exp(-x)),  # parts differ in sign
)


def elu_arguments(node: Node) -> dict[str, Any]:
    """The function takes `inplace` where its kernel takes two scales."""
    kernel = node.function.startswith("torch.ops.aten.")
    names = ("input", "alpha", *(("scale", "input_scale") if kernel else ("inplace",)))
    return (
        {"alpha": 1.0, "scale": 1.0, "input_scale": 1.0}
        | dict(zip(names, node.args, strict=False))
        | node.kwargs
    )


def gelu(reading: Reading) -> Curve:
    """Which form of GELU a call has."""
    return TANH_GELU if reading.arguments["approximate"] == "tanh" else GELU


def elu(reading: Reading) -> Curve:
    """Which form of ELU a call has."""
    return SCALED_ELU if {reading.arguments["scale"], reading.arguments["input_scale"]} != {1} else ELU


ELU_OP = replace(
    ELU.op,
    signature=elu_arguments,
    explain=lambda reading, at: explain(elu(reading), reading, at),
    gradient=lambda reading, name, at: gradient(elu(reading), reading, name, at),
)


GELU_OP = replace(
    GELU.op,
    explain=lambda reading, at: explain(gelu(reading), reading, at),
    gradient=lambda reading, name, at: gradient(gelu(reading), reading, name, at),
)


def _halves(reading: Reading, at: Index) -> tuple[int, int, float, float]:
    """Axis and half size of a gated linear unit; the value and the gate's number of one output."""
    shape = reading.shape("input")
    axis = int(reading["dim"]) % len(shape)
    half = shape[axis] // 2
    gate = (*at[:axis], at[axis] + half, *at[axis + 1 :])
    return axis, half, float(reading["input"][at]), float(reading["input"][gate])


def explain_glu(reading: Reading, at: Index) -> Account:
    """The first half times the sigmoid of the second."""
    _, _, first, second = _halves(reading, at)
    gate = Step("gate", sigmoid(b), {b: second})
    last = Step("output", y.equals(a * sigmoid(b)), {a: first, sigmoid(b): gate})
    what = "A gated linear unit lets the first half through as far as the sigmoid of the second half opens."
    scale = max(abs(last.value), smallest(reading.output_value.dtype))
    return Account(what, last.formula, f"{DOCS}nn.GLU.html", steps=(gate, last), scale=scale)


def glu_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - there is one tensor
    """σ(b) for the first half, a·σ(b)·(1 − σ(b)) for the second."""
    axis, half, _, _ = _halves(reading, (0,) * len(at))
    own = (*at[:axis], at[axis] % half, *at[axis + 1 :])
    _, _, first, second = _halves(reading, own)
    dy = float(reading.output_gradient[own])
    gate = Step("gate", sigmoid(b), {b: second})
    g = gate.value
    if at[axis] < half:
        formula, size = da.equals(DY * sigmoid(b)), g
    else:
        formula = db.equals(DY * a * sigmoid(b) * (1 - sigmoid(b)))
        size = abs(first) * g * (1 + g)  # σ(b) is rounded before it is taken from 1
    last = Step("gradient", formula, {DY: dy, a: first, sigmoid(b): gate})
    what = (
        "The first half gets the gradient as far as the gate is open; the gate gets it by how it could open."
    )
    scale = max(abs(dy) * size, smallest(reading.output_value.dtype))
    return Account(what, formula, f"{DOCS}nn.GLU.html", steps=(gate, last), scale=scale)


def glu_reach(reading: Reading, boxes: Boxes) -> dict[str, Boxes | list[Boxes]]:
    """The place and its gate; one box holds both, and what lies between."""
    shape = reading.shape("input")
    axis = int(reading["dim"]) % len(shape)
    both = boxes.copy()
    both[..., axis, 1] += shape[axis] // 2
    return {"input": both}


def glu_size(reading: Reading) -> tuple[Extent, ...]:
    """Half of the input along one axis."""
    shape = reading.shape("input")
    axis = int(reading["dim"]) % len(shape)
    return (Extent(f"axis {axis}", Worked(OUT / 2, {OUT: shape[axis]})),)


ACTIVATIONS = {
    "sigmoid": replace(SIGMOID.op, range=(0.0, 1.0)),
    "tanh": replace(TANH.op, range=(-1.0, 1.0)),
    "log_sigmoid": replace(LOG_SIGMOID.op, range=(-math.inf, 0.0)),
    "softsign": replace(SOFTSIGN.op, range=(-1.0, 1.0)),
    "tanhshrink": TANHSHRINK.op,
    "elu": ELU_OP,
    "celu": CELU.op,
    "selu": SELU.op,
    "gelu": GELU_OP,
    "silu": SILU.op,
    "mish": MISH.op,
}
GLU = Op("input dim=-1", explain_glu, glu_gradient, free, glu_reach, glu_size, role=Role.ACTIVATION)
OPS = {
    **{name: replace(op, role=Role.ACTIVATION, edits=("activation",)) for name, op in ACTIVATIONS.items()},
    "glu": GLU,  # gives half as many numbers as it takes, which no other one does
    # As often it only makes numbers positive, such as a variance.
    "softplus": replace(SOFTPLUS.op, edits=("activation",)),
}
