"""Walking through folders: what counts as a sample, and what lies where, in natural order."""

import os
from collections.abc import Callable, Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from convscope.data.dataset import Skipped
from convscope.data.files.litter import entries, names_in


class Wanted(NamedTuple):
    """Which files count, and what one of them is called."""

    suffixes: Collection[str]  # in lower case
    what: str
    whole: Callable[[Path], bool] | None = None  # whether a folder, with all its files, is one sample
    inside: Callable[[Path], bool] | None = None  # whether a file of another name is a sample by its content
    parts: Collection[str] = ()  # endings of files that belong to a sample of another ending

    def takes(self, path: Path) -> bool:
        """Whether this is a sample."""
        ends = path.name.lower().endswith(tuple(self.suffixes))
        if ends or (self.inside is not None and self.inside(path)):
            return True
        return self.whole is not None and is_folder(path) and self.whole(path)


def peek(root: Path, wanted: Wanted, most: int = 4, depth: int = 6) -> list[Path]:
    """A few samples and files from different places below a folder, to tell what they are."""
    try:
        inside = entries(root)
    except OSError:
        return []
    first = (name for name in inside.names if wanted.takes(root / name) or not inside.is_folder(root, name))
    names = list(islice(first, most))
    seen = [root / name for name in names]
    others = (name for name in inside.names if inside.is_folder(root, name) and name not in names)
    folders = (root / name for name in others) if depth else ()
    below = (path for inner in islice(folders, most) for path in peek(inner, wanted, most, depth - 1))
    return [*seen, *below]


def files_below(
    folder: Path,
    root: Path,
    wanted: Wanted,
    skipped: list[Skipped],
    above: tuple = (),
    trail: tuple[str, ...] = (),
) -> Iterator[tuple[Path, tuple[str, ...], bool]]:
    """Every file below a folder in natural order, with the folders between, and whether it is a sample.

    A link back to a folder above is not followed again.
    """
    identity = identity_of(folder)
    if identity in above:
        skipped.append(Skipped(str(folder.relative_to(root)), "a link back to a folder it lies in"))
        return
    for child in children(folder, skipped, root):
        if not _is_utf8(child.name):
            skipped.append(Skipped(_readable(child, root), "its name is not valid UTF-8; rename it"))
        elif (takes := wanted.takes(child)) or not is_folder(child):
            yield child, trail, takes  # a folder with a file's ending will be told when it is decoded
        else:
            yield from files_below(child, root, wanted, skipped, (*above, identity), (*trail, child.name))


def folders_in(folder: Path, skipped: list[Skipped]) -> list[Path]:
    """The folders in a folder that can be classes or parts."""
    named = [child for child in children(folder, []) if is_folder(child)]
    skipped.extend(
        Skipped(_readable(child, folder), "its name is not valid UTF-8; rename it")
        for child in named
        if not _is_utf8(child.name)
    )
    return [child for child in named if _is_utf8(child.name)]


def children(folder: Path, skipped: list[Skipped], root: Path | None = None) -> list[Path]:
    """What lies in a folder, in natural order, without litter."""
    try:
        names = names_in(folder)
    except OSError as error:
        skipped.append(Skipped(str(folder.relative_to(root or folder.parent)), error.strerror or str(error)))
        return []
    return [folder / name for name in names]


def identity_of(folder: Path) -> tuple[int, int]:
    """What stays the same whatever links lead to a folder."""
    status = folder.stat()
    return status.st_dev, status.st_ino


def is_folder(path: Path) -> bool:
    """Whether this is a folder; false where one above it may not be entered."""
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises there


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:  # a byte that Python could only keep as a surrogate
        return False
    return True


def _readable(path: Path, root: Path) -> str:
    return str(path.relative_to(root)).encode(errors="replace").decode()
