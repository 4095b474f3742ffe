"""What a person may hand to a trained network: arrays, files, folders of them, named or labelled data."""

from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from convscope import data as data_room
from convscope.data.dataset import Dataset, Skipped
from convscope.errors import DataError, ShapeError
from convscope.run.settings import RunSettings, absolute
from convscope.shapes import show


class Samples(NamedTuple):
    """Samples as the network takes them.

    Attributes:
        inputs: (sample, channel, *space).
        names: where each came from.
        truth: the class (or value) of each where it is known, otherwise None.
        skipped: what was left out, and why.
    """

    inputs: Tensor
    names: Sequence[str]
    truth: Sequence[Any]
    skipped: tuple[Skipped, ...] = ()


def gather(x: Any, settings: RunSettings) -> Samples:  # noqa: ANN401 - whatever a person has at hand
    """Samples from whatever a person has at hand; see `Run.predict`.

    Raises:
        DataError: nothing that can be read.
        ShapeError: an array of another number of axes.
    """
    from convscope.run import readers

    if isinstance(x, Dataset):
        return of_dataset(x)
    if isinstance(x, str) and x in data_room.CATALOGUE:
        return of_dataset(data_room.load(x, settings.data.plain()))
    if isinstance(x, str | PathLike):
        return readers.read([Path(x).expanduser()], settings)
    if isinstance(x, Iterable) and not hasattr(x, "__array__") and not isinstance(x, Tensor):
        x = list(x)
        if x and all(isinstance(item, str | PathLike) for item in x):
            return readers.read([Path(item).expanduser() for item in x], settings)
    return of_array(x, settings)


def labelled(data: str | Path | Dataset, part: str, settings: RunSettings) -> tuple[Dataset, Tensor]:
    """Data to judge a run on, and the rows to judge by: of `part`, or all where other data have no such part.

    Raises:
        DataError: no samples there.
    """
    if isinstance(data, Dataset):
        dataset, rows = data, data.parts[part]
    else:
        # With no shares to hold back there are no parts but the source's own
        whole = settings.data.plain().model_copy(update={"val": 0.0, "test": 0.0})
        dataset = data_room.load(data, whole)
        rows = dataset.parts[part] if len(dataset.parts[part]) else torch.arange(len(dataset.labels))
    if len(rows) == 0:
        there = ", ".join(name for name, found in dataset.parts.items() if len(found)) or "none"
        raise DataError(
            f"{dataset.source} has no samples in the part '{part}'.\n  Parts with samples: {there}."
        )
    return dataset, rows


def is_own(data: str | Path | Dataset, settings: RunSettings) -> bool:
    """Whether this is the name or path of the data that the run was trained on."""
    return not isinstance(data, Dataset) and absolute(str(data)) == settings.data.source


def match_labels(dataset: Dataset, classes: Sequence[str], labels: Tensor) -> Tensor:
    """Labels of a data set as indices into the run's `classes`, (n,): matched by name, for orders may differ.

    Raises:
        DataError: a class that the run does not know.
    """
    places = {name: place for place, name in enumerate(classes)}
    present = [dataset.classes[label] for label in labels.unique().tolist()]
    unknown = [name for name in present if name not in places]
    if unknown:
        raise DataError(
            f"{dataset.source} has the class '{unknown[0]}', which the run does not know"
            f"{f' (nor {len(unknown) - 1} more)' if unknown[1:] else ''}.\n"
            f"  The run's classes: {', '.join(classes[:20])}{' …' if classes[20:] else ''}."
        )
    own = torch.tensor([places.get(name, -1) for name in dataset.classes])
    return own[labels]


def names(dataset: Dataset, rows: Tensor) -> tuple[str, ...]:
    """Where the samples of these rows came from."""
    return tuple(dataset.names[int(row)] for row in rows)


def of_dataset(dataset: Dataset) -> Samples:
    """The test part, or everything where there is none."""
    rows = dataset.parts["test"] if len(dataset.parts["test"]) else torch.arange(len(dataset.labels))
    return of_rows(dataset, rows)


def of_rows(dataset: Dataset, rows: Tensor) -> Samples:
    """Rows of a data set with their truth."""
    labels = dataset.labels[rows].tolist()
    truth = labels if dataset.regression else [dataset.classes[label] for label in labels]
    return Samples(dataset.inputs[rows], names(dataset, rows), truth, dataset.skipped)


def of_array(x: Any, settings: RunSettings, name: str = "sample") -> Samples:  # noqa: ANN401
    """Samples from an array, or what can become one.

    Raises:
        DataError: it is no array of numbers, empty, holds NaN, or was scaled already.
        ShapeError: it has another number of axes.
    """
    try:
        values = torch.as_tensor(np.asarray(x) if not isinstance(x, Tensor) else x).detach().cpu()
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(
            f"a {type(x).__name__} cannot be predicted: {error}\n"
            "  Give an array, a file, a folder or a catalogue name."
        ) from error
    samples = _with_axes(values, settings)
    _demand_raw(samples, settings)
    count = len(samples)
    return Samples(samples, [f"{name} {row}" for row in range(count)], (None,) * count)


def _with_axes(values: Tensor, settings: RunSettings) -> Tensor:
    """(sample, channel, *space) from one sample or many; a single channel may have been left out."""
    space, channels = tuple(settings.facts.space), settings.facts.channels
    shape, axes = tuple(values.shape), len(space)
    if len(shape) == axes + 2:
        return values
    if len(shape) == axes + 1 and (channels > 1 or shape[0] == 1):
        return values[None]
    if len(shape) == axes + 1:
        return values[:, None]
    if len(shape) == axes and channels == 1:
        return values[None, None]
    raise ShapeError(
        f"the run takes samples of {show((channels, *space))} (channel × space);"
        f" got an array of {show(shape) or 'no axes'}.\n  Give one such sample, or many along a first axis."
    )


def _demand_raw(samples: Tensor, settings: RunSettings) -> None:
    """Scaled values would give confident nonsense: the network scales by itself."""
    if samples.numel() == 0:
        raise DataError("the array is empty.\n  Give at least one sample.")
    if not samples.is_floating_point():
        return
    if not torch.isfinite(samples).all():
        raise DataError("the array holds NaN or infinite values.\n  Put them right first.")
    if settings.facts.values == "uint8" and 0 < samples.abs().max() <= 1:
        raise DataError(
            "the values lie between -1 and 1; this run was trained on whole numbers, 0 … 255.\n"
            "  Give the raw values (it scales them by itself), or multiply by 255."
        )
