"""Windows against plain loops over rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.data.dataset import DataSettings
from convscope.data.series import windows

START = np.datetime64("2012-01-01", "us")
DAY = np.timedelta64(1, "D")


def days(*numbers):
    return START + np.array(numbers) * DAY


@st.composite
def tables(draw):
    """Days of up to three series, some missing, in any order."""
    rows = []
    for series in range(draw(st.integers(1, 3))):
        kept = draw(st.lists(st.booleans(), min_size=2, max_size=25))
        rows += [(series, day) for day, here in enumerate([True, *kept, True]) if here]
    rows = draw(st.permutations(rows))
    return np.array([series for series, _ in rows]), days(*(day for _, day in rows))


@settings(deadline=None)  # the first example imports pandas, and machines may be busy
@given(tables(), st.integers(1, 5), st.integers(1, 4))
def test_windows_and_targets_are_those_of_a_plain_loop(table, window, horizon):
    series, times = table
    axis = windows.axis(times, series)
    assert np.array_equal(axis.times, times[axis.order])
    assert np.array_equal(axis.series, series[axis.order])
    there = {
        (s, t): row for row, (s, t) in enumerate(zip(axis.series.tolist(), axis.times.tolist(), strict=True))
    }
    last = windows.ends(axis, window)
    target = windows.targets(axis, last, horizon)
    newest = windows.newest(axis, last, horizon)
    close = axis.step * windows.GAP

    def chain(row, back, forth):
        """Rows from `back` before to `forth` after, if all are of one series and near each other."""
        rows = list(range(row - back, row + forth + 1))
        if rows[0] < 0 or rows[-1] >= len(axis.times) or len(set(axis.series[rows].tolist())) > 1:
            return None
        return rows if (np.diff(axis.times[rows]) <= close).all() else None

    expected = [row for row in range(len(axis.times)) if chain(row, window - 1, 0)]
    assert last.tolist() == expected
    assert target.tolist() == [row + horizon if chain(row, 0, horizon) else -1 for row in expected]
    for row, is_newest in zip(expected, newest, strict=True):
        final = max(r for (s, _), r in there.items() if s == axis.series[row])
        assert is_newest == (row + horizon > final and chain(row, 0, final - row) is not None)


def test_gaps_are_counted_and_series_are_not_gaps():
    axis = windows.axis(days(0, 1, 2, 5, 6, 0, 1), np.array([0, 0, 0, 0, 0, 1, 1]))
    assert axis.run.tolist() == [0, 0, 0, 1, 1, 2, 2]
    assert axis.gaps == 1
    assert axis.step == DAY


def test_months_of_any_length_are_no_gaps():
    months = np.arange("2011-01", "2013-06", dtype="datetime64[M]").astype("datetime64[us]")
    axis = windows.axis(months, np.zeros(len(months), int))
    assert axis.gaps == 0
    assert axis.even
    missing = np.delete(months, 7)
    assert windows.axis(missing, np.zeros(len(missing), int)).gaps == 1


def test_weekends_and_holidays_are_no_gaps_where_there_are_weekdays_only():
    every = np.arange("2012-01-02", "2012-12-29", dtype="datetime64[D]")
    weekdays = every[np.is_busday(every)].astype("datetime64[us]")
    axis = windows.axis(np.delete(weekdays, [40, 80, 81]), np.zeros(len(weekdays) - 3, int))
    assert axis.weekdays
    assert axis.gaps == 0
    week = windows.axis(np.delete(weekdays, range(50, 55)), np.zeros(len(weekdays) - 5, int))
    assert week.gaps == 1
    friday = np.array([np.flatnonzero(axis.times == np.datetime64("2012-12-28"))[0]])
    assert windows.ahead(axis, friday, 2).astype("datetime64[D]").astype(str) == ["2013-01-01"]


@pytest.mark.parametrize(
    ("first", "second", "horizon", "expected"),
    [
        ("2012-01-30T00", "2012-01-31T00", 1, "2012-02-01T00"),
        ("2012-01-01T00", "2012-02-01T00", 2, "2012-04-01T00"),
        ("2012-01-15T00", "2012-04-15T00", 1, "2012-07-15T00"),
        ("2011-01-01T00", "2012-01-01T00", 1, "2013-01-01T00"),
        ("2012-01-01T22", "2012-01-01T23", 3, "2012-01-02T02"),
        ("2012-01-03T00", "2012-01-10T00", 2, "2012-01-24T00"),
    ],
)
def test_the_time_ahead(first, second, horizon, expected):
    axis = windows.axis(np.array([first, second], "datetime64[us]"), np.zeros(2, int))
    (found,) = windows.ahead(axis, np.array([1]), horizon)
    assert str(found.astype("datetime64[h]")) == expected


def cut(first, last, **shares):
    times = np.arange(first, np.datetime64(last) + 1, dtype="datetime64[D]").astype("datetime64[us]")
    val, test = windows.cuts(windows.axis(times, np.zeros(len(times), int)), DataSettings(**shares))
    return str(val.astype("datetime64[D]")), str(test.astype("datetime64[D]"))


def test_whole_years_are_held_back_where_there_are_three():
    assert cut("2012-01-01", "2015-12-31")[1] == "2015-01-01"
    assert cut("2012-07-01", "2015-06-30")[1] == "2014-07-01"
    assert cut("2001-01-01", "2020-12-31")[1] == "2017-01-01"  # a fifth of twenty years


def test_shares_of_the_time():
    assert cut("2012-01-01", "2012-04-09", val=0.25, test=0.2) == ("2012-03-01", "2012-03-21")
    assert cut("2012-01-01", "2012-04-09", val=0.0, test=0.0) == ("2012-04-10", "2012-04-10")
