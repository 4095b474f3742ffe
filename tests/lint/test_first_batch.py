"""What looks wrong in a person's own network before it is trained, and that looking changes nothing."""

import random

import numpy as np
import pytest
import torch
from torch import nn

import convscope
from convscope import first_model, network, recipe
from convscope.data import load
from convscope.errors import ShapeError
from convscope.lint.first_batch import first_batch
from convscope.network.model import assemble
from convscope.training import TrainingSettings, choose

SQUASHED = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, channels, classes, space):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(channels * 64, classes)

    def forward(self, x):
        return torch.softmax(self.fc(self.drop(self.norm(x)).flatten(1)), dim=1)
"""


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.mark.parametrize(("axes", "source"), [(1, "cylinder-bell-funnel"), (2, "digits")])
@pytest.mark.parametrize("name", network.NETWORKS)
def test_the_networks_of_the_house_give_none(name, axes, source, digits):
    data = digits if source == "digits" else load(source)
    if not network.takes(name, axes):
        return
    try:
        model = network.build_model(name, data.channels, len(data.classes), data.space)
    except ShapeError:
        return  # not for samples so small
    model.fit(data.inputs, data.labels, data.parts["train"])
    assert first_batch(model, data, choose(model, data, TrainingSettings())[0]) == []


def state(model):
    own = [(name, each.clone()) for name, each in model.state_dict().items()]
    drawn = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    modes = [module.training for module in model.modules()]
    return own, drawn, modes, [weight.grad for weight in model.parameters()]


def test_looking_leaves_weights_statistics_modes_and_random_numbers(digits):
    body = nn.Sequential(nn.BatchNorm2d(1), nn.Dropout(0.5), nn.Flatten(), nn.Linear(64, 10), nn.Softmax(1))
    model = assemble(body, 1).fit(digits.inputs, digits.labels, digits.parts["train"]).eval()
    before = state(model)
    (seen,) = first_batch(model, digits, TrainingSettings(loss="cross-entropy"))
    assert seen.rule == "softmax-before-cross-entropy"
    after = state(model)
    assert all(torch.equal(was, now) for (_, was), (_, now) in zip(before[0], after[0], strict=True))
    assert torch.equal(before[1][0], after[1][0])
    assert np.array_equal(before[1][1], after[1][1])
    assert before[1][2] == after[1][2]
    assert before[2:] == after[2:]


def test_it_is_said_before_training_kept_and_changes_no_bit(tmp_path, monkeypatch):
    (tmp_path / "net.py").write_text(SQUASHED)
    asked = {"network": f"{tmp_path}/net.py:Net", "epochs": 0.2, "threads": 1}
    told = list(recipe.stream(recipe.plan("digits", runs=tmp_path / "said", **asked)))
    kinds = [type(event).__name__ for event in told]
    assert kinds.index("Created") < kinds.index("Notice") < kinds.index("Start")
    said = told[kinds.index("Notice")].text
    assert said.startswith("softmax before cross_entropy, which wants plain scores (net.py:14). Leave out")
    assert said.endswith("More: convscope rule softmax-before-cross-entropy")
    run = told[-1].run
    assert run.notices[0] == {"step": 0, "text": said}
    assert "Softmax before cross_entropy" in told[-1].report.read_text()
    monkeypatch.setattr(first_model, "first_batch", lambda *_: [])
    other = convscope.train("digits", runs=tmp_path / "unsaid", **asked)
    for name, weight in run.model().state_dict().items():
        assert torch.equal(weight, other.model().state_dict()[name])


def test_a_network_that_fails_is_left_to_training(digits):
    class Fails(nn.Module):
        def forward(self, x):
            raise RuntimeError("no")

    assert first_batch(assemble(Fails(), 1), digits, TrainingSettings(loss="cross-entropy")) == []
