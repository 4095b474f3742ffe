"""The network that read cheques in the nineties."""

from torch import nn

from convscope.network.layers import Space, chain, layers, positions_after, scaled


def lenet5(channels: int, classes: int, space: Space, *, width: float = 1.0) -> nn.Module:
    """LeNet-5: conv 5 pad 2 6, tanh, average pool 2, conv 5 16, tanh, average pool 2, linear 120, 84.

    Padding of the first convolution stands for the paper's 32×32 canvas around 28×28 digits. The partial
    connections of its second convolution and its Gaussian outputs are left out, as everywhere today.

    Args:
        channels: of a sample.
        classes: scores that come out.
        space: sizes of a sample's spatial axes.
        width: multiplies the channels and the hidden units.

    Raises:
        ShapeError: fewer than 12 positions on an axis.

    Source: LeCun et al. 1998, Gradient-based learning applied to document recognition, figure 2.
    """
    layer = layers(space)
    first, second, third, fourth = (scaled(count, width) for count in (6, 16, 120, 84))
    network = chain(
        conv1=layer.Conv(channels, first, 5, padding=2),
        tanh1=nn.Tanh(),
        pool1=layer.AvgPool(2),
        conv2=layer.Conv(first, second, 5),
        tanh2=nn.Tanh(),
        pool2=layer.AvgPool(2),
        flatten=nn.Flatten(),
    )
    network.add_module("fc1", nn.Linear(second * positions_after(network, space), third))
    network.add_module("tanh3", nn.Tanh())
    network.add_module("fc2", nn.Linear(third, fourth))
    network.add_module("tanh4", nn.Tanh())
    network.add_module("fc3", nn.Linear(fourth, classes))
    return network
