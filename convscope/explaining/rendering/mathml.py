"""A formula as MathML, for the notebook and the page alike: nested lists, each a name and what is inside.

`["mfrac", ["mn", "1"], ["mi", "x"]]` is one over x. What hangs below or stands above needs no brackets, so
there are fewer than in a line of text.
"""

from collections.abc import Callable
from html import escape
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
    Several,
    Sum,
    Symbol,
    Text,
    WhereClause,
)
from convscope.explaining.functions import BETWEEN
from convscope.explaining.rendering.brackets import ATOM, CHOICE, POWER, PRODUCT, SUM, is_negative, level
from convscope.explaining.rendering.words import FENCES, NAMES, number

Element = list[Any]  # a name, then texts and elements
BREAKS = ("=", "←", "+", "−")
LONG = 16  # letters of a part that may also break inside of its brackets, and before "·"


def lines(given: Formula) -> list[Element]:
    """The parts between which a line may break: before "=", "+" and "−", in long ones before "·".

    >>> from convscope.explaining.formula import symbols
    >>> a, b = symbols("a b")
    >>> lines(a + b / 2)
    [['mrow', ['mi', 'a']], ['mrow', ['mo', '+'], ['mfrac', ['mi', 'b'], ['mn', '2']]]]
    """
    found: list[Element] = []
    for part in _flat(given):
        if not found or _breaks(part, found[-1]):
            found.append(["mrow"])
        found[-1].append(part)
    return found


def _breaks(part: Element, line: Element) -> bool:
    """Whether a line may break between these two."""
    if part[0] != "mo" or len(line) == 1:
        return False
    return part[1] in BREAKS or (part[1] == "·" and _length(line) > LONG)


def _length(element: Element) -> int:
    return sum(len(part) if isinstance(part, str) else _length(part) for part in element[1:])


def markup(element: Element) -> str:
    """An element as it is written in a page."""
    name, *inside = element
    words = "".join(escape(part) if isinstance(part, str) else markup(part) for part in inside)
    return f"<{name}>{words}</{name}>"


def _flat(given: Formula) -> list[Element]:
    """An equation or a sum as its parts and signs."""
    if isinstance(given, WhereClause):
        return _flat(given.main)
    if isinstance(given, Known):
        return _flat(given.shown)
    if isinstance(given, Equation):
        return [*_flat(given.left), _sign(given.sign), *_flat(given.right)]
    if isinstance(given, Sum):
        return _sum(given)
    return _opened(_write(given))


def _opened(element: Element) -> list[Element]:
    """A long row as what stands in it, so that lines can break there; a number keeps its sign."""
    if element[0] != "mrow" or element[1] == _sign("−") or _length(element) <= LONG:
        return [element]
    if element[1][0] == "mo" and _is_tall(element):
        return [element]
    return [inner for part in element[1:] for inner in _opened(part)]


def _is_tall(element: Element) -> bool:
    """Whether brackets around it grow, which they do only in one piece with it."""
    return element[0] == "mfrac" or any(_is_tall(part) for part in element[1:] if isinstance(part, list))


def _write(given: Formula) -> Element:
    return WRITE[type(given)](given)


def _row(*parts: Element) -> Element:
    return parts[0] if len(parts) == 1 else ["mrow", *parts]


def _sign(text: str) -> Element:
    return ["mo", text]


def _fenced(given: Formula, fences: str = "()") -> Element:
    return ["mrow", _sign(fences[0]), *_flat(given), _sign(fences[1])]


def _inside(given: Formula, least: int) -> Element:
    """In brackets where it holds together less than it must."""
    return _fenced(given) if level(given) < least else _write(given)


def _number(given: Number) -> Element:
    digits, _, power = number(given.value).partition("e")
    minus, digits = digits.startswith("−"), digits.lstrip("−")
    leaf: Element = ["mn" if digits[0].isdigit() else "mi", digits.replace(",", "\u202f")]
    if power:
        ten: Element = ["msup", ["mn", "10"], ["mn", str(int(power.replace("−", "-"))).replace("-", "−")]]
        leaf = ["mrow", leaf, _sign("·"), ten]
    return ["mrow", _sign("−"), leaf] if minus else leaf


def _symbol(given: Symbol) -> Element:
    below: list[Element] = [["mn" if given.below.lstrip("−").isdigit() else "mi", given.below]]
    below = below if given.below else []
    for place in given.at:
        below += [_sign(",")] if below else []
        below.append(["mn", str(place.value)] if isinstance(place, Number) else _write(place))
    name: Element = ["mi", given.name]
    return ["msub", name, _row(*below)] if below else name


def _sum(given: Sum) -> list[Element]:
    first, *rest = given.parts
    found = _flat(first) if isinstance(first, Sum | Known) else [_inside(first, SUM)]
    for part in rest:
        if isinstance(part, Negative):
            found += [_sign("−"), _inside(part.inner, PRODUCT)]
        elif is_negative(part):
            found += [_sign("+"), _fenced(part)]
        else:
            found += [_sign("+"), *_flat(part)]
    return found


def _product(given: Product) -> Element:
    last, found = len(given.parts) - 1, []
    for place, part in enumerate(given.parts):
        found += [_sign("·")] if place else []
        found.append(_inside(part, POWER if isinstance(part, Over) and place < last else PRODUCT))
    return ["mrow", *found]


def _call(given: FunctionCall) -> Element:
    if given.name == "sqrt":
        return ["msqrt", _write(given.arguments[0])]
    if given.name in BETWEEN:
        first, second = (_inside(each, POWER) for each in given.arguments)
        return ["mrow", first, _sign(given.name), second]
    inside: list[Element] = []
    for place, part in enumerate(given.arguments):
        inside += [_sign(",")] if place else []
        inside += _flat(part)
    opening, closing = FENCES.get(given.name, "()")
    fenced: Element = ["mrow", _sign(opening), *inside, _sign(closing)]
    return fenced if given.name in FENCES else ["mrow", ["mi", given.name], fenced]


def _choice(given: Choice) -> Element:
    return [
        "mrow",
        _inside(given.value, SUM),
        ["mtext", " if "],
        _inside(given.condition, CHOICE),
        ["mtext", " else "],
        _inside(given.otherwise, CHOICE),
    ]


def _several(given: Several) -> Element:
    found: list[Element] = []
    for part in given.parts:
        found += [_sign(","), ["mtext", "  "]] if found else []
        found += _flat(part)
    return ["mrow", *found]


WRITE: dict[type, Callable[[Any], Element]] = {
    Number: _number,
    Constant: lambda given: ["mi", given.name],
    Known: lambda given: _write(given.shown),
    Symbol: _symbol,
    Sum: lambda given: ["mrow", *_sum(given)],
    Product: _product,
    Negative: lambda given: ["mrow", _sign("−"), _inside(given.inner, PRODUCT)],
    Fraction: lambda given: ["mfrac", _write(given.above), _write(given.below)],
    Power: lambda given: ["msup", _inside(given.base, ATOM), _write(given.exponent)],
    FunctionCall: _call,
    Over: lambda given: ["mrow", _sign(NAMES.get(given.rule) or given.rule), _inside(given.body, PRODUCT)],
    More: lambda given: ["mtext", f"… ({given.count:,} more)"],
    Condition: lambda given: [
        "mrow",
        _inside(given.left, SUM),
        _sign(given.sign),
        _inside(given.right, SUM),
    ],
    Choice: _choice,
    Equation: lambda given: ["mrow", *_flat(given)],
    WhereClause: lambda given: _write(given.main),
    Several: _several,
    Text: lambda given: ["mtext", given.words],
}
