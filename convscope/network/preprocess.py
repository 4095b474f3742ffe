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


class Temperature(nn.Module):
    """Scores → scores whose softmax can be believed: all divided by one number, which changes no decision.

    It is 1 at first and fitted on the validation part after each epoch; training itself does without.
    """

    temperature: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("temperature", torch.ones(()))

    def forward(self, scores: Tensor) -> Tensor:
        """(sample, class) → the same."""
        return scores / self.temperature


class Values(nn.Module):
    """Standardised values → values in the target's own unit, (sample, 1), for regression.

    >>> Values(torch.tensor(20.0), torch.tensor(5.0))(torch.tensor([[1.0]]))
    tensor([[25.]])
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean.float())
        self.register_buffer("std", std.float())

    def forward(self, standardised: Tensor) -> Tensor:
        """(sample, 1) → the same."""
        return standardised * self.std + self.mean

    def standardise(self, values: Tensor) -> Tensor:
        """The way back: what the network itself should give, (sample,) → the same."""
        return (values - self.mean) / self.std


class Model(nn.Module):
    """What is trained, saved, traced and shipped: raw values in, one score (logit) a class out, or a value.

    Attributes:
        preprocess: raw values → standardised ones.
        network: what is trained.
        output: its scores → scores to believe (classification) or values in their unit (regression).
        channels_last: whether the network may be given its input with the channels side by side in memory,
            where convolutions are fastest; None as long as nobody tried.
    """

    channels_last: bool | None = None

    def __init__(
        self,
        preprocess: Standardise | StandardiseSample,
        network: nn.Module,
        output: Temperature | Values | None = None,
    ) -> None:
        super().__init__()
        self.preprocess = preprocess
        self.network = network
        self.output = output or Temperature()

    def forward(self, x: Tensor) -> Tensor:
        """(sample, channel, *space) → (sample, class), or (sample, 1)."""
        return self.output(self.network(self.preprocess(x)))


def assemble(network: nn.Module, channels: int, scale: str = "set", *, regression: bool = False) -> Model:
    """Put the first and the last step around a network, as they are before data or saved weights fill them.

    Args:
        network: (sample, channel, *space) → (sample, class), or (sample, 1) for regression.
        channels: of a sample.
        scale: "set": standardise by the training part; "sample": each sample by itself.
        regression: the network gives a value instead of scores.

    >>> model = assemble(nn.Flatten(), channels=1, scale="sample", regression=True)
    >>> type(model.preprocess).__name__, type(model.output).__name__
    ('StandardiseSample', 'Values')
    """
    zero, nothing = torch.zeros(()), torch.zeros(channels)
    preprocess = StandardiseSample() if scale == "sample" else Standardise(nothing, nothing + 1)
    return Model(preprocess, network, Values(zero, zero + 1) if regression else Temperature())


def fit_model(
    network: nn.Module, inputs: Tensor, labels: Tensor, rows: Tensor, *, each_sample: bool = False
) -> Model:
    """Put a network between its preprocessing and its output, both fitted on the training part.

    Args:
        network: (sample, channel, *space) → (sample, class), or (sample, 1) for regression.
        inputs: (sample, channel, *space).
        labels: (sample,): int64 classes, or float values, which makes it regression.
        rows: the training part.
        each_sample: standardise each sample by itself.
    """
    scale, regression = "sample" if each_sample else "set", labels.is_floating_point()
    model = assemble(network, inputs.shape[1], scale, regression=regression)
    if not each_sample:
        model.preprocess = fit_standardise(inputs, rows)
    if regression:
        values = labels[rows].double()
        std = values.std(correction=0)
        model.output = Values(values.mean(), std if std > 0 else torch.ones(()))
    return model


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
