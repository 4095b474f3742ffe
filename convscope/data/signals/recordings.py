"""Long recordings with marks in time → signals: one around each mark, or several within a stretch of time."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from convscope.data.dataset import DataSettings, Skipped
from convscope.data.samples import SampleSpec
from convscope.data.signals import Read, Signal, rates
from convscope.progress import track

WHOLE = "?"  # the label of a recording of which nothing is known
SECONDS = 1.0  # around a mark that has no duration


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
        label: the class of the whole recording, if its folder says so; then marks do not count.
        part: train, val, test, or "" where the source does not say.
    """

    name: str
    channels: tuple[str, ...]
    rates: tuple[float, ...]
    marks: Sequence[Mark]
    read: Callable[[Sequence[int]], Sequence[np.ndarray]]
    label: str = ""
    part: str = ""


class Piece(NamedTuple):
    """What to cut out of a recording; may reach beyond its ends."""

    label: str
    first: int  # point
    points: int


class Broken(Exception):  # noqa: N818 - as BadFile
    """A recording whose values cannot be read; the reason."""


def samples(recordings: Sequence[Recording], settings: DataSettings) -> tuple[Read, DataSettings]:
    """Cut all recordings into signals.

    Around a mark of a moment: `settings.length` points, by default a second, the mark in the middle. Within
    a mark that lasts: pieces of `settings.length` points one after the other, by default as long as the
    shortest such mark. A recording with a label of its own: the whole, or pieces of `settings.length`; with
    an `unequal` that cuts or stretches it is the whole, which is then brought to that length.
    Of several recordings each is a group: what was recorded of one person stays in one part.

    Args:
        recordings: at least one.
        settings: `rate`, `length` and `unequal`.

    Returns:
        The signals, and the settings with the `rate`.

    Raises:
        DataError: a rate below 1.
    """
    channels, said = _channels(recordings)
    own = [rate for recording in recordings for rate in recording.rates[:1]]
    rate, resampled = rates.common(own, settings)
    length = _length(recordings, settings, rate)
    found = Read([], [], [*said, *resampled, *_on_length(recordings, length, rate)], rate, channels)
    outside, longest = 0, 0
    short: list[Signal] = []  # whole recordings that are no piece long
    for recording in track(recordings, "cutting", len(recordings), "recordings"):
        group = recording.name if len(recordings) > 1 else None
        try:
            values = _values(recording, channels, rate)
        except Broken as error:
            found.skipped.append(Skipped(recording.name, str(error)))
            continue
        cut, lost = _cut(recording, values, length, rate)
        if recording.label and not cut:
            cut = [Signal(values, recording.label, f"{recording.name} at 0.00 s", recording.part)]
            short.extend(cut)
        outside, longest = outside + lost, max(longest, values.shape[1])
        found.signals.extend(signal._replace(group=group) for signal in cut)
    if length is not None and longest > length:  # it was said, and not found as the longest recording's
        names = {signal.name for signal in short}
        found.signals[:] = [signal for signal in found.signals if signal.name not in names]
    found.remarks.extend(_on_groups(recordings, outside))
    return found, replace(settings, rate=round(rate) if rate == round(rate) else None)


def unlabelled(recording: Recording, spec: SampleSpec) -> list[Signal]:
    """Cut one recording as those of training were: around marks that the run knows, or piece after piece.

    One that is no longer than a sample is one; and so is a longer one, where training brought whole
    recordings to one length by cutting or stretching.

    Args:
        recording: its label may be empty.
        spec: of the samples.

    Raises:
        Broken: it cannot be read, or has other channels.
    """
    channels, length = spec.shape
    names = spec.features if len(spec.features) == channels else tuple(map(str, range(1, channels + 1)))
    if len(recording.channels) < channels:
        raise Broken(f"it has {len(recording.channels)} channels, not {channels}")
    rate = float(spec.settings.rate or spec.rate or recording.rates[0])
    values = _values(recording, names, rate)
    marks = [mark for mark in recording.marks if mark.label in spec.classes]
    if marks and not recording.label:
        return _cut(recording._replace(marks=marks), values, length, rate)[0]
    if values.shape[1] <= length or spec.settings.unequal != "pad":
        return [Signal(values, recording.label, recording.name)]
    return _cut(recording._replace(label=recording.label or WHOLE), values, length, rate)[0]


