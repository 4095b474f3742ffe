"""Axes: a batch or channel axis that is missing, or in another place."""

import re
from dataclasses import replace
from math import prod

from convscope.explaining import Role, known
from convscope.lint.finding import Finding, Fix, rule
from convscope.lint.forward.code import changed, replaced
from convscope.lint.forward.scene import Scene, counted
from convscope.shapes import AXES
from convscope.tracing.graph import Node, Trace, Value


@rule(
    "forward",
    "number-of-axes",
    why="A layer's name says its spatial axes: Conv2d takes (sample, channel, height, "
    "width). A grey picture lacks the channel, one sample the batch.",
    example="""
        model = nn.BatchNorm2d(4)
        inputs = torch.zeros(2, 4, 8)
    """,
    fix="""
        model = nn.BatchNorm1d(4)
        inputs = torch.zeros(2, 4, 8)
    """,
)
def axes(scene: Scene) -> Finding | None:
    """A layer that slides a window, or normalises channels, got a tensor with too few or too many axes."""
    space, value = _space(scene), scene.input
    if space is None or value is None or len(value.shape) in _allowed(scene, space):
        return None
    expected = ", ".join(("sample", "channel", *AXES[space]))
    got = len(value.shape)
    missing = space + 2 - got
    what = f"{scene.name} needs {space + 2} axes ({expected}); it got {got}: {value.shape}."
    cause = scene.came(value, "The tensor")
    axis = f"{got} axes, expected {space + 2}"
    if missing <= 0 or (got == 2 and "Norm" in scene.call.kind):  # behind a Linear there is no space
        left = max(got - 2, 1)
        fits = f"nn.{scene.call.kind[:-2]}{left}d" if left in AXES and scene.call.path else ""
        advice = f"Take a layer for {got - 2} spatial axes{f', {fits}' if fits else ''}, or fewer axes."
        if got == 2:
            advice = "A Linear gives (sample, feature), without space: that is the layer for one axis of it."
        fixes = _other_kind(scene, fits) if fits else ()
        return Finding(what, cause, axis=axis, fixes=fixes, advice=advice)
    return Finding(
        what, cause, axis=axis, fixes=_with_axes(scene, value, space), advice=_reading(value, space)
    )


def _space(scene: Scene) -> int | None:
    kind = (
        re.search(r"([123])d$", scene.call.kind)
        if not scene.op or scene.entry.role is Role.NORMALISATION
        else None
    )
    return scene.entry.space or (int(kind[1]) if kind else None)


def _allowed(scene: Scene, space: int) -> tuple[int, ...]:
    """Windows also take one sample without its batch axis; batch norm does not (but 2 axes in 1-D)."""
    if "BatchNorm" in scene.call.kind:
        return (2, 3) if space == 1 else (space + 2,)
    return (space + 1, space + 2)


def _other_kind(scene: Scene, fits: str) -> tuple[Fix, ...]:
    """The same normalisation for the axes that are there; a kernel's sizes would have to be chosen anew."""
    if "Norm" not in fits:
        return ()
    kind = f"nn.{scene.call.kind}"
    return tuple(
        Fix(layers={path: made.replace(kind, fits) for path, made in fix.layers.items()})
        for fix in replaced(scene)
    )


def _reading(value: Value, space: int) -> str:
    """What the axes that are there may be."""
    sizes = ", ".join(map(str, value.shape))
    if len(value.shape) == space:
        return f"({sizes}) is one sample without a channel axis: add both, or only the channel to a batch."
    return f"({sizes}) lacks one axis."


def _with_axes(scene: Scene, value: Value, space: int) -> tuple[Fix, ...]:
    first, second = ".unsqueeze(0)", ".unsqueeze(1)"
    if len(value.shape) == space:
        return changed(scene, value, first + first)
    return changed(scene, value, second) + changed(scene, value, first)


def unbatched_window(trace: Trace) -> tuple[Node, Value] | None:
    """The first window on the way that took one sample without a batch axis; torch lets that pass."""
    for node in trace.nodes:
        space = known(node.op).space
        if space is not None and node.inputs:
            value = trace.values[node.inputs[0]]
            return (node, value) if len(value.shape) == space + 1 else None
    return None


@rule(
    "forward",
    "missing-batch-axis",
    why="Convolutions and poolings also take one sample without its batch axis; axis "
    "0 then counts channels, and what comes later takes them for samples.",
    example="""
        model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(36, 2))
        inputs = torch.zeros(1, 5, 5)
    """,
    fix="""
        model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(36, 2))
        inputs = torch.zeros(1, 5, 5).unsqueeze(0)
    """,
)
def missing_batch(scene: Scene) -> Finding | None:
    """A sample without its batch axis ran through the convolutions and failed later."""
    found = unbatched_window(scene.trace)
    if found is None or scene.input is None:
        return None
    node, value = found
    given = scene.origin(value)
    if given.role != "input":
        return None
    what = f"The batch axis is missing: the model got {given.shape}, one sample and not a batch of one."
    cause = (
        f"`{node.name}` took {value.shape} for one sample of {counted(value.shape[0], 'channel')}; "
        f"so axis 0 counts channels from there on, and {scene.name} got {scene.input.shape}: "
        f"{scene.chain(scene.input)}."
    )
    axis = f"axis 0 (sample): missing in {given.shape}, expected {(1, *given.shape)}"
    fixes = changed(scene, given, ".unsqueeze(0)")
    if scene.entry.role is Role.LINEAR:
        fixes += _as_wide_as_a_sample(scene, scene.input, fixes)
    elif not any(scene.works(fix) for fix in fixes):
        return None
    return Finding(what, cause, axis=axis, fixes=fixes)


def _as_wide_as_a_sample(scene: Scene, value: Value, fixes: tuple[Fix, ...]) -> tuple[Fix, ...]:
    """The same with a layer for all numbers of a sample, whose channels were taken for samples."""
    before = scene.flattened(value)
    wider = replaced(scene, in_features=prod(before)) if before else ()
    return tuple(replace(fix, layers=each.layers) for fix in fixes for each in wider)
