"""Sounds: files in one folder a class, at one rate, as many channels as wanted, one length; cached."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from torch import Tensor

from convscope.data import signals
from convscope.data.dataset import Dataset, DataSettings, Skipped
from convscope.data.files import cache, decoding, folder, listing, table
from convscope.data.files.format import Claim, Files, Format
from convscope.data.files.listing import Reader
from convscope.data.formats.pictures import PICTURES
from convscope.data.samples import ANY, Samples, SampleSpec, single
from convscope.data.signals import rates, sounds
from convscope.data.signals.sounds import SoundHeader
from convscope.errors import BadFile, DataError, ShapeError
from convscope.shapes import show

SOUNDS = folder.Wanted(sounds.ENDINGS, "sound")


def recognises(path: Path) -> bool:
    """Whether this is a folder with at least as many sounds as pictures, or a table that names a sound."""
    if not path.is_dir():
        named = table.first(path)
        return named is not None and SOUNDS.takes(named)
    some = folder.peek(path, SOUNDS)
    sounds = sum(SOUNDS.takes(file) for file in some)
    return sounds > 0 and sounds >= sum(PICTURES.takes(file) for file in some)


def load(path: Path, settings: DataSettings, strict: bool) -> Dataset:
    """Load sounds; the layouts are those of pictures (see `folder.load` and `table.load`).

    Raises:
        DataError: no sound can be read, classes that cannot be trained on (see `listing.sort`), and with
            `strict` any file left out.
    """
    reader = Reader("signal", SOUNDS.what, choose, read)
    if path.is_file():
        data = table.load(path, settings, strict, reader)
        return replace(data, rate=data.settings.rate)
    found = folder.scan(path, SOUNDS, settings)
    if not found.listed:
        raise DataError(
            f"{path} holds sounds, but none in a class folder.\n"
            "  Expected FOLDER/CLASS/sound.wav, or FOLDER/train|val|test/CLASS/sound.wav."
        )
    data = listing.dataset(found.listed, path, path, settings, strict, reader, found.skipped, found.remarks)
    return replace(data, rate=data.settings.rate)


def choose(files: Sequence[Path], settings: DataSettings) -> tuple[DataSettings, list[str]]:
    """Fill in the `rate`, `channels` and `length` that the person left open, from the files' headers.

    Returns:
        The settings, complete, and a sentence on each choice made.

    Raises:
        DataError: a rate, a number of channels or a length below 1.
    """
    heads = [head for head in decoding.each(sounds.header, files) if isinstance(head, SoundHeader)]
    if settings.channels is not None and settings.channels < 1:
        raise DataError(f"sounds need at least 1 channel; got {settings.channels}.")
    channels = settings.channels or 1
    if not heads:
        return replace(settings, channels=channels, rate=settings.rate or 1, length=1), []
    rate, remarks = rates.common([head.rate for head in heads], settings)
    if channels == 1 and (mixed := sum(head.channels > 1 for head in heads)):
        remarks.append(f"the channels of {mixed:,} of {len(heads):,} sounds are mixed to one")
    lengths = [rates.points(head.frames, head.rate, rate) for head in heads]
    length = signals.common_length(lengths, settings)
    settings = replace(settings, channels=channels, rate=round(rate), length=length)
    return settings, [*remarks, *signals.on_lengths(lengths, length, settings)]


def read(
    files: Sequence[Path], settings: DataSettings, root: Path | None = None
) -> tuple[Tensor, list[Skipped], list[int]]:
    """Read files into one tensor, or take it from the cache where the same files were read before.

    Args:
        files: sounds, in the order of the rows.
        settings: `rate`, `channels` and `length` must be set.
        root: folder that the names of skipped files are given relative to.

    Returns:
        Signals, float32 (sample, channel, time); the files left out, each with its reason; and for each
        sample the position of its file in `files`, ascending.
    """
    if settings.rate is None or settings.channels is None or settings.length is None:
        raise DataError(
            "the rate, channels and length of the sounds are not set.\n  Call audio.choose first."
        )
    said = {name: getattr(settings, name) for name in ("rate", "channels", "length", "unequal")}
    key = cache.key(files, {"sounds": said, "type": "float32"})
    shape = (len(files), settings.channels, settings.length)
    return decoding.cached(files, lambda file: _read(file, settings), key, shape, root, np.float32)


def header(path: Path) -> Claim:
    """Channels, frames and rate of a sound, none of it read."""
    head = sounds.header(path)
    return Claim((head.channels, head.frames), rate=head.rate)


def sample(path: Path, spec: SampleSpec) -> Samples:
    """One sound, at the rate, with the channels and of the length of the spec."""
    if len(spec.shape) != 2:
        raise ShapeError(f"the model takes {show(spec.shape)}; a sound is {FILES.form}.")
    channels, length = spec.shape
    return single(_read(path, replace(spec.settings, channels=channels, length=length)))


def _read(file: Path, settings: DataSettings) -> np.ndarray:
    """One sound as (channel, time), at the rate and of the length of the settings."""
    rate, found = sounds.header(file).rate, sounds.samples(file)
    had = len(found)
    if not np.isfinite(found).all():
        raise BadFile(file, "it holds values that are NaN or infinite")
    found = signals.with_channels(found, settings.channels or 1)  # one of them is the same on both ears
    if len(found) != settings.channels:
        raise BadFile(file, f"it has {had} channels, not {settings.channels}")
    try:
        same = rates.at_rate(found, rate, settings.rate or rate)
    except rates.TooFarError as error:
        raise BadFile(file, str(error)) from error
    fitted = signals.fit(same, settings.length or same.shape[1], settings.unequal)
    return fitted.astype(np.float32, copy=False)


FILES = Files(
    one="sound",
    form="channels × time: a sound has one axis, its time",
    kinds=("signal", ANY),
    takes=SOUNDS.takes,
    ending=sounds.ending,
    header=header,
    decode=sample,
)
FORMAT = Format(
    what="sounds (WAV, FLAC, OGG, MP3 …) in a folder a class, or named by a CSV file",
    recognises=recognises,
    load=load,
    files=FILES,
)
