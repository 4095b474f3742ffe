"""Figures: no power of ten where a person would write none, no share that claims to be all or nothing."""

import re

import numpy as np
import pytest

from convscope.cli.show import NUMBER, columns
from convscope.figures import number, percent, signed

NAMES = {"million": 1e6, "billion": 1e9, "trillion": 1e12}
RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def read(text: str) -> float:
    """The way back, as a person reads it."""
    figure, _, name = text.replace(",", "").partition(" ")
    mantissa, _, exponent = figure.partition("×10")
    return float(mantissa) * 10.0 ** int(exponent.translate(RAISED) or 0) * NAMES.get(name, 1)


@pytest.mark.parametrize("digits", [2, 3, 4, 6])
def test_what_is_written_is_the_number_to_so_many_digits(digits):
    random = np.random.default_rng(0)
    values = random.choice([-1, 1], 2000) * 10.0 ** random.uniform(-14, 18, 2000)
    edges = [0, 1, 9.99999, 999.99999, 9999.96, 99_999.7, 999_999.6, 999_999_999.0, 9.99996e-5, 1e-4, 1e15]
    for value in (*values.tolist(), *edges):
        text = number(value, digits)
        assert read(text) == pytest.approx(value, rel=0.51 * 10.0 ** (1 - digits), abs=1e-300), value
        assert not re.search(r"e[-+]?\d|\d{4}", text.partition(".")[0]), text
        assert NUMBER.fullmatch(text), text


def test_examples():
    assert number(1.629e6) == "1.629 million"
    assert number(452_318.2) == "452,318"
    assert number(8_045_311_447) == "8.045 billion"
    assert number(0.0000012) == "1.2×10⁻⁶"
    assert number(-1e-9) == "-1×10⁻⁹"
    assert [number(value) for value in (float("nan"), float("inf"), -float("inf"))] == ["NaN", "∞", "-∞"]
    assert (signed(-0.25), signed(1e6)) == ("-0.25", "+1 million")


@pytest.mark.parametrize(("right", "of"), [(29_999, 30_000), (1, 30_000), (0, 3), (3, 3), (1, 3)])
def test_a_share_is_all_or_nothing_only_where_it_is(right, of):
    text = percent(right / of)
    assert (text == "100.00 %") is (right == of)
    assert (text == "0.00 %") is (right == 0)


def test_columns_of_figures_stand_to_the_right():
    shown = columns(["a", "figure"], [["x", number(2e6)], ["y", number(1e-9)], ["z", percent(1e-9)]])
    assert len({len(line) for line in shown.splitlines()[1:]}) == 1
