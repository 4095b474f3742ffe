"""Functions of numbers, as formulas use them: `exp(x)`, `maximum(a, b)`."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from convscope.explaining.formula import FunctionCall, formula


@dataclass(frozen=True)
class Function:
    """A function of numbers: how Python writes it (`{}` is its arguments), and what it does."""

    python: str
    of: Callable[..., Any]


SHUT = -700.0  # below, exp(−x) is too large for a number, and 1 + exp(−x) no other than exp(−x)


def _sigmoid(x: float) -> float:
    return math.exp(x) if x < SHUT else 1 / (1 + math.exp(-x))


FUNCTIONS = {
    "abs": Function("abs({})", abs),
    "floor": Function("math.floor({})", math.floor),
    "ceil": Function("math.ceil({})", math.ceil),
    "sqrt": Function("math.sqrt({})", math.sqrt),
    "trunc": Function("math.trunc({})", math.trunc),
    "round": Function("round({})", round),
    "exp": Function("math.exp({})", math.exp),
    "expm1": Function("math.expm1({})", math.expm1),
    "ln": Function("math.log({})", math.log),
    "log1p": Function("math.log1p({})", math.log1p),
    "log2": Function("math.log2({})", math.log2),
    "log10": Function("math.log10({})", math.log10),
    "sin": Function("math.sin({})", math.sin),
    "cos": Function("math.cos({})", math.cos),
    "erf": Function("math.erf({})", math.erf),
    "tanh": Function("math.tanh({})", math.tanh),
    "σ": Function("1 / (1 + math.exp(-({})))", _sigmoid),
    "max": Function("max({})", max),
    "min": Function("min({})", min),
    "sign": Function("(lambda v: (v > 0) - (v < 0))({})", lambda v: (v > 0) - (v < 0)),
    "fmod": Function("math.fmod({})", math.fmod),
    "mod": Function("(lambda a, b: a % b)({})", lambda a, b: a % b),
    "and": Function("(lambda a, b: int(a) & int(b))({})", lambda a, b: int(a) & int(b)),
    "or": Function("(lambda a, b: int(a) | int(b))({})", lambda a, b: int(a) | int(b)),
    "xor": Function("(lambda a, b: int(a) ^ int(b))({})", lambda a, b: int(a) ^ int(b)),
    "float": Function("float({})", float),
    "isnan": Function("math.isnan({})", math.isnan),
    "isfinite": Function("math.isfinite({})", math.isfinite),
}
BETWEEN = ("mod", "and", "or", "xor")  # functions that stand between their two numbers


def call(name: str) -> Callable[..., FunctionCall]:
    """A function of `FUNCTIONS`, as formulas use it."""
    return lambda *arguments: FunctionCall(name, tuple(formula(each) for each in arguments))


floor, ceil, sqrt, exp, ln, tanh = (call(name) for name in ("floor", "ceil", "sqrt", "exp", "ln", "tanh"))
expm1, log1p, log2, log10 = (call(name) for name in ("expm1", "log1p", "log2", "log10"))
sin, cos, erf, trunc = (call(name) for name in ("sin", "cos", "erf", "trunc"))
rounded, is_nan, is_finite = (call(name) for name in ("round", "isnan", "isfinite"))
sigmoid, maximum, minimum, absolute = (call(name) for name in ("σ", "max", "min", "abs"))
both = call("and")
