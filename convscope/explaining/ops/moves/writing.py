"""Numbers written into some places of a tensor: `x[index] = value`, `copy_`."""

import numpy as np
import torch
from torch import Tensor

from convscope.errors import TraceError
from convscope.explaining.account import Account, Index, Step
from convscope.explaining.boxes import Boxes, clip, unit, whole
from convscope.explaining.formula import several, symbols
from convscope.explaining.op import Op, free
from convscope.explaining.ops.moves.moving import (
    DOCS,
    Move,
    Origin,
    Reach,
    broadcast,
    explain_move,
    passed_on,
)
from convscope.explaining.ops.moves.picking import IndexList, index_parts
from convscope.explaining.reading import Reading
from convscope.shapes import elements
from convscope.tracing.structure import tensors_of

x, y, index, given, src = symbols("x y index value src")


def _written_origin(reading: Reading, at: Index) -> Origin | None:
    """The number that was written last, or the one that stayed: found by writing numbers that count."""
    value = reading.arguments["value"]
    result = torch.zeros(reading.shape("input"), dtype=torch.int64)
    if isinstance(value, int | float | complex):
        written = torch.ones(())
    else:
        shape = reading.shape("value")
        written = torch.arange(1, 1 + reading["value"].numel()).view(shape)
    result[reading["index"]] = written.to(torch.int64)
    count = int(result[at])
    if count == 0:
        return Origin("input", at)
    if isinstance(value, int | float | complex):
        return None
    return Origin("value", tuple(int(i) for i in np.unravel_index(count - 1, reading.shape("value"))))


def _written_reach(reading: Reading, boxes: Boxes) -> Reach:
    """What stays comes from the same place; what is written from where slices and numbers say."""
    found: Reach = {"input": clip(boxes, reading.shape("input"))}
    if tensors_of(reading.arguments["value"]):
        found["value"] = _value_boxes(reading, clip(boxes, reading.shape("input")))
    return found


def _value_boxes(reading: Reading, boxes: Boxes) -> Boxes:
    """Which part of the written tensor lies in the boxes: its own place, moved and thinned by the slices."""
    shape = reading.shape("value")
    try:
        parts = index_parts(reading, len(reading.shape("input")))
    except TraceError:
        return whole(shape, boxes)
    if any(isinstance(part, IndexList) for part in parts):
        return whole(shape, boxes)
    first = np.broadcast_to(np.array([0, 1], np.int64), (*boxes.shape[:-2], 2))
    inside: list[Boxes] = []
    outside = np.zeros(boxes.shape[:-2], bool)
    axis = 0
    for part in parts:
        if part is None:
            inside.append(first)
            continue
        box, size = boxes[..., axis, :], reading.shape("input")[axis]
        axis += 1
        if isinstance(part, slice):
            start, stop, step = part.indices(size)
            inside.append(np.clip(-((start - box) // step), 0, len(range(start, stop, step))))
        else:
            outside |= (box[..., 0] > part % size) | (box[..., 1] <= part % size)
    lead = len(shape) - len(inside)  # further axes of size 1 may lead
    inside = [first] * lead + inside
    region = np.stack(inside, axis=-2) if inside else boxes[..., :0, :]
    return np.where(outside[..., None, None], 0, broadcast(region, shape))


def _written_gradient(reading: Reading, name: str, at: Index) -> Account:
    """What was overwritten gets nothing; what was written gets what arrives where it went."""
    shape, taken = reading.shape("input"), reading.value(name).index
    numbered = torch.arange(elements(shape)).view(shape)
    region = numbered[reading["index"]]
    went: list[Tensor] = []
    if reading.value("input").index == taken:
        stays = torch.ones(shape, dtype=torch.bool)
        stays[reading["index"]] = False
        went.append(numbered[at][stays[at]])
    if tensors_of(reading.arguments["value"]) and reading.value("value").index == taken:
        mark = torch.zeros(reading.shape("value"), dtype=torch.bool)
        mark[at] = True
        mark = mark.reshape(
            mark.shape[max(mark.dim() - region.dim(), 0) :]
        )  # further axes of size 1 may lead
        went.append(region[mark.expand(region.shape)])
    flat = torch.cat([each.reshape(-1) for each in went])
    places = torch.stack(torch.unravel_index(flat, shape), dim=-1) if shape else flat.new_zeros(len(flat), 0)
    return passed_on(reading, places, DOCS.format(WRITE.docs))


def _explain_written(reading: Reading, at: Index) -> Account:
    """What was written there, or what stayed."""
    value = reading.arguments["value"]
    origin = _written_origin(reading, at)
    if origin is not None:
        return explain_move(WRITE, reading, at)
    step = Step("output", y.equals(given), {given: float(value)})
    return Account(WRITE.what, WRITE.formula, DOCS.format(WRITE.docs), steps=(step,))


WRITE = Move(
    "Numbers are written into some places; all others stay as they were.",
    several(y[index].equals(given), y.equals(x).given("elsewhere")),
    "torch.Tensor.index_put_",
    _written_reach,
    _written_origin,
)


# ---- all places


def _copied_reach(reading: Reading, boxes: Boxes) -> Reach:
    return {"src": broadcast(clip(boxes, reading.output_shape), reading.shape("src"))}


def _copied_origin(reading: Reading, at: Index) -> Origin:
    box = broadcast(unit(at), reading.shape("src"))
    return Origin("src", tuple(box[:, 0].tolist()))


COPY = Move(
    "The numbers of another tensor are written over all that was here.",
    y.equals(src),
    "torch.Tensor.copy_",
    _copied_reach,
    _copied_origin,
)


OPS: dict[str, Op] = {
    "setitem": Op("input index value", _explain_written, _written_gradient, free, _written_reach),
    "copy": COPY.op("input src"),
}
