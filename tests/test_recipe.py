"""The whole way, from the data to a judged run folder, and again from wherever it was left."""

import csv
import hashlib
import json
import os
import signal
import tomllib

import numpy as np
import pytest
from PIL import Image
from torch import nn

import convscope
from convscope import recipe, run
from convscope.cli import execute
from convscope.errors import (
    DataError,
    NetworkError,
    RunError,
    SettingsError,
    TrainingError,
    TrainingWarning,
    UnknownName,
)
from convscope.recipe import Created, Judged, Loaded, plan, stream
from convscope.training.events import Checkpoint, Epoch, Finished, Start, TrainingStep

OWN = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.conv = nn.Conv2d(channels, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.2)
        self.full = nn.Linear(8 * 36, classes)

    def forward(self, x):
        x = self.drop(torch.relu(self.norm(self.conv(x))))
        return self.full(x.view(len(x), -1))
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """Stand in an empty folder, with an empty cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONVSCOPE_CACHE", str(tmp_path / "cache"))


def small(source="digits", **given):
    usual = {"network": "plain", "epochs": 1.5, "threads": 1, "precision": "fp32", "device": "cpu"}
    return plan(source, **(usual | given))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that nothing disturbed."""
    return finish(stream(small(runs=tmp_path_factory.mktemp("runs")))).run.path


def digest(path, name="last.safetensors"):
    return hashlib.sha256((path / name).read_bytes()).hexdigest()


def finish(events):
    return list(events)[-1]


def stopped(given, after, kind=TrainingStep):
    """Leave a run after so many events of a kind, as a process that goes away would; gives its folder."""
    events, path, seen = stream(given), None, 0
    for event in events:
        path = event.path if isinstance(event, Created) else path
        seen += isinstance(event, kind)
        if seen == after:
            break
    events.close()
    return path


