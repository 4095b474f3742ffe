"""Channels: a convolution or normalisation made for another number of them."""

from math import gcd
from typing import Any, NamedTuple

from convscope.explaining import Role
from convscope.lint.finding import Finding, Fix, rule
from convscope.lint.forward.code import changed, replaced
from convscope.lint.forward.scene import Scene, counted
from convscope.shapes import AXES, show
from convscope.tracing.graph import Value


class Kernels(NamedTuple):
    """What a convolution was given."""

    value: Value
    weight: Value
    space: int
    groups: int
    turned: bool  # a transposed one


def _kernels(scene: Scene) -> Kernels | None:
    """The input and the weight of a convolution that failed."""
    space, role = scene.entry.space, scene.entry.role
    value, weight = scene.given("input"), scene.given("weight")
    if role not in (Role.CONVOLUTION, Role.TRANSPOSED) or space is None:
        return None
    if not isinstance(weight, Value) or not isinstance(value, Value):
        return None
    return Kernels(value, weight, space, scene.given("groups"), role is Role.TRANSPOSED)


@rule(
    "forward",
    "kernel-sizes",
    why="A kernel has one size for each axis that it slides along, or one for all.",
    example="""
        model = nn.Conv2d(3, 4, (3, 5, 5))
        inputs = torch.zeros(2, 3, 8, 8)
    """,
    fix="""
        model = nn.Conv2d(3, 4, (5, 5))
        inputs = torch.zeros(2, 3, 8, 8)
    """,
)
def kernel_axes(scene: Scene) -> Finding | None:
    """A kernel with more or fewer sizes than the convolution has axes."""
    given = _kernels(scene)
    if given is None or len(given.weight.shape) == given.space + 2:
        return None
    sizes, space = given.weight.shape[2:], given.space
    what = f"The kernel of {scene.name} has {len(sizes)} sizes, {show(sizes)}; it slides along {space} axes."
    cause = f"{scene.op} has the axes {', '.join(AXES[space])}: one size each, or one for all."
    axis = f"axes of the kernel: {len(sizes)}, expected {space}"
    return Finding(what, cause, axis=axis, fixes=replaced(scene, kernel_size=(sizes * space)[-space:]))


@rule(
    "forward",
    "conv-channels",
    why="Each kernel of a convolution has one plane for each channel that comes in. "
    "torch wants the channels before the space; pictures from files have them "
    "last.",
    example="""
        model = nn.Conv2d(1, 4, 3)
        inputs = torch.zeros(2, 3, 8, 8)
    """,
    fix="""
        model = nn.Conv2d(3, 4, 3)
        inputs = torch.zeros(2, 3, 8, 8)
    """,
)
def convolution(scene: Scene) -> Finding | None:
    """A convolution that got another number of channels than its kernels have."""
    given = _kernels(scene)
    if given is None or len(given.weight.shape) != given.space + 2:
        return None
    value, shape = given.value, given.weight.shape
    expected = shape[0] if given.turned else shape[1] * given.groups
    place = len(value.shape) - given.space - 1  # of the channel axis: 1, or 0 without a batch axis
    got = value.shape[place]
    if got == expected:
        return None
    what = f"{scene.name} expects {counted(expected, 'channel')}, but got {got:,}."
    axis = f"axis {place} (channel) of {value.shape}: got {got:,}, expected {expected:,}"
    cause = f"Its kernels are {shape}. {scene.came(value, 'The tensor')}"
    fixes = _reordered(scene, value, expected, place)
    if fixes and value.shape[-1] == expected:
        what += (
            f" The last axis has {expected:,}: the channels stand last; torch wants them before the space."
        )
    return Finding(what, cause, axis=axis, fixes=fixes + _reduced(scene, got, given.groups))


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


@rule(
    "forward",
    "conv-groups",
    why="Each group of a convolution makes the same number of output channels, so the "
    "groups divide the kernels.",
    example="""
        def model(x):
            return F.conv2d(x, torch.ones(3, 2, 3, 3), groups=2)


        inputs = torch.zeros(1, 4, 8, 8)
    """,
    fix="""
        def model(x):
            return F.conv2d(x, torch.ones(4, 2, 3, 3), groups=2)


        inputs = torch.zeros(1, 4, 8, 8)
    """,
)
def groups(scene: Scene) -> Finding | None:
    """Kernels that cannot be dealt out to the groups."""
    given = _kernels(scene)
    if given is None or given.weight.shape[0] % given.groups == 0:
        return None
    weight, groups = given.weight, given.groups
    kernels = weight.shape[0]
    what = (
        f"{scene.name} has {counted(kernels, 'kernel')} for {groups} groups: {kernels}/{groups} is not whole."
    )
    cause = f"Each group makes the same number of output channels; its weight is {weight.shape}."
    good = ", ".join(str(each) for each in range(1, kernels + 1) if kernels % each == 0)
    advice = f"Take a number of groups that divides {kernels}: {good}."
    return Finding(what, cause, axis=f"axis 0 (output channel) of the weight: {kernels}", advice=advice)


