"""Text → times: one format for a whole column, found by trying; where two would do, nobody guesses."""

import re
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from convscope.data.text import calendars
from convscope.errors import DataError

if TYPE_CHECKING:  # slow to import, so only those wait for it who read a table
    import pandas as pd

ISO = "ISO 8601"
SHAPES = {
    ISO: re.compile(r"\d{4}[-/]\d\d?([-/]\d\d?([ T]\d.*)?)?$"),  # 2012-01, 2012-01-31, 2012/1/31 10:00:00Z
    "year": re.compile(r"(1[5-9]|20)\d\d((0[1-9]|1[0-2])[0-3]\d)?$"),  # or 20120131
    "s": re.compile(r"\d{9,10}(\.\d*)?$"),  # since 1970
    "ms": re.compile(r"\d{12,13}(\.\d*)?$"),
    "us": re.compile(r"\d{16}$"),
    "ns": re.compile(r"\d{19}$"),
}
PIECE = 1 << 16  # texts that are read at once
EPOCH = ("s", "ms", "us", "ns")
SPOKEN = {
    "d": "dd", "m": "mm", "Y": "yyyy", "y": "yy", "b": "month", "B": "month",
    "H": "HH", "I": "hh", "M": "MM", "S": "SS", "f": "fraction", "p": "AM/PM",
}  # fmt: skip
DIGITS = {6: "%Y%m", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}  # how many → what they are
OFFSET = re.compile(r"[ T]\d.*?(Z|[+-]\d\d(?::?\d\d)?)$")
DAYS = (
    "%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y", "%d-%m-%Y", "%m-%d-%Y",
    "%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%b %Y", "%B %Y",
    "%Y.%m.%d", "%Y. %m. %d.", "%Y %m %d", "%Y-%b-%d", "%Y %b %d", "%d. %b %Y", "%d. %B %Y", "%d/%b/%Y",
    "%d%b%Y", "%d-%B-%Y", "%m/%Y", "%m-%Y", "%b-%y", "%b-%Y", "%b/%y", "%b/%Y", "%Y-%b", "%Y %b", "%Y%m%d",
)  # fmt: skip
CLOCKS = (
    "", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", " %I %p", " %I:%M%p",
    " %I:%M:%S%p", " %I%p", " %H", "T%H:%M", "T%H:%M:%S", "T%H%M%S", "T%H%M", " %H%M", " %H%M%S", ":%H:%M:%S",
)  # fmt: skip
MIDNIGHT = re.compile(r"(?<=[ T])24:00(:00)?$")  # the end of a day
WEEKDAY = re.compile(r"^(mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+", re.IGNORECASE)
DOTS = re.compile(r"(?<=[ T])(\d\d?)\.(\d\d)(?:\.(\d\d))?$")  # 18.00.00
MONTHS = {
    "jan": "enero|ene|gennaio|gen|janeiro|janvier|janv|januar|januari",
    "feb": "febrero|febbraio|fevereiro|fev|février|févr|fév|februar|februari",
    "mar": "märz|mär|mrz|marzo|março|mars|maart|mrt",
    "apr": "abril|abr|aprile|avril|avr",
    "may": "mai|mayo|maggio|mag|maio|mei",
    "jun": "juni|junio|giugno|giu|junho|juin",
    "jul": "juli|julio|luglio|lug|julho|juillet|juil",
    "aug": "agosto|ago|août|aout|augustus",
    "sep": "sept|septiembre|settembre|set|setembro|septembre",
    "oct": "okt|oktober|octubre|ottobre|ott|outubro|out|octobre",
    "nov": "noviembre|novembro|novembre",
    "dec": "dez|dezember|diciembre|dic|dicembre|dezembro|décembre|déc",
}  # English → German, Spanish, Italian, Portuguese, French, Dutch
FULL = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september", "october"),
    *("november", "december"),
)
ENGLISH = {word: english for english, words in MONTHS.items() for word in words.split("|")}
WORD = re.compile(r"[^\W\d_]{3,}\.?")
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
    text = text.strip()
    forms = _forms(text) or _forms(_plainer(text))
    return bool(forms) and (named or not _is_bare(forms[0]))


