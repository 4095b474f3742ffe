"""Embeddings: a table in which every index has a row of numbers."""

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from convscope.explaining.account import Account, Index, Terms, product
from convscope.explaining.boxes import Boxes
from convscope.explaining.formula import Symbol, largest, summed, symbols
from convscope.explaining.functions import minimum
from convscope.explaining.op import Cost, Extent, Op, Role
from convscope.explaining.ops.products.linear import linear_axes
from convscope.explaining.reading import Reading
from convscope.explaining.working import Worked

y, b, e, i, n, s, dy, ds = symbols("y b e i n s dy ds")
WEIGHT, INDEX, BAG, DWEIGHT, ANY = symbols("weight index bag dweight …")
NORM, MAX_NORM, COUNTS = *symbols("‖row‖ max_norm"), Symbol("(what i counts in it)")
INDICES, ROWS, FEATURES = symbols("indices rows features")
DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html"
BAG_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.EmbeddingBag.html"


def explain_embedding(reading: Reading, at: Index) -> Account:
    """A look-up: the index says which row."""
    if reading.which:
        return _table_afterwards(reading, at)
    row, feature = int(reading["input"][at[:-1]]), at[-1]
    table = reading["weight"]
    terms = _looked_up(reading, table, torch.tensor([row]), feature)
    what = f"The index is {row}, so the row {row} of the table is taken; this is its number {feature}."
    return Account(what, y[ANY, e].equals(WEIGHT[INDEX[ANY], e]), DOCS, terms=terms)


def _table_afterwards(reading: Reading, at: Index) -> Account:
    """With `max_norm` the table itself is changed: rows that are looked up are shortened for good."""
    row, feature = at
    used = bool((reading["input"] == row).any())
    table, rows = reading["weight"], torch.tensor([row])
    terms = (
        _looked_up(reading, table, rows, feature)
        if used
        else product(("index",), {}, weight=table[rows, feature])
    )
    what = f"A row that is looked up and longer than max_norm is shortened in the table. Row {row} was "
    what += "looked up." if used else "not looked up and stays as it is."
    return Account(what, WEIGHT * minimum(1, MAX_NORM / NORM), DOCS, terms=terms)


def _looked_up(reading: Reading, table: Tensor, rows: Tensor, feature: int, **factors: Tensor) -> Terms:
    """One column of the rows, shortened where they are longer than `max_norm`."""
    places = torch.stack([rows, torch.full_like(rows, feature)], dim=-1)
    numbers = {"weight": table[rows, feature]} | factors
    if reading.has("max_norm"):
        length = torch.linalg.vector_norm(table[rows].double(), float(reading["norm_type"]), dim=1)
        most = float(reading["max_norm"])
        # torch adds 1e-7 so that it never divides by zero
        numbers["shortened"] = torch.where(length > most, most / (length + 1e-7), 1.0)
    return product(("index",), {"weight": places}, **numbers)


def embedding_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001
    """A row gets the gradient of every place at which it was looked up."""
    row, feature = at
    looked_up = reading["input"] == row
    gradient = reading.output_gradient[..., feature][looked_up]
    what = f"The row {row} was looked up {len(gradient):,} times; its gradient is the sum of all of them."
    if _is_padding(reading, row):
        gradient, what = gradient[:0], f"The row {row} is for padding: it is not trained."
    times = _frequency(reading, gradient, int((reading["input"] == row).sum()))
    terms = product(("time",), {}, gradient=gradient, **times)
    formula = DWEIGHT[i].equals(summed(dy)).given("at every place of i")
    return Account(what, formula, DOCS, terms=terms)


def _is_padding(reading: Reading, row: int) -> bool:
    rows = reading.shape("weight")[0]
    return reading.has("padding_idx") and row == int(reading["padding_idx"]) % rows


def _frequency(reading: Reading, like: Tensor, count: int) -> dict[str, Tensor]:
    """`scale_grad_by_freq` divides by how often the row occurs."""
    if not reading["scale_grad_by_freq"]:
        return {}
    return {"frequency": torch.full(like.shape, 1 / max(1, count), dtype=torch.float64)}


