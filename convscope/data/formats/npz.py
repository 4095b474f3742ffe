"""Arrays in an .npz file: X and y, or the same for each part; or one array, in a .npy file too.

Nothing in the file is ever executed.
"""

import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from math import prod
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.lib import format as npy

from convscope.data.array_samples import of_file_array
from convscope.data.arrays import from_arrays, told
from convscope.data.dataset import PARTS, Dataset, DataSettings, Kind
from convscope.data.files.format import Claim, Files, Format
from convscope.data.layout import AXES
from convscope.data.memory import refuse_too_large
from convscope.data.samples import ANY, Samples, SampleSpec
from convscope.errors import DataError
from convscope.shapes import show

INPUTS = {"x", "images", "inputs", "data"}
LABELS = {"y", "labels", "targets", "target"}
NAMES = {"class_names", "classes"}
KIND = "kind"
ALONE = "the array"  # of a .npy file
NPY, ZIP = b"\x93NUMPY", b"PK\x03\x04"  # what an array begins with, and an archive
HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)


class Member(NamedTuple):
    """One array of an archive, or the one of a .npy file."""

    open: Callable[[], IO[bytes]]
    size: int  # bytes, as they are claimed


class NpzKeys(NamedTuple):
    """Which array of the file is what."""

    inputs: dict[str, str]  # part ("" for an unsplit file) → key
    labels: dict[str, str]
    classes: str | None  # key of the class names
    kind: str | None  # key of the kind


def recognises(path: Path) -> bool:
    """Whether this is an .npz file."""
    return path.suffix.lower() == ".npz" and path.is_file()


def load(path: Path, settings: DataSettings, strict: bool = False) -> Dataset:  # noqa: ARG001 - nothing to leave out
    """Read signals, pictures or volumes and their labels.

    The arrays are called X and y, or with a part: X_train and y_train, x_test and y_test, train_images and
    train_labels … (`images`, `inputs` or `data` for X; `labels` or `targets` for y; in any case).
    `class_names`, if there, names the classes; `kind` says "signal", "image" or "volume" where the shape
    would tell another. Shapes and types: see `layout` and `arrays.from_arrays`.

    Args:
        path: the file.
        settings: a part that the file does not have is split off its training rows.
        strict: has no effect here: a damaged file is always refused.

    Raises:
        DataError: damaged, too large, holding pickled objects, or not arrays of samples and labels.
    """
    try:
        with _members(path) as members:
            layout = _layout(list(members), path)
            keys = [
                *layout.inputs.values(),
                *layout.labels.values(),
                *filter(None, [layout.classes, layout.kind]),
            ]
            refuse_too_large(sum(_declared(members[key], key, path) for key in keys), path)
            arrays = {key: _read(members[key]) for key in keys}
    except DAMAGE as error:
        raise DataError(
            f"{path} is damaged or no .npz file: {error}.\n  Save it again with numpy.savez."
        ) from error
    return _dataset(arrays, layout, path, settings)


def header(path: Path) -> Claim:
    """Shape and type of the samples, by the array's own header; one that cannot be true is refused here.

    Raises:
        DataError: damaged, holding anything but numbers, or several arrays that are no data set.
    """
    with _reasons(path), _members(path) as members:
        key = _inputs(list(members), path)[0]
        _declared(members[key], key, path)
        with members[key].open() as file:
            shape, dtype = _header(file)
    if dtype.kind not in "buif":
        raise DataError(f"{path} holds {dtype}, no plain numbers.\n  Save numbers again with numpy.save.")
    return Claim(shape, str(dtype))


def samples(path: Path, spec: SampleSpec) -> Samples:
    """The samples of an array alone, or of the test part of a data set, with their labels.

    Raises:
        DataError: as `header`; or too large.
        ShapeError: samples of another shape.
    """
    with _reasons(path), _members(path) as members:
        key, labels, classes = _inputs(list(members), path)
        needed = list(filter(None, (key, labels, classes)))
        refuse_too_large(sum(_declared(members[each], each, path) for each in needed), path)
        arrays = {each: _read(members[each]) for each in needed}
    found = of_file_array(arrays[key], spec, path.name)
    if labels is None:
        return found
    given = [str(name) for name in arrays[classes].ravel()] if classes else None
    numbers, names, _ = told(arrays[labels], len(found.inputs), str(path), given, spec.settings)
    truth = numbers.tolist() if numbers.is_floating_point() else [names[number] for number in numbers]
    return found._replace(truth=truth)


@contextmanager
def _members(path: Path) -> Iterator[dict[str, Member]]:
    """The arrays of an archive by their keys; a .npy file is one array."""
    with path.open("rb") as file:
        alone = file.read(len(NPY)) == NPY
    if alone:
        yield {ALONE: Member(partial(path.open, "rb"), path.stat().st_size)}
        return
    with zipfile.ZipFile(path) as archive:
        yield {
            info.filename: Member(partial(archive.open, info), info.file_size)
            for info in archive.infolist()
            if info.filename.endswith(".npy")
        }


