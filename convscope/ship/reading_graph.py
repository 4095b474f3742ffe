# type: ignore - the functions are onnxscript's language, of which pyright knows too little
# ruff: noqa: F821 - names of axes
"""Our reader of pictures as a graph of ONNX: any decoded picture in, the network's sample out, to the bit.

What Pillow computes in whole numbers is computed here in whole numbers; sums of products below 2^53 are exact
in float64. So a picture becomes the same sample on either road. Sizes are (height, width), as everywhere.

Where a picture shrinks much more downwards than across, Pillow 13 does that first; older ones never do.

Source: https://github.com/python-pillow/Pillow/tree/main/src/libImaging (AlphaComposite.c, Convert.c,
Reduce.c, Resample.c), and `Image.resize` there.
"""

import onnx
from onnxscript import BOOL, DOUBLE, FLOAT, INT32, INT64, UINT8, script
from onnxscript import opset20 as op


@script(default_opset=op)
def eight_bits(picture: INT32["H", "W", "C"], white: INT32) -> INT64["H", "W", "C"]:
    """Values of 0 … 255; grey of 16 bits is rounded, colour keeps its high byte."""
    values = op.Cast(picture, to=INT64.dtype)
    grey = op.Equal(op.Shape(picture, start=2, end=3), [1])
    small = op.Where(grey, (values + 128) / 257, values / 256)
    return op.Where(white > 255, small, values)


@script(default_opset=op)
def laid_on(colour: INT64["H", "W", 3], alpha: INT64["H", "W", 1], ground: INT64) -> INT64["H", "W", 3]:
    """Transparent pixels on a ground of one grey."""
    whole = alpha * 255 + op.Sub(255, alpha) * 255
    share = alpha * 8323200 / whole  # 255 · 255 · 2^7
    mixed = colour * share + ground * op.Sub(32640, share) + 16384  # 255 · 2^7, and half of 255 · 2^7 rounded
    return (mixed / 256 + mixed) / 256 / 128


@script(default_opset=op)
def contrast(colour: INT64["H", "W", 3]) -> INT64:
    """From the darkest to the brightest value of a channel, the most of the three."""
    each = op.ReduceMax(colour, [0, 1], keepdims=0) - op.ReduceMin(colour, [0, 1], keepdims=0)
    return op.ReduceMax(each, [0], keepdims=0)


@script(default_opset=op)
def opaque(values: INT64["H", "W", "C"]) -> INT64["H", "W", 3]:
    """Red, green and blue; on white, or on black what would not be seen there."""
    channels = op.Squeeze(op.Shape(values, start=2, end=3))
    colour = op.Gather(values, op.Where(channels > 2, [0, 1, 2], [0, 0, 0]), axis=2)
    last = op.Gather(values, op.Unsqueeze(channels - 1, [0]), axis=2)
    alpha = op.Where(op.Equal(op.Mod(channels, 2), 0), last, last * 0 + 255)
    on_white = laid_on(colour, alpha, 255)
    on_black = laid_on(colour, alpha, 0)
    hidden = op.And(contrast(on_white) < 16, contrast(on_black) >= 16)
    return op.Where(hidden, on_black, on_white)


@script(default_opset=op)
def luma(colour: INT64["H", "W", 3]) -> INT64["H", "W", 1]:
    """ITU-R 601, in 16 bits behind the point."""
    weighted = colour * op.Constant(value_ints=[19595, 38470, 7471])
    return (op.ReduceSum(weighted, [2]) + 32768) / 65536


@script(default_opset=op)
def blocks(count: INT64, block: INT64) -> INT64["n"]:
    """How many pixels each block of one axis has; the last may have fewer."""
    starts = op.Range(0, count, block)
    return op.Min(count - starts, block)


@script(default_opset=op)
def reduced(planes: INT64["C", "H", "W"], down: INT64, across: INT64) -> INT64["C", "h", "w"]:
    """Means over blocks of pixels, rounded as Pillow does by a multiplier of 32 bits."""
    height = op.Squeeze(op.Shape(planes, start=1, end=2))
    width = op.Squeeze(op.Shape(planes, start=2, end=3))
    rows = blocks(height, down)
    columns = blocks(width, across)
    high = op.Shape(rows)
    wide = op.Shape(columns)
    more_rows = high * down - height
    more_columns = wide * across - width
    padded = op.Pad(planes, op.Concat([0, 0, 0, 0], more_rows, more_columns, axis=0))
    shape = op.Concat([-1], high, op.Unsqueeze(down, [0]), wide, op.Unsqueeze(across, [0]), axis=0)
    sums = op.ReduceSum(op.Reshape(padded, shape), [2, 4], keepdims=0)
    counts = op.Unsqueeze(rows, [1]) * op.Unsqueeze(columns, [0])
    multiplier = op.Cast(
        op.Floor(op.Div(4294967296.0, op.Cast(counts * 256, to=FLOAT.dtype))), to=INT64.dtype
    )
    return (sums + counts / 2) * multiplier / 16777216


