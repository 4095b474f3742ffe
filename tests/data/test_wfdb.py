"""WFDB records written by the package itself, cut into beats by us."""

import sys
import warnings

import numpy as np
import pytest
import torch

from convscope.data import DataSettings, load
from convscope.errors import DataError
from tests.data.soundness import assert_dataset_is_sound

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the package uses what pandas is about to change
    import wfdb

RATE = 100
SYMBOLS = ("N", "V", "A", "a", "N")


def ramp(record, points=1000, channels=2):
    """Values from which one reads where they were: (time, channel), millivolts."""
    return np.arange(points)[:, None] / 100 + 20 * record + np.arange(channels) * 5


def write_record(folder, name, values, names, rate=RATE):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kinds = {"units": ["mV"] * len(names), "sig_name": list(names), "fmt": ["16"] * len(names)}
        wfdb.wrsamp(name, fs=rate, p_signal=values, write_dir=str(folder), **kinds)


@pytest.fixture
def records(tmp_path):
    """Write records with a beat every second: records(5)."""

    def write(count, rate=RATE, names=("I", "II"), symbols=SYMBOLS, first=0):
        for number in range(first, first + count):
            values = ramp(number, channels=len(names))
            write_record(tmp_path, f"r{number}", values, names, rate)
            at = np.arange(20, 1000, 100)
            marks = [symbols[place % len(symbols)] for place in range(len(at))]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                wfdb.wrann(f"r{number}", "atr", at, symbol=marks, write_dir=str(tmp_path))
        return tmp_path

    return write


def test_every_beat_is_the_second_around_its_mark(records):
    data = load(records(6))
    assert_dataset_is_sound(data)
    assert (data.kind, data.inputs.shape) == (
        "signal",
        (54, 2, 100),
    )  # the first of 10 begins before the record
    assert (data.rate, data.features, data.settings.length) == (100, ("I", "II"), 100)
    for row, name in enumerate(data.names):
        record, start = name.removeprefix("r").removesuffix(" s").split(" at ")
        first = round(float(start) * RATE)
        assert (first + 50) % 100 == 20
        expected = ramp(int(record))[first : first + 100].T
        np.testing.assert_allclose(data.inputs[row].numpy(), expected, atol=1e-3)


def test_classes_are_the_symbols_with_their_meaning(records):
    data = load(records(6))
    assert data.classes == (
        "a Aberrated atrial premature beat",
        "A Atrial premature contraction",
        "N Normal beat",
        "V Premature ventricular contraction",
    )
    assert torch.bincount(data.labels).tolist() == [12, 12, 18, 12]


def test_a_record_lies_in_one_part(records):
    data = load(records(6), DataSettings(test=0.3, val=0.2))
    part_of = {}
    for part, rows in data.parts.items():
        for row in rows.tolist():
            assert part_of.setdefault(data.names[row].split()[0], part) == part
    assert set(part_of.values()) == {"train", "val", "test"}
    assert (
        "all pieces of a recording are in one part: the network is judged on other recordings" in data.remarks
    )


def test_a_single_record_is_split_at_random_and_it_is_said(records):
    data = load(records(1) / "r0.hea")
    assert len(data.parts["test"])
    assert any(remark.startswith("there is a single recording") for remark in data.remarks)


def test_what_is_no_beat_is_not_used_and_it_is_said(records):
    data = load(records(4, symbols=("N", "V", "+", "~")))
    assert len(data.classes) == 2
    assert "16 annotations are not used: + Rhythm change (8), ~ Signal quality change (8)" in data.remarks
    assert (
        "4 annotations are too near the ends of their recording for a whole piece: left out" in data.remarks
    )


def test_without_beats_all_annotations_count(records):
    data = load(records(4, symbols=("+", "~")))
    assert data.classes == ("+ Rhythm change", "~ Signal quality change")


def test_the_length_can_be_said(records):
    data = load(records(4), DataSettings(length=30))
    assert data.inputs.shape == (40, 2, 30)
    np.testing.assert_allclose(data.inputs[0].numpy(), ramp(0)[5:35].T, atol=1e-3)


