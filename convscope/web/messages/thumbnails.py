"""A small picture of what an operation gave: the mean of its channels."""

from torch import Tensor
from torch.nn import functional as F

from convscope.explaining.axes import Axes
from convscope.tracing import Value
from convscope.web.messages.numbers import grey, small
from convscope.web.types.parts import Numbers

POINTS = 64  # of a line or a vector


def thumbnail(value: Value, axes: Axes) -> Numbers | None:
    """A plane, a line of points, or the numbers of a vector; None where none were kept."""
    if value.tensor is None or not value.tensor.numel() or value.tensor.is_complex():
        return None
    values = axes.take(value.tensor)
    values = values if values.is_floating_point() else values.float()
    if values.dim() == 1:
        return grey(values[:POINTS])
    if values.dim() == 2:
        return grey(small(values.T) if axes.last else _line(values.mean(0)))
    plane = values[:, values.shape[1] // 2].mean(0) if values.dim() == 4 else values.mean(0)
    return grey(small(plane))


def _line(values: Tensor) -> Tensor:
    if len(values) <= POINTS:
        return values
    return F.adaptive_avg_pool1d(values[None, None].float(), POINTS)[0, 0]


def has_negatives(value: Value) -> bool:
    """Whether any number is below zero."""
    tensor = value.tensor
    if tensor is None or not tensor.numel() or tensor.is_complex() or not tensor.dtype.is_signed:
        return False
    return bool(tensor.amin() < 0)
