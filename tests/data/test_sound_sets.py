"""Popular sets of sounds, re-created small by their published descriptions."""

import numpy as np
import pytest
import soundfile
import torch
from scipy.io import wavfile

from convscope.data import DataSettings, load
from convscope.data.formats import FORMATS
from convscope.data.samples import spec_of
from convscope.errors import DataError
from tests.data.soundness import assert_dataset_is_sound

RATE = 8000


def sound(file, number, points=800):
    """A constant that says which sound it is."""
    file.parent.mkdir(parents=True, exist_ok=True)
    wavfile.write(file, RATE, np.full(points, number, np.int16))


def numbers(data):
    """The number of each sound, read back from its values."""
    return (data.inputs[:, 0, 0] * 32768).round().int().tolist()


# ---- Speech Commands: a folder a word, HASH_nohash_N.wav, two lists


def commands(root, lists):
    number, said = 0, {name: [] for name in ("validation_list.txt", "testing_list.txt")}
    for word in ("yes", "no", "up"):
        for speaker in range(10):
            for take in range(2):
                name = f"{word}/{speaker:08x}_nohash_{take}.wav"
                sound(root / name, number := number + 1)
                if speaker in (2, 7):
                    said["validation_list.txt" if speaker == 2 else "testing_list.txt"].append(name)
    for place in range(3):
        sound(root / "_background_noise_" / f"noise{place}.wav", 30000, 16000)
    (root / "README.md").write_text("about")
    for name in lists:
        (root / name).write_text("\n".join(said[name]) + "\n")
    return root


@pytest.mark.parametrize("wrapper", ["", "speech_commands_v0.02"])
@pytest.mark.parametrize(
    "lists",
    [("validation_list.txt", "testing_list.txt"), ("testing_list.txt",), ("validation_list.txt",), ()],
)
def test_speech_commands(tmp_path, wrapper, lists):
    commands(tmp_path / wrapper, lists)
    data = load(tmp_path)
    assert_dataset_is_sound(data)
    assert data.classes == ("no", "up", "yes")
    assert data.inputs.shape == (60, 1, 800)
    assert any("_background_noise_ is noise, and no class" in remark for remark in data.remarks)
    part_of = {}
    for part, rows in data.parts.items():
        for row in rows.tolist():
            speaker = int(data.names[row].split("/")[-1][:8], 16)
            if lists:
                listed = {2: "validation_list.txt", 7: "testing_list.txt"}.get(speaker)
                if listed in lists:
                    assert part == ("val" if speaker == 2 else "test")
            else:
                assert part_of.setdefault(speaker, part) == part
    if lists:
        assert any(remark.startswith("parts as ") for remark in data.remarks)
    else:
        assert any("speakers are in one part" in remark for remark in data.remarks)


def test_lists_beside_the_folder_of_words(tmp_path):
    """As on Kaggle: train/audio/yes/…, train/testing_list.txt."""
    commands(tmp_path / "train" / "audio", ("validation_list.txt", "testing_list.txt"))
    for name in ("validation_list.txt", "testing_list.txt"):
        (tmp_path / "train" / "audio" / name).rename(tmp_path / "train" / name)
    data = load(tmp_path / "train" / "audio")
    assert [len(data.parts[part]) for part in ("train", "val", "test")] == [48, 6, 6]


# ---- ESC-50: audio/*.wav, meta/esc50.csv


def esc(root):
    lines = ["filename,fold,target,category,esc10,src_file,take"]
    for number in range(1, 51):
        fold, kind = 1 + number % 5, ("dog", "rain", "clock_tick")[number % 3]
        name = f"{fold}-{100000 + number}-A-{number % 3}.wav"
        sound(root / "audio" / name, number)
        lines.append(f"{name},{fold},{number % 3},{kind},False,{100000 + number},A")
    (root / "meta").mkdir()
    (root / "meta" / "esc50.csv").write_text("\n".join(lines) + "\n")
    (root / "README.md").write_text("about")
    (root / "requirements.txt").write_text("numpy\n")
    return root


@pytest.mark.parametrize("source", ["", "meta/esc50.csv"])
@pytest.mark.parametrize("wrapper", ["", "ESC-50-master"])
def test_esc_50(tmp_path, source, wrapper):
    esc(tmp_path / wrapper)
    data = load(tmp_path / wrapper / source if source else tmp_path)
    assert_dataset_is_sound(data)
    assert (data.classes, len(data.inputs)) == (("clock_tick", "dog", "rain"), 50)
    for part, rows in data.parts.items():
        for row in rows.tolist():
            number = numbers(data)[row]
            assert data.classes[data.labels[row]] == ("dog", "rain", "clock_tick")[number % 3]
            assert part == {4: "test", 3: "val"}.get(number % 5, "train")
    assert "parts as the column fold says: 4 is val, 5 is test" in data.remarks


