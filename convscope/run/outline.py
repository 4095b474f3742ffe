"""What a network is made of, a line a layer: the shape that leaves it, its parameters, its multiply-adds."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import NamedTuple

import torch
from torch import Tensor, nn

COUNTED = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)
PLAIN = {  # settings that leave a layer as everybody expects it
    *(f"{name}={size}" for name in ("stride", "dilation") for size in ("1", "1×1", "1×1×1")),
    *(f"{name}=True" for name in ("bias", "affine", "track_running_stats")),
    *("padding=0", "ceil_mode=False", "inplace=False", "start_dim=1", "end_dim=-1"),
}
LOOKS = 10  # at the time that one sample takes


class Layer(NamedTuple):
    """One module that has no modules inside.

    Attributes:
        name: its place in the model, as `model.named_modules()` has it.
        what: its class and the settings that set it apart.
        shape: of its output for one sample, without the sample axis.
        parameters: how many numbers it has learned.
        macs: multiply-adds for one sample, the bias left out; None: not counted for this class of module.
    """

    name: str
    what: str
    shape: tuple[int, ...]
    parameters: int
    macs: int | None


def outline(model: nn.Module, sample: Tensor) -> list[Layer]:
    """Send one sample through a model and note every module that it passes, in the order of the passing.

    Functions that a model calls without a module (`torch.relu(x)`) leave no line; they have no parameters.

    Args:
        model: raw values in; put into evaluation mode by its owner.
        sample: (1, channel, *space).

    >>> layers = outline(nn.Sequential(nn.Conv1d(1, 4, 3), nn.ReLU()), torch.zeros(1, 1, 10))
    >>> [(layer.shape, layer.parameters, layer.macs) for layer in layers]
    [((4, 8), 16, 96), ((4, 8), 0, None)]
    """
    layers: list[Layer] = []
    leaves = {module: name for name, module in model.named_modules() if not any(module.children())}

    def note(module: nn.Module, _: object, output: Tensor | tuple) -> None:
        first = output if isinstance(output, Tensor) else output[0]  # recurrent layers give (output, state)
        again = any(layer.name == leaves[module] for layer in layers)  # shared: its weights count once
        parameters = 0 if again else sum(weights.numel() for weights in module.parameters(recurse=False))
        layers.append(
            Layer(leaves[module], _describe(module), tuple(first.shape[1:]), parameters, _macs(module, first))
        )

    with _hooks(list(leaves), note), torch.inference_mode():
        model(sample)
    return layers


def latency(model: nn.Module, sample: Tensor) -> float:
    """Seconds for one sample alone, the median of 10, after a first one that is not counted."""
    times = []
    with torch.inference_mode():
        for _ in range(LOOKS + 1):
            began = time.perf_counter()
            model(sample)
            times.append(time.perf_counter() - began)
    return median(times[1:])


def _describe(module: nn.Module) -> str:
    """The class, and its settings in brackets as torch tells them, without common ones that change nothing.

    >>> _describe(nn.Conv2d(1, 16, 5, padding=2)), _describe(nn.ReLU())
    ('Conv2d(1, 16, kernel_size=5×5, padding=2×2)', 'ReLU')
    """
    settings = re.sub(r"\((\d+(?:, \d+)+)\)", lambda sizes: sizes[1].replace(", ", "×"), module.extra_repr())
    told = [setting for setting in settings.split(", ") if setting not in PLAIN]
    return f"{type(module).__name__}({', '.join(told)})".removesuffix("()")


def _macs(module: nn.Module, output: Tensor) -> int | None:
    """Each output number of a convolution or linear layer is a sum over the weights of one output channel."""
    return output[0].numel() * module.weight[0].numel() if isinstance(module, COUNTED) else None


@contextmanager
def _hooks(modules: list[nn.Module], hook) -> Iterator[None]:  # noqa: ANN001 - torch has no name for its type
    handles = [module.register_forward_hook(hook) for module in modules]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
