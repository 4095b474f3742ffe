"""CIFAR-10 and CIFAR-100, binary or for Python, as they come from their page: archives, or unpacked.

The version for Python is pickled; nothing in it is run, see `pickles`.

Format: https://www.cs.toronto.edu/~kriz/cifar.html — 32 × 32 red, green, blue; in the binary version behind a
byte of label, or of coarse and fine label.
"""

import gzip
import tarfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from convscope.data.array_samples import of_file_array
from convscope.data.arrays import from_arrays
from convscope.data.containers import pickles
from convscope.data.dataset import Dataset, DataSettings
from convscope.data.files import beside
from convscope.data.files.format import Claim, Files, Format
from convscope.data.formats.array_files import demand_meaning
from convscope.data.memory import refuse_too_large
from convscope.data.samples import ANY, Samples, SampleSpec
from convscope.errors import DataError

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
TRAIN = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
TEST = "test_batch.bin"
ARCHIVE, FOLDER = "cifar-10-binary.tar.gz", "cifar-10-batches-bin"
PICTURE = (3, 32, 32)  # channel, height, width
PIXELS = 3 * 32 * 32  # bytes
PIECE = 1 << 20  # bytes
MOST = 50_000 * (PIXELS + 2)  # bytes of one file; a larger one is not CIFAR's
LABELS = ("labels", "fine_labels")  # keys in a pickle
SHOWN = 10  # keys in a message


class Version(NamedTuple):
    """One form of the data."""

    folder: str  # where its archive puts it
    train: tuple[str, ...]
    test: str
    names: str  # the file of the classes' names
    label: int = 0  # bytes in front of the label, in a binary file


VERSIONS = (
    Version(FOLDER, TRAIN, TEST, "batches.meta.txt"),
    Version("cifar-10-batches-py", tuple(Path(name).stem for name in TRAIN), Path(TEST).stem, "batches.meta"),
    Version("cifar-100-binary", ("train.bin",), "test.bin", "fine_label_names.txt", label=1),
    Version("cifar-100-python", ("train",), "test", "meta"),
)


class Batch(NamedTuple):
    """What one file holds."""

    pictures: np.ndarray  # (sample, channel, height, width), uint8
    labels: np.ndarray  # (sample,)


def recognises(path: Path) -> bool:
    """Whether the path is an archive or a folder with the files of a version, or one of them."""
    if path.is_file():
        return path.name == ARCHIVE or _version_of(path) is not None
    return path.is_dir() and ((path / ARCHIVE).is_file() or _found(path) is not None)


def load(path: Path, settings: DataSettings, strict: bool = False) -> Dataset:  # noqa: ARG001 - nothing to leave out
    """Read all files of a version; test_batch (or test) is the test part.

    Args:
        path: the archive or a folder that holds it or what it unpacks to, or one of the files.
        settings: `val` is held back from the training files; `label` chooses another list of labels, such as
            coarse_labels.
        strict: has no effect here: a damaged file is always refused.

    Returns:
        Inputs (sample, 3, 32, 32) uint8, training files first; classes with their names, in the data's order.

    Raises:
        DataError: a file is missing or damaged, or a pickle asks for anything but arrays.
    """
    demand_meaning(settings, path)
    named = path if path.is_file() and path.name != ARCHIVE else None
    path = named.parent if named else path
    found = _found(path) if path.is_dir() else None
    folder, version = found or (path, VERSIONS[0])
    contents = _files(folder, version) if found else _from_archive(path / ARCHIVE if path.is_dir() else path)
    missing = [name for name in (*version.train, version.test) if name not in contents]
    if missing:
        archive = version.folder.replace("batches-bin", "binary").replace("batches-py", "python")
        raise DataError(f"{folder} lacks {', '.join(missing)}.\n  Get {archive}.tar.gz again.")
    batches = [
        _batch(contents[name], folder / name, version, settings) for name in (*version.train, version.test)
    ]
    labels = np.concatenate([batch.labels for batch in batches])
    pictures = np.concatenate([batch.pictures for batch in batches])
    given = {"train": len(labels) - len(batches[-1].labels), "test": len(batches[-1].labels)}
    classes = _classes(folder, version, settings, int(labels.max()) + 1)
    data = from_arrays(pictures, labels, settings, given=given, classes=classes, source=str(path))
    rest = beside.rest_of(named, (*version.train, version.test)) if named else ()
    return replace(data, remarks=(*rest, *data.remarks))


def header(_: Path) -> Claim:
    """What all pictures of CIFAR are."""
    return Claim(PICTURE, "uint8")


