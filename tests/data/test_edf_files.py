"""EDF and BDF files written byte by byte: pauses, code pages, scoring beside them."""

import edfio
import numpy as np
import pytest
import torch

from convscope.data import DataSettings, load
from convscope.data.formats import FORMATS
from convscope.data.reading import read
from convscope.data.samples import spec_of
from convscope.data.signals import edf
from convscope.errors import DataError
from tests.data.soundness import assert_dataset_is_sound

RATE = 20


def tal(onset, duration=None, *texts):
    lasts = b"" if duration is None else b"\x15" + f"{duration:g}".encode()
    said = b"".join((text if isinstance(text, bytes) else text.encode()) + b"\x14" for text in texts)
    return f"{onset:+.12g}".encode() + lasts + b"\x14" + (said or b"\x14") + b"\0"


def written(
    file,
    channels,
    notes=None,
    *,
    unit="uV",
    seconds=1.0,
    form="",
    date="01.01.20",
    time="00.00.00",
    size=2,
    said=None,
):
    """Write a file; `channels`: (label, (record, point) whole numbers); `notes`: bytes of each record."""
    rows = len(notes) if notes is not None else len(channels[0][1])
    plus = []
    if notes is not None:
        width = -(-max(map(len, notes)) // size) * size
        plus = [("BDF Annotations" if size == 3 else "EDF Annotations", width // size)]
    counts = [(label, values.shape[1]) for label, values in channels] + plus
    low, high = (-8_000_000, 8_000_000) if size == 3 else (-32768, 32767)
    fields = [(label, 16) for label, _ in counts] + [("", 80) for _ in counts] + [(unit, 8) for _ in counts]
    for value in (low / 100, high / 100, low, high):
        fields += [(f"{value:.8g}"[:8], 8) for _ in counts]
    fields += (
        [("", 80) for _ in counts] + [(str(points), 8) for _, points in counts] + [("", 32) for _ in counts]
    )
    version = b"\xffBIOSEMI" if size == 3 else b"0       "
    head = [("X", 80), ("X", 80), ("01.01.20", 8), (time, 8), (str(256 * (1 + len(counts))), 8), (form, 44)]
    head += [(str(rows if said is None else said), 8), (f"{seconds:g}", 8), (str(len(counts)), 4)]
    content = version + b"".join(text.encode("latin-1").ljust(width) for text, width in head + fields)
    for row in range(rows):
        for _, values in channels:
            content += b"".join(int(value).to_bytes(size, "little", signed=True) for value in values[row])
        if notes is not None:
            content += notes[row].ljust(width, b"\0")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def clock(starts, rate=RATE, seconds=1.0, scale=100):
    """Each point holds its own time in hundredths of a second."""
    points = round(rate * seconds)
    return (
        np.minimum((np.asarray(starts)[:, None] + np.arange(points) / rate) * scale, 30_000)
        .round()
        .astype(int)
    )


def paused(file, starts, marks, *, rates=(RATE,), seconds=1.0, first=0.0, form="EDF+D", size=2):
    channels = [(f"C{n}", clock(starts, rate, seconds, 50)) for n, rate in enumerate(rates)]
    notes = [tal(start + first) for start in starts]
    notes[-1] += b"".join(tal(at + first, lasts, text) for at, lasts, text in marks)
    written(file, channels, notes, seconds=seconds, form=form, size=size)


PAUSES = {
    "one": (list(range(30)) + list(range(50, 80)), (RATE,), 1.0, 0.0, 2),
    "many, of odd lengths": ([0, 1, 2.5, 3.5, 7.25, 8.25, *range(10, 40)], (RATE,), 1.0, 0.0, 2),
    "channels of other rates": (list(range(20)) + list(range(35, 60)), (RATE, 4), 1.0, 0.0, 2),
    "begins between seconds": (list(range(10)) + list(range(30, 60)), (RATE,), 1.0, 0.35, 2),
    "records of half a second": (
        [n / 2 for n in range(40)] + [n / 2 for n in range(70, 120)],
        (RATE,),
        0.5,
        0.0,
        2,
    ),
    "BDF": (list(range(30)) + list(range(50, 80)), (RATE,), 1.0, 0.0, 3),
}


@pytest.mark.parametrize(("starts", "rates", "seconds", "first", "size"), PAUSES.values(), ids=PAUSES)
def test_what_stands_under_a_label_was_recorded_then(tmp_path, starts, rates, seconds, first, size):
    form, suffix = ("BDF+D", "bdf") if size == 3 else ("EDF+D", "edf")
    marks = [(at, 2, "AB"[at // 2 % 2]) for at in range(0, round(starts[-1]), 2)]
    for number in range(4):
        file = tmp_path / f"r{number}.{suffix}"
        paused(file, starts, marks, rates=rates, seconds=seconds, first=first, form=form, size=size)
    data = load(tmp_path)
    assert_dataset_is_sound(data)
    within = [at for at, lasts, _ in marks if _recorded(starts, seconds, at, lasts) >= 0.9]
    assert len(data.inputs) == 4 * len(within)
    for row, name in enumerate(data.names):
        at = float(name.split()[2])
        assert data.classes[data.labels[row]] == "AB"[int(at) // 2 % 2]
        np.testing.assert_allclose(
            data.inputs[row, 0].numpy(), (at + np.arange(2 * RATE) / RATE) / 2, atol=0.03
        )
    lost = 4 * (len(marks) - len(within))
    assert any(
        remark.startswith(f"{lost:,} pieces lie where their recording pauses") for remark in data.remarks
    )


def _recorded(starts, seconds, at, lasts):
    """Share of a stretch that lies in a record, counted point by point."""
    points = at + np.arange(lasts * 40) / 40
    return np.mean([any(start <= point < start + seconds for start in starts) for point in points])


def test_the_case_of_seventy_seconds(tmp_path):
    """The first minute has a pause of 20 s: what is marked at 50 s was recorded at 50 s."""
    starts = list(range(30)) + list(range(50, 80))
    for number in range(4):
        paused(tmp_path / f"r{number}.edf", starts, [(2, 4, "A"), (50, 4, "B"), (70, 4, "A"), (35, 4, "B")])
    data = load(tmp_path)
    rows = [row for row, name in enumerate(data.names) if name.endswith("at 50.00 s")]
    assert data.inputs[rows, 0, 0].tolist() == pytest.approx([25.0] * 4, abs=0.01)
    assert not any("35.00" in name for name in data.names)


def test_whole_recordings_with_a_pause_are_cut_or_refused(tmp_path):
    starts = list(range(10)) + list(range(20, 30))
    for label in ("ill", "well"):
        for number in range(3):
            paused(tmp_path / label / f"{number}.edf", starts if number else range(20), [])
    data = load(tmp_path)
    assert len(data.inputs) == 2
    assert {item.reason for item in data.skipped} == {
        "it pauses for 10 s; --window cuts it into pieces between"
    }
    pieces = load(tmp_path, DataSettings(window=5 * RATE))
    assert pieces.inputs.shape == (2 * (4 + 4 + 4), 1, 5 * RATE)
    for row, name in enumerate(pieces.names):
        assert pieces.inputs[row, 0, 0] == pytest.approx(float(name.split()[2]) / 2, abs=0.02)


def test_a_single_file_is_read_as_training_read_it(tmp_path):
    starts = list(range(30)) + list(range(50, 80))
    for number in range(4):
        marks = [(at, 4, "AB"[at // 4 % 2]) for at in range(0, 80, 4)]
        paused(tmp_path / f"r{number}.edf", starts, marks)
    data = load(tmp_path)
    alone = FORMATS["edf"].files.decode(tmp_path / "r1.edf", spec_of(data))
    rows = [row for row, name in enumerate(data.names) if name.startswith("r1.edf")]
    assert alone.names == [data.names[row] for row in rows]
    assert torch.equal(alone.inputs, data.inputs[rows])
    assert alone.truth == [data.classes[label] for label in data.labels[rows]]


def test_a_folder_of_new_recordings_is_read(tmp_path):
    for number in range(4):
        marks = [(at, 4, "AB"[at // 4 % 2]) for at in range(0, 30, 4)]
        paused(tmp_path / "old" / f"r{number}.edf", range(30), marks)
    spec = spec_of(load(tmp_path / "old"))
    for number in range(2):
        written(tmp_path / "new" / f"n{number}.edf", [("C0", clock(range(9)))])
    (tmp_path / "new" / "broken.edf").write_bytes(b"x")
    found = read([tmp_path / "new"], spec)
    assert found.names == [f"n{number}.edf at {at}.00 s" for number in range(2) for at in (0, 4)]
    assert [item.file for item in found.skipped] == ["broken.edf"]
    assert read([tmp_path / "old"], spec) is None  # a data set: as training reads it


def test_records_out_of_order_are_refused(tmp_path):
    paused(tmp_path / "a.edf", [0, 1, 5, 3, 6], [(0, 1, "A"), (5, 1, "B")])
    with pytest.raises(DataError, match="its records are not in the order of time"):
        load(tmp_path / "a.edf")


def test_a_pause_of_years_takes_no_memory(tmp_path):
    paused(tmp_path / "a.edf", [0, 1, 10**9], [(0, 1, "A"), (1, 1, "B")])
    with pytest.raises(DataError, match=r"with its pauses it lasts 1,000,000,000 s"):
        load(tmp_path / "a.edf")


@pytest.mark.parametrize("size", [2, 3])
def test_every_number_is_edfios(tmp_path, size):
    draw = np.random.default_rng(size)
    kind, whole, read = (
        (edfio.BdfSignal, edfio.Bdf, edfio.read_bdf)
        if size == 3
        else (edfio.EdfSignal, edfio.Edf, edfio.read_edf)
    )
    channels = [
        kind(draw.normal(size=rate * 12), rate, label=f"C{rate}", physical_range=(-9, 8)) for rate in (10, 25)
    ]
    notes = [edfio.EdfAnnotation(at, lasts, f"né {at}") for at, lasts in ((0.5, None), (3, 2), (7.25, 0.5))]
    file = tmp_path / ("a.bdf" if size == 3 else "a.edf")
    whole(channels, annotations=notes).write(file)
    head = edf.header(file)
    times = edf.times(file, head)
    ours, theirs = edf.values(file, head, times.starts, [0, 1]), read(file)
    for channel, other in zip(ours, theirs.signals, strict=True):
        np.testing.assert_allclose(channel, other.data, rtol=0, atol=1e-9)
    assert [(n.onset, n.duration, n.text.decode()) for n in times.notes] == [
        (n.onset, n.duration or 0, n.text) for n in theirs.annotations
    ]


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("utf-8", "Schläfrig"),
        ("cp1252", "Schläfrig"),
        ("latin-1", "réveillé"),
        ("gbk", "睡眠阶段"),
        ("cp1251", "глубокий сон"),
        ("shift_jis", "睡眠段階"),
    ],
)
def test_annotations_of_an_old_code_page(tmp_path, code, word):
    for number in range(3):
        marks = [
            tal(0),
            tal(1, 2, word.encode(code)),
            tal(3, 2, "wach"),
            tal(5, 2, word.encode(code)),
        ]
        notes = [b"".join(marks), *map(tal, range(1, 8))]
        written(tmp_path / f"{number}.edf", [("EEG", clock(range(8)))], notes, form="EDF+C")
    data = load(tmp_path)
    assert set(data.classes) == {word, "wach"}
    assert any("not in UTF-8" in remark for remark in data.remarks) == (code != "utf-8")


def stages(file, names, *, start="00.00.00", lasts=30, size=2):
    notes = [tal(0) + b"".join(tal(lasts * place, lasts, name) for place, name in enumerate(names))]
    written(file, [], notes, seconds=0, form="EDF+C", time=start, size=size)


SLEEP = ("Sleep stage W", "Sleep stage 1", "Sleep stage 2", "Sleep stage W", "Sleep stage ?")


@pytest.mark.parametrize("below", [("",), ("sleep-cassette",), ("sleep-cassette", "sleep-telemetry")])
def test_the_layout_of_sleep_edf(tmp_path, below):
    """After its description: SC4ssNE0-PSG.edf with SC4ssNEC-Hypnogram.edf; ss is the person, N the night."""
    for person in range(5):
        for night in (1, 2):
            name = f"SC4{person:02}{night}E"
            shapes = [("EEG Fpz-Cz", clock(range(150), 10)), ("Resp oro-nasal", clock(range(150), 1))]
            written(tmp_path / below[person % len(below)] / f"{name}0-PSG.edf", shapes, time="16.13.00")
            stages(tmp_path / below[person % len(below)] / f"{name}C-Hypnogram.edf", SLEEP, start="16.13.00")
    data = load(tmp_path)
    assert_dataset_is_sound(data)
    assert data.classes == SLEEP[1:3] + SLEEP[:1]
    assert data.inputs.shape == (10 * 4, 2, 300)
    assert not data.skipped
    assert "10 annotations are not used: Sleep stage ? (10)" in data.remarks
    assert any(
        remark.startswith("annotations come from 10 files beside the recordings") for remark in data.remarks
    )
    part_of = {}
    for part, rows in data.parts.items():
        for row in rows.tolist():
            assert part_of.setdefault(data.names[row].split("SC4")[1][:2], part) == part
    for row, name in enumerate(data.names):
        at = float(name.split()[2])
        assert data.classes[data.labels[row]] == SLEEP[int(at // 30)]
        np.testing.assert_allclose(data.inputs[row, 0, :5].numpy(), at + np.arange(5) / 10, atol=0.01)


@pytest.mark.parametrize(("one", "two"), [("{}.edf", "{}_annotations.edf"), ("{}-psg.edf", "{}-hyp.edf")])
def test_annotations_in_a_file_of_their_own(tmp_path, one, two):
    for number in (1, 10, 2):
        written(tmp_path / one.format(f"n{number}"), [("EEG", clock(range(90), 10))])
        stages(
            tmp_path / two.format(f"n{number}"), ["A", "B"] if number == 1 else ["B", "A"], start="00.00.30"
        )
    data = load(tmp_path)
    found = {(name.split(".")[0], name.split()[2]): data.classes[data.labels[row]]
             for row, name in enumerate(data.names)}  # fmt: skip
    first = one.format("n1").split(".")[0]
    assert found[first, "30.00"] == "A"  # scoring began half a minute later
    assert found[one.format("n10").split(".")[0], "30.00"] == "B"
    assert len(data.inputs) == 6
    alone = FORMATS["edf"].files.decode(tmp_path / one.format("n1"), spec_of(data))
    assert alone.truth == ["A", "B"]


def test_scoring_without_a_recording_is_named(tmp_path):
    for number in range(2):
        written(tmp_path / f"n{number}-PSG.edf", [("EEG", clock(range(60), 10))])
        stages(tmp_path / f"n{number}-Hypnogram.edf", ["A", "B"])
    stages(tmp_path / "lost-Hypnogram.edf", ["A", "B"])
    data = load(tmp_path)
    assert data.skipped[0].reason.startswith("it holds annotations alone")


def test_channels_without_a_name_and_with_one_name_are_told_apart(tmp_path):
    for label in ("ill", "well"):
        for number in range(3):
            values = [clock(range(5)) + 100 * place for place in range(4)]
            names = ("EEG", "", "EEG", "")
            written(tmp_path / label / f"{number}.edf", list(zip(names, values, strict=True)))
    data = load(tmp_path)
    assert data.features == ("EEG", "channel 2", "EEG (2)", "channel 4")
    np.testing.assert_allclose(data.inputs[0, :, 0].numpy(), [0, 1, 2, 3], atol=0.01)


def test_channels_that_some_recordings_lack(tmp_path):
    for label in ("ill", "well"):
        for number in range(3):
            names = ("A", "B", "C") if number else ("C", "A")
            values = {"A": clock(range(5)), "B": clock(range(5)) + 100, "C": clock(range(5)) + 200}
            written(tmp_path / label / f"{number}.edf", [(name, values[name]) for name in names])
    data = load(tmp_path)
    assert sorted(data.features) == ["A", "C"]
    assert "channels that not all recordings have are not used: B" in data.remarks
    for row in range(len(data.inputs)):
        np.testing.assert_allclose(data.inputs[row, :, 0].numpy(), [2.0, 0.0], atol=0.01)


@pytest.mark.parametrize(("usual", "odd"), [("uV", "mV"), ("mV", "V"), ("µV", "mV")])
def test_recordings_in_another_unit_are_left_out(tmp_path, usual, odd):
    for label in ("ill", "well"):
        for number in range(4):
            unit = odd if label + str(number) == "ill1" else usual
            written(tmp_path / label / f"{number}.edf", [("EEG", clock(range(5)))], unit=unit)
    data = load(tmp_path)
    ((name, reason),) = data.skipped
    assert name == "ill/1.edf"
    assert reason == f"its channel EEG is in {odd}, that of most others in {usual.replace('µ', 'u')}"


def test_a_recording_without_a_channel_of_training_is_not_predicted(tmp_path):
    for label in ("ill", "well"):
        for number in range(3):
            values = [clock(range(5)), clock(range(5)) + 100]
            written(tmp_path / label / f"{number}.edf", list(zip(("A", "B"), values, strict=True)))
    data = load(tmp_path)
    written(tmp_path / "new.edf", [("C", clock(range(5))), ("B", clock(range(5)))])
    with pytest.raises(DataError, match="it has no channel 'A', but C, B"):
        FORMATS["edf"].files.decode(tmp_path / "new.edf", spec_of(data))


def test_a_cut_recording_is_used_as_far_as_it_goes_and_it_is_said(tmp_path):
    for number in range(4):
        marks = b"".join(tal(at, 5, "AB"[at // 5 % 2]) for at in range(0, 60, 5))
        notes = [tal(0) + marks, *map(tal, range(1, 60))]
        written(tmp_path / f"{number}.edf", [("EEG", clock(range(60)))], notes, form="EDF+C")
    whole = (tmp_path / "2.edf").read_bytes()
    (tmp_path / "2.edf").write_bytes(whole[: 768 + (len(whole) - 768) * 59 // 120])  # 29 records and a half
    data = load(tmp_path)
    assert "2.edf is cut short: 29 of 60 records are there, and used" in data.remarks
    assert sum(name.startswith("2.edf") for name in data.names) == 5


def test_a_number_of_records_that_was_not_known_yet(tmp_path):
    for label in ("ill", "well"):
        for number in range(2):
            written(tmp_path / label / f"{number}.edf", [("EEG", clock(range(7)))], said=-1)
    assert load(tmp_path).inputs.shape == (4, 1, 7 * RATE)


def test_triggers_of_a_status_channel_are_its_marks(tmp_path):
    """BioSemi: the lower 16 wires are triggers, those above say how the amplifier is."""
    for number in range(4):
        status = np.full((10, RATE), 1 << 20)
        for second, code in ((2, 7), (4, 9), (6, 7), (8, 9)):
            status[second, 5:9] += code
        written(tmp_path / f"{number}.bdf", [("A1", clock(range(10))), ("Status", status)], size=3)
    data = load(tmp_path, DataSettings(length=RATE))
    assert (data.classes, data.features) == (("7", "9"), ("A1",))
    assert data.inputs.shape == (16, 1, RATE)
    assert data.inputs[0, 0, RATE // 2] == pytest.approx(2.25, abs=0.01)  # in the middle: the trigger


@pytest.mark.parametrize("part_names", [("train", "test"), ("training", "val", "test")])
def test_folders_of_parts_are_no_classes(tmp_path, part_names):
    for part in part_names:
        for number in range(2):
            marks = b"".join(tal(at, 5, "AB"[at // 5 % 2]) for at in range(0, 20, 5))
            notes = [tal(0) + marks, *map(tal, range(1, 20))]
            written(tmp_path / part / f"{number}.edf", [("EEG", clock(range(20)))], notes, form="EDF+C")
    data = load(tmp_path)
    assert data.classes == ("A", "B")
    assert all(data.names[row].startswith("test/") for row in data.parts["test"])


@pytest.mark.parametrize("name", ["p{}", "S{:03}", "sub-{:02}/ses-1/eeg"])
def test_folders_that_are_numbered_are_people_where_annotations_are_inside(tmp_path, name):
    """As of PhysioNet's motor imagery, S001/S001R03.edf, and of BIDS."""
    for person in range(5):
        for number in range(2):
            marks = b"".join(tal(at, 5, "T0T1"[at // 5 % 2 * 2 :][:2]) for at in range(0, 20, 5))
            notes = [tal(0) + marks, *map(tal, range(1, 20))]
            file = tmp_path / name.format(person) / f"{number}.edf"
            written(file, [("EEG", clock(range(20)))], notes, form="EDF+C")
    data = load(tmp_path)
    assert data.classes == ("T0", "T1")
    assert any("whose the recordings are, and no classes" in remark for remark in data.remarks)
    part_of = {}
    for part, rows in data.parts.items():
        for row in rows.tolist():
            assert part_of.setdefault(data.names[row].split("/")[0], part) == part


def test_folders_that_are_called_like_people_are_named(tmp_path):
    for person in range(2):
        for number in range(3):
            written(tmp_path / f"patient_{person}" / f"{number}.edf", [("EEG", clock(range(5)))])
    said = "the classes are the folders patient_0, patient_1 …, which are called like people"
    assert any(remark.startswith(said) for remark in load(tmp_path).remarks)


def test_folders_of_people(tmp_path):
    for person in range(5):
        for number in range(2):
            marks = b"".join(tal(at, 5, "AB"[at // 5 % 2]) for at in range(0, 20, 5))
            notes = [tal(0) + marks, *map(tal, range(1, 20))]
            written(
                tmp_path / f"{'abcde'[person]}" / f"{number}.edf",
                [("EEG", clock(range(20)))],
                notes,
                form="EDF+C",
            )
    data = load(tmp_path, DataSettings(group="folder"))
    assert data.classes == ("A", "B")
    part_of = {}
    for part, rows in data.parts.items():
        for row in rows.tolist():
            assert part_of.setdefault(data.names[row].split("/")[0], part) == part
    assert load(tmp_path).classes == tuple("abcde")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"label": "x"}, "--label says nothing of recordings"),
        ({"series": "x"}, "--series says nothing"),
        ({"horizon": 3}, "--horizon says nothing"),
        ({"group": "patient"}, "no column 'patient' to group by"),
        ({"stride": 3, "unequal": "crop"}, "Give --window, too"),
        ({"window": 3, "length": 4}, "Give one of them"),
    ],
)
def test_what_recordings_do_not_have_is_told(tmp_path, said, words):
    for label in ("ill", "well"):
        written(tmp_path / label / "0.edf", [("EEG", clock(range(7)))])
    with pytest.raises(DataError, match=words):
        load(tmp_path, DataSettings(**said))


@pytest.mark.parametrize("head", ["file,label", "filename;class", "path,target,patient"])
def test_a_table_names_recordings(tmp_path, head):
    sign, rows = ";" if ";" in head else ",", []
    for number in range(10):
        written(tmp_path / "rec" / f"{number}.edf", [("EEG", clock(range(5)))])
        cells = [f"rec/{number}.edf", ("ill", "well")[number % 2], f"p{number // 2}"]
        rows.append(sign.join(cells[: head.count(sign) + 1]))
    (tmp_path / "all.csv").write_text("\n".join([head, *rows]))
    for source in (tmp_path / "all.csv", tmp_path):
        data = load(source)
        assert data.classes == ("ill", "well")
        for row, name in enumerate(data.names):
            assert data.labels[row] == int(name[4]) % 2
    if "patient" in head:
        people = [{int(data.names[row][4]) // 2 for row in rows.tolist()} for rows in data.parts.values()]
        assert sum(map(len, people)) == 5


def test_pieces_may_overlap(tmp_path):
    for label in ("ill", "well"):
        for number in range(3):
            written(tmp_path / label / f"{number}.edf", [("EEG", clock(range(10)))])
    data = load(tmp_path, DataSettings(window=4 * RATE, stride=RATE))
    assert data.inputs.shape == (6 * 7, 1, 4 * RATE)
    assert torch.equal(load(tmp_path, data.settings).inputs, data.inputs)
    with pytest.raises(DataError, match="at least 1"):
        load(tmp_path, DataSettings(window=4, stride=0))


def test_damage_is_a_reason_and_nothing_else(tmp_path):
    paused(tmp_path / "good" / "a.edf", [0, 1, 2, 5, 6], [(0, 1, "A"), (5, 1, "B")])
    whole = (tmp_path / "good" / "a.edf").read_bytes()
    draw = np.random.default_rng(0)
    for _ in range(200):
        content = bytearray(whole[: draw.integers(0, len(whole))] if draw.random() < 0.3 else whole)
        for place in draw.integers(0, max(len(content), 1), 4):
            if place < len(content):
                content[place] = draw.integers(256)
        (tmp_path / "a.edf").write_bytes(content)
        try:
            load(tmp_path / "a.edf")
        except DataError as error:
            assert "a.edf" in str(error)
