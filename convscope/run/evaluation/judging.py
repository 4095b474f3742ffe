"""What a model says, told and judged: classes or values, as the run has it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from convscope.data.dataset import Dataset
from convscope.data.samples import Samples
from convscope.errors import DataError
from convscope.network.model import Model, Values
from convscope.run import inputs
from convscope.run.evaluation import metrics
from convscope.run.evaluation.metrics import Evaluation, ValueEvaluation
from convscope.run.evaluation.predictions import Predictions, ValuePredictions
from convscope.run.settings import Facts
from convscope.training import scores

AnyEvaluation = Evaluation | ValueEvaluation
AnyPredictions = Predictions | ValuePredictions


def answers(model: Model, samples: Tensor, rows: Tensor | None = None) -> Tensor:
    """What a model says of samples, float64: (n, class), each row adding up to 1; or values, (n,)."""
    return scores.answers(model, samples, rows, what="judging")


def evaluation(said: Tensor, dataset: Dataset, rows: Tensor, model: Model, facts: Facts) -> AnyEvaluation:
    """Compare the answers for some rows with their labels, which are matched by the classes' names.

    Raises:
        DataError: there are no rows.
    """
    labels, before = dataset.labels[rows], dataset.persistence
    before = None if before is None else before[rows]
    names = inputs.names(dataset, rows)
    groups: list[str] = [str(dataset.groups[row]) for row in rows.tolist()] if dataset.groups else []
    if isinstance(model.output, Values):
        mean = model.output.mean.item()  # of the training part
        return metrics.evaluate_values(labels, said, facts.classes[0], names, rows, before, mean, groups)
    labels = inputs.match_labels(dataset, facts.classes, labels)
    if before is not None:
        before = inputs.match_labels(dataset, facts.classes, before)
    return metrics.evaluate(labels, said, facts.classes, names, rows, before, groups)


def predictions(said: Tensor, samples: Samples, facts: Facts, sources: Sequence[Path] = ()) -> AnyPredictions:
    """Put the answers for samples beside where these came from."""
    told: dict[str, Any] = {
        "inputs": samples.inputs,
        "names": tuple(samples.names),
        "truth": tuple(samples.truth),
        "skipped": samples.skipped,
        "remarks": (*samples.remarks, *inputs.on_truth(samples.truth, facts)),
        "kind": facts.kind,
        "sources": sources,
    }
    if facts.regression:
        return ValuePredictions(values=said, target=facts.classes[0], **told)
    return Predictions(probabilities=said, classes=facts.classes, **told)


def demand_task(dataset: Dataset, facts: Facts) -> None:
    """Refuse to compare values with classes.

    Raises:
        DataError: the labels are values and the run's are classes, or the other way round.
    """
    said, there = ("values" if each else "classes" for each in (facts.regression, dataset.regression))
    if said != there:
        raise DataError(
            f"the labels of {dataset.source} are {there} ({_some(dataset.classes)});"
            f" this run says {said} ({_some(facts.classes)}).\n  Give data with {said} of that kind."
        )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
