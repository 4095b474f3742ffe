"""How a training went: loss, accuracy and learning rate over the epochs."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from convscope.run.plots.figures import ACCENT, FAINT, INK, SOFT, title

POINTS = 400  # a line of steps is averaged to so many


class Course(NamedTuple):
    """How a training went.

    Attributes:
        epochs: a dict an epoch, keys as the fields of the Epoch event.
        steps: a dict a step: step, loss, lr; may be empty.
        pass_length: steps that make one pass over the training part.
    """

    epochs: Sequence[dict[str, Any]]
    steps: Sequence[dict[str, Any]]
    pass_length: int

    def passes(self, rows: Sequence[dict[str, Any]]) -> list[float]:
        """Passes made when each of these rows was written."""
        return [row["step"] / self.pass_length for row in rows]


def loss(axes: Axes, course: Course) -> None:
    """Draw the loss: a point an epoch for both parts, and a faint line for the steps."""
    title(axes, "Loss")
    x, y = _thinned(course.passes(course.steps), [row["loss"] for row in course.steps])
    if len(x):
        axes.plot(x, y, color=FAINT, linewidth=0.7, alpha=0.6, label="each step")
    epochs = _both(axes, course, "loss")
    if len(y) and epochs:  # the first steps are often far above everything that follows
        axes.set_ylim(0, 1.15 * max(*epochs, np.percentile(y, 97)) or 1)  # a loss may be 0 throughout
    _finish(axes, course)


def accuracy(axes: Axes, course: Course) -> None:
    """Draw the accuracy of both parts, a point an epoch, in percent."""
    title(axes, "Accuracy, %")
    _both(axes, course, "accuracy", unit=100)
    _finish(axes, course)


def rate(axes: Axes, course: Course) -> None:
    """Draw the learning rate of each step (of each epoch, where the steps are not known)."""
    title(axes, "Learning rate")
    rows = [row for row in course.steps or course.epochs if row["lr"] is not None]
    axes.plot(course.passes(rows), [row["lr"] for row in rows], color=INK, linewidth=1.4)
    axes.set_ylim(bottom=0)
    _finish(axes, course)


def _both(axes: Axes, course: Course, what: str, unit: float = 1) -> list[float]:
    """Draw what both parts say an epoch; gives all values drawn."""
    drawn: list[float] = []
    for part, name, colour in (("train", "training", INK), ("val", "validation", ACCENT)):
        known = [row for row in course.epochs if row[f"{part}_{what}"] is not None]
        y = [unit * row[f"{part}_{what}"] for row in known]
        dots = "o" if len(known) <= 30 else ""
        if known:
            axes.plot(
                course.passes(known), y, color=colour, linewidth=1.6, marker=dots, markersize=3.5, label=name
            )
        drawn += y
    return drawn


def _finish(axes: Axes, course: Course) -> None:
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=len(course.epochs) > 1))
    axes.set_xlim(left=0)
    if best := [row for row in course.epochs if row["best"]]:
        axes.axvline(course.passes(best)[-1], color=ACCENT, linewidth=0.8, linestyle=(0, (2, 3)))
    if entries := len(axes.get_legend_handles_labels()[0]):  # above the plot, where no line is
        place = {"loc": "lower right", "bbox_to_anchor": (1.02, 0.99), "ncols": entries}
        axes.legend(**place, frameon=False, fontsize=10, labelcolor=SOFT, handlelength=1.2, columnspacing=1.2)


def _thinned(x: Sequence[float], y: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Means of neighbours, so that a long training does not make a large file."""
    width = max(1, -(-len(x) // POINTS))
    starts = np.arange(0, len(x), width)
    if not len(x):
        return np.array(x), np.array(y)
    sizes = np.diff(np.append(starts, len(x)))
    return np.add.reduceat(x, starts) / sizes, np.add.reduceat(y, starts) / sizes
