"""What layers did in a step, held against plain PyTorch with a copy of the network."""

from copy import deepcopy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from convscope.training import train
from convscope.training.events import LayersMeasured, Snapshot, TrainingStep, Wish
from convscope.training.moments import kept, measured, spaced


class Functional(nn.Module):
    """Activations as functions, a unit that is dead and a gate that is saturated."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.gate = nn.Linear(4, 4)
        self.fc = nn.Linear(4, 3)
        with torch.no_grad():
            self.conv.bias[1] = -100.0

    def forward(self, x):
        x = F.relu(self.conv(x)).amax((2, 3))
        return self.fc(x * torch.sigmoid(30 * self.gate(x)))


def records(events):
    return {
        record.layer: record
        for event in events
        if isinstance(event, LayersMeasured)
        for record in event.records
    }


def size(tensor):
    return tensor.double().square().mean().sqrt().item()


@pytest.fixture
def first_step(stripes, model_for, said):
    """One step on all samples at once, and a copy of the network before it."""

    def make(body):
        dataset = stripes((24, 6, 6))
        model = model_for(dataset, body)
        before = deepcopy(model)
        settings = said(epochs=1, batch="full", lr=0.01, optimizer="sgd", snapshots=2)
        events = list(train(model, dataset, settings))
        return before, model, records(events), dataset.inputs[dataset.parts["train"]], dataset

    return make


def test_sizes_are_those_of_plain_pytorch(first_step):
    before, after, found, x, dataset = first_step(Functional)
    layer = before.network
    middle = layer.conv(before.preprocess(x))
    loss = F.cross_entropy(layer(before.preprocess(x)), dataset.labels[dataset.parts["train"]])
    loss.backward()
    for name in ("conv", "gate", "fc"):
        old, new = getattr(layer, name).weight, getattr(after.network, name).weight
        assert found[name].weight == pytest.approx(size(old), rel=1e-5)
        assert found[name].gradient == pytest.approx(size(old.grad), rel=1e-3)
        assert found[name].update == pytest.approx(0.01 * size(old.grad), rel=1e-3)
        assert found[name].update == pytest.approx(size(new - old), rel=1e-3)
    assert found["conv"].mean == pytest.approx(middle.mean().item(), rel=1e-4)
    assert found["conv"].spread == pytest.approx(middle.std(correction=0).item(), rel=1e-4)


def test_dead_and_saturated_ones_are_counted_where_a_function_does_it(first_step):
    before, _, found, x, _ = first_step(Functional)
    on = F.relu(before.network.conv(before.preprocess(x)))
    assert found["conv → relu"].dead == (on.amax((0, 2, 3)) == 0).float().mean().item() >= 0.25
    gates = torch.sigmoid(30 * before.network.gate(on.amax((2, 3))))
    near = ((gates <= 0.02) | (gates >= 0.98)).float().mean().item()
    assert found["gate → sigmoid"].saturated == pytest.approx(near, abs=0.02)
    assert found["gate → sigmoid"].dead is None
    assert found["conv → relu"].weight is None


@pytest.mark.parametrize("name", ["plain", "fast", "resnet"])
@pytest.mark.parametrize("space", [(24,), (12, 12), (12, 12, 12)])
def test_every_layer_of_our_networks_has_its_figures(stripes, model_for, said, name, space):
    dataset = stripes((24, 6, 6), space=space)
    model = model_for(dataset, name)
    found = records(train(model, dataset, said(epochs=1, batch=12, snapshots=0)))
    for layer, module in model.network.named_modules():
        if any(True for _ in module.parameters(recurse=False)):
            assert found[layer].gradient is not None, layer
            assert found[layer].spread is not None, layer
        if isinstance(module, nn.ReLU):
            assert 0 <= found[layer].dead <= 1, layer


def test_to_measure_every_step_changes_no_bit(stripes, model_for, said):
    dataset, ends = stripes((43, 10, 8)), []
    for measures in (False, True):
        model, events = model_for(dataset, "fast"), None
        events = train(model, dataset, said(epochs=2, batch=8, snapshots=0))
        count, event = 0, next(events)
        try:
            while True:
                count += isinstance(event, LayersMeasured)
                event = events.send(Wish(layers=measures) if isinstance(event, TrainingStep) else None)
        except StopIteration:
            ends.append((count, model.state_dict()))
    (few, one), (many, other) = ends
    assert few == 2
    assert many == 12
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_snapshot_holds_the_weights_of_its_moment(stripes, model_for, said):
    dataset = stripes((43, 10, 8))
    model = model_for(dataset)
    found = {}
    now = deepcopy(model.state_dict())
    for event in train(model, dataset, said(epochs=2, batch=8, snapshots=4)):
        if isinstance(event, TrainingStep):
            now = deepcopy(model.state_dict())
        if isinstance(event, Snapshot):
            weights = event.weights()
            found[event.step] = weights
            assert all(torch.equal(weights[name], now[name]) for name in now)
    assert tuple(found) == (0, *spaced(12, 3)) == (0, 1, 3, 12)


@pytest.mark.parametrize("steps", [1, 2, 7, 100, 12_345])
@pytest.mark.parametrize("count", [1, 2, 3, 20, 1_000])
def test_moments_are_spaced(steps, count):
    found = spaced(steps, count)
    assert found[-1] == steps
    assert len(found) <= count
    assert list(found) == sorted(set(found))
    assert found[0] >= 1
    assert len(measured(steps)) <= max(2, steps / 25 + 1)


def test_the_budget_of_snapshots_is_kept(model_for, stripes, said):
    dataset = stripes()
    model = model_for(dataset)
    each = sum(value.numel() * value.element_size() for value in model.state_dict().values()) / 1e6
    assert len(kept(1_000, model, said(snapshots=20, snapshot_budget=7.5 * each))) == 7
    assert kept(1_000, model, said(snapshots=20, snapshot_budget=1.5 * each)) == ()
    assert kept(1_000, model, said(snapshots=0)) == ()


def test_a_wish_changes_the_rate_from_the_next_step_on(stripes, model_for, said):
    dataset = stripes((43, 10, 8))
    settings = said(epochs=2, batch=8, lr=1e-3, schedule="constant", snapshots=0)
    events = train(model_for(dataset), dataset, settings)
    rates, said_so, event = [], [], next(events)
    try:
        while True:
            wish = None
            if isinstance(event, TrainingStep):
                rates.append(event.lr)
                wish = Wish(rate=0.5) if event.step == 3 else None
            said_so.append(type(event).__name__)
            event = events.send(wish)
    except StopIteration:
        pass
    assert rates == pytest.approx([1e-3] * 3 + [5e-4] * 9)
    place = said_so.index("Changed")
    assert said_so[place - 1 : place + 2] == ["TrainingStep", "Changed", "Checkpoint"]
