"""How a text is laid out as a table: what separates its cells, where it begins, whether it has a header."""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from math import isfinite
from typing import IO

from convscope.data.text import dates, decoding, numbers
from convscope.data.text.missing import WORDS

USUAL = ",;\t"
SEPARATORS = ",;\t|"
BLANKS = " "  # any number of them
COMMENTS = ("#", "%", "//")
ENOUGH = 1 << 20  # characters that are looked at, at most
MOST_UNITS = 3
LOOKED = 200  # rows that show how a text is laid out
MOSTLY = 0.5  # share of them that must have the same number of cells
NAMED = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", BLANKS: "blanks"}
DATED = re.compile(r"\d[^\d.]|[^\d.]\d|\d\.\d+\.\d")  # digits beside something else
PAIRS = re.compile(r"\s*[-+]?\d+,\d+(\s+[-+]?\d+,\d+)+\s*")  # decimal commas between blanks
BETWEEN = re.compile(r"(?<!\d),|,(?!\d)|\d\.\d")  # commas that are no decimal ones
DECIMAL = re.compile(r"\s*[-+]?\d+,\d+([eE][-+]?\d+)?\s*")  # a number with a decimal comma
CLOSED = re.compile(r";[ \t]*$", re.MULTILINE)  # the end of a line
SAID = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
EPOCH = re.compile(r"\d{9,13}(\.\d+)?")


@dataclass(frozen=True)
class TextLayout:
    """How a text is laid out.

    Attributes:
        separator: one of `SEPARATORS`, or `BLANKS`.
        first: the line in which the table begins, from 0; what is before says something about it.
        mark: what lines of comment begin with; "" where there are none.
        header: whether its first row names the columns.
        units: rows below the header that are none, because they name units.
        commented: whether the header is a line of comment.
        closed: whether each line ends with a semicolon that separates nothing.
        said: what is unusual about it.
    """

    separator: str
    first: int = 0
    mark: str = ""
    header: bool = True
    units: int = 0
    commented: bool = False
    closed: bool = False
    said: tuple[str, ...] = ()

    @property
    def comma(self) -> bool:
        """Whether a comma is free to be a decimal one."""
        return self.separator != ","

    def plain(self, text: str) -> str:
        """The text with nothing but the table in its lines, which stay as many; blanks become tabs."""
        if self.closed:
            text = CLOSED.sub("", text)
        if not (self.first or self.mark or self.separator == BLANKS):
            return text
        lines = [line.rstrip("\r\n") for line in io.StringIO(text, newline="")]
        if self.commented:
            lines[self.first] = _unmarked(lines[self.first], self.mark)
        for place, line in enumerate(lines):
            if place < self.first or (self.mark and line.lstrip().startswith(self.mark)):
                lines[place] = ""
            elif self.separator == BLANKS:
                lines[place] = "\t".join(line.split())
        return "\n".join(lines) + "\n"

    def plainly(self, open_text: Callable[[], IO[str]]) -> Callable[[], IO[str]]:
        """What opens the `plain` text; the same where there is nothing to change."""
        if not (self.closed or self.first or self.mark or self.separator == BLANKS):
            return open_text
        with open_text() as whole:
            text = self.plain(whole.read())
        return lambda: decoding.stream(text)

    def pointed(self, text: str) -> str:
        """`plain` text with decimal points, where commas between digits are decimal ones."""
        text = self.plain(text)
        body = text.find("\n") + 1 if self.header else 0
        if not self.comma or "," not in text or BETWEEN.search(text, body):
            return text
        return text[:body] + text[body:].replace(",", ".")

    @property
    def delimiter(self) -> str:
        """What separates the cells of `plain` text."""
        return "\t" if self.separator == BLANKS else self.separator

    def rows(self, text: str) -> Iterator[list[str]]:
        """The rows of a text from its header on, cells stripped; an empty line is an empty row."""
        found = csv.reader(io.StringIO(self.plain(text), newline=""), delimiter=self.delimiter)
        return islice(([cell.strip() for cell in row] for row in found), self.first, None)


