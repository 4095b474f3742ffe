"""How long work says how far it is: a bar on a terminal, else a plain line now and then; always on stderr."""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
SECONDS_BEFORE_BAR, SECONDS_BETWEEN_FRAMES, SECONDS_BETWEEN_LINES = 1.0, 0.1, 5.0


def track(
    items: Iterable[Item],
    what: str,
    total: int | None,
    unit: str = "files",
    weight: Callable[[Item], int] = lambda _: 1,
) -> Iterator[Item]:
    """Pass `items` on and show how many of `total` are done; None: nobody knows.

    Nothing is shown for work that ends within a second. `weight` says for how many an item counts.

    >>> list(track([1, 2, 3], "decoding", total=3))
    [1, 2, 3]
    """
    if redraws():
        yield from _bar(items, what, total, unit, weight)
    else:
        yield from _lines(items, what, total, unit, weight)


def redraws() -> bool:
    """Whether stderr is a terminal that can draw a line anew, which a dumb one cannot."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _bar(
    items: Iterable[Item], what: str, total: int | None, unit: str, weight: Callable[[Item], int]
) -> Iterator[Item]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
    )
    progress = Progress(*columns, console=Console(stderr=True), transient=True)
    task, last = progress.add_task(what, total=total), time.monotonic()
    done, wait = 0, SECONDS_BEFORE_BAR
    try:
        for item in items:
            yield item
            done += weight(item)
            now = time.monotonic()
            if now - last > wait:
                progress.update(task, completed=done)
                progress.start()
                last, wait = now, SECONDS_BETWEEN_FRAMES
    finally:
        progress.stop()


def _lines(
    items: Iterable[Item], what: str, total: int | None, unit: str, weight: Callable[[Item], int]
) -> Iterator[Item]:
    done, last = 0, time.monotonic()
    for item in items:
        yield item
        done += weight(item)
        now = time.monotonic()
        if now - last > SECONDS_BETWEEN_LINES:
            last = now
            of = "" if total is None else f" of {total:,}"
            sys.stderr.write(f"{what}: {done:,}{of} {unit}\n")
            sys.stderr.flush()
