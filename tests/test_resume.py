"""Going on with real trainings: what is the same to the bit, what is said otherwise, what is refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import convscope
from convscope import recipe, run
from convscope.cli import execute
from convscope.errors import DataError, RunError, SettingsError, TrainingError
from convscope.recipe import Created
from convscope.training.events import TrainingStep

pytestmark = pytest.mark.usefixtures("undrawn")
WEIGHTS = ("last.safetensors", "best.safetensors")
USUAL = {"network": "fast", "width": 0.125, "threads": 1, "precision": "fp32", "device": "cpu", "batch": 128}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """Stand in an empty folder, with an empty cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONVSCOPE_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A finished run of one epoch, for all."""
    return convscope.train("digits", epochs=1, runs=tmp_path_factory.mktemp("kept"), **USUAL).path


@pytest.fixture
def short(kept, tmp_path):
    """A copy of it, which is the latest in the folder `mine`."""
    path = Path(shutil.copytree(kept, tmp_path / "mine" / "short"))
    (path.parent / "latest").symlink_to("short")
    return path


def same(one, other, names=WEIGHTS):
    return all((one / name).read_bytes() == (other / name).read_bytes() for name in names)


def everything():
    """All that is on the disk but the cache: path → content."""
    files = (path for path in Path().rglob("*") if path.is_file() and "cache" not in path.parts)
    return {path: path.read_bytes() for path in files}


def said(events):
    return next(event.reasons for event in events if isinstance(event, Created))


def test_a_run_that_was_moved_out_of_its_runs_gets_no_latest_beside_it(short):
    (short.parent / "latest").unlink()
    convscope.resume(short, epochs=1.1)
    assert [path.name for path in short.parent.iterdir()] == ["short"]


@pytest.mark.parametrize("first", [1, 1.5])
def test_a_constant_rate_gives_what_all_epochs_at_once_give(first):
    """Also where it ended within a pass: the rest of that is an epoch of its own."""
    given = {**USUAL, "schedule": "constant", "augment": "shift=0.1"}
    whole = convscope.train("digits", epochs=3, **given)
    begun = convscope.train("digits", epochs=first, **given)
    assert not same(begun.path, whole.path)
    longer = convscope.resume(begun.path, epochs=3)
    assert longer.path == begun.path
    assert same(longer.path, whole.path, WEIGHTS[:1])
    assert [line["loss"] for line in longer.steps] == [line["loss"] for line in whole.steps]
    if first == 1:
        assert same(longer.path, whole.path)
        assert longer.evaluate() == whole.evaluate()
    assert [line["number"] for line in longer.history] == list(range(1, 4 + (first == 1.5)))
    assert longer.settings.training == whole.settings.training
    assert longer.facts["steps"] == whole.facts["steps"]


def test_a_run_that_is_trained_on_and_left_comes_to_the_same_end(short, tmp_path):
    whole = Path(shutil.copytree(short, tmp_path / "whole"))
    events = recipe.go_on(whole, epochs=3)
    reasons = said(events)
    list(events)
    assert reasons[0] == "trained on from epoch 1 (done) to 3 epochs"
    assert "the learning rate (onecycle) is laid out over 3 epochs: it was " in reasons[1]
    assert len(reasons) == 2  # the bits are the same: nothing to say
    for after in (1, 7, 13):  # in the first new epoch, and in the second
        events = recipe.go_on(short, epochs=3 if after == 1 else None)
        for event in events:
            if isinstance(event, TrainingStep) and event.step >= 11 + after:
                break
        events.close()
        assert not run.load(short).finished
    list(recipe.go_on(short))
    assert same(short, whole)
    assert (short / "settings.toml").read_bytes() == (whole / "settings.toml").read_bytes()
    assert run.load(short).history[0] == run.load(whole).history[0]
    report = (short / "report.html").read_text()
    assert "trained on from epoch 1 (done) to 3 epochs" in report
    assert "of 3," in report  # epochs


def test_patience_counts_anew():
    given = {**USUAL, "lr": 1e-9, "schedule": "constant", "patience": 2}
    stopped = convscope.train("digits", epochs=20, **given)
    assert stopped.facts["reason"] == "early stopping"
    done = len(stopped.history)
    with pytest.raises(RunError, match="is set to 20 epochs already; got 20"):
        convscope.resume(stopped, epochs=20)
    longer = convscope.resume(stopped, epochs=30)
    assert longer.facts["reason"] == "early stopping"
    assert len(longer.history) >= done + 2


def test_other_threads_are_recorded_and_said(short):
    events = recipe.go_on(short, epochs=2, threads=2)
    first = said(events)
    events.close()
    assert "threads 2 (before: 1): sums round otherwise, so the weights may differ in their last" in first[-1]
    again = run.load(short)
    assert again.settings.training.threads == 2  # what goes on from here goes on with them
    assert first[-1] in again.settings.facts.remarks
    list(recipe.go_on(short))
    assert run.load(short).facts["threads"] == 2


def test_a_run_is_looked_for_in_the_folder_that_is_named(short, tmp_path, capsys):
    assert execute(["train", "--resume", "latest"]) == 1
    assert "nothing at latest or runs/latest" in capsys.readouterr().err
    command = ["train", "--resume", "latest", "--runs", "mine", "--epochs", "2", "--json"]
    assert execute(command) == 0
    assert json.loads(capsys.readouterr().out)["epochs"] == 2
    assert convscope.resume("short", runs="mine", epochs=3).facts["epochs"] == 3
    other = tmp_path / "other" / "short"
    shutil.copytree(short, other)
    (tmp_path / "short").symlink_to(other)  # here, too, but the named folder counts
    assert convscope.resume("short", runs="mine", epochs=4).path == short


REFUSED = {
    "--epochs 1": (1, "is set to 1 epoch already; got 1"),
    "--epochs 0.5": (1, "can be made longer only: give more than 1"),
    "": (1, "is finished (done): there is nothing left to go on with"),
    "--threads 2": (1, "To train it on, give more epochs: --resume"),
    "--epochs 3 --device cuda": (1, "device 'cuda' was asked for, but torch finds cpu"),
    "--epochs 3 --device tpu": (2, "expected auto, cpu, cuda, cuda:1 or mps; got tpu"),
    "--epochs 3 --threads 0": (2, "greater than or equal to 1"),
    "--epochs 3 --threads 99999": (1, "99,999 threads were asked for"),
    "--epochs nan": (2, "input should be greater than 0; got nan"),
    "--epochs 3 --precision bf16": (2, "got --precision too"),
    "--epochs 3 --lr 0.1": (2, "Only --epochs, --device and --threads may change"),
    "--epochs 3 --strict": (2, "got --strict too"),
}


@pytest.mark.parametrize("options", REFUSED)
def test_what_is_refused_changes_nothing(short, capsys, options):
    code, words = REFUSED[options]
    before = everything()
    assert execute(["train", "--resume", "latest", "--runs", "mine", *options.split()]) == code
    told = capsys.readouterr().err
    assert words in told
    assert "did not expect" not in told
    assert everything() == before


def test_a_device_that_is_not_there_leaves_everything_as_it_is(short, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    before = everything()
    with pytest.raises(TrainingError, match="'cuda' was asked for"):
        convscope.train("digits", device="cuda", runs="mine")
    with pytest.raises(TrainingError, match="'cuda' was asked for"):
        convscope.resume("latest", runs="mine", epochs=3, device="cuda")
    with pytest.raises(SettingsError, match="device: expected auto"):
        convscope.resume("latest", runs="mine", epochs=3, device="tpu")
    assert execute(["train", "digits", "--device", "cuda", "--runs", "mine"]) == 1
    assert everything() == before


def test_a_pointer_that_hangs_or_leads_elsewhere(short, tmp_path):
    latest = tmp_path / "mine" / "latest"
    latest.unlink()
    latest.symlink_to("gone")
    with pytest.raises(RunError, match="points to gone, which is gone"):
        convscope.resume("latest", runs="mine")
    latest.unlink()
    latest.symlink_to(latest)
    with pytest.raises(RunError, match="latest"):
        convscope.resume("latest", runs="mine")
    latest.unlink()
    away = Path(shutil.copytree(short, tmp_path / "away" / "run"))
    latest.symlink_to(away)
    assert convscope.resume("latest", runs="mine", epochs=2).path == away
    assert run.load(short).settings.training.epochs == 1
    for name in ("x" * 5000, "nul\0", "~nobodyatall/run", ""):
        with pytest.raises(RunError, match=r"not a run|a run is named by"):
            convscope.resume(name, runs="mine")


def test_arrays_in_memory_are_given_again(tmp_path):
    random = np.random.default_rng(0)
    x, y = random.normal(size=(60, 1, 24)).astype("f"), np.arange(60) % 3
    begun = convscope.train((x, y), epochs=1, threads=1, precision="fp32", device="cpu")
    with pytest.raises(DataError):
        convscope.resume(begun, epochs=2)
    with pytest.raises(DataError, match="not what this run was trained on"):
        convscope.resume(begun, epochs=2, data=(x + 1, y))
    assert run.load(begun.path).finished
    assert len(convscope.resume(begun, epochs=2, data=(x, y)).history) == 2
