"""Files of volumes → one tensor: size, channels, type chosen from the data, decoded in threads once, cached.

What a format knows of its files is a `Codec`; all that formats have in common is here. Values are kept in the
files' own units (Hounsfield units of a CT, say), so that any file, decoded by itself, gives the same numbers;
the network's first module brings them to mean 0 and standard deviation 1.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
from torch import Tensor

from convscope.data import memory
from convscope.data.dataset import Dataset, DataSettings, Skipped
from convscope.data.files import cache, decoding, folder, listing, table
from convscope.data.files.folder import Wanted
from convscope.data.files.format import Claim, Files
from convscope.data.pictures.decode import SUFFIXES
from convscope.data.samples import ANY, Samples, SampleSpec, single
from convscope.data.volumes.voxels import VolumeSize, halved, holds, resampled, wanted_size
from convscope.errors import BadFile, DataError, ShapeError
from convscope.shapes import show

WORK = 12  # bytes that decoding takes for each voxel: as read, as float32, and while it is resampled
LOOKED_AT = 8  # volumes decoded to see what numbers they hold
SIDES = (
    (500, 64),
    (2_000, 48),
)  # up to so many volumes: as many voxels as a cube of this side; more volumes: LEAST_SIDE
LEAST_SIDE = 32
FORM = "channels × depth × height × width"


class VolumeHeader(NamedTuple):
    """What a file says about its volume before the voxels are decoded."""

    channels: int
    size: VolumeSize  # depth, height, width
    exact: bool  # whether all its values are whole numbers from 0 to 255
    note: str = ""  # what will be done to it


class Codec(NamedTuple):
    """What a format knows.

    Attributes:
        name: for the cache; it changes when the voxels that come out do.
        wanted: what counts as a sample.
        header: reads a VolumeHeader, or raises BadFile.
        decode: (path, size, channels) → (channel, depth, height, width), uint8 if exact, else float32, in any
            size: one that can be had at no cost may be nearer to what is asked for. May raise BadFile.
        channels: chooses one of the numbers of channels that the files have.
        inside: the files of a sample that is a folder.
    """

    name: str
    wanted: Wanted
    header: Callable[[Path], VolumeHeader]
    decode: Callable[[Path, VolumeSize, int], np.ndarray]
    channels: Callable[[Sequence[int]], int]
    inside: Callable[[Path], Sequence[Path]] = lambda _: ()


class Look(NamedTuple):
    """What was seen in a few decoded volumes."""

    dtype: np.dtype
    holes: bool  # whether some values are NaN
    remarks: list[str]


def recognises(path: Path, codec: Codec) -> bool:
    """Whether this is a folder with more of the codec's samples than pictures, or a table that names one."""
    if not path.is_dir():
        named = table.first(path)
        return named is not None and named != path and codec.wanted.takes(named)
    seen = folder.peek(path, codec.wanted)
    mine = sum(codec.wanted.takes(child) for child in seen)
    return mine > sum(child.suffix.lower() in SUFFIXES and not codec.wanted.takes(child) for child in seen)


def load(path: Path, settings: DataSettings, strict: bool, codec: Codec) -> Dataset:
    """Load a folder of volumes, one folder a class, or a table that names them.

    Raises:
        DataError: as with pictures: nothing to read, one class only, …; with `strict` any broken volume.
    """
    reader = DataSetFiles(codec).reader()
    if not path.is_dir():
        return table.load(path, settings, strict, reader)
    found = folder.scan(path, codec.wanted, settings)
    if not found.listed:
        what = "".join(f"\n    {remark}" for remark in found.remarks)
        raise DataError(
            f"{path} holds no {codec.wanted.what}s in class folders. It was found that{what}\n"
            f"  Put each class into a folder of its own, and below it {' '.join(codec.wanted.suffixes)}."
        )
    return listing.dataset(
        found.listed, path, path, settings, strict, reader, found.skipped, found.remarks, found.passed
    )


