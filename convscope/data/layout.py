"""What the axes of an array mean: the one place where shapes become kinds.

| shape | read as | axes |
| --- | --- | --- |
| (n, a) | signals | time |
| (n, a, b), one of them 1 | signals | that one channel, time |
| (n, a, b), not uint8, one at most LEADS and the other LONG times as many | signals | channels, time |
| (n, a, b), any other | pictures | height, width |
| (n, a, b, c), a or c in CHANNELS | pictures | that one the channels, height, width |
| (n, a, b, c), any other | volumes | depth, height, width |
| (n, a, b, c, d), d at most 4 and a more | volumes | depth, height, width, channels |
| (n, a, b, c, d), any other | volumes | channels, depth, height, width |

Who says the kind gets it, as long as the number of axes allows it: 3-D arrays can be signals or pictures, 4-D
arrays pictures or volumes. What was guessed against another possibility is said in a remark.

| rows of a text table | read as |
| --- | --- |
| columns called pixel0, pixel1 … or 1x1, 1x2 …, a square number or three times one | pictures, a row each |
| no names that say otherwise, whole values 0 … 255, as many, alike from line to line | pictures, a row each |
| a column that names the sample, the same in several rows, and at most LEADS others | a row a moment |
| a column of times, and at most LEADS others | a row a moment |
| fewer than FEWEST values and no amount, or all called as axes are (acc_x, acc_y, acc_z) | a row a moment |
| any other | signals, a row each |
"""

import re
from collections.abc import Sequence
from math import isqrt
from typing import NamedTuple

import numpy as np

from convscope.data.dataset import DataSettings, Kind
from convscope.data.signals import roles
from convscope.errors import DataError
from convscope.shapes import show

CHANNELS = (1, 3, 4)  # of a picture: grey, colour, colour with alpha
FEW = 4  # channels of a volume, at most, for its last axis to be the channels
LEADS, LONG = 16, 4  # see above; 12 leads of an ECG by 1,000 points are signals
AXES: dict[Kind, tuple[int, int]] = {
    "signal": (2, 3),
    "image": (3, 4),
    "volume": (4, 5),
}  # axes of an array without and with channels


PIXEL = re.compile(r"(pixels?|px|pix)[ _.-]*\d+|\d+x\d+([ _x-]?[rgb\d])?|r\d+|g\d+|b\d+", re.IGNORECASE)
AXIS = re.compile(r"(.*[^a-z])?[xyz]|.*[a-z0-9][XYZ]", re.DOTALL)  # of a sensor: acc_x, gyroY, z
FEWEST = 3  # points of a signal, at least
SMALLEST = 8  # pixels of a side, where nothing but the numbers says that they are pixels
PLAIN = re.compile(r"(column|col|c|v|x|f|feature|attr|attribute|var)?[ _.-]?\d*(\.\d+)?", re.IGNORECASE)


class Layout(NamedTuple):
    """An array with its axes in order."""

    kind: Kind
    array: np.ndarray  # (sample, channel, *space)
    remarks: tuple[str, ...]


def arranged(array: np.ndarray, source: str, kind: Kind | None = None) -> Layout:
    """Tell what the samples are, and bring the channels to the front; nothing is copied.

    Args:
        array: 2 to 5 axes, samples first; see the table above.
        source: where the array comes from, for messages.
        kind: what the person says it is; None: by the table.

    Raises:
        DataError: an empty axis, too few or too many axes for any kind or this one, channels that could be
            at either end.

    >>> arranged(np.zeros((9, 30, 30, 30)), "furniture").kind
    'volume'
    >>> arranged(np.zeros((9, 28, 28, 28, 1)), "brains").array.shape
    (9, 1, 28, 28, 28)
    """
    possible = [name for name, axes in AXES.items() if array.ndim in axes]
    if 0 in array.shape or not possible or (kind is not None and kind not in possible):
        raise DataError(_no_kind(array.shape, source, kind))
    found = kind or _guess(array)
    axis = _channel_axis(array.shape, found, source)
    ordered = array[:, None] if axis is None else np.moveaxis(array, axis, 1)
    return Layout(found, ordered, () if kind else _remarks(array, found, axis))


def is_moments(names: Sequence[str], rows: Sequence[Sequence[str]], settings: DataSettings) -> bool:
    """Whether the rows of a table are moments of recordings, and no samples.

    Args:
        names: of the columns, as they are called or as they are counted.
        rows: the first rows, taken apart into cells.
        settings: `sample`, `window` and `time` say so.

    >>> is_moments(["id", "x", "label"], [["1", "0.5", "a"], ["1", "0.7", "a"]], DataSettings())
    True
    """
    if settings.sample is not None or settings.time is not None:
        return True
    known = [name.casefold() for name in names]
    said = {settings.label, settings.target, settings.group}
    own = {name for role in roles.ROLES.values() for name in role} | {
        name.casefold() for name in said if name
    }
    values = [name for name in names if name.casefold() not in own or ("x" in known and name in "yY")]
    timed = any(name in roles.ROLES["time"] for name in known)
    if settings.window is not None:
        return timed or len(values) <= LEADS or not _are_points(values)
    if len(values) > LEADS:
        return False
    if timed or (values and all(map(AXIS.fullmatch, values))):
        return True
    column = next((known.index(name) for name in roles.ROLES["sample"] if name in known), None)
    there = [row[column] for row in rows if column is not None and column < len(row)]
    if len(there) > 1 and 2 * len(set(there)) <= len(there):
        return True
    return 0 < len(values) < FEWEST and settings.target is None  # an amount a row: each is a sample


