"""What a diagnosis consists of."""

from dataclasses import dataclass, field
from typing import NamedTuple

from convscope.errors import Diagnosis, Where

__all__ = ["Diagnosis", "Finding", "Fix", "Where"]


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
