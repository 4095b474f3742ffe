"""The frozen network's features under other methods, beside the network's own classifier."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from convscope.arguments import demand
from convscope.errors import DataError, MissingLibrary, UnknownName
from convscope.figures import number, percent
from convscope.run.evaluation import intervals
from convscope.run.evaluation.intervals import Interval
from convscope.run.evaluation.metrics import Evaluation, ValueEvaluation

if TYPE_CHECKING:
    from convscope.extracting import Features

MANY = 10_000  # training samples beyond which a kernel of all pairs takes too long


class HeadScore(NamedTuple):
    """How good one method is on the test part.

    Attributes:
        name: the method.
        score: accuracy, 0 … 1; or the mean absolute error, of amounts.
        interval: 95 %.
        regression: whether it is an error.
    """

    name: str
    score: float
    interval: Interval | None
    regression: bool

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        figure = "mean_absolute_error" if self.regression else "accuracy"
        return {"name": self.name, figure: self.score, "interval": self.interval and list(self.interval)}

    def cells(self) -> list[str]:
        """As a row of a table."""
        if self.regression:
            bounds = f"{number(self.interval.low)} to {number(self.interval.high)}" if self.interval else "–"
            return [self.name, number(self.score), bounds]
        return [self.name, percent(self.score), self.interval.shares() if self.interval else "–"]


def _svm(*, regression: bool, samples: int) -> Any:  # noqa: ANN401 - scikit-learn's
    from sklearn.svm import SVC, SVR, LinearSVC, LinearSVR

    if samples > MANY:
        return LinearSVR(random_state=0) if regression else LinearSVC(random_state=0)
    return SVR() if regression else SVC()


def _knn(*, regression: bool, samples: int) -> Any:  # noqa: ANN401
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

    return (KNeighborsRegressor if regression else KNeighborsClassifier)(min(5, samples))


def _logistic(*, regression: bool, samples: int) -> Any:  # noqa: ANN401, ARG001
    from sklearn.linear_model import LogisticRegression, Ridge

    return Ridge() if regression else LogisticRegression(max_iter=1000)


HEADS: dict[str, Callable[..., Any]] = {"svm": _svm, "knn": _knn, "logistic": _logistic}


def compare(found: "Features", names: Sequence[str]) -> list[HeadScore]:
    """Each method's score on the test part, the network's own first; see `Features.heads`."""
    for name in names:
        demand("names", name, str, ", ".join(HEADS))
        if name not in HEADS:
            raise UnknownName("head", str(name), HEADS)
    demand_sklearn()
    dataset, parts = found.dataset, found.parts
    if not dataset or not len(parts["train"]) or not len(parts["test"]):
        raise DataError(
            "heads learn from the training part and are judged on the test part; there is none here.\n"
            "  Leave the data out (then those of the run are taken), or train a run with a test part."
        )
    demand_finite(found)
    train, test, regression = parts["train"], parts["test"], dataset.regression
    truth = np.array(list(found.truth), dtype=np.float64 if regression else str)
    named = dataset.groups
    groups = intervals.numbered([str(named[row]) for row in test]) if named else None
    scores = [_of_network(found.run.evaluate(dataset))]
    for name in names or HEADS:
        said = learnt(name, found.values[train], truth[train], regression=regression).predict(
            found.values[test]
        )
        scores.append(_score(name, said, truth[test], groups, regression=regression))
    return scores


def _of_network(own: Evaluation | ValueEvaluation) -> HeadScore:
    if isinstance(own, Evaluation):
        return HeadScore("the network itself", own.accuracy, own.interval, False)
    return HeadScore("the network itself", own.mae, own.interval, True)


def learnt(name: str, values: np.ndarray, truth: np.ndarray, *, regression: bool) -> Any:  # noqa: ANN401
    """A head that has learnt from features, (sample, feature), on one scale."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    head = HEADS[name](regression=regression, samples=len(values))
    return make_pipeline(StandardScaler(), head).fit(values, truth)


def _score(
    name: str, said: np.ndarray, truth: np.ndarray, groups: np.ndarray | None, *, regression: bool
) -> HeadScore:
    if regression:
        errors = np.abs(said - truth)
        return HeadScore(name, float(errors.mean()), intervals.of_mean(errors, groups), True)
    right = said == truth
    return HeadScore(name, float(right.mean()), intervals.of_share(right, groups), False)


def demand_finite(found: "Features") -> None:
    """Refuse features that nothing can be learnt from; see `demand_numbers`."""
    demand_numbers(found.values, found.layer)


def demand_numbers(values: np.ndarray, layer: str) -> None:
    """Refuse features, (sample, feature), of which some are no numbers.

    Raises:
        DataError: says of how many samples.
    """
    if odd := int((~np.isfinite(values)).any(1).sum()):
        raise DataError(
            f"{odd:,} of {len(values):,} samples have features that are no numbers (NaN or infinity):"
            f" {layer}.\n  Take another layer."
        )


def demand_sklearn() -> None:
    """Refuse where scikit-learn is not installed.

    Raises:
        MissingLibrary: it is not.
    """
    from importlib.util import find_spec

    if find_spec("sklearn") is None:
        raise MissingLibrary("heads need", "scikit-learn", "heads")