class DataSetFiles:
    """The files of one data set: `choose` looks at them, `read` decodes them as was chosen."""

    def __init__(self, codec: Codec) -> None:
        self.codec = codec
        self.channels = 1
        self.look: Look | None = None

    def reader(self) -> listing.Reader:
        """As `listing` and `table` take it."""
        return listing.Reader("volume", self.codec.wanted.what, self.choose, self.read)

    def choose(self, files: Sequence[Path], settings: DataSettings) -> tuple[DataSettings, list[str]]:
        """Fill in the size and the channels, and decide what type holds the values.

        Returns:
            The settings, complete, and a sentence on each choice made.
        """
        listing.demand_meaning(settings, self.codec.wanted.what)
        looks = list(decoding.each(self.codec.header, files, "looking"))
        heads = [head for head in looks if isinstance(head, VolumeHeader)]
        if not heads:
            reason = next((str(bad) for bad in looks if isinstance(bad, BadFile)), "")
            raise DataError(f"none of the {len(files)} {self.codec.wanted.what}s can be read.\n  {reason}")
        size, remarks = wanted_size(settings), []
        if size is None:
            size, why = chosen_size(heads)
            remarks = [f"volumes are brought to {show(size)} (depth × height × width): {why}"]
        self.channels = settings.channels or self.codec.channels([head.channels for head in heads])
        self.look = self._look_at(files, size, heads)
        notes = Counter(head.note for head in heads if head.note)
        remarks += [f"{count:,} of {len(heads):,} volumes were {note}" for note, count in notes.items()]
        update = {"size": size, "channels": self.channels if self.channels in (1, 3) else None}
        return replace(settings, **update), [*remarks, *self.look.remarks]

    def read(
        self, files: Sequence[Path], settings: DataSettings, root: Path
    ) -> tuple[Tensor, list[Skipped], list[int]]:
        """Decode the files, or take them from the cache: (sample, channel, depth, height, width).

        Returns:
            The same as `choosing.read`; uint8, float16 or float32.
        """
        size, look = wanted_size(settings), self.look
        if size is None or look is None:
            raise DataError("the size of the volumes is not set.\n  Call choose first.")
        shape = (len(files), self.channels, *size)
        said = {"codec": self.codec.name, "shape": shape[1:], "type": str(look.dtype), "holes": look.holes}
        key = cache.key([part for file in files for part in (file, *self.codec.inside(file))], said)
        one = partial(decoded, self.codec, channels=self.channels, size=size, look=look)
        return decoding.cached(files, one, key, shape, root, look.dtype)

    def _look_at(self, files: Sequence[Path], size: VolumeSize, heads: Sequence[VolumeHeader]) -> Look:
        """Decode a few volumes and see what numbers they hold."""
        if all(head.exact for head in heads):
            return Look(np.dtype(np.uint8), False, [])

        def one(path: Path) -> tuple[np.ndarray, bool]:
            volume = self.codec.decode(path, size, self.channels)
            return _fitted(volume, path, self.channels, size, holes=True), bool(np.isnan(volume).any())

        some = decoding.spread(files, LOOKED_AT)
        seen = [result for result in decoding.each(one, some) if not isinstance(result, BadFile)]
        if not seen:
            return Look(np.dtype(np.float16), False, [])
        values, holes = np.stack([volume for volume, _ in seen]), any(hole for _, hole in seen)
        low, high = float(values.min()), float(values.max())
        dtype = np.dtype(np.float16 if holds(values, high - low) else np.float32)
        remarks = [
            f"values stay in the files' own units, as {dtype}; in {len(seen)} of the volumes they run from"
            f" {low:g} to {high:g}"
        ]
        if holes:
            remarks.append("where a volume has no value (NaN), it gets the least of its others")
        return Look(dtype, holes, remarks)


def decoded(codec: Codec, path: Path, channels: int, size: VolumeSize, look: Look) -> np.ndarray:
    """One volume in the size and type that were chosen: (channel, depth, height, width)."""
    values = _fitted(codec.decode(path, size, channels), path, channels, size, look.holes)
    if look.dtype == np.uint8:
        return values  # whole numbers, or those of a file that has others than the set's
    if look.dtype != np.float16:
        return values.astype(look.dtype)
    if not holds(values, float(np.abs(values).max())):
        raise BadFile(
            path, f"its values run from {values.min():g} to {values.max():g}, far beyond the others'"
        )
    return halved(values)


def files(
    codec: Codec,
    ending: Callable[[bytes], str],
    takes: Callable[[Path], bool] | None = None,
    kinds: tuple[str, ...] = ("volume", ANY),
) -> Files:
    """How the codec's files become samples by themselves."""

    def header(path: Path) -> Claim:
        head = codec.header(path)
        return Claim((head.channels, *head.size), "uint8" if head.exact else "float32")

    def sample(path: Path, spec: SampleSpec) -> Samples:
        channels, *size = spec.shape
        if len(size) != 3:
            raise ShapeError(f"the model takes {show(spec.shape)}; a {codec.wanted.what} is {FORM}.")
        look = Look(np.dtype(spec.dtype), holes=True, remarks=[])
        return single(decoded(codec, path, channels, (size[0], size[1], size[2]), look))

    return Files(
        one=codec.wanted.what,
        form=FORM,
        kinds=kinds,
        takes=takes or codec.wanted.takes,
        ending=ending,
        header=header,
        decode=sample,
    )


def _fitted(volume: np.ndarray, path: Path, channels: int, size: VolumeSize, holes: bool) -> np.ndarray:
    if len(volume) != channels:
        raise BadFile(path, f"it has {len(volume)} channels where {channels} are wanted")
    if volume.dtype != np.uint8:
        if holes and np.isnan(volume).any() and not np.isnan(volume).all():
            volume = np.where(np.isnan(volume), np.nanmin(volume), volume)
        if not np.isfinite(volume).all():
            raise BadFile(path, "it holds values that are not finite (NaN or infinity)")
    return resampled(volume, size)


def refuse_absurd(path: Path, voxels: int, shape: Sequence[int]) -> None:
    """Check what a header claims before memory is asked for.

    Raises:
        DataError: (BadFile) an axis is empty, or the volume takes more memory than this machine has.
    """
    if min(shape) < 1:
        raise BadFile(path, f"its header says {show(tuple(shape))} voxels")
    if voxels * WORK > memory.SHARE * memory.physical_memory():
        raise BadFile(path, f"its header says {show(tuple(shape))} voxels, more than this machine's memory")


def chosen_size(heads: Sequence[VolumeHeader]) -> tuple[VolumeSize, str]:
    """A size that two processor cores can train on, and the reason in words.

    Each axis gets the median of the volumes', but none more than a limit which is as high as the number of
    voxels allows: so the few slices of a thick CT all stay.
    """
    sizes = {head.size for head in heads}
    depth, height, width = (max(1, round(median(head.size[axis] for head in heads))) for axis in range(3))
    side = next((side for count, side in SIDES if len(heads) <= count), LEAST_SIDE)
    if depth * height * width <= side**3:
        return (depth, height, width), "their own size" if len(sizes) == 1 else "the median of theirs"
    limit = next(
        limit
        for limit in range(max(depth, height, width), 0, -1)
        if min(depth, limit) * min(height, limit) * min(width, limit) <= side**3
    )
    own = show((depth, height, width))
    why = f"{len(heads):,} volumes of {own} (median) train in reasonable time there"
    return (min(depth, limit), min(height, limit), min(width, limit)), why
