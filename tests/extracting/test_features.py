"""Features are the network's own numbers, and what others learn from them is scikit-learn's."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from torch import nn

import convscope
from convscope.errors import ArgumentError, ConvscopeError, DataError, UnknownName
from convscope.extracting.heads import HEADS
from convscope.network import NETWORKS

pytestmark = pytest.mark.usefixtures("undrawn")
QUICK = {"batch": 16, "threads": 1, "precision": "fp32", "device": "cpu"}


@pytest.fixture(scope="module")
def run(undrawn, tmp_path_factory):
    random = np.random.default_rng(0)
    y = np.arange(150) % 3
    x = (random.integers(0, 120, (150, 24, 24)) + 40 * y[:, None, None]).astype(np.uint8)
    return convscope.train((x, y), network="plain", epochs=1, runs=tmp_path_factory.mktemp("runs"), **QUICK)


@pytest.fixture(scope="module")
def amounts(undrawn, tmp_path_factory):
    random = np.random.default_rng(0)
    x = random.normal(size=(120, 2, 40)).astype(np.float32)
    y = x.mean((1, 2))
    return convscope.train((x, y), network="lstm", epochs=1, runs=tmp_path_factory.mktemp("runs"), **QUICK)


def before_the_last(run) -> torch.Tensor:
    """By hand: all layers but the last."""
    model, dataset = run.model(), run.dataset()
    with torch.no_grad():
        return nn.Sequential(*list(model.network)[:-1])(model.preprocess(dataset.inputs)).flatten(1)


def test_they_are_what_goes_into_the_classifier(run):
    found = convscope.features(run)
    wanted = before_the_last(run)
    assert found.values.dtype == np.float32
    assert found.values.shape == tuple(wanted.shape)
    assert np.abs(found.values - wanted.numpy()).max() < 1e-5
    assert found.layer == "what goes into fc"
    weights = list(run.model().network)[-1]
    scores = found.values @ weights.weight.detach().numpy().T + weights.bias.detach().numpy()
    assert (scores.argmax(1) == np.asarray(run.predict(run.dataset().inputs.numpy())).argmax(1)).all()


def test_a_layer_has_its_name(run):
    found = convscope.features(run, layer="conv1")
    model, dataset = run.model(), run.dataset()
    with torch.no_grad():
        wanted = model.network.conv1(model.preprocess(dataset.inputs)).flatten(1).numpy()
    assert np.abs(found.values - wanted).max() < 1e-5
    with pytest.raises(UnknownName, match="did you mean 'conv1'"):
        convscope.features(run, layer="conv11")


def test_a_recurrent_layer_gives_its_first_tensor(amounts):
    found = convscope.features(amounts, layer="reader")
    model, dataset = amounts.model(), amounts.dataset()
    with torch.no_grad():
        steps, _ = model.network.reader(model.preprocess(dataset.inputs).transpose(1, 2))
    assert np.abs(found.values - steps.flatten(1).numpy()).max() < 1e-5


def test_new_samples_have_no_parts(run):
    new = np.zeros((4, 24, 24), np.uint8)
    found = convscope.features(run, new)
    assert len(found) == len(found.names) == len(found.truth) == 4
    assert not found.parts
    with pytest.raises(DataError, match="there is none here"):
        found.heads("svm")


def test_the_file_is_arrays_alone(run, tmp_path):
    found = convscope.features(run)
    path = found.save(tmp_path / "f.npz")
    dataset = run.dataset()
    with np.load(path, allow_pickle=False) as file:
        assert (file["x"] == found.values).all()
        assert [dataset.classes.index(name) for name in file["y"]] == dataset.labels.tolist()
        assert {part: (file["part"] == part).sum() for part in dataset.parts} == {
            part: len(rows) for part, rows in dataset.parts.items()
        }
        assert len(file["names"]) == len(found)
    found.save(path)  # it is ours
    mine = tmp_path / "mine.npz"
    np.savez(mine, x=np.zeros(3))
    with pytest.raises(DataError, match="there already"):
        found.save(mine)


@pytest.mark.parametrize("name", HEADS)
def test_a_head_is_scikit_learns(name, run):
    dataset, x = run.dataset(), before_the_last(run).numpy()
    train, test = dataset.parts["train"].numpy(), dataset.parts["test"].numpy()
    head = {"svm": SVC(), "knn": KNeighborsClassifier(5), "logistic": LogisticRegression(max_iter=1000)}[name]
    wanted = make_pipeline(StandardScaler(), head).fit(x[train], dataset.labels[train].numpy())
    own, found = convscope.features(run).heads(name)
    assert found.score == pytest.approx(wanted.score(x[test], dataset.labels[test].numpy()), abs=0.03)
    assert own.score == run.evaluate().accuracy
    assert own.interval == run.evaluate().interval
    assert found.interval.low < found.score <= found.interval.high


def test_amounts_have_errors(amounts):
    found = convscope.features(amounts)
    own, *others = found.heads()
    dataset = amounts.dataset()
    train, test = dataset.parts["train"].numpy(), dataset.parts["test"].numpy()
    ridge = make_pipeline(StandardScaler(), Ridge()).fit(found.values[train], dataset.labels[train].numpy())
    error = np.abs(ridge.predict(found.values[test]) - dataset.labels[test].numpy()).mean()
    assert own.score == pytest.approx(amounts.evaluate().mae)
    assert {each.name: each.score for each in others}["logistic"] == pytest.approx(error, rel=1e-4)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_has_some(name, run, amounts, tmp_path):
    """A sample's features do not depend on the others."""
    axes = amounts if name in ("inception-time", "rnn", "rnn-cell", "lstm", "gru", "bilstm", "bigru") else run
    source = axes.dataset()
    made = convscope.train(source, network=name, epochs=0.1, runs=tmp_path, **QUICK)
    found = convscope.features(made)
    alone = convscope.features(made, source.inputs[:1].numpy())
    assert found.values.shape[0] == len(source.labels)
    assert np.abs(found.values[:1] - alone.values).max() < 1e-4


