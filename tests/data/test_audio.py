"""WAV files written byte by byte and by SciPy, read by us; tones keep their frequency."""

import struct
import wave

import numpy as np
import pytest
import torch
from scipy.io import wavfile

from convscope.data import DataSettings, load
from convscope.data.check import check
from convscope.data.files import cache
from convscope.data.formats import audio
from convscope.data.reading import read
from convscope.data.samples import spec_of
from convscope.data.signals import rates, wav
from convscope.errors import BadFile, DataError
from tests.data.soundness import assert_dataset_is_sound

RATE = 8000


def tone(frequency, seconds=0.5, rate=RATE, loud=0.5):
    return loud * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)


def riff(code, channels, rate, bits, data, *, said=None, extra=b"", before=b""):
    """A WAV file by its specification, field by field."""
    form = struct.pack(
        "<HHIIHH", code, channels, rate, rate * channels * bits // 8, channels * bits // 8, bits
    )
    form += extra
    chunks = before + b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(data) if said is None else said) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


@pytest.fixture
def sounds(tmp_path):
    """Ten low tones and ten high ones, in a folder a class."""
    for label, frequency in (("low", 300), ("high", 1500)):
        (tmp_path / label).mkdir()
        for number in range(10):
            values = (tone(frequency + number) * 32767).astype(np.int16)
            wavfile.write(tmp_path / label / f"{number}.wav", RATE, values)
    return tmp_path


def loudest(values, rate):
    """Frequency of the greatest amplitude, by NumPy."""
    return np.fft.rfftfreq(len(values), 1 / rate)[np.abs(np.fft.rfft(values - values.mean())).argmax()]


def test_a_folder_of_tones(sounds):
    data = load(sounds)
    assert_dataset_is_sound(data)
    assert (data.kind, data.inputs.shape, data.inputs.dtype) == ("signal", (20, 1, 4000), torch.float32)
    assert data.classes == ("high", "low")
    assert data.names[0] == "high/0.wav"
    assert (data.rate, data.settings.rate, data.settings.channels, data.settings.length) == (
        8000,
        8000,
        1,
        4000,
    )
    for row, name in enumerate(data.names):
        values = wavfile.read(data.root / name)[1]
        np.testing.assert_array_equal(data.inputs[row, 0].numpy(), values.astype(np.float32) / 32768)


def test_train_and_test_folders_are_parts(sounds):
    for part, numbers in (("train", range(7)), ("test", range(7, 10))):
        for label in ("low", "high"):
            (sounds / "root" / part / label).mkdir(parents=True)
            for number in numbers:
                (sounds / label / f"{number}.wav").rename(sounds / "root" / part / label / f"{number}.wav")
    data = load(sounds / "root", DataSettings(val=0))
    assert [data.names[row] for row in data.parts["test"]] == [
        f"test/{label}/{number}.wav" for label in ("high", "low") for number in (7, 8, 9)
    ]


def test_a_table_may_name_sounds_and_groups(sounds):
    rows = [f"{label}/{n}.wav,{label},p{n}" for label in ("low", "high") for n in range(10)]
    (sounds / "sounds.csv").write_text("\n".join(["file,label,patient", *rows]))
    data = load(sounds / "sounds.csv")
    assert data.kind == "signal"
    part_of = {data.names[row].split("/")[1]: name for name, rows in data.parts.items() for row in rows}
    for row, name in enumerate(data.names):
        assert row in data.parts[part_of[name.split("/")[1]]].tolist()


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize(
    ("code", "bits", "dtype"),
    [(1, 8, np.uint8), (1, 16, np.int16), (1, 32, np.int32), (3, 32, np.float32), (3, 64, np.float64)],
)
def test_every_depth_is_scipys(tmp_path, code, bits, dtype, channels):
    values = np.random.default_rng(bits).normal(0, 0.3, (500, channels)).clip(-1, 0.99)
    raw = (
        values.astype(dtype)
        if code == 3
        else np.floor(values * 2 ** (bits - 1) + 128 * (bits == 8)).astype(dtype)
    )
    file = tmp_path / "a.wav"
    wavfile.write(file, RATE, raw)
    head = wav.header(file)
    assert (head.channels, head.rate, head.bits, head.frames) == (channels, RATE, bits, 500)
    np.testing.assert_allclose(wav.samples(file, head).T, values, atol=2 / 2 ** min(bits, 24))