@contextmanager
def _reasons(path: Path) -> Iterator[None]:
    try:
        yield
    except DAMAGE as error:
        raise DataError(f"{path} cannot be read: {error}.\n  Save it again with numpy.save.") from error


def _inputs(keys: list[str], path: Path) -> tuple[str, str | None, str | None]:
    """Keys of the samples, their labels, the classes' names: the only array, or those of the test part."""
    if len(keys) == 1:
        return keys[0], None, None
    try:
        layout = _layout(keys, path)
    except DataError as error:
        names = ", ".join(key.removesuffix(".npy") for key in keys) or "nothing"
        raise DataError(
            f"{path} holds {names}; one array is wanted.\n  For a sample of a data set: {path}:3"
        ) from error
    part = next(part for part in ("test", "", "val", "train") if part in layout.inputs)
    return layout.inputs[part], layout.labels[part], layout.classes


def _layout(keys: list[str], path: Path) -> NpzKeys:
    """Tell the arrays apart by their names."""
    inputs: dict[str, str] = {}
    labels: dict[str, str] = {}
    classes = kind = None
    for key in keys:
        name = key.removesuffix(".npy").lower()
        if name in NAMES:
            classes = key
        elif name == KIND:
            kind = key
        words = name.split("_")
        part = next((word for word in words if word in PARTS), "")
        rest = "_".join(word for word in words if word != part)
        for table, known in ((inputs, INPUTS), (labels, LABELS)):
            if rest in known and table.setdefault(part, key) != key:
                raise DataError(f"{path} holds both {table[part]} and {key}.\n  Keep only one of them.")
    if not inputs or inputs.keys() != labels.keys() or ("" in inputs and len(inputs) > 1):
        found = ", ".join(key.removesuffix(".npy") for key in keys) or "no arrays"
        raise DataError(f"{path} holds {found}; expected X and y, or X_train, y_train, X_test and y_test.")
    return NpzKeys(inputs, labels, classes, kind)


def _declared(member: Member, key: str, path: Path) -> int:
    """Bytes that an array will take, by its own header; a header that cannot be true is refused here."""
    with member.open() as file:
        shape, dtype = _header(file)
        length = file.tell()
    if dtype.hasobject:
        raise DataError(
            f"{path} holds Python objects in {key.removesuffix('.npy')}, which could run code: not read.\n"
            "  Save a plain array of numbers or text."
        )
    wanted, there = prod(shape) * dtype.itemsize, member.size - length
    if wanted != there:
        raise DataError(
            f"{path} says that {key.removesuffix('.npy')} is {show(shape)} of {dtype} ({wanted:,} bytes),"
            f" but holds {there:,} bytes: it is damaged.\n  Save it again with numpy.savez."
        )
    return wanted


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    version = npy.read_magic(file)
    if version not in HEADERS:
        raise ValueError(f"unknown version {version} of the npy format")
    shape, _, dtype = HEADERS[version](file)
    return shape, dtype


def _read(member: Member) -> np.ndarray:
    with member.open() as file:
        return npy.read_array(file, allow_pickle=False)


def _dataset(arrays: dict[str, np.ndarray], layout: NpzKeys, path: Path, settings: DataSettings) -> Dataset:
    parts = [part for part in ("", *PARTS) if part in layout.inputs]
    inputs = [arrays[layout.inputs[part]] for part in parts]
    labels = [arrays[layout.labels[part]] for part in parts]
    for part, x, y in zip(parts, inputs, labels, strict=True):
        if x.ndim == 0 or y.ndim == 0 or len(x) != len(y) or x.shape[1:] != inputs[0].shape[1:]:
            raise DataError(
                f"{path}: {layout.inputs[part]} has shape {x.shape}, {layout.labels[part]} {y.shape}.\n"
                "  Give one label for each sample, and samples of one shape."
            )
    given = None if parts == [""] else {part: len(x) for part, x in zip(parts, inputs, strict=True)}
    names = None if layout.classes is None else [str(name) for name in arrays[layout.classes].ravel()]
    x, y = ((part[0] if len(part) == 1 else np.concatenate(part)) for part in (inputs, labels))
    kind = None if layout.kind is None else _kind(arrays[layout.kind], path)
    return from_arrays(x, y, settings, given=given, classes=names, source=str(path), kind=kind)


def _kind(array: np.ndarray, path: Path) -> Kind:
    said = str(array.ravel()[0]) if array.size == 1 else f"{array.size} values"
    if said not in AXES:
        raise DataError(f"{path}: the kind is {said}.\n  Write one of {', '.join(AXES)}, or leave it out.")
    return said


def _ending(head: bytes) -> str:
    return ".npz" if head.startswith(ZIP) else ".npy" if head.startswith(NPY) else ""


FORMAT = Format(
    what="an .npz file with X and y, or X_train, y_train, X_test and y_test",
    recognises=recognises,
    load=load,
    files=Files(
        one="NumPy array",
        form="of any shape",
        kinds=(ANY, "image", "signal", "volume", "sequence"),
        takes=lambda path: path.suffix.lower() in (".npy", ".npz") and path.is_file(),
        ending=_ending,
        header=header,
        decode=samples,
    ),
)
