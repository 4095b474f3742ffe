"""What a person sees while several networks train: a line for each of them, and what they say together."""

import time
from collections.abc import Callable, Iterator
from functools import singledispatchmethod

from rich.console import Console

from convscope.cli.show import duration, program
from convscope.cli.terminal import Terminal, explained_commands, name_of, predicting
from convscope.recipe import Created, Judged, Loaded
from convscope.repeating import Repeated, Told
from convscope.training.events import Finished, Notice, Start, TrainingStep, Turn


class RepeatedTerminal(Terminal):
    """Shows a study: what is the same for all trainings once, then a line for each."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        super().__init__(console, quiet=quiet)
        self.turn = Turn(0, 0, "")
        self.began = time.monotonic()
        self.made = 0  # trainings, by this process
        self.told: set[str] = set()

    def follow(self, events: Iterator[Told]) -> Repeated | None:
        """Show everything; gives what came out, or None where it was interrupted."""
        for event in events:
            self.hear(event)
            if isinstance(event, Repeated):
                return event
        self.bar.stop()
        self.tell("interrupted", f"in {self.turn}; what was learnt is saved")
        self.tell("next", f"{program()} train --resume {name_of(self.path.parent)}")
        return None

    @singledispatchmethod
    def hear(self, event: Told) -> None:
        """Show one event; those of a single epoch pass in silence."""

    @hear.register
    def _(self, event: Turn) -> None:
        self.turn = event
        if event.done:
            self.tell(str(self.turn), "done before")

    @hear.register
    def _(self, event: Loaded) -> None:
        self._once("data", lambda: self.show(event))

    @hear.register
    def _(self, event: Created) -> None:
        self.path = event.path
        self._once("created", lambda: self._created(event))

    @hear.register
    def _(self, event: Start) -> None:
        self.start = event
        self.bar.start()
        self.running = self.bar.add_task("", total=event.steps_per_epoch, figures="")

    @hear.register
    def _(self, event: TrainingStep) -> None:
        self.draw(event, f"{self.turn}, epoch {event.epoch}")

    @hear.register
    def _(self, event: Notice) -> None:
        self._once(event.text, lambda: self.tell("warning", event.text, style="yellow"))

    @hear.register
    def _(self, _: Finished) -> None:
        if self.running is not None:
            self.bar.remove_task(self.running)
        self.running = None

    @hear.register
    def _(self, event: Judged) -> None:
        if not event.run.finished:
            return
        self.made += 1
        spent = time.monotonic() - self.began
        left = spent / self.made * (self.turn.of - self.turn.number)
        more = f"; {duration(left)} left" if left else ""
        self.tell(str(self.turn), f"{event.evaluation.headline()[0]}  ({duration(spent / self.made)}{more})")

    @hear.register
    def _(self, found: Repeated) -> None:
        self.bar.stop()
        self.say("")
        hints, self.quiet = not self.quiet, False  # the result is for the quiet, too
        self.tell("result", found.headline(), *(found.notes() if hints else ()))
        self.tell("report", str(found.report))
        self.tell("study", str(found.path))
        if hints:
            first = found.trainings[0].run
            self.tell("next", *explained_commands(predicting(first, str(first.path))))

    def _created(self, event: Created) -> None:
        self.tell("study", str(event.path.parent))
        self.tell("network", event.settings.network.name)
        self.tell("chosen", *event.reasons)
        self.say("")

    def _once(self, what: str, tell: Callable[[], None]) -> None:
        if what not in self.told:
            self.told.add(what)
            tell()
