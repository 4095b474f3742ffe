"""Texts of numbers with their labels in a file of their own, in UCI's layout of HAR and near it."""

import numpy as np
import pytest

from convscope.data import DataSettings, load
from convscope.data.reading import read
from convscope.data.samples import spec_of
from convscope.errors import DataError
from tests.data.soundness import assert_dataset_is_sound

CHANNELS = [f"{what}_{axis}" for what in ("body_acc", "body_gyro", "total_acc") for axis in "xyz"]
NAMES = {1: "WALKING", 2: "SITTING", 3: "LAYING"}


def har(root, points=16):
    """UCI HAR, small: 561 features → 5, 128 points → 16; subjects of train and test differ."""
    draw = np.random.default_rng(0)
    (root / "activity_labels.txt").parent.mkdir(parents=True, exist_ok=True)
    (root / "activity_labels.txt").write_text("".join(f"{number} {name}\n" for number, name in NAMES.items()))
    (root / "features.txt").write_text("".join(f"{number} f{number}\n" for number in range(1, 6)))
    (root / "README.txt").write_text("Human Activity Recognition\n")
    made = {}
    for part, count, people in (("train", 30, 5), ("test", 9, 2)):
        folder = root / part / "Inertial Signals"
        folder.mkdir(parents=True)
        made[part] = draw.normal(size=(count, 9, points)).astype(np.float32)
        for place, name in enumerate(CHANNELS):
            np.savetxt(folder / f"{name}_{part}.txt", made[part][:, place], fmt="%16.7e")
        np.savetxt(root / part / f"X_{part}.txt", draw.normal(size=(count, 5)), fmt="%16.7e")
        np.savetxt(root / part / f"y_{part}.txt", np.arange(count) % 3 + 1, fmt="%d")
        first = 1 if part == "train" else 20
        np.savetxt(root / part / f"subject_{part}.txt", first + np.arange(count) // 3 % people, fmt="%d")
    return made


@pytest.mark.parametrize("given", ["UCI HAR Dataset", ".", ".."])
def test_har_as_it_is_unpacked(tmp_path, given):
    made = har(tmp_path / "har" / "UCI HAR Dataset")
    (tmp_path / "har" / "__MACOSX").mkdir()
    data = load(tmp_path / "har" / given)
    assert_dataset_is_sound(data)
    assert data.classes == tuple(sorted(NAMES.values()))
    assert data.features == tuple(CHANNELS)
    np.testing.assert_allclose(data.inputs[:30].numpy(), made["train"], rtol=1e-6)
    np.testing.assert_allclose(data.inputs[data.parts["test"]].numpy(), made["test"], rtol=1e-6)
    people = np.arange(30) // 3 % 5
    assert not set(people[data.parts["train"].numpy()]) & set(people[data.parts["val"].numpy()])
    assert "what is of one number in subject_train.txt (a person) is in one part" in data.remarks


def test_its_features_where_they_are_named(tmp_path):
    har(tmp_path)
    data = load(tmp_path / "train" / "X_train.txt")
    assert data.inputs.shape == (39, 1, 5)
    assert len(data.parts["test"]) == 9


def test_a_part_alone_is_split(tmp_path):
    har(tmp_path)
    data = load(tmp_path / "test")
    assert data.inputs.shape == (9, 9, 16)
    assert sum(map(len, data.parts.values())) == 9


@pytest.mark.parametrize(
    ("ending", "separator", "header"), [(".csv", ",", True), (".txt", " ", False), (".tsv", "\t", False)]
)
def test_in_one_folder_with_and_without_names(tmp_path, ending, separator, header):
    draw = np.random.default_rng(0)
    x = draw.normal(size=(40, 12)).round(4)
    for part, rows in (("train", slice(30)), ("test", slice(30, None))):
        text = "\n".join(separator.join(map(str, row)) for row in x[rows])
        names = separator.join(f"f{place}" for place in range(12)) + "\n" if header else ""
        (tmp_path / f"X_{part}{ending}").write_text(names + text)
        labels = "\n".join("ab"[number % 2] for number in range(len(x[rows])))
        (tmp_path / f"y_{part}{ending}").write_text("class\n" * header + labels)
    data = load(tmp_path)
    np.testing.assert_allclose(data.inputs[:, 0].numpy(), x, rtol=1e-6)
    assert data.classes == ("a", "b")
    assert data.parts["test"].tolist() == list(range(30, 40))


def test_amounts(tmp_path):
    draw = np.random.default_rng(0)
    np.savetxt(tmp_path / "X.txt", draw.normal(size=(40, 12)))
    np.savetxt(tmp_path / "y.txt", draw.normal(size=40))
    with pytest.raises(DataError, match="amounts, no classes"):
        load(tmp_path)
    data = load(tmp_path, DataSettings(target="weight"))
    assert_dataset_is_sound(data)
    assert data.regression
    assert data.classes == ("weight",)


def test_files_that_do_not_go_together(tmp_path):
    har(tmp_path)
    (tmp_path / "train" / "y_train.txt").write_text("1\n2\n")
    with pytest.raises(DataError, match=r"X_train|body_acc_x_train.txt has 30 rows, but y_train.txt 2"):
        load(tmp_path)
    (tmp_path / "train" / "y_train.txt").write_text("1\n" * 30)
    (tmp_path / "train" / "Inertial Signals" / "body_acc_x_train.txt").write_text("1 2 x\n" * 30)
    with pytest.raises(DataError, match="is no table of numbers"):
        load(tmp_path)


@pytest.mark.parametrize("wish", [{"window": 8}, {"label": "y"}, {"sample": "id"}])
def test_settings_without_a_meaning_are_refused(tmp_path, wish):
    har(tmp_path)
    with pytest.raises(DataError, match=rf"--{next(iter(wish))} .*\n  Leave"):
        load(tmp_path, DataSettings(**wish))


def test_features_are_said_to_be_passed_over_and_are_no_signals(tmp_path):
    har(tmp_path)
    data = load(tmp_path)
    (said,) = [remark for remark in data.remarks if "X_train.txt beside them is not used" in remark]
    assert str(tmp_path / "train" / "X_train.txt") in said
    assert not any("not used" in remark for remark in load(tmp_path / "train" / "X_train.txt").remarks)
    with pytest.raises(
        DataError, match=r"holds rows of 5 numbers; the run takes signals of 9 channels \(body_acc_x"
    ):
        read([tmp_path / "train" / "X_train.txt"], spec_of(data))


@pytest.mark.parametrize(("count", "good"), [(9 * 16, True), (9 * 20, True), (100, False), (1, False)])
def test_rows_of_all_channels_are_signals(tmp_path, count, good):
    har(tmp_path)
    rows = np.random.default_rng(0).normal(size=(3, count))
    np.savetxt(tmp_path / "rows.txt", rows)
    if good:
        assert read([tmp_path / "rows.txt"], spec_of(load(tmp_path))).inputs.shape == (3, 9, 16)
    else:
        with pytest.raises(DataError, match=r"rows of 100 numbers|holds no signal|channels"):
            read([tmp_path / "rows.txt"], spec_of(load(tmp_path)))
