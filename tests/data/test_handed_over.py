"""Data that are in memory: pairs, pictures of Pillow's, signals of different lengths, DataFrames."""

import csv
import sys
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from convscope import data
from convscope.data import DataSettings
from convscope.errors import ConvscopeError, DataError

LABELS = ["up", "down"] * 15


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONVSCOPE_CACHE", str(tmp_path / "cache"))


def same(one, other):
    """All that training sees is the same to the bit."""
    assert torch.equal(one.inputs, other.inputs)
    assert one.inputs.dtype == other.inputs.dtype
    assert torch.equal(one.labels, other.labels)
    assert (one.classes, one.kind, one.features) == (other.classes, other.kind, other.features)
    assert all(torch.equal(rows, other.parts[part]) for part, rows in one.parts.items())


@pytest.fixture
def rows():
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(30, 20)), columns=[f"t{i}" for i in range(20)])
    return frame.assign(label=LABELS)


@pytest.fixture
def days():
    time = np.arange(200)
    values = {"load": np.sin(time / 7), "wind": np.cos(time / 3)}
    return pd.DataFrame({"date": pd.date_range("2020-01-01", periods=200), **values})


@pytest.fixture
def photos(tmp_path):
    random = np.random.default_rng(1)
    (tmp_path / "photos").mkdir()
    paths = [f"photos/{row}.png" for row in range(30)]
    for path in paths:
        Image.fromarray(random.integers(0, 256, (12, 10, 3), dtype=np.uint8)).save(path)
    return pd.DataFrame({"path": paths, "label": LABELS})


@pytest.mark.parametrize("name", ["rows", "days", "photos"])
def test_a_frame_is_read_as_its_csv(name, request, tmp_path):
    frame = request.getfixturevalue(name)
    settings = DataSettings(target="load") if name == "days" else DataSettings()
    frame.to_csv(tmp_path / "table.csv", index=False)
    read = data.load(frame, settings)
    same(read, data.load("table.csv", settings))
    assert read.source == "DataFrame"
    assert not any("convscope-" in words for words in (*read.remarks, *read.names))


def test_an_index_of_dates_is_a_column(days):
    settings = DataSettings(target="load")
    same(data.load(days.set_index("date"), settings), data.load(days, settings))
    unnamed = days.set_index("date").rename_axis(None)
    same(data.load(unnamed, settings), data.load(days, settings))


def test_the_frame_is_left_as_it_was(photos):
    before = photos.copy(deep=True)
    data.load(photos)
    pd.testing.assert_frame_equal(photos, before)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pd.DataFrame(), "the DataFrame is empty: 0 rows, 0 columns"),
        (pd.DataFrame([[1, 2]] * 30, columns=["a", "a"]), "several columns 'a'"),
        (pd.DataFrame({"x": [np.zeros(3)] * 30, "label": LABELS}), "column 'x' .* holds a ndarray in a cell"),
        (pd.DataFrame({("a", "b"): [1] * 30, ("a", "c"): [2] * 30}), "names of 2 levels"),
    ],
)
def test_frames_that_are_no_table(frame, words):
    with pytest.raises(DataError, match=words):
        data.load(frame)


def test_an_error_names_the_frame_and_no_file(rows):
    with pytest.raises(ConvscopeError) as told:
        data.load(rows.assign(label="one"))
    assert "DataFrame" in str(told.value)
    assert "/tmp" not in str(told.value)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "CMYK", "I;16", "F", "LA"])
def test_pictures_are_those_of_files(mode, tmp_path):
    random = np.random.default_rng(2)
    colours = [Image.fromarray(random.integers(0, 256, (14, 11, 3), dtype=np.uint8)) for _ in LABELS]
    deep = [Image.fromarray(random.integers(0, 65536, (14, 11), dtype=np.uint16)) for _ in LABELS]
    made = deep if mode == "I;16" else [each.convert(mode) for each in colours]
    ending = "tif" if mode in ("CMYK", "F", "I;16") else "png"
    with Path("table.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label"])
        for row, (picture, label) in enumerate(zip(made, LABELS, strict=True)):
            picture.save(f"{row}.{ending}")
            writer.writerow([f"{row}.{ending}", label])
    read = data.load((made, LABELS), DataSettings(size=(8, 8)))
    same(read, data.load("table.csv", DataSettings(size=(8, 8))))
    assert (read.source, read.names[3]) == ("arrays", "row 3")


