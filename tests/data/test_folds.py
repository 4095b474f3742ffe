"""Folds against scikit-learn's, and against counting: each sample once, groups whole, no future."""

from collections import Counter

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold, TimeSeriesSplit

from convscope import data
from convscope.data import DataSettings
from convscope.errors import DataError, SettingsError

FOLDS = 4


def folds(source, count=FOLDS, **settings):
    return [data.load(source, DataSettings(fold=f"{k}/{count}", **settings)) for k in range(1, count + 1)]


def test_every_sample_is_judged_once_and_never_seen_by_its_judge():
    found = folds("digits", 5)
    judged = [row for fold in found for row in fold.parts["test"].tolist()]
    assert sorted(judged) == list(range(1797))
    for fold in found:
        parts = [set(rows.tolist()) for rows in fold.parts.values()]
        assert sum(map(len, parts)) == len(set.union(*parts)) == 1797
        assert all(parts)


def test_classes_are_spread_as_evenly_as_scikit_learn_does():
    found = folds("digits", 5)
    labels = found[0].labels.numpy()
    theirs = [
        np.bincount(labels[rows]) for _, rows in StratifiedKFold(5).split(np.zeros(len(labels)), labels)
    ]
    ours = np.array([fold.counts("test") for fold in found])
    assert np.ptp(ours, axis=0).max() <= max(1, np.ptp(theirs, axis=0).max())
    assert np.ptp(ours.sum(1)) <= 1


def grouped(path, sizes, classes):
    """An archive of signals in groups of these sizes, each group of one class."""
    owners = np.repeat(np.arange(len(sizes)), sizes)
    x = np.random.default_rng(0).normal(size=(len(owners), 12)).astype(np.float32)
    np.savez(path, x=x, y=np.array([f"c{owner % classes}" for owner in owners]), groups=owners)
    return path, owners


def test_groups_stay_whole_and_no_fold_is_empty(tmp_path):
    sizes = np.random.default_rng(1).integers(1, 9, 23)
    path, owners = grouped(tmp_path / "a.npz", sizes, 2)
    found = folds(path, group="groups")
    for fold in found:
        places = {name: set(owners[rows.numpy()].tolist()) for name, rows in fold.parts.items()}
        assert not places["train"] & places["test"]
        assert not places["val"] & places["test"]
        assert not places["train"] & places["val"]
    judged = Counter(row for fold in found for row in fold.parts["test"].tolist())
    assert judged == Counter(range(len(owners)))
    counts = np.array([fold.counts("test") for fold in found])
    assert np.ptp(counts.sum(1)) <= sizes.max()


def test_as_many_folds_as_groups_leave_none_empty(tmp_path):
    path, _ = grouped(tmp_path / "a.npz", [3, 3, 3, 3, 3, 3], 2)
    assert [len(fold.parts["test"]) for fold in folds(path, 6, group="groups")] == [3] * 6
    with pytest.raises(DataError, match=r"6 groups of samples that stay together to divide, too few for 7 f"):
        folds(path, 7, group="groups")


def test_a_class_of_one_sample_is_said_where_it_is_judged():
    x, y = np.random.default_rng(0).normal(size=(41, 12)), ["a"] * 20 + ["b"] * 20 + ["rare"]
    said = [remark for fold in folds((x, y)) for remark in fold.remarks if "rare" in remark]
    assert said == ["too few samples of rare: this fold judges some, and has none to learn from"]
    with pytest.raises(DataError, match="41 samples to divide, too few for 50 folds"):
        folds((x, y), 50)


def test_parts_that_the_data_come_with_stay_what_they_are(tmp_path):
    rng = np.random.default_rng(0)
    named = {
        f"{letter}_{part}": values
        for part, count in (("train", 40), ("val", 10), ("test", 12))
        for letter, values in (("x", rng.normal(size=(count, 12))), ("y", np.arange(count) % 2))
    }
    np.savez(tmp_path / "a.npz", **named)
    found = folds(tmp_path / "a.npz")
    plain = data.load(tmp_path / "a.npz")
    for fold in found:
        assert fold.parts["val"].tolist() == plain.parts["val"].tolist()
        assert not set(plain.parts["test"].tolist()) & {r for p in fold.parts.values() for r in p.tolist()}
        assert "the test part that the data come with, 12 samples, is left alone" in fold.remarks
    judged = sorted(row for fold in found for row in fold.parts["test"].tolist())
    assert judged == sorted(plain.parts["train"].tolist())


def table(path, rows=120):
    days = np.arange("2021-01-01", np.datetime64("2021-01-01") + rows, dtype="datetime64[D]")
    wave = np.sin(np.arange(rows))
    lines = [f"{day},{value:.4f}" for day, value in zip(days, wave, strict=True)]
    path.write_text("\n".join(["date,wave", *lines]) + "\n")
    return path


def test_a_sequence_is_judged_by_what_came_before(tmp_path):
    found = folds(table(tmp_path / "t.csv"), target="wave")
    count = len(found[0].labels)
    theirs = [rows.tolist() for _, rows in TimeSeriesSplit(FOLDS).split(np.zeros(count))]
    assert [fold.parts["test"].tolist() for fold in found] == theirs
    for fold in found:
        when = np.array(fold.when)
        train, val, test = (when[rows.numpy()] for rows in fold.parts.values())
        assert max(train) < min(val) <= max(val) < min(test)


def test_what_comes_later_changes_nothing_before(tmp_path):
    path = table(tmp_path / "t.csv")
    first = folds(path, target="wave")[0]
    known = len(first.parts["train"]) + len(first.parts["val"])
    lines = path.read_text().splitlines()
    lines = [*lines[: known + 9], *(f"{line.split(',')[0]},77" for line in lines[known + 9 :])]
    path.write_text("\n".join(lines) + "\n")
    again = folds(path, target="wave")[0]
    assert again.features == first.features
    assert again.parts["train"].tolist() == first.parts["train"].tolist()
    rows = first.parts["train"]
    assert np.array_equal(again.inputs[rows], first.inputs[rows])


def test_too_few_moments(tmp_path):
    with pytest.raises(DataError, match="moments to predict are too few for 30 folds"):
        folds(table(tmp_path / "t.csv", 30), 30, target="wave")


@pytest.mark.parametrize("fold", ["3", "0/5", "6/5", "1/1", "a/b", 3])
def test_a_fold_has_a_place(fold):
    with pytest.raises(SettingsError, match="expected 2/5"):
        DataSettings(fold=fold)
