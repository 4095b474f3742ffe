"""The network for signals that looks through short and very long windows at once."""

import torch
from torch import Tensor, nn

from convscope.errors import NetworkError, ShapeError
from convscope.network.layers import Space, chain, scaled
from convscope.shapes import show

FILTERS = 32  # of each of the four branches, and of the bottleneck before the windows
LONGEST = 39  # positions of the longest window; the others have a half and a quarter of it
EVERY = 3  # modules that a shortcut spans


class InceptionModule(nn.Module):
    """Three windows of different lengths and a pooling side by side: 4 · filters channels, same length.

    Lengths are odd, so that a window has a middle and the signal keeps its length.

    Source: arXiv:1909.04939, figure 2.
    """

    def __init__(self, channels: int, filters: int, size: int) -> None:
        super().__init__()
        long, middle, short = window_lengths(size)
        narrow = channels > 1  # one channel needs no bottleneck
        inside = filters if narrow else channels
        self.bottleneck = nn.Conv1d(channels, filters, 1, bias=False) if narrow else nn.Identity()
        self.long = nn.Conv1d(inside, filters, long, padding=long // 2, bias=False)
        self.middle = nn.Conv1d(inside, filters, middle, padding=middle // 2, bias=False)
        self.short = nn.Conv1d(inside, filters, short, padding=short // 2, bias=False)
        self.pooled = chain(
            pool=nn.MaxPool1d(3, stride=1, padding=1), conv=nn.Conv1d(channels, filters, 1, bias=False)
        )
        self.norm = nn.BatchNorm1d(4 * filters)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(sample, channel, time) → (sample, 4 · filters, time)."""
        y = self.bottleneck(x)
        return self.relu(
            self.norm(torch.cat([self.long(y), self.middle(y), self.short(y), self.pooled(x)], 1))
        )


class Shortcut(nn.Module):
    """Modules in a row, and a convolution 1 around them (figure 1 of the paper)."""

    def __init__(self, inside: nn.Sequential, channels: int, count: int) -> None:
        super().__init__()
        self.inside = inside
        self.shortcut = chain(conv=nn.Conv1d(channels, count, 1, bias=False), norm=nn.BatchNorm1d(count))
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(sample, channel, time) → (sample, count, time)."""
        return self.relu(self.inside(x) + self.shortcut(x))


def inception_time(
    channels: int, classes: int, space: Space, *, width: float = 1.0, depth: int = 6
) -> nn.Module:
    """InceptionTime: 6 modules of windows 39, 19 and 9 side by side, shortcuts, global average pool, linear.

    One of the five networks that the paper lets vote. A signal shorter than a window gets shorter windows.

    Args:
        channels: of a sample.
        classes: scores that come out.
        space: length of the signal, one axis.
        width: multiplies the 32 filters of each branch.
        depth: number of modules; each third one ends a shortcut.

    Raises:
        ShapeError: pictures or volumes.
        NetworkError: no module.

    Source: Ismail Fawaz et al. 2020, arXiv:1909.04939; odd windows instead of 40, 20 and 10.
    """
    _check(space, depth)
    filters = scaled(FILTERS, width)
    network = chain()
    for first in range(1, depth + 1, EVERY):
        numbers = range(first, min(first + EVERY, depth + 1))
        network.add_module(f"block{first // EVERY + 1}", _block(numbers, channels, filters, space[0]))
        channels = 4 * filters
    network.add_module("pool", nn.AdaptiveAvgPool1d(1))
    network.add_module("flatten", nn.Flatten())
    network.add_module("fc", nn.Linear(channels, classes))
    return network


def window_lengths(size: int) -> tuple[int, int, int]:
    """Lengths of the three windows for signals of this length, odd and never longer than the signal.

    >>> window_lengths(140), window_lengths(24), window_lengths(3)
    ((39, 19, 9), (23, 11, 5), (3, 1, 1))
    """
    longest = min(LONGEST, size - (size + 1) % 2)
    return longest, longest // 2 | 1, longest // 4 | 1


def _block(numbers: range, channels: int, filters: int, size: int) -> nn.Module:
    """Up to three modules, with a shortcut if they are three."""
    inside = chain()
    for number in numbers:
        entering = channels if number == numbers[0] else 4 * filters
        inside.add_module(f"windows{number}", InceptionModule(entering, filters, size))
    return Shortcut(inside, channels, 4 * filters) if len(numbers) == EVERY else inside


def _check(space: Space, depth: int) -> None:
    if len(space) != 1:
        raise ShapeError(
            "network 'inception-time' is for signals, with one axis behind the channels, "
            f"got {show(space)}.\n"
            "  For pictures and volumes take another convolutional network, such as fast or resnet."
        )
    if depth < 1:
        raise NetworkError(f"network 'inception-time' has no depth {depth}.\n  It needs 1 module at least.")