def test_signals_of_different_lengths():
    random = np.random.default_rng(3)
    signals = [random.normal(size=5 + row % 4).astype(np.float32) for row in range(30)]
    read = data.load((signals, LABELS))
    assert read.inputs.shape == (30, 1, 8)
    for row, values in enumerate(signals):
        expected = np.concatenate([values, np.full(8 - len(values), values.mean(dtype=np.float64))])
        assert read.inputs[row, 0].numpy() == pytest.approx(expected, abs=1e-7)
    same(data.load(([each.tolist() for each in signals], LABELS)), read)
    same(data.load(([torch.from_numpy(each) for each in signals], LABELS)), read)
    same(data.load(([torch.from_numpy(each).requires_grad_() for each in signals], LABELS)), read)
    assert data.load((signals, LABELS), DataSettings(unequal="crop")).inputs.shape == (30, 1, 5)


def test_nested_lists_tensors_and_columns_are_arrays():
    x = np.random.default_rng(4).normal(size=(30, 20)).astype(np.float32)
    expected = data.load((x, LABELS))
    for inputs in (x.tolist(), torch.from_numpy(x), list(x), pd.DataFrame(x)):
        read = data.load((inputs, pd.Series(LABELS)))
        assert torch.equal(read.inputs, expected.inputs)
        assert torch.equal(read.labels, expected.labels)


def test_training_and_test_as_they_are_handed_over():
    x = np.random.default_rng(5).integers(0, 256, (40, 8, 8), dtype=np.uint8)
    y = np.array([0, 1] * 20)
    read = data.load(((x[:30], y[:30]), (x[30:], y[30:])))
    assert read.parts["test"].tolist() == list(range(30, 40))
    assert torch.equal(read.inputs[:, 0], torch.from_numpy(x))
    with pytest.raises(DataError, match="the test part has 10 samples and 9 labels"):
        data.load(((x[:30], y[:30]), (x[30:], y[31:])))


X = np.zeros((30, 20), np.float32)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (None, "no data were given: None"),
        (3, "data cannot be 3"),
        (X, "data cannot be a ndarray"),
        ("", "the name of the data is empty"),
        ((X,), "got 1 arrays; expected two"),
        ((X, None), "the labels are None"),
        ((None, LABELS), "the samples are None"),
        (([], []), "there are no samples"),
        ((X, LABELS[:3]), r"30 samples, but labels of shape \(3,\)"),
        ((np.array([None] * 30), LABELS), "the inputs of arrays are missing in 30 of 30 rows"),
        (([np.ma.masked_less([1.0, 2, 3], 2)] * 30, LABELS), "have a mask"),
        ((X, [None, *LABELS[1:]]), "labels of arrays are missing in 1 of 30 rows, the first of them 0: None"),
        ((X, [*LABELS[1:], pd.NA]), "in 1 of 30 rows, the first of them 29: <NA>"),
        ((X, [Decimal(3)] * 30), r"are Python objects \(a Decimal among them\)"),
        ((X * np.nan, LABELS), "it holds no number"),
        ((["a"] * 30, LABELS), "expected numbers"),
        ((X, [None] * 30), "missing in 30 of 30 rows"),
        ((X, range(30)), 'the arrays hold 30 different labels.*\n.*target="NAME"'),
        (([Image.new("L", (4, 4)), 3] * 15, LABELS), "but one is 3"),
        (([np.ma.masked_less(range(4 + row), 2) for row in range(30)], LABELS), "sample 0 have a mask"),
        (([torch.ones(2, 4 + row).to_sparse() for row in range(30)], LABELS), "0, a Tensor, are no plain"),
        (([["a"] * (4 + row) for row in range(30)], LABELS), "the values of sample 0 are of type <U1"),
    ],
)
def test_what_is_no_data(source, words):
    with pytest.raises(DataError, match=words):
        data.load(source)


def test_pandas_is_not_imported_for_arrays(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "pandas"]:
        monkeypatch.delitem(sys.modules, name)
    data.load((np.arange(600, dtype=np.float32).reshape(30, 20), LABELS))
    assert "pandas" not in sys.modules


@pytest.mark.parametrize("kind", ["String", "Categorical"])
def test_polars_is_read_as_pandas_is(tmp_path, monkeypatch, kind):
    pl = pytest.importorskip("polars")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pics").mkdir()
    names = [f"pics/{number}.png" for number in range(20)]
    for number, name in enumerate(names):
        Image.fromarray(np.full((8, 8), number, np.uint8)).save(name)
    frame = pl.DataFrame({"file": names, "label": ["a", "b"] * 10}).with_columns(
        pl.col("file").cast(getattr(pl, kind))
    )
    found = data.load(frame)
    assert found.classes == ("a", "b") and len(found.labels) == 20
    for cell in ([1.0, 2.0], {"a": 1}, b"12"):
        with pytest.raises(DataError, match="the column 'x' of the DataFrame holds a"):
            data.load(pl.DataFrame({"x": [cell] * 20, "label": ["a", "b"] * 10}))
