"""Axis names and the size formulas, written once.

Every tensor of samples is (sample, channel, *space): space is (time,) for signals and sequences,
(height, width) for pictures, (depth, height, width) for volumes.
"""

from math import prod
from typing import Any

UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
AXES = {1: ("time",), 2: ("height", "width"), 3: ("depth", "height", "width")}


def window_output(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """Positions that a sliding window takes along one axis.

    ⌊(size + 2·padding − dilation·(kernel − 1) − 1)/stride⌋ + 1

    Below 1 means that the window does not fit.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html

    >>> window_output(28, kernel=5, padding=2)
    28
    >>> window_output(28, kernel=2, stride=2)
    14
    """
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def half_padding(kernel: tuple[int, ...], dilation: tuple[int, ...]) -> tuple[int, ...]:
    """Padding that keeps a size, on each side of each axis; with an even kernel one position is lost.

    >>> half_padding((3, 5), (1, 2))
    (1, 4)
    """
    return tuple(spread * (size - 1) // 2 for size, spread in zip(kernel, dilation, strict=True))


def short(setting: Any) -> Any:  # noqa: ANN401 - any setting of a layer
    """One number for all axes where they have the same, as people write it.

    >>> short((3, 3)), short((3, 5)), short(3)
    (3, (3, 5), 3)
    """
    return setting[0] if isinstance(setting, tuple) and len(set(setting)) == 1 else setting


def show(shape: tuple[int, ...]) -> str:
    """Write a shape as people do.

    >>> show((1, 28, 28))
    '1 × 28 × 28'
    """
    return " × ".join(str(size) for size in shape)


def readable(size: float) -> str:
    """Bytes as people write them.

    >>> readable(1536), readable(4e14)
    ('1.5 KiB', '363.8 TiB')
    """
    place = 0
    while size >= 1024 and place < len(UNITS) - 1:
        size, place = size / 1024, place + 1
    return f"{size:.1f} {UNITS[place]}" if place else f"{size:.0f} B"


def elements(shape: tuple[int, ...]) -> int:
    """Number of elements of a tensor of this shape."""
    return prod(shape)
