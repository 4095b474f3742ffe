"""Sounds of every form: written by soundfile or byte by byte, read by us, held against what was written."""

import struct

import numpy as np
import pytest
import soundfile
from scipy.io import wavfile

from convscope.data import DataSettings, load
from convscope.data.formats import FORMATS, audio
from convscope.data.reading import received
from convscope.data.samples import SampleSpec, spec_of
from convscope.data.signals import sounds
from convscope.errors import BadFile, DataError
from tests.data.soundness import assert_dataset_is_sound

RATE = 8000


def tone(frequency, seconds=0.5, rate=RATE, loud=0.5):
    return loud * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)


def folder_of(root, suffix, write):
    for label, frequency in (("low", 300), ("high", 1500)):
        (root / label).mkdir(parents=True)
        for number in range(5):
            write(root / label / f"{number}{suffix}", tone(frequency + 10 * number))
    return root


EXACT = {
    "FLAC of 16 bits": (".flac", {"subtype": "PCM_16"}, 2**-15),
    "FLAC of 24 bits": (".flac", {"subtype": "PCM_24"}, 2**-23),
    "AIFF": (".aiff", {"subtype": "PCM_16"}, 2**-15),
    "AIFC of floats": (".aifc", {"format": "AIFF", "subtype": "FLOAT"}, 1e-7),
    "AU": (".au", {"subtype": "PCM_16"}, 2**-15),
    "CAF": (".caf", {"subtype": "PCM_24"}, 2**-23),
    "W64": (".w64", {"subtype": "PCM_32"}, 1e-7),
    "RF64": (".wav", {"format": "RF64", "subtype": "PCM_16"}, 2**-15),
    "WAV, extensible, 24 bits": (".wav", {"format": "WAVEX", "subtype": "PCM_24"}, 2**-23),
    "WAV, extensible, floats": (".wav", {"format": "WAVEX", "subtype": "DOUBLE"}, 1e-7),
    "WAV, big-endian": (".wav", {"endian": "BIG", "subtype": "PCM_16"}, 2**-15),
    "FLAC that is called WAV": (".wav", {"format": "FLAC", "subtype": "PCM_16"}, 2**-15),
    "WAV that is called FLAC": (".flac", {"format": "WAV", "subtype": "PCM_16"}, 2**-15),
    "in capitals": (".FLAC", {"format": "FLAC", "subtype": "PCM_16"}, 2**-15),
}
NEAR = {
    "OGG": (".ogg", {"subtype": "VORBIS"}, 0.05),
    "Opus": (".opus", {"format": "OGG", "subtype": "OPUS"}, 0.12),
    "MP3": (".mp3", {}, 0.05),
    "WAV, µ-law": (".wav", {"subtype": "ULAW"}, 0.02),
    "WAV, A-law": (".wav", {"subtype": "ALAW"}, 0.02),
    "WAV, ADPCM": (".wav", {"subtype": "MS_ADPCM"}, 0.08),
    "WAV, IMA": (".wav", {"subtype": "IMA_ADPCM"}, 0.06),
}


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("suffix", "form", "near"), EXACT.values(), ids=EXACT)
def test_what_loses_nothing_is_what_was_written(tmp_path, suffix, form, near, channels):
    values = np.random.default_rng(channels).uniform(-0.9, 0.9, (3000, channels))
    file = tmp_path / f"a{suffix}"
    soundfile.write(file, values, RATE, **form)
    assert sounds.header(file) == (channels, RATE, 3000)
    found = sounds.samples(file)
    assert (found.shape, found.dtype) == ((channels, 3000), np.float32)
    np.testing.assert_allclose(found.T, values, atol=near)


@pytest.mark.parametrize(("suffix", "form", "near"), NEAR.values(), ids=NEAR)
def test_what_loses_a_little_keeps_its_tone_rate_and_class(tmp_path, suffix, form, near):
    folder_of(tmp_path, suffix, lambda file, values: soundfile.write(file, values, RATE, **form))
    data = load(tmp_path)
    assert_dataset_is_sound(data)
    assert data.classes == ("high", "low")
    assert len(data.inputs) == 10
    assert data.rate == RATE
    for row, name in enumerate(data.names):
        label, number = name.removesuffix(suffix).split("/")
        wanted = tone({"low": 300, "high": 1500}[label] + 10 * int(number))
        heard = data.inputs[row, 0].numpy()
        assert abs(len(heard) - len(wanted)) <= 1152  # a block of MP3 or ADPCM
        middle = slice(600, 3400)
        strongest = np.fft.rfftfreq(2800, 1 / RATE)[np.abs(np.fft.rfft(heard[middle])).argmax()]
        assert strongest == pytest.approx({"low": 300, "high": 1500}[label] + 10 * int(number), abs=3)
        assert np.sqrt(np.mean((heard[middle] - wanted[middle]) ** 2)) < near


