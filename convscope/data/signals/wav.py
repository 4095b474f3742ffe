"""WAV files: what their header says, and their samples as floats."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from convscope.errors import BadFile

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
NAMES = {
    2: "Microsoft ADPCM", 6: "A-law", 7: "µ-law", 17: "IMA ADPCM", 20: "G.723 ADPCM", 49: "GSM 6.10",
    64: "G.721 ADPCM", 80: "MPEG", 85: "MP3", 255: "AAC", 0x161: "Windows Media Audio",
}  # fmt: skip
BITS = {PCM: (8, 16, 24, 32), FLOAT: (32, 64)}
UNKNOWN = 0xFFFFFFFF  # size that a program writes which does not know it yet: up to the end of the file


class Compressed(BadFile):
    """A WAV file whose samples are in a form that is not read here."""


class WavHeader(NamedTuple):
    """What a WAV file says of itself."""

    code: int  # PCM or FLOAT
    channels: int
    rate: int  # frames a second
    bits: int  # a sample
    frames: int
    start: int  # byte where the samples begin


def header(file: Path) -> WavHeader:
    """Read the header.

    Raises:
        BadFile: no WAV file, damaged, cut short, or without a single frame; Compressed where it is.
    """
    try:
        with file.open("rb") as stream:
            return _header(stream, file)
    except OSError as error:
        reason = "there is no such file" if not file.exists() else error.strerror or str(error)
        raise BadFile(file, reason) from error
    except ValueError as error:
        raise BadFile(file, str(error)) from error


def samples(file: Path, head: WavHeader) -> np.ndarray:
    """Read all samples; whole numbers become -1 … 1, so that files of different depth are alike.

    Returns:
        (channel, frame), float32.

    Raises:
        BadFile: the file has become shorter since its header was read.
    """
    size = head.bits // 8
    with file.open("rb") as stream:
        stream.seek(head.start)
        raw = stream.read(head.frames * head.channels * size)
    if len(raw) < head.frames * head.channels * size:
        raise BadFile(file, "it was changed while it was read")
    return np.ascontiguousarray(_floats(raw, head).reshape(head.frames, head.channels).T)


def _header(stream: BinaryIO, file: Path) -> WavHeader:
    size = file.stat().st_size
    first = stream.read(12)
    if len(first) < 12 or first[8:] != b"WAVE" or first[:4] != b"RIFF":
        raise ValueError("it is empty" if size == 0 else "it is no WAV file (RIFF)")
    form = None
    for name, length, start in _chunks(stream, size):
        if name == b"fmt ":
            form = _format(stream.read(min(length, 40)), file)
        elif name == b"data":
            if form is None:
                raise ValueError("its format is missing (no 'fmt ' before the samples)")
            return _with_frames(form, length, start, size)
    raise ValueError("it holds no samples (no 'data')")


def _chunks(stream: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, length and place of each chunk."""
    place = 12
    while place + 8 <= size:
        stream.seek(place)
        name, length = struct.unpack("<4sI", stream.read(8))
        yield name, length, place + 8
        place += 8 + length + length % 2


def _format(chunk: bytes, file: Path) -> WavHeader:
    if len(chunk) < 16:
        raise ValueError("its format is cut short")
    code, channels, rate, _, _, bits = struct.unpack("<HHIIHH", chunk[:16])
    if code == EXTENSIBLE and len(chunk) >= 26:
        code = struct.unpack("<H", chunk[24:26])[0]
    if code not in BITS:
        name = NAMES.get(code, f"format {code:#06x}")
        raise Compressed(
            file, f"it is compressed ({name}); convert it to PCM, for example by ffmpeg -i FILE OUT.wav"
        )
    if bits not in BITS[code] or channels < 1 or rate < 1:
        raise ValueError(f"{channels} channels of {bits} bits at {rate:,} Hz are not understood")
    return WavHeader(code, channels, rate, bits, 0, 0)


def _with_frames(form: WavHeader, length: int, start: int, size: int) -> WavHeader:
    frame = form.channels * form.bits // 8
    there = size - start
    if length != UNKNOWN and length > there:
        raise ValueError(f"it is cut short: {there // frame:,} of {length // frame:,} frames are there")
    frames = min(length, there) // frame
    if frames == 0:
        raise ValueError("it holds no sound (0 frames)")
    return form._replace(frames=frames, start=start)


def _floats(raw: bytes, head: WavHeader) -> np.ndarray:
    if head.code == FLOAT:
        return np.frombuffer(raw, f"<f{head.bits // 8}").astype(np.float32)
    if head.bits == 8:  # the only depth without sign
        return (np.frombuffer(raw, np.uint8).astype(np.float32) - 128) / 128
    if head.bits == 24:
        wide = np.zeros((len(raw) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)  # the upper three of four bytes
        return (wide.view("<i4")[:, 0] / 2.0**31).astype(np.float32)
    return (np.frombuffer(raw, f"<i{head.bits // 8}") / 2.0 ** (head.bits - 1)).astype(np.float32)
