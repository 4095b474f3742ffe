"""Where files are unpacked to: a new folder of our own, a limit of bytes, and nothing outside of it."""

import errno
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from convscope.data.dataset import Skipped
from convscope.errors import DataError

SPARE = 2**30  # bytes that stay free on the disk
SURE = 2**30  # bytes that a file may hold whatever its own size is
RATIO = 200  # times its size that a larger one may hold: texts and masks reach that, what fills disks more
MOST_FILES = 2_000_000
BLOCK = 1 << 20  # bytes
SHOWN = 5  # names in a remark
FULL = (errno.ENOSPC, errno.EDQUOT)
INNER = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".rar", ".7z")  # archives in an archive


@dataclass
class UnpackingTarget:
    """A folder that is filled.

    Attributes:
        folder: new, and nobody else's.
        source: what is unpacked, for messages.
        most: bytes that all files may have together.
        full: what is wrong where there are more.
    """

    folder: Path
    source: Path
    most: int
    full: str
    skipped: list[Skipped] = field(default_factory=list)
    opens: str = ""  # what to read of it: a file, or "" for all
    below: str = ""  # the folder in it that is filled now
    notes: list[str] = field(default_factory=list)
    files: int = 0
    archives: list[str] = field(default_factory=list)  # archives inside, that are not unpacked (yet)

    @classmethod
    def of(cls, folder: Path, source: Path, size: int) -> "UnpackingTarget":
        """A new folder with the limits that the disk and the size of the source set."""
        folder.mkdir()
        free = shutil.disk_usage(folder).free - SPARE
        most = max(SURE, RATIO * size)
        if free < most:
            return cls(folder, source, free, f"the cache folder's disk has {max(0, free) / 1e9:.1f} GB left")
        return cls(folder, source, most, f"it is but {size:,} bytes itself, as a file made to fill disks is")

    def demand_room(self, size: int) -> None:
        """Raise DataError where so many bytes more are too many."""
        if size > self.most:
            raise DataError(
                f"{self.source} unpacks to more than {max(0, self.most) / 1e9:.1f} GB: {self.full}.\n"
                "  Set CONVSCOPE_CACHE to a larger disk, or unpack it yourself and give the folder."
            )

    def put(self, name: str, content: IO[bytes]) -> None:
        """Write one file; one that cannot be written is left out and named.

        Raises:
            DataError: too much of it, see `demand_room`; too many files.
            OSError: the disk is full.
        """
        parts = inside(name) and inside(self.below + name)
        if parts is None:
            self.leave_out(name, "its path leads out of the archive")
            return
        if parts[0] == "__MACOSX" or parts[-1] == ".DS_Store":  # what macOS adds to archives
            return
        self.files += 1
        if self.files > MOST_FILES:
            raise DataError(
                f"{self.source} holds more than {MOST_FILES:,} files.\n"
                "  Unpack it yourself and give the folder."
            )
        try:
            path = self.folder.joinpath(*parts)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                while block := content.read(BLOCK):
                    self.demand_room(len(block))
                    self.most -= len(block)
                    file.write(block)
        except FileExistsError:
            self.leave_out(name, "the archive holds another file of that name")
        except OSError as error:
            if error.errno in FULL:
                raise
            self.leave_out(name, f"cannot be written: {error.strerror or error}")
        if parts[-1].lower().endswith(INNER):
            self.archives.append("/".join(parts))

    def leave_out(self, name: str, reason: str) -> None:
        """Something that is not unpacked, and why."""
        self.skipped.append(Skipped(self.below + name, reason))

    def remarks(self) -> list[str]:
        """What a person should know of what was unpacked."""
        names = ", ".join(self.archives[:SHOWN])
        inner = [f"archives inside are not unpacked: {names}"] if names else []
        return [*self.notes, *inner]


def inside(name: str) -> list[str] | None:
    """The folders and the name of a file in an archive; None where they lead out of it.

    >>> inside("photos/./cat/1.png"), inside("../cat.png"), inside("/etc/passwd"), inside("C:/cat.png")
    (['photos', 'cat', '1.png'], None, None, None)
    """
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in name:
        return None
    return [part for part in parts if part not in ("", ".")] or None
