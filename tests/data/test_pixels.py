"""Pictures as rows of pixels in text tables, as Kaggle, MNIST in CSV and FER2013 have them."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from convscope import load as open_run
from convscope import train
from convscope.data import DataSettings, load
from convscope.data.check import check
from convscope.errors import DataError
from tests.data.soundness import assert_dataset_is_sound


def digits(count=60, side=28):
    """Real digits, 8 × 8 in 0 … 16, made larger: (row, pixel) and labels."""
    data = load_digits()
    small = data.images[:count] * 15
    grown = np.kron(small, np.ones((side // 8 + 1, side // 8 + 1)))[:, :side, :side]
    return grown.reshape(count, -1).astype(int), data.target[:count]


def table(values, labels=None, names=None, last=False, name="label"):
    """CSV with the label first or last."""
    body = []
    for row, picture in enumerate(values):
        cells = list(map(str, picture))
        if labels is not None:
            cells = [*cells, str(labels[row])] if last else [str(labels[row]), *cells]
        body.append(",".join(cells))
    if names:
        own = [name] if labels is not None else []
        body.insert(0, ",".join([*names, *own] if last else [*own, *names]))
    return "\n".join(body) + "\n"


NAMES = {
    "Kaggle": [f"pixel{number}" for number in range(784)],
    "from one": [f"pixel{number}" for number in range(1, 785)],
    "row by column": [f"{row}x{column}" for row in range(1, 29) for column in range(1, 29)],
    "none": None,
    "numbered": [str(number) for number in range(784)],
}


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("named", NAMES)
def test_tables_of_pixels_are_pictures(tmp_path, named, last):
    if named == "none" and last:
        return  # without names the label is first
    values, labels = digits()
    (tmp_path / "train.csv").write_text(table(values, labels, NAMES[named], last))
    data = load(tmp_path / "train.csv")
    assert_dataset_is_sound(data)
    assert (data.kind, tuple(data.inputs.shape)) == ("image", (60, 1, 28, 28))
    assert np.array_equal(data.inputs.numpy().reshape(60, -1), values)
    assert [int(data.classes[label]) for label in data.labels] == labels.tolist()
    assert "rows of 784 numbers were read as pictures of 28 × 28" in data.remarks


def test_a_test_file_without_labels_is_no_part_and_is_predicted(tmp_path):
    values, labels = digits(80)
    (tmp_path / "train.csv").write_text(table(values[:60], labels[:60], NAMES["Kaggle"]))
    (tmp_path / "test.csv").write_text(table(values[60:], None, NAMES["Kaggle"]))
    (tmp_path / "sample_submission.csv").write_text("ImageId,Label\n1,0\n")
    for source in (tmp_path / "train.csv", tmp_path):
        data = load(source)
        assert len(data.inputs) == 60
        assert any("test.csv beside it is not used" in remark for remark in data.remarks)
    run = open_run(train(tmp_path / "train.csv", epochs=0.5, runs=tmp_path / "runs", threads=1).path)
    said = run.predict(str(tmp_path / "test.csv"))
    assert np.allclose(
        said.probabilities, run.predict(values[60:].reshape(20, 1, 28, 28).astype(np.uint8)).probabilities
    )
    again = run.predict(str(tmp_path / "train.csv"))
    assert list(again.truth) == [str(label) for label in labels[:60]]


@pytest.mark.parametrize("command", ["check", "load", "evaluate"])
@pytest.mark.parametrize("kind", ["pixels", "signals", "target"])
def test_a_test_file_without_labels_is_not_answered_with_its_neighbour(tmp_path, command, kind):
    values, labels = digits(40)
    names = NAMES["Kaggle"] if kind == "pixels" else [f"t{at}" for at in range(300)]
    values, settings = values[:, : len(names)], DataSettings(target="label" if kind == "target" else None)
    (tmp_path / "train.csv").write_text(table(values, labels, names))
    (tmp_path / "test.csv").write_text(table(values[:9], None, names))
    with pytest.raises(
        DataError, match=r"test\.csv has no column 'label'.*\n  Predict it: convscope predict"
    ):
        if command == "evaluate":
            done = train(
                tmp_path / "train.csv", epochs=0.5, runs=tmp_path / "runs", threads=1, target=settings.target
            )
            open_run(done.path).evaluate(str(tmp_path / "test.csv"))
        else:
            (check if command == "check" else load)(tmp_path / "test.csv", settings)


def test_a_test_file_with_labels_is_the_test_part(tmp_path):
    values, labels = digits(80)
    (tmp_path / "mnist_train.csv").write_text(table(values[:60], labels[:60], NAMES["row by column"]))
    (tmp_path / "mnist_test.csv").write_text(table(values[60:], labels[60:], NAMES["row by column"]))
    data = load(tmp_path)
    assert data.parts["test"].tolist() == list(range(60, 80))


@pytest.mark.parametrize("together", [True, False])
def test_colours_stand_as_they_stand(tmp_path, together):
    plane = digits(40, 16)[0].reshape(40, 16, 16)
    pictures = np.stack([plane, 255 - plane, plane // 2], axis=1)  # (row, channel, height, width)
    flat = (pictures.transpose(0, 2, 3, 1) if together else pictures).reshape(40, -1)
    names = [f"pixel{number:04}" for number in range(768)]
    (tmp_path / "hmnist_16_16_RGB.csv").write_text(table(flat, np.arange(40) % 3, names, last=True))
    data = load(tmp_path / "hmnist_16_16_RGB.csv")
    assert np.array_equal(data.inputs.numpy(), pictures)
    assert any("colours stand" in remark for remark in data.remarks)


def test_fer2013(tmp_path):
    values, labels = digits(40, 48)
    usage = ["Training"] * 28 + ["PublicTest"] * 6 + ["PrivateTest"] * 6
    rows = [
        f"{label},{' '.join(map(str, picture))},{use}"
        for picture, label, use in zip(values, labels, usage, strict=True)
    ]
    (tmp_path / "fer2013.csv").write_text("\n".join(["emotion,pixels,Usage", *rows]) + "\n")
    data = load(tmp_path / "fer2013.csv", DataSettings())
    assert_dataset_is_sound(data)
    assert data.inputs.shape == (40, 1, 48, 48)
    assert np.array_equal(data.inputs.numpy().reshape(40, -1), values)
    assert {part: len(rows) for part, rows in data.parts.items()} == {"train": 28, "val": 6, "test": 6}


def test_emnist_is_turned(tmp_path):
    values, labels = digits()
    turned = values.reshape(60, 28, 28).swapaxes(1, 2).reshape(60, -1)
    (tmp_path / "emnist-letters-train.csv").write_text(table(turned, labels))
    assert np.array_equal(load(tmp_path / "emnist-letters-train.csv").inputs.numpy().reshape(60, -1), values)


def test_a_number_of_each_picture(tmp_path):
    values, _ = digits()
    ages = np.random.default_rng(0).integers(1, 90, 60)
    (tmp_path / "faces.csv").write_text(table(values, ages, NAMES["Kaggle"], name="age"))
    with pytest.raises(DataError, match=r"no column for labels; its columns are age, .*\n.*--target NAME"):
        load(tmp_path / "faces.csv")
    data = load(tmp_path / "faces.csv", DataSettings(target="age"))
    assert data.regression
    assert data.labels.tolist() == ages.tolist()


@pytest.mark.parametrize("kind", ["smooth", "noise", "fractions", "no square", "times"])
def test_signals_stay_signals(tmp_path, kind):
    draw = np.random.default_rng(0)
    count = 780 if kind == "no square" else 784
    time = np.arange(count)
    values = 127 + 120 * np.sin(time / 40 + draw.uniform(0, 6, (40, 1)))
    if kind == "noise":
        values = draw.integers(0, 256, (40, count))
    if kind != "fractions":
        values = values.astype(int)
    names = [f"t{at}" for at in time] if kind == "times" else None
    if kind == "times":
        values = digits(40)[0]
    (tmp_path / "waves.csv").write_text(table(values, np.arange(40) % 2, names))
    assert load(tmp_path / "waves.csv").kind == "signal"


def test_what_cannot_be_used_is_said(tmp_path):
    values, labels = digits()
    lines = table(values, labels, NAMES["Kaggle"]).splitlines()
    lines[3] = lines[3].replace(",0,", ",x,", 1)
    lines[5] = "," + lines[5].partition(",")[2]
    (tmp_path / "train.csv").write_text("\n".join(lines))
    data = load(tmp_path / "train.csv")
    assert [item.file for item in data.skipped] == ["train.csv, row 4", "train.csv, row 6"]
    assert [item.reason for item in data.skipped] == ["it does not hold 784 numbers", "it has no label"]
    with pytest.raises(DataError, match="2 rows cannot be used"):
        load(tmp_path / "train.csv", strict=True)
    with pytest.raises(DataError, match=r"--window 8: each row of .* is a picture already"):
        load(tmp_path / "train.csv", DataSettings(window=8))
    assert check(tmp_path / "train.csv").shape == (1, 28, 28)
