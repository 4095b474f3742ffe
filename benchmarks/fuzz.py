"""Damaged files of every form, through every door: each is read, or refused with a sentence.

python -m benchmarks.fuzz 10000                 # so many files
python -m benchmarks.fuzz 2000 --only WFDB TSV  # of these forms
python -m benchmarks.fuzz 1 --at 1234           # that one alone, with its traceback

Raw is: an error that is none of ours, or whose words are a library's; a crash; more than SLOW
seconds of the processor; more than LARGE bytes above what a process takes anyway; anything printed (but
progress, and by libraries in C, which cannot be told to be quiet); a temporary file left behind.
"""

import argparse
import gc
import multiprocessing
import os
import re
import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import torch

from benchmarks.fuzz_archives import ESCAPED
from benchmarks.fuzz_doors import DOORS, Prepared

SLOW, LARGE, HANGS = 10, 2**30, 120  # seconds of the processor, bytes, seconds until a process is given up
RAW_WORDS = re.compile(
    r"object has no attribute|Errno|<class '|Traceback|did not expect|NoneType|object at 0x"
)
NOTES = re.compile(
    rb"(Training of .* has not finished: |Note: |Warning: Xing|decoding: |.*libmpg123|tempfile.tif: |"
    rb"LZWDecode: |\n).*\n?"
)
READ, REFUSED, RAW = "read", "refused", "raw"


class Verdict(NamedTuple):
    """What became of one damaged file."""

    at: int
    form: str
    damage: str
    file: str
    result: str
    words: str = ""


# ---- before: whole data sets and their runs


def prepared(home: Path, only: Sequence[str]) -> list[Prepared]:
    """Write every data set and train on it."""
    from benchmarks.fuzz_seeds import DATA

    made = []
    for name, seed in DATA.items():
        if only and name not in only:
            continue
        root = home / name.replace("/", " ")
        (root / "set").mkdir(parents=True)
        source = seed.make(root / "set")
        below = root if seed.doors == "data" else source.parent if source.is_file() else source
        files = sorted(path for path in below.rglob("*") if path.is_file())
        run = _run(root, source, seed.settings) if seed.doors == "data" else None
        made.append(Prepared(name, root / "set", source, files, dict(seed.settings), seed.doors, run))
    return made


def _run(root: Path, source: Path, settings: dict[str, Any]) -> Path:
    """A trained network; nobody needs its report."""
    from convscope import recipe
    from convscope.training.events import Finished

    network = "gru" if "target" in settings else "compact"
    short = {"epochs": 0.5, "batch": 8, "threads": 1, "val": 0.2, "test": 0.2}
    plan = recipe.plan(source, network=network, runs=root / "runs", **short, **settings)
    with closing(recipe.stream(plan)) as events:
        path = next(event.path for event in events if isinstance(event, recipe.Created))
        next(event for event in events if isinstance(event, Finished))
    return path


# ---- one file


def through(one: Prepared, at: int, seed: int, work: Path) -> Iterator[tuple[str, str, str]]:
    """Damage a file of a form, and open it by every door: (damage, door, what was wrong)."""
    from benchmarks.fuzz_damage import damaged, resealed

    draw = Random(f"{seed} {at}")
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(one.root, work, symlinks=True)
    file = work / draw.choice(one.files).relative_to(one.root)
    damage, content = damaged(file.read_bytes(), draw)
    file.write_bytes(content)
    source = work / one.source.relative_to(one.root)
    if one.doors == "run" and draw.random() < 0.5 and resealed(source, file):
        damage += ", sealed"
    doors = DOORS[one.doors]
    for door in doors:
        began, before = time.process_time(), _memory()
        words = _tried(lambda door=door: doors[door](one, source, file))
        if not words.startswith(RAW) and time.process_time() - began > SLOW:
            words = f"{RAW}: {time.process_time() - began:.0f} s"
        if not words.startswith(RAW) and _memory() - before > LARGE:
            words = f"{RAW}: {(_memory() - before) / 2**20:.0f} MiB"
        yield damage, f"{door}: {file.relative_to(work)}", words


def _tried(do: Callable[[], object]) -> str:
    from convscope.errors import ConvscopeError

    try:
        do()
    except ConvscopeError as error:
        words = str(error)
        return f"{RAW}: {words[:300]}" if RAW_WORDS.search(words) or len(words) > 5000 else REFUSED
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        place = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in place if "convscope/" in frame.filename] or place
        if os.environ.get("FUZZ_DEBUG"):
            traceback.print_exc()
        where = f"{Path(own[-1].filename).name}:{own[-1].lineno}"
        return f"{RAW}: {type(error).__name__}: {str(error)[:200]} at {where}"
    return READ


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


# ---- a process each, so that a crash is one


