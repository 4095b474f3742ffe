"""What is found wrong, the change that mends it, and the rule that found it."""

import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

Stage = Literal["making", "forward", "running"]
STAGES: dict[Stage, str] = {
    "making": "A file that makes no network",
    "forward": "A forward that fails",
    "running": "What runs and is wrong, or may be",
}
PROOF = {
    True: " (tried: the model comes past this point)",
    False: " (tried: this alone is not enough)",
    None: "",
}


class Where(NamedTuple):
    """A place: module, operation, and the line of the person's code."""

    path: str = ""
    op: str = ""
    file: str = ""
    line: int = 0
    text: str = ""

    def __str__(self) -> str:
        module = f"`{self.path}`" if self.path else "the model"
        op = f" ({self.op})" if self.op else ""
        code = f", {Path(self.file).name}:{self.line}: `{self.text}`" if self.file else ""
        return f"{module}{op}{code}"


NOWHERE = Where()


class TextEdit(NamedTuple):
    """Lines of the person's text, written anew.

    Attributes:
        line: the first of them, counted from 1; of lines that are only put in, the one behind them.
        old: as they are.
        new: as they should be.
        last: they are put in behind the last line.
    """

    line: int
    old: tuple[str, ...]
    new: tuple[str, ...]
    last: bool = False

    @property
    def place(self) -> str:
        """Where the new lines go."""
        if not self.old:
            return "at the end of the file" if self.last else f"in front of line {self.line}"
        end = self.line + len(self.old) - 1
        lines = f"line {self.line}" if end == self.line else f"lines {self.line} to {end}"
        return f"instead of {lines}" if self.new else f"without {lines}"

    @property
    def pasted(self) -> list[str]:
        """The new lines as they are shown; where only the indentation changes, with theirs."""
        moved = [row.strip() for row in self.new] == [row.strip() for row in self.old]
        return list(self.new) if moved else textwrap.dedent("\n".join(self.new)).splitlines()


@dataclass(frozen=True)
class Fix:
    """A change that can be pasted, and that can be tried.

    Attributes:
        edits: lines of the person's text written anew.
        layers: path of a module → the expression that makes the one to put there.
        inputs: argument of the model → the expression to hand in instead.
        evaluation: put the model in evaluation mode.
    """

    edits: tuple[TextEdit, ...] = ()
    layers: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    evaluation: bool = False


