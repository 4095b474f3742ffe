"""Scaling is the first module of every network.

So evaluation, export and explorer take raw values and cannot disagree.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

CHUNK = (
    2**19
)  # values looked at in one go: they stay in the processor's cache as float32, whatever the data's size


class Standardise(nn.Module):
    """Raw values (uint8 or float) → float32 with mean 0 and standard deviation 1 per channel.

    The two statistics are buffers (channel,), fitted on the training part and saved with the weights.

    >>> scale = Standardise(torch.tensor([10.0]), torch.tensor([2.0]))
    >>> scale(torch.tensor([[[8, 12]]], dtype=torch.uint8))
    tensor([[[-1.,  1.]]])
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean.float())
        self.register_buffer("std", std.float())

    def forward(self, x: Tensor) -> Tensor:
        """(sample, channel, *space) → the same."""
        shape = (-1,) + (1,) * (x.dim() - 2)
        return (x.float() - self.mean.view(shape)) / self.std.view(shape)


class StandardiseSample(nn.Module):
    """Raw values → float32 with mean 0 and standard deviation 1 per channel of each sample.

    A channel that never changes within a sample becomes 0.

    >>> StandardiseSample()(torch.tensor([[[8.0, 12.0], [5.0, 5.0]]]))
    tensor([[[-1.,  1.],
             [ 0.,  0.]]])
    """

    def forward(self, x: Tensor) -> Tensor:
        """(sample, channel, *space) → the same."""
        axes = tuple(range(2, x.dim()))
        x = x.float()
        x = x - x.mean(axes, keepdim=True)
        std = x.square().mean(axes, keepdim=True).sqrt()
        return x / torch.where(std > 0, std, 1.0)


def fit_standardise(inputs: Tensor, rows: Tensor | None = None) -> Standardise:
    """Measure mean and standard deviation of each channel over these rows (all of them by default).

    Reads `inputs` once and in small pieces, so a memory-mapped tensor may be larger than the memory. A
    channel that never changes gets a standard deviation of 1, so it becomes 0 and not NaN.

    Args:
        inputs: (sample, channel, *space), uint8 or float.
        rows: the training part's row numbers, (n,), at least one.

    >>> scale = fit_standardise(torch.tensor([[[8.0, 8.0], [1.0, 1.0]], [[12.0, 12.0], [1.0, 1.0]]]))
    >>> scale.mean, scale.std
    (tensor([10.,  1.]), tensor([2., 1.]))
    """
    count, totals, squares, shift = 0, torch.tensor(0.0), torch.tensor(0.0), None
    for piece in _pieces(inputs, rows):  # (some samples, channel, position)
        values = piece.float()
        if (
            shift is None
        ):  # squares of small numbers keep their digits, and a constant channel becomes exactly 0
            shift = values[0, :, :1].clone()  # (channel, 1)
        values = values - shift
        count += values.shape[0] * values.shape[2]
        totals = totals + values.sum((0, 2)).double()
        squares = squares + values.square_().sum((0, 2)).double()
    if shift is None:
        raise ValueError("no rows to measure")
    mean = totals / count
    variance = (squares / count - mean.square()).clamp(min=0)
    std = variance.sqrt().float()
    return Standardise(mean + shift[:, 0], torch.where(std > 0, std, 1.0))


def _pieces(inputs: Tensor, rows: Tensor | None) -> Iterator[Tensor]:
    step = max(1, CHUNK // max(1, inputs[0].numel()))
    for first in range(0, len(inputs) if rows is None else len(rows), step):
        some = slice(first, first + step)
        yield inputs[some if rows is None else rows[some]].flatten(2)
