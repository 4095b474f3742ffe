"""The explorer: a local page that goes from the whole network to one proven number.

    session.py (model, input, trace) ── messages/ (what the page asks for) ── app.py (addresses) ── guard.py
                                                                     │
    static/ (the page: main.js holds the state, api.js fetches, views draw) ◀──────┘

It listens on 127.0.0.1 only, behind a token; nothing is loaded from anywhere else.
"""

import secrets
import socket
from collections.abc import Callable

import uvicorn

from convscope.web.app import app
from convscope.web.guard import Guard
from convscope.web.session import Session


def serve(session: Session, *, port: int = 0, ready: Callable[[str], None]) -> None:
    """Answer the page until Ctrl-C.

    Args:
        session: the model and its input.
        port: 0 takes a free one.
        ready: is told the address as soon as somebody may open it.
    """
    listener = socket.create_server(("127.0.0.1", port))
    number = listener.getsockname()[1]
    token = secrets.token_urlsafe(24)
    guarded = Guard(app(session), token, number)
    settings = uvicorn.Config(
        guarded, log_level="warning", lifespan="off", access_log=False, server_header=False
    )
    ready(f"http://127.0.0.1:{number}/{token}/")
    uvicorn.Server(settings).run(sockets=[listener])
