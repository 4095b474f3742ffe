"""EDF recordings written by edfio, and one byte by byte after the specification, cut into pieces by us."""

import edfio
import numpy as np
import pytest
import torch

from convscope.data import DataSettings, load
from convscope.errors import DataError
from tests.data.soundness import assert_dataset_is_sound

RATE = 50
STAGES = ("W", "N1", "N2", "W")


def ramp(number, seconds=40, rate=RATE):
    return np.arange(seconds * rate) / rate + 100 * number


def write(file, number=0, marks=(), rate=RATE, seconds=40):
    file.parent.mkdir(parents=True, exist_ok=True)
    signals = [
        edfio.EdfSignal(ramp(number, seconds, rate), rate, label="EEG"),
        edfio.EdfSignal(-ramp(number, seconds, 10), 10, label="Breath"),
    ]
    notes = [edfio.EdfAnnotation(*mark) for mark in marks]
    edfio.Edf(signals, annotations=notes or None).write(file)


@pytest.fixture
def nights(tmp_path):
    """Five recordings whose four stages last 10 s each."""
    for number in range(5):
        marks = [(10 * place, 10, stage) for place, stage in enumerate(STAGES)]
        write(tmp_path / f"night{number}.edf", number, marks)
    return tmp_path


def test_stages_are_cut_where_they_are(nights):
    data = load(nights)
    assert_dataset_is_sound(data)
    assert (data.kind, data.inputs.shape) == ("signal", (20, 2, 500))
    assert data.classes == ("N1", "N2", "W")
    assert (data.rate, data.features) == (50, ("EEG", "Breath"))
    for row, name in enumerate(data.names):
        night, place = int(name[5]), float(name.split()[2])
        expected = ramp(night)[round(place * RATE) :][:500]
        np.testing.assert_allclose(data.inputs[row, 0].numpy(), expected, atol=0.02)
        assert data.classes[data.labels[row]] == STAGES[int(place // 10)]


def test_slower_channels_are_brought_to_the_rate_of_the_first(nights):
    data = load(nights)
    row = data.names.index("night2.edf at 10.00 s")
    expected = -np.interp(np.arange(500, 1000) / RATE, np.arange(400) / 10, ramp(2, rate=10))
    np.testing.assert_allclose(data.inputs[row, 1].numpy(), expected, atol=0.2)


def test_a_recording_lies_in_one_part(nights):
    data = load(nights, DataSettings(val=0.2))
    part_of = {}
    for part, rows in data.parts.items():
        for row in rows.tolist():
            assert part_of.setdefault(data.names[row].split()[0], part) == part


def test_long_stages_are_cut_into_pieces_of_the_shortest(tmp_path):
    write(tmp_path / "a.edf", marks=[(0, 25, "W"), (25, 10, "N1")])
    data = load(tmp_path / "a.edf")
    assert data.names == ["a.edf at 0.00 s", "a.edf at 10.00 s", "a.edf at 25.00 s"]
    assert (
        "signals are pieces of 500 points (10 s), one after the other within each annotation" in data.remarks
    )
    short = load(tmp_path / "a.edf", DataSettings(length=100))
    assert short.inputs.shape == (12 + 5, 2, 100)


def test_moments_have_the_second_around_them(tmp_path):
    write(tmp_path / "a.edf", marks=[(5, None, "spike"), (20, None, "blink"), (30, None, "blink")])
    data = load(tmp_path / "a.edf")
    assert data.inputs.shape == (3, 2, 50)
    np.testing.assert_allclose(data.inputs[0, 0].numpy(), ramp(0)[225:275], atol=0.02)
    assert data.classes == ("blink", "spike")


def test_folders_of_classes_give_whole_recordings_or_pieces(tmp_path):
    for label in ("ill", "well"):
        for number in range(3):
            write(tmp_path / label / f"{number}.edf", number, seconds=30 + 10 * (number == 0))
    data = load(tmp_path)
    assert_dataset_is_sound(data)
    assert data.inputs.shape == (6, 2, 2000)
    assert data.classes == ("ill", "well")
    assert "each recording is one signal; a length cuts it into pieces" in data.remarks
    assert any("1,500 to 2,000 points; all were brought to 2,000" in remark for remark in data.remarks)
    pieces = load(tmp_path, DataSettings(length=500))
    assert pieces.inputs.shape == (2 * (4 + 3 + 3), 2, 500)
    np.testing.assert_allclose(pieces.inputs[1, 0].numpy(), ramp(0)[500:1000], atol=0.02)
    assert pieces.names[1] == "ill/0.edf at 10.00 s"


@pytest.mark.parametrize("unequal", ["pad", "crop", "resample"])
def test_whole_recordings_are_loaded_again_by_the_settings_they_gave(tmp_path, unequal):
    for number in range(6):
        label = ("ill", "well")[number % 2]
        write(tmp_path / label / f"{number}.edf", number, seconds=30 + 10 * (number < 3))
    first = load(tmp_path, DataSettings(unequal=unequal))
    again = load(tmp_path, first.settings)
    assert torch.equal(again.inputs, first.inputs)
    assert again.names == first.names


def test_another_rate_is_resampled(nights):
    write(nights / "night5.edf", 5, [(0, 10, "W"), (10, 10, "N1")], rate=100)
    data = load(nights)
    assert "1 of 6 recordings (100 Hz) were resampled to 50 Hz" in data.remarks
    row = data.names.index("night5.edf at 10.00 s")
    np.testing.assert_allclose(data.inputs[row, 0].numpy(), ramp(5)[500:1000], atol=0.05)


def test_a_file_written_field_by_field(tmp_path):
    """After Kemp et al. 1992: one channel of 4 points a second, 3 records of a second, no annotations."""
    fields = [("0", 8), ("X", 80), ("X", 80), ("01.01.01", 8), ("00.00.00", 8), ("512", 8), ("", 44)]
    fields += [("3", 8), ("1", 8), ("1", 4), ("EEG é", 16), ("", 80), ("uV", 8), ("-100", 8), ("100", 8)]
    fields += [("-1000", 8), ("1000", 8), ("", 80), ("4", 8), ("", 32)]
    header = b"".join(text.encode("latin-1").ljust(width) for text, width in fields)
    digits = np.arange(-600, 600, 100, dtype="<i2")
    for label in ("ill", "well"):
        for number in range(2):
            (tmp_path / label).mkdir(exist_ok=True)
            (tmp_path / label / f"{number}.edf").write_bytes(header + digits.tobytes())
    data = load(tmp_path)
    np.testing.assert_allclose(data.inputs[0, 0].numpy(), digits / 10, rtol=1e-6)
    assert (data.rate, data.features) == (4, ("EEG é",))


def test_recordings_that_cannot_be_used_are_named(nights):
    (nights / "empty.edf").write_bytes(b"")
    (nights / "text.edf").write_bytes(b"no recording " * 50)
    write(nights / "unmarked.edf")
    data = load(nights)
    said = {item.file: item.reason for item in data.skipped}
    assert set(said) == {"empty.edf", "text.edf", "unmarked.edf"}
    assert said["text.edf"].startswith("it is damaged, or no EDF file")
    assert said["unmarked.edf"] == "it holds no annotations, and lies in no folder of a class"
    with pytest.raises(DataError, match="3 signals cannot be used"):
        load(nights, strict=True)


def test_nothing_usable_is_an_error(tmp_path):
    write(tmp_path / "a.edf")
    with pytest.raises(DataError, match="none of the 1 recordings can be used"):
        load(tmp_path / "a.edf")
