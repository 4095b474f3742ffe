"""Samples that are no array: paths of files, pictures of Pillow's, signals of different lengths."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from convscope import data
from convscope.data.dataset import Dataset, DataSettings
from convscope.data.frames import is_frame
from convscope.data.pictures import held
from convscope.errors import DataError, got
from convscope.paths import expanded
from convscope.run import inputs
from convscope.run.settings import RunSettings


def listed(X: Any) -> list[Any] | None:  # noqa: ANN401 - whatever a person has at hand
    """The samples one by one; None: X is an array, or nothing that could be looked at.

    >>> listed(["a.png", "b.png"]), listed([[1, 2], [3, 4]]), listed([np.zeros(3), np.zeros(4)]) is None
    (['a.png', 'b.png'], None, False)
    """
    cells = _cells(X)
    if not cells:
        return None
    if all(isinstance(each, str | Path) for each in cells) or any(map(held.is_picture, cells)):
        return cells
    return cells if isinstance(X, list | tuple) and _unequal(cells) else None


def demand_no_dates(X: Any) -> None:  # noqa: ANN401
    """Refuse a table that goes on in time: its rows are no samples.

    Raises:
        DataError: a column holds dates.
    """
    names = [name for name in X.columns if "date" in str(X[name].dtype).lower()] if is_frame(X) else []
    if names:
        raise DataError(
            f"the column '{names[0]}' of X holds dates: a row is a moment, and no sample.\n"
            "  convscope.train(frame, target=…) learns from windows of it; or leave the column out."
        )


def dataset(samples: list[Any], settings: DataSettings) -> Dataset:
    """The samples in their order, neither labelled nor divided: read as `convscope.train` reads them.

    Raises:
        DataError: one of them cannot be used.
    """
    rows = [f"row {row:09}" for row in range(len(samples))]  # labels that say whose they are
    whole = replace(settings, val=0.0, test=0.0)
    if all(isinstance(each, str | Path) for each in samples):
        from pandas import DataFrame

        _demand_there(paths := list(map(str, samples)))
        source = DataFrame({"path": paths, "label": rows})
        found = data.load(source, whole, strict=True)
    else:
        found = data.load((samples, rows), whole, strict=True)
    if [found.classes[label] for label in found.labels.tolist()] != rows:
        raise DataError(
            f"{len(samples):,} samples were given, and others were read.\n  Give each a file of its own."
        )
    return replace(found, settings=replace(found.settings, val=settings.val))


def brought(X: Any, run: RunSettings) -> Tensor:  # noqa: ANN401
    """New samples as `Run.predict` takes them: files, pictures, arrays of other sizes.

    Raises:
        DataError, ShapeError: one of them cannot be used.
    """
    samples = listed(X)
    found = inputs.gather(X if samples is None else list(map(_as_text, samples)), run)
    if len(found.inputs) != len(X):
        lost = f" ({': '.join(found.skipped[0])})" if found.skipped else ""
        raise DataError(
            f"X has {len(X):,} samples, and {len(found.inputs):,} were read{lost}.\n"
            "  Give samples along the first axis, or files that hold one each."
        )
    return found.inputs


def _as_text(sample: Any) -> Any:  # noqa: ANN401
    return str(sample) if isinstance(sample, Path) else sample


def _cells(X: Any) -> list[Any]:  # noqa: ANN401
    if is_frame(X):
        return X[X.columns[0]].to_list() if len(X.columns) == 1 else []
    if isinstance(X, list | tuple):
        return list(X)
    if isinstance(X, np.ndarray) and X.dtype.kind in "UO" and X.size == len(np.atleast_1d(X)):
        return X.ravel().tolist()
    return getattr(X, "to_list", list)()


def _unequal(samples: list[Any]) -> bool:
    """Whether these are signals of different lengths, (time,) or (channel, time) each."""
    return all(map(_is_signal, samples)) and len(set(map(_size, samples))) > 1


def _is_signal(sample: Any) -> bool:  # noqa: ANN401
    return isinstance(sample, list | tuple | np.ndarray | Tensor) and len(_size(sample)) in (1, 2)


def _size(sample: Any) -> tuple[int, ...]:  # noqa: ANN401
    """The shape, of nested lists by the first of each."""
    if isinstance(sample, list | tuple):
        return (len(sample), *(_size(sample[0]) if sample else ()))
    return tuple(getattr(sample, "shape", ()))


def _demand_there(paths: list[str]) -> None:
    missing = [path for path in paths if not expanded(path).exists()]
    if missing:
        raise DataError(
            f"there is no file {got(missing[0])}, which is one of {len(missing):,} of {len(paths):,} that X"
            " names.\n"
            "  Give paths from the current folder on, or absolute ones; or samples as numbers."
        )
