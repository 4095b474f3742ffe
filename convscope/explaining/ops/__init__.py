"""The operations that can be explained: name → how. A newcomer adds one file and one line."""

from dataclasses import replace

from convscope.explaining.op import Op
from convscope.explaining.ops import (
    activations,
    adding,
    affine,
    arithmetic,
    attention,
    averaging,
    comparisons,
    convolution,
    creation,
    cross_entropy,
    dropout,
    embedding,
    extremes,
    functions,
    gridding,
    joining,
    likeness,
    linear,
    losses,
    matmul,
    normalisation,
    norms,
    ordering,
    padding,
    patches,
    picking,
    pooling,
    rearranging,
    rectifiers,
    recurrent,
    reductions,
    resampling,
    reshaping,
    softmax,
    transposed,
    writing,
)


def _spatial(name: str, op: Op) -> dict[str, Op]:
    """One entry for each number of spatial axes."""
    return {f"{name}{space}d": replace(op, space=space) for space in (1, 2, 3)}


OPS: dict[str, Op] = {
    **rectifiers.OPS,
    **activations.OPS,
    **functions.OPS,
    **normalisation.OPS,
    **_spatial("conv", convolution.CONVOLUTION),
    **_spatial("conv_transpose", transposed.TRANSPOSED),
    "convolution": transposed.EITHER,
    "pad": padding.PAD,
    "constant_pad_nd": padding.CONSTANT_PAD,
    **_spatial("max_pool", pooling.MAX_POOL),
    **_spatial("adaptive_max_pool", pooling.ADAPTIVE_MAX_POOL),
    **_spatial("avg_pool", averaging.AVG_POOL),
    **_spatial("adaptive_avg_pool", averaging.ADAPTIVE_AVG_POOL),
    **_spatial("lp_pool", averaging.LP_POOL),
    "interpolate": resampling.INTERPOLATE,
    "upsample_nearest1d": resampling.NEAREST,
    "upsample_nearest2d": resampling.NEAREST,
    "upsample_nearest3d": resampling.NEAREST,
    "upsample_linear1d": resampling.SMOOTH,
    "upsample_bilinear2d": resampling.SMOOTH,
    "upsample_bicubic2d": resampling.SMOOTH,
    "upsample_trilinear3d": resampling.SMOOTH,
    "lstm": recurrent.SEQUENCE,
    "gru": recurrent.SEQUENCE,
    "rnn_tanh": recurrent.SEQUENCE,
    "rnn_relu": recurrent.SEQUENCE,
    "lstm_cell": recurrent.CELL,
    "gru_cell": recurrent.CELL,
    "rnn_tanh_cell": recurrent.CELL,
    "rnn_relu_cell": recurrent.CELL,
    "linear": linear.LINEAR,
    "bilinear": linear.BILINEAR,
    **matmul.PRODUCTS,
    "scaled_dot_product_attention": attention.ATTENTION,
    "softmax": softmax.SOFTMAX,
    "softmin": softmax.SOFTMIN,
    "log_softmax": softmax.LOG_SOFTMAX,
    "logsumexp": softmax.LOGSUMEXP,
    "cross_entropy": cross_entropy.CROSS_ENTROPY,
    "nll_loss": cross_entropy.NLL_LOSS,
    **losses.LOSSES,
    **dropout.DROPOUTS,
    "embedding": embedding.EMBEDDING,
    "embedding_bag": embedding.EMBEDDING_BAG,
    **arithmetic.OPS,
    **creation.OPS,
    **extremes.OPS,
    **joining.OPS,
    **picking.OPS,
    **reductions.OPS,
    **reshaping.OPS,
    **writing.OPS,
    **comparisons.OPS,
    **norms.OPS,
    **adding.OPS,
    **likeness.OPS,
    **affine.OPS,
    **gridding.OPS,
    **ordering.OPS,
    **patches.OPS,
    **rearranging.OPS,
}
UNKNOWN = Op("")


def known(op: str) -> Op:
    """All that is known of an operation; of one that has no file here, nothing is.

    >>> known("conv2d").role.name, known("conv2d").space, known("never heard of").role.name
    ('CONVOLUTION', 2, 'OTHER')
    """
    return OPS.get(op, UNKNOWN)
