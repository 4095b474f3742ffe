"""Samples that are there twice: the same bytes, or the same picture saved in another way."""

from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, normalize

from convscope.data.check.joining import Joined, cells, groups

SIDE = 16  # of the thumbnails that are compared
ALIKE = 0.99  # correlation of two thumbnails from which on they count as the same picture
FLAT = 2.0  # grey levels of 256: a thumbnail that varies less (standard deviation) shows nothing to compare
LUMA = torch.tensor([0.299, 0.587, 0.114])  # ITU-R 601, so that a picture and its grey copy are alike
GREY, TINT = 4, 16  # grey levels of 256: colours that are none; means of colours that may differ so much
BLOCK = 1024  # rows compared with all others at once
REACH = (2 - 2 * ALIKE) ** 0.5 + 1e-3  # how far apart the ends of two directions are that are alike, at most


def digests(inputs: Tensor) -> list[bytes]:
    """A hash of each sample's values."""
    rows = inputs.flatten(1).contiguous().numpy()  # also where there is none
    return [blake2b(row.data, digest_size=16).digest() for row in rows]


def equal(inputs: Tensor) -> list[list[int]]:
    """Rows whose samples are equal to the bit, as groups of two or more.

    A cheap sum comes first; only samples that share it are hashed. Equal samples have equal sums.

    >>> equal(torch.tensor([[1.0, 2.0], [2.0, 1.0], [1.0, 2.0]]))
    [[0, 2]]
    """
    values = inputs.flatten(1).contiguous().numpy().view(np.uint8)
    words = np.pad(values, ((0, 0), (0, -values.shape[1] % 8))).view(np.int64)  # (sample, word)
    factors = np.random.default_rng(0).integers(-(2**63), 2**63 - 1, words.shape[1]) | 1
    _, which, times = np.unique(words @ factors, return_inverse=True, return_counts=True)  # wraps around
    rows = np.flatnonzero(times[which] > 1)
    return [[int(rows[place]) for place in group] for group in groups(digests(inputs[rows]))]


def finer(coarse: Sequence[Sequence[int]], keys: Callable[[list[int]], Iterable[object]]) -> list[list[int]]:
    """Groups that share a second key too; it is asked for only of rows that share the first.

    >>> finer([[0, 3], [1, 4, 5]], lambda rows: [row % 3 for row in rows])
    [[0, 3], [1, 4]]
    """
    rows = [row for group in coarse for row in group]
    before = [place for place, group in enumerate(coarse) for _ in group]
    found = groups(zip(before, keys(rows), strict=True))
    return sorted([rows[place] for place in group] for group in found)


def near(inputs: Tensor, rows: Tensor | None = None) -> list[list[int]]:
    """Groups of pictures that are nearly the same: saved again, rescaled, brighter or darker.

    Grey thumbnails of SIDE × SIDE, brought to mean 0 and length 1, are compared by their product, which is
    their correlation. A group holds all that are alike through others of it: frames of a still camera are
    one. Pictures without content (one colour) are left out.

    Args:
        inputs: uint8 or float, (sample, channel, height, width).
        rows: compare these only, int64; default all.

    Returns:
        Groups of two or more rows, ascending.
    """
    chosen = torch.arange(len(inputs)) if rows is None else rows
    if not len(chosen):
        return []
    looks = [_look(inputs[part].float()) for part in chosen.split(BLOCK)]
    thumbnails, tints = (torch.cat(each) for each in zip(*looks, strict=True))  # (row, pixel), (row, colour)
    levels = 1.0 if inputs.dtype == torch.uint8 else float(inputs.max() - inputs.min()) / 255
    shows = thumbnails.std(dim=1) > FLAT * levels
    if not shows.any():
        return []
    chosen, directions = chosen[shows], normalize(thumbnails[shows])  # (row, pixel), length 1
    tints = tints[shows] / levels
    joined = Joined(len(chosen))
    for cell in cells(directions, torch.arange(len(chosen)), REACH, BLOCK):
        _join(directions[cell], tints[cell], cell, joined)
    return [chosen[group].tolist() for group in joined.groups()]


def _join(directions: Tensor, tints: Tensor, cell: Tensor, joined: Joined) -> None:
    """Join what is alike in a cell; what is like its middle needs no look at each other any more."""

    def compare(some: Tensor, others: Tensor) -> Tensor:
        """Join what is alike; (pair, 2): which."""
        alike = (directions[some] @ directions[others].T >= ALIKE).nonzero()  # (pair, 2)
        pairs = torch.stack([some[alike[:, 0]], others[alike[:, 1]]], dim=1)
        pairs = pairs[_of_one_colour(tints[pairs])]
        joined.join(cell[pairs])
        return pairs

    every = torch.arange(len(cell))
    middle = (directions @ directions.mean(dim=0)).argmax()[None]
    like = torch.zeros(len(cell), dtype=torch.bool)
    like[compare(middle, every)[:, 1]] = True
    ordered = torch.cat([every[like], every[~like]])
    for start in range(int(like.sum()), len(cell), BLOCK):
        compare(ordered[start : start + BLOCK], ordered[: start + BLOCK])


def _of_one_colour(tints: Tensor) -> Tensor:
    """(pair,) bool: whether their colours are the same on average too, or one of them is grey.

    Args:
        tints: (pair, 2, colour).
    """
    grey = (tints.abs().amax(2) < GREY).any(1)
    return grey | ((tints[:, 0] - tints[:, 1]).abs().amax(1) < TINT)


def _look(inputs: Tensor) -> tuple[Tensor, Tensor]:
    """Grey thumbnails with mean 0, (row, pixel); how far each colour's mean is from grey, (row, colour)."""
    colours, height, width = inputs.shape[1:]
    weights = LUMA if colours == 3 else torch.full((colours,), 1 / colours)
    small = adaptive_avg_pool2d(inputs, (min(SIDE, height), min(SIDE, width)))
    flat = torch.einsum("nchw,c->nhw", small, weights).flatten(1)
    means = inputs.mean((2, 3)) if colours == 3 else torch.zeros(len(inputs), 1)  # else none differ
    return flat - flat.mean(dim=1, keepdim=True), means - means.mean(dim=1, keepdim=True)
