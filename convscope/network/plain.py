"""The first convolutional network of many tutorials."""

from torch import nn

from convscope.network.layers import Space, chain, layers, positions_after


def plain(channels: int, classes: int, space: Space) -> nn.Module:
    """Conv 5 pad 2 16, ReLU, max pool 2, conv 5 pad 2 32, ReLU, max pool 2, linear.

    ReLU stands behind the pooling here: cutting at 0 changes nothing about which value is the largest, so
    outputs and gradients are the same to the bit, and there are fewer values to cut.

    Raises:
        ShapeError: fewer than 4 positions on an axis.
    """
    layer = layers(space)
    network = chain(
        conv1=layer.Conv(channels, 16, 5, padding=2),
        pool1=layer.MaxPool(2),
        relu1=nn.ReLU(),
        conv2=layer.Conv(16, 32, 5, padding=2),
        pool2=layer.MaxPool(2),
        relu2=nn.ReLU(),
        flatten=nn.Flatten(),
    )
    network.add_module("fc", nn.Linear(32 * positions_after(network, space), classes))
    return network
