"""Files without labels → samples, in just the way in which the run's own data were read.

Where a sample is a file, a line in `FILES` says which ones and how they are read; a table of rows or windows
has a reader of its own. What none of them knows goes to the data room, which wants labels.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from convscope import data as data_room
from convscope.data import signals, volumes
from convscope.data.dataset import Kind, Skipped
from convscope.data.files import decoding
from convscope.data.files.folder import Wanted
from convscope.data.formats import audio, dicom, nifti, sequences, stacks
from convscope.data.formats.pictures import PICTURES
from convscope.data.pictures.decode import BadPicture, decode
from convscope.data.signals import rows as signal_rows
from convscope.data.signals import text as signal_text
from convscope.data.volumes import Codec
from convscope.errors import DataError
from convscope.run import inputs
from convscope.run.inputs import Samples
from convscope.run.settings import RunSettings

CODECS = (nifti.CODEC, dicom.CODEC, stacks.CODEC)
ARRAYS = {".npy", ".npz"}
Read = tuple[Tensor, list[Skipped], list[int]]  # samples, files left out, and the place of each sample's file


def read(paths: Sequence[Path], settings: RunSettings) -> Samples:
    """Read files or folders.

    Raises:
        DataError: nothing that can be read.
    """
    for path in paths:
        if not path.exists():
            raise DataError(f"there is no file or folder '{path}'.\n  Give one, or a name of the catalogue.")
    for form in FILES.get(settings.facts.kind, ()):
        found = [form.below(path) for path in paths]
        if all(found):
            root = paths[0] if len(paths) == 1 and paths[0].is_dir() else None
            return _of_files([file for files in found for file in files], root, form, settings)
    return _together([_of_path(path, settings) for path in paths])


class Files(NamedTuple):
    """Files that are a sample each."""

    wanted: Wanted
    read: Callable[[Sequence[Path], RunSettings, Path | None], Read]  # files, settings, root of the names

    def below(self, path: Path) -> list[Path]:
        """The path itself where it is a sample, or all samples below it."""
        if self.wanted.takes(path):
            return [path]
        return sorted(file for file in path.rglob("*") if self.wanted.takes(file)) if path.is_dir() else []


def _pictures(files: Sequence[Path], settings: RunSettings, root: Path | None) -> Read:
    size, channels, fit = settings.facts.space, settings.facts.channels, settings.data.fit
    results = list(decoding.each(lambda file: decode(file, (size[0], size[1]), channels, fit), files))
    bad = {place: result.reason for place, result in enumerate(results) if isinstance(result, BadPicture)}
    pixels = [result for result in results if isinstance(result, np.ndarray)]
    return (
        torch.from_numpy(np.stack(pixels)) if pixels else torch.empty(0),
        [Skipped(decoding.shown(files[place], root), reason) for place, reason in bad.items()],
        [place for place in range(len(files)) if place not in bad],
    )


def _sounds(files: Sequence[Path], settings: RunSettings, root: Path | None) -> Read:
    return audio.read(files, settings.data.plain(), root)


def _volumes(files: Sequence[Path], settings: RunSettings, root: Path | None, codec: Codec) -> Read:
    reader = volumes.Files(codec)
    reader.channels = settings.facts.channels
    reader.look = volumes.Look(np.dtype(settings.facts.values), holes=True, remarks=[])
    return reader.read(files, settings.data.plain(), root or Path())


FILES: dict[Kind, tuple[Files, ...]] = {
    "image": (Files(PICTURES, _pictures),),
    "signal": (Files(audio.SOUNDS, _sounds),),
    "volume": tuple(Files(codec.wanted, partial(_volumes, codec=codec)) for codec in CODECS),
}


def _of_files(files: Sequence[Path], root: Path | None, form: Files, settings: RunSettings) -> Samples:
    """A sample a file; one in a folder that is named as a class is said to be of it."""
    values, skipped, kept = form.read(files, settings, root)
    if not kept:
        reasons = "\n".join(f"  {file}: {reason}" for file, reason in skipped[:5])
        raise DataError(f"no {form.wanted.what} can be read:\n{reasons}")
    folders = [files[place].absolute().parent.name for place in kept]
    names = [decoding.shown(files[place], root) for place in kept]
    truth = [name if name in settings.facts.classes else None for name in folders]
    return Samples(values, names, truth, tuple(skipped))


def _of_path(path: Path, settings: RunSettings) -> Samples:
    if path.suffix.lower() in ARRAYS and (found := _array(path, settings)) is not None:
        return found
    if settings.facts.kind == "sequence" and sequences.recognises(path):
        ahead = sequences.windows_of(path, settings.data.plain(), settings.facts.features)
        return Samples(ahead.inputs, ahead.names, ahead.truth)
    if settings.facts.kind == "signal" and (lines := _unlabelled(path, settings)):
        return _rows(lines, path, settings)
    return inputs.of_dataset(data_room.load(path, settings.data.plain()))


def _unlabelled(path: Path, settings: RunSettings) -> list[str]:
    """The rows of a text file that have a signal's values each, and no more; none where they have a label."""
    if not path.is_file() or signal_text.ending(path) in ("", ".ts"):
        return []
    lines = [line for line in signal_text.read(path).splitlines() if line.strip()]
    wanted = settings.facts.channels * settings.facts.space[0]
    bare = lines and len(signal_rows.cut(lines[-1])) == wanted and not signal_rows.has_header(lines)
    return lines if bare else []


def _rows(lines: Sequence[str], path: Path, settings: RunSettings) -> Samples:
    """A signal a row, channel after channel."""
    kept: dict[str, np.ndarray] = {}
    skipped = []
    for number, line in enumerate(lines, 1):
        try:
            values = np.array(signal_rows.numbers(signal_rows.cut(line)), np.float32)
            mended = signals.mend(values.reshape(settings.facts.channels, -1))
        except ValueError as error:
            mended = str(error)
        if isinstance(mended, str):
            skipped.append(Skipped(f"row {number}", mended))
        else:
            kept[f"row {number}"] = mended
    if not kept:
        raise DataError(f"{path} holds no signal that can be read: {skipped[0].reason}.")
    equal, _ = signals.equal(list(kept.values()), settings.data.plain())
    return Samples(torch.from_numpy(equal), list(kept), [None] * len(kept), tuple(skipped))


def _array(path: Path, settings: RunSettings) -> Samples | None:
    """The array of a .npy file, or of an .npz file that holds no labels."""
    try:
        held = np.load(path, allow_pickle=False)
        if isinstance(held, np.ndarray):
            return inputs.of_array(held, settings, "row")
        with held:
            return inputs.of_array(held[held.files[0]], settings, "row") if len(held.files) == 1 else None
    except (ValueError, OSError) as error:
        raise DataError(f"{path} cannot be read: {error}.\n  Save it again with numpy.save.") from error


def _together(found: Sequence[Samples]) -> Samples:
    if len(found) == 1:
        return found[0]
    if len({samples.inputs.shape[1:] for samples in found}) > 1:
        raise DataError("the files hold samples of different shapes.\n  Predict them one by one.")
    return Samples(
        torch.cat([samples.inputs for samples in found]),
        [name for samples in found for name in samples.names],
        [true for samples in found for true in samples.truth],
        tuple(skipped for samples in found for skipped in samples.skipped),
    )
