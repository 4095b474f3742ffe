"""Convolution in one, two and three dimensions: a window of the input times a kernel, summed, plus a bias."""

from collections.abc import Callable
from math import prod

from convscope.explaining.account import Account, Index
from convscope.explaining.boxes import Boxes
from convscope.explaining.formula import Formula, summed, symbols
from convscope.explaining.functions import floor
from convscope.explaining.op import Cost, Extent, Op, Role
from convscope.explaining.ops.windows import kernels
from convscope.explaining.ops.windows.sliding import POSITIONS, Convolution, Slide, Window, missed, products
from convscope.explaining.reading import Reading
from convscope.explaining.working import Worked
from convscope.shapes import AXES, show, window_output

y, x, w, b = symbols("y x w b")
dx, dy, dw = symbols("dx dy dw")
s, d, p, n, k, q, after = symbols("s d p n k q p'")
i, o, r, c, t, u, v, z = symbols("i o r c t u v z")
PLACES = {1: ((t, u),), 2: ((r, u), (c, v)), 3: ((z, t), (r, u), (c, v))}  # of an output, of a tap


def docs(layer: Convolution) -> str:
    """Where torch describes it."""
    return f"https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv{len(layer.slides)}d.html"


def read_layer(reading: Reading) -> Convolution:
    """The convolution as it was called; as many steps as the size formula says."""
    out, within, *kernel = reading.shape("weight")
    axes, groups = len(kernel), reading["groups"]
    each = zip(
        reading.shape("input")[-axes:],
        kernel,
        reading.each("stride", axes),
        reading.each("dilation", axes),
        _padding(reading, kernel),
        strict=True,
    )
    slides = tuple(
        Slide(size, window_output(size + before + after, k, s, dilation=d), k, s, before, after, d)
        for size, k, s, d, (before, after) in each
    )
    return Convolution(slides, coarse=out, fine=within * groups, groups=groups)


