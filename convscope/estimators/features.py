"""What a network makes of samples before it judges them, as a step of a pipeline."""

from collections.abc import Sequence
from pathlib import Path
from types import NoneType
from typing import Any, Self, Unpack

import numpy as np
import torch
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import validate_data
from torch import Tensor

from convscope.arguments import demand
from convscope.estimators import files, learnt, targets
from convscope.estimators.base import ConvEstimator
from convscope.estimators.parameters import documented, keep, spelled_out
from convscope.extracting.layers import of_layer
from convscope.keywords import EstimatorKeywords
from convscope.planning import NetworkSource
from convscope.run.run import Run, load


@documented
class ConvFeatures(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ConvEstimator):
    """A network's features as scikit-learn's transformer; parameters as `convscope.train`, and two more.

    `fit` trains the network on y: amounts, if y has fractions, else classes. Features of the samples that it
    was trained on look better than those of new ones: judge what learns from them on others. With `run`
    nothing is trained, and no y is needed.

    Args:
        layer: what comes out of the layer of this name, flattened; None: what goes into the classifier.
        run: a trained run, as `convscope.load` takes it, whose features these are.

    Attributes:
        n_features_in_, feature_names_in_: as scikit-learn has them.
        history_: a dict an epoch.
        model_: the trained `nn.Module`.

    >>> X = np.random.default_rng(0).normal(size=(60, 16))
    >>> ConvFeatures("plain", epochs=1, random_state=0).fit_transform(X, X[:, 0] > 0).shape[0]
    60
    """

    layer: str | None
    run: str | Path | Run | None

    @spelled_out
    def __init__(
        self,
        network: NetworkSource = None,
        *,
        layer: str | None = None,
        run: str | Path | Run | None = None,
        **settings: Unpack[EstimatorKeywords],
    ) -> None:
        keep(self, network=network, layer=layer, run=run, **settings)

    def fit(self, X: Any, y: Any = None, groups: Sequence | None = None) -> Self:  # noqa: ANN401 - whatever can become an array
        """Learn from samples (n, …) and their labels or amounts (n,); or take up `run`.

        Args:
            X: samples, in any form that `convscope.estimators` names.
            y: a label or an amount a sample; not looked at with `run`.
            groups: one a sample (a patient, say): what is held back to find the best epoch is of other ones.

        Raises:
            ValueError: no such arrays, or settings that cannot be.
            ConvscopeError: a network that does not fit the samples, or training that fails.
        """
        demand("layer", self.layer, (str, NoneType), "the name of a layer, or None")
        if self.run is not None:
            if files.listed(X) is None:
                validate_data(self, X, allow_nd=True)
            self._learnt = learnt.of_run(self.run if isinstance(self.run, Run) else load(self.run))
            self.history_ = self._learnt.history
        else:
            name = getattr(y, "name", None)
            X, y = self._given(X, y)
            if type_of_target(y) == "continuous":
                self._fit(X, targets.of_amounts(y, str(name or "y")), groups)
            else:
                check_classification_targets(y)
                self._fit(X, targets.of_classes(y)[1], groups)
        self._n_features_out = self._width()
        return self

    def transform(self, X: Any) -> np.ndarray:  # noqa: ANN401
        """The features of samples, (n, feature), float32."""
        return self._of_layer(self._new(X))

    def _take_up(self, run: Run) -> None:
        super()._take_up(run)
        self._n_features_out = self._width()

    def _width(self) -> int:
        """How many features there are."""
        spec = self._learnt.settings.spec
        return self._of_layer(torch.zeros(1, *spec.shape, dtype=getattr(torch, spec.dtype))).shape[1]

    def _of_layer(self, inputs: Tensor) -> np.ndarray:
        return self._asked(inputs, lambda model, inputs: of_layer(model, inputs, self.layer, "X")[0])

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = self.run is None
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
