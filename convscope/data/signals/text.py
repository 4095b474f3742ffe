"""Text files of signals, plain or gzipped."""

import csv
from contextlib import suppress
from pathlib import Path

from convscope.data.text import decoding, layout
from convscope.data.text.decoding import Decoded

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

    Raises:
        DataError: it cannot be read, its compression is damaged, it is no text, or too large for memory.
    """
    text, said = decoding.read(path)
    try:
        found = layout.find("" if ending(path) == ".ts" else text)
    except csv.Error:
        return Decoded(text, said)
    pointed = found.pointed(text)
    changed = "," in text and pointed != found.plain(text)
    comma = (f"{path.name}: its decimal commas are read as points",) if changed else ()
    return Decoded(pointed, (*said, *found.said, *comma))


def head(path: Path) -> list[str]:
    """The first lines that are not empty, as `read` gives them; none where it cannot be read."""
    text = decoding.head(path)
    if ending(path) != ".ts":
        with suppress(csv.Error):
            text = layout.find(text).pointed(text)
    return [line for line in text.splitlines() if line.strip()]