def test_records_of_another_rate_are_resampled(records):
    records(4)
    data = load(records(1, rate=200, first=4))
    assert "1 of 5 recordings (200 Hz) were resampled to 100 Hz" in data.remarks
    row = next(row for row, name in enumerate(data.names) if name.startswith("r4 at 0.60"))
    np.testing.assert_allclose(data.inputs[row].numpy(), ramp(4)[120:320:2].T, atol=0.05)


def test_only_channels_that_all_records_have_are_used(records):
    records(4, names=("I", "II", "V5"))
    data = load(records(1, names=("V5", "I"), first=4))
    assert data.features == ("I", "V5")
    assert "channels that not all recordings have are not used: II" in data.remarks
    row = next(row for row, name in enumerate(data.names) if name.startswith("r4 at 0.70"))
    np.testing.assert_allclose(data.inputs[row, 0].numpy(), ramp(4)[70:170, 1], atol=1e-3)  # its second is I


def test_channels_without_a_common_name_are_taken_in_order(records):
    records(4, names=("I", "II", "III"))
    data = load(records(1, names=("MLII", "V5"), first=4))
    assert data.features == ("1", "2")
    assert any(
        "the first 2 channels are taken of each, whatever their names" in said for said in data.remarks
    )


def test_records_that_cannot_be_used_are_named(records):
    folder = records(5)
    (folder / "r1.atr").unlink()
    (folder / "r2.dat").write_bytes(b"")
    (folder / "r3.hea").write_text("no header")
    data = load(folder)
    assert_dataset_is_sound(data)
    said = {item.file: item.reason for item in data.skipped}
    assert set(said) == {"r1.hea", "r2", "r3.hea"}
    assert "there are no annotations beside it (.atr" in said["r1.hea"]
    assert said["r2"].startswith("it is damaged")
    assert said["r3.hea"].startswith("it is damaged")
    with pytest.raises(DataError, match="3 signals cannot be used"):
        load(folder, strict=True)


def test_no_annotations_at_all_is_an_error(records):
    folder = records(2)
    for number in range(2):
        (folder / f"r{number}.atr").unlink()
    with pytest.raises(DataError, match="none of the 2 records can be used"):
        load(folder)


def test_gaps_are_filled_or_the_beat_is_left_out(records, tmp_path):
    records(4)
    values = ramp(0)
    values[300:304, 0] = np.nan  # in the beat at 2.70 s
    values[480:600, 1] = np.nan
    write_record(tmp_path, "r0", values, ("I", "II"))
    data = load(tmp_path)
    assert any(remark.startswith("4 missing values were filled in") for remark in data.remarks)
    row = data.names.index("r0 at 2.70 s")
    np.testing.assert_allclose(data.inputs[row].numpy(), ramp(0)[270:370].T, atol=1e-3)
    assert {item.file for item in data.skipped} == {"r0 at 4.70 s", "r0 at 5.70 s"}


def test_without_the_package_it_is_said_what_to_install(records, monkeypatch):
    folder = records(1)
    monkeypatch.setitem(sys.modules, "wfdb.io.annotation", None)
    with pytest.raises(
        DataError, match=r"wfdb, which is not installed\.\n  pip install 'convscope\[signals\]'"
    ):
        load(folder)


def test_gaps_do_not_spread_when_the_rate_changes(records, tmp_path):
    records(4)
    records(1, rate=200, first=4)
    values = ramp(4)
    values[300:304, 0] = np.nan
    write_record(tmp_path, "r4", values, ("I", "II"), rate=200)
    data = load(tmp_path)
    assert "4 missing values were filled in between their neighbours, in 2 signals" in data.remarks
    row = next(row for row, name in enumerate(data.names) if name.startswith("r4 at 1.10"))
    np.testing.assert_allclose(data.inputs[row].numpy(), ramp(4)[220:420:2].T, atol=0.05)
