"""Number by number, with broadcasting: +, −, ×, ÷, a choice between two."""

from collections.abc import Callable
from dataclasses import replace

import torch

from convscope.explaining.formula import Formula, Number, Product, changed, symbols, times, where
from convscope.explaining.functions import absolute, call, floor, maximum, minimum
from convscope.explaining.op import Op, Role
from convscope.explaining.ops.elementwise.pointwise import Pointwise, dy, pointwise_op
from convscope.explaining.reading import Reading
from convscope.tracing.graph import Node

TWO = "input other"
SCALED = "input other alpha=1"
a, b, c, k, m, v, w, α = symbols("a b c k m v w α")
mod, fmod, trunc = call("mod"), call("fmod"), call("trunc")
NONE = Number(0)
STEPS = ("steps have no slope",)


def _scaled(rule: Pointwise) -> Callable[[Reading], Pointwise]:
    """The rule as it is read, without the factor where that is 1, as it nearly always is."""
    slopes = {symbol: _without_factor(slope) for symbol, slope in rule.slopes.items()}
    plain = replace(rule, formula=_without_factor(rule.formula), slopes=slopes)
    return lambda reading: plain if reading.arguments.get("alpha", 1) == 1 else rule


def _without_factor(given: Formula) -> Formula:
    if isinstance(given, Product):
        return times(*(each for each in given.parts if each != α))
    return changed(given, _without_factor)


# ---- plus, minus, times

ADD = Pointwise(
    "Two numbers at the same place are added.",
    (a, b, α),
    a + α * b,
    "torch.add",
    {a: dy, b: dy * α},
    absolute(a) + absolute(α * b),
)
SUB = Pointwise(
    "The second number is taken away from the first, at every place.",
    (a, b, α),
    a - α * b,
    "torch.sub",
    {a: dy, b: -(dy * α)},
    absolute(a) + absolute(α * b),
)
MUL = Pointwise(
    "Two numbers at the same place are multiplied.", (a, b), a * b, "torch.mul", {a: dy * b, b: dy * a}
)
ADDCMUL = Pointwise(
    "The product of two numbers is added to a third, at every place.",
    (a, b, c, k),
    a + k * b * c,
    "torch.addcmul",
    {a: dy, b: dy * k * c, c: dy * k * b},
    absolute(a) + absolute(k * b * c),
    macs=True,
)
ADDCDIV = Pointwise(
    "The quotient of two numbers is added to a third, at every place.",
    (a, b, c, k),
    a + k * b / c,
    "torch.addcdiv",
    {a: dy, b: dy * k / c, c: -(dy * k * b / c**2)},
    absolute(a) + absolute(k * b / c),
)
LERP = Pointwise(
    "A point on the way from the first number to the second: at weight 0 the first, at weight 1 the second.",
    (a, b, w),
    a + w * (b - a),
    "torch.lerp",
    {a: dy * (1 - w), b: dy * w, w: dy * (b - a)},
    absolute(a) + absolute(w) * (absolute(a) + absolute(b)),  # b − a loses digits where they are close
    macs=True,
)

# ---- divided by

QUOTIENT = Pointwise(
    "The first number is divided by the second, at every place.",
    (a, b),
    a / b,
    "torch.div",
    {a: dy / b, b: -(dy * a / b**2)},
)
FLOORED = Pointwise(
    "The first number is divided by the second and rounded down to a whole number.",
    (a, b),
    floor(a / b),
    "torch.floor_divide",
    {a: NONE, b: NONE},
    known=STEPS,
    value=torch.floor_divide,
)
REMAINDER = Pointwise(
    "What is left when the second number is taken away as often as it goes; it has the sign of the second.",
    (a, b),
    mod(a, b),
    "torch.remainder",
    {a: dy, b: -(dy * floor(a / b))},
    absolute(b),  # of a negative number b is added to what is left
)
FMOD = Pointwise(
    "What is left when the second number is taken away as often as it goes; it has the sign of the first.",
    (a, b),
    fmod(a, b),
    "torch.fmod",
    {a: dy, b: -(dy * trunc(a / b))},
)


def _division(reading: Reading) -> Pointwise:
    mode = reading.arguments["rounding_mode"]
    return {None: QUOTIENT, "floor": FLOORED}.get(mode) or _truncated(reading.output_value.dtype)


