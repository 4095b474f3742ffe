"""Gradients of the score: at the sample, and averaged on the way from a baseline."""

from numbers import Real

import numpy as np
import torch
from torch import Tensor

from convscope.arguments import demand, demand_whole
from convscope.attribution.scores import Attribution, Scorer, every
from convscope.errors import ShapeError

MOST_STEPS = 10_000  # the places of more take minutes to find


def gradient(scorer: Scorer, inputs: Tensor) -> Attribution:
    """How fast the score rises with each number of the input: d(score)/d(input), with its sign.

    Source: Simonyan, Vedaldi & Zisserman 2013, arXiv:1312.6034, section 3 (which shows its absolute value).
    """
    rows = every(inputs)
    values = scorer.slopes(inputs, rows)
    return Attribution("gradient", values, scorer.classes, scorer.scores(inputs, rows), "arXiv:1312.6034")


def _baseline(given: float | Tensor, inputs: Tensor) -> Tensor:
    demand("baseline", given, (Real, Tensor), "a number, or a tensor that fits the inputs")
    try:
        return torch.as_tensor(given, dtype=inputs.dtype, device=inputs.device).expand_as(inputs)
    except (RuntimeError, OverflowError) as error:
        shape = tuple(given.shape) if isinstance(given, Tensor) else given
        raise ShapeError(f"baseline: {shape} does not fit inputs of {tuple(inputs.shape)}.") from error


def integrated_gradients(
    scorer: Scorer, inputs: Tensor, *, baseline: float | Tensor = 0.0, steps: int = 50
) -> Attribution:
    """(input − baseline) times the mean gradient on the straight way between them.

    The integral is taken by Gauss and Legendre's rule, exact for polynomials of degree 2·steps − 1.
    The values of a sample add up to score − score of the baseline, but for the `gap` that the rule leaves.

    Source: Sundararajan, Taly & Yan 2017, arXiv:1703.01365, equation 1; the gap: proposition 1.
    """
    demand_whole("steps", steps, 1, MOST_STEPS)
    start = _baseline(baseline, inputs)
    places, weights = np.polynomial.legendre.leggauss(steps)  # on −1 … 1
    rows = every(inputs)
    total = torch.zeros_like(inputs, dtype=torch.float64)
    at_once = max(1, scorer.batch // len(inputs))
    for first in range(0, steps, at_once):
        part = slice(first, first + at_once)
        alphas = torch.from_numpy((1 + places[part]) / 2).to(inputs)
        shares = torch.from_numpy(weights[part] / 2).to(inputs.device)
        on_the_way = start + alphas.reshape(-1, *[1] * inputs.dim()) * (inputs - start)  # (step, sample, …)
        slopes = scorer.slopes(on_the_way.flatten(0, 1), rows.repeat(len(alphas)))
        total += torch.einsum("s,s...->...", shares, slopes.reshape(len(alphas), *inputs.shape).double())
    values = (total * (inputs - start)).to(inputs.dtype)
    score = scorer.scores(inputs, rows)
    gap = values.flatten(1).double().sum(1) - (score - scorer.scores(start, rows)).double()
    settings = {"baseline": baseline, "steps": steps, "rule": "Gauss–Legendre"}
    return Attribution(
        "integrated-gradients", values, scorer.classes, score, "arXiv:1703.01365", gap, settings=settings
    )
