"""Signals in text files, against pandas' and NumPy's reading of the same files."""

import gzip
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier

from convscope.data import DataSettings, load
from convscope.data.check import check
from convscope.data.dataset import Skipped
from convscope.data.formats.signal_files import recognises
from convscope.data.signals import as_signals, mend
from convscope.errors import DataError
from tests.data.soundness import assert_dataset_is_sound


def waves(count=12, points=9, seed=0):
    return np.random.default_rng(seed).normal(size=(count, points)).astype(np.float32).round(3)


def rows(values, labels="12", separator=","):
    return "\n".join(
        separator.join([str(labels[number % len(labels)]), *(repr(float(value)) for value in row)])
        for number, row in enumerate(values)
    )


@pytest.fixture
def write(tmp_path):
    def to(text, name="waves.csv"):
        content = text.encode()
        (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return tmp_path / name

    return to


@pytest.mark.real_data
def test_ecg5000_is_what_pandas_reads():
    folder = Path(os.environ["CONVSCOPE_DATA"]) / "ecg"
    data = load(folder)
    assert_dataset_is_sound(data)
    tables = [pd.read_csv(folder / f"ecg5000_{part}.csv.gz", header=None) for part in ("train", "test")]
    together = pd.concat(tables)
    np.testing.assert_array_equal(data.inputs[:, 0].numpy(), together.iloc[:, 1:].to_numpy(np.float32))
    assert [int(data.classes[label]) for label in data.labels] == together[0].tolist()
    assert data.parts["test"].tolist() == list(range(500, 5000))  # untouched, in their order
    assert (data.kind, data.settings.length, data.settings.channels) == ("signal", 140, 1)
    assert data.names[0] == "train row 1"
    assert data.names[-1] == "test row 4500"
    assert data.counts("test") == [2627, 1590, 86, 175, 22]
    train, val = data.counts("train"), data.counts("val")
    assert [a + b for a, b in zip(train, val, strict=True)] == [292, 177, 10, 19, 2]
    assert min(train) == 1  # of the class with two rows one trains, one validates


@pytest.mark.real_data
def test_the_nearest_neighbour_scores_on_ecg5000_what_is_known():
    data = load(Path(os.environ["CONVSCOPE_DATA"]) / "ecg", DataSettings(val=0))
    (x, y), (test, truth) = data.part("train"), data.part("test")
    near = KNeighborsClassifier(1).fit(x[:, 0].numpy(), y.numpy())
    assert near.score(test[:, 0].numpy(), truth.numpy()) == pytest.approx(0.925, abs=0.001)


@pytest.mark.parametrize("separator", [",", "\t", " ", "   ", ";"])
@pytest.mark.parametrize("ending", [".csv", ".tsv", ".txt", ".csv.gz", ".txt.gz"])
def test_rows_of_any_separator_and_ending(write, separator, ending):
    data = load(write(rows(waves(), separator=separator), f"waves{ending}"))
    assert_dataset_is_sound(data)
    assert np.array_equal(data.inputs[:, 0].numpy(), waves())
    assert data.classes == ("1", "2")
    assert data.labels.tolist() == [0, 1] * 6


def test_the_old_form_of_the_archive(write):
    text = "\n".join(
        "".join(f"{value:16.7e}" for value in [1 + number % 2, *row]) for number, row in enumerate(waves())
    )
    data = load(write(text, "Old_TRAIN.txt"))
    assert data.classes == ("1", "2")
    np.testing.assert_allclose(data.inputs[:, 0].numpy(), waves(), rtol=1e-6)


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["1.0", "-1.0"], ("-1", "1")),
        (["normal", "flutter"], ("flutter", "normal")),
        (["10", "9"], ("9", "10")),
        (["007", "8"], ("007", "8")),
    ],
)
def test_labels_are_names(write, labels, classes):
    assert set(load(write(rows(waves(), labels))).classes) == set(classes)


@pytest.mark.parametrize("given", ["Set_TRAIN.tsv", "Set_TEST.tsv", "."])
def test_train_and_test_files_belong_together(write, tmp_path, given):
    write(rows(waves(8), separator="\t"), "Set_TRAIN.tsv")
    write(rows(waves(5, seed=1), separator="\t"), "Set_TEST.tsv")
    write("# what this is", "README.md")
    data = load(tmp_path / given)
    assert_dataset_is_sound(data)
    assert data.parts["test"].tolist() == [8, 9, 10, 11, 12]
    assert np.array_equal(data.inputs[8:, 0].numpy(), waves(5, seed=1))
    assert data.remarks[0] == "parts as the files say: train Set_TRAIN.tsv, test Set_TEST.tsv"


