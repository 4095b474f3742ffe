"""Norms: how long a row of numbers is, as a vector."""

import math

import numpy as np
import torch
from torch import Tensor

from convscope.explaining.account import Account, Index, Step, Terms, added_up, product
from convscope.explaining.boxes import Boxes, is_empty, whole
from convscope.explaining.formula import Formula, largest, smallest_of, summed, symbols, times, where
from convscope.explaining.functions import absolute, call, sqrt
from convscope.explaining.op import Cost, Op
from convscope.explaining.ops.moves.moving import DOCS, Reach, broadcast
from convscope.explaining.ops.reducing.reducing import (
    counted,
    goes_to,
    reduced,
    reduced_reach,
    sloped,
    window,
)
from convscope.explaining.ops.reducing.reductions import one_a_number
from convscope.explaining.reading import Reading
from convscope.explaining.rendering.words import number
from convscope.explaining.working import Worked

x, y, dx, dy, n, p, S = symbols("x y dx dy n p Σ")
v, g, w, dv, dg, dw = symbols("v g w dv dg dw")
m, k, SLOPE = symbols("m k slope")
sign, LENGTH = call("sign"), absolute(v)


def _order(reading: Reading) -> float | None:
    """The p of the norm of a vector; None for a norm of matrices other than Frobenius'."""
    given = reading.arguments.get("p", reading.arguments.get("ord"))
    if given is None or given == "fro":
        return 2.0
    axes = len(reduced(reading))
    matrix = reading.node.op == "linalg_norm" and axes == 2
    return None if isinstance(given, str) or matrix else float(given)


def _explain_norm(reading: Reading, at: Index) -> Account | None:
    order = _order(reading)
    if order is None:
        return None
    found = window(reading, at)
    sizes, docs = found.values.abs(), DOCS.format("torch.linalg.vector_norm")
    what = f"The {number(order)}-norm: the length of {counted(found):,} numbers."
    if math.isinf(order):
        terms = Terms(sizes, found.axes, rule="max" if order > 0 else "min")
        return Account(what, y.equals(_extreme(order)), docs, terms=terms)
    if order == 0:
        terms = Terms((sizes != 0).double(), found.axes)
        return Account("How many numbers are not 0.", y.equals(summed(x.is_not(0))), docs, terms=terms)
    factors = {"input": found.values, "the same": found.values} if order == 2 else {}
    terms = Terms(sizes**order, found.axes, factors, found.where if factors else {})
    added = summed(x**2) if order == 2 else summed(absolute(x) ** p)
    root, instead = (sqrt if order == 2 else lambda inner: inner ** (1 / p)), math.inf
    inner = Step("Σ", added, {p: order}, terms)
    norm = Step("norm", y.equals(root(S)), {S: inner, p: order}, instead=instead)
    return Account(what, y.equals(root(added)), docs, steps=(inner, norm), scale=abs(norm.value))


def _extreme(order: float) -> Formula:
    return largest(absolute(x)) if order > 0 else smallest_of(absolute(x))


def _norm_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - there is one argument
    order = _order(reading)
    assert order is not None, "no gradient of this norm of matrices"
    sizes = window(reading, goes_to(reading, at)).values.abs()
    own, docs = float(reading["input"][at]), "torch.linalg.vector_norm"
    if math.isinf(order):
        top = float(sizes.max() if order > 0 else sizes.min())
        formula = dx.equals(where(absolute(x).is_(m), dy * (sign(x) / k), 0))
        known = formula.given(m.equals(_extreme(order)), "k of them")
        return sloped(reading, at, known, docs, {x: own, m: top, k: int((sizes == top).sum())})
    norm = added_up(sizes**order) ** (1 / order) if order else 0.0
    some = bool(order and norm and own)
    formula = dx.equals(dy * (sign(x) * (absolute(x) / y) ** (p - 1)) if some else 0)
    return sloped(reading, at, formula, docs, {x: own, y: norm, p: order})


def _norm_cost(reading: Reading) -> Cost:
    return one_a_number(reading) if _order(reading) == 2.0 else Cost()


