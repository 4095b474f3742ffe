"""What every benchmark here shares: fresh processes, round after round, medians, tables, and the machine.

A benchmark runs each way in a process of its own, and all ways once before any of them a second time. So what
else the machine does meanwhile hits all of them alike, and ratios hold where seconds do not.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from statistics import median

SPAWNED = "BENCHMARK_SPAWNED"  # when this process was asked for, seconds of the system's monotonic clock
Record = dict  # what one process measured: plain numbers and text, ready for JSON


def child(script: str, *options: object, threads: int = 2) -> Record:
    """Run a script of this folder in a fresh process; its last line of output is its record as JSON."""
    environment = os.environ | {
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        SPAWNED: repr(time.monotonic()),
    }
    command = [sys.executable, script, *map(str, options)]
    before = os.getloadavg()[0]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-4000:]}")
    return json.loads(done.stdout.splitlines()[-1]) | {"load": [before, os.getloadavg()[0]]}


def rounds(ways: Sequence[str], repetitions: int, run: Callable[[str, int], Record]) -> Iterator[Record]:
    """All ways once, then all ways again …; says on the error stream where it is."""
    for repetition in range(repetitions):
        for way in ways:
            record = run(way, repetition) | {"way": way, "repetition": repetition}
            print(f"round {repetition + 1} of {repetitions}: {way}, load {record['load']}", file=sys.stderr)
            yield record


@contextmanager
def phase(record: Record, name: str) -> Iterator[None]:
    """Add the seconds, and the processor's seconds, that a piece of work takes to the record."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    record[name] = record.get(name, 0.0) + time.perf_counter() - wall
    record[f"{name}_cpu"] = record.get(f"{name}_cpu", 0.0) + time.process_time() - cpu


def begin() -> Record:
    """First thing in a fresh process: import torch, and note how long start and imports took."""
    record: Record = {"start": time.monotonic() - float(os.environ.get(SPAWNED, "nan"))}
    with phase(record, "imports"):
        import torch

        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    record["torch_mib"] = memory("VmRSS")
    return record


def memory(what: str = "VmHWM") -> float:
    """MiB of memory that this process holds (VmRSS) or has held at most (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024


def middle(records: Sequence[Record], field: str) -> float:
    """The median of one field."""
    return median(record[field] for record in records)


def ratio(reference: Sequence[Record], mine: Sequence[Record], *fields: str) -> float:
    """How many times as long the reference took: the median over the rounds, each round by itself."""
    pairs = zip(reference, mine, strict=True)
    return median(sum(a[f] for f in fields) / sum(b[f] for f in fields) for a, b in pairs)


def of(records: Sequence[Record], way: str) -> list[Record]:
    """What one way measured."""
    return [record for record in records if record["way"] == way]


def mnist() -> Path | None:
    """Where the four gzipped files of MNIST are, if the environment says so."""
    home = os.environ.get("CONVSCOPE_DATA")
    return Path(home) / "mnist" if home else None


def machine(threads: int) -> Record:
    """Where this was measured."""
    import torch

    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "date": date.today().isoformat(),
        "processor": names[0].split(":")[1].strip() if names else "unknown",
        "cores": len(os.sched_getaffinity(0)),
        "threads": threads,
        "torch": torch.__version__,
        "bf16_in_hardware": torch.cpu._is_amx_tile_supported(),
    }


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lines of Markdown, aligned: the first column left, the others right."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = [head, *rows]
    cells = [
        [
            cell.ljust(width) if not at else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        for line in lines
    ]
    rule = ["-" * width if not at else "-" * (width - 1) + ":" for at, width in enumerate(widths)]
    return "\n".join("| " + " | ".join(line) + " |" for line in (cells[0], rule, *cells[1:]))


def report(facts: Record, text: str, records: Sequence[Record], path: Path | None) -> None:
    """Print the result, and keep everything that was measured as JSON where that is wanted."""
    loads = [load for record in records for load in record.get("load", ())]
    where = ", ".join(f"{name} {value}" for name, value in facts.items())
    print(f"{text}\n\n{where}; load {min(loads):.1f} … {max(loads):.1f}" if loads else f"{text}\n\n{where}")
    if path:
        path.write_text(json.dumps({"machine": facts, "records": list(records)}, indent=1) + "\n")
