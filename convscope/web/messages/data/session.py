"""GET session: what is open, and what can be asked about it."""

from convscope import __version__
from convscope.web.messages.trying.input import sample_axis
from convscope.web.session import Session
from convscope.web.types.data import InputMessage, SessionMessage

DRAWN = 64  # pixels a side of a picture that a person would draw, at most


def session(session: Session) -> SessionMessage:
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
