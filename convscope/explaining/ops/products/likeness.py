"""How alike or how far apart two rows of numbers are: cosine similarity, distance."""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from convscope.explaining.account import Account, Index, Step, Terms, product
from convscope.explaining.boxes import Boxes, clip, is_empty
from convscope.explaining.formula import (
    Formula,
    Symbol,
    largest,
    smallest_of,
    summed,
    symbols,
    times,
)
from convscope.explaining.functions import absolute, call, maximum, sqrt
from convscope.explaining.op import Cost, Op
from convscope.explaining.ops.elementwise.pointwise import served
from convscope.explaining.ops.moves.moving import Reach, broadcast
from convscope.explaining.reading import Reading
from convscope.explaining.rendering.words import number
from convscope.explaining.working import Worked

DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.{}.html"

x, dx, dy, y, p, ε, S, other = symbols("x dx dy y p ε Σ other")
x1, x2 = symbols("x1 x2")
sign, AWAY, DOT = call("sign"), x1 - x2 + ε, summed(x1 * x2)


class Pair(NamedTuple):
    """Two rows, float64."""

    a: Tensor
    b: Tensor


def _shape(reading: Reading) -> tuple[int, ...]:
    """Both tensors stretched over each other."""
    return tuple(np.broadcast_shapes(reading.shape("x1"), reading.shape("x2")))


def _axis(reading: Reading) -> int:
    """The axis of the rows; of a distance it is the last."""
    return int(reading.arguments.get("dim", -1)) % len(_shape(reading))


def _pair(reading: Reading, at: Index) -> Pair:
    """The rows behind one output."""
    axis = _axis(reading)
    place: list[int | slice] = list(at)
    if reading.arguments.get("keepdim"):
        place[axis] = slice(None)
    else:
        place.insert(axis, slice(None))
    return Pair(*(reading[name].expand(_shape(reading))[tuple(place)].double() for name in ("x1", "x2")))


# ---- cosine similarity


def _length(row: Tensor, symbol: Symbol, least: float) -> Step:
    terms = Terms(row * row, ("place",), {symbol.name: row, "the same": row})
    formula = absolute(symbol).equals(maximum(sqrt(summed(symbol**2)), ε))
    return Step(f"|{symbol.name}|", formula, {ε: least}, terms)


def _explain_cosine(reading: Reading, at: Index) -> Account:
    a, b = _pair(reading, at)
    least = float(reading["eps"])
    lengths = _length(a, x1, least), _length(b, x2, least)
    terms = product(("place",), x1=a, x2=b)
    dot = Step("dot", DOT, {}, terms)
    values = {DOT: dot, absolute(x1): lengths[0], absolute(x2): lengths[1]}
    last = Step("output", y.equals(DOT / (absolute(x1) * absolute(x2))), values)
    below = lengths[0].value * lengths[1].value
    what = "How alike two rows point: 1 in the same direction, 0 at a right angle, −1 in opposite directions."
    docs = DOCS.format("cosine_similarity")
    return Account(what, last.formula, docs, steps=(*lengths, dot, last), scale=terms.size / below)


def _cosine_slope(pair: Pair, own: int, place: int, reading: Reading) -> tuple[float, float]:
    """dy/d(one number), and how large the numbers were that were subtracted."""
    mine, other = (pair.a, pair.b) if own == 0 else (pair.b, pair.a)
    least = float(reading["eps"])
    length, further = (max(float(row.norm()), least) for row in (mine, other))
    x, t, dot = float(mine[place]), float(other[place]), float((mine * other).sum())
    first = t / (length * further)
    own_length = float(mine.norm()) or 1.0  # torch holds the length at eps, and not its slope
    turn = x / (length**2 * own_length * further)
    second, size = turn * dot, abs(first) + abs(turn) * float((mine * other).abs().sum())
    return first - second, size


COSINE = dx.equals(dy * (other / (absolute(x) * absolute(other)) - x * y / absolute(x) ** 2))

# ---- distance


def _explain_distance(reading: Reading, at: Index) -> Account:
    a, b = _pair(reading, at)
    order, small = float(reading["p"]), _small(reading)
    off = a - b + small
    if math.isinf(order):
        terms = Terms(off.abs(), ("place",), rule="max" if order > 0 else "min")
        added = (largest if order > 0 else smallest_of)(absolute(AWAY))
    elif order == 2:
        terms, added = Terms(off * off, ("place",), {"difference": off, "the same": off}), summed(AWAY**2)
    elif order == 0:
        terms, added = Terms((off != 0).double(), ("place",)), summed(AWAY.is_not(0))
    else:
        terms, added = Terms(off.abs() ** order, ("place",)), summed(absolute(AWAY) ** p)
    inner = Step("Σ", added, {p: order}, terms)
    last = Step("output", y.equals(_root(S, order)), {S: inner, p: order})
    scale = abs(last.value) + _rounded(Pair(a, b), off, order)
    what = (
        "How far two rows lie apart; ε = "
        + number(small)
        + " keeps the slope at equal rows from being 0 / 0."
    )
    docs, formula = DOCS.format("pairwise_distance"), y.equals(_root(added, order))
    return Account(what, formula, docs, steps=(inner, last), scale=scale)


