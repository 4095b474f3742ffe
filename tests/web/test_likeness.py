"""The map of the samples and the nearest training samples are those of Python."""

import json

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

import convscope
from convscope.errors import DataError, MissingLibrary, RunError, UnknownName
from convscope.extracting import flattening
from convscope.opening import open_model
from convscope.web.messages import GET
from convscope.web.messages.data import likeness
from convscope.web.messages.numbers import as_json
from convscope.web.session import Session
from convscope.web.subject import session_of
from tests.web.promised import promised

QUICK = {"network": "plain", "epochs": 0.2, "threads": 1, "precision": "fp32", "device": "cpu"}


@pytest.fixture(scope="module")
def run(undrawn, tmp_path_factory):
    return convscope.train("digits", runs=tmp_path_factory.mktemp("likeness"), **QUICK)


@pytest.fixture
def session(run):
    return session_of(str(run.path))


def get(session, address):
    message = promised(GET, session, address)
    json.loads(as_json(message))
    return message


def unpacked(numbers):
    kind = {"u8": np.uint8, "f32": np.float32}[numbers["dtype"]]
    return np.frombuffer(numbers["data"], kind).reshape(numbers["shape"])


def test_the_map_is_that_of_the_test_part(session, run):
    message = get(session, "plane")
    dataset, found = run.dataset(), convscope.features(run)
    rows = dataset.parts["test"].numpy()
    wanted = PCA(2, svd_solver="full").fit_transform(found.values[rows].astype(np.float64))
    points = unpacked(message["points"])
    assert np.abs(np.abs(points) - np.abs(wanted)).max() < 1e-3
    assert message["samples"] == list(range(len(rows)))
    assert message["truth"] == dataset.labels[rows].tolist()
    said = np.asarray(run.predict(dataset.inputs[rows].numpy()))
    assert message["said"] == said.argmax(1).tolist()
    assert message["sure"] == pytest.approx(said.max(1).tolist(), abs=1e-5)
    assert (message["method"], message["methods"][:2]) == ("pca", ["pca", "tsne"])
    looks = message["looks"]["numbers"]
    assert looks["shape"] == [len(rows), 1, 8, 8]
    assert (unpacked(looks)[5, 0] == dataset.inputs[rows[5], 0].numpy()).all()


def test_of_many_samples_some_are_on_the_map(session, monkeypatch):
    monkeypatch.setattr(likeness, "MOST", 50)
    message = get(session, "plane?method=tsne")
    assert len(message["samples"]) == 50 < message["total"]
    assert message["points"]["shape"] == [50, 2]
    assert message["looks"]["numbers"]["shape"][0] == 50
    places = session.part.rows[message["samples"]]
    assert message["truth"] == session.part.dataset.labels[places].tolist()


def test_neighbours_are_those_of_python(session, run):
    session.choose(11)
    message = get(session, "nearest")
    row = int(run.dataset().parts["test"][11])
    wanted = convscope.features(run).nearest(6)[row]
    assert [each["name"] for each in message["neighbours"]] == [each.name for each in wanted]
    assert [each["label"] for each in message["neighbours"]] == [each.truth for each in wanted]
    assert [each["distance"] for each in message["neighbours"]] == pytest.approx(
        [each.distance for each in wanted], abs=1e-4
    )
    assert message["layer"] == "what goes into fc"
    assert message["compared"] == message["total"] == len(run.dataset().parts["train"])


def test_a_training_sample_is_no_neighbour_of_itself_until_it_is_changed(run):
    session = session_of(str(run.path), ["train:7"])
    name = run.dataset().names[int(run.dataset().parts["train"][7])]
    assert name not in [each["name"] for each in get(session, "nearest")["neighbours"]]
    session.change(session.seen.inputs[0].clone(), "changed by hand")
    first = get(session, "nearest")["neighbours"][0]
    assert (first["name"], first["distance"]) == (name, pytest.approx(0, abs=1e-4))


def test_of_very_many_training_samples_some_are_compared(session, monkeypatch):
    monkeypatch.setattr(likeness, "NUMBERS", 20_000)
    message = get(session, "nearest")
    assert 0 < message["compared"] < message["total"]
    assert len(message["neighbours"]) == 6


def test_amounts_of_signals_have_a_map_and_neighbours(tmp_path, undrawn):
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 2, 200)).astype(np.float32)
    np.savez(tmp_path / "data.npz", x=x, y=x.mean((1, 2)))
    run = convscope.train(tmp_path / "data.npz", runs=tmp_path / "runs", **QUICK)
    session = session_of(str(run.path))
    message = get(session, "plane")
    assert message["sure"] is None
    test = run.dataset().parts["test"]
    assert message["truth"] == pytest.approx(run.dataset().labels[test].tolist())
    assert message["looks"]["numbers"]["shape"][:2] == [len(test), 2]
    first = get(session, "nearest")["neighbours"][0]
    row = list(run.dataset().names).index(first["name"])
    assert float(first["label"].replace("−", "-")) == pytest.approx(
        float(run.dataset().labels[row]), rel=1e-3
    )


def test_what_cannot_be_is_said(session, monkeypatch):
    with pytest.raises(UnknownName, match="no map is called 'lda'"):
        get(session, "plane?method=lda")
    with pytest.raises(RunError, match="is no run"):
        get(Session(open_model("plain", ["1x28x28"])), "nearest")
    with pytest.raises(DataError, match="has no data to take samples from"):
        get(Session(open_model("plain", ["1x28x28"])), "plane")
    monkeypatch.setattr(flattening, "find_spec", lambda name: None)
    with pytest.raises(MissingLibrary, match="t-SNE is scikit-learn's"):
        get(session, "plane?method=tsne")
    assert get(session, "plane")["methods"] == ["pca"]


def test_features_that_are_no_numbers_are_said(session):
    with torch.no_grad():
        session.original.network.conv1.bias.fill_(torch.nan)
    for address in ("plane", "nearest"):
        with pytest.raises(DataError, match="have features that are no numbers"):
            get(session, address)