def test_flac_bytes_written_by_hand(tmp_path):
    """One frame of 16 samples as they are ("verbatim"), after the format's description (RFC 9639)."""

    def crc(data, polynomial, width):
        value = 0
        for bit in "".join(f"{byte:08b}" for byte in data):
            top = (value >> (width - 1)) ^ int(bit)
            value = ((value << 1) & (2**width - 1)) ^ (polynomial if top else 0)
        return value.to_bytes(width // 8, "big")

    numbers = [0, 1, -1, 32767, -32768, 12345, -12345, 7, 8, 9, 10, 11, 12, 13, 14, 15]
    info = struct.pack(">HH", 16, 16) + bytes(6)
    info += ((RATE << 44) | (0 << 41) | (15 << 36) | 16).to_bytes(8, "big") + bytes(16)
    # block size in 8 bits to come (6), rate of the stream (0); mono, 16 bits; frame 0; 16 - 1
    head = bytes([0xFF, 0xF8, 0x60, 0x08, 0x00, 15])
    head += crc(head, 0x07, 8)
    frame = head + bytes([0b00000010]) + struct.pack(">16h", *numbers)
    file = tmp_path / "a.flac"
    file.write_bytes(b"fLaC" + bytes([0x80, 0, 0, 34]) + info + frame + crc(frame, 0x8005, 16))
    assert sounds.header(file) == (1, RATE, 16)
    np.testing.assert_array_equal(sounds.samples(file)[0] * 32768, numbers)


def test_au_bytes_written_by_hand(tmp_path):
    numbers = np.array([0, 1, -1, 32767, -32768], ">i2")
    (tmp_path / "a.au").write_bytes(b".snd" + struct.pack(">5I", 24, 10, 3, 22050, 1) + numbers.tobytes())
    assert sounds.header(tmp_path / "a.au") == (1, 22050, 5)
    np.testing.assert_array_equal(sounds.samples(tmp_path / "a.au")[0] * 32768, numbers)


def test_rf64_bytes_written_by_hand(tmp_path):
    """EBU Tech 3306: the sizes stand in a chunk of their own; what follows the samples is no sound."""
    data = np.array([5, -6, 7], "<i2").tobytes()
    sizes = struct.pack("<QQQI", 100, len(data), 3, 0)
    form = struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16)
    content = b"RF64\xff\xff\xff\xffWAVEds64" + struct.pack("<I", len(sizes)) + sizes
    content += b"fmt " + struct.pack("<I", 16) + form + b"data\xff\xff\xff\xff" + data
    content += b"LIST" + struct.pack("<I", 4) + b"abcd"
    (tmp_path / "a.wav").write_bytes(content)
    np.testing.assert_array_equal(sounds.samples(tmp_path / "a.wav")[0] * 32768, [5, -6, 7])


def test_forms_may_lie_beside_each_other(tmp_path):
    folder_of(tmp_path, ".flac", lambda file, values: soundfile.write(file, values, RATE))
    values = (tone(400) * 32767).astype(np.int16)
    wavfile.write(tmp_path / "low" / "5.wav", RATE, values)
    soundfile.write(tmp_path / "low" / "6.mp3", tone(310), RATE)
    data = load(tmp_path)
    assert len(data.inputs) == 12
    np.testing.assert_array_equal(
        data.inputs[data.names.index("low/5.wav"), 0].numpy()[:4000], values.astype(np.float32) / 32768
    )


@pytest.mark.parametrize("suffix", [".flac", ".ogg", ".mp3", ".aiff"])
def test_damage_is_told_and_never_raises_anything_else(tmp_path, suffix):
    file = tmp_path / f"a{suffix}"
    soundfile.write(file, np.random.default_rng(0).uniform(-0.5, 0.5, 9000), RATE)
    whole = file.read_bytes()
    draw = np.random.default_rng(1)
    for _ in range(30):
        damaged = bytearray(whole[: draw.integers(1, len(whole))])
        for place in draw.integers(0, len(damaged), 3):
            damaged[place] = draw.integers(256)
        file.write_bytes(damaged)
        try:
            sounds.header(file)
            sounds.samples(file)
        except BadFile as error:
            assert str(file) in str(error)


