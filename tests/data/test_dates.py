from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.data.text.dates import is_date, times
from convscope.errors import DataError

MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2099, 12, 31)).map(
    lambda time: time.replace(microsecond=0)
)


def read(*cells):
    return [str(time) for time in times(cells, "date")[0].astype("datetime64[s]")]


@pytest.mark.parametrize(
    "form",
    ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%d %B %Y %H:%M:%S"],
)
@settings(deadline=None)  # the first example imports pandas, and machines may be busy
@given(moments=st.lists(MOMENTS, min_size=1, max_size=9))
def test_what_was_written_is_read(form, moments):
    cells = [time.strftime(form) for time in moments]
    if form.startswith("%Y"):
        cells = [cell.zfill(19) for cell in cells]
    found, _ = times(cells, "date")
    assert found.astype("datetime64[us]").tolist() == moments


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["2012-01-31"], "2012-01-31T00:00:00"),
        (["2012/1/31"], "2012-01-31T00:00:00"),
        (["2012-01"], "2012-01-01T00:00:00"),
        (["2012"], "2012-01-01T00:00:00"),
        (["20120131"], "2012-01-31T00:00:00"),
        (["1388534400"], "2014-01-01T00:00:00"),
        (["1388534400000"], "2014-01-01T00:00:00"),
        (["31.1.12"], "2012-01-31T00:00:00"),
        (["19-Sep-03"], "2003-09-19T00:00:00"),
        (["Jan 31, 2012"], "2012-01-31T00:00:00"),
        (["1/31/2012 5:30 PM"], "2012-01-31T17:30:00"),
        (["31/1/2012 17:30"], "2012-01-31T17:30:00"),
        (["2012-01-31T10:00:00Z"], "2012-01-31T10:00:00"),
        (["2012-01-31 00:00:00+01:00"], "2012-01-31T00:00:00"),
    ],
)
def test_formats(cells, expected):
    assert read(*cells) == [expected]


def test_a_day_above_twelve_decides_for_the_whole_column():
    assert read("01/02/2012", "13/02/2012") == ["2012-02-01T00:00:00", "2012-02-13T00:00:00"]
    assert read("01/02/2012", "01/13/2012") == ["2012-01-02T00:00:00", "2012-01-13T00:00:00"]
    assert times(["13/02/2012"], "column 'day'")[1] == ("column 'day' is read as %d/%m/%Y",)


def test_dates_that_read_both_ways_are_refused():
    with pytest.raises(DataError) as caught:
        times(["01/01/2012", "01/02/2012"], "column 'day'")
    assert str(caught.value) == (
        "column 'day' holds dates that can be read day first or month first: '01/02/2012' may be"
        " 2012-02-01 or 2012-01-02.\n  Write them all as 2012-01-31, or 2012-01-31 10:00."
    )


def test_dates_that_mean_the_same_both_ways_are_fine():
    assert read("01/01/2012", "02/02/2012") == ["2012-01-01T00:00:00", "2012-02-02T00:00:00"]


@pytest.mark.parametrize("other", ["02.01.2012", "tomorrow", "2012-13-01", "2012-02-30"])
def test_mixed_formats_are_refused(other):
    with pytest.raises(DataError, match=rf"in several formats, or none: '2012-01-01' and '{other}'"):
        times(["2012-01-01", other], "date")
    with pytest.raises(DataError, match=r"no date|several formats"):
        times([other, "2012-01-01"], "date")


def test_no_date_at_all():
    with pytest.raises(DataError, match="date holds 'soon', which is no date that convscope knows"):
        times(["soon"], "date")


def test_one_offset_from_utc_is_local_time():
    found, said = times(["2012-01-01T00:00+01:00", "2012-01-02T00:00+01:00"], "date")
    assert found.astype("datetime64[h]").astype(str).tolist() == ["2012-01-01T00", "2012-01-02T00"]
    assert said == ("date is taken as the clock shows it, at the offset +01:00",)


def test_several_offsets_are_brought_to_utc():
    found, said = times(["2012-03-24T12:00+01:00", "2012-03-25T12:00+02:00"], "date")
    assert np.diff(found) == [np.timedelta64(23, "h")]
    assert found[0].astype("datetime64[h]").astype(str) == "2012-03-24T11"
    assert said == ("date has several offsets from UTC: all times are UTC's",)


def test_offsets_on_some_only_are_refused():
    with pytest.raises(DataError, match="such as '2012-01-01T12:00Z' and '2012-01-02T12:00'"):
        times(["2012-01-01T12:00Z", "2012-01-02T12:00"], "date")


def test_repeated_cells_keep_their_order():
    assert read("2012-01-02", "2012-01-01", "2012-01-02")[::2] == ["2012-01-02T00:00:00"] * 2


@pytest.mark.parametrize("text", ["", "12.5", "1.5.2", "abc", "0", "12", "-3", "2012-", "10:00"])
@pytest.mark.parametrize("named", [True, False])
def test_what_is_no_date(text, named):
    assert not is_date(text, named=named)


@pytest.mark.parametrize("text", ["2012", "20120131", "1388534400"])
def test_bare_numbers_are_dates_only_by_their_columns_name(text):
    assert is_date(text, named=True)
    assert not is_date(text, named=False)


def test_every_day_of_a_century_in_one_go():
    days = [datetime(1950, 1, 1) + timedelta(day) for day in range(36_525)]
    assert times([f"{day:%d/%m/%Y}" for day in days], "date")[0].tolist() == days
