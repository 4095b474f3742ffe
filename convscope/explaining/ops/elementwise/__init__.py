"""Every place by itself: activations, functions of mathematics, arithmetic, comparisons, dropout."""

from convscope.explaining.op import Op
from convscope.explaining.ops.elementwise import (
    activations,
    arithmetic,
    comparisons,
    dropout,
    functions,
    rectifiers,
)

OPS: dict[str, Op] = {
    **rectifiers.OPS,
    **activations.OPS,
    **functions.OPS,
    **arithmetic.OPS,
    **comparisons.OPS,
    **dropout.DROPOUTS,
}
