"""Softmax and its family: numbers into shares of one whole.

All of them take the largest number off first, since exp of a large number is no number that a computer has:
exp(x − m) / Σ exp(x − m) is the same fraction for every m.
"""

import math
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from convscope.explaining.account import Account, Index, Step, Terms, product
from convscope.explaining.boxes import Boxes
from convscope.explaining.formula import Known, Number, largest, summed, symbols
from convscope.explaining.functions import exp, ln
from convscope.explaining.op import Op, Role, free
from convscope.explaining.reading import Reading

x, y, p, e, dx, dy, i, j = symbols("x y p e dx dy i j")
m, S, INPUT, SLOPE = symbols("m S input slope")
LARGEST, TOTAL = m.equals(largest(x)), S.equals(summed(exp(x - m)))
DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.{}.html"


class Shares(NamedTuple):
    """A row of numbers with what softmax makes of it on the way, all float64.

    Attributes:
        numbers: the row; softmax runs over `axis`.
        largest: m.
        powers: exp(x − m).
        total: S = Σ exp(x − m).
        shares: exp(x − m) / S.
        loss: how far rounding can carry a share, in parts of itself. x − m is rounded in parts of |x − m|,
            and exp makes of an absolute error in its argument a relative one in its result: 1 + |x − m| for
            the power, and the shares' average of |x − m| for the sum.
    """

    numbers: Tensor
    largest: Tensor
    powers: Tensor
    total: Tensor
    shares: Tensor
    loss: Tensor


def shares_of(numbers: Tensor, axis: int = 0) -> Shares:
    """Softmax over an axis, in float64.

    >>> shares_of(torch.tensor([0.0, 0.0])).shares
    tensor([0.5000, 0.5000], dtype=torch.float64)
    """
    numbers = numbers.double()
    largest = numbers.amax(axis, keepdim=True)
    powers = torch.exp(numbers - largest)
    total = powers.sum(axis, keepdim=True)
    shares = powers / total
    distance = torch.where(powers > 0, numbers - largest, 0.0).abs()
    loss = 1 + distance + (shares * distance).sum(axis, keepdim=True)
    return Shares(numbers, largest, powers, total, shares, loss)


def first_steps(row: Shares, places: Tensor | None = None, name: str = "input") -> tuple[Step, Step]:
    """The largest number, and the sum of the powers; for a row with one axis."""
    where = {} if places is None else {name: places}
    top = Step("largest", LARGEST, terms=Terms(row.numbers, ("place",), {name: row.numbers}, where, "max"))
    return top, Step("total", TOTAL, {m: top}, Terms(row.powers, ("place",)), loop=name)


def _own(row: Shares, own: int, name: str) -> Known:
    """The number itself, one of the row."""
    value = float(row.numbers[own])
    return Known(value, Number(value), f"{name}[{own}]")


def _row(reading: Reading, at: Index, sign: float) -> tuple[Tensor, Tensor]:
    """The numbers along the axis through one place, and where they stand."""
    x, axis = reading["input"], _axis(reading)
    if not x.dim():
        return sign * x.reshape(1), torch.zeros(1, 0).long()
    index = [torch.full((x.shape[axis],), place) for place in at]
    index[axis] = torch.arange(x.shape[axis])
    return sign * _cast(reading, x[tuple(index)]), torch.stack(index, dim=-1)


def _cast(reading: Reading, x: Tensor) -> Tensor:
    """In the precision that was asked for, by name or (torch.softmax) as third argument."""
    kind = next(
        (each for each in (reading["dtype"], reading["_stacklevel"]) if isinstance(each, torch.dtype)), None
    )
    return x if kind is None else x.to(kind)


def _axis(reading: Reading) -> int:
    """The axis, never below 0; where none was given torch takes the one of the classes."""
    axes, given = len(reading.shape("input")), reading["dim"]
    if given is None:
        return 0 if axes in (0, 1, 3) else 1
    return int(given) % max(axes, 1)