def _are_points(names: Sequence[str]) -> bool:
    """Whether columns are counted, t0, t1 …, as points of time are, and not called as channels are."""
    return len({name.rstrip("0123456789.") for name in names}) == 1


def sides(count: int) -> tuple[int, int, int] | None:
    """Channels, height and width of a square picture of so many numbers, grey or in colour.

    >>> sides(784), sides(3072), sides(100), sides(50)
    ((1, 28, 28), (3, 32, 32), (1, 10, 10), None)
    """
    for channels in (1, 3):
        side = isqrt(count // channels)
        if side > 1 and side * side * channels == count:
            return channels, side, side
    return None


def are_pixels(names: Sequence[str]) -> bool:
    """Whether columns are called as pixels are.

    >>> are_pixels(["pixel0", "pixel1"]), are_pixels(["1x1", "1x2"]), are_pixels(["t0", "t1"])
    (True, True, False)
    """
    return all(PIXEL.fullmatch(name.strip()) for name in names)


def look_like_pictures(names: Sequence[str], rows: np.ndarray) -> bool:
    """Whether rows of numbers are pictures though no column says so: whole, 0 … 255, and like their lines.

    Args:
        names: of the columns; () where they have none.
        rows: (row, number), some of them.
    """
    size = sides(rows.shape[1])
    if size is None or size[1] < SMALLEST or not all(PLAIN.fullmatch(name.strip()) for name in names):
        return False
    if not np.isfinite(rows).all() or (rows % 1 != 0).any() or rows.min() < 0 or rows.max() > 255:
        return False
    return _line_by_line(rows, size[1]) or (size[0] == 3 and _line_by_line(rows, 3 * size[1]))


def _line_by_line(rows: np.ndarray, line: int) -> bool:
    """Whether what is a line apart is more alike than what is half a line apart; a signal is not so."""
    apart, half = (float(np.abs(rows[:, step:] - rows[:, :-step]).mean()) for step in (line, line // 2))
    return apart < half


def colours(rows: np.ndarray, side: int) -> bool:
    """Whether the three colours of a pixel stand together (RGBRGB …), and not plane after plane.

    Args:
        rows: (row, 3 · side · side).
        side: of the pictures.
    """
    pictures = rows.reshape(len(rows), side, side, 3)
    planes = rows.reshape(len(rows), 3, side, side)
    together = np.abs(np.diff(pictures, axis=2)).mean() + np.abs(np.diff(pictures, axis=1)).mean()
    return bool(together < np.abs(np.diff(planes, axis=3)).mean() + np.abs(np.diff(planes, axis=2)).mean())


def _guess(array: np.ndarray) -> Kind:
    sizes = array.shape[1:]
    if len(sizes) == 2:
        short, long = sorted(sizes)
        stretched = short <= LEADS and long >= LONG * short and array.dtype != np.uint8
        return "signal" if short == 1 or stretched else "image"
    if len(sizes) == 3:
        return "image" if sizes[0] in CHANNELS or sizes[2] in CHANNELS else "volume"
    return "signal" if len(sizes) == 1 else "volume"


def _channel_axis(shape: tuple[int, ...], kind: Kind, source: str) -> int | None:
    """Which axis of the array holds the channels; None: there is none."""
    if len(shape) == AXES[kind][0]:
        return None
    last = len(shape) - 1
    if kind == "signal":
        return last if shape[last] * LONG <= shape[1] and shape[last] <= LEADS else 1
    few = CHANNELS if kind == "image" else range(1, FEW + 1)
    first_can, last_can = shape[1] in few, shape[last] in few
    if (first_can and last_can) or (kind == "image" and not first_can and not last_can):
        axes = "both the second and" if first_can else "neither the second nor"
        space = "depth, height, width" if kind == "volume" else "height, width"
        raise DataError(
            f"the inputs of {source} have shape {shape}: {axes} the last axis can be the channels.\n"
            f"  Bring them into the form (sample, channel, {space})."
        )
    return last if last_can else 1


def _remarks(array: np.ndarray, kind: Kind, axis: int | None) -> tuple[str, ...]:
    """Say what was guessed where it could have been something else."""
    sizes = show(array.shape[1:])
    if array.ndim == 2:
        return (f"rows of {sizes} numbers were read as signals of one channel",)
    if kind == "volume" and axis is None:
        return (f"samples of {sizes} numbers were read as volumes of one channel, depth × height × width",)
    if kind == "signal":
        points = max(array.shape[1:])
        leads = array.size // len(array) // points
        what, other = f"signals of {leads} channels and {points:,} points", "image"
    elif array.ndim == 3 and array.dtype != np.uint8:
        what, other = "pictures of one channel", "signal"
    else:
        return ()
    return (f"samples of {sizes} numbers were read as {what}; an array `kind` = '{other}' says otherwise",)


def _no_kind(shape: tuple[int, ...], source: str, kind: Kind | None) -> str:
    forms = {
        "signal": "(sample, time) or (sample, channel, time)",
        "image": "(sample, height, width) or (sample, channel, height, width)",
        "volume": "(sample, depth, height, width) or (sample, channel, depth, height, width)",
    }
    if kind is not None and kind not in forms:
        return f"arrays of {source} cannot be of the kind '{kind}'.\n  The kinds are {', '.join(forms)}."
    wanted = [forms[kind]] if kind else forms.values()
    listed = "".join(f"\n    {form}" for form in wanted)
    return f"the inputs of {source} have shape {shape}; expected, with no axis of 0,{listed}"