BAD = {
    "empty": (b"", ".flac", "it is empty"),
    "text": (b"this is no sound at all", ".mp3", "it is damaged, or no sound"),
    "m4a": (b"\0\0\0\x20ftypM4A " + bytes(50), ".m4a", r"\(\.m4a\) are not read; convert it to FLAC or WAV"),
    "aac": (b"\xff\xf1" + bytes(50), ".aac", r"\(\.aac\) are not read; .* ffmpeg -i FILE OUT\.flac"),
    "wma": (b"\x30\x26\xb2\x75" + bytes(50), ".wma", r"\(\.wma\) are not read"),
}


@pytest.mark.parametrize(("content", "suffix", "reason"), BAD.values(), ids=BAD)
def test_what_cannot_be_read_says_why(tmp_path, content, suffix, reason):
    (tmp_path / f"a{suffix}").write_bytes(content)
    with pytest.raises(BadFile, match=reason):
        sounds.header(tmp_path / f"a{suffix}")


def test_a_folder_of_m4a_says_what_to_do(tmp_path):
    for label in ("low", "high"):
        (tmp_path / label).mkdir()
        for number in range(3):
            (tmp_path / label / f"{number}.m4a").write_bytes(b"\0\0\0\x20ftypM4A " + bytes(50))
    with pytest.raises(DataError, match=r"none of the 6 sounds can be used(?s:.*)convert it to FLAC or WAV"):
        load(tmp_path)


def test_a_cut_flac_is_left_out(tmp_path):
    folder_of(tmp_path, ".flac", lambda file, values: soundfile.write(file, values, RATE))
    file = tmp_path / "low" / "2.flac"
    file.write_bytes(file.read_bytes()[:2000])
    data = load(tmp_path)
    ((name, reason),) = data.skipped
    assert name == "low/2.flac"
    assert reason.startswith(("it is cut short", "it is damaged"))


def test_a_length_that_is_only_claimed_takes_no_memory(tmp_path):
    file = tmp_path / "a.flac"
    soundfile.write(file, tone(300), RATE)
    content = bytearray(file.read_bytes())
    content[21] |= 0x0F  # the upper bits of the number of samples: 64 thousand million
    file.write_bytes(content)
    try:
        assert sounds.header(file).frames <= 4000
    except BadFile as error:
        assert "damaged" in error.reason


@pytest.mark.parametrize("suffix", [".flac", ".mp3", ".ogg"])
def test_a_single_file_is_read_as_training_read_it(tmp_path, suffix):
    folder_of(tmp_path, suffix, lambda file, values: soundfile.write(file, values, RATE))
    data = load(tmp_path, DataSettings(length=3000))
    spec = SampleSpec(tuple(data.inputs.shape[1:]), "signal", settings=data.settings)
    for row, name in enumerate(data.names):
        alone = FORMATS["audio"].files.decode(tmp_path / name, spec)
        np.testing.assert_array_equal(alone.inputs[0].numpy(), data.inputs[row].numpy())
    content = (tmp_path / data.names[0]).read_bytes()
    assert audio.FILES.ending(content[:512])


@pytest.mark.parametrize("suffix", [".flac", ".mp3", ".ogg", ".aiff"])
def test_a_sound_that_is_sent_is_read_as_training_read_it(tmp_path, suffix):
    folder_of(tmp_path, suffix, lambda file, values: soundfile.write(file, values, RATE))
    data = load(tmp_path)
    content = (tmp_path / data.names[3]).read_bytes()
    sent, claim = received(content, "../x.bin", spec_of(data))
    np.testing.assert_array_equal(sent.inputs[0].numpy(), data.inputs[3].numpy())
    assert (claim.shape[0], claim.rate) == (1, RATE)
    with pytest.raises(DataError, match="convert it to FLAC or WAV"):
        received(b"\0\0\0\x20ftypM4A " + bytes(50), "x.m4a", spec_of(data))


@pytest.mark.parametrize("rule", [r"(\d)_", r"\d_(\w+)_", r"_(\d+)\."])
def test_names_of_sounds_may_say_their_class(tmp_path, rule):
    """As in the Free Spoken Digit set: 7_jackson_32.wav."""
    for digit in range(2):
        for who in ("jackson", "theo"):
            for take in range(3):
                soundfile.write(tmp_path / f"{digit}_{who}_{take}.wav", tone(300 + 100 * digit), RATE)
    data = load(tmp_path, DataSettings(label_from=rule))
    classes = {r"(\d)_": ("0", "1"), r"\d_(\w+)_": ("jackson", "theo"), r"_(\d+)\.": ("0", "1", "2")}
    assert data.classes == classes[rule]
    assert len(data.inputs) == 12
