"""A table with a time column, in order: which column is the time, which names the series."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import overload

import numpy as np

from convscope.data.dataset import DataSettings
from convscope.data.names import natural
from convscope.data.series import moments, windows
from convscope.data.series.windows import DAY, TimeAxis
from convscope.data.targets import number
from convscope.data.text import columns, dates
from convscope.data.text.columns import Table
from convscope.errors import DataError, guess

NAMES = ("datetime", "timestamp", "date", "time", "ds", "datum", "zeit", "day", "month", "year")
MORE_NAMES = (
    *("date/time", "localtime", "zeitstempel", "fecha", "fechahora", "data", "dataora", "日期", "时间"),
    *(
        "日期时间",
        "日付",
        "日時",
        "날짜",
        "unix",
        "unixtime",
        "unixtimestamp",
        "epoch",
        "ts",
        "opentime",
        "utc",
    ),
    *("week", "yearweek", "quarter", "yearquarter", "yearmonth", "period", "timeperiod", "monat", "utc"),
    *("woche", "jahr", "年", "年月", "月份"),
)  # that count where no column has one of NAMES, nor any other dates
STAMPS = frozenset({"datetime", "timestamp", "date", "time", "datum", "zeit", "utc"})  # words of such names
ROWS_A_SERIES = 10  # at least, where a column of whole numbers shall be taken for the names of series
PIECE = 4096  # times that are written at once
UNITS = ("D", "m", "s", "us")  # that times are written in: the coarsest that loses nothing


@dataclass(frozen=True)
class Timeline:
    """A table in the order of its series and times.

    Attributes:
        table: the rows, in order.
        axis: their times, series and gaps.
        series: names of the series, in the order of their numbers; one empty name where there is no column.
        settings: with the columns of time and series filled in.
        time: the columns that hold the time.
        remarks: what was decided.
    """

    table: Table
    axis: TimeAxis
    series: tuple[str, ...]
    settings: DataSettings
    time: tuple[str, ...]
    remarks: tuple[str, ...]


def has_time(path: Path) -> bool:
    """Whether a table's header and first row show a column of dates."""
    rows = columns.head(path)
    return len(rows) == 2 and any(
        dates.is_date(cell, named=_is_named(name, cell)) for name, cell in zip(*rows, strict=False)
    )


def counts(path: Path, name: str) -> bool:
    """Whether a column of a table without dates begins with a number that is no date: 0, 0.02 seconds."""
    rows = columns.head(path)
    cell = dict(zip(*rows, strict=False)).get(name, "") if len(rows) == 2 else ""
    return number(cell) is not None and not dates.is_date(cell, named=True) and not has_time(path)


def ordered(table: Table, settings: DataSettings) -> Timeline:
    """Find the columns of time and series and bring the rows in order.

    Raises:
        DataError: columns that are not there or cannot be told apart, dates that cannot be read, a time that
            is there twice, or no series of two rows.
    """
    time = _time_columns(table, settings.time)
    table, empty = _with_time(table, time)
    times, zone = moments.times(table, time)
    table, times, night = _without_repeated_hour(table, times, np.zeros(len(times), np.int64))
    series = _series_column(table, settings, time, times)
    numbers, names = _numbered(table, series)
    if series:
        table, times, night = _without_repeated_hour(table, times, numbers)
        numbers, names = _numbered(table, series)
    _demand_unique(table, times, numbers, series)
    if np.bincount(numbers).max() < 2:
        raise DataError(f"{table.path} has one row a series: too few.\n  Give more points in time.")
    axis = windows.axis(times, numbers)
    moved = (np.diff(times)[np.diff(numbers) == 0] < np.timedelta64(0)).any()
    remarks = (*table.remarks, *empty, *zone, *night, *_found(axis, time, series, names, bool(moved)))
    settings = replace(settings, time=moments.SEPARATOR.join(time), series=series)
    return Timeline(table.take(axis.order), axis, names, settings, time, remarks)


def written(times: np.ndarray) -> list[str]:
    """Times as ISO 8601, days without a clock.

    >>> written(np.array(["2012-01-01T00:00", "2012-01-02T00:00"], "datetime64[us]"))
    ['2012-01-01', '2012-01-02']
    """
    return np.datetime_as_string(times.astype(f"datetime64[{_unit(times)}]")).tolist()


