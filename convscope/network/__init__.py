"""Networks by name: `build("plain", channels=1, classes=10, space=(28, 28))` gives a plain `nn.Module`.

A network takes (sample, channel, *space) and gives one score (logit) a class, (sample, class). The number
of spatial axes picks 1-D, 2-D or 3-D layers. To add one, write a function in a file of its own (the first
line of its docstring is what `convscope networks` shows) and a line in `NETWORKS`.
"""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from convscope.errors import NetworkError, ShapeError, UnknownName
from convscope.network import fit, keras_file
from convscope.network.basic import basic
from convscope.network.compact import compact
from convscope.network.fast import fast
from convscope.network.inception import inception
from convscope.network.inception_time import inception_time
from convscope.network.layers import MadeFor, Space, demand_no_scale, layers
from convscope.network.lenet import lenet5
from convscope.network.model import Model, assemble
from convscope.network.own import build_own, is_own
from convscope.network.plain import plain
from convscope.network.pooled import pooled
from convscope.network.residual import residual
from convscope.network.resnet import resnet
from convscope.network.rnn import bigru, bilstm, gru, lstm, rnn, rnn_cell
from convscope.network.strided import strided
from convscope.network.vgg import vgg
from convscope.paths import expanded
from convscope.shapes import show

NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "fast": fast,
    "compact": compact,
    "plain": plain,
    "strided": strided,
    "basic": basic,
    "pooled": pooled,
    "inception": inception,
    "residual": residual,
    "lenet5": lenet5,
    "vgg": vgg,
    "resnet": resnet,
    "inception-time": inception_time,
    "rnn": rnn,
    "lstm": lstm,
    "gru": gru,
    "bilstm": bilstm,
    "bigru": bigru,
    "rnn-cell": rnn_cell,
}
ONE_AXIS = (
    "inception-time",
    "rnn",
    "lstm",
    "gru",
    "bilstm",
    "bigru",
    "rnn-cell",
)  # the others take 1, 2 or 3
SIGNAL = (
    140,
)  # where `table` is asked for pictures, networks for one axis are counted at a heartbeat's size
DEFAULTS: dict[str, tuple[str, dict[str, float]]] = {  # kind of data → network, and its scale
    "image": ("fast", {}),
    "signal": ("compact", {"width": 0.5}),
    "volume": ("compact", {"width": 0.5}),
    "sequence": ("gru", {}),
}
KNOBS = ("width", "depth")
LARGEST_SEARCH = 64  # positions an axis, where the smallest size that fits is looked for


def build(
    name: str,
    channels: int,
    classes: int,
    space: Space,
    *,
    width: float | None = None,
    depth: int | None = None,
) -> nn.Module:
    """Build a network for samples of one shape, and make sure that it fits them.

    `torch.manual_seed` before it fixes the weights.

    Args:
        name: a key of `NETWORKS`, `file.py:ClassOrFunction`, or a `.keras` file.
        channels: of a sample.
        classes: scores that come out.
        space: sizes of a sample's spatial axes.
        width: multiplies the channels of a network that has this knob.
        depth: number of layers, of a network that has this knob.

    Returns:
        The network, (sample, channel, *space) → (sample, class), in training mode.

    Raises:
        UnknownName: no network of this name.
        ShapeError: the samples do not fit; says which layer, the shapes, and what to change.
        NetworkError: it has no such knob, or a person's own code fails.

    >>> build("plain", channels=1, classes=10, space=(28, 28)).fc
    Linear(in_features=1568, out_features=10, bias=True)
    """
    space = tuple(space)
    layers(space)  # refuses a space that no network could take
    if min(channels, classes) < 1:
        raise ShapeError(f"a network needs a channel and a class at least, got {channels} and {classes}.")
    if is_own(name) or keras_file.is_named(name):
        network = _own(name, channels, classes, space, _given(width, depth))
        fit.check(network, channels, classes, space)
        return network.train()
    if name not in NETWORKS:
        raise UnknownName("network", name, NETWORKS)
    scale = _scale(name, width, depth)
    try:
        return _fitting(name, channels, classes, space, scale)
    except ShapeError as error:
        raise _with_smallest(error, name, channels, classes, space, scale) from error


def build_model(
    name: str,
    channels: int,
    classes: int,
    space: Space,
    *,
    width: float | None = None,
    depth: int | None = None,
    scale: str = "set",
    regression: bool = False,
) -> Model:
    """Build a network with the first and the last step around it: the one way to a `Model`.

    Args:
        name: as `build` takes it, and so are all up to `depth`.
        channels: of a sample.
        classes: scores that come out; 1 for regression.
        space: sizes of a sample's spatial axes.
        width: multiplies the channels of a network that has this knob.
        depth: number of layers, of a network that has this knob.
        scale: "set": standardise by the training part; "sample": each sample by itself.
        regression: the network gives a value instead of scores.

    Returns:
        The model, in training mode; `Model.fit` or saved weights fill what is measured on data.
    """
    body = build(name, channels, classes, space, width=width, depth=depth)
    return assemble(body, channels, scale, regression=regression)


