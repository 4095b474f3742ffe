"""The log for TensorBoard, read by TensorBoard itself."""

import sys

import pytest
import torch

import convscope
from convscope import recipe
from convscope.cli import execute
from convscope.errors import MissingLibrary
from convscope.recipe import plan
from convscope.training.events import TrainingStep

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("undrawn")]  # of TensorBoard
QUICK = {"network": "plain", "epochs": 2, "batch": 10, "threads": 1, "lr": 0.01, "precision": "fp32"}
DATA = (torch.rand(50, 1, 8, 8), torch.arange(50) % 2)


def figures(path):
    """Name → (step, value) of each point, as TensorBoard would draw them."""
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    found = accumulator.EventAccumulator(str(path / "tensorboard"), purge_orphaned_data=True)
    found.Reload()
    return {
        name: [(each.step, each.value) for each in found.Scalars(name)] for name in found.Tags()["scalars"]
    }


def test_the_log_has_the_figures_of_the_run(tmp_path):
    pytest.importorskip("tensorboard")
    run = convscope.train(DATA, tensorboard=True, runs=tmp_path, **QUICK)
    found = figures(run.path)
    for name, field in {"loss/training": "train_loss", "accuracy/validation": "val_accuracy"}.items():
        assert found[name] == [(row["step"], pytest.approx(row[field], rel=1e-4)) for row in run.history]
    assert found["step/loss"] == [(row["step"], pytest.approx(row["loss"], rel=1e-4)) for row in run.steps]
    assert convscope.load(run.path).evaluate(DATA) is not None  # what is not sealed is no damage


def test_a_log_goes_on_where_the_run_does(tmp_path):
    pytest.importorskip("tensorboard")
    events = recipe.stream(plan(DATA, tensorboard=True, runs=tmp_path, **QUICK))
    for event in events:
        if isinstance(event, TrainingStep) and event.step == 6:  # of 4 an epoch: the first is on the disk
            break
    events.close()
    (folder,) = (each for each in tmp_path.iterdir() if each.is_dir() and not each.is_symlink())
    run = convscope.resume(folder, data=DATA)
    found = figures(folder)
    assert [step for step, _ in found["step/loss"]] == [row["step"] for row in run.steps]
    assert [step for step, _ in found["loss/training"]] == [row["step"] for row in run.history]


def test_a_loop_of_ones_own_has_one_too(tmp_path):
    pytest.importorskip("tensorboard")
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 2))
    with convscope.Recorder(model, DATA, tensorboard=True, runs=tmp_path) as recorder:
        recorder.epoch(train_loss=0.5)
        recorder.epoch(train_loss=0.25, val_loss=2.0)
    found = figures(recorder.path)
    assert found["loss/training"] == [(1, 0.5), (2, 0.25)]
    assert found["loss/validation"] == [(2, 2.0)]
    assert "step/loss" not in found


def test_what_is_missing_is_said_before_anything_is_made(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(
        MissingLibrary, match=r"needs tensorboard, which is not.*\n.*convscope\[tensorboard\]"
    ):
        convscope.train(DATA, tensorboard=True, runs=tmp_path / "runs", **QUICK)
    assert not (tmp_path / "runs").exists()


def test_it_is_an_option_of_train(tmp_path, monkeypatch):
    pytest.importorskip("tensorboard")
    monkeypatch.chdir(tmp_path)
    words = "train digits --network plain --epochs 0.1 --threads 1 --tensorboard --quiet"
    assert execute(words.split()) == 0
    assert figures(next(each for each in (tmp_path / "runs").iterdir() if each.is_symlink()))
