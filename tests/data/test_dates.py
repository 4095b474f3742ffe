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
    assert times(["13/02/2012"], "column 'day'")[1] == ("column 'day' is read as dd/mm/yyyy",)


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


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["2020年1月2日"], "2020-01-02T00:00:00"),
        (["2020年1月2日 10:30"], "2020-01-02T10:30:00"),
        (["2020年1月2日10時30分"], "2020-01-02T10:30:00"),
        (["2020년 1월 2일"], "2020-01-02T00:00:00"),
        (["2020年1月"], "2020-01-01T00:00:00"),
        (["2020-W01"], "2019-12-30T00:00:00"),
        (["2020W53"], "2020-12-28T00:00:00"),
        (["W02 2020"], "2020-01-06T00:00:00"),
        (["KW 2/2020"], "2020-01-06T00:00:00"),
        (["2020-W02-3"], "2020-01-08T00:00:00"),
        (["2020Q3"], "2020-07-01T00:00:00"),
        (["Q3 2020"], "2020-07-01T00:00:00"),
        (["3Q20"], "2020-07-01T00:00:00"),
        (["2020年第3季度"], "2020-07-01T00:00:00"),
        (["2020M07"], "2020-07-01T00:00:00"),
        (["43832"], "2020-01-02T00:00:00"),
        (["43832.4375"], "2020-01-02T10:30:00"),
        (["202007"], "2020-07-01T00:00:00"),
        (["2020010210"], "2020-01-02T10:00:00"),
        (["202001021030"], "2020-01-02T10:30:00"),
        (["20200102 1030"], "2020-01-02T10:30:00"),
        (["20200102T103000"], "2020-01-02T10:30:00"),
        (["1577961000.0"], "2020-01-02T10:30:00"),
        (["1577961000000000"], "2020-01-02T10:30:00"),
        (["31/01/2020 18.30.00"], "2020-01-31T18:30:00"),
        (["Fri, 31 Jan 2020 10:00:00 GMT"], "2020-01-31T10:00:00"),
        (["Friday, January 31, 2020"], "2020-01-31T00:00:00"),
        (["31. Oktober 2020"], "2020-10-31T00:00:00"),
        (["5 févr. 2020"], "2020-02-05T00:00:00"),
        (["1. Januar 2020", "1. April 2020", "1. Mai 2020", "1. August 2020"], "2020-01-01T00:00:00"),
        (["2020-01-01 24:00", "2020-01-02 01:00"], "2020-01-02T00:00:00"),
        (["1/31/2020 5 PM"], "2020-01-31T17:00:00"),
        (["1/31/2020, 12:30:00 a.m."], "2020-01-31T00:30:00"),
        (["Jan-20"], "2020-01-01T00:00:00"),
        (["01/2020"], "2020-01-01T00:00:00"),
        (["2020.01.31"], "2020-01-31T00:00:00"),
        (["31JAN2020"], "2020-01-31T00:00:00"),
    ],
)
def test_forms_of_other_people(cells, expected):
    assert read(*cells)[0] == expected


def test_weeks_are_those_of_python():
    cells = [f"{year}-W{week:02}" for year in range(1999, 2031) for week in range(1, 53)]
    expected = [datetime.fromisocalendar(int(cell[:4]), int(cell[-2:]), 1) for cell in cells]
    found, said = times(cells, "week")
    assert found.tolist() == expected
    assert said == ("week is read as weeks of ISO 8601, each by its Monday",)


@pytest.mark.parametrize("cell", ["2021-W53", "2020-W00", "2020年2月30日", "2020M13"])
def test_times_that_do_not_exist(cell):
    with pytest.raises(DataError, match=f"holds '{cell}', which is no time that exists"):
        times([cell, cell], "date")


@pytest.mark.parametrize("text", ["43832", "202007", "2020010210", "1577961000.0"])
def test_more_bare_numbers_that_only_a_name_makes_dates(text):
    assert is_date(text, named=True)
    assert not is_date(text, named=False)
