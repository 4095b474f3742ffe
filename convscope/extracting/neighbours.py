"""Which training samples are most like a sample, and which are like none: distances between features."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from convscope.errors import DataError
from convscope.extracting.heads import demand_finite
from convscope.figures import number

if TYPE_CHECKING:
    from convscope.extracting import Features

NEAR = 10  # neighbours whose mean distance says how far out a sample is
SPARE = 8  # candidates more than wanted: quick distances are rounded, the kept ones are not
PIECE = 2**24  # numbers at a time


class _Placed(NamedTuple):
    row: int
    name: str
    truth: Any
    distance: float

    def cells(self) -> list[str]:
        """As a row of a table."""
        return [self.name, shown(self.truth), number(self.distance)]


class Neighbour(_Placed):
    """A training sample that is near to another sample.

    Attributes:
        row: its row in the run's data.
        name: where it came from.
        truth: its class (or value).
        distance: Euclidean, between the features of the two.
    """

    __slots__ = ()


class Outlier(_Placed):
    """A sample that is far from the training samples.

    Attributes:
        row: its row among the samples.
        name: where it came from.
        truth: its class (or value), where that is known; else None.
        distance: mean distance to its 10 nearest training samples, itself not among them.
    """

    __slots__ = ()


def shown(truth: Any) -> str:  # noqa: ANN401 - a class, an amount or None
    """A class or value as a table shows it.

    >>> shown("cat"), shown(2.5), shown(None)
    ('cat', '2.5', '–')
    """
    return "–" if truth is None else truth if isinstance(truth, str) else number(truth)


def nearest(found: "Features", training: "Features", count: int) -> list[list[Neighbour]]:
    """For each sample its nearest training samples, nearest first; see `Features.nearest`."""
    distances, rows = _closest(found, training, count)
    return [
        [
            Neighbour(row, str(training.names[row]), training.truth[row], distance)
            for row, distance in zip(*pair, strict=True)
        ]
        for pair in zip(rows.tolist(), distances.tolist(), strict=True)
    ]


def outliers(found: "Features", training: "Features", count: int) -> list[Outlier]:
    """The samples farthest from the training samples, farthest first; see `Features.outliers`.

    Source: F. Angiulli, C. Pizzuti 2002, "Fast outlier detection in high dimensional spaces".
    """
    mean = _closest(found, training, NEAR)[0].mean(1)
    far = mean.argsort(dim=0, descending=True, stable=True)[:count].tolist()
    return [Outlier(row, str(found.names[row]), found.truth[row], float(mean[row])) for row in far]


def _closest(found: "Features", training: "Features", count: int) -> tuple[Tensor, Tensor]:
    """Distances to the nearest training samples, (sample, count), and their rows in the run's data."""
    demand_finite(found)
    demand_finite(training)
    rows = torch.from_numpy(training.parts["train"])
    itself = torch.full((len(found),), -1)
    if found is training:
        itself[rows] = torch.arange(len(rows))
    count = min(count, len(rows) - int(found is training))
    if count < 1:
        raise DataError(
            "a neighbour is another training sample; there is none here.\n  Train a run with more."
        )
    distances, places = closest(found.values, training.values[rows.numpy()], count, itself)
    return distances, rows[places]


def closest(values: np.ndarray, among: np.ndarray, count: int, itself: Tensor) -> tuple[Tensor, Tensor]:
    """Distances to the nearest of others, (sample, count), nearest first, and which those are.

    Args:
        values: (sample, feature).
        among: (other, feature), the others.
        count: how many of them; fewer than there are, where samples are among them.
        itself: (sample,) which of the others the sample is itself; -1: none.
    """
    middle = among.mean(0)  # products of numbers far from 0 are rounded more
    others, all_samples = torch.from_numpy(among - middle), torch.from_numpy(values - middle)
    squares = others.square().sum(1)
    wide = min(count + SPARE, len(others))
    step = max(1, PIECE // max(len(others), wide * others.shape[1], 1))
    pieces = [
        _exact(samples, own, others, squares, wide)
        for samples, own in zip(all_samples.split(step), itself.split(step), strict=True)
    ]
    distances, places = (torch.cat(each)[:, :count] for each in zip(*pieces, strict=True))
    return distances, places


def _exact(samples: Tensor, own: Tensor, others: Tensor, squares: Tensor, wide: int) -> tuple[Tensor, Tensor]:
    """Candidates by quick distances (a product of matrices), in the order of exact ones."""
    rough = squares - 2 * samples @ others.T
    is_own = own >= 0
    rough[is_own, own[is_own]] = torch.inf
    places = rough.topk(wide, largest=False).indices.sort(1).values  # of equal ones the first comes first
    exact = (samples[:, None] - others[places]).double().norm(dim=2)
    exact[places == own[:, None]] = torch.inf
    order = exact.argsort(dim=1, stable=True)
    return exact.gather(1, order), places.gather(1, order)
