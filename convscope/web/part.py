"""The samples to choose from, the test part of the data, and what the network says of each."""

import copy
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from convscope.data.dataset import PARTS, Dataset
from convscope.errors import DataError
from convscope.network.model import Model
from convscope.run.report.words import number
from convscope.training import logits
from convscope.web.later import Later

PIECE = 2**24  # numbers that go through the network at a time


class Said(NamedTuple):
    """What the network says of every sample of the part, in its order.

    Attributes:
        answers: (n, class) probabilities, float64; for regression the values, (n,).
        truth: (n,) indices of classes; for regression the true values.
        best: (n,) the class that is said; for regression the values.
        sure: (n,) its probability; for regression the distance from the truth, so far as it goes.
        margin: (n,) by how much the second choice is less likely; zeros for regression.
    """

    answers: np.ndarray
    truth: np.ndarray
    best: np.ndarray
    sure: np.ndarray
    margin: np.ndarray


class Part:
    """One part of a data set, by preference the one that the network was not trained on.

    Args:
        dataset: the data.
        model: what is asked about them, as it was opened.
    """

    def __init__(self, dataset: Dataset, model: Model) -> None:
        self.dataset = dataset
        self.name = next((name for name in PARTS[::-1] if len(dataset.parts[name])), "train")
        self.rows = dataset.parts[self.name]
        own = copy.deepcopy(model)  # asked in another thread, while the person's own is traced
        self.said: Later[Said] = Later(lambda: _said(own, self.dataset, self.rows))

    def __len__(self) -> int:
        return len(self.rows)

    def row(self, index: int) -> int:
        """The row of the data that stands at this place of the part.

        Raises:
            DataError: there is none.
        """
        if not 0 <= index < len(self.rows):
            raise DataError(
                f"{self.dataset.source} has {len(self.rows):,} samples in its part '{self.name}';"
                f" there is no number {index}.\n  Count from 0."
            )
        return int(self.rows[index])

    def sample(self, index: int) -> Tensor:
        """One sample, raw, (channel, *space)."""
        return self.dataset.inputs[self.row(index)].clone(memory_format=torch.contiguous_format)

    def label(self, index: int) -> int | None:
        """Its class; None for values."""
        return None if self.dataset.regression else int(self.dataset.labels[self.row(index)])

    def truth(self, index: int) -> str:
        """Its class, or its value, in words."""
        label = self.dataset.labels[self.row(index)].item()
        return number(float(label)) if self.dataset.regression else self.dataset.classes[int(label)]


def _said(model: Model, dataset: Dataset, rows: Tensor) -> Said:
    size = max(1, dataset.inputs[0].numel())
    found = logits(model, dataset.inputs, rows, batch=max(1, min(500, PIECE // size)))
    truth = dataset.labels[rows].numpy()
    if dataset.regression:
        values = model.answers(found).numpy()
        return Said(values, truth, values, np.abs(values - truth), np.zeros(len(values)))
    answers = model.answers(found)
    top = answers.topk(min(2, answers.shape[1]), dim=1)
    first, second = top.values[:, 0], top.values[:, -1]
    margin = first - second if answers.shape[1] > 1 else torch.ones_like(first)
    return Said(answers.numpy(), truth, top.indices[:, 0].numpy(), first.numpy(), margin.numpy())
