"""A network that says an amount."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin

from convscope.errors import RunError
from convscope.estimators import targets
from convscope.estimators.base import ConvEstimator
from convscope.estimators.parameters import documented
from convscope.run.run import Run
from convscope.training.scores import answers


@documented
class ConvRegressor(RegressorMixin, ConvEstimator):
    """A convolutional or recurrent network as scikit-learn's regressor; parameters as `convscope.train`.

    Attributes:
        n_features_in_, feature_names_in_: as scikit-learn has them.
        history_: a dict an epoch.
        model_: the trained `nn.Module`.

    >>> X = np.random.default_rng(0).normal(size=(80, 16))
    >>> ConvRegressor("plain", epochs=1, random_state=0).fit(X, X.mean(1)).predict(X[:2]).shape
    (2,)
    """

    def fit(self, X: Any, y: Any, groups: Sequence | None = None) -> Self:  # noqa: ANN401 - whatever can become an array
        """Learn from samples (n, …) and an amount of each (n,).

        Args:
            X: samples, in any form that `convscope.estimators` names.
            y: an amount a sample.
            groups: one a sample (a patient, say): what is held back to find the best epoch is of other ones.

        Raises:
            ValueError: no such arrays, or settings that cannot be.
            ConvscopeError: a network that does not fit the samples, or training that fails.
        """
        name = getattr(y, "name", None)
        X, y = self._given(X, y, numbers=True)
        self._fit(X, targets.of_amounts(y, str(name or "y")), groups)
        return self

    def predict(self, X: Any) -> np.ndarray:  # noqa: ANN401
        """The amount that is said of each sample, (n,), in the unit of y."""
        return self._asked(self._new(X), lambda model, inputs: answers(model, inputs).numpy())

    def _take_up(self, run: Run) -> None:
        if not run.settings.facts.regression:
            raise RunError("the run tells classes apart.\n  Use ConvClassifier.load.")
        super()._take_up(run)