def _explain_softmax(kind: str, reading: Reading, at: Index) -> Account:
    sign = -1.0 if kind == "softmin" else 1.0
    numbers, places = _row(reading, at, sign)
    row, own = shares_of(numbers), at[_axis(reading)] if at else 0
    name = "input" if sign > 0 else "negated"
    top, total = first_steps(row, places if sign > 0 else None, name)
    power = Step("power", e.equals(exp(x - m)), {x: _own(row, own, name), m: top})
    share = Step("output", p.equals(e / S), {e: power, S: total})
    what = (
        "Softmax turns numbers into shares that add up to 1: exp of each, divided by the sum of all of them."
    )
    known = [LARGEST]
    if sign < 0:
        what = f"Softmin is the softmax of the negated numbers: the smallest gets the largest share. {what}"
        known.insert(0, x.equals(-INPUT))
    return Account(
        what,
        p.equals(exp(x - m) / summed(exp(x - m))).given(*known),
        DOCS.format(kind),
        steps=(top, total, power, share),
        scale=share.value * float(row.loss[own]),
    )


def _explain_log_softmax(reading: Reading, at: Index) -> Account:
    numbers, places = _row(reading, at, 1.0)
    row, own = shares_of(numbers), at[_axis(reading)] if at else 0
    top, total = first_steps(row, places)
    last = Step("output", y.equals(x - m - ln(S)), {x: _own(row, own, "input"), m: top, S: total})
    return Account(
        "The logarithm of softmax: how surprising each class is, with a minus. 0 is certain.",
        y.equals(x - m - ln(summed(exp(x - m)))).given(LARGEST),
        DOCS.format("log_softmax"),
        steps=(top, total, last),
        scale=float(log_scale(row)[own]),
    )


def log_scale(row: Shares, axis: int = 0) -> Tensor:
    """What the rounding of x − m − ln S is measured against.

    Two differences, and the sum's relative error, which the logarithm makes an absolute one.
    """
    distance = (row.numbers - row.largest).abs()
    return (
        distance
        + row.total.log().abs()
        + 1
        + (row.shares * torch.where(row.powers > 0, distance, 0.0)).sum(axis, keepdim=True)
    )


