"""How far a training is that was begun in Python: a line on a terminal, one table in a notebook.

Nothing is drawn where nobody looks, in a pipe or a service.
"""

import shutil
import sys
import time
from collections.abc import Iterator
from html import escape
from typing import Any, TypeVar

from convscope.errors import SettingsError, got
from convscope.figures import number, percent
from convscope.progress import redraws
from convscope.training.events import Epoch, Notice, Start, TrainingStep, Turn

Told = TypeVar("Told")
SECONDS = 0.2  # between two drawings
TITLES = ("epoch", "train loss", "val loss", "val acc", "best")


def shown(events: Iterator[Told], progress: bool | None) -> Iterator[Told]:
    """The same events, shown as they pass, if that is wanted; None: on a terminal and in a notebook.

    Raises:
        SettingsError: `progress` is something else.
    """
    if progress is not None and not isinstance(progress, bool):
        raise SettingsError("progress", f"expected True, False or None; got {got(progress)}.")
    return watched(events) if wanted(progress) else events


def wanted(progress: bool | None) -> bool:
    """Whether to show anything; None: on a terminal and in a notebook."""
    return (sys.stderr.isatty() or _notebook() is not None) if progress is None else progress


def watched(events: Iterator[Told]) -> Iterator[Told]:
    """The same events, shown as they pass."""
    watching = Watching()
    try:
        for event in events:
            watching.show(event)
            yield event
    finally:
        watching.close()


class Watching:
    """Shows the events of a training, one after the other."""

    def __init__(self) -> None:
        self.steps, self.drawn = 0, 0.0
        self.turn = ""  # which of several trainings
        self.rows: list[tuple[str, ...]] = []
        self.notebook = _notebook()
        self.lively = self.notebook is not None or redraws()  # else a line an epoch
        self.handle: Any = None

    def show(self, event: object) -> None:
        """Draw what an event changes; most change nothing."""
        if isinstance(event, Turn):
            self.turn = str(event)
        elif isinstance(event, Start):
            self.steps = event.steps
        elif isinstance(event, Notice):
            self.close()  # a warning follows
        elif isinstance(event, Epoch):
            best = "★" if event.best else ""
            losses = number(event.train_loss), number(event.val_loss)
            turn = [self.turn] if self.turn else []
            self.rows.append((*turn, f"{event.number}", *losses, percent(event.val_accuracy), best))
            self._draw(event.step)
        elif isinstance(event, TrainingStep) and self.lively and time.monotonic() - self.drawn > SECONDS:
            self._draw(event.step)

    def close(self) -> None:
        """End the line."""
        if self.notebook is None and self.drawn:
            sys.stderr.write("\n" if self.lively else "")
            self.drawn = 0.0

    def _draw(self, step: int) -> None:
        self.drawn = time.monotonic()
        if self.notebook is not None:
            self._table(step)
            return
        last = dict(zip(self._titles(), self.rows[-1], strict=True)) if self.rows else {}
        said = ", ".join(f"{title} {value}" for title, value in last.items() if value)
        line = f"step {step:,} of {self.steps:,}{f'; {said}' if said else ''}"
        width = shutil.get_terminal_size().columns - 1  # a folded line could not be drawn over
        sys.stderr.write(f"\r{line[:width]}\033[K" if self.lively else f"{line}\n")
        sys.stderr.flush()

    def _titles(self) -> tuple[str, ...]:
        return ("training", *TITLES) if self.turn else TITLES

    def _table(self, step: int) -> None:
        """One table, in place."""
        head = "".join(f"<th>{title}</th>" for title in self._titles())
        cells = ("".join(f"<td>{escape(value)}</td>" for value in row) for row in self.rows)
        body = "".join(f"<tr>{row}</tr>" for row in cells)
        said = f"<p>step {step:,} of {self.steps:,}</p>"
        shown = self.notebook.HTML(f"{said}<table><tr>{head}</tr>{body}</table>")
        if self.handle is None:
            self.handle = self.notebook.display(shown, display_id=True)
        else:
            self.handle.update(shown)


def _notebook() -> Any:  # noqa: ANN401 - IPython's display, which is not imported here
    """What draws in a notebook; None: this is none."""
    python = sys.modules.get("IPython")
    shell = python.get_ipython() if python else None
    return sys.modules.get("IPython.display") if hasattr(shell, "kernel") else None
