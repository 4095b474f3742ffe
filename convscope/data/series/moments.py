"""The time of each row, from one column or from several: Date and Time; year, month, day and hour."""

import re
from collections.abc import Sequence

import numpy as np

from convscope.data.text import calendars, dates
from convscope.data.text.columns import Table
from convscope.errors import DataError

PARTS = {
    "year": "year yr yyyy jahr año ano année annee anno 年 年份",
    "quarter": "quarter qtr q quartal 季度",
    "month": "month mon mo mm mnth monat mes mois mese 月 月份",
    "week": "week wk weekofyear isoweek woche kw 周 週",
    "dayofyear": "dayofyear doy yday jday julianday",
    "day": "day dd dy dom mday dayofmonth tag dia jour giorno 日",
    "hour": "hour hr hh hourofday stunde hora heure ora 时 小时 時",
    "minute": "minute min mi mn minuten minuto 分 分钟",
    "second": "second sec ss sekunde segundo 秒",
}  # part of a time → the names its column may have
ROLES = {name: part for part, names in PARTS.items() for name in names.split()}
CLOCKS = (
    *("time", "clock", "zeit", "uhrzeit", "localtime", "timeofday", "hora", "heure", "ora", "stunde"),
    *("hour", "hr", "hh", "hourofday", "hourending", "时间", "時間", "時刻", "时"),
)
CLOCK = re.compile(r"(\d\d?)[:.h](\d\d)(?:[:.](\d\d(?:\.\d+)?))?\s*([ap])?\.?(?:m\.?)?", re.IGNORECASE)
LIMITS = {
    "year": (1500, 2200), "quarter": (1, 4), "month": (1, 12), "week": (1, 53), "dayofyear": (1, 366),
    "day": (1, 31), "hour": (0, 24), "minute": (0, 59), "second": (0, 60),
}  # fmt: skip
SUNDAY = 3  # days after Thursday, on which 1970 began
SEPARATOR = ","  # between the names of columns that are a time together


def plain(name: str) -> str:
    """A column's name as it is compared: without case, blanks and underlines."""
    return "".join(name.casefold().replace("_", " ").split())


def given(table: Table, wanted: str) -> tuple[str, ...]:
    """The columns that a person named as time: one, or several between commas; () where one is not there."""
    if wanted in table.cells:
        return (wanted,)
    names = tuple(name.strip() for name in wanted.split(SEPARATOR))
    return names if len(names) > 1 and all(name in table.cells for name in names) else ()


def role(name: str) -> str:
    """Which part of a time a column of this name holds; "" for none."""
    return ROLES.get(plain(name), "")


def in_parts(table: Table) -> tuple[str, ...]:
    """Columns of year, month, day and so on, that are a time together; () where they are not there."""
    found: dict[str, str] = {}
    for name in table.columns:
        part = role(name)
        if part and part not in found and _holds(table, name, part):
            found[part] = name
    if "year" not in found:
        return ()
    chosen = ["year"]
    finer = next((part for part in ("dayofyear", "month", "quarter", "week") if part in found), None)
    if finer is None:
        return ()
    chosen.append(finer)
    chosen += ["day"] if finer == "month" and "day" in found else []
    if chosen[-1] in ("day", "dayofyear"):
        for part in ("hour", "minute", "second"):
            if part not in found:
                break
            chosen.append(part)
    return tuple(found[part] for part in chosen)


def clock(table: Table, day: str) -> str | None:
    """The column with the clock of days that stand in another one; None where there is none."""
    _, cells = table.distinct(day)
    if any(":" in cell for cell in cells[:1]) or len(cells) == len(table.rows):
        return None
    named = [name for name in table.columns if name != day and plain(name) in CLOCKS]
    others = [name for name in table.columns if name not in (day, *named)]
    for name in named:
        if np.isfinite(_seconds(table.distinct(name)[1])).mean() > 0.9:
            return name
    clocks = [name for name in others if _all_clocks(table.distinct(name)[1])]
    return clocks[0] if len(clocks) == 1 else None


