"""Signals in text files, one a row: UCR rows, tables, .ts files; alone, or as X_TRAIN and X_TEST."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from convscope.data import signals
from convscope.data.array_samples import of_file_array
from convscope.data.dataset import Dataset, DataSettings, Skipped
from convscope.data.files.format import Claim, Files, Format
from convscope.data.files.listing import PART_NAMES
from convscope.data.files.table import COLUMNS
from convscope.data.samples import ANY, Samples, SampleSpec
from convscope.data.signals import Read, Signal
from convscope.data.signals import rows as signal_rows
from convscope.data.signals import text as signal_text
from convscope.data.signals.rows import cut, has_header, numbers
from convscope.errors import DataError

TIMES = {"time", "date", "datetime", "timestamp", "day", "month", "year"}  # columns of one long sequence
LEAST = 3  # values that a row must have to be taken for a signal
FIRST = 100  # lines that tell whether there is a header
PART = re.compile(rf"^(?:(.*)[_-])?({'|'.join(PART_NAMES)})$", re.IGNORECASE)
NUMBER = re.compile(r"[-+]?\.?\d|nan|inf|\?", re.IGNORECASE)
PREFERRED = (".ts", ".tsv", ".csv", ".txt")  # where the same set lies there in several forms


def recognises(path: Path) -> bool:
    """Whether this is a file of signals, or a folder with a file for training and one for testing."""
    if path.is_dir():
        return any(_parts(file).keys() >= {"train", "test"} and _holds_signals(file) for file in _files(path))
    return path.is_file() and bool(signal_text.ending(path)) and _holds_signals(path)


def load(path: Path, settings: DataSettings, strict: bool) -> Dataset:
    """Read signals, one a row, with their classes.

    Rows of the UCR archive have the class first and no header; a table has a header and a column of labels
    (`settings.label`, or one called label, class, target or y); .ts files say themselves what they hold.
    X_TRAIN and X_TEST beside each other belong together, whichever was given. Rows that hold text where
    numbers should be, that have no label, or of which too much is missing, are left out and named.

    Raises:
        DataError: damaged, no signals, several data sets in one folder, or classes that cannot be trained on;
            with `strict` any row left out.
    """
    files = _parts(_chosen(path) if path.is_dir() else path)
    texts = {part: signal_text.read(file) for part, file in files.items()}
    reads = [
        _read(texts[part].text.splitlines(), file, "" if len(files) == 1 else part, settings)
        for part, file in files.items()
    ]
    together = Read(
        [signal for read in reads for signal in read.signals],
        [skipped for read in reads for skipped in read.skipped],
        [
            *_on_files(files),
            *dict.fromkeys(said for text in texts.values() for said in text.said),
            *dict.fromkeys(remark for read in reads for remark in read.remarks),
        ],
    )
    return signals.dataset(together, path, settings, strict)


def header(path: Path) -> Claim:
    """Rows and cells of a text; a column of numbers is one row."""
    rows = _rows(_lines(path))
    cells = len(cut(rows[-1])) if rows else 0
    return Claim((1, len(rows)) if cells == 1 else (len(rows), cells))


def samples(path: Path, spec: SampleSpec) -> Samples:
    """Signals of a text, or one array of its numbers where samples are of another kind.

    Rows that begin with a class that the run knows, and tables with a column of classes, are read as they are
    for training, and so is what follows. Other rows are a signal each, channel after channel; or as many as
    there are channels are one signal, and so is a single column.

    Raises:
        DataError: text where numbers should be, rows of unequal length that are one sample, no signal at all.
    """
    lines = _lines(path)
    if spec.kind != "signal":
        return of_file_array(_array(_cells(lines), path), spec, path.name)
    if _labelled(lines, path, spec):
        read = _read(lines, path, "", spec.settings)
        return signals.as_samples(read.signals, read.skipped, str(path), spec)
    rows, channels = _cells(lines), spec.shape[0]
    wanted = channels * spec.shape[1]
    alone = all(len(row) == 1 for row in rows) or (len(rows) == channels > 1 and len(rows[-1]) != wanted)
    if alone or not spec.classes:
        return signals.as_samples([Signal(_array(rows, path), "", "")], [], str(path), spec)
    found, skipped = [], []
    for number, row in enumerate(rows, 1):
        try:
            values = np.array(numbers(row), np.float32).reshape(channels, -1)
            found.append(Signal(values, "", f"row {number}"))
        except ValueError as error:
            skipped.append(Skipped(f"row {number}", str(error)))
    return signals.as_samples(found, skipped, str(path), spec)


def _lines(path: Path) -> list[str]:
    return signal_text.read(path).text.splitlines()


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
        raise DataError(f"{path} holds '{error.args[1]}', which is no number.") from error
    if not values:
        raise DataError(f"{path} holds no numbers.\n  A signal is a row a channel.")
    if len({len(row) for row in values}) > 1:
        raise DataError(f"{path} holds no rows of one length.\n  A signal is a row a channel.")
    array = np.array(values, np.float32)
    return array.T if array.shape[1] == 1 else array


def _labelled(lines: Sequence[str], path: Path, spec: SampleSpec) -> bool:
    """Whether there are classes beside the values."""
    if signal_text.ending(path) == ".ts":
        return True
    lines = [line for line in lines if line.strip()]
    if has_header(lines[:FIRST]):
        names = {name.casefold() for name in cut(lines[0])}
        return not names.isdisjoint(
            [spec.settings.label.casefold()] if spec.settings.label else COLUMNS["label"]
        )
    if not lines or len(cut(lines[-1])) == spec.shape[0] * spec.shape[1]:
        return False
    try:
        return {signal_rows.class_name(cut(line)[0], "") for line in lines} <= set(spec.classes)
    except DataError:  # a fraction is no class
        return False


def _read(lines: Sequence[str], path: Path, part: str, settings: DataSettings) -> Read:
    filled = [line for line in lines[:FIRST] if line.strip()]
    if not any(line.strip() for line in lines):
        raise DataError(
            f"{path} is empty.\n  Expected one signal a row, its class first or in a column of its own."
        )
    if signal_text.ending(path) == ".ts":
        read = signal_rows.ts(lines, path, part)
    elif settings.label is not None or has_header(filled):
        read = signal_rows.table(lines, path, part, settings)
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
    if not has_header(lines):
        return bool(lines) and len(cut(lines[0])) > LEAST and _count(cut(lines[0])[1:]) >= LEAST
    names = {name.casefold() for name in cut(lines[0])}
    if len(lines) == 1:  # the rows are missing, but it is clear what they should have been
        return len(names) > LEAST and not names.isdisjoint(COLUMNS["label"])
    return not names & TIMES and _count(cut(lines[1])) >= LEAST


def _count(cells: Sequence[str]) -> int:
    """How many cells hold a number."""
    found = 0
    for cell in cells:
        try:
            found += bool(cell and numbers([cell]))
        except signal_rows.TextError:
            continue
    return found


def _files(folder: Path) -> list[Path]:
    """Text files in a folder that are named after a part, the preferred form first."""
    named = [file for file in folder.iterdir() if file.is_file() and _stem(file) is not None]
    return sorted(named, key=lambda file: (PREFERRED.index(signal_text.ending(file)), file.name))


def _stem(file: Path) -> tuple[str, str] | None:
    """("ECG5000", "train") for ECG5000_TRAIN.tsv.gz; None for a name that holds no part."""
    end = signal_text.ending(file)
    match = PART.match(file.name[: file.name.lower().rindex(end)]) if end else None
    return (match[1] or "", PART_NAMES[match[2].lower()]) if match else None


def _parts(path: Path) -> dict[str, Path]:
    """Part → file: the file itself and its relatives in the same folder and form; alone, it is train."""
    own = _stem(path)
    if own is None:
        return {"train": path}
    found = {own[1]: path}
    for file in _files(path.parent):
        other = _stem(file)
        if other and other[0] == own[0] and signal_text.ending(file) == signal_text.ending(path):
            found.setdefault(other[1], file)
    return (
        {part: found[part] for part in ("train", "val", "test") if part in found}
        if "train" in found
        else {"train": path}
    )


def _chosen(folder: Path) -> Path:
    """The training file of the one data set in a folder."""
    pairs = [file for file in _files(folder) if _parts(file).keys() >= {"train", "test"}]
    sets = {stem[0] for file in pairs if (stem := _stem(file))}
    if len(sets) > 1:
        raise DataError(
            f"{folder} holds several data sets: {', '.join(sorted(sets))}.\n"
            "  Give the path of one training file."
        )
    return pairs[0]


def _on_files(files: dict[str, Path]) -> list[str]:
    if len(files) == 1:
        return []
    return ["parts as the files say: " + ", ".join(f"{part} {file.name}" for part, file in files.items())]


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
