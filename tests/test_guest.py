"""A guest in the caller's process leaves it as it was: at the end, after an error, after Ctrl-C."""

import os
import random
import signal
import sys
import warnings
from contextlib import closing, suppress
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import torch
from torch import nn

import convscope
from convscope import recipe
from convscope.errors import NetworkError, TrainingError
from convscope.network import fit
from convscope.network.model import assemble
from convscope.randomness import seeded
from convscope.training.events import TrainingStep
from convscope.training.scores import takes_channels_last

OWN = """
import random

import numpy as np
from torch import nn


class Drawn(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.flat, self.drop, self.full = nn.Flatten(), nn.Dropout(), nn.LazyLinear(classes)
        self.scale = random.random() + np.random.rand()

    def forward(self, x):
        return self.full(self.drop(self.flat(x))) * self.scale
"""
SMALL = {"epochs": 0.5, "threads": 2, "device": "cpu", "precision": "fp32"}


def state():
    """What a process has that is not ours."""
    return {
        "threads": torch.get_num_threads(),
        "torch": torch.get_rng_state().tolist(),
        "python": random.getstate(),
        "numpy": str(np.random.get_state()),
        "signals": [signal.getsignal(number) for number in signal.valid_signals()],
        "warnings": list(warnings.filters),
        "backend": matplotlib.get_backend(),
        "plots": dict(matplotlib.rcParams),
        "environment": {name: os.environ[name] for name in os.environ if name != "PYTEST_CURRENT_TEST"},
        "path": list(sys.path),
        "folder": str(Path.cwd()),
        "modes": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "autocast": torch.is_autocast_enabled("cpu"),
        "deterministic": (torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark),
        "dtype": torch.get_default_dtype(),
        "errors": np.geterr(),
        "hooks": (sys.excepthook, sys.gettrace(), sys.getrecursionlimit()),
    }  # fmt: skip


@pytest.fixture(autouse=True)
def as_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(OWN)
    random.seed(1), np.random.seed(2), torch.manual_seed(3)
    before = state()
    yield
    after = state()
    assert [name for name in before if before[name] != after[name]] == []


def train(**settings):
    return convscope.train("digits", **{"network": "net.py:Drawn", **SMALL, **settings})


def test_training_evaluation_and_prediction():
    run = train()
    again = convscope.load(run.path)
    again.evaluate()
    again.predict(np.zeros((1, 8, 8), np.uint8))
    again.report()


def test_the_callers_random_numbers_change_nothing():
    one = train(seed=5)
    with seeded(99):
        two = train(seed=5)
    assert [line["loss"] for line in one.steps] == [line["loss"] for line in two.steps]


def test_after_an_error():
    with pytest.raises(TrainingError, match="the weights ran away"):
        train(network="plain", optimizer="sgd", lr=1e30)
    with pytest.raises(NetworkError):
        train(network="net.py:Missing")


class Double(nn.Module):
    """Sets what new tensors are, as tutorials do."""

    def __init__(self, classes):
        super().__init__()
        torch.set_default_dtype(torch.float64)
        self.full = nn.Linear(64, classes)

    def forward(self, x):
        return self.full(x.flatten(1))


def test_after_a_network_that_sets_the_default_type():
    with pytest.raises(NetworkError, match=r"'full.weight' .* is float64; .*\n.*network.float()"):
        train(network=Double)
    train(network=lambda classes: Double(classes).float())


def test_a_default_type_of_the_caller_changes_nothing():
    one = train(network="plain")
    torch.set_default_dtype(torch.float64)
    two = train(network="plain")
    assert torch.get_default_dtype() == torch.float64
    torch.set_default_dtype(torch.float32)
    assert [line["loss"] for line in one.steps] == [line["loss"] for line in two.steps]


def test_after_ctrl_c():
    finished = []
    for event in recipe.stream(recipe.plan("digits", network="net.py:Drawn", **SMALL)):
        finished.append(event)
        if isinstance(event, TrainingStep) and event.step == 3:
            os.kill(os.getpid(), signal.SIGINT)
    path = next(event.path for event in finished if isinstance(event, recipe.Created))
    assert not convscope.load(path).finished
    for _ in recipe.go_on(path):
        pass


def test_after_a_second_ctrl_c_that_does_not_wait():
    with (
        closing(recipe.stream(recipe.plan("digits", network="net.py:Drawn", **SMALL))) as events,
        suppress(KeyboardInterrupt),
    ):
        for event in events:
            if isinstance(event, TrainingStep) and event.step == 3:
                os.kill(os.getpid(), signal.SIGINT)
                os.kill(os.getpid(), signal.SIGINT)


def test_a_stream_that_nobody_reads_to_its_end():
    with closing(recipe.stream(recipe.plan("digits", network="net.py:Drawn", **SMALL))) as events:
        for event in events:
            if isinstance(event, TrainingStep):
                break


def test_looking_inside():
    with seeded(4):
        model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(72, 3)).eval()
    inputs = torch.linspace(-1, 1, 64).view(1, 1, 8, 8)
    seen = convscope.trace(model, inputs, score=1)
    convscope.explain(seen, "0", at=(1, 2, 3))
    convscope.explain_gradient(seen, "0", "weight", at=(1, 0, 2, 1))
    convscope.replay(seen, seen["0"])
    convscope.summarise(model, inputs)
    convscope.attribute(model, inputs, target=1)
    convscope.suspicions(seen)
    convscope.diagnose(convscope.trace(model, torch.zeros(1, 2, 8, 8)))


class Jittered(nn.Module):
    """A forward that draws from all three generators."""

    def __init__(self, features=72):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(features, 3))

    def forward(self, x):
        return self.body(x) + random.random() + np.random.rand() + torch.rand(1)


def test_a_forward_that_draws():
    with seeded(4):
        model, wrong = Jittered(), Jittered(70)
    inputs = torch.linspace(-1, 1, 64).view(1, 1, 8, 8)
    fit.check(model, 1, 3, (8, 8))
    for method in ("gradient", "integrated-gradients", "occlusion"):
        convscope.attribute(model, inputs, target=1, method=method)
    takes_channels_last(assemble(model, 1), inputs)
    with seeded(4):
        failed = convscope.trace(wrong, inputs)
    assert "72" in str(convscope.diagnose(failed))


def test_pictures_and_plots():
    run = train()
    run.predict("digits").contact_sheet("sheet.png")
