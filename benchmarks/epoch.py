"""One epoch of MNIST on the same network, with the same optimizer and batch, each way in turn.

python benchmarks/epoch.py                               # plain and strided, 5 rounds, 2 threads
python benchmarks/epoch.py --network plain --repetitions 1 --samples 6000 --threads 1
"""

import argparse
import gzip
import json
import tempfile
from functools import partial
from importlib import import_module
from pathlib import Path

import measure
from measure import Record, middle, of

WAYS = {  # name → module in ways/, what its `train` is told besides
    "tutorial": ("tutorial", {}),
    "keras": ("with_keras", {}),
    "skorch": ("with_skorch", {}),
    "lightning": ("with_lightning", {}),
    "lightning, extras off": ("with_lightning", {"extras": False}),
    "DataLoader": ("dataloader", {}),
    "tensors in memory": ("tensors", {}),
    "convscope": ("with_convscope", {}),
}
FIRST = 2000  # test pictures that the tutorials look at


def one(way: str, network: str, data: Path, seed: int, threads: int) -> Record:
    """Train in this process and judge the result."""
    record = measure.begin()
    module, options = WAYS[way]
    with measure.phase(record, "imports"):
        train = import_module(f"ways.{module}").train
        from ways.task import Task, read
    before = measure.memory()
    predict = train(Task(network, data, seed, threads), record, **options)
    record["memory_mib"] = measure.memory() - record["torch_mib"]
    record["memory_imports_mib"] = before - record["torch_mib"]
    pictures, labels = read(data, "t10k")
    right = predict(pictures) == labels
    return record | {"first": float(right[:FIRST].mean()), "all": float(right.mean())}


def shortened(data: Path, samples: int, folder: Path) -> Path:
    """Copy MNIST with the first training pictures only, for trials."""
    for name in ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"):
        (folder / name).symlink_to(data / name)
    for name, head, size in (("images-idx3", 16, 784), ("labels-idx1", 8, 1)):
        content = gzip.decompress((data / f"train-{name}-ubyte.gz").read_bytes())
        count = samples.to_bytes(4, "big")
        short = content[:4] + count + content[8 : head + samples * size]
        (folder / f"train-{name}-ubyte.gz").write_bytes(gzip.compress(short))
    return folder


def result(network: str, records: list[Record], samples: int) -> str:
    """The table of one network."""
    reference = of(records, "tutorial") or records
    rows = []
    for way in dict.fromkeys(record["way"] for record in records):
        mine = of(records, way)
        rows.append(_row(way, mine, reference, samples))
        if way == "tutorial":
            rows.append(_row("tutorial without its tests", [_untested(r) for r in mine], reference, samples))
    head = [
        "way", "training s", "images/s", "× tutorial", "with loading s", "CPU s", "first 2,000", "all 10,000",
        "memory MiB", "start + imports s",
    ]  # fmt: skip
    return f"{network}: one epoch of {samples:,} pictures\n\n{measure.table(head, rows)}"


def _untested(record: Record) -> Record:
    """The tutorial, had it made no test before its end."""
    return record | {name: record[name] - record[name.replace("training", "tests")]
                     for name in ("training", "training_cpu")}  # fmt: skip


def _row(way: str, mine: list[Record], reference: list[Record], samples: int) -> list[str]:
    return [
        way,
        f"{middle(mine, 'training'):.2f}",
        f"{samples / middle(mine, 'training'):,.0f}",
        f"{measure.ratio(reference, mine, 'training'):.2f}",
        f"{middle(mine, 'training') + middle(mine, 'loading'):.2f}",
        f"{middle(mine, 'training_cpu'):.2f}",
        f"{middle(mine, 'first'):.2%}",
        f"{middle(mine, 'all'):.2%}",
        f"{middle(mine, 'memory_mib'):.0f}",
        f"{middle(mine, 'start') + middle(mine, 'imports'):.1f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", choices=["plain", "strided"], action="append")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--samples", type=int, default=60_000)
    parser.add_argument("--data", type=Path, default=measure.mnist())
    parser.add_argument("--json", type=Path, help="keep everything that was measured in this file")
    parser.add_argument(
        "--one", nargs=2, metavar=("WAY", "SEED"), help="in this process; used by the script itself"
    )
    args = parser.parse_args()
    networks = args.network or ["plain", "strided"]
    if args.one:
        way, seed = args.one
        print(json.dumps(one(way, networks[0], args.data, int(seed), args.threads)))
        return
    records = []
    with tempfile.TemporaryDirectory() as folder:
        data = args.data if args.samples >= 60_000 else shortened(args.data, args.samples, Path(folder))
        for network in networks:
            options = ("--network", network, "--threads", args.threads, "--data", data, "--one")
            run = partial(_run, options, args.threads)
            records += [
                record | {"network": network} for record in measure.rounds(args.ways, args.repetitions, run)
            ]
    tables = [result(n, [r for r in records if r["network"] == n], args.samples) for n in networks]
    measure.report(measure.machine(args.threads), "\n\n".join(tables), records, args.json)


def _run(options: tuple, threads: int, way: str, seed: int) -> Record:
    return measure.child(__file__, *options, way, seed, threads=threads)


if __name__ == "__main__":
    main()
