import csv
import io
import json
import re
import sys
from dataclasses import replace

import numpy as np
import pandas
import pytest
import torch
from PIL import Image

from convscope.data.dataset import Skipped
from convscope.errors import DataError, UnknownName
from convscope.run import Predictions, ValuePredictions


@pytest.fixture
def said():
    return Predictions(
        names=("a.png", "b, c.png", "<d>.png"),
        probabilities=torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.2, 0.5, 0.3]], dtype=torch.float64),
        classes=("cat", "dog", "owl"),
        truth=("cat", "dog", None),
        inputs=torch.full((3, 1, 8, 8), 200, dtype=torch.uint8),
        kind="image",
        skipped=(Skipped("e.png", "empty"),),
    )


def test_top(said):
    assert [[guess.name for guess in guesses] for guesses in said.top(2)] == [
        ["cat", "dog"],
        ["owl", "dog"],
        ["dog", "owl"],
    ]
    assert said.top(1)[0][0].probability == pytest.approx(0.7)
    assert len(said.top(9)[0]) == 3
    assert said.labels == ["cat", "owl", "dog"]


def test_table_json_and_html(said):
    assert said.table(2)[1] == {
        "name": "b, c.png",
        "true": "dog",
        "predicted": "owl",
        "probability": pytest.approx(0.6),
        "choice 2": "dog",
        "probability 2": pytest.approx(0.3),
    }
    document = json.loads(json.dumps(said.as_dict(1)))
    assert document["predictions"] == said.table(1)  # one shape, in memory, in files and as JSON
    assert document["predictions"][0]["predicted"] == "cat"
    assert document["predictions"][0]["probability"] == 0.7
    assert document["skipped"] == [{"file": "e.png", "reason": "empty"}]
    assert "&lt;d&gt;.png" in said._repr_html_()
    assert "<d>" not in said._repr_html_()
    assert "b, c.png: owl (60.0 %), true: dog" in repr(said)