def _root(added: Formula, order: float) -> Formula:
    if order == 0 or math.isinf(order):
        return added
    return sqrt(added) if order == 2 else added ** (1 / p)


def _small(reading: Reading) -> float:
    """ε as the network's type has it."""
    return float(torch.tensor(float(reading["eps"]), dtype=torch.float64))


def _rounded(pair: Pair, off: Tensor, p: float) -> float:
    """What the rounding of the differences is measured against: no distance changes by more than they do."""
    size = pair.a.abs() + pair.b.abs() + off.abs()
    return float(size.max() if math.isinf(p) else size.norm())


def _distance_slope(pair: Pair, own: int, place: int, reading: Reading) -> tuple[float, float]:
    p, off = float(reading["p"]), pair.a - pair.b + _small(reading)
    x, turned = float(off[place]), 1 if own == 0 else -1
    sign = turned * ((x > 0) - (x < 0))
    if math.isinf(p):
        top = off.abs().max() if p > 0 else off.abs().min()
        slope = sign / int((off.abs() == top).sum()) if abs(x) == float(top) else 0.0
        return slope, abs(slope)
    length = float((off.abs() ** p).sum()) ** (1 / p) if p else 0.0
    slope = sign * (abs(x) / length) ** (p - 1) if p and length and x else 0.0
    size = (abs(float(pair.a[place])) + abs(float(pair.b[place]))) / length if length else 0.0
    return slope, abs(slope) + abs(p - 1) * (
        size + _rounded(pair, off, p) / length * abs(slope) if length else 0
    )


DISTANCE = dx.equals(dy * sign(AWAY) * (absolute(AWAY) / y) ** (p - 1)).given("of x2 with the other sign")

# ---- both


Slope = Callable[[Pair, int, int, Reading], tuple[float, float]]


def _gradient(slope_of: Slope, formula: Formula, reading: Reading, name: str, at: Index) -> Account:
    """What arrives × slope for every row that the number stands in, added up."""
    axis, shape = _axis(reading), _shape(reading)
    block = list(served(at, reading.shape(name), shape))
    along = block.pop(axis)
    if reading.arguments.get("keepdim"):
        block.insert(axis, slice(0, 1))
    outputs = torch.cartesian_prod(
        *(torch.arange(part.start, part.stop) for part in block), torch.zeros(1).long()
    )
    outputs = outputs.reshape(-1, len(block) + 1)[:, :-1].tolist()
    names = [each for each in ("x1", "x2") if reading.arguments[each] == reading.arguments[name]]
    found = [
        (output, slope_of(_pair(reading, tuple(output)), int(own == "x2"), place, reading))
        for output in outputs
        for own in names
        for place in range(along.start, along.stop)
    ]
    arriving = torch.stack([reading.output_gradient[tuple(output)] for output, _ in found]).double()
    slopes, sizes = torch.tensor([pair for _, pair in found], dtype=torch.float64).unbind(-1)
    terms = product(("row",), {}, gradient=arriving, slope=slopes)
    what = "The gradient that arrives, times the slope for this number, for every pair of rows it is part of."
    scale = float((arriving * sizes).abs().sum())
    docs = DOCS.format(reading.node.op)
    return Account(what, formula, docs, terms=terms, scale=scale)


def _reach(reading: Reading, boxes: Boxes) -> Reach:
    """Both rows as a whole; on the other axes the same places."""
    axis, shape = _axis(reading), _shape(reading)
    boxes, row = clip(boxes, reading.output_shape), np.array([0, shape[_axis(reading)]], np.int64)
    if reading.arguments.get("keepdim"):
        boxes = np.delete(boxes, axis, axis=-2)
    found = np.insert(boxes, axis, np.broadcast_to(row, (*boxes.shape[:-2], 2)), axis=-2)
    found = np.where(is_empty(boxes)[..., None, None], 0, found)
    return {name: broadcast(found, reading.shape(name)) for name in ("x1", "x2")}


def _cost(reading: Reading, sums: int) -> Cost:
    factors = (sums, *_shape(reading)) if sums > 1 else _shape(reading)
    return Cost(Worked(times(*factors), {}))


OPS: dict[str, Op] = {
    "cosine_similarity": Op(
        "x1 x2 dim=1 eps=1e-8",
        _explain_cosine,
        partial(_gradient, _cosine_slope, COSINE),
        partial(_cost, sums=3),
        _reach,
    ),
    "pairwise_distance": Op(
        "x1 x2 p=2 eps=1e-6 keepdim=False",
        _explain_distance,
        partial(_gradient, _distance_slope, DISTANCE),
        partial(_cost, sums=1),
        _reach,
    ),
}
