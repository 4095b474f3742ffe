"""Windows that are larger than what is left of the sample."""

import re
from typing import Any

from convscope.explaining import Role
from convscope.lint.finding import Finding, Fix, rule
from convscope.lint.forward.code import replaced
from convscope.lint.forward.scene import Scene
from convscope.shapes import AXES, half_padding, show, window_output
from convscope.tracing.graph import Value


@rule(
    "forward",
    "kernel-larger-than-input",
    why="An axis of n positions gives ⌊(n + 2·padding − dilation·(kernel − 1) − "
    "1)/stride⌋ + 1. Strides and poolings shrink a sample until no window fits.",
    example="""
        model = nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(1, 4, 5))
        inputs = torch.zeros(2, 1, 8, 8)
    """,
    fix="""
        model = nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(1, 4, 5, padding=2))
        inputs = torch.zeros(2, 1, 8, 8)
    """,
)
def window(scene: Scene) -> Finding | None:
    """A kernel that does not fit into the padded input."""
    space, value = scene.entry.space, scene.input
    if space is None or value is None or len(value.shape) <= space or scene.entry.role is Role.TRANSPOSED:
        return None
    setting = settings(scene, space)
    if setting is None or any(len(each) != space for each in setting):
        return None
    kernel, stride, padding, dilation = setting
    sizes = value.shape[-space:]
    made = [window_output(*each) for each in zip(sizes, kernel, stride, padding, dilation, strict=True)]
    if min(made) >= 1:
        return None
    bad = next(place for place, size in enumerate(made) if size < 1)
    reach = dilation[bad] * (kernel[bad] - 1) + 1
    padded = sizes[bad] + 2 * padding[bad]
    pad = f" with {padding[bad]} of padding on either side" if padding[bad] else ""
    spread = f" (its {kernel[bad]} taps are {dilation[bad]} apart)" if dilation[bad] > 1 else ""
    what = f"The window of {scene.name} spans {reach}{spread}, but only {padded} are left{pad}."
    cause = (
        f"⌊({sizes[bad]} + 2·{padding[bad]} − {dilation[bad]}·({kernel[bad]} − 1) − 1)/{stride[bad]}⌋ + 1 = "
        f"{made[bad]}, below 1. The sample shrank this way: {scene.chain(value)}."
    ).replace("= -", "= −")
    place = len(value.shape) - space + bad
    name, least = AXES[space][bad], reach - 2 * padding[bad]
    axis = f"axis {place} ({name}) of {value.shape}: got {sizes[bad]}, expected at least {least}"
    fixes = _fixes(scene, kernel, padding, dilation)
    given = show(scene.origin(value).shape[-space:])
    advice = f"Or leave out a stride or pooling before it, or give larger samples than {given}."
    return Finding(what, cause, axis=axis, fixes=fixes, advice=advice)


def settings(scene: Scene, space: int) -> tuple[tuple[int, ...], ...] | None:
    """Kernel, stride, padding and dilation, an entry an axis; None where they cannot be told."""
    weight = scene.given("weight")
    kernel = weight.shape[2:] if isinstance(weight, Value) else scene.given("kernel_size")
    stride = scene.given("stride") or kernel  # of poolings
    chosen = (kernel, stride, scene.given("padding") or 0, scene.given("dilation") or 1)
    if any(each is None or isinstance(each, str) for each in chosen):
        return None
    return tuple(_each(setting, space) for setting in chosen)


def _each(given: Any, space: int) -> tuple[int, ...]:  # noqa: ANN401 - one number for all axes, or one each
    sizes = (given,) if isinstance(given, int) else tuple(given)
    return sizes * space if len(sizes) == 1 else sizes


def _fixes(
    scene: Scene, kernel: tuple[int, ...], padding: tuple[int, ...], dilation: tuple[int, ...]
) -> tuple[Fix, ...]:
    """Padding for a convolution; a pooling that does not fit is left out."""
    if scene.entry.role is Role.POOLING:
        path = scene.call.path
        return (Fix(layers={path: "nn.Identity()"}),) if path and "Pool" in scene.call.kind else ()
    return replaced(scene, padding=tuple(map(max, half_padding(kernel, dilation), padding)))


