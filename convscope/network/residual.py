"""A network with shortcuts around pairs of convolutions."""

from torch import Tensor, nn

from convscope.network.layers import Space, chain, layers, positions_after


class Residual(nn.Module):
    """Two convolutions 3 pad 1 and the input added to what they say, then ReLU.

    Source: He et al. 2015, arXiv:1512.03385, equation 1 (without BatchNorm, as the tutorials have it).
    """

    def __init__(self, channels: int, space: Space) -> None:
        super().__init__()
        layer = layers(space)
        self.conv1 = layer.Conv(channels, channels, 3, padding=1)
        self.relu1 = nn.ReLU()
        self.conv2 = layer.Conv(channels, channels, 3, padding=1)
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(sample, channel, *space) → the same."""
        return self.relu2(x + self.conv2(self.relu1(self.conv1(x))))


def residual(channels: int, classes: int, space: Space) -> nn.Module:
    """Conv 5 16, ReLU, max pool 2, residual block 16, conv 5 32, ReLU, max pool 2, residual block 32, linear.

    ReLU stands behind each pooling, which is the same to the bit and faster (see `plain`).

    Raises:
        ShapeError: fewer than 16 positions on an axis.
    """
    layer = layers(space)
    network = chain(
        conv1=layer.Conv(channels, 16, 5),
        pool1=layer.MaxPool(2),
        relu1=nn.ReLU(),
        residual1=Residual(16, space),
        conv2=layer.Conv(16, 32, 5),
        pool2=layer.MaxPool(2),
        relu2=nn.ReLU(),
        residual2=Residual(32, space),
        flatten=nn.Flatten(),
    )
    network.add_module("fc", nn.Linear(32 * positions_after(network, space), classes))
    return network
