"""Networks by name: `build("plain", channels=1, classes=10, space=(28, 28))` gives a plain `nn.Module`.

A network takes (sample, channel, *space) and gives one score (logit) a class, (sample, class). The number of
spatial axes picks 1-D, 2-D or 3-D layers. To add one, write a function in a file of its own (the first line of its
docstring is what `convscope networks` shows) and a line in `NETWORKS`.
"""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from convscope.errors import NetworkError, UnknownName
from convscope.network.basic import basic
from convscope.network.fast import fast
from convscope.network.inception import inception
from convscope.network.layers import Space
from convscope.network.plain import plain
from convscope.network.pooled import pooled
from convscope.network.residual import residual
from convscope.network.strided import strided

NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "fast": fast,
    "plain": plain,
    "strided": strided,
    "basic": basic,
    "pooled": pooled,
    "inception": inception,
    "residual": residual,
}


def build(
    name: str,
    channels: int,
    classes: int,
    space: Space,
    *,
    width: float | None = None,
    depth: int | None = None,
) -> nn.Module:
    """Build a network for samples of one shape."""
    if name not in NETWORKS:
        raise UnknownName("network", name, NETWORKS)
    return NETWORKS[name](channels, classes, tuple(space), **_scale(name, NETWORKS[name], width, depth))


def table(channels: int = 1, classes: int = 10, space: Space = (28, 28)) -> list[dict[str, Any]]:
    """List the networks: name, parameters at this shape, description."""
    return [
        {
            "name": name,
            "parameters": _parameters(make, channels, classes, space),
            "description": _first_line(make),
        }
        for name, make in NETWORKS.items()
    ]


def default(kind: str, samples: int, space: Space) -> tuple[str, dict[str, float]]:
    """Choose a network for data of this kind and size: its name, and the scale to build it with."""
    return "fast", {}


def _scale(
    name: str, make: Callable[..., nn.Module], width: float | None, depth: int | None
) -> dict[str, float]:
    given = {knob: value for knob, value in (("width", width), ("depth", depth)) if value is not None}
    known = [knob for knob in ("width", "depth") if knob in inspect.signature(make).parameters]
    for knob in given.keys() - set(known):
        raise NetworkError(f"network '{name}' has no {knob}.")
    return given


def _parameters(make: Callable[..., nn.Module], channels: int, classes: int, space: Space) -> int:
    with torch.device("meta"):  # shapes without numbers
        return sum(parameter.numel() for parameter in make(channels, classes, space).parameters())


def _first_line(make: Callable[..., nn.Module]) -> str:
    return (inspect.getdoc(make) or "").partition("\n")[0]
