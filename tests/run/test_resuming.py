"""A finished run that is trained on, and what may go wrong in between; runs of an older convscope."""

import csv
import errno
import multiprocessing
import os
import shutil
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import load_file

from convscope import recipe
from convscope.errors import ConvscopeError, RunError
from convscope.run import Writer, create, load, resuming, runs
from tests.run.killing import die_at

processes = multiprocessing.get_context("fork")
OLD = Path(__file__).parent / "old"
TABLES = ("history.csv", "steps.csv", "notices.csv")
FILES = (*TABLES, "best.safetensors", "last.safetensors", "training.safetensors", "settings.toml")


def longer(run, epochs=4):
    """The run's settings with more epochs."""
    before = run.settings
    return before.model_copy(update={"training": replace(before.training, epochs=float(epochs))})


def go_on(path, training, after, steps=9):
    """Train on, whatever state the run is in."""
    run = load(path)
    resumed = Writer.resume(run, after)
    try:
        for event in training.events(steps, after=int(load(path).state()["progress.step"])):
            resumed.write(event)
    finally:
        resumed.close()


def test_a_finished_run_goes_on_where_it_ended(finished, training):
    weights = load_file(finished.path / "last.safetensors")
    history = finished.history
    resumed = Writer.resume(finished, longer(finished))
    run = load(finished.path)
    assert not run.finished
    assert "has not finished" in run.caveat
    assert run.settings.training.epochs == 4
    state, expected = run.state(), training.state(6)
    assert {name: value.tolist() for name, value in state.items()} == {
        **{name: value.tolist() for name, value in expected.items()},
        "progress.highest_epoch": 2,  # patience counts from here
    }
    assert all(state[f"model.{name}"].equal(value) for name, value in weights.items())
    assert not (run.path / "training.safetensors").exists()
    for event in training.events(9, after=6):
        resumed.write(event)
    run = load(finished.path)
    assert run.finished
    assert run.history[:2] == history
    assert len(run.history) == 3
    assert not list(run.path.glob("checkpoint*"))


def test_a_run_that_was_trained_on_has_the_files_of_a_whole_one(finished, training, dataset):
    go_on(finished.path, training, longer(finished))
    whole = create("runs", longer(finished), dataset)
    for event in training.events(9):
        whole.write(event)
    for name in FILES:
        assert (finished.path / name).read_bytes() == (whole.path / name).read_bytes(), name


def mortal_going_on(path, training, count, after):
    die_at(count)
    go_on(path, training, after)


def test_a_kill_at_every_single_change_on_the_disk(finished, training, tmp_path):
    after = longer(finished)
    whole = Path(shutil.copytree(finished.path, tmp_path / "whole"))
    go_on(whole, training, after)
    states = set()
    for count in range(1, 200):
        path = Path(shutil.copytree(finished.path, tmp_path / f"run_{count}"))
        child = processes.Process(target=mortal_going_on, args=(path, training, count, after))
        child.start()
        child.join()
        run = load(path)
        states.add((run.finished, run.settings.training.epochs))
        assert len(run.history) >= 2
        run.model()
        if child.exitcode == 0:
            break
        if not (run.finished and run.settings == after):
            go_on(path, training, after)
        for name in FILES:
            assert (path / name).read_bytes() == (whole / name).read_bytes(), (count, name)
    assert child.exitcode == 0
    assert count > 30
    assert states == {(True, 2.0), (False, 2.0), (False, 4.0), (True, 4.0)}


def test_no_space_at_any_point(finished, training, monkeypatch):
    """Each time at another call; nothing that was is lost, and going on comes to the same end."""
    after, real = longer(finished), os.fsync
    whole = Path(shutil.copytree(finished.path, finished.path.parent / "whole"))
    go_on(whole, training, after)
    for call in range(1, 100):
        path = Path(shutil.copytree(finished.path, finished.path.parent / f"full_{call}"))
        calls = []

        def fsync(handle, calls=calls, call=call):
            calls.append(handle)
            if len(calls) >= call:
                raise OSError(errno.ENOSPC, "No space left on device")
            real(handle)

        monkeypatch.setattr(os, "fsync", fsync)
        try:
            go_on(path, training, after)
        except RunError as error:
            assert "cannot be written" in str(error)
            assert "No space left on device" in str(error)
        monkeypatch.setattr(os, "fsync", real)
        if len(calls) < call:
            break
        run = load(path)
        assert len(run.history) >= 2
        run.model()
        assert not list(path.glob(".*"))
        if not (run.finished and run.settings == after):
            go_on(path, training, after)
        for name in FILES:
            assert (path / name).read_bytes() == (whole / name).read_bytes(), (call, name)
    assert call > 30


