"""The way of a person through the commands, on real data that come with our dependencies."""

import csv
import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convscope.cli import execute

QUICK = ("--network", "plain", "--epochs", "2", "--batch", "32", "--threads", "1")


def convscope(*words, cwd):
    command = [sys.executable, "-m", "convscope", *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, encoding="utf-8", check=False)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with one finished run, and what training it printed."""
    folder = tmp_path_factory.mktemp("journey")
    done = convscope("train", "mnist-sample", *QUICK, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, done


def test_training_says_what_it_does_and_where_the_result_is(place):
    folder, done = place
    lines = done.stdout.splitlines()
    path = (folder / "runs" / "latest").resolve()
    assert (
        lines[0]
        == "data         mnist-sample: 10 classes, samples of 1 × 28 × 28; train 3,600, val 400, test 1,000"
    )
    assert f"run          {path}" in lines[:5]
    assert [line.split()[0] for line in lines if line.strip()[:1].isdigit() and line.startswith("    ")] == [
        "1",
        "2",
    ]
    assert any(line.startswith("test         accuracy ") for line in lines)
    assert f"report       {path / 'report.html'}" in lines
    assert (path / "report.html").is_file()
    assert lines[-2].startswith("next         python -m convscope evaluate latest")
    assert done.stderr == ""


def test_evaluate_tells_what_the_run_measured(place, monkeypatch, capsys):
    monkeypatch.chdir(place[0])
    assert execute(["evaluate", "latest", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["samples"] == 1000
    assert {"accuracy", "balanced_accuracy", "per_class"} <= figures.keys()
    assert f"accuracy {100 * figures['accuracy']:.2f} %" in place[1].stdout
    assert execute(["evaluate", "latest", "--part", "val"]) == 0
    assert "of 400 right" in capsys.readouterr().out


def test_predict_shows_the_first_ten_beside_the_truth(place, monkeypatch, capsys):
    monkeypatch.chdir(place[0])
    assert execute(["predict", "latest", "mnist-sample"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["sample", "true", "predicted"]
    assert lines[11].endswith("more; -o FILE writes all")
    assert lines[12].startswith("accuracy ")
    assert lines[13].startswith("balanced accuracy ")
    assert execute(["predict", "latest", "mnist-sample", "-o", "all.csv", "--sheet", "sheet.png"]) == 0
    again = capsys.readouterr().out.splitlines()
    assert again[:11] == lines[:11]
    assert again[11].endswith("more in all.csv")
    assert again[12] == lines[12]
    with Path("all.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) >= 1000
    assert Path("sheet.png").read_bytes().startswith(b"\x89PNG")


def test_predict_as_json_names_the_likeliest_first(place, monkeypatch, capsys):
    monkeypatch.chdir(place[0])
    assert execute(["predict", "latest", "mnist-sample", "--top", "2", "--json"]) == 0
    first = json.loads(capsys.readouterr().out)["predictions"][0]
    assert list(first) == ["name", "true", "predicted", "probability", "choice 2", "probability 2"]
    assert first["probability"] >= first["probability 2"]


def test_runs_lists_it(place, monkeypatch, capsys):
    monkeypatch.chdir(place[0])
    assert execute(["runs", "--json"]) == 0
    (run,) = json.loads(capsys.readouterr().out)
    assert (run["source"], run["network"], run["state"]) == ("mnist-sample", "plain", "done")
    assert execute(["runs"]) == 0
    assert run["name"] in capsys.readouterr().out


def test_a_run_of_ours_needs_no_trust(place, monkeypatch, capsys):
    monkeypatch.chdir(place[0])
    assert execute(["trust", "latest"]) == 1
    assert "carries no code" in capsys.readouterr().err


def test_json_alone_on_standard_output(tmp_path):
    done = convscope("train", "digits", *QUICK, "--json", cwd=tmp_path)
    result = json.loads(done.stdout)
    assert Path(result["run"]).is_dir()
    assert Path(result["report"]).is_file()
    assert 0 <= result["accuracy"] <= 1
    assert result["reason"] == "done"
    assert "epoch" in done.stderr  # a person still sees the training


def test_quiet_is_the_result_alone(tmp_path):
    done = convscope("train", "digits", *QUICK, "--quiet", cwd=tmp_path)
    words = [line[:13].strip() for line in done.stdout.splitlines()]
    assert words == ["test", "", "", "report", "run"]  # accuracy; balanced, macro F1; the commonest class


def test_ctrl_c_saves_everything_and_resume_goes_on(tmp_path):
    words = ["train", "digits", "--network", "plain", "--epochs", "40", "--batch", "8", "--threads", "1"]
    command = [sys.executable, "-m", "convscope", *words]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, encoding="utf-8") as training:
        for line in training.stdout:
            if line.startswith("    1 "):
                break
        training.send_signal(signal.SIGINT)
        rest = training.stdout.read()
    assert training.returncode == 130
    assert "interrupted  after " in rest
    assert "train --resume latest" in rest
    resumed = convscope("train", "--resume", "latest", "--quiet", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr
    assert resumed.stdout.startswith("test         accuracy ")


def test_resume_takes_nothing_else(capsys):
    assert execute(["train", "digits", "--resume", "latest", "--lr", "0.1"]) == 2
    assert "got digits, --lr too." in capsys.readouterr().err


def test_check_finds_nothing_wrong_with_digits(capsys):
    assert execute(["check", "digits", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)


def test_a_network_of_ones_own_is_trusted_by_its_owner_only(tmp_path, monkeypatch, capsys):
    (tmp_path / "mine.py").write_text(
        "from torch import nn\n\n\ndef small(channels, classes, space):\n"
        "    return nn.Sequential(nn.Flatten(), nn.LazyLinear(classes))\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONVSCOPE_CACHE", str(tmp_path / "mine"))
    assert execute(["train", "digits", "--network", "mine.py:small", "--epochs", "1", "--quiet"]) == 0
    monkeypatch.setenv("CONVSCOPE_CACHE", str(tmp_path / "somebody-else"))
    assert execute(["evaluate", "latest"]) == 1
    assert "convscope trust" in capsys.readouterr().err
    assert execute(["trust", "latest"]) == 0
    assert execute(["evaluate", "latest"]) == 0


def test_a_broken_picture_is_named_and_left_out(tmp_path, capsys):
    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for number in range(12):
            pixels = rng.integers(0, 256, (24, 24), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pets" / name / f"{number}.png")
    (tmp_path / "pets" / "cat" / "letter.png").write_text("Dear cat,", encoding="utf-8")
    words = [
        "train",
        str(tmp_path / "pets"),
        "--epochs",
        "1",
        "--threads",
        "1",
        "--runs",
        str(tmp_path / "runs"),
    ]
    assert execute(words) == 0
    assert "\nleft out     cat/letter.png: not a picture: it holds text" in capsys.readouterr().out
    assert execute([*words, "--strict"]) == 1
    assert "cat/letter.png" in capsys.readouterr().err
