"""Signals, volumes and sequences: convscope with no option but the data, beside simple references.

python benchmarks/kinds.py                               # all three, five seeds
python benchmarks/kinds.py --only ecg --seeds 2

The official test parts; the weather's is its last year. Every reference sees the same training and validation
samples together (it needs no validation), convscope keeps its validation part to choose an epoch.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from convscope import recipe
from convscope.data import Dataset, DataSettings, load

SOURCES = {
    "ecg": ("ecg", {}),
    "volumes": ("volumes/modelnet10_voxels30.npz", {}),
    "weather": (
        "weather/seattle_newyork_daily_2012_2015.csv",
        {"target": "weather", "window": 3, "horizon": 1},
    ),
}


class Line(NamedTuple):
    """One way on one data set; the median over the seeds where there are several."""

    data: str
    way: str
    accuracy: float
    balanced: float
    macro_f1: float
    seconds: float
    runs: list[tuple[float, float, float, float]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=SOURCES, nargs="+", default=list(SOURCES))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    lines = []
    for name in options.only:
        lines += measured(name, options.seeds, options.threads)
    print(table(lines))
    if options.json:
        options.json.write_text(json.dumps([line._asdict() for line in lines], indent=1))


def measured(name: str, seeds: int, threads: int | None) -> list[Line]:
    path, settings = SOURCES[name]
    source = Path(os.environ["CONVSCOPE_DATA"]) / path
    dataset = load(source, DataSettings(**settings))
    lines = [reference(name, way, judge, dataset) for way, judge in references(dataset).items()]
    runs = [trained(source, seed, threads, settings) for seed in range(seeds)]
    middle = [median(column) for column in zip(*runs, strict=True)]
    return [*lines, Line(name, f"convscope, {seeds} seeds", *middle, runs)]


def references(dataset: Dataset) -> dict[str, Callable[..., np.ndarray]]:
    linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    ways = {"majority": commonest, "nearest neighbour": fitted(KNeighborsClassifier(1))}
    if dataset.kind != "volume":  # 27,000 positions take logistic regression an hour
        ways["linear"] = fitted(linear)
    if dataset.persistence is not None:
        ways["persistence"] = unchanged(dataset)
    return ways


def commonest(_: np.ndarray, y: np.ndarray, test: np.ndarray) -> np.ndarray:
    return np.full(len(test), np.bincount(y).argmax())


def fitted(model: object) -> Callable[..., np.ndarray]:
    return lambda x, y, test: model.fit(x, y).predict(test)


def unchanged(dataset: Dataset) -> Callable[..., np.ndarray]:
    return lambda *_: dataset.persistence[dataset.parts["test"]].numpy()


def reference(name: str, way: str, judge: Callable[..., np.ndarray], dataset: Dataset) -> Line:
    rows = np.concatenate([dataset.parts["train"], dataset.parts["val"]])
    x, test = (dataset.inputs[part].flatten(1).float().numpy() for part in (rows, dataset.parts["test"]))
    y, truth = dataset.labels[rows].numpy(), dataset.labels[dataset.parts["test"]].numpy()
    began = time.perf_counter()
    said = judge(x, y, test)
    seconds = time.perf_counter() - began
    figures = (
        accuracy_score(truth, said),
        balanced_accuracy_score(truth, said),
        f1_score(truth, said, average="macro", labels=np.unique(truth), zero_division=0),
    )
    return Line(name, way, *figures, seconds, [])


def trained(
    source: Path, seed: int, threads: int | None, settings: dict
) -> tuple[float, float, float, float]:
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as runs:
        plan = recipe.plan(source, runs=runs, seed=seed, threads=threads, **settings)
        for event in recipe.stream(plan):
            if isinstance(event, recipe.Judged):
                found = event.evaluation
    return found.accuracy, found.balanced_accuracy, found.macro_f1, time.perf_counter() - began


def table(lines: list[Line]) -> str:
    rows = [
        "| data | way | accuracy | balanced | macro F1 | seconds |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    rows += [
        f"| {line.data} | {line.way} | {line.accuracy:.2%} | {line.balanced:.2%} | {line.macro_f1:.2%} "
        f"| {line.seconds:.1f} |"
        for line in lines
    ]
    return "\n".join(rows)


if __name__ == "__main__":
    main()
