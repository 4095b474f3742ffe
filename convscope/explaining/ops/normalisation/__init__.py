"""Numbers brought to mean 0 and variance 1: batch, layer, group, instance, root mean square, local."""

from convscope.explaining.ops.normalisation.kinds import OPS

__all__ = ["OPS"]
