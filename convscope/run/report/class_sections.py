"""What stands in the sections of a report on classes."""

from typing import Any

import numpy as np

from convscope.data.dataset import Dataset
from convscope.run.evaluation.classification import ClassScore, Evaluation, JudgedSample
from convscope.run.plots import classes, figures
from convscope.run.report import words
from convscope.run.report.sections import KeyFigure, sheet
from convscope.run.report.tiles import Tiles

MISTAKES, UNSURE = 24, 16  # samples shown at most
STARTS = (0.99, 0.98, 0.95, 0.9, 0.8, 0.5)  # shares at which an axis may begin
CONFUSIONS, MANY_CONFUSIONS = 10, 30  # pairs of classes named, and where there is no matrix
DRAWN = 30  # classes up to which the matrix is drawn: a larger one cannot be read
WEAKEST = 20  # of more classes, that are shown before all of them
MACRO_F1 = "mean over the classes of the harmonic mean of precision and recall"
ROC_AUC = (
    "chance that a sample of a class gets a higher probability for it than one of another class,"
    " mean over the classes"
)
SAID = "{predicted}, {probability:.0%}\ntrue: {true}"  # below a sample in plots/
CONTENTS = {
    "confusion": "What for what",
    "classes": "Class by class",
    "calibration": "Calibration",
    "mistakes": "Mistakes",
    "unsure": "Close calls",
}


def answers(evaluation: Evaluation) -> list[tuple[int, int]]:
    """The worst mistakes: row of the sample, and the class that was said."""
    place = {name: index for index, name in enumerate(evaluation.classes)}
    return [(sample.row, place[sample.predicted]) for sample in evaluation.mistakes[:MISTAKES]]


def content(dataset: Dataset, evaluation: Evaluation, tiles: Tiles) -> dict[str, Any]:
    """The key figures, the confusion matrix, and the samples that were judged worst."""
    mistakes = evaluation.mistakes[:MISTAKES]
    most = CONFUSIONS if len(evaluation.classes) <= DRAWN else MANY_CONFUSIONS
    unsure = [sample for sample in evaluation.unsure[: evaluation.close] if sample not in mistakes][:UNSURE]

    def judged(sample: JudgedSample) -> dict[str, Any]:
        return {**tiles.of(sample.row), **sample._asdict()}

    return {
        "title": words.percent(evaluation.accuracy),
        "sections": {anchor: title for anchor, title in CONTENTS.items() if anchor != "unsure" or unsure},
        "figures": _figures(dataset, evaluation),
        "calibration": words.calibration(evaluation),
        "confusions": _confusions(evaluation)[:most],
        **tables(evaluation),
        "mistakes": [judged(sample) for sample in mistakes],
        "unsure": [judged(sample) for sample in unsure],
    }


def drawings(evaluation: Evaluation) -> dict[str, figures.Figure]:
    """The plots that the page and the folder share."""
    return {"calibration": figures.panel(classes.calibration, evaluation.reliability, width=4.2, height=4.0)}


def alone(evaluation: Evaluation, page: dict[str, Any]) -> dict[str, figures.Figure]:
    """The plots of the folder alone: on the page they are tables and tiles."""
    side = 2.5 + 0.3 * min(len(evaluation.classes), 30)  # inches
    sheets = {name: sheet(page, name, SAID) for name in ("mistakes", "unsure")}
    return {"confusion": figures.panel(classes.confusion, evaluation, width=side, height=side), **sheets}


def _figures(dataset: Dataset, found: Evaluation) -> list[KeyFigure]:
    part, noun = words.PARTS_IN_WORDS[words.judged_part(dataset)], words.noun(dataset)
    named = f"share of the {part} {noun} that it names right; 95 % interval {found.interval.shares()}"
    figures = [
        KeyFigure("Accuracy", words.percent(found.accuracy), named),
        KeyFigure(
            "Balanced accuracy",
            words.percent(found.balanced_accuracy),
            "mean recall of the classes: each class weighs the same; 95 % interval "
            + found.balanced_interval.shares(),
        ),
        KeyFigure("Macro F1", words.percent(found.macro_f1), MACRO_F1),
    ]
    if found.persistence is not None:
        before = f"{words.percent(found.persistence, 1)}, F1 {words.percent(found.persistence_macro_f1, 1)}"
        figures.append(
            KeyFigure("Expecting no change", before, "accuracy and macro F1 of saying what was last")
        )
    if found.top5 is not None:
        figures.append(
            KeyFigure("Top 5", words.percent(found.top5), "share whose class is among the five likeliest")
        )
    if found.roc_auc is not None:
        figures.append(KeyFigure("ROC-AUC", words.number(found.roc_auc), ROC_AUC))
    bins = f"expected calibration error, {len(found.reliability)} bins"
    return [
        *figures,
        KeyFigure("Loss", words.number(found.loss, 3), "mean cross-entropy, in nats"),
        KeyFigure("Calibration error", words.percent(found.ece), bins),
    ]


def tables(evaluation: Evaluation) -> dict[str, Any]:
    """The confusion matrix, where it is not too large to be read, and the scores of the classes."""
    size = len(evaluation.classes)
    worst = max((pair["share"] for pair in _confusions(evaluation)), default=0.0)
    return {
        "matrix": _cells(evaluation, worst) if size <= DRAWN else [],
        "worst_share": worst,
        "classes": size,
        "longest": max(map(len, evaluation.classes)),
        "cell": 44 if size <= 12 else 28,  # pixels
        "lowest": _lowest(evaluation),
        "weakest": sorted(evaluation.per_class, key=_weakness)[:WEAKEST] if size > DRAWN else [],
    }


def _cells(evaluation: Evaluation, worst: float) -> list[list[dict[str, Any]]]:
    """The confusion matrix as cells: count, share of the true class, and strength of colour 0 … 1.

    Wrong answers are coloured by the `worst` share of a class that one takes.
    """
    counts = evaluation.confusion
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    right = np.eye(len(counts), dtype=bool)
    strength = np.where(right, shares, shares / (worst or 1.0))
    return [
        [
            {"count": int(count), "share": share, "strength": strong}
            for count, share, strong in zip(*line, strict=True)
        ]
        for line in zip(counts, shares, strength, strict=True)
    ]


def _weakness(score: ClassScore) -> tuple[bool, float]:
    """The lowest F1 first; classes without samples last."""
    return score.f1 is None, score.f1 or 0.0


def _confusions(evaluation: Evaluation) -> list[dict[str, Any]]:
    """The confusions, the commonest first, each with the share of the class that it takes."""
    support = {score.name: score.support for score in evaluation.per_class}
    return [{**pair._asdict(), "share": pair.times / support[pair.true]} for pair in evaluation.confusions]


def _lowest(evaluation: Evaluation) -> float:
    """Where the axis of precision and recall begins: at a round share below all of them."""
    known = [
        share
        for score in evaluation.per_class
        for share in (score.precision, score.recall)
        if share is not None
    ]
    return next((start for start in STARTS if start < min(known)), 0.0)
