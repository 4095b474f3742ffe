"""Recurrent layers: the features of a step, and which axis is time."""

import re

from torch import nn

from convscope.lint.diagnosis.code import attribute, changed, is_torchs, replaced
from convscope.lint.diagnosis.finding import Finding, Fix
from convscope.lint.diagnosis.scene import Scene

KINDS = nn.RNNBase | nn.RNNCellBase


def recurrent(scene: Scene) -> Finding | None:
    """An RNN, LSTM or GRU that got other features, other axes, or a state for another batch."""
    value = scene.input
    if not is_torchs(scene.module) or not isinstance(scene.module, KINDS) or value is None:
        return None
    if alone := _alone(scene):
        return alone
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
    """A state of another size: for other layers, other samples, or with sample and step swapped."""
    value = scene.input
    assert value is not None
    first = getattr(scene.module, "batch_first", False)
    what = f"The state that {scene.name} was given does not fit its input {value.shape}."
    shapes = re.findall(r"[\[(](\d+(?:, \d+)+)[\])]", scene.message)
    if len(shapes) < 2 or len(value.shape) < 3:
        return Finding(what, f"A state is {_state_axes(scene)}.")
    wanted, made = (tuple(map(int, each.split(", "))) for each in (shapes[0], shapes[-1]))
    bad = next((place for place, size in enumerate(wanted) if made[place : place + 1] != (size,)), 0)
    name = ("layer", "sample", "feature")[bad] if len(wanted) == 3 else "sample"
    axis = f"axis {bad} ({name}) of the state: got {made}, expected {wanted}"
    advice = f"Make it with {wanted}, or leave it out: it is then zeros of the right size."
    if name != "sample":
        return Finding(what, f"A state is {_state_axes(scene)}.", axis, advice=advice)
    cause = (
        f"With batch_first={first} axis {0 if first else 1} counts the samples, so there are "
        f"{value.shape[0 if first else 1]}; the state is made for {made[bad]}."
    )
    swapped = value.shape[1 if first else 0] == made[bad]
    return Finding(what, cause, axis, replaced(scene, batch_first=not first) if swapped else (), advice)


def _state_axes(scene: Scene) -> str:
    """What the axes of a state are, with the numbers of this layer."""
    module = scene.module
    directions = 2 if module.bidirectional else 1
    both = f"{module.num_layers} layers × {directions} directions" if directions > 1 else "layers"
    return f"({both}, sample, feature): ({module.num_layers * directions}, samples, {module.hidden_size})"


def _alone(scene: Scene) -> Finding | None:
    """An LSTM that was given one tensor as its state."""
    if not isinstance(scene.module, nn.LSTM) or len(scene.call.inputs) != 2:
        return None
    state = scene.trace.values[scene.call.inputs[1]]
    what = f"The state of {scene.name} is a pair (h, c); it was given one tensor, {state.shape}."
    cause = "An LSTM carries two states from step to step: h, which is also its output, and the cell c."
    call = attribute(scene.call.path)
    advice = f"Give both, as a tuple: `{call}(x, (h, c))`; or none, then both are zeros."
    return Finding(what, cause, advice=advice)
