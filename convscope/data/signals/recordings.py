"""Long recordings with marks in time → signals: one around each mark, or several within a stretch of time."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from convscope.data.dataset import DataSettings, Skipped
from convscope.data.samples import SampleSpec
from convscope.data.signals import MOST_MISSING, Read, Signal, rates
from convscope.errors import DataError
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
        label: the class of the whole recording, if its place says so; then marks do not count.
        part: train, val, test, or "" where the source does not say.
        group: whose it is, where that is known; otherwise it is a group by itself.
        said: what there is to say of it.
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


class Cut(NamedTuple):
    """How recordings are cut."""

    points: int | None  # of a piece; None: each recording whole
    stride: int | None  # from a piece to the next; None: they follow each other

    @property
    def step(self) -> int:
        """Points from a piece to the next one."""
        return self.stride or self.points or 1


class Piece(NamedTuple):
    """What to cut out of a recording; may reach beyond its ends."""

    label: str
    first: int  # point
    points: int


class Broken(Exception):  # noqa: N818 - as BadFile
    """A recording whose values cannot be read; the reason."""


class Pieces(NamedTuple):
    """What was cut out of a recording, and how much of it could not be."""

    signals: list[Signal]
    outside: int = 0  # reach beyond its ends
    paused: int = 0  # while it paused


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
    how = _how(recordings, settings, rate)
    said = [line for recording in recordings for line in recording.said] + said
    found = Read([], [], [*said, *resampled, *_on_length(recordings, how, rate)], rate, channels)
    outside, paused, longest = 0, 0, 0
    short: list[Signal] = []  # whole recordings that are no piece long
    for recording in track(recordings, "cutting", len(recordings), "recordings"):
        try:
            values = _values(recording, channels, rate)
            cut = _cut(recording, values, how, rate)
        except Broken as error:
            found.skipped.append(Skipped(recording.name, str(error)))
            continue
        pieces = cut.signals
        if recording.label and not cut.paused and not pieces:
            pieces = [Signal(values, recording.label, f"{recording.name} at 0.00 s", recording.part)]
            short.extend(pieces)
        outside, paused, longest = outside + cut.outside, paused + cut.paused, max(longest, values.shape[1])
        group = _group(recording, recordings, settings)
        found.signals.extend(signal._replace(group=group) for signal in pieces)
    if how.points is not None and longest > how.points:  # it was said, and not found as the longest one's
        alone = {signal.name for signal in short}
        found.signals[:] = [signal for signal in found.signals if signal.name not in alone]
    found.remarks.extend([*_on_lost(outside, paused), *_on_groups(recordings, settings)])
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
    how = Cut(length, spec.settings.stride)
    if marks and not recording.label:
        return _cut(recording._replace(marks=marks), values, how, rate).signals
    whole = spec.settings.unequal != "pad" and spec.settings.window is None
    if values.shape[1] <= length or whole:
        return [Signal(values, recording.label, recording.name)]
    return _cut(recording._replace(label=recording.label or WHOLE), values, how, rate).signals


def _cut(recording: Recording, values: np.ndarray, how: Cut, rate: float) -> Pieces:
    """The pieces of a recording, (channel, time) each; those while it paused are none.

    Raises:
        Broken: it is to be whole, and paused.
    """
    pauses = np.asarray(np.isnan(values).all(axis=0))  # (time,)
    if recording.label and how.points is None and pauses.mean() > MOST_MISSING:
        raise Broken(f"it pauses for {pauses.sum() / rate:,.0f} s; --window cuts it into pieces between")
    signals, outside, paused = [], 0, 0
    for label, first, points in _pieces(recording, values.shape[1], how, rate):
        if not 0 <= first <= values.shape[1] - points:
            outside += 1
        elif pauses[first : first + points].mean() > MOST_MISSING:
            paused += 1
        else:
            name = f"{recording.name} at {first / rate:.2f} s"
            signals.append(Signal(values[:, first : first + points], label, name, recording.part))
    return Pieces(signals, outside, paused)


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


def _pieces(recording: Recording, points: int, how: Cut, rate: float) -> list[Piece]:
    if recording.label:
        size = how.points or points
        return [
            Piece(recording.label, first, size) for first in range(0, points - size + 1, how.stride or size)
        ]
    size = how.points or 1
    found = []
    for mark in recording.marks:
        first = round(mark.start * rate)
        if mark.duration <= 0:
            found.append(Piece(mark.label, first - size // 2, size))
        else:
            room = round(mark.duration * rate) - size
            found.extend(Piece(mark.label, first + at, size) for at in range(0, room + 1, how.step))
    return found


def _how(recordings: Sequence[Recording], settings: DataSettings, rate: float) -> Cut:
    if settings.window is not None and settings.length not in (None, settings.window):
        raise DataError(
            f"pieces of {settings.window} points (--window) have no length of {settings.length}.\n"
            "  Give one of them."
        )
    if any(number is not None and number < 1 for number in (settings.window, settings.stride)):
        raise DataError("--window and --stride are numbers of points, at least 1.")
    cut = Cut(settings.window or _length(recordings, settings, rate), settings.stride)
    if cut.points is None and cut.stride:
        raise DataError(
            "--stride says how far pieces lie apart, and recordings are whole.\n  Give --window, too."
        )
    return cut


def _length(recordings: Sequence[Recording], settings: DataSettings, rate: float) -> int | None:
    """Points of a piece; None: each recording whole."""
    if any(recording.label for recording in recordings):
        return (settings.length or None) if settings.unequal == "pad" else None
    if settings.length:
        return settings.length
    durations = [mark.duration for recording in recordings for mark in recording.marks if mark.duration > 0]
    return max(1, round((min(durations) if durations else SECONDS) * rate))


def _on_length(recordings: Sequence[Recording], how: Cut, rate: float) -> list[str]:
    if how.points is None:
        return ["each recording is one signal; a length cuts it into pieces"]
    where = f"one every {how.stride:,} points" if how.stride else "one after the other"
    if not any(recording.label for recording in recordings):
        lasting = any(mark.duration > 0 for recording in recordings for mark in recording.marks)
        where = f"{where} within each annotation" if lasting else "around each annotation"
    return [f"signals are pieces of {how.points:,} points ({how.points / rate:.3g} s), {where}"]


def _group(recording: Recording, recordings: Sequence[Recording], settings: DataSettings) -> str | None:
    if settings.group == "none" or len(recordings) == 1:
        return None
    return recording.group or recording.name


def _on_lost(outside: int, paused: int) -> list[str]:
    said = []
    if outside:
        said.append(
            f"{outside:,} annotations are too near the ends of their recording for a whole piece: left out"
        )
    if paused:
        said.append(f"{paused:,} pieces lie where their recording pauses: left out")
    return said


def _on_groups(recordings: Sequence[Recording], settings: DataSettings) -> list[str]:
    if len(recordings) == 1:
        return [
            "there is a single recording: all parts are of it, and the test says nothing of other people's"
        ]
    if settings.group == "none":
        return ["pieces of one recording may be in several parts: the test says nothing of other recordings"]
    if any(recording.group for recording in recordings):
        count = len({recording.group or recording.name for recording in recordings})
        return [f"all recordings of one of the {count:,} groups (people, folders) are in one part"]
    return ["all pieces of a recording are in one part: the network is judged on other recordings"]


def tally(unused: Counter[str]) -> list[str]:
    """Say which annotations were not used."""
    if not unused:
        return []
    kinds = ", ".join(f"{name} ({count:,})" for name, count in unused.most_common(5))
    return [f"{unused.total():,} annotations are not used: {kinds}"]
