"""Long recordings with marks in time → signals: one around each mark, or several within a stretch of time."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from convscope.data.dataset import DataSettings, Skipped
from convscope.data.memory import refuse_too_large
from convscope.data.samples import SampleSpec
from convscope.data.signals import Read, Signal, cutting, rates
from convscope.data.signals.cutting import Cut
from convscope.data.signals.recording import Broken, Recording
from convscope.progress import track

WHOLE = "?"  # the label of a recording of which nothing is known


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
        DataError: a rate below 1, or more than memory holds.
    """
    recordings, odd = _of_one_unit(recordings, _channels(recordings)[0])
    channels, said = _channels(recordings)
    own = [rate for recording in recordings for rate in recording.rates[:1]]
    rate, resampled = rates.common(own, settings)
    how = cutting.how(recordings, settings, rate)
    said = [line for recording in recordings for line in recording.said] + said
    found = Read([], odd, [*said, *resampled, *cutting.on_length(recordings, how, rate)], rate, channels)
    outside, paused, longest, held = 0, 0, 0, 0
    short: list[Signal] = []  # whole recordings that are no piece long
    for recording in track(recordings, "cutting", len(recordings), "recordings"):
        try:
            values = _values(recording, channels, rate)
            cut = cutting.cut(recording, values, how, rate)
        except Broken as error:
            found.skipped.append(Skipped(recording.name, str(error)))
            continue
        pieces = cut.signals
        if recording.label and not cut.paused and not pieces:
            pieces = [Signal(values, recording.label, f"{recording.name} at 0.00 s", recording.part)]
            short.extend(pieces)
        outside, paused, longest = outside + cut.outside, paused + cut.paused, max(longest, values.shape[1])
        group = _group(recording, recordings, settings)
        found.signals.extend(_lean(signal, values)._replace(group=group) for signal in pieces)
        held += sum(signal.values.nbytes for signal in pieces)
        refuse_too_large(2 * held, Path("all that is cut out of the recordings"))  # and all of them as one
    if how.points is not None and longest > how.points:  # it was said, and not found as the longest one's
        alone = {signal.name for signal in short}
        found.signals[:] = [signal for signal in found.signals if signal.name not in alone]
    found.remarks.extend(cutting.on_lost(outside, paused))
    found.remarks.extend(_on_groups(recordings, settings) if how.points else [])
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
    missing = [name for name in names if name not in recording.channels]
    if missing and names != tuple(map(str, range(1, channels + 1))):
        raise Broken(f"it has no channel '{missing[0]}', but {', '.join(recording.channels[:10])}")
    rate = float(spec.settings.rate or spec.rate or recording.rates[0])
    values = _values(recording, names, rate)
    marks = [mark for mark in recording.marks if mark.label in spec.classes]
    how = Cut(length, spec.settings.stride)
    if marks and not recording.label:
        return cutting.cut(recording._replace(marks=marks), values, how, rate).signals
    whole = spec.settings.unequal != "pad" and spec.settings.window is None
    if values.shape[1] <= length or whole:
        return [Signal(values, recording.label, recording.name)]
    return cutting.cut(recording._replace(label=recording.label or WHOLE), values, how, rate).signals


def _lean(signal: Signal, values: np.ndarray) -> Signal:
    """A copy, where the piece alone is kept of a long recording."""
    return signal._replace(values=signal.values.copy()) if signal.values.nbytes < values.nbytes else signal


def _of_one_unit(
    recordings: Sequence[Recording], channels: Sequence[str]
) -> tuple[list[Recording], list[Skipped]]:
    """The recordings whose channels are in the units of most: mV among µV would be a thousandth."""
    units = [dict(zip(recording.channels, recording.units, strict=False)) for recording in recordings]
    usual = {}
    for channel in channels:
        counts = Counter(_plain(own[channel]) for own in units if own.get(channel))
        usual[channel] = max(counts, key=lambda unit, counts=counts: counts[unit], default="")
    kept, odd = [], []
    for recording, own in zip(recordings, units, strict=True):
        other = next((name for name in channels if own.get(name) and _plain(own[name]) != usual[name]), None)
        if other is None:
            kept.append(recording)
        else:
            reason = f"its channel {other} is in {own[other]}, that of most others in {usual[other]}"
            odd.append(Skipped(recording.name, reason))
    return kept, odd


def _plain(unit: str) -> str:
    """A unit as most write it.

    >>> _plain("µV"), _plain("UV "), _plain("mV")
    ('uV', 'uV', 'mV')
    """
    plain = unit.strip().replace("µ", "u").replace("μ", "u")
    return "uV" if plain == "UV" else plain


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


def _group(recording: Recording, recordings: Sequence[Recording], settings: DataSettings) -> str | None:
    if settings.group == "none" or len(recordings) == 1:
        return None
    return recording.group or recording.name


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
