"""Samples of any number of files, a piece at a time: what is read is forgotten before more is.

`reading.read` has all of them in memory; here of a million files no more is in it than their names. Many
pictures are decoded by copies of this process (see files/workers.py) while a piece is at work, everything
else by threads; a large file by itself.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from math import prod
from typing import NamedTuple

import numpy as np
import torch

from convscope.data.dataset import Skipped
from convscope.data.files import workers
from convscope.data.files.decoding import each
from convscope.data.reading import FileList, FoundFiles
from convscope.data.samples import Pile, Samples, SampleSpec, demand_scale, demand_shape
from convscope.errors import BadFile, ConvscopeError, DataError

MOST, BYTES = 64 * workers.CHUNK, 16 << 20  # samples of a piece; bytes of them
AHEAD = 3  # pieces that copies may have read before they are asked for
LARGE = 16 << 20  # bytes of a file that is read by itself: it may be many samples


class Position(NamedTuple):
    """How far the reading is: files that are behind, and samples of the next one."""

    files: int = 0
    rows: int = 0


class SamplePiece(NamedTuple):
    """Some samples that follow each other.

    Attributes:
        samples: at most MOST; with what was left out before and between them. None: nothing but that.
        skipped: what was left out.
        end: where the next piece begins.
        more: samples of the same file that follow.
    """

    samples: Samples | None
    skipped: tuple[Skipped, ...]
    end: Position
    more: int = 0


BEGINNING = Position()


def size_of(spec: SampleSpec) -> int:
    """Samples of a piece: a multiple of what a copy reads at once."""
    each_takes = 4 * prod(spec.shape)
    return max(1, min(MOST, BYTES // max(1, each_takes)) // workers.CHUNK) * workers.CHUNK


def counted(found: FileList) -> int | None:
    """How many samples there are; None where files may be many, which their names do not tell."""
    many = any(one.files.many or _is_large(one) for one in found.files)
    return None if many else len(found.files)


def pieces(found: FileList, spec: SampleSpec, start: Position = BEGINNING) -> Iterator[SamplePiece]:
    """Read the files from a position on; what cannot be used is left out, and said.

    Raises:
        DataError: the first samples are on another scale than those of training.
    """
    files = range(start.files, len(found.files))
    if start.rows == 0 and _by_copies(found.files[start.files :], spec):
        try:
            for piece in _copied(found, files, spec):
                files = range(piece.end.files, len(found.files))
                yield _on_scale(piece, spec)
        except workers.Gone:
            start = Position(files.start)
        else:
            return
    for piece in _threaded(found, files, start.rows, spec):
        yield _on_scale(piece, spec)


def in_memory(samples: Samples, spec: SampleSpec, start: Position = BEGINNING) -> Iterator[SamplePiece]:
    """Samples that are in memory (or mapped there), a piece at a time."""
    if start.files == 0:
        yield from _cut(samples, start.rows, size_of(spec), Position(), Position(1))


def _cut(samples: Samples, first: int, size: int, here: Position, end: Position) -> Iterator[SamplePiece]:
    """The samples of one file from a row on; `end` comes with the last of them."""
    count = len(samples.inputs)
    for row in range(first, count, size):
        last = row + size >= count
        some = slice(row, row + size)
        said = () if row else samples.remarks
        cut = Samples(samples.inputs[some], samples.names[some], samples.truth[some], (), said)
        skipped = samples.skipped if not row else ()
        behind = end if last else Position(here.files, row + size)
        yield SamplePiece(cut, skipped, behind, max(0, count - row - size))


def _on_scale(piece: SamplePiece, spec: SampleSpec) -> SamplePiece:
    """The piece, where its samples are on the scale of training; else they are all left out."""
    if piece.samples is None:
        return piece
    try:
        said = demand_scale(piece.samples.inputs, spec)
    except DataError as error:
        reason = str(error).splitlines()[0]
        left_out = tuple(Skipped(name, reason) for name in piece.samples.names)
        return SamplePiece(None, (*piece.skipped, *left_out), piece.end)
    remarks = tuple(dict.fromkeys((*piece.samples.remarks, *said)))
    return piece._replace(samples=piece.samples._replace(remarks=remarks))


def _by_copies(files: Sequence[FoundFiles], spec: SampleSpec) -> bool:
    """Whether copies of this process read them: small pictures, a sample each."""
    return spec.kind == "image" and workers.worth(len(files)) and not any(one.files.many for one in files)


def _copied(found: FileList, files: range, spec: SampleSpec) -> Iterator[SamplePiece]:
    size, shape = size_of(spec), tuple(spec.shape)
    dtype = np.dtype(spec.dtype)
    rows = workers.array((AHEAD * size, *shape), dtype) if AHEAD * size >= workers.FEWEST else None
    if rows is None:
        rows = workers.array((workers.FEWEST // size * size + size, *shape), dtype)
    some = found.files[files.start :]

    def one(file: FoundFiles) -> np.ndarray:
        samples = _single(file, spec)
        if len(samples.inputs) != 1 or samples.names[0] or samples.remarks or samples.truth[0] is not None:
            raise TypeError("threads read what is more than a picture")
        values = samples.inputs.numpy()
        if values.dtype != dtype or values.shape[1:] != shape:
            raise TypeError("threads read what is another thing")
        return values[0]

    for number, reasons in enumerate(workers.stream(some, one, rows, size)):
        first = number * size
        block = rows[first % len(rows) :][: len(reasons)]
        kept = [place for place, reason in enumerate(reasons) if reason is None]
        skipped = tuple(
            found.bad(some[first + place], reason)
            for place, reason in enumerate(reasons)
            if reason is not None
        )
        inputs = torch.from_numpy(block if len(kept) == len(reasons) else block[kept])
        named = [found.named(Samples(inputs[:0], [""], [None]), some[first + place], spec) for place in kept]
        names, truth = [one.names[0] for one in named], [one.truth[0] for one in named]
        samples = Samples(inputs, names, truth) if kept else None
        yield SamplePiece(samples, skipped, Position(files.start + first + len(reasons)))


def _single(one: FoundFiles, spec: SampleSpec) -> Samples:
    """What a file holds.

    Raises:
        BadFile: it cannot be used, for whatever reason.
    """
    try:
        samples = one.files.decode(one.file, spec)
        demand_shape(samples, spec, one.file.name)
    except BadFile:
        raise
    except ConvscopeError as error:
        raise BadFile(one.file, str(error).splitlines()[0]) from error
    return samples


def _threaded(found: FileList, files: range, row: int, spec: SampleSpec) -> Iterator[SamplePiece]:
    size, behind = size_of(spec), files.start
    pile, skipped = Pile(size), []
    for one, result in _results(found, files, spec):
        if isinstance(result, BadFile):
            skipped.append(found.bad(one, result.reason))
        elif len(result.inputs) - row > size - pile.rows:  # more than there is room for: by itself
            if pile.rows or skipped:
                yield _piled(pile, skipped, Position(behind))
            pile, skipped = Pile(size), []
            whole = found.named(result, one, spec)
            yield from _cut(whole, row, size, Position(behind), Position(behind + 1))
        else:
            pile.add(_behind(found.named(result, one, spec), row))
        behind, row = behind + 1, 0
        if pile.rows == size:
            yield _piled(pile, skipped, Position(behind))
            pile, skipped = Pile(size), []
    if pile.rows or skipped:
        yield _piled(pile, skipped, Position(behind))


def _behind(samples: Samples, row: int) -> Samples:
    if not row:
        return samples
    return Samples(samples.inputs[row:], samples.names[row:], samples.truth[row:])


def _piled(pile: Pile, skipped: Sequence[Skipped], end: Position) -> SamplePiece:
    samples = pile.whole() if pile.rows else None
    kept = samples.skipped if samples else ()
    return SamplePiece(samples and samples._replace(skipped=()), (*kept, *skipped), end)


def _results(
    found: FileList, files: range, spec: SampleSpec
) -> Iterator[tuple[FoundFiles, Samples | BadFile]]:
    """What each of the files holds; large ones are not read ahead."""
    some = found.files[files.start : files.stop]
    for large, together in groupby(some, _is_large):
        if large:
            for one in together:
                yield one, next(each(lambda file: _single(file, spec), [one]))
        else:
            small = list(together)
            yield from zip(small, each(lambda file: _single(file, spec), small), strict=True)


def _is_large(one: FoundFiles) -> bool:
    try:
        return one.file.stat().st_size > LARGE
    except OSError:
        return False
