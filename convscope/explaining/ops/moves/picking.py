"""Some of the numbers: indexing, slices, gather, split, triangles; and writing into some places."""

from dataclasses import replace
from types import EllipsisType
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from convscope.errors import TraceError
from convscope.explaining.account import Index
from convscope.explaining.boxes import Boxes, clip, is_empty, whole
from convscope.explaining.formula import several, symbols, where
from convscope.explaining.op import Op, Role
from convscope.explaining.ops.moves.moving import (
    Move,
    Origin,
    Reach,
    Strided,
    bare,
    broadcast,
    by_table,
    through,
    view_reach,
)
from convscope.explaining.ops.moves.rearranging import in_a_row
from convscope.explaining.ops.moves.reshaping import same_place
from convscope.explaining.reading import Reading

INDEXING = "torch.Tensor.select"
x, y, yk, i, j, r, c, index, indices = symbols("x y yₖ i j r c index indices")
start, startk, diagonal, rest, tril, triu = symbols("start startₖ diagonal … tril triu")

# ---- x[…]


class Picked(NamedTuple):
    """An index in two steps: numbers, slices and None first (a view), then lists of indices on that view.

    Attributes:
        view: the layout after the first step.
        lists: for axes of that view the indices that are taken from it; None: they were not kept.
        shape: of the indices, broadcast against each other.
        place: the axis of the output where theirs begin.
    """

    view: Strided
    lists: dict[int, NDArray[np.int64] | None]
    shape: tuple[int, ...]
    place: int


def picked(reading: Reading) -> Picked:
    """The index of `x[index]`, as torch reads it."""
    source = reading.shape("input")
    basic: list[Any] = []
    lists: dict[int, NDArray[np.int64] | None] = {}
    shapes: list[tuple[int, ...]] = []
    axis = 0  # of the view
    for part in index_parts(reading, len(source)):
        if isinstance(part, IndexList):
            lists[axis] = part.indices
            shapes.append(part.shape)
        basic.append(slice(None) if isinstance(part, IndexList) else part)
        axis += not isinstance(part, int)
    view = Strided.of(bare(source)[tuple(basic)], source)
    together = list(lists) == list(range(min(lists, default=0), max(lists, default=-1) + 1))
    place = min(lists, default=0) if together else 0  # lists that are apart put their axes in front
    return Picked(view, lists, tuple(np.broadcast_shapes(*shapes)), place)


class IndexList(NamedTuple):
    """Indices along one axis."""

    indices: NDArray[np.int64] | None
    shape: tuple[int, ...]


def index_parts(reading: Reading, axes: int) -> list[Any]:
    """What stands between the brackets, one entry an axis: a number, a slice, None or a `IndexList`."""
    index = reading.arguments["index"]
    index = index if isinstance(index, tuple) else (index,)
    parts: list[Any] = []
    for given in index:
        parts += _read(reading, given)
    taken = sum(part is not None and not isinstance(part, EllipsisType) for part in parts)
    rest = [slice(None)] * (axes - taken)
    for place, part in enumerate(parts):
        if isinstance(part, EllipsisType):
            return [*parts[:place], *rest, *parts[place + 1 :]]
    return parts + rest


def _read(reading: Reading, given: Any) -> list[Any]:  # noqa: ANN401 - whatever stands between brackets
    """One part of an index; a mask is as many lists as it has axes."""
    if given is None or isinstance(given, int | EllipsisType):
        return [None if given is True else given]
    numbers = reading.trace.restore(given)
    if isinstance(numbers, slice):
        return [numbers]
    tensor = torch.as_tensor(numbers)
    if tensor.dtype == torch.bool:
        found = tensor.nonzero().numpy()  # (taken, axis)
        return [IndexList(column, column.shape) for column in found.T]
    if tensor.dim() == 0:
        return [int(tensor)]
    return [IndexList(tensor.numpy(), tuple(tensor.shape))]


def _getitem_reach(reading: Reading, boxes: Boxes) -> Reach:
    """Back through the lists, then through the view; the whole input where an index was not kept."""
    try:
        index = picked(reading)
    except TraceError:
        return {"input": whole(reading.shape("input"), boxes)}
    boxes = clip(boxes, reading.output_shape)
    return {"input": through(index.view, _through_lists(index, boxes) if index.lists else boxes)}


def _through_lists(index: Picked, boxes: Boxes) -> Boxes:
    """Boxes on the output → on the view."""
    end = index.place + len(index.shape)
    own, others = boxes[..., index.place : end, :], np.delete(boxes, range(index.place, end), axis=-2)
    result = np.empty((*boxes.shape[:-2], len(index.view.shape), 2), np.int64)
    plain = [axis for axis in range(len(index.view.shape)) if axis not in index.lists]
    result[..., plain, :] = others
    for axis, indices in index.lists.items():
        assert indices is not None
        table = np.broadcast_to(indices % max(index.view.shape[axis], 1), index.shape)
        result[..., axis, :] = extremes(table, own)
    return np.where(is_empty(boxes)[..., None, None], 0, result)


