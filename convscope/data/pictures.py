"""Many picture files to one uint8 tensor: size and channels chosen, decoded in parallel once, cached.

Threads, not processes: Pillow lets go of Python's lock while it reads, decodes and resizes, so two threads
decode as fast as two processes, and there is nothing to start.
"""

import os
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import DTypeLike
from torch import Tensor

from convscope.data import cache, memory
from convscope.data.dataset import DataSettings, Skipped
from convscope.data.decode import BadPicture, Header, decode, header
from convscope.data.resize import demand_grey_or_colour
from convscope.errors import DataError
from convscope.progress import track

__all__ = ["cached", "choose", "decode", "each", "read", "spread"]

CHUNK = 32  # files a thread takes at once
SAMPLE = 1000  # headers looked at to choose a size
GREY_SAMPLE = 100  # pictures decoded to see whether they are grey
SIDES = (
    (2_000, 128),
    (20_000, 96),
)  # up to so many pictures: so many pixels a side; more pictures: LEAST_SIDE
LEAST_SIDE = 64  # pictures up to this size keep it

Result = TypeVar("Result")


def read(
    files: Sequence[Path], settings: DataSettings, root: Path | None = None
) -> tuple[Tensor, list[Skipped], list[int]]:
    """Decode files into one tensor, or take it from the cache where the same files were decoded before.

    Args:
        files: picture files, in the order of the rows.
        settings: `size` and `channels` must be set.
        root: folder that the names of skipped files are given relative to.

    Returns:
        Pictures, uint8 (sample, channel, height, width); the files left out, each with its reason; and for
        each sample the position of its file in `files`, ascending.
    """
    if settings.size is None or settings.channels is None:
        raise DataError(
            "the size and the channels of the pictures are not set.\n  Call pictures.choose first."
        )
    height, width = settings.size
    shape = (len(files), settings.channels, height, width)
    one = partial(decode, size=(height, width), channels=settings.channels, fit=settings.fit)
    key = cache.key(files, {"size": shape[1:], "fit": settings.fit})
    return cached(files, one, key, shape, root)


def cached(
    files: Sequence[Path],
    one: Callable[[Path], np.ndarray],
    key: str,
    shape: tuple[int, ...],
    root: Path | None = None,
    dtype: DTypeLike = np.uint8,
) -> tuple[Tensor, list[Skipped], list[int]]:
    """Take decoded samples from the cache, or decode the files in threads; returns what `read` does.

    Args:
        files: in the order of the rows.
        one: decodes a file to (channel, *space), or raises BadPicture.
        key: name in the cache, see `cache.key`.
        shape: (file, channel, *space).
        root: folder that the names of skipped files are given relative to.
        dtype: of the samples.
    """
    entry = cache.through(key, shape, lambda rows: _decode_all(files, one, rows), dtype)
    skipped = [Skipped(shown(files[position], root), reason) for position, reason in entry.skipped]
    left_out = {position for position, _ in entry.skipped}
    kept = [position for position in range(len(files)) if position not in left_out]
    return torch.from_numpy(entry.pixels), skipped, kept


def choose(files: Sequence[Path], settings: DataSettings) -> tuple[DataSettings, list[str]]:
    """Fill in the `size` and `channels` that the person left open, from a sample of the files.

    Returns:
        The settings, complete, and a sentence on each choice made.
    """
    demand_grey_or_colour(settings)
    remarks = []
    if settings.size is None:
        size, why = _size(files)
        settings = settings.model_copy(update={"size": size})
        remarks.append(f"pictures are brought to {size[0]} × {size[1]} px (height × width): {why}")
    elif len(settings.size) != 2 or min(settings.size) < 1:
        raise DataError(f"pictures need a size of (height, width), each at least 1; got {settings.size}.")
    if settings.channels is None:
        channels = 1 if _all_grey(files) else 3
        settings = settings.model_copy(update={"channels": channels})
        remarks.append(f"pictures are read in {'grey' if channels == 1 else 'colour'}, as they are")
    return settings, remarks