def work(line: Connection, forms: list[Prepared], seed: int, home: str) -> None:
    """Take numbers of files, tell what became of each."""
    place = Path(home) / str(os.getpid())
    temporary, printed = place / "tmp", place / "printed"
    temporary.mkdir(parents=True)
    os.environ |= {"TMPDIR": str(temporary), "CONVSCOPE_CACHE": str(place / "cache"), "OMP_NUM_THREADS": "1"}
    if not os.environ.get("FUZZ_DEBUG"):
        for stream in (1, 2):
            os.dup2(os.open(printed, os.O_CREAT | os.O_APPEND | os.O_WRONLY), stream)
    torch.set_num_threads(1)
    try:
        while (at := line.recv()) is not None:
            line.send(verdict(forms[at % len(forms)], at, seed, place))
            gc.collect()
            shutil.rmtree(place / "cache", ignore_errors=True)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def verdict(one: Prepared, at: int, seed: int, place: Path) -> Verdict:
    """What becomes of one file; `place` has a folder `tmp`, and a file of what was printed."""
    found, raw, named = [], [], ("", "")
    for damage, door, words in through(one, at, seed, place / "work"):
        named = damage, door.partition(": ")[2]
        found.append(words)
        if words.startswith(RAW):
            raw.append(f"{door}: {words}")
        if left := [path.name for path in (place / "tmp").iterdir()]:
            raw.append(f"{door}: left behind: {', '.join(left)[:100]}")
            shutil.rmtree(place / "tmp")
            (place / "tmp").mkdir()
        if escaped := _escaped(place):
            raw.append(f"{door}: unpacked to {escaped[0]}")
        printed = place / "printed"
        if printed.exists() and (said := NOTES.sub(b"", printed.read_bytes())):
            raw.append(f"{door}: printed: {said[:200]!r}")
            printed.write_bytes(b"")
    told = found[1:] if one.doors == "data" else found[:1]  # by itself: a folder goes on without one file
    result = RAW if raw else READ if READ in told else REFUSED
    return Verdict(at, one.name, *named, result, "\n    ".join(raw))


def _escaped(place: Path) -> list[Path]:
    """What left the folder `files` that an archive is unpacked to."""
    beyond = [Path(tempfile.gettempdir()) / ESCAPED, Path("/tmp") / ESCAPED, Path("/") / ESCAPED]
    return [each for each in (*beyond, *place.rglob(ESCAPED)) if "files" not in each.parts and each.exists()]


class Crew:
    """Processes that work, each with the file that it has."""

    def __init__(self, count: int, forms: list[Prepared], seed: int, home: Path) -> None:
        self.context = multiprocessing.get_context("spawn")
        self.given = forms, seed, str(home)
        self.forms = forms
        self.workers: dict[Connection, tuple[Any, int | None, float]] = {}
        for _ in range(count):
            self._hire()

    def _hire(self) -> None:
        ours, theirs = self.context.Pipe()
        process = self.context.Process(target=work, args=(theirs, *self.given), daemon=True)
        process.start()
        theirs.close()
        self.workers[ours] = process, None, 0.0

    def all(self, numbers: Iterator[int]) -> Iterator[Verdict]:
        """What became of each file."""
        for line in list(self.workers):
            self._give(line, numbers)
        while any(at is not None for _, at, _ in self.workers.values()):
            for line in wait(list(self.workers), timeout=5):
                assert isinstance(line, Connection)
                yield self._heard(line, numbers)
            for line, (process, at, since) in list(self.workers.items()):
                if at is not None and time.monotonic() - since > HANGS:
                    process.kill()
                    yield self._lost(line, at, f"hangs for {HANGS} s", numbers)
        for line, (process, _, _) in self.workers.items():
            line.send(None)
            process.join(10)

    def _give(self, line: Connection, numbers: Iterator[int]) -> None:
        process, at, now = self.workers[line][0], next(numbers, None), time.monotonic()
        self.workers[line] = process, at, now
        if at is not None:
            line.send(at)

    def _heard(self, line: Connection, numbers: Iterator[int]) -> Verdict:
        process, at, _ = self.workers[line]
        try:
            verdict = line.recv()
        except EOFError:
            assert at is not None
            process.join(10)
            return self._lost(line, at, f"crash, exit code {process.exitcode}", numbers)
        self._give(line, numbers)
        return verdict

    def _lost(self, line: Connection, at: int, words: str, numbers: Iterator[int]) -> Verdict:
        self.workers.pop(line)[0].join(10)
        line.close()
        self._hire()
        self._give(list(self.workers)[-1], numbers)
        return Verdict(at, self.forms[at % len(self.forms)].name, "", "", RAW, words)


def fuzz(
    numbers: Iterator[int], *, seed: int = 0, only: Sequence[str] = (), workers: int = 2
) -> Iterator[Verdict]:
    """Damage so many files, a form after the other, and tell what became of each."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as home:
        os.environ["CONVSCOPE_CACHE"] = f"{home}/cache"
        forms = prepared(Path(home) / "whole", only)
        yield from Crew(workers, forms, seed, Path(home)).all(numbers)


def table(verdicts: list[Verdict]) -> str:
    """A line a form: files, and how many were refused, read, raw."""
    counts = Counter((one.form, one.result) for one in verdicts)
    rows = [f"| {'form':34} | files | refused | read | raw |", "| --- | ---: | ---: | ---: | ---: |"]
    for form in [*dict.fromkeys(one.form for one in verdicts), "all"]:
        own = [(what, n) for (name, what), n in counts.items() if form in (name, "all")]
        found = [sum(n for what, n in own if what == each) for each in (REFUSED, READ, RAW)]
        rows.append(f"| {form:34} | {sum(found):,} | {found[0]:,} | {found[1]:,} | {found[2]:,} |")
    return "\n".join(rows)


def main() -> None:
    """Print the table, and every raw one."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("files", type=int, nargs="?", default=1000)
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--at", type=int, default=0, help="begin with this one")
    words.add_argument("--only", nargs="*", default=[])
    words.add_argument("--workers", type=int, default=2)
    given = words.parse_args()
    verdicts = []
    numbers = iter(range(given.at, given.at + given.files))
    with suppress(KeyboardInterrupt):  # the table of those so far
        for one in fuzz(numbers, seed=given.seed, only=given.only, workers=given.workers):
            verdicts.append(one)
            if one.result == RAW:
                print(f"{one.at} {one.form} {one.damage} {one.file}\n    {one.words}", flush=True)
    print(table(sorted(verdicts)))
    sys.exit(any(one.result == RAW for one in verdicts))


if __name__ == "__main__":
    main()
