"""Classic filters: kernels that people wrote by hand before networks learned theirs.

They run through a real `nn.Conv1d` or `nn.Conv2d`, one kernel for every channel by itself (depthwise), so a
number of a filtered picture is taken apart like any number of a convolution.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from convscope.errors import ShapeError, UnknownName
from convscope.shapes import show
from convscope.tracing import Trace, trace

Padding = Literal["replicate", "reflect", "circular", "zeros", "none"]
PADDINGS: tuple[Padding, ...] = ("replicate", "reflect", "circular", "zeros", "none")
KernelRow = tuple[float, ...]


@dataclass(frozen=True)
class Filter:
    """A kernel for pictures, one for signals, or both.

    Attributes:
        what: what it does to a picture or signal.
        plane: rows of the kernel, as whole numbers where it has a divisor.
        line: the kernel for signals.
        divisor, line_divisor: what the kernels are divided by.
    """

    what: str
    plane: tuple[KernelRow, ...] = ()
    line: KernelRow = ()
    divisor: float = 1.0
    line_divisor: float = 1.0

    def kernel(self, axes: int) -> Tensor | None:
        """The numbers, (time,) for one axis and (height, width) for two; None: there are none.

        >>> FILTERS["box-blur"].kernel(1)
        tensor([0.3333, 0.3333, 0.3333])
        """
        rows, divisor = (self.line, self.line_divisor) if axes == 1 else (self.plane, self.divisor)
        return torch.tensor(rows) / divisor if rows and axes in (1, 2) else None


def _outer(line: KernelRow) -> tuple[KernelRow, ...]:
    """A plane that is a line down times a line across."""
    return tuple(tuple(down * across for across in line) for down in line)


FILTERS: dict[str, Filter] = {
    "identity": Filter("Leaves everything as it is.", ((0, 0, 0), (0, 1, 0), (0, 0, 0)), (0, 1, 0)),
    "box-blur": Filter("Blurs: the mean of all neighbours.", _outer((1, 1, 1)), (1, 1, 1), 9, 3),
    "gaussian-blur": Filter("Blurs softly: near neighbours count more.", _outer((1, 2, 1)), (1, 2, 1), 16, 4),
    "gaussian-blur-5": Filter(
        "Blurs softly over five places.", _outer((1, 4, 6, 4, 1)), (1, 4, 6, 4, 1), 256, 16
    ),
    "sharpen": Filter(
        "Sharpens: adds what differs from the neighbours.", ((0, -1, 0), (-1, 5, -1), (0, -1, 0)), (-1, 3, -1)
    ),
    "unsharp": Filter(
        "Sharpens: twice the picture less its gaussian-blur-5.",
        tuple(
            tuple(512.0 - 36.0 if row == column == 2 else -value for column, value in enumerate(line))
            for row, line in enumerate(_outer((1, 4, 6, 4, 1)))
        ),
        (-1, -4, 32 - 6, -4, -1),
        256,
        16,
    ),
    "laplacian": Filter(
        "Finds edges: how far the four neighbours lie above the centre (second derivative).",
        ((0, 1, 0), (1, -4, 1), (0, 1, 0)),
        (1, -2, 1),
    ),
    "edge": Filter(
        "Finds edges of all directions: the centre less its eight neighbours.",
        ((-1, -1, -1), (-1, 8, -1), (-1, -1, -1)),
    ),
    "sobel-x": Filter("Finds upright edges: right less left.", ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1))),
    "sobel-y": Filter("Finds level edges: below less above.", ((-1, -2, -1), (0, 0, 0), (1, 2, 1))),
    "derivative": Filter("How fast a signal rises: half of next less last.", (), (-1, 0, 1), 1, 2),
    "emboss": Filter("Light from the top left makes a relief.", ((-2, -1, 0), (-1, 1, 1), (0, 1, 2))),
}


class Filtered(NamedTuple):
    """What came out, and what `explain` asks for: `explain(filtered.trace, filtered.op, at)`."""

    output: Tensor  # (channel, *space)
    trace: Trace
    op: str


def filter_layer(
    name: str, channels: int, axes: int, padding: Padding = "replicate"
) -> nn.Conv1d | nn.Conv2d:
    """Make the convolution that applies a filter to each channel by itself.

    Args:
        name: a key of `FILTERS`.
        channels: how many channels come in, and go out.
        axes: 1 for signals, 2 for pictures.
        padding: what stands around the edge, so that the size stays: "replicate" (the edge goes on),
            "reflect", "circular", "zeros"; "none": nothing, and the output is smaller.

    Raises:
        UnknownName: there is no such filter or padding.
        ShapeError: the filter has no kernel for this number of axes.
    """
    if name not in FILTERS:
        raise UnknownName("filter", name, FILTERS)
    if padding not in PADDINGS:
        raise UnknownName("padding", padding, PADDINGS)
    kernel = FILTERS[name].kernel(axes)
    if kernel is None:
        kind = {1: "signals", 2: "pictures"}.get(axes, f"{axes} axes")
        known = ", ".join(each for each, one in FILTERS.items() if one.kernel(axes) is not None)
        raise ShapeError(f"'{name}' has no kernel for {kind}.\n  Those that have one: {known or 'none'}.")
    room = 0 if padding == "none" else kernel.shape[0] // 2
    mode = "zeros" if padding == "none" else padding
    kind = nn.Conv1d if axes == 1 else nn.Conv2d
    layer = kind(
        channels, channels, kernel.shape[0], padding=room, groups=channels, bias=False, padding_mode=mode
    )
    layer.weight.data = kernel.expand_as(layer.weight).clone()
    return layer


def apply(name: str, values: Tensor, padding: Padding = "replicate") -> Filtered:
    """Filter a picture or a signal.

    Args:
        name: a key of `FILTERS`.
        values: (channel, time) or (channel, height, width), of any number type; filtered in float32.
        padding: see `filter_layer`.

    Raises:
        UnknownName: there is no such filter or padding.
        ShapeError: neither a picture nor a signal, no kernel for it, or smaller than the padding can handle.

    >>> apply("derivative", torch.tensor([[1.0, 2.0, 4.0, 4.0]])).output
    tensor([[0.5000, 1.5000, 1.0000, 0.0000]])
    """
    axes = values.dim() - 1
    if axes not in (1, 2):
        raise ShapeError(
            f"a filter takes (channel, time) or (channel, height, width); got {show(tuple(values.shape))}."
        )
    layer = filter_layer(name, len(values), axes, padding)
    size, least = layer.kernel_size[0], min(values.shape[1:])
    needed = {"none": size, "reflect": size // 2 + 1, "circular": size // 2}.get(padding, 1)
    if least < needed:
        raise ShapeError(
            f"{show(tuple(values.shape[1:]))} is too small for '{name}' with padding '{padding}': it needs "
            f"{needed} along each axis.\n  Choose padding 'replicate'."
        )
    with torch.no_grad():
        seen = trace(layer, values.detach().float()[None])
    node = seen.nodes[-1]
    return Filtered(seen.tensor(node.outputs[0])[0], seen, node.name)
