"""One thing that looks wrong."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from convscope.tracing.graph import Node


@dataclass(frozen=True)
class Suspicion:
    """Something that runs and is wrong, or may be.

    Attributes:
        kind: a short name of the check, for filters.
        what: one sentence.
        where: operation or module, with file and line where they are known.
        why: why it matters.
        fix: what to write instead.
    """

    kind: str
    what: str
    where: str
    why: str
    fix: str

    def as_dict(self) -> dict[str, Any]:
        """Everything in plain strings, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.what}\n  Where: {self.where}\n  Why it matters: {self.why}\n  Fix: {self.fix}"


def place(node: Node) -> str:
    """An operation with the line of code it comes from: "`fc` (net.py:21)"."""
    code = node.source
    return f"`{node.name}` ({Path(code.file).name}:{code.line})" if code else f"`{node.name}`"
