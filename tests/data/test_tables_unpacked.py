"""Parquet and JSON Lines, and Hugging Face's folders of pictures, as its pages describe them."""

import io
import json
import wave
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from convscope import train
from convscope.data import load
from convscope.data.dataset import DataSettings
from convscope.errors import DataError
from tests.data.soundness import assert_dataset_is_sound
from tests.data.test_bad_files import fingerprint


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_CACHE", str(tmp_path / "cache"))


def picture(number: int, form: str = "PNG") -> bytes:
    pixels = np.random.default_rng(number).integers(0, 256, (10, 9, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form)
    return buffer.getvalue()


def sound(number: int) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as stream:
        stream.setparams((1, 2, 8000, 0, "NONE", ""))
        stream.writeframes(np.random.default_rng(number).integers(-3000, 3000, 900).astype("<i2").tobytes())
    return buffer.getvalue()


def hugging_face(
    path: Path, count: int = 24, column: str = "image", form: str = "PNG", names=("cat", "dog")
) -> Path:
    held = sound if column == "audio" else lambda number: picture(number, form)
    rows = [{"bytes": held(number), "path": None} for number in range(count)]
    table = pa.table({column: rows, "label": [number % 2 for number in range(count)]})
    if names:
        features = {column: {"_type": "Image"}, "label": {"names": list(names), "_type": "ClassLabel"}}
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(table, path)
    return path


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_pictures_in_parquet(tmp_path, form):
    path = hugging_face(tmp_path / "data" / "train.parquet", form=form)
    before = fingerprint(path.parent)
    data = load(path)
    assert fingerprint(path.parent) == before
    assert_dataset_is_sound(data)
    assert data.kind == "image"
    assert data.classes == ("cat", "dog")
    if form == "PNG":
        assert (
            data.inputs[3].numpy().transpose(1, 2, 0).tobytes()
            == np.asarray(Image.open(io.BytesIO(picture(3)))).tobytes()
        )
    assert data.labels.tolist() == [number % 2 for number in range(24)]
    assert data.source == str(path)


@pytest.mark.parametrize("below", [".", "data", "default/train"])
def test_parts_of_a_repository(tmp_path, below):
    folder = tmp_path / "repository"
    for part, count in (
        ("train-00000-of-00002", 20),
        ("train-00001-of-00002", 10),
        ("test-00000-of-00001", 12),
    ):
        place = folder / below / f"{part}.parquet"
        if below == "default/train":
            place = folder / "default" / part.partition("-")[0] / f"{part.rpartition('-of-')[0][-4:]}.parquet"
        hugging_face(place, count)
    (folder / "README.md").write_text("# Card")
    data = load(folder)
    assert_dataset_is_sound(data)
    assert len(data.parts["test"]) == 12
    assert len(data.parts["train"]) + len(data.parts["val"]) == 30


def test_sounds_in_parquet(tmp_path):
    data = load(hugging_face(tmp_path / "a.parquet", column="audio"))
    assert data.kind == "signal"
    assert data.classes == ("cat", "dog")


def test_parquet_is_trained_and_predicted(tmp_path):
    path = hugging_face(tmp_path / "train.parquet")
    run = train(path, network="compact", epochs=0.2, threads=1, runs=tmp_path / "runs")
    assert len(run.evaluate(str(path)).as_dict()) > 3


def test_plain_columns_are_a_table(tmp_path):
    draw = np.random.default_rng(0)
    wide = {
        "label": [f"c{row % 3}" for row in range(60)],
        **{f"v{place}": draw.normal(size=60) for place in range(9)},
    }
    lists = {"values": list(draw.normal(size=(60, 9))), "label": wide["label"]}
    for name, columns in (("wide", wide), ("lists", lists)):
        parquet.write_table(pa.table(columns), tmp_path / f"{name}.parquet")
        data = load(tmp_path / f"{name}.parquet")
        assert (data.kind, data.space, data.classes) == ("signal", (9,), ("c0", "c1", "c2"))
    days = np.datetime64("2020-01-01", "ns") + np.arange(200) * np.timedelta64(1, "D")
    parquet.write_table(pa.table({"date": days, "temp": draw.normal(size=200)}), tmp_path / "days.parquet")
    assert load(tmp_path / "days.parquet", DataSettings(target="temp")).kind == "sequence"


def test_what_parquet_cannot_be(tmp_path, monkeypatch):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 words PAR1")
    with pytest.raises(DataError, match=r"a\.parquet is damaged or no Parquet"):
        load(tmp_path / "a.parquet")
    path = hugging_face(tmp_path / "b.parquet")
    whole = path.read_bytes()
    draw = np.random.default_rng(0)
    for _ in range(40):
        damaged = bytearray(whole)
        for place in draw.integers(0, len(whole), 3):
            damaged[place] = draw.integers(256)
        path.write_bytes(damaged)
        try:
            load(path)
        except DataError as error:
            assert str(path) in str(error)
    parquet.write_table(pa.table({"x": [[[1, 2], [3, 4]]] * 9, "label": ["a"] * 9}), tmp_path / "c.parquet")
    with pytest.raises(DataError, match=r"(?s)c\.parquet: the cells of 'x' are lists of lists.*numpy\.savez"):
        load(tmp_path / "c.parquet")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    with pytest.raises(
        DataError, match=r"(?s)pyarrow, which is not installed.*pip install 'convscope\[tables\]'"
    ):
        load(tmp_path / "c.parquet", DataSettings(seed=1))


# ---- JSON Lines


def lines(path: Path, rows: list[dict]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_json_lines_are_a_table(tmp_path):
    draw = np.random.default_rng(0)
    rows = [{"label": "ab"[row % 2], "values": draw.normal(size=12).round(4).tolist()} for row in range(50)]
    data = load(lines(tmp_path / "waves.jsonl", rows))
    assert (data.kind, data.space, data.classes) == ("signal", (12,), ("a", "b"))
    flat = [
        {"class": "ab"[row % 2], "f": {"x": row, "y": 2 * row, "z": row % 5, "w": 1}} for row in range(50)
    ]
    assert load(lines(tmp_path / "flat.ndjson", flat)).classes == ("a", "b")
    with pytest.raises(DataError, match=r"bad\.jsonl, line 2"):
        load(lines(tmp_path / "bad.jsonl", rows[:1]).parent / bad(tmp_path / "bad.jsonl"))


def bad(path: Path) -> str:
    path.write_text(path.read_text() + "{no json\n")
    return path.name


def pictures(folder: Path, count: int = 24) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"{number}.png").write_bytes(picture(number))
    return [f"{number}.png" for number in range(count)]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_folder_of_pictures_with_its_metadata(tmp_path, form):
    names = pictures(tmp_path / "birds")
    rows = [{"file_name": name, "label": "ab"[place % 2]} for place, name in enumerate(names)]
    metadata(tmp_path / "birds", rows, form)
    data = load(tmp_path / "birds")
    assert_dataset_is_sound(data)
    assert data.classes == ("a", "b")
    assert data.names[3] == "3.png"
    assert data.labels.tolist() == [place % 2 for place in range(24)]


def metadata(folder: Path, rows: list[dict], form: str) -> None:
    if form == "jsonl":
        lines(folder / "metadata.jsonl", rows)
        return
    text = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
    (folder / "metadata.csv").write_text("\n".join(text) + "\n")


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_metadata_in_each_part(tmp_path, form):
    for part, count in (("train", 20), ("validation", 6), ("test", 8)):
        names = pictures(tmp_path / "birds" / part / "images", count)
        rows = [{"file_name": f"images/{name}", "label": "ab"[place % 2]} for place, name in enumerate(names)]
        metadata(tmp_path / "birds" / part, rows, form)
    data = load(tmp_path / "birds")
    assert_dataset_is_sound(data)
    assert data.classes == ("a", "b")
    assert [len(rows) for rows in data.parts.values()] == [20, 6, 8]
    assert "train/images/0.png" in data.names


def test_metadata_without_labels_beside_class_folders(tmp_path):
    for name in "ab":
        pictures(tmp_path / "birds" / name, 9)
    rows = [
        {"file_name": f"{name}/{number}.png", "caption": "a bird"} for name in "ab" for number in range(9)
    ]
    metadata(tmp_path / "birds", rows, "csv")
    assert load(tmp_path / "birds").classes == ("a", "b")


def test_json_lines_that_name_pictures(tmp_path):
    names = pictures(tmp_path / "pics")
    rows = [{"file": f"pics/{name}", "class": "ab"[place % 2]} for place, name in enumerate(names)]
    data = load(lines(tmp_path / "list.jsonl", rows))
    assert data.kind == "image"
    assert data.classes == ("a", "b")
