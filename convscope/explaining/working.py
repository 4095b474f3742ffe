"""Formulas with numbers: put in, chosen by, and computed."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
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
    Operand,
    Power,
    Product,
    Scalar,
    Sum,
    Symbol,
    UnboundError,
    WhereClause,
    changed,
    formula,
    side,
)
from convscope.explaining.functions import FUNCTIONS


def put(given: Formula, values: Mapping[Any, Operand]) -> Formula:
    """The formula with numbers (or other formulas) for its symbols; of a choice the piece that holds.

    >>> from convscope.explaining.formula import symbols, where
    >>> x, a = symbols("x a")
    >>> put(where(x > 0, x, a * x), {x: -2.0, a: 0.5})
    Product(parts=(Number(value=0.5), Number(value=-2.0)))
    """
    if given in values:
        return formula(values[given])
    if isinstance(given, Symbol) and given.at and replace(given, at=()) in values:
        return formula(values[replace(given, at=())])
    if isinstance(given, Known):
        return given
    if isinstance(given, Choice):
        return _chosen(given, values)
    return changed(given, lambda part: put(part, values))


def _chosen(given: Choice, values: Mapping[Any, Operand]) -> Formula:
    condition = put(given.condition, values)
    try:
        return put(given.value if evaluate(condition) else given.otherwise, values)
    except UnboundError:
        return Choice(put(given.value, values), condition, put(given.otherwise, values))


def chosen(given: Formula, values: Mapping[Any, Operand]) -> Formula:
    """The pieces that hold whatever the other symbols are; all symbols stay.

    >>> from convscope.explaining.formula import symbols, where
    >>> x, a = symbols("x a")
    >>> chosen(where(a > 0, x, where(x > 0, a, 0)), {a: 1.0})
    Symbol(name='x', below='', at=())
    """
    if not isinstance(given, Choice):
        return changed(given, lambda part: chosen(part, values))
    condition = put(given.condition, values)
    try:
        return chosen(given.value if evaluate(condition) else given.otherwise, values)
    except UnboundError:
        return Choice(chosen(given.value, values), given.condition, chosen(given.otherwise, values))


COMPARE: dict[str, Callable[[Scalar, Scalar], bool]] = {
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    "≥": lambda a, b: a >= b,
    "≤": lambda a, b: a <= b,
    "=": lambda a, b: a == b,
    "≠": lambda a, b: a != b,
}


def evaluate(given: Formula) -> Scalar:
    """What a formula comes to, in float64; whole numbers stay whole.

    Raises:
        UnboundError: a symbol has no number.
        ArithmeticError, ValueError: there is none, as for 1/0 and ln 0.

    >>> from convscope.explaining.formula import symbols
    >>> from convscope.explaining.functions import floor
    >>> n, k = symbols("n k")
    >>> evaluate(put(floor((n - k) / 2) + 1, {n: 28, k: 5}))
    12
    """
    rule = EVALUATE.get(type(given))
    if rule is None:
        raise UnboundError(str(given))
    return rule(given)


def _call(given: FunctionCall) -> Scalar:
    return FUNCTIONS[given.name].of(*(evaluate(each) for each in given.arguments))


def _power(given: Power) -> Scalar:
    base, exponent = evaluate(given.base), evaluate(given.exponent)
    return base**exponent if isinstance(exponent, int) and exponent >= 0 else math.pow(base, exponent)


def _fraction(given: Fraction) -> Scalar:
    above, below = evaluate(given.above), evaluate(given.below)
    whole = isinstance(above, int) and isinstance(below, int) and below and above % below == 0
    return above // below if whole else above / below


def _sum(given: Sum) -> Scalar:
    parts = [evaluate(each) for each in given.parts]
    whole = all(isinstance(each, int) for each in parts) or not all(map(math.isfinite, parts))
    return sum(parts) if whole or len(parts) < 3 else math.fsum(parts)


EVALUATE: dict[type, Callable[[Any], Scalar]] = {
    Number: lambda given: given.value,
    Constant: lambda given: given.value,
    Known: lambda given: given.value,
    More: lambda given: given.value,
    Sum: _sum,
    Product: lambda given: math.prod(evaluate(each) for each in given.parts),
    Negative: lambda given: -evaluate(given.inner),
    Fraction: _fraction,
    Power: _power,
    FunctionCall: _call,
    Condition: lambda given: COMPARE[given.sign](evaluate(given.left), evaluate(given.right)),
    Choice: lambda given: evaluate(given.value if evaluate(given.condition) else given.otherwise),
    Equation: lambda given: evaluate(given.right),
    WhereClause: lambda given: evaluate(given.main),
}


@dataclass(frozen=True)
class Worked:
    """A formula with numbers for its symbols.

    Attributes:
        formula: in general.
        values: the symbols' numbers.

    >>> from convscope.explaining.formula import symbols
    >>> n, k = symbols("n k")
    >>> Worked(n - k + 1, {n: 28, k: 5}).value
    24
    """

    formula: Formula
    values: Mapping[Any, Operand]

    @cached_property
    def put_in(self) -> Formula:
        """The right side with the numbers."""
        return put(side(self.formula), self.values)

    @cached_property
    def value(self) -> Scalar:
        """What it comes to."""
        return evaluate(self.put_in)

    @property
    def numbers(self) -> Formula:
        """The numbers put in, and what comes out."""
        return with_result(self.put_in, self.value)


def with_result(put_in: Formula, value: Scalar) -> Formula:
    """`… = value`, without saying a number twice."""
    shown = getattr(put_in, "shown", put_in)
    right = side(shown) if isinstance(shown, WhereClause) else shown
    same = isinstance(right, Number) and right.value == value
    return put_in if same else Equation(put_in, Number(value))
