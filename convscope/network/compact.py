"""The residual network for signals and volumes: small at once, since a volume has so many positions."""

from torch import nn

from convscope.network.layers import Space, can_halve, chain, layers, scaled, space_after
from convscope.network.resnet import Block
from convscope.shapes import window_output

FIRST, BLOCKS = 16, (32, 64, 128)  # channels behind the stem, and behind each block


def compact(channels: int, classes: int, space: Space, *, width: float = 1.0) -> nn.Module:
    """Conv 5 stride 2 16, residual blocks of 32, 64, 128 that each halve, global average pool, linear.

    A halving leaves an eighth of a volume's positions, so four of them make room for twice the channels
    each time. It halves only where at least 2 positions an axis remain, so every input size works.

    Args:
        channels: of a sample.
        classes: scores that come out.
        space: sizes of a sample's spatial axes.
        width: multiplies the channels.

    Source: blocks of He et al. 2015, arXiv:1512.03385, figure 2, shortcuts of kind B.
    """
    layer = layers(space)
    count = scaled(FIRST, width)
    stride = 2 if can_halve(space) else 1
    network = chain(
        conv=layer.Conv(channels, count, 5, stride=stride, padding=2, bias=False),
        norm=layer.BatchNorm(count),
        relu=nn.ReLU(),
    )
    space = space_after(network, space)
    for number, wide in enumerate(BLOCKS, 1):
        stride = 2 if can_halve(space) else 1
        network.add_module(f"block{number}", Block(count, scaled(wide, width), stride, space))
        count = scaled(wide, width)
        space = tuple(window_output(size, 3, stride, 1) for size in space)
    network.add_module("pool", layer.GlobalAvgPool(1))
    network.add_module("flatten", nn.Flatten())
    network.add_module("fc", nn.Linear(count, classes))
    return network