def find(text: str) -> TextLayout:
    r"""Find out how a text is laid out, by its first lines.

    Where all rows have as many cells as the first, separated by comma, semicolon or tab, it is that one.

    Raises:
        csv.Error: a quotation mark that never ends, or a cell beyond all bounds.

    >>> find("# station 7\n# units: C\ndate|temp\n2020-01-01|5\n").first
    2
    >>> find("2020-01-01,5\n2020-01-02,6\n").header
    False
    """
    return _of_start(text[:ENOUGH], len(text) > ENOUGH)


@lru_cache(maxsize=4)  # each format that looks at a file asks
def _of_start(start: str, goes_on: bool) -> TextLayout:
    lines = list(islice(io.StringIO(start, newline=""), 10 * LOOKED))  # more, as a cell may hold several
    if goes_on and len(lines) > 2:
        lines.pop()  # its end is missing
    if len(CLOSED.findall(start)) > MOSTLY * sum(map(bool, lines)) and lines[0].count(",") > 1:
        return replace(find(CLOSED.sub("", start)), closed=True)
    if lines and (said := SAID.fullmatch(lines[0])):  # as Excel has it
        below = find(start[len(lines[0]) :])
        return replace(below, separator=said[1], first=below.first + 1)
    usual = _usual(lines[0]) if lines else ","
    if usual == "," and len(lines) > 1 and all(PAIRS.fullmatch(line) for line in (lines[1], lines[-1])):
        return _searched(lines[:LOOKED], BLANKS)
    rows = [row for row in islice(csv.reader(lines, delimiter=usual), LOOKED) if any(row)]
    widths = {len(row) for row in rows}
    begins = lines[0].lstrip().startswith(COMMENTS) if lines else False
    if (len(widths) == 1 and widths != {1} and not (begins and _titled(rows[1:]))) or len(rows) < 3:
        return _with_header(TextLayout(usual), rows)
    return _searched(lines[:LOOKED], usual)


def _usual(line: str) -> str:
    """What is commonest in a line and separates cells; where all are numbers with decimal commas, not these.

    >>> _usual("a,b;c,d"), _usual("1;0,25;-3,5")
    (',', ';')
    """
    apart = next((each for each in ";\t" if each in line and _mostly_decimal(line.split(each))), "")
    return apart or max(USUAL, key=line.count)


