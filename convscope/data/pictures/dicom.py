"""DICOM files, a picture or a slice each: their values in the files' own unit, bright where there is much."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from convscope.data.library import library
from convscope.errors import BadFile, DataError, reason

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

MAGIC = slice(128, 132)  # where every file says DICM
INVERTED = "MONOCHROME1"  # the smallest value is white
PHYSICAL = ("HU", "CT", "PT")  # units and modalities whose values mean something, however they are shown
pydicom = partial(library, "pydicom", "DICOM files")


def is_dicom(head: bytes) -> bool:
    """Whether a file begins so.

    >>> is_dicom(bytes(128) + b"DICM"), is_dicom(b"DICM")
    (True, False)
    """
    return head[MAGIC] == b"DICM"


@contextmanager
def reasons(path: Path) -> Iterator[None]:
    """Give every failure its reason."""
    try:
        yield
    except DataError:
        raise
    except Exception as error:  # pydicom raises AttributeError, ValueError, struct.error …
        raise BadFile(path, f"damaged, cannot be read as DICOM: {reason(error)}") from error


def frames(one: "FileDataset") -> int:
    """Pictures in a file."""
    return int(one.get("NumberOfFrames", 1) or 1)


def pixels(one: "FileDataset", path: Path) -> np.ndarray:
    """The numbers as they are stored."""
    try:
        return one.pixel_array
    except (RuntimeError, NotImplementedError) as error:
        syntax = one.file_meta.TransferSyntaxUID
        if not syntax.is_compressed:
            raise
        raise BadFile(
            path, f"its slices are compressed ({syntax.name}) and no decoder for it is installed: "
            "pip install pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg",
        ) from error  # fmt: skip


def values(series: Sequence["FileDataset"], path: Path) -> np.ndarray:
    """All pixels of a series in its own unit: (frame, row, column), float32.

    Slope and intercept are applied. What is stored with white as 0 (MONOCHROME1) is inverted, within the bits
    that it says it has; of 16 within those that it uses. A window is for the eye, and is not applied.
    """
    planes = [pixels(one, path).reshape(-1, one.Rows, one.Columns) for one in series]
    turn = _axis(series[0], planes) if is_inverted(series[0]) else None
    scaled = []
    for one, plane in zip(series, planes, strict=True):
        stored = plane.astype(np.float32)
        upright = stored if turn is None else np.float32(turn) - stored
        scaled.append(upright * np.float32(slope(one)) + np.float32(intercept(one)))
    return np.concatenate(scaled)


def is_inverted(one: "FileDataset") -> bool:
    """Whether white is 0 in a file, and its numbers are no measurements."""
    known = one.get("RescaleType", "") in PHYSICAL or one.get("Modality", "") in PHYSICAL
    return one.get("PhotometricInterpretation") == INVERTED and not known


def _axis(one: "FileDataset", planes: Sequence[np.ndarray]) -> int:
    """What an inverted value is taken from."""
    if one.get("PixelRepresentation", 0):
        return -1
    bits = int(one.get("BitsStored") or one.BitsAllocated)
    used = max(int(plane.max()) for plane in planes).bit_length()
    return 2 ** (used if bits == one.BitsAllocated > 8 else bits) - 1


def slope(one: "FileDataset") -> float:
    """What a stored number is multiplied by."""
    return float(one.get("RescaleSlope") or 1)


def intercept(one: "FileDataset") -> float:
    """What is then added."""
    return float(one.get("RescaleIntercept") or 0)


def is_exact(one: "FileDataset") -> bool:
    """Whether all values are whole numbers from 0 to 255."""
    plain = (slope(one), intercept(one)) == (1, 0) and one.get("PixelRepresentation", 0) == 0
    return plain and one.BitsAllocated <= 8


def about(path: Path) -> "FileDataset":
    """All that a file says of a single picture, without its pixels.

    Raises:
        DataError: (BadFile) damaged, or no single picture.
    """
    with reasons(path):
        one = pydicom().dcmread(path, stop_before_pixels=True)
        if not {"Rows", "Columns", "BitsAllocated"} <= {*one.dir()}:
            raise BadFile(path, "it holds no pixels, but another kind of DICOM object")
        _ = int(one.Columns), int(one.Rows), mode(one), one.get("SeriesInstanceUID")  # read when asked for
        if frames(one) > 1:
            raise BadFile(
                path, f"it holds {frames(one)} frames; a picture is one. A folder for each makes volumes"
            )
        return one


def mode(one: "FileDataset") -> str:
    """Pillow's mode of the picture: colour, 8 bits, or values of more."""
    if one.get("SamplesPerPixel", 1) > 1 or one.get("PhotometricInterpretation") == "PALETTE COLOR":
        return "RGB"
    return "L" if is_exact(one) else "F"


def image(path: Path) -> Image.Image:
    """One picture as Pillow has it.

    Raises:
        DataError: (BadFile) damaged, no single picture, or a compression for which no decoder is installed.
    """
    form = mode(about(path))
    with reasons(path):
        one = pydicom().dcmread(path)
        if form == "RGB":
            return _coloured(one, path)
        plane = values([one], path)[0]
        return Image.fromarray(plane.astype(np.uint8) if form == "L" else plane)


def _coloured(one: "FileDataset", path: Path) -> Image.Image:
    from pydicom.pixels.processing import apply_color_lut

    array = pixels(one, path)
    if one.PhotometricInterpretation == "PALETTE COLOR":
        array = apply_color_lut(array, one)
    if array.dtype.itemsize > 1:
        array = (array >> (8 * (array.dtype.itemsize - 1))).astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(array))
