"""Ctrl-C in good order: what is running is finished, then everything is saved."""

import signal
import threading
from types import FrameType

from convscope.training.events import Events, Finished


def orderly(events: Events) -> Events:
    """Pass events on; a Ctrl-C ends them after the update that is running, with a Checkpoint and Finished.

    A second Ctrl-C does not wait. Python gives signals to the main thread only, so elsewhere nothing changes;
    nor where Ctrl-C is ignored, as a shell has it for jobs in the background.
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        yield from events
        return
    asked = False

    def ask(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            signal.default_int_handler(number, frame)
        asked = True

    before = signal.signal(signal.SIGINT, ask)
    try:
        event = next(events)
        while True:
            wish = yield event
            if asked and not isinstance(event, Finished):
                yield events.throw(KeyboardInterrupt)
                yield from events
            event = events.send(wish)
    except StopIteration:
        return
    finally:
        signal.signal(signal.SIGINT, before)
