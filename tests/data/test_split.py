from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.data.dataset import PARTS, DataSettings
from convscope.data.split import parts, remarks
from convscope.errors import DataError

LABELS = st.lists(st.integers(0, 6), max_size=120)
SHARES = st.floats(0, 0.99)
QUICK = settings(max_examples=150, deadline=None, derandomize=True)


def assert_covers(split: dict[str, torch.Tensor], count: int) -> None:
    assert tuple(split) == PARTS
    rows = [row for part in split.values() for row in part.tolist()]
    assert sorted(rows) == list(range(count))
    assert all(
        part.dtype == torch.int64 and part.tolist() == sorted(part.tolist()) for part in split.values()
    )


def counted(split: dict[str, torch.Tensor], labels: list[int]) -> dict[str, Counter]:
    return {name: Counter(labels[row] for row in rows) for name, rows in split.items()}


@QUICK
@given(LABELS, SHARES, SHARES, st.integers(0, 2**32))
def test_every_row_is_in_one_part_and_rare_classes_stay(labels, val, test, seed):
    split = parts(labels, DataSettings(val=val, test=test, seed=seed))
    assert_covers(split, len(labels))
    held = counted(split, labels)
    for label, size in Counter(labels).items():
        wanted = ["train"] + ["test"] * (test > 0) + ["val"] * (val > 0)
        assert all(held[name][label] >= 1 for name in wanted[:size])
        assert held["test"][label] in range(size)
        if size >= 3:
            tests = min(size - 1 - (val > 0), max(test > 0, int(size * test + 0.5)))
            assert held["test"][label] == tests
            assert held["val"][label] == min(size - tests - 1, max(val > 0, int((size - tests) * val + 0.5)))


@QUICK
@given(LABELS, st.data())
def test_what_the_source_says_stays(labels, data):
    said = data.draw(
        st.lists(st.sampled_from(["train", "val", "test", ""]), min_size=len(labels), max_size=len(labels))
    )
    split = parts(labels, DataSettings(), given=said)
    assert_covers(split, len(labels))
    for name in ("val", "test"):
        rows = {row for row, part in enumerate(said) if part == name}
        assert rows <= set(split[name].tolist())
        assert not rows or rows == set(split[name].tolist())  # an existing part gets nothing added


@QUICK
@given(LABELS, st.data(), st.integers(0, 9))
def test_a_group_never_straddles(labels, data, seed):
    groups = data.draw(st.lists(st.sampled_from("abcdefghij"), min_size=len(labels), max_size=len(labels)))
    split = parts(labels, DataSettings(val=0.2, test=0.3, seed=seed), groups=groups)
    assert_covers(split, len(labels))
    places = [{groups[row] for row in rows.tolist()} for rows in split.values()]
    assert sum(map(len, places)) == len(set(groups))
    assert counted(split, labels)["train"].keys() == set(labels)  # every class can be learnt


def test_groups_come_near_the_shares_and_stay_stratified():
    generator = np.random.default_rng(0)
    groups = np.repeat(np.arange(300), generator.integers(1, 12, 300))
    labels = generator.choice(3, len(groups), p=[0.7, 0.2, 0.1])
    split = parts(labels, DataSettings(), groups=groups.tolist())
    held = counted(split, labels.tolist())
    for label, size in Counter(labels.tolist()).items():
        assert held["test"][label] / size == pytest.approx(0.2, abs=0.03)
        assert held["val"][label] / size == pytest.approx(0.08, abs=0.03)


def test_rows_follow_their_group_into_a_given_part():
    split = parts(
        [0, 1, 0, 1], DataSettings(val=0), given=["test", "", "train", ""], groups=["a", "a", "b", "b"]
    )
    assert split["test"].tolist() == [0, 1]
    assert split["train"].tolist() == [2, 3]


def test_the_split_of_a_seed_never_changes():
    labels = [row % 3 for row in range(30)]
    assert parts(labels, DataSettings())["test"].tolist() == [1, 3, 11, 13, 20, 21]
    assert parts(labels, DataSettings(seed=1))["test"].tolist() != [1, 3, 11, 13, 20, 21]


def test_shares_are_exact_for_each_class():
    labels = torch.arange(10).repeat_interleave(500)
    split = parts(labels, DataSettings())
    assert {name: torch.bincount(labels[rows]).tolist() for name, rows in split.items()} == {
        "train": [360] * 10,
        "val": [40] * 10,
        "test": [100] * 10,
    }


def test_no_share_gives_an_empty_part():
    split = parts([0, 1] * 10, DataSettings(val=0, test=0))
    assert [len(rows) for rows in split.values()] == [20, 0, 0]
    assert [len(rows) for rows in parts([], DataSettings()).values()] == [0, 0, 0]
    assert [len(rows) for rows in parts([0], DataSettings(), groups=["a"]).values()] == [1, 0, 0]


@pytest.mark.parametrize("share", [-0.1, 1, 1.5, float("nan")])
def test_an_impossible_share_is_refused(share):
    with pytest.raises(DataError, match="the share 'val' must be at least 0 and below 1"):
        parts([0, 1], DataSettings(val=share))


def test_a_group_that_the_source_puts_into_two_parts_is_refused():
    with pytest.raises(
        DataError, match=r"group 'ann' is in both train and test|group 'ann' is in both test and train"
    ):
        parts([0, 1], DataSettings(), given=["train", "test"], groups=["ann", "ann"])


def test_an_unknown_part_is_refused():
    with pytest.raises(DataError, match="a part of the data is called 'dev'"):
        parts([0, 1], DataSettings(), given=["train", "dev"])


def test_what_was_split_is_said():
    split = parts([0, 1] * 10, DataSettings())
    assert remarks(split, ()) == ("held back at random, class by class: 2 to val and 4 to test",)
    assert remarks(split, ("val", "test")) == ()
    assert "no test part" in remarks(parts([0, 1], DataSettings(val=0, test=0)), ())[0]


def test_groups_must_be_one_a_row():
    with pytest.raises(DataError, match="1 group values for 2 rows"):
        parts([0, 1], DataSettings(), groups=["a"])


@pytest.mark.parametrize(("groups", "size"), [(3, 4), (4, 9), (5, 6), (6, 1), (12, 30)])
def test_groups_go_to_every_part_that_is_wanted(groups, size):
    """Patients with one diagnosis each: as many as three a class, and no part stays empty."""
    labels = np.repeat(np.arange(2), groups * size).tolist()
    people = [f"{label} {row // size}" for row, label in enumerate(labels)]
    for seed in range(5):
        held = counted(parts(labels, DataSettings(seed=seed), groups=people), labels)
        assert all(held[name][label] for name in PARTS for label in (0, 1)), held


def test_a_part_that_is_not_wanted_gets_no_group():
    split = parts([0, 1] * 6, DataSettings(val=0), groups=[row // 4 for row in range(12)])
    assert len(split["val"]) == 0
    assert len(split["test"]) > 0
