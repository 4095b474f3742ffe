"""One table with a time column → sequences: the last rows of a series, and what comes after them."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from convscope.data import columns, features, split, timeline, windows
from convscope.data.columns import Table
from convscope.data.dataset import PARTS, Dataset, DataSettings
from convscope.data.memory import refuse_too_large
from convscope.data.names import natural
from convscope.data.timeline import Timeline, written
from convscope.data.windows import DAY, Axis
from convscope.errors import DataError

TARGETS = ("target", "label", "y")  # columns that are obviously the one to predict
FEW_VALUES = 20  # whole numbers that are classes; from more on they are amounts


class Windows(NamedTuple):
    """Windows of a table for prediction.

    Attributes:
        inputs: (window, feature, step) float32.
        names: the series, if there are several, and the time of the target.
        when: the time of the target, ISO 8601.
        truth: what the table says it is, a class's name or a number; None where that is not known yet.
    """

    inputs: Tensor
    names: list[str]
    when: list[str]
    truth: list[str | float | None]


class Labels(NamedTuple):
    """The target of every row.

    Attributes:
        values: (row,) float64, a class's number or an amount; NaN where missing.
        classes: names of the classes; None for amounts.
    """

    values: np.ndarray
    classes: tuple[str, ...] | None


def recognises(path: Path) -> bool:
    """Whether this is a CSV or TSV table (.gz, too) with a column of dates."""
    return columns.is_table(path) and timeline.has_time(path)


def load(path: Path, settings: DataSettings, strict: bool = False) -> Dataset:  # noqa: ARG001 - rows are no files
    """Make a sample of each window of rows; its label is the target `horizon` rows after its last one.

    Windows cross neither series nor gaps. Parts follow each other in time, cut at the same times for all
    series: what is learnt is judged on what came later. Features and their classes are chosen by the
    training part alone. A missing value is the last one known, up to three rows back; otherwise its windows
    are left out, as are those whose target is missing.

    Args:
        path: the table.
        settings: `target` is the column to predict; `time`, `series`, `window` and `horizon` are chosen if None.
        strict: has no effect here: damage is always refused.

    Raises:
        DataError: see `timeline.read`; also no target, text in a column of numbers, or no window to learn from.
    """
    line = timeline.read(path, settings)
    settings, chosen = _resolved(line)
    labels, task = _labels(line.table, str(settings.target))
    val, test = windows.cuts(line.axis, settings)
    names, seen = _features(line, settings, labels, line.axis.times < val)
    values, filled = features.carried(features.encode(line.table, names, line.axis.times), line.axis.run)
    expected, _ = features.carried(
        labels.values[:, None], line.axis.run
    )  # (row, 1), by who expects no change
    last, left_out = _samples(line, settings, labels.values, np.hstack([values, expected]))
    target = last + settings.horizon
    when = line.axis.times[target]
    parts, dates = _parts(when, val, test, line)
    kind = np.float32 if labels.classes is None else np.int64
    return Dataset(
        inputs=_windows(values, last, settings.window, path),
        labels=torch.from_numpy(labels.values[target].astype(kind)),
        classes=labels.classes or (str(settings.target),),
        parts=parts,
        kind="sequence",
        source=str(path),
        names=_names(line, last, written(when)),
        settings=settings,
        remarks=(
            *line.remarks, *chosen, *task, *seen, *_filled(filled), *left_out, *dates,
            *_unseen(labels, target, parts["train"]),
        ),
        features=names,
        persistence=torch.from_numpy(expected[last, 0].astype(kind)),
        when=written(when),
    )  # fmt: skip


def windows_of(path: str | Path, settings: DataSettings, names: Sequence[str]) -> Windows:
    """Make windows of a table for prediction: all of them, also the newest, whose target is not known yet.

    Args:
        path: a table with the columns that the network was trained on.
        settings: of the training's data set, nothing left open.
        names: the features of the training's data set.

    Raises:
        DataError: as `load` does, for columns that are missing, or for no row that ends a whole window.
    """
    path = Path(path)
    line = timeline.read(path, settings)
    axis, window, horizon = line.axis, _whole(settings.window, "window"), _whole(settings.horizon, "horizon")
    values, _ = features.carried(features.encode(line.table, names, axis.times), axis.run)
    last = windows.ends(axis, window)
    last = last[_complete(values, last, window)]
    target = windows.targets(axis, last, horizon)
    wanted = (target >= 0) | windows.newest(axis, last, horizon)
    last, target = last[wanted], target[wanted]
    if len(last) == 0:
        raise DataError(f"{path} holds no {window} rows in a row without a gap.\n  Give it more rows.")
    when = written(np.where(target >= 0, axis.times[target], windows.ahead(axis, last, horizon)))
    truth = _truth(line.table, str(settings.target), str(settings.target) in names)
    known = [truth[row] if row >= 0 else None for row in target]
    return Windows(_windows(values, last, window, path), _names(line, last, when), when, known)


def _resolved(line: Timeline) -> tuple[DataSettings, list[str]]:
    """Settings with target, window and horizon filled in, and what was chosen."""
    settings, said = line.settings, []
    window, horizon = settings.window, settings.horizon
    if window is None:
        window = _usual_window(line.axis)
        said.append(f"window: {window} rows, chosen by their spacing; --window changes it")
    if horizon is None:
        horizon = 1
        said.append("horizon: the next row is predicted; --horizon looks further ahead")
    update = {
        "target": _target(line),
        "window": _whole(window, "window"),
        "horizon": _whole(horizon, "horizon"),
    }
    split.check_shares(settings)
    return settings.model_copy(update=update), said


def _usual_window(axis: Axis) -> int:
    """A day of hours, a week of days, a year of months; ten rows of anything else."""
    if axis.weekdays and axis.step == DAY:
        return 5
    cycles = {np.timedelta64(1, "h"): 24, DAY: 7, 30 * DAY: 12, 31 * DAY: 12}
    return cycles.get(axis.step.astype("timedelta64[s]"), 10)


def _whole(count: int | None, what: str) -> int:
    if count is None or count < 1:
        raise DataError(f"the {what} must be 1 row or more; got {count}.\n  --{what} 1 is the least.")
    return count


def _target(line: Timeline) -> str:
    table, settings = line.table, line.settings
    if settings.target is not None:
        return timeline.demand(table, settings.target, "target")
    others = [name for name in table.columns if name not in (settings.time, settings.series)]
    obvious = [name for name in others if name.casefold() in TARGETS]
    if len(obvious) == 1:
        return obvious[0]
    raise DataError(
        f"{table.path} does not say what to predict: choose one of the columns {', '.join(others)}.\n"
        f"  For example: --target {(others or ['NAME'])[-1]}"
    )


def _labels(table: Table, target: str) -> tuple[Labels, list[str]]:
    """Classes for texts and few whole numbers, amounts for other numbers."""
    if table.is_number(target):
        values = table.numbers(target)
        distinct = np.unique(values[np.isfinite(values)])
        whole = bool((distinct % 1 == 0).all())
        if not whole or len(distinct) > FEW_VALUES:
            many = f": {len(distinct):,} whole numbers are too many for classes" if whole else ""
            return Labels(values, None), [f"target: the amount of {target}{many}"]
    codes, found = table.texts(target)
    if len(found) < 2:
        raise DataError(
            f"{table.path}: column '{target}' holds {len(found)} class; there is nothing to tell apart.\n"
            "  Choose another target."
        )
    order = sorted(range(len(found)), key=lambda place: natural(found[place]))
    values = np.where(codes < 0, np.nan, np.argsort(order)[codes])
    return Labels(values, tuple(found[place] for place in order)), [f"target: {target}, {len(found)} classes"]


def _truth(table: Table, target: str, amounts: bool) -> list[str | float | None]:
    if amounts:
        return [None if np.isnan(value) else value for value in table.only_numbers(target).tolist()]
    codes, classes = table.texts(target)
    return [None if code < 0 else classes[code] for code in codes]


def _features(
    line: Timeline, settings: DataSettings, labels: Labels, train: np.ndarray
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    target, series = str(settings.target), settings.series if len(line.series) > 1 else None
    use = [
        name for name in line.table.columns if name not in (settings.time, settings.series) or name == series
    ]
    classes = {name for name in (series, target if labels.classes else None) if name}
    return features.choose(line.table, use, target, classes, train, line.axis.times)


def _samples(
    line: Timeline, settings: DataSettings, labels: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, list[str]]:
    """(n,) the last rows of the windows that can be used, and how many cannot, and why."""
    axis, window, horizon = line.axis, _whole(settings.window, "window"), _whole(settings.horizon, "horizon")
    lengths = np.bincount(axis.series)
    possible = int(np.maximum(lengths - window - horizon + 1, 0).sum())
    if possible == 0:
        raise DataError(
            f"{line.table.path}: {window} rows and a target {horizon} later need {window + horizon} rows, but"
            f" the longest series has {lengths.max()}.\n  Give a shorter --window, or more rows."
        )
    last = windows.ends(axis, window)
    last = last[windows.targets(axis, last, horizon) >= 0]
    whole = _complete(values, last, window)
    labelled = np.isfinite(labels[last + horizon])
    lost = {
        f"{axis.gaps:,} gaps in time lie within them": possible - len(last),
        "values are missing in them": int((~whole).sum()),
        f"{settings.target} is missing at their target": int((whole & ~labelled).sum()),
    }
    said = [f"{count:,} windows were left out: {reason}" for reason, count in lost.items() if count]
    if not (whole & labelled).any():
        raise DataError(f"{line.table.path} has no window that can be used:\n  " + "\n  ".join(said))
    return last[whole & labelled], said


def _complete(values: np.ndarray, last: np.ndarray, window: int) -> np.ndarray:
    """(n,) bool: windows without a missing value."""
    missing = np.concatenate([[0], np.cumsum(np.isnan(values).any(axis=1))])  # (row + 1,) before each row
    return missing[last + 1] == missing[last - window + 1]


def _windows(values: np.ndarray, last: np.ndarray, window: int | None, path: Path) -> Tensor:
    """(row, feature) → (window, feature, step)."""
    window = _whole(window, "window")
    refuse_too_large(values[0].nbytes * window * len(last), path)
    view = np.lib.stride_tricks.sliding_window_view(values, window, axis=0)  # (row, feature, step)
    return torch.from_numpy(np.ascontiguousarray(view[last - window + 1], dtype=np.float32))


def _names(line: Timeline, last: np.ndarray, when: list[str]) -> list[str]:
    if len(line.series) == 1:
        return when
    return [
        f"{line.series[number]} {time}" for number, time in zip(line.axis.series[last], when, strict=True)
    ]


def _parts(
    when: np.ndarray, val: np.datetime64, test: np.datetime64, line: Timeline
) -> tuple[dict[str, Tensor], list[str]]:
    """Parts by the time of the target, and when each of them is."""
    number = (when >= val).astype(np.int64) + (when >= test)
    parts = {name: torch.from_numpy(np.flatnonzero(number == place)) for place, name in enumerate(PARTS)}
    if len(parts["train"]) == 0:
        raise DataError(
            f"{line.table.path} has too few rows to train on: no window ends before {written(val[None])[0]}."
        )
    spans = []
    for name, rows in parts.items():
        if len(rows):
            first, final = written(np.array([when[rows].min(), when[rows].max()]))
            spans.append(f"{name} {first} to {final}")
    said = [f"split by time: {', '.join(spans)}"]
    return parts, [*said, *split.remarks(parts, PARTS)]


def _filled(filled: np.ndarray) -> list[str]:
    count = int(filled.sum())
    return [f"missing values in {count:,} rows were filled with the last known ones"] if count else []


def _unseen(labels: Labels, target: np.ndarray, train: Tensor) -> list[str]:
    """Classes that cannot be learnt, because they come later only."""
    classes = labels.classes or ()
    seen = set(labels.values[target[train.numpy()]].astype(int).tolist())
    late = [name for number, name in enumerate(classes) if number not in seen]
    return [f"not in the training part, so it cannot be learnt: {', '.join(late)}"] if late else []
