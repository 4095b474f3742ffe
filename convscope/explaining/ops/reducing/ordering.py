"""Numbers put in order: sort, topk, argsort, the k-th smallest, the median."""

import torch
from torch import Tensor

from convscope.explaining.account import Account, Index, Step, Terms
from convscope.explaining.boxes import Boxes, clip
from convscope.explaining.formula import Known, Text, symbols
from convscope.explaining.op import Op, free
from convscope.explaining.ops.moves.moving import DOCS, Reach, passed_on
from convscope.explaining.ops.reducing.reducing import (
    PASSED_ON,
    counted,
    goes_to,
    place_of,
    reduced,
    reduced_reach,
    s,
    sloped,
    window,
)
from convscope.explaining.reading import Reading
from convscope.explaining.rendering.python import literal

x, y = symbols("x y")
TAKEN = "s = 1 for the number that was taken, else 0"


def _row(reading: Reading, axis: int, at: Index) -> tuple[Tensor, Tensor]:
    """The numbers along an axis through a place, float64, and where they stand, (number, axis)."""
    x = reading["input"]
    if not x.dim():
        return x.reshape(1).double(), torch.zeros(1, 0, dtype=torch.int64)
    places = torch.tensor(at).repeat(x.shape[axis], 1)
    places[:, axis] = torch.arange(x.shape[axis])
    return x[places.unbind(-1)].double(), places


# ---- rows that are put in order: sort, topk, argsort


def _largest_first(reading: Reading) -> bool:
    name = "largest" if reading.node.op == "topk" else "descending"
    return bool(reading.arguments[name])


def _ordered(reading: Reading, row: Tensor) -> list[int]:
    """The places of a row in order, by the same function on this row alone: it alone decides among equals."""
    first, stable = _largest_first(reading), bool(reading.arguments.get("stable"))
    if reading.node.op == "topk":
        given = reading.arguments
        return torch.topk(
            row, int(given["k"]), 0, largest=first, sorted=bool(given["sorted"])
        ).indices.tolist()
    return torch.sort(row, dim=0, descending=first, stable=stable).indices.tolist()


def _explain_ordered(reading: Reading, at: Index) -> Account:
    """The number of this rank, or its place."""
    axis = reading.axis
    row, places = _row(reading, axis, at)
    rank, first = at[axis] if at else 0, _largest_first(reading)
    own = reading["input"][places.unbind(-1)] if at else reading["input"].reshape(1)
    place = _ordered(reading, own)[rank]
    if reading.node.op == "argsort" or reading.which == 1:
        return _place(reading, row, places, place, axis)
    terms = Terms(row, (f"axis {axis}",), {"input": row}, {"input": places} if at else {})
    size, result = "largest" if first else "smallest", float(row[place])
    code = f"sorted(terms{', reverse=True' if first else ''})[{rank}]"
    unordered = reading.node.op == "topk" and not reading.arguments["sorted"]
    code = f"terms[{place}]" if unordered or not torch.isfinite(row).all() else code
    rule = Text(f"number {rank + 1} of x, the {size} first")
    found = Known(result, Text(f"number {rank + 1} of {len(row):,}").equals(x[place]), code)
    step = Step("output", y[rank].equals(rule), {rule: found}, terms)
    what = f"The {len(row):,} numbers along axis {axis} are put in order, the {size} first."
    return Account(what, step.formula, _docs(reading), steps=(step,), scale=abs(result))


def _place(reading: Reading, row: Tensor, places: Tensor, place: int, axis: int) -> Account:
    """From where along the axis the number of this rank comes."""
    equal = int((row == row[place]).sum())
    terms = Terms(row, (f"axis {axis}",), {"input": row}, {"input": places} if places.shape[-1] else {})
    value = float(row[place])
    code = f"float(terms.index({literal(value)}))" if equal == 1 else f"{float(place)!r}"
    rule = Text("where the number of this rank stood")
    step = Step("output", y.equals(rule), {rule: place_of(place, value, code)}, terms)
    notes = (f"{equal} numbers are equal: their order among themselves is torch's.",) if equal > 1 else ()
    what = f"From where along axis {axis} the number of this rank comes, counted from 0."
    scale = float(place)
    return Account(what, step.formula, _docs(reading), steps=(step,), scale=scale, notes=notes)


