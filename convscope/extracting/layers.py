"""What goes into a layer of a network, or comes out of it, for each sample."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from convscope.data.memory import refuse_too_large
from convscope.errors import NetworkError, UnknownName
from convscope.network.model import Model
from convscope.shapes import show
from convscope.tracing.structure import leaves
from convscope.training.scores import logits


def of_layer(
    model: Model, inputs: Tensor, layer: str | None, source: str | Path, what: str = ""
) -> tuple[np.ndarray, str]:
    """What a layer makes of samples, (sample, feature), and which side of which layer that is.

    Args:
        model: the network.
        inputs: (sample, channel, *space).
        layer: as `features` takes it.
        source: whose features these are, for messages.
        what: name under which progress is shown, if any.
    """
    logits(model, inputs[:1])  # the order in memory is settled before anybody listens
    place = _place(model, layer, inputs)
    return _values(model, place, inputs, source, what), place.words


@dataclass(frozen=True)
class _Place:
    """A layer, and which side of it is looked at."""

    name: str
    layer: nn.Module
    before: bool

    @property
    def words(self) -> str:
        return f"what {'goes into' if self.before else 'comes out of'} {self.name}"


def _place(model: Model, layer: str | None, inputs: Tensor) -> _Place:
    layers = {name: module for name, module in model.network.named_modules() if name}
    if layer is not None:
        if layer not in layers:
            raise UnknownName("layer", layer, layers)
        return _Place(layer, layers[layer], before=False)
    called = list(_called(model, {module: name for name, module in layers.items()}, inputs[:1]))
    if not called:
        raise NetworkError("no layer of this network has weights of its own.\n  Name one: --layer NAME.")
    return _Place(called[-1], layers[called[-1]], before=True)


def _called(model: Model, names: dict[nn.Module, str], one: Tensor) -> Iterator[str]:
    """The layers with weights of their own, in the order in which they are called."""
    called: list[nn.Module] = []
    weighing = [module for module in names if next(module.parameters(recurse=False), None) is not None]
    hooks = [module.register_forward_hook(lambda module, *_: called.append(module)) for module in weighing]
    try:
        logits(model, one)
    finally:
        for hook in hooks:
            hook.remove()
    return (names[module] for module in called)


def _values(model: Model, place: _Place, inputs: Tensor, source: str | Path, what: str) -> np.ndarray:
    """(sample, feature) of all samples, in pieces as they are judged."""
    pieces: list[np.ndarray] = []

    def keep(value: Any) -> None:  # noqa: ANN401 - whatever a layer gives
        tensor = next((each for each in leaves(value) if isinstance(each, Tensor)), None)
        if tensor is None or not tensor.dim():
            raise NetworkError(f"{place.name} gives no numbers for each sample.\n  Name another layer.")
        if not pieces:
            refuse_too_large(len(inputs) * tensor[:1].numel() * 4, source)
        pieces.append(tensor.detach().float().flatten(1).cpu().numpy())

    hook = (
        place.layer.register_forward_pre_hook(lambda _, given: keep(given))
        if place.before
        else place.layer.register_forward_hook(lambda _, __, made: keep(made))
    )
    try:
        with torch.inference_mode():
            logits(model, inputs, what=what)
    finally:
        hook.remove()
    if not pieces:
        raise NetworkError(f"{place.name} is never called by itself.\n  Name a layer within it.")
    found = np.concatenate(pieces)
    if len(found) != len(inputs):
        raise NetworkError(
            f"{place.name} gives {show(found.shape)} numbers for {len(inputs):,} samples, not for each.\n"
            "  Name a layer that is called once, with the samples on the first axis."
        )
    return found
