"""The four IDX files of MNIST and its relatives, gzipped or not; EMNIST's have the name of the set in front.

Format: http://yann.lecun.com/exdb/mnist/ — two zero bytes, the type of the numbers, the number of axes, one
big-endian 32-bit size an axis, then the numbers, last axis fastest.
"""

import re
import zlib
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import NamedTuple

import numpy as np

from convscope.data.array_samples import of_file_array
from convscope.data.arrays import from_arrays
from convscope.data.dataset import Dataset, DataSettings
from convscope.data.files import beside
from convscope.data.files.format import Claim, Files, Format
from convscope.data.formats import emnist
from convscope.data.formats.array_files import demand_meaning
from convscope.data.memory import refuse_too_large
from convscope.data.samples import ANY, Samples, SampleSpec
from convscope.errors import DataError
from convscope.shapes import show

STEMS = ("train-images", "train-labels", "t10k-images", "t10k-labels")
NAME = re.compile(
    r"(?:(?P<set>.+)-)?(?P<part>train|t10k|test)-(?P<what>images|labels)[-.]idx(?P<axes>[13])-ubyte(\.gz)?"
)
FOLDERS = ("", "raw", "MNIST/raw")  # the last two are torchvision's
TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
GZIP = b"\x1f\x8b"
MOST_GZIP_SAVES = 1032  # one bit cannot stand for more than this many bits in deflate
CHUNK = 1 << 18  # bytes; small enough that what comes out of it stays in the processor's cache


class IdxHeader(NamedTuple):
    """What an IDX file says of itself."""

    path: Path
    dtype: np.dtype
    shape: tuple[int, ...]
    length: int  # bytes of the header


def sets(folder: Path) -> dict[str, dict[str, Path]]:
    """The files in a folder or torchvision's sub-folders of it: name of a set ("" for MNIST) → stem → file.

    Plain files come before gzipped ones.
    """
    for place in FOLDERS:
        found: dict[str, dict[str, Path]] = {}
        for file in sorted((folder / place).glob("*-ubyte*")):
            if (named := _named(file)) and file.is_file():
                found.setdefault(named[0], {}).setdefault(named[1], file)
        if found:
            return found
    return {}


def _named(file: Path) -> tuple[str, str] | None:
    """The set and the stem that a file's name tells.

    >>> _named(Path("train-images-idx3-ubyte.gz")), _named(Path("emnist-letters-test-labels-idx1-ubyte"))
    (('', 'train-images'), ('emnist-letters', 't10k-labels'))
    """
    found = NAME.fullmatch(file.name)
    if found is None or (found["axes"] == "3") != (found["what"] == "images"):
        return None
    part = "t10k" if found["part"] == "test" else found["part"]
    return found["set"] or "", f"{part}-{found['what']}"


def recognises(path: Path) -> bool:
    """Whether the folder holds any of the four files, or this is one of them."""
    return _named(path) is not None if path.is_file() else path.is_dir() and bool(sets(path))


def load(path: Path, settings: DataSettings, strict: bool = False) -> Dataset:  # noqa: ARG001 - nothing to leave out
    """Read the four files; the t10k files are the test part, in their own order.

    Args:
        path: the folder that holds them; where they are of several sets, a file of one of these.
        settings: `val` is held back from the training files.
        strict: has no effect here: a damaged IDX file is always refused.

    Returns:
        Inputs (sample, 1, height, width), training files first; uint8 stays uint8.

    Raises:
        DataError: a file is missing, damaged, or does not go with the others.
    """
    demand_meaning(settings, path)
    name, found = _set(path)
    missing = [stem for stem in STEMS if stem not in found]
    if missing:
        raise DataError(
            f"{path} holds {', '.join(file.name for file in found.values())} but no {', '.join(missing)}.\n"
            "  Put all four IDX files (train and t10k, images and labels) into one folder."
        )
    heads = {stem: header(found[stem]) for stem in STEMS}
    _check_match(heads)
    images, labels = (_joined(heads, what) for what in ("images", "labels"))
    train = heads["train-labels"].shape[0]
    with ThreadPoolExecutor(4) as threads:  # zlib works outside Python's lock
        jobs = [
            threads.submit(read_into, heads[f"{part}-{what}"], array[rows])
            for part, rows in (("train", slice(train)), ("t10k", slice(train, None)))
            for what, array in (("images", images), ("labels", labels))
        ]
        for job in jobs:
            job.result()
    given = {"train": train, "test": len(labels) - train}
    data = from_arrays(*_read_by(name, found, images, labels), settings, given=given, source=str(path))
    turned = (emnist.TURNED,) if name.startswith(emnist.NAME) else ()
    rest = beside.rest_of(path, [found[stem].name for stem in STEMS]) if path.is_file() else ()
    return replace(data, remarks=(*rest, *turned, *data.remarks))


