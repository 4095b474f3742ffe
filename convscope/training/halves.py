"""bf16 copies of the weights in one vector, made by one cast a step.

Autocast makes the same copies weight by weight in each forward pass, and casts their gradients back one by
one. The numbers that are learnt, saved and judged stay float32, and every result is autocast's to the bit.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from torch import Tensor, nn

from convscope.torch_private import has_hooks, own_tensors
from convscope.training.weights import FlatParameters

MULTIPLYING = (  # autocast casts all that they multiply by
    nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d,
)  # fmt: skip
KNOWN = ("torch.nn.", "convscope.network.")  # modules that read no weight of another one


class Halves:
    """bf16 stand-ins for the parameters of convolutions and linear layers."""

    def __init__(self, layers: list[nn.Module], weights: FlatParameters) -> None:
        self.weights = weights
        self.values = weights.values.bfloat16()
        self.places = [
            (own_tensors(layer)["parameter"], name, own)
            for layer in layers
            for name, own in _parameters(layer)
        ]
        self.copies = {own: self._copy(own) for _, _, own in self.places}  # a shared one has one copy

    @classmethod
    def of(cls, module: nn.Module, weights: FlatParameters) -> Self | None:
        """Those of a network; None for one that may use its weights otherwise: there autocast casts."""
        layers = _layers(module)
        return cls(layers, weights) if layers else None

    @contextmanager
    def standing_in(self) -> Iterator[None]:
        """For a forward and a backward pass; then the weights have the gradients."""
        self.values.copy_(self.weights.values)
        for parameters, name, own in self.places:
            parameters[name] = self.copies[own]
        try:
            yield
        finally:
            for parameters, name, own in self.places:
                parameters[name] = own
        for own, copy in self.copies.items():
            if own.grad is not None and copy.grad is not None:
                own.grad.copy_(copy.grad)
            copy.grad = None

    def _copy(self, own: Tensor) -> nn.Parameter:
        return nn.Parameter(self.values.as_strided(own.shape, own.stride(), own.storage_offset()))


def _layers(module: nn.Module) -> list[nn.Module]:
    """Layers whose parameters nobody reads but they themselves."""
    modules = list(module.modules())
    if any(_foreign(one) for one in modules):
        return []
    others = {own for one in modules if type(one) not in MULTIPLYING for _, own in _parameters(one)}
    layers = [one for one in modules if type(one) in MULTIPLYING]
    return [layer for layer in layers if others.isdisjoint(own for _, own in _parameters(layer))]


def _foreign(module: nn.Module) -> bool:
    """Whether it is a person's own, or has hooks, which may change weights."""
    return not type(module).__module__.startswith(KNOWN) or has_hooks(module)


def _parameters(module: nn.Module) -> list[tuple[str, nn.Parameter]]:
    named = module.named_parameters(recurse=False, remove_duplicate=False)
    return [(name, own) for name, own in named if own.requires_grad]