def _norm_op(signature: str) -> Op:
    return Op(
        f"{signature} dim=None keepdim=False dtype=None",
        _explain_norm,
        _norm_gradient,
        _norm_cost,
        reduced_reach,
    )


# ---- weights with a length of their own


def _slice(reading: Reading, at: Index) -> tuple[Tensor, Index]:
    """The numbers of v that share a length, float64, and where that length stands in g."""
    axis = int(reading.arguments["dim"]) % len(reading.shape("v"))
    block = tuple(slice(at[axis], at[axis] + 1) if each == axis else slice(None) for each in range(len(at)))
    place = tuple(at[axis] if size > 1 else 0 for size in reading.shape("g"))
    return reading["v"][block].double(), place


def _explain_weight_norm(reading: Reading, at: Index) -> Account:
    found, place = _slice(reading, at)
    row = found.flatten()
    terms = Terms(row * row, ("place",), {"v": row, "the same": row})
    inner = Step("Σ", summed(v**2), {}, terms)
    norm = Step("norm", LENGTH.equals(sqrt(S)), {S: inner})
    values = {g: float(reading["g"][place]), v: float(reading["v"][at]), LENGTH: norm}
    last = Step("output", w.equals(g * v / LENGTH), values, instead=math.nan)
    what = "Weight normalisation: v only gives the direction of the weights, and g their length."
    docs = DOCS.format("torch.nn.utils.parametrizations.weight_norm")
    return Account(what, last.formula, docs, steps=(inner, norm, last), scale=abs(last.value))


def _weight_norm_gradient(reading: Reading, name: str, at: Index) -> Account:
    """Of g the part along v; of v the part across it, for the length of v does not count."""
    axis = int(reading.arguments["dim"]) % len(reading.shape("v"))
    across = at[axis] if name == "v" else max(at)  # all other axes of g have size 1
    at = (
        at if name == "v" else tuple(across if each == axis else 0 for each in range(len(reading.shape("v"))))
    )
    found, place = _slice(reading, at)
    row, length, size = found.flatten(), float(found.norm()), float(reading["g"][place])
    arriving = reading.output_gradient.movedim(axis, 0)[across].double().flatten()
    slope = row / length
    if name == "v":
        own = torch.zeros(reading.shape("v"), dtype=torch.float64)
        own[at] = 1.0
        own = own.movedim(axis, 0)[across].flatten()
        slope = size / length * (own - row * float(reading["v"][at]) / length**2)
    terms = product(("place",), gradient=arriving, slope=slope)
    formula = dg.equals(summed(dw * (v / LENGTH)))
    if name == "v":
        known = dv.equals(g / LENGTH * (dw - v * (summed(dw * v) / LENGTH**2)))
        formula = dv.equals(summed(dw * SLOPE)).given(known)
    what = "Every weight of the row has this number in it: the gradients that arrive, each times its slope."
    docs = DOCS.format("torch.nn.utils.parametrizations.weight_norm")
    scale = terms.size + (abs(size) / length * float(arriving.abs().max()) if name == "v" else 0.0)
    return Account(what, formula, docs, terms=terms, scale=scale)


def _weight_norm_reach(reading: Reading, boxes: Boxes) -> Reach:
    """All of the row, and its length."""
    axis, shape = int(reading.arguments["dim"]) % len(reading.shape("v")), reading.shape("v")
    row = whole(shape, boxes)
    row[..., axis, :] = boxes[..., axis, :]
    row = np.where(is_empty(boxes)[..., None, None], 0, row)
    return {"v": row, "g": broadcast(row, reading.shape("g"))}


def _weight_norm_cost(reading: Reading) -> Cost:
    """Each number is squared and added."""
    return Cost(Worked(times(*reading.shape("v")), {}))


OPS: dict[str, Op] = {
    "_weight_norm": Op(
        "v g dim=0", _explain_weight_norm, _weight_norm_gradient, _weight_norm_cost, _weight_norm_reach
    ),
    "norm": _norm_op("input p=2"),
    "vector_norm": _norm_op("input ord=2"),
    "linalg_norm": _norm_op("input ord=None"),
}
