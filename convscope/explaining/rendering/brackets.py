"""Which part of a formula needs brackets: the same for everyone who writes one in a line."""

from convscope.explaining.formula import (
    Choice,
    Condition,
    Equation,
    Formula,
    Fraction,
    FunctionCall,
    Known,
    Negative,
    Number,
    Over,
    Power,
    Product,
    Several,
    Sum,
    WhereClause,
)
from convscope.explaining.functions import BETWEEN

EQUATION, CHOICE, SUM, PRODUCT, POWER, ATOM = range(6)
LEVELS = {
    **dict.fromkeys((Equation, WhereClause, Several), EQUATION),
    **dict.fromkeys((Choice, Condition), CHOICE),
    **dict.fromkeys((Sum, Negative), SUM),
    **dict.fromkeys((Product, Fraction, Over), PRODUCT),
    Power: POWER,
}


def is_negative(given: Formula) -> bool:
    """A number below zero, which needs brackets behind a sign."""
    return (isinstance(given, Number) and given.value < 0) or (
        isinstance(given, Known) and is_negative(given.shown)
    )


def level(given: Formula) -> int:
    """How closely a formula holds together: a sum less than a product, a negative number as a sum."""
    if isinstance(given, Known):
        return level(given.shown)
    if is_negative(given):
        return SUM
    if isinstance(given, FunctionCall) and given.name in BETWEEN:
        return PRODUCT
    return LEVELS.get(type(given), ATOM)