def _unit(times: np.ndarray) -> str:
    return next(unit for unit in UNITS if (times.astype(f"datetime64[{unit}]") == times).all())


class WrittenTimes(Sequence[str]):
    """Times as ISO 8601, days without a clock; written when asked for: a string takes ten times as much.

    >>> times = WrittenTimes(np.array(["2012-01-01T00:00", "2012-01-02T00:00"], "datetime64[us]"))
    >>> times[-1], list(times)
    ('2012-01-02', ['2012-01-01', '2012-01-02'])
    """

    def __init__(self, times: np.ndarray) -> None:
        self.times = times.astype(f"datetime64[{_unit(times)}]")

    def __len__(self) -> int:
        return len(self.times)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        return np.datetime_as_string(self.times[index]).tolist()  # pyright: ignore - numpy's stubs

    def __iter__(self) -> Iterator[str]:
        for begin in range(0, len(self), PIECE):
            yield from self[begin : begin + PIECE]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash(self.times.tobytes())


def demand(table: Table, name: str, use: str) -> str:
    """The name of a column that the person asked for, or an error that lists those there are."""
    if name not in table.cells:
        same = next((column for column in table.columns if column.casefold() == name.casefold()), None)
        near = f"; did you mean '{same}'?" if same else guess(name, table.columns)
        near = "; its" if near == "." else f"{near} Its"
        raise DataError(
            f"{table.path} has no column '{name}' for the {use}{near} columns are {', '.join(table.columns)}."
        )
    return name


def _is_named(name: str, cell: str) -> bool:
    """Whether a column's name says that it holds times, so that a bare number may be one."""
    plain = moments.plain(name)
    if plain == "time" and cell.strip().isdecimal() and len(cell.strip()) == 5:
        return False  # of a recording rather than a spreadsheet's day
    words = re.split(r"[\W_]+", name.casefold())
    long = cell.strip().isdecimal() and len(cell.strip()) >= 10  # 2020013110, 1580468400
    return plain in NAMES or plain in MORE_NAMES or (long and not STAMPS.isdisjoint(words))


def _time_columns(table: Table, wanted: str | None) -> tuple[str, ...]:
    if wanted is not None:
        return moments.given(table, wanted) or (demand(table, wanted, "time"),)
    first = {name: cells.first for name, cells in table.cells.items()}
    single = _single(first, NAMES)
    found = [name for name, cell in first.items() if dates.is_date(cell, named=False)]
    if single is None and len(found) == 1:
        single = found[0]
    if single is None or moments.role(single):
        parts = moments.in_parts(table)
        if parts:
            return parts
    single = single or (None if found else _single(first, MORE_NAMES) or _stamped(first))
    if single is None:
        problem = f"several columns of dates: {', '.join(found)}" if found else "no column of dates"
        raise DataError(
            f"{table.path} has {problem}; its columns are {', '.join(table.columns)}.\n"
            "  Say which column is the time: --time NAME."
        )
    clock = moments.clock(table, single)
    return (single, clock) if clock else (single,)


def _single(first: Mapping[str, str], names: Sequence[str]) -> str | None:
    """The column with the name that says most surely that it holds times, and whose first cell is one."""
    named = sorted(
        (names.index(moments.plain(name)), name)
        for name, cell in first.items()
        if moments.plain(name) in names and dates.is_date(cell, named=_is_named(name, cell))
    )
    return named[0][1] if named else None


def _stamped(first: Mapping[str, str]) -> str | None:
    """The only column whose name has a word for times in it, and whose first cell is one of many digits."""
    stamped = [name for name, cell in first.items() if dates.is_date(cell, named=_is_named(name, cell))]
    return stamped[0] if len(stamped) == 1 else None


def _with_time(table: Table, time: Sequence[str]) -> tuple[Table, tuple[str, ...]]:
    """The rows that have a time."""
    missing = np.logical_or.reduce([table.missing(name) for name in time])
    what = " and ".join(time)
    if missing.all():
        raise DataError(f"{table.path}: column '{what}' is empty.\n  Give every row its time.")
    said = (f"{int(missing.sum()):,} rows have no {what} and were left out",) if missing.any() else ()
    return table.take(np.flatnonzero(~missing)), said


