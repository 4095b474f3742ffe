"""Receptive fields: which part of the model's input a unit can see.

Boxes are handed back through the graph, operation by operation (`Op.reach`), and joined where
paths meet; all units asked about go in one sweep. What comes out contains the support of the gradient.
An operation without a `reach` is taken to see all of its inputs, and the answer says that it is not exact.

Source: Araujo, Norris, Sim 2019, https://distill.pub/2019/computing-receptive-fields
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from convscope.explaining.account import Index
from convscope.explaining.boxes import Boxes, clip, empty, hull, is_empty, unit, whole
from convscope.explaining.ops import known
from convscope.explaining.reading import Reading
from convscope.tracing.graph import Node, Trace, Value
from convscope.tracing.structure import Ref

SOME = 16


class Receptive(NamedTuple):
    """What the units of one operation see of one input, an entry for each of the input's axes of space.

    Attributes:
        size: how many positions a unit in the middle sees; may be more than the input has (padding).
        jump: how many positions the view moves from one unit to the next; 0 where the axes do not correspond.
        start: where the middle of the view of unit 0 lies, in positions of the input.
        exact: False where an operation on the way is not known well enough.
    """

    size: tuple[int, ...]
    jump: tuple[int, ...]
    start: tuple[float, ...]
    exact: bool


@dataclass
class _Sweep:
    """Boxes of many units on one value: `boxes` (unit, axis, 2), where `active` (unit,) says so."""

    boxes: Boxes
    active: NDArray[np.bool_]


def receptive_fields(
    trace: Trace, given: Value | None = None, nodes: Sequence[Node] | None = None
) -> dict[int, Receptive]:
    """The receptive field of every operation on one input of the model.

    Args:
        trace: shapes are enough, values need not have been kept.
        given: the input; without it the first one of the model that has a place for a sample.
        nodes: only these operations: the work grows with the product of theirs and all.

    Returns:
        Index of the node → its field; operations that see nothing of the input are not among them.

    >>> import torch
    >>> from convscope.tracing import trace
    >>> convs = torch.nn.Sequential(torch.nn.Conv1d(1, 1, 3, padding=1), torch.nn.Conv1d(1, 1, 5, stride=2))
    >>> receptive_fields(trace(convs, torch.zeros(1, 1, 20)))[1]
    Receptive(size=(7,), jump=(2,), start=(2.0,), exact=True)
    """
    return {index: field for index, (field, _) in fields_and_boxes(trace, given, nodes).items()}


def fields_and_boxes(
    trace: Trace, given: Value | None = None, nodes: Sequence[Node] | None = None
) -> dict[int, tuple[Receptive, Boxes]]:
    """The same with the part of the input that the unit in the middle sees, as `box_on_input` gives it."""
    given = given or _main_input(trace)
    if given is None:
        return {}
    if nodes is not None:  # some more, that tell which axis is that of the channels
        nodes = [*nodes, *trace.nodes[:: max(1, len(trace.nodes) // SOME)]]
    chosen = trace.nodes if nodes is None else list({node.index: node for node in nodes}.values())
    units = [(node, at) for node in chosen if node.outputs for at in _middle(trace, node)]
    boxes, active, exact = _boxes_on(trace, given, units)
    space = _space(given, boxes[active])
    found: dict[int, tuple[Receptive, Boxes]] = {}
    row = 0
    while row < len(units):
        node, at = units[row]
        count = sum(1 for _ in _middle(trace, node))
        if active[row]:
            field = _field(at, boxes[row : row + count], bool(exact[row]), space)
            found[node.index] = field, clip(boxes[row], given.shape)
        row += count
    return found


def box_on_input(trace: Trace, node: Node, at: Index, given: Value | None = None) -> Boxes | None:
    """The part of the input that one unit sees, (axis, 2), cut at the input's borders; None: nothing.

    Args:
        trace: where the node is.
        node: the operation.
        at: index of the unit in its first output, with the sample axis.
        given: the input of the model; without it the first one.
    """
    given = given or _main_input(trace)
    if given is None:
        return None
    boxes, active, _ = _boxes_on(trace, given, [(node, at)])
    return clip(boxes[0], given.shape) if active[0] else None


def _main_input(trace: Trace) -> Value | None:
    return next((value for value in trace.inputs if len(value.shape) > 1), None)


def _middle(trace: Trace, node: Node) -> list[Index]:
    """The unit in the middle of an operation's output, then its next neighbour on each axis but the first."""
    shape = trace.values[node.outputs[0]].shape
    if 0 in shape:
        return []
    middle = tuple(size // 2 if axis else 0 for axis, size in enumerate(shape))
    steps = range(1, len(shape))
    return [middle, *(tuple(place + (axis == step) for axis, place in enumerate(middle)) for step in steps)]


def _space(given: Value, middles: Boxes) -> list[int]:
    """The input's axes of space: all behind the sample's, but for the channels'.

    Those are the second axis, or the last where the first unit with a window has it on all others (Keras).
    One of many is no window: a mean over the space of each channel sees that too. An input of two axes has no
    channels.
    """
    last = len(given.shape) - 1
    if last < 2:
        return list(range(1, last + 1))
    sizes = middles[..., 1] - middles[..., 0]
    windows = (sizes > 1) & (sizes < np.array(given.shape))
    first = next((row for row in windows if row[last] or row[1:last].all()), None)
    channels = 1 if first is None or first[last] else last
    return [axis for axis in range(1, last + 1) if axis != channels]


def _field(at: Index, boxes: Boxes, exact: bool, space: list[int]) -> Receptive:
    """Size from the middle's box; jump and start from how far its neighbours' boxes lie from it."""
    middle = boxes[0]
    size = tuple(int(middle[axis, 1] - middle[axis, 0]) for axis in space)
    jump, start = [], []
    for axis in space:
        shifts = [int(box[axis, 0] - middle[axis, 0]) for box in boxes[1:]]
        moved = max(range(len(shifts)), key=lambda step: abs(shifts[step]), default=None)
        jump.append(0 if moved is None else shifts[moved])
        place = 0 if moved is None else at[1 + moved]
        start.append(float(middle[axis].sum() - 1) / 2 - place * jump[-1])
    return Receptive(size, tuple(jump), tuple(start), exact)


def _boxes_on(
    trace: Trace, given: Value, units: list[tuple[Node, Index]]
) -> tuple[Boxes, NDArray[np.bool_], NDArray[np.bool_]]:
    """Hand the units' boxes back to an input: (unit, axis, 2), who sees it at all, and whose box is exact."""
    sweeps: dict[int, _Sweep] = {}
    exact = np.ones(len(units), bool)
    for row, (node, at) in enumerate(units):
        sweep = _sweep(sweeps, trace, node.outputs[0], len(units))
        sweep.boxes[row], sweep.active[row] = unit(at), True
    for node in reversed(trace.nodes):
        for which, output in enumerate(node.outputs):
            if output in sweeps and output != given.index:
                _hand_back(trace, node, which, sweeps, exact)
    found = sweeps.get(given.index) or _Sweep(empty(len(given.shape), len(units)), np.zeros(len(units), bool))
    return found.boxes, found.active, exact


def _sweep(sweeps: dict[int, _Sweep], trace: Trace, value: int, count: int) -> _Sweep:
    if value not in sweeps:
        sweeps[value] = _Sweep(empty(len(trace.values[value].shape), count), np.zeros(count, bool))
    return sweeps[value]


def _hand_back(
    trace: Trace, node: Node, which: int, sweeps: dict[int, _Sweep], exact: NDArray[np.bool_]
) -> None:
    """From one output of an operation to the tensors that it took."""
    sweep = sweeps.pop(node.outputs[which])
    rows = np.flatnonzero(sweep.active)
    boxes = sweep.boxes[rows]
    entry = known(node.op)
    if entry.reach is None:
        exact[rows] = False
        reached = [(index, whole(trace.values[index].shape, boxes)) for index in dict.fromkeys(node.inputs)]
    else:
        reading = Reading(trace, node, entry.signature, which)
        reached = list(_by_value(reading, entry.reach(reading, boxes)))
    for index, theirs in reached:
        if trace.values[index].role in ("input", "activation"):  # nothing lies behind a parameter
            into = _sweep(sweeps, trace, index, len(exact))
            sees = ~is_empty(theirs)
            seen, found = rows[sees], theirs[sees]
            met = into.active[seen]  # by another path before
            if met.any():
                found = np.where(met[:, None, None], hull(into.boxes[seen], found), found)
            into.boxes[seen], into.active[seen] = found, True


def _by_value(reading: Reading, reached: dict[str, Boxes | list[Boxes]]) -> list[tuple[int, Boxes]]:
    """Boxes by the index of the value; an empty box in a list (as of `cat`) sees nothing."""
    found: list[tuple[int, Boxes]] = []
    for name, boxes in reached.items():
        argument = reading.arguments[name]
        refs, lists = (argument, boxes) if isinstance(boxes, list) else ([argument], [boxes])
        found += [(ref.index, each) for ref, each in zip(refs, lists, strict=True) if isinstance(ref, Ref)]
    return found
