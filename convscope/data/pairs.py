"""(X, y) as Python has them: arrays, lists of pictures, lists of signals of different lengths → Dataset."""

import csv
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from convscope.data import signals
from convscope.data.arrays import as_numbers, from_arrays, handed, told
from convscope.data.dataset import ARRAYS, Dataset, DataSettings, Skipped
from convscope.data.formats import pictures
from convscope.data.pictures import held
from convscope.data.signals import Read, Signal
from convscope.errors import DataError, got

SIGNALS = list | tuple | np.ndarray | Tensor  # what one may be
PARTS = {  # how many pairs → what they are for
    2: {"train": "training", "test": "test"},
    3: {"train": "training", "val": "validation", "test": "test"},
}
FORMS = "Give samples and their labels: convscope.train((X, y))."


def of_pair(pair: tuple, settings: DataSettings, strict: bool) -> Dataset:
    """Make a dataset of (X, y), or of such pairs for training and test, or for training, validation and test.

    Args:
        pair: X: an array (samples first), nested lists, pictures of Pillow's, or signals of different
            lengths, each (time,) or (channel, time). y: a label a sample.
        settings: as `from_arrays` takes them.
        strict: a picture or signal that cannot be used is an error.

    Raises:
        DataError: no such pair, or nothing that can be samples and labels.
    """
    if _has_parts(pair):
        return _of_parts(pair, settings)
    if len(pair) != 2:
        raise DataError(f"got {len(pair)} arrays; expected two, the samples and their labels: (X, y).")
    inputs, labels = (_handed(each, name) for each, name in zip(pair, ("samples", "labels"), strict=True))
    if isinstance(inputs, list) and inputs and any(map(held.is_picture, inputs)):
        return _of_pictures(inputs, labels, settings, strict)
    if isinstance(inputs, list) and _unequal(inputs):
        return _of_signals(inputs, labels, settings, strict)
    return from_arrays(inputs, labels, settings)


def are_labelled(things: Any) -> bool:  # noqa: ANN401 - whatever a person has at hand
    """Whether these are samples with their labels, (X, y), or such pairs, and not two samples.

    >>> are_labelled((np.zeros((3, 8, 8)), [0, 1, 0])), are_labelled((np.zeros((8, 8)), np.zeros((8, 8))))
    (True, False)
    """
    if not isinstance(things, tuple) or _has_parts(things):
        return isinstance(things, tuple)
    if len(things) != 2 or any(isinstance(each, str) or not hasattr(each, "__len__") for each in things):
        return False
    samples, labels = things
    many = (len(samples) > 0 and np.ndim(samples[0]) > 0) or any(map(held.is_picture, samples))
    return many and len(samples) == len(labels) and np.ndim(labels) == 1


def _has_parts(things: tuple) -> bool:
    """Pairs for training and test, or for training, validation and test."""
    return len(things) in PARTS and all(isinstance(each, tuple) and len(each) == 2 for each in things)


def _handed(values: Any, what: str) -> Any:  # noqa: ANN401 - whatever a person has at hand
    """Samples or labels that are something at least; columns of pandas as arrays."""
    if values is None or isinstance(values, str | bytes | dict | set) or not hasattr(values, "__len__"):
        raise DataError(f"the {what} are {got(values)}; expected an array or a list.\n  {FORMS}")
    if not len(values):
        raise DataError(f"there are no {what}: the {type(values).__name__} is empty.\n  {FORMS}")
    if isinstance(values, tuple):
        return list(values)
    return values.to_numpy() if hasattr(values, "to_numpy") else values


def _of_parts(pair: tuple, settings: DataSettings) -> Dataset:
    """Training and test, or validation between them, as they were handed over."""
    names = PARTS[len(pair)]
    arrays = [handed(_handed(each, "samples"), "the samples") for each, _ in pair]
    labels = [handed(_handed(each, "labels"), "the labels") for _, each in pair]
    for inputs, own, name in zip(arrays, labels, names.values(), strict=True):
        if len(inputs) != len(own):
            raise DataError(
                f"the {name} part has {len(inputs):,} samples and {len(own):,} labels.\n"
                "  Give one label for each sample."
            )
    for each, what in ((arrays, "samples"), (labels, "labels")):
        for part, name in zip(each, names.values(), strict=True):
            if part.shape[1:] != each[0].shape[1:]:
                raise DataError(
                    f"the {what} have shape {each[0].shape} for training and {part.shape} for the {name}.\n"
                    "  Both need the same shape, but for their number."
                )
    given = {part: len(inputs) for part, inputs in zip(names, arrays, strict=True)}
    return from_arrays(np.concatenate(arrays), np.concatenate(labels), settings, given=given)


def _unequal(inputs: list) -> bool:
    """Whether these are signals of different lengths, (time,) or (channel, time) each."""
    if not all(
        isinstance(each, list | tuple | np.ndarray | Tensor) or hasattr(each, "to_numpy") for each in inputs
    ):
        return False
    try:
        shapes = {np.shape(each) for each in inputs}
    except (ValueError, TypeError):  # a sample that is no regular array itself
        return False
    alike = {(len(shape), shape[:-1]) for shape in shapes}
    return len(shapes) > 1 and len(alike) == 1 and alike.pop()[0] in (1, 2)


def _names(labels: Any, count: int, settings: DataSettings) -> list[str]:  # noqa: ANN401
    """The label of each sample as a table would have it."""
    numbers, names, _ = told(labels, count, ARRAYS, settings=settings)
    values, amounts = numbers.tolist(), numbers.is_floating_point()
    return [repr(value) for value in values] if amounts else [names[each] for each in values]


def _of_signals(inputs: list, labels: Any, settings: DataSettings, strict: bool) -> Dataset:  # noqa: ANN401
    texts = _names(labels, len(inputs), settings)
    found = []
    for row, (values, label) in enumerate(zip(inputs, texts, strict=True)):
        array = as_numbers(values, f"the values of sample {row}")
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and counts as missing
            found.append(Signal(np.atleast_2d(array.astype(np.float32)), label, f"row {row}", ends=False))
    return signals.dataset(Read(found, [], []), Path(ARRAYS), settings, strict)


def _of_pictures(inputs: list, labels: Any, settings: DataSettings, strict: bool) -> Dataset:  # noqa: ANN401
    """Pictures by the way of files, which is that of all pictures."""
    odd = next((each for each in inputs if not held.is_picture(each)), None)
    if odd is not None:
        raise DataError(f"the samples are pictures, but one is {got(odd)}.\n  Give pictures only.")
    texts = _names(labels, len(inputs), settings)
    with tempfile.TemporaryDirectory(prefix="convscope-") as folder:
        files = [held.write(each, Path(folder), f"{row}") for row, each in enumerate(inputs)]
        table = Path(folder) / f"{ARRAYS}.csv"
        with table.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerows(
                [
                    ("path", settings.target or "label"),
                    *zip([each.name for each in files], texts, strict=True),
                ]
            )
        data = pictures.load_table(table, settings, strict)
        rows = {each.name: f"row {row}" for row, each in enumerate(files)}
        names = [rows[name] for name in data.names]
        bad = tuple(Skipped(rows.get(file, file), reason) for file, reason in data.skipped)
        return replace(data, names=names, root=None, source=ARRAYS, skipped=bad)
