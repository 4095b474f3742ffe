"""Answers that took time, kept with their trace; the ones that nobody asked for lately go first."""

from collections.abc import Callable
from typing import TypeVar

from convscope.errors import ShapeError
from convscope.tracing import Trace
from convscope.web.messages.asked import within
from convscope.web.messages.scores import scores_of
from convscope.web.session import Seen, Session

MOST = 400  # answers kept
Made = TypeVar("Made")


def kept(session: Session, seen: Seen, key: str, make: Callable[[], Made]) -> Made:
    """What `make` gives, made once for a trace."""
    with session.lock:
        store = seen.kept
        found = store.pop(key) if key in store else make()
        store[key] = found  # the last one in is the last one asked for
        while len(store) > MOST:
            store.pop(next(iter(store)))
        return found


def gradients(session: Session, seen: Seen, target: int) -> Trace:
    """The same input with gradients of one class's score."""
    demand_class(seen, target)
    return session.with_gradients(target)


def demand_class(seen: Seen, target: int) -> None:
    """A class that the model has.

    Raises:
        ShapeError: it does not.
    """
    scores = scores_of(seen.trace)
    if scores is None:
        raise ShapeError("this model gives no row of scores, so there is no class to ask about.")
    within(target, scores.shape[1], "class")


def usual_class(seen: Seen) -> int:
    """The class that is asked about where none is named: the true one, else the predicted one."""
    scores = scores_of(seen.trace)
    if scores is None:
        raise ShapeError("this model gives no row of scores, so there is no class to ask about.")
    label = seen.label
    return label if label is not None and 0 <= label < scores.shape[1] else int(scores[0].argmax())
