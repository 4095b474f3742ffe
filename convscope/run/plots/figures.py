"""What all plots share: colours, panels, sheets; a figure as PNG for the folder, as SVG for the page.

Figures are made without pyplot, so nothing is left behind in matplotlib's global state.
"""

import io
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, MaxNLocator
from PIL import Image

from convscope import outputs
from convscope.figures import number
from convscope.text import cut, printable

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
LONGEST = 16  # characters of a name beside a plot


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
            left,
            top + high + 0.04,
            cut(printable(caption)),
            fontsize=7,
            color=SOFT,
            va="top",
            parse_math=False,
            clip_on=True,
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
    content = io.BytesIO()
    write(figure, content)
    outputs.replace(path, content.getvalue())


def write(figure: Figure, file: BinaryIO, words: Mapping[str, str] = MappingProxyType({})) -> None:
    """Write a figure as PNG into an open file, with words about it inside of it."""
    families = ["DejaVu Sans", *(name for name in ALPHABETS if name in font_manager.get_font_names())]
    for text in figure.findobj(Text):
        text.set_fontfamily(families)  # type: ignore[attr-defined]
    with warnings.catch_warnings():  # a letter that no font has becomes a box; the page shows it right
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(file, format="png", dpi=DPI, metadata=dict(words))


def svg(figure: Figure) -> str:
    """Turn a figure into an SVG element for a page: texts as text, colours by the page's own names."""
    content = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with (
        warnings.catch_warnings(),
        matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "convscope"}),
    ):
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # the page has them
        figure.savefig(content, format="svg", metadata=nothing)
    text = content.getvalue()
    for pattern, replacement in FOR_PAGES:
        text = re.sub(pattern, replacement, text, flags=re.DOTALL)
    return re.sub("|".join(VARIABLES), lambda colour: f"var(--{VARIABLES[colour[0]]})", text.strip())


def amounts(axis: Axis) -> None:
    """Write an axis of amounts as people do, and with few ticks, so that long ones have room."""
    axis.set_major_locator(MaxNLocator(4))
    axis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))


def _short(value: float) -> str:
    """A tick: millions as M.

    >>> _short(1.55e6), _short(-80000), _short(0.25)
    ('1.55 M', '-80,000', '0.25')
    """
    return f"{value / 1e6:,.6g} M" if abs(value) >= 1e6 else number(value, 6)


def short(name: str) -> str:
    """A name of others, as long as there is room for beside a plot.

    >>> short("a" * 200 + ".png")
    'aaaaaaaaa…aa.png'
    """
    return cut(printable(name), LONGEST)


def title(axes: Axes, text: str) -> None:
    """Write what an axis shows above it."""
    axes.set_title(cut(printable(text)), loc="left", fontsize=11, color=SOFT, pad=8)
