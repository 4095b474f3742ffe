"""A Keras model as a network of this house: channels first, scores out, tensors where torch looks for them.

Keras' layers are torch modules on its torch backend, but it has the channels last, mostly ends in a softmax,
counts names over the whole process, and keeps layers and weights in lists of its own.
"""

from collections.abc import Callable, Container, Iterator
from copy import deepcopy
from typing import Any, Self

import torch
from torch import Tensor, nn

from convscope.errors import NetworkError, ShapeError, got
from convscope.network.keras_file import imported, names_anew
from convscope.network.layers import MadeFor, Space
from convscope.network.modes import modes_kept
from convscope.randomness import forked
from convscope.shapes import elements, show
from convscope.torch_private import own_modules, own_tensors

SOFTMAX = "the softmax at its end is taken off: the loss takes scores, and has the softmax in it"
LOGARITHM = "it ends in probabilities: their logarithms are the scores, so its loss is the same cross-entropy"
STANDARDISED = "samples come standardised already (mean 0, spread 1): leave it out, or it makes them tiny"
LOSSES = "are not added to the loss here: leave them out; --weight-decay holds weights small"
FORM = "Make it with the Keras that is installed."
COLLECTED = "_torch_params"
TINIEST = torch.finfo(torch.float32).tiny


class KerasNetwork(nn.Module):
    """A Keras model that takes (sample, channel, *space) and gives scores, (sample, class).

    Attributes:
        model: the Keras model; its layers are modules of this one, by their names.
        layout: where the channels are in what the model takes: "last", "first", "none", or all "flat".
        logarithm: whether it gives probabilities, of which the logarithm is taken.
        said: what was done with it, a sentence each.
        doubts: what looks wrong, a sentence each.
        copy: makes another one, with other weights.
    """

    model: Any

    def __init__(self, model: Any, layout: str, copy: Callable[[], "KerasNetwork"]) -> None:  # noqa: ANN401
        super().__init__()
        self.layout, self.logarithm, self.copy = layout, False, copy
        self.said: tuple[str, ...] = ()
        self.doubts: tuple[str, ...] = ()
        self._take(model)

    def forward(self, x: Tensor) -> Tensor:
        """(sample, channel, *space) → (sample, class)."""
        with imported().device(str(x.device)):
            given = self.model(_arranged(x, self.layout), training=self.training)
        return given.clamp_min(TINIEST).log() if self.logarithm else given

    def without_softmax(self, x: Tensor) -> Self:
        """Give scores also where the model gives probabilities; `x` is what this network takes."""
        if (shorter := _shortened(imported(), self.model)) is not None:
            self._take(shorter)
            self.said = (SOFTMAX,)
        elif _are_probabilities(self._tried(x)):
            self.logarithm, self.said = True, (LOGARITHM,)
        return self

    def _tried(self, x: Tensor) -> Tensor:
        with torch.no_grad(), forked(), modes_kept(self):
            return self.eval()(x)

    def _take(self, model: Any) -> None:  # noqa: ANN401
        """Register the layers, and in each the tensors that are its own, as torch does it."""
        object.__setattr__(self, "model", model)  # not as a module of this name
        layers = own_modules(self)
        layers.clear()
        self.places: list[tuple[Any, dict[str, Any], str]] = []
        for each in (*model.modules(), *model._flatten_layers()):
            if isinstance(each, imported().Layer):
                own_modules(each).pop(
                    COLLECTED, None
                )  # Keras' own list, with the tensors of the layers below
                object.__setattr__(each, COLLECTED, {})  # Keras sees that there is one, torch does not
        for layer, variables in _owned(model):
            layers[_unique(layer.name, layers)] = layer
            tensors = own_tensors(layer)
            tensors["parameter"].clear()
            tensors["buffer"].clear()
            for variable in variables:
                place = tensors["parameter" if variable.trainable else "buffer"]
                name = _unique(variable.name, {**tensors["parameter"], **tensors["buffer"]})
                place[name] = variable.value
                self.places.append((variable, place, name))

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Another device: torch puts new tensors in the place of buffers, and Keras has to know them."""
        super()._apply(fn, recurse)
        for variable, place, name in self.places:
            variable._value = place[name]
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "KerasNetwork":
        """Made again, as Keras copies no class of a person's own."""
        with forked():
            twin = self.copy()
        twin.load_state_dict(self.state_dict())
        twin.said, twin.doubts = self.said, self.doubts
        device = next((each.device for each in self.state_dict().values()), None)
        return twin.to(device).train(self.training)


