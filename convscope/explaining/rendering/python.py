"""A formula and an explanation as Python that runs by itself."""

import re
from collections.abc import Callable
from typing import Any

from convscope.explaining.formula import (
    Choice,
    Condition,
    Constant,
    Equation,
    Formula,
    Fraction,
    FunctionCall,
    Known,
    More,
    Negative,
    Number,
    Power,
    Product,
    Scalar,
    Sum,
    Symbol,
    UnboundError,
    WhereClause,
)
from convscope.explaining.functions import FUNCTIONS, SHUT
from convscope.explaining.rendering.brackets import CHOICE, POWER, PRODUCT, SUM, level
from convscope.explaining.working import evaluate

COMPARE = {"≥": ">=", "≤": "<=", "=": "==", "≠": "!="}


def python(given: Formula) -> str:
    """A formula as an expression; symbols without a number stand under their names.

    >>> from convscope.explaining.formula import symbols
    >>> from convscope.explaining.functions import exp
    >>> (x,) = symbols("x")
    >>> python(1 / (1 + exp(-x)))
    '1 / (1 + math.exp(-x))'
    """
    return WRITE[type(given)](given)


def python_name(name: str) -> str:
    """The name of a step as a Python variable.

    >>> python_name("forget gate"), python_name("1/σ")
    ('forget_gate', '_1_σ')
    """
    plain = re.sub(r"\W", "_", name)
    return f"_{plain}" if plain[:1].isdigit() else plain


def literal(value: Scalar) -> str:
    """A number as Python reads it, infinities too.

    >>> literal(-2.0), literal(float("inf"))
    ('-2.0', 'float("inf")')
    """
    return repr(value) if abs(value) < float("inf") else f'float("{value}")'


def _number(given: Number) -> str:
    written = literal(given.value)
    return f"({written})" if written.startswith("-") else written


def _inside(given: Formula, least: int) -> str:
    plain = isinstance(given, Number | Known) or level(given) >= least
    return python(given) if plain else f"({python(given)})"


def _sum(given: Sum) -> str:
    first, *rest = given.parts
    found = _inside(first, SUM)
    for part in rest:
        taken = isinstance(part, Negative)
        found += f" - {_inside(part.inner, PRODUCT)}" if taken else f" + {_inside(part, PRODUCT)}"
    return found


def _power(given: Power) -> str:
    base, exponent = given.base, given.exponent
    if isinstance(exponent, Number) and isinstance(exponent.value, int) and exponent.value >= 0:
        return f"{_inside(base, POWER + 1)} ** {exponent.value}"
    return f"math.pow({python(base)}, {python(exponent)})"


def _call(given: FunctionCall) -> str:
    rule = FUNCTIONS["exp" if given.name == "σ" and _is_shut(given) else given.name].python
    written = rule.format(", ".join(map(python, given.arguments)))
    return f"({written})" if " / " in rule else written


def _is_shut(given: FunctionCall) -> bool:
    """Whether a sigmoid is so far below zero that it is exp itself."""
    try:
        return evaluate(given.arguments[0]) < SHUT
    except UnboundError:
        return False


WRITE: dict[type, Callable[[Any], str]] = {
    Number: _number,
    Constant: lambda given: given.python,
    Known: lambda given: given.python,
    More: lambda given: literal(given.value),
    Symbol: lambda given: python_name(given.name + given.below),
    Sum: _sum,
    Product: lambda given: " * ".join(
        _inside(part, PRODUCT + (place > 0)) for place, part in enumerate(given.parts)
    ),
    Negative: lambda given: f"-{_inside(given.inner, POWER)}",
    Fraction: lambda given: f"{_inside(given.above, PRODUCT)} / {_inside(given.below, POWER)}",
    Power: _power,
    FunctionCall: _call,
    Condition: lambda given: (
        f"{_inside(given.left, SUM)} {COMPARE.get(given.sign, given.sign)} {_inside(given.right, SUM)}"
    ),
    Choice: lambda given: (
        f"{_inside(given.value, SUM)} if {_inside(given.condition, CHOICE)} else "
        f"{_inside(given.otherwise, CHOICE)}"
    ),
    Equation: lambda given: python(given.right),
    WhereClause: lambda given: python(given.main),
}
