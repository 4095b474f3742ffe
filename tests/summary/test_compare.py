"""Models side by side, against counting by hand."""

import json

import pytest
import torch
from torch import nn

from convscope.summary import summarise
from convscope.summary.compare import EXAMPLES, Comparison, Side, example


def windows(out_channels, kernel, in_channels):
    """Products of a convolution that keeps 28 × 28: a window for every position and channel of its output."""
    positions = len([(row, column) for row in range(28) for column in range(28)])
    return positions * out_channels * sum(1 for _ in range(kernel * kernel)) * in_channels


def test_the_bottleneck_of_the_tutorials():
    found = example("bottleneck")
    assert [side.summary.totals.macs for side in found.sides] == [
        windows(32, 5, 192),
        windows(16, 1, 192) + windows(32, 5, 16),
    ]
    text = str(found)
    assert "28·28·5·5·192·32 = 120,422,400" in text
    assert "2,408,448 + 10,035,200 = 12,443,648" in text
    assert "where a tutorial prints 12,433,648, that\nis a slip" in text
    assert "0.103×" in text


def test_two_small_kernels_against_a_large_one():
    found = example("stacked")
    assert [side.summary.totals.macs for side in found.sides] == [windows(16, 5, 16), 2 * windows(16, 3, 16)]
    assert [side.summary.field for side in found.sides] == [(5, 5), (5, 5)]
    shapes = [side.summary.rows[-1].output for side in found.sides]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_the_same_every_time_and_change_no_random_numbers(name):
    torch.manual_seed(3)
    untouched = torch.rand(2)
    torch.manual_seed(3)
    example(name)
    assert torch.equal(torch.rand(2), untouched)


def sides(**models):
    return tuple(Side(name, summarise(model, torch.randn(1, 8))) for name, model in models.items())


def test_figures_and_their_ratios():
    found = Comparison(sides(narrow=nn.Linear(8, 4), wide=nn.Linear(8, 12)))
    lines = {line.title: line for line in found.lines}
    assert lines["parameters"].texts == ("36", "108")
    assert lines["parameters"].ratios == ("", "3×")
    assert lines["MACs per sample"].texts == ("32", "96")
    assert lines["input"].texts == ("1 × 8", "1 × 8")
    assert lines["output"].texts == ("1 × 4", "1 × 12")


def test_nothing_is_divided_by_nothing():
    found = Comparison(sides(none=nn.ReLU(), some=nn.Linear(8, 1)))
    lines = {line.title: line for line in found.lines}
    assert lines["parameters"].ratios == ("", "")


def test_what_is_known_of_one_side_only_is_a_dash_for_the_other():
    one, two = sides(one=nn.ReLU(), two=nn.Tanh())
    found = Comparison((Side("one", one.summary, {"test accuracy": "98.00 %"}), two))
    assert found.lines[-1].texts == ("98.00 %", "–")


def test_three_models_and_every_form():
    found = Comparison(sides(a=nn.Linear(8, 2), b=nn.Linear(8, 4), c=nn.Linear(8, 8)))
    assert len({len(line.texts) for line in found.lines}) == 1
    table = [line for line in found.markdown().splitlines() if line.startswith("|")]
    assert {line.count("|") for line in table} == {5}
    loaded = json.loads(json.dumps(found.as_dict()))
    assert [model["name"] for model in loaded["models"]] == ["a", "b", "c"]
    assert found._repr_html_().count("<tr>") == len(table) - 1


def test_a_model_that_fails_says_why():
    found = Comparison(sides(good=nn.Linear(8, 2), bad=nn.Linear(9, 2)))
    assert "bad fails; its figures end there." in str(found)
    assert "got 8, expected 9" in str(found)
