"""Sampling rates: many become one."""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from math import ceil

import numpy as np

from convscope.data.dataset import DataSettings
from convscope.errors import DataError

FINEST = 10_000  # rates are compared as fractions of whole numbers up to this
TAPS = 20  # of resample_poly's filter, for each step between the rates
FILTER = 1 << 24  # numbers of the filter: a second of work
MOST = 1 << 27  # numbers that a signal grows to


class TooFarError(ValueError):
    """Rates so far apart that bringing one to the other takes more memory than a signal is worth."""


def common(rates: Sequence[float], settings: DataSettings) -> tuple[float, list[str]]:
    """Choose the rate that all are brought to: what the person said, else the commonest, else the highest.

    Returns:
        The rate in points a second, and a sentence on it if any signal has another one.

    Raises:
        DataError: a rate below 1.

    >>> common([8000, 16000, 16000], DataSettings())
    (16000, ['1 of 3 recordings (8,000 Hz) were resampled to 16,000 Hz'])
    """
    if settings.rate is not None and settings.rate < 1:
        raise DataError(f"the rate must be at least 1 point a second; got {settings.rate}.")
    counts = Counter(rates)
    rate = settings.rate or max(counts, key=lambda rate: (counts[rate], rate))
    others = sorted(set(counts) - {rate})
    if not others:
        return rate, []
    changed = sum(counts[other] for other in others)
    had = ", ".join(f"{other:,g}" if other % 1 else f"{other:,.0f}" for other in others[:5])
    return rate, [f"{changed:,} of {len(rates):,} recordings ({had} Hz) were resampled to {rate:,.0f} Hz"]


def points(have: int, rate: float, wanted: float) -> int:
    """Points that `have` points at one rate become at another."""
    up, down = _ratio(rate, wanted)
    return ceil(have * up / down)


def at_rate(values: np.ndarray, rate: float, wanted: float) -> np.ndarray:
    """Resample with a low-pass filter, so that tones too high for the new rate vanish and do not fold back.

    Args:
        values: (channel, time) without gaps.
        rate: theirs, points a second.
        wanted: the rate of the result.

    Returns:
        (channel, `points(time, rate, wanted)`), float32.

    Raises:
        TooFarError: a header may say any rate.
    """
    if rate == wanted:
        return values.astype(np.float32, copy=False)
    up, down = _ratio(rate, wanted)
    if TAPS * max(up, down) > FILTER or values.shape[1] * up // down > MOST:
        raise _too_far(rate, wanted)
    from scipy.signal import resample_poly  # half a second to import, and seldom needed

    # What lies beyond the ends is taken to go on as the line between them: a baseline makes no step there.
    return resample_poly(values, up, down, axis=1, padtype="line").astype(np.float32)


def _ratio(rate: float, wanted: float) -> tuple[int, int]:
    if rate * FINEST < 1:
        raise _too_far(rate, wanted)
    ratio = Fraction(wanted).limit_denominator(FINEST) / Fraction(rate).limit_denominator(FINEST)
    return ratio.numerator, ratio.denominator


def _too_far(rate: float, wanted: float) -> TooFarError:
    return TooFarError(f"its rate, {rate:g} points a second, is too far from {wanted:g}")
