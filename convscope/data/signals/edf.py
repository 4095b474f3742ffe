"""EDF and BDF files, plain and plus: what their header says, their values in time, their annotations.

Sources: Kemp et al. 1992, doi:10.1016/0013-4694(92)90009-7; Kemp and Olivan 2003 (EDF+),
doi:10.1016/S1388-2457(03)00123-8; www.biosemi.com/faq/file_format.htm (BDF).
"""

import re
from collections.abc import Sequence
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import NamedTuple

import numpy as np

HEAD = 256  # bytes of the header, and again for each channel
WIDTHS = (
    16,
    80,
    8,
    8,
    8,
    8,
    8,
    80,
    8,
    32,
)  # of a channel's fields, each for all channels one after the other
LABEL, _, UNIT, LEAST, MOST, FIRST, LAST, _, POINTS, _ = range(10)
NOTES = ("EDF Annotations", "BDF Annotations")
STATUS = "Status"  # of BDF: 24 wires of switches, the lower 16 of them the triggers of an experiment
TRIGGERS = 0xFFFF
LONGEST = 1 << 27  # points of a channel in time, pauses and all: what a header claims need not be so


class EdfChannel(NamedTuple):
    """One channel: where its points stand in a record, and what they mean."""

    label: str
    unit: str
    points: int  # of a record
    place: int  # of the first in the record, in points
    gain: float
    offset: float


class EdfHeader(NamedTuple):
    """What a file says of itself."""

    size: int  # bytes of a point: 2 (EDF) or 3 (BDF)
    start: int  # byte where the records begin
    said: int  # records by the header; -1 where the program did not know it yet
    records: int  # that are there
    seconds: float  # of a record
    pauses: bool  # whether records say their own times (EDF+D)
    signals: tuple[EdfChannel, ...]
    notes: tuple[EdfChannel, ...]  # channels of annotations
    begins: datetime | None

    @property
    def points(self) -> int:
        """Of a record, in all channels."""
        return sum(channel.points for channel in (*self.signals, *self.notes))


class Note(NamedTuple):
    """An annotation."""

    onset: float  # seconds from the first point
    duration: float  # seconds; 0: a moment
    text: bytes


class Times(NamedTuple):
    """When things are."""

    starts: np.ndarray  # (record,), seconds from the first point
    notes: list[Note]


def header(file: Path) -> EdfHeader:
    """Read the header.

    Raises:
        ValueError: no EDF or BDF file, or damaged.
        OSError: it cannot be read.
    """
    with file.open("rb") as stream:
        head = stream.read(HEAD)
        size = _size(head)
        count = _whole(head[252:256], "channels")
        fields = stream.read(HEAD * count)
    if count < 1 or len(fields) < HEAD * count:
        raise ValueError("its header is cut short" if count > 0 else "it holds no signal")
    channels = _channels(fields, count)
    signals = tuple(channel for channel in channels if channel.label not in NOTES)
    notes = tuple(channel for channel in channels if channel.label in NOTES)
    start, seconds = HEAD * (count + 1), _number(head[244:252], "seconds of a record")
    if signals and seconds <= 0:
        raise ValueError(f"a record of it lasts {seconds:g} s")
    points = sum(channel.points for channel in channels)
    there = (file.stat().st_size - start) // (points * size) if points else 0
    said = _whole(head[236:244], "records")
    records = there if said < 0 else min(said, there)
    plus = head[192:197] in (b"EDF+D", b"BDF+D")
    return EdfHeader(size, start, said, records, seconds, plus, signals, notes, _begins(head))


def times(file: Path, head: EdfHeader) -> Times:
    """When each record begins, and the annotations.

    Raises:
        ValueError: damaged, or records that are not one after the other.
    """
    starts = np.arange(head.records) * head.seconds
    if not head.notes:
        return Times(starts, [])
    raw = _raw(file, head)
    found: list[Note] = []
    own: list[float] = []
    for record in range(head.records):
        lists = [_bytes(raw[record], head, channel) for channel in head.notes]
        said = [note for text in lists for note in _notes(text)]
        own.append(said[0].onset if said and not said[0].text else starts[record])
        found.extend(note for note in said if note.text)
    begin = own[0] if own else 0.0  # a recording may begin between two whole seconds
    if head.pauses:
        starts = np.array(own) - begin
        if (np.diff(starts) < 0.5 * head.seconds).any():
            raise ValueError("its records are not in the order of time")
    notes = sorted((note._replace(onset=note.onset - begin) for note in found), key=lambda note: note.onset)
    return Times(starts, notes)


def values(file: Path, head: EdfHeader, starts: np.ndarray, places: Sequence[int]) -> list[np.ndarray]:
    """Channels in time, in their own units; NaN where the recording paused.

    Args:
        file: of the header.
        head: its header.
        starts: of its records, as `times` gives them.
        places: of the channels in `head.signals`.

    Returns:
        (point,) float64 each.
    """
    raw = _raw(file, head)
    return [_values(raw, head, starts, head.signals[place]) for place in places]


