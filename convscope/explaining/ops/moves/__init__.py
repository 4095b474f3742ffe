"""Numbers that change their place and not their value; and those that are made from nothing."""

from convscope.explaining.op import Op
from convscope.explaining.ops.moves import adding, creation, joining, picking, rearranging, reshaping, writing

OPS: dict[str, Op] = {
    **reshaping.OPS,
    **rearranging.OPS,
    **picking.OPS,
    **joining.OPS,
    **writing.OPS,
    **adding.OPS,
    **creation.OPS,
}
