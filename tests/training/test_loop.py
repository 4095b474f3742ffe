"""The loop against plain PyTorch, and against itself: whatever interrupts it, the end is the same."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from convscope.data.augment import generator
from convscope.errors import TrainingError
from convscope.training import Augment, train
from convscope.training import loop as loop_module
from convscope.training.events import Checkpoint, Epoch, Finished, Start, TrainingStep

MOVING = Augment(shift=0.1, cutout=0.1)


class Noisy(nn.Module):
    """BatchNorm remembers, Dropout draws: both have to go on where they stopped."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4)
        self.drop, self.full = nn.Dropout(0.3), nn.Linear(4 * 10 * 8, 3)

    def forward(self, x):
        return self.full(self.drop(self.norm(self.conv(x)).relu().flatten(1)))


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)


def trained(model):
    return {key: value.clone() for key, value in model.state_dict().items()}


def plainly(model, dataset, epochs, batch, lr, seed, refit=0):
    """A training as in any tutorial; only the order of the samples is convscope's.

    In the last `refit` epochs the validation samples are learnt too, in as many batches.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    rows, losses = dataset.parts["train"], []
    steps = -(-len(rows) // batch)
    model.train()
    for epoch in range(1, epochs + 1):
        if epoch == epochs - refit + 1:
            rows = torch.cat([rows, dataset.parts["val"]])
        order = torch.randperm(len(rows), generator=generator(seed, "order", epoch))
        for places in np.array_split(order.numpy(), steps):
            picked = rows[torch.from_numpy(places)]
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(dataset.inputs[picked]), dataset.labels[picked])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


@pytest.mark.parametrize("name", ["plain", "strided"])
@pytest.mark.parametrize("space", [(24,), (12, 10), (10, 12, 10)])
def test_losses_and_weights_are_those_of_plain_pytorch(stripes, model_for, said, name, space):
    dataset = stripes((43, 10, 8), space=space)
    ours, theirs = model_for(dataset, name), model_for(dataset, name)
    events = list(train(ours, dataset, said(epochs=2, batch=8, lr=1e-3, seed=4)))
    losses = plainly(theirs, dataset, epochs=2, batch=8, lr=1e-3, seed=4)
    assert [step.loss for step in of(TrainingStep, events)] == pytest.approx(losses, rel=2e-3, abs=1e-5)
    theirs.eval()
    with torch.no_grad():
        scores = theirs(dataset.inputs[dataset.parts["val"]]) / ours.output.temperature
        found = ours.eval()(dataset.inputs[dataset.parts["val"]])
    torch.testing.assert_close(found, scores, rtol=2e-2, atol=2e-2)
    labels, last = dataset.labels[dataset.parts["val"]], of(Epoch, events)[-1]
    assert last.val_accuracy == pytest.approx((scores.argmax(1) == labels).float().mean().item())
    loss = nn.functional.cross_entropy(scores * ours.output.temperature, labels)
    assert last.val_loss == pytest.approx(loss.item(), rel=2e-2, abs=1e-3)


def test_the_stream_in_its_order(stripes, model_for, said):
    dataset = stripes((43, 10, 8))
    settings = said(epochs=2, batch=8, schedule="onecycle", snapshots=3)
    events = list(train(model_for(dataset), dataset, settings))
    kinds = [type(event).__name__ for event in events]
    closely, end = ["TrainingStep", "LayersMeasured", "Snapshot"], ["Epoch", "Checkpoint"]
    steps = [*closely, *["TrainingStep"] * 5, *end, *["TrainingStep"] * 5, *closely, *end]
    assert kinds == ["Start", "Snapshot", *steps, "Checkpoint", "Finished"]
    start, end = events[0], events[-1]
    assert isinstance(start, Start)
    assert (start.steps, start.steps_per_epoch, start.step) == (12, 6, 0)
    assert (start.device, start.precision, start.threads) == ("cpu", "fp32", 1)
    assert start.parameters == sum(p.numel() for p in model_for(dataset).parameters())
    assert [step.step for step in of(TrainingStep, events)] == list(range(1, 13))
    assert [step.epoch for step in of(TrainingStep, events)] == [1] * 6 + [2] * 6
    assert [(epoch.number, epoch.step) for epoch in of(Epoch, events)] == [(1, 6), (2, 12)]
    assert isinstance(end, Finished)
    assert (end.reason, end.step, end.epochs) == ("done", 12, 2.0)


def test_an_epochs_figures_are_the_mean_over_its_samples(stripes, model_for, said):
    dataset = stripes((43, 10, 8))
    events = list(train(model_for(dataset), dataset, said(epochs=1, batch=8)))
    sizes = [len(piece) for piece in torch.arange(43).tensor_split(6)]
    losses = [step.loss for step in of(TrainingStep, events)]
    assert of(Epoch, events)[0].train_loss == pytest.approx(np.average(losses, weights=sizes))


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam", "adamw"])
def test_the_same_seed_gives_the_same_bits(stripes, model_for, said, optimizer):
    dataset, ends = stripes(), []
    settings = said(optimizer=optimizer, augment=MOVING, weight_decay=0.01, clip=1.0)
    for _ in range(2):
        model = model_for(dataset, Noisy)
        torch.rand(3)  # what others draw before does not matter
        list(train(model, dataset, settings))
        ends.append(trained(model))
    assert same(*ends)


def test_another_seed_gives_other_weights(stripes, model_for, said):
    dataset, ends = stripes(), []
    for seed in (0, 1):
        model = model_for(dataset)
        list(train(model, dataset, said(seed=seed)))
        ends.append(trained(model))
    assert not same(*ends)


def told(event):
    """What an event says, without the clock."""
    clock = ("seconds", "val_seconds", "samples_per_second", "state", "weights")
    return type(event).__name__, {key: value for key, value in vars(event).items() if key not in clock}


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam", "adamw"])
@pytest.mark.parametrize(("epochs", "more"), [(2, {"patience": 3}), (1.4, {}), (3, {"refit": 0.3})])
def test_from_the_state_after_any_event_the_rest_is_the_same(
    stripes, model_for, said, monkeypatch, optimizer, epochs, more
):
    """Weights, statistics, history: a Checkpoint after every single step, each taken up in a fresh loop."""
    monkeypatch.setattr(loop_module, "CHECKPOINT_SECONDS", -1.0)
    dataset = stripes((40, 10, 8))
    settings = said(
        epochs=epochs, optimizer=optimizer, augment=MOVING, weight_decay=0.01, schedule="onecycle", **more
    )
    model = model_for(dataset, Noisy)
    events, states = [], []
    for event in train(model, dataset, settings):
        events.append(event)
        if isinstance(event, Checkpoint):
            states.append((len(events), event.state()))
    end = trained(model)
    assert len(states) > 2 + 5 * epochs
    for place, state in states:
        fresh = model_for(dataset, Noisy, seed=9)
        rest = list(train(fresh, dataset, settings, state=state))
        assert same(trained(fresh), end), place
        expected = [told(event) for event in events[place:] if not isinstance(event, Checkpoint)]
        assert [told(event) for event in rest[1:] if not isinstance(event, Checkpoint)] == expected, place


def test_a_state_has_no_part_in_what_comes_after(stripes, model_for, said):
    dataset = stripes()
    events = train(model_for(dataset, Noisy), dataset, said())
    states = [(event.state(), event.state()) for event in events if isinstance(event, Checkpoint)]
    assert all(same(first, second) for first, second in states)
    assert not same(states[0][0], states[1][0])
    assert all(value.is_contiguous() for value in states[0][0].values())


@pytest.mark.parametrize("change", [{"name": "strided"}, {"classes": 2}])
def test_a_state_of_another_network_is_refused(stripes, model_for, said, change):
    dataset = stripes()
    first, *_ = of(Checkpoint, train(model_for(dataset), dataset, said(epochs=1)))
    state, other = first.state(), stripes(classes=change.get("classes", 3))
    with pytest.raises(TrainingError, match="does not belong to this network"):
        list(train(model_for(other, change.get("name", "plain")), other, said(), state=state))


@pytest.mark.parametrize("kind", [Start, TrainingStep, Epoch, Checkpoint])
def test_ctrl_c_at_any_event_saves_and_goes_on_to_the_same_end(stripes, model_for, said, kind):
    dataset, settings = stripes((24, 6, 6)), said(epochs=2, augment=MOVING)
    whole = model_for(dataset, Noisy)
    count = len(of(kind, train(whole, dataset, settings)))
    assert count
    for wanted in range(count):
        model, seen = model_for(dataset, Noisy), 0
        events, last = train(model, dataset, settings), []
        for event in events:
            if isinstance(event, kind):
                if seen == wanted:
                    checkpoint = events.throw(KeyboardInterrupt)
                    state = checkpoint.state()
                    last = list(events)
                seen += 1
        (finished,) = last
        assert finished.reason == "interrupted"
        assert checkpoint.step == finished.step
        fresh = model_for(dataset, Noisy, seed=5)
        rest = list(train(fresh, dataset, settings, state=state))
        assert rest[-1].reason == "done"
        assert same(trained(fresh), trained(whole))


def test_ctrl_c_in_the_middle_of_an_update_saves_nothing_half_done(stripes, model_for, said, monkeypatch):
    def broken(*_):
        raise KeyboardInterrupt

    dataset = stripes()
    events = train(model_for(dataset), dataset, said(snapshots=0))
    assert [type(next(events)).__name__ for _ in range(3)] == ["Start", "TrainingStep", "LayersMeasured"]
    monkeypatch.setattr(loop_module, "loss_of", broken)
    (only,) = events
    assert isinstance(only, Finished)
    assert (only.reason, only.step) == ("interrupted", 1)


def test_it_can_be_closed(stripes, model_for, said):
    dataset = stripes()
    events = train(model_for(dataset), dataset, said())
    next(events), next(events)
    events.close()
    assert list(events) == []


@pytest.mark.parametrize(
    ("epochs", "steps", "numbers"),
    [(0.01, 1, [1]), (0.5, 3, [1]), (1, 5, [1]), (1.3, 6, [1, 2]), (2, 10, [1, 2])],
)
def test_fractions_of_epochs(stripes, model_for, said, epochs, steps, numbers):
    dataset = stripes((40, 10, 8))
    events = list(train(model_for(dataset), dataset, said(epochs=epochs)))
    assert len(of(TrainingStep, events)) == round(epochs * 5) or steps == 1 or epochs == 0.5
    assert [epoch.number for epoch in of(Epoch, events)] == numbers
    assert events[-1].step == len(of(TrainingStep, events))
    assert events[-1].epochs == pytest.approx(events[-1].step / 5)


def test_the_best_epoch_is_the_last_within_a_standard_error_of_the_highest_accuracy(stripes, model_for, said):
    dataset = stripes((40, 30, 8))
    events = list(train(model_for(dataset), dataset, said(epochs=8, lr=0.003)))
    epochs = of(Epoch, events)
    highest, expected = 0.0, []
    for epoch in epochs:
        share = (round(30 * epoch.val_accuracy) + 1) / 32
        expected.append(epoch.val_accuracy >= highest - np.sqrt(share * (1 - share) / 30))
        highest = max(highest, epoch.val_accuracy)
    assert [epoch.best for epoch in epochs] == expected
    assert events[-1].best_epoch == max(epoch.number for epoch in epochs if epoch.best)


def test_the_best_epoch_by_balanced_accuracy_or_by_loss(stripes, model_for, said):
    """The third class is rare: its share of the mean is as large as that of the others, its luck larger."""
    dataset = stripes((60, 60, 8))
    rows = dataset.parts["val"]
    rare = rows[dataset.labels[rows] == 2][:4]
    dataset = replace(
        dataset, parts=dataset.parts | {"val": torch.cat([rows[dataset.labels[rows] < 2], rare])}
    )
    counts = torch.bincount(dataset.labels[dataset.parts["val"]]).numpy()
    settings = said(epochs=6, lr=0.002, best_by="balanced")
    model = model_for(dataset)
    highest, expected, epochs = 0.0, [], []
    for event in train(model, dataset, settings):
        if isinstance(event, Epoch):
            epochs.append(event)
            said_now = loop_module.logits(model, dataset.inputs, dataset.parts["val"]).argmax(1).numpy()
            labels = dataset.labels[dataset.parts["val"]].numpy()
            recalls = np.array([(said_now[labels == each] == each).mean() for each in range(3)])
            share = (recalls * counts + 1) / (counts + 2)
            luck = np.sqrt((share * (1 - share) / counts).sum()) / 3
            expected.append(recalls.mean() >= highest - luck)
            highest = max(highest, recalls.mean())
    assert [epoch.best for epoch in epochs] == expected
    lowest, expected = np.inf, []
    by_loss = of(Epoch, train(model_for(dataset), dataset, replace(settings, best_by="loss")))
    for epoch in by_loss:
        expected.append(epoch.val_loss <= lowest)
        lowest = min(lowest, epoch.val_loss)
    assert [epoch.best for epoch in by_loss] == expected


def mirrored(dataset):
    """Validation labels that are wrong: the better training is, the worse they are met."""
    labels = dataset.labels.clone()
    rows = dataset.parts["val"]
    labels[rows] = (labels[rows] + 1) % 3
    return replace(dataset, labels=labels)


def test_early_stopping_also_after_a_resume(stripes, model_for, said):
    dataset, settings = mirrored(stripes((40, 30, 8))), said(epochs=30, patience=3, lr=0.01)
    model = model_for(dataset)
    events, states = [], []
    for event in train(model, dataset, settings):
        events.append(event)
        if isinstance(event, Checkpoint):
            states.append(event.state())
    end, epochs = events[-1], of(Epoch, events)
    assert end.reason == "early stopping"
    assert len(epochs) < 30
    reached = [epoch.val_accuracy for epoch in epochs]
    assert max(reached[-3:]) <= reached[-4] == max(reached)  # three epochs without a better one
    for state in states[-3:]:
        fresh = model_for(dataset, seed=3)
        again = list(train(fresh, dataset, settings, state=state))
        assert told(again[-1]) == told(end)
        assert same(trained(fresh), trained(model))


def test_without_a_validation_part_the_last_epoch_is_the_best(stripes, model_for, said):
    dataset = stripes((40, 0, 8))
    events = list(train(model_for(dataset), dataset, said(epochs=3, patience=1)))
    epochs = of(Epoch, events)
    assert [epoch.best for epoch in epochs] == [True] * 3
    assert {epoch.val_loss for epoch in epochs} | {epoch.val_accuracy for epoch in epochs} == {None}
    assert (events[-1].reason, events[-1].best_epoch) == ("done", 3)


@pytest.mark.parametrize("samples", [1, 2, 3])
@pytest.mark.parametrize("name", ["plain", "strided", "fast"])
@pytest.mark.parametrize("batch", [1, 2, "full"])
def test_a_handful_of_samples(stripes, model_for, said, samples, name, batch):
    dataset = stripes((samples, 1, 0))
    events = list(train(model_for(dataset, name), dataset, said(batch=batch)))
    assert events[-1].reason == "done"
    assert all(np.isfinite(step.loss) for step in of(TrainingStep, events))


@pytest.mark.parametrize(("samples", "batch"), [(10, 1), (1, 8), (3, 2)])
def test_batchnorm_without_enough_values_says_what_to_change(stripes, model_for, said, samples, batch):
    """After three strides of 2, samples of 8 × 8 have a single position left."""
    dataset = stripes((samples, 0, 0), space=(8, 8))
    with pytest.raises(TrainingError, match=r"(?s)in a batch of 1, .*larger --batch"):
        list(train(model_for(dataset, "strided"), dataset, said(batch=batch)))


@pytest.mark.parametrize("batch", [1, "full"])
def test_stochastic_and_batch_gradient_descent_learn(stripes, model_for, said, batch):
    dataset = stripes((40, 10, 8))
    epochs = 2 if batch == 1 else 20
    events = list(train(model_for(dataset), dataset, said(batch=batch, epochs=epochs)))
    assert len(of(TrainingStep, events)) == (80 if batch == 1 else 20)
    assert of(Epoch, events)[-1].train_loss < 0.5 * of(TrainingStep, events)[0].loss


@pytest.mark.parametrize(("kind", "space"), [("signal", (24,)), ("volume", (10, 12, 10))])
def test_signals_and_volumes_of_floats(stripes, model_for, said, kind, space):
    dataset = stripes((40, 20, 8), space=space, channels=2, dtype=np.float32)
    assert dataset.kind == kind
    events = list(train(model_for(dataset, "fast"), dataset, said(epochs=8, lr=0.01)))
    assert of(Epoch, events)[-1].val_accuracy > 0.8


def test_mse_learns(stripes, model_for, said):
    dataset = stripes((40, 20, 8))
    events = list(train(model_for(dataset), dataset, said(epochs=6, loss="mse", label_smoothing=0.1)))
    assert of(Epoch, events)[-1].val_accuracy > 0.8


def test_a_class_without_training_samples(stripes, model_for, said):
    dataset = stripes((40, 10, 8))
    rows = dataset.parts["train"]
    dataset = replace(dataset, parts=dataset.parts | {"train": rows[dataset.labels[rows] != 1]})
    for balance in ("none", "weights", "sampling"):
        events = list(train(model_for(dataset), dataset, said(balance=balance)))
        assert all(np.isfinite(step.loss) for step in of(TrainingStep, events))


def test_rare_classes_weigh_by_a_power_of_their_share(stripes, model_for, said):
    """One batch of all samples: its loss is the weighted mean of the samples' own losses."""
    dataset = stripes((40, 10, 8))
    rows = dataset.parts["train"]
    keep = (dataset.labels[rows] != 1) | (torch.arange(len(rows)) % 5 == 0)
    dataset = replace(dataset, parts=dataset.parts | {"train": rows[keep]})
    model, rows = model_for(dataset), rows[keep]
    with torch.no_grad():
        losses = nn.functional.cross_entropy(
            model(dataset.inputs[rows]), dataset.labels[rows], reduction="none"
        )
    labels = dataset.labels[rows].numpy()
    weights = np.bincount(labels)[labels] ** -0.2
    expected = np.average(losses.numpy(), weights=weights)
    first, *_ = of(TrainingStep, train(model, dataset, said(balance="weights", batch="full", epochs=1)))
    assert first.loss == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("clip", [0.01, 1e9])
