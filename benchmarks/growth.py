"""Whether cost grows faster than the data: time and memory of commands on each kind of data, at three sizes.

python benchmarks/growth.py                          # 1, 3 and 10 times
python benchmarks/growth.py --quick                  # a tenth of it
python benchmarks/growth.py --questions frames signals

Each measurement is a process of its own. The exponent is that of what is added from size to size: 1 where
twice the samples more cost twice the time more. Seconds are the processor's, after imports of torch.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from math import log
from pathlib import Path

import measure
import numpy as np
from measure import Record
from PIL import Image

TIMES = (1, 3, 10)
LIMIT = 1.15  # an exponent above is a fault to find


# The data: each makes `count` samples in a folder, and gives the words of the command to run on them.


def frames(folder: Path, count: int) -> list[str]:
    """Pictures of a still camera: all nearly the same."""
    coarse = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    scene = np.asarray(Image.fromarray(coarse).resize((64, 64)), float)
    _pictures(folder, count, lambda random: scene + random.normal(0, 3, scene.shape))
    return ["check", str(folder)]


def pictures(folder: Path, count: int) -> list[str]:
    """Small pictures, each another."""
    _pictures(folder, count, lambda random: random.integers(0, 256, (16, 16)))
    return ["check", str(folder)]


def classes(folder: Path, count: int) -> list[str]:
    """Small pictures, ten a class: many classes."""
    _pictures(folder, count, lambda random: random.integers(0, 256, (8, 8)), max(2, count // 10))
    return _train(folder)


def copies(folder: Path, count: int) -> list[str]:
    """Pictures of which each is there twice: many groups of equal ones."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (count // 2, 8, 8), dtype=np.uint8).repeat(2, axis=0)
    np.savez(folder / "x.npz", x=pixels, y=np.arange(len(pixels)) % 2)
    return _train(folder / "x.npz")


def signals(folder: Path, count: int) -> list[str]:
    """A table with a signal of 200 values a row."""
    values = np.random.default_rng(0).normal(size=(count, 200))
    return ["check", str(_waves(folder, values))]


def columns(folder: Path, count: int) -> list[str]:
    """A table of 100 rows with so many columns."""
    values = np.random.default_rng(0).normal(size=(100, count))
    return ["check", str(_waves(folder, values))]


def recordings(folder: Path, count: int) -> list[str]:
    """A table of recordings of 20 rows each, told apart by a column."""
    values = np.random.default_rng(0).normal(size=(20 * count, 2))
    lines = ([i // 20, "ab"[i // 20 % 2], *row] for i, row in enumerate(values))
    table = _table(folder / "s.csv", ["recording", "label", "x", "y"], lines)
    return ["check", str(table), "--sample", "recording"]


def sequence(folder: Path, count: int) -> list[str]:
    """A table with a row an hour, of three columns."""
    return ["check", str(_dated(folder, count, 1)), "--target", "x0", "--window", "4"]


def series(folder: Path, count: int) -> list[str]:
    """The same of many series, 50 hours each."""
    words = ["--target", "x0", "--window", "4", "--series", "place"]
    return ["check", str(_dated(folder, count, max(2, count // 50))), *words]


def runs(folder: Path, count: int) -> list[str]:
    """A folder of runs, all copies of one."""
    from shutil import copytree

    from convscope import train

    made = train("digits", epochs=0.01, runs=folder / "runs", threads=1)
    for number in range(count - 1):
        copytree(made.path, folder / "runs" / f"copy_{number}")
    return ["runs", "--root", str(folder / "runs")]


def _train(source: Path) -> list[str]:
    words = ["train", str(source), "--epochs", "0.01", "--network", "plain", "--threads", "1"]
    return [*words, "--runs", str(source.parent / f"runs of {source.name}")]


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


QUESTIONS: dict[str, tuple[Callable[[Path, int], list[str]], int]] = {
    "frames": (frames, 1_000),
    "pictures": (pictures, 2_000),
    "classes": (classes, 500),
    "copies": (copies, 10_000),
    "signals": (signals, 3_000),
    "columns": (columns, 1_000),
    "recordings": (recordings, 2_000),
    "sequence": (sequence, 30_000),
    "series": (series, 30_000),
    "runs": (runs, 50),
}  # name → what makes the data, and how many samples once are


def one(words: list[str]) -> Record:
    """Run a command in this process: the processor's seconds, and the peak of memory, without imports."""
    import torch  # noqa: F401 - is not what is measured

    from convscope.cli import main

    sys.argv = ["convscope", *words]
    before, began = measure.memory("VmRSS"), time.process_time()
    code = 0
    try:
        main()  # what it prints comes before the record
    except SystemExit as stop:
        code = stop.code
    if code:
        raise SystemExit(code)
    return {"seconds": time.process_time() - began, "mib": measure.memory() - before}


def ask(name: str, scale: float) -> list[Record]:
    """What a question costs at each size."""
    make, count = QUESTIONS[name]
    records = []
    with tempfile.TemporaryDirectory() as home:
        os.environ["CONVSCOPE_CACHE"] = f"{home}/cache"
        for times in TIMES:
            folder = Path(home) / str(times)
            folder.mkdir()
            size = max(4, int(scale * count * times))
            words = make(folder, size)
            records.append(measure.child(__file__, "--one", json.dumps(words)) | {"size": size, "what": name})
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
    return [records[0]["what"], sizes, seconds, time_grows, mib, memory_grows]


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
    text = measure.table(["what", "samples", "CPU s", "exponent", "peak MiB", "exponent"], lines)
    measure.report(measure.machine(2), text, every, args.json)


if __name__ == "__main__":
    main()
