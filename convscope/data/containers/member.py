"""One array in a file, before it is read."""

from collections.abc import Callable
from math import prod
from typing import NamedTuple

import numpy as np


class Header(NamedTuple):
    """What an array says of itself: its shape, and the type of its numbers or texts."""

    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def size(self) -> int:
        """Bytes that it takes in memory."""
        return prod(self.shape) * self.dtype.itemsize


class Member(NamedTuple):
    """One array; both may raise DataError where it cannot be used."""

    header: Callable[[], Header]
    read: Callable[[], np.ndarray]
