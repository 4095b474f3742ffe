"""Signals in text files, one a row: UCR rows, tables, .ts files; alone, or as X_TRAIN and X_TEST."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from convscope.data import layout, signals
from convscope.data.array_samples import of_file_array
from convscope.data.dataset import Dataset, DataSettings, Skipped
from convscope.data.files import table
from convscope.data.files.format import Claim, Files, Format
from convscope.data.formats import pixels
from convscope.data.samples import ANY, Samples, SampleSpec
from convscope.data.series import timeline
from convscope.data.signals import Read, Signal, moments, pairs, roles
from convscope.data.signals import rows as signal_rows
from convscope.data.signals import text as signal_text
from convscope.data.signals.moments import TableOrigin
from convscope.data.signals.rows import column_names, cut, has_header, label_place, numbers
from convscope.data.text import columns
from convscope.data.text import numbers as text_numbers
from convscope.errors import DataError, ShapeError
from convscope.shapes import show

ELSE = (
    "; or, where rows are moments of a recording, name the column of times or of the recording: --time NAME,"
    " --sample NAME"
)
LEAST = 3  # values that a row must have to be taken for a signal
FIRST = 100  # lines that tell whether there is a header
SHOWN = 8  # columns in a message
NUMBER = re.compile(r"[-+]?\.?\d|nan|inf|\?", re.IGNORECASE)


def recognises(path: Path) -> bool:
    """Whether this is a file of signals, or a folder with a file for training and one for testing."""
    if path.is_dir():
        files = pairs.texts(path)
        found = any(pairs.parts(file).keys() >= {"train", "test"} and _holds_signals(file) for file in files)
        return found and not any(map(table.names_files, files))
    return path.is_file() and bool(signal_text.ending(path)) and _holds_signals(path)


def load(path: Path, settings: DataSettings, strict: bool, known: Sequence[str] = ()) -> Dataset:
    """Read signals, one a row, with their classes; or recordings, a row a moment.

    Rows of the UCR archive have the class first and no header; a table has a header and a column of labels
    (`settings.label`, or one called label, class, target or y); .ts files say themselves what they hold.
    X_TRAIN and X_TEST beside each other belong together, whichever was given. Rows that hold text where
    numbers should be, that have no label, or of which too much is missing, are left out and named.
    Columns are told by their names, in each file; `known` are those of a run.

    Raises:
        DataError: damaged, no signals, several data sets in one folder, or classes that cannot be trained on;
            with `strict` any row left out.
    """
    files = pairs.parts(pairs.chosen(path) if path.is_dir() else path)
    texts = {part: signal_text.read(file) for part, file in files.items()}
    lines = {part: signal_text.lines(text.text) for part, text in texts.items()}
    files, alone = pairs.with_labels(path, files, lines, settings)
    said = [*pairs.said(files), *alone, *dict.fromkeys(line for part in files for line in texts[part].said)]
    if _is_moments(lines["train"], files["train"], settings):
        _demand_meaning(path, settings)
        tables = [
            (columns.read(file), TableOrigin(part="" if len(files) == 1 else part))
            for part, file in files.items()
        ]
        together, settings = moments.read(tables, settings)
        together = together._replace(
            remarks=[*said, *(line for line in together.remarks if line not in said)]
        )
        return signals.dataset(together, path, settings, strict)
    count = len(column_names(lines["train"]))
    roles.demand_rows(settings, path, f"a sample of {count:,} columns", ELSE)
    _demand_meaning(path, settings)
    settings, placed = _with_label(lines["train"], files["train"], settings)
    reads: list[Read] = []
    for part, file in files.items():
        reads.append(_read(lines[part], file, "" if len(files) == 1 else part, settings, known=known))
        known = known or reads[0].columns
    together = Read(
        [signal for read in reads for signal in read.signals],
        [skipped for read in reads for skipped in read.skipped],
        [*said, *placed, *dict.fromkeys(remark for read in reads for remark in read.remarks)],
        columns=reads[0].columns,
    )
    together = signal_rows.with_gaps(signal_rows.without_codes(together))
    return signals.dataset(together, path, settings, strict)


def _demand_meaning(path: Path, settings: DataSettings) -> None:
    """Refuse what says nothing of a text; a run that judges other data brings its own settings."""
    given = {name: getattr(settings, name) for name in ("label_from", "rate", "horizon", "series")}
    given["group"] = settings.group if settings.group == "folder" else None
    name = next((name for name, value in given.items() if value is not None), None)
    if name is not None and (settings.val or settings.test):
        raise DataError(
            f"--{name.replace('_', '-')} {given[name]} has no meaning for {path}, a table of signals: rows"
            " lie in no folders, and its columns are its channels or its points.\n  Leave it out."
        )


def _is_moments(lines: Sequence[str], path: Path, settings: DataSettings) -> bool:
    if signal_text.ending(path) == ".ts":
        return False
    names = column_names(lines)
    rows = [cut(line) for line in lines[:FIRST] if line.strip()][1:]
    return layout.is_moments(names, rows, settings)


def _with_label(lines: Sequence[str], path: Path, settings: DataSettings) -> tuple[DataSettings, list[str]]:
    """The settings with the column of the classes, where there is no header and it is not the first."""
    filled = [line for line in lines if line.strip()]
    named = settings.label is not None or settings.target is not None
    if named or signal_text.ending(path) == ".ts" or not filled or has_header(filled[:FIRST]):
        return settings, []
    place = label_place(lines)
    rows = [cut(line) for line in filled[:FIRST]]
    words = [
        at
        for at in range(len(rows[0]))
        if not any(roles.is_number(cell) for row in rows for cell in row[at : at + 1])
    ]
    between = [at for at in words if 0 < at < len(rows[0]) - 1]
    if any(len({cut(line)[at] for line in filled if at < len(cut(line))}) > 1 for at in between):
        shown = ", ".join(f"column{at} ({cell})" for at, cell in enumerate(cut(filled[0])[:SHOWN], 1))
        raise DataError(
            f"{path} has no header, and words between its numbers: {shown}.\n"
            f"  Name the column of the classes: --label column{words[0] + 1}; and where rows are moments of a"
            " recording, also --window 128 (rows of a sample), --time and --group."
        )
    if place is None:
        count = len(cut(filled[0]))
        raise DataError(
            f"{path} has no header, and neither its first nor its last column holds classes, but"
            f" {cut(filled[0])[0]} and {cut(filled[0])[-1]}.\n"
            f"  Name the column, column1 to column{count}: --label column{count} for classes, or"
            f" --target column{count} for amounts."
        )
    if place == 0:
        return settings, []
    return replace(settings, label=f"column{place + 1}"), ["the class is in the last column"]


def header(path: Path) -> Claim:
    """Rows and cells of a text; a column of numbers is one row."""
    rows = _rows(_lines(path))
    cells = len(cut(rows[-1])) if rows else 0
    return Claim((1, len(rows)) if cells == 1 else (len(rows), cells))


def samples(path: Path, spec: SampleSpec) -> Samples:
    """Signals of a text, or one array of its numbers where samples are of another kind.

    Rows that begin with a class that the run knows, and tables with names of columns, are read as they are
    for training, and so is what follows; labels may be missing. Tables whose rows were moments in training
    are so here. Other rows are a signal each, channel after channel; or as many as there are channels are one
    signal, and so is a single column.

    Raises:
        DataError: text where numbers should be, rows of unequal length that are one sample, no signal at all.
    """
    lines = _below_names(_lines(path), spec)
    if spec.kind == "image" and pixels.fits(lines, spec):
        return pixels.samples(lines, path, spec)
    if spec.kind != "signal":
        values = _array(_cells(lines), path)
        said = f"{path.name}: all of its numbers, {show(values.shape)}, are taken as one array"
        try:
            found = of_file_array(values, spec, path.name)
        except (DataError, ShapeError) as error:
            raise type(error)(f"{error}\n  {said}") from error
        return found._replace(remarks=(*found.remarks, said))
    if spec.features and spec.classes and set(column_names(lines)) >= set(spec.features):
        read, _ = moments.read(
            [(columns.read(path, repeated=1), TableOrigin())], spec.settings, spec.features
        )
        return signals.as_samples(read.signals, read.skipped, str(path), spec)
    _demand_channels(lines, path, spec)
    if _labelled(lines, path, spec):
        read = _read(lines, path, "", spec.settings, lacking=True, known=spec.columns)
        read = signal_rows.without_codes(read, repeated=1)
        found = [signal._replace(ends=not (spec.columns and read.columns)) for signal in read.signals]
        samples = signals.as_samples(found, read.skipped, str(path), spec)
        return samples._replace(remarks=(*read.remarks, *samples.remarks)) if spec.columns else samples
    rows, channels = _cells(lines), spec.shape[0]
    wanted = channels * spec.shape[1]
    alone = all(len(row) == 1 for row in rows) or (len(rows) == channels > 1 and len(rows[-1]) != wanted)
    if alone or not spec.classes:
        return signals.as_samples([Signal(_array(rows, path), "", "")], [], str(path), spec)
    _demand_size(rows, path, spec)
    found, skipped = [], []
    for number, row in enumerate(rows, 1):
        try:
            values = np.array(numbers(row), np.float32).reshape(channels, -1)
            found.append(Signal(values, "", f"row {number}"))
        except ValueError as error:
            skipped.append(Skipped(f"row {number}", str(error)))
    return signals.as_samples(found, skipped, str(path), spec)


def _below_names(lines: list[str], spec: SampleSpec) -> list[str]:
    """Lines without a first one that names the columns of training by numbers: 0, 1, 2 are no sample then.

    The rows come into the order of training.
    """
    names = cut(lines[0]) if lines and spec.columns else []
    if not spec.columns or not set(names) >= set(spec.columns) or has_header(lines[:FIRST]):
        return lines
    places = [names.index(name) for name in spec.columns]
    rows = (cut(line) for line in lines[1:])
    return [
        ",".join(row[place] for place in places) if len(row) == len(names) else ",".join(row) for row in rows
    ]


def _demand_channels(lines: Sequence[str], path: Path, spec: SampleSpec) -> None:
    """Tell which channels of training a table of moments lacks."""
    filled = [line for line in lines[:FIRST] if line.strip()]
    lacks = set(spec.features) - set(column_names(lines))
    if lacks and spec.classes and has_header(filled) and _is_moments(lines, path, spec.settings):
        raise DataError(
            f"{path} has no column '{min(lacks)}', which the run was trained on; its columns are"
            f" {roles.listed(column_names(lines))}.\n  Give a table with {roles.listed(spec.features)}."
        )


def _demand_size(rows: Sequence[Sequence[str]], path: Path, spec: SampleSpec) -> None:
    """Refuse rows that hold no channels of training, such as features that were computed of its signals."""
    channels, length = spec.shape
    if all(len(row) % channels for row in rows):
        named = f" ({roles.listed(spec.features)})" if spec.features else ""
        raise DataError(
            f"{path} holds rows of {len(rows[0]):,} numbers; the run takes signals of {channels} channels"
            f"{named}, of {length:,} points each.\n"
            f"  Give rows of {channels * length:,} numbers, channel after channel, or the signals' own files."
        )


def _lines(path: Path) -> list[str]:
    return signal_text.lines(signal_text.read(path).text)


def _rows(lines: Sequence[str]) -> list[str]:
    """The lines that hold something; without the names of the columns."""
    rows = [line for line in lines if line.strip()]
    return rows[1:] if rows and not any(NUMBER.match(cell) for cell in cut(rows[0])) else rows


def _cells(lines: Sequence[str]) -> list[list[str]]:
    return [cut(row) for row in _rows(lines)]


def _array(rows: Sequence[Sequence[str]], path: Path) -> np.ndarray:
    """A row a channel; one number a row is one channel."""
    try:
        values = [numbers(row) for row in rows]
    except signal_rows.TextError as error:
        words = f"{path} holds '{error.args[1]}', which is no number."
        raise DataError(f"{words}\n  All of a text that is one array has to be numbers.") from error
    if not values:
        raise DataError(f"{path} holds no numbers.\n  A signal is a row a channel.")
    if len({len(row) for row in values}) > 1:
        raise DataError(f"{path} holds no rows of one length.\n  A signal is a row a channel.")
    array = np.array(values, np.float32)
    return array.T if array.shape[1] == 1 else array


def _labelled(lines: Sequence[str], path: Path, spec: SampleSpec) -> bool:
    """Whether there are names of columns, or classes beside the values."""
    if signal_text.ending(path) == ".ts":
        return True
    lines = [line for line in lines if line.strip()]
    if has_header(lines[:FIRST]) and len(lines) > 1:
        names = {name.casefold() for name in cut(lines[0])}
        return len(names) > 1 and (bool(spec.classes) or not names.isdisjoint(roles.ROLES["label"]))
    if not lines or len(cut(lines[-1])) == spec.shape[0] * spec.shape[1]:
        return False
    if spec.settings.label is not None or spec.settings.target is not None:
        return (spec.settings.target or spec.settings.label) in column_names(lines)
    return {signal_rows.class_name(cut(line)[0]) for line in lines} <= set(spec.classes)


def _read(
    lines: Sequence[str],
    path: Path,
    part: str,
    settings: DataSettings,
    *,
    lacking: bool = False,
    known: Sequence[str] = (),
) -> Read:
    filled = [line for line in lines[:FIRST] if line.strip()]
    if not any(line.strip() for line in lines):
        raise DataError(
            f"{path} is empty.\n  Expected one signal a row, its class first or in a column of its own."
        )
    named = settings.label is not None or settings.target is not None
    if signal_text.ending(path) == ".ts":
        read = signal_rows.ts(lines, path, part)
    elif named or has_header(filled):
        read = signal_rows.table(lines, path, part, settings, lacking=lacking, known=known)
    else:
        read = signal_rows.ucr(lines, path, part)
    if not read.signals and not read.skipped:
        raise DataError(f"{path} holds no signals: there is nothing below its header.\n  Add a signal a row.")
    return read


def _holds_signals(path: Path) -> bool:
    """By the first lines: cheap, and false for tables of pictures, sequences and other text."""
    lines = signal_text.head(path)
    if signal_text.ending(path) == ".ts":
        return any(line.lower().startswith(("@problemname", "@data")) for line in lines)
    if not has_header(lines[:FIRST]):
        return bool(lines) and len(cut(lines[0])) > LEAST and _count(cut(lines[0])) >= LEAST
    names = {name.casefold() for name in cut(lines[0])}
    if len(lines) == 1:  # the rows are missing, but it is clear what they should have been
        return len(names) > LEAST and not names.isdisjoint(roles.ROLES["label"])
    if timeline.has_time(path):
        return False
    moments = layout.is_moments(cut(lines[0]), [cut(line) for line in lines[1:FIRST]], DataSettings())
    return _count(cut(lines[1])) >= (1 if moments else LEAST)


def _count(cells: Sequence[str]) -> int:
    """How many cells hold a number."""
    found = 0
    for cell in cells:
        try:
            found += bool(cell and numbers([cell]))
        except signal_rows.TextError:
            found += text_numbers.is_one(cell)
    return found


FORMAT = Format(
    what="signals as rows of .csv, .tsv, .txt or .ts, the class first or in a column of its own",
    recognises=recognises,
    load=load,
    files=Files(
        one="text of numbers",
        form="a row a channel, or a row a sample",
        kinds=("signal", "image", ANY),
        takes=lambda path: bool(signal_text.ending(path)) and path.is_file(),
        ending=signal_text.ending_of,
        header=header,
        decode=samples,
        many=True,
    ),
)
