"""What one sample of some data is, and samples that are so: what every format is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from convscope.data import targets
from convscope.data.dataset import Dataset, DataSettings, Skipped
from convscope.errors import DataError, ShapeError
from convscope.shapes import show

FAR = 50  # times what all training samples reached, or a part of it: that is another scale
LOOKED_AT = 1000  # samples whose range is taken for that of all
FIRST = 5  # names in a sentence
ANY = "any"  # the kind of a sample of which only the shape is known


class Samples(NamedTuple):
    """Samples as the network takes them.

    Attributes:
        inputs: (sample, channel, *space).
        names: where each came from; "" for the only one of its file.
        truth: the class (or value) of each where it is known, otherwise None.
        skipped: what was left out, and why.
        remarks: sentences on what was decided or found on the way.
    """

    inputs: Tensor
    names: Sequence[str]
    truth: Sequence[Any]
    skipped: tuple[Skipped, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class SampleSpec:
    """What one sample is: of a run's data, as its training had them; or of a model's example.

    Attributes:
        shape: (channel, *space).
        kind: image, signal, volume, sequence, or any.
        dtype: of raw samples: uint8, float16, float32 …
        settings: how files are read, nothing left open that matters for the kind.
        features: names of the channels, where they have some.
        columns: names of its values, where a table with a sample a row names them.
        classes: names of the classes, where there are some; of a run on amounts the target's name alone.
        rate: positions a second, where the axis is time and it is known.
        limits: the smallest and the largest of its numbers in training, where they have one scale.
    """

    shape: tuple[int, ...]
    kind: str = ANY
    dtype: str = "float32"
    settings: DataSettings = field(default_factory=DataSettings)
    features: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    rate: float | None = None
    limits: tuple[float, float] | None = None
    columns: tuple[str, ...] = ()

    def truth(self, label: str) -> str | float | None:
        """What a label in a file says: a class, be it one that the run does not know; or an amount, or None.

        >>> SampleSpec((9,), classes=("age",)).truth("37"), SampleSpec((9,), classes=("a", "b")).truth("c")
        (37.0, 'c')
        """
        if len(self.classes) == 1:
            return targets.number(label)
        return label if self.classes and label not in ("", "?") else None


def spec_of(dataset: Dataset) -> SampleSpec:
    """What a sample of a data set is."""
    shape, dtype = tuple(dataset.inputs.shape[1:]), str(dataset.inputs.dtype).removeprefix("torch.")
    classes = () if dataset.regression else dataset.classes
    return SampleSpec(
        shape,
        dataset.kind,
        dtype,
        dataset.settings,
        dataset.features,
        classes,
        dataset.rate,
        limits(dataset),
        dataset.columns,
    )


def limits(dataset: Dataset) -> tuple[float, float] | None:
    """The smallest and largest number of some training samples; None for columns, each of its own unit."""
    rows = dataset.parts["train"]
    if dataset.kind == "sequence" or not len(rows):
        return None
    least, greatest = torch.aminmax(_some_of(dataset.inputs, rows))
    return float(least.item()), float(greatest.item())


def _some_of(inputs: Tensor, rows: Tensor | None = None) -> Tensor:
    """Up to LOOKED_AT of these rows, evenly spread: a data set may be larger than the memory."""
    count = len(inputs) if rows is None else len(rows)
    if count <= LOOKED_AT:
        return inputs if rows is None else inputs[rows]
    places = torch.linspace(0, count - 1, LOOKED_AT).round().long().unique()
    return inputs[places if rows is None else rows[places]]


def single(values: np.ndarray) -> Samples:
    """The only sample of a file, (channel, *space)."""
    return Samples(torch.from_numpy(np.require(values, requirements=["C", "W"])[None]), [""], [None])


def demand_shape(samples: Samples, spec: SampleSpec, source: str) -> None:
    """Raise ShapeError where samples are not what the spec says."""
    shape = tuple(samples.inputs.shape[1:])
    if shape != spec.shape:
        raise ShapeError(
            f"the model takes samples of {show(spec.shape)} (channel × space); those of {source} are"
            f" {show(shape)} and cannot be brought to that.\n"
            "  Bring them to that shape, or train a run on data of theirs."
        )


def demand_scale(inputs: Tensor, spec: SampleSpec, rows: Tensor | None = None) -> list[str]:
    """Refuse samples on another scale than training's, such as 0 … 1 for 0 … 255: answers were nonsense.

    Where each sample is brought to one scale by itself, any will do. Signals may be quiet: that is said only.

    Returns:
        What is to be said of it.

    Raises:
        DataError: they are far larger than all that was trained on, or pictures far smaller.
    """
    low, high = spec.limits or ((0.0, 255.0) if spec.dtype == "uint8" else (0.0, 0.0))
    then, whole = max(abs(low), abs(high)), spec.dtype == "uint8"
    if spec.kind == "sequence" or spec.settings.scale == "sample" or not then or not inputs.numel():
        return []
    least, greatest = torch.aminmax(_some_of(inputs, rows).flatten(1), dim=1)
    reach = torch.maximum(least.float().abs(), greatest.float().abs())  # (sample,)
    most = reach.max().item()
    trained = "whole numbers, 0 … 255" if whole and then > 1 else f"values from {low:g} to {high:g}"
    if reach.median().item() > FAR * then:
        raise DataError(
            f"the values reach {most:g}; this run was trained on {trained}.\n"
            f"  Bring them to that scale: divide by {255 if then <= 1 and most <= 255 else most / then:g}."
        )
    if not inputs.is_floating_point() or not most or not (FAR * most < then or (whole and most <= 1 < then)):
        return []
    if spec.kind == "signal":
        return [f"the values reach {most:g} only; this run was trained on {trained}: is it the same unit?"]
    end, factor = (1.0, 255.0) if most <= 1 else (most, then / most)
    raise DataError(
        f"the values lie between {-end:g} and {end:g}; this run was trained on {trained}.\n"
        f"  Give the raw values (it scales them by itself), or multiply by {factor:g}."
    )


def some(names: Sequence[str]) -> str:
    """The first of many names."""
    return f"{', '.join(names[:FIRST])}{' …' if len(names) > FIRST else ''}"


def together(found: Sequence[Samples], skipped: Sequence[Skipped] = ()) -> Samples:
    """All of them as one, and what was left out beside them.

    Raises:
        DataError: samples of different shapes.
    """
    if len(found) == 1 and not skipped:
        return found[0]
    if len({samples.inputs.shape[1:] for samples in found}) > 1:
        raise DataError("the files hold samples of different shapes.\n  Predict them one by one.")
    pile = Pile(sum(len(samples.inputs) for samples in found))
    for samples in found:
        pile.add(samples)
    return pile.whole(skipped)


class Pile:
    """Samples of one shape that come one after another: in one tensor from the start, never there twice."""

    def __init__(self, expected: int) -> None:
        """Room for so many samples; it grows where more come."""
        self.rows, self.room = 0, expected
        self.inputs: Tensor | None = None  # (room, channel, *space), of which `rows` are filled
        self.names, self.truth, self.skipped, self.remarks = [], [], [], {}

    def add(self, samples: Samples) -> None:
        """Put samples behind those that are there."""
        end = self.rows + len(samples.inputs)
        self._make_room(samples.inputs, end)[self.rows : end] = samples.inputs
        self.rows = end
        self.names += samples.names
        self.truth += samples.truth
        self.skipped += samples.skipped
        self.remarks |= dict.fromkeys(samples.remarks)

    def whole(self, skipped: Sequence[Skipped] = ()) -> Samples:
        """All of them, and what was left out beside them."""
        assert self.inputs is not None, "samples have been added"
        kept = (*self.skipped, *skipped)
        return Samples(self.inputs[: self.rows], self.names, self.truth, kept, tuple(self.remarks))

    def _make_room(self, more: Tensor, end: int) -> Tensor:
        old = more[:0] if self.inputs is None else self.inputs
        dtype = torch.promote_types(old.dtype, more.dtype)
        if self.inputs is None or dtype != old.dtype or end > self.room:
            self.room = max(end, self.room if end <= self.room else 2 * self.room)
            self.inputs = more.new_empty((self.room, *more.shape[1:]), dtype=dtype)
            self.inputs[: self.rows] = old[: self.rows]
        return self.inputs
