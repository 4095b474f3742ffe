"""`precision = auto` is decided by steps of the training itself, and leaves no trace but the choice."""

from copy import deepcopy
from dataclasses import replace
from itertools import count

import pytest
import torch
from torch import nn

from convscope.training import TrainingSettings, choose, precision, train
from convscope.training.events import Finished


@pytest.fixture
def hardware(monkeypatch):
    """A machine that multiplies 16 bits, and whose steps take as long as is said: hardware(fp32, bf16)."""

    def make(fp32=None, bf16=None):
        monkeypatch.setattr(precision, "multiplies_halves", lambda _: True)
        if fp32 is not None:
            seconds = {"fp32": fp32, "bf16": bf16}
            monkeypatch.setattr(
                precision, "_timed", lambda loop: (seconds[loop.machine.precision] for _ in count())
            )

    return make


def chosen(stripes, model_for, **given):
    dataset = stripes()
    model = model_for(dataset)
    settings, reasons = choose(model, dataset, TrainingSettings(**({"epochs": 60, "threads": 1} | given)))
    return settings.precision, [reason for reason in reasons if "precision" in reason]


@pytest.mark.parametrize(
    ("fp32", "bf16", "wanted", "said"),
    [(3.0, 2.0, "bf16", "1.50 times"), (2.0, 3.0, "fp32", "0.67 times"), (2.1, 2.0, "fp32", "1.05 times")],
)
def test_the_faster_one_is_taken_and_said(stripes, model_for, hardware, fp32, bf16, wanted, said):
    hardware(fp32, bf16)
    found, [reason] = chosen(stripes, model_for)
    assert found == wanted
    assert reason.startswith(f"precision {wanted}: ") and said in reason


def test_what_was_asked_for_is_not_measured(stripes, model_for, hardware):
    hardware(3.0, 2.0)
    assert chosen(stripes, model_for, precision="fp32") == ("fp32", [])
    assert chosen(stripes, model_for, precision="bf16") == ("bf16", [])


def test_without_the_hardware_there_is_nothing_to_choose(stripes, model_for, monkeypatch):
    monkeypatch.setattr(precision, "multiplies_halves", lambda _: False)
    assert chosen(stripes, model_for) == ("fp32", [])


def test_a_short_training_is_not_held_up(stripes, model_for, hardware):
    hardware()
    assert chosen(stripes, model_for, epochs=1) == (
        "fp32",
        ["precision fp32: the training is too short to gain from 16 bits"],
    )


class Picky(nn.Module):
    """Computes with 32 bits only."""

    def __init__(self):
        super().__init__()
        self.conv, self.full = nn.Conv2d(1, 2, 3), nn.Linear(2, 3)

    def forward(self, x):
        x = self.conv(x)
        if x.dtype != torch.float32:
            raise TypeError("32 bits, please")
        return self.full(x.mean((2, 3)))


def test_a_network_that_needs_32_bits_gets_them(stripes, model_for, hardware):
    hardware()
    dataset = stripes()
    found = choose(model_for(dataset, Picky), dataset, TrainingSettings(epochs=60, threads=1))
    assert found[0].precision == "fp32"
    assert "precision fp32: the network cannot compute with numbers of 16 bits" in found[1]


def test_measuring_leaves_weights_statistics_and_random_numbers_alone(stripes, model_for, hardware, said):
    hardware()
    dataset = stripes()
    model = model_for(dataset, "fast")
    before, random = deepcopy(model.state_dict()), torch.get_rng_state()
    settings = said(epochs=60)
    word, reason = precision.faster(model, dataset, replace(settings, precision="auto"))
    assert word in ("fp32", "bf16") and "times as fast" in reason
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
    assert not any(module._forward_pre_hooks for module in model.modules())
    untouched = model_for(dataset, "fast")
    for one in (model, untouched):
        *_, last = train(one, dataset, replace(settings, epochs=1))
        assert isinstance(last, Finished)
    assert all(map(torch.equal, model.state_dict().values(), untouched.state_dict().values()))