@script(default_opset=op)
def weights(count: INT64, first: FLOAT, last: FLOAT, new: INT64) -> DOUBLE["new", "count"]:
    """A triangle around each new pixel, over the old ones from `first` to `last`; whole numbers, of 2^22."""
    scale = op.Cast(last - first, to=DOUBLE.dtype) / op.Cast(new, to=DOUBLE.dtype)
    reach = op.Max(scale, 1.0)
    places = op.Cast(op.Range(0, new, 1), to=DOUBLE.dtype) + 0.5
    centre = op.Unsqueeze(op.Cast(first, to=DOUBLE.dtype) + places * scale, [1])
    begin = op.Cast(op.Cast(centre - reach + 0.5, to=INT64.dtype), to=DOUBLE.dtype)
    end = op.Cast(op.Cast(centre + reach + 0.5, to=INT64.dtype), to=DOUBLE.dtype)
    old = op.Unsqueeze(op.Cast(op.Range(0, count, 1), to=DOUBLE.dtype), [0])
    height = op.Max(op.Sub(1.0, op.Abs((old - centre + 0.5) * op.Div(1.0, reach))), 0.0)
    inside = op.And(old >= begin, old < end)
    kept = op.Where(inside, height, height * 0.0)
    return op.Floor(kept / op.ReduceSum(kept, [1]) * 4194304.0 + 0.5)


@script(default_opset=op)
def rounded(sums: DOUBLE["C", "h", "w"]) -> DOUBLE["C", "h", "w"]:
    """Sums of weighted values as bytes again."""
    return op.Clip(op.Floor((sums + 2097152.0) / 4194304.0), 0.0, 255.0)


@script(default_opset=op)
def down_first(planes: DOUBLE["C", "H", "W"], size: INT64[2]) -> BOOL[1]:
    """Whether the height is resized before the width."""
    less = op.Shape(planes, start=1, end=3) - size
    high = op.Gather(less, [0])
    return op.And(high > 0, high > op.Gather(less, [1]) * 2)


@script(default_opset=op)
def resized(planes: INT64["C", "H", "W"], box: DOUBLE[4], size: INT64[2]) -> INT64["C", "h", "w"]:
    """A box (left, top, right, bottom) of the planes in a new size, blocks of pixels averaged first."""
    whole = op.Shape(planes, start=1, end=3)
    first = op.Gather(box, [1, 0])
    last = op.Gather(box, [3, 2])
    scale = (last - first) / op.Cast(size, to=DOUBLE.dtype)
    factor = op.Max(op.Cast(scale / 3.0, to=INT64.dtype), [1])
    coarse = op.ReduceMax(factor) > 1
    near = op.Max(op.Cast(first - scale * 0.5, to=INT64.dtype), [0])
    far = op.Min(op.Cast(op.Ceil(last + scale * 0.5), to=INT64.dtype), whole)
    begin = op.Where(coarse, near, whole * 0)
    end = op.Where(coarse, far, whole)
    down = op.Squeeze(op.Gather(factor, [0]))
    across = op.Squeeze(op.Gather(factor, [1]))
    small = op.Cast(reduced(op.Slice(planes, begin, end, [1, 2]), down, across), to=DOUBLE.dtype)
    blocks_wide = op.Cast(factor, to=DOUBLE.dtype)
    start = op.Cast((first - op.Cast(begin, to=DOUBLE.dtype)) / blocks_wide, to=FLOAT.dtype)
    stop = op.Cast((last - op.Cast(begin, to=DOUBLE.dtype)) / blocks_wide, to=FLOAT.dtype)
    there = op.Shape(small, start=1, end=3)
    vertical = weights(
        op.Squeeze(op.Gather(there, [0])), op.Squeeze(op.Gather(start, [0])),
        op.Squeeze(op.Gather(stop, [0])), op.Squeeze(op.Gather(size, [0])),
    )  # fmt: skip
    horizontal = op.Transpose(weights(
        op.Squeeze(op.Gather(there, [1])), op.Squeeze(op.Gather(start, [1])),
        op.Squeeze(op.Gather(stop, [1])), op.Squeeze(op.Gather(size, [1])),
    ), perm=[1, 0])  # fmt: skip
    if op.Squeeze(down_first(small, size)):
        new = rounded(op.MatMul(rounded(op.MatMul(vertical, small)), horizontal))
    else:
        new = rounded(op.MatMul(vertical, rounded(op.MatMul(small, horizontal))))
    return op.Cast(new, to=INT64.dtype)