def test_a_val_file_counts_too_and_names_may_be_bare(write, tmp_path):
    for part, seed in (("train", 0), ("val", 1), ("test", 2)):
        write(rows(waves(6, seed=seed)), f"{part}.csv")
    assert {name: len(part) for name, part in load(tmp_path).parts.items()} == {
        "train": 6,
        "val": 6,
        "test": 6,
    }


def test_of_several_forms_of_a_set_one_is_read(write, tmp_path):
    for ending, separator in ((".txt", "  "), (".tsv", "\t")):
        write(rows(waves(8), separator=separator), f"Set_TRAIN{ending}")
        write(rows(waves(4), separator=separator), f"Set_TEST{ending}")
    assert "Set_TRAIN.tsv" in load(tmp_path).remarks[0]


def test_several_sets_in_a_folder_are_not_guessed_at(write, tmp_path):
    for name in ("A", "B"):
        write(rows(waves()), f"{name}_TRAIN.csv")
        write(rows(waves()), f"{name}_TEST.csv")
    with pytest.raises(DataError, match=r"several data sets: A, B\.\n  Give the path of one training file"):
        load(tmp_path)
    assert load(tmp_path / "B_TRAIN.csv").inputs.shape == (24, 1, 9)


def test_a_lonely_training_file_is_split(write):
    data = load(write(rows(waves(20)), "Set_TRAIN.csv"))
    assert {name: len(part) for name, part in data.parts.items()} == {"train": 14, "val": 2, "test": 4}
    assert data.names[0] == "row 1"


def test_a_class_that_train_does_not_have_is_an_error(write):
    write(rows(waves(6)), "Set_TRAIN.csv")
    with pytest.raises(DataError, match="class '3' is in test, but train has no readable signal of it"):
        load(write(rows(waves(6), "123"), "Set_TEST.csv"))


def table_of(columns, count=12):
    values = waves(count, 6)
    frame = pd.DataFrame({f"t{place}": values[:, place] for place in range(6)})
    for place, (name, cells) in columns.items():
        frame.insert(place, name, [cells[number % len(cells)] for number in range(count)])
    return frame, values


@pytest.mark.parametrize("name", ["label", "Class", "TARGET", "y"])
@pytest.mark.parametrize("place", [0, 3, 6])
def test_a_table_with_a_column_of_labels(write, name, place):
    frame, values = table_of({place: (name, ["a", "b"])})
    data = load(write(frame.to_csv(index=False)))
    assert_dataset_is_sound(data)
    assert np.array_equal(data.inputs[:, 0].numpy(), values)
    assert data.classes == ("a", "b")


def test_the_column_of_labels_can_be_said(write):
    frame, values = table_of({6: ("diagnosed", ["a", "b"])})
    path = write(frame.to_csv(index=False))
    assert np.array_equal(load(path, DataSettings(label="Diagnosed")).inputs[:, 0].numpy(), values)
    with pytest.raises(
        DataError, match=r"no column for labels; its columns are t0, .*\n  Say which one holds"
    ):
        load(path)
    with pytest.raises(DataError, match="no column 'wrong'"):
        load(path, DataSettings(label="wrong"))


def test_columns_of_names_groups_and_splits_are_no_values(write):
    frame, values = table_of(
        {0: ("id", list(range(12))), 1: ("label", ["a", "b"]), 4: ("patient", ["p", "q", "r", ""])}
    )
    data = load(write(frame.to_csv(index=False)), DataSettings(val=0, test=0.4))
    assert np.array_equal(data.inputs[:, 0].numpy(), values)
    assert "column 'id' names the rows and holds no values" in data.remarks
    part_of = {row: name for name, part in data.parts.items() for row in part.tolist()}
    for patient in range(3):
        assert len({part_of[row] for row in range(patient, 12, 4)}) == 1
    frame, values = table_of({0: ("split", ["train", "test", "val"]), 1: ("label", ["a", "a", "a", "b"])})
    assert load(write(frame.to_csv(index=False))).parts["test"].tolist() == [1, 4, 7, 10]
    frame["split"] = "later"
    with pytest.raises(DataError, match="row 2 is in the split 'later'"):
        load(write(frame.to_csv(index=False)))


def test_quoted_cells_may_hold_separators(write):
    frame, values = table_of({0: ("label", ["up, then down", "level"])})
    data = load(write(frame.to_csv(index=False)))
    assert data.classes == ("level", "up, then down")
    assert np.array_equal(data.inputs[:, 0].numpy(), values)


def test_a_class_called_y_is_no_header(write):
    data = load(write(rows(waves(), "yn")))
    assert data.classes == ("n", "y")
    assert len(data.inputs) == 12