def _ordered_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - there is one argument
    """What arrives at the rank that the number has; nothing where it is not among the first k."""
    axis = reading.axis
    _, places = _row(reading, axis, at)
    own = reading["input"][places.unbind(-1)] if at else reading["input"].reshape(1)
    order = torch.tensor(_ordered(reading, own))
    ranks = (order == (at[axis] if at else 0)).nonzero().flatten()
    went = torch.tensor(at).repeat(len(ranks), 1).long()
    if at:
        went[:, axis] = ranks
    return passed_on(reading, went, _docs(reading))


def _ordered_reach(reading: Reading, boxes: Boxes) -> Reach:
    """The whole axis decides who comes where."""
    boxes = clip(boxes, reading.output_shape)
    if boxes.shape[-2]:
        axis = reading.axis
        some = boxes[..., axis, 1] > boxes[..., axis, 0]
        boxes[..., axis, 0] = 0
        boxes[..., axis, 1] = some * reading.shape("input")[axis]
    return {"input": boxes}


def _docs(reading: Reading) -> str:
    return DOCS.format(f"torch.{reading.node.op}")


# ---- one of a row: the k-th smallest, the median


def _rank(reading: Reading, row: Tensor) -> int:
    """Which place in the order, the smallest first; of an even number the lower of the two in the middle."""
    if reading.node.op == "kthvalue":
        return int(reading.arguments["k"]) - 1
    counting = int((row == row).sum()) if reading.node.op == "nanmedian" else row.numel()
    return max(counting - 1, 0) // 2


def _chosen(reading: Reading, row: Tensor) -> int:
    """The place in the row, by the same function on it alone."""
    if reading.node.op == "kthvalue":
        return int(torch.kthvalue(row, int(reading.arguments["k"])).indices)
    function = torch.nanmedian if reading.node.op == "nanmedian" else torch.median
    return int(function(row, 0).indices)


def _explain_chosen(reading: Reading, at: Index) -> Account:
    found = window(reading, at)
    row, where = found.values.flatten(), found.places.reshape(counted(found), -1)
    own = reading["input"][where.unbind(-1)] if where.shape[-1] else reading["input"].reshape(1)
    place, rank = _chosen(reading, own), _rank(reading, row)
    if reading.which == 1:
        return _place(reading, row, where, place, reduced(reading)[0] if reduced(reading) else 0)
    terms = Terms(found.values, found.axes, {"input": found.values}, found.where)
    result = float(row[place])
    code = f"sorted(terms)[{rank}]" if torch.isfinite(row).all() else f"terms[{place}]"
    rule = Text(f"number {rank + 1} of x, the smallest first")
    chosen = Known(result, Text(f"number {rank + 1} of {len(row):,}"), code)
    step = Step("output", y.equals(rule), {rule: chosen}, terms)
    what = f"The {len(row):,} numbers are put in order; number {rank + 1} is taken."
    notes = ("Of an even number the lower one of the two in the middle is taken, not their mean.",)
    even = "median" in reading.node.op and len(row) % 2 == 0
    notes = notes if even else ()
    return Account(what, step.formula, _docs(reading), steps=(step,), scale=abs(result), notes=notes)


def _chosen_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - there is one argument
    """All of it to the one that was taken; of the median of all numbers equal ones share it."""
    found = window(reading, goes_to(reading, at))
    where = found.places.reshape(counted(found), -1)
    own = reading["input"][where.unbind(-1)] if where.shape[-1] else reading["input"].reshape(1)
    place, docs = _chosen(reading, own), f"torch.{reading.node.op}"
    if reading.arguments["dim"] is not None:
        wins = tuple(where[place].tolist()) == at
        return sloped(reading, at, PASSED_ON.given(TAKEN), docs, {s: float(wins)})
    equal = own == own[place]
    share = float(reading["input"][at] == own[place]) / max(int(equal.sum()), 1)
    return sloped(reading, at, PASSED_ON.given(f"{TAKEN}; equal ones share it"), docs, {s: share})


def _ordered_op(signature: str, gradient: bool = True) -> Op:
    return Op(signature, _explain_ordered, _ordered_gradient if gradient else None, free, _ordered_reach)


def _chosen_op(signature: str) -> Op:
    return Op(signature, _explain_chosen, _chosen_gradient, free, reduced_reach)


OPS: dict[str, Op] = {
    "sort": _ordered_op("input dim=-1 descending=False stable=False"),
    "topk": _ordered_op("input k dim=-1 largest=True sorted=True"),
    "argsort": _ordered_op("input dim=-1 descending=False stable=False", gradient=False),
    "kthvalue": _chosen_op("input k dim=-1 keepdim=False"),
    **dict.fromkeys(("median", "nanmedian"), _chosen_op("input dim=None keepdim=False")),
}