def _cut(
    recording: Recording, values: np.ndarray, length: int | None, rate: float
) -> tuple[list[Signal], int]:
    """The pieces of a recording, (channel, time) each; and how many reach beyond its ends."""
    pieces = _pieces(recording, values.shape[1], length, rate)
    inside = [piece for piece in pieces if 0 <= piece.first <= values.shape[1] - piece.points]
    return [
        Signal(
            values[:, first : first + points],
            label,
            f"{recording.name} at {first / rate:.2f} s",
            recording.part,
        )
        for label, first, points in inside
    ], len(pieces) - len(inside)


def _channels(recordings: Sequence[Recording]) -> tuple[tuple[str, ...], list[str]]:
    """Names of the channels that all recordings have, else as many as the one with the fewest, by place."""
    first = recordings[0].channels
    shared = tuple(name for name in first if all(name in recording.channels for recording in recordings))
    if not shared:
        fewest = min(len(recording.channels) for recording in recordings)
        what = "channel is" if fewest == 1 else f"{fewest} channels are"
        return tuple(str(place + 1) for place in range(fewest)), [
            f"no channel is in all recordings by name; the first {what} taken of each, whatever their names"
        ]
    every = sorted({name for recording in recordings for name in recording.channels} - set(shared))
    return shared, [
        f"channels that not all recordings have are not used: {', '.join(every)}"
    ] if every else []


def _values(recording: Recording, channels: Sequence[str], rate: float) -> np.ndarray:
    """(channel, time) float32 at one rate; channels that end early end all."""
    known = all(name in recording.channels for name in channels)
    places = [recording.channels.index(name) if known else place for place, name in enumerate(channels)]
    try:
        rows = [
            _resampled(row, recording.rates[place], rate)
            for place, row in zip(places, recording.read(places), strict=True)
        ]
    except rates.TooFarError as error:
        raise Broken(str(error)) from error
    shortest = min(len(row) for row in rows)
    return np.stack([row[:shortest] for row in rows])


def _resampled(row: np.ndarray, rate: float, wanted: float) -> np.ndarray:
    """One channel at another rate; missing values stay missing, and do not spread."""
    missing = ~np.isfinite(row)
    if rate == wanted or not missing.any():
        return rates.at_rate(row[None], rate, wanted)[0]
    there = np.flatnonzero(~missing)
    filled = np.interp(np.arange(len(row)), there, row[there]) if len(there) else np.zeros(len(row))
    out = rates.at_rate(filled[None], rate, wanted)[0]
    nearest = np.minimum(np.round(np.arange(len(out)) * rate / wanted).astype(int), len(row) - 1)
    out[missing[nearest]] = np.nan
    return out


def _pieces(recording: Recording, points: int, length: int | None, rate: float) -> list[Piece]:
    if recording.label:
        size = length or points
        return [Piece(recording.label, first, size) for first in range(0, points - size + 1, size)]
    size = length or 1
    found = []
    for mark in recording.marks:
        first = round(mark.start * rate)
        if mark.duration <= 0:
            found.append(Piece(mark.label, first - size // 2, size))
        else:
            fit = round(mark.duration * rate) // size
            found.extend(Piece(mark.label, first + at * size, size) for at in range(fit))
    return found


def _length(recordings: Sequence[Recording], settings: DataSettings, rate: float) -> int | None:
    """Points of a piece; None: each recording whole."""
    if any(recording.label for recording in recordings):
        return (settings.length or None) if settings.unequal == "pad" else None
    if settings.length:
        return settings.length
    durations = [mark.duration for recording in recordings for mark in recording.marks if mark.duration > 0]
    return max(1, round((min(durations) if durations else SECONDS) * rate))


def _on_length(recordings: Sequence[Recording], length: int | None, rate: float) -> list[str]:
    if length is None:
        return ["each recording is one signal; a length cuts it into pieces"]
    where = "one after the other"
    if not any(recording.label for recording in recordings):
        lasting = any(mark.duration > 0 for recording in recordings for mark in recording.marks)
        where = "one after the other within each annotation" if lasting else "around each annotation"
    return [f"signals are pieces of {length:,} points ({length / rate:.3g} s), {where}"]


def _on_groups(recordings: Sequence[Recording], outside: int) -> list[str]:
    said = []
    if outside:
        said.append(
            f"{outside:,} annotations are too near the ends of their recording for a whole piece: left out"
        )
    if len(recordings) > 1:
        said.append("all pieces of a recording are in one part: the network is judged on other recordings")
    else:
        said.append(
            "there is a single recording: all parts are of it, and the test says nothing of other people's"
        )
    return said


def tally(unused: Counter[str]) -> list[str]:
    """Say which annotations were not used."""
    if not unused:
        return []
    kinds = ", ".join(f"{name} ({count:,})" for name, count in unused.most_common(5))
    return [f"{unused.total():,} annotations are not used: {kinds}"]
