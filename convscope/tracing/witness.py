"""The witness below the capture: which kernels ran, what they changed, whether they drew random numbers."""

from functools import cache
from typing import Any

import torch
from torch import Tensor

from convscope.torch_private import OpOverload, written_arguments
from convscope.tracing.structure import leaves

# Batch norm in training mode changes its running mean and variance without saying so in its schema.
UNDECLARED = {
    torch.ops.aten.native_batch_norm.default: (3, 4),
    torch.ops.aten.cudnn_batch_norm.default: (3, 4),
    torch.ops.aten.miopen_batch_norm.default: (3, 4),
}
TRAINING = 5  # position of their argument `training`


class Witness:
    """What the kernels of one operation do."""

    __slots__ = ("kernels", "random_state", "written")

    def __init__(self) -> None:
        self.kernels: list[OpOverload] = []
        self.written: list[Tensor] = []
        self.random_state: Tensor | None = None

    def look(self, kernel: OpOverload, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """A kernel is about to run."""
        self.kernels.append(kernel)
        self.written += written(kernel, args, kwargs)
        if self.random_state is None and is_random(kernel):
            self.random_state = generator_of(kwargs).get_state()


def generator_of(structure: Any) -> torch.Generator:  # noqa: ANN401 - arguments of any call
    """The generator that a call was given, or torch's own."""
    given = (leaf for leaf in leaves(structure) if isinstance(leaf, torch.Generator))
    return next(given, torch.default_generator)


def written(kernel: OpOverload, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Tensor]:
    """The tensors that a kernel changes."""
    positions, names = _declared(kernel)
    found = [args[position] for position in positions if position < len(args)]
    found += [kwargs[name] for name in names if name in kwargs]
    if kernel in UNDECLARED and args[TRAINING]:
        found += [args[position] for position in UNDECLARED[kernel]]
    flat = [one for each in found for one in (each if isinstance(each, list | tuple) else [each])]
    return [tensor for tensor in flat if isinstance(tensor, Tensor)]


@cache
def _declared(kernel: OpOverload) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Positions and names of the arguments that a kernel's schema says it writes to."""
    return written_arguments(kernel)


@cache
def is_random(kernel: OpOverload) -> bool:
    """Whether a kernel draws from the generator."""
    return torch.Tag.nondeterministic_seeded in kernel.tags
