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

ANY = "any"  # the kind of a sample of which only the shape is known


class Samples(NamedTuple):
    """Samples as the network takes them.

    Attributes:
        inputs: (sample, channel, *space).
        names: where each came from; "" for the only one of its file.
        truth: the class (or value) of each where it is known, otherwise None.
        skipped: what was left out, and why.
    """

    inputs: Tensor
    names: Sequence[str]
    truth: Sequence[Any]
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True)
class SampleSpec:
    """What one sample is: of a run's data, as its training had them; or of a model's example.

    Attributes:
        shape: (channel, *space).
        kind: image, signal, volume, sequence, or any.
        dtype: of raw samples: uint8, float16, float32 …
        settings: how files are read, nothing left open that matters for the kind.
        features: names of the channels, where they have some.
        classes: names of the classes, where there are some; of a run on amounts the target's name alone.
        rate: positions a second, where the axis is time and it is known.
    """

    shape: tuple[int, ...]
    kind: str = ANY
    dtype: str = "float32"
    settings: DataSettings = field(default_factory=DataSettings)
    features: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    rate: float | None = None

    def truth(self, label: str) -> str | float | None:
        """What a label in a file says: a class that the run knows, or an amount; otherwise None.

        >>> SampleSpec((1, 9), classes=("age",)).truth("37")
        37.0
        """
        return targets.number(label) if len(self.classes) == 1 else label if label in self.classes else None


def spec_of(dataset: Dataset) -> SampleSpec:
    """What a sample of a data set is."""
    shape, dtype = tuple(dataset.inputs.shape[1:]), str(dataset.inputs.dtype).removeprefix("torch.")
    classes = () if dataset.regression else dataset.classes
    return SampleSpec(shape, dataset.kind, dtype, dataset.settings, dataset.features, classes, dataset.rate)


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


def together(found: Sequence[Samples], skipped: Sequence[Skipped] = ()) -> Samples:
    """All of them as one, and what was left out beside them.

    Raises:
        DataError: samples of different shapes.
    """
    if len(found) == 1 and not skipped:
        return found[0]
    if len({samples.inputs.shape[1:] for samples in found}) > 1:
        raise DataError("the files hold samples of different shapes.\n  Predict them one by one.")
    return Samples(
        torch.cat([samples.inputs for samples in found]),
        [name for samples in found for name in samples.names],
        [true for samples in found for true in samples.truth],
        (*(one for samples in found for one in samples.skipped), *skipped),
    )
