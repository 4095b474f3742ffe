"""WFDB records as the package wfdb reads them, of one segment or many: a record's facts, marks and values."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from convscope.data.library import library
from convscope.data.memory import refuse_too_large
from convscope.data.signals import wfdb_plain
from convscope.data.signals.recording import Broken, Mark
from convscope.errors import DataError, reason

ENDING = ".hea"
GAP = "~"  # the name of a segment that was not recorded
RHYTHM = "+"
APNEA, MINUTE = {"A": "apnea", "N": "no apnea"}, 60.0  # of the Apnea-ECG set: one a minute


class Segment(NamedTuple):
    """A stretch of a record."""

    start: int  # point
    points: int
    name: str  # of the record that holds it; GAP where none does


class WfdbHead(NamedTuple):
    """What the headers of a record say."""

    channels: tuple[str | None, ...]
    rate: float
    points: int
    segments: tuple[Segment, ...]  # none: the record is whole
    by_name: bool = False  # whether segments have other channels each (a variable layout)
    units: tuple[str, ...] = ()


@contextmanager
def quiet() -> Iterator[None]:
    """The package uses what pandas is about to change, and says so at every call; no person can mend that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def wfdb() -> Any:  # noqa: ANN401 - a module
    """The package, with the names of marks.

    Raises:
        DataError: it is not installed.
    """
    with quiet():
        library("wfdb.io.annotation", "WFDB records")
        return library("wfdb", "WFDB records")


def head(file: Path) -> WfdbHead:
    """Read the header of a record, and those of its segments that say what its channels are.

    Raises:
        Broken: damaged, or without a signal.
    """
    if plain := wfdb_plain.head(file):
        return WfdbHead(plain.labels, plain.rate, plain.points, (), units=plain.units)
    top = _header(file)
    if not top.n_sig or (getattr(top, "seg_len", None) is None and not _names(top)):
        raise Broken("it holds no signal")
    rate, lengths = float(top.fs), getattr(top, "seg_len", None)
    if lengths is None:
        return WfdbHead(_names(top), rate, top.sig_len or _points(file), (), units=_units(top))
    ends = np.cumsum(lengths)
    segments = tuple(
        Segment(int(end - points), int(points), name)
        for end, points, name in zip(ends, lengths, top.seg_name, strict=True)
        if points
    )
    first = next((name for name in top.seg_name if name != GAP), None)
    if first is None:
        raise Broken("it holds no signal: all its segments are gaps")
    model = _header(file.with_name(f"{first}{ENDING}"))
    names, by_name = _names(model)[: top.n_sig], top.layout == "variable"
    return WfdbHead(names, rate, int(ends[-1]), segments, by_name, _units(model))


def segments_of(file: Path) -> list[str]:
    """Names of the records that are segments of this one; none where it is whole or damaged."""
    if wfdb_plain.head(file):
        return []
    try:
        return list(getattr(_header(file), "seg_name", None) or [])
    except Broken:
        return []


def values(file: Path, whole: WfdbHead, places: Sequence[int]) -> list[np.ndarray]:
    """Channels in physical units, (point,) each; NaN where nothing was recorded.

    Raises:
        Broken: damaged.
    """
    if not whole.segments:
        return list(_values(file, places).T)
    try:
        refuse_too_large(8 * whole.points * len(places), file)
    except DataError as error:
        raise Broken(f"its header says {whole.points:,} points, more than memory holds") from error
    out = np.full((len(places), whole.points), np.nan)
    for start, points, name in whole.segments:
        if name == GAP:
            continue
        own = file.with_name(f"{name}{ENDING}")
        where = _where(own, whole, places)
        if where:
            found = _values(own, list(where.values()))[:points]
            out[list(where), start : start + len(found)] = found.T
    return list(out)


def marks(file: Path, annotator: str, rate: float) -> list[Mark]:
    """The annotations beside a record. Where none is of a beat, rhythms last until the next one.

    Raises:
        Broken: damaged.
    """
    base = str(file.with_suffix(""))
    try:
        with quiet():
            notes = wfdb().rdann(base, annotator)
    except Exception as error:  # the library raises whatever a damaged file leads it to
        raise Broken(f"its annotations (.{annotator}) are damaged: {error}") from error
    times = notes.sample / (notes.fs or rate)
    if annotator == "apn":
        return [
            Mark(APNEA.get(said, str(said)), at, MINUTE) for said, at in zip(notes.symbol, times, strict=True)
        ]
    texts = [text.strip("\0 (") for text in notes.aux_note]
    if set(notes.symbol) == {RHYTHM} and all(texts):
        lasts = np.diff(times, append=max(head(file).points / rate, times[-1]))
        return [
            Mark(f"rhythm {text}", at, last)
            for text, at, last in zip(texts, times, lasts, strict=True)
            if last > 0
        ]
    return [Mark(symbol, at) for symbol, at in zip(notes.symbol, times, strict=True)]


def _header(file: Path) -> Any:  # noqa: ANN401 - a Record or MultiRecord of the library
    try:
        with quiet():
            return wfdb().rdheader(str(file.with_suffix("")))
    except DataError:
        raise
    except Exception as error:  # the library raises whatever a damaged file leads it to
        raise Broken(f"it is damaged: {reason(error)}") from error


def _names(header: Any) -> tuple[str | None, ...]:  # noqa: ANN401 - as above
    return tuple(header.sig_name or ())


def _units(header: Any) -> tuple[str, ...]:  # noqa: ANN401 - as above
    return tuple(unit or "" for unit in header.units or ())


def _points(file: Path) -> int:
    """Points of a record whose header does not say: by its file."""
    return len(_values(file, [0]))


def _where(segment: Path, whole: WfdbHead, places: Sequence[int]) -> dict[int, int]:
    """Row of the result → channel of the segment that goes there."""
    if not whole.by_name:
        return dict(enumerate(places))
    theirs = _names(_header(segment))
    wanted = [whole.channels[place] for place in places]
    return {row: theirs.index(name) for row, name in enumerate(wanted) if name in theirs}


def _values(file: Path, places: Sequence[int]) -> np.ndarray:
    """(point, channel)."""
    try:
        if plain := wfdb_plain.head(file):
            return wfdb_plain.values(plain, list(places))
        with quiet():
            return wfdb().rdrecord(str(file.with_suffix("")), channels=list(places)).p_signal
    except Exception as error:  # as above
        raise Broken(f"it is damaged: {reason(error)}") from error
