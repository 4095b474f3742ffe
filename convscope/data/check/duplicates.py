"""Samples that are there twice: the same bytes, or the same picture saved in another way."""

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, normalize

SIDE = 16  # of the thumbnails that are compared
ALIKE = 0.99  # correlation of two thumbnails from which on they count as the same picture
FLAT = 2.0  # grey levels of 256: a thumbnail that varies less (standard deviation) shows nothing to compare
LUMA = torch.tensor([0.299, 0.587, 0.114])  # ITU-R 601, so that a picture and its grey copy are alike
GREY, TINT = 4, 16  # grey levels of 256: colours that are none; means of colours that may differ so much
BLOCK = 1024  # rows compared with all others at once


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


def groups(keys: Iterable[object]) -> list[list[int]]:
    """Rows that share a key, as groups of two or more; None is nobody's double.

    >>> groups("abcab")
    [[0, 3], [1, 4]]
    """
    rows: dict[object, list[int]] = {}
    for row, key in enumerate(keys):
        if key is not None:
            rows.setdefault(key, []).append(row)
    return [members for members in rows.values() if len(members) > 1]


def near(inputs: Tensor, rows: Tensor | None = None) -> list[tuple[int, int]]:
    """Pairs of pictures that are nearly the same: saved again, rescaled, brighter or darker.

    Every pair is compared: grey thumbnails of SIDE × SIDE, brought to mean 0 and length 1, whose product is
    their correlation. Pictures without content (one colour) are left out.

    Args:
        inputs: uint8 or float, (sample, channel, height, width).
        rows: compare these only, int64; default all.

    Returns:
        Pairs of rows, the smaller first, ascending.
    """
    chosen = torch.arange(len(inputs)) if rows is None else rows
    thumbnails = torch.cat([_thumbnails(inputs[part]) for part in chosen.split(BLOCK)])  # (row, pixel)
    levels = 1.0 if inputs.dtype == torch.uint8 else float(inputs.max() - inputs.min()) / 255
    shows = thumbnails.std(dim=1) > FLAT * levels
    chosen, directions = chosen[shows], normalize(thumbnails[shows])  # (row, pixel), length 1
    pairs = []
    for start in range(0, len(chosen), BLOCK):
        alike = directions[start : start + BLOCK] @ directions[start:].T >= ALIKE  # (row, other)
        pairs.append(alike.triu(diagonal=1).nonzero() + start)
    if not pairs:
        return []
    found = chosen[torch.cat(pairs)]  # (pair, 2)
    return [tuple(pair) for pair in found[_of_one_colour(inputs, found, levels)].tolist()]


def _of_one_colour(inputs: Tensor, pairs: Tensor, levels: float) -> Tensor:
    """(pair,) bool: whether their colours are the same on average too, or one of them is grey."""
    if inputs.shape[1] != 3 or not len(pairs):
        return torch.ones(len(pairs), dtype=torch.bool)
    rows, place = pairs.unique(return_inverse=True)
    means = torch.cat([inputs[part].float().mean((2, 3)) for part in rows.split(BLOCK)])
    tints = ((means - means.mean(1, keepdim=True)) / levels)[place]  # (pair, 2, colour)
    grey = (tints.abs().amax(2) < GREY).any(1)
    return grey | ((tints[:, 0] - tints[:, 1]).abs().amax(1) < TINT)


def _thumbnails(inputs: Tensor) -> Tensor:
    """Grey thumbnails with mean 0: (row, pixel)."""
    weights = LUMA if inputs.shape[1] == 3 else torch.full((inputs.shape[1],), 1 / inputs.shape[1])
    grey = torch.einsum("nchw,c->nhw", inputs.float(), weights)
    height, width = grey.shape[1:]
    flat = adaptive_avg_pool2d(grey[:, None], (min(SIDE, height), min(SIDE, width))).flatten(1)
    return flat - flat.mean(dim=1, keepdim=True)
