"""Keras 3 on torch: its layers are torch modules, but have names of their own."""

import keras
from torch import nn

from convscope.trace.graph import Role


def layer_paths(model: nn.Module) -> dict[int, str]:
    """Each layer's `path`, by its id; the model itself has none."""
    found = {id(each): str(each.path) for each in model.modules() if isinstance(each, keras.Layer)}
    return {key: path for key, path in found.items() if key != id(model)}


def weight_names(model: nn.Module) -> dict[int, tuple[Role, str]]:
    """Each weight's `path`, by its tensor's id; what is not trained is a buffer."""
    layers = [each for each in model.modules() if isinstance(each, keras.Layer)]
    return {
        id(weight.value): ("parameter" if weight.trainable else "buffer", weight.path)
        for layer in layers
        for weight in layer.variables
    }
