"""The network that is taken when nothing is said: few multiplications where the planes are large."""

from torch import nn

from convscope.network.layers import Layers, Space, can_halve, chain, layers, positions_after, scaled
from convscope.shapes import window_output

FIRST, MOST = 16, 128  # channels of the first convolution, and at most
SMALL = 8  # positions an axis from which on nothing is halved but by the last pooling


def fast(channels: int, classes: int, space: Space, *, width: float = 1.0) -> nn.Module:
    """Conv 5 stride 2 16, conv 3 + max pool 2 down to 8 positions, conv 3, conv 3 + max pool 2, linear.

    BatchNorm and ReLU follow each convolution, behind its pooling where there is one (fewer values to scale).
    Channels double with each halving, up to 128: at 28×28 they are 16, 32, 64, 64.

    Args:
        channels: of a sample.
        classes: scores that come out.
        space: sizes of a sample's spatial axes.
        width: multiplies the channels.
    """
    layer = layers(space)
    stride = 2 if can_halve(space) else 1
    count = scaled(FIRST, width)
    network = chain(
        conv1=layer.Conv(channels, count, 5, stride=stride, padding=2, bias=False),
        norm1=layer.BatchNorm(count),
        relu1=nn.ReLU(),
    )
    smallest = window_output(min(space), kernel=5, stride=stride, padding=2)
    for number, (wide, pooled) in enumerate(_plan(smallest), 2):
        _append(network, layer, number, (count, scaled(wide, width)), pooled)
        count = scaled(wide, width)
    network.add_module("flatten", nn.Flatten())
    network.add_module("fc", nn.Linear(count * positions_after(network, space), classes))
    return network


def _plan(size: int) -> list[tuple[int, bool]]:
    """Channels of each further convolution, and whether a pooling halves behind it.

    >>> _plan(14)
    [(32, True), (64, False), (64, True)]
    """
    plan, count = [], FIRST
    while size > SMALL:
        size, count = size // 2, min(2 * count, MOST)
        plan.append((count, True))
    count = min(2 * count, MOST)
    return [*plan, (count, False), (count, can_halve((size,)))]


def _append(
    network: nn.Sequential, layer: Layers, number: int, channels: tuple[int, int], pooled: bool
) -> None:
    network.add_module(f"conv{number}", layer.Conv(*channels, 3, padding=1, bias=False))
    if pooled:
        network.add_module(f"pool{number}", layer.MaxPool(2))
    network.add_module(f"norm{number}", layer.BatchNorm(channels[1]))
    network.add_module(f"relu{number}", nn.ReLU())