def test_24_bits_are_read_with_their_sign(tmp_path):
    numbers = [0, 1, -1, 2**23 - 1, -(2**23), 123456, -654321]
    data = b"".join(number.to_bytes(3, "little", signed=True) for number in numbers)
    (tmp_path / "a.wav").write_bytes(riff(1, 1, RATE, 24, data))
    found = wav.samples(tmp_path / "a.wav", wav.header(tmp_path / "a.wav"))
    np.testing.assert_array_equal(found[0], np.array(numbers, np.float32) / 2**23)


def test_the_extensible_form_and_other_chunks(tmp_path):
    extra = struct.pack("<HHI", 22, 16, 4) + struct.pack("<H", 1) + b"\0" * 14
    note = (
        b"LIST" + struct.pack("<I", 3) + b"abc\0"
    )  # an odd length is followed by a byte that does not count
    data = np.array([1, -2, 3], "<i2").tobytes()
    (tmp_path / "a.wav").write_bytes(riff(0xFFFE, 1, RATE, 16, data, extra=extra, before=note))
    found = wav.samples(tmp_path / "a.wav", wav.header(tmp_path / "a.wav"))
    np.testing.assert_array_equal(found[0] * 32768, [1, -2, 3])


def test_a_size_not_known_when_it_was_written_is_the_rest_of_the_file(tmp_path):
    (tmp_path / "a.wav").write_bytes(riff(1, 1, RATE, 16, b"\1\0" * 9, said=0xFFFFFFFF))
    assert wav.header(tmp_path / "a.wav").frames == 9


def test_what_pythons_own_module_writes(tmp_path):
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44100)
        file.writeframes(np.array([[1, 2], [3, 4]], "<i2").tobytes())
    found = wav.samples(tmp_path / "a.wav", wav.header(tmp_path / "a.wav"))
    np.testing.assert_array_equal(found * 32768, [[1, 3], [2, 4]])


GOOD = riff(1, 1, RATE, 16, b"\0\0" * 50)
BAD = {
    "empty": (b"", "it is empty"),
    "text": (b"this is no sound at all", r"it is no WAV file \(RIFF\)"),
    "no data": (GOOD[:36], "it holds no samples"),
    "no format": (GOOD[:12] + GOOD[36:], "its format is missing"),
    "short format": (
        b"RIFF\0\0\0\0WAVEfmt \4\0\0\0\1\0\1\0data\2\0\0\0\0\0",
        "its format is cut short",
    ),
    "cut": (GOOD[:-20], "it is cut short: 40 of 50 frames are there"),
    "silent": (riff(1, 1, RATE, 16, b""), r"it holds no sound \(0 frames\)"),
    "ADPCM": (riff(2, 1, RATE, 4, b"\0" * 50), r"compressed \(Microsoft ADPCM\); convert it to PCM"),
    "IMA": (riff(17, 1, RATE, 4, b"\0" * 50), r"compressed \(IMA ADPCM\)"),
    "mp3": (riff(85, 2, RATE, 0, b"\0" * 50), r"compressed \(MP3\)"),
    "unknown": (riff(0x1234, 1, RATE, 16, b"\0" * 50), "format 0x1234"),
    "bits": (riff(1, 1, RATE, 12, b"\0" * 60), "12 bits"),
    "no channels": (riff(1, 0, RATE, 16, b"\0" * 60), "0 channels"),
}


@pytest.mark.parametrize(("content", "reason"), BAD.values(), ids=BAD)
def test_bad_files_say_what_is_wrong(tmp_path, content, reason):
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(BadFile, match=reason):
        wav.header(tmp_path / "a.wav")


def test_a_file_that_is_not_there_or_shrinks(tmp_path):
    with pytest.raises(BadFile, match="there is no such file"):
        wav.header(tmp_path / "a.wav")
    (tmp_path / "a.wav").write_bytes(GOOD)
    head = wav.header(tmp_path / "a.wav")
    (tmp_path / "a.wav").write_bytes(GOOD[:-2])
    with pytest.raises(BadFile, match="changed while it was read"):
        wav.samples(tmp_path / "a.wav", head)


