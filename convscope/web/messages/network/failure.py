"""Why a forward did not come to its end."""

from convscope.lint import Finding, diagnose
from convscope.network.model import Model
from convscope.tracing.graph import Source
from convscope.web.messages.kept import kept
from convscope.web.messages.summary import summary_of
from convscope.web.session import Seen, Session
from convscope.web.types.network import FailureMessage, Operation
from convscope.web.types.parts import SourceLine

TRIED = {
    True: "Tried: with it the model comes past this point.",
    False: "Tried: it alone is not enough.",
    None: "",
}
HANDS_ON = Model.forward.__code__
HANDING = {line for *_, line in HANDS_ON.co_lines() if line}


def diagnosis_of(session: Session, seen: Seen) -> Finding | None:
    """What is known about the failure; None where there was none."""
    if seen.trace.failure is None:
        return None
    found = summary_of(session, seen).diagnosis
    return found or kept(session, seen, "diagnosis", lambda: diagnose(seen.trace))


def failure(session: Session, seen: Seen, operation: Operation | None) -> FailureMessage | None:
    """The message `Failure` of static/messages.d.ts."""
    found, failed = diagnosis_of(session, seen), seen.trace.failure
    if found is None or failed is None:
        return None
    return {
        "words": found.said,
        "what": found.what,
        "where": str(found.where),
        "cause": found.cause,
        "axis": found.axis,
        "fix": found.fix,
        "place": found.place,
        "advice": found.advice,
        "tried": TRIED[found.tried],
        "rule": found.rule,
        "operation": operation,
        "source": source_line(failed.source),
    }


def source_line(found: Source | None) -> SourceLine | None:
    """A line of the person's code; none for the one that hands the input to a whole network."""
    if found is None or (found.file == HANDS_ON.co_filename and found.line in HANDING):
        return None
    return {"file": found.file, "line": found.line, "text": found.text}
