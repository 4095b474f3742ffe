"""Transposed convolution: every input lays its kernel, scaled, onto the output; what overlaps is added up."""

from collections.abc import Callable
from math import prod
from typing import Any

from convscope.explaining.account import Account, Index
from convscope.explaining.boxes import Boxes
from convscope.explaining.formula import Formula, Symbol, summed, symbols
from convscope.explaining.op import Cost, Extent, Op, Role
from convscope.explaining.ops.windows import kernels
from convscope.explaining.ops.windows.convolution import CONVOLUTION
from convscope.explaining.ops.windows.sliding import POSITIONS, Convolution, Slide, Window, missed, products
from convscope.explaining.reading import Reading
from convscope.explaining.working import Worked
from convscope.shapes import AXES

y, x, w, b, dx, dy, dw = symbols("y x w b dx dy dw")
s, d, p, n, k, e = symbols("s d p n k e")
i, o, r, u = symbols("i o r' u")
PLACES = {1: ("t u",), 2: ("r u", "c v"), 3: ("z t", "r u", "c v")}  # of an output, of a tap
SIZE = (n - 1) * s - 2 * p + d * (k - 1) + e + 1  # e is added behind


def docs(layer: Convolution) -> str:
    """Where torch describes it."""
    return f"https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose{len(layer.slides)}d.html"


def read_layer(reading: Reading) -> Convolution:
    """The layer as it was called: the window slides over the output, a step for each input."""
    taken, within, *kernel = reading.shape("weight")
    axes, groups = len(kernel), reading["groups"]
    each = zip(
        reading.shape("input")[-axes:],
        kernel,
        reading.each("stride", axes),
        reading.each("padding", axes),
        reading.each("output_padding", axes),
        reading.each("dilation", axes),
        strict=True,
    )
    slides = tuple(
        Slide((count - 1) * s - 2 * p + d * (k - 1) + extra + 1, count, k, s, p, p - extra, d)
        for count, k, s, p, extra, d in each
    )
    return Convolution(slides, coarse=taken, fine=within * groups, groups=groups)


def explain_transposed(reading: Reading, at: Index) -> Account:
    """One number of the output: from the inputs whose kernel falls on it."""
    layer = read_layer(reading)
    axes = len(layer.slides)
    coarse, weight = layer.fine_sum(at)
    names = ("channel", *POSITIONS[axes])
    terms = products(names, input=(reading["input"], coarse), weight=(reading["weight"], weight))
    channel, taps = at[-axes - 1], prod(slide.kernel for slide in layer.slides)
    bias, fallen = kernels.bias_of(reading, channel), prod(terms.values.shape[1:])
    here = (
        f"{fallen} of {taps} taps bring an input to this position; the others fall between two steps of "
        "the stride or outside of the input."
    )
    return Account(
        "Each input lays its number times a kernel onto the output, and what falls on one place is added up. "
        f"Here fall {fallen} of them {kernels.in_channels(layer.coarse // layer.groups)}"
        + ("." if bias is None else "; the bias is added to them."),
        _formula(axes, biased=bias is not None),
        docs(layer),
        {} if bias is None else {b[o]: bias},
        terms=terms,
        bias=bias,
        notes=(here,) * (fallen < taps) + kernels.group_note(layer, channel, layer.fine, layer.coarse),
    )


def _formula(axes: int, *, biased: bool) -> Formula:
    """y[o,r,c] = b[o] + Σ x[i,r',c']·w[i,o,u,v] over s·r' + d·u − p = r and the like."""
    places = [symbols(each) for each in PLACES[axes]]
    meets = [(s * Symbol(f"{place.name}'") + d * tap - p).equals(place) for place, tap in places]
    taken, taps = [Symbol(f"{place.name}'") for place, _ in places], [tap for _, tap in places]
    products = summed(x[(i, *taken)] * w[(i, o, *taps)], over=tuple(meets))
    return y[(o, *(place for place, _ in places))].equals(b[o] + products if biased else products)


