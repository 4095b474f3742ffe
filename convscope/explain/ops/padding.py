"""Padding: the input in a frame of constants, or of numbers taken from the input itself."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from convscope.explain.account import Account, Index, Terms, number, written_out
from convscope.explain.boxes import Boxes, is_empty
from convscope.explain.op import Cost, Op
from convscope.explain.ops.sliding import POSITIONS, grid, products
from convscope.explain.reading import Reading
from convscope.shapes import AXES

DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html"
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
    return reading["mode"] or "constant"


def frames(reading: Reading) -> tuple[Frame, ...]:
    """One an axis, in the order of the axes: `pad` lists the last axis first."""
    shape, given = reading.shape("input"), [int(size) for size in reading["pad"]]
    pairs = list(zip(given[::2], given[1::2], strict=True))[::-1]
    pairs = [(0, 0)] * (len(shape) - len(pairs)) + pairs
    return tuple(Frame(size, *pair, _mode(reading)) for size, pair in zip(shape, pairs, strict=True))


def explain_pad(reading: Reading, at: Index) -> Account:
    """The one number that stands here."""
    mode, shape = _mode(reading), reading.shape("input")
    source = tuple(
        int(frame.source(np.array(place))) for frame, place in zip(frames(reading), at, strict=True)
    )
    inside = all(0 <= place < size for place, size in zip(source, shape, strict=True))
    names, here = ("place",), ", ".join(map(str, source))
    if inside:
        terms = products(names, input=(reading["input"], torch.tensor([source])))
        return _copy(f"{WHAT[mode]} Here stands the input at ({here}).", "y[r] = x[source of r]", terms)
    value = torch.tensor([reading["value"] or 0.0], dtype=torch.float64)
    terms = Terms(value, names, {"constant": value})
    return _copy(f"{WHAT[mode]} Here stands the constant.", "y[r] = the constant outside of x", terms)


def _copy(what: str, formula: str, terms: Terms) -> Account:
    return Account(what, formula, f"y = {number(terms.result)}", terms.result, DOCS, terms=terms)


def pad_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - only the input has one
    """The sum over the copies."""
    copies = [
        _copies(frame, place, size)
        for frame, place, size in zip(frames(reading), at, reading.output_shape, strict=True)
    ]
    terms = products(_axes(len(at)), gradient=(reading.output_gradient, grid(*copies)))
    what = (
        "Padding copies numbers. The gradient of one is the sum of the gradients that arrive at its "
        f"{terms.values.numel()} copies."
    )
    formula = "dx[q] = Σ dy[r]   over all r that come from q"
    return Account(what, formula, written_out(terms), terms.result, DOCS, terms=terms)


def _copies(frame: Frame, place: int, size: int) -> Tensor:
    return torch.from_numpy(np.flatnonzero(frame.source(np.arange(size)) == place))


def _axes(rank: int) -> tuple[str, ...]:
    """Names of all axes of a tensor, as many as it has."""
    space = POSITIONS[min(max(rank - 2, 1), 3)]
    return tuple(f"axis {place}" for place in range(rank - len(space))) + space if rank > 1 else ("place",)


def pad_reach(reading: Reading, boxes: Boxes) -> dict[str, Boxes | list[Boxes]]:
    """Where the copies come from; a constant frame sticks out, as the padding of a window does."""
    seen = np.stack([frame.reach(boxes[..., axis, :]) for axis, frame in enumerate(frames(reading))], axis=-2)
    return {"input": np.where(is_empty(boxes)[..., None, None], boxes, seen)}


def pad_size(reading: Reading) -> str:
    """Before + size + behind, for each axis that is padded."""
    named = frames(reading)
    space = AXES[min(max(len(named) - 2, 1), 3)]
    names = [f"axis {place}" for place in range(len(named) - len(space))] + list(space)
    lines = [
        f"{name} {_plus(frame.before)}{frame.size}{_signed(frame.after)} = {sum(frame[:3])}"
        for name, frame in zip(names[-len(named) :], named, strict=True)
        if (frame.before, frame.after) != (0, 0)
    ]
    return "\n".join(lines)


def _plus(size: int) -> str:
    return f"{number(size)} + "


def _signed(size: int) -> str:
    return f" + {size}" if size >= 0 else f" − {-size}"


PAD = Op("input pad mode=None value=None", explain_pad, pad_gradient, lambda _: Cost(0), pad_reach, pad_size)
