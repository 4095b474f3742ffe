"""The plots of a classification: which class was taken for which, and whether the probabilities are true."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from convscope.run.evaluation.classification import Bin, Evaluation
from convscope.run.evaluation.intervals import wilson
from convscope.run.plots.figures import ACCENT, INK, POSITIVE, STRONG, ZERO, short, title

NUMBERED = 25  # classes up to which a confusion matrix shows its numbers
NAMED = 60  # and up to which it shows the classes' names


def confusion(axes: Axes, evaluation: Evaluation) -> None:
    """Draw the confusion matrix: counts, coloured by the share of the true class."""
    counts = np.array(evaluation.confusion)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    right = np.eye(len(counts), dtype=bool)
    worst = max(shares[~right].max(initial=0), 1e-9)
    strength = np.where(right, 0.7 * shares, 0.75 * shares / worst)[..., None]  # ink stays readable on it
    hue = np.where(right[..., None], _rgb(ACCENT), _rgb(POSITIVE))
    axes.imshow(strength * hue + (1 - strength) * _rgb(ZERO), aspect="equal", interpolation="nearest")
    axes.set(xlabel="predicted", ylabel="true")
    axes.spines[:].set_visible(False)
    axes.grid(visible=False)
    places = range(len(counts)) if len(counts) <= NAMED else ()
    names = [short(evaluation.classes[place]) for place in places]
    axes.set_xticks(
        list(places), names, rotation=90 if max(map(len, names), default=0) > 2 else 0, parse_math=False
    )
    axes.set_yticks(list(places), names, parse_math=False)
    if len(counts) <= NUMBERED:
        for true, said in np.argwhere(counts):
            axes.text(said, true, f"{counts[true, said]:,}", ha="center", va="center", color=INK, fontsize=8)


def calibration(axes: Axes, reliability: Sequence[Bin]) -> None:
    """Draw the reliability diagram: what share was right in each bin of confidence, and its 95 % interval."""
    filled = [part for part in reliability if part.samples]
    x, y = (
        [100 * _known(part.confidence) for part in filled],
        [100 * _known(part.accuracy) for part in filled],
    )
    bounds = [wilson(round(_known(part.accuracy) * part.samples), part.samples) for part in filled]
    axes.plot([0, 100], [0, 100], color=STRONG, linewidth=1)
    axes.vlines(
        x, [100 * low for low, _ in bounds], [100 * high for _, high in bounds], color=ACCENT, linewidth=1
    )
    largest = max(part.samples for part in filled)
    axes.scatter(x, y, s=[10 + 70 * part.samples / largest for part in filled], color=ACCENT, zorder=3)
    title(axes, "Right, %")
    axes.set(xlabel="confidence of the network, %", xlim=(0, 103), ylim=(0, 105))
    axes.set_aspect("equal")


def _rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])


def _known(share: float | None) -> float:
    return share or 0.0
