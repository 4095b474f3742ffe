"""True or false at every place: comparisons, logic, bits."""

from collections.abc import Callable

import torch
from torch import Tensor

from convscope.explaining.op import Op
from convscope.explaining.ops.elementwise.pointwise import Pointwise, pointwise_op
from convscope.explaining.reading import Reading

TWO = "input other"


def _test(what: str, shown: str, code: str, value: Callable[..., Tensor], docs: str) -> Op:
    """A comparison: 1 for true, 0 for false; there is no slope and so no gradient."""
    letters = "ab" if "{b}" in shown else "a"
    formula = f"y = 1 if {shown.format(a='a', b='b')}, else 0"
    rule = Pointwise(what, letters, formula, shown, f"float({code})", value, f"torch.{docs}")
    return pointwise_op(TWO if letters == "ab" else "input", rule)


TESTS: dict[str, Op] = {
    "gt": _test("1 where the first is larger.", "{a} > {b}", "{a} > {b}", torch.gt, "gt"),
    "ge": _test("1 where the first is not smaller.", "{a} ≥ {b}", "{a} >= {b}", torch.ge, "ge"),
    "lt": _test("1 where the first is smaller.", "{a} < {b}", "{a} < {b}", torch.lt, "lt"),
    "le": _test("1 where the first is not larger.", "{a} ≤ {b}", "{a} <= {b}", torch.le, "le"),
    "eq": _test("1 where both are equal.", "{a} = {b}", "{a} == {b}", torch.eq, "eq"),
    "ne": _test("1 where they differ.", "{a} ≠ {b}", "{a} != {b}", torch.ne, "ne"),
    "logical_and": _test(
        "1 where neither is 0.", "{a} and {b}", "bool({a} and {b})", torch.logical_and, "logical_and"
    ),
    "logical_or": _test(
        "1 where one of them is not 0.", "{a} or {b}", "bool({a} or {b})", torch.logical_or, "logical_or"
    ),
    "logical_xor": _test(
        "1 where exactly one of them is not 0.",
        "{a} xor {b}",
        "bool({a}) != bool({b})",
        torch.logical_xor,
        "logical_xor",
    ),
    "logical_not": _test("1 where the number is 0.", "not {a}", "not {a}", torch.logical_not, "logical_not"),
}


def _bits(what: str, shown: str, code: str, value: Callable[..., Tensor], docs: str) -> Op:
    """Bit by bit; of true and false there is one bit."""
    letters = "ab" if "{b}" in shown else "a"
    rule = Pointwise(what, letters, f"y = {shown.format(a='a', b='b')}", shown, code, value, f"torch.{docs}")
    return pointwise_op(TWO if letters == "ab" else "input", rule)


def _turned(reading: Reading) -> Pointwise:
    if reading.value("input").dtype == torch.bool:
        shown, code = "1 − {a}", "1.0 - {a}"
        return Pointwise(
            "True becomes false.", "a", "y = 1 − a", shown, code, lambda a: 1 - a, "torch.bitwise_not"
        )
    what = "Every bit is turned round, which makes −1 − a of a whole number."
    return Pointwise(what, "a", "y = −1 − a", "−1 − {a}", "-1.0 - {a}", lambda a: -1 - a, "torch.bitwise_not")


BITS: dict[str, Op] = {
    "and": _bits(
        "Both must be true; of whole numbers the bits that both have.",
        "{a} and {b}",
        "float(int({a}) & int({b}))",
        lambda a, b: a.long() & b.long(),
        "bitwise_and",
    ),
    "or": _bits(
        "One must be true; of whole numbers the bits that one of them has.",
        "{a} or {b}",
        "float(int({a}) | int({b}))",
        lambda a, b: a.long() | b.long(),
        "bitwise_or",
    ),
    "xor": _bits(
        "Exactly one must be true; of whole numbers the bits that one of them has.",
        "{a} xor {b}",
        "float(int({a}) ^ int({b}))",
        lambda a, b: a.long() ^ b.long(),
        "bitwise_xor",
    ),
    "invert": pointwise_op("input", _turned),
}

OPS: dict[str, Op] = {**TESTS, **BITS}
