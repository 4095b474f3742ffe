"""Samples as points in a plane: a colour a class, or a shade a value."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.patheffects import withStroke

from convscope.run.plots.figures import FAINT, INK, LINE, SOFT, STRONG, SURFACE, amounts, short, title

# M. Petroff 2021, "Accessible color sequences for data visualization", arXiv:2107.02270
COLOURS = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6",
    "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip
SHADES = "cividis"  # of values
NAMED = 60  # classes up to which each has its name on the map
LABELLED = 20  # new samples up to which each has its name


class Cloud(NamedTuple):
    """What is drawn.

    Attributes:
        points: (sample, 2).
        truth: the class (or value) of each; None: not known.
        names: of the samples.
        behind: (sample, 2), known samples behind them.
        truth_behind: of those.
        classes: their names; empty: values.
        axes: words for both axes; empty: none.
        title: what it shows.
    """

    points: np.ndarray
    truth: Sequence[Any]
    names: Sequence[str]
    behind: np.ndarray
    truth_behind: Sequence[Any]
    classes: Sequence[str]
    axes: Sequence[str]
    title: str


def cloud(axes: Axes, drawn: Cloud) -> None:
    """Draw them; new samples as rings over the known ones behind them."""
    known = (drawn.behind, drawn.truth_behind) if len(drawn.behind) else (drawn.points, drawn.truth)
    opaque = 0.35 if len(drawn.behind) else 0.8
    if drawn.classes:
        _classes(axes, *known, drawn.classes, opaque)
    else:
        _values(axes, *known, opaque)
    if len(drawn.behind):
        _rings(axes, drawn)
    title(axes, drawn.title)
    axes.spines[["top", "right", "left", "bottom"]].set(visible=True, color=LINE)
    axes.grid(visible=False)
    if drawn.axes:
        axes.set(xlabel=drawn.axes[0], ylabel=drawn.axes[1])
        amounts(axes.xaxis)
        amounts(axes.yaxis)
        return
    axes.set_xticks([])
    axes.set_yticks([])


def _size(count: int) -> float:
    """Of a dot, in square points: many are small."""
    return float(np.clip(12_000 / max(count, 1), 5, 30))


def _classes(
    axes: Axes, points: np.ndarray, truth: Sequence[Any], classes: Sequence[str], opaque: float
) -> None:
    places = {name: place for place, name in enumerate(classes)}
    own = np.array([places.get(name, -1) for name in truth], dtype=int)
    colours = [STRONG if place < 0 else COLOURS[place % len(COLOURS)] for place in own]
    axes.scatter(points[:, 0], points[:, 1], s=_size(len(points)), c=colours, alpha=opaque, linewidths=0)
    there = [place for place in range(len(classes)) if (own == place).any()]
    if len(classes) <= len(COLOURS):
        _legend(axes, {short(classes[place]): COLOURS[place] for place in there})
    elif len(classes) <= NAMED:  # where colours come again, a name stands in the middle of its dots
        for place in there:
            middle = np.median(points[own == place], axis=0)
            _word(
                axes, short(classes[place]), middle, fontsize=11, fontweight="bold", ha="center", va="center"
            )


def _legend(axes: Axes, colours: Mapping[str, str]) -> None:
    """Beside the map: among the dots names would hide each other."""
    dots = [axes.scatter([], [], s=36, color=colour, label=name) for name, colour in colours.items()]
    place = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)}
    axes.legend(handles=dots, **place, frameon=False, fontsize=11, labelcolor=INK, handletextpad=0.2)


def _values(axes: Axes, points: np.ndarray, truth: Sequence[Any], opaque: float) -> None:
    values = np.array([np.nan if true is None else true for true in truth], dtype=np.float64)
    known = np.isfinite(values)
    size = _size(len(points))
    axes.scatter(*points[~known].T, s=size, color=STRONG, alpha=opaque, linewidths=0)
    if known.any():
        ends = Normalize(float(values[known].min()), float(values[known].max()))
        dots = axes.scatter(
            *points[known].T, s=size, c=values[known], cmap=SHADES, norm=ends, alpha=opaque, linewidths=0
        )
        assert axes.figure is not None
        bar = axes.figure.colorbar(dots, ax=axes, shrink=0.5, aspect=30)
        bar.solids.set_alpha(1)  # pyright: ignore[reportOptionalMemberAccess]
        bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
        bar.ax.tick_params(length=0, labelsize=10, labelcolor=FAINT)
        amounts(bar.ax.yaxis)


def _rings(axes: Axes, drawn: Cloud) -> None:
    axes.scatter(*drawn.points.T, s=45, facecolors="none", edgecolors=INK, linewidths=1.3, zorder=4)
    if len(drawn.points) > LABELLED:
        return
    for point, name in zip(drawn.points, drawn.names, strict=True):
        _word(axes, short(name), point, fontsize=9, xytext=(6, 4), textcoords="offset points")


def _word(axes: Axes, text: str, place: Any, **more: Any) -> None:  # noqa: ANN401 - matplotlib's
    written = axes.annotate(text, place, color=SOFT if "xytext" in more else INK, zorder=5, **more)
    written.set_parse_math(False)
    written.set_path_effects([withStroke(linewidth=3, foreground=SURFACE)])
