"""Smooth activations: a line in the table for each, and the gated linear unit, which takes two numbers."""

import math
from dataclasses import replace
from typing import Any

from convscope.explaining.boxes import Boxes
from convscope.explaining.op import Op, Role
from convscope.explaining.ops.elementwise.curve import DOCS, Curve, explain, free, gradient, line, smallest
from convscope.explaining.ops.elementwise.expression import literal
from convscope.explaining.plain import Account, Index, Step, number, signed
from convscope.explaining.reading import Reading
from convscope.tracing.graph import Node

GELU_TANH_INNER = "math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)"
FLAT = (("abs(x) > 6", "Here the curve is almost flat: it lets hardly any gradient through."),)

SIGMOID = Curve(
    "The sigmoid presses any number between 0 and 1.",
    "1 / (1 + math.exp(-x))",
    "y * (1 - y)",
    remarks=FLAT,
    page="nn.Sigmoid",
    slope_size="y * (1 + y)",  # y is rounded before it is taken from 1
)
TANH = Curve(
    "The hyperbolic tangent presses any number between −1 and 1.",
    "math.tanh(x)",
    "1 - y ** 2",
    remarks=FLAT,
    page="nn.Tanh",
    slope_size="1 + y ** 2",  # y is rounded before its square is taken from 1
)
LOG_SIGMOID = Curve(
    "The logarithm of the sigmoid: at most 0, and close to x where x is far below zero.",
    "min(x, 0.0) - math.log1p(math.exp(-abs(x)))",
    "1 / (1 + math.exp(x))",
    page="nn.LogSigmoid",
)
SOFTPLUS = Curve(
    "A ReLU without its corner. Far above zero it is x itself (torch's threshold t).",
    "x if β * x > t else math.log1p(math.exp(β * x)) / β",
    "1.0 if β * x > t else 1 / (1 + math.exp(-β * x))",
    "beta=1 threshold=20",
    {"beta": "β", "threshold": "t"},
    page="nn.Softplus",
    size="y * (1 + abs(β * x))",  # β·x is rounded, which the exponential turns into a relative error
    slope_size="slope * (1 + abs(β * x))",
)
SOFTSIGN = Curve(
    "Like the hyperbolic tangent, but it flattens more slowly.",
    "x / (1 + abs(x))",
    "1 / (1 + abs(x)) ** 2",
    page="nn.Softsign",
    slope_size="1 / (1 + abs(x)) + abs(x) / (1 + abs(x)) ** 2",  # the quotient rule subtracts these
)
TANHSHRINK = Curve(
    "What the hyperbolic tangent takes away from x.",
    "x - math.tanh(x)",
    "math.tanh(x) ** 2",
    page="nn.Tanhshrink",
    size="abs(x) + math.tanh(abs(x))",
    slope_size="2 + math.tanh(x) ** 2",  # the network has 1 − (1 − tanh²)
)
ELU = Curve(
    "ELU lets positive numbers through; negative ones bend towards −α.",
    "x if x > 0 else α * (math.exp(x) - 1)",
    "1.0 if x > 0 else α * math.exp(x)",
    names={"alpha": "α"},
    page="nn.ELU",
    size="abs(y) if x > 0 else abs(α) * (1 + math.exp(x))",  # 1 is taken from exp(x), which is close to it
    slope_size="1.0 if x > 0 else 2 * abs(α)",  # in place the network has y + α, with y close to −α
)
SCALED_ELU = replace(  # the kernel's form, which SELU uses in a program
    ELU,
    value="scale * x if x > 0 else scale * α * (math.exp(input_scale * x) - 1)",
    slope="scale if x > 0 else scale * α * input_scale * math.exp(input_scale * x)",
    size="abs(y) if x > 0 else abs(scale * α) * (1 + math.exp(input_scale * x))",
    slope_size="scale if x > 0 else 2 * abs(scale * α * input_scale)",
)
CELU = Curve(
    "CELU lets positive numbers through; negative ones bend towards −α, without a corner at zero.",
    "x if x > 0 else α * (math.exp(x / α) - 1)",
    "1.0 if x > 0 else math.exp(x / α)",
    "alpha=1 inplace=False",
    {"alpha": "α"},
    page="nn.CELU",
    size="abs(y) if x > 0 else abs(α) * (1 + abs(x / α)) * (1 + math.exp(x / α))",  # x/α is rounded, too
    slope_size="1.0 if x > 0 else 2.0",  # as for the ELU
)
SELU = Curve(
    "SELU is an ELU whose two constants keep mean 0 and variance 1 from layer to layer.",
    "1.0507009873554805 * x if x > 0 else 1.0507009873554805 * 1.6732632423543772 * (math.exp(x) - 1)",
    "1.0507009873554805 if x > 0 else 1.0507009873554805 * 1.6732632423543772 * math.exp(x)",
    "inplace=False",
    page="nn.SELU",
    size="abs(y) if x > 0 else 1.7580993408473766 * (1 + math.exp(x))",  # as for the ELU
    slope_size="1.0507009873554805 if x > 0 else 2 * 1.7580993408473766",
)
GELU = Curve(
    "GELU multiplies x by the share of a normal distribution that lies below x.",
    f"x * (1 + math.tanh({GELU_TANH_INNER})) / 2 if approximate == 'tanh' else "
    "x * (1 + math.erf(x / math.sqrt(2))) / 2",
    f"(1 + math.tanh({GELU_TANH_INNER})) / 2 + x * (1 - math.tanh({GELU_TANH_INNER}) ** 2) "
    "* math.sqrt(2 / math.pi) * (1 + 0.134145 * x ** 2) / 2 if approximate == 'tanh' else "
    "(1 + math.erf(x / math.sqrt(2))) / 2 + x * math.exp(-x ** 2 / 2) / math.sqrt(2 * math.pi)",
    "approximate=none",
    page="nn.GELU",
    size="abs(x)",  # erf (tanh) is close to −1 for negative x, and 1 is added to it
    # The same, and x² is rounded before exp(−x²/2).
    slope_size="1 + abs(x) * (1 + x ** 2) * math.exp(-x ** 2 / 2)",
)
SILU = Curve(
    "SiLU (swish) multiplies x by its own sigmoid.",
    "x / (1 + math.exp(-x))",
    "(1 + math.exp(-x) + x * math.exp(-x)) / (1 + math.exp(-x)) ** 2",
    "inplace=False",
    page="nn.SiLU",
    slope_size="(1 + abs(x)) / (1 + math.exp(-x))",  # σ·(1 + x·(1 − σ)), whose parts differ in sign
)
MISH = Curve(
    "Mish multiplies x by the hyperbolic tangent of its softplus.",
    "x * math.tanh(math.log1p(math.exp(x)))",
    "math.tanh(math.log1p(math.exp(x))) "
    "+ x * (1 - math.tanh(math.log1p(math.exp(x))) ** 2) / (1 + math.exp(-x))",
    "inplace=False",
    page="nn.Mish",
    slope_size="math.tanh(math.log1p(math.exp(x))) + 2 * abs(x) / (1 + math.exp(-x))",  # parts differ in sign
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


def elu(reading: Reading) -> Curve:
    """Which form of ELU a call has."""
    return SCALED_ELU if {reading.arguments["scale"], reading.arguments["input_scale"]} != {1} else ELU


ELU_OP = replace(
    ELU.op,
    signature=elu_arguments,
    explain=lambda reading, at: explain(elu(reading), reading, at),
    gradient=lambda reading, name, at: gradient(elu(reading), reading, name, at),
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
    _, _, a, b = _halves(reading, at)
    gate = line("gate", "σ(b)", "1 / (1 + math.exp(-x))", {"x": b}, lambda: 0.0)
    y = a * gate.value
    numbers = f"{signed(a)}·{signed(gate.value)} = {number(y)}"
    last = Step("output", "y = a·σ(b)", numbers, y, f"{literal(a)} * gate")
    what = "A gated linear unit lets the first half through as far as the sigmoid of the second half opens."
    scale = max(abs(y), smallest(reading.output_value.dtype))
    return Account(what, last.formula, numbers, y, f"{DOCS}nn.GLU.html", steps=(gate, last), scale=scale)


def glu_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - there is one tensor
    """σ(b) for the first half, a·σ(b)·(1 − σ(b)) for the second."""
    axis, half, _, _ = _halves(reading, (0,) * len(at))
    own = (*at[:axis], at[axis] % half, *at[axis + 1 :])
    _, _, a, b = _halves(reading, own)
    dy = float(reading.output_gradient[own])
    gate = line("gate", "σ(b)", "1 / (1 + math.exp(-x))", {"x": b}, lambda: 0.0)
    g = gate.value
    if at[axis] < half:
        slope, formula, code, size = g, "da = dy·σ(b)", "gate", g
    else:
        slope, formula, code = (
            a * g * (1 - g),
            "db = dy·a·σ(b)·(1 − σ(b))",
            f"{literal(a)} * gate * (1 - gate)",
        )
        size = abs(a) * g * (1 + g)  # σ(b) is rounded before it is taken from 1
    numbers = f"{signed(dy)}·{signed(slope)} = {number(dy * slope)}"
    last = Step("gradient", formula, numbers, dy * slope, f"{literal(dy)} * {code}")
    what = (
        "The first half gets the gradient as far as the gate is open; the gate gets it by how it could open."
    )
    scale = max(abs(dy) * size, smallest(reading.output_value.dtype))
    return Account(what, formula, numbers, last.value, f"{DOCS}nn.GLU.html", steps=(gate, last), scale=scale)


def glu_reach(reading: Reading, boxes: Boxes) -> dict[str, Boxes | list[Boxes]]:
    """The place and its gate; one box holds both, and what lies between."""
    shape = reading.shape("input")
    axis = int(reading["dim"]) % len(shape)
    both = boxes.copy()
    both[..., axis, 1] += shape[axis] // 2
    return {"input": both}


def glu_size(reading: Reading) -> str:
    """Half of the input along one axis."""
    shape = reading.shape("input")
    axis = int(reading["dim"]) % len(shape)
    return f"axis {axis}: {shape[axis]}/2 = {shape[axis] // 2}"


ACTIVATIONS = {
    "sigmoid": replace(SIGMOID.op, range=(0.0, 1.0)),
    "tanh": replace(TANH.op, range=(-1.0, 1.0)),
    "log_sigmoid": replace(LOG_SIGMOID.op, range=(-math.inf, 0.0)),
    "softsign": replace(SOFTSIGN.op, range=(-1.0, 1.0)),
    "tanhshrink": TANHSHRINK.op,
    "elu": ELU_OP,
    "celu": CELU.op,
    "selu": SELU.op,
    "gelu": GELU.op,
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