def transposed_gradient(reading: Reading, name: str, at: Index) -> Account:
    """d(score)/d(one number of the input, the weight or the bias)."""
    layer = read_layer(reading)
    if name == "bias":
        return kernels.bias_gradient(reading, at, docs(layer))
    if name == "weight":
        return _weight_gradient(reading, layer, at)
    fine, weight = layer.coarse_sum(at)
    names = ("channel", *POSITIONS[len(layer.slides)])
    terms = products(names, gradient=(reading.output_gradient, fine), weight=(reading["weight"], weight))
    return Account(
        "An input lays its kernel onto the output. Its gradient is the sum, over the positions on which the "
        "kernel lies, of the gradient that arrives there times the weight: an ordinary convolution.",
        dx[i, r]
        .equals(summed(dy[o, s * r + d * u - p] * w[i, o, u]))
        .given("over channels o and taps u, so on each axis"),
        docs(layer),
        terms=terms,
    )


def _weight_gradient(reading: Reading, layer: Convolution, at: Index) -> Account:
    coarse, fine = layer.weight_sum(at, kernels.samples(reading))
    names = kernels.every_position(reading)
    terms = products(names, input=(reading["input"], coarse), gradient=(reading.output_gradient, fine))
    return Account(
        "A weight is used once for every input of its channel. Its gradient is the sum, over all of them, of "
        "the input times the gradient that arrives where the weight puts it.",
        dw[i, o, u]
        .equals(summed(x[n, i, r] * dy[n, o, s * r + d * u - p]))
        .given("over samples n and positions r', so on each axis"),
        docs(layer),
        terms=terms,
        scale=kernels.long_sum(terms),
    )


def transposed_cost(reading: Reading) -> Cost:
    """H·w·K²·n·M over the *input* positions: each lays down its whole kernel, also what is cut off."""
    layer = read_layer(reading)
    return kernels.cost(reading, layer, taken=layer.coarse, made=layer.fine)


def transposed_reach(reading: Reading, boxes: Boxes) -> dict[str, Boxes | list[Boxes]]:
    """The inputs whose kernels fall on the boxes."""
    return {"input": read_layer(reading).coarse_boxes(boxes)}


def transposed_size(reading: Reading) -> tuple[Extent, ...]:
    """(n − 1)·s − 2p + d(k − 1) + output padding + 1, an axis each."""
    slides = read_layer(reading).slides
    return tuple(_size(axis, slide) for axis, slide in zip(AXES[len(slides)], slides, strict=True))


def _size(axis: str, slide: Slide) -> Extent:
    values = {n: slide.steps, s: slide.stride, p: slide.before, d: slide.dilation, k: slide.kernel}
    worked = Worked(SIZE, values | {e: slide.before - slide.after})
    return Extent(axis, worked, missed(slide, axis, "out of reach: only the bias"))


def transposed_window(reading: Reading, channel: int) -> Window:
    """Each input lays its kernel onto the output: the window slides there."""
    layer = read_layer(reading)
    group, within = divmod(channel, layer.fine // layer.groups)
    inside = layer.coarse // layer.groups
    seen = range(group * inside, (group + 1) * inside)
    kernel = (slice(seen.start, seen.stop), within)
    return Window("transposed", "sum", layer.slides, layer.groups, seen, kernel)


TRANSPOSED = Op(
    "input weight bias=None stride=1 padding=0 output_padding=0 groups=1 dilation=1",
    explain_transposed,
    transposed_gradient,
    transposed_cost,
    transposed_reach,
    transposed_size,
    role=Role.TRANSPOSED,
    drawing="window",
    axes=kernels.axes,
    window=transposed_window,
    edits=("kernel", "channel", "setting"),
)


def _either(part: str) -> Callable[..., Any]:
    """A function of the one or the other, as the call says."""

    def choose(reading: Reading, *rest: Any) -> Any:  # noqa: ANN401 - what the parts of an `Op` take and give
        return getattr(TRANSPOSED if reading["transposed"] else CONVOLUTION, part)(reading, *rest)

    return choose


# `torch.convolution`, into which exported programs turn both.
EITHER = Op(
    "input weight bias=None stride=1 padding=0 dilation=1 transposed=False output_padding=0 groups=1",
    *map(_either, ("explain", "gradient", "cost", "reach", "size")),
    role=Role.CONVOLUTION,
    drawing="window",
    axes=kernels.axes,
    window=_either("window"),
)