def takes(name: str, axes: int) -> bool:
    """Say whether a network of the house takes samples with so many spatial axes.

    >>> takes("lstm", 1), takes("lstm", 2), takes("plain", 2)
    (True, False, True)
    """
    return axes == 1 or (axes in (2, 3) and name not in ONE_AXIS)


def table(channels: int = 1, classes: int = 10, space: Space = (28, 28)) -> list[dict[str, Any]]:
    """List the networks: name, parameters at a shape of samples, that shape, description.

    The shape is (channels, *space), or (channels, 140) for the networks that take one axis only.

    >>> table()[2]["name"], table()[2]["parameters"], table()[2]["shape"]
    ('plain', 28938, (1, 28, 28))
    """
    rows = []
    for name, make in NETWORKS.items():
        taken = space if takes(name, len(space)) else SIGNAL
        with torch.device("meta"):  # shapes without numbers
            network = make(channels, classes, taken)
        parameters = sum(parameter.numel() for parameter in network.parameters())
        shape = (channels, *taken)
        rows.append(
            {"name": name, "parameters": parameters, "shape": shape, "description": _first_line(make)}
        )
    return rows


def default(kind: str, samples: int, space: Space) -> tuple[str, dict[str, float]]:  # noqa: ARG001
    """Choose a network for data of this kind, number of training samples and size.

    Those of `DEFAULTS` take their strides from the size of the samples, so kind alone decides so far.

    Args:
        kind: image, signal, volume or sequence.
        samples: of the training part.
        space: sizes of a sample's spatial axes.

    Returns:
        Its name, and the scale (width, depth) to build it with.

    >>> default("sequence", 1461, (3,))
    ('gru', {})
    """
    name, scale = DEFAULTS[kind]
    return name, dict(scale)


def _own(name: str, channels: int, classes: int, space: Space, scale: dict[str, float]) -> nn.Module:
    if not keras_file.is_named(name):
        return build_own(name, channels, classes, space, **scale)
    demand_no_scale(name, scale)
    from convscope.network.keras_network import around

    network = around(keras_file.load(expanded(name))[0], MadeFor(channels, classes, space))
    network.said = (*network.said, f"it begins with the weights in {Path(name).name}")
    return network


def _fitting(name: str, channels: int, classes: int, space: Space, scale: dict[str, float]) -> nn.Module:
    network = NETWORKS[name](channels, classes, space, **scale)
    try:
        fit.check(network, channels, classes, space)
    except NetworkError as error:  # a network of the house fails by its sizes alone
        raise ShapeError(str(error)) from error
    return network


def _given(width: float | None, depth: int | None) -> dict[str, float]:
    """What the person said, within reason."""
    if width is not None and not 0 < width < float("inf"):
        raise NetworkError(
            f"width multiplies the channels, so it must be above 0; got {width}.\n  1 is usual."
        )
    return {knob: value for knob, value in zip(KNOBS, (width, depth), strict=True) if value is not None}


def _scale(name: str, width: float | None, depth: int | None) -> dict[str, float]:
    """The knobs to pass on, or an error that says which knobs there are."""
    given = _given(width, depth)
    for knob in given:
        if knob not in _knobs(name):
            others = ", ".join(other for other in NETWORKS if knob in _knobs(other))
            has = " and ".join(_knobs(name)) or "no such knob"
            raise NetworkError(
                f"network '{name}' has no {knob}: it has {has}.\n  Networks with a {knob}: {others}."
            )
    return given


def _knobs(name: str) -> list[str]:
    return [knob for knob in KNOBS if knob in inspect.signature(NETWORKS[name]).parameters]


def _with_smallest(
    error: ShapeError, name: str, channels: int, classes: int, space: Space, scale: dict[str, float]
) -> ShapeError:
    """Say from which size on a network works, by trying."""
    shape = show((channels, *space))
    for size in range(min(space) + 1, LARGEST_SEARCH + 1):
        smallest = (size,) * len(space)
        try:
            _fitting(name, channels, classes, smallest, scale)
        except ShapeError:
            continue
        return ShapeError(
            f"network '{name}' does not fit samples of {shape}: {error}\n"
            f"  The smallest that fit are {show(smallest)}: enlarge them (pictures: --size), "
            "or take another network."
        )
    return ShapeError(f"network '{name}' does not fit samples of {shape}: {error}")


def _first_line(make: Callable[..., nn.Module]) -> str:
    return (inspect.getdoc(make) or "").partition("\n")[0]
