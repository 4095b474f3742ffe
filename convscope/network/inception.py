"""A network with branches side by side."""

import torch
from torch import Tensor, nn

from convscope.network.layers import Space, chain, layers, positions_after


class Inception(nn.Module):
    """Looks at the same input through four windows at once and stacks what they see: 88 channels, same sizes.

    Source: Szegedy et al. 2014, arXiv:1409.4842, figure 2b (without its ReLUs, as the tutorials have it).
    """

    channels = 88  # 16 + 24 + 24 + 24

    def __init__(self, channels: int, space: Space) -> None:
        super().__init__()
        layer = layers(space)
        self.branch1 = layer.Conv(channels, 16, 1)
        self.branch5 = chain(reduce=layer.Conv(channels, 16, 1), conv=layer.Conv(16, 24, 5, padding=2))
        self.branch3 = chain(
            reduce=layer.Conv(channels, 16, 1),
            conv1=layer.Conv(16, 24, 3, padding=1),
            conv2=layer.Conv(24, 24, 3, padding=1),
        )
        self.branch_pool = chain(pool=layer.AvgPool(3, stride=1, padding=1), conv=layer.Conv(channels, 24, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(sample, channel, *space) → (sample, 88, *space)."""
        return torch.cat([self.branch1(x), self.branch5(x), self.branch3(x), self.branch_pool(x)], dim=1)


def inception(channels: int, classes: int, space: Space) -> nn.Module:
    """Conv 5 10, max pool 2, ReLU, Inception, conv 5 20, max pool 2, ReLU, Inception, linear.

    Raises:
        ShapeError: fewer than 16 positions on an axis.
    """
    layer = layers(space)
    network = chain(
        conv1=layer.Conv(channels, 10, 5),
        pool1=layer.MaxPool(2),
        relu1=nn.ReLU(),
        inception1=Inception(10, space),
        conv2=layer.Conv(Inception.channels, 20, 5),
        pool2=layer.MaxPool(2),
        relu2=nn.ReLU(),
        inception2=Inception(20, space),
        flatten=nn.Flatten(),
    )
    network.add_module("fc", nn.Linear(Inception.channels * positions_after(network, space), classes))
    return network
