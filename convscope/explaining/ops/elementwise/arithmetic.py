"""Number by number, with broadcasting: +, −, ×, ÷, a choice between two."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from convscope.explaining.op import Op, Role
from convscope.explaining.ops.elementwise.pointwise import Pointwise, pointwise_op
from convscope.explaining.reading import Reading
from convscope.tracing.graph import Node

TWO = "input other"
SCALED = "input other alpha=1"


def _one(**_: Tensor) -> Tensor:
    return torch.ones((), dtype=torch.float64)


def _none(**_: Tensor) -> Tensor:
    return torch.zeros((), dtype=torch.float64)


def _both(a: Tensor, b: Tensor, k: Tensor) -> Tensor:
    """How large the numbers were that were added, the factor on the second counted in."""
    return a.abs() + (k * b).abs()


def _scaled(rule: Pointwise) -> Callable[[Reading], Pointwise]:
    """The rule as it is read, without the factor where that is 1, as it nearly always is."""
    plain = replace(
        rule,
        formula=rule.formula.replace("α·", ""),
        shown=rule.shown.replace("{k}·", ""),
        code=rule.code.replace("{k} * ", ""),
        slopes={name: (words.replace("·α", ""), slope) for name, (words, slope) in rule.slopes.items()},
    )
    return lambda reading: plain if reading.arguments.get("alpha", 1) == 1 else rule


# ---- plus, minus, times

ADD = Pointwise(
    "Two numbers at the same place are added.",
    "abk",
    "y = a + α·b",
    "{a} + {k}·{b}",
    "{a} + {k} * {b}",
    lambda a, b, k: a + k * b,
    "torch.add",
    {"a": ("da = dy", _one), "b": ("db = dy·α", lambda k, **_: k)},
    _both,
)
SUB = Pointwise(
    "The second number is taken away from the first, at every place.",
    "abk",
    "y = a − α·b",
    "{a} − {k}·{b}",
    "{a} - {k} * {b}",
    lambda a, b, k: a - k * b,
    "torch.sub",
    {"a": ("da = dy", _one), "b": ("db = −dy·α", lambda k, **_: -k)},
    _both,
)
MUL = Pointwise(
    "Two numbers at the same place are multiplied.",
    "ab",
    "y = a·b",
    "{a}·{b}",
    "{a} * {b}",
    lambda a, b: a * b,
    "torch.mul",
    {"a": ("da = dy·b", lambda b, **_: b), "b": ("db = dy·a", lambda a, **_: a)},
)
ADDCMUL = Pointwise(
    "The product of two numbers is added to a third, at every place.",
    "abck",
    "y = a + k·b·c",
    "{a} + {k}·{b}·{c}",
    "{a} + {k} * {b} * {c}",
    lambda a, b, c, k: a + k * b * c,
    "torch.addcmul",
    {
        "a": ("da = dy", _one),
        "b": ("db = dy·k·c", lambda c, k, **_: k * c),
        "c": ("dc = dy·k·b", lambda b, k, **_: k * b),
    },
    lambda a, b, c, k: a.abs() + (k * b * c).abs(),
    macs=1,
)
ADDCDIV = Pointwise(
    "The quotient of two numbers is added to a third, at every place.",
    "abck",
    "y = a + k·b / c",
    "{a} + {k}·{b} / {c}",
    "{a} + {k} * {b} / {c}",
    lambda a, b, c, k: a + k * b / c,
    "torch.addcdiv",
    {
        "a": ("da = dy", _one),
        "b": ("db = dy·k / c", lambda c, k, **_: k / c),
        "c": ("dc = −dy·k·b / c²", lambda b, c, k, **_: -k * b / c**2),
    },
    lambda a, b, c, k: a.abs() + (k * b / c).abs(),
)
LERP = Pointwise(
    "A point on the way from the first number to the second: at weight 0 the first, at weight 1 the second.",
    "abw",
    "y = a + w·(b − a)",
    "{a} + {w}·({b} − {a})",
    "{a} + {w} * ({b} - {a})",
    lambda a, b, w: a + w * (b - a),
    "torch.lerp",
    {
        "a": ("da = dy·(1 − w)", lambda w, **_: 1 - w),
        "b": ("db = dy·w", lambda w, **_: w),
        "w": ("dw = dy·(b − a)", lambda a, b, **_: b - a),
    },
    lambda a, b, w: a.abs() + w.abs() * (a.abs() + b.abs()),  # b − a loses digits where they are close
    macs=1,
)

# ---- divided by

QUOTIENT = Pointwise(
    "The first number is divided by the second, at every place.",
    "ab",
    "y = a / b",
    "{a} / {b}",
    "{a} / {b}",
    lambda a, b: a / b,
    "torch.div",
    {"a": ("da = dy / b", lambda b, **_: 1 / b), "b": ("db = −dy·a / b²", lambda a, b: -a / b**2)},
)
FLOORED = Pointwise(
    "The first number is divided by the second and rounded down to a whole number.",
    "ab",
    "y = ⌊a / b⌋",
    "⌊{a} / {b}⌋",
    "{a} // {b}",
    torch.floor_divide,
    "torch.floor_divide",
    {"a": ("da = 0: steps have no slope", _none), "b": ("db = 0: steps have no slope", _none)},
)
REMAINDER = Pointwise(
    "What is left when the second number is taken away as often as it goes; it has the sign of the second.",
    "ab",
    "y = a − ⌊a / b⌋·b",
    "{a} mod {b}",
    "{a} % {b}",
    torch.remainder,
    "torch.remainder",
    {"a": ("da = dy", _one), "b": ("db = −dy·⌊a / b⌋", lambda a, b: -torch.floor(a / b))},
    lambda *ab: ab[1].abs(),  # of a negative number b is added to what is left
)
FMOD = Pointwise(
    "What is left when the second number is taken away as often as it goes; it has the sign of the first.",
    "ab",
    "y = a − trunc(a / b)·b",
    "fmod({a}, {b})",
    "math.fmod({a}, {b})",
    torch.fmod,
    "torch.fmod",
    {"a": ("da = dy", _one), "b": ("db = −dy·trunc(a / b)", lambda a, b: -torch.trunc(a / b))},
)


def _division(reading: Reading) -> Pointwise:
    mode = reading.arguments["rounding_mode"]
    return {None: QUOTIENT, "floor": FLOORED}.get(mode) or _truncated(reading.output_value.dtype)


def _truncated(dtype: torch.dtype) -> Pointwise:
    """The quotient is rounded to the network's precision before what follows its point is cut off."""
    kind = dtype if dtype.is_floating_point else torch.float64
    return Pointwise(
        "The first number is divided by the second, and what follows the point is cut off.",
        "ab",
        "y = trunc(a / b)",
        "trunc({a} / {b})",
        "float(math.trunc({a} / {b}))",
        lambda a, b: torch.trunc((a / b).to(kind)),
        "torch.div",
        {"a": ("da = 0: steps have no slope", _none), "b": ("db = 0: steps have no slope", _none)},
    )


