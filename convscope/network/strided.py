"""A network that halves by stride, without any pooling."""

from torch import nn

from convscope.network.layers import Space, chain, layers, positions_after


def strided(channels: int, classes: int, space: Space) -> nn.Module:
    """Three of conv 3 stride 2 pad 1 (16, 32, 64) + BatchNorm + ReLU, linear."""
    layer = layers(space)
    network = chain(
        conv1=layer.Conv(channels, 16, 3, stride=2, padding=1),
        norm1=layer.BatchNorm(16),
        relu1=nn.ReLU(),
        conv2=layer.Conv(16, 32, 3, stride=2, padding=1),
        norm2=layer.BatchNorm(32),
        relu2=nn.ReLU(),
        conv3=layer.Conv(32, 64, 3, stride=2, padding=1),
        norm3=layer.BatchNorm(64),
        relu3=nn.ReLU(),
        flatten=nn.Flatten(),
    )
    network.add_module("fc", nn.Linear(64 * positions_after(network, space), classes))
    return network
