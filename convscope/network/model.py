"""A network as it is trained, saved, traced and shipped: raw values in, scores or a value out."""

from typing import Self

import torch
from torch import Tensor, nn

from convscope.network.preprocess import Standardise, StandardiseSample, fit_standardise


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

    def answers(self, scores: Tensor) -> Tensor:
        """Scores that it gave → probabilities, (sample, class), float64, each row adding up to 1."""
        return probabilities(scores)


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

    def forward(self, said: Tensor) -> Tensor:
        """(sample, 1) → the same."""
        return said * self.std + self.mean

    def answers(self, values: Tensor) -> Tensor:
        """Values that it gave, (sample, 1) → (sample,), float64."""
        return values.double()[:, 0]

    def standardise(self, values: Tensor) -> Tensor:
        """The way back: what the network itself should give, (sample,) → the same."""
        return (values - self.mean) / self.std


class OwnValues(Values):
    """Values that are in the target's own unit already; what the training part's are like is kept beside."""

    def forward(self, said: Tensor) -> Tensor:
        """(sample, 1) → the same."""
        return said


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

    @property
    def regression(self) -> bool:
        """Whether it gives a value and no scores."""
        return isinstance(self.output, Values)

    def answers(self, scores: Tensor) -> Tensor:
        """What its scores say: (sample, class) probabilities, or (sample,) values; float64."""
        return self.output.answers(scores)

    def predict(self, x: Tensor) -> Tensor:
        """Raw samples → what it says of them, see `answers`.

        >>> assemble(nn.Flatten(), 1).predict(torch.zeros(1, 1, 2))
        tensor([[0.5000, 0.5000]], dtype=torch.float64)
        """
        with torch.no_grad():
            return self.answers(self(x))

    def fit(self, inputs: Tensor, labels: Tensor, rows: Tensor) -> Self:
        """Measure what the first and the last step need on the training part.

        Args:
            inputs: (sample, channel, *space).
            labels: (sample,): int64 classes, or float values for regression.
            rows: the training part.
        """
        if isinstance(self.preprocess, Standardise):
            self.preprocess = fit_standardise(inputs, rows)
        if self.regression:
            values = labels[rows].double()
            std = values.std(correction=0)
            self.output = Values(values.mean(), std if std > 0 else torch.ones(()))
        return self


def probabilities(scores: Tensor) -> Tensor:
    """Softmax of scores, (…, class), float64.

    >>> probabilities(torch.tensor([0.0, 0.0]))
    tensor([0.5000, 0.5000], dtype=torch.float64)
    """
    return scores.double().softmax(dim=-1)


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