def samples(path: Path, spec: SampleSpec) -> Samples:
    """The pictures of one file, with their labels."""
    version = _version_of(path)
    assert version is not None  # it was taken
    batch = _batch(_content(path), path, version, spec.settings)
    classes = _classes(path.parent, version, spec.settings, int(batch.labels.max(initial=0)) + 1)
    found = of_file_array(batch.pictures, spec, path.name)
    return found._replace(truth=[classes[label] for label in batch.labels])


def _found(path: Path) -> tuple[Path, Version] | None:
    """The folder with files of a version: this one, or one in it that is named as the version's."""
    for version in VERSIONS:
        for folder in (path, path / version.folder):
            if any(_is(folder / name, version) for name in (*version.train, version.test)):
                return folder, version
    return None


def _version_of(file: Path) -> Version | None:
    """The version that a file is of, by its name and its beginning."""
    return next(
        (each for each in VERSIONS if file.name in (*each.train, each.test) and _is(file, each)), None
    )


def _is(file: Path, version: Version) -> bool:
    """Whether this is a file of the version; what many files are called, is told by its content."""
    if not file.is_file():
        return False
    size = file.stat().st_size
    if file.suffix == ".bin":
        return version.label == 0 or (size > 0 and size % (PIXELS + 2) == 0)
    with file.open("rb") as opened:
        return opened.read(2) in pickles.STARTS


def _files(folder: Path, version: Version) -> dict[str, bytes]:
    found = [folder / name for name in (*version.train, version.test)]
    return {file.name: _content(file) for file in found if file.is_file()}


def _content(file: Path) -> bytes:
    refuse_too_large(3 * file.stat().st_size, file)
    return file.read_bytes()


def _from_archive(path: Path) -> dict[str, bytes]:
    """Read the files of CIFAR-10's binary version by name, without unpacking anything to disk."""
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


def _batch(content: bytes, file: Path, version: Version, settings: DataSettings) -> Batch:
    if file.suffix == ".bin":
        return _records(content, file, version)
    found = pickles.read(content, file)
    key = settings.label or next((key for key in LABELS if key in found), None)
    pictures, labels = (pickles.as_array(found.get(name)) for name in ("data", str(key)))
    if pictures is None or labels is None or labels.dtype.kind not in "iu":
        asked = f" '{settings.label}'" if settings.label else ""
        raise DataError(
            f"{file} holds {', '.join(list(found)[:SHOWN]) or 'nothing'}; expected data and labels{asked}.\n"
            "  Get it again, or name the labels: --label NAME."
        )
    if pictures.dtype != np.uint8 or pictures.size != len(labels) * PIXELS:
        raise DataError(
            f"{file} holds pictures of shape {pictures.shape} and {len(labels):,} labels: it is damaged.\n"
            "  Get it again."
        )
    return Batch(pictures.reshape(-1, *PICTURE), labels.astype(np.int64))


def _records(content: bytes, file: Path, version: Version) -> Batch:
    length = version.label + 1 + PIXELS  # bytes
    if not content or len(content) % length:
        raise DataError(
            f"{file} has {len(content):,} bytes; expected a multiple of {length:,}: it is damaged.\n"
            "  Get it again."
        )
    table = np.frombuffer(content, np.uint8).reshape(-1, length)
    return Batch(
        table[:, version.label + 1 :].reshape(-1, *PICTURE), table[:, version.label].astype(np.int64)
    )


def _classes(folder: Path, version: Version, settings: DataSettings, count: int) -> list[str]:
    """Names of the classes, from the file beside the pictures if it is there; else CIFAR-10's, or numbers."""
    file = folder / version.names
    names: list[str] = []
    if file.is_file() and file.suffix == ".txt":
        names = file.read_text(encoding="utf-8", errors="replace").split()
    elif file.is_file():
        found = pickles.read(_content(file), file)
        key = (settings.label or "fine_labels").removesuffix("s") + "_names"
        listed = found.get(key, found.get("label_names", []))
        names = [name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name) for name in listed]
    if len(names) < count and "10" in version.folder.split("-") and count <= len(CLASSES):
        names = list(CLASSES)
    return names if len(names) >= count else [str(number) for number in range(count)]


FORMAT = Format(
    what="CIFAR-10 or CIFAR-100, binary or for Python, as archive or folder",
    recognises=recognises,
    load=load,
    files=Files(
        one="batch of CIFAR",
        form="3 channels × 32 × 32",
        kinds=("image", ANY),
        takes=lambda path: path.is_file() and _version_of(path) is not None,
        ending=lambda _: "",
        header=header,
        decode=samples,
        many=True,
    ),
)