def times(texts: Sequence[str] | np.ndarray, what: str) -> tuple[np.ndarray, tuple[str, ...]]:
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
    reads = _reads(texts)
    fits = {form: read for form, read in reads.items() if read.notna().all()}
    late = np.zeros(len(texts), bool)
    if not fits:  # what people add is taken away, only where it is in the way
        plain = [_plainer(text) for text in texts]
        late = np.array([bool(MIDNIGHT.search(text)) for text in plain])
        texts_ = [MIDNIGHT.sub("00:00", text) for text in plain] if late.any() else plain
        fits = {form: read for form, read in _reads(texts_).items() if read.notna().all()}
        texts = texts_ if fits else texts
    if not fits:
        raise DataError(_no_format(texts, list(reads.values()), what))
    (form, read), *others = fits.items()
    differing = next((other for _, other in others if not read.equals(other)), None)
    if differing is not None:
        raise DataError(_ambiguous(texts, read, differing, what))
    local, said = _local(read, texts, what) if form == ISO else (read, _said(form, what))
    moments = local.to_numpy().astype("datetime64[us]")
    return np.where(late, moments + np.timedelta64(1, "D"), moments) if late.any() else moments, said


def month(text: str) -> int:
    """The number of a month by its name, in several languages; 0 where it is none.

    >>> month("March"), month("Okt."), month("3")
    (3, 10, 0)
    """
    word = text.strip().rstrip(".").casefold()
    english = ENGLISH.get(word, word)
    return next((at for at, full in enumerate(FULL, 1) if english in (full, full[:3])), 0)


def _reads(texts: Sequence[str] | np.ndarray) -> dict[str, "pd.Series"]:
    """Form → the times in it; calendar digits (2020013110) leave no room for seconds since 1970."""
    reads = {form: _read(texts, form) for form in _forms(texts[0])}
    whole = any(form in DIGITS.values() and read.notna().all() for form, read in reads.items())
    return {form: read for form, read in reads.items() if not (whole and form in EPOCH)}


def _forms(first: str) -> list[str]:
    """Formats that the first cell may be in."""
    shaped = [form for form, shape in SHAPES.items() if shape.match(first)]
    digits = DIGITS.get(len(first)) if first[:2] in ("19", "20") and first.isdecimal() else None
    shaped += [digits] if digits and _is(first, digits) else []
    shaped += calendars.forms(first)
    return shaped or [form for form in _by_skeleton().get(_skeleton(first), ()) if _is(first, form)]


@cache
def _by_skeleton() -> dict[str, list[str]]:
    """Skeleton of a text → the formats that give it, those of bare digits left out."""
    found: dict[str, list[str]] = {}
    for day, clock in product(DAYS, CLOCKS):
        skeleton = _skeleton(re.sub(r"%[bBp]", "a", re.sub(r"%[dmYyHIMSf]", "1", day + clock)))
        if skeleton != "1":
            found.setdefault(skeleton, []).append(day + clock)
    return found


def _skeleton(text: str) -> str:
    """A text with one digit for each run of digits, and one letter for each run of letters.

    >>> _skeleton("31. Jan 2012 10:00")
    '1. a 1 1:1'
    """
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "1", text))


def _is_bare(form: str) -> bool:
    """Whether a form looks like any number."""
    if form in calendars.CALENDARS:
        return calendars.CALENDARS[form].bare
    return form in DIGITS.values() or (form in SHAPES and form != ISO)