@script(default_opset=op)
def framed(planes: INT64["C", "h", "w"], frame: INT64[2]) -> INT64["C", "H", "W"]:
    """In the middle of a frame; around it the median of the outermost pixels, by channel."""
    size = op.Shape(planes, start=1, end=3)
    channels = op.Shape(planes, start=0, end=1)
    top = op.Gather(planes, [0], axis=1)
    bottom = op.Gather(planes, [-1], axis=1)
    left = op.Transpose(op.Gather(planes, [0], axis=2), perm=[0, 2, 1])
    right = op.Transpose(op.Gather(planes, [-1], axis=2), perm=[0, 2, 1])
    edge = op.Squeeze(op.Concat(top, bottom, left, right, axis=2), [1])
    middle = op.Shape(edge, start=1, end=2) / 2
    least, _ = op.TopK(edge, middle + 1, largest=0)
    colour = op.Unsqueeze(op.Gather(least, [-1], axis=1), [2])
    before = (frame - size) / 2
    pads = op.Concat([0], before, [0], frame - size - before, axis=0)
    shown = op.Pad(planes, pads)
    one = op.Expand([1], op.Concat([1], size, axis=0))
    inside = op.Pad(one, pads)
    return op.Where(
        op.Cast(inside, to=BOOL.dtype), shown, op.Expand(colour, op.Concat(channels, frame, axis=0))
    )


@script(default_opset=op)
def letterboxed(planes: INT64["C", "h", "w"], frame: INT64[2]) -> INT64["C", "H", "W"]:
    """The whole picture, its aspect kept."""
    size = op.Cast(op.Shape(planes, start=1, end=3), to=DOUBLE.dtype)
    scale = op.ReduceMin(op.Cast(frame, to=DOUBLE.dtype) / size)
    shown = op.Max(op.Cast(op.Round(size * scale), to=INT64.dtype), [1])
    box = op.Concat(op.Cast([0.0, 0.0], to=DOUBLE.dtype), op.Gather(size, [1, 0]), axis=0)
    return framed(resized(planes, box, shown), frame)


@script(default_opset=op)
def stretched(planes: INT64["C", "h", "w"], frame: INT64[2]) -> INT64["C", "H", "W"]:
    """The whole picture, its aspect lost."""
    size = op.Cast(op.Shape(planes, start=1, end=3), to=DOUBLE.dtype)
    box = op.Concat(op.Cast([0.0, 0.0], to=DOUBLE.dtype), op.Gather(size, [1, 0]), axis=0)
    return resized(planes, box, frame)


@script(default_opset=op)
def cropped(planes: INT64["C", "h", "w"], frame: INT64[2]) -> INT64["C", "H", "W"]:
    """The middle of the picture, its aspect kept."""
    size = op.Cast(op.Shape(planes, start=1, end=3), to=DOUBLE.dtype)
    wanted = op.Cast(frame, to=DOUBLE.dtype)
    kept = wanted * op.ReduceMin(size / wanted)
    first = op.Max((size - kept) / 2.0, 0.0)
    last = op.Min(first + kept, size)
    box = op.Concat(op.Gather(first, [1, 0]), op.Gather(last, [1, 0]), axis=0)
    return resized(planes, box, frame)


FITS = {"letterbox": letterboxed, "stretch": stretched, "crop": cropped}


@script(default_opset=op)
def grey(picture: INT32["H", "W", "C"], white: INT32) -> INT64["H", "W", 1]:
    """A picture as grey."""
    return luma(opaque(eight_bits(picture, white)))


@script(default_opset=op)
def coloured(picture: INT32["H", "W", "C"], white: INT32) -> INT64["H", "W", 3]:
    """A picture as red, green and blue."""
    return opaque(eight_bits(picture, white))


def reader(channels: int, size: tuple[int, int], fit: str) -> onnx.ModelProto:
    """A graph that brings a decoded picture into the form that the network takes, as our reader does.

    Args:
        channels: 1 for grey, 3 for colour.
        size: (height, width).
        fit: letterbox, crop or stretch.

    Returns:
        picture, (height, width, channel) of 1 to 4 channels, int32, and its white, 255 or 65535 → sample,
        (1, channel, height, width), uint8.
    """
    colours, brought, frame = {1: grey, 3: coloured}[channels], FITS[fit], list(size)

    @script(default_opset=op)
    def read(picture: INT32["height", "width", "channel"], white: INT32) -> UINT8[1, "K", "h", "w"]:
        planes = op.Transpose(colours(picture, white), perm=[2, 0, 1])
        return op.Unsqueeze(op.Cast(brought(planes, op.Constant(value_ints=frame)), to=UINT8.dtype), [0])

    return read.to_model_proto()
