"""Every kind of data: convscope with no option but the data, beside simple references.

python benchmarks/kinds.py                               # all, five seeds
python benchmarks/kinds.py --only ecg --seeds 2

The official test parts; of the weather the last year; of Kaggle's digits (train.csv, 42,000 rows of pixels,
made of MNIST here) the fifth that convscope holds back. Every reference sees the training and validation
samples together. Means over the seeds, and their standard deviation. Seconds are those from the files to the
answers, and to the report where convscope writes one. Fashion-MNIST is where Debian's package
dataset-fashion-mnist puts it, or in CONVSCOPE_DATA/fashion-mnist.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifierCV
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from ways import tutorial
from ways.task import Task, read

from convscope import recipe
from convscope.data import Dataset, DataSettings, load
from convscope.data.catalogue.pictures import FASHION_MNIST, places
from convscope.system import cores

SOURCES = {
    "photos": ("photos", {}),
    "digits": ("mnist", {}),
    "fashion": ("fashion-mnist", {}),
    "ecg": ("ecg", {}),
    "weather": ("weather/seattle_newyork_daily_2012_2015.csv", {"target": "weather"}),
    "volumes": ("volumes/modelnet10_voxels30.npz", {}),
}
LARGE = 20_000  # values or samples from which on logistic regression and neighbours take too long
KAGGLE = 42_000  # rows of its digits
ROCKETS = 2_000  # random windows
Figures = tuple[float, float, float, float]  # accuracy, balanced accuracy, macro F1, seconds


class Line(NamedTuple):
    """One way on one data set, a row of figures a seed."""

    data: str
    way: str
    runs: list[Figures]


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
        with source_of(name) as source:
            lines += measured(name, source, options.seeds, options.threads)
    print(table(lines))
    if options.json:
        options.json.write_text(json.dumps([line._asdict() for line in lines], indent=1))


@contextmanager
def source_of(name: str) -> Iterator[Path]:
    source = Path(os.environ["CONVSCOPE_DATA"]) / SOURCES[name][0]
    if name == "fashion":
        source = next(places(FASHION_MNIST), None)
        if source is None:
            raise SystemExit(
                "Fashion-MNIST is missing: bring it to CONVSCOPE_DATA/fashion-mnist, or name others by --only"
            )
    if name != "digits":
        yield source
        return
    mnist = load(source, DataSettings(val=0))
    rows = mnist.parts["train"][:KAGGLE]
    pixels = pd.DataFrame(mnist.inputs[rows].flatten(1).numpy()).add_prefix("pixel")
    pixels.insert(0, "label", mnist.labels[rows].numpy())
    with tempfile.TemporaryDirectory() as folder:
        pixels.to_csv(Path(folder) / "train.csv", index=False)
        yield Path(folder) / "train.csv"


def measured(name: str, source: Path, seeds: int, threads: int | None) -> list[Line]:
    settings = SOURCES[name][1]
    dataset = load(source, DataSettings(**settings))
    lines = [
        Line(name, way, [reference(judge, dataset, seed) for seed in range(seeds if way == "forest" else 1)])
        for way, judge in references(dataset).items()
    ]
    if name == "photos":
        lines += [Line(name, f"HOG + linear, {side} px", [hog(source, side)]) for side in (64, 96, 128)]
    runs, taught = [], []
    for seed in range(seeds):
        if name == "fashion":
            taught.append(three_epochs(source, seed, threads))
            lines += [] if seed else [Line(name, "tutorial, three epochs", taught)]
        runs.append(trained(source, seed, threads, settings))
        sys.stderr.write(f"{name}, seed {seed}: {runs[-1]}\n")
    return [*lines, Line(name, "convscope", runs)]


def references(dataset: Dataset) -> dict[str, Callable[..., np.ndarray]]:
    """Ways to say the classes of test samples, given x and y of training, the samples, and a seed."""
    values, samples = dataset.inputs[0].numel(), len(dataset.labels)
    ways = {"majority": lambda _, y, test, __: np.full(len(test), np.bincount(y).argmax())}
    if max(values, samples) < LARGE:
        ways["nearest neighbour"] = fitted(lambda _: KNeighborsClassifier(1))
    if values < LARGE and dataset.kind != "image":
        ways["linear"] = fitted(lambda _: linear())
    if dataset.kind in ("signal", "sequence"):
        ways["forest"] = fitted(lambda seed: RandomForestClassifier(300, random_state=seed))
    if dataset.kind == "signal":
        ways["rocket"] = fitted(lambda seed: rocket(dataset.channels, seed))
    if dataset.persistence is not None:
        said = dataset.persistence[dataset.parts["test"]].numpy()
        ways["persistence"] = lambda *_: said
    return ways


def linear() -> object:
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))


def rocket(channels: int, seed: int) -> object:
    """Ridge regression on the maximum and the share above 0 of random convolutions (Dempster et al. 2020)."""
    draw = np.random.default_rng(seed)

    def features(x: np.ndarray) -> np.ndarray:
        signals = torch.from_numpy(x).view(len(x), channels, -1)
        found = []
        for size, weights, bias, dilation in windows:
            kernel = torch.from_numpy(weights).expand(1, channels, size)
            y = torch.nn.functional.conv1d(signals, kernel, bias, padding="same", dilation=dilation)[:, 0]
            found += [y.amax(1), (y > 0).float().mean(1)]
        return torch.stack(found, 1).numpy()

    windows = []
    for size in draw.choice([7, 9, 11], ROCKETS):
        weights = draw.normal(size=size).astype("float32")
        bias = torch.tensor([draw.uniform(-1, 1)]).float()
        windows.append((int(size), weights - weights.mean(), bias, int(2 ** draw.uniform(0, 3.5))))
    ridge = RidgeClassifierCV(np.logspace(-3, 3, 7))
    return make_pipeline(FunctionTransformer(features), StandardScaler(), ridge)


def fitted(make: Callable[[int], object]) -> Callable[..., np.ndarray]:
    return lambda x, y, test, seed: make(seed).fit(x, y).predict(test)


def reference(judge: Callable[..., np.ndarray], dataset: Dataset, seed: int = 0) -> Figures:
    rows = np.concatenate([dataset.parts["train"], dataset.parts["val"]])
    x, test = (dataset.inputs[part].flatten(1).float().numpy() for part in (rows, dataset.parts["test"]))
    y, truth = dataset.labels[rows].numpy(), dataset.labels[dataset.parts["test"]].numpy()
    began = time.perf_counter()
    said = judge(x, y, test, seed)
    return figures(truth, said, time.perf_counter() - began)


def figures(truth: np.ndarray, said: np.ndarray, seconds: float) -> Figures:
    return (
        accuracy_score(truth, said),
        balanced_accuracy_score(truth, said),
        f1_score(truth, said, average="macro", labels=np.unique(truth), zero_division=0),
        seconds,
    )


def hog(source: Path, side: int) -> Figures:
    """Histograms of oriented gradients (Dalal and Triggs 2005), from scikit-image, and a linear model."""
    from skimage.feature import hog as histograms

    dataset = load(source, DataSettings(size=(side, side)))

    def described(x: np.ndarray) -> np.ndarray:
        pictures = x.reshape(len(x), dataset.channels, side, side)
        return np.stack(
            [histograms(each, 9, (8, 8), (2, 2), channel_axis=0) for each in pictures.astype("uint8")]
        )

    return reference(
        fitted(lambda _: make_pipeline(FunctionTransformer(described), LogisticRegression(max_iter=2000))),
        dataset,
    )


def three_epochs(source: Path, seed: int, threads: int | None) -> Figures:
    """The tutorial's program of epoch.py on other pictures: `plain`, batches of 50."""
    torch.set_num_threads(threads or cores())
    began = time.perf_counter()
    with redirect_stdout(sys.stderr):
        predict = tutorial.train(Task("plain", source, seed, threads or cores(), epochs=3), {})
    pictures, truth = read(source, "t10k")
    return figures(truth, predict(pictures), time.perf_counter() - began)


def trained(source: Path, seed: int, threads: int | None, settings: dict) -> Figures:
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
    for line in lines:
        *shares, seconds = zip(*line.runs, strict=True)
        cells = [" ± ".join([f"{np.mean(each):.2%}", *spread(each)]) for each in shares]
        count = f", {len(line.runs)} seeds" if len(line.runs) > 1 else ""
        rows.append(f"| {line.data} | {line.way}{count} | {' | '.join(cells)} | {np.median(seconds):.1f} |")
    return "\n".join(rows)


def spread(figures: tuple[float, ...]) -> list[str]:
    return [f"{100 * np.std(figures, ddof=1):.2f}"] if len(figures) > 1 else []


if __name__ == "__main__":
    main()
