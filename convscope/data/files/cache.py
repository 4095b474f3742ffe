"""Decoded samples, kept so that the same files are decoded once.

An entry is a folder of the cache: `pixels` (the bare array) and `about.json` (shape, type, checksum, files
left out). It is made under another name, flushed, then renamed: a kill at any moment leaves no entry or a
whole one. Its name is a hash of each file's path, size and times and of the decode settings, so a changed
file makes another entry. The entries used longest ago are removed while all together are larger than LARGEST.
"""

import hashlib
import json
import os
import shutil
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import prod
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from convscope import system
from convscope.data import memory
from convscope.data.files import workers
from convscope.data.pictures import decode
from convscope.errors import DataError

MEMORY_SHARE = 0.25  # of the machine's memory: samples that take more are memory-mapped
LARGEST = 20 * 2**30  # bytes of all entries together
ABANDONED = 24 * 3600  # seconds after which an unfinished entry is taken to be of a killed process
BLOCK = 2**24  # bytes a checksum step

Fill = Callable[[np.ndarray], list[tuple[int, str]]]


class Entry(NamedTuple):
    """What decoding a list of files gave."""

    pixels: np.ndarray  # (sample, channel, *space); writable, but changes never reach the cache
    skipped: list[tuple[int, str]]  # position in the list of files, reason


def home() -> Path:
    """The cache folder: $CONVSCOPE_CACHE, else $XDG_CACHE_HOME/convscope, else ~/.cache/convscope."""
    if own := os.environ.get("CONVSCOPE_CACHE"):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "convscope"


def key(files: Sequence[Path], settings: dict) -> str:
    """Name what decoding these files with these settings gives, without reading them.

    A file is known by path, size, and the times of its last change of content and of status: the second
    cannot be set back, so even a change of one byte by a program that restores the first is noticed.
    """
    said = json.dumps([decode.VERSION, settings], sort_keys=True)
    states = "".join(f"{path}\0{_state(file)}\0" for path, file in zip(_absolute(files), files, strict=True))
    return hashlib.sha256(f"{said}{states}".encode(errors="surrogateescape")).hexdigest()[:32]


def through(name: str, shape: tuple[int, ...], fill: Fill, dtype: DTypeLike = np.uint8) -> Entry:
    """Take an entry from the cache; where it is not there or damaged, make it.

    Args:
        name: as `key` gives it.
        shape: (file, channel, *space) if every file can be decoded.
        fill: puts the samples into an array of this shape, from its start, and gives the files left out.
        dtype: of that array.

    Raises:
        DataError: the samples are too large for memory, and the cache folder cannot take them.
    """
    folder = home() / "pictures" / name
    if entry := _open(folder):
        return entry
    if _fits(_size(shape, dtype)):
        rows = workers.array(shape, dtype)
        skipped = fill(rows)
        entry = Entry(rows[: len(rows) - len(skipped)], skipped)
        _keep(folder, entry)
        return entry
    return _make_mapped(folder, shape, fill, dtype)


def _size(shape: tuple[int, ...], dtype: DTypeLike) -> int:
    """Bytes of an array."""
    return prod(shape) * np.dtype(dtype).itemsize


def _absolute(files: Sequence[Path]) -> Iterator[str]:
    """The files' absolute paths, links not followed; a folder is asked for its own once."""
    folders: dict[str, str] = {}
    for file in files:
        above, slash, name = str(file).rpartition(os.sep)
        if (folder := above + slash) not in folders:
            folders[folder] = os.path.join(os.path.abspath(folder), "")  # noqa: PTH100, PTH118 - no Path ends in a slash
        yield folders[folder] + name


def _state(file: Path) -> str:
    try:
        status = os.stat(file)  # noqa: PTH116 - Path.stat takes half as long again
    except (OSError, ValueError) as error:
        return type(error).__name__
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"


def _fits(size: int) -> bool:
    return size <= MEMORY_SHARE * memory.physical_memory()