def _plainer(text: str) -> str:
    """A time without what people add: the weekday, the zone's name, months in their own language, 18.30.00.

    >>> _plainer("Fri, 31 Jan 2012 10:00:00 GMT"), _plainer("5. März 2012, 18.30")
    ('31 jan 2012 10:00:00', '5. mar 2012 18:30')
    """
    text = WEEKDAY.sub("", text.strip())
    text = re.sub(r"\s*(\(?UTC\)?|GMT|Uhr)$", "", text)
    text = re.sub(r"(?<=:\d\d),(?=\d)", ".", text)  # fractions of seconds
    text = re.sub(r",?\s+", " ", text) if not re.search(r"[A-Za-z]{3} \d\d?, \d{4}", text) else text
    text = DOTS.sub(lambda found: ":".join(part for part in found.groups() if part), text)
    text = re.sub(r"\b([ap])\.?m\.?$", r"\1m", text, flags=re.IGNORECASE)
    return WORD.sub(_in_english, text)


def _in_english(found: re.Match[str]) -> str:
    number = month(found.group())
    return FULL[number - 1][:3] if number else found.group().rstrip(".")


def _is(text: str, form: str) -> bool:
    try:
        time = datetime.strptime(text, form)
    except ValueError:
        return False
    # Digits that nothing separates must be as many as they are: 1030 is no 10:03:00
    return not re.search(r"%[YHm]%", form) or time.strftime(form) == text


def _read(texts: Sequence[str] | np.ndarray, form: str) -> "pd.Series":
    """(text,) times in one format; NaT where a text is in another one."""
    import pandas as pd

    if form in calendars.CALENDARS:
        return calendars.read(texts, form)
    zoned = form == ISO and any(map(OFFSET.search, texts))
    pieces = (texts[begin : begin + PIECE] for begin in range(0, len(texts), PIECE))
    return pd.concat([_piece(piece, form, zoned=zoned) for piece in pieces], ignore_index=True)


def _piece(texts: Sequence[str] | np.ndarray, form: str, *, zoned: bool) -> "pd.Series":
    import pandas as pd

    column = pd.Series(texts, dtype=object)
    if form not in SHAPES:
        return pd.to_datetime(column, format=form, errors="coerce")
    column = column.where(np.array([bool(SHAPES[form].match(text)) for text in texts]))
    if form in EPOCH:
        return pd.to_datetime(pd.to_numeric(column), unit=form, errors="coerce")
    return pd.to_datetime(column, format="ISO8601", errors="coerce", utc=zoned)


def _local(
    read: "pd.Series", texts: Sequence[str] | np.ndarray, what: str
) -> tuple["pd.Series", tuple[str, ...]]:
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
    if form in calendars.CALENDARS:
        return (f"{what} is read as {calendars.CALENDARS[form].said}",)
    if form in EPOCH:
        return (f"{what} is read as {form} since 1970, in UTC",)
    return (f"{what} is read as {_spoken(form)}",) if form not in SHAPES else ()


def _spoken(form: str) -> str:
    """A format as people write it.

    >>> _spoken("%d/%m/%Y %H:%M")
    'dd/mm/yyyy HH:MM'
    """
    return re.sub("%([a-zA-Z])", lambda found: SPOKEN[found[1]], form)


def _no_format(texts: Sequence[str] | np.ndarray, reads: Sequence["pd.Series"], what: str) -> str:
    if not reads:
        return f"{what} holds '{texts[0]}', which is no date that convscope knows.\n  {ADVICE}"
    if any(read.isna().iloc[0] for read in reads):
        return (
            f"{what} holds '{texts[0]}', which is no time that exists, or one in several formats.\n  {ADVICE}"
        )
    other = texts[max(int(read.isna().to_numpy().argmax()) for read in reads)]
    return f"{what} holds dates in several formats, or none: '{texts[0]}' and '{other}'.\n  {ADVICE}"


def _ambiguous(texts: Sequence[str] | np.ndarray, one: "pd.Series", other: "pd.Series", what: str) -> str:
    place = int((one != other).to_numpy().argmax())
    readings = " or ".join(f"{read.iloc[place]:%Y-%m-%d}" for read in (one, other))
    return (
        f"{what} holds dates that can be read day first or month first: '{texts[place]}' may be {readings}.\n"
        f"  {ADVICE}"
    )
