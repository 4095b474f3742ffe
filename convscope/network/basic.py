"""The smallest of the tutorial networks."""

from torch import nn

from convscope.network.layers import Space, chain, layers, positions_after


def basic(channels: int, classes: int, space: Space) -> nn.Module:
    """Conv 5 10, max pool 2, ReLU, conv 5 20, max pool 2, ReLU, linear.

    Raises:
        ShapeError: fewer than 16 positions on an axis.
    """
    layer = layers(space)
    network = chain(
        conv1=layer.Conv(channels, 10, 5),
        pool1=layer.MaxPool(2),
        relu1=nn.ReLU(),
        conv2=layer.Conv(10, 20, 5),
        pool2=layer.MaxPool(2),
        relu2=nn.ReLU(),
        flatten=nn.Flatten(),
    )
    network.add_module("fc", nn.Linear(20 * positions_after(network, space), classes))
    return network
