"""The largest and the smallest: max, min, amax, amin, argmax, argmin."""

from functools import partial
from typing import Any, Literal

from convscope.explaining.account import Account, Index, Step, Terms
from convscope.explaining.boxes import Boxes
from convscope.explaining.formula import Over, Text, symbols, where
from convscope.explaining.op import Op, free
from convscope.explaining.ops.elementwise.arithmetic import MAXIMUM, MINIMUM, TWO
from convscope.explaining.ops.elementwise.pointwise import pointwise_op, pointwise_reach
from convscope.explaining.ops.moves.moving import DOCS, Reach
from convscope.explaining.ops.reducing.reducing import (
    PASSED_ON,
    Reduced,
    counted,
    goes_to,
    place_of,
    reduced_reach,
    s,
    sloped,
    window,
)
from convscope.explaining.reading import Reading
from convscope.tracing.graph import Node, Ref

Extreme = Literal["max", "min"]
x, y, dx, dy, m, k = symbols("x y dx dy m k")
WORDS = {"max": "largest", "min": "smallest"}


def _terms(found: Reduced, rule: Extreme) -> Terms:
    return Terms(found.values, found.axes, {"input": found.values}, found.where, rule)


def _explain_extreme(reading: Reading, at: Index, rule: Extreme) -> Account:
    terms = _terms(window(reading, at), rule)
    equal = int((terms.values == terms.result).sum())
    notes = (f"{equal} of them are equal and the {WORDS[rule]}.",) if equal > 1 else ()
    what = f"The {WORDS[rule]} of {terms.values.numel():,} numbers."
    docs = DOCS.format(f"torch.{rule}")
    return Account(what, y.equals(Over(rule, x)), docs, terms=terms, notes=notes)


def _explain_place(reading: Reading, at: Index, rule: Extreme) -> Account:
    """Which of them it is, the first of several equal ones; over all axes they are counted row by row."""
    terms = _terms(window(reading, at), rule)
    values = terms.values.flatten().tolist()
    result = float(values.index(terms.result)) if terms.result == terms.result else _first_nan(values)
    code = f"float(terms.index({rule}(terms)))" if terms.result == terms.result else repr(result)
    sought = Text(f"the first place of {rule}(x)")
    step = Step("output", y.equals(sought), {sought: place_of(int(result), terms.result, code)}, terms)
    what = f"Which of {len(values):,} numbers is the {WORDS[rule]}, counted from 0."
    docs = DOCS.format(f"torch.arg{rule}")
    return Account(what, step.formula, docs, steps=(step,), scale=abs(result))


def _first_nan(values: list[float]) -> float:
    return float(next(place for place, each in enumerate(values) if each != each))


def _shared_gradient(reading: Reading, name: str, at: Index, rule: Extreme) -> Account:  # noqa: ARG001
    """Equal ones share the gradient."""
    terms = _terms(window(reading, goes_to(reading, at)), rule)
    equal = int((terms.values == terms.result).sum())
    formula = dx.equals(where(x.is_(m), dy / k, 0)).given(m.equals(Over(rule, x)), "k of them")
    values = {x: float(reading["input"][at]), m: terms.result, k: equal}
    return sloped(reading, at, formula, f"torch.a{rule}", values)


def _first_gradient(reading: Reading, name: str, at: Index, rule: Extreme) -> Account:  # noqa: ARG001
    """Along one axis the first of equal ones gets all of it: the one whose index is the second output."""
    found = window(reading, goes_to(reading, at))
    first = int(found.values.flatten().argmax() if rule == "max" else found.values.flatten().argmin())
    wins = tuple(found.places.reshape(counted(found), -1)[first].tolist()) == at
    formula = PASSED_ON.given(f"s = 1 for the {WORDS[rule]}, else 0")
    return sloped(reading, at, formula, f"torch.{rule}", {s: float(wins)})


# ---- max and min: of two tensors, of all numbers, or along an axis with the index


def _signature(node: Node) -> dict[str, Any]:
    """`x.max()`, `x.max(dim, keepdim)`, `torch.max(x, other)`."""
    given = dict(node.kwargs)
    names = (
        ("input", "other")
        if len(node.args) > 1 and isinstance(node.args[1], Ref)
        else ("input", "dim", "keepdim")
    )
    given |= dict(zip(names, node.args, strict=False))
    if "other" in given:
        return {"input": given.get("input"), "other": given["other"]}
    dim = given.get("dim", given.get("axis"))
    return {
        "input": given.get("input"),
        "dim": dim,
        "keepdim": given.get("keepdim", given.get("keepdims", False)),
    }


PAIRS = {"max": pointwise_op(TWO, MAXIMUM), "min": pointwise_op(TWO, MINIMUM)}


def _explain_max(reading: Reading, at: Index, rule: Extreme) -> Account | None:
    if "other" in reading.arguments:
        return PAIRS[rule].explain(reading, at)  # pyright: ignore[reportOptionalCall]
    return (_explain_place if reading.which == 1 else _explain_extreme)(reading, at, rule)


def _max_gradient(reading: Reading, name: str, at: Index, rule: Extreme) -> Account:
    if "other" in reading.arguments:
        return PAIRS[rule].gradient(reading, name, at)  # pyright: ignore[reportOptionalCall]
    return (_shared_gradient if reading.arguments["dim"] is None else _first_gradient)(
        reading, name, at, rule
    )


def _max_reach(reading: Reading, boxes: Boxes) -> Reach:
    return pointwise_reach(reading, boxes) if "other" in reading.arguments else reduced_reach(reading, boxes)


def _extreme_op(rule: Extreme) -> Op:
    explain, gradient = partial(_explain_extreme, rule=rule), partial(_shared_gradient, rule=rule)
    return Op("input dim=None keepdim=False", explain, gradient, free, reduced_reach)


def _place_op(rule: Extreme) -> Op:
    explain = partial(_explain_place, rule=rule)
    return Op("input dim=None keepdim=False", explain, None, free, reduced_reach)


def _max_op(rule: Extreme) -> Op:
    return Op(
        _signature, partial(_explain_max, rule=rule), partial(_max_gradient, rule=rule), free, _max_reach
    )


OPS: dict[str, Op] = {
    "max": _max_op("max"),
    "min": _max_op("min"),
    "amax": _extreme_op("max"),
    "amin": _extreme_op("min"),
    "argmax": _place_op("max"),
    "argmin": _place_op("min"),
}
