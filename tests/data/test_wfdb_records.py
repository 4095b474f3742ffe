"""WFDB records written line by line and byte by byte: segments, gaps, formats, folders, tables, PTB-XL."""

import csv
import warnings

import numpy as np
import pytest
import torch

from convscope import load as open_run
from convscope import train
from convscope.data import DataSettings, load
from convscope.data.formats import FORMATS
from convscope.data.reading import read
from convscope.data.samples import spec_of
from convscope.data.signals import wfdb_plain
from convscope.errors import DataError
from tests.data.soundness import assert_dataset_is_sound

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the package uses what pandas is about to change
    import wfdb

RATE = 100


def single(folder, name, values, names, rate=RATE):
    """One record of format 16, (channel, point) millivolts, its header written as header(5) says."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.dat").write_bytes(np.round(values * 1000).astype("<i2").T.tobytes())
    lines = [f"{name} {len(values)} {rate} {values.shape[1]}"]
    lines += [f"{name}.dat 16 1000/mV 16 0 0 0 0{f' {label}' if label else ''}" for label in names]
    (folder / f"{name}.hea").write_text("\n".join(lines) + "\n")


def clock(start, points, channels=1):
    """Each point holds its time in tens of seconds, and in later channels 5 more."""
    return np.stack([(start + np.arange(points)) / RATE / 10 + 5 * place for place in range(channels)])


def beats(folder, name, at, symbols):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wfdb.wrann(name, "atr", np.asarray(at), symbol=list(symbols), write_dir=str(folder))


def fixed(folder, name, lengths, channels=1):
    """Segments of one layout; a negative length is a gap."""
    folder.mkdir(exist_ok=True)
    total = sum(map(abs, lengths))
    lines, start = [f"{name}/{len(lengths)} {channels} {RATE} {total}"], 0
    for number, length in enumerate(lengths):
        part = "~" if length < 0 else f"{name}_{number}"
        if length > 0:
            single(folder, part, clock(start, length, channels), ("I", "II")[:channels])
        lines.append(f"{part} {abs(length)}")
        start += abs(length)
    (folder / f"{name}.hea").write_text("\n".join(lines) + "\n")
    at = np.arange(150, total - 100, 200)
    beats(folder, name, at, ["N" if place % 2 else "V" for place in range(len(at))])


@pytest.mark.parametrize(
    "lengths", [(3000, 3000), (1000, 700, 2300, 500), (1500, -900, 2000), (900, -300, 900, -1, 1200)]
)
@pytest.mark.parametrize("channels", [1, 2])
def test_a_fixed_layout(tmp_path, lengths, channels):
    for number in range(4):
        fixed(tmp_path, f"r{number}", lengths, channels)
    data = load(tmp_path)
    assert_dataset_is_sound(data)
    assert not data.skipped
    assert data.features == ("I", "II")[:channels]
    assert {name.split()[0] for name in data.names} == {"r0", "r1", "r2", "r3"}  # and no segment by itself
    ends = np.cumsum(np.abs(lengths))
    gaps = [(end + length, end) for end, length in zip(ends, lengths, strict=True) if length < -10]
    beats_at = np.arange(150, ends[-1] - 100, 200)
    kept = [at for at in beats_at if not any(at - 50 < end and start < at + 50 for start, end in gaps)]
    inside = [at for at in beats_at if any(start <= at - 50 and at + 50 <= end for start, end in gaps)]
    assert 4 * len(kept) <= len(data.inputs) <= 4 * (len(beats_at) - len(inside))
    for row, name in enumerate(data.names):
        at = round(float(name.split()[2]) * RATE)
        np.testing.assert_allclose(data.inputs[row].numpy(), clock(at, 100, channels), atol=0.01)
        assert data.classes[data.labels[row]][0] == ("N" if (at + 50 - 150) // 200 % 2 else "V")
    assert any("pauses: left out" in remark for remark in data.remarks) == bool(inside)


def variable(folder, name):
    """Segments with other channels each, a gap, and a layout that names all."""
    rows = [f"{name}_layout 3 {RATE} 0", *(f"~ 0 1000/mV 16 0 0 0 0 {label}" for label in ("I", "II", "V"))]
    (folder / f"{name}_layout.hea").write_text("\n".join(rows) + "\n")
    values = clock(0, 2000, 3)
    single(folder, f"{name}_1", values[:, :600], ("I", "II", "V"))
    single(folder, f"{name}_2", values[[2, 0], 800:1500], ("V", "I"))
    single(folder, f"{name}_3", values[:, 1500:], ("I", "II", "V"))
    segments = [f"{name}_layout 0", f"{name}_1 600", "~ 200", f"{name}_2 700", f"{name}_3 500"]
    (folder / f"{name}.hea").write_text("\n".join([f"{name}/5 3 {RATE} 2000", *segments]) + "\n")
    beats(folder, name, range(100, 1900, 100), "NV" * 9)


def test_a_variable_layout(tmp_path):
    for number in range(4):
        variable(tmp_path, f"p{number}")
    data = load(tmp_path)
    assert_dataset_is_sound(data)
    assert data.features == ("I", "II", "V")
    reasons = {item.reason for item in data.skipped}  # while V and I alone are there
    assert "channel 2 holds no number" in reasons
    assert reasons <= {"channel 2 holds no number", "50 of its 300 values are missing or infinite"}
    for row, name in enumerate(data.names):
        at = round(float(name.split()[2]) * RATE)
        np.testing.assert_allclose(data.inputs[row].numpy(), clock(at, 100, 3), atol=0.01)


def test_a_single_record_is_read_as_training_read_it(tmp_path):
    for number in range(4):
        fixed(tmp_path, f"r{number}", (1500, -900, 2000))
    data = load(tmp_path)
    alone = FORMATS["wfdb"].files.decode(tmp_path / "r2.hea", spec_of(data))
    rows = [row for row, name in enumerate(data.names) if name.startswith("r2 ")]
    assert alone.names == [data.names[row] for row in rows]
    assert torch.equal(alone.inputs, data.inputs[rows])


def test_a_folder_of_new_records_is_read(tmp_path):
    for number in range(4):
        fixed(tmp_path / "old", f"r{number}", (600, 600))
        fixed(tmp_path / "new", f"n{number}", (300, 100))
        (tmp_path / "new" / f"n{number}.atr").unlink()
    spec = spec_of(load(tmp_path / "old"))
    found = read([tmp_path / "new"], spec)
    assert found.names == [f"n{number} at {at}.00 s" for number in range(4) for at in range(4)]
    assert read([tmp_path / "old"], spec) is None  # a data set: as training reads it


@pytest.mark.parametrize("names", [(None, None), ("I", None), (None, "V5")])
def test_channels_without_a_description(tmp_path, names):
    for number in range(4):
        single(tmp_path, f"r{number}", clock(0, 2000, 2), names)
        beats(tmp_path, f"r{number}", range(150, 1900, 100), "NV" * 9)
    data = load(tmp_path)
    assert data.features == tuple(name or f"channel {place}" for place, name in enumerate(names, 1))
    at = round(float(data.names[0].split()[2]) * RATE)
    np.testing.assert_allclose(data.inputs[0].numpy(), clock(at, 100, 2), atol=0.01)


def test_a_header_without_a_length(tmp_path):
    for number in range(4):
        single(tmp_path, f"r{number}", clock(0, 2000, 2), ("I", "II"))
        lines = (tmp_path / f"r{number}.hea").read_text().splitlines()
        (tmp_path / f"r{number}.hea").write_text("\n".join([f"r{number} 2 {RATE}", *lines[1:]]) + "\n")
        beats(tmp_path, f"r{number}", range(150, 1900, 100), "NV" * 9)
    assert load(tmp_path).inputs.shape == (4 * 18, 2, 100)


@pytest.mark.parametrize("form", ["80", "16", "24", "32", "508", "516"])
def test_every_form_of_samples(tmp_path, form):
    steps = np.random.default_rng(0).integers(-100, 100, (1200, 2))
    for number in range(4):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kinds = {"fmt": [form] * 2, "adc_gain": [100.0] * 2, "baseline": [0] * 2, "units": ["mV"] * 2}
            wfdb.wrsamp(
                f"r{number}", fs=RATE, d_signal=steps, sig_name=["I", "II"], write_dir=str(tmp_path), **kinds
            )
        beats(tmp_path, f"r{number}", range(150, 1100, 100), "NV" * 5)
    data = load(tmp_path)
    at = round(float(data.names[0].split()[2]) * RATE)
    np.testing.assert_allclose(data.inputs[0].numpy(), steps[at : at + 100].T / 100, atol=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_plain_records_are_read_as_the_package_reads_them(tmp_path, seed):
    """With and without a base, a gain of 0, a time and date, comments, a description of several words."""
    draw = np.random.default_rng(seed)
    count, points = int(draw.integers(1, 5)), int(draw.integers(5, 40))
    digits = draw.integers(-32768, 32768, (points, count))
    digits[0, 0] = -32768
    digits.astype("<i2").tofile(tmp_path / "r.dat")
    when = draw.choice(["", " 10:00:00", " 10:00:00 01/02/2003"])
    lines = ["# first", f"r {count} {draw.choice(['360', '99.5'])} {points}{when}"]
    for place in range(count):
        gain = draw.choice(["1000", "200.5", "0", "1e3"])
        base = draw.choice(["", "(0)", "(-120)"])
        name = draw.choice(["", " V5", " two words"])
        lines.append(f"r.dat 16 {gain}{base}/mV 16 {draw.choice([0, 7, -3])} 5 {place} 0{name}")
    (tmp_path / "r.hea").write_text("\n".join([*lines, "# age: 3"]) + "\n")
    plain = wfdb_plain.head(tmp_path / "r.hea")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = wfdb.rdrecord(str(tmp_path / "r"))
    assert plain
    assert (plain.rate, plain.points, list(plain.labels), list(plain.units)) == (
        other.fs,
        other.sig_len,
        [name or None for name in other.sig_name],
        other.units,
    )
    np.testing.assert_array_equal(wfdb_plain.values(plain, [*range(count)]), other.p_signal)


def test_311_bytes_written_by_hand(tmp_path):
    """Three numbers of 10 bits in four bytes, after signal(5)."""
    numbers = np.tile([0, 1, -1, 511, -511, 100], 50)
    content = b"".join(
        sum((value & 1023) << 10 * place for place, value in enumerate(three)).to_bytes(4, "little")
        for three in numbers.reshape(-1, 3).tolist()
    )
    for label in ("ill", "well"):
        (tmp_path / label).mkdir()
        for number in range(2):
            (tmp_path / label / f"{number}.dat").write_bytes(content)
            text = f"{number} 1 {RATE} {len(numbers)}\n{number}.dat 311 1000/mV 10 0 0 0 0 I\n"
            (tmp_path / label / f"{number}.hea").write_text(text)
    data = load(tmp_path)
    np.testing.assert_allclose(data.inputs[0, 0].numpy(), numbers / 1000, atol=1e-6)


def test_212_bytes_written_by_hand(tmp_path):
    """Two numbers of 12 bits in three bytes, after signal(5)."""
    numbers = np.tile([0, 1, -1, 2047, -2047, 1000, -1000, 5], 50)
    content = bytearray()
    for one, two in zip(numbers[::2].tolist(), numbers[1::2].tolist(), strict=True):
        content += bytes([one & 255, (one >> 8 & 15) | (two >> 8 & 15) << 4, two & 255])
    for label in ("ill", "well"):
        (tmp_path / label).mkdir()
        for number in range(2):
            (tmp_path / label / f"{number}.dat").write_bytes(content)
            text = f"{number} 1 {RATE} {len(numbers)}\n{number}.dat 212 1000/mV 12 0 0 0 0 I\n"
            (tmp_path / label / f"{number}.hea").write_text(text)
    data = load(tmp_path)
    np.testing.assert_allclose(data.inputs[0, 0].numpy(), numbers / 1000, atol=1e-6)


def test_folders_are_classes_where_nothing_is_annotated(tmp_path):
    for label in ("AF", "normal"):
        for number in range(4):
            single(tmp_path / label, f"{label}{number}", clock(0, 1000), ("I",))
    data = load(tmp_path)
    assert_dataset_is_sound(data)
    assert (data.classes, data.inputs.shape) == (("AF", "normal"), (8, 1, 1000))
    pieces = load(tmp_path, DataSettings(window=250))
    assert pieces.inputs.shape == (32, 1, 250)
    alone = FORMATS["wfdb"].files.decode(tmp_path / "AF" / "AF1.hea", spec_of(pieces))
    assert torch.equal(alone.inputs, pieces.inputs[4:8])
    assert alone.truth == ["AF"] * 4


def test_folders_are_people_where_beats_are_annotated(tmp_path):
    for person in range(5):
        for number in range(2):
            single(tmp_path / f"p{person}", f"r{number}", clock(0, 2000), ("I",))
            beats(tmp_path / f"p{person}", f"r{number}", range(150, 1900, 100), "NV" * 9)
    data = load(tmp_path)
    assert [name[0] for name in data.classes] == ["N", "V"]
    part_of = {}
    for part, rows in data.parts.items():
        for row in rows.tolist():
            assert part_of.setdefault(data.names[row].split("/")[0], part) == part


@pytest.mark.parametrize(
    "text", ["A0,N\nA1,A\n{}", "record,label\nA0,N\nA1,A\n{}", "name;class;age\nA0.hea;N;3\nA1.hea;A;4\n{}"]
)
def test_a_table_beside_records_names_their_classes(tmp_path, text):
    for number in range(10):
        single(tmp_path, f"A{number}", clock(number, 500), ("I",))
    form = "A{0},{1}" if "," in text else "A{0}.hea;{1};5"
    rest = "\n".join(form.format(number, "NA"[number % 2]) for number in range(2, 10))
    (tmp_path / "REFERENCE.csv").write_text(text.format(rest) + "\n")
    data = load(tmp_path)
    assert data.classes == ("A", "N")
    for row, name in enumerate(data.names):
        assert data.classes[data.labels[row]] == "NA"[int(name[1]) % 2]
    assert "records are named, with their classes, by REFERENCE.csv" in data.remarks
    if ";" in text:
        amounts = load(tmp_path, DataSettings(label="age", test=0, val=0))
        assert amounts.classes == ("3", "4", "5")
        with pytest.raises(DataError, match=r"no column 'weight'; its columns are name, class, age"):
            load(tmp_path, DataSettings(label="weight"))


def test_rhythms_last_until_the_next(tmp_path):
    for number in range(4):
        single(tmp_path, f"r{number}", clock(0, 3000), ("I",))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wfdb.wrann(f"r{number}", "atr", np.array([0, 1000, 2000]), symbol=["+"] * 3,
                       aux_note=["(N", "(AFIB", "(N"], write_dir=str(tmp_path))  # fmt: skip
    data = load(tmp_path, DataSettings(length=500))
    assert data.classes == ("rhythm AFIB", "rhythm N")
    assert data.inputs.shape == (24, 1, 500)
    for row, name in enumerate(data.names):
        assert data.classes[data.labels[row]] == (
            "rhythm AFIB" if 10 <= float(name.split()[2]) < 20 else "rhythm N"
        )


def test_the_minutes_of_apnea_ecg(tmp_path):
    for number in range(4):
        single(tmp_path, f"a{number:02}", clock(0, 18000), ("ECG",))
        at = np.array([0, 6000, 12000])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wfdb.wrann(f"a{number:02}", "apn", at, symbol=["N", "A", "N"], write_dir=str(tmp_path))
            wfdb.wrann(f"a{number:02}", "qrs", at + 50, symbol=["N", "N", "N"], write_dir=str(tmp_path))
    data = load(tmp_path)
    assert (data.classes, data.inputs.shape) == (("apnea", "no apnea"), (12, 1, 6000))
    for row, name in enumerate(data.names):
        assert data.classes[data.labels[row]] == ("apnea" if name.endswith("60.00 s") else "no apnea")


def test_names_of_records_may_say_their_class(tmp_path):
    for number in range(8):
        single(tmp_path, f"{('ill', 'well')[number % 2]}_{number}", clock(number, 500), ("I",))
    data = load(tmp_path, DataSettings(label_from="([a-z]+)_"))
    assert (data.classes, len(data.inputs)) == (("ill", "well"), 8)


def test_segments_that_are_missing_or_damaged_are_told(tmp_path):
    for number in range(4):
        fixed(tmp_path, f"r{number}", (1500, 1500))
    (tmp_path / "r1_0.dat").unlink()
    (tmp_path / "r2_1.hea").write_text("nothing")
    data = load(tmp_path)
    assert {item.file for item in data.skipped} == {"r1", "r2"}
    (tmp_path / "r3.hea").write_text(f"r3/2 1 {RATE} 99999999999999\nr3_0 1500\nr3_1 99999999999999\n")
    assert {item.file for item in load(tmp_path).skipped} == {"r1", "r2", "r3"}


# ---- PTB-XL, after its description


def ptbxl(root, folders=("records100",), lost=()):
    codes = ({"NORM": 100.0, "SR": 0.0}, {"IMI": 80.0, "SR": 0.0}, {"NORM": 50.0, "IMI": 50.0}, {"SR": 0.0})
    (root / "scp_statements.csv").write_text(
        ",description,diagnostic,form,rhythm,diagnostic_class,diagnostic_subclass\n"
        "NORM,normal ECG,1.0,,,NORM,NORM\nIMI,inferior infarction,1.0,,,MI,IMI\nSR,sinus rhythm,,,1.0,,\n"
    )
    with (root / "ptbxl_database.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["ecg_id", "patient_id", "age", "sex", "recording_date", "report", "scp_codes",
                        "strat_fold", "filename_lr", "filename_hr"])  # fmt: skip
        for number in range(1, 61):
            names = [f"records{rate}/00000/{number:05}_{way}" for rate, way in ((100, "lr"), (500, "hr"))]
            about = [number, f"{number + 7}.0", 56.0, 1, "1984-11-09 09:17:34", "sinusrhythmus, normal"]
            table.writerow([*about, codes[number % 4], 1 + number // 4 % 10, *names])
            for name, rate in zip(names, (100, 500), strict=True):
                if name.split("/")[0] in folders and number not in lost:
                    values = np.full((12, 10 * rate), number / 100)
                    leads = ("I", "II", "III", "AVR", "AVL", "AVF", "V1", "V2", "V3", "V4", "V5", "V6")
                    single(root / name.rsplit("/", 1)[0], name.rsplit("/", 1)[1], values, leads, rate)
    return root


@pytest.mark.parametrize("source", ["", "ptb-xl-1.0.3", "ptb-xl-1.0.3/ptbxl_database.csv"])
def test_the_layout_of_ptb_xl(tmp_path, source):
    (tmp_path / "ptb-xl-1.0.3").mkdir()
    ptbxl(tmp_path / "ptb-xl-1.0.3")
    data = load(tmp_path / source)
    assert_dataset_is_sound(data)
    assert (data.classes, data.inputs.shape, data.rate) == (("MI", "NORM"), (30, 12, 1000), 100)
    for part, rows in data.parts.items():
        for row in rows.tolist():
            number = round(float(data.inputs[row, 0, 0]) * 100)
            assert f"/{number:05}_lr" in data.names[row]
            assert data.classes[data.labels[row]] == ("NORM" if number % 4 == 0 else "MI")
            fold = 1 + number // 4 % 10
            assert part == ("test" if fold == 10 else "val" if fold == 9 else "train")
    assert any("fold 9 is val, fold 10 is test" in remark for remark in data.remarks)
    assert "30 records have no superclass or several, and are not used" in data.remarks


def test_ptb_xl_at_its_higher_rate(tmp_path):
    root = ptbxl(tmp_path, ("records100", "records500"))
    assert load(root).inputs.shape == (30, 12, 1000)
    assert load(root, DataSettings(rate=500)).inputs.shape == (30, 12, 5000)


def test_ptb_xl_in_part_or_without_a_table(tmp_path):
    root = ptbxl(tmp_path, lost=range(1, 21))
    assert "20 records of ptbxl_database.csv are not there" in load(root).remarks
    with pytest.raises(DataError, match=r"has no column 'weight'.\n  Its columns are ecg_id, patient_id"):
        load(root, DataSettings(label="weight"))
    amounts = load(root, DataSettings(target="ecg_id"))
    assert amounts.regression
    np.testing.assert_allclose(amounts.labels.numpy(), amounts.inputs[:, 0, 0].numpy() * 100, atol=0.01)
    (root / "scp_statements.csv").unlink()
    with pytest.raises(DataError, match=r"scp_statements\.csv is missing"):
        load(root)


def test_ptb_xl_without_records_says_what_to_fetch(tmp_path):
    with pytest.raises(DataError, match=r"none of them is there.\n  Fetch records100 or records500"):
        load(ptbxl(tmp_path, ()) / "ptbxl_database.csv")


@pytest.mark.parametrize("name", ["n1", "00001_lr", "a.b"])
def test_a_record_may_be_named_without_its_ending(tmp_path, name):
    for number in range(4):
        fixed(tmp_path / "old", f"r{number}", (600, 600))
    run = train(tmp_path / "old", epochs=1, runs=tmp_path / "runs", threads=1)
    single(tmp_path / "new", name, clock(0, 500), ("I",))
    run = open_run(run.path)
    assert run.predict(tmp_path / "new" / name).names == run.predict(tmp_path / "new" / f"{name}.hea").names
    with pytest.raises(DataError, match="no file or folder"):
        run.predict(tmp_path / "new" / f"{name}x")
