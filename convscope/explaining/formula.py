"""Formulas as trees: written once, shown in general and with numbers, computed, and written as Python.

How an operation's file says what it computes
---------------------------------------------
Write the formula with symbols and Python's own operators, once, where everybody sees it:

    n, k, s, p = symbols("n k s p")
    WINDOW = floor((n + 2 * p - k) / s) + 1

and bind the symbols where the numbers are known:

    worked = Worked(WINDOW, {n: 28, k: 5, s: 1, p: 2})   # ⌊(28 + 2·2 − 5)/1⌋ + 1 = 28

- A `Step` (see `account.py`) is a `Worked` with a name. What a symbol is bound to may be a number, another
  formula, or an earlier `Step`: it shows that step's value, and its Python uses that step's variable.
- `y.equals(right)` says what comes out; it is shown in general, and left away beside the numbers.
- `summed(x[i] * w[i])` is Σ, `largest(x)` and `smallest_of(x)` are max and min over many numbers. Where a
  step or an account has `terms`, these stand for the sum: its first products are written out, and the rest
  is counted. `over=(i,)` names what it runs over; `loop="input"` says that Python goes through the list of
  that name, which an earlier step has as a factor.
- `where(x > 0, x, a * x)` chooses. With the numbers put in only the piece that holds is shown.
- `formula.given(m.equals(largest(x)))` adds what a reader must know: "with m = max x"; it may be words.
- What is no formula stays words: `Text("no float32 is so large")`.

`functions.py` has the functions of numbers, `working.py` puts numbers in and computes.
Renderers (folder `rendering/`) walk the tree; nothing is ever read back out of text.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, Union

Scalar = int | float
Operand = Union["Formula", Scalar]


class UnboundError(LookupError):
    """A symbol without a number."""


class Formula:
    """Any part of a formula; + − × ÷ ** and comparisons make larger ones."""

    def __add__(self, other: Operand) -> "Sum":
        return Sum((*_parts(self, Sum), *_parts(formula(other), Sum)))

    def __radd__(self, other: Operand) -> "Sum":
        return formula(other) + self

    def __sub__(self, other: Operand) -> "Sum":
        return Sum((*_parts(self, Sum), Negative(formula(other))))

    def __rsub__(self, other: Operand) -> "Sum":
        return formula(other) - self

    def __mul__(self, other: Operand) -> "Formula":
        if isinstance(self, Negative):
            return -(self.inner * other)
        return Product((*_parts(self, Product), *_parts(formula(other), Product)))

    def __rmul__(self, other: Operand) -> "Formula":
        return formula(other) * self

    def __truediv__(self, other: Operand) -> "Formula":
        if isinstance(self, Negative):
            return -(self.inner / other)
        return Fraction(self, formula(other))

    def __rtruediv__(self, other: Operand) -> "Fraction":
        return Fraction(formula(other), self)

    def __pow__(self, other: Operand) -> "Power":
        return Power(self, formula(other))

    def __rpow__(self, other: Operand) -> "Power":
        return Power(formula(other), self)

    def __neg__(self) -> "Negative":
        return Negative(self)

    def __abs__(self) -> "FunctionCall":
        return FunctionCall("abs", (self,))

    def __gt__(self, other: Operand) -> "Condition":
        return Condition(self, ">", formula(other))

    def __lt__(self, other: Operand) -> "Condition":
        return Condition(self, "<", formula(other))

    def __ge__(self, other: Operand) -> "Condition":
        return Condition(self, "≥", formula(other))

    def __le__(self, other: Operand) -> "Condition":
        return Condition(self, "≤", formula(other))

    def is_(self, other: Operand) -> "Condition":
        """Whether both are equal; `==` compares trees."""
        return Condition(self, "=", formula(other))

    def is_not(self, other: Operand) -> "Condition":
        """Whether they differ."""
        return Condition(self, "≠", formula(other))

    def equals(self, right: Operand) -> "Equation":
        """`self = right`."""
        return Equation(self, formula(right))

    def becomes(self, right: Operand) -> "Equation":
        """`self ← right`: a new number takes the place of an old one."""
        return Equation(self, formula(right), "←")

    def given(self, *known: "Formula | str") -> "WhereClause":
        """With what a reader must know to read it."""
        main, before = (self.main, self.known) if isinstance(self, WhereClause) else (self, ())
        return WhereClause(
            main, (*before, *(Text(each) if isinstance(each, str) else each for each in known))
        )


@dataclass(frozen=True)
class Number(Formula):
    """A number; a whole one is shown with all its digits."""

    value: Scalar


@dataclass(frozen=True)
class Constant(Formula):
    """A number with a name of its own, such as π."""

    name: str
    value: float
    python: str


@dataclass(frozen=True)
class Known(Formula):
    """What was computed before: shown as a number or a written-out sum, in Python under its name."""

    value: Scalar
    shown: Formula
    python: str


@dataclass(frozen=True)
class Symbol(Formula):
    """A letter or a name, with what hangs below it: b with "i", h with "−1"; `x[i, r + u]` has an index."""

    name: str
    below: str = ""
    at: tuple[Formula, ...] = ()

    def __getitem__(self, at: "Operand | tuple[Operand, ...]") -> "Symbol":
        return replace(self, at=tuple(formula(each) for each in (at if isinstance(at, tuple) else (at,))))


@dataclass(frozen=True)
class Sum(Formula):
    """Parts that are added; a `Negative` one is taken away."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True)
