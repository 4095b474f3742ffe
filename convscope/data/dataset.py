"""The one form in which data reaches a network, whatever format it came in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import torch
from torch import Tensor

from convscope.errors import DataError, UnknownName, got
from convscope.settings import DataSettings

Kind = Literal["image", "signal", "volume", "sequence"]
PARTS = ("train", "val", "test")
ARRAYS = "arrays"  # what data are called that come from no file
AXES = (3, 4, 5)  # of all samples: sample, channel, and one to three of space


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

    @property
    def judging(self) -> str:
        """The part to judge by: test; without one validation, or training."""
        return next((name for name in ("test", "val") if len(self.parts[name])), "train")

    def part(self, name: str) -> tuple[Tensor, Tensor]:
        """Inputs and labels of one part, copied out: (n, channel, *space) and (n,)."""
        rows = self._rows(name)
        return self.inputs[rows], self.labels[rows]

    def counts(self, name: str) -> list[int]:
        """Samples of each class in one part; for regression all of them, under the target's name."""
        rows = self._rows(name)
        if self.regression:
            return [len(rows)]
        return torch.bincount(self.labels[rows], minlength=len(self.classes)).tolist()

    def demand_sound(self) -> None:
        """Refuse what does not go together, of a dataset that a person made.

        Raises:
            DataError: says which field, and what it has to be.
        """
        for name, (holds, words) in self._demands().items():
            if not holds():
                raise DataError(
                    f"{name} of the dataset is {got(getattr(self, name))}; expected {words}.\n"
                    "  convscope.train((X, y)) makes one of arrays."
                )

    def _demands(self) -> dict[str, tuple[Callable[[], bool], str]]:
        """Field → whether it is right, which is asked in order, and what it has to be."""
        return {
            "inputs": (
                lambda: (
                    isinstance(self.inputs, Tensor) and self.inputs.dim() in AXES and len(self.inputs) > 0
                ),
                "a tensor of samples, (sample, channel, *space)",
            ),
            "classes": (lambda: _texts(self.classes) and len(self.classes) > 0, "the names of the classes"),
            "labels": (
                self._labelled,
                "(sample,): int64, a place in `classes`; or float32, values",
            ),
            "parts": (self._parted, "train, val and test, each with the rows of `inputs`, int64"),
            "kind": (
                lambda: isinstance(self.kind, str) and self.kind in get_args(Kind),
                f"one of {', '.join(get_args(Kind))}",
            ),
            "source": (lambda: isinstance(self.source, str), "where the data come from, a text"),
            "names": (lambda: _many(self.names, self.inputs), "where each sample came from"),
            "settings": (lambda: isinstance(self.settings, DataSettings), "a DataSettings"),
            "groups": (
                lambda: isinstance(self.groups, Sequence) and len(self.groups) in (0, len(self.inputs)),
                "the group of each sample, or none",
            ),
            "skipped": (lambda: _all(Skipped, self.skipped), "a tuple of Skipped"),
            "passed": (lambda: _all(Skipped, self.passed), "a tuple of Skipped"),
            "remarks": (lambda: _texts(self.remarks), "a tuple of sentences"),
            "features": (lambda: _texts(self.features), "a tuple of names"),
            "columns": (lambda: _texts(self.columns), "a tuple of names"),
            "root": (lambda: self.root is None or isinstance(self.root, Path), "a Path, or None"),
            "rate": (lambda: self.rate is None or _positive(self.rate), "a number above 0, or None"),
            "sound": (lambda: isinstance(self.sound, bool), "True or False"),
            "persistence": (
                lambda: self.persistence is None or _like(self.persistence, self.labels),
                "None, or like `labels`",
            ),
            "when": (
                lambda: self.when is None or _many(self.when, self.inputs),
                "None, or the time of each sample, ISO 8601",
            ),
        }

    def _labelled(self) -> bool:
        labels = self.labels
        if not isinstance(labels, Tensor) or labels.shape != (len(self.inputs),):
            return False
        if labels.is_floating_point():
            return True
        return labels.dtype == torch.int64 and 0 <= int(labels.min()) <= int(labels.max()) < len(self.classes)

    def _parted(self) -> bool:
        if not isinstance(self.parts, dict) or set(self.parts) != set(PARTS):
            return False
        return all(
            isinstance(rows, Tensor)
            and rows.dtype == torch.int64
            and rows.dim() == 1
            and (not len(rows) or 0 <= int(rows.min()) <= int(rows.max()) < len(self.inputs))
            for rows in self.parts.values()
        )

    def _rows(self, part: str) -> Tensor:
        if not isinstance(part, str) or part not in self.parts:
            raise UnknownName("part", part if isinstance(part, str) else got(part), PARTS)
        return self.parts[part]


def _all(kind: type, given: object) -> bool:
    return isinstance(given, tuple) and all(isinstance(each, kind) for each in given)


def _texts(given: Any) -> bool:  # noqa: ANN401
    return isinstance(given, tuple) and all(isinstance(each, str) for each in given)


def _many(given: Any, samples: Tensor) -> bool:  # noqa: ANN401
    return hasattr(given, "__len__") and hasattr(given, "__getitem__") and len(given) == len(samples)


def _like(given: Any, labels: Tensor) -> bool:  # noqa: ANN401
    return isinstance(given, Tensor) and given.shape == labels.shape


def _positive(given: Any) -> bool:  # noqa: ANN401
    return isinstance(given, int | float) and not isinstance(given, bool) and 0 < given < float("inf")
