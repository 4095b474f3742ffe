"""Files of a run: what they have to be, who may write them, and what reading them can meet."""

import csv
import errno
import hashlib
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from convscope import system
from convscope.errors import RunError

MOMENTS = (0.01, 0.05)  # seconds between tries to take a folder
CHANGED = "is damaged, or was changed after convscope wrote it: its SHA-256 is not the one on record."


def digest(data: bytes) -> str:
    """SHA-256 of `data`, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def content(path: Path) -> bytes:
    """What is in a file.

    Raises:
        OSError: it cannot be read; also a pipe or a device, which could keep us waiting for ever.
    """
    _demand_regular(path)
    return path.read_bytes()


def _demand_regular(path: Path) -> None:
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "it is no regular file", str(path))


def digest_of(path: Path, length: int = -1) -> str:
    """SHA-256 of a file, or of its first `length` bytes, in hexadecimal.

    Raises:
        OSError: the file cannot be read.
    """
    _demand_regular(path)
    total, left = hashlib.sha256(), length if length >= 0 else path.stat().st_size
    with path.open("rb") as file:
        while left > 0 and (block := file.read(min(left, 1 << 20))):
            total.update(block)
            left -= len(block)
    return total.hexdigest()


def sweep(folder: Path, keep: set[str]) -> None:
    """Remove what a killed process left: temporary files, and checkpoints that are not in `keep`."""
    for pattern in (".*.new", "*/.*.new", "checkpoint-*.safetensors"):
        for path in folder.glob(pattern):
            if path.name not in keep:
                path.unlink(missing_ok=True)


def hold(folder: Path) -> Callable[[], None]:
    """Take a folder for writing, until the returned function is called or this process ends in whatever way.

    Raises:
        RunError: another process (or another writer of this one) holds it.
    """
    for seconds in (*MOMENTS, 0):  # somebody may only have looked whether it is held
        if (release := system.hold(folder)) is not None:
            return release
        time.sleep(seconds)
    raise RunError(
        f"{folder} is being written by a training that is still going on.\n"
        "  Wait until it ends, or stop it with Ctrl-C, and try again."
    )


def is_held(folder: Path) -> bool:
    """Whether some process is writing this folder at this moment."""
    with suppress(OSError):  # a folder that may not be entered
        if (release := system.hold(folder)) is None:
            return True
        release()
    return False


@contextmanager
def reading(path: Path, advice: str) -> Iterator[None]:
    """Turn the ways in which reading a file can fail into a RunError that names it.

    Args:
        path: the file.
        advice: what to do, a sentence.

    Raises:
        RunError: the file is missing, unreadable, not text, or makes no sense.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise RunError(f"{path} is missing.\n  {advice}") from error
    except PermissionError as error:
        raise RunError(f"{path} cannot be read: {error.strerror}.\n  Allow yourself to read it.") from error
    except (OSError, ValueError, KeyError, TypeError, RecursionError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise RunError(f"{path} cannot be read: {reason}\n  {advice}") from error
