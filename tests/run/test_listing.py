import json
import subprocess
import sys
from pathlib import Path

import pytest

from convscope.run import create, files, runs
from convscope.run.manifest import Manifest


@pytest.fixture
def three(finished, training, settings, dataset):
    """Two epochs with 50 %, three with 75 %, and one that was killed at once."""
    better, begun = create("runs", settings, dataset), create("runs", settings, dataset)
    for event in training.events(9):
        better.write(event)
    begun.close()
    return finished.path, better.path, begun.path


def test_best_first(three):
    finished, better, begun = three
    table = runs("runs")
    assert [line.path.name for line in table] == [better.name, finished.name, begun.name]
    assert [line.val_accuracy for line in table] == [0.75, 0.5, None]
    assert [line.state for line in table] == ["done", "done", "interrupted"]
    assert [line.epochs for line in table] == [3, 2, 0]
    assert table[0].network == "plain"
    json.dumps([line.as_dict() for line in table])
    assert "75.00 %" in table._repr_html_()


def test_a_broken_run_is_listed_with_its_reason(three):
    _, better, begun = three
    (better / "manifest.json").write_text("{}")
    (begun / "settings.toml").unlink()
    table = runs("runs")
    assert [bool(line.problem) for line in table] == [False, True, True]
    problems = {line.path.name: line.problem for line in table}
    assert "manifest.json" in problems[better.name]
    assert "settings.toml is missing" in problems[begun.name]


def test_a_running_one_and_a_test_accuracy(writer):
    figures = {"accuracy": 0.875, "balanced_accuracy": 0.75, "macro_f1": 0.5}
    (writer.path / "evaluation.json").write_text(json.dumps(figures))
    (line,) = runs("runs")
    assert line.state == "running"
    assert line.test == figures
    assert "accuracy 87.50 %, balanced accuracy 75.00 %, macro f1 50.00 %" in runs("runs")._repr_html_()


def test_no_runs():
    assert runs("nowhere") == []
    Path("empty").mkdir()
    assert runs("empty") == []


def test_the_table_needs_no_torch(three):
    code = "import sys, convscope.run as r; r.runs('runs'); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_values_are_ranked_by_their_loss_after_the_classes(three):
    finished, better, _ = three
    for path, loss in ((finished, "0.2"), (better, "0.5")):
        as_if_values(path, loss)
    table = runs("runs")
    assert [line.task for line in table] == ["classification", "regression", "regression"]
    assert [line.name for line in table[1:]] == [finished.name, better.name]
    assert table[1].best == "loss 0.2000"
    assert table[1].test == {"mae": 1.5, "rmse": 2.0, "r2": None}
    assert "mae 1.5, rmse 2, r2 –" in table._repr_html_()
    json.dumps([line.as_dict() for line in table])


def as_if_values(path, loss):
    """Make a run of classes look like one of values."""
    settings, history = path / "settings.toml", path / "history.csv"
    settings.write_text(settings.read_text().replace('task = "classification"', 'task = "regression"'))
    header, *lines = history.read_text().splitlines()
    blank = [name in ("training accuracy", "validation accuracy", "validation balanced accuracy")
             for name in header.split(",")]  # fmt: skip
    place = header.split(",").index("validation loss")
    rows = [
        ["" if empty else cell for empty, cell in zip(blank, line.split(","), strict=True)] for line in lines
    ]
    for row in rows:
        row[place] = loss
    history.write_text("\n".join([header, *(",".join(row) for row in rows)]) + "\n")
    (path / "evaluation.json").write_text('{"mae": 1.5, "rmse": 2.0, "r2": null}')
    manifest = Manifest.read(path)
    manifest.versions["settings.toml"] = [files.digest(settings.read_bytes())]
    manifest.write()
