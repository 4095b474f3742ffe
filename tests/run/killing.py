"""A process that is killed in the middle of what it writes."""

import os
import signal
from pathlib import Path


def die_at(count: int) -> None:
    """Arrange for this process to be killed by itself just before the `count`-th change on the disk."""
    left = [count]

    def mortal(function):
        def call(*args, **kwargs):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **kwargs)

        return call

    os.fsync = mortal(os.fsync)
    Path.replace = mortal(Path.replace)
    Path.unlink = mortal(Path.unlink)
