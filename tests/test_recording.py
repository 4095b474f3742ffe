"""A person's own loop, as a run: it answers as the loop's model, and claims no more than was told."""

import json
import subprocess
import sys
import tomllib
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import convscope
from convscope import Recorder, load
from convscope.cli import execute
from convscope.errors import ConvscopeError, RunError, TrainingWarning
from convscope.network.keras_file import imported
from convscope.run import Run

X, Y = torch.randn(60, 1, 8, 8, generator=torch.Generator().manual_seed(0)) * 3 + 5, torch.arange(60) % 3


class Small(nn.Module):
    def __init__(self, channels: int = 1, classes: int = 3) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(channels, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, classes))

    def forward(self, x):
        return self.body(x)


def step(model, x, y, loss=nn.functional.cross_entropy):
    """One pass of somebody's loop."""
    value = loss(model(x), y)
    model.zero_grad()
    value.backward()
    with torch.no_grad():
        for each in model.parameters():
            each.sub_(0.1 * each.grad)
    return value.item()


def loop(runs: Path) -> tuple[nn.Module, Recorder]:
    """Two epochs, all of which another process can do again."""
    torch.manual_seed(0)
    model = Small()
    recorder = Recorder(model, (X, Y), mean=5.0, std=3.0, trained_with={"optimizer": "SGD"}, runs=runs)
    for _ in range(2):
        recorder.epoch(train_loss=step(model, (X - 5) / 3, Y))
    return model, recorder


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> tuple[nn.Module, Run]:
    model, recorder = loop(tmp_path_factory.mktemp("runs"))
    return model, recorder.finish()