def test_clipping_bounds_the_step(stripes, model_for, said, clip):
    dataset = stripes()
    model = model_for(dataset)
    before = torch.cat([p.detach().flatten().clone() for p in model.parameters()])
    list(train(model, dataset, said(optimizer="sgd", clip=clip, lr=1.0, batch="full", epochs=1)))
    moved = (torch.cat([p.detach().flatten() for p in model.parameters()]) - before).norm().item()
    assert (moved == pytest.approx(0.01, rel=1e-3)) == (clip == 0.01)


def test_a_frozen_layer_stays(stripes, model_for, said):
    dataset = stripes()
    model = model_for(dataset, Noisy)
    model.network.conv.requires_grad_(False)
    before = trained(model)
    list(train(model, dataset, said()))
    after = trained(model)
    assert torch.equal(before["network.conv.weight"], after["network.conv.weight"])
    assert not torch.equal(before["network.full.weight"], after["network.full.weight"])


def test_a_loss_that_is_no_number_names_the_likely_cause(stripes, model_for, said):
    dataset = stripes()
    with pytest.raises(TrainingError, match=r"(?s)no number|became (nan|inf).*learning rate.*too high"):
        list(train(model_for(dataset), dataset, said(optimizer="sgd", lr=1e20, epochs=5)))


