"""What looks wrong in a person's own network, before it is trained: a step on a few samples is followed."""

import torch
from torch import Tensor

from convscope.data.dataset import Dataset
from convscope.lint.finding import Finding, shown
from convscope.lint.running.ran import Ran
from convscope.network.model import Model, Values
from convscope.network.modes import modes_kept
from convscope.randomness import forked
from convscope.settings import TrainingSettings
from convscope.tracing import trace
from convscope.training.scores import loss_of, loss_of_values

SAMPLES = 4  # enough to tell samples from steps and channels, and soon done
LEFT_OUT = ("training-mode", "bias-before-batch-norm", "dropped-border")  # here it is meant; harmless


def first_batch(model: Model, dataset: Dataset, settings: TrainingSettings) -> list[Finding]:
    """Suspicions from one forward, loss and way back in training mode; the gravest first.

    A network that fails is left to training itself, which says why. Nothing is learnt: weights, statistics
    and random numbers are afterwards as they were.

    Args:
        model: on the CPU, as it will be trained.
        dataset: samples are taken from its training part.
        settings: the loss.
    """
    from convscope.lint import of_stage

    rows = _spread(dataset.parts["train"])
    if len(rows) < 2:
        return []
    x, y = dataset.inputs[rows], dataset.labels[rows]

    def score(output: Tensor) -> Tensor:
        if isinstance(model.output, Values):
            return loss_of_values(output, model.output.standardise(y), settings)
        return loss_of(output, y, settings)

    with modes_kept(model), forked():
        model.train()
        seen = trace(model.network, model.preprocess(x), score=score)
    if seen.failure:
        return []
    rules = [rule for rule in of_stage("running") if rule.name not in LEFT_OUT]
    return [shown(found, Ran(seen, rule)) for rule in rules for found in rule.findings(seen)]


def _spread(rows: Tensor) -> Tensor:
    """A few rows from the whole of the part, as data often lie in order."""
    return rows[torch.linspace(0, len(rows) - 1, min(SAMPLES, len(rows))).long()]
