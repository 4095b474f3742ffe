"""Neighbours, outliers and likely label errors, held against scikit-learn and code of their own."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import convscope
from convscope.cli import execute
from convscope.errors import ArgumentError, ConvscopeError, DataError
from convscope.extracting.mislabelled import _folds, _labelled, confident
from convscope.extracting.neighbours import closest

pytestmark = pytest.mark.usefixtures("undrawn")
QUICK = {"network": "plain", "epochs": 1, "batch": 16, "threads": 1, "precision": "fp32", "device": "cpu"}


@pytest.fixture(scope="module")
def place(undrawn, tmp_path_factory):
    """A run on three kinds of pictures, of which 12 have the wrong label; and those 12."""
    root = tmp_path_factory.mktemp("likeness")
    random = np.random.default_rng(0)
    truth = np.arange(240) % 3
    x = (random.integers(0, 60, (240, 12, 12)) + 80 * truth[:, None, None]).astype(np.uint8)
    wrong = random.choice(240, 12, replace=False)
    y = truth.copy()
    y[wrong] = (y[wrong] + 1 + random.integers(0, 2, 12)) % 3
    np.savez(root / "data.npz", x=x, y=y)
    return convscope.train(root / "data.npz", runs=root / "runs", **QUICK), set(wrong.tolist()), x


@pytest.fixture(scope="module")
def run(place):
    return place[0]


@pytest.mark.parametrize("count", [1, 5])
def test_neighbours_are_scikit_learns(count, run):
    found = convscope.features(run)
    train = found.parts["train"]
    near = found.nearest(count)
    wanted = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(
        found.values[train].astype(np.float64)
    )
    outside = found.parts["test"]
    distances, places = wanted.kneighbors(found.values[outside].astype(np.float64))
    for row, far, which in zip(outside, distances, places, strict=True):
        assert [each.distance for each in near[row]] == pytest.approx(far, abs=1e-5)
        assert [each.row for each in near[row]] == train[which].tolist()
        assert all(each.name == found.names[each.row] for each in near[row])
        assert all(each.truth == found.truth[each.row] for each in near[row])
    distances, _ = wanted.kneighbors()  # of those of training themselves, each without itself
    for row, far in zip(train, distances, strict=True):
        assert row not in {each.row for each in near[row]}
        assert [each.distance for each in near[row]] == pytest.approx(far, abs=1e-5)


def test_new_samples_have_the_same_neighbours(place):
    run, _, x = place
    row = int(run.dataset().parts["test"][0])
    alone = convscope.features(run, x[row : row + 1]).nearest(3)[0]
    assert [each.row for each in alone] == [each.row for each in convscope.features(run).nearest(3)[row]]
    known = int(run.dataset().parts["train"][0])
    itself = convscope.features(run, x[known : known + 1]).nearest(1)[0][0]
    assert (itself.row, itself.distance) == (known, pytest.approx(0, abs=1e-4))
    by_layer = convscope.features(run, x[known : known + 1], "conv1").nearest(1)[0][0]
    assert (by_layer.row, by_layer.distance) == (known, pytest.approx(0, abs=1e-4))


def test_distances_are_exact_far_from_zero():
    """Quick distances alone would lose all digits here."""
    random = np.random.default_rng(0)
    among = (1000 + random.normal(size=(500, 7))).astype(np.float32)
    values = (1000 + random.normal(size=(90, 7))).astype(np.float32)
    distances, places = closest(values, among, 4, torch.full((90,), -1))
    wanted = np.linalg.norm(values[:, None].astype(np.float64) - among[None].astype(np.float64), axis=2)
    assert (places.numpy() == wanted.argsort(1)[:, :4]).all()
    assert np.abs(distances.numpy() - np.sort(wanted, 1)[:, :4]).max() < 1e-3


def test_outliers_are_far_from_their_ten_nearest(place):
    run, _, x = place
    found = convscope.features(run)
    train = found.parts["train"]
    values = found.values.astype(np.float64)
    distances = np.linalg.norm(values[:, None] - values[None, train], axis=2)
    distances[train, np.arange(len(train))] = np.inf
    mean = np.sort(distances, 1)[:, :10].mean(1)
    far = found.outliers(7)
    assert [each.row for each in far] == np.argsort(-mean)[:7].tolist()
    assert [each.distance for each in far] == pytest.approx(np.sort(mean)[::-1][:7], abs=1e-4)
    strange = np.concatenate([x[:5], np.tile(np.uint8([[0, 255], [255, 0]]), (1, 6, 6))])
    assert convscope.features(run, strange).outliers(1)[0].row == 5


def test_label_errors_are_those_of_the_paper(place):
    """By hand: probabilities of scikit-learn's folds, thresholds, and one sample after another."""
    run, wrong, _ = place
    found = convscope.features(run)
    labels = run.dataset().labels.numpy()
    head = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    first = make_pipeline(StandardScaler(), PCA(len(found) // 10, svd_solver="randomized", random_state=0))
    said = cross_val_predict(
        head, first.fit_transform(found.values), labels, cv=folds, method="predict_proba"
    )
    least = [said[labels == k, k].mean() for k in range(3)]
    wanted = {}
    for row, (p, label) in enumerate(zip(said, labels, strict=True)):
        sure = [k for k in range(3) if p[k] >= least[k]]
        if sure and max(sure, key=lambda k: p[k]) != label:
            wanted[row] = (p[label], str(max(sure, key=lambda k: p[k])))
    errors = found.label_errors()
    assert {each.row: each.likely for each in errors} == {row: likely for row, (_, likely) in wanted.items()}
    assert [each.of_label for each in errors] == pytest.approx(sorted(p for p, _ in wanted.values()))
    rows = {each.row for each in errors}
    assert len(rows & wrong) >= 0.8 * len(wrong)
    assert len(rows & wrong) >= 0.8 * len(rows)


def test_features_that_know_nothing_accuse_nobody(place):
    run, _, _ = place
    found = convscope.features(run)
    guessed = replace(found, truth=np.random.default_rng(3).permutation(found.truth))
    with pytest.raises(
        DataError, match="know no more of the classes than guessing: of each class they tell 3"
    ):
        guessed.label_errors()


def test_a_class_that_no_sample_has_is_sure_of_none():
    said = np.array([[0.9, 0.1], [0.2, 0.8]])
    assert confident(said, np.array([0, 0])).tolist() == [0, -1]


def test_a_group_stays_together(place):
    """Two samples of a patient are alike: one in another fold would make a wrong label seem right."""
    run, _, _ = place
    found = convscope.features(run)
    groups = [str(row // 2) for row in range(len(found))]
    grouped = replace(found, dataset=replace(found.dataset, groups=groups))
    rows, labels, _ = _labelled(grouped)
    for train, test in _folds(grouped, rows, labels):
        assert not {groups[row] for row in rows[train]} & {groups[row] for row in rows[test]}


def test_what_cannot_be_is_said(place, monkeypatch):
    run, _, x = place
    found = convscope.features(run)
    with pytest.raises(ArgumentError, match="count: expected a whole number from 1; got 0"):
        found.nearest(0)
    with pytest.raises(DataError, match="two classes or more with 5 labelled samples each; there are none"):
        convscope.features(run, x[:3]).label_errors()
    amounts = convscope.train((x[:60], np.linspace(0, 1, 60)), runs=run.path.parent, **QUICK)
    with pytest.raises(DataError, match="this run learnt amounts"):
        convscope.features(amounts).label_errors()
    assert len(convscope.features(amounts).outliers(3)) == 3
    found.values[3, 5] = np.nan
    for asked in (found.nearest, found.outliers, found.label_errors):
        with pytest.raises(DataError, match="1 of 240 samples have features that are no numbers"):
            asked()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConvscopeError, match=r"pip install 'convscope\[heads\]'"):
        convscope.features(run).label_errors()


def test_the_command_line_lists_them(run, capsys):
    typed = ["features", str(run.path), "--nearest", "1", "--outliers", "2", "--label-errors", "3"]
    assert execute([*typed, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    found = convscope.features(run)
    assert told["label_errors"] == [each._asdict() for each in found.label_errors()[:3]]
    assert told["label_errors_found"] == len(found.label_errors())
    assert [each["row"] for each in told["outliers"]] == [each.row for each in found.outliers(2)]
    assert told["nearest"][4]["training"][0]["row"] == found.nearest(1)[4][0].row
    assert execute(typed) == 0
    printed = capsys.readouterr().out
    assert all(title in printed for title in ("nearest in training", "outlier", "likely"))
    assert f"labels that are likely wrong: {len(found.label_errors())} of 240 samples" in printed
