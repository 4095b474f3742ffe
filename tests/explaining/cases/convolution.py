import warnings

import torch
from torch import nn
from torch.nn import functional as F

from tests.explaining.case import Case

torch.manual_seed(0)
one, two, three = torch.randn(2, 4, 11), torch.randn(2, 4, 9, 8), torch.randn(2, 4, 5, 6, 7)


def conv(*settings, axes=2, **more):
    return {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}[axes](*settings, **more)


def up(*settings, axes=2, **more):
    return {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}[axes](*settings, **more)


def quietly(model):
    """torch warns that 'same' with an even kernel may need a copy of the input."""

    def run(x):
        with warnings.catch_warnings(action="ignore"):
            return model(x)

    return run


CASES = [
    Case("conv1d", conv(4, 3, 3, axes=1), one, ops=("conv1d",)),
    Case("conv1d stride padding dilation", conv(4, 6, 3, 2, 2, 3, axes=1), one, ops=("conv1d",)),
    Case("conv1d same even kernel", quietly(conv(4, 3, 4, padding="same", axes=1)), one, ops=("conv1d",)),
    Case("conv1d without sample axis", conv(4, 3, 3, axes=1), one[0], ops=("conv1d",)),
    Case("conv2d", conv(4, 3, 3), two, ops=("conv2d",)),
    Case("conv2d stride 2 padding 1", conv(4, 3, 3, 2, 1), two, ops=("conv2d",)),
    Case("conv2d oblong", conv(4, 3, (5, 2), (3, 1), (2, 1), (1, 2)), two, ops=("conv2d",)),
    Case("conv2d same", quietly(conv(4, 3, (4, 3), padding="same", dilation=(1, 2))), two, ops=("conv2d",)),
    Case("conv2d valid", conv(4, 3, 3, padding="valid", stride=2), two, ops=("conv2d",)),
    Case("conv2d groups", conv(4, 6, 3, groups=2, padding=1), two, ops=("conv2d",)),
    Case("conv2d depthwise", conv(4, 8, 3, groups=4, stride=2), two, ops=("conv2d",)),
    Case("conv2d 1x1 without bias", conv(4, 6, 1, bias=False), two, ops=("conv2d",)),
    Case("conv2d without sample axis", conv(4, 3, 3, padding=1), two[0], ops=("conv2d",)),
    Case("conv2d stride beyond kernel", conv(4, 3, 2, 3), two, ops=("conv2d",)),
    Case("conv2d kernel beyond input", conv(4, 3, 11, padding=3), two, ops=("conv2d",)),
    Case("conv2d float64", conv(4, 3, 3, padding=1).double(), two.double(), ops=("conv2d",)),
    Case("conv2d bfloat16", conv(4, 3, 3, padding=1).bfloat16(), two.bfloat16(), ops=("conv2d",)),
    Case("conv2d channels last", conv(4, 3, 3), two.to(memory_format=torch.channels_last), ops=("conv2d",)),
    Case("conv3d", conv(4, 3, 3, axes=3), three, ops=("conv3d",)),
    Case(
        "conv3d oblong",
        conv(4, 6, (1, 3, 2), (2, 1, 3), (0, 2, 1), (1, 2, 1), 2, axes=3),
        three,
        ops=("conv3d",),
    ),
    Case("conv3d without sample axis", conv(4, 3, 2, axes=3), three[0], ops=("conv3d",)),
    *(
        Case(f"conv2d {mode}", conv(4, 3, 3, padding=(2, 1), padding_mode=mode), two, ops=("conv2d", "pad"))
        for mode in ("reflect", "replicate", "circular")
    ),
    Case("conv1d reflect", conv(4, 3, 4, padding="same", padding_mode="reflect", axes=1), one, ops=("pad",)),
    Case("conv3d circular", conv(4, 3, 3, padding=2, padding_mode="circular", axes=3), three, ops=("pad",)),
    Case("conv3d replicate", conv(4, 3, 3, padding=2, padding_mode="replicate", axes=3), three, ops=("pad",)),
    Case(
        "functional", lambda x, w: F.conv2d(x, w, stride=2), (two, torch.randn(3, 4, 3, 3)), ops=("conv2d",)
    ),
    Case(
        "keyword arguments",
        lambda x, w, b: F.conv1d(input=x, weight=w, bias=b, padding=1),
        (one, torch.randn(3, 4, 3), torch.randn(3)),
        ops=("conv1d",),
    ),
    Case("conv_transpose1d", up(4, 3, 3, 2, 1, 1, axes=1), one, ops=("conv_transpose1d",)),
    Case("conv_transpose1d plain", up(4, 3, 4, axes=1, bias=False), one[0], ops=("conv_transpose1d",)),
    Case("conv_transpose2d", up(4, 3, 3, 2, 1, 1), two, ops=("conv_transpose2d",)),
    Case("conv_transpose2d groups", up(4, 6, 3, 2, groups=2), two, ops=("conv_transpose2d",)),
    Case("conv_transpose2d depthwise", up(4, 4, 2, 2, groups=4), two, ops=("conv_transpose2d",)),
    Case(
        "conv_transpose2d dilated",
        up(4, 3, (3, 2), (2, 3), 1, dilation=(2, 3)),
        two,
        ops=("conv_transpose2d",),
    ),
    Case("conv_transpose2d gaps", up(4, 3, 2, 4, output_padding=2), two, ops=("conv_transpose2d",)),
    Case("conv_transpose2d cut", up(4, 3, 5, 2, 4), two, ops=("conv_transpose2d",)),
    Case("conv_transpose2d single", up(4, 3, 3, 2), two[0], ops=("conv_transpose2d",)),
    Case(
        "conv_transpose2d output size",
        up(4, 3, 3, 2, 1),
        two,
        ops=("conv_transpose2d",),
        keywords={"output_size": [18, 15]},
    ),
    Case(
        "conv_transpose3d",
        up(4, 2, (3, 2, 1), (1, 2, 3), (1, 0, 0), (0, 1, 2), axes=3),
        three,
        ops=("conv_transpose3d",),
    ),
    Case(
        "convolution",
        lambda x, w, b: torch.convolution(x, w, b, [2, 1], [1, 0], [1, 2], False, [0, 0], 2),
        (two, torch.randn(6, 2, 3, 3), torch.randn(6)),
        ops=("convolution",),
    ),
    Case(
        "convolution transposed",
        lambda x, w: torch.convolution(x, w, None, [2, 3], [1, 0], [1, 1], True, [1, 2], 2),
        (two, torch.randn(4, 3, 3, 3)),
        ops=("convolution",),
    ),
    Case("pad constant", nn.ConstantPad2d((1, 2, 0, 3), 2.5), two, ops=("pad",)),
    Case("pad zeros", nn.ZeroPad2d((1, 0, 2, 2)), two, ops=("pad",)),
    Case("pad that cuts", lambda x: F.pad(x, (-1, 2, 1, -3)), two, ops=("pad",)),
    Case("pad one axis of a matrix", lambda x: F.pad(x, (1, 1), value=-1.0), torch.randn(3, 4), ops=("pad",)),
    Case("pad all axes", lambda x: F.pad(x, (1, 1, 0, 2, 1, 0, 2, 1)), two, ops=("pad",)),
    Case("pad a vector", lambda x: F.pad(x, (2, 1)), torch.randn(5), ops=("pad",)),
    Case("pad reflect", nn.ReflectionPad2d((3, 2, 1, 4)), two, ops=("pad",)),
    Case("pad reflect all the way", nn.ReflectionPad1d(10), one, ops=("pad",)),
    Case("pad reflect 3-D", nn.ReflectionPad3d(2), three, ops=("pad",)),
    Case("pad replicate", nn.ReplicationPad2d((3, 2, 1, 14)), two, ops=("pad",)),
    Case("pad circular", nn.CircularPad2d((3, 2, 9, 4)), two, ops=("pad",)),
    Case("pad circular signal", nn.CircularPad1d((11, 4)), one, ops=("pad",)),
    Case(
        "constant_pad_nd",
        lambda x: torch.ops.aten.constant_pad_nd.default(x, [1, 2, 0, -1], 3.0),
        two,
        ops=("constant_pad_nd",),
    ),
]
