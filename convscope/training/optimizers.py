"""Gradient descent in its variants, each a few lines on one vector of weights.

All read the gradient, change `weights.values` in place, and keep their memory in `state`, a dict of tensors.
Weight decay pulls kernels and matrices towards 0, not biases and normalisations.
"""

import torch
from torch import Tensor

from convscope.settings import TrainingSettings
from convscope.training.weights import FlatParameters


class Sgd:
    """w ← w − lr · g."""

    momentum = 0.0

    def __init__(self, weights: FlatParameters, settings: TrainingSettings) -> None:
        self.weights = weights
        self.decay = settings.weight_decay or 0.0
        self.state: dict[str, Tensor] = {}
        if self.momentum:
            self.state["velocity"] = torch.zeros_like(weights.values)

    def step(self, lr: float) -> None:
        """Update once."""
        change = self.weights.gradients
        if self.decay:
            head = self.weights.matrices
            change[:head].add_(self.weights.values[:head], alpha=self.decay)
        if self.momentum:
            change = self.state["velocity"].mul_(self.momentum).add_(change)
        self.weights.values.add_(change, alpha=-lr)


class Momentum(Sgd):
    """v ← 0.9 · v + g, w ← w − lr · v (Polyak 1964, as torch.optim.SGD has it)."""

    momentum = 0.9


class Adam:
    """m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², w ← w − lr · m̂ / (√v̂ + ε).

    Source: Kingma and Ba 2015, arXiv:1412.6980. Decay is added to the gradient, as in torch.optim.Adam.
    """

    betas = (0.9, 0.999)
    epsilon = 1e-8
    decoupled = False

    def __init__(self, weights: FlatParameters, settings: TrainingSettings) -> None:
        self.weights = weights
        self.decay = settings.weight_decay or 0.0
        self.state = {
            "mean": torch.zeros_like(weights.values),
            "square": torch.zeros_like(weights.values),
            "steps": torch.zeros((), dtype=torch.int64),
        }

    def step(self, lr: float) -> None:
        """Update once."""
        values, gradients, (beta1, beta2) = self.weights.values, self.weights.gradients, self.betas
        head, mean, square = self.weights.matrices, self.state["mean"], self.state["square"]
        steps = int(self.state["steps"].add_(1))
        if self.decay and self.decoupled:
            values[:head].mul_(1 - lr * self.decay)
        elif self.decay:
            gradients[:head].add_(values[:head], alpha=self.decay)
        mean.lerp_(gradients, 1 - beta1)
        square.mul_(beta2).addcmul_(gradients, gradients, value=1 - beta2)
        unbiased = (1 - beta2**steps) ** 0.5  # of √v̂ = √v / unbiased; section 2's faster order of the factors
        spread = square.sqrt().add_(self.epsilon * unbiased)
        values.addcdiv_(mean, spread, value=-lr * unbiased / (1 - beta1**steps))


class AdamW(Adam):
    """Adam with decay apart from the gradient (Loshchilov and Hutter 2019, arXiv:1711.05101).

    β₂ = 0.99 forgets sooner, which suits short trainings.
    """

    betas = (0.9, 0.99)
    decoupled = True


OPTIMIZERS: dict[str, type[Sgd] | type[Adam]] = {
    "sgd": Sgd,
    "momentum": Momentum,
    "adam": Adam,
    "adamw": AdamW,
}
