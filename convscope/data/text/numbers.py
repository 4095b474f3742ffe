"""Numbers as people write them: $64.82, 63 %, 1,234.5, 1 234,5, 21.3 °C, (5), 12.5M."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from convscope.data.text import thousands

ENOUGH = 0.9  # share of the cells that must read as numbers; else the column is text
TRIED = 50  # cells that show whether it is worth while to look at all
SCALES = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}  # 12.5M, without a blank
MONEY = r"[$€£¥₹₩₽₺₴฿元円]|[A-Z]{1,3}\$|(?:USD|EUR|GBP|CHF|JPY|CNY|RMB|INR|AUD|CAD|Rs)\.?"
LETTER = r"[^\W\d_]"
UNIT = "|".join((
    rf"{LETTER}{{1,5}}\.?",  # km, hPa, EUR
    r"[%‰°℃℉$€£¥₹₩₽₺₴฿µμ㎡㎥]+",
    rf"[°µμ]?{LETTER}{{1,4}}[23²³]?(?:/{LETTER}{{1,4}}[23²³]?){{1,2}}",  # km/h, µg/m³
    rf"{LETTER}{{1,3}}[23²³]|°{LETTER}",
))  # fmt: skip
WRITTEN = re.compile(
    rf"(?P<before>[$€£¥])?(?P<open>\()?(?P<sign>[-+−–])?\s?(?P<money>{MONEY})?\s?(?P<after>[-+−–])?"
    r"(?P<digits>[1-9]\d{0,2}(?:[\s'’]\d{3})+(?:[.,]\d+)?|[\d.,]*\d[\d.,]*)(?P<power>[eE][-+]?\d{1,3})?"
    rf"(?:(?P<scale>[kKMBT])(?![^\W\d_])|(?P<blank>\s?)(?P<unit>{UNIT}))?(?P<minus>[-−])?(?P<close>\))?"
)
THOUSANDS = {
    ",": re.compile(r"[1-9]\d{0,2}(,\d{2,3})*,\d{3}"),  # India groups by two
    ".": re.compile(r"[1-9]\d{0,2}(\.\d{3})+"),
}
CLOCKS = frozenset({"am", "pm", "a.m.", "p.m.", "st", "nd", "rd", "th"})  # 5 pm is a time, 1st a place


class Written(NamedTuple):
    """A column of numbers, and how they were written.

    Attributes:
        values: (cell,) float64; NaN where a cell holds no number.
        said: how they were read, with an example; "" where there is nothing to say.
    """

    values: np.ndarray
    said: str = ""


def read(
    texts: Sequence[str] | np.ndarray, missing: np.ndarray, *, comma: bool, german: bool = False
) -> Written:
    """Read the different cells of a column as numbers.

    Args:
        texts: (cell,) without blanks around them.
        missing: (cell,) bool: they hold nothing, and need not be numbers.
        comma: whether a single comma is a decimal one, because the comma does not separate columns.
        german: whether points before three digits stand before thousands, see `thousands`.

    >>> read(["1,234.5", "(5)", "$2"], np.zeros(3, bool), comma=False).values.tolist()
    [1234.5, -5.0, 2.0]
    """
    values = plain(texts)
    if german and not missing.all() and thousands.grouped(np.asarray(texts, dtype=object)[~missing]):
        return _by_people(texts, missing, values, ",")
    if (np.isfinite(values) | missing).all() or missing.all():
        return Written(values)
    # A comma that can only be a decimal one; points beside it may mean thousands: see below
    if comma and not any("." in text for text in texts):
        with_points = plain([text.replace(",", ".") for text in texts])
        if np.isfinite(with_points).sum() > np.isfinite(values).sum():
            values = with_points
    if (np.isfinite(values) | missing).all():
        place = next(place for place, text in enumerate(texts) if "," in text and np.isfinite(values[place]))
        return Written(values, _example(texts[place], values[place]))
    return _by_people(texts, missing, values, "", comma=comma)


def plain(texts: Sequence[str] | np.ndarray) -> np.ndarray:
    """(cell,) float64, as computers write them; NaN where a text is no number."""
    import pandas as pd

    return pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce").to_numpy(np.float64)


def of_computers(text: str) -> float:
    """A number as computers write it; 2020_01, which Python reads, is none.

    Raises:
        ValueError: it is none.

    >>> of_computers("1e3"), of_computers(" 7 ")
    (1000.0, 7.0)
    """
    if "_" in text:
        raise ValueError(text)
    return float(text)


def is_one(text: str) -> bool:
    """Whether a single cell reads as a number that somebody wrote.

    >>> is_one("$64.82"), is_one("63 %"), is_one("1st"), is_one("12:30")
    (True, True, False, False)
    """
    return _match(text.strip()) is not None


def _by_people(
    texts: Sequence[str] | np.ndarray,
    missing: np.ndarray,
    values: np.ndarray,
    point: str,
    *,
    comma: bool = False,
) -> Written:
    """The numbers, with what is said to stand before their decimals; "": found out."""
    there = np.flatnonzero(~missing).tolist()
    for places in (there[:TRIED], there):
        found = {place: match for place in places if (match := _match(texts[place]))}
        if len(found) < ENOUGH * len(places):
            return Written(values)
    units = {_unit(match) for match in found.values()} - {""}
    if len(units) > 1:
        return Written(values)
    point = point or _point([match["digits"] for match in found.values()], comma)
    out = np.full(len(texts), np.nan)
    for place, match in found.items():
        out[place] = _value(match, point)
    if np.isfinite(out).sum() < max(ENOUGH * len(there), np.isfinite(values).sum()):
        return Written(values)
    # The example that shows most of how they are written
    place = max(found, key=lambda each: (np.isfinite(out[each]), np.isnan(values[each]), len(texts[each])))
    return Written(out, _example(texts[place], out[place]))


def _example(text: str, value: float) -> str:
    return f"'{text}' is read as the number {value:.15g}"


def _match(text: str) -> re.Match | None:
    match = WRITTEN.fullmatch(text)
    if match is None or (match["open"] is None) != (match["close"] is None):
        return None
    if (match["unit"] or "").casefold() in CLOCKS:
        return None
    return match


def _unit(match: re.Match) -> str:
    return f"{match['money'] or ''} {match['unit'] or ''}".strip()


def _point(numbers: Sequence[str], comma: bool) -> str:
    """What stands before the decimals, in all cells of a column: a point or a comma."""
    both = [number for number in numbers if "." in number and "," in number]
    if both:
        return max(".,", key=both[0].rfind)
    with_comma = [number for number in numbers if "," in number]
    if not with_comma:
        twice = any(number.count(".") > 1 for number in numbers)
        return "," if twice else "."
    if any(number.count(",") > 1 for number in with_comma):
        return "."
    groups = all(THOUSANDS[","].fullmatch(number) for number in with_comma)
    return "." if groups and not comma else ","


def _value(match: re.Match, point: str) -> float:
    """NaN where the groups are not of three digits each."""
    digits = re.sub(r"[\s'’]", "", match["digits"])
    other = "," if point == "." else "."
    whole, _, decimals = digits.partition(point)
    if point in decimals or other in decimals:
        return np.nan
    if other in whole:
        if not THOUSANDS[other].fullmatch(whole):
            return np.nan
        whole = whole.replace(other, "")
    value = float(f"{whole or 0}.{decimals or 0}{match['power'] or ''}") * SCALES[match["scale"] or ""]
    signs = [match[name] for name in ("sign", "after", "minus")]
    negative = match["open"] is not None or any(sign in ("-", "−", "–") for sign in signs if sign)
    return -value if negative else value