def test_without_what_is_kept_for_it_a_run_is_as_good_but_for_going_on(finished, training):
    (finished.path / "training.safetensors").unlink()
    run = load(finished.path)
    run.model()
    before = {path.name: path.read_bytes() for path in run.path.iterdir()}
    with pytest.raises(RunError, match=r"no training\.safetensors.*\n  Begin a new run with more epochs"):
        Writer.resume(run, longer(run))
    assert {path.name: path.read_bytes() for path in run.path.iterdir()} == before


def test_two_that_go_on_at_once(finished, training):
    after, late = longer(finished), load(finished.path)
    first = Writer.resume(finished, after)
    with pytest.raises(RunError, match="is being written by a training that is still going on"):
        Writer.resume(late, after)
    for event in training.events(9, after=6):
        first.write(event)
    before = (late.path / "history.csv").read_bytes()
    with pytest.raises(RunError, match="was gone on with by another process meanwhile"):
        Writer.resume(late, after)
    assert (late.path / "history.csv").read_bytes() == before
    load(late.path)


def test_one_that_was_interrupted_when_it_was_looked_at_and_is_finished_now(interrupted, training):
    """Its tables must not be cut off."""
    resumed = Writer.resume(load(interrupted.path))
    for event in training.events(9, after=6):
        resumed.write(event)
    before = {path.name: path.read_bytes() for path in interrupted.path.iterdir()}
    with pytest.raises(RunError, match=r"is finished \(done\)"):
        Writer.resume(interrupted)
    assert {path.name: path.read_bytes() for path in interrupted.path.iterdir()} == before
    Writer(interrupted.path).close()  # nobody holds it any more


def test_a_run_that_may_not_be_written(finished, training, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    before = {path.name: path.read_bytes() for path in finished.path.iterdir()}
    monkeypatch.setattr("convscope.outputs._aside", refuse)
    with pytest.raises(RunError, match=r"cannot be written to .*: Permission denied\.\n  Nothing of it is"):
        Writer.resume(finished, longer(finished))
    with pytest.raises(RunError, match="report cannot be written"):
        finished.judge()
    monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in finished.path.iterdir()} == before
    go_on(finished.path, training, longer(finished))


