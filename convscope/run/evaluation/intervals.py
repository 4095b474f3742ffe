"""How far a figure of these samples may lie from that of all samples like them: 95 % intervals.

Samples of one group (a patient, a speaker) are alike: there are as many independent ones as there are groups.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

SURE = 1.959964  # a normal variable lies within ± this with probability 95 %
TAIL = 0.025  # on either side
ROUNDING = 1e-12  # of a share: what is below that is no difference between groups


class Interval(NamedTuple):
    """95 % interval of a figure."""

    low: float
    high: float

    def shares(self) -> str:
        """In words, for shares.

        >>> Interval(0.552, 0.953).shares()
        '55.20 to 95.30 %'
        """
        return f"{100 * self.low:.2f} to {100 * self.high:.2f} %"


def numbered(groups: Sequence[str]) -> np.ndarray:
    """The number of each sample's group, (sample,), from 0; "" is a group of its own.

    >>> numbered(["b", "a", "", "b", ""])
    array([1, 0, 2, 1, 3])
    """
    names = np.asarray(groups, dtype=object)
    alone = names == ""
    known, place = np.unique(names[~alone].astype(str), return_inverse=True)
    number = np.empty(len(names), np.int64)
    number[~alone], number[alone] = place, len(known) + np.arange(alone.sum())
    return number


def wilson(correct: float, samples: float) -> Interval:
    """For the true share behind `correct` of `samples` that are independent.

    Source: E. B. Wilson 1927, "Probable inference, the law of succession, and statistical inference".

    >>> [round(bound, 4) for bound in wilson(90, 100)]
    [0.8256, 0.9448]
    """
    share, z2 = correct / samples, SURE**2
    centre = (share + z2 / (2 * samples)) / (1 + z2 / samples)
    half = SURE / (1 + z2 / samples) * (share * (1 - share) / samples + z2 / (4 * samples**2)) ** 0.5
    return Interval(max(0.0, centre - half), min(1.0, centre + half))


def of_share(right: np.ndarray, groups: np.ndarray | None = None, most: int | None = None) -> Interval:
    """For the share of samples that are right, (sample,) bool: `of_recalls` of a single class."""
    return of_recalls(right, np.zeros(len(right), np.int64), groups, most)


def of_recalls(
    right: np.ndarray, truth: np.ndarray, groups: np.ndarray | None = None, most: int | None = None
) -> Interval:
    """For the mean recall of the classes that occur.

    Independent samples: Wilson's interval of each class, put together as for a sum of independent figures.
    Source: G. Y. Zou and A. Donner 2008, "Construction of confidence limits about effect measures: a general
    approach", equation 4. Groups: Wilson's interval of as many independent samples as would vary like them
    (E. L. Korn and B. I. Graubard 1998, "Confidence intervals for proportions with small expected number of
    positive counts estimated from survey data"); where all of them are alike, such as where everything is
    right, nothing is known of how groups differ, and each counts as one sample.

    Args:
        right: (sample,) bool.
        truth: (sample,) the true class, from 0.
        groups: (sample,) numbers from 0; None: samples are independent.
        most: independent samples that there are at most, where some were judged several times.
    """
    _, own = np.unique(truth, return_inverse=True)  # (sample,) among the classes that occur
    support, hits = np.bincount(own), np.bincount(own, right)  # (class,)
    recall = hits / support
    middle = float(recall.mean())
    if groups is None:
        bounds = np.array([wilson(*pair) for pair in zip(hits.tolist(), support.tolist(), strict=True)])
        below, above = np.sqrt(np.square(bounds - recall[:, None]).sum(0)) / len(recall)
        return Interval(max(0.0, middle - float(below)), min(1.0, middle + float(above)))
    half = _half((right - recall[own]) / (support[own] * len(recall)), groups)
    count = float(groups.max()) + 1
    if half and half > ROUNDING:
        count = min(middle * (1 - middle) * (SURE / half) ** 2, most or len(right))
    return wilson(middle * count, count)


def of_mean(values: np.ndarray, groups: np.ndarray | None = None) -> Interval | None:
    """For the mean of values such as errors, (sample,): Student's t; None for a single sample, or group.

    Groups: by how much each of them moves the mean, with one degree of freedom less than there are groups.
    Source: W. G. Cochran 1977, "Sampling Techniques", section 11.8 (the ratio to size of clusters).
    """
    middle = float(values.mean())
    half = _half((values - middle) / len(values), groups)
    return None if half is None else Interval(middle - half, middle + half)


def of_folds(scores: Sequence[float], judged: float) -> Interval:
    """For the mean score of folds, whose networks learnt from mostly the same samples.

    Source: C. Nadeau and Y. Bengio 2003, "Inference for the generalization error", equation 9.

    Args:
        scores: of each fold; two or more.
        judged: samples that a fold judges / samples that its network learnt from.

    >>> [round(bound, 3) for bound in of_folds([0.9, 0.92, 0.88, 0.91, 0.89], 0.25)]
    [0.871, 0.929]
    """
    values, count = np.asarray(scores, dtype=np.float64), len(scores)
    spread = (float(values.var(ddof=1)) * (1 / count + judged)) ** 0.5
    middle, half = float(values.mean()), _student(count) * spread
    return Interval(max(0.0, middle - half), middle + half)


def _half(moved: np.ndarray, groups: np.ndarray | None) -> float | None:
    """Half an interval's width, from how much each sample moves the figure; None where one alone is known."""
    if groups is not None:
        moved = np.bincount(groups, moved)  # (group,)
    count = len(moved)
    if count < 2:
        return None
    spread = (float(np.square(moved).sum()) * count / (count - 1)) ** 0.5
    return _student(count) * spread


def _student(count: int) -> float:
    """How many times its spread the mean of so many values may lie off, with 95 %."""
    from scipy.special import stdtrit  # a third of a second to import

    return -float(stdtrit(count - 1, TAIL))
