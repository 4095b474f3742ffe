"""Padding: the input in a frame of constants, or of numbers taken from the input itself."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from convscope.explaining.account import Account, Index, Terms
from convscope.explaining.boxes import Boxes, is_empty
from convscope.explaining.formula import Text, summed, symbols
from convscope.explaining.op import Extent, Op, Role, free
from convscope.explaining.ops.windows.sliding import POSITIONS, grid, products
from convscope.explaining.reading import Reading
from convscope.explaining.working import Worked
from convscope.shapes import AXES

DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html"
x, y, dx, dy, n, p, q, r, after, constant = symbols("x y dx dy n p q r p' constant")
WHAT = {
    "constant": "Padding puts a frame of one constant around the input.",
    "reflect": "Padding mirrors the input at its border; the border itself is not repeated.",
    "replicate": "Padding repeats the input's border.",
    "circular": "Padding goes on with the input from the opposite side.",
}


class Frame(NamedTuple):
    """The padding of one axis; a negative one cuts off."""

    size: int
    before: int
    after: int
    mode: str

    def source(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where the numbers at these places of the output come from; outside of the input: from nowhere.

        >>> Frame(4, 2, 2, "reflect").source(np.arange(8)).tolist()
        [2, 1, 0, 1, 2, 3, 2, 1]
        """
        inner, last = places - self.before, self.size - 1
        match self.mode:
            case "reflect":
                return np.where(inner > last, 2 * last - inner, np.abs(inner))
            case "replicate":
                return np.clip(inner, 0, last)
            case "circular":
                return inner % self.size
        return inner

    def reach(self, ends: Boxes) -> Boxes:
        """What the places [start, stop), (..., 2), come from: the ends, and where the direction turns."""
        turns = self.before + np.array([-1, 0, self.size - 1, self.size], np.int64)
        start, stop = ends[..., :1], ends[..., 1:]
        seen = self.source(np.concatenate([start, np.clip(turns, start, stop - 1), stop - 1], axis=-1))
        return np.stack([seen.min(axis=-1), seen.max(axis=-1) + 1], axis=-1)


def _mode(reading: Reading) -> str:
    return reading.arguments.get("mode") or "constant"


def frames(reading: Reading) -> tuple[Frame, ...]:
    """One for each of the last axes, as many as are padded: `pad` lists the last axis first."""
    given = [int(size) for size in reading["pad"]]
    pairs = list(zip(given[::2], given[1::2], strict=True))[::-1]
    sizes = reading.shape("input")[-len(pairs) :]
    return tuple(Frame(size, *pair, _mode(reading)) for size, pair in zip(sizes, pairs, strict=True))


def _names(table: dict[int, tuple[str, ...]], rank: int, padded: int) -> tuple[str, ...]:
    """Names of the last axes of a tensor; without one for more than three."""
    if padded > 3:
        return tuple(f"axis {place}" for place in range(rank - padded, rank))
    return table[min(max(rank - 2, padded), 3)][-padded:]


def explain_pad(reading: Reading, at: Index) -> Account:
    """The one number that stands here."""
    framed, mode = frames(reading), _mode(reading)
    lead = len(at) - len(framed)
    found = (int(one.source(np.array(place))) for one, place in zip(framed, at[lead:], strict=True))
    source = (*at[:lead], *found)
    inside = all(0 <= place < size for place, size in zip(source, reading.shape("input"), strict=True))
    if inside:
        terms = products(("place",), input=(reading["input"], torch.tensor([source])))
        here = f"the input at ({', '.join(map(str, source))})"
        formula = y[r].equals(x[Text("where r comes from")])
    else:
        value = torch.tensor([reading["value"] or 0.0], dtype=torch.float64)
        terms = Terms(value, ("place",), {"constant": value})
        here, formula = "the constant", y[r].equals(constant).given("for r outside of x")
    return Account(f"{WHAT[mode]} Here stands {here}.", formula, DOCS, terms=terms)


def pad_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - only the input has one
    """The sum over the copies."""
    framed = frames(reading)
    lead = len(at) - len(framed)
    each = zip(framed, at[lead:], reading.output_shape[lead:], strict=True)
    copies = [np.flatnonzero(frame.source(np.arange(size)) == place) for frame, place, size in each]
    places = grid(*at[:lead], *map(torch.from_numpy, copies))
    names = _names(POSITIONS, len(at), len(framed))
    terms = products(names, gradient=(reading.output_gradient, places))
    return Account(
        "Padding copies numbers. The gradient of one is the sum of those that arrive at its copies: "
        f"here {terms.values.numel()}, the number itself among them.",
        dx[q].equals(summed(dy[r])).given("over all r that come from q"),
        DOCS,
        terms=terms,
    )


def pad_reach(reading: Reading, boxes: Boxes) -> dict[str, Boxes | list[Boxes]]:
    """Where the copies come from; a constant frame sticks out, as the padding of a window does."""
    seen, framed = boxes.copy(), frames(reading)
    for axis, frame in enumerate(framed, boxes.shape[-2] - len(framed)):
        seen[..., axis, :] = frame.reach(boxes[..., axis, :])
    return {"input": np.where(is_empty(boxes)[..., None, None], boxes, seen)}


def pad_size(reading: Reading) -> tuple[Extent, ...]:
    """Before + size + behind, for each axis that is padded."""
    framed = frames(reading)
    names = _names(AXES, len(reading.shape("input")), len(framed))
    return tuple(
        Extent(name, Worked(n + p + after, {n: frame.size, p: frame.before, after: frame.after}))
        for name, frame in zip(names, framed, strict=True)
    )


def _op(signature: str) -> Op:
    return Op(signature, explain_pad, pad_gradient, free, pad_reach, pad_size, role=Role.PADDING)


PAD = _op("input pad mode=None value=None")
CONSTANT_PAD = _op("input pad value=None")  # `constant_pad_nd`, into which exported programs turn it
