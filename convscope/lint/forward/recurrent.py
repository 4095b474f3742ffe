"""Recurrent layers: the features of a step, and which axis is time."""

import re

from torch import nn

from convscope.lint.finding import Finding, Fix, rule
from convscope.lint.forward.code import changed, is_torchs, replaced
from convscope.lint.forward.scene import Scene
from convscope.lint.trial import attribute

KINDS = nn.RNNBase | nn.RNNCellBase


def _is_recurrent(scene: Scene) -> bool:
    return is_torchs(scene.module) and isinstance(scene.module, KINDS)


@rule(
    "forward",
    "recurrent-features",
    why="A recurrent layer takes (step, sample, feature), with batch_first (sample, "
    "step, feature), and is made for the number of features a step.",
    example="""
        model = nn.GRU(4, 8)
        inputs = torch.zeros(5, 2, 3)
    """,
    fix="""
        model = nn.GRU(3, 8)
        inputs = torch.zeros(5, 2, 3)
    """,
)
def recurrent(scene: Scene) -> Finding | None:
    """A recurrent layer that got other features a step, or other axes."""
    value = scene.input
    if value is None or not _is_recurrent(scene):
        return None
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
        return Finding(what, cause, axis=f"{len(value.shape)} axes", advice="Give it the axes it takes.")
    what = f"{scene.name} expects {expected:,} features a step, but got {got:,} on the last axis."
    axis = f"axis −1 (feature) of {value.shape}: got {got:,}, expected {expected:,}"
    turned: tuple[Fix, ...] = ()
    if len(value.shape) == 3 and value.shape[1] == expected:
        what += f" Axis 1 has {expected:,}: the features stand before the steps."
        method = ".transpose(1, 2)" if scene.module.batch_first else ".permute(2, 0, 1)"
        turned = changed(scene, value, method)
    return Finding(what, cause, axis=axis, fixes=turned + replaced(scene, input_size=got))


def _axes(scene: Scene) -> tuple[int, int]:
    """How many axes it takes, without and with the batch."""
    return (1, 2) if isinstance(scene.module, nn.RNNCellBase) else (2, 3)


@rule(
    "forward",
    "recurrent-state-size",
    why="A state is (layer, sample, feature), with batch_first as well; twice as many "
    "layers where the layer runs in both directions.",
    example="""
        model = nn.GRU(3, 8, num_layers=2)
        inputs = torch.zeros(5, 4, 3), torch.zeros(1, 4, 8)
    """,
    fix="""
        model = nn.GRU(3, 8, num_layers=2)
        inputs = torch.zeros(5, 4, 3), torch.zeros(2, 4, 8)
    """,
)
def state(scene: Scene) -> Finding | None:
    """A state of another size: for other layers, other samples, or with sample and step swapped."""
    value = scene.input
    spoken = any(word in scene.message.lower() for word in ("hidden size", "hidden[0]", "hx should also be"))
    if value is None or not spoken or not _is_recurrent(scene):
        return None
    first = getattr(scene.module, "batch_first", False)
    what = f"The state that {scene.name} was given does not fit its input {value.shape}."
    shapes = re.findall(r"[\[(](\d+(?:, \d+)+)[\])]", scene.message)
    if len(shapes) < 2 or len(value.shape) < 3:
        given = scene.trace.values[scene.call.inputs[1]] if len(scene.call.inputs) == 2 else None
        fixes = changed(scene, given, ".unsqueeze(0)", 1) if given and len(given.shape) == 2 else ()
        return Finding(what, f"A state is {_state_axes(scene)}.", fixes=fixes)
    wanted, made = (tuple(map(int, each.split(", "))) for each in (shapes[0], shapes[-1]))
    bad = next((place for place, size in enumerate(wanted) if made[place : place + 1] != (size,)), 0)
    name = ("layer", "sample", "feature")[bad] if len(wanted) == 3 else "sample"
    axis = f"axis {bad} ({name}) of the state: got {made}, expected {wanted}"
    advice = f"Make it with {wanted}, or leave it out: it is then zeros of the right size."
    if name != "sample":
        return Finding(what, f"A state is {_state_axes(scene)}.", axis=axis, advice=advice)
    cause = (
        f"With batch_first={first} axis {0 if first else 1} counts the samples, so there are "
        f"{value.shape[0 if first else 1]}; the state is made for {made[bad]}."
    )
    swapped = value.shape[1 if first else 0] == made[bad]
    return Finding(
        what, cause, axis=axis, fixes=replaced(scene, batch_first=not first) if swapped else (), advice=advice
    )


def _state_axes(scene: Scene) -> str:
    """What the axes of a state are, with the numbers of this layer."""
    module = scene.module
    directions = 2 if module.bidirectional else 1
    both = f"{module.num_layers} layers × {directions} directions" if directions > 1 else "layers"
    return f"({both}, sample, feature): ({module.num_layers * directions}, samples, {module.hidden_size})"


@rule(
    "forward",
    "lstm-state-pair",
    why="An LSTM carries two states from step to step: h, which is also its output, and the cell c.",
    example="""
        model = nn.LSTM(3, 8)
        inputs = torch.zeros(5, 2, 3), torch.zeros(1, 2, 8)
    """,
    fix="""
        model = nn.LSTM(3, 8)
        inputs = torch.zeros(5, 2, 3), (torch.zeros(1, 2, 8), torch.zeros(1, 2, 8))
    """,
)
def half_a_state(scene: Scene) -> Finding | None:
    """An LSTM that was given one tensor as its state."""
    if not isinstance(scene.module, nn.LSTM | nn.LSTMCell) or len(scene.call.inputs) != 2:
        return None
    state = scene.trace.values[scene.call.inputs[1]]
    what = f"The state of {scene.name} is a pair (h, c); it was given one tensor, {state.shape}."
    cause = "An LSTM carries two states from step to step: h, which is also its output, and the cell c."
    call = attribute(scene.call.path)
    advice = f"Give both, as a tuple: `{call}(x, (h, c))`; or none, then both are zeros."
    return Finding(what, cause, advice=advice)
