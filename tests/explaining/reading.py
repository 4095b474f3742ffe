"""Formulas read back from what was shown, and worked out again: shares nothing with the code that wrote them.

A number that is shown with five digits stands for all numbers that are shown so: it is read as the two ends
of what it may be, and every calculation goes on with both ends.
"""

import math
import re
from itertools import product as pairs

import torch

ANY = (-math.inf, math.inf)
DIGITS = 5
RAISED = dict(zip("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789", strict=True))
TOKEN = re.compile(
    r"\s+|(?P<more>… \((?P<count>[\d,]+) more\))|(?P<number>\d+(?:,\d{3})*(?:\.\d+)?(?:e[+−]\d+)?|∞|nan)"
    r"|(?P<raised>[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)|(?P<name>[^\W\d]\w*)|(?P<sign>[-−+·/^√()⌊⌋⌈⌉|,=<>≥≤≠\[\]])"
)


class NotAFormulaError(Exception):
    """Words, or a sign that is not known."""


class More:
    """Numbers that are not shown: how many."""

    def __init__(self, count):
        self.count = count


# ---- numbers


def ends(words, digits=DIGITS):
    """What a shown number may be.

    >>> ends("2.5")
    (2.49995, 2.50005)
    """
    plain = words.strip().replace("\u202f", ",")
    value = figure(plain)
    several = len(re.sub(r"\D", "", plain.partition("e")[0])) > digits
    if value == 0 or not math.isfinite(value) or "," in plain or (several and "." not in plain):
        return (value, value)
    half = 0.5 * 10.0 ** (math.floor(math.log10(abs(value))) - digits + 1)
    return (value - half, value + half)


def figure(words):
    """A number as people write it."""
    return float(words.strip().replace("−", "-").replace(",", "").replace("∞", "inf"))


def hull(values):
    found = list(values)
    return ANY if any(map(math.isnan, found)) else (min(found), max(found))


def corners(rule, *given):
    """A rule that is monotone in each number."""
    try:
        return hull(rule(*each) for each in pairs(*given))
    except (ArithmeticError, ValueError):
        return ANY


def add(one, other):
    return hull((one[0] + other[0], one[1] + other[1]))


def negative(one):
    return (-one[1], -one[0])


def multiplied(one, other):
    return corners(lambda a, b: 0.0 if a == 0 or b == 0 else a * b, one, other)


def divided(one, other):
    inside = other[0] <= 0 <= other[1]
    return ANY if inside else corners(lambda a, b: a / b, one, other)


def raised(base, exponent):
    whole = round((exponent[0] + exponent[1]) / 2)
    if exponent[0] <= whole <= exponent[1]:
        exponent = (float(whole), float(whole))
        if base[0] <= 0 <= base[1]:
            if whole < 0:
                return ANY
            low, high = corners(math.pow, base, exponent)
            return (min(low, 0.0), high)
    return corners(math.pow, (max(base[0], 0.0), base[1]) if exponent[0] != exponent[1] else base, exponent)


def absolute(one):
    low, high = corners(abs, one)
    return (0.0, high) if one[0] <= 0 <= one[1] else (low, high)


def within_domain(rule, least):
    """A rising rule that begins at a number: what is shown as that number may lie a little below."""

    def of(one):
        return corners(
            lambda a: rule(a) if a > least or rule is math.sqrt else -math.inf,
            (max(one[0], least), max(one[1], least)),
        )

    return of


def wave(rule):
    """Sine or cosine: no steeper than 1."""

    def of(one):
        middle, half = (one[0] + one[1]) / 2, (one[1] - one[0]) / 2
        return (rule(middle) - half, rule(middle) + half) if math.isfinite(middle) else ANY

    return of


def left_over(whole):
    """What division leaves, where all that is shown so has the same quotient."""

    def of(one, other):
        quotient = divided(one, other)
        if not all(map(math.isfinite, quotient)) or whole(quotient[0]) != whole(quotient[1]):
            return ANY
        count = float(whole(quotient[0]))
        return add(one, negative(multiplied(other, (count, count))))

    return of


def bits(rule):
    return lambda one, other: corners(lambda a, b: float(rule(round(a), round(b))), one, other)


def sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def rising(rule):
    return lambda one: corners(rule, one)


def sign(x):
    return float((x > 0) - (x < 0))


