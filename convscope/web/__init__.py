"""The explorer: a local page that goes from the whole network to one proven number.

    session.py (model, input, trace) ── messages/ (who answers, types/) ── dispatch.py (address → message)
                                                                                   │
    static/ (the page: api.js fetches, views draw) ◀── guard.py ── app.py (HTTP, values.py) ┘

It listens on 127.0.0.1 only, behind a token; nothing is loaded from anywhere else.
"""

import secrets
import sys
import threading
from collections.abc import Callable

import torch
import uvicorn

from convscope.listening import PatientH11, Uvicorn, listener
from convscope.training.machine import threads
from convscope.web.app import app
from convscope.web.guard import Guard
from convscope.web.session import Session

SWITCH = 5e-4  # seconds: answering must not wait 5 ms, as is usual, for each turn while a network is traced
GRACE = 2  # seconds that answers under way have when the server is stopped


class Server:
    """The page of one session on this machine; it has its address from the start, and answers while it runs.

    Args:
        session: the model and its input.
        port: 0 takes a free one.
    """

    def __init__(self, session: Session, port: int = 0) -> None:
        self._session = session
        self._listener = listener(port)
        number = self._listener.getsockname()[1]
        token = secrets.token_urlsafe(24)
        self.address = f"http://127.0.0.1:{number}/{token}/"
        guarded = Guard(app(session), token, number)
        settings = uvicorn.Config(
            guarded,
            log_level="error",  # a stranger's malformed request is answered, and no business of the person's
            lifespan="off",
            access_log=False,
            server_header=False,
            ws="none",
            http=PatientH11,
            timeout_graceful_shutdown=GRACE,
        )
        self._server = Uvicorn(settings)

    def run(self) -> None:
        """Answer until Ctrl-C, or until `stop` is called from another thread."""
        before = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH)
        threading.Thread(target=self._session.begin, daemon=True).start()  # while the browser starts
        try:
            with self._listener:
                self._server.run(sockets=[self._listener])
        finally:
            sys.setswitchinterval(before)

    def stop(self) -> None:
        """Finish what is being answered, then return from `run`."""
        self._server.should_exit = True


def serve(session: Session, *, port: int = 0, ready: Callable[[str], None]) -> None:
    """Answer the page until Ctrl-C.

    Args:
        session: the model and its input.
        port: 0 takes a free one.
        ready: is told the address as soon as somebody may open it.
    """
    with threads(max(1, torch.get_num_threads() - 1)):  # the browser needs a core too
        server = Server(session, port)
        ready(server.address)
        server.run()