@rule(
    "forward",
    "batch-norm-channels",
    why="A normalisation keeps a mean, a variance, a weight and a bias for each "
    "channel, so it is made for their number.",
    example="""
        model = nn.BatchNorm2d(8)
        inputs = torch.zeros(2, 6, 4, 4)
    """,
    fix="""
        model = nn.BatchNorm2d(6)
        inputs = torch.zeros(2, 6, 4, 4)
    """,
)
def batch_norm(scene: Scene) -> Finding | None:
    """Batch norm (or instance norm) with statistics for another number of channels."""
    if "running_mean" not in scene.names or scene.input is None:
        return None
    value = scene.input
    sizes = [each.shape[0] for each in scene.tensors[1:] if len(each.shape) == 1]
    got = value.shape[1] if len(value.shape) > 1 else 0
    if not sizes or got in (0, sizes[0]):
        return None
    what = f"{scene.name} normalises {counted(sizes[0], 'channel')}, but got {got:,}."
    axis = f"axis 1 (channel) of {value.shape}: got {got:,}, expected {sizes[0]:,}"
    return Finding(what, scene.came(value, "The tensor"), axis=axis, fixes=replaced(scene, num_features=got))


@rule(
    "forward",
    "batch-norm-of-one-value",
    why="Batch norm in training takes mean and variance over the samples (and "
    "positions) of the batch; of a single number the variance is 0 and nothing "
    "would be left.",
    example="""
        model = nn.BatchNorm1d(4)
        inputs = torch.zeros(1, 4)
    """,
    fix="""
        model = nn.BatchNorm1d(4).eval()
        inputs = torch.zeros(1, 4)
    """,
)
def one_value(scene: Scene) -> Finding | None:
    """A normalisation in training mode that got one number a channel."""
    value = scene.input
    if value is None or "more than 1 value per channel" not in scene.message:
        return None
    what = f"{scene.name} is in training mode and got one value a channel, {value.shape}: it has no variance."
    cause = (
        "Batch norm in training takes mean and variance over the samples (and positions) of the batch; of a "
        f"single number the variance is 0 and nothing would be left. {scene.came(value, 'The tensor')}"
    )
    advice = "For training: give at least 2 samples, or drop the last incomplete batch (drop_last=True)."
    axis = f"axis 0 (sample): {value.shape[0]}, expected at least 2"
    return Finding(what, cause, axis=axis, fixes=(Fix(evaluation=True),), advice=advice)


@rule(
    "forward",
    "group-norm-channels",
    why="Group norm brings groups of channels to mean 0 and spread 1; the groups "
    "divide the channels, and there is a weight for each channel.",
    example="""
        model = nn.GroupNorm(2, 8)
        inputs = torch.zeros(2, 6, 4, 4)
    """,
    fix="""
        model = nn.GroupNorm(2, 6)
        inputs = torch.zeros(2, 6, 4, 4)
    """,
)
def group_norm(scene: Scene) -> Finding | None:
    """Group norm whose groups do not divide the channels, or with weights for another number of them."""
    value, groups = scene.given("input"), scene.given("num_groups")
    if not isinstance(value, Value) or not isinstance(groups, int):
        return None
    got, weight = value.shape[1], scene.given("weight")
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
    return Finding(
        f"{scene.name}{wanted}{trouble}",
        scene.came(value, "The tensor"),
        axis=axis,
        fixes=fixes,
        advice=advice,
    )


@rule(
    "forward",
    "layer-norm-shape",
    why="Layer norm works along the last axes and has a weight for each place on "
    "them, so their sizes are fixed when it is made.",
    example="""
        model = nn.LayerNorm(8)
        inputs = torch.zeros(2, 5, 6)
    """,
    fix="""
        model = nn.LayerNorm(6)
        inputs = torch.zeros(2, 5, 6)
    """,
)
def layer_norm(scene: Scene) -> Finding | None:
    """Layer norm made for other last axes."""
    value, shape = scene.given("input"), scene.given("normalized_shape")
    if not isinstance(value, Value) or not isinstance(shape, tuple | list):
        return None
    expected, got = tuple(shape), value.shape[-len(shape) :]
    if expected == got:
        return None
    last = "last axis" if len(expected) == 1 else f"last {len(expected)} axes"
    what = f"{scene.name} normalises the {last}, made for {show(expected)}, but got {show(got)}."
    axis = f"axis −1 of {value.shape}: got {got[-1]:,}, expected {expected[-1]:,}"
    if len(value.shape) > 2 and expected == (value.shape[1],):
        space = AXES.get(len(value.shape) - 2, ())
        what += f" The {expected[0]:,} channels stand on axis 1, before ({', '.join(space)})."
    fixes = replaced(scene, normalized_shape=got[0] if len(got) == 1 else list(got))
    return Finding(what, scene.came(value, "The tensor"), axis=axis, fixes=fixes)