def test_a_folder_of_runs_that_may_not_be_written(finished, settings, dataset, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(RunError, match="runs is read-only"):
        Writer.resume(finished, longer(finished))
    with pytest.raises(RunError, match="runs is read-only"):
        create("runs", settings, dataset)
    assert load(finished.path).finished
    assert load(finished.path).settings == finished.settings
    assert len(list(Path("runs").iterdir())) == 2


def mortal_judging(path, count):
    die_at(count)
    load(path).judge()


def test_a_kill_while_judging_leaves_no_figures_that_are_not_proven(finished, tmp_path):
    finished.judge()
    (known,) = runs("runs")
    for count in (3, 6, 9, 11, 12, 99):
        path = Path(shutil.copytree(finished.path, tmp_path / "killed" / f"{count}"))
        (path / "evaluation.json").write_text("{}")  # torn by something else
        child = processes.Process(target=mortal_judging, args=(path, count))
        child.start()
        child.join()
        (line,) = (run for run in runs(tmp_path / "killed") if run.name == str(count))
        assert line.problem == ""
        assert (line.test == known.test) == (line.remark == "")
        assert line.test in (known.test, {})
        if child.exitcode == 0:
            break
    assert child.exitcode == 0
    assert count == 99


def test_a_folder_called_latest_is_told_before_anything_is_made(settings, dataset, finished):
    Path("runs/latest").unlink()
    Path("runs/latest").mkdir()
    before = sorted(Path("runs").iterdir())
    with pytest.raises(RunError, match="latest is a folder, and has the name that points"):
        create("runs", settings, dataset)
    with pytest.raises(RunError, match="latest is a folder"):
        Writer.resume(finished, longer(finished))
    assert sorted(Path("runs").iterdir()) == before
    assert load(finished.path).finished


@pytest.mark.parametrize("kind", ["finished", "interrupted"])
def test_not_longer_is_refused(request, kind):
    run = request.getfixturevalue(kind)
    for epochs in (0.5, 1, 2):
        with pytest.raises(RunError, match=f"is set to 2 epochs already; got {epochs:g}"):
            resuming.Continuation.of(run, epochs, None, None)
    with pytest.raises(ConvscopeError, match="epochs"):
        resuming.Continuation.of(run, float("nan"), None, None)


def test_more_epochs_are_said(finished):
    settings, said = resuming.Continuation.of(finished, 4, "cpu", None)
    assert said[0] == "trained on from epoch 2 (done) to 4 epochs"
    assert settings.facts.remarks[-len(said) :] == tuple(said)


def test_another_machine_is_said(interrupted):
    _, said = resuming.Continuation.of(interrupted, 5, "cpu", 1)
    assert said[0] == "goes on to 5 epochs; it was set to 2"
    _, said = resuming.Continuation.of(interrupted, None, "cpu", 3)
    assert any("threads 3 (before: 1): sums round otherwise" in line for line in said)


@pytest.fixture(params=["finished", "interrupted"])
def old(request, tmp_path):
    """A run of the convscope before results were on record."""
    return Path(shutil.copytree(OLD / request.param, tmp_path / "runs" / request.param))


def test_an_old_run_opens_is_listed_and_predicts(old):
    run = load(old)
    (line,) = runs("runs")
    assert line.state == ("done" if run.finished else "interrupted")
    assert line.problem == ""
    assert line.test == {}
    assert bool(line.remark) == run.finished  # the other one was never judged
    assert not run.finished or "has no SHA-256 on record: an older convscope wrote it" in line.remark
    evaluation = run.evaluate()
    assert evaluation.samples == 359
    if run.finished:
        with (old / "predictions.csv").open(newline="") as file:
            told = [line["predicted"] for line in csv.DictReader(file)]
        dataset = run.dataset()
        said = run.predict(dataset.inputs[dataset.parts["test"]])
        assert [run.classes[place] for place in said.probabilities.argmax(1)] == told


def test_an_old_interrupted_run_goes_on_to_the_same_end(tmp_path):
    old = shutil.copytree(OLD / "interrupted", tmp_path / "runs" / "interrupted")
    list(recipe.go_on(old))
    ours, theirs = (load_file(path / "last.safetensors") for path in (old, OLD / "finished"))
    assert all(ours[name].allclose(theirs[name], rtol=1e-3, atol=1e-4) for name in theirs)
    assert runs("runs")[0].test["accuracy"] > 0.7


def test_an_old_finished_run_is_judged_anew_and_not_trained_on(tmp_path):
    old = Path(shutil.copytree(OLD / "finished", tmp_path / "runs" / "finished"))
    with pytest.raises(RunError, match="an older convscope kept none"):
        list(recipe.go_on(old, epochs=4))
    list(recipe.go_on("finished"))
    (line,) = runs("runs")
    assert line.test["accuracy"] > 0.7
    assert line.remark == ""
    with pytest.raises(RunError, match=r"is finished \(done\).*\n.*--resume .* --epochs 4"):
        list(recipe.go_on("finished"))


def test_evaluate_changes_nothing(finished, dataset):
    finished.judge(dataset)

    def now():
        return {path: (path.stat().st_mtime_ns, stat.S_IMODE(path.stat().st_mode)) for path in everything()}

    def everything():
        return sorted(Path("runs").absolute().rglob("*"))

    before = now()
    load("latest").evaluate()
    load("latest").evaluate(part="val")
    assert now() == before