class Bags(NamedTuple):
    """Which indices lie in which bag.

    Attributes:
        indices: all of them in one row.
        bag: the bag of each, same shape; those of padding have −1.
        sample_weights: what each counts, same shape.
    """

    indices: Tensor
    bag: Tensor
    sample_weights: Tensor | None


def _bags(reading: Reading) -> Bags:
    given, indices = reading["input"], reading["input"].flatten()
    place = torch.arange(len(indices))
    if given.dim() == 2:
        bag = place // given.shape[1]
    else:
        starts = reading["offsets"][:-1] if reading["include_last_offset"] else reading["offsets"]
        bag = torch.searchsorted(starts.long(), place, right=True) - 1
    if reading.has("padding_idx"):
        padding = int(reading["padding_idx"]) % reading.shape("weight")[0]
        bag = bag.masked_fill(indices == padding, -1)
    weights = reading["per_sample_weights"]
    return Bags(indices.long(), bag, None if weights is None else weights.flatten())


def explain_bag(reading: Reading, at: Index) -> Account:
    """The rows of a bag, made into one: by their sum, their average or their largest."""
    if reading.which:
        return _table_afterwards(reading, at)
    bags, (own, feature), mode = _bags(reading), at, reading["mode"]
    inside = bags.bag == own
    rows, extra = bags.indices[inside], {}
    if bags.sample_weights is not None:
        extra["sample_weight"] = bags.sample_weights[inside]
    if mode == "mean" and len(rows):
        extra["share"] = torch.full((len(rows),), 1 / len(rows), dtype=torch.float64)
    terms = _looked_up(reading, reading["weight"], rows, feature, **extra)
    how = {"sum": "added up", "mean": "averaged", "max": "compared: the largest wins"}[mode]
    what = f"This bag has {len(rows):,} indices; their rows of the table are {how}."
    if mode == "max" and len(rows):
        terms = replace(terms, rule="max")
    return Account(what, FORMULAS[mode], BAG_DOCS, terms=terms)


def bag_gradient(reading: Reading, name: str, at: Index) -> Account:
    """The gradient of a bag goes to each of its rows, and to what each row counts."""
    if name == "per_sample_weights":
        return _sample_weight_gradient(reading, at)
    bags, (row, feature) = _bags(reading), at
    chosen = (bags.indices == row) & (bags.bag >= 0)
    if reading["mode"] == "max":
        chosen &= _first_largest(reading, bags, feature)
    gradient = reading.output_gradient[bags.bag[chosen], feature]
    extra = _frequency(reading, gradient, _count_in_bags(bags, row))
    if bags.sample_weights is not None:
        extra["sample_weight"] = bags.sample_weights[chosen]
    if reading["mode"] == "mean":
        sizes = torch.bincount(bags.bag[bags.bag >= 0], minlength=reading.output_shape[0])
        extra["share"] = 1 / sizes[bags.bag[chosen]].double()
    terms = product(("time",), {}, gradient=gradient, **extra)
    what = f"The row {row} counts {len(gradient):,} times; each hands on its bag's gradient."
    return Account(what, DWEIGHT[i].equals(summed(dy[BAG] * COUNTS)), BAG_DOCS, terms=terms)


def _count_in_bags(bags: Bags, row: int) -> int:
    """By what `scale_grad_by_freq` divides in bags: on the CPU not the row's own count.

    The k-th smallest of the rows that occur is divided by the count of the index that stands at place k when
    all indices are sorted (`counts[indices_data[i]]` in aten/src/ATen/native/EmbeddingBag.cpp of torch).
    """
    place = int((bags.indices.unique() < row).sum())
    ordered = bags.indices.sort().values
    return int((bags.indices == ordered[min(place, len(ordered) - 1)]).sum())


def _first_largest(reading: Reading, bags: Bags, feature: int) -> Tensor:
    """Which indices win their bag; of equals the first."""
    values, won = reading["weight"][bags.indices, feature], torch.zeros_like(bags.bag, dtype=torch.bool)
    for bag in bags.bag[bags.bag >= 0].unique():
        inside = (bags.bag == bag).nonzero().flatten()
        won[inside[values[inside].argmax()]] = True
    return won


