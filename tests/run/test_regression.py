"""Every figure of predicted values against scikit-learn, SciPy or a count by hand."""

import json
import math

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as reference

from convscope.errors import DataError
from convscope.run.evaluation.metrics import evaluate_values


def made_up(samples=300, noise=2.0):
    """A random walk, and a forecast of it that knows something."""
    random = np.random.default_rng(0)
    walk = np.cumsum(random.normal(size=samples + 1)) + 20
    return walk[1:], walk[1:] + noise * random.normal(size=samples) + 0.3, walk[:-1]


def test_figures_are_those_of_scikit_learn():
    truth, said, _ = made_up()
    found = evaluate_values(truth, said, "level")
    assert found.mae == pytest.approx(reference.mean_absolute_error(truth, said))
    assert found.rmse == pytest.approx(reference.root_mean_squared_error(truth, said))
    assert found.r2 == pytest.approx(reference.r2_score(truth, said))
    assert found.bias == pytest.approx(np.mean(said) - np.mean(truth))
    low, high = stats.t.interval(0.95, 299, found.mae, stats.sem(np.abs(said - truth)))
    assert found.interval == pytest.approx((low, high))


def test_skill_compares_squared_errors():
    truth, said, before = made_up(noise=0.3)
    found = evaluate_values(truth, said, persistence=before, mean=5.0)
    own = reference.mean_squared_error(truth, said)
    for rival, guess in ((found.persistence, before), (found.mean, np.full(300, 5.0))):
        assert rival.mae == pytest.approx(reference.mean_absolute_error(truth, guess))
        assert rival.skill == pytest.approx(1 - own / reference.mean_squared_error(truth, guess))
        assert rival.beaten


@pytest.mark.parametrize("noise", [0.2, 0.8, 0.95, 1.2])
def test_clearly_better_is_a_paired_test(noise):
    truth, said, before = made_up(noise=noise)
    gain = np.square(before - truth) - np.square(said - truth)
    better = gain.mean() / stats.sem(gain) > stats.t.ppf(0.975, len(gain) - 1)
    found = evaluate_values(truth, said, persistence=before)
    assert found.persistence.beaten is bool(better)
    assert ("not clearly better" in found.baselines()[0]) is not better


def test_worst_come_first_with_their_names_and_rows():
    found = evaluate_values([1.0, 2.0, 3.0], [1.5, -2.0, 3.1], "wind", ["a", "b", "c"], [7, 8, 9])
    assert [sample.name for sample in found.worst] == ["b", "a", "c"]
    assert found.worst[0] == (8, "b", 2.0, -2.0)
    assert found.worst[0].error == -4.0


def test_json_is_strict_and_plain():
    truth, said, before = made_up(150)
    found = evaluate_values(truth, said, "level", persistence=before, mean=1.0)
    again = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert again["mae"] == found.mae
    assert again["persistence"]["skill"] == found.persistence.skill
    assert len(again["worst"]) == 100


def test_lines_tell_it_in_plain_words():
    text = "\n".join(evaluate_values([1.0, 2.0], [2.0, 2.0], "wind", mean=1.5).lines())
    assert "mean absolute error 0.5 (95 % interval 0 to 6.853): wind of 2 samples" in text
    assert "bias +0.5" in text
    assert "Always saying the mean of the training part is off by 0.5 on average" in text
    assert "row 0" in text
    assert "&" not in evaluate_values([1.0], [2.0])._repr_html_()


def test_what_is_not_defined_is_none():
    one = evaluate_values([1.0], [2.0], persistence=[1.0])
    assert (one.interval, one.r2) == (None, None)
    assert one.persistence == ("expecting no change", 0.0, None, False)
    json.dumps(one.as_dict(), allow_nan=False)
    assert "R² –" in one.headline()[1]


@pytest.mark.parametrize(
    ("truth", "said", "message"),
    [
        ([], [], "this part is empty"),
        ([1.0, 2.0], [1.0], "need as many predicted ones"),
        ([1.0], [math.nan], "NaN or infinite"),
    ],
)
def test_what_cannot_be_evaluated_is_said(truth, said, message):
    with pytest.raises(DataError, match=message):
        evaluate_values(truth, said)
