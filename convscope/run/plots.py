"""The plots of a report: one drawing, as PNG for the folder and as SVG for the page.

Figures are made without pyplot, so nothing is left behind in matplotlib's global state.
"""

import io
import re
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator
from PIL import Image

from convscope.run import files
from convscope.run.evaluation import Bin, Evaluation
from convscope.run.metrics import wilson

INK, SOFT, FAINT, LINE, STRONG = "#1a1c20", "#50555c", "#646971", "#e4e4df", "#c4c5bf"
ACCENT, WASH, SURFACE, ZERO, POSITIVE = "#0b6e69", "#e2f0ee", "#ffffff", "#f4f3ef", "#c76a28"
VARIABLES = {  # the page's own names for these colours, so that a plot follows its light or dark theme
    INK: "ink",
    SOFT: "ink-soft",
    FAINT: "ink-faint",
    LINE: "line",
    STRONG: "line-strong",
    ACCENT: "accent",
    WASH: "accent-wash",
    SURFACE: "surface",
    ZERO: "map-zero",
    POSITIVE: "map-positive",
}
FOR_PAGES = (  # from matplotlib's file to an element among others
    (r"^.*?(?=<svg)|<metadata>.*?</metadata>|<!--.*?-->|<style.*?</style>", ""),
    (r'<svg [^>]*?(viewBox="[^"]*")[^>]*>', r'<svg \1 stroke-linejoin="round">'),
    (r'<g id="[^"]*"', "<g"),  # figure_1 … would be there once for each plot
    (r"font-family: [^;\"]*; ", ""),  # the page has its own
    (r"xlink:href", "href"),
)
ALPHABETS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "PingFang SC",
    "Hiragino Sans",
    "Microsoft YaHei",
    "SimHei",
)
DPI = 160
POINTS = 400  # a line of steps is averaged to so many
NUMBERED = 25  # classes up to which a confusion matrix shows its numbers
NAMED = 60  # and up to which it shows the classes' names


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
        axes.set_ylim(0, 1.15 * max(*epochs, np.percentile(y, 97)))
    _finish(axes, course)


def accuracy(axes: Axes, course: Course) -> None:
    """Draw the accuracy of both parts, a point an epoch, in percent."""
    title(axes, "Accuracy, %")
    _both(axes, course, "accuracy", unit=100)
    _finish(axes, course)


def rate(axes: Axes, course: Course) -> None:
    """Draw the learning rate of each step (of each epoch, where the steps are not known)."""
    title(axes, "Learning rate")
    rows = course.steps or course.epochs
    axes.plot(course.passes(rows), [row["lr"] for row in rows], color=INK, linewidth=1.4)
    axes.set_ylim(bottom=0)
    _finish(axes, course)


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
    names = [evaluation.classes[place] for place in places]
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


def sheet(pictures: Sequence[Image.Image], captions: Sequence[str], ratio: float = 1) -> Figure:
    """Lay drawings of about this ratio (width by height) out in rows, each with its caption below."""
    columns, wide = (8, 1.0) if ratio == 1 else (4, 2.2)
    high = wide / ratio
    rows = max(1, -(-len(pictures) // columns))
    pitch = (wide + 0.2, high + 0.5)  # inches, from one drawing to the next
    figure = Figure(figsize=(pitch[0] * columns, pitch[1] * rows), facecolor=SURFACE)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    for place, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        left, top = pitch[0] * (place % columns) + 0.1, pitch[1] * (place // columns) + 0.1
        scale = min(wide / picture.width, high / picture.height)
        x, y = (wide - scale * picture.width) / 2, (high - scale * picture.height) / 2
        edges = (left + x, left + wide - x, top + high - y, top + y)
        axes.imshow(np.asarray(picture.convert("RGB")), extent=edges, interpolation="nearest", aspect="auto")
        axes.text(
            left, top + high + 0.04, caption, fontsize=7, color=SOFT, va="top", parse_math=False, clip_on=True
        )
    axes.set(xlim=(0, pitch[0] * columns), ylim=(pitch[1] * rows, 0))  # inches, from the top
    return figure


def panel(draw: Callable[..., None], content: object, width: float = 4.2, height: float = 2.7) -> Figure:
    """Make a figure of `width` × `height` inches that `draw(axes, content)` draws."""
    figure = Figure(figsize=(width, height), facecolor=SURFACE, layout="constrained")
    axes = figure.add_subplot(facecolor=SURFACE)
    plain(axes)
    draw(axes, content)
    return figure


def plain(axes: Axes) -> None:
    """Hairlines and quiet labels."""
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(STRONG)
    axes.grid(axis="y", color=LINE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=10, labelcolor=FAINT)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set(fontsize=10, color=FAINT)


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG.

    Raises:
        OSError: it cannot be written.
    """
    families = ["DejaVu Sans", *(name for name in ALPHABETS if name in font_manager.get_font_names())]
    for text in figure.findobj(Text):
        text.set_fontfamily(families)  # type: ignore[attr-defined]
    content = io.BytesIO()
    with warnings.catch_warnings():  # a letter that no font has becomes a box; the page shows it right
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(content, format="png", dpi=DPI)
    files.replace(path, content.getvalue())


def svg(figure: Figure) -> str:
    """Turn a figure into an SVG element for a page: texts as text, colours by the page's own names."""
    content = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "convscope"}):
        figure.savefig(content, format="svg", metadata=nothing)
    text = content.getvalue()
    for pattern, replacement in FOR_PAGES:
        text = re.sub(pattern, replacement, text, flags=re.DOTALL)
    return re.sub("|".join(VARIABLES), lambda colour: f"var(--{VARIABLES[colour[0]]})", text.strip())


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


def title(axes: Axes, text: str) -> None:
    """Write what an axis shows above it."""
    axes.set_title(text, loc="left", fontsize=11, color=SOFT, pad=8)


def _thinned(x: Sequence[float], y: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Means of neighbours, so that a long training does not make a large file."""
    width = max(1, -(-len(x) // POINTS))
    starts = np.arange(0, len(x), width)
    if not len(x):
        return np.array(x), np.array(y)
    sizes = np.diff(np.append(starts, len(x)))
    return np.add.reduceat(x, starts) / sizes, np.add.reduceat(y, starts) / sizes


def _rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])


def _known(share: float | None) -> float:
    return share or 0.0
