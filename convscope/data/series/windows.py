"""Which rows of a table make a sample: windows that cross no series and no gap, cut by time."""

from typing import NamedTuple

import numpy as np

from convscope.data.dataset import DataSettings
from convscope.errors import DataError
from convscope.settings import Fold

GAP = 1.5  # usual steps from a row to the next; where it is more, something is missing in between
HOLIDAYS = 3.5  # the same for weekdays, of which two may be holidays
DAY = np.timedelta64(1, "D")
FRIDAY = 1  # days after Thursday, on which 1970 began
YEAR = np.timedelta64(31_556_952, "s")  # 365.2425 days
MOVED = (
    "no window has its target in the time of {name}: the last {share:.0%} of the windows{from_} are {name}"
)
ALONE = "there is a single window: none is left for val and test; a smaller --window or --stride makes more"
AFTER_ALL = np.datetime64("9999-12-31", "us")
WHOLE_YEARS = 3  # years of data from which on whole years are held back, so that all seasons are judged


class TimeAxis(NamedTuple):
    """The rows of a table in order: by series, within a series by time.

    Attributes:
        order: (row,) their places in the table.
        series: (row,) number of the series.
        times: (row,) datetime64[us].
        run: (row,) number of the run: rows of one series without a gap.
        step: the usual time from a row to the next, timedelta64[us].
        weekdays: whether the rows are days, none of them a Saturday or Sunday.
    """

    order: np.ndarray
    series: np.ndarray
    times: np.ndarray
    run: np.ndarray
    step: np.timedelta64
    weekdays: bool

    @property
    def gaps(self) -> int:
        """Places where rows are missing within a series."""
        return int(self.run[-1] - self.series[-1])

    @property
    def even(self) -> bool:
        """Whether at least nine of ten rows follow the last after about the usual step."""
        passed = self._passed()
        return bool((np.abs(passed - self.step) <= (GAP - 1) * self.step).mean() >= 0.9)

    def _passed(self) -> np.ndarray:
        return _passed(self.times, self.weekdays)[self.series[1:] == self.series[:-1]]


