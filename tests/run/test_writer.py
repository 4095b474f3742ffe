import json
import os
import stat
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from convscope.errors import RunError
from convscope.run import Writer, create, load
from convscope.training.events import Checkpoint, Epoch, Finished, Notice, TrainingStep


def test_a_new_run_has_settings_and_is_the_latest(writer, settings):
    assert writer.path.parent == Path("runs").absolute()
    assert load("latest").path == writer.path.resolve()
    assert load("latest").settings == settings
    assert load("latest").history == []


def test_history_is_what_the_events_said(finished, training):
    epochs = [event for event in training.events(6) if isinstance(event, Epoch)]
    assert [line["number"] for line in finished.history] == [1, 2]
    for line, epoch in zip(finished.history, epochs, strict=True):
        for field, value in line.items():
            assert value == pytest.approx(getattr(epoch, field), rel=1e-5)
    assert finished.history[0]["best"] is True
    assert finished.history[1]["best"] is False
    assert [line["step"] for line in finished.steps] == [1, 2, 3, 4, 5, 6]
    assert finished.steps[2]["loss"] == pytest.approx(1 / 3, rel=1e-5)
    assert [line["step"] for line in finished.notices] == [1, 3, 5]
    assert finished.notices[1]["text"] == 'step 3 is odd, "quoted",\nand has two lines'


def test_history_has_headers_for_people(finished):
    first = (finished.path / "history.csv").read_text().splitlines()[0]
    assert first.startswith("epoch,step,training loss,training accuracy,validation loss")


def test_best_and_last_weights_are_those_of_their_steps(finished, training):
    for name, step in (("best", 3), ("last", 6)):
        saved = load_file(finished.path / f"{name}.safetensors")  # the library's own reader
        expected = {
            k.removeprefix("model."): v for k, v in training.state(step).items() if k.startswith("model.")
        }
        assert saved.keys() == expected.keys()
        assert all(torch.equal(saved[key], expected[key]) for key in saved)


def test_a_finished_run_keeps_what_matters_and_nothing_else(finished):
    names = {path.name for path in finished.path.iterdir()}
    tables = {"history.csv", "steps.csv", "notices.csv", "layers.csv", "changes.csv"}
    own = {"settings.toml", "manifest.json", "seen.bin", "best.safetensors", "last.safetensors"}
    assert names == own | tables | {"training.safetensors"}
    assert finished.finished
    assert finished.caveat == ""
    assert finished.facts["reason"] == "done"
    assert finished.facts["device"] == "cpu"


def test_a_checkpoint_replaces_the_older_one(interrupted, training):
    (file,) = interrupted.path.glob("checkpoint-*.safetensors")
    record = json.loads((interrupted.path / "checkpoint.json").read_text())
    assert (record["step"], record["file"]) == (6, file.name)
    state, expected = interrupted.state(), training.state(6)
    assert state.keys() == expected.keys()
    assert all(torch.equal(state[key], expected[key]) for key in state)


def test_going_on_gives_the_same_files_as_without_the_interruption(interrupted, training, settings, dataset):
    whole = create("runs", settings, dataset)
    for event in training.events(11):
        whole.write(event)
    assert [line["step"] for line in interrupted.history] == [3, 6, 9]  # the last is beyond the checkpoint
    resumed = Writer.resume(interrupted)
    for event in training.events(11, after=6):
        resumed.write(event)
    for name in ("history.csv", "steps.csv", "notices.csv", "best.safetensors", "last.safetensors"):
        assert (resumed.path / name).read_bytes() == (whole.path / name).read_bytes(), name
    assert load("latest").path == interrupted.path
    assert load(interrupted.path).finished


def test_a_run_without_a_checkpoint_begins_anew(writer):
    writer.write(TrainingStep(1, 1, 0.5, 0.1, 10.0))
    writer.close()
    run = load(writer.path)
    assert run.state() is None
    Writer.resume(run).close()
    assert load(writer.path).steps == []


def test_ctrl_c_leaves_last_weights_and_the_checkpoint(writer, training):
    for event in training.events(6):
        writer.write(Finished("interrupted", 6, 2.0, 1, 1.0) if isinstance(event, Finished) else event)
    run = load(writer.path)
    assert not run.finished
    assert "has not finished" in run.caveat
    assert run.state()["progress.step"] == 6
    assert (run.path / "last.safetensors").exists()
    resumed = Writer.resume(run)
    for event in training.events(7, after=6):
        resumed.write(event)
    assert load(run.path).finished


def test_a_second_checkpoint_of_the_same_step_is_kept(writer, training):
    for number in range(4):
        writer.write(Notice("something else"))
        writer.write(Checkpoint(5, lambda number=number: training.state(number)))
        run = load(writer.path)
        assert run.state()["progress.step"] == number
        assert len(list(run.path.glob("checkpoint-*.safetensors"))) == 1


def test_a_checkpoint_of_a_moment_that_is_saved_already_costs_nothing(writer, training):
    writer.write(Checkpoint(5, lambda: training.state(5)))
    before = {path.name: path.stat().st_mtime_ns for path in writer.path.iterdir()}
    writer.write(Checkpoint(5, lambda: training.state(5)))
    assert {path.name: path.stat().st_mtime_ns for path in writer.path.iterdir()} == before


def test_a_finished_run_is_not_gone_on_with(finished):
    with pytest.raises(RunError, match=r"is finished \(done\): there is nothing left to go on with"):
        Writer.resume(finished)


def test_a_run_that_is_being_written_is_not_gone_on_with(writer):
    with pytest.raises(RunError, match="a training that is still going on"):
        Writer.resume(load(writer.path))


def test_a_root_that_cannot_be_made_is_an_error_of_ours(settings, dataset, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="no run folder can be made in"):
        create(tmp_path / "file", settings, dataset)


@pytest.mark.parametrize(("mask", "folder", "file"), [(0o077, 0o700, 0o600), (0o002, 0o775, 0o664)])
def test_a_run_has_the_permissions_of_the_umask(settings, dataset, training, mask, folder, file):
    before = os.umask(mask)
    try:
        writer = create("runs", settings, dataset)
        for event in training.events(6):
            writer.write(event)
        load(writer.path).judge(dataset)
    finally:
        os.umask(before)
    inside = [Path("runs"), writer.path, *writer.path.rglob("*")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in inside if path.is_dir()} == {folder}
    assert {stat.S_IMODE(path.stat().st_mode) for path in inside if path.is_file()} == {file}


def test_a_full_disk_while_judging_is_a_sentence(finished, dataset, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(
        RunError, match=r"cannot be written.*No space left on device.\n  The weights are safe"
    ) as caught:
        finished.judge(dataset)
    assert str(finished.path) in str(caught.value)
