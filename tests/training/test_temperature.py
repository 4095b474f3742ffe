"""The temperature against SciPy's minimiser, and against what it promises: probabilities that come true."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from convscope.training.temperature import fit_temperature


def smoothed_loss(temperature, scores, labels):
    """Mean cross-entropy where one sample more is counted in whose label may be any, in float64."""
    logs = log_softmax(scores / temperature, axis=1)
    n, classes = scores.shape
    share = 1 / (n + 1)
    wanted = np.full((n, classes), share / classes)
    wanted[np.arange(n), labels] += 1 - share
    return -(wanted * logs).sum(1).mean()


@pytest.mark.parametrize(("samples", "classes", "scale"), [(50, 2, 1.0), (400, 10, 5.0), (1000, 3, 0.2)])
def test_it_is_the_minimum_that_scipy_finds(samples, classes, scale):
    rng = np.random.default_rng(samples)
    labels = rng.integers(0, classes, samples)
    scores = scale * (rng.normal(size=(samples, classes)) + 1.5 * np.eye(classes)[labels])
    found = fit_temperature(torch.from_numpy(scores), torch.from_numpy(labels))
    best = minimize_scalar(
        lambda log_t: smoothed_loss(np.exp(log_t), scores, labels), bounds=(-3, 3), method="bounded"
    )
    assert found == pytest.approx(np.exp(best.x), rel=1e-3)


def test_probabilities_that_were_too_modest_come_true():
    rng = np.random.default_rng(0)
    true = rng.normal(size=(20_000, 5))
    chances = np.exp(log_softmax(true, axis=1))
    labels = np.array([rng.choice(5, p=row) for row in chances])
    found = fit_temperature(torch.from_numpy(true / 3), torch.from_numpy(labels))
    assert found == pytest.approx(1 / 3, rel=0.05)


def test_a_few_samples_that_are_all_right_do_not_make_it_certain():
    scores, labels = 4 * torch.eye(4), torch.arange(4)
    sure = (scores / fit_temperature(scores, labels)).softmax(1).diagonal()
    assert sure.tolist() == pytest.approx([1 - 0.2 * 3 / 4] * 4, abs=1e-3)


def test_without_samples_it_is_one():
    assert fit_temperature(torch.empty(0, 3), torch.empty(0, dtype=torch.int64)) == 1.0