def _truncated(dtype: torch.dtype) -> Pointwise:
    """The quotient is rounded to the network's precision before what follows its point is cut off."""
    kind = dtype if dtype.is_floating_point else torch.float64
    return Pointwise(
        "The first number is divided by the second, and what follows the point is cut off.",
        (a, b),
        trunc(a / b),
        "torch.div",
        {a: NONE, b: NONE},
        known=STEPS,
        value=lambda a, b: torch.trunc((a / b).to(kind)),
    )


# ---- the larger, the smaller, one of two


def _ahead(condition: Formula) -> Formula:
    """Where both are equal torch shares the gradient."""
    return where(condition, dy, where(a.is_(b), dy / 2, 0))


MAXIMUM = Pointwise(
    "The larger of two numbers at the same place.",
    (a, b),
    maximum(a, b),
    "torch.maximum",
    {a: _ahead(a > b), b: _ahead(b > a)},
)
MINIMUM = Pointwise(
    "The smaller of two numbers at the same place.",
    (a, b),
    minimum(a, b),
    "torch.minimum",
    {a: _ahead(a < b), b: _ahead(b < a)},
)
WHERE = Pointwise(
    "Where the condition holds the first number passes, elsewhere the second.",
    (c, a, b),
    where(c.is_not(0), a, b),
    "torch.where",
    {a: where(c.is_not(0), dy, 0), b: where(c.is_(0), dy, 0)},
)
MASKED_FILL = Pointwise(
    "Where the mask is true a fixed value is put in; elsewhere the number stays.",
    (a, m, v),
    where(m.is_not(0), v, a),
    "torch.Tensor.masked_fill",
    {a: where(m.is_(0), dy, 0), v: where(m.is_not(0), dy, 0)},
)


def _where_signature(node: Node) -> dict[str, object]:
    """`torch.where(c, a, b)` and `a.where(c, b)`; with the condition alone it asks for indices."""
    names = (
        ("input", "condition", "other") if ".Tensor." in node.function else ("condition", "input", "other")
    )
    given = dict(zip(names, node.args, strict=False)) | node.kwargs
    given["input"] = given.get("self", given.get("input"))
    return {name: given.get(name) for name in ("condition", "input", "other")}


def _choice(reading: Reading) -> Pointwise | None:
    return WHERE if reading.has("input") else None


def _swapped(rule: Pointwise) -> Pointwise:
    """The rule of `2 / x`, which reaches torch as a method of x."""
    value = rule.value
    turned = value and (lambda first, second: value(second, first))
    return replace(rule, operands=rule.operands[1::-1] + rule.operands[2:], value=turned)


SIGNS = {"add": "+", "sub": "−", "mul": "×", "div": "÷", "maximum": "max", "minimum": "min"}
_OPS: dict[str, Op] = {
    "add": pointwise_op(SCALED, _scaled(ADD)),
    "sub": pointwise_op(SCALED, _scaled(SUB)),
    "rsub": pointwise_op(SCALED, _scaled(_swapped(SUB))),
    "mul": pointwise_op(TWO, MUL),
    "div": pointwise_op(f"{TWO} rounding_mode=None", _division),
    "rdiv": pointwise_op(TWO, _swapped(QUOTIENT)),
    "floor_divide": pointwise_op(TWO, FLOORED),
    "rfloor_divide": pointwise_op(TWO, _swapped(FLOORED)),
    "remainder": pointwise_op(TWO, REMAINDER),
    "rremainder": pointwise_op(TWO, _swapped(REMAINDER)),
    "fmod": pointwise_op(TWO, FMOD),
    "addcmul": pointwise_op("input tensor1 tensor2 value=1", ADDCMUL),
    "addcdiv": pointwise_op("input tensor1 tensor2 value=1", ADDCDIV),
    "lerp": pointwise_op("input end weight", LERP),
    "maximum": pointwise_op(TWO, MAXIMUM),
    "minimum": pointwise_op(TWO, MINIMUM),
    "where": pointwise_op(_where_signature, _choice),
    "masked_fill": pointwise_op("input mask value", MASKED_FILL),
}
OPS = _OPS | {name: replace(_OPS[name], role=Role.JOIN, sign=sign) for name, sign in SIGNS.items()}
OPS["div"] = replace(OPS["div"], caution="Keep the divisor away from zero: x / (y + 1e-8).")
