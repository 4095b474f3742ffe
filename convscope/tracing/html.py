"""A trace in a notebook: every operation, a row each."""

from html import escape

from convscope.shapes import show
from convscope.tracing.graph import Node, Trace

MOST = 400  # rows
STYLE = (
    "<style>.cst{font:13px/1.5 system-ui,sans-serif}"
    ".cst table{font:inherit;border-collapse:collapse}.cst td,.cst th{"
    "padding:.15em .7em;text-align:left;border:0}.cst .n{text-align:right;font-variant-numeric:tabular-nums}"
    ".cst .faint{opacity:.6}.cst .failed{color:#b3261e}</style>"
)


def trace_html(trace: Trace) -> str:
    """Name, operation, shape, time and line of the person's code."""
    head = "".join(f"<th>{name}</th>" for name in ("", "operation", "", "shape", "ms", "line"))
    rows = "".join(_row(trace, node) for node in trace.nodes[:MOST])
    left = len(trace.nodes) - MOST
    more = f"<p class=faint>… and {left} more</p>" if left > 0 else ""
    failed = ""
    if trace.failure:
        failed = f"<p class=failed>{escape(trace.failure.kind)}: {escape(trace.failure.message)}</p>"
    return (
        f"{STYLE}<div class=cst><b>{escape(repr(trace))}</b><table>{head}{rows}</table>{more}{failed}</div>"
    )


def _row(trace: Trace, node: Node) -> str:
    shape = show(trace.values[node.outputs[0]].shape) if node.outputs else ""
    line = f"{node.source.file}:{node.source.line}" if node.source else ""
    return (
        f"<tr><td class='n faint'>{node.index}</td><td>{escape(node.name)}</td>"
        f"<td class=faint>{escape(node.op)}</td>"
        f"<td class=n>{shape}</td><td class=n>{1000 * node.seconds:.2f}</td>"
        f"<td class=faint title='{escape(line)}'>{escape(node.source.text if node.source else '')}</td></tr>"
    )