def times(table: Table, names: Sequence[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """The time of each row.

    Args:
        table: every row holds something in these columns.
        names: one column; a day and a clock; or year and what is below it.

    Returns:
        (row,) datetime64[us], and what was decided.

    Raises:
        DataError: no dates, or columns that are no time together.
    """
    if len(names) == 1:
        return _one(table, names[0])
    if len(names) == 2 and role(names[0]) != "year":
        days, said = _one(table, names[0])
        codes, cells = table.distinct(names[1])
        seconds = _seconds(cells)[codes]
        _demand(table, names, np.isfinite(seconds))
        return days + (seconds * 1e6).round().astype("timedelta64[us]"), said
    parts = {role(name): _numbers(table, name) for name in names}
    if "" in parts or "year" not in parts or len(parts) < len(names):
        raise DataError(
            f"{table.path}: the columns {', '.join(names)} are no time together.\n"
            "  Name a day and a clock, or year, month, day, hour … by their names."
        )
    found = calendars.of_parts(parts)
    _demand(table, names, ~np.isnat(found))
    return found, ()


def repeated_hour(times: np.ndarray, series: np.ndarray) -> np.ndarray:
    """Rows of the hour that comes twice where clocks are put back: the second time, in the table's order.

    None at all, where other times are there twice, too: then it is something else.

    >>> nights = np.array(["2020-10-25T01:00", "2020-10-25T02:00", "2020-10-25T02:00"], "datetime64[us]")
    >>> repeated_hour(nights, np.zeros(3, int))
    array([2])
    """
    order = np.lexsort((times, series))
    same = (np.diff(series[order]) == 0) & (np.diff(times[order]) == np.timedelta64(0))
    second = order[1:][same]
    if not len(second):
        return second
    days = times[second].astype("datetime64[D]")
    hours = ((times[second] - days) // np.timedelta64(1, "h")).tolist()
    autumn = np.isin(
        days.astype("datetime64[M]").astype(np.int64) % 12 + 1, (9, 10, 11, 3, 4)
    )  # south: March
    sunday = days.astype(np.int64) % 7 == SUNDAY
    nights = list(zip(series[second].tolist(), days.tolist(), strict=True))
    an_hour = len(set(zip(nights, hours, strict=True))) == len(set(nights))
    once = len(set(zip(series[second].tolist(), times[second].tolist(), strict=True))) == len(second)
    clock = (times != times.astype("datetime64[D]")).any() and max(hours) < 4
    return second if clock and an_hour and once and (autumn & sunday).all() else second[:0]


def _one(table: Table, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    codes, cells = table.distinct(name)
    try:
        times, said = dates.times(cells, f"column '{name}'")
    except DataError as error:
        raise DataError(f"{table.path}: {error}") from error
    return times[codes], said


def _demand(table: Table, names: Sequence[str], right: np.ndarray) -> None:
    if not right.all():
        row = int((~right).argmax())
        cells = ", ".join(f"{name} '{table.cell(name, row)}'" for name in names)
        raise DataError(
            f"{table.path}: row {table.rows[row]} is at no time that exists: {cells}.\n"
            "  Correct it, or name other columns: --time NAME,NAME."
        )


def _holds(table: Table, name: str, part: str) -> bool:
    """Whether a column holds such parts of times."""
    values = _numbers(table, name)
    values = values[np.isfinite(values)]
    if not len(values) or (values % 1 != 0).any():
        return False
    low, high = LIMITS[part]
    return bool((values >= low).all() and (values <= high).all())


def _numbers(table: Table, name: str) -> np.ndarray:
    """(row,) numbers; the months may have names, quarters a Q, weeks a W."""
    codes, cells = table.distinct(name)
    return np.array([_number(str(cell)) for cell in cells])[codes]


def _number(cell: str) -> float:
    month = dates.month(cell)
    if month:
        return float(month)
    text = re.sub(r"^[QqWw]", "", cell)
    text = re.sub(r"[年月日时時]$", "", text)
    try:
        return float(text)
    except ValueError:
        return np.nan


def _seconds(cells: Sequence[str] | np.ndarray) -> np.ndarray:
    """(cell,) seconds since midnight, NaN where a cell is no clock; whole numbers are hours, or 1830."""
    found = np.array([_of_clock(str(cell)) for cell in cells])
    if np.isfinite(found).all():
        return found
    numbers = np.array([_number(str(cell)) for cell in cells])
    whole = np.isfinite(numbers) & (numbers % 1 == 0) & (numbers >= 0)
    if not whole.any():
        return found
    if numbers[whole].max() <= 24:
        return np.where(whole, numbers * 3600, np.nan)
    hours, minutes = numbers // 100, numbers % 100
    return np.where(whole & (hours <= 24) & (minutes < 60), hours * 3600 + minutes * 60, np.nan)


def _of_clock(cell: str) -> float:
    match = CLOCK.fullmatch(cell.strip())
    if match is None:
        return np.nan
    hour, minute, second = int(match[1]), int(match[2]), float(match[3] or 0)
    if match[4]:
        hour = hour % 12 + (12 if match[4].casefold() == "p" else 0)
    return hour * 3600 + minute * 60 + second if hour <= 24 and minute < 60 and second < 61 else np.nan


def _all_clocks(cells: Sequence[str] | np.ndarray) -> bool:
    return all(":" in str(cell) for cell in cells) and bool(np.isfinite(_seconds(cells)).all())
