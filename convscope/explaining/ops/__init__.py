"""The operations that can be explained: name → how. A newcomer adds one file, and one line in its family."""

from convscope.explaining.op import Op
from convscope.explaining.ops import (
    elementwise,
    losses,
    moves,
    normalisation,
    products,
    recurrent,
    reducing,
    windows,
)

FAMILIES = (windows, products, recurrent, normalisation, elementwise, reducing, losses, moves)
OPS: dict[str, Op] = {name: op for family in FAMILIES for name, op in family.OPS.items()}
UNKNOWN = Op("")


def known(op: str) -> Op:
    """All that is known of an operation; of one that has no file here, nothing is.

    >>> known("conv2d").role.name, known("conv2d").space, known("never heard of").role.name
    ('CONVOLUTION', 2, 'OTHER')
    """
    return OPS.get(op, UNKNOWN)