def test_columns_may_be_called_by_numbers(write):
    frame, values = table_of({0: ("label", ["a", "b"])})
    frame.columns = ["label", *map(str, range(6))]
    assert np.array_equal(load(write(frame.to_csv(index=False))).inputs[:, 0].numpy(), values)


def test_an_index_that_pandas_wrote_is_no_value(write):
    frame, values = table_of({6: ("label", ["a", "b"])})
    assert np.array_equal(load(write(frame.to_csv())).inputs[:, 0].numpy(), values)


TS = """# a comment
@problemName Waves
@timeStamps false
@univariate false
@classLabel true up down
@data
"""


def test_ts_files_with_several_channels(write):
    values = waves(24).reshape(12, 2, 9)
    lines = [
        ":".join(
            [*(",".join(map(repr, map(float, channel))) for channel in sample), ("up", "down")[number % 2]]
        )
        for number, sample in enumerate(values)
    ]
    data = load(write(TS + "\n".join(lines), "Waves_TRAIN.ts"))
    assert_dataset_is_sound(data)
    assert np.array_equal(data.inputs.numpy(), values)
    assert data.classes == ("down", "up")
    assert data.names[0] == "row 7"


def test_ts_files_with_gaps_and_unequal_channels(write):
    whole = "1,2,3,4,5,6,7,8,9,10:1,1,1,1,1,1,1,1,1,1"
    lines = [
        "1,2,?,4,5,6,7,8,9,10:0,0,0,0,0,0,1:up",
        f"{whole}:down",
        f"{whole}:up",
        "1,?,3,4,5:0,0,0,0,1:up",
    ]
    data = load(write(TS + "\n".join(lines), "a.ts"), DataSettings(val=0, test=0))
    assert data.skipped == (Skipped("row 7", "4 of its 20 values are missing or infinite"),)
    np.testing.assert_allclose(data.inputs[2, 0, :6].numpy(), [1, 2, 3, 4, 5, 3])  # filled in, and padded


def test_a_line_of_a_ts_file_without_a_channel_is_named(write):
    lines = ["1,2,3:4,5,6:up", "@univariate false", "3,2,1:4,5,6:down"]
    data = load(write(TS + "\n".join(lines), "a.ts"), DataSettings(val=0, test=0))
    assert data.skipped == (Skipped("a.ts, row 8", "it has no values"),)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("@problemName a\n1,2,3:4", "no line '@data'"),
        ("@problemName a\n@timeStamps true\n@data\n(0,1),(1,2):4", "a time for each value"),
        ("@problemName a\n@classLabel false\n@data\n1,2,3", "no class labels"),
        ("@problemName a\n@targetLabel true\n@data\n1,2,3:0.5", "no class labels"),
    ],
)
def test_ts_files_that_hold_something_else(write, header, message):
    with pytest.raises(DataError, match=message):
        load(write(header, "a.ts"))


def test_unequal_rows_are_padded_and_it_is_said(write):
    values = waves(10, 8)
    lines = rows(values).splitlines()
    lines[3] = ",".join(lines[3].split(",")[:6])  # 5 points
    lines[5] = lines[5].rsplit(",", 2)[0] + ",NaN,"  # 6 points, as the archive writes it
    data = load(write("\n".join(lines)))
    assert_dataset_is_sound(data)
    expected = values.copy()
    expected[3, 5:] = values[3, :5].mean()
    expected[5, 6:] = values[5, :6].mean()
    np.testing.assert_allclose(data.inputs[:, 0].numpy(), expected, rtol=1e-6)
    had = "signals have 5 to 8 points; all were brought to 8"
    assert f"{had}: shorter ones padded at their end with their own mean" in data.remarks


@pytest.mark.parametrize(("unequal", "length"), [("pad", 8), ("crop", 5), ("resample", 8)])
def test_the_common_length_suits_the_way(write, unequal, length):
    lines = rows(waves(10, 8)).splitlines()
    lines[0] = ",".join(lines[0].split(",")[:6])
    data = load(write("\n".join(lines)), DataSettings(unequal=unequal))
    assert data.inputs.shape[2] == data.settings.length == length
    assert load(write("\n".join(lines)), DataSettings(unequal=unequal, length=3)).inputs.shape[2] == 3


def test_resampled_rows_are_numpys_interpolation(write):
    data = load(write(rows(waves())), DataSettings(unequal="resample", length=20))
    expected = [np.interp(np.linspace(0, 8, 20), np.arange(9), row) for row in waves()]
    np.testing.assert_allclose(data.inputs[:, 0].numpy(), expected, rtol=1e-6)


