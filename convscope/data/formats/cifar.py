"""CIFAR-10's binary version, as an archive or unpacked. The Python version is pickle and is never opened.

Format: https://www.cs.toronto.edu/~kriz/cifar.html — a byte of label, then 32 × 32 red, green, blue.
"""

import gzip
import tarfile
import zlib
from pathlib import Path

import numpy as np

from convscope.data.arrays import from_arrays
from convscope.data.dataset import Dataset, DataSettings
from convscope.data.files.format import Format
from convscope.errors import DataError

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
TRAIN = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
TEST = "test_batch.bin"
ARCHIVE, FOLDER = "cifar-10-binary.tar.gz", "cifar-10-batches-bin"
PICTURE = (3, 32, 32)  # channel, height, width
RECORD = 1 + 3 * 32 * 32  # bytes
PIECE = 1 << 20  # bytes
MOST = 10_000 * RECORD  # bytes of one file; a larger one is not CIFAR-10's


def recognises(path: Path) -> bool:
    """Whether the path is the archive, or a folder with the archive or its files."""
    return (path.name == ARCHIVE and path.is_file()) or any(
        (path / name).is_file() for name in (TEST, ARCHIVE)
    )


def load(path: Path, settings: DataSettings, strict: bool = False) -> Dataset:  # noqa: ARG001 - nothing to leave out
    """Read the six files, from the archive or the folder; test_batch.bin is the test part.

    Args:
        path: `cifar-10-binary.tar.gz`, or a folder that holds it or what it unpacks to.
        settings: `val` is held back from the five training files.
        strict: has no effect here: a damaged file is always refused.

    Returns:
        Inputs (sample, 3, 32, 32) uint8, training files first; ten classes with their names, alphabetical.

    Raises:
        DataError: a file is missing or damaged.
    """
    if path.is_dir() and not (path / TEST).is_file():
        path = path / ARCHIVE
    contents = _from_archive(path) if path.is_file() else _from_folder(path)
    missing = [name for name in (*TRAIN, TEST) if name not in contents]
    if missing:
        raise DataError(f"{path} lacks {', '.join(missing)}.\n  Get {ARCHIVE} again.")
    tables = [_records(contents[name], f"{path}: {name}") for name in (*TRAIN, TEST)]
    table = np.concatenate(tables)  # (sample, label and pixels)
    given = {"train": len(table) - len(tables[-1]), "test": len(tables[-1])}
    pictures = table[:, 1:].reshape(-1, *PICTURE)
    return from_arrays(pictures, table[:, 0], settings, given=given, classes=CLASSES, source=str(path))


def _from_archive(path: Path) -> dict[str, bytes]:
    """Read the files that we know by name, without unpacking anything to disk."""
    contents = {}
    try:
        with gzip.open(path) as content, tarfile.open(fileobj=content, mode="r|") as archive:
            for member in archive:
                name = member.name.rpartition("/")[2]
                if (
                    name in (*TRAIN, TEST)
                    and member.isfile()
                    and member.size <= MOST
                    and (file := archive.extractfile(member))
                ):
                    contents[name] = file.read()
            while content.read(PIECE):  # to the end, where gzip keeps its checksum
                pass
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} is damaged or incomplete: {error}.\n  Get it again.") from error
    return contents


def _from_folder(path: Path) -> dict[str, bytes]:
    found = [path / name for name in (*TRAIN, TEST)]
    return {file.name: file.read_bytes() for file in found if file.is_file() and file.stat().st_size <= MOST}


def _records(content: bytes, what: str) -> np.ndarray:
    """(record, label and pixels), uint8."""
    if not content or len(content) % RECORD:
        raise DataError(
            f"{what} has {len(content):,} bytes; expected a multiple of {RECORD:,}: it is damaged.\n"
            f"  Get {ARCHIVE} again."
        )
    return np.frombuffer(content, np.uint8).reshape(-1, RECORD)


FORMAT = Format(what="CIFAR-10's binary version, as archive or folder", recognises=recognises, load=load)
