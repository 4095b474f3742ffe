"""A long recording with marks in time, opened but not read."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np


class Mark(NamedTuple):
    """What is at a time, or from a time on."""

    label: str
    start: float  # seconds
    duration: float = 0.0  # seconds; 0: a moment


class Recording(NamedTuple):
    """A recording that has been opened, but not read.

    Attributes:
        name: of the file, relative to what the person gave.
        channels: their names.
        rates: points a second of each channel.
        marks: in order of time.
        read: places in `channels` → their values, each (time,) float.
        label: the class of the whole recording, if its place says so; then marks do not count.
        part: train, val, test, or "" where the source does not say.
        group: whose it is, where that is known; otherwise it is a group by itself.
        said: what there is to say of it.
        units: of each channel, where they are known.
    """

    name: str
    channels: tuple[str, ...]
    rates: tuple[float, ...]
    marks: Sequence[Mark]
    read: Callable[[Sequence[int]], Sequence[np.ndarray]]
    label: str = ""
    part: str = ""
    group: str | None = None
    said: tuple[str, ...] = ()
    units: tuple[str, ...] = ()


class Broken(Exception):  # noqa: N818 - as BadFile
    """A recording whose values cannot be read; the reason."""


def names(labels: Sequence[str | None]) -> tuple[str, ...]:
    """Names of channels, each another one: those without a name are counted, repeated ones numbered.

    >>> names(["EEG", None, "EEG", ""])
    ('EEG', 'channel 2', 'EEG (2)', 'channel 4')
    """
    plain = [(label or "").strip() or f"channel {place}" for place, label in enumerate(labels, 1)]
    seen: Counter[str] = Counter()
    found = []
    for name in plain:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(found)
