"""Recurrent layers: the features of a step, and which axis is time."""

import re

from torch import nn

from convscope.explain.diagnosis.code import changed, is_torchs, replaced
from convscope.explain.diagnosis.finding import Finding, Fix
from convscope.explain.diagnosis.scene import Scene

KINDS = nn.RNNBase | nn.RNNCellBase


def recurrent(scene: Scene) -> Finding | None:
    """An RNN, LSTM or GRU that got other features, other axes, or a state for another batch."""
    value = scene.input
    if not is_torchs(scene.module) or not isinstance(scene.module, KINDS) or value is None:
        return None
    if "hidden size" in scene.message.lower() or "hidden[0]" in scene.message:
        return _state(scene)
    expected, got = scene.module.input_size, value.shape[-1] if value.shape else 0
    order = (
        "(sample, step, feature)"
        if getattr(scene.module, "batch_first", False)
        else "(step, sample, feature)"
    )
    if isinstance(scene.module, nn.RNNCellBase):
        order = "(sample, feature)"
    cause = f"It takes {order}, and got {value.shape}. {scene.came(value)}"
    if got == expected or len(value.shape) not in _axes(scene):
        what = f"{scene.name} takes {order}, but got {len(value.shape)} axes: {value.shape}."
        return Finding(what, cause, f"{len(value.shape)} axes", advice="Give it the axes it takes.")
    what = f"{scene.name} expects {expected:,} features a step, but got {got:,} on the last axis."
    axis = f"axis −1 (feature) of {value.shape}: got {got:,}, expected {expected:,}"
    turned: tuple[Fix, ...] = ()
    if len(value.shape) == 3 and value.shape[1] == expected:
        what += f" Axis 1 has {expected:,}: the features stand before the steps."
        method = ".transpose(1, 2)" if scene.module.batch_first else ".permute(2, 0, 1)"
        turned = changed(scene, value, method)
    return Finding(what, cause, axis, turned + replaced(scene, input_size=got))


def _axes(scene: Scene) -> tuple[int, int]:
    """How many axes it takes, without and with the batch."""
    return (1, 2) if isinstance(scene.module, nn.RNNCellBase) else (2, 3)


def _state(scene: Scene) -> Finding:
    """A state that was made for another batch: as a rule the axes of sample and step are swapped."""
    value = scene.input
    assert value is not None
    first = getattr(scene.module, "batch_first", False)
    sizes = re.findall(r"[\[(]([\d, ]+)[\])]", scene.message)
    what = f"The state that {scene.name} was given does not fit its input {value.shape}."
    cause = (
        f"With batch_first={first} axis {0 if first else 1} counts the samples, so there are "
        f"{value.shape[0 if first else 1]}; the state is made for ({sizes[-1] if sizes else '?'})."
    )
    wanted, made = (sizes[0], sizes[-1]) if sizes else ("?", "?")
    axis = f"axis 1 (sample) of the state: got ({made}), expected ({wanted})"
    return Finding(what, cause, axis, replaced(scene, batch_first=not first))