@pytest.mark.parametrize(
    ("source", "network", "epochs", "bound"),
    [("digits", None, 6, 0.93), ("digits", "plain", 4, 0.85), ("mnist-sample", "strided", 1, 0.85)],
)
def test_the_whole_way(source, network, epochs, bound):
    events = list(stream(small(source, network=network, epochs=epochs)))
    loaded, created, start, *_, finished, judged = events
    kinds = (Loaded, Created, Start, Finished, Judged)
    for event, kind in zip((loaded, created, start, finished, judged), kinds, strict=True):
        assert isinstance(event, kind)
    assert judged.part == "test"
    path = created.path
    with (path / "predictions.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    test = loaded.dataset.parts["test"]
    assert len(lines) == len(test)
    named = [column for column in lines[0] if column.lower() in ("true", "truth", "label", "real")]
    said = [
        column for column in lines[0] if column.lower() in ("predicted", "prediction", "label 1", "class")
    ]
    assert named, list(lines[0])
    assert said, list(lines[0])
    right = np.mean([line[named[0]] == line[said[0]] for line in lines])
    truth = [loaded.dataset.classes[label] for label in loaded.dataset.labels[test].tolist()]
    assert [line[named[0]] for line in lines] == truth
    assert right == pytest.approx(judged.evaluation.accuracy)
    assert right > bound
    settings = tomllib.loads((path / "settings.toml").read_text())
    assert settings["training"]["epochs"] == epochs
    assert (network is None) == any("best of the house" in reason for reason in created.reasons)
    assert (path / "report.html").stat().st_size > 10_000
    assert judged.report == path / "report.html"
    assert len(judged.run.history) == epochs


def test_every_event_is_on_the_disk_before_anybody_hears_of_it():
    events, path = stream(small()), None
    for event in events:
        path = event.path if isinstance(event, Created) else path
        if isinstance(event, Epoch):
            assert len(run.load(path).history) == event.number
        if isinstance(event, Checkpoint):
            assert int(run.load(path).state()["progress.step"].item()) == event.step


def test_the_same_seed_gives_the_same_file(whole):
    second, other = (finish(stream(small(seed=seed))).run.path for seed in (0, 4))
    assert digest(whole) == digest(second)
    assert digest(whole, "best.safetensors") == digest(second, "best.safetensors")
    assert digest(whole) != digest(other)


@pytest.mark.parametrize(
    ("kind", "after"), [(Created, 1), (Start, 1), (TrainingStep, 3), (Epoch, 1), (Checkpoint, 1)]
)
def test_a_run_that_was_left_comes_to_the_same_end(whole, kind, after):
    """Also in the same process: nothing holds the folder any more."""
    path = stopped(small(), after, kind)
    judged = finish(recipe.go_on(path))
    assert isinstance(judged, Judged)
    for name in ("last.safetensors", "best.safetensors"):
        assert digest(path, name) == digest(whole, name)
    again, once = run.load(path), run.load(whole)
    assert [(line["number"], line["step"], line["train_loss"]) for line in again.history] == [
        (line["number"], line["step"], line["train_loss"]) for line in once.history
    ]
    assert [line["loss"] for line in again.steps] == [line["loss"] for line in once.steps]
    assert judged.evaluation.accuracy == once.evaluate().accuracy


@pytest.mark.parametrize("at", [17, 41, 60])
def test_an_own_network_comes_to_the_same_end_after_ctrl_c(tmp_path, at):
    """With BatchNorm, Dropout and changed samples; in the first epoch, at its end, in the second."""
    (tmp_path / "nets.py").write_text(OWN)
    given = small(network="nets.py:Net", epochs=2, augment=convscope.Augment(shift=0.1))
    whole = finish(stream(given)).run.path
    events = []
    for event in stream(given):
        events.append(event)
        if isinstance(event, TrainingStep) and event.step == at:
            os.kill(os.getpid(), signal.SIGINT)
    (end,) = (event for event in events if isinstance(event, Finished))
    assert (end.reason, end.step) == ("interrupted", at)
    assert isinstance(events[-1], Judged) == (at > 41)  # before the first validation nothing can be judged
    path = events[1].path
    assert not run.load(path).finished
    finish(recipe.go_on(path))
    assert digest(path) == digest(whole)
    assert digest(path, "best.safetensors") == digest(whole, "best.safetensors")


def test_a_finished_run_is_not_gone_on_with():
    path = finish(stream(small(epochs=0.1))).run.path
    with pytest.raises(RunError, match="is finished"):
        list(recipe.go_on(path))


def test_a_run_that_was_left_before_its_report_gets_it():
    path = stopped(small(epochs=0.1), 1, Finished)
    assert run.load(path).finished
    assert not (path / "report.html").exists()
    assert isinstance(finish(recipe.go_on(path)), Judged)
    assert (path / "report.html").exists()


def test_a_training_that_fails_lets_go_of_its_folder():
    events, path = stream(small(optimizer="sgd", lr=1e30, epochs=3)), None
    with pytest.raises(TrainingError, match="learning rate") as failure:
        for event in events:
            path = event.path if isinstance(event, Created) else path
    with pytest.raises(TrainingError, match="learning rate"):  # and not: the folder is being written
        list(recipe.go_on(path))
    assert failure.traceback


def test_python_door():
    trained = convscope.train("digits", network="plain", epochs=0.5, threads=1, seed=2, val=0.2)
    assert trained.settings.data.val == 0.2
    assert trained.settings.data.seed == trained.settings.training.seed == 2
    assert trained.evaluate().samples == 359
    assert trained.path.parent.name == "runs"


def test_names_that_nobody_knows():
    with pytest.raises(UnknownName, match="no setting is called 'epoch'; did you mean 'epochs'"):
        convscope.train("digits", epoch=3)
    with pytest.raises(UnknownName, match="no network is called 'plan'; did you mean 'plain'"):
        convscope.train("digits", network="plan")
    with pytest.raises(DataError, match="did you mean 'digits'"):
        convscope.train("digit")
    with pytest.raises(NetworkError, match=r"no file 'nets\.py'"):
        convscope.train("digits", network="nets.py:Net")


def test_nothing_is_left_where_it_cannot_start(tmp_path):
    with pytest.raises(UnknownName):
        convscope.train("digits", network="plan")
    assert not (tmp_path / "runs").exists()


@pytest.fixture
def photos(tmp_path):
    """Two classes of pictures, and among them a file that is none."""
    random = np.random.default_rng(0)
    for place, name in enumerate(("dark", "light")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(12):
            pixels = random.integers(120 * place, 120 * place + 90, (14, 12), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.png")
    (tmp_path / "photos" / "dark" / "broken.png").write_bytes(b"no picture")
    return tmp_path / "photos"


def test_a_broken_file_is_left_out_or_stops_everything(photos):
    events = list(stream(small(photos, size=(14, 12), epochs=2)))
    assert [skipped.file for skipped in events[0].dataset.skipped] == ["dark/broken.png"]
    assert isinstance(events[-1], Judged)
    with pytest.raises(DataError, match=r"broken\.png"):
        list(stream(small(photos, size=(14, 12), strict=True)))


def test_data_that_changed_are_not_gone_on_with(photos):
    path = stopped(small(photos, size=(14, 12)), 1, Checkpoint)
    (photos / "dark" / "3.png").unlink()
    with pytest.raises(DataError, match="not what this run was trained on"):
        list(recipe.go_on(path))


@pytest.mark.parametrize("val", [0.0, 0.1])
@pytest.mark.parametrize("test", [0.0, 0.2])
def test_parts_that_are_empty(photos, val, test):
    judged = finish(stream(small(photos, size=(14, 12), val=val, test=test)))
    assert judged.part == ("test" if test else "val" if val else "train")
    assert judged.evaluation.samples > 0


@pytest.mark.parametrize("shape", [(60, 2, 90), (60, 9, 8), (60, 9, 9, 9)])
def test_arrays_with_amounts_train_as_values(shape):
    x = np.random.default_rng(0).normal(size=shape).astype("f")
    y = x.reshape(60, -1)[:, 0] * 3
    run = convscope.train((x, y), epochs=0.5, threads=1, device="cpu")
    assert run.settings.facts.regression
    assert run.predict(x[:2]).values.shape == (2,)
    judged = run.evaluate((x, y))  # on what training has not seen
    assert judged.samples == 12
    assert "the other 48 were seen in training" in judged.remarks[0]
    own = run.evaluate()  # the arrays are still there
    assert (own.samples, own.mae) == (12, pytest.approx(judged.mae))
    assert repr(own).startswith("mean absolute error")
    with pytest.raises(DataError, match=r"trained on arrays in memory.*\n.*run.evaluate\(\(X, y\)\)"):
        convscope.load(run.path).evaluate()
    with pytest.raises(DataError, match="got 3 arrays; expected two"):
        convscope.train((x, y, y))


def test_a_refit_is_said_wherever_validation_speaks(tmp_path):
    """The kept weights are the last epoch's, and validation's figures those of the network before."""
    done = finish(stream(small(runs=tmp_path, epochs=3, refit=0.3))).run
    history = done.history
    assert [row["val_accuracy"] is None for row in history] == [False, False, True]
    assert [row["best"] for row in history][-1]
    assert digest(done.path, "best.safetensors") == digest(done.path)
    (line,) = run.runs(tmp_path)
    assert line.val_accuracy == history[1]["val_accuracy"]
    report = (done.path / "report.html").read_text()
    assert "From epoch 3 on the validation samples were learnt too" in report
    assert "learnt too, at last (refit)" in done.evaluate(part="val").remarks[0]
    assert not any("refit" in remark for remark in done.evaluate().remarks)


def test_a_refit_goes_on_to_the_same_bits(tmp_path):
    """Stopped in the epochs that learn the validation samples, and before."""
    whole = finish(stream(small(runs=tmp_path / "whole", epochs=3, refit=0.5))).run.path
    for stop in (1, 2, 3):
        events, path = stream(small(runs=tmp_path / str(stop), epochs=3, refit=0.5)), None
        for event in events:
            path = event.path if isinstance(event, Created) else path
            if isinstance(event, Epoch) and event.number == stop:
                events.close()
        again = convscope.resume(path).path
        assert digest(again) == digest(whole)
        assert digest(again, "best.safetensors") == digest(whole, "best.safetensors")


def test_what_was_learnt_never_judges_again(tmp_path):
    """Trained on, a run whose validation samples were learnt learns them in all that is added."""
    whole = finish(stream(small(runs=tmp_path, epochs=3, refit=0.3))).run
    longer = convscope.resume(whole.path, epochs=5)
    assert [row["val_loss"] is None for row in longer.history] == [False, False, True, True, True]
    assert longer.history[-1]["best"]
    early = stream(small(runs=tmp_path, epochs=3, refit=0.3))
    for event in early:
        if isinstance(event, Epoch):
            early.close()
    longer = convscope.resume("latest", epochs=5, runs=tmp_path)
    assert [row["val_loss"] is None for row in longer.history] == [False, False, False, True, True]


def test_suspicions_are_warnings_of_python():
    x = np.random.default_rng(0).normal(size=(40, 8, 8)).astype("f")
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 2), nn.Softmax(1))
    with pytest.warns(TrainingWarning, match="softmax before cross_entropy") as said:
        convscope.train((x, [0, 1] * 20), network=net, epochs=0.5, threads=1, device="cpu")
    assert said[0].filename == __file__


def test_several_trainings_are_named():
    with pytest.raises(SettingsError, match=r"convscope\.repeat\(data, folds=…\)"):
        convscope.train("digits", folds=3)


def test_what_spoils_the_judging_is_a_warning_a_notice_and_above_the_report(tmp_path, capsys):
    x = np.random.default_rng(0).integers(0, 256, (60, 8, 8), dtype=np.uint8)
    x[30:] = x[:30]
    np.savez("twice.npz", x=x, y=np.arange(60) % 2)
    usual = {"network": "plain", "epochs": 0.5, "threads": 1, "runs": tmp_path / "runs"}
    with pytest.warns(TrainingWarning, match="samples of different parts are equal"):
        trained = convscope.train("twice.npz", **usual)
    (said,) = [notice["text"] for notice in trained.notices if "different parts" in notice["text"]]
    result = (trained.path / "report.html").read_text().partition("<h1>")[0]
    assert said[1:].partition(" (such as")[0] in result
    assert execute(["train", "twice.npz", "--epochs", "0.5", "--threads", "1", "--quiet", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert said in told["notices"]
    low, high = told["interval"]
    assert low <= told["accuracy"] <= high
    low, high = told["balanced_interval"]
    assert low <= told["balanced_accuracy"] <= high