def answers(run: Run, x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return run.model()(x)


def test_the_run_answers_as_the_model(recorded):
    model, run = recorded
    torch.testing.assert_close(answers(run, X), model((X - 5) / 3), rtol=1e-5, atol=1e-5)
    chances = torch.tensor([said.probability for said in run.predict(X)])
    torch.testing.assert_close(chances, model((X - 5) / 3).softmax(1).amax(1), rtol=1e-5, atol=1e-5)


def test_all_that_the_loop_learnt_is_training(recorded):
    run = recorded[1]
    assert run.settings.facts.samples == {"train": 60, "val": 0, "test": 0}
    assert run.evaluate(part="train").samples == 60
    (listed,) = convscope.runs(run.path.parent)
    assert listed.test == {}  # what is learnt says nothing of new samples
    assert "the very samples it was trained on" in (run.path / "report.html").read_text()


def test_what_is_unknown_is_said_to_be(recorded):
    run = recorded[1]
    settings = tomllib.loads((run.path / "settings.toml").read_text())
    assert "training" not in settings
    assert settings["recorded"] == {"optimizer": "SGD"}
    assert load(run.path).settings.recorded == {"optimizer": "SGD"}
    page = (run.path / "report.html").read_text()
    assert "unknown: a loop of its person" in page
    for claim in ("learning-rate by epoch", "accuracy by epoch", "adamw", "as measured on"):
        assert claim not in page
    assert "takes off 5 and divides by 3, as its loop does" in page
    assert [row["lr"] for row in run.history] == [None, None]
    assert run.facts["precision"] == "unknown"


def test_other_doors_open_it(recorded, tmp_path, capfd):
    model, run = recorded
    np.savez(tmp_path / "data.npz", x=X.numpy(), y=Y.numpy())
    assert execute(["evaluate", str(run.path), "--data", str(tmp_path / "data.npz")]) == 1
    assert "were seen in training" in capfd.readouterr().err
    np.savez(tmp_path / "new.npz", x=X.numpy() + 1, y=Y.numpy())
    assert execute(["evaluate", str(run.path), "--data", str(tmp_path / "new.npz"), "--json"]) == 0
    right = (model((X - 4) / 3).argmax(1) == Y).double().mean().item()
    assert json.loads(capfd.readouterr().out)["accuracy"] == pytest.approx(right)
    shipped = convscope.export(load(run.path), tmp_path / "m.pt2")
    assert shipped.proof.difference <= 1e-5
    said = torch.export.load(tmp_path / "m.pt2").module()(X)
    torch.testing.assert_close(said.float(), model((X - 5) / 3).softmax(1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("given", [{}, {"epochs": 9}])
def test_it_cannot_be_trained_on_here(recorded, given):
    with pytest.raises(RunError, match=r"in a loop of your own.*\n.*convscope predict"):
        convscope.resume(recorded[1], **given)


def test_a_loop_that_is_killed_leaves_a_run_that_opens(tmp_path):
    code = "import os, signal, sys; from pathlib import Path; from test_recording import loop\n"
    code += "loop(Path(sys.argv[1])); os.kill(os.getpid(), signal.SIGKILL)"
    here = Path(__file__).parent
    assert subprocess.run([sys.executable, "-c", code, tmp_path], cwd=here, check=False).returncode == -9
    model, recorder = loop(tmp_path / "again")  # the same numbers
    recorder.close()
    (folder,) = (each for each in tmp_path.glob("*_*") if not each.is_symlink())
    run = load(folder, trust=True)
    assert (len(run.history), run.finished) == (2, False)
    torch.testing.assert_close(answers(run, X), model((X - 5) / 3), rtol=1e-5, atol=1e-5)
    with pytest.raises(RunError, match="in a loop of your own"):
        convscope.resume(folder)


def test_the_loop_is_left_as_it_was(tmp_path):
    torch.manual_seed(1)
    model = Small()
    before = torch.get_rng_state()
    recorder = Recorder(model, (X, Y), runs=tmp_path)
    recorder.epoch(train_loss=1.0, val_accuracy=0.5)
    recorder.close()
    assert torch.equal(torch.get_rng_state(), before)
    assert model.training
    assert all(each.grad is None for each in model.parameters())


def test_values_are_in_the_targets_unit(tmp_path):
    y = X.mean((1, 2, 3)) * 1000 + 20_000
    model = Small(classes=1)
    recorder = Recorder(model, ((X[:40], y[:40]), (X[40:], y[40:])), runs=tmp_path)
    recorder.epoch(train_loss=step(model, X[:40], y[:40, None], nn.functional.l1_loss))
    run = recorder.finish()
    torch.testing.assert_close(answers(load(run.path), X), model(X), rtol=1e-5, atol=1e-3)
    found = run.evaluate()
    assert found.mae == pytest.approx((model(X[40:])[:, 0] - y[40:]).abs().mean().item(), rel=1e-5)
    mean = next(rival for rival in found.rivals if "mean" in rival.what)
    assert mean.mae == pytest.approx((y[40:] - y[:40].mean()).abs().mean().item(), rel=1e-4)
    assert convscope.export(run, tmp_path / "m.pt2").proof.difference <= 1e-5
    assert "may be the better" not in (run.path / "report.html").read_text()


def test_each_sample_scaled_by_itself(tmp_path):
    model = Small()
    with Recorder(model, (X, Y), runs=tmp_path, scale="sample") as recorder:
        recorder.epoch(train_loss=1.0)
    own = (X - X.mean((2, 3), keepdim=True)) / X.std((2, 3), correction=0, keepdim=True)
    torch.testing.assert_close(answers(load(recorder.path), X), model(own), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "wrapped", [lambda net: torch.compile(net, backend="eager"), nn.DataParallel, lambda net: net.eval()]
)
def test_a_model_is_looked_at_through_what_is_around_it(wrapped, tmp_path):
    model = Small()
    with Recorder(wrapped(model), (X, Y), runs=tmp_path) as recorder:
        step(model, X, Y)
        recorder.epoch(train_loss=1.0)
    torch.testing.assert_close(answers(load(recorder.path), X), model(X), rtol=1e-5, atol=1e-5)


TOLD = {  # figures of each epoch → the epoch whose weights are kept
    "nothing": ([{}, {}, {}], 3),
    "losses": ([{"val_loss": 2.0}, {"val_loss": 1.0}, {"val_loss": 1.5}], 2),
    "accuracies": ([{"val_accuracy": 0.5}, {"val_accuracy": 0.7}, {"val_accuracy": 0.6}], 2),
    "some": ([{}, {"val_loss": 2.0}, {}], 2),
    "both": ([{"val_accuracy": 0.9}, {"val_loss": 2.0, "val_accuracy": 0.1}, {"val_accuracy": 1.0}], 2),
}


@pytest.mark.parametrize("name", TOLD)
def test_which_weights_are_kept(name, tmp_path):
    figures, kept = TOLD[name]
    model, said = Small(), []
    with Recorder(model, (X, Y), runs=tmp_path) as recorder:
        for each in figures:
            step(model, X, Y)
            recorder.epoch(train_loss=1.0, **each)
            said.append(model(X).detach())
    torch.testing.assert_close(answers(load(recorder.path), X), said[kept - 1], rtol=1e-5, atol=1e-5)


def test_an_accuracy_that_the_run_does_not_have_is_doubted(tmp_path):
    model = Small()
    parts = tuple((X[some], Y[some]) for some in (slice(0, 30), slice(30, 50), slice(50, 60)))
    recorder = Recorder(model, parts, mean=5.0, std=3.0, runs=tmp_path)
    assert {part: len(rows) for part, rows in recorder._dataset.parts.items()} == {
        "train": 30,
        "val": 20,
        "test": 10,
    }
    right = (model((parts[1][0] - 5) / 3).argmax(1) == parts[1][1]).double().mean()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        recorder.epoch(train_loss=1.0, val_accuracy=right)
    recorder.close()
    other = Recorder(model, parts, mean=5.0, std=3.0, runs=tmp_path)
    with pytest.warns(
        TrainingWarning, match=r"told a validation accuracy of .* 20 validation samples.*this order"
    ):
        other.epoch(train_loss=1.0, val_accuracy=1 - right)
    other.close()
    assert "this order (0, 1, 2)" in load(other.path).notices[0]["text"]


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ({"train_loss": float("nan")}, "train_loss is nan: the weights ran away"),
        ({"train_loss": 1, "val_accuracy": 97.5}, r"a share from 0 to 1 \(0.97 for 97 %\); got 97.5"),
        ({"train_loss": torch.zeros(2)}, "train_loss: expected a number; got a Tensor"),
        ({"train_loss": None}, "train_loss: expected a number; got None"),
        ({"train_loss": 1, "lr": "fast"}, "lr: expected a number; got 'fast'"),
    ],
)
def test_figures_that_cannot_be(figures, words, tmp_path):
    with Recorder(Small(), (X, Y), runs=tmp_path) as recorder:
        with pytest.raises(ConvscopeError, match=words):
            recorder.epoch(**figures)
        recorder.epoch(train_loss=torch.tensor([0.5]))
    assert load(recorder.path).history[0]["train_loss"] == 0.5


BYTES = (X.clamp(0, 1) * 255).to(torch.uint8)
HANDED = {
    "model": (lambda: {"model": 3}, "the model is 3"),
    "a run's": (lambda: {"model": load_model()}, "first and last step"),
    "outputs": (lambda: {"model": Small(classes=4)}, "4"),
    "bytes": (lambda: {"source": (BYTES, Y)}, "what does the loop divide them by"),
    "mean": (lambda: {"mean": [1.0, 2.0]}, "mean: expected a number, or one for each of 1 channels; got 2"),
    "std": (lambda: {"std": 0.0}, "above 0"),
    "word": (lambda: {"std": "wide"}, "std: expected a number"),
    "sample": (lambda: {"std": 2.0, "scale": "sample"}, "each sample has its own"),
    "epochs": (lambda: {"epochs": 3}, "no setting of data is called 'epochs'"),
    "told": (
        lambda: {"trained_with": {"optimizer": torch.optim.SGD}},
        "trained_with: expected a number, a text",
    ),
    "list": (lambda: {"trained_with": ["SGD"]}, "trained_with: expected a dict"),
}


def load_model() -> nn.Module:
    from convscope.network.model import assemble

    return assemble(Small(), 1)


@pytest.mark.parametrize("name", HANDED)
def test_what_is_handed_over_is_looked_at(name, tmp_path):
    given, words = HANDED[name]
    with pytest.raises(ConvscopeError, match=words):
        Recorder(**{"model": Small(), "source": (X, Y), "runs": tmp_path / "runs", **given()})
    assert not (tmp_path / "runs").exists()


def test_when_there_is_nothing_to_record(tmp_path):
    model = Small()
    recorder = Recorder(model, (X, Y), runs=tmp_path)
    with pytest.raises(RunError, match="no epoch was recorded"):
        recorder.finish()
    model.body[3] = nn.Linear(144, 5)
    with pytest.raises(RunError, match="do not fit the network"):
        recorder.epoch(train_loss=1.0)
    recorder.close()
    with pytest.raises(RunError, match="is closed"):
        recorder.epoch(train_loss=1.0)
    with pytest.raises(RunError, match=r"no weights yet.*\n.*Run the loop again"):
        load(recorder.path).model()


def test_a_full_disk(tmp_path, monkeypatch):
    recorder = Recorder(Small(), (X, Y), runs=tmp_path)

    def full(*given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("convscope.run.checkpoint.save_state", full)
    with pytest.raises(RunError, match=r"No space left on device.*\n.*then: run the loop again"):
        recorder.epoch(train_loss=1.0)


def test_layers_in_a_row_are_opened_by_another_process(tmp_path):
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.3)
    )
    model.append(nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 3)))
    with Recorder(model, (X, Y), runs=tmp_path) as recorder:
        step(model, X, Y)
        recorder.epoch(train_loss=1.0)
    run = load(recorder.path)
    assert run.settings.network.name == "network.py:sequential"
    torch.testing.assert_close(answers(run, X), model.eval()(X), rtol=1e-5, atol=1e-5)
    assert type(run.model().network[4][2]) is nn.Linear


