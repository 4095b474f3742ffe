"""Keras 3 on torch: its layers are torch modules, but have names of their own."""

from collections.abc import Iterator
from typing import Any

from torch import nn

from convscope.tracing.graph import ValueRole


def layer_paths(model: nn.Module) -> dict[int, str]:
    """Each layer's `path`, by its id, or its name before it has one; the model itself has none."""
    return {id(layer): str(layer.path or layer.name) for layer in _layers(model) if layer is not model}


def weight_names(model: nn.Module) -> dict[int, tuple[ValueRole, str]]:
    """Each weight's `path`, by its tensor's id; what is not trained is a buffer."""
    return {
        id(weight.value): ("parameter" if weight.trainable else "buffer", str(weight.path))
        for layer in _layers(model)
        for weight in layer.variables
    }


def is_layer(model: nn.Module) -> bool:
    """Whether this is Keras' own, and not a module with something of Keras' in it."""
    from keras import Layer  # picks its backend when it is imported, which is the person's choice

    return isinstance(model, Layer)


def _layers(model: nn.Module) -> Iterator[Any]:
    """The layers in a model: Keras keeps them where torch does not look."""
    modules: Iterator[Any] = model.modules()
    for module in modules:
        if is_layer(module):
            yield from module._flatten_layers()
