"""Residual networks, from the 8 layers for thumbnails to the 50 for photos."""

from typing import NamedTuple

from torch import Tensor, nn

from convscope.network.layers import Space, can_halve, chain, layers, pick, scaled, space_after
from convscope.shapes import window_output

LARGE = 64  # positions from which the stem looks through 7×7 and reduces to a quarter


class Block(nn.Module):
    """Two convolutions 3, and a shortcut around them (figure 2 of the paper)."""

    expansion = 1

    def __init__(self, channels: int, count: int, stride: int, space: Space) -> None:
        super().__init__()
        layer = layers(space)
        self.conv1 = layer.Conv(channels, count, 3, stride=stride, padding=1, bias=False)
        self.norm1 = layer.BatchNorm(count)
        self.relu1 = nn.ReLU()
        self.conv2 = layer.Conv(count, count, 3, padding=1, bias=False)
        self.norm2 = layer.BatchNorm(count)
        self.shortcut = _shortcut(channels, count, stride, space)
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(sample, channel, *space) → (sample, count, *space or half of it)."""
        y = self.relu1(self.norm1(self.conv1(x)))
        return self.relu2(self.norm2(self.conv2(y)) + self.shortcut(x))


class Bottleneck(nn.Module):
    """Convolutions 1, 3, 1 that narrow, look and widen, and a shortcut around them (figure 5)."""

    expansion = 4

    def __init__(self, channels: int, count: int, stride: int, space: Space) -> None:
        super().__init__()
        layer, wide = layers(space), self.expansion * count
        self.conv1 = layer.Conv(channels, count, 1, bias=False)
        self.norm1 = layer.BatchNorm(count)
        self.relu1 = nn.ReLU()
        self.conv2 = layer.Conv(count, count, 3, stride=stride, padding=1, bias=False)
        self.norm2 = layer.BatchNorm(count)
        self.relu2 = nn.ReLU()
        self.conv3 = layer.Conv(count, wide, 1, bias=False)
        self.norm3 = layer.BatchNorm(wide)
        self.shortcut = _shortcut(channels, wide, stride, space)
        self.relu3 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(sample, channel, *space) → (sample, 4·count, *space or half of it)."""
        y = self.relu1(self.norm1(self.conv1(x)))
        y = self.relu2(self.norm2(self.conv2(y)))
        return self.relu3(self.norm3(self.conv3(y)) + self.shortcut(x))


class Variant(NamedTuple):
    """What the paper fixes for one depth."""

    block: type[Block] | type[Bottleneck]
    repeats: tuple[int, ...]  # blocks of each stage
    channels: int  # of the first stage; each further stage has twice as many


PLANS = {
    8: Variant(Block, (1, 1, 1), 16),
    14: Variant(Block, (2, 2, 2), 16),
    20: Variant(Block, (3, 3, 3), 16),
    18: Variant(Block, (2, 2, 2, 2), 64),
    34: Variant(Block, (3, 4, 6, 3), 64),
    50: Variant(Bottleneck, (3, 4, 6, 3), 64),
}


def resnet(channels: int, classes: int, space: Space, *, width: float = 1.0, depth: int = 20) -> nn.Module:
    """ResNet: a stem, stages of residual blocks (each halves the sizes), global average pool, linear.

    Below 64 positions an axis the stem is conv 3; from there on conv 7 stride 2 and max pool 3 stride 2. A
    stage halves only where at least 2 positions remain, so every input size works.

    Args:
        channels: of a sample.
        classes: scores that come out.
        space: sizes of a sample's spatial axes.
        width: multiplies the channels of every stage (16, 32, 64; from 64 to 512 for 18, 34, 50).
        depth: 8, 14 or 20 (the paper's for 32×32 pictures); 18, 34 or 50 (those for ImageNet).

    Raises:
        NetworkError: no such depth.

    Source: He et al. 2015, arXiv:1512.03385, table 1 and section 4.2, shortcuts of kind B.
    """
    plan = pick("resnet", depth, PLANS)
    count = scaled(plan.channels, width)
    network, space = _stem(channels, count, space)
    channels = count
    for stage, repeats in enumerate(plan.repeats, 1):
        stride = 2 if stage > 1 and can_halve(space) else 1
        blocks = chain()
        for number in range(1, repeats + 1):
            block = plan.block(channels, count, stride if number == 1 else 1, space)
            blocks.add_module(f"block{number}", block)
            channels = count * plan.block.expansion
        network.add_module(f"stage{stage}", blocks)
        space = tuple(window_output(size, 3, stride, 1) for size in space)
        count *= 2
    network.add_module("pool", layers(space).GlobalAvgPool(1))
    network.add_module("flatten", nn.Flatten())
    network.add_module("fc", nn.Linear(channels, classes))
    return network


def _stem(channels: int, count: int, space: Space) -> tuple[nn.Sequential, Space]:
    """What comes before the blocks, and the sizes behind it."""
    layer = layers(space)
    large = min(space) >= LARGE
    kernel, stride = (7, 2) if large else (3, 1)
    network = chain(
        conv=layer.Conv(channels, count, kernel, stride=stride, padding=kernel // 2, bias=False),
        norm=layer.BatchNorm(count),
        relu=nn.ReLU(),
    )
    if large:
        network.add_module("pool", layer.MaxPool(3, stride=2, padding=1))
    return chain(stem=network), space_after(network, space)


def _shortcut(channels: int, count: int, stride: int, space: Space) -> nn.Module:
    """The input as it is, or brought to the new channels and sizes by a convolution 1."""
    if stride == 1 and channels == count:
        return nn.Identity()
    layer = layers(space)
    return chain(conv=layer.Conv(channels, count, 1, stride=stride, bias=False), norm=layer.BatchNorm(count))
