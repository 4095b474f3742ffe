"""A network that tells classes apart."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets

from convscope.errors import RunError
from convscope.estimators import targets
from convscope.estimators.base import ConvEstimator
from convscope.estimators.parameters import documented
from convscope.run.run import Run
from convscope.training.scores import answers


@documented
class ConvClassifier(ClassifierMixin, ConvEstimator):
    """A convolutional or recurrent network as scikit-learn's classifier; parameters as `convscope.train`.

    Attributes:
        classes_: the labels, ascending: the columns of `predict_proba`.
        n_features_in_, feature_names_in_: as scikit-learn has them.
        history_: a dict an epoch.
        model_: the trained `nn.Module`.

    >>> from sklearn.datasets import load_digits
    >>> digits = load_digits()
    >>> found = ConvClassifier("plain", epochs=2, random_state=0).fit(digits.images, digits.target)
    >>> found.predict(digits.images[:3]).shape, found.score(digits.images, digits.target) > 0.5
    ((3,), True)
    """

    classes_: np.ndarray

    def fit(self, X: Any, y: Any, groups: Sequence | None = None) -> Self:  # noqa: ANN401 - whatever can become an array
        """Learn from samples (n, …) and their labels (n,).

        Args:
            X: samples, in any form that `convscope.estimators` names.
            y: a label a sample.
            groups: one a sample (a patient, say): what is held back to find the best epoch is of other ones.

        Raises:
            ValueError: no such arrays, or settings that cannot be.
            ConvscopeError: a network that does not fit the samples, or training that fails.
        """
        X, y = self._given(X, y)
        check_classification_targets(y)
        classes, target = targets.of_classes(y)
        self._fit(X, target, groups, classes.dtype.str)
        self.classes_ = classes
        return self

    def predict(self, X: Any) -> np.ndarray:  # noqa: ANN401
        """The likeliest class of each sample, (n,)."""
        said = self.predict_proba(X)
        return self.classes_[said.argmax(1)]

    def predict_proba(self, X: Any) -> np.ndarray:  # noqa: ANN401
        """The probability of each class, (n, class), in the order of `classes_`; calibrated."""
        return self._asked(self._new(X), lambda model, inputs: answers(model, inputs).numpy())

    def _take_up(self, run: Run) -> None:
        facts, part = run.settings.facts, run.settings.estimator
        if facts.regression:
            raise RunError(f"the run predicts amounts of {facts.classes[0]}.\n  Use ConvRegressor.load.")
        super()._take_up(run)
        self.classes_ = targets.restored(facts.classes, part and part.labels)
