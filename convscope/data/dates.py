"""Text → times: one format for a whole column, found by trying; where two would do, nobody guesses."""

import re
from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
import pandas as pd

from convscope.errors import DataError

ISO = re.compile(r"\d{4}[-/]\d\d?([-/]\d\d?([ T]\d.*)?)?$")  # 2012-01, 2012-01-31, 2012/1/31 10:00:00Z
BARE = re.compile(r"(1[5-9]|20)\d\d((0[1-9]|1[0-2])[0-3]\d)?$")  # 2012, 20120131: a date by its column's name
EPOCH = {re.compile(r"\d{9,10}(\.\d+)?$"): "s", re.compile(r"\d{12,13}$"): "ms"}  # since 1970, likewise
OFFSET = re.compile(r"[ T]\d.*(Z|[+-]\d\d(:?\d\d)?)$")
DATES = (
    "%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y", "%d-%m-%Y", "%m-%d-%Y",
    "%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%b %Y", "%B %Y",
)  # fmt: skip
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")


def is_date(text: str, *, named: bool) -> bool:
    """Whether a cell reads as a date.

    Args:
        text: the cell.
        named: the column's name says that it holds times, so that bare numbers (2012, 20120131, seconds
            since 1970) count too.

    >>> is_date("31.01.2012 10:00", named=False), is_date("2012", named=False), is_date("2012", named=True)
    (True, False, True)
    """
    text = text.strip()
    if named and any(pattern.match(text) for pattern in (BARE, *EPOCH)):
        return True
    return any(_read([text], form) is not None for form in _forms(text))


def times(cells: Sequence[str], what: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Read a column of dates or times.

    Args:
        cells: (row,) text, none of it empty, at least one.
        what: how to call the column in a message.

    Returns:
        (row,) datetime64[us] as clocks show them at the place (a constant offset from UTC is dropped; where
        it changes, all times become UTC), and sentences on what was decided.

    Raises:
        DataError: no date, several formats, a format that could be day first or month first, or times with
            and without an offset.

    >>> times(["31.01.2012", "1.2.2012"], "date")[0].astype("datetime64[D]")
    array(['2012-01-31', '2012-02-01'], dtype='datetime64[D]')
    """
    codes, distinct = pd.factorize(np.asarray(cells, dtype=object))
    texts = [str(text).strip() for text in distinct]
    fits = {form: read for form in _forms(texts[0]) if (read := _read(texts, form)) is not None}
    if not fits:
        raise DataError(_no_format(texts, what))
    (form, read), *others = fits.items()
    for other, second in others:
        if not read.equals(second):
            raise DataError(_ambiguous(texts, read, second, what))
    remarks = () if form in ("iso", "bare") else (f"{what} is read as {form}",)
    local, zone = _local(read, texts, what)
    return local.to_numpy().astype("datetime64[us]")[codes], (*remarks, *zone)


def _forms(first: str) -> Iterator[str]:
    """Formats that the first cell may be in."""
    if ISO.match(first):
        yield "iso"
    elif BARE.match(first):
        yield "bare"
    elif unit := next((unit for pattern, unit in EPOCH.items() if pattern.match(first)), None):
        yield f"{unit} since 1970 (UTC)"
    else:
        every = (date + clock for date, clock in product(DATES, CLOCKS))
        yield from (form for form in every if _read([first], form) is not None)


def _read(texts: Sequence[str], form: str) -> pd.Series | None:
    """All texts in one format; None where one of them is not."""
    column = pd.Series(texts, dtype=object)
    shape = {"iso": ISO, "bare": BARE}.get(form)
    if shape and not all(map(shape.match, texts)):
        return None
    try:
        if form.endswith("1970 (UTC)"):
            return pd.to_datetime(pd.to_numeric(column), unit=form.partition(" ")[0])
        if shape:
            return pd.to_datetime(column, format="ISO8601", utc=any(map(OFFSET.search, texts)))
        return pd.to_datetime(column, format=form)
    except (ValueError, OverflowError):
        return None


def _local(read: pd.Series, texts: Sequence[str], what: str) -> tuple[pd.Series, tuple[str, ...]]:
    """Times without an offset, as clocks at the place show them."""
    if read.dt.tz is None:
        return read, ()
    offsets = [match.group(1) if (match := OFFSET.search(text)) else None for text in texts]
    if None in offsets:
        bare, zoned = texts[offsets.index(None)], next(t for t, o in zip(texts, offsets, strict=True) if o)
        raise DataError(
            f"{what} holds times with and without an offset from UTC, such as '{zoned}' and '{bare}'.\n"
            "  Write all of them with it, or none."
        )
    if len(set(offsets)) > 1:
        return read.dt.tz_localize(None), (
            f"{what} holds several offsets from UTC; all times are taken in UTC",
        )
    local = pd.to_datetime(pd.Series(texts, dtype=object), format="ISO8601")
    return local.dt.tz_localize(None), (f"{what} is taken as the clock shows it, at the offset {offsets[0]}",)


def _no_format(texts: Sequence[str], what: str) -> str:
    forms = list(_forms(texts[0]))
    advice = "Write them all as 2012-01-31, or 2012-01-31 10:00."
    if not forms:
        return f"{what} holds '{texts[0]}', which is no date that convscope knows.\n  {advice}"
    longest = max((_fitting(texts, form) for form in forms), default=0)
    return f"{what} holds dates in several formats, such as '{texts[0]}' and '{texts[longest]}'.\n  {advice}"


def _fitting(texts: Sequence[str], form: str) -> int:
    """How many texts from the first on are in this format."""
    return next((place for place, text in enumerate(texts) if _read([text], form) is None), len(texts) - 1)


def _ambiguous(texts: Sequence[str], one: pd.Series, other: pd.Series, what: str) -> str:
    place = int((one != other).to_numpy().argmax())
    readings = " or ".join(f"{read.iloc[place]:%Y-%m-%d}" for read in (one, other))
    return (
        f"{what} holds dates that can be read day first or month first: '{texts[place]}' may be {readings}.\n"
        "  Write them as 2012-01-31."
    )
