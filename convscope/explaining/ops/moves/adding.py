"""Rows added to places that an index names: `index_add`, as graphs and sets use it."""

import torch
from torch import Tensor

from convscope.explaining.account import Account, Index, product
from convscope.explaining.boxes import Boxes, clip, is_empty
from convscope.explaining.formula import summed, symbols
from convscope.explaining.op import Cost, Op
from convscope.explaining.ops.moves.moving import DOCS, Reach
from convscope.explaining.reading import Reading
from convscope.explaining.working import Worked
from convscope.shapes import elements

y, value, factor, dx, dy, i, NUMBERS = symbols("y value factor dx dy i numbers")
ADDED = y[i].equals(summed(value * factor)).given("over x[i] and every source[k] whose index[k] is i")
WHAT = "Rows are added to those rows of the tensor that the index names; one named twice gets both."


def _sources(reading: Reading, at: Index) -> Tensor:
    """Where the numbers stand that are added to one place, (number, axis)."""
    axis = reading.axis
    rows = (reading["index"].reshape(-1) == at[axis]).nonzero().flatten()
    places = torch.tensor(at).repeat(len(rows), 1)
    places[:, axis] = rows
    return places


def _explain_added(reading: Reading, at: Index) -> Account:
    alpha, places = float(reading.arguments["alpha"]), _sources(reading, at)
    added = reading["source"][places.unbind(-1)].double()
    values = torch.cat([reading["input"][at].double().reshape(1), added])
    by = torch.cat([torch.ones(1), torch.full((len(places),), alpha)])
    terms = product(("number",), value=values, factor=by)
    notes = (f"{len(places)} numbers are added to what was here.",)
    notes += ("The first is what was here, with the factor 1; the others are taken α times.",)
    return Account(WHAT, ADDED, DOCS.format("torch.Tensor.index_add_"), terms=terms, notes=notes)


def _added_gradient(reading: Reading, name: str, at: Index) -> Account:
    """What arrives at the place to which the number went; of what was there before, all of it."""
    by: list[float] = []
    went: list[Index] = []
    if reading.arguments["input"] == reading.arguments[name]:
        by, went = [1.0], [at]
    if reading.arguments["source"] == reading.arguments[name]:
        axis = reading.axis
        row = int(reading["index"].reshape(-1)[at[axis]])
        by, went = (
            [*by, float(reading.arguments["alpha"])],
            [*went, (*at[:axis], row, *at[axis + 1 :])],
        )
    gradient = torch.stack([reading.output_gradient[place] for place in went])
    terms = product(("place",), {"gradient": torch.tensor(went)}, gradient=gradient, factor=torch.tensor(by))
    what = "The gradient that arrives where the number went, times the factor with which it was added."
    docs = DOCS.format("torch.Tensor.index_add_")
    return Account(what, dx.equals(summed(dy * factor)), docs, terms=terms)


def _added_reach(reading: Reading, boxes: Boxes) -> Reach:
    """The same place, and any row of the source: which one, the index says."""
    boxes = clip(boxes, reading.output_shape)
    source = boxes.copy()
    source[..., reading.axis, :] = (0, reading.shape("source")[reading.axis])
    return {
        "input": boxes,
        "source": clip(source * ~is_empty(boxes)[..., None, None], reading.shape("source")),
    }


def _added_cost(reading: Reading) -> Cost:
    """With a factor, each number of the source is multiplied and added."""
    count = elements(reading.shape("source")) if float(reading.arguments["alpha"]) != 1 else 0
    return Cost(Worked(NUMBERS, {NUMBERS: count}) if count else None)


OPS: dict[str, Op] = {
    "index_add": Op(
        "input dim index source alpha=1", _explain_added, _added_gradient, _added_cost, _added_reach
    ),
}
