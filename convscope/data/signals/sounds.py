"""Sounds of any form: what their header says, and their samples as floats.

Plain WAV files are read by `wav`; all else (FLAC, OGG, MP3, compressed WAV …) by the package soundfile. The
content says which it is, so a file with another's ending is read all the same.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from convscope.data.signals import wav
from convscope.errors import BadFile

if TYPE_CHECKING:
    from soundfile import SoundFile

WAVS = (".wav", ".wave")
READ = (*WAVS, ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf",
        ".w64", ".rf64")  # fmt: skip
UNREAD = (".m4a", ".aac", ".wma", ".amr")  # known to be sounds, so that it is said what to do with them
ENDINGS = (*READ, *UNREAD)
MAGIC = (b"fLaC", b"OggS", b"ID3", b".snd", b"dns.", b"caff", b"riff")
BLOCK = 1 << 18  # frames read at once
MOST = 200  # frames for each byte of a file; one that claims more is counted before it is believed


class SoundHeader(NamedTuple):
    """What a sound says of itself."""

    channels: int
    rate: int  # frames a second
    frames: int


def ending(head: bytes) -> str:
    """The ending of a sound that begins with these bytes; "" where they are none.

    >>> ending(b"RIFF    WAVE"), ending(b"fLaC"), ending(b"GIF89a")
    ('.wav', '.flac', '')
    """
    if head[:4] in (b"RIFF", b"RIFX", b"RF64") and head[8:12] == b"WAVE":
        return ".wav"
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return ".aiff"
    if head[4:11] == b"ftypM4A":
        return ".m4a"
    return ".flac" if head.startswith(MAGIC) or _is_mp3(head) else ""


def header(file: Path) -> SoundHeader:
    """Read the header.

    Raises:
        BadFile: no sound that can be read, damaged, cut short, or without a single frame.
    """
    if plain := _wav(file):
        return SoundHeader(plain.channels, plain.rate, plain.frames)
    with _opened(file) as sound:
        frames = sound.frames
        if frames > MOST * file.stat().st_size:
            frames = sum(len(block) for block in _blocks(sound))
        if frames < 1:
            raise BadFile(file, "it holds no sound (0 frames)")
        return SoundHeader(sound.channels, sound.samplerate, frames)


def samples(file: Path) -> np.ndarray:
    """Read all samples; whole numbers become -1 … 1, so that files of different depth are alike.

    Returns:
        (channel, frame), float32.

    Raises:
        BadFile: as for `header`, or the file holds less than that says.
    """
    if plain := _wav(file):
        return wav.samples(file, plain)
    with _opened(file) as sound:
        read = np.concatenate([np.empty((0, sound.channels), np.float32), *_blocks(sound)])
        if len(read) < sound.frames:
            raise BadFile(file, f"it is cut short: {len(read):,} of {sound.frames:,} frames are there")
    return np.ascontiguousarray(read.T)


def _is_mp3(head: bytes) -> bool:
    """Whether a frame of layer III begins here; a text in UTF-16 may begin alike."""
    return len(head) > 2 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2 and head[2] < 0xF0


def _wav(file: Path) -> wav.WavHeader | None:
    """The header of a plain WAV file; None where another reader is to be asked."""
    try:
        with file.open("rb") as stream:
            head = stream.read(12)
    except OSError:
        head = b""
    other = head and not (head[:4] == b"RIFF" and head[8:12] == b"WAVE")
    if other and (ending(head) or file.suffix.lower() not in WAVS):
        return None
    try:
        return wav.header(file)
    except wav.Compressed:
        return None


@contextmanager
def _opened(file: Path) -> Iterator["SoundFile"]:
    """The file, open; whatever goes wrong in it is said of the file."""
    import soundfile  # a library of its own: loaded where a sound needs it

    with file.open("rb") as stream:
        head = stream.read(12)
    if (
        not ending(head) and file.suffix.lower() != ".mp3"
    ):  # the library takes the rest for samples, by its name
        raise BadFile(file, _reason(file, ValueError("it begins as none")))
    try:
        with soundfile.SoundFile(file) as sound:
            yield sound
    except BadFile:
        raise
    except (soundfile.SoundFileError, RuntimeError, OSError, ValueError, TypeError) as error:
        raise BadFile(file, _reason(file, error)) from error


def _blocks(sound: "SoundFile") -> Iterator[np.ndarray]:
    """(frame, channel) each: a header can claim any length, so memory follows what is there."""
    while len(block := sound.read(BLOCK, dtype="float32", always_2d=True)):
        yield block


def _reason(file: Path, error: Exception) -> str:
    how = "convert it to FLAC or WAV, for example by ffmpeg -i FILE OUT.flac"
    if file.suffix.lower() in UNREAD or ending(file.read_bytes()[:12]) == ".m4a":
        return f"sounds of this form ({file.suffix.lower() or 'M4A'}) are not read; {how}"
    try:
        wav.header(file)
    except wav.Compressed as compressed:
        return compressed.reason
    except BadFile:
        pass
    words = getattr(error, "error_string", str(error)).strip().rstrip(".")
    return f"it is damaged, or no sound: {words}"
