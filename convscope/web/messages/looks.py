"""A sample as the person knows it: a picture, traces, slices."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from convscope.web.messages.numbers import exact, grey
from convscope.web.types.parts import InputKind, LookMessage

SIDE = 64  # pixels of a small picture, at most
POINTS = 140  # of a small trace, at most
KINDS: dict[int, InputKind] = {2: "signal", 3: "image", 4: "volume"}  # by the axes of a sample


def look(sample: Tensor, kind: InputKind, names: tuple[str, ...] = ()) -> LookMessage:
    """The message `Look` of static/messages.d.ts, every number as it is.

    Args:
        sample: (channel, *space), or whatever the model takes.
        kind: image, signal, volume, sequence or vector.
        names: of the channels.
    """
    return {"kind": kind, "numbers": exact(_arranged(sample, kind)), "names": list(names)}


def small_look(sample: Tensor, kind: InputKind, names: tuple[str, ...] = ()) -> LookMessage:
    """The same for a list of samples: a byte a number, and no more of them than can be seen."""
    return {"kind": kind, "numbers": grey(_seen(sample, kind, SIDE), *_ends(sample)), "names": list(names)}


def small_looks(samples: Tensor, kind: InputKind, names: tuple[str, ...] = ()) -> LookMessage:
    """The same of many samples at once, smaller: numbers (sample, channel, *space)."""
    seen = torch.stack([_seen(sample, kind, SIDE // 2) for sample in samples])
    return {"kind": kind, "numbers": grey(seen, *_ends(samples)), "names": list(names)}


def _ends(values: Tensor) -> tuple[float | None, float | None]:
    return (0.0, 255.0) if values.dtype == torch.uint8 else (None, None)


def _seen(sample: Tensor, kind: InputKind, side: int) -> Tensor:
    """So much of it as can be seen: a picture of at most so many pixels a side."""
    seen = _arranged(sample, kind).float()
    if kind == "image" and len(seen) != 3:
        seen = seen[:1]
    if kind == "volume":
        seen = seen[:1, seen.shape[1] // 2]
    if kind in ("image", "volume"):
        seen = _shrunk(seen, side)
        return seen[:, None] if kind == "volume" else seen
    return _thinned(seen) if seen.dim() < 2 else _each_its_own(_thinned(seen))


def _each_its_own(rows: Tensor) -> Tensor:
    """Every channel from 0 to 1: a byte a number would not show a small one beside a large one."""
    flat = rows.flatten(1)
    low, high = flat.amin(1, keepdim=True), flat.amax(1, keepdim=True)
    return ((flat - low) / (high - low).clamp(min=torch.finfo(torch.float32).tiny)).reshape(rows.shape)


def kind_of(sample: Tensor, kind: InputKind | Literal["any"]) -> InputKind:
    """Of a model without data: by the axes of one sample.

    >>> kind_of(torch.zeros(1, 8, 8), "any"), kind_of(torch.zeros(12), "any")
    ('image', 'vector')
    """
    return kind if kind != "any" else KINDS.get(sample.dim(), "vector")


def _arranged(sample: Tensor, kind: str) -> Tensor:
    """(channel, *space), or (n,) of a vector; Keras has the colours of a picture last."""
    if kind == "vector":
        return sample.flatten()
    colours_last = kind == "image" and sample.shape[-1] in (1, 3) and sample.shape[0] not in (1, 3)
    return sample.movedim(-1, 0) if colours_last else sample


def _shrunk(planes: Tensor, side: int) -> Tensor:
    """(channel, height, width), neighbours averaged."""
    height, width = planes.shape[1:]
    if max(height, width) <= side:
        return planes
    scale = side / max(height, width)
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    return F.adaptive_avg_pool2d(planes[None], size)[0]


def _thinned(seen: Tensor) -> Tensor:
    """Of each piece of a trace its least and its greatest value: peaks stay."""
    if seen.shape[-1] <= POINTS:
        return seen
    pieces = seen.tensor_split(POINTS // 2, dim=-1)
    return torch.stack([end for piece in pieces for end in torch.aminmax(piece, dim=-1)], dim=-1)
