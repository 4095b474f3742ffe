"""bf16 copies of the weights: autocast's numbers to the bit, by an ordinary loop, without its casts."""

import inspect
from copy import deepcopy

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from convscope.network import NETWORKS, build, takes
from convscope.training.halves import Halves
from convscope.training.loop import TrainingLoop
from convscope.training.machine import machine
from convscope.training.scores import forward
from convscope.training.weights import FlatParameters

STEPS = 4


def narrow(name, space):
    width = 0.125 if "width" in inspect.signature(NETWORKS[name]).parameters else None
    return build(name, 1, 3, space, width=width)


def loop_for(stripes, model_for, said, network, space=(12, 10), **given):
    dataset = stripes(space=space)
    settings = said(precision="bf16", optimizer="sgd", lr=0.05, **given)
    return TrainingLoop(model_for(dataset, network), dataset, settings, machine(settings))


def steps(loop):
    """Train by convscope; the weights after it."""
    loop.model.train()
    with loop.machine.at_work(0):
        for x, y in list(loop.batches.epoch(1))[:STEPS]:
            loop.update(x, y)
    return loop.model.state_dict()


def steps_of_autocast(loop):
    """Train a copy as anybody would: autocast, backward, an optimizer of torch."""
    model = deepcopy(loop.model).train()
    model.zero_grad()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    with loop.machine.at_work(0):
        for x, y in list(loop.batches.epoch(1))[:STEPS]:
            with loop.machine.arithmetic():
                scores = forward(model, x)
            cross_entropy(scores, y).backward()
            optimizer.step()
            optimizer.zero_grad()
    return model.state_dict()


def compared(loop):
    alone = steps_of_autocast(loop)
    mine = steps(loop)
    assert all(value.dtype == alone[name].dtype for name, value in mine.items())
    assert [name for name, value in mine.items() if not torch.equal(value, alone[name])] == []


AXES = [(name, space) for name in NETWORKS for space in ((30,), (32, 33)) if takes(name, len(space))]


@pytest.mark.parametrize(("name", "space"), [*AXES, ("strided", (12, 13, 14))], ids=str)
def test_every_network_learns_what_autocast_learns(stripes, model_for, said, name, space):
    loop = loop_for(stripes, model_for, said, lambda: narrow(name, space), space)
    assert loop.halves
    compared(loop)


def twice():
    """One layer at two places, and weights that two layers share."""
    layer, first, second = nn.Linear(6, 6), nn.Linear(6, 6), nn.Linear(6, 6)
    second.weight = first.weight
    return nn.Sequential(
        nn.Flatten(), nn.Linear(120, 6), layer, nn.Tanh(), layer, first, second, nn.Linear(6, 3)
    )


def back_and_forth():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding="same", padding_mode="circular"), nn.ConvTranspose2d(4, 2, 2),
        nn.Flatten(), nn.Dropout(0.2), nn.Linear(2 * 13 * 11, 3),
    )  # fmt: skip


def attentive():
    encoder = nn.TransformerEncoderLayer(10, 2, 16, batch_first=True)
    return nn.Sequential(nn.Flatten(1, 2), encoder, nn.Flatten(), nn.Linear(120, 3))


def frozen():
    network = nn.Sequential(nn.Flatten(), nn.Linear(120, 6), nn.ReLU(), nn.Linear(6, 3))
    network[1].weight.requires_grad_(False)
    return network


@pytest.mark.parametrize("make", [twice, back_and_forth, attentive, frozen])
def test_layers_of_torch_learn_what_autocast_learns(stripes, model_for, said, make):
    loop = loop_for(stripes, model_for, said, make)
    assert loop.halves
    compared(loop)


class Own(nn.Module):
    """Reads and changes its weights beside its layers, in float32."""

    def __init__(self):
        super().__init__()
        self.conv, self.full = nn.Conv2d(1, 4, 3), nn.Linear(4, 3)

    def forward(self, x):
        with torch.no_grad():
            self.full.weight.clamp_(-0.1, 0.1)
        x = self.conv(x).amax((2, 3))
        return self.full(x) + x @ (self.full.weight * 1.001).T


def hooked():
    def shrink(layer, _):
        layer.weight.data.mul_(0.5)

    network = nn.Sequential(nn.Flatten(), nn.Linear(120, 6), nn.Linear(6, 3))
    network[1].register_forward_pre_hook(shrink)
    return network


@pytest.mark.parametrize("make", [Own, hooked])
def test_who_may_look_at_weights_is_left_to_autocast(stripes, model_for, said, make):
    loop = loop_for(stripes, model_for, said, make)
    assert loop.halves is None
    compared(loop)


def test_weights_that_another_layer_reads_are_left_to_autocast():
    words, full = nn.Embedding(6, 4), nn.Linear(4, 6)
    full.weight = words.weight
    network = nn.Sequential(words, nn.Linear(4, 4), full)
    halves = Halves.of(network, FlatParameters(network))
    assert set(halves.copies) == set(network[1].parameters())


def test_no_cast_of_a_weight_is_left(stripes, model_for, said):
    """Autocast makes two for each parameter of a layer that multiplies, one of them in backward."""
    counts = {}
    for halves in (True, False):
        loop = loop_for(stripes, model_for, said, "strided")
        copies = len(loop.halves.copies)
        if not halves:
            loop.halves = None
        with torch.profiler.profile() as profile:
            steps(loop)
        counts[halves] = next(e.count for e in profile.key_averages() if e.key == "aten::_to_copy")
    assert copies == 8
    assert counts[False] - counts[True] == 2 * copies * STEPS


def test_the_weights_are_float32_again_whatever_happens(stripes, model_for, said):
    loop = loop_for(stripes, model_for, said, "strided")
    own = dict(loop.model.named_parameters())

    def fails(*_):
        assert loop.model.network.fc.weight.dtype == torch.bfloat16
        raise KeyboardInterrupt

    loop.model.network.fc.register_forward_hook(fails)
    with pytest.raises(KeyboardInterrupt):
        steps(loop)
    assert all(parameter is own[name] for name, parameter in loop.model.named_parameters())


def test_float32_makes_no_copies(stripes, model_for, said):
    dataset, settings = stripes(), said()
    assert TrainingLoop(model_for(dataset), dataset, settings, machine(settings)).halves is None
