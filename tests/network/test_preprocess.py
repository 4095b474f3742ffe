"""Scaling: measured as NumPy measures it, and part of the network."""

import numpy as np
import pytest
import torch
from torch import nn

from convscope.network.model import Model, Temperature, Values, assemble
from convscope.network.preprocess import CHUNK, Standardise, fit_standardise


def fit_model(network, inputs, labels, rows, *, each_sample=False):
    scale, regression = "sample" if each_sample else "set", labels.is_floating_point()
    return assemble(network, inputs.shape[1], scale, regression=regression).fit(inputs, labels, rows)


@pytest.mark.parametrize("shape", [(50, 1, 28, 28), (9, 3, 17, 5), (40, 2, 140), (7, 1, 6, 5, 4), (1, 1, 3)])
@pytest.mark.parametrize("some", [False, True])
def test_it_measures_what_numpy_measures(shape, some):
    rng = np.random.default_rng(0)
    values = rng.integers(0, 256, shape, dtype=np.uint8)
    rows = np.unique(rng.integers(0, len(values), len(values))) if some else np.arange(len(values))
    scale = fit_standardise(torch.from_numpy(values), torch.from_numpy(rows) if some else None)
    axes = (0, *range(2, len(shape)))
    part = values[rows].astype(np.float64)
    np.testing.assert_allclose(scale.mean.numpy(), part.mean(axes), rtol=1e-6)
    np.testing.assert_allclose(scale.std.numpy(), part.std(axes), rtol=1e-5)


def test_more_than_one_chunk_is_measured_as_one():
    values = np.random.default_rng(1).normal(5, 2, (3 * CHUNK // 1000 + 1, 2, 500)).astype(np.float32)
    scale = fit_standardise(torch.from_numpy(values))
    np.testing.assert_allclose(scale.mean.numpy(), values.mean((0, 2), dtype=np.float64), rtol=1e-6)
    np.testing.assert_allclose(scale.std.numpy(), values.std((0, 2), dtype=np.float64), rtol=1e-5)


def test_small_changes_on_a_large_offset_are_not_lost():
    values = 5e4 + torch.randn(1000, 1, 30, generator=torch.Generator().manual_seed(0))
    expected = values.double().std(correction=0).item()
    assert fit_standardise(values).std.item() == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("constant", [0.0, 0.1, -7e8])
def test_a_constant_channel_becomes_zero(constant):
    values = torch.full((2000, 1, 300), constant)
    scale = fit_standardise(values)
    assert scale.std.item() == 1
    assert not scale(values[:3]).any()


def test_a_file_on_disk_is_read_in_pieces(tmp_path):
    values = np.lib.format.open_memmap(tmp_path / "x.npy", mode="w+", dtype=np.uint8, shape=(500, 1, 64, 64))
    values[:] = np.random.default_rng(2).integers(0, 256, values.shape, dtype=np.uint8)
    scale = fit_standardise(torch.from_numpy(values))
    assert scale.mean.item() == pytest.approx(values.mean())


def test_the_data_is_not_changed():
    values = torch.randn(10, 2, 5)
    before = values.clone()
    fit_standardise(values)
    assert torch.equal(values, before)


def test_no_rows_is_our_own_mistake():
    with pytest.raises(ValueError, match="no rows"):
        fit_standardise(torch.zeros(3, 1, 2), torch.tensor([], dtype=torch.int64))


def test_a_model_takes_raw_values_and_keeps_the_scaling_with_its_weights():
    model = Model(Standardise(torch.tensor([10.0]), torch.tensor([2.0])), nn.Flatten())
    assert model(torch.tensor([[[8, 12]]], dtype=torch.uint8)).tolist() == [[-1.0, 1.0]]
    assert set(model.state_dict()) == {"preprocess.mean", "preprocess.std", "output.temperature"}


@pytest.mark.parametrize("scale", ["set", "sample"])
def test_what_was_assembled_and_fitted_takes_raw_values_and_gives_the_targets_unit(scale):
    rng = np.random.default_rng(2)
    inputs = torch.from_numpy(rng.normal(50, 9, (40, 2, 6)).astype(np.float32))
    labels, rows = torch.from_numpy(rng.normal(1000, 30, 40).astype(np.float32)), torch.arange(0, 40, 2)
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 1))
    model = fit_model(network, inputs, labels, rows, each_sample=scale == "sample")
    axes, some = ((0, 2), inputs[rows]) if scale == "set" else (2, inputs)
    raw, part = inputs.double().numpy(), some.double().numpy()
    standard = (raw - part.mean(axes, keepdims=True)) / part.std(axes, keepdims=True)
    np.testing.assert_allclose(model.preprocess(inputs).numpy(), standard, atol=1e-4)
    own = labels[rows].double().numpy()
    with torch.no_grad():
        inner = model.network(torch.from_numpy(standard).float()).double().numpy()
        np.testing.assert_allclose(model(inputs).numpy(), inner * own.std() + own.mean(), rtol=1e-5)


def test_a_target_that_never_changes_is_given_as_it_is():
    network = nn.Sequential(nn.Flatten(), nn.Linear(3, 1))
    model = fit_model(network, torch.zeros(4, 1, 3), torch.full((4,), 7.0), torch.arange(4))
    assert isinstance(model.output, Values)
    assert model.output.standardise(torch.tensor([7.0])).tolist() == [0.0]


def test_classification_needs_no_measure_of_its_labels():
    model = fit_model(nn.Flatten(), torch.rand(4, 1, 3), torch.tensor([0, 1, 2, 0]), torch.arange(4))
    assert isinstance(model.output, Temperature)


@pytest.mark.parametrize("each_sample", [False, True])
@pytest.mark.parametrize("labels", [torch.tensor([0, 1, 0]), torch.tensor([0.5, 1.5, 3.0])])
def test_what_is_assembled_anew_takes_the_saved_numbers(each_sample, labels):
    fitted = fit_model(nn.Flatten(), torch.rand(3, 2, 4), labels, torch.arange(3), each_sample=each_sample)
    scale, regression = "sample" if each_sample else "set", labels.is_floating_point()
    again = assemble(nn.Flatten(), 2, scale, regression=regression)
    again.load_state_dict(fitted.state_dict())
    x = torch.rand(5, 2, 4)
    assert torch.equal(again(x), fitted(x))
