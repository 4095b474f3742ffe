"""Recordings with a label for each moment → windows; no window crosses a break, and none two parts."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from convscope.data.dataset import DataSettings
from convscope.data.signals import Signal
from convscope.errors import DataError

MOST_SECTIONS = 20  # of a single recording
OF_A_LABEL = 5  # sections of a stretch with one label, at most
PAUSE = 10  # times the usual step, from which on time has a gap


class Track(NamedTuple):
    """One recording.

    Attributes:
        name: for the names of its samples.
        values: (channel, time), NaN where one is missing.
        labels: (time,) place in `names`, −1 where there is none.
        names: of the labels.
        time: (time,) where it is known, in any unit.
        group: whose it is; None: a group of its own.
        part: train, val, test or "".
    """

    name: str
    values: np.ndarray
    labels: np.ndarray
    names: Sequence[str]
    time: np.ndarray | None = None
    group: str | None = None
    part: str = ""


def cut(tracks: Sequence[Track], settings: DataSettings) -> tuple[list[Signal], list[str]]:
    """Windows of all recordings, and sentences on how they were made.

    The label of a window is its commonest, of a target that of its last row. All windows of a recording (or
    of the group it belongs to) are in one part. A single recording is cut into sections, each in one part.

    Args:
        tracks: at least one.
        settings: `window`, `stride` and `target`.

    Raises:
        DataError: no recording is as long as a window.
    """
    window, stride = reach(settings)
    alone, grouped = len(tracks) == 1, len({track.group for track in tracks}) > 1
    found: list[Signal] = []
    sections = 0
    for track in tracks:
        section = _sections(track, window, settings) if alone and not track.part else _whole(track)
        sections += int(section.max(initial=-1)) + 1
        for first in _starts(track, section, window, stride):
            rows = slice(first, first + window)
            label = _label(track.labels[rows], settings)
            own = track.group if grouped and track.group is not None else track.name
            group = f"{track.name} {section[first]}" if alone else own
            name = f"{track.name} from row {first + 1}".strip()
            told = track.names[label] if label >= 0 else ""
            found.append(Signal(track.values[:, rows], told, name, track.part, group))
    if not found:
        longest = max(track.values.shape[1] for track in tracks)
        raise DataError(
            f"no recording is as long as a window of {window:,} rows; the longest has {longest:,}.\n"
            "  Give a shorter --window."
        )
    return found, _said(tracks, settings, sections if alone else 0, grouped=grouped)


def reach(settings: DataSettings) -> tuple[int, int]:
    """Window and stride, in rows."""
    window = settings.window or 1
    stride = settings.stride or window
    for name, count in (("window", settings.window), ("stride", settings.stride)):
        if count is not None and count < 1:
            raise DataError(f"the {name} is {count} rows; expected at least 1.\n  Give another --{name}.")
    return window, stride


def _whole(track: Track) -> np.ndarray:
    return np.zeros(track.values.shape[1], np.int64)


def _starts(track: Track, section: np.ndarray, window: int, stride: int) -> list[int]:
    """First rows of the windows that cross neither sections nor gaps in time."""
    breaks = np.flatnonzero(np.diff(section)) + 1
    if track.time is not None and len(track.time) > 2:
        steps = np.diff(track.time)
        moving = steps if np.median(steps) else steps[steps > 0]  # a coarse clock stands still between
        usual = np.median(moving) if len(moving) else 0
        breaks = np.union1d(breaks, np.flatnonzero((steps > PAUSE * usual) | (steps < 0)) + 1)
    ends = [0, *breaks.tolist(), len(section)]
    return [start for first, end in pairwise(ends) for start in range(first, end - window + 1, stride)]


def _label(labels: np.ndarray, settings: DataSettings) -> int:
    if settings.target is not None:
        return int(labels[-1])
    counts = np.bincount(labels + 1)
    return int(counts.argmax()) - 1


def _sections(track: Track, window: int, settings: DataSettings) -> np.ndarray:
    """(time,) the number of each row's section: of one label, where that leaves enough windows."""
    points = len(track.labels)
    ends = [0, *(np.flatnonzero(np.diff(track.labels)) + 1).tolist(), points]
    runs = np.diff(ends)
    if settings.target is not None or runs[runs >= window].sum() < points / 2:
        runs, most = np.array([points]), MOST_SECTIONS
    else:
        most = OF_A_LABEL
    sizes = [
        len(piece) for run in runs for piece in np.array_split(np.empty(run), _pieces(int(run), window, most))
    ]
    return np.repeat(np.arange(len(sizes)), sizes)


def _pieces(points: int, window: int, most: int) -> int:
    return int(np.clip(points // (2 * window), 1, most))


def _said(tracks: Sequence[Track], settings: DataSettings, sections: int, *, grouped: bool) -> list[str]:
    window, stride = reach(settings)
    which = "that of its last row" if settings.target is not None else "its commonest"
    of = f"{len(tracks):,} recordings" if len(tracks) > 1 else "one recording"
    said = [f"samples are windows of {window:,} rows, one every {stride:,}, of {of}; the label is {which}"]
    if sections:
        said.append(
            f"there is a single recording: each of its {sections:,} sections is in one part, and the test"
            " says nothing of other recordings"
        )
    else:
        what = "group" if grouped else "recording"
        said.append(f"all windows of a {what} are in one part: the network is judged on other {what}s")
    return said
