"""Every error that convscope raises on purpose.

ConvscopeError
├── DataError       files, arrays, tables, downloads
├── NetworkError    a network that cannot be built or does not fit its input
│   ├── ShapeError  sizes that do not go together
│   └── BrokenModel a person's own network that cannot be made, with its Diagnosis
├── TrainingError   settings that cannot work, numbers that went wrong
├── RunError        a run folder that is missing, damaged or not to be trusted
├── TraceError      a model that cannot be followed, a number that was not kept
└── UnknownName     a name that is in no table; suggests the nearest

A message is written for the person who reads it: what is wrong (what, got, expected), then what to do.
The command line prints it and exits with 1; the traceback comes with `--debug` only.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple


class ConvscopeError(Exception):
    """Something the person can put right."""


class DataError(ConvscopeError):
    """The data cannot be read, or is not what it should be."""


class NetworkError(ConvscopeError):
    """The network cannot be built or does not fit its input."""


class ShapeError(NetworkError):
    """Sizes that do not go together."""


class BrokenModel(NetworkError):  # noqa: N818 - reads as a sentence where it is raised
    """A person's own network that cannot be made: why, where, and the line that mends it."""

    def __init__(self, diagnosis: "Diagnosis") -> None:
        super().__init__(str(diagnosis))
        self.diagnosis = diagnosis


class TrainingError(ConvscopeError):
    """Training cannot start or cannot go on."""


class RunError(ConvscopeError):
    """A run folder is missing, damaged, or not to be trusted."""


class TraceError(ConvscopeError):
    """A model cannot be followed, or what is asked about was not kept."""


class UnknownName(ConvscopeError):  # noqa: N818 - reads as a sentence where it is raised
    """A name that is in no table.

    >>> raise UnknownName("network", "resnt", ["plain", "resnet"])
    Traceback (most recent call last):
    convscope.errors.UnknownName: no network is called 'resnt'; did you mean 'resnet'?
      The known ones: plain, resnet.
    """

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        known = list(known)
        near = get_close_matches(name, known, n=1)
        guess = f"; did you mean '{near[0]}'?" if near else "."
        super().__init__(f"no {what} is called '{name}'{guess}\n  The known ones: {', '.join(known)}.")


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
class Diagnosis:
    """Why a network could not be made or stopped in its forward, and what to do.

    Attributes:
        what: one sentence.
        where: module, operation, file, line and its text.
        cause: where the wrong size (type, device, …) comes from, with the numbers.
        axis: the axis that does not fit, with what was there and what was expected; "" where none is.
        fix: lines to paste; "" where nothing can be said that would run.
        place: where these lines go.
        advice: what to do in words; "" where the fix says it all.
        said: torch's (or Python's) own words; "" where it was we who found it.
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
        lines = [self.what, f"  Where: {self.where}"]
        lines += [f"  Why: {self.cause}"] if self.cause else []
        lines += [f"  Axis: {self.axis}"] if self.axis else []
        if self.fix:
            pasted = "\n".join(f"      {line}" for line in self.fix.splitlines())
            lines += [f"  Fix, {self.place}{proof[self.tried]}:\n{pasted}"]
        lines += [f"  To do: {self.advice}"] if self.advice else []
        lines += [f"  The message was: {self.said.splitlines()[0]}"] if self.said else []
        return "\n".join(lines)
