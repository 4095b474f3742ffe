"""What has been predicted so far, beside the file that it will become: a kill costs the piece at work alone.

A journal is a line that says what it is of, then a record a piece: its length, its checksum, its content.
Records are only ever added. One that a kill (or a full disk) has left half written is cut off before the
next, so each sample is there once, whenever the end came.
"""

import json
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from struct import Struct
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from convscope import system
from convscope.errors import DataError

MAGIC = b"convscope predictions 1 "
FRAME = Struct("<QI")  # bytes of a record's content, and their CRC-32
KEPT = "What was predicted so far is kept there. Make room, and the same command goes on."
BINARY = getattr(os, "O_BINARY", 0)  # of Windows
HEAD = Struct("<IIII")  # bytes of the part that is JSON; rows, choices, whether they are values


class AnsweredPiece(NamedTuple):
    """What was said of some samples that follow each other.

    Attributes:
        names: where each came from.
        truth: the class or value of each, where it is known; else None.
        choices: (sample, k): the likeliest classes, int32; (sample, 0) of values.
        figures: (sample, k): their probabilities; (sample, 1) of values; float64.
        skipped: [name, reason] of what was left out before and between them.
        remarks: sentences on them.
        end: the stream, and the position in it, where the next piece begins.
    """

    names: Sequence[str]
    truth: Sequence[Any]
    choices: np.ndarray
    figures: np.ndarray
    skipped: Sequence[Sequence[str]]
    remarks: Sequence[str]
    end: tuple[int, int, int]

    @property
    def size(self) -> int:
        """Inputs that are behind with it."""
        return len(self.names) + len(self.skipped)

    def content(self) -> bytes:
        """As a record."""
        told = [self.names, self.truth, self.skipped, self.remarks, self.end]
        words = json.dumps(told).encode()
        rows, width = self.figures.shape
        head = HEAD.pack(len(words), rows, width, self.choices.shape[1])
        return head + words + self.choices.astype("<i4").tobytes() + self.figures.astype("<f8").tobytes()

    @classmethod
    def of(cls, content: bytes) -> "AnsweredPiece":
        """From a record."""
        length, rows, width, chosen = HEAD.unpack_from(content)
        names, truth, skipped, remarks, end = json.loads(content[HEAD.size : HEAD.size + length])
        start = HEAD.size + length
        choices = np.frombuffer(content, "<i4", rows * chosen, start).reshape(rows, chosen)
        figures = np.frombuffer(content, "<f8", rows * width, start + choices.nbytes).reshape(rows, width)
        return cls(names, truth, choices, figures, skipped, remarks, (end[0], end[1], end[2]))


class Journal:
    """An open journal.

    Attributes:
        path: of its file.
        other: whether it was of other work until now.
    """

    def __init__(self, path: Path, file: BinaryIO, key: str) -> None:
        self.path, self._file = path, file
        line = MAGIC + key.encode() + b"\n"
        self._start = len(line)
        file.seek(0)
        known, first = bool(key), file.readline(self._start)
        self.other = first.endswith(b"\n") and not (known and first == line)
        if not (known and first == line):
            file.seek(0)
            file.truncate()
            file.write(line)
        self._end = self._whole()
        file.truncate(self._end)

    @property
    def size(self) -> int:
        """Bytes of all records."""
        return self._end - self._start

    def add(self, answers: AnsweredPiece) -> None:
        """Put a record behind the others.

        Raises:
            DataError: no space left …; those before it stay.
        """
        content = answers.content()
        with _failing(self.path, KEPT):
            self._file.seek(self._end)
            left = memoryview(FRAME.pack(len(content), zlib.crc32(content)) + content)
            while left:  # a disk that is nearly full takes a part
                left = left[self._file.write(left) :]
            self._end = self._file.tell()

    def __iter__(self) -> Iterator[AnsweredPiece]:
        """All records, one at a time in memory."""
        return (AnsweredPiece.of(content) for content, _ in self._contents(self._end))

    def _whole(self) -> int:
        """Where the last whole record ends."""
        ends = (end for _, end in self._contents(self._file.seek(0, 2)))
        return max(ends, default=self._start)

    def _contents(self, end: int) -> Iterator[tuple[bytes, int]]:
        """The content of each whole record, and where it ends."""
        place = self._start
        while place + FRAME.size <= end:
            self._file.seek(place)
            length, checksum = FRAME.unpack(self._file.read(FRAME.size))
            if place + FRAME.size + length > end:
                return
            content = self._file.read(length)
            if zlib.crc32(content) != checksum:
                return
            place += FRAME.size + length
            yield content, place


def beside(path: Path) -> Path:
    """Where the journal of an output lies."""
    return path.with_name(f"{path.name}.part")


@contextmanager
def opened(path: Path, key: str) -> Iterator[Journal]:
    """The journal of an output, held against other processes; that of other work begins anew.

    Args:
        path: of the output.
        key: what the work is; "": it cannot be gone on with.

    Raises:
        DataError: something else is called so, another process writes it, or it cannot be written.
    """
    place = beside(path)
    if place.is_symlink() or (place.exists() and not place.is_file()):
        raise _in_the_way(place)
    with _failing(place, "Give another path."):
        file = os.fdopen(os.open(place, os.O_RDWR | os.O_CREAT | BINARY, 0o666), "r+b", buffering=0)
    with file:
        if not system.hold_file(file):
            raise DataError(f"{path} is being written by another convscope.\n  Wait until it ends.")
        head = file.read(len(MAGIC))
        if head and not (head.startswith(MAGIC) or MAGIC.startswith(head)):
            raise _in_the_way(place)
        with _failing(place, "Make room, or give another path."):
            journal = Journal(place, file, key)
        yield journal


@contextmanager
def _failing(place: Path, advice: str) -> Iterator[None]:
    """A full disk, or another reason of the system's, in words."""
    try:
        yield
    except OSError as error:
        raise DataError(f"{place} cannot be written: {error.strerror or error}.\n  {advice}") from error


def _in_the_way(place: Path) -> DataError:
    return DataError(
        f"{place} is needed to write what is not finished yet, and is something else.\n"
        "  Move it away, or give another path."
    )
