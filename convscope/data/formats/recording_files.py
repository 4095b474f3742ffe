"""A recording a file: tables, arrays (.npy) or Edge Impulse's JSON; classes by folder, name or column."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tokenize import TokenError
from typing import NamedTuple

import numpy as np

from convscope.data import layout, signals
from convscope.data.containers import numpys
from convscope.data.dataset import Dataset, DataSettings, Skipped
from convscope.data.files import folder
from convscope.data.files.decoding import shown
from convscope.data.files.format import Claim, Files, Format
from convscope.data.files.listing import PART_NAMES, Listed
from convscope.data.formats.pictures import PICTURES
from convscope.data.samples import Samples, SampleSpec
from convscope.data.series import timeline
from convscope.data.signals import moments, roles
from convscope.data.signals.moments import TableOrigin
from convscope.data.signals.windows import Track
from convscope.data.text import columns
from convscope.data.text.columns import Table
from convscope.data.text.numbers import is_one
from convscope.errors import BadFile, ConvscopeError, DataError

TABLES = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".txt", ".dat")
ARRAY, PAYLOAD = ".npy", ".json"
RECORDINGS = folder.Wanted((*TABLES, ARRAY, PAYLOAD), "recording")
LABELS = "info.labels"  # of Edge Impulse: the label of each file
NOTES = ("readme", "license", "licence", "info", "about", "notes", "requirements", "description", "labels")
LOOKED = 6  # files that tell whether they are recordings
HEAD = 1 << 12  # bytes
UNREADABLE = (*numpys.DAMAGE, KeyError, TypeError, ArithmeticError, SyntaxError, TokenError)


class Payload(NamedTuple):
    """What a file of Edge Impulse holds."""

    values: np.ndarray  # (channel, time)
    channels: tuple[str, ...]
    rate: float | None


def recognises(path: Path) -> bool:
    """Whether this is a folder of recordings, as tables or arrays, and not of pictures."""
    if not path.is_dir():
        return False
    some = folder.peek(path, RECORDINGS)
    files = [file for file in some if _may_be(file)][:LOOKED]
    if not files or any(PICTURES.takes(file) for file in some):
        return False
    return 2 * sum(map(_holds_recording, files)) > len(files)


def load(path: Path, settings: DataSettings, strict: bool) -> Dataset:
    """Read recordings, one a file; with `window` each is cut into windows, otherwise it is a sample.

    The label is the folder's, or what `label_from` finds in the name, or that of a column in the file. Edge
    Impulse's exports say it in info.labels, or before the first point of a file's name.

    Raises:
        DataError: no labels, recordings with other channels, several labels in a recording that is not cut
            into windows; with `strict` any file left out.
    """
    listed, skipped, said = _listed(path, settings)
    tables: list[tuple[Table, TableOrigin]] = []
    tracks: list[Track] = []
    channels: tuple[str, ...] = ()
    for item in listed:
        origin = TableOrigin(shown(item.file, path), item.label, item.part, item.group)
        try:
            if item.file.name.lower().endswith(TABLES):
                tables.append((columns.read(item.file), origin))
            else:
                track, channels = _track(item.file, origin)
                tracks.append(track)
        except ConvscopeError as error:
            skipped.append(Skipped(origin.name, str(error).splitlines()[0].removeprefix(f"{item.file}: ")))
    if tables:
        _demand_no_sequences(path, tables, settings)
        read, settings = moments.read(_said_once(tables), settings)
    elif tracks:
        read = moments.of_tracks(tracks, settings, channels)
    else:
        raise DataError(
            f"{path} holds no recording that can be read.\n  {skipped[0].file}: {skipped[0].reason}"
        )
    whole = read._replace(skipped=[*skipped, *read.skipped], remarks=[*said, *read.remarks])
    return signals.dataset(whole, path, settings, strict)


def _said_once(tables: Sequence[tuple[Table, TableOrigin]]) -> list[tuple[Table, TableOrigin]]:
    """The tables, where how the numbers of a column are written is said of the first one alone."""
    known: set[str] = set()
    once = []
    for table, origin in tables:
        said = {name: f"column {name}: {cells.written.said}" for name, cells in table.cells.items()}
        again = {line for name, line in said.items() if name in known}
        known |= {name for name, line in said.items() if line in table.remarks}
        once.append(
            (replace(table, remarks=tuple(line for line in table.remarks if line not in again)), origin)
        )
    return once


def _listed(path: Path, settings: DataSettings) -> tuple[list[Listed], list[Skipped], list[str]]:
    """The recordings in class folders, or by their names; or loose ones, in this folder or those of parts."""
    loose = [(file, "") for file in _loose(path)]
    parts = {child: PART_NAMES.get(child.name.casefold()) for child in path.iterdir() if child.is_dir()}
    for child, part in parts.items():
        loose += [(file, part) for file in _loose(child)] if part else []
    if not loose or settings.label_from is not None:
        found = folder.scan(path, RECORDINGS, settings)
        return [item for item in found.listed if _may_be(item.file)], found.skipped, found.remarks
    known = _edge_impulse(path, loose)
    listed = [Listed(file, known.get(file.name, ""), part) for file, part in loose]
    said = ["labels are those of Edge Impulse: in info.labels, or before the first point of a name"]
    return [item for item in listed if item.label or not known], [], said if known else []


def _demand_no_sequences(
    path: Path, tables: Sequence[tuple[Table, TableOrigin]], settings: DataSettings
) -> None:
    """Refuse tables whose rows have dates and amounts of their own: each goes on, as one station's does.

    Raises:
        DataError: they do, and nothing says that they are recordings.
    """
    table, origin = tables[0]
    told = origin.label or settings.window or settings.sample or settings.label
    if told or roles.column(table, None, "label") or not timeline.has_time(table.path):
        return
    if settings.target is not None:
        values = roles.column(table, settings.target, "label")
        if values is None or len(table.distinct(values)[1]) < 2:
            return  # an amount for the whole recording
    own = [
        {name: str(each.distinct(name)[1][0]) for name in each.columns if len(each.distinct(name)[1]) == 1}
        for each, _ in tables
    ]
    names = [name for name in own[0] if len({one.get(name) for one in own}) == len(own) > 1]
    column = f"the column '{names[0]}' tells them apart" if names else "add a column that tells them apart"
    raise DataError(
        f"{path} holds {len(tables)} tables with a time for each row, such as {table.path.name}: these are"
        " sequences to go on with, and no recordings of a class each.\n"
        f"  Join them into one table, one below the other; {column}:"
        f" --target {settings.target or 'COLUMN'} --series {names[0] if names else 'NAME'}."
    )


def _loose(place: Path) -> list[Path]:
    return [file for file in folder.children(place, []) if RECORDINGS.takes(file) and _may_be(file)]


def _edge_impulse(path: Path, loose: Sequence[tuple[Path, str]]) -> dict[str, str]:
    """Name of a file → its label, where this is an export of Edge Impulse."""
    file = path / LABELS
    if file.is_file():
        try:
            entries = json.loads(file.read_text(encoding="utf-8"))["files"]
            return {Path(entry["path"]).name: str(entry["label"]["label"]) for entry in entries}
        except UNREADABLE as error:
            raise DataError(f"{file} is damaged: {error}.\n  Export the data again.") from error
    return {each.name: each.name.split(".")[0] for each, _ in loose if each.suffix.lower() == PAYLOAD}


def _may_be(file: Path) -> bool:
    return RECORDINGS.takes(file) and file.is_file() and not file.name.casefold().startswith(NOTES)


def _holds_recording(file: Path) -> bool:
    """By its first bytes: numbers, a row a moment."""
    if file.suffix.lower() == PAYLOAD:
        with file.open("rb") as opened:
            return b'"payload"' in opened.read(HEAD)
    if file.suffix.lower() == ARRAY:
        try:
            array = np.load(file, mmap_mode="r", allow_pickle=False)
        except UNREADABLE:
            return False
        return array.dtype.kind in "buif" and 1 <= array.ndim <= 3
    cells = columns.head(file)[1:]
    numbers = bool(cells) and 2 * sum(roles.is_number(cell) or is_one(cell) for cell in cells[0]) >= len(
        cells[0]
    )
    return numbers or timeline.has_time(file)


def _track(file: Path, origin: TableOrigin) -> tuple[Track, tuple[str, ...]]:
    """One recording from an array or from Edge Impulse's JSON, and the names of its channels."""
    if file.suffix.lower() == PAYLOAD:
        found = _payload(file)
        values, names = found.values, found.channels
    else:
        try:
            array = np.load(file, allow_pickle=False)
        except UNREADABLE as error:
            raise BadFile(file, f"it is damaged: {error}") from error
        values, names = layout.arranged(array[None], file.name, "signal").array[0], ()
    count = values.shape[1]
    return Track(
        origin.name, values.astype(np.float32), np.zeros(count, np.int64), [origin.label],
        group=origin.group, part=origin.part,
    ), names  # fmt: skip


