"""Several trainings and one figure: pooled, honest, and the same after a kill."""

import csv
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import convscope
from convscope import data, recipe, repeating, run
from convscope.cli import execute
from convscope.errors import RunError, SettingsError, TrainingWarning
from convscope.recipe import Judged
from convscope.repeating import Repeated, pooling, report
from convscope.run.evaluation.metrics import evaluate
from convscope.run.report import words
from convscope.training.events import Finished, TrainingStep

pytestmark = pytest.mark.usefixtures("undrawn")
QUICK = {"network": "plain", "epochs": 0.5, "threads": 1, "precision": "fp32", "device": "cpu"}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A study that nothing disturbed."""
    return convscope.repeat("digits", folds=3, runs=tmp_path_factory.mktemp("runs"), **QUICK)


def weights(path):
    folders = sorted(each for each in path.iterdir() if each.is_dir() and not each.is_symlink())
    return [hashlib.sha256((each / "last.safetensors").read_bytes()).hexdigest() for each in folders]


def test_the_figure_is_that_of_all_runs_together(whole):
    rows = [row for each in whole.runs for row in read(each.path)]
    right = sum(row["true"] == row["predicted"] for row in rows)
    assert len({row["name"] for row in rows}) == len(rows) == 1797
    assert whole.accuracy == right / 1797
    assert whole.evaluation.samples == 1797
    assert read(whole.path) == rows
    assert [each.score for each in whole.trainings] == [each.evaluate().accuracy for each in whole.runs]
    assert whole.interval[0] < whole.accuracy < whole.interval[1]
    assert whole.corrected[0] < np.mean([each.score for each in whole.trainings]) < whole.corrected[1]


def test_no_interval_of_a_share_ends_above_all(whole):
    assert whole.corrected[1] <= 1.0
    scores = [each._replace(score=score) for each, score in zip(whole.trainings, (1, 1, 0.9), strict=True)]
    assert pooling.corrected(scores, 0.5, amounts=False)[1] == 1.0
    assert pooling.corrected(scores, 0.5, amounts=True)[1] > 1.0


def read(path):
    with (path / "predictions.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_it_tells_itself(whole):
    page = whole.report.read_text()
    for text in (
        words.typeset(whole.headline()),
        *map(words.typeset, whole.notes()),
        *(f'href="{each.name}/report.html"' for each in whole.runs),
    ):
        assert text.replace("'", "&#39;") in page
    assert 'id="classes"' in page
    assert page.count('<td class="strip">') == len(whole.runs) + 1 + len(whole.evaluation.classes)
    assert whole.headline() in whole._repr_html_()
    assert [row["name"] for row in whole.table()] == ["fold 1", "fold 2", "fold 3"]
    kept = json.loads((whole.path / "study.json").read_text())["result"]
    assert kept == json.loads(json.dumps(whole.as_dict()))


def test_many_classes_have_their_scores_though_no_matrix(whole, tmp_path):
    labels = np.arange(80) % 40
    many = evaluate(labels, np.eye(40)[labels], [f"class {index}" for index in range(40)])
    report.write(replace(whole, path=tmp_path, evaluation=many))
    page = (tmp_path / "report.html").read_text()
    assert 'id="confusion"' not in page
    assert 'href="#classes"' in page
    assert 'id="classes"' in page
    assert "class 39" in page


def test_each_training_is_a_whole_run(whole):
    for each in whole.runs:
        assert run.load(each.path).finished
        assert (each.path / "report.html").is_file()
    assert whole.runs[0].predict("digits").names


def test_runs_lists_it_once(whole):
    (line,) = run.runs(whole.path.parent)
    assert (line.name, line.network, line.state) == (whole.path.name, "plain", "3 folds")
    assert line.test["accuracy"] == whole.accuracy
    assert len(run.runs(whole.path)) == 3


def test_a_study_is_no_network_and_says_which_are(whole):
    with pytest.raises(
        RunError, match=r"study of several trainings, not one network.\n  Name one of its runs"
    ):
        run.load(whole.path)
    with pytest.raises(RunError, match=r"study of several trainings"):
        run.load(whole.path.parent / "latest")
    with pytest.raises(RunError, match="is finished"):
        list(repeating.resume(whole.path))


def test_left_anywhere_it_goes_on_to_the_same_bits(whole, tmp_path):
    for after in (5, 40):  # within the first training, and a later one
        root = tmp_path / f"runs{after}"
        events, seen = repeating.stream(recipe.plan("digits", runs=root, **QUICK), folds=3), 0
        for event in events:
            seen += isinstance(event, TrainingStep)
            if seen == after:
                break
        events.close()
        (left,) = (each for each in root.iterdir() if not each.is_symlink())
        assert "of 3 folds" in run.runs(root)[0].state
        *_, found = repeating.resume(left)
        assert isinstance(found, Repeated)
        assert weights(left) == weights(whole.path)
        assert (left / "predictions.csv").read_bytes() == (whole.path / "predictions.csv").read_bytes()
        assert run.runs(root)[0].state == "3 folds"


def test_no_training_of_a_study_becomes_another_one(whole):
    """The figures of the study would be of trainings that are no longer there."""
    before = weights(whole.path)
    for given in ({"epochs": 5}, {"threads": 2}, {"device": "cpu"}):
        with pytest.raises(RunError, match=r"one training of the study .*, which goes on as it was begun"):
            convscope.resume(whole.runs[1].path, **given)
    assert weights(whole.path) == before


def test_a_training_that_was_removed_is_missed_and_made_again(whole, tmp_path):
    copy = tmp_path / "runs" / whole.path.name
    shutil.copytree(whole.path, copy, symlinks=True)
    shutil.rmtree(copy / whole.runs[1].path.name)
    assert run.runs(tmp_path / "runs")[0].state == "2 of 3 folds"
    *_, found = repeating.resume(copy)
    assert found.accuracy == whole.accuracy
    assert sorted(weights(copy)) == sorted(weights(whole.path))
    assert run.runs(tmp_path / "runs")[0].state == "3 folds"


KILLED = """
import sys
from convscope import recipe, repeating
given = recipe.plan(
    "digits", runs="runs", network="plain", epochs=0.5, threads=1, precision="fp32", device="cpu"
)
for event in repeating.stream(given, folds=3):
    print(type(event).__name__, flush=True)
