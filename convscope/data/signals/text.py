"""Text files of signals: plain or gzipped, never more than memory holds."""

import codecs
import gzip
import zlib
from pathlib import Path
from typing import BinaryIO

from convscope.data.memory import refuse_too_large
from convscope.errors import DataError

ENDINGS = (".csv", ".tsv", ".txt", ".ts")
BLOCK = 1 << 22  # bytes read at once
HEAD = 1 << 16  # bytes that tell what a file holds
ROOM = 2  # bytes of memory for a byte of text: the text and its numbers


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
        text = codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        return ""
    return "" if chr(0) in text else ".ts" if text.lstrip().startswith("@") else ".csv"


def read(path: Path) -> str:
    """Read the whole text.

    Raises:
        DataError: it cannot be read, its compression is damaged, it is no text, or too large for memory.
    """
    blocks, size = [], 0
    try:
        with _open(path) as file:
            while block := file.read(BLOCK):
                size += len(block)
                refuse_too_large(ROOM * size, path)
                blocks.append(block)
        return b"".join(blocks).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no text in UTF-8: {error.reason}.\n  Save it as CSV in UTF-8.") from error
    except (OSError, EOFError, zlib.error) as error:
        what = "is cut short" if isinstance(error, EOFError) else f"cannot be read: {error}"
        raise DataError(f"{path} {what}.\n  Fetch or save it again.") from error


def head(path: Path) -> list[str]:
    """The first lines that are not empty; none where it cannot be read."""
    try:
        with _open(path) as file:
            text = file.read(HEAD).decode("utf-8-sig", "replace")
    except (OSError, EOFError, zlib.error):
        return []
    return [line for line in text.splitlines() if line.strip()]


def _open(path: Path) -> gzip.GzipFile | BinaryIO:
    return gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb")
