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

    @property
    def rank(self) -> tuple[float, float]:
        """Larger is better: more samples right, then a smaller loss."""
        return self.accuracy or 0.0, -self.loss


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
    balanced = (found[occur].double() / support[occur]).mean().item()
    return Validation(F.cross_entropy(scores, labels).item(), right.double().mean().item(), balanced)
