"""The plots of a regression: what was predicted for what, and how the errors lie."""

import numpy as np
from matplotlib.axes import Axes

from convscope.run.evaluation.regression import ValueEvaluation
from convscope.run.plots.figures import ACCENT, STRONG, amounts, title

MOST = 3_000  # dots of a plot, so that a page stays small
FAINT_DOTS = 0.45  # opaqueness, so that a crowd is darker than one


def agreement(axes: Axes, evaluation: ValueEvaluation) -> None:
    """Draw a dot a sample, its true value to the right, the predicted one upwards; on the line both agree."""
    truth, said = _some(evaluation)
    low, high = float(min(truth.min(), said.min())), float(max(truth.max(), said.max()))
    axes.plot([low, high], [low, high], color=STRONG, linewidth=1)
    _dots(axes, truth, said)
    title(axes, f"{evaluation.target}, predicted")
    axes.set_xlabel("true")
    axes.set_aspect("equal", adjustable="datalim")
    _amounts(axes)


def residuals(axes: Axes, evaluation: ValueEvaluation) -> None:
    """Draw a dot a sample, the predicted value to the right, its error upwards: a pattern was not learnt."""
    truth, said = _some(evaluation)
    axes.axhline(0, color=STRONG, linewidth=1)
    _dots(axes, said, said - truth)
    title(axes, "Error, predicted − true")
    axes.set_xlabel("predicted")
    _amounts(axes)


def errors(axes: Axes, evaluation: ValueEvaluation) -> None:
    """Draw how often errors of each size come."""
    found = np.array([sample.error for sample in evaluation.judged])
    axes.hist(found, bins=min(40, max(8, round(len(found) ** 0.5))), color=ACCENT, alpha=0.8)
    axes.axvline(0, color=STRONG, linewidth=1)
    title(axes, "Samples")
    axes.set_xlabel("error, predicted − true")
    _amounts(axes)


def _amounts(axes: Axes) -> None:
    for axis in (axes.xaxis, axes.yaxis):
        amounts(axis)


def _some(evaluation: ValueEvaluation) -> tuple[np.ndarray, np.ndarray]:
    """True and predicted values of at most `MOST` samples, evenly taken."""
    step = -(-evaluation.samples // MOST)
    values = np.array([(sample.true, sample.predicted) for sample in evaluation.judged[::step]])
    return values[:, 0], values[:, 1]


def _dots(axes: Axes, x: np.ndarray, y: np.ndarray) -> None:
    axes.plot(x, y, linestyle="", marker="o", markersize=3, markeredgewidth=0, color=ACCENT, alpha=FAINT_DOTS)
