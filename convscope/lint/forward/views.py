"""Views and reshapes: sizes that do not multiply out, and samples that get mixed."""

import re
from math import prod

from convscope.explaining import Role, known, read
from convscope.lint.finding import Finding, Fix, rule
from convscope.lint.forward.code import call_replaced
from convscope.lint.forward.scene import Scene, times
from convscope.tracing.graph import Node, Trace, Value
from convscope.tracing.structure import leaves

# What folds or drops the first axis too: x.flatten(), x.squeeze(), x.view(-1)
ALL_AXES = re.compile(r"\.(?:flatten\(\)|squeeze\(\)|(?:view|reshape)\(-1\))")


@rule(
    "forward",
    "view-size",
    why="A view reads the same numbers in another shape, so the sizes must multiply "
    "to as many numbers as there are.",
    example="""
        def model(x):
            return x.view(2, 10)


        inputs = torch.zeros(2, 3, 4)
    """,
    fix="""
        def model(x):
            return x.flatten(1)


        inputs = torch.zeros(2, 3, 4)
    """,
)
def view(scene: Scene) -> Finding | None:
    """A view into a shape with another number of elements."""
    value = scene.input
    if scene.entry.role is not Role.RESHAPE or value is None or "invalid for input" not in scene.message:
        return None
    sizes = [leaf for leaf in leaves(scene.written) if isinstance(leaf, int)]
    fixed = prod(size for size in sizes if size != -1)
    asked = f"({', '.join(map(str, sizes))})"
    what = f"{scene.name} cannot give {value.shape} the shape {asked}: the numbers do not come out."
    cause = (
        f"There are {times(value.shape)} numbers, and {asked} has room for a multiple of {fixed:,}: "
        f"{prod(value.shape):,}/{fixed:,} = {prod(value.shape) / fixed:.4g}. {scene.came(value)}"
        if fixed
        else f"{asked} has room for nothing."
    )
    fixes = _per_sample(scene, value, sizes)
    advice = "" if fixes else _split(value, sizes)
    return Finding(
        what,
        cause,
        axis=f"{prod(value.shape):,} numbers, expected a multiple of {fixed:,}",
        fixes=fixes,
        advice=advice,
    )


@rule(
    "forward",
    "view-of-turned-axes",
    why="permute and transpose give the axes another order and leave the numbers "
    "where they are in memory; a view reads them as they lie. reshape copies them "
    "where it has to.",
    example="""
        def model(x):
            return x.transpose(1, 2).view(2, 12)


        inputs = torch.zeros(2, 3, 4)
    """,
    fix="""
        def model(x):
            return x.transpose(1, 2).reshape(2, 12)


        inputs = torch.zeros(2, 3, 4)
    """,
)
def order(scene: Scene) -> Finding | None:
    """A view of numbers that lie in another order, since a permute or transpose only renames the axes."""
    if scene.input is None or "Use .reshape" not in scene.message:
        return None
    turned = (node for node, _ in scene.way(scene.input) if known(node.op).role is Role.PERMUTE)
    by = next(turned, None)
    source = f" (line {by.source.line})" if by and by.source else ""
    what = f"{scene.name} cannot read {scene.input.shape} in another shape where it lies."
    cause = (
        f"{f'`{by.name}`' if by else 'An operation before'}{source} gave the axes another order and left the "
        f"numbers where they are in memory; a view reads them as they lie. {scene.came(scene.input)}"
    )
    line = scene.where.text.replace(".view(", ".reshape(")
    fixes = scene.rewritten(line)
    return Finding(
        what, cause, fixes=fixes, advice="reshape copies the numbers into their new order where it has to."
    )


@rule(
    "forward",
    "lost-batch-axis",
    why="squeeze() takes away every axis of size 1, with one sample the batch axis "
    "too; flatten() and view(-1) put all samples into one row.",
    example="""
        norm = nn.BatchNorm1d(4).eval()


        def model(x):
            return norm(x.squeeze())


        inputs = torch.zeros(1, 4, 1, 1)
    """,
    fix="""
        norm = nn.BatchNorm1d(4).eval()


        def model(x):
            return norm(x.flatten(1))


        inputs = torch.zeros(1, 4, 1, 1)
    """,
)
def lost(scene: Scene) -> Finding | None:
    """A flatten or squeeze that took the axis of the samples with it."""
    value = scene.input
    if value is None or scene.samples is None:
        return None
    for node, before in scene.way(value):
        after = scene.trace.values[node.outputs[0]]
        one_row = len(after.shape) == 1 < len(before.shape) and before.shape[0] == scene.samples > 1
        squeezed = squeezes_samples(scene.trace, node, scene.samples) and scene.entry.role is not Role.LINEAR
        if squeezed or (known(node.op).role is Role.RESHAPE and one_row):
            return _lost(scene, node, before.shape, after.shape)
    return None


