"""True or false at every place: comparisons, logic, bits."""

import torch

from convscope.explaining.formula import Formula, symbols
from convscope.explaining.functions import call, maximum
from convscope.explaining.op import Op
from convscope.explaining.ops.elementwise.pointwise import Pointwise, pointwise_op
from convscope.explaining.reading import Reading

a, b = symbols("a b")
FIRST, SECOND = a.is_not(0), b.is_not(0)  # whether they count as true
HOLDS = ("1 where it holds, else 0",)


def _test(what: str, formula: Formula, docs: str) -> Op:
    """A comparison: 1 for true, 0 for false; there is no slope and so no gradient."""
    return pointwise_op("input other", Pointwise(what, (a, b), formula, f"torch.{docs}", known=HOLDS))


NOT = Pointwise("1 where the number is 0.", (a,), a.is_(0), "torch.logical_not", known=HOLDS)
TESTS: dict[str, Op] = {
    "gt": _test("1 where the first is larger.", a > b, "gt"),
    "ge": _test("1 where the first is not smaller.", a >= b, "ge"),
    "lt": _test("1 where the first is smaller.", a < b, "lt"),
    "le": _test("1 where the first is not larger.", a <= b, "le"),
    "eq": _test("1 where both are equal.", a.is_(b), "eq"),
    "ne": _test("1 where they differ.", a.is_not(b), "ne"),
    "logical_and": _test("1 where neither is 0.", FIRST * SECOND, "logical_and"),
    "logical_or": _test("1 where one of them is not 0.", maximum(FIRST, SECOND), "logical_or"),
    "logical_xor": _test("1 where exactly one of them is not 0.", FIRST.is_not(SECOND), "logical_xor"),
    "logical_not": pointwise_op("input", NOT),
}


def _bits(what: str, name: str) -> Op:
    """Bit by bit; of true and false there is one bit."""
    return pointwise_op("input other", Pointwise(what, (a, b), call(name)(a, b), f"torch.bitwise_{name}"))


def _turned(reading: Reading) -> Pointwise:
    if reading.value("input").dtype == torch.bool:
        return Pointwise("True becomes false.", (a,), 1 - a, "torch.bitwise_not")
    what = "Every bit is turned round, which makes −1 − a of a whole number."
    return Pointwise(what, (a,), -1 - a, "torch.bitwise_not")


BITS: dict[str, Op] = {
    "and": _bits("Both must be true; of whole numbers the bits that both have.", "and"),
    "or": _bits("One must be true; of whole numbers the bits that one of them has.", "or"),
    "xor": _bits("Exactly one must be true; of whole numbers the bits that one of them has.", "xor"),
    "invert": pointwise_op("input", _turned),
}

OPS: dict[str, Op] = {**TESTS, **BITS}
