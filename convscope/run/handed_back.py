"""(X, y) as the estimator of a run had them: in its shape, of its kind, with labels of its type."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from convscope.data import split
from convscope.data.arrays import handed
from convscope.data.dataset import ARRAYS, Dataset, DataSettings
from convscope.data.samples import Samples
from convscope.errors import DataError, got
from convscope.run.settings import RunSettings


def shaped(x: Any, run: RunSettings) -> Any:  # noqa: ANN401 - whatever a person has at hand
    """Rows of numbers in the shape that the estimator brought them to; anything else as it is."""
    part = run.estimator
    if part and part.shape and isinstance(x, np.ndarray) and x.shape[1:] == part.sample:
        return x.reshape(len(x), *part.shape)
    return x


def dataset(
    pair: tuple, run: RunSettings, settings: DataSettings, gather: Callable[[Any, RunSettings], Samples]
) -> Dataset:
    """Samples with their labels.

    Args:
        pair: (X, y).
        run: whose estimator was fitted on such.
        settings: the shares to hold back.
        gather: reads X as new samples are read.

    Raises:
        DataError: X cannot be read, not a label a sample, a label that the run does not know.
    """
    if len(pair) != 2:
        raise DataError(f"got {len(pair)} arrays; expected two, the samples and their labels: (X, y).")
    found, y = gather(pair[0], run), handed(pair[1], "the labels")
    if y.shape != (len(found.inputs),):
        raise DataError(
            f"{len(found.inputs):,} samples, but labels of shape {y.shape}.\n"
            "  Give one label for each sample."
        )
    labels = _amounts(y) if run.facts.regression else _classes(y, run.facts.classes)
    each = torch.zeros(len(y), dtype=torch.int64) if run.facts.regression else labels
    return Dataset(
        inputs=found.inputs.to(getattr(torch, run.facts.values)),
        labels=labels,
        classes=run.facts.classes,
        parts=split.parts(each, settings),
        kind=run.facts.kind,
        source=ARRAYS,
        names=list(found.names),
        settings=settings,
        columns=run.facts.columns,
    )


def _amounts(y: np.ndarray) -> Tensor:
    if y.dtype.kind not in "buif" or not np.isfinite(y).all():
        raise DataError("the labels are no finite numbers, and the run predicts amounts.\n  Give numbers.")
    return torch.from_numpy(y.astype(np.float32))


def _classes(y: np.ndarray, names: tuple[str, ...]) -> Tensor:
    places = {name: place for place, name in enumerate(names)}
    unknown = [label for label in y.tolist() if str(label) not in places]
    if unknown:
        raise DataError(
            f"the labels have the class {got(unknown[0])}, which the run does not know.\n"
            f"  The run's classes: {', '.join(names[:20])}{' …' if names[20:] else ''}."
        )
    return torch.tensor([places[str(label)] for label in y.tolist()])
