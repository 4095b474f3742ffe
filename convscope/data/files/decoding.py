"""Many files to one tensor: decoded in parallel once, cached.

Many files are decoded by copies of this process (see workers.py), few of them, and all where there may be no
copies, by threads: Pillow lets go of Python's lock while it reads, decodes and resizes.
"""

import logging
import os
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import DTypeLike
from torch import Tensor

from convscope.data.dataset import Skipped
from convscope.data.files import cache, workers
from convscope.errors import BadFile
from convscope.progress import track
from convscope.system import cores

CHUNK = 32  # files a thread takes at once, at most

Item = TypeVar("Item")
Result = TypeVar("Result")


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
        one: decodes a file to (channel, *space), or raises BadFile.
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


def each(
    function: Callable[[Item], Result], files: Sequence[Item], what: str = ""
) -> Iterator[Result | BadFile]:
    """Call a function of Pillow's kind for each file, in threads; results come in the order of the files.

    A BadFile that the function raises comes as a result. With `what`, progress is shown under this name.
    """
    size = max(1, min(CHUNK, len(files) // (4 * cores())))  # who stops at the first results waits for few
    chunks = (files[start : start + size] for start in range(0, len(files), size))
    pool = ThreadPoolExecutor(cores())
    try:
        with quiet():
            results = (result for chunk in _ahead(pool, _attempts(function), chunks) for result in chunk)
            yield from track(results, what, total=len(files)) if what else results
    finally:
        pool.shutdown(cancel_futures=True)  # after Ctrl-C nobody waits for what has not begun


def shown(file: Path, root: Path | None) -> str:
    """A file's name relative to the root, where it lies below it."""
    name, above = str(file), f"{root}{os.sep}"  # as texts: Path.relative_to takes ten times as long
    return name.removeprefix(above) if root else name


def _decode_all(
    files: Sequence[Path], one: Callable[[Path], np.ndarray], rows: np.ndarray
) -> list[tuple[int, str]]:
    """Fill `rows` from the start with the pictures that can be decoded: (position, reason) of the others."""
    if workers.worth(len(files)):
        with suppress(workers.Gone):
            return _by_copies(files, one, rows)
    skipped = []
    for position, result in enumerate(each(one, files, "decoding")):
        if isinstance(result, BadFile):
            skipped.append((position, result.reason))
        else:
            rows[position - len(skipped)] = result
    return skipped


def _by_copies(
    files: Sequence[Path], one: Callable[[Path], np.ndarray], rows: np.ndarray
) -> list[tuple[int, str]]:
    with quiet():
        found = track(workers.fill(files, one, rows), "decoding", total=len(files))
        skipped = sorted((position, reason) for position, reason in found if reason is not None)
    ends = [*(position for position, _ in skipped), len(files)]
    for gaps, (gap, end) in enumerate(pairwise(ends), 1):
        for start in range(gap + 1, end, CHUNK):  # in pieces: where they overlap, numpy copies them first
            piece = rows[start : min(start + CHUNK, end)]
            rows[start - gaps : start - gaps + len(piece)] = piece
    return skipped


def _attempts(function: Callable[[Item], Result]) -> Callable[[Sequence[Item]], list[Result | BadFile]]:
    def attempt(file: Item) -> Result | BadFile:
        try:
            return function(file)
        except BadFile as error:
            return error

    return lambda files: [attempt(file) for file in files]


def _ahead(pool: ThreadPoolExecutor, function: Callable, chunks: Iterator) -> Iterator:
    """Like pool.map, but only a few chunks ahead, so that finished pictures do not pile up in memory."""
    waiting = deque()
    for chunk in chunks:
        waiting.append(pool.submit(function, chunk))
        if len(waiting) > 4 * cores():
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


@contextmanager
def quiet() -> Iterator[None]:
    """Keep libraries from printing what they find odd in a file: what matters is checked here, by name.

    Around the threads, not in them: filters and loggers belong to the process.
    """
    loggers = [logging.getLogger(name) for name in ("pydicom", "nibabel.global", "PIL.TiffImagePlugin")]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"(PIL|nibabel|pydicom)\.")
            warnings.filterwarnings("ignore", message=r".* is multi-threaded, use of fork")  # see workers.py
            warnings.filterwarnings("ignore", message="Reading `.npy`")
            yield
    finally:
        for logger, was in zip(loggers, before, strict=True):
            logger.disabled = was


def spread(files: Sequence[Path], count: int) -> Sequence[Path]:
    """Take at most `count` files, evenly spread."""
    return files if len(files) <= count else [files[i * len(files) // count] for i in range(count)]
