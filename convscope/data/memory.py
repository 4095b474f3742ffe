"""What this machine has: cores to work with, and memory, looked at before it is asked for.

A file's header can claim anything.
"""

import os
from pathlib import Path

from convscope.errors import DataError

SHARE = 0.8  # of the machine's memory


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def physical() -> int:
    """Bytes of memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def refuse_too_large(wanted: int, path: Path) -> None:
    """Raise DataError if `wanted` bytes from `path` are more than this machine can hold."""
    most = int(SHARE * physical())
    if wanted > most:
        raise DataError(
            f"{path} would take {wanted / 1e9:.1f} GB of memory; this machine can give {most / 1e9:.1f} GB.\n"
            "  Use fewer or smaller samples, or a machine with more memory."
        )
