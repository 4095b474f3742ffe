"""What a person sees while a network trains: the stream of events as an aligned line an epoch.

On a terminal a bar shows the running epoch. Everywhere else there are plain lines only.
"""

import time
from collections.abc import Callable, Mapping
from functools import singledispatchmethod
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from convscope.cli.show import duration, program
from convscope.figures import number, passes, percent
from convscope.recipe import Created, Judged, Loaded
from convscope.run import Run
from convscope.shapes import show
from convscope.text import printable
from convscope.training.events import Epoch, Event, Finished, Notice, Start, TrainingStep

SECONDS_BETWEEN_FRAMES = 0.1  # of the bar; drawing it more often would cost training time

MARGIN = 13
MOST_SKIPPED = 10  # files that are named; the report has all
ENDINGS = {
    "done": ("finished", ""),
    "early stopping": ("stopped", ", for validation got no better"),
    "interrupted": ("interrupted", ""),
}
INPUTS = {  # what a person may predict, by the kind of data
    "image": ("PICTURE ...", "what it sees in pictures of your own"),
    "signal": ("FILE ...", "what it says of signals of your own"),
    "volume": ("FILE ...", "what it sees in volumes of your own"),
    "sequence": ("TABLE", "what it expects after the newest rows"),
}


class EpochLine(NamedTuple):
    """What the line of an epoch is made of."""

    epoch: Epoch
    left: float  # seconds until the end, if it goes on like this


def _loss(loss: float | None) -> str:
    """All digits in one place from epoch to epoch, but for a training that went astray."""
    return f"{loss:.4f}" if loss is not None and loss < 1000 else number(loss)


class Column(NamedTuple):
    """One figure in the line of an epoch."""

    title: str
    width: int
    text: Callable[[EpochLine], str]


COLUMNS = (
    Column("epoch", 5, lambda line: f"{line.epoch.number}"),
    Column("train loss", 10, lambda line: _loss(line.epoch.train_loss)),
    Column("val loss", 8, lambda line: _loss(line.epoch.val_loss)),
    Column("val acc", 8, lambda line: percent(line.epoch.val_accuracy)),
    Column("balanced", 8, lambda line: percent(line.epoch.val_balanced_accuracy)),
    Column("lr", 8, lambda line: number(line.epoch.lr, 2)),
    Column("samples/s", 9, lambda line: f"{line.epoch.samples_per_second or 0:,.0f}"),
    Column("time", 6, lambda line: duration(line.epoch.seconds + (line.epoch.val_seconds or 0))),
    Column("left", 6, lambda line: duration(line.left)),
    Column("best", 4, lambda line: "★" if line.epoch.best else ""),
)


STARS = {  # by what the best epoch is chosen
    "accuracy": "validation accuracy (a standard error less is as good)",
    "balanced": "balanced validation accuracy (a standard error less is as good)",
    "loss": "validation loss",
}
NO_VALIDATION = "; the last epoch is kept: without validation samples nobody knows the best one"
REFITTED = "; the last epoch is kept, which has learnt the validation samples too"


