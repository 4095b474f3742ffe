"""Matrix products: the width of a Linear layer, heads of attention, products of any two tensors."""

from dataclasses import replace
from math import prod

from torch import nn

from convscope.explaining import Role
from convscope.lint.finding import Finding, Fix, rule
from convscope.lint.forward.code import behind, changed, replaced
from convscope.lint.forward.scene import Scene, times
from convscope.tracing.graph import Value


@rule(
    "forward",
    "linear-width",
    why="A Linear layer has a weight for each number of a row. Behind convolutions a "
    "row is channels · height · width of what is left, so it changes with the "
    "size of the samples and with every layer before.",
    example="""
        model = nn.Sequential(nn.Flatten(), nn.Linear(1024, 10))
        inputs = torch.zeros(2, 16, 12, 12)
    """,
    fix="""
        model = nn.Sequential(nn.Flatten(), nn.Linear(2304, 10))
        inputs = torch.zeros(2, 16, 12, 12)
    """,
)
def linear(scene: Scene) -> Finding | None:
    """A Linear layer made for another width: the first one behind the convolutions, as a rule."""
    value, weight = scene.given("input"), scene.given("weight")
    if scene.entry.role is not Role.LINEAR or not isinstance(value, Value) or not isinstance(weight, Value):
        return None
    expected, got = weight.shape[1], value.shape[-1] if value.shape else 1
    if got == expected:
        return None
    axis = f"axis {len(value.shape) - 1} (the last) of {value.shape}: got {got:,}, expected {expected:,}"
    before = scene.flattened(value)
    stands = _stands(value, expected)
    return Finding(
        f"{scene.name} expects {expected:,} numbers a row, but got {got:,}.{stands}",
        _width(scene, value, before, expected),
        axis=axis,
        fixes=_moved(scene, value, expected)
        + _flat(scene, value, expected)
        + replaced(scene, in_features=got),
    )


def _width(scene: Scene, value: Value, before: tuple[int, ...] | None, expected: int) -> str:
    wide = times(before[1:]) if before and prod(before[1:]) == value.shape[-1] else f"{value.shape[-1]:,}"
    source = f", from {before}" if before else ""
    return (
        f"The tensor reaching {scene.name} is {wide} wide{source}; the layer is made for {expected:,}. "
        f"{scene.came(value)}"
    )


def _stands(value: Value, expected: int) -> str:
    """A word on the axis that fits, where it is that of the channels."""
    if len(value.shape) < 3 or value.shape[1] != expected:
        return ""
    return f" Axis 1 (channel) has {expected:,}; a Linear works along the last axis."


def _moved(scene: Scene, value: Value, expected: int) -> tuple[Fix, ...]:
    """Channels that a Linear was made for: of pictures their mean over the space, of steps put last."""
    if not _stands(value, expected):
        return ()
    space = ", ".join(map(str, range(2, len(value.shape))))
    method = ".transpose(1, 2)" if len(value.shape) == 3 else f".mean(({space}))"
    line = behind(scene, 0, method)
    return scene.rewritten(line)


def _flat(scene: Scene, value: Value, expected: int) -> tuple[Fix, ...]:
    """Flatten before the layer, where that is all that is missing."""
    if len(value.shape) < 3:
        return ()
    flat = prod(value.shape[1:])
    line = changed(scene, value, ".flatten(1)")
    if flat == expected:
        return line or _flattened(scene)
    wider = replaced(scene, in_features=flat)
    return tuple(replace(each, layers=wide.layers) for each in line for wide in wider if each.edits)


def _flattened(scene: Scene) -> tuple[Fix, ...]:
    """The layer with a flatten before it, where no line of the person's calls it, as in nn.Sequential."""
    return tuple(
        Fix(layers={path: f"nn.Sequential(nn.Flatten(), {made})" for path, made in fix.layers.items()})
        for fix in replaced(scene)
    )


@rule(
    "forward",
    "matmul-shapes",
    why="A row of the first meets a column of the second, number by number: the last "
    "axis of the first is as long as the last but one of the second. The axes "
    "before are equal, or 1.",
    example="""
        def model(q, k):
            return q @ k


        inputs = torch.zeros(2, 5, 8), torch.zeros(2, 5, 8)
    """,
    fix="""
        def model(q, k):
            return q @ k.transpose(-2, -1)


        inputs = torch.zeros(2, 5, 8), torch.zeros(2, 5, 8)
    """,
)
def product(scene: Scene) -> Finding | None:
    """Two tensors that cannot be multiplied as matrices."""
    tensors = [value for value in map(scene.given, scene.names) if isinstance(value, Value)]
    if scene.entry.role is not Role.PRODUCT or len(tensors) < 2:
        return None
    first, second = tensors[-2:]  # what is added to the product stands before them
    if len(first.shape) < 2 or len(second.shape) < 2:
        return None
    rows, columns = first.shape[-1], second.shape[-2]
    ways = f"{scene.came(first, 'The first')} {scene.came(second, 'The second')}"
    if rows == columns:
        what = f"The products in {scene.name} do not pair up: {first.shape} and {second.shape}."
        return Finding(
            what,
            f"All axes before the last two (sample, head, …) must be equal, or 1. {ways}",
            axis=f"{first.shape[:-2]} against {second.shape[:-2]}",
            advice="Give both the same leading axes: (sample, head, step, feature) for attention.",
        )
    what = f"The matrices in {scene.name} do not go together: {first.shape} times {second.shape}."
    axis = f"the last axis of the first ({rows:,}) must be the last but one of the second ({columns:,})"
    turned = behind(scene, 1, ".transpose(-2, -1)") if second.shape[-1] == rows else ""
    fixes = scene.rewritten(turned)
    advice = "" if fixes else f"Make the two sizes equal: {rows:,} and {columns:,}."
    return Finding(
        what,
        f"A row of the first meets a column of the second, number by number. {ways}",
        axis=axis,
        fixes=fixes,
        advice=advice,
    )


@rule(
    "forward",
    "attention-width",
    why="Attention multiplies the last axis by square matrices of its embed_dim, and "
    "shares it among its heads.",
    example="""
        model = nn.MultiheadAttention(6, 2)
        inputs = (torch.zeros(5, 2, 8),) * 3
    """,
    fix="""
        model = nn.MultiheadAttention(8, 2)
        inputs = (torch.zeros(5, 2, 8),) * 3
    """,
)
def embedding_width(scene: Scene) -> Finding | None:
    """Multi-head attention that got another width than it is made for."""
    if not isinstance(scene.module, nn.MultiheadAttention) or scene.input is None or scene.node is not None:
        return None
    value, expected = scene.input, scene.module.embed_dim
    got = value.shape[-1]
    if got == expected:
        return None
    what = f"{scene.name} works on {expected} features, but got {got} on the last axis."
    axis = f"axis −1 (feature) of {value.shape}: got {got}, expected {expected}"
    return Finding(what, scene.came(value, "The tensor"), axis=axis, fixes=_wider(scene, got))


def _wider(scene: Scene, got: int) -> tuple[Fix, ...]:
    """Heads share the features, so their number has to divide them."""
    if got % scene.module.num_heads:
        return ()
    return replaced(scene, embed_dim=got, kdim=None, vdim=None)
