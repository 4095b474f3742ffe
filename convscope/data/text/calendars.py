"""Times that are no day and clock: weeks, quarters, months, spreadsheets' days, and 2020年1月2日."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:  # slow to import, so only those wait for it who read a table
    import pandas as pd

DAY = np.timedelta64(86_400_000_000, "us")
EXCEL = np.datetime64("1899-12-30", "us")  # day 0 of a spreadsheet
UNIX = np.datetime64("1970-01-01", "us")
YEAR = r"(?P<year>(?:1[5-9]|20)\d\d)"
SHORT = r"(?P<year>(?:(?:1[5-9]|20)\d\d)|\d\d)"
WEEK, QUARTER = r"(?:week|wk|kw|w)", r"(?:quarter|qtr|q)"
CLOCK = (
    r"\s*(?:(?P<hour>\d\d?)[:时時시点點]\s?(?:(?P<minute>\d\d?)[:分분]?\s?(?:(?P<second>\d\d?)[秒초]?)?)?)?"
)


class Calendar(NamedTuple):
    """A way to write times in parts.

    Attributes:
        shape: what a text must be, with named groups for its parts.
        bare: it looks like any number, so only a column's name can say that it is one.
        said: what is taken for the time.
    """

    shape: re.Pattern[str]
    bare: bool
    said: str


def _calendar(*shapes: str, bare: bool = False, said: str) -> list[Calendar]:
    return [Calendar(re.compile(shape, re.IGNORECASE), bare, said) for shape in shapes]


CALENDARS = {
    f"{name} {place}": calendar
    for name, found in {
        "week": _calendar(
            rf"{YEAR}[-/_ .]*{WEEK}[-_ .]?(?P<week>\d\d?)(?:[-.](?P<weekday>[1-7]))?",
            rf"{WEEK}[-_ .]?(?P<week>\d\d?)[-/_ .,]*{YEAR}",
            rf"{YEAR}\s?年?第\s?(?P<week>\d\d?)\s?[周週]",
            said="weeks of ISO 8601, each by its Monday",
        ),
        "quarter": _calendar(
            rf"{YEAR}[-/_ .:]*{QUARTER}[-_ .]?(?P<quarter>[1-4])",
            rf"{QUARTER}[-_ .]?(?P<quarter>[1-4])[-/_ .,:']*{SHORT}",
            rf"(?P<quarter>[1-4])[-_ ]?{QUARTER}[-/_ .,:']*{SHORT}",
            rf"{YEAR}\s?年?第?\s?(?P<quarter>[1-4])\s?(?:季度?|四半期)",
            said="quarters, each by its first day",
        ),
        "month": _calendar(rf"{YEAR}[-_ ]?M[-_ ]?(?P<month>\d\d?)", said="months, each by its first day"),
        "characters": _calendar(
            rf"{YEAR}\s?[年년]\s?(?:(?P<month>\d\d?)\s?[月월]\s?(?:(?P<day>\d\d?)\s?[日号號일])?)?{CLOCK}",
            said="year, month and day",
        ),
        "serial": _calendar(
            r"(?P<serial>[34]\d{4}(?:\.\d+)?)", bare=True, said="days of a spreadsheet, since 1899-12-30"
        ),
    }.items()
    for place, calendar in enumerate(found)
}


def forms(text: str) -> list[str]:
    """Names of the calendars that a text may be of.

    >>> forms("2020-W01"), forms("1Q20"), forms("2020年1月2日"), forms("2020-01-02")
    (['week 0'], ['quarter 2'], ['characters 0'], [])
    """
    return [name for name, calendar in CALENDARS.items() if calendar.shape.fullmatch(text)]


def read(texts: Iterable[str], name: str) -> "pd.Series":
    """(text,) times; NaT where a text is not of this calendar, or there is no such day."""
    import pandas as pd

    shape = CALENDARS[name].shape
    parts = [found.groupdict() if (found := shape.fullmatch(text)) else {} for text in texts]
    number = {
        part: np.array([float(each.get(part) or np.nan) for each in parts]) for part in shape.groupindex
    }
    return pd.Series(_serial(number["serial"]) if "serial" in number else of_parts(number))


def of_parts(number: dict[str, np.ndarray]) -> np.ndarray:
    """Times of their parts.

    Args:
        number: part → (row,) float; year, and week and weekday, quarter, dayofyear, or month and day; also
            hour, minute and second. NaN: the first.

    Returns:
        (row,) datetime64[us]; NaT where the year is missing, or there is no such time.

    >>> of_parts({"year": np.array([2020.0, 2021.0]), "week": np.array([53.0, 53.0])}).astype("M8[D]")
    array(['2020-12-28',        'NaT'], dtype='datetime64[D]')
    """
    year = number["year"] + np.where(number["year"] < 50, 2000, np.where(number["year"] < 100, 1900, 0))
    known = np.isfinite(year)
    begins = (np.where(known, year, 1970).astype(np.int64) - 1970).astype("datetime64[Y]")
    part = {name: np.nan_to_num(values, nan=1.0).astype(np.int64) for name, values in number.items()}
    days, right = _days(begins, part)
    seconds = _seconds(number)
    right &= known & np.isfinite(seconds)
    times = days.astype("datetime64[us]") + (np.nan_to_num(seconds) * 1e6).round().astype("timedelta64[us]")
    return np.where(right, times, np.datetime64("NaT", "us"))


def _days(begins: np.ndarray, part: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """(row,) datetime64[D], and (row,) bool: there is such a day."""
    if "week" in part:
        first = _first_monday(begins)
        weekday = part.get("weekday", 1)
        days = first + 7 * (part["week"] - 1) + (weekday - 1)
        return days, (part["week"] >= 1) & (first + 7 * (part["week"] - 1) < _first_monday(begins + 1))
    if "dayofyear" in part:
        days = begins.astype("datetime64[D]") + (part["dayofyear"] - 1)
        return days, (part["dayofyear"] >= 1) & (days.astype("datetime64[Y]") == begins)
    month = (
        3 * part["quarter"] - 2 if "quarter" in part else part.get("month", np.ones(len(begins), np.int64))
    )
    months = begins.astype("datetime64[M]") + (month - 1)
    day = part.get("day", 1)
    days = months.astype("datetime64[D]") + (day - 1)
    return days, (month >= 1) & (month <= 12) & (days.astype("datetime64[M]") == months)


def _first_monday(years: np.ndarray) -> np.ndarray:
    """(row,) the Monday of the week of January 4th, which is the first of its year."""
    fourth = years.astype("datetime64[D]") + 3
    return fourth - (fourth.astype(np.int64) + 3) % 7


def _seconds(number: dict[str, np.ndarray]) -> np.ndarray:
    """(row,) seconds since midnight; NaN where no clock shows that. 24:00 is the next midnight."""
    total, most = np.zeros(len(number["year"])), {"hour": 24, "minute": 59, "second": 60}
    for part, length in (("hour", 3600), ("minute", 60), ("second", 1)):
        values = np.nan_to_num(number[part]) if part in number else 0.0
        total = total + np.where((values < 0) | (values > most[part]), np.nan, values) * length
    return total


def _serial(days: np.ndarray) -> np.ndarray:
    """A spreadsheet keeps a clock to about a millisecond: whole seconds are meant."""
    seconds = np.where(np.isfinite(days), (days * 86_400).round(), 0).astype(np.int64)
    return np.where(np.isfinite(days), EXCEL + seconds.astype("timedelta64[s]"), np.datetime64("NaT", "us"))