def test_small_gaps_are_filled_as_pandas_does_and_it_is_said(write):
    values = waves(10, 30)
    values[2, 4], values[2, 5], values[6, 0], values[7, 12] = np.nan, np.nan, np.nan, np.inf
    text = rows(values).replace("nan", "")
    data = load(write(text))
    expected = pd.DataFrame(values).replace(np.inf, np.nan).interpolate(axis=1).bfill(axis=1)
    np.testing.assert_allclose(data.inputs[:, 0].numpy(), expected.to_numpy(), rtol=1e-6)
    assert "4 missing values were filled in between their neighbours, in 3 signals" in data.remarks


def test_rows_that_cannot_be_used_are_named_with_the_reason(write):
    lines = rows(waves(16, 9)).splitlines()
    lines[1] = lines[1].replace(lines[1].split(",")[4], "n.a.")
    lines[3] = "," + lines[3].split(",", 1)[1]
    lines[5] = "1,nan,nan,0.5,nan,1,1,1,1,1"
    lines[7] = "2,,,,,,,,,"
    lines[9] = "2"
    text = "\n\n".join(lines)  # an empty line is no row, but counts
    data = load(write(text))
    assert_dataset_is_sound(data)
    assert set(data.skipped) == {
        ("waves.csv, row 3", "value 4 is 'n.a.', which is no number"),
        ("waves.csv, row 7", "it has no label"),
        ("row 11", "3 of its 9 values are missing or infinite"),
        ("row 15", "it holds no number"),
        ("waves.csv, row 19", "it has no values"),
    }
    with pytest.raises(DataError, match="5 signals cannot be used"):
        load(write(text), strict=True)


def test_a_table_names_the_column_of_a_bad_cell(write):
    frame, _ = table_of({0: ("label", ["a", "b"])})
    lines = frame.to_csv(index=False).splitlines()
    lines[2] = lines[2].rsplit(",", 2)[0] + ",high,1"
    lines[4] += ",1,2"
    data = load(write("\n".join(lines)))
    assert data.skipped == (
        ("waves.csv, row 3", "column 't4' is 'high', which is no number"),
        ("waves.csv, row 5", "it has 9 cells, the header 7"),
    )


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("", "Set_TRAIN.csv", "Set_TRAIN.csv is empty"),
        (
            "label,a,b,c\n",
            "Set_TRAIN.csv",
            "Set_TRAIN.csv holds no signals: there is nothing below its header",
        ),
        ("label,a,b,c\n", "waves.csv", "waves.csv holds no signals: there is nothing below its header"),
        (TS, "Set_TRAIN.ts", "Set_TRAIN.ts holds no signals"),
        (rows(waves(), ["1"]), "waves.csv", "12 signals, all of class '1'"),
        ("1,2,3,4\n", "waves.csv", "only one signal"),
        (
            rows(waves(), ["0.5", "1.5"]),
            "waves.csv",
            r"nor its last column holds classes, but 0.5 and .*\n  Name the column, .*--label column10",
        ),
        (rows(waves(), ["Up", "up"]), "waves.csv", "'Up' and 'up' differ in case only"),
        ("label,name\na,b\n", "Set_TRAIN.csv", "no columns of values"),
        ("1,2,x,4,5\n2,3,x,4,5", "waves.csv", "none of the 2 signals can be used"),
    ],
)
def test_files_that_cannot_be_trained_on_say_why(write, text, name, message):
    path = write(text, name)
    write(rows(waves()), "Set_TEST.csv")
    with pytest.raises(DataError, match=message):
        load(path.parent / path.name if recognises(path) else path.parent)


@pytest.mark.parametrize("end", [-20, -1])
def test_damaged_gzip_says_so(write, end):
    path = write(rows(waves(400)), "waves.csv.gz")
    path.write_bytes(path.read_bytes()[:end])
    with pytest.raises(DataError, match=r"waves.csv.gz is cut short.\n  Fetch or save it again"):
        load(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match=r"waves.csv.gz (is cut short|is damaged)"):
        load(path)


def test_text_in_another_code_is_read_and_said(write):
    path = write(rows(waves()))
    path.write_bytes(path.read_bytes() + b"\n1,2,\xe4,4,5")
    data = load(path)
    assert "its text is not in UTF-8 and read as Latin-1 (Windows-1252), which gives 'ä'" in data.remarks
    assert "'ä', which is no number" in data.skipped[0].reason


@pytest.mark.parametrize("name", ["waves.csv", "waves.csv.gz"])
def test_more_than_memory_holds_is_refused_while_it_is_read(write, monkeypatch, name):
    path = write(rows(waves(200)), name)
    monkeypatch.setattr("convscope.data.memory.physical_memory", lambda: 20_000)
    with pytest.raises(DataError, match="would take"):
        load(path)