def each(
    function: Callable[[Path], Result], files: Sequence[Path], what: str = ""
) -> Iterator[Result | BadPicture]:
    """Call a function of Pillow's kind for each file, in threads; results come in the order of the files.

    A BadPicture that the function raises comes as a result. With `what`, progress is shown under this name.
    """
    chunks = (files[start : start + CHUNK] for start in range(0, len(files), CHUNK))
    pool = ThreadPoolExecutor(memory.cores())
    try:
        with _quiet_pillow():
            results = (result for chunk in _ahead(pool, _attempts(function), chunks) for result in chunk)
            yield from track(results, what, total=len(files)) if what else results
    finally:
        pool.shutdown(cancel_futures=True)  # after Ctrl-C nobody waits for what has not begun


def shown(file: Path, root: Path | None) -> str:
    """A file's name relative to the root, where it lies below it."""
    name, above = str(file), f"{root}{os.sep}"  # as texts: Path.relative_to takes ten times as long
    return name.removeprefix(above) if root else name


def printable(name: str) -> str:
    """A file's name on one line of a terminal, whatever characters it is made of.

    >>> printable("two" + chr(10) + "lines.png") == "two" + chr(92) + "nlines.png"
    True
    """
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in name)


def _decode_all(
    files: Sequence[Path], one: Callable[[Path], np.ndarray], rows: np.ndarray
) -> list[tuple[int, str]]:
    """Fill `rows` from the start with the pictures that can be decoded: (position, reason) of the others."""
    skipped = []
    for position, result in enumerate(each(one, files, "decoding")):
        if isinstance(result, BadPicture):
            skipped.append((position, result.reason))
        else:
            rows[position - len(skipped)] = result
    return skipped


def _attempts(function: Callable[[Path], Result]) -> Callable[[Sequence[Path]], list[Result | BadPicture]]:
    def attempt(file: Path) -> Result | BadPicture:
        try:
            return function(file)
        except BadPicture as error:
            return error

    return lambda files: [attempt(file) for file in files]


def _ahead(pool: ThreadPoolExecutor, function: Callable, chunks: Iterator) -> Iterator:
    """Like pool.map, but only a few chunks ahead, so that finished pictures do not pile up in memory."""
    waiting = deque()
    for chunk in chunks:
        waiting.append(pool.submit(function, chunk))
        if len(waiting) > 4 * memory.cores():
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


@contextmanager
def _quiet_pillow() -> Iterator[None]:
    """Keep Pillow from printing warnings on damaged EXIF and large pictures: both are dealt with by name.

    Around the threads, not in them: the list of filters belongs to the process.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        yield


def spread(files: Sequence[Path], count: int) -> Sequence[Path]:
    """Take at most `count` files, evenly spread."""
    return files if len(files) <= count else [files[i * len(files) // count] for i in range(count)]


def _size(files: Sequence[Path]) -> tuple[tuple[int, int], str]:
    """A (height, width) that two processor cores can train on from scratch, and the reason in words."""
    heads = [head for head in each(header, spread(files, SAMPLE)) if isinstance(head, Header)]
    if not heads:
        raise DataError(f"none of the {len(files)} pictures can be read.\n  {_first_reason(files)}")
    sizes = {(head.height, head.width) for head in heads}
    side = round(median(max(head.height, head.width) for head in heads))
    most = next((limit for count, limit in SIDES if len(files) <= count), LEAST_SIDE)
    if side <= LEAST_SIDE:
        scale, why = 1.0, "their own size" if len(sizes) == 1 else "the median of their longer sides"
    else:
        scale = min(1.0, most / side)
        why = f"{len(files):,} pictures of {side} px (longer side, median) train in reasonable time there"
    height, width = sizes.pop() if len(sizes) == 1 else (side, side)
    return (max(1, round(height * scale)), max(1, round(width * scale))), why


def _first_reason(files: Sequence[Path]) -> str:
    return next((str(bad) for bad in each(header, files[:1]) if isinstance(bad, BadPicture)), "")


def _all_grey(files: Sequence[Path]) -> bool:
    """Whether a sample of the pictures shows no colour, whatever their mode: grey is often saved as RGB."""
    for picture in each(lambda file: decode(file, (32, 32), 3, "stretch"), spread(files, GREY_SAMPLE)):
        if isinstance(picture, np.ndarray) and int(np.ptp(picture, axis=0).max()) > 2:
            return False
    return True