def _open(folder: Path) -> Entry | None:
    """The entry, verified; None where there is none or it is damaged."""
    try:
        text = (folder / "about.json").read_text()
        sealed = json.loads(text)
        about = sealed["about"]
        shape, dtype = tuple(about["shape"]), np.dtype(about["dtype"])
        size = (folder / "pixels").stat().st_size
        if sealed["sha256"] != _seal(about) or size != _size(shape, dtype):
            return None
        pixels = _read(folder / "pixels", shape, dtype)
        if not isinstance(pixels, np.memmap) and _checksum(pixels) != about["crc32"]:
            return None
        os.utime(folder / "about.json")  # used now
        return Entry(pixels, [(position, reason) for position, reason in about["skipped"]])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _read(file: Path, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    if prod(shape) == 0:
        return np.empty(shape, dtype)
    if _fits(_size(shape, dtype)):
        return np.fromfile(file, dtype).reshape(shape)
    return np.memmap(file, dtype, mode="c", shape=shape)  # copy on write: torch warns of read-only arrays


def _keep(folder: Path, entry: Entry) -> None:
    """Store an entry; if that fails (full disk, folder not writable), the next run decodes again, no more."""
    try:
        unfinished = _begin(folder)
    except OSError:
        return
    try:
        with ThreadPoolExecutor(1) as aside, (unfinished / "pixels").open("wb") as file:
            checksum = aside.submit(_checksum, entry.pixels)  # while the disk is written
            entry.pixels.tofile(file)
            _flush(file)
        _describe(unfinished, entry, checksum.result())
        _put_in_place(unfinished, folder)
    except OSError:
        pass
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _make_mapped(folder: Path, shape: tuple[int, ...], fill: Fill, dtype: DTypeLike) -> Entry:
    unfinished, size = None, _size(shape, dtype)
    try:
        unfinished = _begin(folder)
        with (unfinished / "pixels").open("wb+") as file:
            system.reserve(file, size)
            rows = np.memmap(file, dtype, mode="r+", shape=shape)
            skipped = fill(rows)
            rows.flush()
            pixels = rows[: len(rows) - len(skipped)]
            kept = pixels.nbytes
            _describe(unfinished, Entry(pixels, skipped), _checksum(pixels))
            del rows, pixels  # Windows cuts off no file that is mapped
            file.truncate(kept)
            _flush(file)
        _put_in_place(unfinished, folder)
    except OSError as error:
        raise DataError(
            f"the samples take {size / 1e9:.1f} GB, more than memory should hold, "
            f"and the cache folder {home()} cannot take them: {error.strerror or error}.\n"
            "  Make room, set CONVSCOPE_CACHE to another disk, or choose a smaller size."
        ) from error
    finally:
        if unfinished:
            shutil.rmtree(unfinished, ignore_errors=True)
    entry = _open(folder)
    if entry is None:
        raise DataError(f"the cache entry {folder} was changed while it was made.\n  Run again.")
    return entry


def _begin(folder: Path) -> Path:
    """A folder of this process's own beside the one to be."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    _tidy(folder.parent)
    return Path(tempfile.mkdtemp(prefix=f"{folder.name}.", suffix=".unfinished", dir=folder.parent))


def _describe(unfinished: Path, entry: Entry, checksum: int) -> None:
    pixels = entry.pixels
    about = {
        "shape": pixels.shape,
        "dtype": str(pixels.dtype),
        "crc32": checksum,
        "skipped": entry.skipped,
    }
    with (unfinished / "about.json").open("w") as file:
        json.dump({"about": about, "sha256": _seal(about)}, file)
        _flush(file)


def _put_in_place(unfinished: Path, folder: Path) -> None:
    if _open(folder) is None:  # else another process was faster, with the same samples
        shutil.rmtree(folder, ignore_errors=True)  # damaged, or not there
        unfinished.rename(folder)


def _seal(about: dict) -> str:
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def _checksum(pixels: np.ndarray) -> int:
    flat = pixels.reshape(-1).view(np.uint8).data
    checksum = 0
    for start in range(0, len(flat), BLOCK):
        checksum = zlib.crc32(flat[start : start + BLOCK], checksum)
    return checksum


def _flush(file) -> None:  # noqa: ANN001 - text or binary
    file.flush()
    os.fsync(file.fileno())


def _tidy(folder: Path) -> None:
    """Remove what killed processes left, and the entries used longest ago beyond LARGEST."""
    total = 0
    for entry in sorted(folder.iterdir(), key=_last_used, reverse=True):
        age = time.time() - _last_used(entry)
        total += sum(file.stat().st_size for file in entry.iterdir()) if entry.is_dir() else 0
        if total > LARGEST if not entry.name.endswith(".unfinished") else age > ABANDONED:
            shutil.rmtree(entry, ignore_errors=True)


def _last_used(entry: Path) -> float:
    about = entry / "about.json"
    try:
        return (about if about.exists() else entry).stat().st_mtime
    except OSError:  # removed by another process meanwhile
        return 0.0
