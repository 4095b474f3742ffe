"""NIfTI volumes (.nii, .nii.gz, or a pair .hdr and .img), and Analyze's, their forerunner; needs nibabel."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import mode
from typing import TYPE_CHECKING

import numpy as np

from convscope.data.dataset import Dataset, DataSettings
from convscope.data.files.folder import Wanted
from convscope.data.files.format import Format
from convscope.data.layout import FEW
from convscope.data.library import library
from convscope.data.pictures.decode import regular
from convscope.data.volumes import codec
from convscope.data.volumes.codec import Codec, VolumeHeader, refuse_absurd
from convscope.data.volumes.voxels import VolumeSize
from convscope.errors import BadFile, DataError

if TYPE_CHECKING:
    from nibabel.nifti1 import Nifti1Image

RAS = ("R", "A", "S")
GZIP, HEADER = b"\x1f\x8b", 352  # bytes
HEAD = ".hdr"  # the ending of a header whose voxels lie in a file of their own
_nibabel = partial(library, "nibabel", "NIfTI files")


def recognises(path: Path) -> bool:
    """Whether this is a folder with NIfTI files, or a table whose first file is one."""
    return codec.recognises(path, CODEC)


def load(path: Path, settings: DataSettings, strict: bool) -> Dataset:
    """Load NIfTI volumes.

    Each is turned so that width, height and depth run to the patient's right, front and top (RAS), if it says
    how it lies, and resampled to `settings.size` (depth, height, width), each axis by itself. Up to four
    volumes in one file are its channels; a longer series over time is refused.

    Raises:
        DataError: nibabel is missing; or as `volumes.load`.
    """
    _nibabel()
    return codec.load(path, settings, strict, CODEC)


def header(path: Path) -> VolumeHeader:
    """Read shape, type and orientation; no voxel is decoded.

    Raises:
        DataError: (BadFile) damaged, no NIfTI file, or nothing that can be one sample.
    """
    with _opened(path) as image:
        width, height, depth, channels = _shape(image, path)
        axes = _axes(image)
        turned = "" if axes in (None, RAS) else f"turned from {''.join(axes)} to RAS"
        sizes = _turned_size((width, height, depth), image)
        return VolumeHeader(channels, sizes, _exact(image), turned)


def decode(path: Path, size: VolumeSize, channels: int) -> np.ndarray:  # noqa: ARG001 - whatever is asked for
    """Read all voxels in the file's own units: (channel, depth, height, width), uint8 or float32.

    Raises:
        DataError: (BadFile) as `header`, or the voxels are damaged.
    """
    import nibabel

    with _opened(path) as image:
        shape = _shape(image, path)
        values = np.asanyarray(image.dataobj) if _exact(image) else image.get_fdata(dtype=np.float32)
        values = values.reshape(shape)  # (width, height, depth, channel)
        if _axes(image):
            values = nibabel.orientations.apply_orientation(values, nibabel.io_orientation(image.affine))
        return np.array(values.transpose(3, 2, 1, 0))  # a copy: the file is closed


def _pair(path: Path) -> list[Path]:
    """The voxels that belong to a header of its own file."""
    return [path.with_suffix(ending) for ending in (*VOXELS, ".IMG")] if path.suffix.lower() == HEAD else []


VOXELS = (".img", ".img.gz")
CODEC = Codec(
    "nifti 1",
    Wanted((".nii", ".nii.gz", HEAD), "volume", parts=VOXELS),
    header,
    decode,
    channels=mode,
    inside=_pair,
)


@contextmanager
def _opened(path: Path) -> Iterator["Nifti1Image"]:
    """Open, and give every failure, here or while the voxels are read, its reason."""
    regular(path, "volume").close()
    if path.suffix.lower() == HEAD and not any(part.is_file() for part in _pair(path)):
        raise BadFile(path, f"the voxels that belong to it are missing: {path.with_suffix('.img').name}")
    try:
        yield _nibabel().load(path)
    except DataError:
        raise
    except Exception as error:  # nibabel raises errors of its own, zlib's, ValueError, OSError …
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise BadFile(path, f"damaged, cannot be read as NIfTI: {reason}") from error


def _shape(image: "Nifti1Image", path: Path) -> tuple[int, int, int, int]:
    """(width, height, depth, channel) as they lie in the file."""
    shape = tuple(int(size) for size in image.shape)
    dtype = np.dtype(image.get_data_dtype())
    if dtype.kind not in "biuf":
        raise BadFile(path, f"its voxels are of type {dtype}, no plain numbers")
    if len(shape) < 3:
        raise BadFile(path, f"it has {len(shape)} axes, a volume has three")
    refuse_absurd(path, int(np.prod(shape, dtype=object)), shape)
    channels = int(np.prod(shape[3:], dtype=object))
    if channels > FEW:
        raise BadFile(
            path, f"a series of {channels:,} volumes; up to {FEW} are read as channels. Keep one, or the mean"
        )
    return shape[0], shape[1], shape[2], channels


def _exact(image: "Nifti1Image") -> bool:
    data = image.dataobj
    plain = getattr(data, "slope", 1) == 1 and getattr(data, "inter", 0) == 0
    return image.get_data_dtype() == np.uint8 and plain


def _axes(image: "Nifti1Image") -> tuple[str, ...] | None:
    """Where the axes point to, as letters; None: the file does not say."""
    head = image.header
    if "sform_code" not in head.keys():  # noqa: SIM118 - no mapping; Analyze's says nothing
        return None
    if not (head["sform_code"] or head["qform_code"]):
        return None
    letters = _nibabel().aff2axcodes(image.affine)
    return None if None in letters else letters


def _turned_size(sizes: tuple[int, int, int], image: "Nifti1Image") -> VolumeSize:
    """(depth, height, width) after turning."""
    if _axes(image):
        order = _nibabel().io_orientation(image.affine)[:, 0].astype(int)  # file axis → RAS axis
        places = dict(zip(order.tolist(), sizes, strict=True))
        sizes = places[0], places[1], places[2]
    return sizes[2], sizes[1], sizes[0]


def _ending(head: bytes) -> str:
    """By the magic at the end of the header of NIfTI-1, or at the beginning of that of NIfTI-2."""
    unpacked = head
    if head.startswith(GZIP):
        try:
            unpacked = zlib.decompressobj(31).decompress(head, HEADER)
        except zlib.error:
            return ""
    known = unpacked[344:348] == b"n+1\0" or unpacked[4:8] == b"n+2\0"
    return (".nii" if unpacked is head else ".nii.gz") if known else ""


FORMAT = Format(
    what="a folder with a folder of NIfTI (or Analyze) volumes a class, or a table of them",
    recognises=recognises,
    load=load,
    files=codec.files(CODEC, _ending),
    parts=(HEAD, ".img"),
)
