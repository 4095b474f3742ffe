"""Files in one folder a class: root/class/*, or root/train|val|test/class/*."""

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from convscope.data.dataset import Skipped
from convscope.data.files import listing
from convscope.data.files.listing import PART_NAMES, Listed
from convscope.data.names import natural


class Wanted(NamedTuple):
    """Which files count, and what one of them is called."""

    suffixes: Collection[str]  # in lower case
    what: str
    whole: Callable[[Path], bool] | None = None  # whether a folder, with all its files, is one sample

    def takes(self, path: Path) -> bool:
        """Whether this is a sample."""
        ends = path.name.lower().endswith(tuple(self.suffixes))
        return ends or (self.whole is not None and is_folder(path) and self.whole(path))


class Found(NamedTuple):
    """What lies in a folder."""

    listed: list[Listed]
    skipped: list[Skipped]
    remarks: list[str]


def peek(root: Path, wanted: Wanted, most: int = 4, depth: int = 6) -> list[Path]:
    """A few samples and files from different places below a folder, to tell what they are."""
    inside = children(root, [])
    seen = [child for child in inside if wanted.takes(child) or not is_folder(child)][:most]
    folders = [child for child in inside if is_folder(child) and child not in seen][:most] if depth else []
    return [*seen, *(path for inner in folders for path in peek(inner, wanted, most, depth - 1))]


def scan(root: Path, wanted: Wanted) -> Found:
    """List every wanted file with its class and part, in natural order."""
    found = Found([], [], [])
    folders = _folders(root, found.skipped)
    parts = [
        folder
        for folder in folders
        if folder.name.casefold() in PART_NAMES and _is_part(folder, wanted, found.skipped)
    ]
    others: Counter[str] = Counter()
    for folder in parts:
        for inner in _folders(folder, found.skipped):
            _take_class(inner, PART_NAMES[folder.name.casefold()], root, wanted, found, others)
    beside = [folder for folder in folders if folder not in parts]
    if parts and beside:
        names = ", ".join(folder.name for folder in beside[: listing.SHOWN])
        found.remarks.append(f"not used, because they lie beside {parts[0].name}/: {names}")
    elif not parts:
        for folder in beside:
            _take_class(folder, "", root, wanted, found, others)
    loose = sum(_is_wanted(child, wanted) for place in (root, *parts) for child in children(place, []))
    if loose:
        found.remarks.append(f"{loose:,} {wanted.what}s lie in no class folder and are not used")
    if others:
        kinds = ", ".join(f"{count:,} {suffix}" for suffix, count in others.most_common(5))
        found.remarks.append(
            f"{others.total():,} files are not used, their ending is no {wanted.what}'s: {kinds}"
        )
    return found


def _is_part(folder: Path, wanted: Wanted, skipped: list[Skipped]) -> bool:
    """A folder "train" with files directly in it is a class of that name (the vehicle)."""
    inside = children(folder, skipped)
    return any(is_folder(child) for child in inside) and not any(
        _is_wanted(child, wanted) for child in inside
    )


def _take_class(
    folder: Path, part: str, root: Path, wanted: Wanted, found: Found, others: Counter[str]
) -> None:
    before = len(found.listed)
    for file in _files(folder, root, wanted, found.skipped, above=(_identity(root),)):
        if wanted.takes(file):
            found.listed.append(Listed(file, folder.name, part))
        else:
            others[file.suffix.lower() or "without ending"] += 1
    if len(found.listed) == before:
        found.remarks.append(f"the folder {folder.relative_to(root)} holds no {wanted.what}s")


def _files(folder: Path, root: Path, wanted: Wanted, skipped: list[Skipped], above: tuple) -> Iterator[Path]:
    """Every file below a folder in natural order; a link back to a folder above is not followed again."""
    identity = _identity(folder)
    if identity in above:
        skipped.append(Skipped(str(folder.relative_to(root)), "a link back to a folder it lies in"))
        return
    for child in children(folder, skipped, root):
        if not _is_utf8(child.name):
            skipped.append(Skipped(_readable(child, root), "its name is not valid UTF-8; rename it"))
        elif wanted.takes(child) or not is_folder(child):
            yield child  # a folder with a file's ending will be told when it is decoded
        else:
            yield from _files(child, root, wanted, skipped, (*above, identity))


def _folders(folder: Path, skipped: list[Skipped]) -> list[Path]:
    """The folders in a folder that can be classes or parts."""
    named = [child for child in children(folder, []) if is_folder(child)]
    skipped.extend(
        Skipped(_readable(child, folder), "its name is not valid UTF-8; rename it")
        for child in named
        if not _is_utf8(child.name)
    )
    return [child for child in named if _is_utf8(child.name)]


def children(folder: Path, skipped: list[Skipped], root: Path | None = None) -> list[Path]:
    """What lies in a folder, in natural order, without hidden entries and what macOS leaves in archives."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - four times as fast, and there may be a million
    except OSError as error:
        skipped.append(Skipped(str(folder.relative_to(root or folder.parent)), error.strerror or str(error)))
        return []
    return [folder / name for name in sorted(names, key=natural) if not name.startswith((".", "__MACOSX"))]


def _is_wanted(child: Path, wanted: Wanted) -> bool:
    return wanted.takes(child) and not is_folder(child)


def _identity(folder: Path) -> tuple[int, int]:
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
