"""The same numbers in another shape or order: view, flatten, permute, expand, flip, pixel_shuffle, roll."""

import math
from dataclasses import replace

from convscope.explaining.account import Account, Index, Step
from convscope.explaining.axes import Axes, usual
from convscope.explaining.boxes import Boxes, clip
from convscope.explaining.formula import Formula, Number, Text, symbols, times
from convscope.explaining.op import Extent, Op, Role
from convscope.explaining.ops.moves.moving import DOCS, Move, Origin, Reach, bare, replay, view_reach
from convscope.explaining.reading import Reading
from convscope.explaining.rendering.words import text
from convscope.explaining.working import Worked
from convscope.tracing.names import CASTS, function_at

x, y, dx, i, j, k = symbols("x y dx i j k")

# ---- one shape into another


def _count(reading: Reading, at: Index, origin: Origin) -> tuple[str, ...]:
    """What stays the same when a shape changes: the number that a place has when all are counted through."""
    if not origin.at or max(len(at), len(origin.at)) < 2:
        return ()
    counted: Formula = Number(origin.at[0])
    for place, size in zip(origin.at[1:], reading.shape("input")[1:], strict=True):
        counted = counted * size + place
    return (f"Counted row by row from 0, both are number {text(Worked(counted, {}).numbers)}.",)


def reshaped_size(reading: Reading) -> tuple[Extent, ...]:
    """Axes that were merged, with their sizes: "axis 1: 16·12·12 = 2,304"."""
    source, result = reading.shape("input"), reading.output_shape
    groups = merged(source, result)
    if groups is None:
        return (Extent("all:", Worked(times(*source), {})),)
    several = [(axis, [size for size in group if size != 1]) for axis, group in enumerate(groups)]
    return tuple(
        Extent(f"axis {axis}:", Worked(times(*sizes), {})) for axis, sizes in several if len(sizes) > 1
    )


def merged(source: tuple[int, ...], result: tuple[int, ...]) -> list[tuple[int, ...]] | None:
    """For each axis of the result the axes that were merged into it; None where one was cut apart.

    >>> merged((2, 16, 12, 12), (2, 2304)), merged((2, 6), (2, 2, 3))
    ([(2,), (16, 12, 12)], None)
    """
    left, groups = list(source), []
    for size in result:
        group = [left.pop(0)] if left and left[0] == size else []
        while left and math.prod(group) != size:
            group.append(left.pop(0))
        if math.prod(group) != size:
            return None
        groups.append(tuple(group))
    return groups if math.prod(left) == 1 else None


RESHAPE = Move(
    "The shape changes, the numbers do not: they are read row by row and laid out row by row.",
    Text("y[j…] = x[i…], where both indices have the same number when counted through"),
    "torch.Tensor.view",
    view_reach,
    notes=_count,
).op("input", reshaped_size)
SQUEEZE = Move(
    "An axis of size 1 goes or comes; the numbers stay.",
    y[i, j].equals(x[i, 0, j]),
    "torch.squeeze",
    view_reach,
).op("input")
PERMUTE = Move(
    "The axes change places: every index is written in another order, and the numbers stay.",
    y[k, i, j].equals(x[i, j, k]),
    "torch.permute",
    view_reach,
).op("input")
EXPAND = Move(
    "An axis of size 1 is shown again and again: every place along it reads the same number.",
    y[i, j].equals(x[0, j]),
    "torch.Tensor.expand",
    view_reach,
).op("input")


# ---- every number in its own place


def same_place(reading: Reading, boxes: Boxes) -> Reach:
    """Every number stays where it is."""
    return {"input": clip(boxes, reading.shape("input"))}


SAME = Move(
    "Nothing is computed: a copy, or the same numbers kept in another type, place or order of memory.",
    y.equals(x),
    "torch.Tensor.to",
    same_place,
).op("input")
SAME = replace(SAME, role=Role.SAME)


def _no_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - asked as all others
    """`detach` is there to stop the gradient."""
    what = "The number passes, the gradient does not: whatever stands before this learns nothing through it."
    step = Step("output", dx.equals(0))
    return Account(what, step.formula, DOCS.format("torch.Tensor.detach"), steps=(step,))


CUT = replace(SAME, gradient=_no_gradient)


def turned_axes(reading: Reading, before: Axes | None) -> Axes:
    """Axes that change places: their order is seen on a tensor whose sizes all differ."""
    rank = len(reading.output_shape)
    if before is None or before.rank != rank or function_at(reading.node.function) is None:
        return usual(rank)
    sizes = list(range(2, rank + 2))
    return before.turned([sizes.index(size) for size in replay(reading, lambda _: bare(tuple(sizes))).shape])


SQUEEZED = replace(SQUEEZE, role=Role.SQUEEZE)
OPS: dict[str, Op] = {
    **dict.fromkeys(
        ("view", "reshape", "flatten", "unflatten", "view_as", "reshape_as"),
        replace(RESHAPE, role=Role.RESHAPE),
    ),
    "squeeze": replace(SQUEEZED, signature="input dim=None"),
    **dict.fromkeys(("unsqueeze", "atleast_1d", "atleast_2d", "atleast_3d"), SQUEEZED),
    **dict.fromkeys(
        ("permute", "transpose", "movedim", "t", "T", "mT"),
        replace(PERMUTE, role=Role.PERMUTE, axes=turned_axes),
    ),
    **dict.fromkeys(("expand", "expand_as", "broadcast_to"), replace(EXPAND, role=Role.SAME)),
    **dict.fromkeys(
        ("contiguous", "clone", "alias", "lift_fresh", "lift_fresh_copy", "real", "positive", *CASTS), SAME
    ),
    **dict.fromkeys(("detach", "data"), CUT),
}
