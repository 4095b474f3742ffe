"""Pictures of many frames (TIFF, GIF) → volumes: video or slices, in one folder a class or in a table."""

from pathlib import Path

import numpy as np
from PIL import Image

from convscope.data.dataset import Dataset, DataSettings
from convscope.data.files import folder, table
from convscope.data.files.folder import Wanted
from convscope.data.files.format import Format
from convscope.data.formats.pictures import PICTURES
from convscope.data.pictures.decode import opened, page_sizes, plain
from convscope.data.volumes import codec
from convscope.data.volumes.codec import Codec, VolumeHeader, refuse_absurd
from convscope.data.volumes.voxels import VolumeSize
from convscope.errors import BadFile

SUFFIXES = (".tif", ".tiff", ".gif")
STARTS = (b"II*\0", b"MM\0*", b"GIF8")
GREY = 2  # levels by which the channels of a grey pixel may differ: palettes are not always exact
DEEP = ("I", "F")  # Pillow's modes of more than 8 bits, beside those that begin with I;16


def recognises(path: Path) -> bool:
    """Whether every picture of a folder has several frames of one size; or the first that a table names."""
    if path.is_dir():
        seen = [child for child in folder.peek(path, PICTURES) if PICTURES.takes(child)]
    else:
        seen = [file for file in [table.first(path)] if file is not None]
    counts = [_frames(file) for file in seen]
    return bool(seen) and all(count > 1 for count in counts) and any(_is_even(file) for file in seen)


def load(path: Path, settings: DataSettings, strict: bool) -> Dataset:
    """Load stacks: their frames become the depth, in grey or colour, whole or 16 bits and float.

    As many frames as `settings.size` says are taken from each stack, evenly spread over it (a shorter one
    repeats some); height and width are resampled. 8-bit stacks stay uint8, deeper ones keep their own values.
    A picture of a single frame among the stacks is left out.

    Raises:
        DataError: as `volumes.load`.
    """
    return codec.load(path, settings, strict, CODEC)


def header(path: Path) -> VolumeHeader:
    """Read the size and the number of frames, and see whether the first frame is grey.

    Raises:
        DataError: (BadFile) damaged, no picture, or a single frame.
    """
    with opened(path) as image:
        size, deep = _size(image, path), _deep(image)
        channels = 1 if deep or _grey(image, path) else 3
        return VolumeHeader(channels, size, exact=not deep)


def decode(path: Path, size: VolumeSize, channels: int) -> np.ndarray:
    """Read `size[0]` frames, evenly spread: (channel, depth, height, width), uint8 or float32.

    Raises:
        DataError: (BadFile) as `header`, or a frame is damaged or of another size.
    """
    with opened(path) as image:
        chosen = spread(_size(image, path)[0], size[0])
        frames = [_frame(image, int(index), channels, path) for index in chosen]
    return np.stack(frames, axis=1)


def spread(frames: int, wanted: int) -> np.ndarray:
    """Choose `wanted` of the frames: the middle one of as many equal pieces, (wanted,).

    >>> spread(9, 3).tolist(), spread(2, 4).tolist()
    ([1, 4, 7], [0, 0, 1, 1])
    """
    return ((np.arange(wanted) + 0.5) * frames / wanted).astype(int)


CODEC = Codec("stack 1", Wanted(SUFFIXES, "stack"), header, decode, channels=max)


def _frames(path: Path) -> int:
    """How many frames a file has; 0 if it is no stack of any kind."""
    try:
        with opened(path) as image:
            return _count(image)
    except BadFile:
        return 0


def _is_even(path: Path) -> bool:
    """Whether the frames of a file have one size, and are no thumbnails of the first."""
    with opened(path) as image:
        return len(set(page_sizes(image))) == 1


def _count(image: Image.Image) -> int:
    return getattr(image, "n_frames", 1)


def _size(image: Image.Image, path: Path) -> VolumeSize:
    size = (_count(image), image.height, image.width)
    if size[0] < 2:
        raise BadFile(path, "a picture of a single frame among stacks")
    refuse_absurd(path, size[0] * size[1] * size[2], size)
    return size


def _deep(image: Image.Image) -> bool:
    return image.mode in DEEP or image.mode.startswith("I;16")


def _grey(image: Image.Image, path: Path) -> bool:
    if image.mode in ("1", "L"):
        return True
    return int(np.ptp(np.asarray(plain(image, "RGB", path)).astype(int), axis=2).max()) <= GREY


def _frame(image: Image.Image, index: int, channels: int, path: Path) -> np.ndarray:
    """One frame, (channel, height, width)."""
    size = image.size
    image.seek(index)
    if image.size != size:
        raise BadFile(path, f"its frame {index} has another size than the first")
    if _deep(image):
        return np.asarray(image, np.float32)[None]
    pixels = np.asarray(plain(image, "L" if channels == 1 else "RGB", path))
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)


FORMAT = Format(
    what="a folder with a folder a class of TIFF or GIF files of many frames",
    recognises=recognises,
    load=load,
    files=codec.files(CODEC, lambda head: ".tif" if head.startswith(STARTS) else "", kinds=("volume",)),
)
