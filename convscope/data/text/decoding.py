"""Bytes → text: compression and encoding, found in the bytes themselves."""

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

from convscope.data.memory import refuse_too_large
from convscope.errors import DataError

BLOCK = 1 << 22  # bytes read at once
HEAD = 1 << 16  # bytes that tell what a file holds
MARKED = "utf-8-sig"  # UTF-8, with its mark or without
ROOM = 10  # bytes of memory for a byte of text: the text, its cells and their numbers
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}  # what a text begins with → what it is in; the longer ones first
WESTERN = ("cp1252", "cp1250", "cp1254")  # among ASCII letters; the commonest first
OTHERS = (
    "gb18030",
    "big5",
    "cp932",
    "euc_jp",
    "cp949",
    "cp1251",
    "koi8_r",
    "cp1253",
    "cp1255",
    "cp1256",
    "cp874",
)
NAMES = {
    "gb18030": "GBK", "big5": "Big5", "cp932": "Shift JIS", "euc_jp": "EUC-JP", "cp949": "EUC-KR",
    "koi8_r": "KOI8-R", "cp1252": "Latin-1 (Windows-1252)",
}  # fmt: skip
CLEARLY = 0.03  # by which a less common encoding must read better
HIGH = re.compile(rb"[\x80-\xff]+")
LETTERS = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")
WORD = re.compile(rb"[^\x00-\x40|]*[\x80-\xff][^\x00-\x2f,;|]*")
FOREIGN = re.compile(r"[^\s,;|]*[^\x00-\x7f][^\s,;|]*")
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")  # in no text
MOSTLY = 10  # characters in UTF-8 for each broken one, from which on it is UTF-8 with some damage


class Decoded(NamedTuple):
    """A text and what it took to read it."""

    text: str
    said: tuple[str, ...] = ()


class OpenText(NamedTuple):
    """A text that is opened as often as it is read, and what it took to read it."""

    open: Callable[[], IO[str]]
    said: tuple[str, ...] = ()

    def head(self, count: int) -> str:
        """Its beginning: one character more than `count`, where there are more."""
        with self.open() as text:
            return text.read(count + 1)


class NotText(ValueError):  # noqa: N818 - it is none, and nobody's mistake
    """Bytes that are no text in any encoding."""


def read(path: Path) -> Decoded:
    """Read a whole text, gzipped where its name ends in .gz.

    Raises:
        DataError: it cannot be read, its compression is damaged, it is no text, or too large for memory.
    """
    return demand_text(path, b"".join(_blocks(path)))


def opened(path: Path) -> OpenText:
    """A text to read in pieces: in UTF-8 from its file each time, in another encoding from memory.

    Raises:
        DataError: as `read`.
    """
    if not _is_utf8(path):
        text, said = read(path)
        return OpenText(lambda: stream(text), said)
    return OpenText(lambda: io.TextIOWrapper(_bytes(path), MARKED, newline=""))


def stream(text: str) -> IO[str]:
    """A text in memory to read from: as bytes, for io.StringIO takes four for each character."""
    content = text.encode("utf-8", "surrogatepass")
    return io.TextIOWrapper(io.BytesIO(content), "utf-8", "surrogatepass", newline="")


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        return all("\0" not in decoder.decode(block) for block in _blocks(path)) and not decoder.decode(
            b"", True
        )
    except UnicodeDecodeError:
        return False


def head(path: Path) -> str:
    """The beginning of a text in whole lines, if there are two; "" where it is no text or cannot be read."""
    try:
        content = beginning(path)
        text = decode(content, whole=len(content) < HEAD).text
    except (DataError, NotText):
        return ""
    return text[: text.rindex("\n") + 1] if len(content) == HEAD and text.count("\n") > 1 else text


def beginning(path: Path) -> bytes:
    """The first bytes of a file, at most HEAD, gzipped where its name ends in .gz.

    Raises:
        DataError: it cannot be read, or its compression is damaged.
    """
    return next(_blocks(path, size=HEAD), b"")


def demand_text(path: Path, content: bytes, *, whole: bool = True) -> Decoded:
    """What a file holds as text; see `decode`.

    Raises:
        DataError: it is none.
    """
    try:
        return decode(content, whole=whole)
    except NotText as error:
        raise DataError(f"{path} is no text: {error}.\n  Save it as CSV in UTF-8.") from error


def _bytes(path: Path) -> gzip.GzipFile | io.BufferedReader:
    """The bytes of a file, gzipped where its name ends in .gz: the one place that opens a text."""
    return gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb")


