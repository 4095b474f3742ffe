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
"""

from typing import NamedTuple

import numpy as np

from convscope.data.dataset import Kind
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
