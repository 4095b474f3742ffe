"""Text that is no Python yet: a forgotten colon, bracket or comma, an indentation that does not fit."""

import re
from collections.abc import Iterator
from itertools import islice

from convscope.lint.finding import Finding, Fix, rule
from convscope.lint.making.failure import MakingFailure

CLOSING = {"(": ")", "[": "]", "{": "}"}
STEP = "    "


@rule(
    "making",
    "syntax-error",
    why="Python reads the whole file before it runs a line of it: one missing "
    "bracket, colon or comma, and nothing runs. The place that Python names is "
    "where it could not read on, often just behind the mistake.",
    example="""
        from torch import nn


        def Net():
            return nn.Sequential(nn.Linear(8 2))
    """,
    fix="""
        from torch import nn


        def Net():
            return nn.Sequential(nn.Linear(8, 2))
    """,
)
def syntax(failure: MakingFailure) -> Finding | None:
    """Python cannot read the file."""
    error = failure.error
    if not isinstance(error, SyntaxError) or not failure.line:
        return None
    said = (error.msg or "invalid syntax").rstrip(".")
    column = f", character {error.offset}" if error.offset else ""
    readable = (fix for fix in _attempts(failure, said) if _reads_on(failure, failure.edited(fix)))
    fixes = tuple(islice(readable, 1))
    advice = (
        "" if fixes else "Look at this line and at the end of the one before it: brackets, commas, colons."
    )
    said += "" if said.endswith("?") else "."
    return Finding(
        f"Line {failure.line} is no Python{column}: {said}",
        "Python reads the whole file before it runs a line of it, so nothing has run yet.",
        fixes=fixes,
        advice=advice,
    )


@rule(
    "making",
    "exit-on-import",
    why="To take a network out of a file, all of the file is run once. A script that "
    "trains, or reads its arguments, does so then as well.",
    example="""
        import sys

        from torch import nn


        def Net():
            return nn.Sequential(nn.Linear(8, 2))


        sys.exit()
    """,
    fix="""
        import sys

        from torch import nn


        def Net():
            return nn.Sequential(nn.Linear(8, 2))


        if __name__ == "__main__":
            sys.exit()
    """,
)
def ended(failure: MakingFailure) -> Finding | None:
    """A file that ends the program while it is imported, or a network that does while it is made."""
    if not isinstance(failure.error, SystemExit):
        return None
    if not failure.imported:
        return Finding(
            f"{failure.name} ends the program while it is made.",
            "sys.exit() and quit() end all of Python, not only what makes the network.",
            advice="Where a network cannot be made, raise an error that says why: `raise ValueError(…)`.",
        )
    return Finding(
        "The file ends the program while it is imported, so the network is never made.",
        "To take a network out of a file, all of the file is run once; a script that trains or reads its"
        " arguments runs then as well.",
        advice='Put what is not the network under `if __name__ == "__main__":`.',
    )


def _reads_on(failure: MakingFailure, text: str) -> bool:
    """Whether Python can read past the line."""
    try:
        compile(text, failure.file, "exec")
    except SyntaxError as error:
        return (error.lineno or 0) > failure.line
    return True


def _attempts(failure: MakingFailure, said: str) -> Iterator[Fix]:
    """Small changes that may be what was forgotten."""
    assert isinstance(failure.error, SyntaxError)
    row, place = failure.lines[failure.line - 1], max(0, (failure.error.offset or 1) - 1)
    code = re.sub(r"\s*#[^'\"]*$", "", row).rstrip()
    if "expected ':'" in said:
        yield failure.with_line(failure.line, f"{code}:")
        yield failure.with_line(failure.line, f"{row[:place].rstrip()}:{row[place:]}")
    if found := re.match(r"'([(\[{])' was never closed", said):
        yield from _closed_below(failure, CLOSING[found[1]])
        yield failure.with_line(
            failure.line, code.rstrip(":,") + CLOSING[found[1]] + ":" * code.endswith(":")
        )
        yield failure.with_line(failure.line, code + CLOSING[found[1]])
    if "unmatched" in said:
        yield failure.with_line(failure.line, row[:place] + row[place + 1 :])
    if "forgot a comma" in said:
        yield from _commas(failure)
    if "instead of '='" in said:
        yield failure.with_line(failure.line, re.sub(r"(?<![=!<>])=(?!=)", "==", row, count=1))
    if "unterminated string" in said:
        ends = [gap.start() for gap in re.finditer(r"[),\]]|$", row) if gap.start() > place]
        yield from (failure.with_line(failure.line, row[:end] + row[place] + row[end:]) for end in ends)
    if found := re.match(r"(\s*)print (.+)", code) if "call to 'print'" in said else None:
        yield failure.with_line(failure.line, f"{found[1]}print({found[2]})")
    if found := re.fullmatch(r"(\s*[\w.]+)\s+(\w.*)", code):
        yield failure.with_line(failure.line, f"{found[1]} = {found[2]}")
    if isinstance(failure.error, IndentationError):
        yield from _indented(failure)


def _closed_below(failure: MakingFailure, bracket: str) -> Iterator[Fix]:
    """The bracket closed behind the lines that stand further in."""
    row = failure.lines[failure.line - 1]
    depth, last = len(row) - len(row.lstrip()), failure.line
    while last < len(failure.lines):
        following = failure.lines[last]
        if not following.strip() or len(following) - len(following.lstrip()) <= depth:
            break
        last += 1
    if last > failure.line:
        yield failure.inserted(last + 1, " " * depth + bracket)


def _commas(failure: MakingFailure) -> Iterator[Fix]:
    """A comma at every gap from the line where the bracket opens; most of these Python cannot read either."""
    error = failure.error
    assert isinstance(error, SyntaxError)
    for number in range(failure.line, (error.end_lineno or failure.line) + 1):
        row = failure.lines[number - 1]
        for gap in re.finditer(r"(?<=[\w)\]}'\"])(?=\s|$)", row):
            yield failure.with_line(number, f"{row[: gap.start()]},{row[gap.start() :]}")


def _indented(failure: MakingFailure) -> Iterator[Fix]:
    """The line, and what belongs to it, moved to where the line before it says."""
    number = failure.line
    before = next((row for row in reversed(failure.lines[: number - 1]) if row.strip()), "")
    depth = len(before) - len(before.lstrip())
    wanted = depth + len(STEP) * before.rstrip().endswith(":")
    row = failure.lines[number - 1]
    shift = wanted - (len(row) - len(row.lstrip()))
    last = number
    while last < len(failure.lines) and len(failure.lines[last].strip()):
        last += 1
    for end in (number, last):
        moved = [_shifted(each, shift) for each in failure.lines[number - 1 : end]]
        yield failure.fix("\n".join([*failure.lines[: number - 1], *moved, *failure.lines[end:]]))


def _shifted(row: str, shift: int) -> str:
    return " " * max(0, len(row) - len(row.lstrip()) + shift) + row.lstrip()