def _payload(file: Path) -> Payload:
    """The JSON in which Edge Impulse acquires and exports data: rows of values, a column a sensor."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))["payload"]
        values = np.array(found["values"], np.float32)
        names = tuple(str(sensor["name"]) for sensor in found["sensors"])
        step = float(found.get("interval_ms") or 0)
    except UNREADABLE as error:
        raise BadFile(file, f"no recording of Edge Impulse: {error}") from error
    values = values[:, None] if values.ndim == 1 else values  # (time, channel)
    if values.ndim != 2 or not values.size or values.shape[1] != len(names):
        raise BadFile(file, f"its values are {values.shape}, its sensors {len(names)}")
    return Payload(values.T, names, 1000 / step if step else None)


def header(path: Path) -> Claim:
    """Channels and points."""
    found = _payload(path)
    return Claim(found.values.shape, rate=found.rate)


def samples(path: Path, spec: SampleSpec) -> Samples:
    """One recording of Edge Impulse, whole or in windows, as training had it."""
    label = path.name.split(".")[0]
    track, channels = _track(path, TableOrigin(label=label if label in spec.classes else "?"))
    read = moments.of_tracks([track._replace(name="")], spec.settings, channels, lacking=True)
    return signals.as_samples(read.signals, [], path.name, spec)


FORMAT = Format(
    what="recordings as tables, .npy or Edge Impulse's JSON: a file each, in a folder a class",
    recognises=recognises,
    load=load,
    files=Files(
        one="recording of Edge Impulse",
        form="channels × time",
        kinds=("signal",),
        takes=lambda path: path.suffix.lower() == PAYLOAD and path.is_file(),
        ending=lambda head: PAYLOAD if head.lstrip().startswith(b"{") else "",
        header=header,
        decode=samples,
        many=True,
    ),
)
