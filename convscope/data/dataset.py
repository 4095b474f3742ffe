"""The one form in which data reaches a network, whatever format it came in."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from convscope.settings import DataSettings

Kind = Literal["image", "signal", "volume", "sequence"]
PARTS = ("train", "val", "test")


class Skipped(NamedTuple):
    """A file (or row) that was left out, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class Dataset:
    """All samples in ONE tensor, with the rows of each part.

    Attributes:
        inputs: (sample, channel, *space), uint8 for pictures, float32 for signals; may be memory-mapped.
        labels: (sample,), int64, index into `classes`; for regression float32, the values themselves.
        classes: class names, naturally sorted; for regression the target's name alone.
        parts: "train", "val", "test" → rows of `inputs`, int64. Parts never overlap; each key is there;
            "val" and "test" may be empty.
        kind: image, signal, volume or sequence.
        source: catalogue name or path, as the person gave it.
        names: where each sample came from (a relative path, or "row 17"); as long as `inputs`.
        skipped: what was left out, and why.
        remarks: sentences on what was decided or found on the way, for terminal and report.
        settings: the settings with nothing left open.
        root: the folder that `names` are relative to, where they are files.
        features: names of the channels, where they have some.
        columns: names of the values of a sample, where a table with a sample a row names them.
        rate: positions a second, where the axis is time and it is known.
        sound: the samples are sounds, to be heard at `rate`.
        persistence: for sequences: (sample,), like `labels`: the target at the window's last step: the
            forecast of somebody who expects no change.
        when: for sequences: the time of each sample's target, ISO 8601.
        passed: files beside the samples that are none, such as masks, and why.
        groups: (sample,) the group of each (a patient), "" where it is none's; none: the data have no groups.
    """

    inputs: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    parts: dict[str, Tensor]
    kind: Kind
    source: str
    names: Sequence[str]
    settings: DataSettings
    skipped: tuple[Skipped, ...] = ()
    remarks: tuple[str, ...] = ()
    root: Path | None = None
    features: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rate: float | None = None
    sound: bool = False
    persistence: Tensor | None = None
    when: Sequence[str] | None = None
    groups: Sequence[str] = ()
    passed: tuple[Skipped, ...] = ()

    @property
    def regression(self) -> bool:
        """Whether the labels are values and not classes."""
        return self.labels.is_floating_point()

    @property
    def channels(self) -> int:
        """Channels of a sample."""
        return self.inputs.shape[1]

    @property
    def space(self) -> tuple[int, ...]:
        """Sizes of a sample's spatial axes: (time,), (height, width) or (depth, height, width)."""
        return tuple(self.inputs.shape[2:])

    def part(self, name: str) -> tuple[Tensor, Tensor]:
        """Inputs and labels of one part, copied out: (n, channel, *space) and (n,)."""
        rows = self.parts[name]
        return self.inputs[rows], self.labels[rows]

    def counts(self, name: str) -> list[int]:
        """Samples of each class in one part; for regression all of them, under the target's name."""
        if self.regression:
            return [len(self.parts[name])]
        return torch.bincount(self.labels[self.parts[name]], minlength=len(self.classes)).tolist()
