"""Occlusion: a window of the input is covered, and the score falls."""

from collections.abc import Iterator
from itertools import product
from math import ceil

import torch
from torch import Tensor

from convscope.arguments import demand_index, demand_number
from convscope.attribution.scores import Attribution, Scorer, every
from convscope.errors import ShapeError


def occlusion(
    scorer: Scorer,
    inputs: Tensor,
    *,
    window: int | tuple[int, ...] | None = None,
    stride: int | tuple[int, ...] | None = None,
    baseline: float = 0.0,
) -> Attribution:
    """How far the score falls when a window, all its channels, is covered with the baseline.

    A place under several windows gets the mean of their falls. The windows start at 0, stride, 2·stride, …;
    the last one is cut where it reaches over the border.

    Args:
        scorer: the model and the question.
        inputs: (sample, channel, *space).
        window: size on every spatial axis; None: an eighth of the axis.
        stride: from window to window; None: half a window.
        baseline: what the cover is made of.

    Source: Zeiler & Fergus 2013, arXiv:1311.2901, section 4.2.
    """
    demand_number("baseline", baseline)
    baseline = float(baseline)
    space = tuple(inputs.shape[2:])
    sizes = _each("window", window, tuple(max(1, round(size / 8)) for size in space))
    steps = _each("stride", stride, tuple(max(1, size // 2) for size in sizes))
    _check(space, sizes, steps)
    score = scorer.scores(inputs, every(inputs))
    total = torch.zeros(len(inputs), *space, dtype=torch.float64, device=inputs.device)
    covers = torch.zeros(space, dtype=torch.float64, device=inputs.device)
    for masks in _in_batches(list(_masks(space, sizes, steps)), max(1, scorer.batch // len(inputs))):
        hidden = torch.stack(masks).to(inputs.device)  # (window, *space)
        covered = torch.where(hidden[:, None, None], baseline, inputs)  # (window, sample, channel, *space)
        scores = scorer.scores(covered.flatten(0, 1), every(inputs).repeat(len(masks)))
        fall = (score - scores.reshape(len(masks), len(inputs))).double()  # (window, sample)
        total += torch.einsum("ws,w...->s...", fall, hidden.double())
        covers += hidden.double().sum(0)
    values = (total / covers)[:, None].expand_as(inputs).to(inputs.dtype)
    settings = {"window": sizes, "stride": steps, "baseline": baseline}
    return Attribution("occlusion", values, scorer.classes, score, "arXiv:1311.2901", settings=settings)


def _each(name: str, given: int | tuple[int, ...] | None, usual: tuple[int, ...]) -> tuple[int, ...]:
    if given is None:
        return usual
    demand_index(name, [given] if isinstance(given, int) else given)
    return (given,) * len(usual) if isinstance(given, int) else tuple(given)


def _check(space: tuple[int, ...], window: tuple[int, ...], stride: tuple[int, ...]) -> None:
    axes = len(space)
    fits = len(window) == len(stride) == axes and all(
        1 <= step <= size <= whole for whole, size, step in zip(space, window, stride, strict=False)
    )
    if not fits:
        raise ShapeError(
            f"a window of {window} with stride {stride} does not fit samples of {space}.\n"
            "  On every axis: 1 ≤ stride ≤ window ≤ size, so that every place is covered."
        )


def _masks(space: tuple[int, ...], window: tuple[int, ...], stride: tuple[int, ...]) -> Iterator[Tensor]:
    """Every position of the window, True where it covers: (*space)."""
    counts = [
        ceil((whole - size) / step) + 1 for whole, size, step in zip(space, window, stride, strict=True)
    ]
    for position in product(*map(range, counts)):
        mask = torch.zeros(space, dtype=torch.bool)
        starts = [place * step for place, step in zip(position, stride, strict=True)]
        mask[tuple(slice(start, start + size) for start, size in zip(starts, window, strict=True))] = True
        yield mask


def _in_batches(masks: list[Tensor], size: int) -> Iterator[list[Tensor]]:
    for first in range(0, len(masks), size):
        yield masks[first : first + size]
