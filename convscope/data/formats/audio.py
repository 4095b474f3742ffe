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
from convscope.data.signals import placing, rates, recordings, sound_sets, sounds, tables
from convscope.data.signals.recording import Broken, Recording
from convscope.data.signals.sounds import SoundHeader
from convscope.data.signals.tables import Placed
from convscope.errors import BadFile, DataError, ShapeError
from convscope.shapes import show

SOUNDS = folder.Wanted(sounds.ENDINGS, "sound")
MEANINGLESS = ("images", "sample", "size", "horizon", "time", "series")
READER = (
    2  # another one where a file would give other values, or none before: entries of the cache are of one
)
MANY = 200_000  # points from which on a sound is rather to be cut into pieces


def recognises(path: Path) -> bool:
    """Whether this is a folder with at least as many sounds as pictures, or a table that names a sound."""
    if not path.is_dir():
        return sound_sets.names_sounds(path, SOUNDS)
    some = folder.peek(path, SOUNDS)
    sounds = sum(SOUNDS.takes(file) for file in some)
    return sounds > 0 and sounds >= sum(PICTURES.takes(file) for file in some)


def load(path: Path, settings: DataSettings, strict: bool) -> Dataset:
    """Load sounds; the layouts are those of pictures, and those of `sound_sets`.

    Raises:
        DataError: no sound can be read, classes that cannot be trained on (see `listing.sort`), and with
            `strict` any file left out.
    """
    placing.demand_meaning(settings, "sounds", MEANINGLESS)
    reader = Reader("signal", SOUNDS.what, choose, read)
    named = table.first(path)
    if named is not None and named.is_file() and not tables.has_folds(path):
        data = table.load(path, settings, strict, reader)
        return replace(data, rate=data.settings.rate, sound=True)
    place = sound_sets.placed(path, SOUNDS, settings)
    if settings.window is not None or settings.stride is not None:
        return _pieces(place, path, settings, strict)
    root = path if path.is_dir() else path.parent
    data = listing.dataset(
        place.listed, path, root, settings, strict, reader, place.skipped, place.remarks, place.passed
    )
    return replace(data, rate=data.settings.rate, sound=True)


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
    if length > MANY and settings.length is None:
        remarks.append(
            f"sounds of {length:,} points take long: --window {round(rate)} cuts them into pieces of a"
            " second, --rate makes them coarser"
        )
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
    key = cache.key(files, {"sounds": said, "type": "float32", "reader": READER})
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
    if spec.settings.window is not None:
        return _cut(path, spec)
    found = single(_read(path, replace(spec.settings, channels=channels, length=length)))
    return found._replace(remarks=_on_length(path, spec))


def _on_length(path: Path, spec: SampleSpec) -> tuple[str, ...]:
    """What is done to a sound that is not of the length of training; one sentence for all of them."""
    head, length = sounds.header(path), spec.shape[1]
    rate = spec.settings.rate or head.rate
    points = rates.points(head.frames, head.rate, rate)
    if points == length:
        return ()
    whole = f"{length:,} points ({length / rate:.2f} s)"
    if spec.settings.unequal == "resample":
        return (f"sounds of another length are stretched or shrunk to {whole}",)
    if points < length:
        return (f"sounds shorter than {whole} are padded at their end with their own mean",)
    return (
        f"sounds longer than {whole} are cut at both ends: what is said is of their middle alone (a run that"
        " was trained with --window takes them piece by piece)",
    )


def _pieces(place: Placed, path: Path, settings: DataSettings, strict: bool) -> Dataset:
    """Cut sounds into pieces; all pieces of a sound (or of its group) are in one part."""
    root, channels = (path if path.is_dir() else path.parent), settings.channels or 1
    opened, skipped = [], list(place.skipped)
    for item in place.listed:
        name = decoding.shown(item.file, root)
        try:
            found = _recording(item.file, channels)
        except BadFile as error:
            skipped.append(Skipped(name, error.reason))
        else:
            opened.append(found._replace(name=name, label=item.label, part=item.part, group=item.group))
    if not opened:
        what = f"{path}: none of the {len(place.listed)} sounds can be used:"
        raise DataError(listing.left_out(what, skipped))
    cut, settings = recordings.samples(opened, replace(settings, channels=channels))
    remarks = [*place.remarks, *cut.remarks]
    whole = cut._replace(skipped=[*skipped, *cut.skipped], remarks=remarks, features=())
    return replace(signals.dataset(whole, path, settings, strict), sound=True)


def _cut(path: Path, spec: SampleSpec) -> Samples:
    """Pieces of one sound, as training cut them."""
    own = path.absolute().parent.name
    try:
        found = _recording(path, spec.shape[0])._replace(label=own if own in spec.classes else "")
        return signals.as_samples(recordings.unlabelled(found, spec), [], path.name, spec)
    except Broken as error:
        raise BadFile(path, str(error)) from error


def _recording(file: Path, channels: int) -> Recording:
    """A sound that has been opened, with as many channels as wanted."""
    head = sounds.header(file)

    def values(places: Sequence[int]) -> list[np.ndarray]:
        try:
            found = signals.with_channels(sounds.samples(file), channels)
        except BadFile as error:
            raise Broken(error.reason) from error
        if len(found) != channels:
            raise Broken(f"it has {head.channels} channels, not {channels}")
        return [found[place] for place in places]

    names = tuple(map(str, range(1, channels + 1)))
    return Recording(file.name, names, (float(head.rate),) * channels, [], values)


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
