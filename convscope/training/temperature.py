"""Probabilities that can be believed: one number that all scores are divided by."""

import torch
from torch import Tensor

STEPS = 50
SHARPNESS = (0.05, 20.0)  # 1 / temperature stays between


def fit_temperature(scores: Tensor, labels: Tensor) -> float:
    """Find the temperature T at which softmax(scores / T) fits the labels best.

    Label smoothing makes a network too modest, long training makes it too sure of itself. Dividing all
    scores by one number changes no decision and puts both right. A sample of unknown label is counted in
    (Laplace's rule of succession), or a few samples that are all right would make it certain of everything.

    Args:
        scores: (sample, class), of samples that were not trained on.
        labels: (sample,).

    Returns:
        T, above 0; 1 where there are no samples.

    Source: Guo et al. 2017, arXiv:1706.04599, section 4.2.

    >>> fit_temperature(torch.tensor([[0.0, 9.0]] * 3 + [[9.0, 0.0]]), torch.tensor([1, 1, 1, 1])) > 5
    True
    """
    if not len(labels):
        return 1.0
    z = scores.double()
    z = z - z.mean(1, keepdim=True)  # (sample, class)
    unknown = 1 / (len(labels) + 1)
    wanted = ((1 - unknown) * z.gather(1, labels[:, None])[:, 0]).mean()  # the unknown's mean score is 0
    low, high = SHARPNESS
    for _ in range(STEPS):  # the loss is convex in 1 / T: halve the interval where its slope changes sign
        middle = (low * high) ** 0.5
        slope = (torch.softmax(middle * z, 1) * z).sum(1).mean() - wanted
        low, high = (low, middle) if slope > 0 else (middle, high)
    return 1 / (low * high) ** 0.5