def test_bad_files_are_left_out_and_named(sounds):
    (sounds / "low" / "3.wav").write_bytes(BAD["cut"][0])
    wavfile.write(sounds / "high" / "4.wav", RATE, np.full(100, np.nan, np.float32))
    data = load(sounds)
    assert_dataset_is_sound(data)
    assert [tuple(item) for item in data.skipped] == [
        ("high/4.wav", "it holds values that are NaN or infinite"),
        ("low/3.wav", "it is cut short: 40 of 50 frames are there"),
    ]
    with pytest.raises(DataError, match="2 files cannot be used"):
        load(sounds, strict=True)


def test_a_folder_of_bad_files_alone_says_so(tmp_path):
    for label in "ab":
        (tmp_path / label).mkdir()
        (tmp_path / label / "a.wav").write_bytes(b"")
    with pytest.raises(DataError, match="none of the 2 sounds can be used"):
        load(tmp_path)


def test_sounds_beside_class_folders_are_not_guessed_at(tmp_path):
    (tmp_path / "a.wav").write_bytes(GOOD)
    with pytest.raises(DataError, match=r"none in a class folder.\n  Expected FOLDER/CLASS/sound.wav"):
        load(tmp_path)


@pytest.mark.parametrize("rate", [11025, 16000, 44100, 7919])
def test_resampled_tones_keep_frequency_and_loudness(sounds, rate):
    wavfile.write(sounds / "low" / "0.wav", rate, (tone(440, rate=rate) * 32767).astype(np.int16))
    data = load(sounds)
    assert f"1 of 20 recordings ({rate:,} Hz) were resampled to 8,000 Hz" in data.remarks
    heard = data.inputs[data.names.index("low/0.wav"), 0].double().numpy()[:4000]
    assert loudest(heard, RATE) == pytest.approx(440, abs=2)
    np.testing.assert_allclose(heard[200:3800], tone(440)[200:3800], atol=0.01)


def test_tones_too_high_for_the_new_rate_vanish(sounds):
    wavfile.write(sounds / "low" / "0.wav", 44100, (tone(5000, rate=44100) * 32767).astype(np.int16))
    data = load(sounds)
    heard = data.inputs[data.names.index("low/0.wav"), 0, 200:3800]
    assert heard.abs().max() < 0.01  # without a filter it would be heard at 3,000 Hz, as loud as before


def test_a_rate_can_be_asked_for(sounds):
    data = load(sounds, DataSettings(rate=4000))
    assert (data.rate, data.inputs.shape) == (4000, (20, 1, 2000))
    assert loudest(data.inputs[-1, 0].numpy(), 4000) == pytest.approx(309, abs=2)
    for wrong in ({"rate": 0}, {"channels": 0}, {"length": 0}):
        with pytest.raises(DataError, match="at least 1"):
            load(sounds, DataSettings(**wrong))


def test_stereo_is_mixed_or_kept(sounds):
    left, right = tone(300), tone(700)
    wavfile.write(sounds / "low" / "0.wav", RATE, np.stack([left, right], 1).astype(np.float32))
    data = load(sounds)
    assert "the channels of 1 of 20 sounds are mixed to one" in data.remarks
    row = data.names.index("low/0.wav")
    np.testing.assert_allclose(data.inputs[row, 0].numpy(), (left + right) / 2, atol=1e-6)
    both = load(sounds, DataSettings(channels=2))
    np.testing.assert_allclose(both.inputs[row].numpy(), [left, right], atol=1e-6)
    assert torch.equal(both.inputs[0, 0], both.inputs[0, 1])  # of a mono file: the same on both sides
    three = load(sounds, DataSettings(channels=3))
    assert three.skipped == (("low/0.wav", "it has 2 channels, not 3"),)