def test_who_gives_nothing_for_each_sample_is_told(run, monkeypatch):
    monkeypatch.setattr(nn.Conv2d, "forward", lambda self, x: x.new_zeros(()))
    with pytest.raises(ConvscopeError):
        convscope.features(run, layer="conv1")


def test_numbers_that_are_none_are_no_features(run):
    found = convscope.features(run)
    found.values[3, 5] = np.nan
    with pytest.raises(DataError, match="1 of 150 samples have features that are no numbers"):
        found.heads("knn")
    with pytest.raises(ArgumentError, match="names: expected svm, knn, logistic"):
        found.heads(["svm"])


def test_without_scikit_learn_it_says_what_to_install(run, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConvscopeError, match=r"pip install 'convscope\[heads\]'"):
        convscope.features(run).heads("svm")
    with pytest.raises(UnknownName, match="no head is called 'svn'"):
        convscope.features(run).heads("svn")


@pytest.fixture(scope="module")
def in_memory(undrawn, tmp_path_factory):
    """A run on arrays, loaded again, and its arrays."""
    random = np.random.default_rng(3)
    y = np.arange(60) % 2
    x = random.random((60, 12, 12)).astype("float32") + y[:, None, None]
    made = convscope.train(
        (x, y), epochs=1, threads=1, runs=tmp_path_factory.mktemp("arrays"), progress=False
    )
    return made, (x, y)


def test_arrays_of_a_run_that_are_given_again_have_their_parts(in_memory):
    made, (x, y) = in_memory
    trained = convscope.load(made.path)
    with pytest.raises(DataError, match=r"run.evaluate\(\(X, y\)\) or features\(run, \(X, y\)\)"):
        convscope.features(trained)
    again = convscope.features(trained, (x, y))
    assert {name: rows.tolist() for name, rows in again.parts.items()} == {
        name: rows.tolist() for name, rows in made.dataset().parts.items()
    }
    np.testing.assert_array_equal(again.values, convscope.features(made).values)
    assert {head.name for head in again.heads("knn")} == {"the network itself", "knn"}
    assert convscope.features(trained, x[:2]).nearest(1)[0][0].distance == pytest.approx(0, abs=1e-4)


def test_other_arrays_with_labels_are_new_samples_with_their_truth(in_memory):
    made, (x, y) = in_memory
    found = convscope.features(made, (x[5:20] + 0.1, y[5:20]))
    assert found.parts == {}
    assert [str(true) for true in found.truth] == [str(true) for true in y[5:20]]
    two = convscope.features(made, (x[0], x[1]))  # a tuple of two samples
    assert len(two) == 2
    assert list(two.truth) == [None, None]
