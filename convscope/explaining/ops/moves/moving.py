"""Numbers that move and do not change: where each one comes from, and where it goes.

`view`, `permute`, `cat`, `x[:, 0]` and their like differ in one thing only: which number of the input stands
where in the output. A `Move` holds that rule; the account, the gradient and the reach follow from it.

Most rules need not be written: a view is the same memory read with other strides, and torch tells the strides
of a view of nothing (device "meta") in microseconds, however large the tensor.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from convscope.explaining.account import Account, Index, Step, product
from convscope.explaining.boxes import Boxes, clip, is_empty, unit
from convscope.explaining.formula import Formula, FunctionCall, Known, Symbol, side, summed, symbols
from convscope.explaining.op import Extent, Op, free
from convscope.explaining.reading import Reading, Signature
from convscope.explaining.rendering.python import literal
from convscope.explaining.working import put
from convscope.tracing.graph import Ref
from convscope.tracing.names import function_at
from convscope.tracing.structure import convert, leaves, tensors_of

DOCS = "https://docs.pytorch.org/docs/stable/generated/{}.html"
Reach = dict[str, Boxes | list[Boxes]]
x, y, dx, dy = symbols("x y dx dy")


class Origin(NamedTuple):
    """Where a number comes from: which argument ("tensors[1]"), and where in it."""

    argument: str
    at: Index


@dataclass(frozen=True)
class Move:
    """What one kind of move does.

    Attributes:
        what: for a person who meets it for the first time.
        formula: in general.
        docs: torch's name of it.
        reach: `(reading, boxes on the output)` → boxes on the inputs; a box of one element gives one element.
        origin: `(reading, index)` → where the number there comes from; None: it is a zero that was put in.
        notes: `(reading, index, origin)` → what deserves a word.
    """

    what: str
    formula: Formula
    docs: str
    reach: Callable[[Reading, Boxes], Reach]
    origin: Callable[[Reading, Index], Origin | None] | None = None
    notes: Callable[[Reading, Index, Origin], tuple[str, ...]] | None = None

    def op(self, signature: Signature, size: Callable[[Reading], tuple[Extent, ...]] | None = None) -> Op:
        """The entry for `OPS`."""
        return Op(
            signature, partial(explain_move, self), partial(move_gradient, self), free, self.reach, size
        )


def explain_move(move: Move, reading: Reading, at: Index) -> Account:
    """The number where it came from; a change of precision is said."""
    origin = _single_origin(move, reading, at) if move.origin is None else move.origin(reading, at)
    docs = DOCS.format(move.docs)
    if origin is None:
        what = f"{move.what} Here no number of the input lands, and a zero is put in."
        return Account(what, move.formula, docs, steps=(Step("output", y[at].equals(0)),))
    value = reading.trace.tensor(reading.value(origin.argument).index)[origin.at].reshape(1)
    terms = product(("place",), places_at(origin.argument, [origin.at]), **{origin.argument: value})
    moved = Known(terms.result, y[at].equals(Symbol(origin.argument)[origin.at]), "terms[0]")
    notes = move.notes(reading, at, origin) if move.notes else ()
    steps = converted(terms.result, value.dtype, reading.output_value.dtype)
    values = {side(move.formula): moved}
    return Account(move.what, move.formula, docs, values, terms, steps=steps, notes=notes)


def converted(value: float, before: torch.dtype, after: torch.dtype) -> tuple[Step, ...]:
    """The step in which a number takes another type; none where nothing of it can be lost.

    >>> from convscope.explaining.rendering.words import text
    >>> text(converted(2.7, torch.float32, torch.int64)[0].numbers)
    'int64(2.7) = 2'
    """
    if torch.promote_types(before, after) == after or not math.isfinite(value):
        return ()
    result = float(torch.tensor(value, dtype=torch.float64).to(after))
    name = str(after).removeprefix("torch.")
    rule, code = f"x rounded to the nearest number that {name} has", literal(result)
    if after == torch.bool:
        rule, code = "1 if x is not 0, else 0", f"float({value!r} != 0)"
    elif not after.is_floating_point:
        rule, code = "x without what follows the point", f"float(math.trunc({value!r}))"
    cast = FunctionCall(name, (x,))
    done = Known(result, put(cast, {x: value}), code)
    return (Step("output", y.equals(cast).given(rule), {cast: done}),)


def move_gradient(move: Move, reading: Reading, name: str, at: Index) -> Account:
    """The gradients of all places to which the number went, added up."""
    places = taken_by(reading, name, at)
    return passed_on(reading, places, DOCS.format(move.docs))


def passed_on(reading: Reading, places: Tensor, docs: str) -> Account:
    """The account of a gradient whose number was copied to these places of the output, (place, axis)."""
    arriving = reading.output_gradient[tuple(places.T)].reshape(-1)[: len(places)]
    terms = product(("place",), places_at("gradient", places.tolist()), gradient=arriving)
    count = terms.values.numel()
    went = "nowhere" if count == 0 else "to one place" if count == 1 else f"to {count:,} places"
    what = f"The number went {went}, unchanged, so the gradient that arrives there is its gradient."
    if count > 1:
        what = f"The number went {went}, unchanged, so the gradients that arrive there add up."
    formula = dx.equals(summed(dy)).given("over the places that took x")
    return Account(what, formula, docs, terms=terms)


def taken_by(reading: Reading, name: str, at: Index) -> Tensor:
    """Where one number went: the operation is run on zeros with a single one. (place, axis of the output)."""
    marked = reading.value(name).index
    result = replay(reading, lambda index: _mark(reading, index, at if index == marked else None))
    return [leaf for leaf in leaves(result) if isinstance(leaf, Tensor)][reading.which].nonzero()


def replay(reading: Reading, stand_in: Callable[[int], Tensor]) -> Any:  # noqa: ANN401 - any result
    """Run the operation with other tensors in the places of its own."""
    function = function_at(reading.node.function)
    assert function is not None, f"{reading.node.name} cannot be run by itself"
    given = (reading.node.args, reading.node.kwargs)
    change = partial(_stand_in, stand_in=stand_in)
    args, kwargs = (convert(each, change) for each in given)
    return function(*args, **kwargs)


def _stand_in(leaf: Any, stand_in: Callable[[int], Tensor]) -> Any:  # noqa: ANN401 - any argument
    return stand_in(leaf.index) if isinstance(leaf, Ref) else leaf


def _mark(reading: Reading, index: int, at: Index | None) -> Tensor:
    """Zeros with a one; tensors that only say where (indices, masks) stay what they are."""
    value = reading.trace.values[index]
    if not value.dtype.is_floating_point:
        return reading.trace.tensor(index)
    marks = torch.zeros(value.shape, dtype=torch.uint8)  # +x refuses bool
    if at is not None:
        marks[at] = 1
    return marks


# ---- views: the same memory, read in another order


class Strided(NamedTuple):
    """A view: element i is number offset + Σ i·strides of its source, counted row by row."""

    source: tuple[int, ...]
    shape: tuple[int, ...]
    offset: int
    strides: tuple[int, ...]

    @classmethod
    def of(cls, view: Tensor, source: tuple[int, ...]) -> "Strided":
        """The layout of a view of a contiguous tensor."""
        return cls(source, tuple(view.shape), int(view.storage_offset()), view.stride())


def bare(shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> Tensor:
    """A contiguous tensor without numbers."""
    return torch.empty(shape, dtype=dtype, device="meta")


def replayed_layout(reading: Reading) -> Strided:
    """The layout that the operation itself makes of its input: it is run on tensors without numbers."""
    values = reading.trace.values
    result = replay(reading, lambda index: bare(values[index].shape, values[index].dtype))
    views = [leaf for leaf in leaves(result) if isinstance(leaf, Tensor)]
    return Strided.of(views[reading.which], reading.shape("input"))


def through(layout: Strided, boxes: Boxes) -> Boxes:
    """Boxes on a view → the smallest boxes on its source that can be told from its strides.

    >>> flat = Strided.of(bare((2, 3, 4)).view(2, 12), (2, 3, 4))
    >>> through(flat, unit((1, 7))).tolist()
    [[1, 2], [1, 2], [3, 4]]
    """
    turned = _turned(layout)
    if turned is not None:
        return turned_back(boxes, turned)
    inside = clip(boxes, layout.shape)
    sizes = np.array(layout.source, np.int64)
    step = np.array([math.prod(layout.source[axis + 1 :]) for axis in range(len(sizes))], np.int64)
    turn = np.maximum(step * sizes, 1)  # after so many elements an axis of the source begins again
    strides = np.array(layout.strides, np.int64)
    moving = np.where(strides[:, None] % turn, strides[:, None], 0)  # (axis of the view, axis of the source)
    low = layout.offset + inside[..., 0] @ moving
    high = layout.offset + (inside[..., 1] - 1) @ moving
    one_turn = low // turn == high // turn
    step = np.maximum(step, 1)
    first = np.where(one_turn, low // step % np.maximum(sizes, 1), 0)
    last = np.where(one_turn, high // step % np.maximum(sizes, 1) + 1, sizes)
    found = np.stack([first, last], axis=-1)
    return np.where(is_empty(inside)[..., None, None], 0, found)


def _turned(layout: Strided) -> list[int] | None:
    """For each axis of the source the axis of the view that it became, −1 for size 1; None: more than turned.

    >>> _turned(Strided.of(bare((2, 3, 1)).transpose(0, 1), (2, 3, 1)))
    [1, 0, -1]
    """
    if layout.offset or math.prod(layout.shape) != math.prod(layout.source):
        return None
    axes = list(zip(layout.strides, layout.shape, strict=True))
    found: list[int] = []
    for axis, size in enumerate(layout.source):
        same = (math.prod(layout.source[axis + 1 :]), size)
        if size > 1 and axes.count(same) != 1:
            return None
        found.append(axes.index(same) if size > 1 else -1)
    return found


def turned_back(boxes: Boxes, axes: list[int]) -> Boxes:
    """Boxes with their axes in another order; they may stick out, as a window does into the padding."""
    single = np.broadcast_to(np.array([0, 1], np.int64), (*boxes.shape[:-2], 2))
    found = [single if axis < 0 else boxes[..., axis, :] for axis in axes]
    return np.stack(found, axis=-2) if found else np.zeros((*boxes.shape[:-2], 0, 2), np.int64)


def view_reach(reading: Reading, boxes: Boxes) -> Reach:
    """Reach of an operation that torch does as a view."""
    return {"input": through(replayed_layout(reading), boxes)}


# ---- moves along an axis, by a table


def by_table(table: np.ndarray, boxes: Boxes, axis: int) -> Boxes:
    """Boxes on the output → on the input, where the place i of an axis is taken from `table[i]`.

    >>> by_table(np.array([2, 1, 0]), unit((0, 5)), axis=0).tolist()
    [[2, 3], [5, 6]]
    """
    low = np.clip(boxes[..., axis, 0], 0, len(table))
    high = np.clip(boxes[..., axis, 1], low, len(table))
    pairs = np.stack([low, high], axis=-1).reshape(-1)
    longer = np.append(table, 0)  # a pair may end behind the table
    result = boxes.copy()
    result[..., axis, 0] = np.minimum.reduceat(longer, pairs)[::2].reshape(low.shape)
    result[..., axis, 1] = np.maximum.reduceat(longer, pairs)[::2].reshape(low.shape) + 1
    result[..., axis, 1] = np.where(high > low, result[..., axis, 1], result[..., axis, 0])
    return result


def broadcast(boxes: Boxes, shape: tuple[int, ...]) -> Boxes:
    """Boxes on an output → on an input that was broadcast to it: axes of size 1 serve every place."""
    if not shape:
        return np.zeros((*boxes.shape[:-2], 0, 2), np.int64)
    result = boxes[..., boxes.shape[-2] - len(shape) :, :].copy()
    single = np.array(shape) == 1
    one = np.array([0, 1], np.int64)
    result = np.where(single[:, None], one, result)
    return np.where(is_empty(boxes)[..., None, None], 0, result)


# ---- words


def listed(at: Index) -> str:
    """An index as people write it: "0, 7"."""
    return ", ".join(map(str, at))


def places_at(name: str, indices: list[Index] | list[list[int]]) -> dict[str, Tensor]:
    """The entry for `Terms.places`; a tensor of a single number has no places to name."""
    if not indices or not len(indices[0]):
        return {}
    return {name: torch.tensor(indices, dtype=torch.int64)}


def tensor_names(reading: Reading, argument: str) -> list[str]:
    """Names of the tensors in an argument that is a list: "tensors[0]", "tensors[1]"."""
    return [f"{argument}[{place}]" for place in range(len(tensors_of(reading.arguments[argument])))]


def _single_origin(move: Move, reading: Reading, at: Index) -> Origin | None:
    (box,) = (box for box in [move.reach(reading, unit(at)[None])["input"]] if isinstance(box, np.ndarray))
    return None if is_empty(box)[0] else Origin("input", tuple(box[0, :, 0].tolist()))