@pytest.mark.parametrize(
    ("unequal", "length", "words"),
    [
        ("pad", 5000, "shorter ones padded at their end with their own mean"),
        ("crop", 4000, "longer ones cut at both ends"),
        ("resample", 4000, "stretched or shrunk (linear interpolation)"),
    ],
)
def test_unequal_lengths(sounds, unequal, length, words):
    long = tone(300, seconds=5000 / RATE) + 0.25
    wavfile.write(sounds / "low" / "0.wav", RATE, long.astype(np.float32))
    data = load(sounds, DataSettings(unequal=unequal))
    assert data.settings.length == length
    (said,) = [remark for remark in data.remarks if "points" in remark]
    assert said == f"signals have 4,000 to 5,000 points; all were brought to {length:,}: {words}"
    heard = data.inputs[data.names.index("low/0.wav"), 0].numpy()
    short = data.inputs[0, 0].numpy()
    original = wavfile.read(sounds / data.names[0])[1] / 32768
    if unequal == "pad":
        np.testing.assert_allclose(heard, long, atol=1e-6)
        np.testing.assert_allclose(short, [*original, *[original.mean()] * 1000], atol=1e-6)
    elif unequal == "crop":
        np.testing.assert_allclose(heard, long[500:4500], atol=1e-6)
    else:
        places = np.linspace(0, 4999, 4000)
        np.testing.assert_allclose(heard, np.interp(places, np.arange(5000), long), atol=1e-6)


@pytest.mark.parametrize(
    ("seconds", "unequal", "words"),
    [
        (3, "pad", "sounds longer than 4,000 points (0.50 s) are cut at both ends"),
        (3, "crop", "of their middle alone"),
        (0.2, "pad", "sounds shorter than 4,000 points (0.50 s) are padded"),
        (3, "resample", "sounds of another length are stretched or shrunk to 4,000 points"),
        (0.5, "pad", None),
    ],
)
@pytest.mark.parametrize("rate", [RATE, 2 * RATE])
def test_a_sound_of_another_length_is_not_cut_in_silence(sounds, seconds, unequal, words, rate):
    spec = spec_of(load(sounds, DataSettings(unequal=unequal)))
    new = sounds / "new"
    new.mkdir()
    for number in range(3):
        wavfile.write(new / f"{number}.wav", rate, tone(300, seconds, rate).astype(np.float32))
    found = read([new], spec)
    assert found.inputs.shape == (3, 1, 4000)
    assert [words in remark for remark in found.remarks] == ([True] if words else [])


def test_the_second_time_comes_from_the_cache(sounds, monkeypatch):
    first = load(sounds)
    assert list((cache.home() / "pictures").iterdir())
    monkeypatch.setattr(audio, "_read", None)
    assert torch.equal(load(sounds).inputs, first.inputs)


def test_a_changed_setting_is_another_entry(sounds):
    plain = load(sounds)
    assert load(sounds, DataSettings(length=100)).inputs.shape[2] == 100
    assert load(sounds).inputs.shape == plain.inputs.shape


def test_settings_after_loading_give_the_same_again(sounds):
    data = load(sounds, DataSettings(unequal="crop"))
    again = load(sounds, data.settings)
    assert torch.equal(again.inputs, data.inputs)
    assert again.settings == data.settings


def test_read_wants_settings_that_are_complete(sounds):
    with pytest.raises(DataError, match=r"Call audio\.choose first"):
        audio.read([sounds / "low" / "0.wav"], DataSettings())


def test_more_pictures_than_sounds_is_a_folder_of_pictures(sounds, paint):
    for label in ("low", "high"):
        for file in (sounds / label).iterdir():
            file.unlink()
        for number in range(6):
            paint(f"{label}/{number}.png", seed=number)
    (sounds / "low" / "z.wav").write_bytes(GOOD)
    assert load(sounds).kind == "image"


def test_the_check_finds_copies_and_silence(sounds):
    (sounds / "high" / "copy.wav").write_bytes((sounds / "low" / "1.wav").read_bytes())
    wavfile.write(sounds / "low" / "silent.wav", RATE, np.zeros(4000, np.int16))
    found = check(sounds)
    assert [repeat.names for repeat in found.exact] == [("high/copy.wav", "low/1.wav")]
    assert found.exact[0].conflict
    assert found.flat == ("low/silent.wav",)
    assert found.counts["test"] == {"high": 2, "low": 2}
    assert "one value throughout: 1" in str(found)


@pytest.mark.parametrize(("points", "rate"), [(20_000, 1), (100, 2**32 - 1), (5, 1e-5)])
def test_a_rate_that_a_header_only_says_takes_no_memory(points, rate):
    with pytest.raises(rates.TooFarError, match=r"its rate, .* is too far from 11025"):
        rates.at_rate(np.zeros((1, points), np.float32), rate, 11025)
