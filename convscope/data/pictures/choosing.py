"""Picture files to one uint8 tensor: size and channels chosen from the data."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from torch import Tensor

from convscope.data.dataset import DataSettings, Skipped
from convscope.data.files import cache
from convscope.data.files.decoding import cached, each, spread
from convscope.data.files.listing import demand_meaning
from convscope.data.pictures.decode import PictureHeader, decode, header, is_deep, opened
from convscope.data.pictures.resize import demand_grey_or_colour
from convscope.data.samples import Samples, SampleSpec, single
from convscope.errors import BadFile, DataError
from convscope.shapes import show

SAMPLE = 1000  # headers looked at to choose a size
GREY_SAMPLE = 100  # pictures decoded to see whether they are grey
PAGED = (".tif", ".tiff", ".gif", ".webp")  # endings of files that may have several pages
FEW = 2_000  # photographs, which teach too little for details; see benchmarks
FASTER = "train faster there, and so few photographs better, too; where small details count: --size"
SIDES = ((FEW, 80), (20_000, 96))  # up to so many pictures: so many pixels; more take long: LEAST_SIDE
LEAST_SIDE = 64


def read(
    files: Sequence[Path], settings: DataSettings, root: Path | None = None
) -> tuple[Tensor, list[Skipped], list[int]]:
    """Decode files into one tensor, or take it from the cache where the same files were decoded before.

    Args:
        files: picture files, in the order of the rows.
        settings: `size` and `channels` must be set.
        root: folder that the names of skipped files are given relative to.

    Returns:
        Pictures, (sample, channel, height, width), uint8, or float32 where all have more than 8 bits; the
        files left out, each with its reason; and the position in `files` of each sample's, ascending.
    """
    if settings.size is None or settings.channels is None:
        raise DataError(
            "the size and the channels of the pictures are not set.\n  Call pictures.choose first."
        )
    height, width = settings.size
    shape = (len(files), settings.channels, height, width)
    deep = _all_deep(files)
    one = partial(decode, size=(height, width), channels=settings.channels, fit=settings.fit, deep=deep)
    key = cache.key(files, {"size": shape[1:], "fit": settings.fit, "deep": deep})
    return cached(files, one, key, shape, root, np.float32 if deep else np.uint8)


def sample(path: Path, spec: SampleSpec) -> Samples:
    """One picture as those of training: its size, its channels, and its own values where those kept them.

    Raises:
        DataError: damaged, or the spec is none of a picture.
    """
    if len(spec.shape) != 3 or spec.shape[0] not in (1, 3):
        raise DataError(f"a picture is 1 or 3 channels × height × width; got {show(spec.shape)}.")
    channels, height, width = spec.shape
    deep = spec.dtype != "uint8" and is_deep(header(path).mode)
    return single(decode(path, (height, width), channels, spec.settings.fit, deep=deep))


def choose(files: Sequence[Path], settings: DataSettings) -> tuple[DataSettings, list[str]]:
    """Fill in the `size` and `channels` that the person left open, from a sample of the files.

    Returns:
        The settings, complete, and a sentence on each choice made.
    """
    demand_meaning(settings, "picture")
    demand_grey_or_colour(settings)
    remarks = []
    if settings.size is None:
        size, why = _size(files)
        settings = replace(settings, size=size)
        remarks.append(f"pictures are brought to {size[0]} × {size[1]} px (height × width): {why}")
    elif len(settings.size) != 2 or min(settings.size) < 1:
        raise DataError(f"pictures need a size of (height, width), each at least 1; got {settings.size}.")
    if settings.channels is None:
        channels = 1 if _all_grey(files) else 3
        settings = replace(settings, channels=channels)
        remarks.append(f"pictures are read in {'grey' if channels == 1 else 'colour'}, as they are")
    return settings, [*remarks, *_on_depth(files), *_on_pages(files)]


def _modes(files: Sequence[Path]) -> list[str]:
    """Pillow's modes of a sample of the files."""
    return [head.mode for head in each(header, spread(files, GREY_SAMPLE)) if isinstance(head, PictureHeader)]


def _all_deep(files: Sequence[Path]) -> bool:
    """Whether all pictures of a sample have more than 8 bits: then their values are kept."""
    modes = _modes(files)
    return bool(modes) and all(map(is_deep, modes))


def _on_depth(files: Sequence[Path]) -> list[str]:
    """Say what becomes of pictures of more than 8 bits."""
    modes = _modes(files)
    deep = sum(map(is_deep, modes))
    if deep and deep == len(modes):
        return ["pictures have more than 8 bits, and keep their own values"]
    if deep:
        return [
            f"{deep:,} of {len(modes):,} pictures have more than 8 bits, the others not: they get 8, scaled"
            " by the whole range of their type, so what uses a part of it gets dark; save all in the same way"
        ]
    return []


def _on_pages(files: Sequence[Path]) -> list[str]:
    """Say which page is read of pictures that have several."""
    some = [file for file in spread(files, GREY_SAMPLE) if file.suffix.lower() in PAGED]
    several = sum(count > 1 for count in each(_pages, some) if isinstance(count, int))
    if not several:
        return []
    return [
        f"{several:,} pictures have several pages: the first is read, of pages of other sizes the largest"
    ]


def _pages(file: Path) -> int:
    with opened(file) as image:
        return getattr(image, "n_frames", 1)


def _size(files: Sequence[Path]) -> tuple[tuple[int, int], str]:
    """A (height, width) that two processor cores can train on from scratch, and the reason in words."""
    heads = [head for head in each(header, spread(files, SAMPLE)) if isinstance(head, PictureHeader)]
    if not heads:
        raise DataError(f"none of the {len(files)} pictures can be read.\n  {_first_reason(files)}")
    sizes = {(head.height, head.width) for head in heads}
    side = round(median(max(head.height, head.width) for head in heads))
    most = next((side for count, side in SIDES if len(files) <= count), LEAST_SIDE)
    if side <= most:
        scale, why = 1.0, "their own size" if len(sizes) == 1 else "the median of their longer sides"
    else:
        scale = most / side
        gain = "train in reasonable time there" if len(files) > FEW else FASTER
        why = f"{len(files):,} pictures of {side} px (longer side, median) {gain}"
    height, width = sizes.pop() if len(sizes) == 1 else (side, side)
    return (max(1, round(height * scale)), max(1, round(width * scale))), why


def _first_reason(files: Sequence[Path]) -> str:
    return next((str(bad) for bad in each(header, files[:1]) if isinstance(bad, BadFile)), "")


def _all_grey(files: Sequence[Path]) -> bool:
    """Whether a sample of the pictures shows no colour, whatever their mode: grey is often saved as RGB."""
    for picture in each(lambda file: decode(file, (32, 32), 3, "stretch"), spread(files, GREY_SAMPLE)):
        if isinstance(picture, np.ndarray) and int(np.ptp(picture, axis=0).max()) > 2:
            return False
    return True
