"""A trained network as a service: whoever has HTTP asks it.

    door.py (Host, key, limits, log) → app.py (addresses) → protocol.py (tensors), models.py (files)
                                                                  │
                                           batching.py (one thread, batches as large as the load is heavy)

It listens on this machine alone unless it is told otherwise. SIGTERM ends it once all is answered; SIGHUP
reads the runs again.
"""

import asyncio
import signal
import sys
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

import uvicorn

from convscope.listening import App, Patience, PatientH11, Uvicorn, listener
from convscope.run import Run
from convscope.serving.app import Service
from convscope.serving.door import Door
from convscope.serving.limits import ServiceLimits
from convscope.serving.log import note
from convscope.serving.models import Models
from convscope.system import HANGUP

__all__ = ["InferenceServer", "ServiceLimits"]

GRACE = 30  # seconds that answers under way have when the service is stopped
LOOPBACK = ("127.0.0.1", "localhost")
USUAL = ServiceLimits()
SWITCH = 1e-3  # seconds after which the loop gets its turn while a network computes


class InferenceServer:
    """A service; it has its address from the start, and answers while it runs.

    Args:
        runs: [NAME=]RUN, or runs; where a name stands several times, these are its versions 1, 2 …
        host: address to listen on.
        port: 0 takes a free one.
        names: that it is asked by, beside this machine's own.
        key: that must be known; "": nobody needs one.
        limits: of what it takes on.

    Raises:
        RunError: a run cannot be read.
        OSError: the port cannot be used.
    """

    def __init__(
        self,
        runs: Sequence[str | Path | Run],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        names: Sequence[str] = (),
        key: str = "",
        limits: ServiceLimits = USUAL,
    ) -> None:
        self._listener = listener(port, host)
        try:
            self.service = Service(Models(runs), limits)
        except BaseException:
            self._listener.close()
            raise
        number = self._listener.getsockname()[1]
        shown = host if host not in ("0.0.0.0", "::") else LOOPBACK[0]
        self.address = f"http://{f'[{shown}]' if ':' in shown else shown}:{number}"
        own = [*LOOPBACK, shown, *names]
        every = (*names, *(f"{name}:{number}" for name in own), *(own if number == 80 else ()))
        hosts = {name.lower() for name in every}
        app = Door(self.service.app(), hosts, key, limits.body, self.service.metrics)
        self._settings = _configured(app)
        self._server = Uvicorn(self._settings)

    def run(self) -> None:
        """Answer until SIGTERM or Ctrl-C, or until `stop` is called from another thread."""
        before, main = sys.getswitchinterval(), threading.current_thread() is threading.main_thread()
        sys.setswitchinterval(SWITCH)
        ended = (
            signal.signal(signal.SIGTERM, _nothing) if main else None
        )  # uvicorn raises it again at its end
        try:
            with self._listener, asyncio.Runner(loop_factory=self._settings.get_loop_factory()) as runner:
                runner.run(self._serve(hears=main))
        finally:
            if main:
                signal.signal(signal.SIGTERM, ended)
            self.service.close()
            note("stop")
            sys.setswitchinterval(before)

    def stop(self) -> None:
        """Finish what is being answered, then return from `run`."""
        self._server.should_exit = True

    def close(self) -> None:
        """Let go of the port, without having answered."""
        self._listener.close()
        self.service.close()

    async def _serve(self, *, hears: bool) -> None:
        if hears and HANGUP is not None:
            asyncio.get_running_loop().add_signal_handler(HANGUP, self._again)
        note("start", address=self.address, models=[each.name for each in self.service.models.every])
        await self._server.serve(sockets=[self._listener])

    def _again(self) -> None:
        """SIGHUP came: read the runs again."""
        task = asyncio.get_running_loop().create_task(self.service.reload())
        task.add_done_callback(lambda done: done.cancelled() or done.exception())  # it is in the log


def _nothing(number: int, frame: FrameType | None) -> None:
    """SIGTERM, once more: all is answered."""


def _configured(app: App) -> uvicorn.Config:
    """With the fast parser and loop where they are installed."""
    fast = find_spec("httptools") is not None
    return uvicorn.Config(
        app,
        log_level="critical",  # the log is our own
        lifespan="off",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nobody's word on who asks is asked for
        ws="none",
        loop="uvloop" if find_spec("uvloop") else "asyncio",
        http=_patient_httptools() if fast else PatientH11,
        timeout_graceful_shutdown=GRACE,
    )


def _patient_httptools() -> type[asyncio.Protocol]:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    return type("PatientHttpTools", (Patience, HttpToolsProtocol), {})
