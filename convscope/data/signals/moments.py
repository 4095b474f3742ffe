"""Tables whose rows are moments → signals: of many samples told apart by a column, or of whole recordings."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from convscope.data.dataset import DataSettings, Skipped
from convscope.data.files import groups
from convscope.data.files.listing import part_named
from convscope.data.signals import Read, Signal, agreeing, roles, steady, windows
from convscope.data.signals.roles import ColumnRoles, listed
from convscope.data.signals.windows import Track
from convscope.data.text.columns import Table
from convscope.errors import DataError

LAST = ", or cut windows, each with the amount of its last row: --window 128"
APART = ", or name the column that tells samples or recordings apart: --sample NAME"


class TableOrigin(NamedTuple):
    """What is known of a table beside what is in it."""

    name: str = ""
    label: str = ""  # of all that is in it: the folder of a class
    part: str = ""
    group: str | None = None


def read(
    tables: Sequence[tuple[Table, TableOrigin]], settings: DataSettings, features: Sequence[str] = ()
) -> tuple[Read, DataSettings]:
    """Signals of tables, and the settings with the columns that were found.

    Args:
        tables: at least one; with the same channels.
        settings: the columns by name; `window` and `stride` cut the recordings.
        features: the channels, where training has found them: then labels need not be there.

    Raises:
        DataError: no label, several labels in one sample, a column that is not there, text among numbers.
    """
    table, origin = tables[0]
    found = roles.find(table, settings, features)
    if not features:
        unit = found.sample or (found.owner if settings.window is not None else None)
        found = steady.without(found, [table for table, _ in tables], unit)
    if found.answer is None and not origin.label and not features:
        raise DataError(_no_answer(table, found))
    if settings.stride is not None and settings.window is None:
        raise DataError(
            f"--stride {settings.stride} says how far apart windows are, but not how long they are.\n"
            "  Give --window, too."
        )
    settings = _resolved(found, settings, own=not origin.label)
    tracks, timed = [], []
    for table, origin in tables:
        tracks += _tracks(table, found, settings, origin, timed)
    said = [
        *dict.fromkeys(remark for table, _ in tables for remark in table.remarks),
        *found.said,
        *dict.fromkeys(timed),
    ]
    if found.sample and settings.window is None:
        said.append(f"a sample is the rows with one value of column '{found.sample}'")
    done = of_tracks(tracks, settings, found.values, lacking=bool(features))
    return done._replace(remarks=[*said, *done.remarks]), settings


def of_tracks(
    tracks: Sequence[Track], settings: DataSettings, channels: Sequence[str], *, lacking: bool = False
) -> Read:
    """Signals of recordings: windows where `settings.window` is set, else each as a whole.

    Args:
        tracks: at least one.
        settings: `window`, `stride`, `target`.
        channels: their names, () where they have none.
        lacking: whether a sample may be without a label.

    Raises:
        DataError: several labels in a recording that is not cut into windows.
    """
    found = Read([], [], [], features=tuple(channels))
    if settings.window is None:
        signals = [_whole(track, settings) for track in tracks]
    else:
        signals, how = windows.cut(tracks, settings)
        found.remarks.extend(how)
    for signal in signals:
        if signal.label or lacking:
            found.signals.append(signal)
        else:
            found.skipped.append(Skipped(signal.name, "it has no label"))
    return found


def _resolved(found: ColumnRoles, settings: DataSettings, own: bool) -> DataSettings:
    """The settings with the columns by name, so that a file for prediction is read with the same ones."""
    columns: dict[str, str | int | None] = {"sample": found.sample, "time": found.time}
    if settings.group is None and found.group is not None:
        columns["group"] = found.group
    if own and settings.target is None and found.answer is not None:
        columns["label"] = found.answer
    if settings.window is not None:
        columns["stride"] = windows.reach(settings)[1]
    return replace(settings, **{name: value for name, value in columns.items() if value is not None})


def _tracks(
    table: Table, found: ColumnRoles, settings: DataSettings, origin: TableOrigin, said: list[str]
) -> list[Track]:
    """The recordings of one table, in their order; their rows in the order of time, on which more is said."""
    lacking = [name for name in found.values if name not in table.cells]
    if lacking:
        raise DataError(
            f"{table.path} has no column '{lacking[0]}', which others have; its columns are"
            f" {listed(table.columns)}.\n  All recordings need the same channels."
        )
    array = np.stack([table.numbers(name) for name in found.values]).astype(np.float32)  # (channel, row)
    labels, names = _answers(table, found, settings, origin)
    time = _time(table, found.time)
    unit = found.sample or (found.owner if settings.window is not None else None)
    unit = unit if unit in table.cells else None
    numbers, texts = _distinct(table, unit)
    whose = _Whose.of(table, found, settings, origin, (numbers, unit))
    if settings.window is None and settings.target is not None and unit and not origin.label:
        agreeing.one(table, settings.target, labels, numbers, unit, LAST)
    if (
        found.time is not None
        and found.time in table.cells
        and (unit or origin.label or settings.window is not None)
    ):
        said += agreeing.moments(table, found.time, time, numbers, unit, settings.window is not None)
    tracks = []
    order = np.argsort(numbers, kind="stable")
    ends = np.cumsum(np.bincount(numbers, minlength=len(texts)))
    for number, (text, own) in enumerate(zip(texts, np.split(order, ends[:-1]), strict=True)):
        rows = own
        if time is not None and (np.diff(time[rows]) < 0).any():
            rows = rows[np.argsort(time[rows], kind="stable")]
        name = " ".join(filter(None, [origin.name, f"{unit} {text}" if unit else ""]))
        moments = None if time is None else time[rows]
        group, part = whose.groups[number], whose.parts[number]
        tracks.append(Track(name, array[:, rows], labels[rows], names, moments, group, part))
    return tracks


def _distinct(table: Table, name: str | None) -> tuple[np.ndarray, list[str]]:
    """(row,) the number of each row's value, in the order in which they come, and the values; one without."""
    if name is None or name not in table.cells:
        return np.zeros(len(table.rows), np.int64), [""]
    codes, texts = table.distinct(name)
    order, first = np.unique(codes, return_index=True)
    place = np.empty(len(order), np.int64)
    place[np.argsort(first)] = np.arange(len(order))
    return place[codes], [str(texts[code]) for code in order[np.argsort(first)]]


