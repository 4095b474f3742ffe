"""Grids of places that a matrix turns and moves: `affine_grid`; `gridding.py` reads pictures there."""

from math import prod

import numpy as np
import torch
from torch import Tensor

from convscope.explaining.account import Account, Index, product
from convscope.explaining.boxes import Boxes, is_empty
from convscope.explaining.formula import summed, symbols
from convscope.explaining.op import Cost, Op
from convscope.explaining.ops.windows.sliding import pick
from convscope.explaining.reading import Reading
from convscope.explaining.working import Worked

grid, dgrid, θ, dθ, place, i, j = symbols("grid dgrid θ dθ place i j")
NUMBERS, COLUMNS = symbols("numbers columns")
DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.affine_grid.html"


def _base(reading: Reading, at: Index) -> Tensor:
    """The coordinates of a place of the output before it is moved, width first, and a 1 for the shift."""
    sizes, corners = reading.output_shape[1:-1], bool(reading["align_corners"])
    found = [1.0]
    for step, size in zip(at, sizes, strict=True):
        if corners:
            found.append(-1 + 2 * step / (size - 1) if size > 1 else 0.0)
        else:
            found.append((2 * step + 1) / size - 1)
    return torch.tensor(found[::-1], dtype=torch.float64)


def _explain_affine(reading: Reading, at: Index) -> Account:
    """One row of the matrix times the place."""
    base, row = _base(reading, at[1:-1]), (at[0], at[-1])
    places = torch.tensor([[*row, column] for column in range(len(base))])
    terms = product(("column",), {"theta": places}, theta=reading["theta"][row].double(), place=base)
    what = (
        "A coordinate between −1 and 1 for every place of the output: where the place itself lies, turned, "
        "stretched and moved by the matrix."
    )
    formula = (
        grid[i, j].equals(summed(θ * place)).given("place is (x, y, 1), with −1 and 1 at the ends of an axis")
    )
    notes = ("The last number is what the matrix moves by: it is multiplied by 1.",)
    scale = terms.size + float(
        terms.factors["theta"].abs().sum()
    )  # places near 0 are rounded like those near 1
    return Account(what, formula, DOCS, terms=terms, scale=scale, notes=notes)


def _affine_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - only theta is a tensor
    """The sum over all places, each times its coordinate."""
    sizes = reading.output_shape[1:-1]
    places = torch.cartesian_prod(*map(torch.arange, sizes)).reshape(-1, len(sizes))
    base = torch.stack([_base(reading, tuple(each))[at[2]] for each in places.tolist()])
    went = torch.cat([torch.tensor([at[0]]).expand(len(places), 1), places], dim=-1)
    went = torch.cat([went, torch.tensor([at[1]]).expand(len(places), 1)], dim=-1)
    gradient = pick(reading.output_gradient, went)
    terms = product(("place",), {"gradient": went}, gradient=gradient, place=base)
    what = "Each number of the matrix takes part at every place: the gradients there, times the place."
    scale = terms.size + float(gradient.abs().sum())
    return Account(what, dθ.equals(summed(dgrid[i, j] * place)), DOCS, terms=terms, scale=scale)


def _affine_reach(reading: Reading, boxes: Boxes) -> dict[str, Boxes | list[Boxes]]:
    """One row of the sample's matrix for each coordinate."""
    found = np.stack([boxes[..., 0, :], boxes[..., -1, :], boxes[..., 0, :]], axis=-2)
    found[..., 2, :] = (0, reading.shape("theta")[2])
    return {"theta": np.where(is_empty(boxes)[..., None, None], 0, found)}


def _affine_cost(reading: Reading) -> Cost:
    values = {NUMBERS: prod(reading.output_shape), COLUMNS: reading.shape("theta")[2]}
    return Cost(Worked(NUMBERS * COLUMNS, values))


AFFINE_GRID = Op(
    "theta size align_corners=False", _explain_affine, _affine_gradient, _affine_cost, _affine_reach
)

OPS: dict[str, Op] = {"affine_grid": AFFINE_GRID}
