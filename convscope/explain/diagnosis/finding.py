"""What a diagnosis consists of."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple


class Where(NamedTuple):
    """The place of a failure: module, operation, and the line of the person's code."""

    path: str
    op: str
    file: str = ""
    line: int = 0
    text: str = ""

    def __str__(self) -> str:
        module = f"`{self.path}`" if self.path else "the model"
        op = f" ({self.op})" if self.op else ""
        code = f", {Path(self.file).name}:{self.line}: `{self.text}`" if self.file else ""
        return f"{module}{op}{code}"


@dataclass(frozen=True)
class Fix:
    """A change that can be pasted, and that can be tried.

    Attributes:
        layers: path of a module → the expression that makes the one to put there.
        line: what to write instead of the line that failed.
        inputs: argument of the model → the expression to hand in instead.
        evaluation: put the model in evaluation mode.
    """

    layers: dict[str, str] = field(default_factory=dict)
    line: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    evaluation: bool = False


class Finding(NamedTuple):
    """What one family of errors has to say; the first of `fixes` that works is shown."""

    what: str
    cause: str
    axis: str = ""
    fixes: tuple[Fix, ...] = ()
    advice: str = ""  # in words, where there is no line to paste


@dataclass(frozen=True)
class Diagnosis:
    """Why a forward stopped, and what to do.

    Attributes:
        what: one sentence.
        where: module, operation, file, line and its text.
        cause: where the wrong size (type, device, …) comes from, with the numbers.
        axis: the axis that does not fit, with what was there and what was expected; "" where none is.
        fix: lines to paste; "" where nothing can be said that would run.
        place: where these lines go.
        advice: what to do in words; "" where the fix says it all.
        said: torch's (or Python's) own words.
        tried: whether the model, with the fix, came past this operation; None: that could not be tried.
    """

    what: str
    where: Where
    cause: str
    axis: str
    fix: str
    place: str
    advice: str
    said: str
    tried: bool | None

    def as_dict(self) -> dict[str, Any]:
        """Everything in plain strings and numbers, for JSON."""
        return asdict(self) | {"where": self.where._asdict()}

    def __str__(self) -> str:
        proof = {
            True: " (tried: the model comes past this point)",
            False: " (tried: this alone is not enough)",
            None: "",
        }
        lines = [self.what, f"  Where: {self.where}", f"  Why: {self.cause}"]
        lines += [f"  Axis: {self.axis}"] if self.axis else []
        if self.fix:
            pasted = "\n".join(f"      {line}" for line in self.fix.splitlines())
            lines += [f"  Fix, {self.place}{proof[self.tried]}:\n{pasted}"]
        lines += [f"  To do: {self.advice}"] if self.advice else []
        return "\n".join([*lines, f"  The message was: {self.said.splitlines()[0]}"])
