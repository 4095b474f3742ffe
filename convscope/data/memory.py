"""Memory is looked at before it is asked for.

A file's header can claim anything.
"""

from pathlib import Path

from convscope.errors import DataError
from convscope.system import physical_memory

SHARE = 0.8  # of the machine's memory


def refuse_too_large(wanted: int, path: str | Path) -> None:
    """Raise DataError if `wanted` bytes from `path` are more than this machine can hold."""
    most = int(SHARE * physical_memory())
    if wanted > most:
        raise DataError(
            f"{path} would take {wanted / 1e9:.1f} GB of memory; this machine can give {most / 1e9:.1f} GB.\n"
            "  Use fewer or smaller samples, or a machine with more memory."
        )