def _sample_weight_gradient(reading: Reading, at: Index) -> Account:
    bags, shape = _bags(reading), reading.shape("per_sample_weights")
    place = int(np.ravel_multi_index(at, shape))
    row, bag = int(bags.indices[place]), int(bags.bag[place])
    gradient = reading.output_gradient[bag] if bag >= 0 else torch.zeros(reading.output_shape[1])
    terms = product(("feature",), {}, gradient=gradient, weight=reading["weight"][row])
    what = f"It says how much the row {row} counts: every feature of the row hands on its bag's gradient."
    return Account(what, ds.equals(summed(dy[BAG, e] * WEIGHT[i, e], (e,))), BAG_DOCS, terms=terms)


def table_cost(reading: Reading) -> Cost:
    """A look-up multiplies nothing."""
    return Cost(parameters=_parameters(reading))


def bag_cost(reading: Reading) -> Cost:
    """Only with a weight for every index something is multiplied and added up."""
    if not reading.has("per_sample_weights"):
        return table_cost(reading)
    values = {INDICES: math.prod(reading.shape("input")), FEATURES: reading.shape("weight")[1]}
    return Cost(Worked(INDICES * FEATURES, values), _parameters(reading))


def _parameters(reading: Reading) -> Worked:
    rows, features = reading.shape("weight")
    return Worked(ROWS * FEATURES, {ROWS: rows, FEATURES: features})


def embedding_reach(reading: Reading, boxes: Boxes) -> dict[str, Boxes | list[Boxes]]:
    """Any row, since only the numbers say which; of it the same features."""
    return {"input": boxes[..., :-1, :], "weight": _columns(reading, boxes)}


def bag_reach(reading: Reading, boxes: Boxes) -> dict[str, Boxes | list[Boxes]]:
    """A row of indices a bag, where they come in rows; else any of them."""
    shape = reading.shape("input")
    inside = np.zeros((*boxes.shape[:-2], len(shape), 2), np.int64)
    inside[..., 1] = shape
    if len(shape) == 2:
        inside[..., 0, :] = boxes[..., 0, :]
    found: dict[str, Boxes | list[Boxes]] = {"input": inside, "weight": _columns(reading, boxes)}
    if reading.has("per_sample_weights"):
        found["per_sample_weights"] = inside
    return found


def _columns(reading: Reading, boxes: Boxes) -> Boxes:
    rows = np.broadcast_to(np.array([0, reading.shape("weight")[0]], np.int64), boxes[..., -1, :].shape)
    return np.stack([rows, boxes[..., -1, :]], axis=-2)


def size(reading: Reading) -> tuple[Extent, ...]:
    """The table's width."""
    rows, features = reading.shape("weight")
    note = f"the width of the table, {rows:,} × {features:,}"
    return (Extent("features", Worked(FEATURES, {FEATURES: features}), (note,)),)


OF_BAG = "over the indices i of bag b"
FORMULAS = {
    "sum": y[b, e].equals(summed(s[i] * WEIGHT[i, e])).given(OF_BAG),
    "mean": y[b, e].equals(summed(WEIGHT[i, e] / n)).given("over the n indices i of bag b"),
    "max": y[b, e].equals(largest(WEIGHT[i, e])).given(OF_BAG),
}
EMBEDDING = Op(
    "input weight padding_idx=None max_norm=None norm_type=2 scale_grad_by_freq=False sparse=False",
    explain_embedding,
    embedding_gradient,
    table_cost,
    embedding_reach,
    size,
    role=Role.LOOKUP,
    axes=linear_axes,
)
EMBEDDING_BAG = Op(
    "input weight offsets=None max_norm=None norm_type=2 scale_grad_by_freq=False mode=mean sparse=False "
    "per_sample_weights=None include_last_offset=False padding_idx=None",
    explain_bag,
    bag_gradient,
    bag_cost,
    bag_reach,
    size,
    role=Role.LOOKUP,
)
