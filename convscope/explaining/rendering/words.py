"""A formula as plain text in Unicode: "⌊(28 + 2·2 − 5)/1⌋ + 1 = 28"."""

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
    Over,
    Power,
    Product,
    Scalar,
    Several,
    Sum,
    Symbol,
    Text,
    WhereClause,
    children,
)
from convscope.explaining.functions import BETWEEN
from convscope.explaining.op import Extent
from convscope.explaining.rendering.brackets import ATOM, CHOICE, POWER, PRODUCT, SUM, is_negative, level

RAISED = str.maketrans("−0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
LOWERED = str.maketrans("−0123456789", "₋₀₁₂₃₄₅₆₇₈₉")
NAMES = {"sum": "Σ", "prod": "Π"}
FENCES = {"floor": "⌊⌋", "ceil": "⌈⌉", "abs": "||"}


def text(given: Formula) -> str:
    """A formula in a line, what must be known beside it at the end.

    >>> from convscope.explaining.formula import summed, symbols
    >>> from convscope.explaining.functions import floor
    >>> n, p, k, s, y, x, i = symbols("n p k s y x i")
    >>> text(floor((n + 2 * p - k) / s) + 1)
    '⌊(n + 2·p − k)/s⌋ + 1'
    >>> text(y.equals(summed(x[i] ** 2, over=(i,)) / n))
    'y = Σ x[i]² / n   over i'
    """
    return "   ".join([_write(given), *beside(given)])


def beside(given: Formula) -> list[str]:
    """What stands behind a formula: over what it sums, and what is given."""
    if isinstance(given, Over) and given.along:
        return [f"over {', '.join(map(_write, given.along))}", *beside(given.body)]
    if isinstance(given, WhereClause):
        words = [_write(each) for each in given.known if isinstance(each, Text)]
        known = [_write(each) for each in given.known if not isinstance(each, Text)]
        return [*beside(given.main), *words, *([f"with {', '.join(known)}"] if known else [])]
    return [words for part in children(given) for words in beside(part)]


def extent(given: Extent) -> str:
    """The size of an axis with the numbers, in a line: "height ⌊(28 + 2·2 − 5)/1⌋ + 1 = 28"."""
    words = [given.axis, text(given.worked.numbers), *(f"({note})" for note in given.notes)]
    return " ".join(filter(None, words))


def number(value: Scalar) -> str:
    """A number as people write it: five digits, a true minus; a whole one with all its digits.

    >>> number(-0.123456), number(2.0), number(1e-9), number(313600)
    ('−0.12346', '2', '1e−09', '313,600')
    """
    if isinstance(value, int):
        return f"{value:,}".replace("-", "−")
    return f"{value + 0.0:.5g}".replace("-", "−").replace("inf", "∞")  # −0.0 is written as 0


def _inside(given: Formula, least: int) -> str:
    """In brackets where it holds together less than it must."""
    return f"({_write(given)})" if level(given) < least else _write(given)


def _write(given: Formula) -> str:
    return WRITE[type(given)](given)


def _symbol(given: Symbol) -> str:
    lowered = given.below.translate(LOWERED) if given.below.lstrip("−").isdigit() else ""
    name = given.name + (lowered or (f"_{given.below}" if given.below else ""))
    if not given.at:
        return name
    close = all(isinstance(each, Symbol) and not each.at for each in given.at)
    places = [str(each.value) if isinstance(each, Number) else _write(each) for each in given.at]
    return f"{name}[{(',' if close else ', ').join(places)}]"


def _sum(given: Sum) -> str:
    first, *rest = given.parts
    found = _inside(first, SUM)
    for part in rest:
        if isinstance(part, Negative):
            found += f" − {_inside(part.inner, PRODUCT)}"
        else:
            found += f" + {_inside(part, PRODUCT if is_negative(part) else SUM)}"
    return found


def _product(given: Product) -> str:
    last = len(given.parts) - 1
    return "·".join(
        _inside(part, POWER if isinstance(part, Over | Fraction) and place < last else PRODUCT)
        for place, part in enumerate(given.parts)
    )


def _fraction(given: Fraction) -> str:
    wide = isinstance(given.above, Over) or isinstance(given.below, Over)
    below = _inside(given.below, PRODUCT if isinstance(given.below, Over) else POWER)
    return f"{_inside(given.above, PRODUCT)}{' / ' if wide else '/'}{below}"


def _power(given: Power) -> str:
    base, exponent = _inside(given.base, ATOM), given.exponent
    exponent = exponent.shown if isinstance(exponent, Known) else exponent
    if isinstance(exponent, Number) and float(exponent.value).is_integer() and abs(exponent.value) < 100:
        return base + f"{int(exponent.value)}".replace("-", "−").translate(RAISED)
    return f"{base}^{_inside(exponent, ATOM)}"


def _call(given: FunctionCall) -> str:
    if given.name in FENCES:
        opening, closing = FENCES[given.name]
        return f"{opening}{', '.join(map(_write, given.arguments))}{closing}"
    if given.name in BETWEEN:
        return f" {given.name} ".join(_inside(each, POWER) for each in given.arguments)
    if given.name == "sqrt":
        return f"√{_inside(given.arguments[0], ATOM)}"
    return f"{given.name}({', '.join(map(_write, given.arguments))})"


def _over(given: Over) -> str:
    name = NAMES.get(given.rule, given.rule)
    body = _inside(given.body, PRODUCT)
    inner = given.body.base if isinstance(given.body, Power) else given.body
    tight = name in "ΣΠ" and (body.startswith("(") or (isinstance(inner, Symbol) and not inner.at))
    return f"{name}{body}" if tight else f"{name} {body}"


WRITE: dict[type, Callable[[Any], str]] = {
    Number: lambda given: number(given.value),
    Constant: lambda given: given.name,
    Known: lambda given: _write(given.shown),
    Symbol: _symbol,
    Sum: _sum,
    Product: _product,
    Negative: lambda given: f"−{_inside(given.inner, PRODUCT)}",
    Fraction: _fraction,
    Power: _power,
    FunctionCall: _call,
    Over: _over,
    More: lambda given: f"… ({given.count:,} more)",
    Condition: lambda given: f"{_inside(given.left, SUM)} {given.sign} {_inside(given.right, SUM)}",
    Choice: lambda given: (
        f"{_inside(given.value, SUM)} if {_inside(given.condition, CHOICE)} else "
        f"{_inside(given.otherwise, CHOICE)}"
    ),
    Equation: lambda given: f"{_write(given.left)} {given.sign} {_write(given.right)}",
    WhereClause: lambda given: _write(given.main),
    Several: lambda given: ",   ".join(map(_write, given.parts)),
    Text: lambda given: given.words,
}
