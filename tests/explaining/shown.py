"""Formulas as a person reads them."""

from convscope.explaining.op import Extent
from convscope.explaining.rendering.words import extent, text


def said(worked):
    """With the numbers; "" for none."""
    return text(worked.numbers) if worked else ""


def lines(size: tuple[Extent, ...]):
    """The size of a tensor, a line an axis."""
    return "\n".join(map(extent, size))
