"""Layers that are not the model's, samples that get mixed, borders that nobody sees."""

from collections.abc import Iterator
from math import prod
from typing import Any

from torch import nn

from convscope.explaining import known, read
from convscope.explaining.ops.windows.sliding import Slide
from convscope.lint.finding import Finding, Fix, Where, rule
from convscope.lint.forward.axes import unbatched_window
from convscope.lint.forward.views import mixing
from convscope.lint.running.ran import outputs, place
from convscope.shapes import AXES
from convscope.tracing.graph import Node, Trace

LINES = {"time": "step", "height": "row", "width": "column", "depth": "slice"}


@rule(
    "running",
    "unregistered-layers",
    why="nn.Module finds the layers that are its attributes, not those in a Python "
    "list or dict: their weights are not trained, not saved, and not moved to "
    "another device.",
    example="""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.layers = [nn.Linear(4, 4), nn.Linear(4, 2)]

            def forward(self, x):
                for layer in self.layers:
                    x = layer(x)
                return x


        model = Net()
        inputs = torch.rand(2, 4)
    """,
    fix="""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.layers = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 2)])

            def forward(self, x):
                for layer in self.layers:
                    x = layer(x)
                return x


        model = Net()
        inputs = torch.rand(2, 4)
    """,
)
def unregistered(trace: Trace) -> Iterator[Finding]:
    """Modules with weights that ran, but that the model does not know as its own."""
    root = trace.module
    if not isinstance(root, nn.Module):
        return
    own = {id(each) for each in root.parameters()}
    foreign = {
        id(call.module): call.module
        for call in trace.calls
        if "?" in call.path and any(id(each) not in own for each in call.module.parameters(recurse=False))
    }
    if not foreign:
        return
    holders = sorted({name for name in (_holder(root, each) for each in foreign.values()) if name})
    kinds = ", ".join(sorted({type(module).__name__ for module in foreign.values()}))
    count = sum(each.numel() for module in foreign.values() for each in module.parameters(recurse=False))
    yield Finding(
        f"Layers that run are not registered ({len(foreign)}: {kinds}): model.parameters() lacks them.",
        f"Their {count:,} parameters are not trained, not saved, and not moved to another device.",
        where=Where(", ".join(f"self.{name}" for name in holders)),
        advice=(
            "; ".join(f"self.{name} = nn.ModuleList(self.{name})" for name in holders)
            or "Make them in __init__ as attributes of the module."
        ),
    )


def _holder(root: nn.Module, module: nn.Module) -> str:
    """Name of the attribute in whose list, tuple or dict a module is."""
    for path, owner in root.named_modules():
        for name, attribute in vars(owner).items():
            if not name.startswith("_") and any(each is module for each in _inside(attribute)):
                return f"{path}.{name}".lstrip(".")
    return ""


def _inside(attribute: Any) -> Iterator[Any]:  # noqa: ANN401
    """The modules in a container, at any depth."""
    match attribute:
        case list() | tuple() | set():
            for each in attribute:
                yield from _inside(each)
        case dict():
            for each in attribute.values():
                yield from _inside(each)
        case nn.Module():
            yield from attribute.modules()


@rule(
    "running",
    "mixed-samples",
    why="A view with −1 on axis 0 takes as many rows as come out. Where a row is no "
    "sample, each output belongs to several of them.",
    example="""
        def model(x):
            return x.view(-1, 8)


        inputs = torch.ones(4, 4, 4)
    """,
    fix="""
        def model(x):
            return x.flatten(1)


        inputs = torch.ones(4, 4, 4)
    """,
)
def mixed_batch(trace: Trace) -> Iterator[Finding]:
    """A view behind which the rows are no longer the samples, to the very end."""
    given = trace.inputs[0].shape if trace.inputs else ()
    if len(given) < 2 or trace.failure is not None:
        return
    node = mixing(trace, given[0])
    ends = [value.shape for value in outputs(trace) if len(value.shape) > 1]
    if node is None or not ends or any(shape[0] == given[0] for shape in ends):
        return
    before, after = (trace.values[index].shape for index in (node.inputs[0], node.outputs[0]))
    yield Finding(
        f"Samples get mixed: {given[0]} samples went in, {ends[0][0]} rows came out.",
        f"{before} has {prod(before[1:]):,} numbers a sample; {after} has {prod(after[1:]):,} a row.",
        where=place(node),
        advice=f"x.flatten(1): one row a sample; the next layer then takes {prod(before[1:]):,}.",
    )


@rule(
    "running",
    "unbatched-input",
    why="Convolutions also take one sample without its batch axis; axis 0 then counts "
    "channels, and later layers take them for samples.",
    example="""
        model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(9, 3))
        inputs = torch.rand(1, 5, 5)
    """,
    fix="""
        model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(36, 3))
        inputs = torch.rand(1, 5, 5).unsqueeze(0)
    """,
)
def missing_batch(trace: Trace) -> Iterator[Finding]:
    """One sample without its batch axis, whose channels come out as if they were samples."""
    found = unbatched_window(trace)
    ends = [value.shape for value in outputs(trace) if len(value.shape) == 2]
    if found is None or not ends or found[1].role != "input":
        return
    node, value = found
    channels = {trace.values[index].shape[0] for index in node.outputs}
    if ends[0][0] in channels:
        yield Finding(
            f"The batch axis is missing: {value.shape} is one sample, but {ends[0][0]} rows came out.",
            f"{node.op} takes one sample without a batch; later layers then take its channels for samples.",
            where=place(node),
            fixes=(Fix(inputs={value.name: f"{value.name}.unsqueeze(0)"}),),
        )


@rule(
    "running",
    "dropped-border",
    why="Where the stride does not divide, no window reaches the last rows or "
    "columns: what lies there cannot influence the result.",
    example="""
        model = nn.MaxPool2d(2)
        inputs = torch.rand(2, 1, 7, 7)
    """,
    fix="""
        model = nn.MaxPool2d(2, ceil_mode=True)
        inputs = torch.rand(2, 1, 7, 7)
    """,
)
def dropped_border(trace: Trace) -> Iterator[Finding]:
    """Rows and columns at the far end that no window reaches, since the stride does not divide."""
    for node in trace.nodes:
        of = known(node.op).window
        reading = read(trace, node)
        stands_still = reading.given("ceil_mode") or "output_size" in reading.arguments
        found = of(reading, 0) if of and node.outputs and not stands_still else None
        if found is not None and found.kind != "transposed":
            yield from _unreached(node, found.slides)


def _unreached(node: Node, slides: tuple[Slide, ...]) -> Iterator[Finding]:
    lost: list[str] = []
    for name, slide in zip(AXES[len(slides)], slides, strict=True):
        behind, size = slide.unused, slide.size
        if behind > 0 and slide.kernel >= slide.stride:  # a smaller window leaves gaps on purpose
            lost.append(
                f"the last {behind} of {size} {LINES[name]}s"
                if behind > 1
                else f"the last of {size} {LINES[name]}s"
            )
    if lost:
        yield Finding(
            f"{' and '.join(lost).capitalize()} are never seen: the stride does not divide.",
            "What lies there cannot influence the result.",
            where=place(node),
            advice="ceil_mode=True in a pooling, padding in a convolution, or samples of another size.",
        )
