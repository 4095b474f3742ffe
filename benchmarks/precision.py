"""Whether bf16 loses accuracy: the same training in fp32 and in bf16, seed by seed.

    python benchmarks/precision.py                       # 12,000 pictures of MNIST, 5 seeds

Where the processor has no bf16 of its own it is imitated: slow, but with the same rounding.
"""

import argparse
import json
import tempfile
from functools import partial
from pathlib import Path
from statistics import mean, stdev

import measure
from epoch import shortened
from measure import Record, middle, of

PRECISIONS = ("fp32", "bf16")


def train(precision: str, network: str, data: Path, seed: int, threads: int) -> Record:
    """Train and judge in this process."""
    record = measure.begin()
    from ways.task import read
    from ways.with_convscope import follow, predict

    options = {"network": network, "epochs": 1, "batch": 64, "val": 0, "seed": seed, "threads": threads}
    model = follow(data, record, precision=precision, **options)
    pictures, labels = read(data, "t10k")
    return record | {"all": float((predict(model, pictures) == labels).mean())}


def result(records: list[Record], networks: list[str]) -> str:
    rows = []
    for network in networks:
        fp32, bf16 = (of(records, f"{network} {precision}") for precision in PRECISIONS)
        apart = [100 * (b["all"] - a["all"]) for a, b in zip(fp32, bf16, strict=True)]
        spread = stdev(apart) if len(apart) > 1 else float("nan")
        accuracies = [f"{middle(some, 'all'):.2%}" for some in (fp32, bf16)]
        speed = measure.ratio(fp32, bf16, "training")
        rows.append([network, *accuracies, f"{mean(apart):+.2f} ± {spread:.2f}", f"{speed:.2f}"])
    head = ["network", "fp32", "bf16", "bf16 − fp32, points: mean ± deviation", "× speed"]
    return measure.table(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--networks", nargs="+", default=["plain", "fast"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--samples", type=int, default=12_000)
    parser.add_argument("--data", type=Path, default=measure.mnist())
    parser.add_argument("--json", type=Path, help="keep everything that was measured in this file")
    parser.add_argument("--one", nargs=3, metavar=("NETWORK", "PRECISION", "SEED"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        network, precision, seed = args.one
        print(json.dumps(train(precision, network, args.data, int(seed), args.threads)))
        return
    with tempfile.TemporaryDirectory() as folder:
        data = args.data if args.samples >= 60_000 else shortened(args.data, args.samples, Path(folder))
        ways = [f"{network} {precision}" for network in args.networks for precision in PRECISIONS]
        run = partial(_run, ("--threads", args.threads, "--data", data, "--one"), args.threads)
        records = list(measure.rounds(ways, args.seeds, run))
    measure.report(measure.machine(args.threads), result(records, args.networks), records, args.json)


def _run(options: tuple, threads: int, way: str, seed: int) -> Record:
    return measure.child(__file__, *options, *way.split(), seed, threads=threads)


if __name__ == "__main__":
    main()