class Subject(Protocol):
    """What is wrong: a file, a forward, or a model that runs."""

    @property
    def where(self) -> Where:
        """Where it went wrong."""
        ...

    @property
    def said(self) -> str:
        """Python's or torch's own words."""
        ...

    def works(self, fix: Fix) -> bool | None:
        """Whether a fix helps; None where that cannot be tried."""
        ...

    def pasted(self, fix: Fix) -> tuple[str, str]:
        """A fix as lines to paste, and where they go."""
        ...


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a person's network, and what to do.

    Attributes:
        what: one sentence.
        cause: where the wrong size (type, device, …) comes from, with the numbers; of what runs, why it
            matters.
        axis: the axis that does not fit, with what was there and what was expected; "" where none is.
        fixes: changes that may mend it, the best first; of a finding that is shown, the one that is shown.
        advice: what to do in words; "" where the fix says it all.
        where: module, operation, file, line and its text.
        rule: name of the rule that found it, a key of `RULES`.
        severity: "error" where nothing comes out, "warning" where something does.
        fix: lines to paste; "" where nothing can be said that would run.
        place: where these lines go.
        said: torch's (or Python's) own words; "" where it was we who found it.
        tried: whether the model, with the fix, came past this point; None: that could not be tried.
    """

    what: str
    cause: str
    axis: str = ""
    fixes: tuple[Fix, ...] = ()
    advice: str = ""
    where: Where = NOWHERE
    rule: str = ""
    severity: Literal["error", "warning"] = "error"
    fix: str = ""
    place: str = ""
    said: str = ""
    tried: bool | None = None

    def as_dict(self) -> dict[str, Any]:
        """Everything in plain strings and numbers, for JSON."""
        plain = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "fixes"}
        return plain | {"where": self.where._asdict()}

    def sentence(self) -> str:
        """What is wrong, where, and what to do, on one line."""
        where = f" ({Path(self.where.file).name}:{self.where.line})" if self.where.file else ""
        return f"{self.what.rstrip('.')}{where}. {self.advice or self.cause} More: convscope rule {self.rule}"

    def __str__(self) -> str:
        lines = [self.what, f"  Where: {self.where}"]
        why = "Why" if self.severity == "error" else "Why it matters"
        lines += [f"  {why}: {self.cause}"] if self.cause else []
        lines += [f"  Axis: {self.axis}"] if self.axis else []
        if self.fix:
            lines += [f"  Fix, {self.place}{PROOF[self.tried]}:\n{textwrap.indent(self.fix, ' ' * 6)}"]
        lines += [f"  To do: {self.advice}"] if self.advice else []
        lines += [f"  The message was: {self.said.splitlines()[0]}"] if self.said else []
        lines += [f"  Rule: {self.rule} · convscope rule {self.rule}"] if self.rule else []
        return "\n".join(lines)


Detector = Callable[[Any], Finding | Iterator[Finding] | None]


@dataclass(frozen=True)
class Rule:
    """One kind of mistake: how it is found, and its page.

    Attributes:
        name: in the field's terms, with hyphens.
        stage: when it shows: "making", "forward" or "running".
        check: from what is wrong to a finding, or None where the mistake is not of this kind; of what runs,
            to every finding.
        why: why it happens, or why it matters.
        example: code with the mistake: a file with a `Net`, or a `model` and its `inputs` (and a `score`).
        fix: the same code, mended.
    """

    name: str
    stage: Stage
    check: Detector
    why: str
    example: str
    fix: str

    @property
    def what(self) -> str:
        """What it finds, the docstring of its check."""
        return inspect.getdoc(self.check) or ""

    def findings(self, subject: Any) -> Iterator[Finding]:  # noqa: ANN401 - a Failure, a Scene or a Trace
        """What it finds."""
        made = self.check(subject)
        severity = "warning" if self.stage == "running" else "error"
        for found in (made,) if isinstance(made, Finding) else made or ():
            yield replace(found, rule=self.name, severity=severity)

    def __str__(self) -> str:
        """The page, in Markdown."""
        codes = {"Wrong": self.example, "Right": self.fix}
        code = "\n\n".join(f"{word}:\n\n```python\n{text}\n```" for word, text in codes.items())
        return f"### {self.name}\n\n{self.what}\n\n{textwrap.fill(self.why, 100)}\n\n{code}\n"

    def as_dict(self) -> dict[str, str]:
        """The page, for JSON."""
        parts = ("name", "stage", "what", "why", "example", "fix")
        return {part: getattr(self, part) for part in parts}


def rule(stage: Stage, name: str, *, why: str, example: str, fix: str) -> Callable[[Detector], Rule]:
    """Make a rule of the check below it.

    >>> @rule("running", "never", why="It cannot.", example="model = 1", fix="model = 2")
    ... def never(trace: object) -> None:
    ...     "What is never found."
    >>> never.name, never.what
    ('never', 'What is never found.')
    """
    example, fix = (textwrap.dedent(each).strip("\n") for each in (example, fix))
    return lambda check: Rule(name, stage, check, why, example, fix)


def shown(found: Finding, subject: Subject) -> Finding:
    """A finding as it is shown: with its place, and the first fix that works, else the first."""
    where = subject.where if found.where == NOWHERE else found.where
    results: list[tuple[Fix, bool | None]] = []
    for fix in found.fixes:
        results.append((fix, subject.works(fix)))
        if results[-1][1]:
            results.insert(0, results[-1])
            break
    if not results:
        return replace(found, where=where, said=subject.said)
    best, tried = results[0]
    text, place = subject.pasted(best)
    return replace(found, where=where, said=subject.said, fixes=(best,), fix=text, place=place, tried=tried)
