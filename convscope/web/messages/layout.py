"""Where the channels of a tensor are: torch has them on the second axis, sequences have them last.

The page always says (sample, channel, *space); here stands which axes of the tensor these are.
"""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from convscope.errors import ShapeError
from convscope.explaining.ops import OPS
from convscope.explaining.reading import Reading
from convscope.tracing import Node, Trace
from convscope.web.messages.kept import kept
from convscope.web.session import Seen, Session

SLIDING = ("conv", "max_pool", "avg_pool", "adaptive_", "lp_pool")
CHANNELS = (*SLIDING, "batch_norm", "instance_norm", "group_norm", "upsample", "interpolate", "pixel_")
MOST_AXES = 4  # of one sample: channel and three of space


class Layout(NamedTuple):
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
    def axes(self) -> tuple[int, list[int]]:
        """The axis of the channels, and those of space; of more than three, the first ones are left out."""
        rest = [axis for axis in range(self.rank) if axis != self.sample]
        if not rest:
            return -1, []
        shown = rest[max(0, len(rest) - MOST_AXES) :]
        return (shown[-1], shown[:-1]) if self.last else (shown[0], shown[1:])

    def take(self, values: Tensor) -> Tensor:
        """The first sample as (channel, *space)."""
        channel, space = self.axes
        if channel < 0:
            return values.reshape(1)
        shown = {channel, *space}
        picked = values[tuple(slice(None) if axis in shown else 0 for axis in range(self.rank))]
        return picked.movedim(-1, 0) if self.last else picked

    def place(self, at: tuple[int, ...]) -> tuple[int, ...]:
        """(sample, channel, *space) → the place in the tensor.

        >>> Layout(3, sample=1, last=True).place((0, 4, 7))
        (7, 0, 4)
        """
        channel, space = self.axes
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


SPACES = {0: (), 1: ("time",), 2: ("row", "column"), 3: ("depth", "row", "column")}


def layout(session: Session, seen: Seen, node: Node) -> Layout:
    """The axes of an operation's first output."""
    found = kept(session, seen, "layouts", lambda: layouts(seen.trace))
    return found.get(node.outputs[0]) or usual(len(seen.trace.values[node.outputs[0]].shape))


def usual(rank: int) -> Layout:
    """(sample, channel, *space); a single axis is one of channels."""
    return Layout(rank, 0 if rank > 1 else None)


def layouts(trace: Trace) -> dict[int, Layout]:
    """Index of the value → its axes, for all that operations gave."""
    found: dict[int, Layout] = {}
    for node in trace.nodes:
        taken = next(
            (index for index in node.inputs if trace.values[index].role in ("input", "activation")), None
        )
        before = None
        if taken is not None:
            before = found.get(taken) or usual(len(trace.values[taken].shape))
        for index in node.outputs:
            found[index] = _after(trace, node, before, len(trace.values[index].shape))
    return found


def _after(trace: Trace, node: Node, before: Layout | None, rank: int) -> Layout:
    """What an operation makes of the axes it is given."""
    if node.op.startswith(CHANNELS):
        bare = node.op.startswith(SLIDING) and node.op[-2:-1].isdigit() and rank == int(node.op[-2]) + 1
        return Layout(rank, None if bare else 0)
    if node.op in OPS:
        for ops, rule in RULES.items():
            if node.op in ops:
                return rule(Reading(trace, node, OPS[node.op].signature), before, rank)
    return before if before is not None and before.rank == rank else usual(rank)


def _recurrent(reading: Reading, before: Layout | None, rank: int) -> Layout:  # noqa: ARG001
    if rank < 3:
        return Layout(rank, None, last=True)
    return Layout(rank, 0 if reading.arguments["batch_first"] else 1, last=True)


def _features_last(reading: Reading, before: Layout | None, rank: int) -> Layout:  # noqa: ARG001
    sample = before.sample if before is not None and before.rank == rank else usual(rank).sample
    return Layout(rank, sample, last=rank > 2)


def _normalised(reading: Reading, before: Layout | None, rank: int) -> Layout:
    """Layer norm over one axis is over features, which are last."""
    shape = reading.arguments.get("normalized_shape") or ()
    if len(shape) == 1:
        return _features_last(reading, before, rank)
    return before if before is not None and before.rank == rank else usual(rank)


def _turned(reading: Reading, before: Layout | None, rank: int) -> Layout:
    """Axes that change places take their meaning with them."""
    if before is None or before.rank != rank or rank < 3:
        return usual(rank)
    order = _order(reading.node, rank)
    channel, _ = before.axes
    if order is None or before.sample is None:
        return usual(rank)
    sample, channel = order.index(before.sample), order.index(channel)
    return Layout(rank, sample, last=channel == rank - 1) if sample in (0, 1) else usual(rank)


def _order(node: Node, rank: int) -> list[int] | None:
    """Which axis came to stand in each place; None: not known."""
    named = [value for name, value in node.kwargs.items() if name.startswith(("dim", "axis"))]
    given = [axis for each in (*node.args[1:], *named) for axis in _whole_numbers(each)]
    if node.op == "permute":
        return [axis % rank for axis in given] if len(given) == rank else None
    if len(given) != 2:
        return None
    order = list(range(rank))
    first, second = (axis % rank for axis in given)
    order[first], order[second] = order[second], order[first]
    return order


def _whole_numbers(given: object) -> list[int]:
    each = given if isinstance(given, list | tuple) else [given]
    return [one for one in each if isinstance(one, int) and not isinstance(one, bool)]


Rule = Callable[[Reading, Layout | None, int], Layout]
RULES: dict[tuple[str, ...], Rule] = {
    ("lstm", "gru", "rnn_tanh", "rnn_relu"): _recurrent,
    ("linear", "embedding"): _features_last,
    ("layer_norm", "rms_norm"): _normalised,
    ("transpose", "swapaxes", "swapdims", "permute"): _turned,
}