def _mostly_decimal(cells: Sequence[str]) -> bool:
    return 2 * sum(map(bool, map(DECIMAL.fullmatch, cells))) > len(cells)


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names columns, and does not hold values as the others do.

    >>> has_header([["date", "temp"], ["2020-01-01", "5"]]), has_header([["0.5", "2"], ["0.25", "3"]])
    (True, False)
    """
    first, *others = rows
    for place, cell in enumerate(first):
        if not _is_date(cell):
            continue
        below = [row[place] for row in others if place < len(row) and not _nothing(row[place])]
        if below and all(map(_is_date, below)):
            return False
    there = [cell for cell in first if not _nothing(cell)]
    if not all(map(_is_number, there)):
        return not _repeated_word(first, others)
    return not there or not any(
        not cell.strip().isdecimal() or EPOCH.fullmatch(cell.strip()) for cell in there
    )


def _repeated_word(first: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    """Whether a word beside numbers stands in its column again: a class then, and no name."""
    if not any(map(_is_number, first)):
        return False
    words = [place for place, cell in enumerate(first) if not _nothing(cell) and not _is_number(cell)]
    return all(any(row[place : place + 1] == [first[place]] for row in others) for place in words)


def _titled(rows: Sequence[Sequence[str]]) -> bool:
    """Whether a row names columns of values: it holds none, and the next ones do."""
    if len(rows) < 2 or any(_is_value(cell) for cell in rows[0]):
        return False
    return any(_is_value(cell) for cell in rows[1])


def _with_header(layout: TextLayout, rows: Sequence[Sequence[str]]) -> TextLayout:
    """The layout with what its first rows say."""
    header = len(rows) < 2 or has_header(rows)
    return replace(layout, header=header, units=_units(rows) if header else 0)


def _units(rows: Sequence[Sequence[str]]) -> int:
    """Rows below the header that hold no value, where all others do: units, tickers."""
    count = next((at for at, row in enumerate(rows[1 : MOST_UNITS + 2]) if any(map(_is_value, row))), 0)
    others = rows[1 + count :]
    return count if len(others) > 1 and all(any(map(_is_value, row)) for row in others) else 0


def _searched(lines: Sequence[str], usual: str) -> TextLayout:
    """The layout of a text with lines that are no rows."""
    mark = next((mark for mark in COMMENTS if lines[0].lstrip().startswith(mark)), "")
    body = [(place, line) for place, line in enumerate(lines) if line.strip() and not _marked(line, mark)]
    texts = [line for _, line in body]
    separator, width = _separator(texts, usual)
    rows = _cut(texts, separator)
    begin = next((at for at, row in enumerate(rows) if len(row) == width), 0)
    if begin and any(len(row) > 1 for row in rows[:begin]) and not _titled(rows[begin:]):
        begin = 0  # what looked like a preface may be a header: a row of another length says so later
    first, rows = (body[begin][0] if body else 0), rows[begin:]
    named = _header_in_comment(lines[:first], mark, separator, rows) if mark else None
    if named is not None:
        first, rows = named, [_cut([_unmarked(lines[named], mark)], separator)[0], *rows]
    said = []
    before = [line.strip() for line in lines[:first] if line.strip()]
    if before:
        count = (
            f"{len(before)} lines before the table are" if len(before) > 1 else "the line before the table is"
        )
        said.append(f"{count} no part of it: {before[0][:60]}{' …' if before[1:] else ''}")
    if separator not in USUAL:
        said.append(f"its cells are separated by {NAMED[separator]}")
    layout = TextLayout(separator, first, mark, commented=named is not None, said=tuple(said))
    return _with_header(layout, rows)


def _separator(texts: Sequence[str], usual: str) -> tuple[str, int]:
    """What takes most rows apart into equally many cells, and how many."""
    found = []
    if usual == BLANKS:
        return usual, Counter(map(len, _cut(texts, usual))).most_common(1)[0][0]
    for separator in (usual, *(each for each in SEPARATORS if each != usual)):
        width, count = Counter(map(len, _cut(texts, separator))).most_common(1)[0]
        if width > 1 and count > MOSTLY * len(texts):
            found.append((round(count / len(texts), 1), width, separator))
    if found:
        _, width, separator = max(found, key=lambda each: each[:2])
        return separator, width
    rows = _cut(texts, BLANKS)
    width, count = Counter(map(len, rows)).most_common(1)[0] if rows else (1, 0)
    below = [cell for row in rows[1:] for cell in row]
    if width > 1 and count >= 0.9 * len(texts) and sum(map(_is_value, below)) > len(below) / 3:
        return BLANKS, width
    return usual, 1


def _cut(texts: Sequence[str], separator: str) -> list[list[str]]:
    if separator == BLANKS:
        return [text.split() for text in texts]
    return [[cell.strip() for cell in row] for row in csv.reader(texts, delimiter=separator)]


def _header_in_comment(
    before: Sequence[str], mark: str, separator: str, rows: Sequence[Sequence[str]]
) -> int | None:
    """The last line of comment, where it names as many columns as there are, and nobody else does."""
    if not before or not _marked(before[-1], mark) or not rows or not any(map(_is_value, rows[0])):
        return None
    cells = _cut([_unmarked(before[-1], mark)], separator)[0]
    return len(before) - 1 if len(cells) == len(rows[0]) > 1 and not any(map(_is_value, cells)) else None


def _marked(line: str, mark: str) -> bool:
    return bool(mark) and line.lstrip().startswith(mark)


def _unmarked(line: str, mark: str) -> str:
    return line.lstrip().removeprefix(mark).strip()


def _nothing(cell: str) -> bool:
    return cell.strip().casefold() in WORDS


def _is_value(cell: str) -> bool:
    return not _nothing(cell) and (_is_number(cell) or _is_date(cell))


def _is_number(cell: str) -> bool:
    try:
        return isfinite(numbers.of_computers(cell))
    except ValueError:
        return numbers.is_one(cell)


def _is_date(cell: str) -> bool:
    return bool(DATED.search(cell)) and dates.is_date(cell, named=False)
