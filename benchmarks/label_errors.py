"""How many wrong labels confident learning finds on a network's features: MNIST with some labels changed.

python benchmarks/label_errors.py                              # 10,000 pictures, 5 % of the labels, an epoch
python benchmarks/label_errors.py --epochs 5                   # a network that has had time to learn them
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from ways.task import read

import convscope


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--share", type=float, default=0.05, help="of labels that are changed")
    parser.add_argument("--epochs", type=float, default=1)
    parser.add_argument("--network", default="plain")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()

    inputs, labels = read(Path(os.environ["CONVSCOPE_DATA"]) / "mnist", "train")
    x, truth = np.asarray(inputs)[: options.samples], np.asarray(labels)[: options.samples].astype(np.int64)
    draw = np.random.default_rng(0)
    wrong = draw.choice(len(truth), round(options.share * len(truth)), replace=False)
    y = truth.copy()
    y[wrong] = (y[wrong] + draw.integers(1, 10, len(wrong))) % 10

    with tempfile.TemporaryDirectory() as runs:
        run = convscope.train(
            (x, y), network=options.network, epochs=options.epochs, threads=options.threads, runs=runs
        )
        found = convscope.features(run)
        start = time.process_time()
        rows = [each.row for each in found.label_errors()]
        seconds = time.process_time() - start
    changed = np.isin(rows, wrong)
    print(f"{len(wrong):,} of {len(y):,} labels changed, {len(rows):,} found in {seconds:.1f} CPU s")
    print(f"precision {changed.mean():.1%}, recall {changed.sum() / len(wrong):.1%}")
    print(f"of the first {len(wrong):,}: {changed[: len(wrong)].mean():.1%}")


if __name__ == "__main__":
    main()