def samples(path: Path, spec: SampleSpec) -> Samples:
    """The pictures of one file, with the labels of the file that belongs to it, if that is there."""
    name, stem = _named(path) or ("", "")
    head = header(path)
    if len(head.shape) != 3:
        raise DataError(f"{path} holds labels, no pictures.\n  Give the file of the pictures.")
    files = sets(path.parent).get(name, {})
    images, labels = _array(head), None
    if (file := files.get(stem.replace("images", "labels"))) is not None:
        labels = _array(header(file))
    if labels is None or len(labels) != len(images):
        labels = None
    images, truth = _read_by(name, files, images, np.zeros(0) if labels is None else labels)
    found = of_file_array(images, spec, path.name)
    return found if labels is None else found._replace(truth=[str(label) for label in truth.tolist()])


def _set(path: Path) -> tuple[str, dict[str, Path]]:
    """The name and the files of the set that is meant."""
    if path.is_file():
        name = (_named(path) or ("",))[0]
        return name, sets(path.parent)[name]
    found = sets(path)
    if len(found) > 1:
        names = ", ".join(sorted(found))
        example = next(iter(next(iter(found.values())).values()))
        raise DataError(
            f"{path} holds several data sets: {names}.\n  Give the path of a file of one, such as {example}."
        )
    return next(iter(found.items()))