def test_esc_50_with_its_table_among_the_sounds(tmp_path):
    esc(tmp_path)
    (tmp_path / "meta" / "esc50.csv").rename(tmp_path / "audio" / "esc50.csv")
    for source in (tmp_path / "audio" / "esc50.csv", tmp_path / "audio"):
        data = load(source)
        assert len(data.parts["test"]) == 10
        assert data.classes == ("clock_tick", "dog", "rain")


def test_another_column_of_the_table(tmp_path):
    data = load(esc(tmp_path), DataSettings(label="target"))
    assert data.classes == ("0", "1", "2")
    with pytest.raises(DataError, match=r"has no column 'colour'; its columns are filename, fold, target"):
        load(tmp_path, DataSettings(label="colour"))


# ---- UrbanSound8K: audio/fold1..10/*.wav, metadata/UrbanSound8K.csv


def urban(root):
    lines = ["slice_file_name,fsID,start,end,salience,fold,classID,class"]
    for number in range(1, 101):
        fold, kind = 1 + number % 10, number % 3
        name = f"{7000 + number}-{kind}-0-0.wav"
        sound(root / "audio" / f"fold{fold}" / name, number)
        lines.append(
            f"{name},{7000 + number},0.0,4.0,1,{fold},{kind},{('drilling', 'siren', 'dog_bark')[kind]}"
        )
    (root / "metadata").mkdir()
    (root / "metadata" / "UrbanSound8K.csv").write_text("\n".join(lines) + "\n")
    (root / "audio" / "fold1" / ".DS_Store").write_bytes(b"x")
    return root


@pytest.mark.parametrize("source", ["", "metadata/UrbanSound8K.csv"])
def test_urbansound8k(tmp_path, source):
    data = load(urban(tmp_path) / source)
    assert_dataset_is_sound(data)
    assert data.classes == ("dog_bark", "drilling", "siren")
    for part, rows in data.parts.items():
        for row in rows.tolist():
            number = numbers(data)[row]
            assert data.classes[data.labels[row]] == ("drilling", "siren", "dog_bark")[number % 3]
            assert part == {9: "test", 8: "val"}.get(number % 10, "train")


def test_rows_without_a_sound_and_sounds_without_a_row_are_said(tmp_path):
    urban(tmp_path)
    (tmp_path / "audio" / "fold3" / "7002-2-0-0.wav").unlink()
    sound(tmp_path / "audio" / "fold3" / "other.wav", 5)
    data = load(tmp_path)
    assert "1 rows of UrbanSound8K.csv name no sound that is there" in data.remarks
    assert "1 sounds are in no row of UrbanSound8K.csv and are not used" in data.remarks
    assert len(data.inputs) == 99


# ---- GTZAN: genres/blues/blues.00000.wav, one of them broken


@pytest.mark.parametrize("suffix", [".wav", ".au"])
@pytest.mark.parametrize("wrapper", ["", "genres", "Data/genres_original"])
def test_gtzan(tmp_path, suffix, wrapper):
    for genre in ("blues", "jazz"):
        for number in range(10):
            file = tmp_path / wrapper / genre / f"{genre}.{number:05}{suffix}"
            file.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(file, np.full(500, number / 50), RATE, subtype="PCM_16")
    (tmp_path / wrapper / "jazz" / f"jazz.00005{suffix}").write_bytes(b"\0" * 900)
    data = load(tmp_path)
    assert_dataset_is_sound(data)
    assert data.classes == ("blues", "jazz")
    assert [item.file.split("/")[-1] for item in data.skipped] == [f"jazz.00005{suffix}"]
    assert len(data.inputs) == 19


def test_gtzan_with_pictures_and_features_beside_it(tmp_path):
    rows = ["filename,length,tempo,label"]
    for genre in ("blues", "jazz"):
        for number in range(10):
            sound(tmp_path / "genres_original" / genre / f"{genre}.{number:05}.wav", number)
            rows.append(f"{genre}.{number:05}.wav,661794,12.5,{genre}")
    (tmp_path / "features_30_sec.csv").write_text("\n".join(rows))
    data = load(tmp_path)
    assert (data.classes, len(data.inputs)) == (("blues", "jazz"), 20)


# ---- FSDKaggle: audio_train/, audio_test/, train.csv; RAVDESS: Actor_01/03-01-06-01-02-01-12.wav


def test_fsdkaggle(tmp_path):
    lines = ["fname,label,manually_verified"]
    for number in range(1, 31):
        name, test = f"{number:08x}.wav", number > 20
        sound(tmp_path / ("audio_test" if test else "audio_train") / name, number)
        if not test:
            lines.append(f"{name},{('Oboe', 'Cello')[number % 2]},0")
    (tmp_path / "train.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "sample_submission.csv").write_text(
        "fname,label\n" + "".join(f"{n:08x}.wav,Oboe\n" for n in range(21, 31))
    )
    data = load(tmp_path)
    assert (data.classes, len(data.inputs)) == (("Cello", "Oboe"), 20)
    assert "10 sounds are in no row of train.csv and are not used" in data.remarks


