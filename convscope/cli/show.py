"""How results look as text: aligned columns, numbers for people, JSON for machines."""

import json
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console

NUMBER = re.compile(r"[-−+]?[\d.,]+(e[-+]\d+)?( %)?|–|")  # or nothing at all


def console(*, stderr: bool = False) -> Console:
    """Make a console that prints text as it is: no markup in file names, no lines folded in a pipe."""
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=True)


def program() -> str:
    """What to type to get this program again: its name where the shell finds it, otherwise its path."""
    typed = Path(sys.argv[0])
    if typed.name != "convscope":
        return "python -m convscope"
    found = shutil.which("convscope")
    if found and Path(found).samefile(typed):
        return "convscope"
    here = Path.cwd()
    return str(typed.relative_to(here) if typed.is_relative_to(here) else typed)


def write(text: str) -> None:
    """Print text on standard output."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def write_json(value: object) -> None:
    """Print one JSON value on standard output."""
    write(json.dumps(value, indent=2, ensure_ascii=False))


def columns(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Align columns: numbers to the right, words to the left.

    >>> print(columns(["class", "samples"], [["cat", "1,200"], ["goldfish", "80"]]))
    class     samples
    cat         1,200
    goldfish       80
    """
    body = list(rows)
    widths = [max(map(len, column)) for column in zip(titles, *body, strict=True)]
    right = [all(NUMBER.fullmatch(cell) for cell in column) for column in zip(*body, strict=True)]

    def line(cells: Sequence[str]) -> str:
        aligned = [
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(cells, widths, right or [False] * len(cells), strict=True)
        ]
        return "  ".join(aligned).rstrip()

    return "\n".join(line(cells) for cells in [titles, *body])


def percent(share: float | None) -> str:
    """Write a share as people do; nothing known is a dash.

    >>> percent(0.98765), percent(None)
    ('98.77 %', '–')
    """
    return "–" if share is None else f"{100 * share:.2f} %"


def number(value: float | None) -> str:
    """Write a figure that is no share to four digits; nothing known is a dash.

    >>> number(1.93214), number(0.0001), number(None)
    ('1.932', '0.0001', '–')
    """
    return "–" if value is None else f"{value:.4g}"


def duration(seconds: float) -> str:
    """Write a time as people do.

    >>> duration(7.41), duration(187), duration(4020)
    ('7.4 s', '3m07s', '1h07m')
    """
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02d}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02d}m"
