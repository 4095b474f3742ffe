"""Points that belong together: which can lie near each other at all, and who hangs together with whom."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

CUTS = 33  # places along an axis at which a cut is tried
STEPS = 4  # of the power iteration that finds the axis
PAYS = 0.8  # of the comparisons that must be left after a cut, at most; else it is no help


def cells(points: Tensor, rows: Tensor, reach: float, size: int) -> Iterator[Tensor]:
    """Cut points into overlapping cells: any two that are at most `reach` apart share one.

    The cut goes across the axis along which they differ most, where fewest lie about it, and those within
    half of the reach go to both sides. What hangs together so closely that no cut helps stays whole.

    Args:
        points: (point, dimension).
        rows: of the points to cut, int64.
        reach: distance.
        size: a cell of so few is small enough.
    """
    if len(rows) <= size:
        yield rows
        return
    centred = points[rows] - points[rows].mean(dim=0)
    axis = centred[centred.norm(dim=1).argmax()]
    for _ in range(STEPS):
        axis = normalize(centred.T @ (centred @ axis), dim=0)
    along = centred @ axis  # (row,)
    ordered = along.sort().values
    cuts = torch.linspace(float(ordered[0]), float(ordered[-1]), CUTS)
    below = torch.searchsorted(ordered, cuts + reach / 2, right=True)
    above = len(rows) - torch.searchsorted(ordered, cuts - reach / 2)
    left = below.double() ** 2 + above.double() ** 2  # comparisons
    best = int(left.argmin())
    if left[best] > PAYS * len(rows) ** 2:
        yield rows
        return
    for side in (along <= cuts[best] + reach / 2, along >= cuts[best] - reach / 2):
        yield from cells(points, rows[side], reach, size)


def groups(keys: Iterable[object]) -> list[list[int]]:
    """Rows that share a key, as groups of two or more; None is nobody's double.

    >>> groups("abcab")
    [[0, 3], [1, 4]]
    """
    rows: dict[object, list[int]] = {}
    for row, key in enumerate(keys):
        if key is not None:
            rows.setdefault(key, []).append(row)
    return [members for members in rows.values() if len(members) > 1]


class Joined:
    """Things that hang together through others (union-find, Tarjan 1975)."""

    def __init__(self, count: int) -> None:
        """Nothing hangs together yet."""
        self.leaders = np.arange(count)

    def join(self, pairs: Tensor) -> None:
        """Join pairs, (pair, 2); each round leaves those that do not hang together yet (Borůvka 1926)."""
        some, others = pairs.T.numpy()
        while len(some):
            _, first = np.unique(self.leaders[others], return_index=True)
            for one, other in zip(some[first].tolist(), others[first].tolist(), strict=True):
                self._unite(one, other)
            while not np.array_equal(further := self.leaders[self.leaders], self.leaders):
                self.leaders = further
            apart = self.leaders[some] != self.leaders[others]
            some, others = some[apart], others[apart]

    def _unite(self, one: int, other: int) -> None:
        first, second = sorted((self._leader(one), self._leader(other)))
        self.leaders[second] = first

    def _leader(self, one: int) -> int:
        while (leader := int(self.leaders[one])) != one:
            self.leaders[one] = self.leaders[leader]
            one = leader
        return one

    def groups(self) -> list[list[int]]:
        """Those of two or more, ascending.

        >>> joined = Joined(4)
        >>> joined.join(torch.tensor([[3, 1], [1, 3]]))
        >>> joined.groups()
        [[1, 3]]
        """
        return groups(self.leaders.tolist())
