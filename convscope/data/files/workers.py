"""Copies of this process that fill the rows of one array, each with the samples of a few files at a time.

Threads wait for each other while Python itself works, a fifth of the time that a small picture takes. A copy
(fork) has all that this process has imported, so no program starts again and only numbers of rows are sent.
It shares the array's memory, touches neither torch nor its threads, heeds no Ctrl-C, and ends when this
process does: nobody sends anything any more.
"""

import gc
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import cycle, islice
from math import prod
from multiprocessing import connection, current_process, get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import DTypeLike

from convscope import system
from convscope.errors import BadFile

FEWEST = 500  # files; threads have read fewer before copies are there
CHUNK = 32  # files that a copy takes at once
AHEAD = 2  # chunks that wait for a copy, so that it never waits for one

Item = TypeVar("Item")
Chunk = Callable[[int], list[str | None]]  # the first row of it → for each row why it stays empty, if so


class Gone(Exception):  # noqa: N818 - what happened to a copy
    """A copy could not be made, or ended before its work was done."""


def array(shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
    """An array for `fill`, yet to be filled: in memory that copies share, where so much is worth them."""
    if not worth(shape[0]) or not prod(shape):
        return np.empty(shape, dtype)
    return np.frombuffer(system.shared(prod(shape) * np.dtype(dtype).itemsize), dtype).reshape(shape)


def worth(count: int) -> bool:
    """Whether copies read so many files faster, and there may be some."""
    return count >= FEWEST and system.cores() > 1 and system.forks() and not current_process().daemon


def fill(
    files: Sequence[Path], one: Callable[[Path], np.ndarray], rows: np.ndarray
) -> Iterator[tuple[int, str | None]]:
    """Put the sample of each file into its row; for each, in no order, why it could not be, or None.

    Args:
        files: as many as there are rows.
        one: gives a sample, or raises BadFile.
        rows: of `array`, or mapped from a file.

    Raises:
        Gone: as it says; some rows may be filled. Also if `one` raises anything else.
    """

    def chunk(start: int) -> list[str | None]:
        return [_put(file, one, rows, row) for row, file in enumerate(files[start : start + CHUNK], start)]

    with _copies(chunk) as ends:
        for start, found in _dealt(ends, range(0, len(files), CHUNK)):
            yield from enumerate(found, start)


def stream(
    files: Sequence[Item], one: Callable[[Item], np.ndarray], rows: np.ndarray, size: int
) -> Iterator[list[str | None]]:
    """Samples of any number of files, `size` at a time, in their order; the rows are used again and again.

    Args:
        files: whatever `one` takes.
        one: gives a sample, or raises BadFile.
        rows: of `array`, for several times `size` samples. File n is in row n % len(rows) until the next
            are asked for.
        size: a multiple of CHUNK.

    Yields:
        For each of `size` files why it could not be read, or None.

    Raises:
        Gone: as `fill`; of those that were given nothing is lost.
    """

    def chunk(start: int) -> list[str | None]:
        some = files[start : start + CHUNK]
        return [_put(file, one, rows, row % len(rows)) for row, file in enumerate(some, start)]

    with _copies(chunk) as ends:
        left, done, next_one = iter(range(0, len(files), CHUNK)), {}, cycle(ends)
        for first in range(0, len(files), size):
            for start in islice(left, (size if first else len(rows)) // CHUNK):
                next(next_one).send(start)
            wanted = range(first, min(first + size, len(files)), CHUNK)
            while not all(start in done for start in wanted):
                for end in connection.wait(ends):
                    assert isinstance(end, Connection)
                    done.update([end.recv()])
            yield [reason for start in wanted for reason in done.pop(start)]


@contextmanager
def _copies(chunk: Chunk) -> Iterator[list[Connection]]:
    """The lines to as many copies as there are cores, which end with this."""
    copies = []
    try:
        for _ in range(system.cores()):
            copies.append(_copy(chunk))  # noqa: PERF401 - those that are made are ended
        yield [end for _, end in copies]
    except (OSError, EOFError, ImportError) as error:
        raise Gone from error
    finally:
        for process, end in copies:
            end.close()
            process.kill()
            process.join()


def _put(file: Item, one: Callable[[Item], np.ndarray], rows: np.ndarray, row: int) -> str | None:
    try:
        rows[row] = one(file)
    except BadFile as error:
        return error.reason
    return None


def _copy(chunk: Chunk) -> tuple:
    """A copy of this process at work, and the end of the line to it."""
    context = get_context("fork")
    mine, its = context.Pipe()
    process = context.Process(target=_work, args=(chunk, its, mine), daemon=True)
    process.start()
    its.close()
    return process, mine


def _work(chunk: Chunk, end: Connection, other: Connection) -> None:
    """What a copy does, until the other end is closed."""
    other.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.freeze()  # looking through what is shared would copy it
    with suppress(Exception):  # the rows are read anew where it happened, and it is told there
        while True:
            start = end.recv()
            end.send((start, chunk(start)))


def _dealt(ends: Sequence[Connection], starts: Sequence[int]) -> Iterator[tuple[int, list[str | None]]]:
    """What every chunk gave; a copy gets the next as soon as it has sent one."""
    left = iter(starts)
    for end in [*ends] * AHEAD:
        _send(end, left)
    for _ in starts:
        end = connection.wait(ends)[0]
        assert isinstance(end, Connection)
        yield end.recv()
        _send(end, left)


def _send(end: Connection, starts: Iterator[int]) -> None:
    if (start := next(starts, None)) is not None:
        end.send(start)