FUNCTIONS = {
    "exp": rising(lambda x: math.inf if x > 709 else math.exp(x)),
    "expm1": rising(lambda x: math.inf if x > 709 else math.expm1(x)),
    "ln": within_domain(math.log, 0.0),
    "log2": within_domain(math.log2, 0.0),
    "log10": within_domain(math.log10, 0.0),
    "log1p": within_domain(math.log1p, -1.0),
    "sqrt": within_domain(math.sqrt, 0.0),
    "tanh": rising(math.tanh),
    "erf": rising(math.erf),
    "σ": rising(sigmoid),
    "sign": rising(sign),
    "trunc": rising(lambda x: x if math.isinf(x) else float(math.trunc(x))),
    "round": rising(lambda x: x if math.isinf(x) else float(round(x))),
    "floor": rising(lambda x: x if math.isinf(x) else float(math.floor(x))),
    "ceil": rising(lambda x: x if math.isinf(x) else float(math.ceil(x))),
    "float": lambda one: one,
    "abs": absolute,
    "sin": wave(math.sin),
    "cos": wave(math.cos),
    "max": lambda *all: (max(one[0] for one in all), max(one[1] for one in all)),
    "min": lambda *all: (min(one[0] for one in all), min(one[1] for one in all)),
    "mod": left_over(math.floor),
    "fmod": left_over(math.trunc),
    "and": bits(lambda a, b: a & b),
    "or": bits(lambda a, b: a | b),
    "xor": bits(lambda a, b: a ^ b),
    "isnan": lambda one: (0.0, 1.0),
    "isfinite": lambda one: (0.0, 1.0),
}
KINDS = {"float16", "bfloat16", "float32", "float64", "int64", "int32", "int16", "int8", "uint8", "bool"}


def cast(kind):
    """A number in another type: each rounds towards what it knows."""
    return rising(lambda x: float(torch.tensor(x, dtype=torch.float64).to(getattr(torch, kind))))


BETWEEN = [("name", each) for each in ("mod", "and", "or", "xor")]
FENCES = {"⌊": ("⌋", "floor"), "⌈": ("⌉", "ceil"), "|": ("|", "abs")}
COMPARE = {">": -1, "≥": -1, "<": 1, "≤": 1, "=": 0, "≠": 0}


def compared(one, mark, other):
    """1, 0, or either."""
    if mark in "=≠":
        apart = one[0] > other[1] or one[1] < other[0]
        return ((0.0, 0.0) if mark == "=" else (1.0, 1.0)) if apart else (0.0, 1.0)
    low, high = add(other, negative(one)) if COMPARE[mark] > 0 else add(one, negative(other))
    return (1.0, 1.0) if low > 0 else (0.0, 0.0) if high < 0 else (0.0, 1.0)


# ---- texts and trees as signs in a row


def from_text(words):
    """The signs of a line: ("number", "2"), ("sign", "+"); what is said behind it is left away."""
    words = words.partition("   ")[0]
    found, at = [], 0
    while at < len(words):
        hit = TOKEN.match(words, at)
        if not hit:
            raise NotAFormulaError(words)
        at, kind = hit.end(), hit.lastgroup
        if kind == "count" or hit["more"]:
            found.append(("more", int(hit["count"].replace(",", ""))))
        elif kind == "raised":
            number = "".join(RAISED[each] for each in hit["raised"]).replace("-", "−")
            found += [("sign", "^"), ("sign", "("), *from_text(number), ("sign", ")")]
        elif kind:
            found.append((kind, hit[kind]))
    return found


def from_mathml(element):
    """The same of an element: what stands above, below, or under a root goes into brackets."""
    name, *inside = element
    if all(isinstance(each, str) for each in inside):
        return leaf(name, "".join(inside))
    parts = [from_mathml(each) for each in inside]
    if name == "mrow":
        return [sign for part in parts for sign in part]
    fenced = [[("sign", "("), *part, ("sign", ")")] for part in parts]
    if name == "mfrac":
        return [("sign", "("), *fenced[0], ("sign", "/"), *fenced[1], ("sign", ")")]
    if name == "msup":
        return [*fenced[0], ("sign", "^"), *fenced[1]]
    if name == "msub":
        return [*parts[0], ("sign", "["), *parts[1], ("sign", "]")]
    if name == "msqrt":
        return [("name", "sqrt"), *fenced[0]]
    raise NotAFormulaError(element)


