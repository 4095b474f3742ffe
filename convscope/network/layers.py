"""What the networks are made of: the layers for 1, 2 or 3 spatial axes, and the sizes that they leave.

A network says `layer = layers(space)`, then `layer.Conv(1, 16, 5)`: kernel 5 is 5, 5×5 or 5×5×5 by the
data.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

from torch import nn

from convscope.errors import NetworkError, ShapeError
from convscope.shapes import elements, show, window_output

Space = tuple[int, ...]
Layer = Callable[..., nn.Module]
Entry = TypeVar("Entry")


class MadeFor(NamedTuple):
    """What a network is made for."""

    channels: int
    classes: int
    space: Space


def demand_no_scale(name: str, scale: Mapping[str, float]) -> None:
    """Refuse a width or depth for a network that is made already.

    Raises:
        NetworkError: it comes too late.
    """
    if scale:
        raise NetworkError(f"{name} is made already: {' and '.join(scale)} come too late.\n  Leave them out.")


class Layers(NamedTuple):
    """The layers whose name in torch ends with the number of spatial axes."""

    Conv: Layer
    BatchNorm: Layer
    MaxPool: Layer
    AvgPool: Layer
    GlobalAvgPool: Layer  # its argument is the size that is left, 1 as a rule


LAYERS = {
    1: Layers(nn.Conv1d, nn.BatchNorm1d, nn.MaxPool1d, nn.AvgPool1d, nn.AdaptiveAvgPool1d),
    2: Layers(nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d),
    3: Layers(nn.Conv3d, nn.BatchNorm3d, nn.MaxPool3d, nn.AvgPool3d, nn.AdaptiveAvgPool3d),
}


def layers(space: Space) -> Layers:
    """Pick the layers for samples of this space: one axis time, two height and width, three a volume.

    Raises:
        ShapeError: not 1, 2 or 3 axes, or an axis without positions.

    >>> layers((28, 28)).Conv(1, 16, 5)
    Conv2d(1, 16, kernel_size=(5, 5), stride=(1, 1))
    """
    if len(space) not in LAYERS or min(space) < 1:
        raise ShapeError(
            f"a sample needs 1, 2 or 3 spatial axes with at least one position each, got ({show(space)}).\n"
            "  One axis is a signal, two are a picture, three a volume."
        )
    return LAYERS[len(space)]


def chain(**modules: nn.Module) -> nn.Sequential:
    """Put modules one after the other, each by its name.

    >>> chain(relu1=nn.ReLU()).relu1
    ReLU()
    """
    return nn.Sequential(OrderedDict(modules))


def space_after(network: nn.Sequential, space: Space) -> Space:
    """Sizes of the spatial axes behind a chain of layers.

    Convolutions and poolings change the sizes; whatever has no window (ReLU, BatchNorm, a block that keeps
    the size) passes them on.

    Raises:
        ShapeError: a window is larger than what has come down to it.

    >>> space_after(chain(conv1=nn.Conv2d(1, 10, 5), pool1=nn.MaxPool2d(2)), (28, 20))
    (12, 8)
    """
    for name, module in network.named_children():
        if not hasattr(module, "kernel_size"):
            continue
        kernel, stride, padding = (
            _each(getattr(module, what), space) for what in ("kernel_size", "stride", "padding")
        )
        after = tuple(map(window_output, space, kernel, stride, padding))
        if min(after) < 1:
            raise ShapeError(
                f"the window of layer '{name}', {show(kernel)}, does not fit into {show(space)}."
            )
        space = after
    return space


def positions_after(network: nn.Sequential, space: Space) -> int:
    """Number of positions behind a chain of layers: times the channels, what a linear layer gets.

    >>> positions_after(chain(conv1=nn.Conv2d(1, 10, 5), pool1=nn.MaxPool2d(2)), (28, 20))
    96
    """
    return elements(space_after(network, space))


def scaled(channels: int, width: float) -> int:
    """Channels of a layer in a network made wider or narrower, at least 1.

    >>> scaled(64, 0.25)
    16
    """
    return max(1, round(channels * width))


def can_halve(space: Space) -> bool:
    """Say whether at least 2 positions an axis remain after halving: BatchNorm needs more than one."""
    return min(space) >= 4


def pick(network: str, depth: int, plans: Mapping[int, Entry]) -> Entry:
    """Look up what a network does at this depth.

    Raises:
        NetworkError: no such depth; names the ones there are.
    """
    if depth not in plans:
        known = ", ".join(map(str, plans))
        raise NetworkError(f"network '{network}' has no depth {depth}.\n  The depths it has: {known}.")
    return plans[depth]


def _each(size: int | tuple[int, ...], space: Space) -> tuple[int, ...]:
    """One size an axis: torch's layers keep either that or one size for all axes."""
    return size if isinstance(size, tuple) else (size,) * len(space)
