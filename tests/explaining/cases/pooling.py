import torch
from torch import nn
from torch.nn import functional as F

from tests.explaining.case import Case

torch.manual_seed(0)
one, two, three = torch.randn(2, 3, 11), torch.randn(2, 3, 9, 8), torch.randn(2, 2, 5, 6, 7)
ties = torch.randint(0, 2, (2, 3, 9, 8)).float()


def resize(x, **settings):
    return Case(f"interpolate {settings}", lambda x: F.interpolate(x, **settings), x, ops=("interpolate",))


def exported(name, *settings):
    """An operation as an exported program calls it."""
    kernel = getattr(torch.ops.aten, name).vec
    return lambda x: kernel(x, *settings)


CASES = [
    Case("max_pool1d", nn.MaxPool1d(2), one, ops=("max_pool1d",)),
    Case("max_pool1d all settings", nn.MaxPool1d(3, 2, 1, 2, ceil_mode=True), one, ops=("max_pool1d",)),
    Case("max_pool1d indices", nn.MaxPool1d(3, 2, return_indices=True), one[0], ops=("max_pool1d",)),
    Case("max_pool2d", nn.MaxPool2d(2), two, ops=("max_pool2d",)),
    Case("max_pool2d overlapping", nn.MaxPool2d(3, 2, 1), two, ops=("max_pool2d",)),
    Case("max_pool2d stride 1", nn.MaxPool2d(5, 1, 2), two[0], ops=("max_pool2d",)),
    Case("max_pool2d ceil", nn.MaxPool2d(2, ceil_mode=True), two, ops=("max_pool2d",)),
    Case("max_pool2d ceil, dropped", nn.MaxPool2d((2, 3), 3, 1, ceil_mode=True), two, ops=("max_pool2d",)),
    Case("max_pool2d dilated", nn.MaxPool2d((2, 3), (1, 2), 1, (3, 2)), two, ops=("max_pool2d",)),
    Case("max_pool2d ties", nn.MaxPool2d(3, 2, 1, return_indices=True), ties, ops=("max_pool2d",)),
    Case("max_pool2d positional", lambda x: torch.max_pool2d(x, [2, 2], [2, 1]), two, ops=("max_pool2d",)),
    Case("max_pool3d", nn.MaxPool3d(2, (1, 2, 3), 1, (1, 2, 1), True), three, ops=("max_pool3d",)),
    Case("adaptive_max_pool1d", nn.AdaptiveMaxPool1d(4), one, ops=("adaptive_max_pool1d",)),
    Case(
        "adaptive_max_pool2d",
        nn.AdaptiveMaxPool2d((4, None), return_indices=True),
        two,
        ops=("adaptive_max_pool2d",),
    ),
    Case("adaptive_max_pool3d", nn.AdaptiveMaxPool3d((2, 4, 3)), three, ops=("adaptive_max_pool3d",)),
    Case("avg_pool1d", nn.AvgPool1d(3, 2, 1), one, ops=("avg_pool1d",)),
    Case("avg_pool1d ceil", nn.AvgPool1d(4, 3, 2, True, False), one[0], ops=("avg_pool1d",)),
    Case("avg_pool2d", nn.AvgPool2d(2), two, ops=("avg_pool2d",)),
    Case("avg_pool2d padded", nn.AvgPool2d(3, 2, 1), two, ops=("avg_pool2d",)),
    Case("avg_pool2d ceil", nn.AvgPool2d(4, 3, 1, ceil_mode=True), two, ops=("avg_pool2d",)),
    Case("avg_pool2d inside only", nn.AvgPool2d(3, 2, 1, True, False), two, ops=("avg_pool2d",)),
    Case("avg_pool2d divisor", nn.AvgPool2d(3, 2, 1, True, False, 5), two[0], ops=("avg_pool2d",)),
    Case("avg_pool3d", nn.AvgPool3d((2, 3, 4), 2, (1, 1, 2), True), three, ops=("avg_pool3d",)),
    Case("adaptive_avg_pool1d", nn.AdaptiveAvgPool1d(4), one, ops=("adaptive_avg_pool1d",)),
    Case("adaptive_avg_pool2d", nn.AdaptiveAvgPool2d((4, 3)), two, ops=("adaptive_avg_pool2d",)),
    Case("global average", nn.AdaptiveAvgPool2d(1), two, ops=("adaptive_avg_pool2d",)),
    Case(
        "adaptive_avg_pool2d larger", nn.AdaptiveAvgPool2d((None, 12)), two[0], ops=("adaptive_avg_pool2d",)
    ),
    Case("adaptive_avg_pool3d", nn.AdaptiveAvgPool3d((2, 4, 3)), three, ops=("adaptive_avg_pool3d",)),
    Case("lp_pool1d", nn.LPPool1d(2, 3, 2), one, ops=("lp_pool1d",)),
    Case("lp_pool1d positive", nn.LPPool1d(3, 4), one.abs(), ops=("lp_pool1d",)),
    Case("lp_pool2d", nn.LPPool2d(2, 2), two, ops=("lp_pool2d",)),
    Case("lp_pool2d ceil", nn.LPPool2d(2, (3, 2), 2, ceil_mode=True), two, ops=("lp_pool2d",)),
    Case("lp_pool2d of power 1", nn.LPPool2d(1, 2), two, ops=("lp_pool2d",)),
    Case("lp_pool2d broken power", nn.LPPool2d(2.5, 2), two.abs(), ops=("lp_pool2d",)),
    Case("lp_pool3d", nn.LPPool3d(2, (2, 3, 2)), three, ops=("lp_pool3d",)),
    resize(one, scale_factor=2),
    resize(one, size=7),
    resize(two, size=(13, 5)),
    resize(two, scale_factor=(2.0, 1.7)),
    resize(two, scale_factor=1.7, recompute_scale_factor=True),
    resize(three, size=(7, 6, 9)),
    resize(two, size=(13, 5), mode="nearest-exact"),
    resize(one, size=7, mode="linear"),
    resize(one, scale_factor=2.3, mode="linear", align_corners=True),
    resize(two, scale_factor=2, mode="bilinear"),
    resize(two, scale_factor=(0.6, 1.7), mode="bilinear"),
    resize(two, scale_factor=1.1, mode="bilinear"),
    resize(two, size=(17, 1), mode="bilinear", align_corners=True),
    resize(two, size=(3, 20), mode="bilinear"),
    resize(three, scale_factor=2, mode="trilinear"),
    resize(torch.randn(1, 1, 300, 2), scale_factor=2, mode="bilinear"),
    resize(two, scale_factor=2, mode="bicubic"),
    resize(two, scale_factor=(0.6, 1.7), mode="bicubic"),
    resize(two, size=(13, 2), mode="bicubic", align_corners=True),
    resize(one, size=4, mode="area"),
    resize(two, size=(5, 13), mode="area"),
    resize(three, scale_factor=0.5, mode="area"),
    *(
        Case(
            f"upsample_nearest{axes}d",
            exported(f"upsample_nearest{axes}d", size, None),
            x,
            (f"upsample_nearest{axes}d",),
        )
        for axes, x, size in ((1, one, [7]), (2, two, [13, 5]), (3, three, [7, 6, 9]))
    ),
    Case("upsample_linear1d", exported("upsample_linear1d", None, False, [2.3]), one, ("upsample_linear1d",)),
    Case(
        "upsample_bilinear2d",
        exported("upsample_bilinear2d", [13, 5], True, None),
        two,
        ("upsample_bilinear2d",),
    ),
    Case(
        "upsample_bicubic2d",
        exported("upsample_bicubic2d", [13, 5], False, None),
        two,
        ("upsample_bicubic2d",),
    ),
    Case(
        "upsample_trilinear3d",
        exported("upsample_trilinear3d", None, False, [2.0, 1.5, 1.2]),
        three,
        ("upsample_trilinear3d",),
    ),
]
