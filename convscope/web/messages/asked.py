"""What is asked for, checked: an index that is not there is the person's error, not the server's."""

from collections.abc import Sequence
from typing import TypeVar

from convscope.errors import ShapeError, UnknownName
from convscope.tracing import Node, Trace

Word = TypeVar("Word", bound=str)


def within(place: int, count: int, what: str) -> int:
    """The place, if there is one; they count from 0, and never from behind."""
    if not 0 <= place < count:
        known = f"0 to {count - 1:,}" if count else "none"
        raise ShapeError(f"there is no {what} {place}.\n  There are: {known}.")
    return place


def one_of(word: str, known: Sequence[Word], what: str) -> Word:
    """The word, if it is one of these."""
    for one in known:
        if one == word:
            return one
    raise UnknownName(what, word[:40], known)


def node_at(trace: Trace, index: int) -> Node:
    """An operation; behind the last one stands the one that failed, where one did."""
    failed = trace.failure.node if trace.failure else None
    if failed is not None and index == len(trace.nodes):
        return failed
    return trace.nodes[within(index, len(trace.nodes), "operation")]


def node_with_output(trace: Trace, index: int) -> Node:
    """An operation that gave numbers."""
    node = node_at(trace, index)
    if not node.outputs:
        name = node.name or trace.call(node).path
        raise ShapeError(f"'{name}' ({node.op}) gave no numbers.\n  Choose another operation.")
    return node
