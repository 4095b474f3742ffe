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

    samples: int = 0

    @property
    def score(self) -> float:
        """Larger is better: the accuracy; in regression the loss with its sign turned."""
        return -self.loss if self.accuracy is None else self.accuracy

    @property
    def luck(self) -> float:
        """Standard error of the accuracy (with a sample right and one wrong counted in); 0 in regression."""
        if self.accuracy is None:
            return 0.0
        share = (self.accuracy * self.samples + 1) / (self.samples + 2)
        return (share * (1 - share) / self.samples) ** 0.5


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
    accuracy = right.double().mean().item()
    return Validation(F.cross_entropy(scores, labels).item(), accuracy, balanced, len(labels))