def leaf(name, words):
    words = words.replace("\u202f", ",")
    return [("number", words)] if name == "mn" and words[:1].isdigit() else from_text(words)


# ---- working them out


class Reader:
    """One side of an equation, from its first sign to its last.

    `hidden` gives what numbers come to that are not shown, from those that stand before them; `looked_up`
    the number of a tensor at a place.
    """

    def __init__(self, signs, hidden, looked_up):
        self.signs, self.at, self.hidden, self.looked_up = signs, 0, hidden, looked_up

    def value(self):
        found = self.comparison()
        if self.at != len(self.signs):
            raise NotAFormulaError(self.signs[self.at :])
        return found

    def next(self, *signs):
        """The next sign where it is one of these."""
        if self.at < len(self.signs) and self.signs[self.at] in {("sign", each) for each in signs}:
            self.at += 1
            return self.signs[self.at - 1][1]
        return None

    def demand(self, mark):
        if not self.next(mark):
            raise NotAFormulaError((mark, self.signs[self.at :]))

    def comparison(self):
        found = self.sum()
        while mark := self.next(*COMPARE):
            found = compared(found, mark, self.sum())
        return found

    def sum(self):
        parts = [self.product()]
        while mark := self.next("+", "−"):
            if mark == "+" and (count := self.more()):
                parts.append(self.hidden(parts, count))
            else:
                part = self.product()
                parts.append(part if mark == "+" else negative(part))
        found = parts[0]
        for part in parts[1:]:
            found = add(found, part)
        return found

    def more(self):
        if self.at < len(self.signs) and self.signs[self.at][0] == "more":
            self.at += 1
            return self.signs[self.at - 1][1]
        return 0

    def product(self):
        if self.next("−"):
            return negative(self.product())
        found = self.power()
        while True:
            if mark := self.next("·", "/"):
                found = multiplied(found, self.factor()) if mark == "·" else divided(found, self.factor())
            elif self.at < len(self.signs) and self.signs[self.at] in BETWEEN:
                self.at += 1
                found = FUNCTIONS[self.signs[self.at - 1][1]](found, self.factor())
            else:
                return found

    def factor(self):
        return negative(self.power()) if self.next("−") else self.power()

    def power(self):
        base = self.atom()
        return raised(base, self.power()) if self.next("^") else base

    def atom(self):
        if self.at >= len(self.signs):
            raise NotAFormulaError("ends too soon")
        kind, words = self.signs[self.at]
        self.at += 1
        if kind == "number":
            return ends(words)
        if kind == "name":
            return (math.pi, math.pi) if words == "π" else self.called(words)
        if words == "√":
            return FUNCTIONS["sqrt"](self.atom())
        if words == "(":
            found = self.comparison()
            self.demand(")")
            return found
        if words in FENCES:
            found = self.comparison()
            self.demand(FENCES[words][0])
            return FUNCTIONS[FENCES[words][1]](found)
        raise NotAFormulaError(self.signs)

    def place(self):
        """A tensor's number, or one of the tensors of a list."""
        found = []
        while self.next("["):
            found.append([])
            while not self.next("]"):
                low, high = self.sum()
                found[-1].append(round((low + high) / 2))
                self.next(",")
        return found

    def called(self, name):
        if places := self.place():
            return self.looked_up(name, places)
        if name in KINDS:
            FUNCTIONS[name] = cast(name)
        if name not in FUNCTIONS:
            return self.looked_up(name, [])
        self.demand("(")
        given = [self.comparison()]
        while self.next(","):
            if not self.more():  # of a largest number: what is left is no larger
                given.append(self.comparison())
        self.demand(")")
        return FUNCTIONS[name](*given)


def sides(signs):
    """What stands before the last "=", and behind it; of a number alone twice the same.

    Where y begins the line ("y[2] = input[0] = 1.5"), it is the number itself.
    """
    places = [place for place, sign in enumerate(signs) if sign == ("sign", "=")]
    named = signs[0] == ("name", "y") or (signs[0][0] == "name" and places[:1] == [1])
    start = places[0] + 1 if places and named else 0
    left, right = (signs[start : places[-1]], signs[places[-1] + 1 :]) if places else ([], signs)
    return left or right, right
