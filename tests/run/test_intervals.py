"""Intervals against SciPy, closed cases, and what drawing samples or whole groups anew shows."""

import numpy as np
import pytest
from scipy import stats

from convscope.run.evaluation.intervals import numbered, of_mean, of_recalls, of_share, wilson
from convscope.run.evaluation.metrics import evaluate, evaluate_values


@pytest.mark.parametrize(("correct", "samples"), [(0, 5), (5, 5), (3, 10), (37, 50), (9912, 10_000)])
def test_a_share_has_wilsons_interval(correct, samples):
    expected = stats.binomtest(correct, samples).proportion_ci(method="wilson")
    right = np.arange(samples) < correct
    assert wilson(correct, samples) == pytest.approx((expected.low, expected.high), abs=1e-6)
    assert of_share(right) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_independent_values_have_students_interval():
    values = np.random.default_rng(0).normal(size=7)
    assert of_mean(values) == pytest.approx(stats.t.interval(0.95, 6, values.mean(), stats.sem(values)))
    assert of_mean(values[:1]) is None


def test_equal_groups_are_their_means():
    """Where groups are of one size, the mean is that of the groups' means, and so is its interval."""
    values = np.random.default_rng(1).normal(size=(6, 4)) + np.arange(6)[:, None]
    means = values.mean(1)
    found = of_mean(values.ravel(), np.arange(6).repeat(4))
    assert found == pytest.approx(stats.t.interval(0.95, 5, means.mean(), stats.sem(means)))


def patients(random, count=30):
    """Right or wrong, class and patient of samples; patients differ a lot."""
    sizes = random.integers(5, 15, count)
    group = np.arange(count).repeat(sizes)
    truth = random.integers(0, 3, len(group))
    skill = random.beta(2, 1, count)
    return random.random(len(group)) < skill[group], truth, group


def test_balanced_accuracy_of_groups_is_what_drawing_groups_shows():
    random = np.random.default_rng(2)
    right, truth, group = patients(random)
    drawn = []
    for _ in range(2000):
        rows = np.concatenate([np.flatnonzero(group == one) for one in random.integers(0, 30, 30)])
        drawn.append(np.mean([right[rows][truth[rows] == name].mean() for name in range(3)]))
    spread = 2 * stats.t.ppf(0.975, 29) * np.std(drawn)
    low, high = of_recalls(right, truth, group)
    assert high - low == pytest.approx(spread, rel=0.15)
    assert (low + high) / 2 == pytest.approx(np.mean(drawn), abs=0.01)
    alone = of_recalls(right, truth)
    assert high - low > 1.3 * (alone.high - alone.low)


@pytest.mark.parametrize("grouped", [False, True])
def test_nineteen_of_twenty_intervals_hold_the_truth(grouped):
    random = np.random.default_rng(3)
    held = 0
    for _ in range(400):
        group = np.arange(20).repeat(5)
        skill = random.beta(4, 2, 20) if grouped else np.full(20, 2 / 3)
        low, high = of_share(random.random(100) < skill[group], group if grouped else None)
        held += low <= 2 / 3 <= high
    assert 0.91 < held / 400 < 0.99


def test_few_mistakes_in_few_groups_are_no_certainty():
    """Nearly all right: nineteen of twenty intervals hold the truth there, too."""
    random = np.random.default_rng(5)
    held = 0
    for _ in range(400):
        low, high = of_share(random.random(30) < 0.95, np.arange(10).repeat(3))
        held += low <= 0.95 <= high
    assert held / 400 > 0.93


def test_judging_the_same_samples_again_makes_no_interval_narrower():
    once, again = np.arange(10) > 0, np.ones(10, bool)
    right, rows = np.concatenate([once, again, again]), np.tile(np.arange(10), 3)
    low, high = of_share(right, rows, most=10)
    assert (low, high) == wilson(29 / 3, 10)
    assert high - low > 0.2


def test_all_right_is_as_sure_as_there_are_groups():
    group = np.arange(5).repeat(100)
    assert of_share(np.ones(500, bool), group) == wilson(5, 5)
    assert of_share(np.ones(500, bool), np.zeros(500, np.int64)) == wilson(1, 1)
    assert numbered(["a", "", "a", ""]).tolist() == [0, 1, 0, 2]


def test_an_evaluation_says_its_intervals_and_by_what():
    truth, said = [0, 0, 0, 1, 1, 1], np.eye(2)[[0, 0, 1, 1, 1, 1]]
    alone, grouped = (evaluate(truth, said, "ab", groups=some) for some in ((), list("aabbcc")))
    assert alone.groups is None
    assert grouped.groups == 3
    assert "5 of 6 right" in alone.headline()[0]
    assert alone.headline()[0].endswith(alone.interval.shares())
    assert grouped.headline()[0].endswith("%, by 3 groups")
    assert grouped.as_dict()["balanced_interval"] == list(grouped.balanced_interval)
    values = evaluate_values([1.0, 2.0, 3.0, 4.0], [1.5, 2.5, 3.0, 4.0], groups=list("aabb"))
    assert values.interval == pytest.approx((0, 0.25 + stats.t.ppf(0.975, 1) * 0.25))
    assert ", by 2 groups)" in values.headline()[0]
    assert values.as_dict()["groups"] == 2


def test_a_thousand_classes_take_no_square():
    labels = np.arange(5000) % 1000
    chance = np.full((5000, 1000), 1e-6)
    chance[np.arange(5000), (labels + (np.arange(5000) % 7 == 0)) % 1000] = 1 - 999e-6
    found = evaluate(labels, chance, [f"class {index}" for index in range(1000)])
    assert sum(pair.times for pair in found.pairs) == 5000
    assert len(found.pairs) < 2000
    assert found.confusion.sum() == 5000
    assert found.confusions[0].times == found.confusion[~np.eye(1000, dtype=bool)].max()
    assert found.as_dict()["confusion"][0] == found.pairs[0]._asdict()


def test_better_than_no_change_is_the_same_in_any_unit():
    """What the network beats by chance alone is not beaten where the target is counted in a large unit."""
    random = np.random.default_rng(7)
    truth = random.normal(size=40)
    said, before = (truth + scale * random.normal(size=40) for scale in (1, 1.2))
    found = evaluate_values(truth, said, persistence=before)
    small = evaluate_values(1e-8 * truth, 1e-8 * said, persistence=1e-8 * before)
    assert found.persistence.skill == pytest.approx(small.persistence.skill)
    assert found.persistence.skill > 0
    assert not found.persistence.beaten
    assert not small.persistence.beaten
    assert small.interval == pytest.approx([1e-8 * bound for bound in found.interval], rel=1e-9, abs=0)