def _read_by(
    name: str, found: dict[str, Path], images: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """EMNIST's pictures upright, and its labels as characters; others as they are."""
    if not name.startswith(emnist.NAME):
        return images, labels
    table = next(iter(found.values())).parent / f"{name}-mapping.txt"
    if table.is_file():
        rows = [line.split() for line in table.read_text(encoding="ascii", errors="replace").splitlines()]
        characters = emnist.characters([row for row in rows if row], table)
        labels = emnist.named(labels, characters, table)
    return emnist.upright(images), labels


def _array(head: IdxHeader) -> np.ndarray:
    array = np.empty(head.shape, head.dtype)
    read_into(head, array)
    return array


def _check_match(heads: dict[str, IdxHeader]) -> None:
    for part in ("train", "t10k"):
        images, labels = heads[f"{part}-images"], heads[f"{part}-labels"]
        if len(images.shape) != 3 or len(labels.shape) != 1:
            wrong, axes = (images, 3) if len(images.shape) != 3 else (labels, 1)
            raise DataError(
                f"{wrong.path} has {len(wrong.shape)} axes; expected {axes}.\n  Is it the right file?"
            )
        if images.shape[0] != labels.shape[0]:
            raise DataError(
                f"{images.path.name} holds {images.shape[0]:,} images, but {labels.path.name}"
                f" {labels.shape[0]:,} labels (in {images.path.parent}).\n  Take both from the same source."
            )
    train, test = heads["train-images"], heads["t10k-images"]
    if (train.shape[1:], train.dtype) != (test.shape[1:], test.dtype):
        raise DataError(
            f"{train.path.name} holds images of {show(train.shape[1:])} ({train.dtype.name}),"
            f" {test.path.name} of {show(test.shape[1:])} ({test.dtype.name}); in {train.path.parent}.\n"
            "  Take both from the same source."
        )


def _joined(heads: dict[str, IdxHeader], what: str) -> np.ndarray:
    train, test = heads[f"train-{what}"], heads[f"t10k-{what}"]
    return np.empty((train.shape[0] + test.shape[0], *train.shape[1:]), train.dtype)


def header(path: Path) -> IdxHeader:
    """Read type and sizes, and see that so much data can be in the file before any memory is asked for.

    Raises:
        DataError: not an IDX file, or its sizes cannot be true.
    """
    pieces = _pieces(path)
    start = b""
    for piece in pieces:
        start += piece
        if len(start) >= 4 + 4 * 255:
            break
    pieces.close()
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in TYPES or len(start) < 4 + 4 * start[3]:
        raise DataError(
            f"{path} is not an IDX file: it starts with {start[:4].hex(' ') or 'nothing'}.{ADVICE}"
        )
    shape = tuple(int(size) for size in np.frombuffer(start, ">u4", start[3], offset=4))
    head = IdxHeader(path, np.dtype(TYPES[start[2]]), shape, 4 + 4 * start[3])
    _check_size(head, gzipped=_is_gzip(path))
    return head


ADVICE = "\n  Get the file again, or take it out of the folder."


def _check_size(head: IdxHeader, gzipped: bool) -> None:
    wanted = head.length + prod(head.shape) * head.dtype.itemsize  # bytes
    size = head.path.stat().st_size
    if wanted > size * MOST_GZIP_SAVES if gzipped else wanted != size:
        raise DataError(
            f"{head.path} says that it holds {show(head.shape)} numbers ({wanted:,} bytes),"
            f" but has {size:,} bytes{' compressed' if gzipped else ''}: it is damaged or incomplete.{ADVICE}"
        )
    refuse_too_large(wanted, head.path)


def read_into(head: IdxHeader, out: np.ndarray) -> None:
    """Fill `out`, an array of the file's shape and type, with the file's numbers.

    Raises:
        DataError: there are fewer or more numbers than the header says, or the compressed data is damaged.
    """
    target = out.reshape(-1).view(np.uint8).data
    skip, done = head.length, 0
    for piece in _pieces(head.path):
        data = memoryview(piece)[skip:]
        skip -= len(piece) - len(data)
        if len(data) > len(target) - done:
            raise DataError(f"{head.path} holds more than its header says: it is damaged.{ADVICE}")
        target[done : done + len(data)] = data
        done += len(data)
    if done != len(target):
        raise DataError(f"{head.path} ends after {done:,} of {len(target):,} bytes of data.{ADVICE}")


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == GZIP


def _pieces(path: Path) -> Generator[bytes]:
    """Yield the file's content, decompressed where needed."""
    unpacked = _is_gzip(path)
    with path.open("rb") as file:
        if not unpacked:
            while piece := file.read(CHUNK):
                yield piece
            return
        # Faster by a third than gzip.open, which reads 8 KiB at a time
        stream = zlib.decompressobj(wbits=31)
        try:
            while piece := stream.unconsumed_tail or file.read(CHUNK):
                yield stream.decompress(piece, 4 * CHUNK)
        except zlib.error as error:
            raise DataError(f"{path} is damaged: {error}.{ADVICE}") from error
        if not stream.eof:
            raise DataError(f"{path} ends too early: it is incomplete.{ADVICE}")


def _ending(head: bytes) -> str:
    """Of a file of pictures; gzipped ones show it only when they are unpacked."""
    known = len(head) > 4 and head[:2] == b"\0\0" and head[2] in TYPES and head[3] == 3
    return "-train-images-idx3-ubyte" if known else ""


def _claim(path: Path) -> Claim:
    head = header(path)
    return Claim(head.shape[1:], head.dtype.name)


FORMAT = Format(
    what="the four IDX files of MNIST or its relatives (EMNIST too), in a folder",
    recognises=recognises,
    load=load,
    files=Files(
        one="IDX file",
        form="a picture of one channel",
        kinds=("image", ANY),
        takes=lambda path: path.is_file() and _named(path) is not None,
        ending=_ending,
        header=_claim,
        decode=samples,
        many=True,
    ),
)
