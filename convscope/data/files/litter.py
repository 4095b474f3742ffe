"""What systems and programs leave in folders, and nobody means as data."""

import os
import time
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from convscope.data.names import natural

LITTER = frozenset(
    [
        *("@eadir", "#recycle", "@recycle", "#snapshot", "@recently-snapshot"),  # network disks
        *("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini"),  # Windows
        *("$recycle.bin", "recycler", "system volume information", "_vti_cnf"),
        *("icon\r", "lost+found", "__pycache__"),
    ]
)
SETTLED = 2 * 10**9  # nanoseconds after which a change of a folder shows in its time of change
BEGINNINGS = (".", "__MACOSX", "SYNOFILE_THUMB", "~$")


def is_litter(name: str) -> bool:
    """Whether a file or folder of this name is none of the person's: hidden, a thumbnail, a waste bin.

    >>> [name for name in (".DS_Store", "@eaDir", "Thumbs.db", "cat") if is_litter(name)]
    ['.DS_Store', '@eaDir', 'Thumbs.db']
    """
    return name.startswith(BEGINNINGS) or name.casefold() in LITTER


class Entries(NamedTuple):
    """What lies in a folder, without litter."""

    names: tuple[str, ...]  # in natural order
    folders: frozenset[str]  # those of them that are folders
    links: frozenset[str]  # those of which it must be asked each time

    def is_folder(self, folder: Path, name: str) -> bool:
        """Whether one of them is a folder; false where that may not be known."""
        return name in self.folders or (name in self.links and os.path.isdir(folder / name))  # noqa: PTH112


def entries(folder: Path) -> Entries:
    """What lies in a folder; a large one that did not change is read and sorted once, whoever asks.

    Raises:
        OSError: it may not be entered.
    """
    status = folder.stat()
    if time.time_ns() - status.st_mtime_ns < SETTLED:
        return _entries(str(folder))
    return _known(str(folder), status.st_dev, status.st_ino, status.st_mtime_ns)


@lru_cache(maxsize=1024)
def _known(folder: str, *_: int) -> Entries:
    return _entries(folder)


def _entries(folder: str) -> Entries:
    with os.scandir(folder) as found:
        there = {entry.name: entry for entry in found if not is_litter(entry.name)}
    return Entries(
        tuple(sorted(there, key=natural)),
        frozenset(name for name, entry in there.items() if entry.is_dir(follow_symlinks=False)),
        frozenset(name for name, entry in there.items() if entry.is_symlink()),
    )


def names_in(folder: Path) -> list[str]:
    """The names in a folder, in natural order, without litter.

    Raises:
        OSError: it may not be entered.
    """
    return list(entries(folder).names)
