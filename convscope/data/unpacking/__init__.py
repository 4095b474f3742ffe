"""Files that hold other files, such as archives → those files, in a private folder of the cache.

Nothing is written beside the person's data. What was unpacked once is kept, under a hash of the file's path,
size and times, until all together take more than LARGEST; a changed file is unpacked anew.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from convscope.data.dataset import Skipped
from convscope.data.files import cache
from convscope.data.files.tree import children, is_folder
from convscope.data.unpacking import archives, tables
from convscope.data.unpacking.target import UnpackingTarget
from convscope.errors import ConvscopeError, DataError, ShapeError

VERSION = 2  # of what comes out: raise it when that changes
LARGEST = 50 * 2**30  # bytes of all that is kept
ABANDONED = 24 * 3600  # seconds after which what is unfinished is taken to be of a killed process
ABOUT = "about.json"
MANY = 4  # folders beside each other, from which on they are no parts of a table

Unpacker = Callable[[Sequence[Path], UnpackingTarget], None]

ARCHIVES: dict[str, Unpacker] = {
    ".zip": archives.from_zip,
    **dict.fromkeys(archives.TARS, archives.from_tar),
}
UNPACKERS: dict[str, Unpacker] = {
    **ARCHIVES,
    ".parquet": tables.from_parquet,
    **dict.fromkeys((".jsonl", ".ndjson"), tables.from_lines),
}  # ending → writes all that a file holds
WHAT = {
    "archives": "a .zip or .tar (.gz, .bz2, .xz) of any of these; all.zip/train is a folder in it",
    "parquet": "a Parquet table, or a folder of them: pictures, sounds, or columns as in a CSV table",
    "lines": "a .jsonl table, one JSON object a line: columns as in a CSV table",
}  # for the person who asks what is understood
PARQUET = ".parquet"  # the one that comes in several files of a folder


class Unpacked(NamedTuple):
    """What a file held."""

    path: Path  # the folder with it, or the table
    skipped: tuple[Skipped, ...]
    remarks: tuple[str, ...]


def holds_files(path: Path) -> bool:
    """Whether this is a file that holds others, by its ending, or a folder of Parquet files."""
    return bool(_sources(path))


def around(path: Path) -> Path | None:
    """The archive that a path leads into, as all.zip/train; None where it leads into none."""
    return next((parent for parent in path.parents if parent.is_file() and holds_files(parent)), None)


def _sources(path: Path, depth: int = 2) -> list[Path]:
    """The files that hold others: this one, or those in a folder."""
    if path.is_file():
        return [path] if _ending(path) else []
    if not path.is_dir():
        return []
    inside = children(path, [])
    own = [child for child in inside if child.suffix.lower() == PARQUET and child.is_file()]
    folders = [child for child in inside if is_folder(child)]
    if own or not depth or len(folders) >= MANY:
        return own
    return [file for folder in folders for file in _sources(folder, depth - 1)]


@contextmanager
def unpacked(path: Path) -> Iterator[Unpacked]:
    """What a file holds, as a folder; errors that are raised meanwhile name the file and not the folder.

    Raises:
        DataError: damaged, protected by a password, too large for the disk, or made to fill it.
    """
    sources = _sources(path)
    folder = cache.home() / "unpacked" / cache.key(sources, {"unpacking": VERSION})
    inside = folder / "files"
    try:
        about = _kept(folder) or _made(path, sources, folder)
        skipped = tuple(Skipped(*each) for each in about["skipped"])
        yield Unpacked(inside / about["opens"], skipped, tuple(about["remarks"]))
    except ConvscopeError as error:
        said = str(error).replace(str(inside / tables.TABLE), str(path)).replace(str(inside), str(path))
        raise (ShapeError if isinstance(error, ShapeError) else DataError)(said) from error


def _ending(path: Path) -> str:
    return next((ending for ending in UNPACKERS if path.name.lower().endswith(ending)), "")


def _kept(folder: Path) -> dict | None:
    """What is said of a folder that is there and whole; None: it has to be made."""
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        if about["there"] != _there(folder / "files"):
            return None
        os.utime(folder / ABOUT)  # used now
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return about


def _made(path: Path, sources: list[Path], folder: Path) -> dict:
    """Unpack under another name, then rename: a kill at any moment leaves nothing or all."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _tidy(folder.parent)
        unfinished = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", suffix=".unfinished", dir=folder.parent))
    except OSError as error:
        raise DataError(_no_room(path, error)) from error
    try:
        target = UnpackingTarget.of(unfinished / "files", path, sum(file.stat().st_size for file in sources))
        UNPACKERS[_ending(sources[0])](sources, target)
        for inner in [name for name in target.archives if _ending(Path(name)) in ARCHIVES]:
            _inner(inner, target)
        about = {
            "opens": target.opens,
            "skipped": target.skipped,
            "remarks": target.remarks(),
            "there": _there(unfinished / "files"),
        }
        (unfinished / ABOUT).write_text(json.dumps(about), encoding="utf-8")
        if _kept(folder) is None:  # else another process was faster
            shutil.rmtree(folder, ignore_errors=True)
            unfinished.rename(folder)
    except OSError as error:
        raise DataError(_no_room(path, error)) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return about


def _inner(name: str, target: UnpackingTarget) -> None:
    """Unpack an archive in an archive, in its place: Kaggle has one for each part. None in these is."""
    file, ending = target.folder / name, _ending(Path(name))
    target.archives.remove(name)
    target.below = f"{name[: -len(ending)]}/"
    try:
        ARCHIVES[ending]([file], target)
    except DataError as error:
        raise DataError(str(error).replace(str(target.folder), str(target.source))) from error
    file.unlink()


def _no_room(path: Path, error: OSError) -> str:
    return (
        f"{path} cannot be unpacked into the cache folder {cache.home()}: {error.strerror or error}.\n"
        "  Make room, set CONVSCOPE_CACHE to another disk, or unpack it yourself and give the folder."
    )


def _there(folder: Path) -> list[int]:
    """How many files there are below a folder, and their bytes."""
    sizes = [
        os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118 - as texts: there may be a million
        for place, _, names in os.walk(folder)
        for name in names
    ]
    return [len(sizes), sum(sizes)]


def _tidy(folder: Path) -> None:
    """Remove what killed processes left, and what was used longest ago beyond LARGEST."""
    total = 0
    for entry in sorted(folder.iterdir(), key=_last_used, reverse=True):
        if entry.name.endswith(".unfinished"):
            gone = time.time() - _last_used(entry) > ABANDONED
        else:
            total += _there(entry)[1]
            gone = total > LARGEST
        if gone:
            shutil.rmtree(entry, ignore_errors=True)


def _last_used(entry: Path) -> float:
    about = entry / ABOUT
    try:
        return (about if about.exists() else entry).stat().st_mtime
    except OSError:  # removed by another process meanwhile
        return 0.0
