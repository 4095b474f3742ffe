"""What the page can ask for: address → who answers.

An answer takes the session and what was asked, and returns plain lists, numbers and words: a message of
static/messages.d.ts. Its arguments are the words of the address, see `dispatch.py`.
"""

from collections.abc import Callable
from typing import Any

from convscope import __version__
from convscope.web.messages.attribution import attribution
from convscope.web.messages.channel import channel
from convscope.web.messages.filters import filtered, filters
from convscope.web.messages.graph import graph
from convscope.web.messages.input import choose_input, sample_axis
from convscope.web.messages.layer import layer
from convscope.web.messages.number import number
from convscope.web.messages.operation import operation
from convscope.web.messages.results import check, results
from convscope.web.messages.runs import runs, versus
from convscope.web.messages.samples import samples
from convscope.web.messages.step import step
from convscope.web.messages.whatif import choices, edit, reset, undo
from convscope.web.session import Session
from convscope.web.types.data import InputMessage, SessionMessage

DRAWN = 64  # pixels a side of a picture that a person would draw, at most


def session_message(session: Session) -> SessionMessage:
    """The message `Session` of static/messages.d.ts."""
    opened = session.opened
    regression = opened.run is not None and opened.run.settings.facts.regression
    return {
        "title": session.title,
        "note": session.note,
        "kind": session.kind,
        "classes": [] if regression else list(opened.classes),
        "hasData": session.has_data,
        "hasRun": opened.run is not None,
        "canDraw": _can_draw(session),
        "inputs": _inputs(session),
        "saved": False,
        "version": __version__,
    }


def _inputs(session: Session) -> list[InputMessage]:
    """What the model takes, each without its sample axis."""
    opened = session.opened
    named = {f"input {place}" if place else "input": each for place, each in enumerate(opened.inputs)}
    found = []
    for name, each in {**named, **opened.keywords}.items():
        shape = list(each.shape)
        if shape:
            shape.pop(sample_axis(each))
        found.append({"name": name, "shape": shape, "dtype": str(each.dtype).removeprefix("torch.")})
    return found


def _can_draw(session: Session) -> bool:
    """Small grey pictures, and signals of one channel."""
    shapes = [each["shape"] for each in _inputs(session)]
    if (
        len(shapes) != 1
        or not shapes[0]
        or shapes[0][0] != 1
        or session.kind not in ("image", "signal", "any")
    ):
        return False
    return len(shapes[0]) == 2 or (len(shapes[0]) == 3 and max(shapes[0]) <= DRAWN)


GET: dict[str, Callable[..., Any]] = {
    "session": session_message,
    "graph": graph,
    "operation/{op}": operation,
    "layer/{op}": layer,
    "channel/{op}/{channel}": channel,
    "number/{op}": number,
    "step/{op}": step,
    "edit/{op}": choices,
    "attribution": attribution,
    "filters": filters,
    "samples": samples,
    "results": results,
    "check": check,
    "runs": runs,
    "versus": versus,
}
POST: dict[str, Callable[..., Any]] = {
    "input": choose_input,
    "edit": edit,
    "undo": undo,
    "reset": reset,
    "filter": filtered,
}
FREE = {"session", "samples", "results", "check", "runs", "versus", "save"}  # nobody waits for them
