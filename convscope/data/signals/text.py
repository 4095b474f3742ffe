"""Text files of signals, plain or gzipped."""

import csv
import io
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from convscope.data.text import decoding, layout
from convscope.data.text.decoding import Decoded
from convscope.errors import DataError

ENDINGS = (".csv", ".tsv", ".txt", ".ts")


def ending(path: Path) -> str:
    """What a name ends in, .gz left out; "" where it is no text of signals.

    >>> ending(Path("ECG5000_TRAIN.tsv.gz")), ending(Path("heart.wav"))
    ('.tsv', '')
    """
    name = path.name.lower().removesuffix(".gz")
    return next((known for known in ENDINGS if name.endswith(known)), "")


def ending_of(head: bytes) -> str:
    """The ending of a text that begins with these bytes; "" where they are none.

    >>> ending_of(b"@problemName heart"), ending_of(b"1,2,3"), ending_of(b"RIFF" + bytes(4))
    ('.ts', '.csv', '')
    """
    try:
        text = decoding.decode(head, whole=False).text
    except decoding.NotText:
        return ""
    first = text.lstrip()[:1]
    return "" if first == "{" else ".ts" if first == "@" else ".csv"  # JSON is another format's


def read(path: Path) -> Decoded:
    """Read the whole text, without lines of comment, its decimal commas as points; and what that took.

    A row is a line: line breaks within quotation marks become blanks.

    Raises:
        DataError: it cannot be read, its compression is damaged, it is no text, or too large for memory; a
            quotation mark that is never closed.
    """
    text, said = decoding.read(path)
    if ending(path) == ".ts":
        return Decoded(text, said)
    try:
        found = layout.find(text)
        pointed = found.pointed(text)
        records = _records(pointed, found.delimiter)
    except csv.Error:
        return Decoded(text, said)
    if len(records) > 1 and _is_open(records[-1]):
        raise DataError(
            f"{path}: a quotation mark in row {len(records):,} is never closed: '{records[-1][:40]}' ….\n"
            "  Close it, or take it out."
        )
    changed = "," in text and pointed != found.plain(text)
    comma = (f"{path.name}: its decimal commas are read as points",) if changed else ()
    return Decoded("\n".join(records) if records else pointed, (*said, *found.said, *comma))


def head(path: Path) -> list[str]:
    """The first lines that are not empty, as `read` gives them; none where it cannot be read."""
    text = decoding.head(path)
    if ending(path) != ".ts":
        with suppress(csv.Error):
            found = layout.find(text)
            text = found.pointed(text)
            if records := _records(text, found.delimiter):
                text = "\n".join(records[: -1 if _is_open(records[-1]) else None])
    return [line for line in lines(text) if line.strip()]


def lines(text: str) -> list[str]:
    """The lines of a text, as tables have them: what else Unicode calls a line break is part of a cell."""
    return text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")


def _records(text: str, delimiter: str) -> list[str]:
    r"""The rows of a table, where line breaks in quotation marks belong to a cell; none: it has none.

    >>> _records('1,"a\nb"\n2,c\n', ","), _records('1,"a"\n', ",")
    (['1,"a b"', '2,c'], [])
    """
    if '"' not in text:
        return []
    source = list(io.StringIO(text, newline=""))
    reader = csv.reader(source, delimiter=delimiter)
    begins = [0, *(reader.line_num for _ in reader)]
    if len(begins) > len(source):
        return []
    return [" ".join(line.rstrip("\r\n") for line in source[begin:end]) for begin, end in pairwise(begins)]


def _is_open(record: str) -> bool:
    """Whether the last row of a text ends within quotation marks."""
    return bool(record.count('"') % 2)
