"""Channels: a convolution or normalisation made for another number of them."""

from math import gcd
from typing import Any

from convscope.lint.diagnosis.axes import space_of
from convscope.lint.diagnosis.code import changed, replaced
from convscope.lint.diagnosis.finding import Finding, Fix
from convscope.lint.diagnosis.scene import Scene, counted
from convscope.shapes import AXES, show
from convscope.tracing.graph import Value


def convolution(scene: Scene) -> Finding | None:
    """A convolution got another number of channels than its kernels have."""
    space = space_of(scene.op)
    value, weight = scene.argument(0, "input"), scene.argument(1, "weight")
    if (
        "conv" not in scene.op
        or space is None
        or not isinstance(weight, Value)
        or not isinstance(value, Value)
    ):
        return None
    if len(weight.shape) != space + 2:
        sizes = weight.shape[2:]
        what = (
            f"The kernel of {scene.name} has {len(sizes)} sizes, {show(sizes)}; it slides along {space} axes."
        )
        kernel = (sizes * space)[-space:]
        cause = f"{scene.op} has the axes {', '.join(AXES[space])}: one size each, or one for all."
        axis = f"axes of the kernel: {len(sizes)}, expected {space}"
        return Finding(what, cause, axis, replaced(scene, kernel_size=kernel))
    turned = "transpose" in scene.op
    groups = scene.argument(7 if turned and len(scene.node.args) > 7 else 6, "groups") if scene.node else 1
    groups = groups if isinstance(groups, int) else 1
    expected = weight.shape[0] if turned else weight.shape[1] * groups
    place = len(value.shape) - space - 1  # of the channel axis: 1, or 0 without a batch axis
    got = value.shape[place]
    if got == expected:
        return _groups(scene, weight, groups)
    what = f"{scene.name} expects {counted(expected, 'channel')}, but got {got:,}."
    axis = f"axis {place} (channel) of {value.shape}: got {got:,}, expected {expected:,}"
    cause = f"Its kernels are {weight.shape}. {scene.came(value, 'The tensor')}"
    fixes = _reordered(scene, value, expected, place)
    if fixes and value.shape[-1] == expected:
        what += (
            f" The last axis has {expected:,}: the channels stand last; torch wants them before the space."
        )
    fixes += _reduced(scene, got, groups)
    return Finding(what, cause, axis, fixes)


def _reordered(scene: Scene, value: Value, expected: int, place: int) -> tuple[Fix, ...]:
    """Channels that stand last, or are left out since there is one; only of what the person hands in."""
    if value.role != "input":
        return ()
    if place == 0 and expected == 1:  # a batch of grey pictures was taken for one picture
        return changed(scene, value, ".unsqueeze(1)")
    if value.shape[-1] != expected:
        return ()
    axes = len(value.shape)
    order = [*range(place), axes - 1, *range(place, axes - 1)]
    moved = f".permute({', '.join(map(str, order))})"
    return changed(scene, value, moved if place else f"{moved}.unsqueeze(0)") + changed(scene, value, moved)


def _reduced(scene: Scene, got: int, groups: int) -> tuple[Fix, ...]:
    """The layer for the channels that are there; groups have to divide them."""
    changes: dict[str, Any] = {"in_channels": got}
    if got % groups:
        changes["groups"] = gcd(gcd(got, groups), scene.module.out_channels) if scene.module else 1
    return replaced(scene, **changes)


def _groups(scene: Scene, weight: Value, groups: int) -> Finding | None:
    """Kernels that cannot be dealt out to the groups."""
    kernels = weight.shape[0]
    if kernels % groups == 0:
        return None
    what = (
        f"{scene.name} has {counted(kernels, 'kernel')} for {groups} groups: {kernels}/{groups} is not whole."
    )
    cause = f"Each group makes the same number of output channels; its weight is {weight.shape}."
    good = ", ".join(str(each) for each in range(1, kernels + 1) if kernels % each == 0)
    advice = f"Take a number of groups that divides {kernels}: {good}."
    return Finding(what, cause, f"axis 0 (output channel) of the weight: {kernels}", advice=advice)


