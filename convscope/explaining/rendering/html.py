"""An explanation in a notebook: tables and coloured numbers, nothing loaded from anywhere."""

from html import escape

import torch
from torch import Tensor

from convscope.explaining.account import Step, Terms
from convscope.explaining.explanation import Explanation
from convscope.explaining.formula import Formula
from convscope.explaining.rendering.mathml import lines, markup
from convscope.explaining.rendering.words import beside, number

CHANNELS, CELLS = 4, 12  # of a window: so many channels and columns are drawn, the rest is counted
STYLE = (
    "<style>.cs{font:13px/1.5 system-ui,sans-serif;max-width:60em}"
    ".cs table{font:inherit;border-collapse:collapse;margin:.4em 0}"
    ".cs td,.cs th{padding:.15em .5em;text-align:right;font-variant-numeric:tabular-nums;border:0}"
    ".cs .op{font-weight:600}.cs .faint{opacity:.65}.cs .sum{font-weight:600}.cs code{font-size:12px}"
    ".cs .windows{display:flex;gap:1em;align-items:center;flex-wrap:wrap}</style>"
)
POSITIVE, NEGATIVE = "217,119,54", "45,112,179"  # as on the page: orange above zero, blue below


def explanation_html(explanation: Explanation) -> str:
    """What the terminal says, with the windows drawn and the numbers coloured by size and sign."""
    account = explanation.account
    place = ", ".join(map(str, explanation.at))
    head = f"<div class=op>{escape(explanation.name)} <span class=faint>{escape(explanation.op)}"
    head += f"</span> {escape(explanation.about)} ({place})</div>"
    code = explanation.code
    line = f"<code class=faint>{escape(code.file)}:{code.line} {escape(code.text)}</code>" if code else ""
    body = [
        f"<p>{escape(account.what)}</p>",
        f"<p>{_formula(account.formula, faint=True)}<br>",
        f"{_formula(account.numbers)}</p>",
        _terms(account.terms),
        *(_step(step) for step in account.steps if len(account.steps) > 1),
        *(f"<p class=faint>{escape(note)}</p>" for note in account.notes),
        _proof(explanation),
    ]
    return f"{STYLE}<div class=cs>{head}{line}{''.join(body)}</div>"


def _formula(formula: Formula, *, faint: bool = False) -> str:
    """A formula, and what must be known beside it."""
    parts = "<wbr>".join(f"<math displaystyle=true>{markup(part)}</math>" for part in lines(formula))
    words = " ".join(escape(each) for each in beside(formula))
    return f"<span class={'faint' if faint else 'sum'}>{parts} <small>{words}</small></span>"


def _proof(explanation: Explanation) -> str:
    rows = [("the network's own number", explanation.network)]
    if explanation.kind == "explained":
        kept = "within" if explanation.holds else "OVER"
        rows.insert(0, ("computed here", explanation.result))
        rows.append((f"difference, {kept} its bound {number(explanation.bound)}", explanation.difference))
    cells = "".join(f"<tr><th>{escape(name)}</th><td>{number(value)}</td></tr>" for name, value in rows)
    return f"<table>{cells}</table>"


def _step(step: Step) -> str:
    words = f"<b>{escape(step.name)}</b> {_formula(step.formula, faint=True)}"
    return f"<p>{words}<br>{_formula(step.numbers)}</p>"


def _terms(terms: Terms | None) -> str:
    """Windows side by side for each channel (input × weight = products), the largest channels first."""
    if terms is None or not terms.values.numel():
        return ""
    planes = _planes(terms.values)
    order = planes.sum((1, 2)).abs().argsort(descending=True, stable=True).tolist()
    rows = [_window_row(terms, channel, terms.values.dim() > 1) for channel in order[:CHANNELS]]
    left = planes[order[CHANNELS:]].sum() if len(order) > CHANNELS else None
    more = (
        f"<p class=faint>… {len(order) - CHANNELS} more, together {number(float(left))}</p>"
        if left is not None
        else ""
    )
    return "".join(rows) + more


def _window_row(terms: Terms, channel: int, named: bool) -> str:
    drawn = [(name, _planes(factor)[channel]) for name, factor in terms.factors.items()]
    values = _planes(terms.values)[channel]
    parts = " × ".join(
        f"<div>{_grid(plane)}<span class=faint>{escape(name)}</span></div>" for name, plane in drawn
    )
    product = f"<div>{_grid(values)}<span class=faint>products</span></div>"
    title = f"<b>{escape(terms.axes[0])} {channel}</b>" if named else ""
    total = f"<span class=sum>Σ {number(float(values.sum()))}</span>" if terms.rule == "sum" else ""
    return f"<div class=windows>{title}{parts} = {product}{total}</div>"


def _planes(values: Tensor) -> Tensor:
    """Any number of axes as (channel, row, column)."""
    if values.dim() < 2:
        return values.reshape(1, 1, -1)
    return values.reshape(values.shape[0], -1, values.shape[-1])


def _grid(plane: Tensor) -> str:
    largest = float(plane.abs().nan_to_num(posinf=0.0).max()) or 1.0
    rows = [
        "".join(_cell(value, largest) for value in row[:CELLS]) + ("<td>…</td>" if len(row) > CELLS else "")
        for row in plane[:CELLS].tolist()
    ]
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def _cell(value: float, largest: float) -> str:
    strength = min(1.0, abs(value) / largest) * 0.6 if torch.isfinite(torch.tensor(value)) else 0.0
    colour = POSITIVE if value > 0 else NEGATIVE
    return f'<td style="background:rgba({colour},{strength:.2f})">{_short(value)}</td>'


def _short(value: float) -> str:
    return f"{value + 0.0:.3g}".replace("-", "−")
