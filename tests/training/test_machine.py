"""The device that a person names. None but the CPU is needed: what torch finds is made up."""

import pytest
import torch

import convscope
from convscope import recipe
from convscope.errors import TrainingError
from convscope.training import TrainingSettings, machine
from convscope.training.machine import device, present_device


@pytest.fixture
def finds(monkeypatch):
    """Make torch find so many devices."""

    def set_up(cuda=0, mps=False, capability=(9, 0)):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return set_up


def test_auto_takes_cuda_where_it_is(finds):
    finds(mps=True)
    assert device("auto") == torch.device("cpu")
    finds(cuda=1)
    assert device("auto") == torch.device("cuda")


@pytest.mark.parametrize("name", ["cpu", "cuda", "cuda:0", "cuda:1", "mps"])
def test_what_is_there_is_taken(finds, name):
    finds(cuda=2, mps=True)
    assert device(name) == torch.device(name)


@pytest.mark.parametrize(
    ("name", "there", "said"),
    [
        ("cuda", {}, "'cuda' was asked for, but torch finds cpu.\n  Use --device cpu (or auto), or install"),
        ("cuda:2", {"cuda": 2}, "torch finds cpu, cuda, cuda:1.\n  Use --device cuda:1 (or auto)"),
        ("mps", {"cuda": 1}, "torch finds cpu, cuda.\n  Use --device cuda (or auto), or use a Mac"),
        ("tpu", {"mps": True}, "device 'tpu' was asked for, but torch finds cpu, mps."),
        ("cuda:x", {"cuda": 1}, "device 'cuda:x' was asked for"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_told_with_what_is(finds, name, there, said):
    finds(**there)
    with pytest.raises(TrainingError) as caught:
        device(name)
    assert said in str(caught.value)
    assert present_device(name) == torch.device("cpu")


def test_precision_is_what_the_device_is_fast_with(finds):
    def of(name, precision="auto"):
        return machine(TrainingSettings(device=name, precision=precision)).precision

    finds(cuda=1, mps=True)
    assert (of("cuda"), of("mps"), of("cpu", "bf16")) == ("bf16", "fp32", "bf16")
    finds(cuda=1, capability=(7, 0))
    assert of("cuda") == "fp32"


def test_a_device_that_is_not_there_leaves_no_folder(finds, tmp_path):
    finds()
    with pytest.raises(TrainingError, match="'cuda:1' was asked for"):
        convscope.train("digits", device="cuda:1", runs=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_choosing_sets_nothing(finds):
    before = torch.get_num_threads()
    machine(TrainingSettings(threads=before + 1))
    assert torch.get_num_threads() == before


def test_a_name_that_is_no_device_is_refused_at_once():
    with pytest.raises(ValueError, match="expected auto, cpu, cuda, cuda:1 or mps"):
        TrainingSettings(device="gpu")
    assert recipe.plan("digits", device="cuda:3").training.device == "cuda:3"