def test_weights_that_are_no_numbers_after_the_last_step_are_no_result(stripes, model_for, said):
    """The loss is known before a step: what the last one does would go unnoticed."""
    dataset = stripes()
    seen = []
    with pytest.raises(TrainingError, match="learning rate"):
        seen.extend(
            train(model_for(dataset), dataset, said(optimizer="sgd", lr=3e38, epochs=1, batch="full"))
        )
    assert not of(Checkpoint, seen)


def test_a_nan_in_the_data(stripes, model_for, said):
    dataset = stripes(dtype=np.float32)
    dataset.inputs[dataset.parts["train"][3], 0, 0, 0] = float("nan")
    model = model_for(stripes(dtype=np.float32))
    with pytest.raises(TrainingError, match="NaN or huge values in the data"):
        list(train(model, dataset, said()))


def test_nothing_is_printed_or_written(stripes, model_for, said, capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dataset = stripes()
    list(train(model_for(dataset), dataset, said(epochs=1)))
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


def test_the_data_are_not_touched(stripes, model_for, said):
    dataset, before = stripes(), stripes()
    list(train(model_for(dataset), dataset, said(augment=MOVING)))
    assert torch.equal(dataset.inputs, before.inputs)
    assert torch.equal(dataset.labels, before.labels)


def test_with_refit_the_last_epochs_learn_the_validation_samples_too(stripes, model_for, said):
    """The losses and the weights of plain PyTorch that does the same; validation is silent then."""
    dataset = stripes((43, 10, 8))
    ours, theirs = model_for(dataset), model_for(dataset)
    events = list(train(ours, dataset, said(epochs=3, batch=8, lr=1e-3, seed=4, refit=0.3)))
    losses = plainly(theirs, dataset, epochs=3, batch=8, lr=1e-3, seed=4, refit=1)
    assert [step.loss for step in of(TrainingStep, events)] == pytest.approx(losses, rel=2e-3, abs=1e-5)
    for found, expected in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(found, expected, rtol=2e-2, atol=2e-3)
    epochs = of(Epoch, events)
    assert [epoch.val_loss is None for epoch in epochs] == [False, False, True]
    assert [epoch.val_accuracy is None for epoch in epochs] == [False, False, True]
    assert epochs[-1].best
    assert events[-1].best_epoch == 3
