"""Text → times: one format for a whole column, found by trying; where two would do, nobody guesses."""

import re
from collections.abc import Sequence
from datetime import datetime
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from convscope.errors import DataError

if TYPE_CHECKING:  # slow to import, so only those wait for it who read a table
    import pandas as pd

ISO = "ISO 8601"
SHAPES = {
    ISO: re.compile(r"\d{4}[-/]\d\d?([-/]\d\d?([ T]\d.*)?)?$"),  # 2012-01, 2012-01-31, 2012/1/31 10:00:00Z
    "year": re.compile(r"(1[5-9]|20)\d\d((0[1-9]|1[0-2])[0-3]\d)?$"),  # or 20120131
    "s": re.compile(r"\d{9,10}$"),  # since 1970
    "ms": re.compile(r"\d{12,13}$"),
}
EPOCH = ("s", "ms")
OFFSET = re.compile(r"[ T]\d.*?(Z|[+-]\d\d(?::?\d\d)?)$")
DAYS = (
    "%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y", "%d-%m-%Y", "%m-%d-%Y",
    "%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%b %Y", "%B %Y",
)  # fmt: skip
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")
ADVICE = "Write them all as 2012-01-31, or 2012-01-31 10:00."


def is_date(text: str, *, named: bool) -> bool:
    """Whether a cell reads as a date.

    Args:
        text: the cell.
        named: the column's name says that it holds times, so that bare numbers (2012, 20120131, seconds
            since 1970) count too.

    >>> is_date("31.01.2012 10:00", named=False), is_date("2012", named=False), is_date("2012", named=True)
    (True, False, True)
    """
    forms = _forms(text.strip())
    return bool(forms) and (named or forms[0] not in SHAPES or forms[0] == ISO)


def times(texts: Sequence[str], what: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Read a column of dates or times.

    Args:
        texts: (row,), none of them empty, at least one.
        what: how to call the column in a message.

    Returns:
        (row,) datetime64[us], as clocks at the place show them (a constant offset from UTC is dropped; where
        it changes, all times become UTC), and sentences on what was decided.

    Raises:
        DataError: no date, several formats, a format that could be day first or month first, or times with
            and without an offset.

    >>> times(["31.01.2012", "1.2.2012"], "date")[0].astype("datetime64[D]")
    array(['2012-01-31', '2012-02-01'], dtype='datetime64[D]')
    """
    reads = {form: _read(texts, form) for form in _forms(texts[0])}
    fits = {form: read for form, read in reads.items() if read.notna().all()}
    if not fits:
        raise DataError(_no_format(texts, list(reads.values()), what))
    (form, read), *others = fits.items()
    differing = next((other for _, other in others if not read.equals(other)), None)
    if differing is not None:
        raise DataError(_ambiguous(texts, read, differing, what))
    local, said = _local(read, texts, what) if form == ISO else (read, _said(form, what))
    return local.to_numpy().astype("datetime64[us]"), said


def _forms(first: str) -> list[str]:
    """Formats that the first cell may be in."""
    shaped = [form for form, shape in SHAPES.items() if shape.match(first)]
    return shaped or [day + clock for day, clock in product(DAYS, CLOCKS) if _is(first, day + clock)]


def _is(text: str, form: str) -> bool:
    try:
        return bool(datetime.strptime(text, form))
    except ValueError:
        return False


def _read(texts: Sequence[str], form: str) -> "pd.Series":
    """(text,) times in one format; NaT where a text is in another one."""
    import pandas as pd

    column = pd.Series(texts, dtype=object)
    if form not in SHAPES:
        return pd.to_datetime(column, format=form, errors="coerce")
    column = column.where(np.array([bool(SHAPES[form].match(text)) for text in texts]))
    if form in EPOCH:
        return pd.to_datetime(pd.to_numeric(column), unit=form, errors="coerce")
    zoned = any(map(OFFSET.search, texts))
    return pd.to_datetime(column, format="ISO8601", errors="coerce", utc=zoned)


def _local(read: "pd.Series", texts: Sequence[str], what: str) -> tuple["pd.Series", tuple[str, ...]]:
    """Times without an offset, as clocks at the place show them."""
    import pandas as pd

    if read.dt.tz is None:
        return read, ()
    offsets = [found.group(1) if (found := OFFSET.search(text)) else "" for text in texts]
    distinct = list(dict.fromkeys(offsets))
    if "" in distinct:
        without, zoned = texts[offsets.index("")], texts[[bool(offset) for offset in offsets].index(True)]
        raise DataError(
            f"{what} holds times with and without an offset from UTC, such as '{zoned}' and '{without}'.\n"
            "  Write all of them with it, or none."
        )
    if len(distinct) > 1:
        return read.dt.tz_localize(None), (f"{what} has several offsets from UTC: all times are UTC's",)
    local = pd.to_datetime(pd.Series(texts, dtype=object), format="ISO8601").dt.tz_localize(None)
    return local, (f"{what} is taken as the clock shows it, at the offset {distinct[0]}",)


def _said(form: str, what: str) -> tuple[str, ...]:
    if form in EPOCH:
        return (f"{what} is read as {form} since 1970, in UTC",)
    return (f"{what} is read as {form}",) if form not in SHAPES else ()


def _no_format(texts: Sequence[str], reads: Sequence["pd.Series"], what: str) -> str:
    if not reads:
        return f"{what} holds '{texts[0]}', which is no date that convscope knows.\n  {ADVICE}"
    other = texts[max(int(read.isna().to_numpy().argmax()) for read in reads)]
    return f"{what} holds dates in several formats, or none: '{texts[0]}' and '{other}'.\n  {ADVICE}"


def _ambiguous(texts: Sequence[str], one: "pd.Series", other: "pd.Series", what: str) -> str:
    place = int((one != other).to_numpy().argmax())
    readings = " or ".join(f"{read.iloc[place]:%Y-%m-%d}" for read in (one, other))
    return (
        f"{what} holds dates that can be read day first or month first: '{texts[place]}' may be {readings}.\n"
        f"  {ADVICE}"
    )
