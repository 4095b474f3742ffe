"""Which axes of a tensor are sample, channel and space: channels are second, those of sequences last."""

from typing import NamedTuple

from torch import Tensor

from convscope.errors import ShapeError
from convscope.explaining.reading import Reading

MOST_AXES = 4  # of one sample: channel and three of space
SPACES = {0: (), 1: ("time",), 2: ("row", "column"), 3: ("depth", "row", "column")}


class Axes(NamedTuple):
    """The axes of one tensor.

    Attributes:
        rank: how many there are.
        sample: the one of the samples; None: a sample without that axis.
        last: the channels are the last axis.
    """

    rank: int
    sample: int | None
    last: bool = False

    @property
    def shown(self) -> tuple[int, list[int]]:
        """The axis of the channels, and those of space; of more than three, the first ones are left out."""
        rest = [axis for axis in range(self.rank) if axis != self.sample]
        if not rest:
            return -1, []
        shown = rest[max(0, len(rest) - MOST_AXES) :]
        return (shown[-1], shown[:-1]) if self.last else (shown[0], shown[1:])

    def take(self, values: Tensor) -> Tensor:
        """The first sample as (channel, *space)."""
        channel, space = self.shown
        if channel < 0:
            return values.reshape(1)
        shown = {channel, *space}
        picked = values[tuple(slice(None) if axis in shown else 0 for axis in range(self.rank))]
        return picked.movedim(-1, 0) if self.last else picked

    def place(self, at: tuple[int, ...]) -> tuple[int, ...]:
        """(sample, channel, *space) → the place in the tensor.

        >>> Axes(3, sample=1, last=True).place((0, 4, 7))
        (7, 0, 4)
        """
        channel, space = self.shown
        if channel < 0:
            return ()
        if len(at) == len(space) + 1:  # the sample was left out
            at = (0, *at)
        if len(at) != len(space) + 2:
            axes = ", ".join(["sample", "channel", *SPACES[len(space)]])
            raise ShapeError(f"an index here is ({axes}), got {at}.")
        found = [0] * self.rank
        for axis, place in zip((channel, *space), at[1:], strict=True):
            found[axis] = place
        if self.sample is not None:
            found[self.sample] = at[0]
        return tuple(found)

    def turned(self, order: list[int]) -> "Axes":
        """Axes that change places take their meaning with them; `order`: which axis came to stand where.

        >>> Axes(3, sample=0).turned([0, 2, 1])
        Axes(rank=3, sample=0, last=True)
        """
        channel, _ = self.shown
        if self.sample is None or self.rank < 3:
            return usual(self.rank)
        sample, last = order.index(self.sample), order.index(channel) == self.rank - 1
        return Axes(self.rank, sample, last) if sample in (0, 1) else usual(self.rank)


def usual(rank: int) -> Axes:
    """(sample, channel, *space); a single axis is one of channels."""
    return Axes(rank, 0 if rank > 1 else None)


def kept_of(before: Axes | None, rank: int) -> Axes:
    """The axes of what an operation takes, where it gives as many."""
    return before if before is not None and before.rank == rank else usual(rank)


def features_last(before: Axes | None, rank: int) -> Axes:
    """What works along the last axis: of more than two, that is the one of the channels."""
    return Axes(rank, kept_of(before, rank).sample, last=rank > 2)


def channels_second(rank: int, space: int) -> Axes:
    """What works along `space` axes behind that of the channels; the axis of the samples may be left out."""
    return Axes(rank, None if rank == space + 1 else 0)


def second(reading: Reading, before: Axes | None) -> Axes:  # noqa: ARG001 - asked as all others
    """(sample, channel, *space), always."""
    return usual(len(reading.output_shape))
