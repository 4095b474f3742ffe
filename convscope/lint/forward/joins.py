"""Tensors that are put together: residual sums, products element by element, concatenations."""

import re
from dataclasses import replace

from torch import nn

from convscope.explaining import Role
from convscope.lint.finding import Finding, Fix, rule
from convscope.lint.forward.code import around, is_torchs, layer
from convscope.lint.forward.scene import Scene
from convscope.shapes import AXES, half_padding, short
from convscope.tracing.graph import Call, Value

DONE = {"+": "added", "−": "subtracted", "×": "multiplied", "÷": "divided"}


def axis_name(shape: tuple[int, ...], axis: int) -> str:
    """What an axis of a tensor of samples is.

    >>> axis_name((2, 3, 8, 8), 1), axis_name((2, 3, 8, 8), 3), axis_name((4, 5), 1)
    ('axis 1 (channel)', 'axis 3 (width)', 'axis 1 (feature)')
    """
    names = ("sample", "channel", *AXES.get(len(shape) - 2, ())) if len(shape) > 2 else ("sample", "feature")
    return f"axis {axis} ({names[axis]})" if axis < len(names) else f"axis {axis}"


@rule(
    "forward",
    "elementwise-shapes",
    why="Two tensors are added number by number: axes are matched from the last one "
    "backwards and are equal, or 1. In a residual block the shortcut needs a 1×1 "
    "convolution where channels or size change.",
    example="""
        conv = nn.Conv2d(4, 4, 3)


        def model(x):
            return conv(x) + x


        inputs = torch.zeros(2, 4, 8, 8)
    """,
    fix="""
        conv = nn.Conv2d(4, 4, 3, padding=1)


        def model(x):
            return conv(x) + x


        inputs = torch.zeros(2, 4, 8, 8)
    """,
)
def element_by_element(scene: Scene) -> Finding | None:
    """Two tensors that are added (or multiplied) and differ in an axis where neither is 1."""
    first, second, word = scene.given("input"), scene.given("other"), DONE.get(scene.entry.sign)
    if word is None or not isinstance(first, Value) or not isinstance(second, Value):
        return None
    pairs = list(zip(reversed(first.shape), reversed(second.shape), strict=False))
    bad = [-1 - back for back, (one, other) in enumerate(pairs) if one != other and 1 not in (one, other)]
    if not bad:
        return None
    what = f"Two tensors are {word} that do not have the same shape: {first.shape} and {second.shape}."
    cause = f"{scene.came(first, 'The first')} {scene.came(second, 'The second')}"
    long = first.shape if len(first.shape) >= len(second.shape) else second.shape
    axis = "; ".join(
        f"{axis_name(long, len(long) + place)}: {first.shape[place]:,} and {second.shape[place]:,}"
        for place in reversed(bad)
    )
    if len(first.shape) != len(second.shape):
        return Finding(what, cause + " Axes are matched from the last one backwards.", axis=axis)
    if first.shape[0] != second.shape[0]:
        return Finding(what, f"{cause} The number of samples differs: something mixes the batch.", axis=axis)
    return Finding(
        what, cause, axis=axis, fixes=_padded(scene, first, second) + _projected(scene, first, second)
    )


def _is_shortcut(first: Value, second: Value) -> bool:
    """Whether the first is the shortcut: the one of the two that was there sooner."""
    made = [-1 if value.producer is None else value.producer for value in (first, second)]
    return made[0] < made[1]


def _padded(scene: Scene, first: Value, second: Value) -> tuple[Fix, ...]:
    """Convolutions with stride 1 that cut the borders off: half a kernel of padding keeps the size."""
    position = 1 if _is_shortcut(first, second) else 0
    shortcut, value = ((first, second), (second, first))[1 - position]
    layers: dict[str, str] = {}
    for node, before in scene.way(value):
        call = scene.trace.call(node)
        if is_torchs(call.module) and re.match(r"conv[123]d", node.op) and set(call.module.stride) == {1}:
            half = half_padding(call.module.kernel_size, call.module.dilation)
            if call.module.padding != half:
                layers[call.path] = layer(call.module, padding=half)
        if before.index == shortcut.index:
            break
    same = first.shape[1] == second.shape[1]
    return (Fix(layers=layers),) if same and layers else ()