"""


def test_a_kill_loses_nothing(whole, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED], stdout=subprocess.PIPE, cwd=tmp_path, text=True
    )
    for line in process.stdout:
        if line == "Judged\n":  # after the first training
            os.kill(process.pid, signal.SIGKILL)
            break
    process.wait()
    process.stdout.close()
    assert execute(["train", "--resume", "latest", "--quiet"]) == 0
    (path,) = (each for each in (tmp_path / "runs").iterdir() if not each.is_symlink())
    assert weights(path) == weights(whole.path)


def test_ctrl_c_ends_it_in_good_order(tmp_path):
    events = repeating.stream(recipe.plan("digits", runs=tmp_path / "runs", **QUICK), folds=3)
    told = []
    for event in events:
        told.append(event)
        if isinstance(event, TrainingStep) and event.step == 3:
            signal.raise_signal(signal.SIGINT)
    assert isinstance(told[-1], Judged | Finished)
    assert not any(isinstance(event, Repeated) for event in told)
    (line,) = run.runs(tmp_path / "runs")
    assert line.state == "1 of 3 folds"


def test_seeds_have_the_same_parts_and_other_weights(tmp_path):
    found = convscope.repeat("digits", seeds=2, seed=4, runs=tmp_path / "runs", **QUICK)
    first, second = (each.settings for each in found.runs)
    assert first.facts.fingerprint == second.facts.fingerprint
    assert (first.training.seed, second.training.seed, second.data.seed) == (4, 5, 4)
    scores = [each.evaluate().accuracy for each in found.runs]
    assert found.accuracy == pytest.approx(np.mean(scores))
    assert found.spread == pytest.approx(np.std(scores, ddof=1))
    one = found.runs[0].evaluate().interval
    assert found.interval[1] - found.interval[0] > 0.7 * (
        one[1] - one[0]
    )  # no narrower for being asked twice
    assert found.corrected is None
    *_, found = convscope.run.runs(tmp_path / "runs")
    assert found.state == "2 seeds"


def test_amounts_have_their_own_words(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 20)).astype(np.float32)
    found = convscope.repeat(
        (x, x.mean(1) + 0.5), folds=3, runs=tmp_path / "runs", epochs=1, threads=1, precision="fp32"
    )
    assert found.accuracy is None
    assert found.headline().startswith("Off by ")
    assert len(found.evaluation.judged) == 60
    assert found.evaluation.mean is not None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "give folds=5, or seeds=3"),
        ({"folds": 3, "seeds": 2}, "give one of them"),
        ({"folds": 0, "seeds": 2}, "give one of them"),
        ({"folds": 1}, "a whole number of 2 or more; got 1"),
        ({"seeds": 2.5}, "a whole number of 2 or more; got 2.5"),
        ({"folds": 3, "test": 0.5}, "each of the 3 is the test part once"),
        ({"folds": 3, "fold": "1/3"}, r"fold: names a single one \(1/3\)"),
        ({"seeds": 2, "fold": "1/3"}, r"fold: names a single one \(1/3\)"),
    ],
)
def test_what_makes_no_sense_is_said_and_nothing_is_made(given, words, tmp_path):
    with pytest.raises(SettingsError, match=words):
        convscope.repeat("digits", runs=tmp_path / "runs", **QUICK, **given)
    assert not (tmp_path / "runs").exists()


def test_a_dataset_has_its_parts_already(tmp_path):

    dataset = data.load("digits")
    with pytest.raises(SettingsError, match="cut where data are read"):
        convscope.repeat(dataset, folds=3, runs=tmp_path / "runs", **QUICK)
    fold = data.load("digits", data.DataSettings(fold="1/3"))
    with pytest.raises(SettingsError, match=r"names a single one \(1/3\)"):
        convscope.repeat(fold, seeds=2, runs=tmp_path / "runs", **QUICK)


def test_what_is_refused_leaves_no_folder(tmp_path):
    with pytest.raises(convscope.ConvscopeError):
        convscope.repeat("digits", folds=3, runs=tmp_path / "runs", network="plian")
    assert run.runs(tmp_path / "runs") == []
    assert not (tmp_path / "runs" / "latest").is_symlink()


def test_a_changed_study_is_refused(whole, tmp_path):
    copy = tmp_path / "copy"
    copy.mkdir()
    text = (whole.path / "study.json").read_text()
    (copy / "study.json").write_text(text.replace('"folds": 3', '"folds": 4'))
    with pytest.raises(RunError, match="damaged, or was changed"):
        list(repeating.resume(copy))
    (line,) = run.runs(tmp_path)
    assert line.state == "damaged"


def test_the_command_line(tmp_path, capsys):
    words = ["--network", "plain", "--epochs", "0.3", "--threads", "1", "--precision", "fp32"]
    assert execute(["train", "digits", "--folds", "2", "--json", *words]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["by"] == "folds"
    assert "fold 1 of 2" in err
    assert "fold 2 of 2" in err
    first = json.loads(out)["trainings"][0]["run"]
    assert re.search(rf"next .*convscope predict \S*{re.escape(first)} PICTURE", err)
    assert execute(["train", "digits", "--folds", "1"]) == 2
    assert execute(["train", "digits", "--folds", "2", "--test", "0.3"]) == 2
    assert execute(["train", "--resume", "latest", "--seeds", "2"]) == 2
    assert execute(["train", "--resume", "latest"]) == 1
    assert "there is nothing left to go on with" in capsys.readouterr().err
    assert execute(["runs"]) == 0
    assert capsys.readouterr().out.count("digits") == 2  # its name, and its data


def test_what_looks_wrong_in_any_training_is_said_once(tmp_path):
    x = np.random.default_rng(0).integers(0, 256, (60, 8, 8), dtype=np.uint8)
    x[30:] = x[:30]
    with pytest.warns(TrainingWarning) as warned:
        found = convscope.repeat((x, np.arange(60) % 2), folds=2, runs=tmp_path / "runs", **QUICK)
    assert found.notices == [str(each.message) for each in warned]
    assert found.notices[0].startswith("in")
    assert "samples of different parts are equal" in found.notices[0]
    assert found.as_dict()["notices"] == found.notices
    assert found.report.read_text().count('class="notice"') == min(3, len(found.notices))
