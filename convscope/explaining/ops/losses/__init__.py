"""How far an output is from what was wanted."""

from convscope.explaining.op import Op
from convscope.explaining.ops.losses.compared import LOSSES
from convscope.explaining.ops.losses.cross_entropy import CROSS_ENTROPY, NLL_LOSS

OPS: dict[str, Op] = {"cross_entropy": CROSS_ENTROPY, "nll_loss": NLL_LOSS, **LOSSES}
