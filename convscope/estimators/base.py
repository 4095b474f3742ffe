"""What the estimators have in common: parameters, samples in, a fit without a disk, a run folder."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self, Unpack

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import (
    check_array,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)
from torch import Tensor

from convscope import planning
from convscope.arguments import demand_flag, demand_path
from convscope.errors import SettingsError, ShapeError
from convscope.estimators import files, learnt, samples
from convscope.estimators.learnt import Learnt
from convscope.estimators.parameters import SETTINGS, keep, spelled_out
from convscope.estimators.samples import Learnable
from convscope.keywords import EstimatorKeywords
from convscope.network.model import Model
from convscope.planning import NetworkSource, Plan
from convscope.run import carried
from convscope.run.run import Run, load
from convscope.run.settings import EstimatorPart
from convscope.shapes import show
from convscope.system import cores

SEEDS = 2**31 - 1
FEWEST = 2  # samples
SMALL = 1024, 16  # numbers of a sample, up to which so many are computed together at least

Ask = Callable[[Model, Tensor], np.ndarray]


class WrongShape(ShapeError, ValueError):  # noqa: N818 - reads as a sentence where it is raised
    """Samples of another shape than those of the fit; scikit-learn expects a ValueError."""


def _plain(given: Any) -> Any:  # noqa: ANN401
    """A number of NumPy's, as a search has them, as one of Python's."""
    return given.item() if isinstance(given, np.generic) else given


def _seed(state: Any) -> int:  # noqa: ANN401
    """A number as it is, else one that is drawn."""
    state = _plain(state)
    if not isinstance(state, int) or isinstance(state, bool):
        return int(check_random_state(state).randint(SEEDS))
    if state < 0:
        raise SettingsError("random_state", f"expected a whole number of 0 or more; got {state}.")
    return state


class ConvEstimator(BaseEstimator):
    """Base of the estimators: see `convscope.estimators`.

    Attributes:
        n_features_in_: size of the second axis of X, as scikit-learn counts.
        feature_names_in_: names of the columns, of a DataFrame whose columns have names.
        history_: a dict an epoch: losses, accuracy, learning rate.
    """

    _learnt: Learnt
    random_state: Any
    progress: bool | None
    kind: Any
    shape: tuple[int, ...] | None
    threads: int | None
    network: NetworkSource

    @spelled_out
    def __init__(self, network: NetworkSource = None, **settings: Unpack[EstimatorKeywords]) -> None:
        keep(self, network=network, **settings)

    @property
    def model_(self) -> Model:
        """The trained network, an `nn.Module`: raw values (sample, channel, *space) → scores or values."""
        return self._fitted().model

    def save(self, path: str | Path, *, force: bool = False) -> Path:
        """Write the run folder that the fit comes to; no pickle. `convscope look` and the others open it.

        Args:
            path: a folder that is not there yet.
            force: replace a run that is there.

        Raises:
            RunError: something is there, or it cannot be written.
        """
        demand_path("path", path, "the path of a folder")
        demand_flag("force", force)
        return carried.put(self._fitted().files, Path(path), force=force)

    @classmethod
    def load(cls, run: str | Path | Run, *, trust: bool = False, network: Any = None) -> Self:  # noqa: ANN401
        """The fitted estimator that a run is, saved here or made by `convscope.train`.

        Its parameters are those that it was trained with, nothing left open.

        Args:
            run: as `convscope.load` takes it.
            trust: the run holds a network of somebody's own, and you have read its network.py.
            network: of a run whose network was handed over as an object: one like it.

        Raises:
            RunError: no such run, damaged, not trusted, or of another task.
        """
        found = run if isinstance(run, Run) else load(run, trust=trust, network=network)
        made = cls()
        made._take_up(found)
        return made

    def _fitted(self) -> Learnt:
        check_is_fitted(self, "_learnt")
        return self._learnt

    def _given(self, X: Any, y: Any, *, numbers: bool = False) -> tuple[Any, np.ndarray]:  # noqa: ANN401
        """X and y, each looked at: an array (n, …), or samples one by one; and (n,).

        Raises:
            ValueError, TypeError: they are not.
        """
        if files.listed(X) is None:
            files.demand_no_dates(X)
            return validate_data(self, X, y, allow_nd=True, ensure_min_samples=FEWEST, y_numeric=numbers)  # type: ignore[return-value]
        for name in ("n_features_in_", "feature_names_in_"):  # of an earlier fit
            vars(self).pop(name, None)
        y = check_array(y, ensure_2d=False, dtype="numeric" if numbers else None)  # type: ignore[arg-type]
        check_consistent_length(X, y)
        return X, column_or_1d(y, warn=True)

    def _fit(
        self,
        X: Any,  # noqa: ANN401
        target: Learnable,
        groups: Sequence | None,
        labels: str = "float64",
    ) -> None:
        """Learn from what `_given` gave; `labels` is the type of y, as NumPy writes it."""
        asked, listed = self._plan(), files.listed(X)
        if listed is None:
            names = tuple(getattr(self, "feature_names_in_", ()))
            shape = samples.of_pixels(X, names) if self.shape is None else self.shape
            data = samples.dataset(samples.shaped(X, shape), asked.data, self.kind, names)
            part = EstimatorPart(sample=X.shape[1:], shape=shape, labels=labels)
        else:
            data, part = files.dataset(listed, asked.data), EstimatorPart(labels=labels)
        data = samples.divided(data, target, groups)
        self._learnt = learnt.train(asked, data, part, self.progress)
        self.history_ = self._learnt.history

    def _plan(self) -> Plan:
        given = {name: _plain(getattr(self, name)) for name in SETTINGS}
        if given["threads"] is None:  # a worker of joblib's may use a share of the cores
            given["threads"] = min(cores(), torch.get_num_threads())
        return planning.plan((), network=self.network, seed=_seed(self.random_state), test=0.0, **given)

    def _take_up(self, run: Run) -> None:
        """Be what a run is."""
        made = run.settings
        known = vars(made.data) | vars(made.training) | vars(made.network)
        own = {"random_state": made.training.seed, "threads": None}
        self.set_params(**{name: known[name] for name in SETTINGS} | own)
        self.kind, self.network = made.facts.kind, run.network or made.network.within(run.path)
        if (part := made.estimator) and part.sample:
            self.shape = part.shape
            self.n_features_in_ = part.sample[0]
            if made.facts.columns:
                self.feature_names_in_ = np.array(made.facts.columns, dtype=object)
        self._learnt = learnt.of_run(run)
        self.history_ = self._learnt.history

    def _asked(self, inputs: Tensor, ask: Ask) -> np.ndarray:
        """What the network says of samples, (n, …).

        A few small ones have copies of the first beside them: alone they would be summed in another order,
        and come out another way in the last digit than among others.
        """
        count, small = len(inputs), inputs[0].numel() <= SMALL[0]
        if (lacking := (SMALL[1] if small else 2) - count) > 0:
            inputs = torch.cat([inputs, inputs[:1].expand(lacking, *inputs.shape[1:])])
        return ask(self._fitted().model, inputs)[:count]

    def _new(self, X: Any) -> Tensor:  # noqa: ANN401 - whatever can become an array
        """New samples as the network takes them.

        Raises:
            ValueError: they are not like those of the fit.
        """
        run = self._fitted().settings
        part = run.estimator
        if part is None or part.sample is None or files.listed(X) is not None:
            return files.brought(X, run)
        values: np.ndarray = validate_data(self, X, reset=False, allow_nd=True)  # type: ignore[assignment]
        if values.shape[1:] != part.sample:
            raise WrongShape(
                f"X has samples of {show(values.shape[1:])}, but {type(self).__name__} was fitted on samples"
                f" of {show(part.sample)}.\n  Bring them to that shape."
            )
        return samples.brought(values, run)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags
