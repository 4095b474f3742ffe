"""What each layer does in one update: sizes of weight, gradient and step, and what it gives for the batch.

Nothing of the training changes by it: values are looked at, never touched, and no random number is drawn.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.hooks import RemovableHandle

from convscope.torch_private import uncompiled
from convscope.training.events import LayerRecord

NEAR = 0.02  # of the range: as close to an end is saturated
CUTTING = (
    F.relu,
    F.relu6,
    torch.relu,
    torch.relu_,
    Tensor.relu,
    Tensor.relu_,
    F.hardswish,
)  # 0 below some value
BOUNDED = {  # with ends
    torch.sigmoid: (0.0, 1.0), Tensor.sigmoid: (0.0, 1.0), F.sigmoid: (0.0, 1.0),
    torch.tanh: (-1.0, 1.0), Tensor.tanh: (-1.0, 1.0), F.tanh: (-1.0, 1.0),
}  # fmt: skip


@dataclass
class _Found:
    """What is known so far of one layer."""

    weights: list[nn.Parameter] = field(default_factory=list)
    before: list[Tensor] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)


class _Outputs(TorchFunctionMode):
    """What leaf layers give, and what activations do that are called as functions."""

    def __init__(self, found: dict[str, _Found]) -> None:
        super().__init__()
        self.found, self.before, self.inside = found, "", ""

    def hang_on(self, name: str, module: nn.Module) -> list[RemovableHandle]:
        """Look at one layer until the hooks are removed."""

        def enters(*_: object) -> None:
            self.inside = name

        def leaves(_: nn.Module, __: object, output: object) -> None:
            self.inside, self.before = "", name
            if _own(module) or name in self.found:
                self.look(name, output)

        return [module.register_forward_pre_hook(enters), module.register_forward_hook(leaves)]

    def look(self, name: str, output: object) -> dict[str, float]:
        """Mean and spread of what a layer gives, where these are numbers; where it runs often, the last."""
        figures = self.found.setdefault(name, _Found()).figures
        values = output[0] if isinstance(output, tuple | list) and output else output
        if isinstance(values, Tensor) and values.is_floating_point() and values.numel() > 1:
            values = values.detach().float()
            mean = values.mean()
            spread = torch.linalg.vector_norm(values - mean) / values.numel() ** 0.5  # ten times std's speed
            figures |= {"mean": mean.item(), "spread": spread.item()}
        return figures

    def __torch_function__(
        self, func: Callable, types: object, args: tuple = (), kwargs: dict[str, Any] | None = None
    ) -> Any:  # noqa: ANN401
        """Let a function of torch run, and look at what an activation gives."""
        output = func(*args, **(kwargs or {}))
        if (func in CUTTING or func in BOUNDED) and isinstance(output, Tensor) and output.dim() > 1:
            name = self.inside or f"{self.before} → {func.__name__}".removeprefix(" → ")
            figures = self.look(name, output)
            if func in CUTTING:
                figures["dead"] = _dead(output.detach())
            else:
                figures["saturated"] = _saturated(output.detach(), *BOUNDED[func])
        return output


class Measuring:
    """The layers of one network, measured over one update: `outputs`, then `gradients`, then `records`."""

    def __init__(self, network: nn.Module) -> None:
        self.layers = {name: module for name, module in network.named_modules() if _own(module)}
        self.leaves = _leaves(network)
        self.found: dict[str, _Found] = {}

    @contextmanager
    def outputs(self) -> Iterator[None]:
        """Look at what layers give in the forward pass inside this block."""
        looking = _Outputs(self.found)
        hooks = []
        for name, module in self.leaves:
            hooks += looking.hang_on(name, module)
        try:
            with looking:
                yield
        finally:
            for hook in hooks:
                hook.remove()

    def gradients(self) -> None:
        """Look at the weights and at their gradients, before the update."""
        for name, module in self.layers.items():
            found = self.found.setdefault(name or type(module).__name__, _Found())
            found.weights = [own for own in _own(module) if own.grad is not None]
            found.before = [own.detach().clone() for own in found.weights]
            if found.weights:
                found.figures["weight"] = _size(found.before)
                found.figures["gradient"] = _size([own.grad for own in found.weights if own.grad is not None])

    def records(self, step: int) -> tuple[LayerRecord, ...]:
        """All that was found, after the update."""
        for found in self.found.values():
            if found.weights:
                moves = [now.detach() - then for now, then in zip(found.weights, found.before, strict=True)]
                found.figures["update"] = _size(moves)
        empty = dict.fromkeys(LayerRecord.__dataclass_fields__.keys() - {"step", "layer"})
        records = [
            LayerRecord(step, name, **{**empty, **found.figures}) for name, found in self.found.items()
        ]
        self.found = {}
        return tuple(records)


def _leaves(network: nn.Module) -> list[tuple[str, nn.Module]]:
    """Layers without layers; none of a network with compiled parts, which a hook would compile anew."""
    modules = list(network.named_modules())
    if any(
        uncompiled(module) is not module or isinstance(module, torch.jit.ScriptModule)
        for _, module in modules
    ):
        return []
    return [
        (name or type(one).__name__, one) for name, one in modules if not any(True for _ in one.children())
    ]


def _own(module: nn.Module) -> list[nn.Parameter]:
    """A layer's own matrices and kernels; all its own parameters where there are none."""
    parameters = [own for own in module.parameters(recurse=False) if own.requires_grad]
    return [own for own in parameters if own.dim() > 1] or parameters


def _size(tensors: list[Tensor]) -> float:
    """The root mean square of all their numbers."""
    squares = sum(tensor.float().square().sum() for tensor in tensors)
    return float((squares / sum(tensor.numel() for tensor in tensors)) ** 0.5)


def _dead(values: Tensor) -> float:
    """The share of units, along axis 1, that are 0 or below for the whole batch, (sample, unit, *space)."""
    highest = values.amax(0)  # (unit, *space); one axis first is 20 times as fast
    return (highest.reshape(len(highest), -1).amax(1) <= 0).float().mean().item()


def _saturated(values: Tensor, low: float, high: float) -> float:
    """The share of values within `NEAR` of an end of their range."""
    near = NEAR * (high - low)
    return ((values <= low + near) | (values >= high - near)).float().mean().item()
