"""Names of classes and of samples."""

import re
from collections.abc import Mapping, Sequence
from typing import overload


def natural(name: str) -> tuple:
    """Sort key that puts "9" before "10", and upper beside lower case.

    >>> sorted(["class 10", "Class 9", "class 1"], key=natural)
    ['class 1', 'Class 9', 'class 10']
    """
    pieces = re.split(r"(\d+)", name.casefold())
    return tuple(
        (0, int(piece), "") if piece.isdecimal() else (1, 0, piece) for piece in pieces if piece
    ), name


class Numbered(Sequence[str]):
    """Names like "test 17", written when asked for: 70,000 strings would cost more than the labels.

    >>> names = Numbered({"train": 2, "test": 2})
    >>> len(names), names[0], names[-1], list(names[1:3])
    (4, 'train 0', 'test 1', ['train 1', 'test 0'])
    """

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.counts = dict(counts)

    def __len__(self) -> int:
        return sum(self.counts.values())

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[row] for row in range(*index.indices(len(self)))]
        row = range(len(self))[index]  # a negative index counts from the end; outside is an IndexError
        for word, count in self.counts.items():
            if row < count:
                return f"{word} {row}"
            row -= count
        raise IndexError(index)
