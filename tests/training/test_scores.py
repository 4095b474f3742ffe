import numpy as np
import pytest
import torch
from torch import nn

from convscope.network.model import Model
from convscope.network.preprocess import Standardise
from convscope.training import logits
from convscope.training.scores import forward, loss_of

SPACES = [(24,), (12, 10), (10, 12, 10)]


@pytest.mark.parametrize("name", ["plain", "strided", "fast"])
@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("channels", [1, 2])
def test_logits_are_the_models_own_answers(stripes, model_for, name, space, channels):
    dataset = stripes((20, 5, 5), space=space, channels=channels)
    model = model_for(dataset, name)
    found = logits(model, dataset.inputs, batch=7)
    model.eval()
    with torch.no_grad():
        torch.testing.assert_close(found, model(dataset.inputs), rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(found[:1], model(dataset.inputs[:1]), rtol=1e-4, atol=1e-5)


def test_logits_of_some_rows_in_their_order(stripes, model_for):
    dataset = stripes()
    model, rows = model_for(dataset), torch.tensor([5, 3, 3, 40])
    torch.testing.assert_close(
        logits(model, dataset.inputs, rows, batch=3), logits(model, dataset.inputs)[rows]
    )
    assert logits(model, dataset.inputs, rows[:0]).shape == (0, 3)


def test_logits_have_the_temperature_that_the_model_has(stripes, model_for):
    dataset = stripes()
    model = model_for(dataset).eval()
    before = logits(model, dataset.inputs)
    model.output.temperature.fill_(2.0)
    torch.testing.assert_close(logits(model, dataset.inputs), before / 2)
    with torch.no_grad():
        torch.testing.assert_close(model(dataset.inputs), before / 2, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_logits_leave_the_model_as_it_was(stripes, model_for, training):
    dataset = stripes()
    model = model_for(dataset, "strided").train(training)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    random = torch.get_rng_state()
    logits(model, dataset.inputs)
    assert all(module.training == training for module in model.modules())
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random)


def test_the_mode_comes_back_after_an_error(stripes, model_for):
    dataset = stripes()
    model = model_for(dataset).train()
    with pytest.raises(RuntimeError):
        logits(model, dataset.inputs[:, :, :3])
    assert model.training


class Strides(nn.Module):
    """Remembers the memory order of what it was given."""

    def __init__(self, view=False):
        super().__init__()
        self.weight, self.view, self.seen = nn.Parameter(torch.ones(1)), view, []

    def forward(self, x):
        self.seen.append(x.stride())
        x = x.view(len(x), -1) if self.view else x.flatten(1)
        return x[:, :3] * self.weight


@pytest.mark.parametrize(
    ("shape", "stride"),
    [
        ((4, 1, 5, 6), (30, 1, 6, 1)),
        ((4, 3, 5, 6), (90, 1, 18, 3)),
        ((4, 1, 3, 5, 6), (90, 1, 30, 6, 1)),
        ((4, 2, 3, 5, 6), (180, 1, 60, 12, 2)),
        ((4, 2, 7), (14, 7, 1)),
    ],
)
def test_convolutions_get_channels_side_by_side(shape, stride):
    """Also with one channel, where torch would call both orders the same."""
    model = Model(Standardise(torch.zeros(shape[1]), torch.ones(shape[1])), Strides())
    x = torch.randn(shape)
    torch.testing.assert_close(forward(model, x), x.flatten(1)[:, :3])
    assert model.network.seen[-1] == stride


@pytest.mark.parametrize("shape", [(4, 1, 5, 6), (4, 3, 5, 6), (4, 2, 3, 5, 6), (4, 2, 7)])
def test_a_network_that_counts_on_the_usual_order_gets_it(shape):
    """As in many tutorials: x.view(len(x), -1)."""
    model = Model(Standardise(torch.zeros(shape[1]), torch.ones(shape[1])), Strides(view=True))
    x = torch.randn(shape)
    torch.testing.assert_close(forward(model, x), x.flatten(1)[:, :3])
    torch.testing.assert_close(logits(model, x), x.flatten(1)[:, :3])


def by_hand(scores, labels, loss, smoothing, weights):
    """Sample by sample, in float64; the whole loss of a sample has the weight of its class."""
    scores, classes = scores.double().numpy(), scores.shape[1]
    weights = np.ones(classes) if weights is None else weights.double().numpy()
    total = share = 0.0
    for row, label in zip(scores, labels.tolist(), strict=True):
        wanted = np.full(classes, smoothing / classes)
        wanted[label] += 1 - smoothing
        if loss == "mse":
            total += weights[label] * np.mean((row - wanted) ** 2)
        else:
            log_p = row - row.max() - np.log(np.exp(row - row.max()).sum())
            total -= weights[label] * (wanted * log_p).sum()
        share += weights[label]
    return total / share


@pytest.mark.parametrize("loss", ["cross-entropy", "mse"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weights", [None, torch.tensor([0.2, 1.0, 5.0, 0.0])])
def test_the_loss_is_the_one_of_the_books(said, loss, smoothing, weights):
    torch.manual_seed(0)
    scores, labels = torch.randn(50, 4) * 3, torch.randint(3, (50,))
    found = loss_of(scores, labels, said(loss=loss, label_smoothing=smoothing), weights)
    assert found.item() == pytest.approx(by_hand(scores, labels, loss, smoothing, weights), rel=1e-5)


def test_mse_is_torchs_on_one_hot_labels(said):
    scores, labels = torch.randn(9, 4), torch.randint(4, (9,))
    expected = nn.functional.mse_loss(scores, nn.functional.one_hot(labels, 4).float())
    torch.testing.assert_close(loss_of(scores, labels, said(loss="mse")), expected)