@rule(
    "forward",
    "pooling-padding",
    why="With more padding than half of the window, a window at the border would lie "
    "on padding alone and have no number to choose.",
    example="""
        model = nn.MaxPool2d(2, padding=2)
        inputs = torch.zeros(2, 1, 8, 8)
    """,
    fix="""
        model = nn.MaxPool2d(2, padding=1)
        inputs = torch.zeros(2, 1, 8, 8)
    """,
)
def pooling_padding(scene: Scene) -> Finding | None:
    """A pooling with more padding than half of its window."""
    given = re.search(r"pad=(-?\d+), kernel_size=(\d+) and dilation=(\d+)", scene.message)
    if scene.input is None or not given:
        return None
    pad, kernel, _ = map(int, given.groups())
    what = f"{scene.name} has {pad} of padding for a window of {kernel}: at most half of it, {kernel // 2}."
    cause = "With more, a window at the border would lie on padding alone and have no number to choose."
    fixes = replaced(scene, padding=kernel // 2)
    return Finding(what, cause, axis=f"padding {pad}, at most {kernel // 2}", fixes=fixes)


@rule(
    "forward",
    "output-padding",
    why="A transposed convolution of stride s can have come from s sizes; output_padding chooses among them, "
    "so it is smaller than the stride. With stride 1 there is nothing to choose.",
    example="""
        model = nn.ConvTranspose2d(4, 2, 3, output_padding=1)
        inputs = torch.zeros(2, 4, 8, 8)
    """,
    fix="""
        model = nn.ConvTranspose2d(4, 2, 3, stride=2, output_padding=1)
        inputs = torch.zeros(2, 4, 8, 8)
    """,
)
def output_padding(scene: Scene) -> Finding | None:
    """A transposed convolution whose output_padding is not smaller than its stride."""
    asked = scene.given("output_padding")
    if asked is None or "output padding must be smaller" not in scene.message:
        return None
    most = max(asked) if isinstance(asked, tuple) else asked
    what = f"{scene.name} has {most} of output_padding, which has to be below its stride (or dilation)."
    cause = "It chooses one of the sizes that a convolution of this stride would have made this input of."
    advice = "Often stride=2 was left out; with stride 1 leave out the output_padding."
    return Finding(what, cause, fixes=replaced(scene, stride=most + 1), advice=advice)


@rule(
    "forward",
    "mirrored-padding",
    why="A mirror does not repeat the border itself, so it has one number less than the axis to give.",
    example="""
        def model(x):
            return F.pad(x, (4, 4), "reflect")


        inputs = torch.zeros(1, 1, 4)
    """,
    fix="""
        def model(x):
            return F.pad(x, (3, 3), "reflect")


        inputs = torch.zeros(1, 1, 4)
    """,
)
def mirrored_padding(scene: Scene) -> Finding | None:
    """A border that is mirrored further than the sample reaches."""
    value = scene.input
    if (
        value is None
        or scene.entry.role is not Role.PADDING
        or "Padding size should be less" not in scene.message
    ):
        return None
    pads = re.search(r"padding \((\d+), (\d+)\) at dimension (\d+)", scene.message)
    wide, axis = (max(int(pads[1]), int(pads[2])), int(pads[3])) if pads else (0, len(value.shape) - 1)
    what = f"{scene.name} mirrors {wide} numbers at the border, but axis {axis} of {value.shape} has too few."
    cause = "A mirror does not repeat the border itself, so it has one number less than the axis to give."
    least = f"axis {axis} of {value.shape}: got {value.shape[axis]}, expected at least {wide + 1}"
    advice = (
        "A smaller padding, larger samples, or padding with zeros (padding_mode='zeros', mode='constant')."
    )
    return Finding(what, cause, axis=least, advice=advice)