def triggers(file: Path, head: EdfHeader) -> list[Note]:
    """Where the triggers of a BDF file's status channel become another number than 0: that number."""
    status = next((channel for channel in head.signals if is_status(channel, head)), None)
    if status is None:
        return []
    digits = _digits(_raw(file, head), head, status).reshape(-1) & TRIGGERS
    changes = np.flatnonzero(np.diff(digits, prepend=0) != 0)
    rate = status.points / head.seconds
    return [Note(at / rate, 0.0, b"%d" % digits[at]) for at in changes if digits[at]]


def is_status(channel: EdfChannel, head: EdfHeader) -> bool:
    """Whether these are switches, and no signal."""
    return head.size == 3 and channel.label == STATUS


def _size(head: bytes) -> int:
    if len(head) < HEAD:
        raise ValueError("it is empty" if not head else "its header is cut short")
    if head[:8] == b"\xffBIOSEMI":
        return 3
    if head[:8].strip() != b"0":
        raise ValueError("it does not begin as one")
    return 2


def _channels(fields: bytes, count: int) -> list[EdfChannel]:
    columns, at = [], 0
    for width in WIDTHS:
        columns.append([fields[at + width * n : at + width * (n + 1)].strip(b" \0") for n in range(count)])
        at += width * count
    found, place = [], 0
    for number in range(count):
        points = _whole(columns[POINTS][number], "points of a record")
        if points < 0:
            raise ValueError(f"a record of it has {points} points")
        label = columns[LABEL][number].decode("latin-1")
        gain, offset = _scale([column[number] for column in columns[LEAST : LAST + 1]])
        found.append(EdfChannel(label, columns[UNIT][number].decode("latin-1"), points, place, gain, offset))
        place += points
    return found


def _scale(limits: Sequence[bytes]) -> tuple[float, float]:
    """Gain and offset; 1 and 0 where the header gives none, as of annotations."""
    try:
        least, most, first, last = (float(text.replace(b",", b".")) for text in limits)
        gain = (most - least) / (last - first)
    except (ValueError, ZeroDivisionError):
        return 1.0, 0.0
    return (gain, least - gain * first) if gain and isfinite(gain) else (1.0, 0.0)


def _raw(file: Path, head: EdfHeader) -> np.ndarray:
    """(record, byte), on the disk until it is used."""
    width = head.points * head.size
    if not head.records or not width:
        return np.empty((0, width), np.uint8)
    return np.memmap(file, np.uint8, "r", head.start, (head.records, width))


def _digits(raw: np.ndarray, head: EdfHeader, channel: EdfChannel) -> np.ndarray:
    """(record, point), as whole numbers."""
    part = raw[:, channel.place * head.size : (channel.place + channel.points) * head.size]
    if head.size == 2:
        return np.ascontiguousarray(part).view("<i2").astype(np.int32)
    wide = np.zeros((*part.shape[:1], channel.points, 4), np.uint8)
    wide[..., 1:] = part.reshape(len(part), channel.points, 3)  # the upper three of four bytes
    return wide.view("<i4")[..., 0] >> 8


def _values(raw: np.ndarray, head: EdfHeader, starts: np.ndarray, channel: EdfChannel) -> np.ndarray:
    known = _digits(raw, head, channel) * channel.gain + channel.offset  # (record, point)
    if not head.pauses:
        return known.reshape(-1)
    places, end = [], 0
    for place in np.round(starts * channel.points / head.seconds).astype(np.int64):
        places.append(end if abs(place - end) <= 1 else place)  # times are rounded, too
        end = places[-1] + channel.points
    if end > LONGEST:
        raise ValueError(f"with its pauses it lasts {starts[-1]:,.0f} s")
    out = np.full(end, np.nan)
    for place, record in zip(places, known, strict=True):
        out[place : place + channel.points] = record
    return out


def _bytes(record: np.ndarray, head: EdfHeader, channel: EdfChannel) -> bytes:
    return record[channel.place * head.size : (channel.place + channel.points) * head.size].tobytes()


def _notes(text: bytes) -> list[Note]:
    """The annotations of a record: onset, 21, duration, 20, text, 20, text …, 20, 0."""
    found = []
    for piece in text.split(b"\0"):
        when, *texts = piece.split(b"\x14")
        onset, _, duration = when.partition(b"\x15")
        if not texts:
            continue
        at, lasts = _seconds(onset), _seconds(duration or b"0")
        found.extend(Note(at, max(lasts, 0.0), one.strip()) for one in texts[:-1] or [b""])
    return found


def _seconds(text: bytes) -> float:
    return _number(text.replace(b",", b"."), "seconds")


def _number(text: bytes, what: str) -> float:
    try:
        value = float(text.strip(b" \0"))
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        raise ValueError(f"its {what}: {text.decode('latin-1').strip()!r} is no number")
    return value


def _whole(text: bytes, what: str) -> int:
    return int(_number(text, what))


def _begins(head: bytes) -> datetime | None:
    """Day and time at which it began; years are of 1985 to 2084."""
    found = re.findall(rb"\d+", head[168:176] + b"." + head[176:184])
    try:
        day, month, year, hour, minute, second = map(int, found)
        return datetime(year + (1900 if year >= 85 else 2000), month, day, hour, minute, second)
    except ValueError:
        return None
