"""A summary in a notebook: nothing loaded from anywhere."""

from html import escape

from convscope.summary import Summary
from convscope.summary.table import TITLES, WORDS, cells, formulas, heading, notes, troubles, visible

STYLE = (
    "<style>.csm{font:13px/1.5 system-ui,sans-serif}.csm table{border-collapse:collapse}.csm td,.csm th{"
    "padding:.15em .7em;text-align:left;vertical-align:top;border:0}.csm .n{text-align:right;"
    "white-space:nowrap;font-variant-numeric:tabular-nums}.csm small{opacity:.65}</style>"
)


def as_html(summary: Summary) -> str:
    """The table of the terminal, with the formulas beneath each row's words.

    >>> from torch import nn, zeros
    >>> from convscope.summary import summarise
    >>> "<td class=n>1 × 2</td>" in as_html(summarise(nn.ReLU(), zeros(1, 2)))
    True
    """
    head = "".join(f"<th{_kind(place)}>{title}</th>" for place, title in enumerate(TITLES))
    body = []
    for level, row, opened in visible(summary.rows, None):
        name, what, *figures = (escape(cell) for cell in cells(row, opened=opened))
        how = "" if opened else "".join(f"<br><small>{escape(line)}</small>" for line in formulas(row))
        first = f"<td style='padding-left:{level + 0.7}em'><code>{name}</code></td><td>{what}{how}</td>"
        body.append(f"<tr>{first}{''.join(f'<td class=n>{figure}</td>' for figure in figures)}</tr>")
    said = "".join(f"<li>{escape(note)}</li>" for note in notes(summary))
    failed = f"<pre>{escape(troubles(summary))}</pre>" if troubles(summary) else ""
    table = f"<table><tr>{head}</tr>{''.join(body)}</table>"
    return f"{STYLE}<div class=csm><b>{escape(heading(summary))}</b>{table}<ul>{said}</ul>{failed}</div>"


def _kind(place: int) -> str:
    return "" if place < WORDS else " class=n"
