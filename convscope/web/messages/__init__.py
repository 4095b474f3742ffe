"""What the page can ask for: address → who answers.

An answer takes the session and what was asked (words of the address, already text), and returns plain lists,
numbers and words: a message of static/messages.d.ts.
"""

from collections.abc import Callable, Mapping
from typing import Any

from convscope import __version__
from convscope.errors import ShapeError
from convscope.web.messages.channel import channel
from convscope.web.messages.graph import graph
from convscope.web.messages.layer import layer
from convscope.web.messages.number import number
from convscope.web.messages.operation import operation
from convscope.web.session import Session

Asked = Mapping[str, str]


def _whole(asked: Asked, name: str, default: int = 0) -> int:
    text = asked.get(name, str(default))
    if not text.isascii() or not text.removeprefix("-").isdigit():
        raise ShapeError(f"'{name}' is a whole number, got '{text[:20]}'.")
    return int(text)


def _index(asked: Asked) -> tuple[int, ...]:
    """3,7,7 → (3, 7, 7)."""
    words = asked.get("at", "").split(",")
    return tuple(_whole({"at": word}, "at") for word in words if word)


def session_message(session: Session) -> dict[str, Any]:
    """The message `Session` of static/messages.d.ts."""
    opened = session.opened
    return {
        "title": opened.name,
        "kind": opened.run.settings.facts.kind if opened.run else "any",
        "classes": list(opened.classes),
        "hasData": opened.run is not None,
        "hasRun": opened.run is not None,
        "canDraw": False,
        "inputs": [],
        "saved": False,
        "version": __version__,
    }


GET: dict[str, Callable[[Session, Asked], Any]] = {
    "session": lambda session, _: session_message(session),
    "operation/{op}": lambda session, asked: operation(session, _whole(asked, "op")),
    "graph": lambda session, _: graph(session),
    "layer/{op}": lambda session, asked: layer(
        session, _whole(asked, "op"), asked.get("sort", "index"), _whole(asked, "page")
    ),
    "channel/{op}/{channel}": lambda session, asked: channel(
        session, _whole(asked, "op"), _whole(asked, "channel")
    ),
    "number/{op}": lambda session, asked: number(
        session,
        _whole(asked, "op"),
        _index(asked),
        asked.get("gradient", ""),
        _whole(asked, "output"),
        _whole(asked, "target"),
    ),
}
POST: dict[str, Callable[[Session, Any], Any]] = {}