class Terminal:
    """Shows every event of a training; a context, so that the bar never outlives an error."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self.console = console
        self.quiet = quiet
        self.start = Start(0, 0, 0, 0, "", "", 0)
        self.path = Path()
        self.step = 0  # at which the running epoch, or this process, began
        self.drawn = 0.0
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[figures]}"),
            console=console,
            auto_refresh=False,  # a refreshing thread would take a core from training
            transient=True,
            disable=quiet or not console.is_terminal,
        )
        self.running: TaskID | None = None
        self.hidden = {"balanced"}  # columns
        self.best_by = "accuracy"
        self.validates = True
        self.refits = False

    def __enter__(self) -> Self:
        """Nothing is drawn before training starts."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away."""
        self.bar.stop()

    @property
    def columns(self) -> list[Column]:
        """Those that have something to say."""
        return [column for column in COLUMNS if column.title not in self.hidden]

    def say(self, text: str, *, style: str | None = None) -> None:
        """Print a line, above the bar if there is one."""
        if not self.quiet:
            self.console.print(
                printable(text), style=style, markup=False, highlight=False, emoji=False, soft_wrap=True
            )

    def tell(self, what: str, *lines: str, style: str | None = None) -> None:
        """Print lines beside one word in the margin."""
        for place, line in enumerate(lines):
            self.say(f"{'' if place else what:<{MARGIN}}{line}", style=style)

    @singledispatchmethod
    def show(self, event: Event | Loaded | Created | Judged) -> None:
        """Show one event; those that say nothing to a person (a checkpoint) pass in silence."""

    @show.register
    def _(self, event: Loaded) -> None:
        data = event.dataset
        self.validates = len(data.parts["val"]) > 0
        if data.regression:
            self.hidden, self.best_by = {"val acc", "balanced"}, "loss"
        if not self.validates:
            self.hidden = {"val loss", "val acc", "balanced", "best"}
        parts = ", ".join(f"{name} {len(rows):,}" for name, rows in data.parts.items())
        shape = show(tuple(data.inputs.shape[1:]))
        said = f"values of {data.classes[0]}" if data.regression else f"{len(data.classes)} classes"
        what = f"{data.source}: {said}, samples of {shape}; {parts}"
        self.tell("data", what, *data.remarks)
        more = len(data.skipped) - MOST_SKIPPED
        skipped = [f"{file}: {reason}" for file, reason in data.skipped[:MOST_SKIPPED]]
        skipped += [f"… and {more:,} more; convscope check --all names them"] if more > 0 else []
        self.tell("left out", *skipped, style="yellow")
        self.tell("warning", *event.remarks, style="yellow")

    @show.register
    def _(self, event: Created) -> None:
        self.path, self.refits = event.path, bool(event.settings.training.refit)
        self.best_by = event.settings.training.best_by or self.best_by
        if self.best_by == "balanced" and self.validates:
            self.hidden = {"val acc"}
        self.tell("run", str(event.path))
        self.tell("network", event.settings.network.name)
        self.tell("chosen", *event.reasons)

    @show.register
    def _(self, event: Start) -> None:
        self.start = event
        self.step = event.step
        count = "1 thread" if event.threads == 1 else f"{event.threads} threads"
        threads = f" with {count}" if event.device == "cpu" else ""
        machine = f"{event.precision} on {event.device}{threads}"
        star = [f"★: the best epoch so far by {STARS[self.best_by]}"] if self.validates else []
        self.tell("training", f"{event.parameters:,} parameters, {event.steps:,} steps, {machine}", *star)
        self.say("")
        self.say("  ".join(column.title.rjust(column.width) for column in self.columns).rstrip())
        self.bar.start()
        self.running = self.bar.add_task("", total=event.steps_per_epoch, figures="")

    @show.register
    def _(self, event: TrainingStep) -> None:
        self.draw(event, f"epoch {event.epoch}")

    def draw(self, event: TrainingStep, what: str) -> None:
        """Move the bar of the running epoch, now and then."""
        now = time.monotonic()
        if self.running is None or self.bar.disable or now - self.drawn < SECONDS_BETWEEN_FRAMES:
            return
        self.drawn = now
        self.bar.update(
            self.running,
            completed=(event.step - 1) % self.start.steps_per_epoch + 1,
            description=what,
            figures=f"loss {_loss(event.loss)}, {event.samples_per_second:,.0f} samples/s",
            refresh=True,
        )

    @show.register
    def _(self, event: Epoch) -> None:
        made = max(1, event.step - self.step)  # none where a resumed training only closes an epoch
        seconds_a_step = (event.seconds + (event.val_seconds or 0)) / made
        left = seconds_a_step * (self.start.steps - event.step)
        self.step = event.step
        cells = (column.text(EpochLine(event, left)).rjust(column.width) for column in self.columns)
        self.say("  ".join(cells).rstrip(), style="bold" if event.best and self.validates else None)

    @show.register
    def _(self, event: Notice) -> None:
        self.tell("warning", event.text, style="yellow")

    @show.register
    def _(self, event: Finished) -> None:
        self.bar.stop()
        self.say("")
        what, why = ENDINGS[event.reason]
        judged = event.best_epoch and self.validates
        best = (
            f"; kept: epoch {event.best_epoch}, the last ★"
            if judged
            else ""
            if self.validates
            else NO_VALIDATION
        )
        best = REFITTED if self.refits and event.reason == "done" else best
        self.tell(what, f"after {passes(event.epochs)}{why}, {duration(event.seconds)}{best}")
        if event.reason == "interrupted" and not event.best_epoch:  # nothing to judge yet
            self.tell("next", _resume(self.path))

    @show.register
    def _(self, event: Judged) -> None:
        hints, self.quiet = not self.quiet, False  # the result is for the quiet, too
        found = event.evaluation
        self.tell(event.part, *found.headline(), *found.baselines())
        self.tell("report", str(event.report))
        self.tell("run", str(event.run.path))
        if hints:
            self.tell("next", *_next(event.run))


def _resume(path: Path) -> str:
    return f"{program()} train --resume {name_of(path)}"


def name_of(path: Path) -> str:
    """What to type for a run that was just written."""
    return "latest" if path.parent == Path("runs").absolute() else str(path)


def _next(run: Run) -> list[str]:
    """Commands that a person may want now."""
    name = name_of(run.path)
    if not run.finished:
        return [_resume(run.path)]
    return explained_commands(
        {f"{program()} evaluate {name}": "what it gets right and wrong, one by one"} | predicting(run, name)
    )


def predicting(run: Run, name: str) -> dict[str, str]:
    """The command that predicts with a run, and what it is for."""
    what, why = INPUTS[run.settings.facts.kind]
    return {f"{program()} predict {name} {what}": why}


def explained_commands(commands: Mapping[str, str]) -> list[str]:
    """A line a command, aligned with what each is for."""
    width = max(map(len, commands))
    return [f"{command:<{width}}  {reason}" for command, reason in commands.items()]
