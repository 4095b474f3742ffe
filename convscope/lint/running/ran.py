"""A model that ran: places in it, its samples and outputs, and whether a fix makes a finding go away."""

from dataclasses import dataclass
from pathlib import Path

from convscope.lint import trial
from convscope.lint.finding import NOWHERE, Fix, Rule, Where
from convscope.tracing.graph import Node, Trace, Value
from convscope.tracing.structure import tensors_of


@dataclass(frozen=True)
class Ran:
    """A trace, and the rule that finds something in it."""

    trace: Trace
    rule: Rule
    where: Where = NOWHERE
    said: str = ""

    def works(self, fix: Fix) -> bool | None:
        """Whether the model still runs with a fix, and the rule finds nothing any more."""
        again = trial.again(self.trace, fix)
        if again is None:
            return None
        return again.failure is None and not any(self.rule.findings(again))

    def pasted(self, fix: Fix) -> tuple[str, str]:
        """A fix as lines to paste, and where they go."""
        return trial.pasted(self.trace, fix)


def place(node: Node) -> Where:
    """An operation with the line of code it comes from."""
    found = Where(node.name, "" if node.op == node.name else node.op)
    code = node.source
    return found._replace(file=code.file, line=code.line, text=code.text) if code else found


def named(node: Node) -> str:
    """An operation in a few words: "`fc` (net.py:21)"."""
    code = node.source
    return f"`{node.name}` ({Path(code.file).name}:{code.line})" if code else f"`{node.name}`"


def outputs(trace: Trace) -> list[Value]:
    """The tensors that the model returned."""
    return [trace.values[index] for index in tensors_of(trace.output)]


def samples_of(trace: Trace) -> int:
    """The first axis of the first input; 0 where there is none."""
    return trace.inputs[0].shape[0] if trace.inputs and trace.inputs[0].shape else 0
