"""Why a network could not be made, and the line that mends it, tried before it is shown.

A family is a function from the failure to a finding, or None where the mistake is not of its kind. Where
none knows it, the line and Python's own words are shown, and nothing is made up.
"""

import difflib
import io
import textwrap
from collections.abc import Callable
from contextlib import redirect_stdout

import torch

from convscope.errors import Diagnosis, NetworkError, Where
from convscope.network.own import classes, layers, names, sizes, syntax
from convscope.network.own.failure import Failure, Finding, Incomplete

FAMILIES: tuple[Callable[[Failure], Finding | None], ...] = (
    syntax.syntax,
    syntax.ended,
    classes.no_forward,
    classes.no_init,
    classes.no_self,
    classes.asked,
    classes.no_module,
    classes.not_initialised,
    names.missing_module,
    names.missing_name,
    names.missing_attribute,
    layers.no_layer,
    layers.holder,
    layers.misspelt_argument,
    layers.too_few,
    layers.too_many,
    sizes.fractions,
    sizes.groups,
    sizes.heads,
    sizes.same_padding,
    layers.one_of,
    sizes.negative,
    sizes.probability,
)


def find(failure: Failure) -> Finding | None:
    """What the first family that knows the mistake says of it."""
    return next((found for family in FAMILIES if (found := family(failure))), None)


def diagnose(failure: Failure, name: str, remake: Callable[[str], object]) -> Diagnosis:
    """Say why a network could not be made.

    Args:
        failure: what happened.
        name: of the class or function, or the layer as it is typed.
        remake: makes the network from another text, or raises.
    """
    finding = find(failure) or Finding(
        f"{name} cannot be made: {failure.message or type(failure.error).__name__}.", ""
    )
    line = finding.line or failure.line
    text = failure.lines[line - 1].strip() if 0 < line <= len(failure.lines) else ""
    where = Where(name, "", failure.file if line else "", line, text)
    fix, tried = _best(failure, finding.fixes, remake)
    pasted, place = _lines(failure, fix) if fix else ("", "")
    said = (
        "" if isinstance(failure.error, Incomplete) else f"{type(failure.error).__name__}: {failure.message}"
    )
    return Diagnosis(finding.what, where, finding.cause, "", pasted, place, finding.advice, said, tried)


def _best(
    failure: Failure, fixes: tuple[str, ...], remake: Callable[[str], object]
) -> tuple[str, bool | None]:
    """The first text that works; else the first."""
    results = []
    for text in fixes:
        results.append(_works(failure, text, remake))
        if results[-1]:
            return text, True
    return (fixes[0], results[0]) if fixes else ("", None)


def _works(failure: Failure, text: str, remake: Callable[[str], object]) -> bool:
    """Whether making the network comes past the line that failed. What the file prints was seen before."""
    try:
        with torch.random.fork_rng(devices=[]), redirect_stdout(io.StringIO()):
            remake(text)
    except NetworkError:
        return False
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a person's code may raise anything
        return _is_past(failure, Failure(error, text, failure.file))
    return True


def _is_past(failure: Failure, again: Failure) -> bool:
    """Whether another failure comes later than the first: what failed then has ended now."""
    first, second = failure.error, again.error
    if isinstance(first, Incomplete):
        return not isinstance(second, Incomplete | SyntaxError) or second.args != first.args
    if isinstance(second, SyntaxError):
        return isinstance(first, SyntaxError) and again.line > _moved(failure, again.text)
    return isinstance(first, SyntaxError) or (
        again.line > 0 and _moved(failure, again.text) not in again.active
    )


def _moved(failure: Failure, text: str) -> int:
    """The line that failed, where it stands in another text."""
    for _, start, end, other, _ in _changes(failure.text, text, same=True):
        if start < failure.line <= end:
            return other + failure.line - start
    for _, start, end, other, until in _changes(failure.text, text):
        if start < failure.line <= end:
            return min(other + failure.line - start, until)
    return failure.line


def _changes(before: str, after: str, *, same: bool = False) -> list[tuple[str, int, int, int, int]]:
    found = difflib.SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    return [each for each in found.get_opcodes() if (each[0] == "equal") == same]


def _lines(failure: Failure, text: str) -> tuple[str, str]:
    """What differs, as lines to paste, and where they go."""
    if not failure.file:
        return text, "typed instead"
    pasted, places = [], []
    for kind, start, end, other, until in _changes(failure.text, text):
        new = text.splitlines()[other:until]
        old = failure.lines[start:end]
        only_moved = [row.strip() for row in new] == [
            row.strip() for row in old
        ]  # then the indentation is the fix
        pasted += new if only_moved else textwrap.dedent("\n".join(new)).splitlines()
        lines = f"line {start + 1}" if end - start == 1 else f"lines {start + 1} to {end}"
        front = f"in front of line {start + 1}" if start < len(failure.lines) else "at the end of the file"
        places.append({"insert": front, "delete": f"without {lines}"}.get(kind, f"instead of {lines}"))
    return "\n".join(pasted), " and ".join(places)
