"""What the validation part says after an epoch."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class Validation(NamedTuple):
    """Figures on samples that are not trained on."""

    loss: float  # cross-entropy in nats; in regression the mean squared error of the standardised values
    accuracy: float | None = None
    balanced_accuracy: float | None = None  # mean over the classes that occur of the share found
    accuracy_luck: float = 0.0  # standard errors, with a sample right and one wrong counted in
    balanced_luck: float = 0.0

    def score(self, by: str) -> float:
        """Larger is better: "accuracy", "balanced" (accuracy), or "loss" with its sign turned."""
        figures = {"accuracy": self.accuracy, "balanced": self.balanced_accuracy}
        figure = figures.get(by)
        return -self.loss if figure is None else figure

    def luck(self, by: str) -> float:
        """Standard error of the score; that of a loss is not known, and counts as 0."""
        return {"accuracy": self.accuracy_luck, "balanced": self.balanced_luck}.get(by, 0.0)


def validate_values(said: Tensor, values: Tensor) -> Validation:
    """Judge standardised values (sample, 1) by the true ones (sample,).

    >>> validate_values(torch.tensor([[1.0], [3.0]]), torch.tensor([1.0, 1.0])).loss
    2.0
    """
    return Validation(F.mse_loss(said[:, 0], values).item())


def validate(scores: Tensor, labels: Tensor) -> Validation:
    """Judge scores (sample, class) by labels (sample,).

    >>> always_first = torch.tensor([[2.0, 0.0]]).expand(3, 2)
    >>> validate(always_first, torch.tensor([0, 0, 1])).balanced_accuracy
    0.5
    """
    right = scores.argmax(1) == labels
    support = torch.bincount(labels, minlength=scores.shape[1])
    found = torch.bincount(labels[right], minlength=scores.shape[1])
    occur = support > 0
    found, support = found[occur].double(), support[occur].double()  # (class,)
    return Validation(
        F.cross_entropy(scores, labels).item(),
        right.double().mean().item(),
        (found / support).mean().item(),
        _variance(found.sum(), support.sum()).sqrt().item(),
        (_variance(found, support).sum().sqrt() / len(support)).item(),
    )


def _variance(found: Tensor, of: Tensor) -> Tensor:
    """Of the share that was found, of so many samples."""
    share = (found + 1) / (of + 2)
    return share * (1 - share) / of
