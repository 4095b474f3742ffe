"""Signals, whatever they were read from → Dataset: gaps mended, one length, classes and parts named."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from convscope.data.dataset import Dataset, DataSettings, Skipped
from convscope.data.files import listing
from convscope.data.memory import refuse_too_large
from convscope.data.samples import Samples, SampleSpec
from convscope.errors import DataError

MOST_MISSING = 0.1  # share of a signal's values that may be missing and are filled in


class Signal(NamedTuple):
    """One signal, as a format read it."""

    values: np.ndarray  # (channel, time), float32, NaN where a value is missing
    label: str
    name: str
    part: str = ""  # train, val, test, or "" where the source does not say
    group: str | None = None  # signals of one group (a patient) stay in one part
    ends: bool = True  # whether missing values at the end are its end, and no gap


class Read(NamedTuple):
    """What a format found."""

    signals: list[Signal]
    skipped: list[Skipped]
    remarks: list[str]
    rate: float | None = None  # points a second
    features: tuple[str, ...] = ()  # names of the channels
    columns: tuple[str, ...] = ()  # names of the values of a signal


def dataset(read: Read, source: Path, settings: DataSettings, strict: bool) -> Dataset:
    """Mend gaps, bring all signals to one length, name the classes, split.

    Args:
        read: what the format found.
        source: what the person gave, for messages.
        settings: `unequal` and `length`, the shares and the seed of the split.
        strict: a signal left out is an error.

    Raises:
        DataError: nothing can be used, signals with different numbers of channels, classes that cannot be
            trained on (see `listing.sort`), and with `strict` any signal left out.
    """
    used, broken, mended = _mended(read.signals)
    skipped = [*read.skipped, *broken]
    if strict and skipped:
        raise DataError(listing.left_out(f"{source}: {len(skipped):,} signals cannot be used:", skipped))
    if not used:
        what = f"none of the {len(skipped):,} signals can be used:" if skipped else "it holds no signals."
        raise DataError(listing.left_out(f"{source}: {what}", skipped))
    _demand_same_channels(used, source)
    refuse_too_large(_bytes([signal.values for signal in used], settings), source)
    inputs, fitted = equal([signal.values for signal in used], settings)
    try:
        order = listing.sort(read.signals, used, source, settings, "signal")
    except DataError as error:
        if not skipped:
            raise
        raise DataError(
            listing.left_out(f"{error}\n  {len(skipped):,} signals were left out:", skipped)
        ) from error
    return Dataset(
        inputs=torch.from_numpy(inputs),
        labels=order.labels,
        classes=order.classes,
        parts=order.parts,
        kind="signal",
        source=str(source),
        names=[signal.name for signal in used],
        settings=replace(settings, length=inputs.shape[2], channels=inputs.shape[1]),
        skipped=tuple(skipped),
        remarks=(*read.remarks, *order.lost, *mended, *fitted, *order.remarks),
        features=read.features,
        columns=read.columns,
        rate=read.rate,
        groups=order.groups,
    )


def as_signals(array: np.ndarray, settings: DataSettings, source: str) -> tuple[Tensor, tuple[str, ...]]:
    """Make an array into signals, float32: gaps mended, cut or padded to `settings.length` where that is set.

    Args:
        array: (sample, channel, time), real numbers.
        settings: `unequal` and `length`.
        source: where the array comes from, for messages.

    Returns:
        The signals, (sample, channel, time), and what was done to them, in sentences.

    Raises:
        DataError: a signal of which too much is missing.
    """
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and counts as missing
        values = array.astype(np.float32)
    holes = np.flatnonzero(~np.isfinite(values).reshape(len(values), -1).all(axis=1))
    filled = 0
    for row in holes:
        mended = mend(values[row])
        if isinstance(mended, str):
            raise DataError(
                f"{source}, row {row}: {mended}.\n  Fill in what is missing, or leave the row out."
            )
        filled += int((~np.isfinite(values[row])).sum())
        values[row] = fit(mended, values.shape[2], "pad")
    remarks = [] if array.dtype == np.float32 else [f"{array.dtype} values were stored as float32"]
    remarks += _on_gaps(filled, len(holes))
    inputs, fitted = equal(list(values), settings)
    return torch.from_numpy(np.ascontiguousarray(inputs)), (*remarks, *fitted)


def as_samples(found: Sequence[Signal], skipped: Sequence[Skipped], source: str, spec: SampleSpec) -> Samples:
    """Signals as training has them: gaps mended, of the spec's length, labels that the run knows as truth.

    Raises:
        DataError: none can be used.
    """
    used, broken, mended = _mended(found)
    if not used:
        why = next((reason for _, reason in (*skipped, *broken)), "it is empty")
        raise DataError(f"{source} holds no signal that can be read: {why}.")
    settings = replace(spec.settings, length=spec.shape[1])
    values, fitted = equal([with_channels(signal.values, spec.shape[0]) for signal in used], settings)
    truth = [spec.truth(signal.label) for signal in used]
    names, left_out = [signal.name for signal in used], (*skipped, *broken)
    return Samples(torch.from_numpy(values), names, truth, left_out, (*mended, *fitted))


def with_channels(values: np.ndarray, channels: int) -> np.ndarray:
    """Mixed to one channel, or one repeated; where neither can be, as they are.

    Args:
        values: (channel, time).
        channels: wanted.

    >>> with_channels(np.array([[0.0, 1.0], [2.0, 3.0]]), 1), with_channels(np.array([[5.0]]), 2).tolist()
    (array([[1., 2.]]), [[5.0], [5.0]])
    """
    if channels == 1 < len(values):
        return values.mean(axis=0, keepdims=True)
    return np.repeat(values, channels, axis=0) if len(values) == 1 else values


def mend(values: np.ndarray, ends: bool = True) -> np.ndarray | str:
    """Fill small gaps on the straight line between their neighbours; missing values at the end are its end.

    Args:
        values: (channel, time); NaN and infinite values count as missing.
        ends: whether missing values at the end are the signal's end, and no gap.

    Returns:
        (channel, time) without gaps, perhaps shorter; or the reason why the signal cannot be used.

    >>> mend(np.array([[np.nan, 1, 2, 3, np.nan, 5, 6, 7, 8, 9, 10, np.nan, np.nan]])[:, 1:])
    array([[ 1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10.]])
    """
    there = np.isfinite(values)
    if there.all() and there.size:
        return values
    if not there.any(axis=1).all():
        empty = int(np.argmin(there.any(axis=1))) + 1 if len(values) > 1 else 0
        return f"channel {empty} holds no number" if empty else "it holds no number"
    end = int(np.flatnonzero(there.any(axis=0))[-1]) + 1 if ends else values.shape[1]
    values, there = values[:, :end].copy(), there[:, :end]
    missing = there.size - int(there.sum())
    if missing > MOST_MISSING * there.size:
        return f"{missing:,} of its {there.size:,} values are missing or infinite"
    for channel, known in zip(values, there, strict=True):
        channel[~known] = np.interp(np.flatnonzero(~known), np.flatnonzero(known), channel[known])
    return values


def equal(signals: Sequence[np.ndarray], settings: DataSettings) -> tuple[np.ndarray, list[str]]:
    """Bring signals to one length.

    Args:
        signals: each (channel, time), with the same channels.
        settings: `unequal` says how, `length` how long; None: see `DataSettings`.

    Returns:
        (sample, channel, time) float32, and a sentence on what was done, if anything was.

    Raises:
        DataError: a length below 1, or signals of different channels.

    >>> equal([np.array([[1.0, 3.0]]), np.array([[1.0, 2.0, 3.0]])], DataSettings())[0].tolist()
    [[[1.0, 3.0, 2.0]], [[1.0, 2.0, 3.0]]]
    """
    counts = {len(values) for values in signals}
    if len(counts) > 1:
        raise DataError(
            f"the signals have from {min(counts)} to {max(counts)} channels; expected one number."
        )
    lengths = [values.shape[1] for values in signals]
    length = common_length(lengths, settings)
    if set(lengths) == {length}:
        return np.asarray(signals, dtype=np.float32), []
    out = np.empty((len(signals), signals[0].shape[0], length), np.float32)
    for row, values in zip(out, signals, strict=True):
        row[:] = fit(values, length, settings.unequal)
    return out, on_lengths(lengths, length, settings)


def common_length(lengths: Sequence[int], settings: DataSettings) -> int:
    """Points that all signals are brought to: what the person said, or what suits `settings.unequal`.

    >>> common_length([4, 5, 9], DataSettings()), common_length([4, 5, 9], DataSettings(unequal="resample"))
    (9, 5)
    """
    if settings.length is not None:
        if settings.length < 1:
            raise DataError(f"signals need a length of at least 1 point; got {settings.length}.")
        return settings.length
    choose = {"pad": max, "crop": min, "resample": median}[settings.unequal]
    return round(choose(lengths))


def on_lengths(lengths: Sequence[int], length: int, settings: DataSettings) -> list[str]:
    """Say how signals of these lengths were brought to one, if they had to be."""
    least, greatest = min(lengths), max(lengths)
    if least == greatest == length:
        return []
    if settings.unequal == "resample":
        did = ["stretched or shrunk (linear interpolation)"]
    else:
        did = ["longer ones cut at both ends"] * (greatest > length)
        did += ["shorter ones padded at their end with their own mean"] * (least < length)
    had = f"{least:,} points" if least == greatest else f"{least:,} to {greatest:,} points"
    return [f"signals have {had}; all were brought to {length:,}: {', '.join(did)}"]


def fit(values: np.ndarray, length: int, unequal: str) -> np.ndarray:
    """Bring one signal to a length.

    Padding is each channel's own mean, at the end: no step from a drifting baseline to 0, and silence
    in a sound. Cutting keeps the middle.

    Args:
        values: (channel, time), at least one point.
        length: points of the result.
        unequal: "resample" stretches; with "pad" and "crop" what is longer is cut, what is shorter is padded.

    >>> fit(np.array([[0.0, 1.0, 2.0, 3.0]]), 2, "crop"), fit(np.array([[0.0, 3.0]]), 4, "resample")
    (array([[1., 2.]]), array([[0., 1., 2., 3.]]))
    """
    have = values.shape[1]
    if unequal == "resample":
        places = np.linspace(0, have - 1, length)
        return np.stack([np.interp(places, np.arange(have), channel) for channel in values])
    if have >= length:
        start = (have - length) // 2
        return values[:, start : start + length]
    mean = values.mean(axis=1, keepdims=True, dtype=np.float64)
    return np.concatenate([values, np.broadcast_to(mean, (len(values), length - have))], axis=1)


def _mended(signals: Sequence[Signal]) -> tuple[list[Signal], list[Skipped], list[str]]:
    """The signals that can be used, without gaps; those that cannot; what was filled in."""
    used, skipped, filled, touched = [], [], 0, 0
    for signal in signals:
        values = mend(signal.values, signal.ends)
        if isinstance(values, str):
            skipped.append(Skipped(signal.name, values))
            continue
        used.append(signal._replace(values=values))
        if holes := int((~np.isfinite(signal.values[:, : values.shape[1]])).sum()):
            filled, touched = filled + holes, touched + 1
    return used, skipped, _on_gaps(filled, touched)


def _on_gaps(filled: int, touched: int) -> list[str]:
    if not filled:
        return []
    what = "value was" if filled == 1 else "values were"
    where = "signal" if touched == 1 else "signals"
    return [f"{filled:,} missing {what} filled in between their neighbours, in {touched:,} {where}"]


def _demand_same_channels(signals: Sequence[Signal], source: Path) -> None:
    counts = Counter(len(signal.values) for signal in signals)
    (common, _), *others = counts.most_common()
    if others:
        odd = next(signal for signal in signals if len(signal.values) != common)
        raise DataError(
            f"{source}: {odd.name} has {len(odd.values)} channels, most others have {common}.\n"
            "  All signals need the same channels."
        )


def _bytes(signals: Sequence[np.ndarray], settings: DataSettings) -> int:
    """Memory that the signals take once they are of one length: one very long one makes all of them long."""
    return (
        4 * len(signals) * len(signals[0]) * common_length([values.shape[1] for values in signals], settings)
    )