def test_one_long_row_among_many_is_refused_before_all_are_padded(write, monkeypatch):
    text = rows(waves(300, 4)) + "\n1," + ",".join(["0"] * 5000)
    monkeypatch.setattr("convscope.data.memory.physical_memory", lambda: 100_000)
    with pytest.raises(DataError, match="would take"):
        load(write(text))


def test_channels_must_agree(write):
    lines = ["1,2,3:4,5,6:up", "1,2,3:4,5,6:down", "1,2,3:up"]
    with pytest.raises(DataError, match="row 9 has 1 channels, most others have 2"):
        load(write(TS + "\n".join(lines), "a.ts"))


def test_only_signals_are_recognised(write, tmp_path, paint):
    assert recognises(write(rows(waves())))
    assert not recognises(write(rows(waves()), "waves.dat"))
    assert not recognises(write("", "empty.csv"))
    assert not recognises(write("a story\nof no numbers", "story.txt"))
    assert not recognises(write("1,2\n3,4", "pairs.csv"))
    assert not recognises(write("date,label,a,b,c,d\n2012-01-01,x,1,2,3,4", "sequence.csv"))
    assert not recognises(write("path,label\na.png,b", "pictures.csv"))
    assert not recognises(write("let x: number", "code.ts"))
    (tmp_path / "bad.csv.gz").write_bytes(b"no gzip")
    assert not recognises(tmp_path / "bad.csv.gz")
    assert not recognises(tmp_path)
    assert not recognises(tmp_path / "nothing.csv")


def test_settings_after_loading_give_the_same_again(write):
    lines = rows(waves(10, 8)).splitlines()
    lines[0] = ",".join(lines[0].split(",")[:6])
    path = write("\n".join(lines))
    data = load(path, DataSettings(unequal="crop"))
    again = load(path, data.settings)
    assert torch.equal(again.inputs, data.inputs)
    assert again.settings == data.settings


def test_arrays_become_signals():
    values = np.random.default_rng(0).normal(size=(5, 3, 40))
    inputs, remarks = as_signals(values, DataSettings(), "arrays")
    assert inputs.dtype == torch.float32
    np.testing.assert_array_equal(inputs.numpy(), values.astype(np.float32))
    assert remarks == ("float64 values were stored as float32",)
    shorter, _ = as_signals(values, DataSettings(length=10), "arrays")
    np.testing.assert_array_equal(shorter.numpy(), values[:, :, 15:25].astype(np.float32))


def test_gaps_in_arrays_are_filled_or_refused():
    values = np.zeros((4, 1, 20), np.float32) + np.arange(20, dtype=np.float32)
    values[2, 0, 7] = np.nan
    values[3, 0, 18:] = np.nan
    inputs, remarks = as_signals(values, DataSettings(), "arrays")
    np.testing.assert_array_equal(inputs[2, 0].numpy(), np.arange(20))
    np.testing.assert_array_equal(inputs[3, 0].numpy(), [*range(18), 8.5, 8.5])
    assert remarks == ("3 missing values were filled in between their neighbours, in 2 signals",)
    assert np.isnan(values[2, 0, 7])  # the person's own array is as it was
    values[1] = np.inf
    with pytest.raises(DataError, match=r"arrays, row 1: it holds no number\.\n  Fill in"):
        as_signals(values, DataSettings(), "arrays")


def test_a_channel_without_a_number_is_named():
    assert mend(np.array([[1.0, 2.0], [np.nan, np.nan]])) == "channel 2 holds no number"
    assert mend(np.empty((1, 0))) == "it holds no number"


def test_the_check_finds_copies_across_parts_and_dead_channels(write):
    sample = "1,2,3:0,0,0:5,5,5:up"
    train = [f"{n},2,3:{n % 3},0,{n}:5,5,5:{('up', 'down')[n % 2]}" for n in range(10)]
    write(TS + "\n".join([sample, *train]), "Set_TRAIN.ts")
    found = check(write(TS + "\n".join([sample, "7,8,9:0,0,1:5,5,5:down"]), "Set_TEST.ts"))
    assert [repeat.names for repeat in found.exact] == [("train row 7", "test row 7")]
    assert found.exact[0].leak
    assert "channel 3 has one value in all samples: nothing can be learnt from it" in found.conclusions
    assert "channel 2 does not change within 3 samples: a lead that was off?" in found.conclusions
    assert found.shape == (3, 3)
    assert found.as_dict()["sizes"] is None
