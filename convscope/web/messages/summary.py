"""What a trace costs, and what looks wrong in it: worked out once for a trace."""

from convscope.explaining.rows import Row
from convscope.summary import Summary, summarise
from convscope.web.messages.kept import kept
from convscope.web.session import Seen, Session


def summary_of(session: Session, seen: Seen) -> Summary:
    """The summary of the command line, without receptive fields: they are asked for one at a time."""
    return kept(session, seen, "summary", lambda: summarise(seen.trace, fields=False))


def rows_by_node(session: Session, seen: Seen) -> dict[int, Row]:
    """The row of each operation that computes something, in order; the one that failed is behind the last."""
    return kept(session, seen, "rows", lambda: _rows(session, seen))


def _rows(session: Session, seen: Seen) -> dict[int, Row]:
    last = len(seen.trace.nodes)
    leaves = [leaf for leaf in summary_of(session, seen).operations if leaf.node is not None]
    return {
        last if leaf.node < 0 else leaf.node: leaf
        for leaf in leaves
        if leaf.node is not None and (leaf.failed or leaf.output)
    }
