"""Folders with a table metadata.csv or metadata.jsonl, or one in each part, as Hugging Face has them.

Format: https://huggingface.co/docs/datasets/image_dataset — file_name is relative to the table's own folder.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from convscope.data.dataset import Dataset, DataSettings, Skipped
from convscope.data.files import folder, listing, table
from convscope.data.files.format import Format
from convscope.data.files.listing import PART_NAMES, Listed, Reader
from convscope.data.formats import audio, pictures
from convscope.data.unpacking import unpacked
from convscope.errors import DataError

LINES, TEXT = "metadata.jsonl", "metadata.csv"
READERS = {
    audio.SOUNDS: Reader("signal", audio.SOUNDS.what, audio.choose, audio.read),
    pictures.PICTURES: pictures.READER,
}


def recognises(path: Path) -> bool:
    """Whether there are such tables with labels; metadata.csv alone is any table in a folder."""
    found = _tables(path)
    return bool(found) and all(_has_labels(file) for file, _ in found)


def load(path: Path, settings: DataSettings, strict: bool) -> Dataset:
    """Load the files that the tables name, with the labels there; the folders are the parts.

    Raises:
        DataError: as `table.load`.
    """
    listed: list[Listed] = []
    skipped: list[Skipped] = []
    remarks: list[str] = []
    for file, part in _tables(path):
        with _as_text(file) as text:
            for row in table.rows(text, remarks, settings):
                if not (row.path and row.label) or row.lost:
                    reason = row.lost or f"row {row.number} has no {'label' if row.path else 'path'}"
                    skipped.append(Skipped(row.path or f"{file.name} row {row.number}", reason))
                    continue
                place = os.path.relpath(text.parent / row.path, file.parent.absolute())
                here = file.parent / (place if text != file else row.path)
                listed.append(Listed(here, row.label, row.part or part, row.group or None))
    if not listed:
        raise DataError(f"{path}: its table names no file with a label.\n  Fill in file_name and label.")
    reader = next((each for wanted, each in READERS.items() if wanted.takes(listed[0].file)), pictures.READER)
    remarks = list(dict.fromkeys(remarks))
    return listing.dataset(listed, path, path, settings, strict, reader, skipped, remarks)


def _tables(path: Path) -> list[tuple[Path, str]]:
    """The tables, and the parts that they are of."""
    if not path.is_dir():
        return []
    if (path / LINES).is_file():
        return [(path / LINES, "")]
    parts = [
        (child, PART_NAMES[child.name.casefold()])
        for child in folder.children(path, [])
        if child.name.casefold() in PART_NAMES and child.is_dir()
    ]
    found = [(child / name, part) for child, part in parts for name in (TEXT, LINES)]
    return [(file, part) for file, part in found if file.is_file()]


def _has_labels(file: Path) -> bool:
    with _as_text(file) as text:
        return table.names_files(text)


@contextmanager
def _as_text(file: Path) -> Iterator[Path]:
    """The table as CSV."""
    if file.name == TEXT:
        yield file
        return
    with unpacked(file) as inner:
        yield inner.path


FORMAT = Format(
    what="a folder of pictures or sounds with metadata.csv or metadata.jsonl: file_name and label",
    recognises=recognises,
    load=load,
)
