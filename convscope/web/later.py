"""Work that takes longer than a click: begun once, in a thread of its own; who asks waits for a moment."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Made = TypeVar("Made")
MOMENT = 0.25  # seconds that an answer waits for it; the page asks again


class Later(Generic[Made]):
    """Something that is made once, when it is first asked for.

    >>> Later(lambda: 6 * 7).get(wait=5)
    42
    """

    def __init__(self, make: Callable[[], Made]) -> None:
        self._make, self._lock = make, threading.Lock()
        self._begun, self._done = False, threading.Event()
        self._made: Made | None = None
        self._error: Exception | None = None

    def begin(self) -> None:
        """Begin, unless somebody did."""
        with self._lock:
            if self._begun:
                return
            self._begun = True
        threading.Thread(target=self._work, daemon=True).start()

    def get(self, wait: float = MOMENT) -> Made | None:
        """What was made; None where it is not ready within so many seconds.

        Raises:
            Exception: what making it raised.
        """
        self.begin()
        self._done.wait(wait)
        if self._error is not None:
            raise self._error
        return self._made

    def _work(self) -> None:
        try:
            self._made = self._make()
        except Exception as error:  # noqa: BLE001 - told to whoever asks
            self._error = error
        finally:
            self._done.set()