def _blocks(path: Path, size: int = BLOCK) -> Iterator[bytes]:
    seen = 0
    try:
        with _bytes(path) as file:
            while block := file.read(size):
                seen += len(block)
                refuse_too_large(ROOM * seen, path)
                yield block
    except (OSError, EOFError, zlib.error) as error:
        damaged = isinstance(error, (gzip.BadGzipFile, zlib.error))
        what = (
            "is cut short" if isinstance(error, EOFError)
            else f"is damaged, or not gzipped as its name says: {error}" if damaged
            else f"cannot be read: {getattr(error, 'strerror', None) or error}"
        )  # fmt: skip
        raise DataError(f"{path} {what}.\n  Fetch or save it again.") from error


def decode(content: bytes, *, whole: bool = True) -> Decoded:
    """Bytes as text; what is not in UTF-8 is found out and said.

    Args:
        content: the bytes.
        whole: whether the text ends with them; otherwise the last character may be cut.

    Raises:
        NotText: no encoding gives text.

    >>> decode("größe,1".encode("utf-16")).said
    ('its text is in UTF-16',)
    >>> decode("温度,湿度".encode("gbk")).said
    ("its text is not in UTF-8 and read as GBK, which gives '温度'",)
    """
    encoding = next((name for mark, name in MARKS.items() if content.startswith(mark)), "") or _wide(content)
    try:
        text = codecs.getincrementaldecoder(encoding or "utf-8")().decode(content, final=whole)
    except UnicodeDecodeError as error:
        if encoding:
            raise NotText(f"as {encoding.upper()} it is damaged at byte {error.start:,}") from error
        return _guessed(content)
    if "\0" in text:
        raise NotText("it holds zeros, as a binary file does")
    wide = encoding.startswith(("utf-16", "utf-32"))
    return Decoded(text, (f"its text is in {encoding[:6].upper()}",) if wide else ())


def _wide(content: bytes) -> str:
    """UTF-16 without its mark: every other byte of ASCII is zero."""
    start = content[:HEAD]
    if b"\0" not in start or len(content) % 2:
        return ""
    zeros = [start[place::2].count(0) / (len(start) / 2) for place in (0, 1)]
    if max(zeros) < 0.3 or min(zeros) > 0.01:
        return ""
    return "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"


def _guessed(content: bytes) -> Decoded:
    """Text in one of the encodings from before UTF-8."""
    text = content.decode("utf-8", "replace")
    if "\0" in text:
        raise NotText("it holds zeros, as a binary file does")
    broken = text.count("�")
    if len(re.findall(r"[^\x00-\x7f�]", text)) >= MOSTLY * broken:
        line = text[: text.index("�")].count("\n") + 1
        return Decoded(text, (f"{broken:,} characters are damaged, the first in line {line:,}: read as �",))
    if CONTROL.search(text):
        raise NotText("it holds control characters, as a binary file does")
    encoding = _likeliest(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text = content.decode(encoding, "replace")
    found = FOREIGN.search(text)
    name = NAMES.get(encoding, encoding.replace("cp", "Windows-"))
    example = f", which gives '{found.group()[:20]}'" if found else ""
    return Decoded(text, (f"its text is not in UTF-8 and read as {name}{example}",))


def _likeliest(content: bytes) -> str:
    """The encoding in which the words with characters beyond ASCII read best."""
    from charset_normalizer import from_bytes  # slow, and few need it

    lines = [line for line in content[: 64 * HEAD].splitlines() if HIGH.search(line)]
    sample = b"\n".join(lines)[:HEAD]
    runs, words = HIGH.findall(sample), LETTERS.findall(sample)
    alone = sum(len(run) == 1 for run in runs) / max(len(runs), 1)
    letters = sum(byte < 128 for word in words for byte in word) / max(sum(map(len, words)), 1)
    if max(alone, letters) <= 0.5:
        beyond = b" ".join(dict.fromkeys(WORD.findall(sample)))
        order = {name: place for place, name in enumerate(OTHERS)}
        found = [match for match in from_bytes(beyond, cp_isolation=list(OTHERS)) if match.encoding in order]
        best = min(
            found,
            key=lambda m: (round(m.chaos, 1), -round(m.coherence, 1), _odd(str(m)), order[m.encoding]),
            default=None,
        )
        return best.encoding if best else WESTERN[0]
    matches = list(from_bytes(sample, cp_isolation=list(WESTERN)))
    usual = sample.decode(WESTERN[0], "replace")
    own = max((m.coherence - m.chaos for m in matches if str(m) == usual), default=0.0)
    best = max(matches, key=lambda m: m.coherence - m.chaos, default=None)
    return best.encoding if best and best.coherence - best.chaos > own + CLEARLY else WESTERN[0]


def _odd(text: str) -> bool:
    """Whether most letters are capitals, or Japan's half-width ones: words are rarely written so."""
    letters = [letter for letter in text if letter.isalpha() and not letter.isascii()]
    odd = sum(letter.isupper() or "\uff61" <= letter <= "\uff9f" for letter in letters)
    return 2 * odd > len(letters)
