"""Many numbers along an axis become one, or are put in order: sums, extremes, norms, softmax."""

from convscope.explaining.op import Op
from convscope.explaining.ops.reducing import extremes, norms, ordering, reductions, softmax

OPS: dict[str, Op] = {
    **reductions.OPS,
    **extremes.OPS,
    **norms.OPS,
    **ordering.OPS,
    "softmax": softmax.SOFTMAX,
    "softmin": softmax.SOFTMIN,
    "log_softmax": softmax.LOG_SOFTMAX,
    "logsumexp": softmax.LOGSUMEXP,
}
