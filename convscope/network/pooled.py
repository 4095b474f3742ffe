"""A network that leaves the narrowing to wide poolings, with one hidden linear layer."""

from torch import nn

from convscope.network.layers import Space, chain, layers, positions_after


def pooled(channels: int, classes: int, space: Space) -> nn.Module:
    """Conv 4 32, ReLU, max pool 3, conv 4 64, ReLU, max pool 3, linear 64, ReLU, linear.

    ReLU stands behind each pooling, which is the same to the bit and faster (see `plain`).

    Raises:
        ShapeError: fewer than 21 positions on an axis.
    """
    layer = layers(space)
    network = chain(
        conv1=layer.Conv(channels, 32, 4),
        pool1=layer.MaxPool(3),
        relu1=nn.ReLU(),
        conv2=layer.Conv(32, 64, 4),
        pool2=layer.MaxPool(3),
        relu2=nn.ReLU(),
        flatten=nn.Flatten(),
    )
    network.add_module("fc1", nn.Linear(64 * positions_after(network, space), 64))
    network.add_module("relu3", nn.ReLU())
    network.add_module("fc2", nn.Linear(64, classes))
    return network
