"""What a table is that no format takes: its text, its columns and their kinds, and what it lacks."""

import csv
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from convscope.data.text import columns, dates, decoding, layout, missing, numbers
from convscope.errors import DataError

ENDINGS = (*columns.ENDINGS, ".tab", ".dat", ".asc", ".data")
SHOWN = 12  # columns
LOOKED = 1000  # rows
WORDS = 3  # that are shown of a column of text
LACKS = (
    "A sequence (a row a time) needs a column of dates: call it date, or name it by --time.",
    "Signals (a row a sample) need a column of classes, called label or named by --label, beside at least 3"
    " columns of numbers; or one of amounts, named by --target, beside at least 2.",
    "Pictures or sounds need a column with the names of their files (path, file, image), or of names without"
    " ending and --images FOLDER, and a label.",
)


class Looked(NamedTuple):
    """A table as it was found.

    Attributes:
        how: the text and what separates its cells.
        header: names of the columns.
        rows: the first rows.
        cut: whether there are more.
    """

    how: list[str]
    header: list[str]
    rows: list[list[str]]
    cut: bool


def described(path: Path) -> str:
    """Say what was found in a table and what it lacks; "" where a file is no table.

    Args:
        path: a file that no format takes.
    """
    if not path.is_file() or not path.name.lower().endswith((*ENDINGS, *(f"{end}.gz" for end in ENDINGS))):
        return ""
    try:
        found = _looked(path)
    except DataError as error:
        return str(error)
    if found is None:
        return ""
    if not found.rows:
        names = f" below its header: {', '.join(found.header[:SHOWN])}" if found.header else ""
        return f"{path} is a table without rows{names}.\n  Give it a row a sample, or a row a time."
    count = f"{'the first ' if found.cut else ''}{len(found.rows):,} rows"
    kinds = [f"\n    {name}: {_kind(cells)}" for name, cells in _by_column(found)[:SHOWN]]
    more = f"\n    and {len(found.header) - SHOWN:,} more" if len(found.header) > SHOWN else ""
    lacks = "".join(f"\n  {sentence}" for sentence in LACKS)
    return (
        f"{path} is a table ({', '.join([*found.how, count])}), but does not say what to learn from it."
        f"\n  Its columns are{''.join(kinds)}{more}{lacks}"
    )


def _looked(path: Path) -> Looked | None:
    content = decoding.beginning(path)
    text, said = decoding.demand_text(path, content, whole=len(content) < decoding.HEAD)
    try:
        found = layout.find(text)
        rows = [row for row in islice(found.rows(text), LOOKED) if any(row)]
    except csv.Error as error:
        raise DataError(f"{path} cannot be read as a table: {error}.\n  Save it as CSV in UTF-8.") from error
    widths = [len(row) for row in rows]
    if path.name.lower().endswith(".txt") and (not widths or max(widths) < 2 or len(set(widths)) > 1):
        return None  # prose
    how = [*said, f"separated by {layout.NAMED[found.separator]}"] if max(widths, default=0) > 1 else [*said]
    how += [each for each in found.said if "separated" not in each]
    header = rows[0] if rows and found.header else columns.names(max(widths, default=0))
    how += [] if found.header else ["no header"]
    return Looked(how, header, rows[int(found.header) + found.units :], len(content) == decoding.HEAD)


def _by_column(found: Looked) -> list[tuple[str, list[str]]]:
    return [
        (name or f"column {place + 1}", [row[place] for row in found.rows if place < len(row)])
        for place, name in enumerate(found.header)
    ]


def _kind(cells: list[str]) -> str:
    """Dates, numbers or words, and how many cells are empty."""
    there = [cell for cell in cells if cell.casefold() not in missing.WORDS]
    empty = f", {len(cells) - len(there):,} empty" if len(there) < len(cells) else ""
    if not there:
        return "empty"
    distinct = list(dict.fromkeys(there))
    if all(dates.is_date(cell, named=False) for cell in distinct[:20]):
        return f"dates, such as {there[0]}{empty}"
    values = numbers.read(distinct, np.zeros(len(distinct), bool), comma=True).values
    share = np.isfinite(values).mean()
    if share == 1:
        whole = "whole numbers" if (values % 1 == 0).all() else "numbers"
        return f"{whole} from {values.min():g} to {values.max():g}{empty}"
    if share > 0.5:
        text = distinct[int(np.isnan(values).argmax())]
        return f"numbers, and text such as '{text}'{empty}"
    words = ", ".join(word[:20] for word in distinct[:WORDS]) + (" …" if distinct[WORDS:] else "")
    return f"{len(distinct):,} different texts: {words}{empty}"
