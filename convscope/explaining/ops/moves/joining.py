"""Tensors put together: cat, stack, hstack, vstack, … All are `cat` of tensors with more axes."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from convscope.explaining.account import Index
from convscope.explaining.boxes import Boxes, is_empty, unit
from convscope.explaining.formula import Formula, Number, Sum, Text, several, symbols
from convscope.explaining.op import Extent, Op, Role
from convscope.explaining.ops.moves.moving import Move, Origin, Reach, Strided, bare, tensor_names, through
from convscope.explaining.reading import Reading
from convscope.explaining.working import Worked
from convscope.tracing.graph import Node

# A tensor without numbers → the same with the axes along which it is joined; and that axis.
Prepare = Callable[[Reading, list[Tensor]], tuple[list[Tensor], int]]
y, y0, y1, xk, x0, x1, i, j, k, rest = symbols("y y₀ y₁ xₖ x₀ x₁ i j k …")


def _cat(reading: Reading, tensors: list[Tensor]) -> tuple[list[Tensor], int]:
    return tensors, int(reading.arguments["dim"]) % len(reading.output_shape)


def _stack(reading: Reading, tensors: list[Tensor]) -> tuple[list[Tensor], int]:
    axis = int(reading.arguments["dim"]) % len(reading.output_shape)
    return [tensor.unsqueeze(axis) for tensor in tensors], axis


def _hstack(reading: Reading, tensors: list[Tensor]) -> tuple[list[Tensor], int]:
    return [torch.atleast_1d(tensor) for tensor in tensors], min(1, len(reading.output_shape) - 1)


def _vstack(reading: Reading, tensors: list[Tensor]) -> tuple[list[Tensor], int]:  # noqa: ARG001
    return [torch.atleast_2d(tensor) for tensor in tensors], 0


def _dstack(reading: Reading, tensors: list[Tensor]) -> tuple[list[Tensor], int]:  # noqa: ARG001
    return [torch.atleast_3d(tensor) for tensor in tensors], 2


def _column_stack(reading: Reading, tensors: list[Tensor]) -> tuple[list[Tensor], int]:  # noqa: ARG001
    return [tensor.view(-1, 1) if tensor.dim() < 2 else tensor for tensor in tensors], 1


def _prepared(prepare: Prepare, reading: Reading) -> tuple[list[Tensor], list[tuple[int, ...]], int]:
    """The tensors with their axes, the shapes they have in truth, the axis along which they are joined."""
    shapes = [reading.shape(name) for name in tensor_names(reading, "tensors")]
    tensors, axis = prepare(reading, [bare(shape) for shape in shapes])
    return tensors, shapes, axis


def _sizes(tensors: list[Tensor], axis: int) -> list[int]:
    """Sizes along the joined axis; `cat` passes over empty tensors of one axis, whatever the others are."""
    return [0 if tensor.shape == (0,) else tensor.shape[axis] for tensor in tensors]


def _reach(prepare: Prepare, reading: Reading, boxes: Boxes) -> Reach:
    """Each tensor gets the part of the boxes that lies on its stretch of the axis."""
    tensors, shapes, axis = _prepared(prepare, reading)
    ends = [0, *accumulate(_sizes(tensors, axis))]
    found: list[Boxes] = []
    for tensor, shape, (start, end) in zip(tensors, shapes, pairwise(ends), strict=True):
        if end == start:
            found.append(np.zeros((*boxes.shape[:-2], len(shape), 2), np.int64))
            continue
        own = boxes.copy()
        own[..., axis, :] = np.clip(boxes[..., axis, :] - start, 0, end - start)
        found.append(own if tensor.shape == shape else through(Strided.of(tensor, shape), own))
    return {"tensors": found}


def _origin(prepare: Prepare, reading: Reading, at: Index) -> Origin:
    """The tensor on whose stretch of the axis the index lies."""
    tensors, shapes, axis = _prepared(prepare, reading)
    ends = [0, *accumulate(_sizes(tensors, axis))]
    which = next(place for place, end in enumerate(ends[1:]) if at[axis] < end)
    inside = (*at[:axis], at[axis] - ends[which], *at[axis + 1 :])
    box = through(Strided.of(tensors[which], shapes[which]), unit(inside))
    return Origin(f"tensors[{which}]", tuple(box[:, 0].tolist()))


def _size(prepare: Prepare, reading: Reading) -> tuple[Extent, ...]:
    """What the axis adds up to: "axis 1: 64 + 32 = 96"."""
    tensors, _, axis = _prepared(prepare, reading)
    added = Sum(tuple(map(Number, _sizes(tensors, axis))))
    return (Extent(f"axis {axis}:", Worked(added, {})),)


def _joined(what: str, formula: Formula, docs: str, prepare: Prepare, signature: str = "tensors") -> Op:
    reach, origin = partial(_reach, prepare), partial(_origin, prepare)
    return Move(what, formula, docs, reach, origin).op(signature, partial(_size, prepare))


CAT = _joined(
    "The tensors are laid one behind the other along an axis they have.",
    Text("y = x₀ for the first places along the axis, then x₁, then x₂ …"),
    "torch.cat",
    _cat,
    "tensors dim=0",
)
STACK = _joined(
    "The tensors, all of one shape, are laid one behind the other along a new axis.",
    y[k, rest].equals(xk[rest,]),
    "torch.stack",
    _stack,
    "tensors dim=0",
)
HSTACK = _joined(
    "The tensors stand side by side.", Text("y = [x₀ x₁ …] along axis 1"), "torch.hstack", _hstack
)
VSTACK = _joined(
    "The tensors stand one below the other.", Text("y = [x₀; x₁; …] along axis 0"), "torch.vstack", _vstack
)
DSTACK = _joined(
    "The tensors stand one behind the other in depth.",
    y[rest, k].equals(xk).given("along axis 2"),
    "torch.dstack",
    _dstack,
)
COLUMN_STACK = _joined(
    "The tensors stand side by side; one with a single axis becomes a column.",
    Text("y[:, k] = xₖ"),
    "torch.column_stack",
    _column_stack,
)

# ---- one axis each, spread over all others


def _grid_signature(node: Node) -> dict[str, Any]:
    """`meshgrid(a, b)` and `meshgrid([a, b])`."""
    several = isinstance(node.args[0], list | tuple) if node.args else True
    given = node.args[0] if several and node.args else node.kwargs.get("tensors", node.args)
    return {"tensors": list(given), "indexing": node.kwargs.get("indexing", "ij")}


def _grid_axis(reading: Reading) -> int:
    """The axis of the output along which the asked tensor runs: with "xy" the first two change places."""
    swapped = reading.arguments["indexing"] == "xy" and len(reading.output_shape) > 1
    return (1, 0)[reading.which] if swapped and reading.which < 2 else reading.which


def _grid_reach(reading: Reading, boxes: Boxes) -> Reach:
    names = tensor_names(reading, "tensors")
    found: list[Boxes] = [
        np.zeros((*boxes.shape[:-2], len(reading.shape(name)), 2), np.int64) for name in names
    ]
    along = _grid_axis(reading)
    seen = boxes[..., along : along + len(reading.shape(names[reading.which])), :]
    found[reading.which] = np.where(is_empty(boxes)[..., None, None], 0, seen)
    return {"tensors": found}


def _grid_origin(reading: Reading, at: Index) -> Origin:
    name, along = f"tensors[{reading.which}]", _grid_axis(reading)
    return Origin(name, at[along : along + len(reading.shape(name))])


MESHGRID = Move(
    "Each tensor runs along an axis of its own and is repeated along all others: the coordinates of a grid.",
    several(y0[i, j].equals(x0[i]), y1[i, j].equals(x1[j])),
    "torch.meshgrid",
    _grid_reach,
    _grid_origin,
)

ROWS = {"cat": CAT, "hstack": HSTACK, "vstack": VSTACK, "dstack": DSTACK, "column_stack": COLUMN_STACK}
OPS: dict[str, Op] = {
    **{name: replace(op, role=Role.CONCATENATION) for name, op in ROWS.items()},
    "stack": replace(STACK, role=Role.STACK),
    "meshgrid": MESHGRID.op(_grid_signature),
}
