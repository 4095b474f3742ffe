"""How results look as text: aligned columns, numbers for people, JSON for machines.

`write`, `write_lines`, `write_json` and `complain` are the doors through which words leave: whatever names
are made of, nothing but our own line breaks reaches the terminal. What draws on a `console` does the same.
"""

import json
import math
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console

from convscope.text import printable, printable_lines

# A figure as `convscope.figures` writes it, or nothing at all
NUMBER = re.compile(r"([<>] )?[-+]?(∞|[\d.,]+(×10[⁻⁰¹²³⁴-⁹]+|( mill| bill| trill)ion| %)?)|NaN|–|")
NARROWEST = 24  # characters of a column in which words are still read
UNSEEN = re.compile(  # what JSON may hold as it is, and a terminal obeys or nobody sees
    "[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def console(*, stderr: bool = False) -> Console:
    """Make a console that prints text as it is: no markup in file names, no lines folded in a pipe."""
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=True)


def program() -> str:
    """What to type to get this program again: its name where the shell finds it, otherwise its path."""
    typed = Path(sys.argv[0])
    if typed.name != "convscope":
        return "python -m convscope"
    found = shutil.which("convscope")
    if found and (not typed.exists() or Path(found).samefile(typed)):  # Windows leaves out its .exe
        return "convscope"
    here = Path.cwd()
    return str(typed.relative_to(here) if typed.is_relative_to(here) else typed)


_broken: set[str] = set()  # what was typed, and is written on more than one line


def note_typed(words: Sequence[str]) -> None:
    """Tell the doors what was typed: where it comes back in a sentence, its line breaks are none of ours."""
    _broken.clear()
    _broken.update(part for word in words for part in re.split("[=:/]", word) if "\n" in part.strip("\n "))


def shown(text: str) -> str:
    """Text of ours as a terminal gets it."""
    for part in _broken:
        text = text.replace(part, printable(part))
    return printable_lines(text)


def write(text: str) -> None:
    """Print text on standard output; its line breaks are ours."""
    sys.stdout.write(f"{shown(text)}\n")
    sys.stdout.flush()


def write_lines(lines: Iterable[str]) -> None:
    """Print lines on standard output: a line break within one is shown as an escape."""
    write("\n".join(map(printable, lines)))


def write_json(value: object) -> None:
    """Print one JSON value on standard output: names to the letter, numbers that are none as null."""
    text = json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False)
    write(UNSEEN.sub(lambda found: json.dumps(found[0])[1:-1], text))


def complain(text: str) -> None:
    """Print an error on standard error; its line breaks are ours."""
    sys.stderr.write(f"Error: {shown(text)}\n")


def columns(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Align columns: numbers to the right, words to the left; each cell on one line.

    On a terminal that is too narrow for them, the words of the last column go on below themselves.

    >>> print(columns(["class", "samples"], [["cat", "1,200"], ["goldfish", "80"]]))
    class     samples
    cat         1,200
    goldfish       80
    """
    body = [list(map(printable, row)) for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(titles, *body, strict=True)]
    right = [all(NUMBER.fullmatch(cell) for cell in column) for column in zip(*body, strict=True)]

    room = _room(sum(widths[:-1]) + 2 * len(widths[1:]), widths[-1])

    def line(cells: Sequence[str]) -> str:
        gaps = [" " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True)]
        aligned = [
            gap + cell if number else cell + gap
            for cell, gap, number in zip(cells, gaps, right or [False] * len(cells), strict=True)
        ]
        return "  ".join(aligned).rstrip()

    def lines(cells: Sequence[str]) -> list[str]:
        first, *others = textwrap.wrap(cells[-1], room) or [""]
        below = [[""] * (len(cells) - 1) + [other] for other in others]
        return [line([*cells[:-1], first]), *map(line, below)]

    return "\n".join(each for cells in [titles, *body] for each in lines(cells))


def _room(before: int, widest: int) -> int:
    """Characters for the last column: all it wants, but on a terminal what is left beside the others."""
    left = shutil.get_terminal_size().columns - before
    return max(1, left if sys.stdout.isatty() and left >= NARROWEST else widest)


def _finite(value: object) -> object:
    """JSON knows neither infinity nor what is no number."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {key: _finite(each) for key, each in value.items()}
        case list() | tuple():
            return [_finite(each) for each in value]
    return value


def duration(seconds: float) -> str:
    """Write a time as people do.

    >>> duration(7.41), duration(187), duration(4020)
    ('7.4 s', '3m07s', '1h07m')
    """
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02d}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02d}m"
