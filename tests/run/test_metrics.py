"""Every figure against scikit-learn or a count by hand."""

import json
import math

import numpy as np
import pytest
import torch
from sklearn import metrics as reference

from convscope.errors import DataError
from convscope.run.evaluation.intervals import wilson
from convscope.run.evaluation.metrics import evaluate


def made_up(
    samples: int, classes: int, seed: int = 0, sharpness: float = 1.5
) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and probabilities that know something about them; with ties, as float32 networks give."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, samples)
    logits = random.normal(size=(samples, classes)).round(1)
    logits[np.arange(samples), labels] += sharpness
    odds = np.exp(logits)
    return labels, odds / odds.sum(1, keepdims=True)


@pytest.mark.parametrize(("samples", "classes"), [(400, 2), (1000, 10), (3000, 100)])
def test_figures_are_those_of_scikit_learn(samples, classes):
    labels, chance = made_up(samples, classes)
    names = [f"c{index}" for index in range(classes)]
    found = evaluate(labels, chance, names)
    said = chance.argmax(1)
    assert found.accuracy == pytest.approx(reference.accuracy_score(labels, said))
    assert found.balanced_accuracy == pytest.approx(reference.balanced_accuracy_score(labels, said))
    assert found.macro_f1 == pytest.approx(reference.f1_score(labels, said, average="macro"))
    assert found.loss == pytest.approx(reference.log_loss(labels, chance, labels=range(classes)))
    areas = [reference.roc_auc_score(labels == index, chance[:, index]) for index in range(classes)]
    assert found.roc_auc == pytest.approx(np.mean(areas))
    assert np.array_equal(found.confusion, reference.confusion_matrix(labels, said, labels=range(classes)))
    table = reference.precision_recall_fscore_support(labels, said, labels=range(classes), zero_division=0)
    for score, precision, recall, f1, support in zip(found.per_class, *table, strict=True):
        assert (score.precision or 0, score.recall, score.f1) == pytest.approx((precision, recall, f1))
        assert score.support == support


def test_top5_is_scikit_learns_and_only_for_ten_classes_or_more():
    labels, chance = made_up(500, 10)
    expected = reference.top_k_accuracy_score(labels, chance, k=5)
    assert evaluate(labels, chance, "abcdefghij").top5 == pytest.approx(expected)
    labels, chance = made_up(500, 9)
    assert evaluate(labels, chance, "abcdefghi").top5 is None


def test_calibration_error_is_the_sum_over_bins_counted_one_by_one():
    labels, chance = made_up(300, 4)
    confidence, right = chance.max(1), chance.argmax(1) == labels
    expected = 0.0
    for low in range(15):
        inside = [i for i in range(300) if low / 15 < confidence[i] <= (low + 1) / 15]
        if inside:
            gap = sum(right[i] for i in inside) / len(inside) - sum(confidence[i] for i in inside) / len(
                inside
            )
            expected += len(inside) / 300 * abs(gap)
    found = evaluate(labels, chance, "abcd")
    assert found.ece == pytest.approx(expected)
    assert sum(part.samples for part in found.reliability) == 300


def test_confidence_of_exactly_one_is_in_the_last_bin():
    found = evaluate([0, 1], np.eye(2), "ab")
    assert found.reliability[-1].samples == 2
    assert found.ece == 0


@pytest.mark.parametrize(("correct", "samples"), [(0, 5), (5, 5), (37, 50), (9912, 10_000)])
def test_interval_bounds_solve_wilsons_equation(correct, samples):
    for bound in wilson(correct, samples):
        if 1e-12 < bound < 1 - 1e-12:  # |share − p| = z · sqrt(p (1 − p) / n)
            distance = 1.959964 * math.sqrt(bound * (1 - bound) / samples)
            assert abs(correct / samples - bound) == pytest.approx(distance)
    assert wilson(0, 5)[0] == pytest.approx(0, abs=1e-12)
    assert wilson(5, 5)[1] == pytest.approx(1)


def test_absent_classes_are_none_and_leave_the_means_alone():
    chance = np.array([[0.7, 0.2, 0.1], [0.4, 0.5, 0.1], [0.2, 0.7, 0.1]])
    found = evaluate([0, 0, 1], chance, ["cat", "dog", "yak"])
    assert found.per_class[2] == ("yak", 0, 0, None, None, None)
    assert found.balanced_accuracy == pytest.approx((0.5 + 1) / 2)
    assert found.macro_f1 == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert found.roc_auc == pytest.approx(1.0)
    assert (found.majority, found.majority_class) == (pytest.approx(2 / 3), "cat")


def test_a_class_that_is_never_said_has_no_precision_and_f1_zero():
    found = evaluate([0, 1], [[0.9, 0.1], [0.8, 0.2]], "ab")
    assert found.per_class[1] == ("b", 1, 0, None, 0.0, 0.0)


