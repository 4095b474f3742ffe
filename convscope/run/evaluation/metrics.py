"""How good are these predictions? Every figure from the labels and the probabilities alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from convscope.errors import DataError
from convscope.run.evaluation import intervals
from convscope.run.evaluation.classification import (
    CLOSE,
    Bin,
    ClassScore,
    Confusion,
    Evaluation,
    JudgedSample,
)
from convscope.run.evaluation.intervals import SURE
from convscope.run.evaluation.regression import ValueEvaluation, evaluate_values

__all__ = ["Evaluation", "ValueEvaluation", "evaluate", "evaluate_values"]

BINS = 15  # of the calibration, as many as Guo et al. use
LEAST = float(np.finfo(np.float32).tiny)  # a probability of 0 counts as this, so the loss stays finite
UNSURE_KEPT = 100


def evaluate(
    labels: ArrayLike,
    probabilities: ArrayLike,
    classes: Sequence[str],
    names: Sequence[str] | None = None,
    rows: ArrayLike | None = None,
    persistence: ArrayLike | None = None,
    groups: Sequence[str] = (),
    independent: int | None = None,
) -> Evaluation:
    """Compare predictions with the truth.

    Args:
        labels: the true classes, (n,), indices into `classes`.
        probabilities: (n, classes), each row adding up to 1.
        classes: class names; some may have no samples here.
        names: where each sample came from, (n,); "row 17" by default.
        rows: the sample's row in its data set, (n,); 0 … n − 1 by default.
        persistence: for sequences the class before, (n,): what somebody says who expects no change.
        groups: the group of each sample, (n,), "" where it is none's; none: samples are independent.
        independent: how many samples there are, where the groups are several judgements of each.

    Raises:
        DataError: there are no samples, the sizes do not go together, or the probabilities are none.

    >>> evaluation = evaluate([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], ["cat", "dog"])
    >>> evaluation.correct, evaluation.balanced_accuracy, str(evaluation.confusions[0])
    (2, 0.75, 'dog was taken for cat: once')
    """
    truth, chance = _checked(labels, probabilities, len(classes))
    said = chance.argmax(1)  # (n,)
    scores = _per_class(truth, said, classes)
    present = [score for score in scores if score.support]
    right, commonest = said == truth, max(present, key=lambda score: score.support)
    group = intervals.numbered(groups) if len(groups) else None
    own = np.take_along_axis(chance, truth[:, None], 1)[:, 0]  # (n,), probability of the true class
    reliability = _reliability(chance.max(1), right)
    judge = _Judge(truth, said, chance, classes, names, _rows(rows, len(truth)))
    margins = _margins(chance)
    return Evaluation(
        classes=tuple(classes),
        samples=len(truth),
        correct=int(right.sum()),
        accuracy=float(right.mean()),
        interval=intervals.of_share(right, group, independent),
        majority=commonest.support / len(truth),
        majority_class=commonest.name,
        balanced_accuracy=_mean(score.recall for score in present),
        balanced_interval=intervals.of_recalls(right, truth, group, independent),
        groups=None if group is None else int(group.max()) + 1,
        macro_f1=_mean(score.f1 for score in present),
        loss=float(-np.log(np.maximum(own, LEAST)).mean()),
        top5=_top(5, truth, chance) if len(classes) >= 10 else None,
        roc_auc=_roc_auc(truth, chance),
        ece=_ece(reliability),
        reliability=reliability,
        per_class=scores,
        pairs=_pairs(truth, said, classes),
        mistakes=judge.mistakes(),
        unsure=judge.unsure(margins),
        close=min(UNSURE_KEPT, int((margins < CLOSE).sum())),
        **({} if persistence is None else _no_change(truth, said, np.asarray(persistence), classes)),
    )


def _no_change(
    truth: np.ndarray, said: np.ndarray, before: np.ndarray, classes: Sequence[str]
) -> dict[str, Any]:
    """Judge the forecast that expects no change, and compare the network with it, sample by sample.

    Source of the comparison: McNemar 1947, "Note on the sampling error of the difference between correlated
    proportions or percentages": only samples count that one of the two has right and the other wrong.
    """
    right, right_before = said == truth, before == truth
    only, only_before = int((right & ~right_before).sum()), int((right_before & ~right).sum())
    return {
        "persistence": float(right_before.mean()),
        "persistence_macro_f1": _mean(score.f1 for score in _per_class(truth, before, classes)),
        "beats_persistence": only - only_before > SURE * (only + only_before) ** 0.5,
    }


def _checked(labels: ArrayLike, probabilities: ArrayLike, classes: int) -> tuple[np.ndarray, np.ndarray]:
    truth, chance = np.asarray(labels), np.asarray(probabilities, dtype=np.float64)
    if not len(truth):
        raise DataError(
            "there are no samples to evaluate: this part is empty.\n  Choose another part, or other data."
        )
    if chance.shape != (len(truth), classes):
        raise DataError(
            f"{len(truth)} labels and {classes} classes need probabilities of {len(truth)} × {classes}; "
            f"got {' × '.join(map(str, chance.shape))}."
        )
    if truth.min() < 0 or truth.max() >= classes:
        raise DataError(f"labels run from {truth.min()} to {truth.max()}; expected 0 … {classes - 1}.")
    if not np.allclose(chance.sum(1), 1, atol=1e-2) or chance.min() < 0:  # NaN is close to nothing
        raise DataError(
            "the network's outputs are not probabilities (NaN, below 0, or not adding up to 1).\n"
            "  If its weights became NaN during training, train with a smaller learning rate."
        )
    return truth, chance


def _rows(rows: ArrayLike | None, samples: int) -> np.ndarray:
    return np.arange(samples) if rows is None else np.asarray(rows)


def _pairs(truth: np.ndarray, said: np.ndarray, classes: Sequence[str]) -> tuple[Confusion, ...]:
    """Every pair of true and predicted class that occurs: far fewer than there could be of many classes."""
    found, times = np.unique(truth * len(classes) + said, return_counts=True)
    return tuple(
        Confusion(classes[int(pair // len(classes))], classes[int(pair % len(classes))], int(count))
        for pair, count in zip(found, times, strict=True)
    )


def _per_class(truth: np.ndarray, said: np.ndarray, classes: Sequence[str]) -> tuple[ClassScore, ...]:
    def score(name: str, hits: int, support: int, said: int) -> ClassScore:
        return ClassScore(
            name,
            support,
            said,
            precision=hits / said if said else None,
            recall=hits / support if support else None,
            f1=2 * hits / (support + said) if support else None,
        )

    counts = [
        np.bincount(some, minlength=len(classes)).tolist() for some in (truth[truth == said], truth, said)
    ]
    return tuple(map(score, classes, *counts))


def _mean(shares: Iterable[float | None]) -> float:
    known = [share for share in shares if share is not None]
    return sum(known) / len(known)


def _top(k: int, truth: np.ndarray, chance: np.ndarray) -> float:
    likeliest = np.argpartition(-chance, k - 1, axis=1)[:, :k]  # (n, k)
    return float((likeliest == truth[:, None]).any(1).mean())


def _roc_auc(truth: np.ndarray, chance: np.ndarray) -> float | None:
    """Mean over the classes that occur of P(a sample of the class scores above one of another), ties half.

    Source: Hanley and McNeil 1982, "The meaning and use of the area under a ROC curve".
    """
    present = np.unique(truth)
    if len(present) < 2:
        return None
    return float(np.mean([_area(truth == index, chance[:, index]) for index in present]))


def _area(positive: np.ndarray, score: np.ndarray) -> float:
    ordered, own = np.sort(score), score[positive]
    below, up_to = (np.searchsorted(ordered, own, side) for side in ("left", "right"))
    ranks = (below + 1 + up_to) / 2  # of the positive ones, from 1; equal scores share their mean rank
    some, others = int(positive.sum()), int((~positive).sum())
    return float((ranks.sum() - some * (some + 1) / 2) / (some * others))


def _reliability(confidence: np.ndarray, right: np.ndarray) -> tuple[Bin, ...]:
    """Confidence and accuracy in bins of equal width.

    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", arXiv:1706.04599, section 2.
    """
    place = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)  # (low, high]

    def summary(index: int) -> Bin:
        inside = place == index
        samples = int(inside.sum())
        if not samples:
            return Bin(index / BINS, (index + 1) / BINS, 0, None, None)
        means = float(confidence[inside].mean()), float(right[inside].mean())
        return Bin(index / BINS, (index + 1) / BINS, samples, *means)

    return tuple(summary(index) for index in range(BINS))


def _ece(reliability: Sequence[Bin]) -> float:
    """Expected calibration error, equation 3 of Guo et al. 2017."""
    gaps = [b.samples * abs(b.accuracy - b.confidence) for b in reliability if b.samples]  # type: ignore[operator]
    return sum(gaps) / sum(b.samples for b in reliability)


def _margins(chance: np.ndarray) -> np.ndarray:
    """How far the first choice is ahead of the second, (sample,)."""
    if chance.shape[1] < 2:
        return np.ones(len(chance))
    second, first = np.partition(chance, -2, axis=1)[:, -2:].T
    return first - second


@dataclass(frozen=True)
class _Judge:
    """Picks samples out and says what became of them."""

    truth: np.ndarray
    said: np.ndarray
    chance: np.ndarray
    classes: Sequence[str]
    names: Sequence[str] | None
    rows: np.ndarray

    def mistakes(self) -> tuple[JudgedSample, ...]:
        wrong = np.flatnonzero(self.said != self.truth)
        worst = np.argsort(-self.chance[wrong].max(1), kind="stable")
        return self._judged(wrong[worst])

    def unsure(self, margins: np.ndarray) -> tuple[JudgedSample, ...]:
        if len(self.classes) < 2:
            return ()
        return self._judged(np.argsort(margins, kind="stable")[:UNSURE_KEPT])

    def _judged(self, positions: np.ndarray) -> tuple[JudgedSample, ...]:
        return tuple(
            JudgedSample(
                row=int(self.rows[i]),
                name=self.names[i] if self.names is not None else f"row {self.rows[i]}",
                true=self.classes[int(self.truth[i])],
                predicted=self.classes[int(self.said[i])],
                probability=float(self.chance[i, self.said[i]]),
                probability_true=float(self.chance[i, self.truth[i]]),
            )
            for i in map(int, positions)
        )