def batch_norm(scene: Scene) -> Finding | None:
    """Batch norm (or instance norm) with statistics for another number of channels."""
    if scene.op not in ("batch_norm", "instance_norm") or scene.input is None:
        return None
    value = scene.input
    if "more than 1 value per channel" in scene.message:
        return _one_value(scene, value)
    sizes = [each.shape[0] for each in scene.tensors[1:] if len(each.shape) == 1]
    got = value.shape[1] if len(value.shape) > 1 else 0
    if not sizes or got in (0, sizes[0]):
        return None
    what = f"{scene.name} normalises {counted(sizes[0], 'channel')}, but got {got:,}."
    axis = f"axis 1 (channel) of {value.shape}: got {got:,}, expected {sizes[0]:,}"
    return Finding(what, _came(scene, value), axis, replaced(scene, num_features=got))


def _one_value(scene: Scene, value: Value) -> Finding:
    what = f"{scene.name} is in training mode and got one value a channel, {value.shape}: it has no variance."
    cause = (
        "Batch norm in training takes mean and variance over the samples (and positions) of the batch; of a "
        f"single number the variance is 0 and nothing would be left. {_came(scene, value)}"
    )
    advice = "For training: give at least 2 samples, or drop the last incomplete batch (drop_last=True)."
    axis = f"axis 0 (sample): {value.shape[0]}, expected at least 2"
    return Finding(what, cause, axis, (Fix(evaluation=True),), advice)


def group_norm(scene: Scene) -> Finding | None:
    """Group norm whose groups do not divide the channels, or with weights for another number of them."""
    value, groups = scene.argument(0, "input"), scene.argument(1, "num_groups")
    if scene.op != "group_norm" or not isinstance(value, Value) or not isinstance(groups, int):
        return None
    got, weight = value.shape[1], scene.argument(2, "weight")
    expected = weight.shape[0] if isinstance(weight, Value) else got
    if got == expected and got % groups == 0:
        return None
    trouble = "" if got % groups == 0 else f" {got} is not divisible by its {groups} groups."
    wanted = (
        f" expects {counted(expected, 'channel')}, but got {got:,}." if got != expected else " does not fit."
    )
    good = max(each for each in range(1, groups + 1) if got % each == 0)
    axis = f"axis 1 (channel) of {value.shape}: got {got:,}, expected {expected:,}, in {groups} groups"
    fixes = replaced(scene, num_groups=good, num_channels=got)
    advice = "" if fixes else f"Take a number of groups that divides {got}, such as {good}."
    return Finding(f"{scene.name}{wanted}{trouble}", _came(scene, value), axis, fixes, advice)


def layer_norm(scene: Scene) -> Finding | None:
    """Layer norm made for other last axes."""
    value, shape = scene.argument(0, "input"), scene.argument(1, "normalized_shape")
    if (
        scene.op not in ("layer_norm", "rms_norm")
        or not isinstance(value, Value)
        or not isinstance(shape, tuple | list)
    ):
        return None
    expected, got = tuple(shape), value.shape[-len(shape) :]
    if expected == got:
        return None
    last = "last axis" if len(expected) == 1 else f"last {len(expected)} axes"
    what = f"{scene.name} normalises the {last}, made for {show(expected)}, but got {show(got)}."
    axis = f"axis −1 of {value.shape}: got {got[-1]:,}, expected {expected[-1]:,}"
    fixes: tuple[Fix, ...] = ()
    if len(value.shape) > 2 and expected == (value.shape[1],):
        space = AXES.get(len(value.shape) - 2, ())
        what += f" The {expected[0]:,} channels stand on axis 1, before ({', '.join(space)})."
    fixes += replaced(scene, normalized_shape=got[0] if len(got) == 1 else list(got))
    return Finding(what, _came(scene, value), axis, fixes)


def _came(scene: Scene, value: Value) -> str:
    return scene.came(value, "The tensor")
