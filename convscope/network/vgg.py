"""Stages of 3×3 convolutions with a pooling between them."""

from torch import nn

from convscope.network.layers import Space, can_halve, chain, layers, pick, scaled, space_after

CHANNELS = (64, 128, 256, 512, 512)  # of the five stages
STAGES = {  # depth → convolutions of each stage; the paper's depth counts three linear layers with them
    8: (1, 1, 1, 1, 1),
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}


def vgg(channels: int, classes: int, space: Space, *, width: float = 1.0, depth: int = 11) -> nn.Module:
    """VGG: five stages of conv 3 pad 1 + BatchNorm + ReLU with max pool 2, global average pool, linear.

    Global pooling and one linear layer stand for the paper's three linear layers, so every input size works;
    a stage pools only where at least 2 positions remain.

    Args:
        channels: of a sample.
        classes: scores that come out.
        space: sizes of a sample's spatial axes.
        width: multiplies the channels of every stage (64, 128, 256, 512, 512).
        depth: 8, 11, 13, 16 or 19.

    Raises:
        NetworkError: no such depth.

    Source: Simonyan & Zisserman 2014, arXiv:1409.1556, table 1; with BatchNorm (arXiv:1502.03167).
    """
    layer = layers(space)
    network = chain()
    for stage, repeats in enumerate(pick("vgg", depth, STAGES), 1):
        count = scaled(CHANNELS[stage - 1], width)
        for number in range(1, repeats + 1):
            conv = layer.Conv(channels, count, 3, padding=1, bias=False)
            network.add_module(f"conv{stage}_{number}", conv)
            network.add_module(f"norm{stage}_{number}", layer.BatchNorm(count))
            network.add_module(f"relu{stage}_{number}", nn.ReLU())
            channels = count
        if can_halve(space_after(network, space)):
            network.add_module(f"pool{stage}", layer.MaxPool(2))
    network.add_module("pool", layer.GlobalAvgPool(1))
    network.add_module("flatten", nn.Flatten())
    network.add_module("fc", nn.Linear(channels, classes))
    return network
