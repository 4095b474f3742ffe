"""DICOM series: a folder of slices a sample, in one folder a class, or named by a table; needs pydicom."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from statistics import mode
from typing import TYPE_CHECKING

import numpy as np

from convscope.data.dataset import Dataset, DataSettings
from convscope.data.files.folder import Wanted
from convscope.data.files.format import Format
from convscope.data.files.litter import is_litter, names_in
from convscope.data.formats import slices as single_slices
from convscope.data.pictures import dicom as slice_
from convscope.data.volumes import codec
from convscope.data.volumes.codec import Codec, VolumeHeader, refuse_absurd
from convscope.data.volumes.voxels import VolumeSize
from convscope.errors import BadFile

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

INVERTED = "stored with white as 0 (MONOCHROME1) and inverted"
ENDING = ".dcm"
GAP = 1.5  # times the usual distance of two slices from which on one is missing between them
FIRST = 3  # files that are looked at to tell a series
CLOSE = 0.01  # of the usual distance: slices that are nearer lie at the same place
ALIKE = ("SeriesInstanceUID", "Rows", "Columns")  # what all slices of a volume have in common


def recognises(path: Path) -> bool:
    """Whether this is a folder with DICOM series, or a table whose first row names one."""
    return codec.recognises(path, CODEC) and not single_slices.recognises(path)


def load(path: Path, settings: DataSettings, strict: bool) -> Dataset:
    """Load DICOM series.

    The slices of a folder are sorted by their place in the patient along the normal of their plane, and their
    values brought to the unit that the files name by slope and intercept (Hounsfield units for a CT). Rows
    and columns stay as they were acquired. Then all is resampled to `settings.size` (depth, height, width),
    each axis by itself.

    Raises:
        DataError: pydicom is missing; or as `volumes.load`.
    """
    slice_.pydicom()
    return codec.load(path, settings, strict, CODEC)


def header(path: Path) -> VolumeHeader:
    """Read the first slice's header and count the others.

    Raises:
        DataError: (BadFile) no slices, or the first one is damaged or holds no grey values.
    """
    files = slices(path)
    with slice_.reasons(path):
        first = slice_.pydicom().dcmread(files[0], stop_before_pixels=True)
        size = _size(first, len(files), path)
        return VolumeHeader(1, size, slice_.is_exact(first), INVERTED if slice_.is_inverted(first) else "")


def decode(path: Path, size: VolumeSize, channels: int) -> np.ndarray:  # noqa: ARG001 - one, whatever is asked for
    """Read all slices: (1, depth, height, width), uint8 or float32.

    Raises:
        DataError: (BadFile) damaged, slices of several series or of no known place, missing slices,
            or a compression for which the decoder is not installed.
    """
    exact = header(path).exact
    with slice_.reasons(path):
        series = [slice_.pydicom().dcmread(file) for file in slices(path)]
        if size[0] > 1 and not path.is_dir() and slice_.frames(series[0]) == 1:
            raise BadFile(path, "one slice is no volume: it needs more than one file. Give their folder")
        _demand_one_series(series, path)
        if len(series) > 1:
            series = _in_order(series, path)
        volume = slice_.values(series, path)[None]  # (1, slice, row, column)
        return volume.astype(np.uint8) if exact else volume


def slices(path: Path) -> list[Path]:
    """The DICOM files of a folder, by name; or the one file, if it is one.

    Raises:
        DataError: (BadFile) there are none, or one with the ending .dcm is none.
    """
    try:
        files = _inside(path)
        good = [file for file in files if _is_dicom(file)]
    except OSError as error:
        raise BadFile(path, f"cannot be opened: {error.strerror or error}") from error
    bad = [file.name for file in files if file.suffix.lower() == ENDING and file not in set(good)]
    if bad:
        raise BadFile(path, f"{bad[0]} is damaged: a DICOM file says DICM at byte 128")
    if not good:
        raise BadFile(path, "it holds no DICOM files" if path.exists() else "there is no such file or folder")
    return good


def _inside(path: Path) -> list[Path]:
    """The files of a series, whatever they are, by name."""
    return list(_files_of(path))


def _files_of(path: Path) -> Iterator[Path]:
    inside = (path / name for name in names_in(path)) if path.is_dir() else [path]
    return (file for file in inside if file.is_file() and not is_litter(file.name))


def _is_series(path: Path) -> bool:
    """Whether some of the first files directly in a folder are slices."""
    try:
        return any(_is_dicom(file) for file in islice(_files_of(path), FIRST))
    except OSError:  # a folder that may not be entered
        return False


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as file:
        return path.name != "DICOMDIR" and slice_.is_dicom(file.read(slice_.MAGIC.stop))


CODEC = Codec("dicom 2", Wanted((), "volume", _is_series), header, decode, channels=mode, inside=_inside)


def _size(first: "FileDataset", files: int, path: Path) -> VolumeSize:
    """(depth, height, width) of a series, by its first header."""
    if "Rows" not in first or "Columns" not in first:
        raise BadFile(path, "it holds no pixels, but another kind of DICOM object")
    if first.get("SamplesPerPixel", 1) != 1:
        raise BadFile(path, "its slices are in colour; grey values are read")
    size = (files * slice_.frames(first), int(first.Rows), int(first.Columns))
    refuse_absurd(path, size[0] * size[1] * size[2], size)
    return size


def _demand_one_series(series: Sequence["FileDataset"], path: Path) -> None:
    for name in ALIKE:
        found = {str(one.get(name)) for one in series}
        if len(found) > 1:
            what = ", ".join(sorted(found)[:3])
            raise BadFile(path, f"its {len(series)} slices belong to {len(found)} series ({name} {what})")


def _in_order(series: Sequence["FileDataset"], path: Path) -> list["FileDataset"]:
    """Sort the slices along the normal of their plane, and make sure that none is missing or there twice."""
    if not all("ImagePositionPatient" in one and "ImageOrientationPatient" in one for one in series):
        if not all(one.get("InstanceNumber") is not None for one in series):
            raise BadFile(path, "its slices do not say where they lie (ImagePositionPatient)")
        places = np.array([float(one.InstanceNumber) for one in series])
    else:
        axes = np.array(series[0].ImageOrientationPatient, float).reshape(2, 3)
        normal = np.cross(axes[0], axes[1])
        places = np.array([np.dot(normal, np.array(one.ImagePositionPatient, float)) for one in series])
    order = np.argsort(places, kind="stable")
    steps = np.diff(places[order])  # (slice − 1,), mm
    usual = float(np.median(steps))
    if (steps <= CLOSE * usual).any():
        raise BadFile(path, "several of its slices lie at the same place: more than one volume")
    if (steps > GAP * usual).any():
        at = int(np.argmax(steps))
        missing = max(1, round(steps[at] / usual) - 1)
        name = Path(str(series[order[at]].filename)).name
        raise BadFile(path, f"after {name} {missing} of its slices are missing")
    return [series[index] for index in order]


FORMAT = Format(
    what="a folder with a folder a class, in it a folder of DICOM slices each",
    recognises=recognises,
    load=load,
    files=codec.files(CODEC, lambda head: ENDING if slice_.is_dicom(head) else "", _is_series),
)
