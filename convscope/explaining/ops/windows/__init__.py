"""A few neighbours become one number: convolutions, poolings, borders, other grids."""

from dataclasses import replace

from convscope.explaining.op import Op
from convscope.explaining.ops.windows import (
    affine,
    averaging,
    convolution,
    gridding,
    padding,
    patches,
    pooling,
    resampling,
    transposed,
)


def _spatial(name: str, op: Op) -> dict[str, Op]:
    """One entry for each number of spatial axes."""
    return {f"{name}{space}d": replace(op, space=space) for space in (1, 2, 3)}


OPS: dict[str, Op] = {
    **_spatial("conv", convolution.CONVOLUTION),
    **_spatial("conv_transpose", transposed.TRANSPOSED),
    "convolution": transposed.EITHER,
    **_spatial("max_pool", pooling.MAX_POOL),
    **_spatial("adaptive_max_pool", pooling.ADAPTIVE_MAX_POOL),
    **_spatial("avg_pool", averaging.AVG_POOL),
    **_spatial("adaptive_avg_pool", averaging.ADAPTIVE_AVG_POOL),
    **_spatial("lp_pool", averaging.LP_POOL),
    "pad": padding.PAD,
    "constant_pad_nd": padding.CONSTANT_PAD,
    "interpolate": resampling.INTERPOLATE,
    **dict.fromkeys(("upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d"), resampling.NEAREST),
    **dict.fromkeys(
        ("upsample_linear1d", "upsample_bilinear2d", "upsample_bicubic2d", "upsample_trilinear3d"),
        resampling.SMOOTH,
    ),
    **patches.OPS,
    **affine.OPS,
    **gridding.OPS,
}
