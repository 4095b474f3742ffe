"""Whether cost grows faster than the data: time and memory of commands on each kind of data, at three sizes.

python benchmarks/growth.py                          # 1, 3 and 10 times
python benchmarks/growth.py --quick                  # a tenth of it
python benchmarks/growth.py --questions "check frames" "look signals"

Each measurement is a process of its own; what must be trained before is not measured. The exponent is that of
what is added from size to size: 1 where twice the samples more cost twice the time more. Seconds are the
processor's, after imports of torch. `report` makes evaluation.json and report.html again, `look` opens a run
and asks all that its pages show; KiB are what these two give.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from math import log
from pathlib import Path
from shutil import copytree

import measure
import numpy as np
from measure import Record
from PIL import Image

TIMES = (1, 3, 10)
LIMIT = 1.15  # an exponent above is a fault to find


# The data: each makes `count` samples in a folder, and gives their path and the options that they need.


def frames(folder: Path, count: int) -> list[str]:
    """Pictures of a still camera: all nearly the same."""
    coarse = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    scene = np.asarray(Image.fromarray(coarse).resize((64, 64)), float)
    _pictures(folder, count, lambda random: scene + random.normal(0, 3, scene.shape))
    return [str(folder)]


def pictures(folder: Path, count: int) -> list[str]:
    """Small pictures, each another."""
    _pictures(folder, count, lambda random: random.integers(0, 256, (16, 16)))
    return [str(folder)]


def classes(folder: Path, count: int) -> list[str]:
    """Small pictures, ten a class: many classes."""
    _pictures(folder, count, lambda random: random.integers(0, 256, (8, 8)), max(2, count // 10))
    return [str(folder)]


def copies(folder: Path, count: int) -> list[str]:
    """Pictures of which each is there twice: many groups of equal ones."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (count // 2, 8, 8), dtype=np.uint8).repeat(2, axis=0)
    np.savez(folder / "x.npz", x=pixels, y=np.arange(len(pixels)) % 2)
    return [str(folder / "x.npz")]


def signals(folder: Path, count: int) -> list[str]:
    """A table with a signal of 200 values a row."""
    values = np.random.default_rng(0).normal(size=(count, 200))
    return [str(_waves(folder, values))]


def columns(folder: Path, count: int) -> list[str]:
    """A table of 100 rows with so many columns."""
    values = np.random.default_rng(0).normal(size=(100, count))
    return [str(_waves(folder, values))]