def _without_repeated_hour(
    table: Table, times: np.ndarray, series: np.ndarray
) -> tuple[Table, np.ndarray, tuple[str, ...]]:
    """The rows without the hour that comes twice where clocks are put back."""
    second = moments.repeated_hour(times, series)
    if not len(second):
        return table, times, ()
    kept = np.setdiff1d(np.arange(len(times)), second)
    night = written(times[second].astype("datetime64[D]").astype("datetime64[us]")[:1])[0]
    said = (
        f"clocks are put back ({night} …): the second time of the same hour is left out, {len(second):,} rows"
    )
    return table.take(kept), times[kept], (said,)


def _series_column(
    table: Table, settings: DataSettings, time: Sequence[str], times: np.ndarray
) -> str | None:
    """The column that names the series; where no time is there twice there is one series alone."""
    if settings.series is not None:
        return demand(table, settings.series, "series")
    if len(np.unique(times)) == len(times):
        return None
    candidates = []
    for name in table.columns:
        if name in (*time, settings.target):
            continue
        codes, cells = table.distinct(name)
        if _may_name_series(table.cells[name].numbers, len(cells), len(codes)) and _once(codes, times):
            candidates.append((len(cells), name))
    return min(candidates)[1] if candidates else None


def _once(series: np.ndarray, times: np.ndarray) -> bool:
    """Whether no time is there twice in a series, but where clocks are put back."""
    return not len(_twice(series, times)) or len(moments.repeated_hour(times, series)) > 0


def _may_name_series(numbers: np.ndarray, count: int, rows: int) -> bool:
    """Text, or whole numbers of which each comes often."""
    if not np.isfinite(numbers).any():
        return True
    return bool((numbers % 1 == 0).all()) and count * ROWS_A_SERIES <= rows


def _twice(series: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Rows whose series and time are there again further down."""
    order = np.lexsort((times, series))
    same = (np.diff(series[order]) == 0) & (np.diff(times[order]) == np.timedelta64(0))
    return order[:-1][same]


def _numbered(table: Table, series: str | None) -> tuple[np.ndarray, tuple[str, ...]]:
    """(row,) the series' number, and the names, naturally sorted."""
    if series is None:
        return np.zeros(len(table.rows), np.int64), ("",)
    codes, names = table.texts(series)
    if (codes < 0).any():
        row = table.rows[int((codes < 0).argmax())]
        raise DataError(f"{table.path}: row {row} does not say which {series} it belongs to.\n  Fill it in.")
    order = sorted(range(len(names)), key=lambda place: natural(names[place]))
    return np.argsort(order)[codes], tuple(names[place] for place in order)


def _demand_unique(table: Table, times: np.ndarray, numbers: np.ndarray, series: str | None) -> None:
    twice = _twice(numbers, times)
    if len(twice) == 0:
        return
    first = int(twice.min())
    same = np.flatnonzero((times == times[first]) & (numbers == numbers[first]))
    where = f" of {table.cell(series, first)}" if series else ""
    raise DataError(
        f"{table.path}: {written(times[[first]])[0]}{where} is there {len(same)} times, in the rows"
        f" {', '.join(str(row) for row in table.rows[same][:5])}.\n"
        "  Keep one of them; or, if they belong to several series, name the column of these: --series NAME."
    )


def _found(
    axis: TimeAxis, time: Sequence[str], series: str | None, names: Sequence[str], moved: bool
) -> list[str]:
    first, last = written(np.array([axis.times.min(), axis.times.max()]))
    which = f"column {time[0]}" if len(time) == 1 else f"columns {', '.join(time)}"
    said = [f"time: {which}, {first} to {last}, a row every {_span(axis)}"]
    if series:
        some = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
        said.append(f"series: column {series}, {len(names):,} of them: {some}")
    if moved:
        said.append("the rows were not in the order of time: sorted")
    if not axis.even:
        said.append("the rows are unevenly spaced: a step is the next row, however much time lies between")
    if last > datetime.now().isoformat():
        said.append(f"some rows lie in the future, up to {last}")
    return said


def _span(axis: TimeAxis) -> str:
    """The usual step in words."""
    if axis.weekdays and axis.step == DAY:
        return "weekday"
    seconds = axis.step / np.timedelta64(1, "s")
    units = {"day": 86_400, "hour": 3_600, "minute": 60, "second": 1}
    unit, size = next(((u, s) for u, s in units.items() if seconds >= s and seconds % s == 0), ("second", 1))
    count = seconds / size
    return unit if count == 1 else f"{count:g} {unit}s"
