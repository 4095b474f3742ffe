"""Which column of a table of signals is what: named by the person, or by names that such columns have."""

from collections.abc import Sequence
from typing import NamedTuple

from convscope.data.dataset import DataSettings
from convscope.data.files import groups
from convscope.data.files.table import COLUMNS
from convscope.data.targets import number
from convscope.data.text.columns import Table
from convscope.data.text.missing import WORDS
from convscope.errors import DataError

ROLES = {
    "label": (*COLUMNS["label"], "activity", "emotion", "labels", "classes", "event", "state"),
    "group": (*COLUMNS["group"], "user", "user_id", "userid", "person", "participant", "participant_id"),
    "part": (*COLUMNS["split"], "usage"),
    "sample": (
        "id", "sample", "sample_id", "series_id", "sequence_id", "sequence", "series", "recording",
        "recording_id", "record", "record_id", "trial", "trial_id", "segment", "segment_id", "measurement",
        "measurement_id", "instance", "case", "case_id", "file", "filename",
    ),
    "time": (
        "time", "timestamp", "timestamps", "date", "datetime", "t", "step", "timestep", "time_step", "ms",
        "timepoint", "seconds", "sec", "measurement_number", "time (s)", "time_s", "time(s)", "time (ms)",
        "time_ms", "seconds_elapsed", "elapsed", "day", "month", "year", "millis", "frame", "sample_number",
    ),
    "number": ("name", "index", "unnamed: 0", "", "row", "row_id", "no", "nr", "column0"),
}  # fmt: skip
NONE = "none"
SHOWN = 10  # columns in a message
MOST = 5  # columns beside the values: label, sample, group, part and time


class ColumnRoles(NamedTuple):
    """The columns of a table whose rows are moments.

    Attributes:
        values: the channels.
        answer: class or amount of each row; None: the table does not say.
        sample: which sample or recording a row belongs to.
        owner: whose it is, a person's for example.
        group: the same, where the samples of one shall stay together.
        part: train, val or test.
        time: what orders the rows of a sample.
        said: what was decided.
    """

    values: tuple[str, ...]
    answer: str | None
    sample: str | None
    owner: str | None
    group: str | None
    part: str | None
    time: str | None
    said: tuple[str, ...]


def find(table: Table, settings: DataSettings, features: Sequence[str] = ()) -> ColumnRoles:
    """Tell the columns apart.

    Args:
        table: a row a moment.
        settings: what the person named: label or target, sample, group, time.
        features: the channels, where training has found them; then nothing else need be there.

    Raises:
        DataError: a column that is named and not there, or no column of numbers.
    """
    named = {
        "label": answer(settings, table.path),
        "sample": settings.sample,
        "group": None if settings.group in (NONE, "folder") else settings.group,
        "time": settings.time,
    }
    lacking = bool(features)
    place = {role: column(table, named.get(role), role, lacking) for role in ROLES}
    if settings.sample is None and not _repeats(table, place["sample"]):
        place["sample"] = None
    for role, option in (("sample", settings.sample), ("group", settings.group)):
        if place[role] is not None and place[role] == place["label"]:
            if option is not None and not features:
                raise groups.are_classes(option, table.path, role)
            place[role] = None
    own = set(filter(None, place.values()))
    others = [name for name in table.columns if name not in own and name.casefold() not in ROLES["sample"]]
    values = tuple(features) or tuple(name for name in others if table.is_number(name))
    if not values:
        raise DataError(
            f"{table.path} has no column of numbers beside {', '.join(sorted(own)) or 'its text'};"
            f" its columns are {listed(table.columns)}.\n  A signal needs a column for each channel."
        )
    texts = [name for name in others if name not in values] if not features else []
    said = [f"columns that hold text are not used: {listed(texts)}"] if texts else []
    found = {role: place[role] for role in ("sample", "group", "part", "time")}
    found |= {"owner": place["group"], "group": None if settings.group == NONE else place["group"]}
    return ColumnRoles(values, place["label"], **found, said=tuple(said))


def column(table: Table, wanted: str | None, role: str, lacking: bool = False) -> str | None:
    """The column that the person named, or the first with a usual name; None where there is none.

    Raises:
        DataError: the one that is named is not there, and need not be `lacking`.
    """
    known = {name.casefold(): name for name in reversed(table.columns)}
    if wanted is None:
        if "x" in known:  # then y is an axis
            known.pop("y", None)
        return next((known[name] for name in ROLES[role] if name in known), None)
    found = known.get(wanted.casefold())
    if found is None and not lacking:
        raise DataError(
            f"{table.path} has no column '{wanted}' for the {role}; its columns are {listed(table.columns)}."
        )
    return found


def answer(settings: DataSettings, source: object) -> str | None:
    """The column to learn, where the person named it.

    Raises:
        DataError: two are named.
    """
    if settings.label is not None and settings.target is not None:
        raise DataError(
            f"--label {settings.label} and --target {settings.target} both name what to learn of {source}.\n"
            "  Give one of them: the other is left out."
        )
    return settings.target or settings.label


def demand_rows(settings: DataSettings, source: object, what: str, advice: str = "") -> None:
    """Refuse settings that have no use where each row is a sample.

    Args:
        settings: as the person gave them.
        source: for messages.
        what: what each row is.
        advice: what else could be meant.

    Raises:
        DataError: one of them is set.
    """
    for name in ("sample", "window", "stride", "horizon", "series", "time"):
        value = getattr(settings, name)
        if value is not None:
            raise DataError(
                f"--{name} {value}: each row of {source} is {what} already.\n  Leave --{name} out{advice}."
            )


def listed(names: Sequence[str]) -> str:
    """Some names for a message."""
    return ", ".join(names[:SHOWN]) + (" …" if names[SHOWN:] else "")


def _repeats(table: Table, name: str | None) -> bool:
    """Whether a column has the same value in several rows."""
    if name is None:
        return False
    codes, texts = table.distinct(name)
    return 2 * len(texts) <= len(codes)


def is_number(cell: str) -> bool:
    """Whether a cell holds a number, or nothing."""
    return cell.strip().casefold() in WORDS or number(cell) is not None
