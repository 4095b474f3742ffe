"""history.csv, steps.csv and the like (see `TABLES`): tables that only grow, a line as it happens.

A checkpoint holds the length and the SHA-256 of each table at its moment. Lines beyond belong to work that
will be done again, so going on from a checkpoint cuts them off.
"""

import csv
import hashlib
import io
import os
from pathlib import Path
from typing import NamedTuple

from convscope.run import files

CsvValue = str | int | float | bool | None

HISTORY = {  # field of the Epoch event → header for the person
    "number": "epoch",
    "step": "step",
    "train_loss": "training loss",
    "train_accuracy": "training accuracy",
    "val_loss": "validation loss",
    "val_accuracy": "validation accuracy",
    "val_balanced_accuracy": "validation balanced accuracy",
    "lr": "learning rate",
    "seconds": "seconds",
    "val_seconds": "validation seconds",
    "samples_per_second": "samples per second",
    "best": "best so far",
}
STEPS = {"step": "step", "epoch": "epoch", "loss": "loss", "lr": "learning rate"}
NOTICES = {"step": "step", "text": "notice"}
LAYERS = {  # fields of a LayerRecord
    "step": "step",
    "layer": "layer",
    "weight": "weight",
    "gradient": "gradient",
    "update": "update",
    "mean": "mean of outputs",
    "spread": "spread of outputs",
    "dead": "dead units",
    "saturated": "saturated",
}
CHANGES = {"step": "step", "what": "what", "factor": "factor"}
ADVICE = "Take it from a backup, or train again."
TABLES = {
    "history.csv": HISTORY,
    "steps.csv": STEPS,
    "notices.csv": NOTICES,
    "layers.csv": LAYERS,
    "changes.csv": CHANGES,
}


class TableMark(NamedTuple):
    """A table at one moment: its first `bytes` bytes have this SHA-256."""

    bytes: int
    sha256: str

    def holds(self, path: Path) -> bool:
        """Whether the table begins with just what it held at this moment."""
        return path.stat().st_size >= self.bytes and files.digest_of(path, self.bytes) == self.sha256


class GrowingTable:
    """One of the tables, open for writing. Lines are collected, and reach the file by `flush` or `mark`."""

    def __init__(self, path: Path, mark: TableMark | None = None) -> None:
        """Begin the table anew, or go on where it was at `mark`, whose content has been checked.

        Raises:
            OSError: it cannot be written.
        """
        self._columns = TABLES[path.name]
        self._pending: list[object] = []
        self._file = path.open("r+b" if mark else "w+b", buffering=0)
        self._bytes = mark.bytes if mark else 0
        self._file.truncate(self._bytes)
        self._hash = hashlib.sha256(self._file.read())
        self._new = mark is None

    def add(self, row: object) -> None:
        """Add a line with the row's attributes (an event)."""
        self._pending.append(row)

    def flush(self) -> None:
        """Let the lines be seen by others.

        Raises:
            OSError: no space left …
        """
        data = self._lines().encode()
        while data:  # an unbuffered file may take a part only
            written = self._file.write(data) or 0
            self._hash.update(data[:written])
            self._bytes += written
            data = data[written:]

    def _lines(self) -> str:
        """What has been collected, as text."""
        text = io.StringIO()
        lines = csv.writer(text, lineterminator="\n")
        if self._new:
            lines.writerow(self._columns.values())
        lines.writerows([_cell(getattr(row, field)) for field in self._columns] for row in self._pending)
        self._pending, self._new = [], False
        return text.getvalue()

    def mark(self) -> TableMark:
        """Bring the lines safely to the disk, and say what the table is now.

        Raises:
            OSError: no space left …
        """
        self.flush()
        os.fsync(self._file.fileno())
        return TableMark(self._bytes, self._hash.hexdigest())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read(path: Path) -> list[dict[str, CsvValue]]:
    """Read a table: a dict a line, by field name.

    A last line without its end, which a kill can leave, is left out; a table that is not there is empty.

    Raises:
        RunError: the headers are not ours or a number is none.
    """
    if not path.exists():
        return []
    with files.reading(path, ADVICE):
        data = files.content(path)
    return parse(path, data)


def parse(path: Path, data: bytes) -> list[dict[str, CsvValue]]:
    """The same, of what is in the table at `path`."""
    columns = {header: field for field, header in TABLES[path.name].items()}
    with files.reading(path, ADVICE):
        text = data[: data.rfind(b"\n") + 1].decode()
        lines = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
        if lines and set(lines[0]) != set(columns):
            found = ", ".join(map(str, lines[0]))
            raise ValueError(f"it has the columns {found}; expected {', '.join(columns)}")
        return [{columns[name]: _value(columns[name], cell) for name, cell in line.items()} for line in lines]


def _cell(value: CsvValue) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    return format(value, ".6g") if isinstance(value, float) else "" if value is None else str(value)


def _value(field: str, cell: str) -> CsvValue:
    if field in ("text", "layer", "what"):
        return cell
    if field == "best":
        return cell == "yes"
    if field in ("number", "step", "epoch"):
        return int(cell)
    return float(cell) if cell else None
