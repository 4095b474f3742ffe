"""A summary in the terminal, and as Markdown."""

from collections.abc import Sequence
from textwrap import wrap

from convscope.summary import Summary
from convscope.summary.table import TITLES, WORDS, cells, formulas, heading, notes, troubles, visible

FEW = 24  # operations: up to so many, every formula is shown
READABLE, LEAST = 24, 8  # characters for words: below the first, columns go; the second is always kept


def as_text(
    summary: Summary, width: int = 100, depth: int | None = None, *, explain: bool | None = None
) -> str:
    """A table by module tree, its totals, and how they are counted.

    Args:
        summary: of a model.
        width: characters a line; words are cut, figures never.
        depth: levels of modules to open; None: all.
        explain: show how each number comes about; None: where there are few operations.

    >>> import torch
    >>> from torch import nn
    >>> from convscope.summary import summarise
    >>> from convscope.tracing import trace
    >>> seen = trace(nn.Sequential(nn.Conv2d(1, 16, 5, padding=2), nn.ReLU()), torch.zeros(1, 1, 28, 28))
    >>> for node in seen.nodes:
    ...     node.seconds = 0.0
    >>> print(as_text(summarise(seen), width=84))
    Sequential on input 1 × 1 × 28 × 28
    <BLANKLINE>
    layer  what                                       output  parameters     MACs  field
    0      Conv2d(1, 16, kernel 5, paddin…  1 × 16 × 28 × 28         416  313,600    5×5
        size: height ⌊(28 + 2·2 − 5)/1⌋ + 1 = 28, width ⌊(28 + 2·2 − 5)/1⌋ + 1 = 28
        parameters: 16·(1·5·5 + 1) = 416
        MACs: 28·28·5·5·1·16 = 313,600
    1      ReLU                             1 × 16 × 28 × 28           –        –    5×5
    <BLANKLINE>
    parameters: 416
    MACs: 313,600 for one sample
    memory: 98.0 KiB of results, 1.6 KiB of weights
    A MAC is one multiplication with its addition; biases, comparisons and element-wise
      functions are not counted. Memory is that of results made anew, all kept, as in
      training.
    """
    if explain is None:
        explain = sum(1 for _ in summary.operations) <= FEW
    rows = [*visible(summary.rows, depth)]
    table = _aligned(
        [TITLES, *(_indented(level, cells(row, opened=opened)) for level, row, opened in rows)], width
    )
    lines = [heading(summary), "", table[0]]
    for line, (level, row, opened) in zip(table[1:], rows, strict=True):
        how = formulas(row) if explain and not opened else []
        lines += [line, *(f"{'  ' * level}    {each}" for each in how)]
    lines += ["", *(part for note in notes(summary) for part in wrap(note, width, subsequent_indent="  "))]
    lines += [] if explain else ["How each number comes about: --formulas"]
    said = troubles(summary)
    return "\n".join([*lines, *(["", said] if said else [])])


def as_markdown(summary: Summary, depth: int | None = None) -> str:
    """A table with a column for how the numbers come about."""
    lines = [[*TITLES, "how"], ["---"] * WORDS + ["---:"] * (len(TITLES) - WORDS) + ["---"]]
    for level, row, opened in visible(summary.rows, depth):
        name, *others = cells(row, opened=opened)
        how = "" if opened else "<br>".join(formulas(row))
        lines.append([f"{'&nbsp;&nbsp;' * level}`{name}`", *others, how])
    table = [f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines]
    said = troubles(summary)
    failed = ["", "```text", said, "```"] if said else []
    return "\n".join(
        [f"**{heading(summary)}**", "", *table, "", *(f"- {note}" for note in notes(summary)), *failed]
    )


def _indented(level: int, line: tuple[str, ...]) -> tuple[str, ...]:
    return ("  " * level + line[0], *line[1:])


def _aligned(lines: Sequence[tuple[str, ...]], width: int) -> list[str]:
    """Columns that say something, side by side; where it gets too wide memory and time go, then words."""
    columns = [*zip(*lines, strict=True)]
    kept = [place for place, column in enumerate(columns) if {*column[1:]} - {"–", ""} or place <= WORDS]
    widths = [max(map(len, column)) for column in columns]
    for title in (None, "memory", "time"):
        kept = [place for place in kept if TITLES[place] != title]
        over = sum(widths[place] + 2 for place in kept) - 2 - width
        if over <= max(0, widths[1] - READABLE):
            break
    widths[1] = max(LEAST, widths[1] - max(0, over))
    return ["  ".join(_fitted(line, widths, place) for place in kept).rstrip() for line in lines]


def _fitted(line: tuple[str, ...], widths: Sequence[int], place: int) -> str:
    cell, width = line[place], widths[place]
    if place >= WORDS:
        return cell.rjust(width)
    return (cell if len(cell) <= width else f"{cell[: width - 1]}…").ljust(width)