def around(model: Any, shape: MadeFor, anew: Callable[[], Any] | None = None) -> KerasNetwork:  # noqa: ANN401
    """A Keras model for samples of one shape; where it has no weights yet, it gets them here.

    Args:
        model: of Keras, on the CPU.
        shape: of a sample, and how many scores have to come out.
        anew: makes such a model once more; None: Keras copies it.

    Raises:
        NetworkError: Keras runs on another backend, or the model fails.
        ShapeError: it takes other samples, or gives something else than a number a class.
    """
    keras = imported()
    if not isinstance(model, keras.Layer):
        raise NetworkError(f"{type(model).__name__} is of another Keras than {keras.__version__}.\n  {FORM}")
    channels, classes, space = shape
    layout = _layout(model, channels, space)
    x = torch.zeros(2, channels, *space)
    try:
        with torch.no_grad(), forked(), names_anew(), keras.device("cpu"):  # layers may be made in it
            made = model(_arranged(x, layout), training=False)
    except (Exception, SystemExit) as error:  # Keras and a person's own layers raise whatever they like
        why = str(error).strip().partition("\n\nArguments received")[0] or type(error).__name__
        raise ShapeError(
            f"the Keras model {model.name} fails on samples of {show((channels, *space))}"
            f" (channel × space):\n  {why}\n  Make it for such samples, or bring these to its size (--size)."
        ) from error
    _demand_scores(made, classes, model.name)

    def copy() -> KerasNetwork:
        return around(anew() if anew else _copied(network.model), shape, anew)

    network = KerasNetwork(model, layout, copy).without_softmax(x)
    network.doubts = tuple(_doubts(keras, model))
    return network


def _copied(model: Any) -> Any:  # noqa: ANN401
    with names_anew():
        return deepcopy(model)


def _arranged(x: Tensor, layout: str) -> Tensor:
    """(sample, channel, *space) → what the model takes."""
    match layout:
        case "first":
            return x
        case "none":
            return x[:, 0]
        case "flat":
            return x.movedim(1, -1).flatten(1)
    return x.movedim(1, -1)


def _layout(model: Any, channels: int, space: Space) -> str:  # noqa: ANN401
    """Where the channels go, by what the model says that it takes."""
    inputs = getattr(model, "inputs", None) or ()
    if len(inputs) > 1:
        words = f"the Keras model {model.name} takes {len(inputs)} inputs; a sample is one."
        raise ShapeError(f"{words}\n  Let it take one.")
    if not inputs:  # a class of a person's own, or one that has no size yet
        return "last" if imported().config.image_data_format() == "channels_last" else "first"
    wanted = tuple(inputs[0].shape)[1:]
    layouts = {"last": (*space, channels), "first": (channels, *space)}
    layouts |= {"none": space} if channels == 1 else {}
    layouts["flat"] = (elements((channels, *space)),)
    for layout, shape in layouts.items():
        if len(shape) == len(wanted) and all(b in (None, a) for a, b in zip(shape, wanted, strict=True)):
            return layout
    sizes = " × ".join("any" if each is None else str(each) for each in wanted)
    raise ShapeError(
        f"the Keras model {model.name} takes samples of {sizes}; these are {show((*space, channels))}"
        " (space × channel).\n  "
        + (f"Bring pictures to its size: --size {wanted[0]}" if len(wanted) == 3 and wanted[0] else "Make it")
        + (f" --channels {wanted[2]}" if len(wanted) == 3 and wanted[2] not in (None, channels) else "")
        + f", or make it keras.Input({(*space, channels)})."
    )


def _demand_scores(made: Any, classes: int, name: str) -> None:  # noqa: ANN401
    if not isinstance(made, Tensor):
        raise NetworkError(f"the Keras model {name} gives {got(made)}.\n  Let it give one tensor of scores.")
    if made.shape[1:] != (classes,):
        what = "a value" if classes == 1 else f"a score for each of the {classes} classes"
        raise ShapeError(
            f"the Keras model {name} gives {show(tuple(made.shape[1:])) or 'one number'} a sample, expected"
            f" {classes}: {what}.\n  Let its last layer be keras.layers.Dense({classes})."
        )


def _shortened(keras: Any, model: Any) -> Any:  # noqa: ANN401
    """The model without a softmax at its end; None: it has none, or it cannot be seen."""
    last = next(reversed(model.layers), None) if getattr(model, "outputs", None) else None
    if last is None or getattr(last, "output", None) is not model.outputs[0]:
        return None
    if isinstance(last, keras.layers.Softmax):
        return keras.Model(model.inputs, last.input, name=model.name)
    if getattr(last, "activation", None) is not keras.activations.softmax:
        return None
    last.activation = keras.activations.linear
    return model


def _are_probabilities(given: Tensor) -> bool:
    ones = torch.ones(len(given))
    return given.shape[1] > 1 and bool((given >= 0).all()) and torch.allclose(given.sum(1), ones, atol=1e-4)


def _doubts(keras: Any, model: Any) -> Iterator[str]:  # noqa: ANN401
    scaling = (keras.layers.Rescaling, keras.layers.Normalization)
    for layer in model._flatten_layers():
        if isinstance(layer, scaling):
            yield f"layer {layer.name} ({type(layer).__name__}): {STANDARDISED}."
    if model.losses:
        yield f"losses of its layers (regularizers) {LOSSES}."


def _owned(model: Any) -> list[tuple[Any, list[Any]]]:  # noqa: ANN401
    """Each layer with the variables that no layer within it has, from the outermost on."""
    seen: set[int] = set()
    found = []
    for layer in reversed(model._flatten_layers()):
        own = [each for each in layer.variables if id(each) not in seen]
        seen.update(map(id, own))
        found.append((layer, own))
    return found[::-1]


def _unique(name: str, taken: Container[str]) -> str:
    """A name, with a number where it is taken."""
    return next(each for each in (name, *(f"{name}_{n}" for n in range(1, 1000))) if each not in taken)
