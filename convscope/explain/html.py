"""An explanation in a notebook."""

from html import escape

from convscope.explain.explanation import Explanation


def explanation_html(explanation: Explanation) -> str:
    """The same words as in the terminal."""
    return f"<pre>{escape(str(explanation))}</pre>"