def test_csv_is_read_back_by_others(said):
    with said.to_csv("said.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["name"] for line in lines] == list(said.names)
    assert lines[2]["true"] == ""
    assert float(lines[0]["probability"]) == pytest.approx(0.7)


def colours(picture: Image.Image) -> set[tuple[int, int, int]]:
    return {tuple(pixel) for pixel in np.asarray(picture).reshape(-1, 3).tolist()}


def test_contact_sheet_shows_right_wrong_and_unknown(said):
    with Image.open(said.contact_sheet("sheet.png")) as sheet:
        found = colours(sheet)
    assert (0x1B, 0x78, 0x37) in found
    assert (0xB2, 0x18, 0x2B) in found
    assert (0x22, 0x22, 0x22) in found
    assert (200, 200, 200) in found


@pytest.mark.parametrize(
    "shape", [(150, 3, 8, 8), (2, 3, 300, 40), (1, 1, 1, 1), (2, 1, 500, 700), (3, 2, 9, 9)]
)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_contact_sheets_of_every_size(shape, dtype):
    count = shape[0]
    said = Predictions(
        names=("x",) * count,
        probabilities=torch.tensor([[0.25, 0.75]]).expand(count, 2),
        classes=("a", "a name that is much too long to be written below a picture 猫"),
        truth=(None,) * count,
        inputs=(torch.rand(shape) * 255).to(dtype),
        kind="image",
    )
    with Image.open(said.contact_sheet("sheet.png")) as sheet:
        assert sheet.width <= 10 * 136 + 8
        assert sheet.height <= 10 * 152 + 8


def test_small_digits_are_enlarged_by_whole_pixels(said):
    said.inputs[:] = 0
    said.inputs[0, 0, 0, 0] = 255
    with Image.open(said.contact_sheet("sheet.png")) as sheet:
        pixels = np.asarray(sheet)[8 : 8 + 128, 8 : 8 + 128, 0]
    assert (pixels[:16, :16] == 255).all()
    assert pixels[16:, :].max() == pixels[:, 16:].max() == 0


@pytest.mark.parametrize(
    ("kind", "shape"), [("signal", (3, 1, 50)), ("sequence", (3, 12, 3)), ("volume", (3, 1, 9, 9, 9))]
)
def test_every_kind_has_a_contact_sheet(said, kind, shape):
    wave = replace(said, inputs=torch.rand(shape), kind=kind)
    with Image.open(wave.contact_sheet("sheet.png")) as sheet:
        assert sheet.width == 3 * (256 + 8) + 8
        assert {(0x1B, 0x78, 0x37), (0xB2, 0x18, 0x2B)} <= colours(sheet)


@pytest.fixture
def values():
    return ValuePredictions(
        names=("2015-01-01", "2015-01-02", "<3>"),
        values=torch.tensor([12.5, -3.25, 100.0], dtype=torch.float64),
        target="temp_max",
        truth=(11.0, None, 0.0),
        inputs=torch.rand(3, 4, 7),
        kind="sequence",
    )


def test_values_are_told_in_their_own_unit(values):
    assert values.table()[0] == {"name": "2015-01-01", "true": 11.0, "predicted": 12.5}
    document = json.loads(json.dumps(values.as_dict()))
    assert document["target"] == "temp_max"
    assert [line["predicted"] for line in document["predictions"]] == [12.5, -3.25, 100.0]
    assert repr(values).splitlines()[:2] == ["2015-01-01: 12.5, true: 11", "2015-01-02: -3.25"]
    assert "&lt;3&gt;" in values._repr_html_()
    assert "%" not in values._repr_html_()


def test_values_are_read_back_from_csv_and_drawn(values):
    with values.to_csv("said.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [float(line["predicted"]) for line in lines] == values.values.tolist()
    assert [line["true"] for line in lines] == ["11.000000", "", "0.000000"]
    assert values.contact_sheet("sheet.png").exists()


NAMES = [
    "=1+1", "+SUM(1)", "-2+3", "@cmd", "\t=1", "\r=1", "\n=1", " =1", '"=1', "'=1", "＝1", "＋1", "－1",
    "＠x", 'a";=1', "a;=1+1", "a\t=1", "a;\t=1", 'a;"=1"', "two\nlines", "two\r\nlines", 'quo"te', "a,b",
    "nul\0nul", "plain", "-1.5", "+3e5", "猫 \U0001f469\u200d\U0001f4bb", "caf\udce9.png", "'plain",
    "=cmd|' /C calc'!A0", '=HYPERLINK("http://x";"y")', "|x", "",
]  # fmt: skip
RUNS = re.compile(r"""[\s"]*[=+\-@\t\r＝＋－＠]""")  # what a spreadsheet takes for a formula


def named(names):
    some = torch.full((len(names), 2), 0.5)
    classes = ("=cat", "dog;=1")
    return Predictions(
        names=names, inputs=torch.zeros(len(names), 1), kind="signal", probabilities=some, classes=classes,
        truth=["=cat"] * len(names),
    )  # fmt: skip


def test_no_cell_of_a_table_is_a_formula(tmp_path):
    path = named(NAMES).to_csv(tmp_path / "said.csv", k=2)
    frame = pandas.read_csv(path, keep_default_na=False, dtype=str)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [list(frame.columns), *frame.to_numpy().tolist()]
    assert len(rows) == len(NAMES) + 1
    for row in rows:
        for each in row:
            assert not RUNS.match(each) or float(each)
    shown = [name.replace("\0", "\\x00").replace("\udce9", "\\udce9") for name in NAMES]
    assert [row[0].replace("'", "") for row in rows[1:]] == [name.replace("'", "") for name in shown]
    assert [row[0] for row in rows[1:] if row[0] in ("-1.5", "+3e5", "plain")] == ["plain", "-1.5", "+3e5"]
    assert rows[1][2:5:2] == ["'=cat", "dog;'=1"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_nor_where_the_spreadsheet_takes_another_separator(tmp_path, separator):
    content = named([name for name in NAMES if name not in ("-1.5", "+3e5")]).as_csv(k=2).decode()
    for row in csv.reader(io.StringIO(content, newline=""), delimiter=separator):
        for each in row:
            assert not RUNS.match(each), row


def test_exact_names_are_those_of_the_files(tmp_path):
    exact = [name for name in NAMES if "\0" not in name]
    path = named(exact).to_csv(tmp_path / "said.csv", exact_names=True)
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        assert [row["name"] for row in csv.DictReader(file)] == exact
    assert not path.read_bytes().startswith(b"\xef\xbb\xbf")


def test_each_one_is_a_small_thing(said):
    first, _, last = said
    assert (first.name, first.label, first.true, last.true) == ("a.png", "cat", "cat", None)
    assert first.probability == pytest.approx(0.7)
    assert first.probabilities == pytest.approx({"cat": 0.7, "dog": 0.2, "owl": 0.1})
    assert said[-1] == last == said["<d>.png"]
    assert [one.name for one in said[::-1]] == list(said.names)[::-1]
    assert said[1:].inputs.shape == (2, 1, 8, 8)
    with pytest.raises(IndexError):
        said[3]
    with pytest.raises(UnknownName, match=r"no sample is called 'a.pgn'; did you mean 'a.png'"):
        said["a.pgn"]


def test_as_an_array_and_a_frame(said, monkeypatch):
    assert np.asarray(said) == pytest.approx(said.probabilities.numpy())
    assert np.asarray(said, dtype=np.float32).dtype == np.float32
    frame = said.to_frame()
    assert frame["predicted"].tolist() == said.labels
    assert frame["name"].tolist() == list(said.names)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(DataError, match="needs pandas, which is not installed"):
        said.to_frame()


def test_values_are_things_too():
    values = torch.tensor([1.5, 2.5], dtype=torch.float64)
    told = ValuePredictions(
        names=("a", "b"),
        values=values,
        target="load",
        truth=(1.0, None),
        inputs=torch.zeros(2, 1, 4),
        kind="signal",
    )
    assert [tuple(one) for one in told] == [("a", 1.5, 1.0), ("b", 2.5, None)]
    assert np.asarray(told).tolist() == [1.5, 2.5]
    assert told[1:].to_frame()["predicted"].tolist() == [2.5]
