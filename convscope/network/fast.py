"""The network that is taken when nothing is said: few sums where the planes are large, more where they are small."""

from torch import nn

from convscope.network.layers import Space, chain, layers, scaled, space_after


def fast(channels: int, classes: int, space: Space, *, width: float = 1.0) -> nn.Module:
    """Conv 5 stride 2, then conv 3 + max pool + BatchNorm + ReLU down to 8 positions, global max pool, linear."""
    layer = layers(space)
    count = scaled(16, width)
    network = chain(
        conv1=layer.Conv(channels, count, 5, stride=2, padding=2, bias=False),
        norm1=layer.BatchNorm(count),
        relu1=nn.ReLU(),
    )
    number = 2
    while min(left := space_after(network, space)) > 8:
        network.add_module(f"conv{number}", layer.Conv(count, 2 * count, 3, padding=1, bias=False))
        network.add_module(f"pool{number}", layer.MaxPool(2))
        network.add_module(f"norm{number}", layer.BatchNorm(2 * count))
        network.add_module(f"relu{number}", nn.ReLU())
        number, count = number + 1, 2 * count
    for after in (2 * count, 2 * count):
        network.add_module(f"conv{number}", layer.Conv(count, after, 3, padding=1, bias=False))
        network.add_module(f"norm{number}", layer.BatchNorm(after))
        network.add_module(f"relu{number}", nn.ReLU())
        number, count = number + 1, after
    network.add_module("pool", layer.MaxPool(left))
    network.add_module("flatten", nn.Flatten())
    network.add_module("fc", nn.Linear(count, classes))
    return network