def _padding(reading: Reading, kernel: list[int]) -> list[tuple[int, int]]:
    """Padding before and behind on each axis; of 'same' the odd one stands behind."""
    match reading["padding"]:
        case "valid":
            return [(0, 0)] * len(kernel)
        case "same":
            dilation = reading.each("dilation", len(kernel))
            both = [d * (size - 1) for d, size in zip(dilation, kernel, strict=True)]
            return [(two // 2, two - two // 2) for two in both]
    return [(one, one) for one in reading.each("padding", len(kernel))]


def explain_convolution(reading: Reading, at: Index) -> Account:
    """One number of the output: the products of window and kernel, over the channels of its group."""
    layer = read_layer(reading)
    axes = len(layer.slides)
    fine, weight = layer.coarse_sum(at)
    names = ("channel", *POSITIONS[axes])
    terms = products(names, input=(reading["input"], fine), weight=(reading["weight"], weight))
    channel, taps = at[-axes - 1], tuple(slide.kernel for slide in layer.slides)
    bias = kernels.bias_of(reading, channel)
    outside = int((fine[0, ..., 0] < 0).sum())
    padding = f"{outside} of {prod(taps)} taps lie in the padding, where the input counts as 0."
    return Account(
        f"A window of {show(taps)} numbers {kernels.in_channels(layer.fine // layer.groups)} of the input is "
        f"multiplied, number by number, with kernel {channel}. The products are added up"
        + ("." if bias is None else ", and the kernel's bias with them."),
        _formula(axes, biased=bias is not None),
        docs(layer),
        {} if bias is None else {b[o]: bias},
        terms=terms,
        bias=bias,
        notes=(padding,) * (outside > 0) + kernels.group_note(layer, channel, layer.coarse, layer.fine),
    )


def _formula(axes: int, *, biased: bool) -> Formula:
    """y[o,r,c] = b[o] + Σ x[i, s·r + d·u − p, s·c + d·v − p]·w[o,i,u,v]."""
    steps, taps = zip(*PLACES[axes], strict=True)
    lies_on = [s * step + d * tap - p for step, tap in PLACES[axes]]
    products = summed(x[(i, *lies_on)] * w[(o, i, *taps)])
    return y[(o, *steps)].equals(b[o] + products if biased else products)


def convolution_gradient(reading: Reading, name: str, at: Index) -> Account:
    """d(score)/d(one number of the input, the weight or the bias)."""
    layer = read_layer(reading)
    if name == "bias":
        return kernels.bias_gradient(reading, at, docs(layer))
    if name == "weight":
        return _weight_gradient(reading, layer, at)
    coarse, weight = layer.fine_sum(at)
    names = ("channel", *POSITIONS[len(layer.slides)])
    terms = products(names, gradient=(reading.output_gradient, coarse), weight=(reading["weight"], weight))
    return Account(
        "An input counts in every output whose window saw it. Its gradient is the sum, over them, of the "
        "gradient that arrives there times the weight that the input met.",
        dx[i, q]
        .equals(summed(dy[o, r] * w[o, i, u]))
        .given("over channels o and taps u; on each axis s·r + d·u − p = q"),
        docs(layer),
        terms=terms,
    )


def _weight_gradient(reading: Reading, layer: Convolution, at: Index) -> Account:
    coarse, fine = layer.weight_sum(at, kernels.samples(reading))
    names = kernels.every_position(reading)
    terms = products(names, gradient=(reading.output_gradient, coarse), input=(reading["input"], fine))
    return Account(
        "A weight is used once at every position of its output channel. Its gradient is the sum, over all of "
        "them, of the gradient that arrives there times the input that the weight met.",
        dw[o, i, u]
        .equals(summed(dy[n, o, r] * x[n, i, s * r + d * u - p]))
        .given("over samples n and positions r, so on each axis"),
        docs(layer),
        terms=terms,
        scale=kernels.long_sum(terms),
    )


def convolution_cost(reading: Reading) -> Cost:
    """H'·w'·K²·n·M: every output position counts all taps, also those on the padding."""
    layer = read_layer(reading)
    return kernels.cost(reading, layer, taken=layer.fine, made=layer.coarse)


def convolution_reach(reading: Reading, boxes: Boxes) -> dict[str, Boxes | list[Boxes]]:
    """The windows, in the channels of the group."""
    return {"input": read_layer(reading).fine_boxes(boxes)}


def convolution_size(reading: Reading) -> tuple[Extent, ...]:
    """⌊(n + 2p − d(k − 1) − 1)/s⌋ + 1, an axis each."""
    slides = read_layer(reading).slides
    return tuple(window_size(axis, slide) for axis, slide in zip(AXES[len(slides)], slides, strict=True))


def window_size(axis: str, slide: Slide, rounded: Callable[[Formula], Formula] = floor) -> Extent:
    """How many steps a window takes along one axis; rounded up where a pooling asks for it.

    A pooling that is rounded up takes one step less where its last window would begin in the padding.

    >>> from convscope.explaining.rendering.words import extent
    >>> extent(window_size("height", Slide(size=28, steps=28, kernel=5, before=2, after=2)))
    'height ⌊(28 + 2·2 − 5)/1⌋ + 1 = 28'
    """
    padded = n + 2 * p if slide.before == slide.after else n + p + after
    taken = padded - k if slide.dilation == 1 else padded - d * (k - 1) - 1
    values = {n: slide.size, k: slide.kernel, s: slide.stride, d: slide.dilation}
    values |= {p: slide.before, after: slide.after}
    worked, notes = Worked(rounded(taken / s) + 1, values), missed(slide, axis, "not reached")
    if worked.value > slide.steps:
        worked = Worked(rounded(taken / s) + 1 - 1, values)
        notes = (*notes, "no window may start in the padding behind")
    return Extent(axis, worked, notes)


def convolution_window(reading: Reading, channel: int) -> Window:
    """A kernel and the input channels of its group."""
    layer = read_layer(reading)
    inside = layer.fine // layer.groups
    first = channel // (layer.coarse // layer.groups) * inside
    seen = range(first, first + inside)
    return Window("convolution", "sum", layer.slides, layer.groups, seen, (channel,))


CONVOLUTION = Op(
    "input weight bias=None stride=1 padding=0 dilation=1 groups=1",
    explain_convolution,
    convolution_gradient,
    convolution_cost,
    convolution_reach,
    convolution_size,
    role=Role.CONVOLUTION,
    drawing="window",
    axes=kernels.axes,
    window=convolution_window,
    edits=("kernel", "channel", "setting"),
)
