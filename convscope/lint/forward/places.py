"""Axes and entries that are not there: a `dim`, an index, an order of axes, the letters of einsum."""

import re

from convscope.explaining import Role
from convscope.lint.finding import Finding, rule
from convscope.lint.forward.code import is_torchs, replaced
from convscope.lint.forward.scene import Scene, counted
from convscope.shapes import AXES
from convscope.tracing.structure import leaves


@rule(
    "forward",
    "dim-out-of-range",
    why="Axes are counted from 0; −1 is the last one, however many there are.",
    example="""
        model = nn.Softmax(dim=2)
        inputs = torch.zeros(2, 4)
    """,
    fix="""
        model = nn.Softmax(dim=1)
        inputs = torch.zeros(2, 4)
    """,
)
def dimension(scene: Scene) -> Finding | None:
    """A `dim` beyond the axes of the tensor."""
    got, value = re.search(r"Dimension out of range .* but got (-?\d+)", scene.message), scene.input
    if not got or value is None:
        return None
    axes = len(value.shape)
    what = f"{scene.name} asks for axis {got[1]}, but its tensor {value.shape} has axes 0 to {axes - 1} only."
    fixes = replaced(scene, dim=-1) if hasattr(scene.module, "dim") and is_torchs(scene.module) else ()
    advice = f"dim={axes - 1}, or -1, is the last axis whatever their number; of scores: the classes."
    axis = f"axis {got[1]} of {value.shape}: there is none"
    return Finding(what, scene.came(value, "The tensor"), axis=axis, fixes=fixes, advice=advice)


@rule(
    "forward",
    "index-out-of-bounds",
    why="Entries of an axis are counted from 0; −1 is the last one, however many there are.",
    example="""
        def model(x):
            return x[:, 3]


        inputs = torch.zeros(2, 3)
    """,
    fix="""
        def model(x):
            return x[:, 2]


        inputs = torch.zeros(2, 3)
    """,
)
def entry(scene: Scene) -> Finding | None:
    """An index beyond the entries of an axis."""
    found = re.search(r"index (-?\d+) is out of bounds for dimension (\d+) with size (\d+)", scene.message)
    if not found or scene.input is None:
        return None
    index, _, size = map(int, found.groups())
    shape = scene.input.shape
    candidates = [place for place, each in enumerate(shape) if each == size]
    place = int(found[2]) if shape[int(found[2]) : int(found[2]) + 1] == (size,) else (*candidates, 0)[0]
    what = f"{scene.name} asks for entry {index} of axis {place}, which has {size}: 0 to {size - 1}."
    axis = f"axis {place} of {shape}: {size}, expected at least {index + 1}"
    advice = "Entries are counted from 0; -1 is the last one, however many there are."
    return Finding(what, scene.came(scene.input, "The tensor"), axis=axis, advice=advice)


@rule(
    "forward",
    "permute-axes",
    why="permute names each axis once, in its new order.",
    example="""
        def model(x):
            return x.permute(0, 2, 1)


        inputs = torch.zeros(2, 3, 4, 5)
    """,
    fix="""
        def model(x):
            return x.permute(0, 2, 3, 1)


        inputs = torch.zeros(2, 3, 4, 5)
    """,
)
def order(scene: Scene) -> Finding | None:
    """A permute that names more or fewer axes than there are."""
    value = scene.input
    if scene.entry.role is not Role.PERMUTE or value is None or "number of dim" not in scene.message:
        return None
    named = [leaf for leaf in leaves(scene.written) if isinstance(leaf, int)]
    axes = len(value.shape)
    what = f"{scene.name} names {counted(len(named), 'place')}, but its tensor {value.shape} has {axes} axes."
    last = ", ".join(map(str, (0, *range(2, axes), 1)))
    advice = f"Name each axis once, in its new order: permute({last}) puts axis 1 last."
    cause = scene.came(value, "The tensor")
    return Finding(what, cause, axis=f"{axes} axes, named {len(named)}", advice=advice)


@rule(
    "forward",
    "einsum-letters",
    why="In einsum a letter is one axis, of one size, wherever it stands, and each "
    "tensor has one letter an axis.",
    example="""
        def model(x, w):
            return torch.einsum("bi,oi->bo", x, w)


        inputs = torch.zeros(2, 3), torch.zeros(3, 4)
    """,
    fix="""
        def model(x, w):
            return torch.einsum("bi,io->bo", x, w)


        inputs = torch.zeros(2, 3), torch.zeros(3, 4)
    """,
)
def letters(scene: Scene) -> Finding | None:
    """Letters of einsum that stand for two sizes, or are not as many as the axes."""
    equation = scene.given("equation")
    if scene.node is None or not isinstance(equation, str):
        return None
    groups = equation.replace(" ", "").partition("->")[0].split(",")
    if len(groups) != len(scene.node.inputs) or "." in equation:
        return None
    shapes = [scene.trace.values[index].shape for index in scene.node.inputs]
    pairs = list(zip(groups, shapes, strict=True))
    cause = "So the letters were read: " + "; ".join(f"{group} for {shape}" for group, shape in pairs) + "."
    for place, (group, shape) in enumerate(pairs):
        if len(group) != len(shape):
            what = f"{scene.name}: `{group}` has {len(group)} letters, tensor {place} {len(shape)} axes."
            return Finding(
                what, cause, axis=f"{len(shape)} axes of {shape}", advice="Write one letter an axis."
            )
    sizes: dict[str, int] = {}
    for group, shape in pairs:
        for letter, size in zip(group, shape, strict=True):
            if 1 != size != sizes.setdefault(letter, size) != 1:
                what = f"{scene.name}: the letter {letter} stands for {sizes[letter]} and for {size}."
                advice = (
                    "A letter is one axis, of one size, wherever it stands; look for two that were swapped."
                )
                return Finding(what, cause, axis=f"{letter}: {sizes[letter]} and {size}", advice=advice)
    return None


@rule(
    "forward",
    "interpolate-sizes",
    why="Resizing takes one size for all spatial axes, or one each.",
    example="""
        def model(x):
            return F.interpolate(x, size=(8, 8, 8))


        inputs = torch.zeros(1, 1, 4, 4)
    """,
    fix="""
        def model(x):
            return F.interpolate(x, size=(8, 8))


        inputs = torch.zeros(1, 1, 4, 4)
    """,
)
def space(scene: Scene) -> Finding | None:
    """Resizing with other spatial axes than the tensor has."""
    value = scene.input
    if value is None or "number of spatial dimensions" not in scene.message:
        return None
    axes = len(value.shape) - 2
    names = " × ".join(AXES.get(axes, ()))
    what = f"{scene.name} needs {counted(axes, 'size')} for {value.shape}: its space is {names}."
    advice = f"Give one size for {names}, or one each."
    return Finding(what, scene.came(value, "The tensor"), axis=f"spatial axes: {axes}", advice=advice)