def extremes(table: NDArray[np.int64], boxes: Boxes) -> NDArray[np.int64]:
    """For each box on a table its smallest number and its largest + 1. (box, 2); (0, 0) if empty."""
    if table.ndim == 1:
        return by_table(table, boxes, axis=0)[..., 0, :]
    found = []
    for box in boxes.reshape(-1, table.ndim, 2):
        part = table[tuple(slice(low, high) for low, high in box)]
        found.append((part.min(), part.max() + 1) if part.size else (0, 0))
    return np.array(found, np.int64).reshape(*boxes.shape[:-2], 2)


GETITEM = Move(
    "Some of the numbers are taken, and none is changed.",
    y.equals(x[index]),
    INDEXING,
    _getitem_reach,
).op("input index")
PART = Move(
    "A part of the tensor is taken; nothing in it changes.",
    y[i].equals(x[start + i]).given("along one axis"),
    "torch.narrow",
    view_reach,
).op("input")
SPLIT = Move(
    "The tensor is cut into pieces along an axis; each is an output of its own.",
    yk[i].equals(x[startk + i]).given("along one axis"),
    "torch.split",
    view_reach,
).op("input")


# ---- along an axis, by a tensor of indices


def _index_select_reach(reading: Reading, boxes: Boxes) -> Reach:
    axis = reading.axis
    boxes = clip(boxes, reading.output_shape)
    table = reading["index"].reshape(-1).numpy()
    listed = boxes[..., axis : axis + 1, :] if reading.shape("index") else boxes[..., :0, :]
    return {"input": by_table(table, boxes, axis) if boxes.shape[-2] else boxes, "index": listed}


def _gather_reach(reading: Reading, boxes: Boxes) -> Reach:
    """The same place on every axis but one; on that one the places that the index names."""
    axis = reading.axis
    return _taken_along(reading, clip(boxes, reading.output_shape), "index", axis)


def _take_along_reach(reading: Reading, boxes: Boxes) -> Reach:
    if reading.arguments["dim"] is None:
        return in_a_row(reading["indices"].reshape(-1).numpy(), reading, boxes)
    axis = int(reading.arguments["dim"]) % len(reading.shape("input"))
    return _taken_along(reading, clip(boxes, reading.output_shape), "indices", axis)


def _taken_along(reading: Reading, boxes: Boxes, name: str, axis: int) -> Reach:
    source = reading.shape("input")
    if not source:
        return {"input": boxes, name: boxes}
    index = reading[name].expand(reading.output_shape).numpy()
    result = broadcast(boxes, tuple(0 if place == axis else size for place, size in enumerate(source)))
    result[..., axis, :] = extremes(index % max(source[axis], 1), boxes)
    return {"input": result, name: broadcast(boxes, reading.shape(name))}


INDEX_SELECT = Move(
    "Whole slices are taken along one axis, in the order in which the index names them.",
    y[i, rest].equals(x[index[i], rest]),
    "torch.index_select",
    _index_select_reach,
).op("input dim index")
GATHER = Move(
    "For every place the index says from where along the axis the number is taken.",
    y[i, j].equals(x[i, index[i, j]]).given("along axis 1"),
    "torch.gather",
    _gather_reach,
).op("input dim index sparse_grad=False")
TAKE_ALONG_DIM = Move(
    "For every place the index says from where along the axis the number is taken.",
    y[i, j].equals(x[i, indices[i, j]]).given("along axis 1"),
    "torch.take_along_dim",
    _take_along_reach,
).op("input indices dim=None")

# ---- triangles


def _triangle_origin(reading: Reading, at: Index) -> Origin | None:
    beyond = at[-1] - at[-2] - int(reading.arguments["diagonal"])
    kept = beyond <= 0 if reading.node.op == "tril" else beyond >= 0
    return Origin("input", at) if kept else None


TRIANGLE = Move(
    "On one side of the diagonal the numbers stay; on the other there are zeros.",
    several(
        tril[r, c].equals(where(c - r <= diagonal, x[r, c], 0)),
        triu[r, c].equals(where(c - r >= diagonal, x[r, c], 0)),
    ),
    "torch.tril",
    same_place,
    _triangle_origin,
).op("input diagonal=0")

PARTS: dict[str, Op] = {
    "getitem": GETITEM,
    **dict.fromkeys(("narrow", "select", "slice", "diagonal"), PART),
    **dict.fromkeys(
        ("chunk", "split", "split_with_sizes", "tensor_split", "unbind", "hsplit", "vsplit", "dsplit"), SPLIT
    ),
}
OPS: dict[str, Op] = {
    **{name: replace(op, role=Role.PART) for name, op in PARTS.items()},
    "index_select": INDEX_SELECT,
    "gather": GATHER,
    "take_along_dim": TAKE_ALONG_DIM,
    **dict.fromkeys(("tril", "triu"), TRIANGLE),
}
