import json
import subprocess
import sys
from pathlib import Path

import pytest

from convscope.cli import execute
from convscope.errors import RunError
from convscope.run import Writer, create, files, load, runs
from convscope.run.manifest import Manifest, sealed


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
    assert runs("runs")[0].test == {}  # nothing on record says that these are figures of this run
    seal(writer.path, "evaluation.json")
    (line,) = runs("runs")
    assert line.state == "running"
    assert line.test == figures
    assert "accuracy 87.50 %, balanced accuracy 75.00 %, macro f1 50.00 %" in runs("runs")._repr_html_()


def test_a_study_tells_its_figures_when_its_runs_are_removed(tmp_path):
    figures = {"mae": 1.5, "rmse": 2.0, "r2": None}
    asked = {"values": {"folds": 3, "source": "x.csv"}, "of another kind": {"source": "x.csv"}}
    for name, said in asked.items():
        (tmp_path / "runs" / name).mkdir(parents=True)
        body = {"format": 1, "asked": said, "result": {"evaluation": figures}}
        (tmp_path / "runs" / name / "study.json").write_text(sealed(body))
    values, other = runs("runs")
    assert (values.task, values.test, values.state) == ("regression", figures, "0 of 3 folds")
    assert "study.json cannot be read: 'seeds'" in other.problem


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


def seal(path, name):
    manifest = Manifest.read(path)
    manifest.results[name] = files.digest((path / name).read_bytes())
    manifest.write()


@pytest.fixture
def judged(finished, dataset):
    finished.judge(dataset)
    return finished


def damaged(path):
    path.write_bytes(path.read_bytes().replace(b'"accuracy": ', b'"accuracy": 0'))


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (damaged, "is damaged, or was changed"),
        (lambda path: path.write_bytes(path.read_bytes()[:40]), "is damaged, or was changed"),
        (lambda path: path.write_bytes(b""), "is damaged, or was changed"),
        (Path.unlink, "is missing"),
    ],
)
def test_figures_that_the_manifest_does_not_prove_are_not_shown(judged, dataset, capsys, harm, words):
    (line,) = runs("runs")
    assert set(line.test) == {"accuracy", "balanced_accuracy", "macro_f1"}
    assert line.remark == ""
    harm(judged.path / "evaluation.json")
    (line,) = runs("runs")
    assert (line.test, line.state, line.problem) == ({}, "done", "")
    assert words in line.remark
    assert f"To judge anew: convscope train --resume runs/{judged.name}" in line.remark
    assert words in runs("runs")._repr_html_()
    assert execute(["runs"]) == 0
    assert words in capsys.readouterr().out
    assert load(judged.path).evaluate().samples  # the run itself is as good as before
    assert not judged.judged
    judged.judge(dataset)
    assert runs("runs")[0].remark == ""


def test_figures_are_of_the_weights_that_are_there(interrupted, dataset, training):
    interrupted.judge(dataset)
    assert runs("runs")[0].test
    resumed = Writer.resume(interrupted)
    for event in training.events(9, after=6):  # its last epoch is a better one
        resumed.write(event)
    (line,) = runs("runs")
    assert line.test == {}
    assert "has no SHA-256 on record" in line.remark


def test_lines_of_the_history_that_no_checkpoint_holds_are_not_counted(interrupted):
    assert len(interrupted.history) == 3
    assert runs("runs")[0].epochs == 2


@pytest.mark.parametrize("content", [b'1,"', b"x" * 200_000, b"\xff\xfe", b"epoch\n1,2,3\n" * 3, b"\0"])
def test_a_torn_history_takes_nothing_away_from_the_others(three, content):
    finished, better, begun = three
    (better / "history.csv").write_bytes((better / "history.csv").read_bytes() + content + b"\n")
    (begun / "history.csv").write_bytes(content + b"\n")
    table = runs("runs")
    assert [line.name for line in table] == [finished.name, begun.name, better.name]
    assert "history.csv is damaged" in table[-1].problem
    assert table[1].epochs == 0
    with pytest.raises(RunError, match=r"history\.csv"):
        load(better)


def test_a_run_that_may_not_be_entered(three, monkeypatch):
    real = Path.stat

    def refuse(path, **given):
        if path.parent.name == three[0].name:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, **given)

    monkeypatch.setattr(Path, "stat", refuse)
    table = runs("runs")
    assert len(table) == 3
    assert table[-1].name == three[0].name
    assert "Permission denied" in table[-1].problem


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
    for name in ("settings.toml", "history.csv"):
        manifest.versions[name] = [files.digest((path / name).read_bytes())]
    manifest.write()
    seal(path, "evaluation.json")
