"""One table with a time column → sequences: the last rows of a series, and what comes after them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from convscope.data import split
from convscope.data.dataset import PARTS, Dataset, DataSettings, Skipped
from convscope.data.files.format import Claim, Files, Format
from convscope.data.memory import refuse_too_large
from convscope.data.samples import Samples, SampleSpec
from convscope.data.series import targets, timeline, windows
from convscope.data.series.features import carried, choose, encode, unknown_texts
from convscope.data.series.targets import Labels
from convscope.data.series.timeline import Timeline, WrittenTimes, written
from convscope.data.series.windows import DAY, TimeAxis
from convscope.data.signals import text
from convscope.data.text import columns
from convscope.data.text.columns import Table
from convscope.errors import DataError

CYCLE = {np.timedelta64(1, "h"): 24, DAY: 7, 30 * DAY: 12, 31 * DAY: 12}  # usual step → rows of a cycle
WORKING_WEEK = 5  # rows, where there are none for weekends
WITHOUT_MEANING = {
    "group": "Parts follow each other in time; --series names the column that tells series apart.",
    "sample": "--window says how many rows a sample is.",
    "label_from": "--target names the column to predict.",
    "images": "--target names the column to predict.",
    "size": "--window says how many rows a sample is.",
    "length": "--window says how many rows a sample is.",
    "channels": "Every column is one.",
    "rate": "Rows stay as they are.",
}  # settings of other kinds of data → what to do instead
NO_TRAINING = "{path} has no window before those for val and test: nothing to learn from.\n  Give more rows."
LARGE = 64 << 20  # bytes of windows from which on they are not copied out of the rows
UNKNOWN_CYCLE = 10  # rows, for any other step


class Windows(NamedTuple):
    """Windows of a table for prediction.

    Attributes:
        inputs: (window, feature, step) float32.
        names: the series, if there are several, and the time of the target.
        when: the time of the target, ISO 8601.
        truth: what the table says it is, a class's name or an amount; None where that is not known yet.
        skipped: windows that were left out, and why.
        remarks: what training has not seen.
    """

    inputs: Tensor
    names: list[str]
    when: list[str]
    truth: list[str | float | None]
    skipped: tuple[Skipped, ...]
    remarks: tuple[str, ...] = ()


def recognises(path: Path) -> bool:
    """Whether this is a CSV or TSV table (.gz, too) with a column of dates."""
    return columns.is_table(path) and timeline.has_time(path)


def load(path: Path, settings: DataSettings, strict: bool = False) -> Dataset:  # noqa: ARG001 - rows are no files
    """Read a table, see `of_table`; `strict` has no effect: a damaged table is always refused."""
    _demand_meaning(path, settings)
    return of_table(columns.read(path), settings)


def of_table(table: Table, settings: DataSettings, given: tuple[str, ...] = ()) -> Dataset:
    """Make a sample of each window of rows; its label is the target `horizon` rows after its last one.

    Windows cross neither series nor gaps. Parts follow each other in time, cut at the same times for all
    series: what is learnt is judged on what came later. Features and their classes are chosen by the
    training part alone. A missing value is the last one known, up to three rows back; otherwise its windows
    are left out, as are those whose target is missing. With a horizon of 0 the target is no feature: it is
    what the other columns shall tell.

    Args:
        table: one row for each time, or for each time of each series.
        settings: `target` is the column to predict; time, series, window and horizon are chosen if None.
        given: the features of a network that is trained already, which are not chosen anew.

    Raises:
        DataError: see `timeline.ordered`; also no target, text in a column of numbers, or too few rows.
    """
    line = timeline.ordered(table, settings)
    del table  # a large one is not kept beside its rows in order
    settings, chosen = _resolved(line)
    reach = _reach(settings)
    labels = targets.labels(line.table, str(settings.target), classes=settings.label is not None)
    val, test, end, moved = _cuts(line, settings, labels.values)
    if given:
        features, seen = given, unknown_texts(line.table, given)
    else:
        features, seen = _features(line, settings, labels, line.axis.times < val)
    values, filled = carried(encode(line.table, features, line.axis.times), line.axis.run)
    line = replace(line, table=replace(line.table, cells={}, codes={}))  # all is told; a large one goes
    latest, _ = carried(labels.values[:, None], line.axis.run)  # (row, 1), what persistence expects
    lacking = np.logical_or.reduce(np.isnan(values), axis=1)
    if reach.horizon:
        lacking |= np.isnan(latest[:, 0])
    last, left_out = _usable(line, settings, labels.values, lacking)
    target = last + reach.horizon
    parts, spans = _parts(line.axis.times[target], (val, test, end), line.table.path)
    when, kind = WrittenTimes(line.axis.times[target]), np.int64 if labels.classes else np.float32
    said = [*line.remarks, *chosen, labels.said, *seen, *_filled(filled), *left_out, *moved, *spans]
    return Dataset(
        inputs=_windows(values, last, reach.window, line.table.path),
        labels=torch.from_numpy(labels.values[target].astype(kind)),
        classes=labels.classes or (str(settings.target),),
        parts=parts,
        kind="sequence",
        source=str(line.table.path),
        names=_names(line, last, when),
        settings=settings,
        remarks=(*said, *targets.unseen(labels, target, parts)),
        features=features,
        persistence=torch.from_numpy(latest[last, 0].astype(kind)) if reach.horizon else None,
        when=when,
    )


def windows_of(
    path: str | Path, settings: DataSettings, features: Sequence[str], amounts: bool | None = None
) -> Windows:
    """Make windows of a table for prediction: all of them, also the newest, whose target is not known yet.

    Args:
        path: a table with the columns that the network was trained on.
        settings: of the training's data set, nothing left open.
        features: of the training's data set.
        amounts: whether the target is one; None: told by the features, among which it is.

    Raises:
        DataError: as `of_table` does, and for columns that are missing.
    """
    line = timeline.ordered(columns.read(Path(path), repeated=1), settings)  # few rows may be all there are
    axis, (window, horizon, _) = line.axis, _reach(settings)
    values, _ = carried(encode(line.table, features, axis.times), axis.run)
    last = windows.ends(axis, window)
    target = windows.targets(axis, last, horizon)
    newest = windows.newest(axis, last, horizon)
    order = np.argsort(newest, kind="stable")  # the newest of all series come last
    order = order[((target >= 0) | newest)[order]]
    last, target = last[order], target[order]
    when = np.where(target >= 0, axis.times[target], windows.ahead(axis, last, horizon))
    whole = _complete(np.logical_or.reduce(np.isnan(values), axis=1), last, window)
    if not whole.any():
        raise DataError(f"{path} has no {window} rows without a gap or a missing value.\n  Give more rows.")
    target_name = str(settings.target)
    truth = targets.truth(line.table, target_name, target_name in features if amounts is None else amounts)
    names = _names(line, last, written(when))
    return Windows(
        inputs=_windows(values, last[whole], window, line.table.path),
        names=[name for name, kept in zip(names, whole, strict=True) if kept],
        when=written(when[whole]),
        truth=[truth[row] if row >= 0 else None for row in target[whole]],
        skipped=(
            *(Skipped(names[int(row)], "values are missing") for row in np.flatnonzero(~whole)),
            *_behind_gaps(line, window, horizon),
        ),
        remarks=unknown_texts(line.table, features),
    )


def _behind_gaps(line: Timeline, window: int, horizon: int) -> list[Skipped]:
    """Rows behind a gap in time that have no whole window before them; also what comes after the last row."""
    axis = line.axis
    begins = np.flatnonzero(np.diff(axis.run, prepend=-1))
    left_out = []
    for begin, end in zip(begins, [*begins[1:], len(axis.run)], strict=True):
        if begin == 0 or axis.series[begin] != axis.series[begin - 1]:
            continue  # no series has a window before its first rows
        rows = np.array([begin, min(end, begin + window + horizon - 1) - 1])
        first, final = _names(line, rows, written(axis.times[rows]))
        why = f"fewer than {window} rows come between it and the gap in time before it"
        left_out.append(Skipped(first if first == final else f"{first} to {final}", why))
        is_last = end == len(axis.run) or axis.series[end] != axis.series[begin]
        if is_last and end - begin < window:
            after = np.array([end - 1])
            (name,) = _names(line, after, written(windows.ahead(axis, after, horizon)))
            left_out.append(Skipped(name, why))
    return left_out


def _resolved(line: Timeline) -> tuple[DataSettings, list[str]]:
    """Settings with target, window and horizon filled in, and what was chosen."""
    split.check_shares(line.settings)
    update: dict[str, str | int] = {"target": targets.column(line)}
    said = []
    if line.settings.window is None:
        update["window"] = _usual_window(line.axis)
        said.append(f"window: {update['window']} rows, by their spacing; --window changes it")
    if line.settings.horizon is None:
        update["horizon"] = 1
        said.append("horizon: the next row is predicted; --horizon looks further ahead")
    if line.settings.stride is None:
        update["stride"] = 1
    if line.settings.horizon == 0:
        said.append(f"horizon 0: {update['target']} of the window's last row is told by the other columns")
    return replace(line.settings, **update), said


def _usual_window(axis: TimeAxis) -> int:
    """A day of hours, a week of days, a year of months."""
    if axis.weekdays and axis.step == DAY:
        return WORKING_WEEK
    return next((rows for step, rows in CYCLE.items() if step == axis.step), UNKNOWN_CYCLE)


class WindowReach(NamedTuple):
    """Sizes of windows, in rows: their length, how far behind the last one the target is, their distance."""

    window: int
    horizon: int
    stride: int


def _reach(settings: DataSettings) -> WindowReach:
    stride = 1 if settings.stride is None else settings.stride
    found = WindowReach(settings.window or 0, settings.horizon or 0, stride)
    for name, least in (("window", 1), ("horizon", 0), ("stride", 1)):
        count = getattr(found, name)
        if count < least:
            raise DataError(
                f"the {name} is {count} rows; expected at least {least}.\n  Give another --{name}."
            )
    return found


def _demand_meaning(path: Path, settings: DataSettings) -> None:
    """Refuse what a person said of other kinds of data."""
    for name in WITHOUT_MEANING:
        value = getattr(settings, name)
        if value is not None and not (name == "group" and value.casefold() == "none"):
            option = name.replace("_", "-")
            raise DataError(
                f"{path} is a table with a column of dates; --{option} has no meaning for it, but is"
                f" '{value}'.\n  Leave it out. {WITHOUT_MEANING[name]}"
            )


def _cuts(
    line: Timeline, settings: DataSettings, labels: np.ndarray
) -> tuple[np.datetime64, np.datetime64, np.datetime64, list[str]]:
    """When validation and testing begin and all ends, so that windows with a target lie in both."""
    window, horizon, stride = _reach(settings)
    last = windows.ends(line.axis, window, stride)
    target = windows.targets(line.axis, last, horizon)
    there = target[(target >= 0) & np.isfinite(labels[target])]
    times = line.axis.times[there]
    if settings.place:
        val, test, end = windows.expanding(line.axis, times, settings.place, settings.val)
    else:
        val, test = windows.cuts(line.axis, settings)
        end = windows.AFTER_ALL
    val, test, moved = windows.filled(times[times < end], val, test, settings)
    return val, test, end, moved


def _features(
    line: Timeline, settings: DataSettings, labels: Labels, train: np.ndarray
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """All columns but the time; the series only where there are several."""
    if not train.any():
        raise DataError(NO_TRAINING.format(path=line.table.path))
    target, series = str(settings.target), settings.series
    hidden = {*line.time, series if len(line.series) == 1 else None}
    hidden |= set() if settings.horizon else {target}  # what is asked for is not known
    use = [name for name in line.table.columns if name not in hidden]
    if not use:
        raise DataError(
            f"{line.table.path} has no column beside the time and the target {target}, so that a horizon of 0"
            " has nothing to tell it by.\n  Give a --horizon of 1 or more."
        )
    classes = {name for name in (series, target if labels.classes else None) if name}
    return choose(line.table, use, target, classes, train, line.axis.times)


def _usable(
    line: Timeline, settings: DataSettings, labels: np.ndarray, lacking: np.ndarray
) -> tuple[np.ndarray, list[str]]:
    """(n,) the last rows of the windows that can be used, and how many cannot, and why."""
    axis, (window, horizon, stride), path = line.axis, _reach(settings), line.table.path
    lengths = np.bincount(axis.series)  # (series,)
    possible = int(-(-np.maximum(lengths - window - horizon + 1, 0) // stride).sum())
    if possible == 0:
        raise DataError(
            f"{path}: a window of {window} rows and a target {horizon} later need {window + horizon} rows,"
            f" but the longest series has {lengths.max()}.\n  Give a shorter --window, or more rows."
        )
    last = windows.ends(axis, window, stride)
    last = last[windows.targets(axis, last, horizon) >= 0]
    whole, labelled = _complete(lacking, last, window), np.isfinite(labels[last + horizon])
    lost = {
        f"they would cross one of {axis.gaps:,} gaps in time": max(0, possible - len(last)),
        "values are missing in them": int((~whole).sum()),
        f"their target, {settings.target}, is missing": int((whole & ~labelled).sum()),
    }
    said = [f"{count:,} windows were left out: {reason}" for reason, count in lost.items() if count]
    if not (whole & labelled).any():
        raise DataError(f"{path} has no window that can be used.\n  " + "\n  ".join(said))
    return last[whole & labelled], said


def _complete(lacking: np.ndarray, last: np.ndarray, window: int) -> np.ndarray:
    """(n,) bool: windows without a row that is `lacking` a value."""
    before = np.concatenate([[0], np.cumsum(lacking)])  # (row + 1,) such rows before each
    return before[last + 1] == before[last - window + 1]


def _windows(values: np.ndarray, last: np.ndarray, window: int, path: Path) -> Tensor:
    """(row, feature) → (window, feature, step): many that follow evenly are a view of the rows."""
    first = last - window + 1
    apart = np.diff(first)
    size = values[0].nbytes * window * len(last)
    if size > LARGE and (apart == apart[:1]).all():
        every = torch.from_numpy(values).unfold(0, window, 1)  # (row, feature, step)
        return every[int(first[0]) :: int(apart[0]) if len(apart) else 1][: len(first)]
    refuse_too_large(size, path)
    view = np.lib.stride_tricks.sliding_window_view(values, window, axis=0)  # (row, feature, step)
    return torch.from_numpy(np.ascontiguousarray(view[first]))


def _names(line: Timeline, last: np.ndarray, when: Sequence[str]) -> Sequence[str]:
    if line.settings.series is None:
        return when
    return [
        f"{line.series[number]} {time}" for number, time in zip(line.axis.series[last], when, strict=True)
    ]


def _parts(
    when: np.ndarray, cuts: tuple[np.datetime64, np.datetime64, np.datetime64], path: Path
) -> tuple[dict[str, Tensor], list[str]]:
    """Parts by the time of the target, and when each of them is; what comes after the last cut is in none."""
    number = sum((when >= cut).astype(np.int64) for cut in cuts)
    parts = {name: torch.from_numpy(np.flatnonzero(number == place)) for place, name in enumerate(PARTS)}
    if len(parts["train"]) == 0:
        raise DataError(NO_TRAINING.format(path=path))
    there = {name: when[rows] for name, rows in parts.items() if len(rows)}
    ends = {name: written(np.array([times.min(), times.max()])) for name, times in there.items()}
    spans = ", ".join(f"{name} {first} to {final}" for name, (first, final) in ends.items())
    return parts, [f"split by time: {spans}", *split.remarks(parts, PARTS)]


def _filled(filled: np.ndarray) -> list[str]:
    count = int(filled.sum())
    return [f"missing values in {count:,} rows were filled with the last ones known"] if count else []


def samples(path: Path, spec: SampleSpec) -> Samples:
    """All windows of a table, see `windows_of`; the newest come after all others."""
    found = windows_of(path, spec.settings, spec.features, amounts=len(spec.classes) == 1)
    return Samples(found.inputs, found.names, found.truth, found.skipped, found.remarks)


def header(path: Path) -> Claim:
    """Columns and rows of a table."""
    rows = text.read(path).text.splitlines()
    return Claim((len(rows[0].split(",")) if rows else 0, len(rows)))


FORMAT = Format(
    what="a CSV or TSV table with a column of dates, a row a time",
    recognises=recognises,
    load=load,
    files=Files(
        one="table with a column of dates",
        form="features × steps",
        kinds=("sequence",),
        takes=columns.is_table,
        ending=text.ending_of,
        header=header,
        decode=samples,
        many=True,
    ),
)