class Product(Formula):
    """Factors."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True)
class Negative(Formula):
    """−x."""

    inner: Formula


@dataclass(frozen=True)
class Fraction(Formula):
    """One above another."""

    above: Formula
    below: Formula


@dataclass(frozen=True)
class Power(Formula):
    """A base raised to an exponent."""

    base: Formula
    exponent: Formula


@dataclass(frozen=True)
class FunctionCall(Formula):
    """A function of `FUNCTIONS`."""

    name: str
    arguments: tuple[Formula, ...]


@dataclass(frozen=True)
class Over(Formula):
    """Σ, Π, max or min over many numbers; with `along` over which symbols."""

    rule: str
    body: Formula
    along: tuple[Formula, ...] = ()


@dataclass(frozen=True)
class More(Formula):
    """Parts of a long sum that are not written out: how many, and what they come to."""

    count: int
    value: float


@dataclass(frozen=True)
class Condition(Formula):
    """A condition; 1 where it holds."""

    left: Formula
    sign: str
    right: Formula


@dataclass(frozen=True)
class Choice(Formula):
    """One formula where a condition holds, else another."""

    value: Formula
    condition: Formula
    otherwise: Formula


@dataclass(frozen=True)
class Equation(Formula):
    """What comes out, and how."""

    left: Formula
    right: Formula
    sign: str = "="


@dataclass(frozen=True)
class WhereClause(Formula):
    """A formula and what a reader must know beside it."""

    main: Formula
    known: tuple[Formula, ...]


@dataclass(frozen=True)
class Several(Formula):
    """Formulas one after the other."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True)
class Text(Formula):
    """Words in the place of a formula."""

    words: str


# ---- writing them


def formula(given: Operand) -> Formula:
    """A plain number as a part of a formula."""
    return given if isinstance(given, Formula) else Number(given)


def symbols(names: str) -> tuple[Symbol, ...]:
    """A symbol for each word of "n k s"."""
    return tuple(Symbol(name) for name in names.split())


def summed(body: Operand, over: tuple[Formula, ...] = ()) -> Over:
    """Σ body."""
    return Over("sum", formula(body), over)


def multiplied(body: Operand, over: tuple[Formula, ...] = ()) -> Over:
    """Π body."""
    return Over("prod", formula(body), over)


def largest(body: Operand, over: tuple[Formula, ...] = ()) -> Over:
    """The largest of many."""
    return Over("max", formula(body), over)


def smallest_of(body: Operand, over: tuple[Formula, ...] = ()) -> Over:
    """The smallest of many."""
    return Over("min", formula(body), over)


def where(condition: Formula, value: Operand, otherwise: Operand) -> Choice:
    """Value where the condition holds."""
    return Choice(formula(value), condition, formula(otherwise))


def several(*parts: Formula) -> Several:
    """One after the other."""
    return Several(parts)


def times(*factors: Operand) -> Formula:
    """A product of any number of factors; of one the factor itself."""
    parts = tuple(formula(each) for each in factors)
    return parts[0] if len(parts) == 1 else Product(parts)


def _parts(given: Formula, kind: type) -> tuple[Formula, ...]:
    return given.parts if isinstance(given, kind) else (given,)  # pyright: ignore[reportAttributeAccessIssue]


PI = Constant("π", math.pi, "math.pi")
INFINITY = Number(math.inf)


# ---- walking through them


def children(given: Formula) -> list[Formula]:
    """The parts that a formula is made of, in order."""
    found: list[Formula] = []
    for field in fields(given):  # pyright: ignore[reportArgumentType] - every kind of formula is a dataclass
        value = getattr(given, field.name)
        found += [value] if isinstance(value, Formula) else value if _is_several(value) else []
    return found


def changed(given: Formula, change: Callable[[Formula], Formula]) -> Formula:
    """The same kind of formula with `change` done to each of its parts."""
    new: dict[str, Any] = {}
    for field in fields(given):  # pyright: ignore[reportArgumentType]
        value = getattr(given, field.name)
        if isinstance(value, Formula):
            new[field.name] = change(value)
        elif _is_several(value):
            new[field.name] = tuple(change(each) for each in value)
    return replace(given, **new) if new else given  # pyright: ignore[reportArgumentType, reportCallIssue]


def _is_several(value: object) -> bool:
    return isinstance(value, tuple) and bool(value) and isinstance(value[0], Formula)


def side(given: Formula) -> Formula:
    """What is computed: the right side of an equation, without what is said beside it.

    >>> y, x = symbols("y x")
    >>> side(y.equals(2 * x).given("for every x")) == 2 * x
    True
    """
    if isinstance(given, WhereClause):
        return side(given.main)
    return given.right if isinstance(given, Equation) else given
