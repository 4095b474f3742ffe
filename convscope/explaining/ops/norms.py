"""Norms: how long a row of numbers is, as a vector."""

import math

import numpy as np
import torch
from torch import Tensor

from convscope.explaining.boxes import Boxes, is_empty, whole
from convscope.explaining.ops.moving import DOCS, Reach, broadcast
from convscope.explaining.ops.reducing import counted, goes_to, reduced, reduced_reach, sloped, window
from convscope.explaining.ops.reductions import one_a_number
from convscope.explaining.plain import (
    Account,
    Cost,
    Index,
    Op,
    Step,
    Terms,
    added_up,
    number,
    product,
    signed,
    written_out,
)
from convscope.explaining.reading import Reading
from convscope.shapes import elements


def _order(reading: Reading) -> float | None:
    """The p of the norm of a vector; None for a norm of matrices other than Frobenius'."""
    given = reading.arguments.get("p", reading.arguments.get("ord"))
    if given is None or given == "fro":
        return 2.0
    axes = len(reduced(reading))
    matrix = reading.node.op == "linalg_norm" and axes == 2
    return None if isinstance(given, str) or matrix else float(given)


def _explain_norm(reading: Reading, at: Index) -> Account | None:
    p = _order(reading)
    if p is None:
        return None
    found = window(reading, at)
    sizes = found.values.abs()
    docs, what = (
        DOCS.format("torch.linalg.vector_norm"),
        f"The {number(p)}-norm: the length of {counted(found):,} numbers.",
    )
    if math.isinf(p):
        terms = Terms(sizes, found.axes, rule="max" if p > 0 else "min")
        return Account(
            what, f"y = {terms.rule} |x|", f"{number(terms.result)}", terms.result, docs, terms=terms
        )
    if p == 0:
        terms = Terms((sizes != 0).double(), found.axes)
        return Account(
            "How many numbers are not 0.",
            "y = Σ [x ≠ 0]",
            written_out(terms),
            terms.result,
            docs,
            terms=terms,
        )
    factors = {"input": found.values, "the same": found.values} if p == 2 else {}
    terms = Terms(sizes**p, found.axes, factors, found.where if factors else {})
    total = terms.result
    result = total ** (1 / p) if total or p > 0 else math.inf
    inner = Step("Σ", f"Σ |x|^{number(p)}", written_out(terms), total, "math.fsum(terms)", terms)
    shown = f"{number(total)}^(1/{number(p)}) = {number(result)}"
    root = Step("norm", f"y = Σ^(1/{number(p)})", shown, result, f"Σ ** (1 / {p!r})")
    formula = "y = √(Σ x²)" if p == 2 else f"y = (Σ |x|^{number(p)})^(1/{number(p)})"
    return Account(what, formula, shown, result, docs, steps=(inner, root), scale=abs(result))


def _norm_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - there is one argument
    p = _order(reading)
    assert p is not None, "no gradient of this norm of matrices"
    sizes = window(reading, goes_to(reading, at)).values.abs()
    x = float(reading["input"][at])
    sign = (x > 0) - (x < 0)
    docs = "torch.linalg.vector_norm"
    if math.isinf(p):
        top = float(sizes.max() if p > 0 else sizes.min())
        slope = sign / int((sizes == top).sum()) if abs(x) == top else 0.0
        return sloped(
            reading, at, slope, "dx = dy·sign(x) for the number that counts, shared among equals", docs
        )
    norm = added_up(sizes**p) ** (1 / p) if p else 0.0
    slope = sign * (abs(x) / norm) ** (p - 1) if p and norm and x else 0.0
    return sloped(reading, at, slope, f"dx = dy·sign(x)·(|x| / y)^{number(p - 1)}", docs)


def _norm_cost(reading: Reading) -> Cost:
    return one_a_number(reading) if _order(reading) == 2.0 else Cost(0)


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
    v, g = float(reading["v"][at]), float(reading["g"][place])
    row = found.flatten()
    terms = Terms(row * row, ("place",), {"v": row, "the same": row})
    length = math.sqrt(terms.result)
    result = g * v / length if length else math.nan
    inner = Step("Σ", "Σ v²", written_out(terms), terms.result, "math.fsum(terms)", terms)
    norm = Step("norm", "|v| = √Σ", f"√{number(terms.result)} = {number(length)}", length, "math.sqrt(Σ)")
    shown = f"{number(g)}·{signed(v)} / {number(length)} = {number(result)}"
    code = f"{g!r} * {v!r} / norm" if length else "math.nan"
    last = Step("output", "w = g·v / |v|", shown, result, code)
    what = "Weight normalisation: v only gives the direction of the weights, and g their length."
    docs = DOCS.format("torch.nn.utils.parametrizations.weight_norm")
    return Account(what, last.formula, shown, result, docs, steps=(inner, norm, last), scale=abs(result))


def _weight_norm_gradient(reading: Reading, name: str, at: Index) -> Account:
    """Of g the part along v; of v the part across it, for the length of v does not count."""
    axis = int(reading.arguments["dim"]) % len(reading.shape("v"))
    across = at[axis] if name == "v" else max(at)  # all other axes of g have size 1
    at = (
        at if name == "v" else tuple(across if each == axis else 0 for each in range(len(reading.shape("v"))))
    )
    found, place = _slice(reading, at)
    row, length, g = found.flatten(), float(found.norm()), float(reading["g"][place])
    arriving = reading.output_gradient.movedim(axis, 0)[across].double().flatten()
    slope = row / length
    if name == "v":
        own = torch.zeros(reading.shape("v"), dtype=torch.float64)
        own[at] = 1.0
        own = own.movedim(axis, 0)[across].flatten()
        slope = g / length * (own - row * float(reading["v"][at]) / length**2)
    terms = product(("place",), gradient=arriving, slope=slope)
    formula = "dg = Σ dw·v / |v|" if name == "g" else "dv = g / |v|·(dw − v·Σ dw·v / |v|²)"
    what = "Every weight of the row has this number in it: the gradients that arrive, each times its slope."
    docs = DOCS.format("torch.nn.utils.parametrizations.weight_norm")
    scale = terms.size + (abs(g) / length * float(arriving.abs().max()) if name == "v" else 0.0)
    return Account(what, formula, written_out(terms), terms.result, docs, terms=terms, scale=scale)


def _weight_norm_reach(reading: Reading, boxes: Boxes) -> Reach:
    """All of the row, and its length."""
    axis, shape = int(reading.arguments["dim"]) % len(reading.shape("v")), reading.shape("v")
    row = whole(shape, boxes)
    row[..., axis, :] = boxes[..., axis, :]
    row = np.where(is_empty(boxes)[..., None, None], 0, row)
    return {"v": row, "g": broadcast(row, reading.shape("g"))}


def _weight_norm_cost(reading: Reading) -> Cost:
    """Each number is squared and added."""
    count = elements(reading.shape("v"))
    return Cost(count, f"{'·'.join(map(str, reading.shape('v')))} = {count:,}")


OPS: dict[str, Op] = {
    "_weight_norm": Op(
        "v g dim=0", _explain_weight_norm, _weight_norm_gradient, _weight_norm_cost, _weight_norm_reach
    ),
    "norm": _norm_op("input p=2"),
    "vector_norm": _norm_op("input ord=2"),
    "linalg_norm": _norm_op("input ord=None"),
}