# ---- the larger, the smaller, one of two


def _ahead(a: Tensor, b: Tensor) -> Tensor:
    """1 where the first is larger, ½ where both are equal: so does torch share the gradient."""
    return (a > b).double() + 0.5 * (a == b)


MAXIMUM = Pointwise(
    "The larger of two numbers at the same place.",
    "ab",
    "y = max(a, b)",
    "max({a}, {b})",
    "max({a}, {b})",
    torch.maximum,
    "torch.maximum",
    {
        "a": ("da = dy where a > b, half of it where a = b", _ahead),
        "b": ("db = dy where b > a, half of it where a = b", lambda a, b: _ahead(b, a)),
    },
)
MINIMUM = Pointwise(
    "The smaller of two numbers at the same place.",
    "ab",
    "y = min(a, b)",
    "min({a}, {b})",
    "min({a}, {b})",
    torch.minimum,
    "torch.minimum",
    {
        "a": ("da = dy where a < b, half of it where a = b", lambda a, b: _ahead(b, a)),
        "b": ("db = dy where b < a, half of it where a = b", _ahead),
    },
)
WHERE = Pointwise(
    "Where the condition holds the first number passes, elsewhere the second.",
    "cab",
    "y = a if c else b",
    "{a} if {c} else {b}",
    "{a} if {c} else {b}",
    lambda a, b, c: torch.where(c != 0, a, b),
    "torch.where",
    {
        "a": ("da = dy where c holds, else 0", lambda c, **_: (c != 0).double()),
        "b": ("db = dy where c does not hold, else 0", lambda c, **_: (c == 0).double()),
    },
)
MASKED_FILL = Pointwise(
    "Where the mask is true a fixed value is put in; elsewhere the number stays.",
    "amv",
    "y = v if m else a",
    "{v} if {m} else {a}",
    "{v} if {m} else {a}",
    lambda a, m, v: torch.where(m != 0, v, a),
    "torch.Tensor.masked_fill",
    {
        "a": ("da = dy where m does not hold, else 0", lambda m, **_: (m == 0).double()),
        "v": ("dv = dy where m holds, else 0", lambda m, **_: (m != 0).double()),
    },
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
    return replace(rule, letters=rule.letters[1::-1] + rule.letters[2:])


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