def test_a_network_that_no_file_makes(tmp_path):
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    model.register_forward_hook(lambda module, given, made: made * 2)
    with Recorder(model, (X, Y), runs=tmp_path) as recorder:
        recorder.epoch(train_loss=1.0)
    with pytest.raises(RunError, match="handed over as an object"):
        load(recorder.path).model()
    torch.testing.assert_close(answers(load(recorder.path, network=model), X), model(X))


@pytest.mark.filterwarnings("ignore")  # of NumPy, at Keras
def test_a_keras_model(tmp_path):
    keras = imported()
    model = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    with Recorder(model, (X.numpy(), Y.numpy()), mean=5.0, std=3.0, runs=tmp_path) as recorder:
        x = ((X - 5) / 3).movedim(1, -1).numpy()
        model.fit(x, Y.numpy(), verbose=0)
        recorder.epoch(train_loss=1.0)
    said = load(recorder.path).model().predict(X)
    torch.testing.assert_close(said.float(), torch.tensor(model.predict(x, verbose=0)), rtol=1e-4, atol=1e-5)


def test_files_and_sequences(tmp_path):
    table = tmp_path / "days.csv"
    lines = [f"2024-{1 + day // 28:02d}-{1 + day % 28:02d},{day % 7},{day % 5}" for day in range(200)]
    table.write_text("date,warmth,wind\n" + "\n".join(lines))
    data = convscope.data.load(table, convscope.DataSettings(target="wind", window=4))
    model = nn.Sequential(nn.Flatten(), nn.Linear(4 * data.channels, max(1, len(data.classes))))
    with Recorder(model, table, target="wind", window=4, runs=tmp_path / "runs") as recorder:
        recorder.epoch(train_loss=1.0)
    run = load(recorder.path)
    assert run.settings.facts.samples["test"] == 0
    assert run.dataset().kind == "sequence"
