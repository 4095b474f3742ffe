"""How recordings are cut: around marks of a moment, within marks that last, or piece after piece."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from convscope.data.dataset import DataSettings
from convscope.data.signals import MOST_MISSING, Signal
from convscope.data.signals.recording import Broken, Recording
from convscope.errors import DataError

SECONDS = 1.0  # around a mark that has no duration


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


class Pieces(NamedTuple):
    """What was cut out of a recording, and how much of it could not be."""

    signals: list[Signal]
    outside: int = 0  # reach beyond its ends
    paused: int = 0  # while it paused


def how(recordings: Sequence[Recording], settings: DataSettings, rate: float) -> Cut:
    """How these recordings are to be cut.

    Raises:
        DataError: settings that contradict each other.
    """
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


def cut(recording: Recording, values: np.ndarray, how: Cut, rate: float) -> Pieces:
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


def on_length(recordings: Sequence[Recording], how: Cut, rate: float) -> list[str]:
    """Say how they are cut."""
    if how.points is None:
        return ["each recording is one signal; a length cuts it into pieces"]
    where = f"one every {how.stride:,} points" if how.stride else "one after the other"
    if not any(recording.label for recording in recordings):
        lasting = any(mark.duration > 0 for recording in recordings for mark in recording.marks)
        where = f"{where} within each annotation" if lasting else "around each annotation"
    return [f"signals are pieces of {how.points:,} points ({how.points / rate:.3g} s), {where}"]


def on_lost(outside: int, paused: int) -> list[str]:
    """Say how many pieces could not be cut out."""
    said = []
    if outside:
        said.append(
            f"{outside:,} annotations are too near the ends of their recording for a whole piece: left out"
        )
    if paused:
        said.append(f"{paused:,} pieces lie where their recording pauses: left out")
    return said


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


def _length(recordings: Sequence[Recording], settings: DataSettings, rate: float) -> int | None:
    """Points of a piece; None: each recording whole."""
    if any(recording.label for recording in recordings):
        return (settings.length or None) if settings.unequal == "pad" else None
    if settings.length:
        return settings.length
    durations = [mark.duration for recording in recordings for mark in recording.marks if mark.duration > 0]
    return max(1, round((min(durations) if durations else SECONDS) * rate))