def squeezes_samples(trace: Trace, node: Node, samples: int) -> bool:
    """Whether a squeeze that names no axis took away that of the samples, since there is one."""
    if known(node.op).role is not Role.SQUEEZE:
        return False
    given = read(trace, node).arguments
    names_none = "dim" in given and given["dim"] is None
    return names_none and samples == 1 and trace.values[node.inputs[0]].shape[:1] == (1,)


def _lost(scene: Scene, node: Node, before: tuple[int, ...], after: tuple[int, ...]) -> Finding:
    what = f"The axis of the samples is gone: `{node.name}` made {after} of {before}."
    cause = (
        "squeeze() takes away every axis of size 1, and with one sample the batch axis is one of them."
        if known(node.op).role is Role.SQUEEZE
        else f"It put all {before[0]} samples into one row; {scene.name} takes a row a sample."
    )
    axis = f"axis 0 (sample): missing in {after}, expected ({before[0]}, {prod(before[1:])})"
    same_line = node.source is not None and node.source.line == scene.where.line
    line = ALL_AXES.sub(".flatten(1)", scene.where.text) if same_line else scene.where.text
    fixes = scene.rewritten(line)
    return Finding(
        what,
        cause,
        axis=axis,
        fixes=fixes,
        advice="x.flatten(1) keeps axis 0, whatever the number of samples.",
    )


def _per_sample(scene: Scene, value: Value, sizes: list[int]) -> tuple[Fix, ...]:
    """One row a sample, where that was meant: two axes of which one is left open, or the samples."""
    meant = len(sizes) == 2 and (sizes[0] in (-1, value.shape[0])) and len(value.shape) > 2
    line = call_replaced(scene, "{0}.flatten(1)") if meant else ""
    return scene.rewritten(line)


def _split(value: Value, sizes: list[int]) -> str:
    """What sizes would do; of four, the last two are as a rule the heads of attention."""
    general = f"Choose sizes whose product is {prod(value.shape):,}; one of them may be -1."
    if len(sizes) < 4 or -1 in sizes[-2:] or prod(sizes[-2:]) == value.shape[-1]:
        return general
    heads = f"{'·'.join(map(str, sizes[-2:]))} = {prod(sizes[-2:])}"
    return (
        f"{general} For heads of attention the {value.shape[-1]} features must be heads × size, not {heads}."
    )


def mixing(trace: Trace, samples: int) -> Node | None:
    """The first view behind which axis 0 no longer counts the samples; None where no view did that.

    A view that folds another axis into the samples and one that unfolds it again are a pair that people write
    on purpose, so the number of samples has to be wrong at the end as well.
    """
    for node in trace.nodes:
        if known(node.op).role is not Role.RESHAPE or not node.outputs or not node.inputs:
            continue
        before, after = trace.values[node.inputs[0]], trace.values[node.outputs[0]]
        if before.shape[:1] == (samples,) and len(before.shape) > 1 and after.shape[:1] != (samples,):
            return node
    return None


@rule(
    "forward",
    "view-mixes-samples",
    why="A view with −1 on axis 0 takes as many rows as come out, whatever the number "
    "of samples. x.flatten(1) keeps one row a sample.",
    example="""
        def model(x, target):
            return F.cross_entropy(x.view(-1, 8), target)


        inputs = torch.zeros(4, 4, 4), torch.tensor([0, 1, 2, 3])
    """,
    fix="""
        def model(x, target):
            return F.cross_entropy(x.flatten(1), target)


        inputs = torch.zeros(4, 4, 4), torch.tensor([0, 1, 2, 3])
    """,
)
def mixed(scene: Scene) -> Finding | None:
    """A failure behind a view that changed the number of samples."""
    if scene.samples is None or scene.node is None:
        return None
    node = mixing(scene.trace, scene.samples)
    if node is None or not _rows_clash(scene, node):
        return None
    before, after = scene.trace.values[node.inputs[0]].shape, scene.trace.values[node.outputs[0]].shape
    where = f" ({node.source.text})" if node.source else ""
    what = f"The samples got mixed: `{node.name}`{where} made {after[0]:,} rows out of {before[0]:,} samples."
    cause = (
        f"{before} are {times(before[1:])} numbers a sample, but {after} has {prod(after[1:]):,} a row; so "
        f"{scene.name} got another number of rows than there are samples."
    )
    axis = f"axis 0 (sample): got {after[0]:,}, expected {before[0]:,}"
    advice = f"Write x.flatten(1) instead of that view: one row a sample, ({before[0]}, {prod(before[1:])})."
    return Finding(what, cause, axis=axis, advice=advice)


def _rows_clash(scene: Scene, node: Node) -> bool:
    """Whether the operation that failed got both: rows of that view, and rows of the samples."""
    rows = {value.shape[0] for value in scene.tensors if value.shape and value.role != "parameter"}
    return {scene.trace.values[node.outputs[0]].shape[0], scene.samples} <= rows
