"""The training part, in a new order each epoch, batch by batch."""

from collections.abc import Iterator
from math import ceil

import torch
from torch import Tensor

from convscope.data.augment import augment, draw, generator
from convscope.data.dataset import Dataset
from convscope.errors import TrainingError
from convscope.settings import Augment, TrainingSettings

RARITY = 0.2  # power of the share: 0 weighs samples alike, 1 classes; see benchmarks/README.md
ON_DEVICE = 0.5  # share of an accelerator's free memory that the data may take


class Batches:
    """Batches of raw samples and their labels; the order and the changes are functions of (seed, epoch).

    The samples are in memory (or memory-mapped) already, so a batch is one indexing: no worker processes.
    """

    def __init__(self, dataset: Dataset, settings: TrainingSettings, device: torch.device) -> None:
        self.dataset, self.rows = dataset, dataset.parts["train"]
        if not len(self.rows):
            raise TrainingError(f"{dataset.source} has no sample to train on.\n  Its training part is empty.")
        self.inputs, self.labels = _near(dataset.inputs, device), dataset.labels.to(device)
        self.device, self.seed = device, settings.seed
        self.augment = settings.augment or Augment()
        self.balanced = settings.balance == "sampling"
        size = len(self.rows) if settings.batch == "full" else min(settings.batch or 1, len(self.rows))
        self.steps = ceil(len(self.rows) / size)  # an epoch

    def epoch(self, number: int, first: int = 0, end: int | None = None) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the batches of epoch `number` (1 …) from batch `first` on, up to and without batch `end`.

        Sizes differ by at most one, so there is no tiny last batch.
        """
        order = self._order(generator(self.seed, "order", number))
        rows = self.rows[order]
        labels = self.labels.index_select(0, rows.to(self.device))
        changes = self.augment != Augment()
        draws = draw(len(rows), self.seed, number)[order] if changes else torch.empty(len(rows), 0)
        columns = (rows.to(self.inputs.device), labels, draws.to(self.device))
        for some, y, drawn in zip(*(c.tensor_split(self.steps)[first:end] for c in columns), strict=True):
            x = self.inputs.index_select(0, some).to(self.device, non_blocking=True)
            yield augment(x, drawn, self.augment), y

    def with_validation(self) -> None:
        """Let the epochs from now on have the validation samples too: as many batches, larger ones."""
        self.rows = torch.cat([self.dataset.parts[part] for part in ("train", "val")])

    def _order(self, random: torch.Generator) -> Tensor:
        """Places in `rows`: each once; or drawn so that rare classes come more often."""
        if not self.balanced:
            return torch.randperm(len(self.rows), generator=random)
        chances = class_weights(self.dataset)[self.dataset.labels[self.rows]]
        return torch.multinomial(chances, len(self.rows), replacement=True, generator=random)


def class_weights(dataset: Dataset) -> Tensor:
    """Weigh each class by how rare it is in the training part, (class,); a class without samples gets 0.

    The weight is share^-0.2, not share^-1: a class of two samples should count, but not outweigh a hundred
    others. On average over the samples it is 1.

    >>> from convscope.data import load
    >>> class_weights(load("digits")).mean() > 0.9
    tensor(True)
    """
    counts = torch.tensor(dataset.counts("train"), dtype=torch.float32)
    weights = torch.where(counts > 0, counts.clamp(min=1) ** -RARITY, 0.0)
    return weights * counts.sum() / (weights * counts).sum()


def _near(inputs: Tensor, device: torch.device) -> Tensor:
    """Copy the data to an accelerator once, where it fits."""
    if device.type != "cuda":
        return inputs
    free, _ = torch.cuda.mem_get_info(device)
    return inputs.to(device) if inputs.nbytes < ON_DEVICE * free else inputs
