"""Drawings and photographs: what is true of the ones (sizes, random changes) need not be of the others."""

import torch
from torch import Tensor

LOOKED = 100  # pictures that are looked at
COVER = 0.9  # of a picture's pixels
COLOURS = 12  # that cover so much of a drawing; of photographs, even before white, the median is above 30
LEVELS = 32  # of each colour: what compression changes is mostly less


def drawn(pictures: Tensor, rows: Tensor) -> bool:
    """Whether pictures are mostly drawings: a few colours cover them.

    Args:
        pictures: (sample, colour, height, width).
        rows: those to look at, int64; of many some.

    >>> drawn(torch.zeros(3, 3, 8, 8, dtype=torch.uint8), torch.arange(3))
    True
    """
    if pictures.dtype != torch.uint8 or not len(rows):
        return False
    some = rows[torch.linspace(0, len(rows) - 1, min(LOOKED, len(rows))).round().long()]
    counts = sorted(map(_colours, pictures[some]))
    return counts[len(counts) // 2] <= COLOURS


def _colours(picture: Tensor) -> int:
    """How many colours, the commonest first, cover it."""
    steps = (picture.flatten(1).long() * LEVELS) // 256  # (colour, pixel)
    codes = torch.zeros_like(steps[0])
    for step in steps:
        codes = codes * LEVELS + step
    counts = codes.unique(return_counts=True)[1].sort(descending=True).values
    return int((counts.cumsum(0) < COVER * len(codes)).sum()) + 1
