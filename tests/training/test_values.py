"""Regression, and what is done for rare classes."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from convscope.errors import TrainingError
from convscope.network.model import Values, assemble
from convscope.training import TrainingSettings, choose, logits, train
from convscope.training.batches import Batches, class_weights
from convscope.training.events import Checkpoint, Epoch, Finished, Notice, TrainingStep


class Slope(nn.Module):
    """A line through each position, summed."""

    def __init__(self):
        super().__init__()
        self.full = nn.Linear(5, 1)

    def forward(self, x):
        return self.full(x.flatten(1))


def fit_model(network, inputs, labels, rows, *, each_sample=False):
    scale, regression = "sample" if each_sample else "set", labels.is_floating_point()
    return assemble(network, inputs.shape[1], scale, regression=regression).fit(inputs, labels, rows)


@pytest.fixture
def line(stripes):
    """A target that is a known line of five values, far from 0 and in large units."""
    dataset = stripes((200, 50, 50), classes=1, space=(5,), dtype=np.float32)
    slopes = torch.tensor([3.0, -2.0, 0.5, 1.0, 0.0])
    labels = 1000 + (dataset.inputs[:, 0] @ slopes)
    return replace(dataset, labels=labels, classes=("height",), kind="sequence")


def model_of(dataset, network=None, each_sample=False):
    torch.manual_seed(0)
    rows = dataset.parts["train"]
    return fit_model(network or Slope(), dataset.inputs, dataset.labels, rows, each_sample=each_sample)


@pytest.mark.parametrize("loss", ["mse", "mae"])
def test_a_line_is_found_and_said_in_its_own_unit(line, said, loss):
    model = model_of(line)
    events = list(train(model, line, said(loss=loss, epochs=60, lr=0.05, schedule="onecycle")))
    test = line.parts["test"]
    errors = (logits(model, line.inputs, test)[:, 0] - line.labels[test]).abs()
    assert errors.max() < 0.02 * line.labels[test].std()
    last = [event for event in events if isinstance(event, Epoch)][-1]
    assert last.val_accuracy is last.train_accuracy is last.val_balanced_accuracy is None
    assert isinstance(events[-1], Finished)


def test_the_losses_are_of_standardised_values(line, said):
    model = model_of(line)
    rows, values = line.parts["train"], line.labels[line.parts["train"]].double().numpy()
    with torch.no_grad():
        x = ((line.inputs[rows] - line.inputs[rows].mean()) / line.inputs[rows].std(correction=0)).flatten(1)
        told = model.network.full(x)[:, 0].double().numpy()
    expected = np.mean((told - (values - values.mean()) / values.std()) ** 2)
    first = next(e for e in train(model, line, said(loss="mse", batch="full")) if isinstance(e, TrainingStep))
    assert first.loss == pytest.approx(expected, rel=1e-4)


def test_regression_goes_on_to_the_same_bits(line, said):
    settings = said(loss="mse", epochs=3)
    whole = model_of(line)
    states = [e.state() for e in train(whole, line, settings) if isinstance(e, Checkpoint)]
    again = model_of(line)
    list(train(again, line, settings, state=states[0]))
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[name])


def test_noise_is_noticed(line, said):
    random = torch.Generator().manual_seed(0)
    noise = replace(line, labels=torch.randn(300, generator=random))
    events = list(train(model_of(noise), noise, said(loss="mse", epochs=2, lr=1e-4)))
    assert any("nothing but noise" in event.text for event in events if isinstance(event, Notice))


def test_a_constant_target_does_not_divide_by_zero(line):
    output = model_of(replace(line, labels=torch.full((300,), 7.0))).output
    assert isinstance(output, Values)
    assert (output.mean.item(), output.std.item()) == (7.0, 1.0)


def test_each_sample_by_itself(line):
    model = model_of(line, nn.Flatten(), each_sample=True)
    values = model.preprocess(line.inputs[:9])[:, 0].double().numpy()
    assert values.mean(1) == pytest.approx(np.zeros(9), abs=1e-5)
    assert values.std(1) == pytest.approx(np.ones(9), abs=1e-5)


def test_what_is_chosen_fits_the_task(line, stripes, model_for):
    assert choose(model_of(line), line, TrainingSettings())[0].loss == "mse"
    assert choose(model_of(line), line, TrainingSettings())[0].label_smoothing == 0
    even = stripes()
    assert choose(model_for(even), even, TrainingSettings())[0].loss == "cross-entropy"
    with pytest.raises(TrainingError, match=r"'height' is a number.\n  Use mse or mae"):
        choose(model_of(line), line, TrainingSettings(loss="cross-entropy"))
    with pytest.raises(TrainingError, match=r"labels are classes.\n  Use cross-entropy or mse"):
        choose(model_for(even), even, TrainingSettings(loss="mae"))
    with pytest.raises(TrainingError, match="best-by 'accuracy' is for classes"):
        choose(model_of(line), line, TrainingSettings(best_by="accuracy"))
    assert choose(model_of(line), line, TrainingSettings())[0].best_by == "loss"
    with pytest.raises(TrainingError, match="balance 'weights' is for classes"):
        choose(model_of(line), line, TrainingSettings(balance="weights"))


@pytest.fixture
def uneven(stripes):
    """Three classes, of which one keeps every tenth training sample."""
    dataset = stripes((300, 30, 30))
    rows = dataset.parts["train"]
    keep = (dataset.labels[rows] != 1) | (torch.arange(len(rows)) % 10 == 0)
    return replace(dataset, parts=dataset.parts | {"train": rows[keep]})


def test_rare_classes_are_balanced_and_it_is_said(uneven, stripes, model_for):
    settings, reasons = choose(model_for(uneven), uneven, TrainingSettings())
    assert (settings.balance, settings.best_by) == ("weights", "balanced")
    assert any("rare classes count for more" in reason for reason in reasons)
    assert choose(model_for(stripes()), stripes(), TrainingSettings())[0].balance == "none"


def test_weights_are_a_power_of_the_share_and_one_on_average(uneven):
    counts = np.array(uneven.counts("train"))
    weights = class_weights(uneven).numpy()
    assert weights[1] / weights[0] == pytest.approx((counts[0] / counts[1]) ** 0.2, rel=1e-5)
    assert np.average(weights, weights=counts) == pytest.approx(1)


def test_sampling_draws_rare_classes_more_often(uneven, said):
    batches = Batches(uneven, said(balance="sampling", batch=20), torch.device("cpu"))
    drawn = torch.cat([labels for epoch in range(1, 40) for _, labels in batches.epoch(epoch)])
    counts = np.array(uneven.counts("train"))
    expected = counts**0.8 / (counts**0.8).sum()
    assert np.bincount(drawn) / len(drawn) == pytest.approx(expected, abs=0.02)
    assert len(drawn) == 39 * counts.sum()
    same = torch.cat([labels for epoch in range(1, 40) for _, labels in batches.epoch(epoch)])
    assert torch.equal(drawn, same)