def test_one_class_only_leaves_roc_undefined():
    assert evaluate([0, 0], [[0.9, 0.1], [0.2, 0.8]], "ab").roc_auc is None
    assert evaluate([0], [[1.0]], "a").unsure == ()


def test_a_probability_of_zero_keeps_the_loss_finite():
    assert 80 < evaluate([0], [[0.0, 1.0]], "ab").loss < 90


def test_json_is_strict_and_plain():
    labels, chance = made_up(50, 3)
    labels[labels == 2] = 0
    found = evaluate(
        torch.from_numpy(labels), torch.from_numpy(chance).float(), "abc", rows=torch.arange(100, 150)
    )
    again = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert again == found.as_dict()
    assert again["accuracy"] == found.accuracy
    assert again["per_class"][0]["recall"] == found.per_class[0].recall
    assert again["mistakes"][0]["row"] == found.mistakes[0].row >= 100


def test_mistakes_come_the_most_confident_first_and_unsure_the_closest_first():
    chance = [[0.6, 0.4], [0.9, 0.1], [0.45, 0.55], [0.2, 0.8]]
    found = evaluate([1, 1, 1, 0], chance, ["cat", "dog"], names=["a.png", "b.png", "c.png", "d.png"])
    assert [mistake.name for mistake in found.mistakes] == ["b.png", "d.png", "a.png"]
    assert found.mistakes[1] == (3, "d.png", "cat", "dog", pytest.approx(0.8), pytest.approx(0.2))
    assert [sample.name for sample in found.unsure] == ["c.png", "a.png", "d.png", "b.png"]


def test_lines_tell_it_in_plain_words():
    labels = [0] * 9 + [1] * 3
    chance = np.eye(2)[[0] * 9 + [0, 0, 1]]
    text = "\n".join(evaluate(labels, chance, ["4", "9"]).lines())
    assert "accuracy 83.33 %: 10 of 12 right; 95 % interval 55.20 to 95.30 %" in text
    assert "balanced accuracy 66.67 %, macro F1 70.00 %" in text
    assert "9 was taken for 4: 2 times" in text
    assert (
        "Always saying '4', the commonest class, gives 75.00 %: this network is not clearly better than that."
        in text
    )
    assert "no mistakes" in "\n".join(evaluate([0, 1], np.eye(2), "ab").lines())


def test_lines_show_the_weakest_of_many_classes():
    labels, chance = made_up(500, 50)
    lines = evaluate(labels, chance, [f"class {index}" for index in range(50)]).lines()
    assert any("30 classes with a higher F1" in line for line in lines)
    assert len(lines) < 40


@pytest.mark.parametrize(
    ("labels", "chance", "message"),
    [
        ([], np.empty((0, 2)), "this part is empty"),
        ([0], [[1.0]], "need probabilities of 1 × 2; got 1 × 1"),
        ([0, 2], np.eye(2), "labels run from 0 to 2; expected 0 … 1"),
        ([0], [[math.nan, 0.5]], "not probabilities"),
        ([0], [[3.0, -2.0]], "not probabilities"),
    ],
)
def test_what_cannot_be_evaluated_is_said(labels, chance, message):
    with pytest.raises(DataError, match=message):
        evaluate(labels, chance, "ab")


def test_expecting_no_change_is_judged_as_scikit_learn_does():
    labels, chance = made_up(400, 4, seed=3)
    before = np.where(np.random.default_rng(4).random(400) < 0.4, labels, (labels + 1) % 4)
    found = evaluate(labels, chance, "abcd", persistence=before)
    assert found.persistence == pytest.approx(reference.accuracy_score(labels, before))
    assert found.persistence_macro_f1 == pytest.approx(reference.f1_score(labels, before, average="macro"))
    assert found.beats_persistence is True
    assert any(line.startswith("Expecting no change gives") for line in found.lines())
    assert evaluate(labels, chance, "abcd").persistence is None


@pytest.mark.parametrize(
    ("only_network", "only_before", "better"), [(20, 8, True), (19, 9, False), (0, 0, False)]
)
def test_better_than_no_change_is_decided_by_mcnemar(only_network, only_before, better):
    """Of 28 samples that one of the two has right, 20 or more are beyond chance (normal approximation)."""
    both = 50
    truth = np.zeros(both + only_network + only_before, int)
    said, before = truth.copy(), truth.copy()
    said[both : both + only_before] = 1
    before[both + only_before :] = 1
    found = evaluate(truth, np.eye(2)[said], "ab", persistence=before)
    assert found.beats_persistence is better
    assert ("not clearly better" in found.baselines()[1]) is not better