def _softmax_gradient(kind: str, reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001
    """Softmax: dx = p·(dy − Σ dy·p): raising one number lowers all other shares."""
    sign = -1.0 if kind == "softmin" else 1.0
    numbers, places = _row(reading, at, sign)
    row, own = shares_of(numbers), at[_axis(reading)] if at else 0
    gradient = reading.output_gradient[tuple(places.T)].double().reshape(-1)
    here = torch.zeros_like(row.shares).index_fill(0, torch.tensor(own), 1.0)
    size, share = gradient.abs(), float(row.shares[own])
    if kind == "log_softmax":
        slope, rule = here - share, i.is_(j) - p[i]
        what = "A share's part of all gradients is taken off its own."
        # A share p carries the relative error of its power and its sum.
        scale = size[own] + share * row.loss[own] * size.sum()
    else:
        slope = sign * row.shares * (here - share)
        what = "One number more raises its own share and lowers the others'."
        rule = p[j] * (i.is_(j) - p[i])
        rule = -rule if sign < 0 else rule
        # Both shares in a product p·p carry that relative error.
        scale = share * (size[own] * row.loss[own] + (size * row.shares * (row.loss + row.loss[own])).sum())
    terms = product(("place",), {}, gradient=gradient, slope=slope)
    formula = dx[i].equals(summed(dy[j] * SLOPE[j], over=(j,))).given(SLOPE[j].equals(rule))
    return Account(what, formula, DOCS.format(kind), terms=terms, scale=float(scale))


def _same_row(reading: Reading, boxes: Boxes) -> dict[str, Boxes | list[Boxes]]:
    """Every share depends on the whole row."""
    shape = reading.shape("input")
    result = boxes.copy()
    if shape:
        result[..., _axis(reading), :] = (0, shape[_axis(reading)])
    return {"input": result}


def _summed(reading: Reading) -> tuple[int, ...]:
    axes, given = len(reading.shape("input")), reading["dim"]
    return tuple(axis % max(axes, 1) for axis in ((given,) if isinstance(given, int) else given))


def _slab(reading: Reading, at: Index) -> tuple[Tensor, Tensor]:
    """The numbers behind one output of logsumexp, in one row, and where they stand."""
    x, gone = reading["input"], _summed(reading)
    kept = [axis for axis in range(x.dim()) if axis not in gone]
    own = dict(zip(kept, at if not reading["keepdim"] else [at[axis] for axis in kept], strict=True))
    ranges = [
        torch.tensor([own[axis]]) if axis in own else torch.arange(size) for axis, size in enumerate(x.shape)
    ]
    index = torch.cartesian_prod(*ranges).reshape(-1, x.dim()) if ranges else torch.zeros(1, 0).long()
    return x[tuple(index.T)].reshape(-1), index


def _explain_logsumexp(reading: Reading, at: Index) -> Account:
    numbers, places = _slab(reading, at)
    row = shares_of(numbers)
    what = "The logarithm of a sum of exponentials: a soft version of the largest number, never below it."
    formula = y.equals(m + ln(summed(exp(x - m)))).given(LARGEST)
    top, total = first_steps(row, places)
    if not math.isfinite(top.value):  # x − m would be no number
        return Account(what, formula, LOGSUMEXP_DOCS, steps=(top,))
    last = Step("output", y.equals(m + ln(S)), {m: top, S: total})
    # The logarithm makes the sum's relative error an absolute one.
    scale = abs(top.value) + abs(math.log(total.value)) + float((row.shares * row.loss).sum())
    return Account(what, formula, LOGSUMEXP_DOCS, steps=(top, total, last), scale=scale)


def _logsumexp_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001
    """The gradient dx = dy·p: each number counts by its share."""
    gone = _summed(reading)
    out = tuple(
        0 if axis in gone else place
        for axis, place in enumerate(at)
        if reading["keepdim"] or axis not in gone
    )
    numbers, places = _slab(reading, out)
    row, own = shares_of(numbers), (places == torch.tensor(at)).all(dim=1).nonzero()[0]
    terms = product(("output",), {}, gradient=reading.output_gradient[out].reshape(1), share=row.shares[own])
    what = "Each number counts by its share of the sum: the softmax."
    # torch takes exp(x − y) for the share, with y = m + ln S rounded in parts of |y|.
    scale = terms.size * (float(row.loss[own]) + abs(float(row.largest + row.total.log())))
    return Account(what, dx.equals(summed(dy * p)), LOGSUMEXP_DOCS, terms=terms, scale=scale)


def _logsumexp_reach(reading: Reading, boxes: Boxes) -> dict[str, Boxes | list[Boxes]]:
    shape, gone = reading.shape("input"), _summed(reading)
    lead = boxes.shape[:-2]
    kept = [axis for axis in range(len(shape)) if axis not in gone]
    result = np.zeros((*lead, len(shape), 2), np.int64)
    result[..., 1] = shape
    for position, axis in enumerate(kept):
        result[..., axis, :] = boxes[..., axis if reading["keepdim"] else position, :]
    return {"input": result}


LOGSUMEXP_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.logsumexp.html"
ARGUMENTS = "input dim=None _stacklevel=None dtype=None"
SOFTMAX, SOFTMIN = (
    Op(
        ARGUMENTS,
        partial(_explain_softmax, kind),
        partial(_softmax_gradient, kind),
        free,
        _same_row,
        role=Role.SHARES,
        range=(0.0, 1.0),
    )
    for kind in ("softmax", "softmin")
)
SOFTMAX = replace(SOFTMAX, drawing="shares")
LOG_SOFTMAX = Op(
    ARGUMENTS,
    _explain_log_softmax,
    partial(_softmax_gradient, "log_softmax"),
    free,
    _same_row,
    role=Role.SHARES,
    drawing="shares",
    range=(-math.inf, 0.0),
)
LOGSUMEXP = Op("input dim keepdim=False", _explain_logsumexp, _logsumexp_gradient, free, _logsumexp_reach)
