"""Calendars and lines: every sample in its place, in the colour of what it was and what was said."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import torch
from matplotlib.colors import to_hex

from convscope.data.dataset import Dataset, DataSettings
from convscope.run.evaluation.metrics import evaluate, evaluate_values
from convscope.run.plots import figures, over_time
from convscope.run.plots.over_time import PALETTE, Point


def days(count=365, series="", step=timedelta(days=1)):
    """Points of which every tenth is wrong."""
    first = datetime(2015, 1, 1)
    return [
        Point(first + place * step, series, "rain", "sun" if place % 10 == 0 else "rain")
        for place in range(count)
    ]


def cells(figure, panel=0):
    return [collection for collection in figure.axes[panel].collections if len(collection.get_paths())]


def test_each_day_is_a_cell_and_a_wrong_one_two_corners():
    figure = over_time.calendar(days(), ["rain", "sun"])
    right, was, said = cells(figure)
    assert [len(some.get_paths()) for some in (right, was, said)] == [365 - 37, 37, 37]
    assert to_hex(was.get_facecolor()[0]) == PALETTE[0]
    assert to_hex(said.get_facecolor()[0]) == PALETTE[1]


def test_a_calendar_has_a_column_a_week_and_a_line_a_weekday():
    one = [Point(datetime(2015, 3, 4), "", "a", "a")]  # a Wednesday in the tenth week
    (cell,) = cells(over_time.calendar(one, ["a"]))
    left, top = cell.get_paths()[0].vertices.min(0)
    assert (int(left), int(top)) == (9, 2)


def test_hours_run_on_line_by_line():
    points = days(1000, step=timedelta(hours=1))
    right, was, _ = cells(over_time.calendar(points, ["rain", "sun"]))
    assert len(right.get_paths()) + len(was.get_paths()) == 7 * over_time.WEEKS


def test_many_series_show_the_last_year_of_some():
    points = [point for name in "abcdef" for point in days(500, name)]
    titles = [axes.get_title("left") for axes in over_time.calendar(points, ["rain", "sun"]).axes]
    assert titles == ["a 2016", "b 2016", "c 2016", "d 2016"]


def test_more_classes_than_colours_are_right_or_wrong():
    figure = over_time.calendar(days(30), [f"class {place}" for place in range(20)])
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["right", "wrong"]
    assert "<svg" in figures.svg(figure)


def test_lines_hold_what_was_true_and_what_was_said():
    points = [Point(day.when, "A", float(place), place + 0.5) for place, day in enumerate(days(20))]
    figure = over_time.course(points, "wind")
    true, said = (line.get_ydata().tolist() for line in figure.axes[0].lines)
    assert true == [float(place) for place in range(20)]
    assert said == [place + 0.5 for place in range(20)]
    assert figure.axes[0].get_title("left") == "wind, A"


def test_large_values_have_ticks_without_powers_of_ten():
    points = [Point(day.when, "A", 1.5e6 + 1e4 * place, 1.6e6) for place, day in enumerate(days(20))]
    drawn = figures.svg(over_time.course(points, "price"))
    assert " M</text>" in drawn
    assert "1e6" not in drawn


@pytest.fixture
def table():
    when = ["2015-01-02", "2015-01-01", "2015-01-03"]
    return Dataset(
        inputs=torch.zeros(3, 1, 2), labels=torch.tensor([0, 1, 1]), classes=("rain", "sun"),
        parts={"train": torch.arange(0), "val": torch.arange(0), "test": torch.arange(3)},
        kind="sequence", source="x", names=[f"New York {time}" for time in when], settings=DataSettings(),
        when=when,
    )  # fmt: skip


def test_points_are_in_the_order_of_time_with_series_truth_and_answer(table):
    evaluation = evaluate([0, 1, 1], [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9]], table.classes)
    first, second, third = over_time.points(table, [0, 1, 2], evaluation)
    assert first == (datetime(2015, 1, 1), "New York", "sun", "rain")
    assert (second.true, second.said, third.true, third.said) == ("rain", "rain", "sun", "sun")


def test_points_of_values(table):
    values = replace(table, labels=torch.tensor([1.0, 2.0, 3.0]), classes=("wind",))
    found = over_time.points(values, [0, 1, 2], evaluate_values([1.0, 2.0, 3.0], [1.5, 2.5, 3.5], "wind"))
    assert [(point.true, point.said) for point in found] == [(2.0, 2.5), (1.0, 1.5), (3.0, 3.5)]
