"""Arrays as scikit-learn hands them over → a `Dataset`; and new ones → what the network takes, row by row."""

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import NamedTuple, get_args

import numpy as np
import torch
from torch import Tensor

from convscope.data import MEANING, layout, split
from convscope.data.arrays import KINDS
from convscope.data.dataset import ARRAYS, Dataset, DataSettings, Kind
from convscope.data.frames import FRAME
from convscope.data.layout import Layout
from convscope.data.names import Numbered
from convscope.errors import DataError, SettingsError, got
from convscope.run.settings import RunSettings
from convscope.shapes import show

SIZES = ("size", "channels", "length")  # settings that not every kind of sample has


class Learnable(NamedTuple):
    """What is to be learnt.

    Attributes:
        values: (sample,) classes, int64, or amounts, float32.
        names: of the classes; of amounts their name.
    """

    values: Tensor
    names: tuple[str, ...]


def shaped(X: np.ndarray, shape: tuple[int, ...] | None) -> np.ndarray:
    """Rows of numbers in the shape of samples; None: as they are.

    Raises:
        SettingsError: another number of values.

    >>> shaped(np.zeros((5, 64)), (8, 8)).shape
    (5, 8, 8)
    """
    if shape is None:
        return X
    whole = isinstance(shape, Sequence) and all(isinstance(each, int) and each > 0 for each in shape)
    if not whole or prod(shape) != prod(X.shape[1:]):
        raise SettingsError(
            "shape", f"expected that of samples of {show(X.shape[1:])}, such as (28, 28); got {got(shape)}."
        )
    return X.reshape(len(X), *shape)


def of_pixels(X: np.ndarray, names: Sequence[str]) -> tuple[int, ...] | None:
    """The shape of pictures where the columns of a table are called as pixels are; None: they are not.

    >>> of_pixels(np.zeros((2, 784)), [f"pixel{number}" for number in range(784)])
    (28, 28)
    """
    sides = layout.sides(len(names)) if names and layout.are_pixels(names) else None
    if sides is None:
        return None
    channels, side, _ = sides
    if channels == 1:
        return side, side
    return (side, side, 3) if layout.colours(X.astype(np.float32), side) else (3, side, side)


def arranged(X: np.ndarray, kind: Kind | None) -> Layout:
    """(sample, channel, *space) of samples: by the table of `layout`, or of a kind that the person names.

    A sequence is (sample, time) or (sample, time, feature).

    Raises:
        DataError: another number of axes.
    """
    if kind is not None and not (isinstance(kind, str) and kind in get_args(Kind)):
        raise SettingsError("kind", f"expected one of {', '.join(get_args(Kind))}, or None; got {got(kind)}.")
    if kind != "sequence":
        return layout.arranged(X, "X", kind)
    if X.ndim not in (2, 3):
        raise DataError(
            f"X has the shape {show(X.shape)}; a sequence is (sample, time) or (sample, time, feature).\n"
            "  Bring it into that form, or name another kind."
        )
    return Layout("sequence", X[:, None] if X.ndim == 2 else np.moveaxis(X, 2, 1), ())


def dataset(X: np.ndarray, settings: DataSettings, kind: Kind | None, columns: Sequence[str] = ()) -> Dataset:
    """Samples that are an array, neither labelled nor divided.

    Args:
        X: (sample, …), finite numbers.
        settings: size, channels, length, scale, val and the seed.
        kind: of the samples; None: by their shape.
        columns: names of the columns, of a table.

    Raises:
        DataError: no kind of samples.
        SettingsError: a setting that has no meaning for samples of this kind.
    """
    found, array, guessed = arranged(X, kind)
    for name in SIZES:
        if getattr(settings, name) is not None and name not in MEANING[found]:
            raise SettingsError(name, f"it has no meaning for {found}s, which these are.\n  Leave it out.")
    inputs, settings, stored = _stored(array, found, settings)
    return Dataset(
        inputs=inputs,
        labels=torch.zeros(len(X), dtype=torch.int64),
        classes=("",),
        parts={},
        kind=found,
        source=FRAME if columns else ARRAYS,
        names=Numbered({"row": len(X)}),
        settings=settings,
        remarks=(*guessed, *stored),
        columns=tuple(columns) if found == "signal" and len(columns) == inputs[0].numel() else (),
    )


def divided(data: Dataset, target: Learnable, groups: Sequence | None) -> Dataset:
    """The samples with what is to be learnt of them, the validation part held back.

    Args:
        data: the samples.
        target: a value a sample.
        groups: one a sample; those of one group stay in one part.

    Raises:
        DataError: not as many groups as samples.
    """
    amounts = target.values.is_floating_point()
    each = torch.zeros(len(target.values), dtype=torch.int64) if amounts else target.values
    own = None if groups is None else list(map(str, groups))
    parts = split.parts(each, data.settings, groups=own)
    said = (*data.remarks, *split.remarks(parts, (), own is not None))
    return replace(
        data, labels=target.values, classes=target.names, parts=parts, groups=own or (), remarks=said
    )


def brought(X: np.ndarray, settings: RunSettings) -> Tensor:
    """New samples as those of the training were; what one becomes depends on no other.

    Raises:
        DataError: other axes, or numbers that 32 bits cannot hold.
    """
    spec, shape = settings.spec, settings.estimator and settings.estimator.shape
    array = arranged(shaped(X, shape), spec.kind).array  # type: ignore[arg-type]
    if array.shape[1:] == spec.shape:
        return _numbers(array, half=spec.dtype == "float16")
    channels, *space = spec.shape
    sized = {"length": space[0]} if len(space) == 1 else {"size": tuple(space)}
    inputs = _stored(array, spec.kind, replace(settings.data.plain(), channels=channels, **sized))[0]
    if inputs.shape[1:] != spec.shape:
        raise DataError(
            f"samples of {show(inputs.shape[1:])} (channel × space) came out of X; this network takes"
            f" {show(spec.shape)}.\n  Give samples like those of the training."
        )
    return inputs


def _stored(
    array: np.ndarray, kind: str, settings: DataSettings
) -> tuple[Tensor, DataSettings, tuple[str, ...]]:
    if kind == "sequence":
        inputs, _, said = KINDS["signal"](array, settings, "X")
        return inputs, replace(settings, window=array.shape[2]), said
    return KINDS[kind](array, settings, "X")


def _numbers(array: np.ndarray, *, half: bool) -> Tensor:
    if array.dtype != np.uint8:
        with np.errstate(over="ignore"):  # told below
            array = array.astype(np.float16 if half else np.float32)
        if not np.isfinite(array).all():
            raise DataError("X holds numbers too large for 32 bits.\n  Bring them to a smaller scale.")
    return torch.from_numpy(np.require(array, requirements=["C", "W"]))
