"""Expressions of a table of functions: computed, shown as a formula, and written into a script.

An expression is Python with names for its numbers: "x if x > 0 else a * x". One text serves all three, so
that they cannot differ.
"""

import math
import re
from collections.abc import Callable
from functools import cache
from types import CodeType
from typing import Any

from convscope.explaining.plain import signed

Names = dict[str, Any]


def evaluate(expression: str, names: Names) -> float:
    """An expression of a table with its numbers; the tables are ours, nothing foreign is ever run.

    >>> evaluate("max(0.0, x)", {"x": 2.0})
    2.0
    """
    return eval(_compiled(expression), {"math": math}, names)


def chosen(expression: str, names: Names) -> str:
    """The piece that holds; a condition stays where it uses a name that is not known yet.

    >>> chosen("x if x > 0 else a * x", {"x": -1.0, "a": 0.1}), chosen("x if x > 0 else a * x", {"a": 0.1})
    ('a * x', 'x if x > 0 else a * x')
    """
    value, _, rest = expression.partition(" if ")
    if not rest:
        return expression
    condition, _, other = rest.partition(" else ")
    try:
        return value if evaluate(condition, names) else chosen(other, names)
    except NameError:
        return f"{value} if {condition} else {chosen(other, names)}"


def put_in(expression: str, names: Names, write: Callable[[Any], str]) -> str:
    """The expression with numbers for its names.

    >>> put_in("max(0.0, x)", {"x": -2.0}, signed)
    'max(0.0, (−2))'
    """
    return re.sub(
        r"(?<![\w.])[^\W\d]\w*", lambda m: write(names[m[0]]) if m[0] in names else m[0], expression
    )


def literal(value: Any) -> str:  # noqa: ANN401 - a number, None or a word
    """A number as it is written in Python, in brackets where it is negative."""
    if not isinstance(value, int | float):
        return repr(value)
    text = repr(value) if math.isfinite(value) else f'float("{value}")'
    return f"({text})" if text.startswith("-") else text


PRETTY = (
    (r"math\.pow\(([^,]+), ((?:[^,() ]|\([^()]*\))+)\)", r"\1^\2"),
    (r"math\.pow\(([^,]+), ((?:[^,()]|\([^()]*\))+)\)", r"\1^(\2)"),
    (r"math\.", ""),
    (r" \*\* 2", "²"),
    (r" \*\* 3", "³"),
    (r"(\d)\.0\b", r"\1"),
    (r" ([*]) ", "·"),
    (r" / ", "/"),
    (r"-", "−"),
    (r"<=", "≤"),
    (r">=", "≥"),
    (r"==", "="),
    (r"\bpi\b", "π"),
    (r"\binf\b", "∞"),
    (r"sqrt\(([\w.]+)\)", r"√\1"),
    (r"sqrt\(", "√("),
    (r"(^|[(,|] ?| if | else |[<>≤≥=] )\((−[^()]+)\)(?=$|[),|]| [<>≤≥=i])", r"\1\2"),  # ((−2)) → (−2)
    (r"abs\(([^()]+)\)", r"|\1|"),
)


def pretty(expression: str) -> str:
    """Python as mathematics.

    >>> pretty("-x * (1.0 + math.exp(-abs(x)) ** 2) / math.sqrt(2)")
    '−x·(1 + exp(−|x|)²)/√2'
    """
    for pattern, replacement in PRETTY:
        expression = re.sub(pattern, replacement, expression)
    return expression


def shown(value: Any) -> str:  # noqa: ANN401
    """A number inside of a formula."""
    return signed(value) if isinstance(value, int | float) else str(value)


@cache
def _compiled(expression: str) -> CodeType:
    return compile(expression, "<table>", "eval")
