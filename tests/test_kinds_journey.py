"""The same way for every kind of data: train, evaluate, predict, compare; on small files made here."""

import csv
import json
import wave
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from convscope.cli import execute

QUICK = ("--threads", "1", "--quiet", "--json")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Stand in an empty folder, with an empty cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONVSCOPE_CACHE", str(tmp_path / "cache"))


def output(capsys, *words, code=0):
    assert execute(list(words)) == code, capsys.readouterr().err
    return capsys.readouterr().out


def train(capsys, *words, epochs="3"):
    """Train, and give the figures and the text of the report."""
    figures = json.loads(output(capsys, "train", *words, "--epochs", epochs, *QUICK))
    return figures, Path(figures["report"]).read_text(encoding="utf-8")


def waves(classes, count, length, seed=0):
    """Sines of one frequency a class, with noise: (class · count, length)."""
    random, time = np.random.default_rng(seed), np.arange(length)
    return [
        (name, np.sin(time * (place + 1) / 4 + random.uniform(0, 6)) + random.normal(0, 0.1, length))
        for _ in range(count)
        for place, name in enumerate(classes)
    ]


def write_rows(path, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)


def test_signals_in_rows(capsys):
    rows = waves(["1", "2"], 30, 48)
    write_rows(Path("beats.csv"), [[name, *(f"{value:.4f}" for value in values)] for name, values in rows])
    figures, page = train(capsys, "beats.csv")
    assert figures["accuracy"] > 0.8
    assert {"balanced_accuracy", "macro_f1"} <= figures.keys()
    assert "test signals" in page
    write_rows(Path("new.csv"), [[f"{value:.4f}" for value in values] for _, values in rows[:4]])
    said = json.loads(output(capsys, "predict", "latest", "new.csv", "--json", "--top", "1"))["predictions"]
    assert [line["name"] for line in said] == ["row 1", "row 2", "row 3", "row 4"]
    np.save("new.npy", np.array([values for _, values in rows[:4]], np.float32))
    again = json.loads(output(capsys, "predict", "latest", "new.npy", "--json", "--top", "1"))["predictions"]
    for one, other in zip(said, again, strict=True):
        assert one["predicted"] == other["predicted"]
        assert one["probability"] == pytest.approx(other["probability"], abs=1e-2)
    labelled = output(capsys, "predict", "latest", "beats.csv", "--sheet", "sheet.png")
    assert "balanced accuracy" in labelled
    assert Path("sheet.png").exists()
    assert "macro F1" in output(capsys, "runs")


def write_sound(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes((np.clip(values / 2, -1, 1) * 32767).astype("<i2").tobytes())


def test_sounds_in_folders(capsys):
    for number, (name, values) in enumerate(waves(["low", "high"], 15, 400)):
        write_sound(Path("sounds") / name / f"{number}.wav", values)
    figures, page = train(capsys, "sounds", epochs="10")
    assert figures["accuracy"] > 0.6
    assert "8000" in page  # the rate
    write_sound(Path("new/deep/one.wav"), waves(["low"], 1, 300)[0][1])
    (said,) = json.loads(output(capsys, "predict", "latest", "new", "--json"))["predictions"]
    assert said["name"] == "deep/one.wav"
    assert "true" not in said


def test_volumes_in_an_npz_file(capsys):
    random = np.random.default_rng(0)
    labels = np.arange(40) % 2
    volumes = random.integers(0, 60, (40, 12, 12, 12), dtype=np.uint8)
    for volume, label in zip(volumes, labels, strict=True):
        volume[2:6, 4:8, 4 * label : 4 * label + 5] = 250
    np.savez("bricks.npz", X=volumes, y=labels)
    _, page = train(capsys, "bricks.npz")
    assert "test volumes" in page
    assert "middle slices" in page
    np.save("one.npy", volumes[0])
    assert "row 0" in output(capsys, "predict", "latest", "one.npy", "--sheet", "sheet.png")


def write_weather(path, days=500):
    """Two cities whose days depend on the day before."""
    random = np.random.default_rng(1)
    with path.open("w") as file:
        file.write("date,city,wind,temperature,sky\n")
        for city, base in (("A", 5.0), ("B", 12.0)):
            warm = 0.0
            for day in range(days):
                warm = 0.8 * warm + random.normal()
                when = date(2020, 1, 1) + timedelta(days=day)
                sky = "sun" if warm > 0 else "rain"
                file.write(f"{when},{city},{random.uniform(0, 9):.2f},{base + 4 * warm:.2f},{sky}\n")


def test_tomorrows_class(capsys):
    write_weather(Path("weather.csv"))
    figures, page = train(capsys, "weather.csv", "--target", "sky", "--window", "3")
    assert figures["accuracy"] > 0.6
    assert 0.5 < figures["persistence"] < 1
    assert "Expecting no change gives" in page
    assert 'id="time"' in page
    text = output(capsys, "predict", "latest", "weather.csv")
    tomorrow = str(date(2020, 1, 1) + timedelta(days=500))
    for line, city in zip(text.splitlines()[1:3], "AB", strict=True):  # the newest windows come first
        assert line.split()[:3] == [city, tomorrow, "–"]
    assert "macro F1" in text


def test_tomorrows_value(capsys):
    write_weather(Path("weather.csv"))
    figures, page = train(capsys, "weather.csv", "--target", "temperature", "--window", "3")
    assert figures["target"] == "temperature"
    assert 0 < figures["mae"] <= figures["rmse"]
    assert "Off by" in page
    assert "Skill over no change" in page
    assert ">nan" not in page
    found = json.loads(output(capsys, "evaluate", "latest", "--json"))
    assert found["mae"] == pytest.approx(figures["mae"])
    assert found["persistence"]["skill"] is not None
    assert "mean absolute error" in output(capsys, "predict", "latest", "weather.csv", "--sheet", "sheet.png")
    (run,) = json.loads(output(capsys, "runs", "--json"))
    assert run["test"]["mae"] == pytest.approx(figures["mae"])
    assert "test MAE" in output(capsys, "runs")
    header = Path("runs/latest/history.csv").read_text().splitlines()[0]
    assert "validation loss" in header


def test_classes_are_not_judged_by_values(capsys):
    write_weather(Path("weather.csv"), days=300)
    train(capsys, "weather.csv", "--target", "temperature", "--window", "3")
    assert execute(["evaluate", "latest", "--data", "digits"]) == 1
    said = capsys.readouterr().err
    assert "digits holds samples of the kind 'image', 1 × 8 × 8; this run is of the kind 'sequence'" in said
