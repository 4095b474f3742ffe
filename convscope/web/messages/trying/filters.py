"""The classic filters, and a kernel of the person's own on the input that is shown."""

from typing import Any, cast

import torch
from torch import Tensor, nn

from convscope.errors import ShapeError
from convscope.explaining import Role, explain, known
from convscope.explaining.filters import FILTERS, PADDINGS
from convscope.explaining.ops.windows.convolution import window_size
from convscope.explaining.ops.windows.sliding import Slide
from convscope.shapes import AXES, show, window_output
from convscope.tracing import Trace, trace
from convscope.web.messages.asked import one_of, within
from convscope.web.messages.channels.number import message
from convscope.web.messages.network.formulas import sizes
from convscope.web.messages.network.graph import input_look
from convscope.web.messages.numbers import exact
from convscope.web.session import Session
from convscope.web.types.channels import OneNumber
from convscope.web.types.parts import FormulaMessage
from convscope.web.types.trying import FilteredMessage, Filters, Playground

LARGEST = 15  # taps on an axis of a kernel
MOST = 16  # of stride and dilation
POOLS = ("", "max", "mean")
SIDE = 2  # of the pooling window


def filters(session: Session) -> Filters:
    """The message `Filters` of static/messages.d.ts: those that fit the input, a row for a signal."""
    axes = min(2, len(input_look(session, session.seen)["numbers"]["shape"]) - 1)  # of a volume its slices
    found = []
    for name, one in FILTERS.items():
        kernel = one.kernel(axes)
        if kernel is not None:
            found.append({"name": name, "kernel": _rows(kernel), "what": one.what})
    return {"filters": found}


def _rows(kernel: Tensor) -> list[list[float]]:
    return (kernel[None] if kernel.dim() == 1 else kernel).tolist()


def filtered(session: Session, body: Playground) -> FilteredMessage:
    """The message `Filtered` of static/messages.d.ts."""
    shown = input_look(session, session.seen)
    values = _values(session)  # (channel, *space)
    axes = values.dim() - 1
    kernel = _kernel(body["kernel"], axes)
    padding = one_of(body.get("padding", "replicate"), PADDINGS, "padding")
    stride, dilation = _count("stride", body.get("stride", 1)), _count("dilation", body.get("dilation", 1))
    pool = one_of(body.get("pool", ""), POOLS, "pooling")
    room = [0 if padding == "none" else dilation * (size - 1) // 2 for size in kernel.shape]
    _demand_fit(values, kernel, room, padding, dilation)
    layers = _layers(len(values), kernel, room, padding, stride, dilation, pool)
    with torch.no_grad():
        seen = trace(layers, values[None])
    return {
        "look": shown,
        "result": exact(seen.tensor(seen.nodes[-1].outputs[0])[0]),
        "size": _size(values, kernel, room, stride, dilation),
        "kernel": _rows(kernel),
        "names": shown["names"],
        "number": _number(seen, body.get("at")),
    }


def _values(session: Session) -> Tensor:
    """The input, (channel, time) or (channel, height, width)."""
    given = session.seen.inputs[0] if session.seen.inputs else torch.zeros(1)
    values = given[0].float() if given.dim() in (3, 4) else given.float()
    if values.dim() not in (2, 3):
        raise ShapeError(f"a filter takes a picture or a signal; the input is {show(tuple(given.shape))}.")
    return values


def _kernel(given: object, axes: int) -> Tensor:
    """(time,) or (height, width)."""
    try:
        kernel = torch.tensor(given, dtype=torch.float32)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ShapeError(f"the kernel is no table of numbers: {error}.") from error
    if kernel.dim() == 2 and axes == 1 and len(kernel) == 1:
        kernel = kernel[0]
    fits = kernel.dim() == axes and all(1 <= size <= LARGEST for size in kernel.shape)
    if not fits or not bool(torch.isfinite(kernel).all()):
        rows = "one row" if axes == 1 else f"1 to {LARGEST} rows"
        raise ShapeError(
            f"a kernel has {rows} of 1 to {LARGEST} numbers; got {show(tuple(kernel.shape)) or 'one number'}."
        )
    return kernel


def _count(name: str, value: int) -> int:
    if not 1 <= value <= MOST:
        raise ShapeError(f"'{name}' is a whole number from 1 to {MOST}, got {value}.")
    return value


def _demand_fit(values: Tensor, kernel: Tensor, room: list[int], padding: str, dilation: int) -> None:
    """No window larger than the padded input, no padding that the mode cannot make."""
    for size, taps, edge in zip(values.shape[1:], kernel.shape, room, strict=True):
        most = {"reflect": size - 1, "circular": size}.get(padding, edge)
        if size + 2 * edge < dilation * (taps - 1) + 1 or edge > most:
            raise ShapeError(
                f"{taps} taps with dilation {dilation} do not fit on {size} places, padding '{padding}'.\n"
                "  Take a smaller kernel or dilation, or padding 'replicate'."
            )


def _layers(
    channels: int, kernel: Tensor, room: list[int], padding: str, stride: int, dilation: int, pool: str
) -> nn.Sequential:
    """A convolution of each channel by itself, then the pooling."""
    axes = kernel.dim()
    convolution = nn.Conv1d if axes == 1 else nn.Conv2d
    made = convolution(
        channels,
        channels,
        cast(Any, tuple(kernel.shape)),
        stride=stride,
        padding=cast(Any, tuple(room)),
        dilation=dilation,
        groups=channels,
        bias=False,
        padding_mode=cast(Any, "zeros" if padding == "none" else padding),
    )
    made.weight.data = kernel.expand_as(made.weight).clone()
    pools = {
        ("max", 1): nn.MaxPool1d,
        ("max", 2): nn.MaxPool2d,
        ("mean", 1): nn.AvgPool1d,
        ("mean", 2): nn.AvgPool2d,
    }
    return nn.Sequential(made, *([pools[pool, axes](SIDE)] if pool else []))


def _size(
    values: Tensor, kernel: Tensor, room: list[int], stride: int, dilation: int
) -> list[FormulaMessage]:
    """The size formula with its numbers, an axis each."""
    slides = [
        Slide(size, window_output(size, taps, stride, edge, dilation), taps, stride, edge, edge, dilation)
        for size, taps, edge in zip(values.shape[1:], kernel.shape, room, strict=True)
    ]
    extents = [window_size(axis, slide) for axis, slide in zip(AXES[kernel.dim()], slides, strict=True)]
    return sizes(extents)


def _number(seen: Trace, at: list[int] | None) -> OneNumber | None:
    """One number of the filtered input, before the pooling, taken apart: at is (channel, *space)."""
    if at is None:
        return None
    node = next(node for node in reversed(seen.nodes) if known(node.op).role is Role.CONVOLUTION)
    shape = seen.values[node.outputs[0]].shape[1:]
    if len(at) != len(shape):
        raise ShapeError(f"a place here has {len(shape)} whole numbers, got {str(at)[:40]}.")
    for place, size in zip(at, shape, strict=True):
        within(place, size, "place")
    return message(explain(seen, node, (0, *at)))