def axis(times: np.ndarray, series: np.ndarray) -> TimeAxis:
    """Bring rows in order and find the gaps.

    Args:
        times: (row,) datetime64[us], in any order, none twice in a series.
        series: (row,) number of the series, from 0, none left out; one of them has two rows at least.

    >>> days = np.array(["2012-01-01", "2012-01-02", "2012-01-03", "2012-01-07"], "datetime64[us]")
    >>> found = axis(days, np.zeros(4, int))
    >>> found.run, found.gaps, found.step
    (array([0, 0, 0, 1]), 1, np.timedelta64(86400000000,'us'))
    """
    order = np.lexsort((times, series))
    times, series = times[order], series[order]
    same = series[1:] == series[:-1]  # (row − 1,)
    weekdays = _weekdays_only(times)
    passed = _passed(times, weekdays)
    step = np.timedelta64(int(np.sort(passed[same].astype(np.int64))[same.sum() // 2]), "us")
    limit = HOLIDAYS if weekdays and step == DAY else GAP
    run = np.concatenate([[0], np.cumsum(~same | (passed > limit * step))])
    return TimeAxis(order, series, times, run, step, weekdays)


def ends(axis: TimeAxis, window: int, stride: int = 1) -> np.ndarray:
    """(n,) rows at which a whole window ends: its first row is in the same run.

    With a stride, the first window of a run and every so many rows another one.

    >>> days = np.array(["2012-01-01", "2012-01-02", "2012-01-03", "2012-01-07"], "datetime64[us]")
    >>> ends(axis(days, np.zeros(4, int)), window=2)
    array([1, 2])
    """
    last = np.arange(window - 1, len(axis.run))
    last = last[axis.run[last] == axis.run[last - window + 1]]
    begins = np.searchsorted(axis.run, axis.run[last])  # (n,) first row of their run
    return last[(last - window + 1 - begins) % stride == 0]


def targets(axis: TimeAxis, last: np.ndarray, horizon: int) -> np.ndarray:
    """(n,) the row that is `horizon` rows after each of `last`; −1 where there is none in the same run."""
    row = last + horizon
    inside = np.minimum(row, len(axis.run) - 1)
    return np.where((row < len(axis.run)) & (axis.run[inside] == axis.run[last]), row, -1)


def newest(axis: TimeAxis, last: np.ndarray, horizon: int) -> np.ndarray:
    """(n,) bool: windows whose target comes after the last row of their series: nothing is known of it."""
    final = np.searchsorted(axis.series, axis.series, side="right") - 1  # (row,) last row of its series
    return (axis.run[last] == axis.run[final[last]]) & (last + horizon > final[last])


def ahead(axis: TimeAxis, last: np.ndarray, horizon: int) -> np.ndarray:
    """(n,) the time `horizon` usual steps after the rows `last`, datetime64[us]; months are the calendar's.

    >>> months = np.array(["2012-01-01", "2012-02-01", "2012-03-01"], "datetime64[us]")
    >>> ahead(axis(months, np.zeros(3, int)), np.array([2]), horizon=1).astype("datetime64[D]")
    array(['2012-04-01'], dtype='datetime64[D]')
    """
    times = axis.times[last]
    days = times.astype("datetime64[D]")
    months = round(axis.step / (YEAR / 12))
    within = axis.times - axis.times.astype("datetime64[M]")  # (row,) time since the month began
    if months >= 1 and (within == within[0]).all():
        return ((times.astype("datetime64[M]") + months * horizon) + within[0]).astype("datetime64[us]")
    if axis.weekdays:
        steps = horizon * round(axis.step / DAY)
        return np.busday_offset(days, steps).astype("datetime64[us]")
    return times + horizon * axis.step


def cuts(axis: TimeAxis, settings: DataSettings) -> tuple[np.datetime64, np.datetime64]:
    """When validation begins and when testing begins; all series are cut at the same times.

    Testing gets the last `settings.test` of the time, in whole years where there are three of them or more;
    validation the last `settings.val` of what is before. Samples go by the time of their target.

    >>> days = np.arange("2012-01-01", "2016-01-01", dtype="datetime64[D]").astype("datetime64[us]")
    >>> val, test = cuts(axis(days, np.zeros(len(days), int)), DataSettings())
    >>> str(val.astype("datetime64[D]")), str(test.astype("datetime64[D]"))
    ('2014-09-13', '2015-01-01')
    """
    first = axis.times.min()
    final = ahead(axis, np.array([axis.times.argmax()]), 1)[0]  # when the next row would come
    years = round((final - first) / YEAR, 2)
    if settings.test == 0:
        test = final
    elif years >= WHOLE_YEARS:
        test = _years_before(final, max(1, round(settings.test * years)))
    else:
        test = _share(first, final, settings.test, axis.step)
    return (_share(first, test, settings.val, axis.step) if settings.val else test), test


def expanding(
    axis: TimeAxis, when: np.ndarray, place: Fold, val: float
) -> tuple[np.datetime64, np.datetime64, np.datetime64]:
    """When validation and testing of a fold begin, and when it ends: each learns from all that came before.

    The time is cut into one piece more than there are folds, of as many samples each: the first is learnt
    from only, the others are judged one after the other by a network that has seen those before.

    Args:
        axis: the rows.
        when: (sample,) the times of all targets.
        place: which fold, of how many.
        val: the share of the time before the test that chooses the epoch.

    Raises:
        DataError: too few times.
    """
    moments = np.sort(when)
    size = len(moments) // (place.of + 1)
    begins = [moments[len(moments) - size * left] for left in range(place.of, 0, -1)] if size else []
    if len(np.unique([moments[0], *begins] if begins else [])) <= place.of:
        raise DataError(
            f"{len(np.unique(moments)):,} moments to predict are too few for {place.of} folds, each of"
            " which learns from what came before.\n  Give fewer folds, or more rows."
        )
    first, test = axis.times.min(), begins[place.number - 1]
    end = AFTER_ALL if place.number == place.of else begins[place.number]
    return (_share(first, test, val, axis.step) if val else test), test, end


def filled(
    when: np.ndarray, val: np.datetime64, test: np.datetime64, settings: DataSettings
) -> tuple[np.datetime64, np.datetime64, list[str]]:
    """Cuts that leave no part empty, where there are samples enough: a gap may have swallowed one.

    Args:
        when: (sample,) the times of all targets.
        val: when validation begins, by time alone.
        test: when testing begins.
        settings: the shares that are wanted.

    Returns:
        The cuts, and sentences on what was moved.
    """
    said = []
    moments = np.sort(when)
    if settings.test and len(moments) and not (moments >= test).any():
        test = _of_last(moments, settings.test)
        val = min(val, test)
        said.append(MOVED.format(name="test", from_="", share=settings.test) if len(moments) > 1 else ALONE)
    before = moments[moments < test]
    if settings.val and len(before) > 1 and not (before >= val).any():
        val = _of_last(before, settings.val)
        said.append(MOVED.format(name="val", from_=" before test", share=settings.val))
    return val, test, said


def _of_last(moments: np.ndarray, share: float) -> np.datetime64:
    """When the last `share` of some moments begins, at least one of them; one at least stays before."""
    count = min(max(1, round(share * len(moments))), len(moments) - 1)
    return moments[-count] if count else moments[-1] + 1


def _weekdays_only(times: np.ndarray) -> bool:
    """Whether rows are days from Monday to Friday: all five are there, or a Monday follows a Friday."""
    days = np.unique(times.astype("datetime64[D]"))
    if (times.astype("datetime64[D]") != times).any() or not np.is_busday(days).all():
        return False
    weekday = days.astype(np.int64) % 7
    follows = (np.diff(days) == 3 * DAY) & (weekday[:-1] == FRIDAY)
    return len(np.unique(weekday)) == 5 or bool(follows.any())


def _passed(times: np.ndarray, weekdays: bool) -> np.ndarray:
    """(row − 1,) time from each row to the next; weekends take none where no row lies on one."""
    if not weekdays:
        return np.diff(times)
    days = times.astype("datetime64[D]")
    return (np.busday_count(days[:-1], days[1:]) * DAY).astype("timedelta64[us]")


def _years_before(time: np.datetime64, years: int) -> np.datetime64:
    month = time.astype("datetime64[M]")
    return ((month - 12 * years) + (time - month)).astype("datetime64[us]")


def _share(first: np.datetime64, final: np.datetime64, share: float, step: np.timedelta64) -> np.datetime64:
    """The time at which the last `share` of a span begins; on a day's beginning where rows are whole days."""
    time = first + (final - first) * (1 - share)
    return time.astype("datetime64[D]").astype("datetime64[us]") if step >= DAY else time
