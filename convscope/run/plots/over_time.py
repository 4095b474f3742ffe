"""What was predicted over time: a calendar of classes, or a line of values, for each series."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np
from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from convscope.data.dataset import Dataset
from convscope.run.evaluation.classification import Evaluation
from convscope.run.evaluation.regression import ValueEvaluation
from convscope.run.plots.figures import (
    ACCENT,
    FAINT,
    INK,
    POSITIVE,
    SOFT,
    SURFACE,
    amounts,
    plain,
    short,
    title,
)

PALETTE = ("#4477aa", "#ccbb44", "#66ccee", "#aa3377", "#228833", "#ee6677", "#999999")  # Paul Tol's bright
PANELS = 4  # series, or years of one, that are shown
WIDTH = 12.4  # inches
WEEKS = 53  # columns of a calendar, and of any other row of samples
QUIET = 0.38  # opaqueness of what was right, so that what was wrong stands out
LINE_POINTS = 400  # of a series that are shown as a line


class Point(NamedTuple):
    """One prediction: when, for which series, what was true, what was said."""

    when: datetime
    series: str
    true: str | float
    said: str | float


def points(dataset: Dataset, rows: Sequence[int], evaluation: Evaluation | ValueEvaluation) -> list[Point]:
    """The predictions for rows of a data set with times, by series and time."""
    when = dataset.when or ()
    if isinstance(evaluation, ValueEvaluation):
        judged = {sample.row: (sample.true, sample.predicted) for sample in evaluation.judged}
    else:
        said = {mistake.row: mistake.predicted for mistake in evaluation.mistakes}
        names = {row: dataset.classes[int(dataset.labels[row])] for row in rows}
        judged = {row: (names[row], said.get(row, names[row])) for row in rows}
    found = [
        Point(
            datetime.fromisoformat(when[row]),
            dataset.names[row].removesuffix(when[row]).strip(),
            *judged[row],
        )
        for row in rows
    ]
    return sorted(found, key=lambda point: (point.series, point.when))


def calendar(found: Sequence[Point], classes: Sequence[str]) -> Figure:
    """Draw a cell a sample: pale where it was right; where wrong, below what it was, above what was said.

    Days stand as in a calendar, a column a week; other rows run on, line by line.
    """
    panels = _panels(found)
    figure, axes = _figure(len(panels), 1.95)
    colours = dict(zip(classes, PALETTE, strict=False)) if len(classes) <= len(PALETTE) else {}
    for place, (name, some) in zip(axes, panels, strict=True):
        title(place, name)
        _cells(place, some, colours)
    _legend(axes[0], found, colours)
    return figure


def course(found: Sequence[Point], target: str) -> Figure:
    """Draw the true and the predicted values as lines over time."""
    panels = [(name, some[-LINE_POINTS:]) for name, some in _series(found)][:PANELS]
    figure, axes = _figure(len(panels), 2.2)
    for place, (name, some) in zip(axes, panels, strict=True):
        when = dates.date2num([point.when for point in some])
        place.plot(when, [point.true for point in some], color=FAINT, linewidth=1.2, label="true")
        place.plot(when, [point.said for point in some], color=ACCENT, linewidth=1.4, label="predicted")
        locator = dates.AutoDateLocator()
        place.xaxis.set_major_locator(locator)
        place.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
        place.margins(x=0.005)
        amounts(place.yaxis)
        title(place, f"{target}, {name}" if name else target)
    axes[0].legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False, fontsize=10, labelcolor=SOFT
    )
    return figure


def _series(found: Sequence[Point]) -> list[tuple[str, list[Point]]]:
    return [(name, list(some)) for name, some in groupby(found, key=lambda point: point.series)]


def _panels(found: Sequence[Point]) -> list[tuple[str, list[Point]]]:
    """The last year of each series, as far as there is room; a single series has its last years."""
    years = [
        (f"{name} {year}".strip(), list(some))
        for name, whole in _series(found)
        for year, some in groupby(whole, key=lambda point: point.when.year)
    ]
    newest = max(point.when.year for point in found)
    chosen = [panel for panel in years if panel[1][0].when.year == newest] if len(years) > PANELS else years
    return chosen[:PANELS]


def _figure(panels: int, height: float) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(WIDTH, height * panels + 0.3), facecolor=SURFACE, layout="constrained")
    axes = figure.subplots(panels, squeeze=False)[:, 0]
    for place in axes:
        place.set_facecolor(SURFACE)
        plain(place)
    return figure, list(axes)


def _cells(axes: Axes, some: Sequence[Point], colours: Mapping[str, str]) -> None:
    """Two triangles a wrong cell, a square a right one."""
    daily, some = _is_daily(some), some[-7 * WEEKS :]
    places = _in_weeks(axes, some) if daily else [divmod(place, 7) for place in range(len(some))]
    corners = np.array([(0, 0), (0, 1), (1, 1), (1, 0)])
    squares, pale, upper, lower, said, was = [], [], [], [], [], []
    for point, cell in zip(some, places, strict=True):
        square = corners * 0.88 + cell + 0.06
        true, guess = str(point.true), str(point.said)
        if true == guess:
            squares.append(square)
            pale.append(colours.get(true, ACCENT))
        else:
            lower.append(square[[0, 1, 2]])
            was.append(colours.get(true, POSITIVE))
            upper.append(square[[0, 2, 3]])
            said.append(colours.get(guess, POSITIVE))
    axes.add_collection(PolyCollection(squares, facecolors=pale, edgecolors="none", alpha=QUIET))
    axes.add_collection(PolyCollection(lower, facecolors=was, edgecolors="none"))
    axes.add_collection(PolyCollection(upper, facecolors=said, edgecolors="none"))
    axes.set(xlim=(0, WEEKS + 1), ylim=(7, 0), aspect="equal")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


def _is_daily(some: Sequence[Point]) -> bool:
    """Whether no two samples are of one day, and most follow each other from day to day."""
    days = [point.when.date() for point in some]
    steps = [later - earlier for earlier, later in pairwise(days)]
    return len(set(days)) == len(days) and sum(step <= timedelta(days=3) for step in steps) >= len(steps) / 2


def _in_weeks(axes: Axes, some: Sequence[Point]) -> list[tuple[int, int]]:
    """Column and line of each day, and the names of months and weekdays at the edges."""
    first = datetime(some[0].when.year, 1, 1)
    before = first.weekday()  # Monday is 0
    places = [divmod((point.when.replace(tzinfo=None) - first).days + before, 7) for point in some]
    begins = [datetime(first.year, month, 1) for month in range(1, 13)]
    axes.set_xticks(
        [((day - first).days + before) / 7 + 0.5 for day in begins], [f"{day:%b}" for day in begins]
    )
    axes.set_yticks([0.5, 2.5, 4.5], ["Mon", "Wed", "Fri"])
    return places


def _legend(axes: Axes, found: Sequence[Point], colours: Mapping[str, str]) -> None:
    there = {str(point.true) for point in found} | {str(point.said) for point in found}
    entries = [Patch(color=colour, label=short(name)) for name, colour in colours.items() if name in there]
    entries = entries or [
        Patch(color=ACCENT, label="right", alpha=QUIET),
        Patch(color=POSITIVE, label="wrong"),
    ]
    axes.legend(
        handles=entries, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(entries), frameon=False,
        fontsize=10, labelcolor=INK, handlelength=0.9, handleheight=0.9,
    )  # fmt: skip
