"""The formulas of sizes, parameters and multiply-adds, in general and with the numbers."""

from convscope.explaining.formula import Worked, side
from convscope.explaining.op import Extent
from convscope.explaining.rendering.words import extent, text
from convscope.explaining.rows import Row
from convscope.web.types.parts import Formula


def size(row: Row, shape: str) -> Formula | None:
    """The output's size, a line an axis."""
    return sizes(row.size, shape) if row.size else None


def sizes(extents: tuple[Extent, ...], shape: str) -> Formula:
    """Of all axes."""
    general = dict.fromkeys(text(side(each.worked.formula)) for each in extents)
    numbers = "\n".join(extent(each) for each in extents)
    return {"general": "\n".join(general), "numbers": numbers, "value": shape}


def parameters(row: Row, count: int) -> Formula | None:
    """Of the weights and biases of an operation."""
    return _formula(row.counting, f"{count:,}") if count else None


def macs(row: Row) -> Formula | None:
    """Multiplications that come with an addition."""
    return _formula(row.multiplying, f"{row.macs:,}") if row.macs else None


def _formula(worked: Worked | None, value: str) -> Formula | None:
    if worked is None:
        return None
    return {"general": text(side(worked.formula)), "numbers": text(worked.numbers), "value": value}
