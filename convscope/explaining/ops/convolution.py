"""Convolution in one, two and three dimensions: a window of the input times a kernel, summed, plus a bias."""

from math import prod

from convscope.explaining.account import Account, Index, total, written_out
from convscope.explaining.boxes import Boxes
from convscope.explaining.op import Cost, Op, Role
from convscope.explaining.ops import kernels
from convscope.explaining.ops.sliding import POSITIONS, Layer, Slide, Window, missed_words, products
from convscope.explaining.reading import Reading
from convscope.shapes import AXES, show, window_output

FORMULAS = {
    1: "y[o,t] = b[o] + Σ x[i, s·t + d·u − p]·w[o,i,u]",
    2: "y[o,r,c] = b[o] + Σ x[i, s·r + d·u − p, s·c + d·v − p]·w[o,i,u,v]",
    3: "y[o,z,r,c] = b[o] + Σ x[i, s·z + d·t − p, s·r + d·u − p, s·c + d·v − p]·w[o,i,t,u,v]",
}


def docs(layer: Layer) -> str:
    """Where torch describes it."""
    return f"https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv{len(layer.slides)}d.html"


def read_layer(reading: Reading) -> Layer:
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
    return Layer(slides, coarse=out, fine=within * groups, groups=groups)


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
        FORMULAS[axes] if bias is not None else FORMULAS[axes].replace("b[o] + ", ""),
        written_out(terms, bias),
        total(terms, bias),
        docs(layer),
        terms=terms,
        bias=bias,
        notes=(padding,) * (outside > 0) + kernels.group_note(layer, channel, layer.coarse, layer.fine),
    )


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
        "dx[i,q] = Σ dy[o,r]·w[o,i,u]   over channels o and taps u; on each axis s·r + d·u − p = q",
        written_out(terms),
        terms.result,
        docs(layer),
        terms=terms,
    )


def _weight_gradient(reading: Reading, layer: Layer, at: Index) -> Account:
    coarse, fine = layer.weight_sum(at, kernels.samples(reading))
    names = kernels.every_position(reading)
    terms = products(names, gradient=(reading.output_gradient, coarse), input=(reading["input"], fine))
    return Account(
        "A weight is used once at every position of its output channel. Its gradient is the sum, over all of "
        "them, of the gradient that arrives there times the input that the weight met.",
        "dw[o,i,u] = Σ dy[n,o,r]·x[n, i, s·r + d·u − p]   over samples n and positions r, so on each axis",
        written_out(terms),
        terms.result,
        docs(layer),
        terms=terms,
        scale=kernels.long_sum(terms),
    )


def convolution_cost(reading: Reading) -> Cost:
    """H'·W'·K²·N·M: every output position counts all taps, also those on the padding."""
    layer = read_layer(reading)
    return kernels.cost(reading, layer, taken=layer.fine, made=layer.coarse)


def convolution_reach(reading: Reading, boxes: Boxes) -> dict[str, Boxes | list[Boxes]]:
    """The windows, in the channels of the group."""
    return {"input": read_layer(reading).fine_boxes(boxes)}


def convolution_size(reading: Reading) -> str:
    """⌊(H + 2p − d(K − 1) − 1)/s⌋ + 1 with the numbers, an axis a line."""
    slides = read_layer(reading).slides
    return "\n".join(window_size(axis, slide) for axis, slide in zip(AXES[len(slides)], slides, strict=True))


def window_size(axis: str, slide: Slide) -> str:
    """How many steps a window takes along one axis, in words.

    >>> window_size("height", Slide(size=28, steps=28, kernel=5, before=2, after=2))
    'height ⌊(28 + 2·2 − 5)/1⌋ + 1 = 28'
    """
    same = slide.before == slide.after
    padding = f"2·{slide.before}" if same else f"{slide.before} + {slide.after}"
    kernel = f"{slide.kernel}" if slide.dilation == 1 else f"{slide.dilation}·({slide.kernel} − 1) − 1"
    formula = f"⌊({slide.size} + {padding} − {kernel})/{slide.stride}⌋ + 1"
    return f"{axis} {formula} = {slide.steps}{missed_words(slide, axis, 'not reached')}"


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