def _projected(scene: Scene, first: Value, second: Value) -> tuple[Fix, ...]:
    """A 1×1 convolution in the shortcut, with the stride of the main branch."""
    position = 0 if _is_shortcut(first, second) else 1
    shortcut, main = ((first, second), (second, first))[position]
    space = len(main.shape) - 2
    if space not in AXES:
        return ()
    strides = tuple(-(-old // new) for old, new in zip(shortcut.shape[2:], main.shape[2:], strict=True))
    if any(old < new for old, new in zip(shortcut.shape[2:], main.shape[2:], strict=True)):
        return ()
    stride = "" if set(strides) == {1} else f", stride={short(strides)}"
    made = f"nn.Conv{space}d({shortcut.shape[1]}, {main.shape[1]}, kernel_size=1{stride}, bias=False)"
    identity = _identity(scene, shortcut)
    if identity:
        return (Fix(layers={identity.path: made}),)
    line = around(scene, position, "self.project")
    path = f"{scene.call.path}.project".lstrip(".")
    if "self" not in line:
        return ()
    return tuple(replace(fix, layers={path: made}) for fix in scene.rewritten(line))


def _identity(scene: Scene, value: Value) -> Call | None:
    """An `nn.Identity` in the shortcut, which waits to be replaced."""
    for call in scene.trace.calls:
        if isinstance(call.module, nn.Identity) and value.index in call.outputs:
            return call
    return None


@rule(
    "forward",
    "concat-shapes",
    why="Tensors are put together along one axis; all others must agree.",
    example="""
        def model(a, b):
            return torch.cat([a, b], dim=0)


        inputs = torch.zeros(2, 3, 8), torch.zeros(2, 4, 8)
    """,
    fix="""
        def model(a, b):
            return torch.cat([a, b], dim=1)


        inputs = torch.zeros(2, 3, 8), torch.zeros(2, 4, 8)
    """,
)
def concatenation(scene: Scene) -> Finding | None:
    """Tensors of which another axis differs than the one along which they are put together."""
    role, dim = scene.entry.role, scene.given("dim")
    if role not in (Role.CONCATENATION, Role.STACK) or dim is None or len(scene.tensors) < 2:
        return None
    first = scene.tensors[0]
    for number, other in enumerate(scene.tensors[1:], 1):
        if len(other.shape) != len(first.shape):
            return _ranks(scene, number, other)
        along = dim % len(first.shape) if role is Role.CONCATENATION else -1
        bad = [
            axis
            for axis, (one, two) in enumerate(zip(first.shape, other.shape, strict=True))
            if one != two and axis != along
        ]
        if bad:
            return _differing(scene, first, other, number, along, bad)
    return None


def _ranks(scene: Scene, number: int, other: Value) -> Finding:
    first = scene.tensors[0]
    what = (
        f"{scene.name} puts tensors of different numbers of axes together: {first.shape} and {other.shape}."
    )
    cause = f"{scene.came(first, 'Tensor 0')} {scene.came(other, f'Tensor {number}')}"
    return Finding(what, cause, advice="Give them the same axes: unsqueeze the one, or flatten the other.")


def _differing(scene: Scene, first: Value, other: Value, number: int, along: int, bad: list[int]) -> Finding:
    joined = f"along {axis_name(first.shape, along)}" if along >= 0 else "as a new axis"
    shapes = f"{first.shape} and {other.shape}"
    what = f"Tensors are put together {joined}, and every other axis must agree: {shapes}."
    axis = "; ".join(
        f"{axis_name(first.shape, each)}: {first.shape[each]:,} and {other.shape[each]:,}" for each in bad
    )
    cause = f"{scene.came(first, 'Tensor 0')} {scene.came(other, f'Tensor {number}')}"
    # the one axis that differs may be the one to join along
    fixes = _along(scene, along, bad[0]) if len(bad) == 1 and along >= 0 else ()
    advice = ""
    if min(bad) >= 2:
        sizes = tuple(min(one.shape[each] for one in (first, other)) for each in range(2, len(first.shape)))
        advice = (
            f"Bring both to the same {' × '.join(AXES.get(len(sizes), ()))}: padding=kernel//2 in the branch "
            f"that lost borders, the same stride in all branches, or "
            f"nn.functional.interpolate(x, size={sizes}) for the larger."
        )
    return Finding(what, cause, axis=axis, fixes=fixes, advice=advice)


def _along(scene: Scene, old: int, new: int) -> tuple[Fix, ...]:
    """The same line with another axis to join along."""
    text = scene.where.text
    pattern = re.compile(rf"((?:cat|concat|concatenate)\(.*?,\s*(?:dim=|axis=)?)(-?{old}|{old})(\s*\))")
    line = pattern.sub(rf"\g<1>{new}\g<3>", text, count=1)
    return scene.rewritten(line)
