"""Labels that are likely wrong: a head on the features is sure of another class.

Confident learning, the off-diagonal of the confident joint. Source: C. Northcutt, L. Jiang, I. Chuang 2021,
"Confident learning: estimating uncertainty in dataset labels", arXiv:1911.00068.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from convscope.errors import DataError
from convscope.extracting.heads import demand_finite, demand_sklearn, learnt
from convscope.figures import percent
from convscope.run.evaluation.intervals import numbered, of_recalls

if TYPE_CHECKING:
    from convscope.extracting import Features

FOLDS = 5
WIDTH = 64  # features that are left: thousands take minutes, and room to learn wrong labels by heart
SAMPLES_EACH = 10  # for each feature: with fewer, what is noise in them weighs as much as the rest


class LabelError(NamedTuple):
    """A label that is likely wrong.

    Attributes:
        row: the sample's row.
        name: where it came from.
        label: the class that it has.
        likely: the class that it likely is.
        of_label: probability of the class that it has, 0 … 1.
        of_likely: probability of the other.
    """

    row: int
    name: str
    label: str
    likely: str
    of_label: float
    of_likely: float

    def cells(self) -> list[str]:
        """As a row of a table."""
        return [self.name, self.label, percent(self.of_label), self.likely, percent(self.of_likely)]


def label_errors(found: "Features") -> list[LabelError]:
    """Samples whose label is likely wrong, likeliest first; see `Features.label_errors`."""
    if found.run.settings.facts.regression:
        raise DataError("a label can be wrong where it is a class; this run learnt amounts.\n  See outliers.")
    demand_sklearn()
    demand_finite(found)
    rows, labels, classes = _labelled(found)
    probabilities = _out_of_fold(
        _narrow(found.values[rows]), labels, len(classes), _folds(found, rows, labels)
    )
    judged = np.isfinite(probabilities).all(1)
    rows, labels, probabilities = rows[judged], labels[judged], probabilities[judged]
    _demand_knowing(probabilities, labels)
    likely = confident(probabilities, labels)
    wrong = np.flatnonzero((likely >= 0) & (likely != labels))
    of_label, of_likely = probabilities[wrong, labels[wrong]], probabilities[wrong, likely[wrong]]
    order = np.argsort(of_label, kind="stable").tolist()
    places = rows[wrong].tolist()
    return [
        LabelError(
            row=places[at],
            name=str(found.names[places[at]]),
            label=str(classes[labels[wrong[at]]]),
            likely=str(classes[likely[wrong[at]]]),
            of_label=float(of_label[at]),
            of_likely=float(of_likely[at]),
        )
        for at in order
    ]


def confident(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The class that each sample is with confidence, (sample,); -1: none.

    A class is sure of a sample as far as it is, on average, of those with its label.

    Args:
        probabilities: (sample, class), of a method that has not seen the sample.
        labels: (sample,), as they are given.

    >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.9, 0.1], [0.55, 0.45]])
    >>> confident(p, np.array([0, 0, 1, 1, 0]))
    array([ 0,  0,  1,  0, -1])
    """
    classes = range(probabilities.shape[1])
    own = [probabilities[labels == each, each] for each in classes]
    least = np.array([of.mean() if len(of) else np.inf for of in own])
    sure = np.where(probabilities >= least, probabilities, -1.0)
    return np.where(sure.max(1) >= 0, sure.argmax(1), -1)


def _demand_knowing(probabilities: np.ndarray, labels: np.ndarray) -> None:
    """Refuse to doubt labels by what guesses them.

    Raises:
        DataError: no class is told from another clearly better than by chance.
    """
    right, there = probabilities.argmax(1) == labels, np.unique(labels)
    found = float(np.mean([right[labels == each].mean() for each in there]))
    if of_recalls(right, labels).low <= 1 / len(there):
        raise DataError(
            "no label can be called wrong by these features, which know no more of the classes than guessing:"
            f" of each class they tell {percent(found)} on average, and chance {percent(1 / len(there))}.\n"
            "  Train a network that knows these classes (convscope evaluate says how good one is),"
            " or give more samples."
        )


def _labelled(found: "Features") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows with a label, those labels as numbers, the classes: those that every fold can have a sample of."""
    given = np.array(["" if true is None else str(true) for true in found.truth], dtype=object)
    known = np.array([true is not None for true in found.truth], dtype=bool)
    classes, counts = np.unique(given[known].astype(str), return_counts=True)
    classes = classes[counts >= FOLDS]
    if len(classes) < 2:
        count = f"is {len(classes)}" if len(classes) else "are none"
        raise DataError(
            f"likely label errors need two classes or more with {FOLDS} labelled samples each; there"
            f" {count}.\n  Give data with labels."
        )
    rows = np.flatnonzero(known & np.isin(given.astype(str), classes))
    return rows, np.searchsorted(classes, given[rows].astype(str)), classes


def _narrow(values: np.ndarray) -> np.ndarray:
    """The principal components of many features, (sample, component); no label has a say in them."""
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    width = min(WIDTH, max(2, len(values) // SAMPLES_EACH))
    if values.shape[1] <= width:
        return values
    components = PCA(width, svd_solver="randomized", random_state=0)
    return make_pipeline(StandardScaler(), components).fit_transform(values)


def _out_of_fold(
    values: np.ndarray, labels: np.ndarray, classes: int, folds: Iterator[tuple[np.ndarray, np.ndarray]]
) -> np.ndarray:
    """Probabilities by logistic regression on the other folds, (sample, class); NaN: they lack its class."""
    probabilities = np.full((len(labels), classes), np.nan)
    for train, test in folds:
        seen = np.unique(labels[train])
        if len(seen) < 2:
            continue
        head = learnt("logistic", values[train], labels[train], regression=False)
        judged = test[np.isin(labels[test], seen)]
        if len(judged):
            probabilities[judged] = 0
            probabilities[np.ix_(judged, seen)] = head.predict_proba(values[judged])
    return probabilities


def _folds(
    found: "Features", rows: np.ndarray, labels: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Places to learn from and to judge; samples of one group stay together."""
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    named = found.dataset.groups if found.dataset else ()
    if not named:
        yield from StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(rows, labels)
        return
    groups = numbered([str(named[row]) for row in rows])
    count = min(FOLDS, len(np.unique(groups)))
    if count < 2:
        raise DataError("likely label errors need samples of two groups or more; there is one group here.")
    yield from StratifiedGroupKFold(count, shuffle=True, random_state=0).split(rows, labels, groups)
