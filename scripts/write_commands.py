"""Write docs/commands.md from the help of the commands. A test fails where the two differ; run this then."""

from io import StringIO
from pathlib import Path

from rich.console import Console

from convscope.cli import COMMANDS, app

PAGE = Path(__file__).parents[1] / "docs" / "commands.md"
INTRODUCTION = """\
# Commands

What `convscope COMMAND --help` prints, written here by `scripts/write_commands.py`.
"""


def commands() -> str:
    """The whole page."""
    sections = [section(), *(section(command.__name__) for command in COMMANDS)]
    return "\n".join([INTRODUCTION, *sections])


def section(*words: str) -> str:
    """One command: its name as heading, its help as it looks on a terminal 100 characters wide."""
    text = StringIO()
    app.help_print(list(words), console=Console(file=text, width=100, color_system=None))
    lines = [line.rstrip() for line in text.getvalue().strip().splitlines()]
    return "\n".join([f"## {' '.join(['convscope', *words])}", "", "```text", *lines, "```", ""])


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(commands(), encoding="utf-8")