def test_ravdess(tmp_path):
    for actor in range(1, 5):
        for emotion in range(1, 5):
            name = f"03-01-{emotion:02}-01-02-01-{actor:02}.wav"
            sound(tmp_path / f"Actor_{actor:02}" / name, 10 * actor + emotion)
    said = "the classes are the folders Actor_01, Actor_02 …, which are called like people"
    assert any(remark.startswith(said) for remark in load(tmp_path).remarks)
    data = load(tmp_path, DataSettings(label_from=r"^\d\d-\d\d-(\d\d)"))
    assert data.classes == ("01", "02", "03", "04")
    part_of = {}
    for part, rows in data.parts.items():
        for row in rows.tolist():
            assert part_of.setdefault(data.names[row].split("/")[0], part) == part


# ---- amounts, groups, pieces


@pytest.mark.parametrize("column", ["price", "age_years"])
def test_amounts_are_learnt_by_a_table(tmp_path, column):
    rows = [f"name,{column},who"]
    for number in range(40):
        sound(tmp_path / "clips" / f"{number}.wav", number)
        rows.append(f"{number}.wav,{number * 1.5},p{number // 4}")
    (tmp_path / "values.csv").write_text("\n".join(rows))
    data = load(tmp_path, DataSettings(target=column, group="who"))
    assert data.regression
    assert data.classes == (column,)
    np.testing.assert_allclose(data.labels.numpy(), np.array(numbers(data)) * 1.5)
    part_of = {}
    for part, rows in data.parts.items():
        for row in rows.tolist():
            assert part_of.setdefault(numbers(data)[row] // 4, part) == part


def test_a_table_without_a_class_says_what_to_give(tmp_path):
    for number in range(6):
        sound(tmp_path / "clips" / f"{number}.wav", number)
    rows = "".join(f"{number}.wav,{number},x\n" for number in range(6))
    (tmp_path / "about.csv").write_text(f"clip,seconds,who\n{rows}")
    with pytest.raises(
        DataError, match=r"no column that is called label(?s:.*)clip, seconds, who(?s:.*)--label COLUMN"
    ):
        load(tmp_path)


@pytest.mark.parametrize(("suffix", "stride"), [(".wav", None), (".flac", 200), (".wav", 100)])
def test_sounds_are_cut_into_pieces(tmp_path, suffix, stride):
    for label in ("a", "b"):
        for number in range(5):
            file = tmp_path / label / f"{number}{suffix}"
            file.parent.mkdir(exist_ok=True)
            values = (np.arange(1000 + 100 * number) + 2000 * (label == "b")).astype(np.int16)
            soundfile.write(file, values, RATE, subtype="PCM_16")
    data = load(tmp_path, DataSettings(window=400, stride=stride))
    assert_dataset_is_sound(data)
    step = stride or 400
    assert len(data.inputs) == 2 * sum((1000 + 100 * number - 400) // step + 1 for number in range(5))
    part_of = {}
    for part, rows in data.parts.items():
        for row in rows.tolist():
            name = data.names[row].split()[0]
            assert part_of.setdefault(name, part) == part
            first = round(float(data.names[row].split()[2]) * RATE)
            expected = np.arange(first, first + 400) + 2000 * name.startswith("b")
            assert abs(first - round(first / step) * step) <= 40  # names have hundredths of a second
            assert (data.inputs[row, 0].numpy() * 32768)[0] % step == 2000 * name.startswith("b") % step
            assert np.ptp(data.inputs[row, 0].numpy() * 32768 - expected) < 1e-3
    assert torch.equal(load(tmp_path, data.settings).inputs, data.inputs)
    alone = FORMATS["audio"].files.decode(tmp_path / "b" / f"3{suffix}", spec_of(data))
    rows = [row for row, name in enumerate(data.names) if name.startswith("b/3")]
    assert torch.equal(alone.inputs, data.inputs[rows])
    assert set(alone.truth) == {"b"}


def test_long_sounds_are_told_how_to_be_cut(tmp_path):
    for label in ("a", "b"):
        for number in range(2):
            sound(tmp_path / label / f"{number}.wav", number, 240_000)
    said = "sounds of 240,000 points take long: --window 8000 cuts them into pieces of a second"
    assert any(remark.startswith(said) for remark in load(tmp_path).remarks)


@pytest.mark.parametrize("said", [{"horizon": 2}, {"size": (8, 8)}, {"images": "x"}, {"series": "x"}])
def test_what_sounds_do_not_have_is_told(tmp_path, said):
    for label in ("a", "b"):
        sound(tmp_path / label / "0.wav", 1)
    with pytest.raises(DataError, match=f"--{next(iter(said))} says nothing of sounds"):
        load(tmp_path, DataSettings(**said))