class _Whose(NamedTuple):
    """The group and the part of each recording."""

    groups: list[str | None]
    parts: list[str]

    @classmethod
    def of(
        cls,
        table: Table,
        found: ColumnRoles,
        settings: DataSettings,
        origin: TableOrigin,
        units: tuple[np.ndarray, str | None],
    ) -> "_Whose":
        """What the columns say, or what is known of the table.

        Raises:
            DataError: rows of one recording differ.
        """
        numbers, unit = units
        count = int(numbers.max(initial=0)) + 1
        owners: list[str | None] = [origin.group] * count
        parts = [origin.part] * count
        if found.group is not None and found.group in table.cells and (unit or settings.window is None):
            codes, cells = table.distinct(found.group)
            alike = groups.alike(cells.tolist())
            told = _numbers([alike.get(text, text) for text in cells.tolist()])
            first = agreeing.one(table, found.group, told[codes], numbers, unit, APART) if unit else [0]
            owners = [str(cells[codes[row]]) if row >= 0 else "" for row in first]
        if found.part is not None and found.part in table.cells:
            codes, cells = table.distinct(found.part)
            names = [part_named(str(text), table.path) for text in cells]
            first = agreeing.one(table, found.part, _numbers(names)[codes], numbers, unit, APART)
            parts = [names[codes[row]] if row >= 0 else "" for row in first]
        return cls(owners, parts)


def _numbers(names: Sequence[str | None]) -> np.ndarray:
    """(name,) a number for each, the same for the same; −1 for an empty one."""
    known = {name: place for place, name in enumerate(dict.fromkeys(filter(None, names)))}
    return np.array([known[name] if name else -1 for name in names])


def _answers(
    table: Table, found: ColumnRoles, settings: DataSettings, origin: TableOrigin
) -> tuple[np.ndarray, Sequence[str]]:
    """(row,) the place of each row's label among the names; −1 where it has none."""
    count = len(table.rows)
    if origin.label:
        return np.zeros(count, np.int64), [origin.label]
    if found.answer is None or found.answer not in table.cells:
        return np.full(count, -1), []
    if settings.target is not None and table.is_number(found.answer):
        values = table.numbers(found.answer)
        distinct, codes = np.unique(values, return_inverse=True)  # NaN is the last one
        return np.where(np.isnan(values), -1, codes), [f"{value:.15g}" for value in distinct]
    return table.texts(found.answer)


def _time(table: Table, name: str | None) -> np.ndarray | None:
    if name is None or name not in table.cells or not table.is_number(name):
        return None
    return table.numbers(name)


def _whole(track: Track, settings: DataSettings) -> Signal:
    """A recording as one signal."""
    there = np.unique(track.labels[track.labels >= 0])
    if len(there) > 1 and settings.target is None:
        found = ", ".join(str(track.names[place]) for place in there[:5])
        raise DataError(
            f"{track.name or 'the recording'} has several labels: {found}.\n"
            "  Cut it into windows, each with the commonest label of its rows: --window 128 --stride 64,\n"
            "  or name the column that says which sample a row belongs to: --sample NAME."
        )
    label = track.names[int(track.labels[track.labels >= 0][-1])] if len(there) else ""
    return Signal(track.values, label, track.name, track.part, track.group)


def _no_answer(table: Table, found: ColumnRoles) -> str:
    return (
        f"{table.path} has columns of numbers ({listed(found.values)}), but none that is called"
        f" {', '.join(roles.ROLES['label'][:4])} …: it does not say what to learn;"
        f" its columns are {listed(table.columns)}.\n"
        "  Name the column: --label NAME for classes, --target NAME for a number."
    )