def recordings(folder: Path, count: int) -> list[str]:
    """A table of recordings of 20 rows each, told apart by a column."""
    values = np.random.default_rng(0).normal(size=(20 * count, 2))
    lines = ([i // 20, "ab"[i // 20 % 2], *row] for i, row in enumerate(values))
    table = _table(folder / "s.csv", ["recording", "label", "x", "y"], lines)
    return [str(table), "--sample", "recording"]


def sequence(folder: Path, count: int) -> list[str]:
    """A table with a row an hour, of three columns."""
    return [str(_dated(folder, count, 1)), "--target", "x0", "--window", "4"]


def series(folder: Path, count: int) -> list[str]:
    """The same of many series, 50 hours each."""
    words = ["--target", "x0", "--window", "4", "--series", "place"]
    return [str(_dated(folder, count, max(2, count // 50))), *words]


def groups(folder: Path, count: int) -> list[str]:
    """A table with a short signal a row, two rows a person."""
    values = np.random.default_rng(0).normal(size=(count, 20))
    lines = ([f"p{i // 2}", "ab"[i // 2 % 2], *row] for i, row in enumerate(values))
    names = ["person", "label", *(f"t{place}" for place in range(20))]
    return [str(_table(folder / "s.csv", names, lines)), "--group", "person"]


def runs(folder: Path, count: int) -> list[str]:
    """A folder of runs, all copies of one."""
    made = trained(["digits"], folder / "runs")
    for number in range(count - 1):
        copytree(made, folder / "runs" / f"copy_{number}")
    return [made]


# The commands: each gives the words that are run, from the data's; it may train before.


def check(given: list[str], runs: Path) -> list[str]:  # noqa: ARG001
    return ["check", *given]


def train(given: list[str], runs: Path) -> list[str]:
    words = ["--epochs", "0.01", "--network", "plain", "--threads", "1", "--runs", str(runs)]
    return ["train", *given, *words]


def evaluate(given: list[str], runs: Path) -> list[str]:
    return ["evaluate", trained(given, runs)]


def predict(given: list[str], runs: Path) -> list[str]:
    return ["predict", trained(given, runs), given[0]]


def report(given: list[str], runs: Path) -> list[str]:
    return ["report", trained(given, runs)]


def look(given: list[str], runs: Path) -> list[str]:
    return ["look", trained(given, runs)]


def list_runs(given: list[str], runs: Path) -> list[str]:  # noqa: ARG001
    return ["runs", "--runs", str(Path(given[0]).parent)]


def look_at_runs(given: list[str], runs: Path) -> list[str]:  # noqa: ARG001
    return ["look", given[0]]


def trained(given: list[str], runs: Path) -> str:
    """A run on these data; not measured."""
    measure.child(__file__, "--one", json.dumps(train(given, runs)), threads=1)
    return str((runs / "latest").resolve())


def _pictures(
    folder: Path, count: int, draw: Callable[[np.random.Generator], np.ndarray], classes: int = 2
) -> None:
    for number in range(count):
        inner = folder / f"class {number % classes}"
        inner.mkdir(exist_ok=True)
        pixels = np.clip(draw(np.random.default_rng(number)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(inner / f"{number}.png")


def _dated(folder: Path, count: int, places: int) -> Path:
    values, each = np.random.default_rng(0).normal(size=(count, 3)), -(-count // places)
    times = np.datetime64("2000-01-01T00") + np.arange(each) * np.timedelta64(1, "h")
    lines = ([times[i % each], f"p{i // each}", *row] for i, row in enumerate(values))
    return _table(folder / "s.csv", ["date", "place", "x0", "x1", "x2"], lines)


def _waves(folder: Path, values: np.ndarray) -> Path:
    names = ["label", *(f"t{place}" for place in range(values.shape[1]))]
    return _table(folder / "s.csv", names, (["ab"[i % 2], *row] for i, row in enumerate(values)))


def _table(path: Path, header: Sequence[str], rows: Iterable) -> Path:
    with path.open("w") as file:
        file.write(",".join(header) + "\n")
        for row in rows:
            cells = (f"{cell:.9g}" if isinstance(cell, float) else str(cell) for cell in row)
            file.write(",".join(cells) + "\n")
    return path


DATA: dict[str, tuple[Callable[[Path, int], list[str]], int]] = {
    "frames": (frames, 1_000),
    "pictures": (pictures, 2_000),
    "classes": (classes, 500),
    "copies": (copies, 10_000),
    "signals": (signals, 3_000),
    "columns": (columns, 1_000),
    "groups": (groups, 3_000),
    "recordings": (recordings, 2_000),
    "sequence": (sequence, 30_000),
    "series": (series, 30_000),
    "runs": (runs, 50),
}  # name → what makes the data, and how many samples once are
COMMANDS: dict[str, tuple[Callable[[list[str], Path], list[str]], tuple[str, ...]]] = {
    "check": (
        check,
        ("frames", "pictures", "signals", "columns", "groups", "recordings", "sequence", "series"),
    ),
    "train": (train, ("classes", "copies", "groups")),
    "evaluate": (evaluate, ("pictures", "signals", "sequence", "series")),
    "predict": (predict, ("pictures", "signals", "sequence", "series")),
    "report": (report, ("pictures", "classes", "signals", "sequence")),
    "look": (look, ("pictures", "classes", "signals", "columns", "groups", "sequence")),
    "list": (list_runs, ("runs",)),
    "look at": (look_at_runs, ("runs",)),
}  # name → its words, and the data that it is asked on
QUESTIONS = {f"{command} {of}": (command, of) for command, (_, every) in COMMANDS.items() for of in every}
PAGES = ("session", "graph", "samples", "samples?which=wrong", "results", "runs")  # what `look` asks


def one(words: list[str]) -> Record:
    """Run a command in this process: the processor's seconds, and the peak of memory, without imports."""
    import torch  # noqa: F401 - is not what is measured

    from convscope.cli import main

    own = {"report": _report, "look": _look}
    before, began = measure.memory("VmRSS"), _cpu()
    if words[0] in own:
        given = own[words[0]](words[1])
        return {"seconds": _cpu() - began, "mib": measure.memory() - before, "kib": given / 1024}
    sys.argv = ["convscope", *words]
    code = 0
    try:
        main()  # what it prints comes before the record
    except SystemExit as stop:
        code = stop.code
    if code:
        raise SystemExit(code)
    return {"seconds": _cpu() - began, "mib": measure.memory() - before}


def _report(run: str) -> int:
    """Bytes of what is written."""
    from convscope import load

    written = load(run).report()
    return sum(file.stat().st_size for file in (written, written.parent / "evaluation.json"))


def _look(run: str) -> int:
    """Bytes of the messages."""
    from convscope.web.dispatch import answer
    from convscope.web.messages import GET
    from convscope.web.messages.numbers import encoded
    from convscope.web.subject import session_of

    session = session_of(run)
    session.begin()
    return sum(len(encoded(answer(GET, session, page), session.values.name)) for page in PAGES)


def _cpu() -> float:
    """Seconds of the processor, with those of processes that have ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def ask(name: str, scale: float) -> list[Record]:
    """What a question costs at each size."""
    command, of = QUESTIONS[name]
    (words, _), (make, count) = COMMANDS[command], DATA[of]
    records = []
    with tempfile.TemporaryDirectory() as home:
        os.environ["CONVSCOPE_CACHE"] = f"{home}/cache"
        for times in TIMES:
            folder = Path(home) / str(times)
            folder.mkdir()
            size = max(4, int(scale * count * times))
            asked = words(make(folder, size), Path(home) / f"runs of {times}")
            found = measure.child(__file__, "--one", json.dumps(asked), threads=1)
            records.append(found | {"size": size, "what": name})
    return records


def line(records: Sequence[Record]) -> list[str]:
    """A row of the table: what, sizes, seconds, memory, exponents."""
    slope = [
        _exponent([each["size"] for each in records], [each[field] for each in records])
        for field in ("seconds", "mib")
    ]
    seconds = " / ".join(f"{each['seconds']:.1f}" for each in records)
    mib = " / ".join(f"{each['mib']:.0f}" for each in records)
    sizes = " / ".join(f"{each['size']:,}" for each in records)
    time_grows, memory_grows = (f"{each:.2f}{' (!)' if each > LIMIT else ''}" for each in slope)
    kib = " / ".join(f"{each['kib']:,.0f}" for each in records if "kib" in each)
    return [records[0]["what"], sizes, seconds, time_grows, mib, memory_grows, kib]


def _exponent(sizes: Sequence[int], costs: Sequence[float]) -> float:
    """Of what is added from size to size: what is there for nothing, such as imports, does not count."""
    more = [max(after - before, 1e-2) for before, after in pairwise(costs)]
    steps = [after - before for before, after in pairwise(sizes)]
    return log(more[1] / more[0]) / log(steps[1] / steps[0])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--questions", nargs="+", choices=QUESTIONS, default=list(QUESTIONS))
    parser.add_argument("--quick", action="store_true", help="a tenth of the samples")
    parser.add_argument("--json", type=Path, help="keep everything that was measured in this file")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(one(json.loads(args.one))))
        return
    every, lines = [], []
    for name in args.questions:
        records = ask(name, 0.1 if args.quick else 1)
        every += records
        lines.append(line(records))
        print(*lines[-1], sep="  ", flush=True)
    text = measure.table(["what", "samples", "CPU s", "exponent", "peak MiB", "exponent", "KiB"], lines)
    measure.report(measure.machine(1), text, every, args.json)


if __name__ == "__main__":
    main()
