"""How fast many samples are predicted into a file, beside torch as it is mostly written.

    python benchmarks/predicting.py                       # 100,000 pictures of 28 × 28, 1,000 JPEGs
    python benchmarks/predicting.py --samples 20000 --photos 500 --rounds 3

Every way runs once before any a second time; the ratios are medians of each round's own. Ways with a file
do all of it: read, predict, write top 3 as CSV.

| way | what it does |
| --- | --- |
| torch eager | a loop over batches of 256 in memory: `model(x).softmax(1)`; no file is read or written |
| torch | `convscope.predict(engine="torch")` from the .npy file to the .csv file |
| onnx | the same with ONNX Runtime |
| measured | the same where nothing is said: torch first, then whichever is faster |
| decoding | JPEGs through the reader alone, in copies of this process |
| photos | `convscope.predict` of the JPEGs, to the .csv file |
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import measure
import numpy as np
import torch
from PIL import Image

import convscope
from convscope.data import reading, streaming

BATCH = 256


def eager(run: convscope.Run, x: np.ndarray) -> Callable[[], None]:
    model, values = run.model().eval(), torch.from_numpy(x)

    def ask() -> None:
        with torch.no_grad():
            for some in values.split(BATCH):
                model(some).softmax(1)

    return ask


def written(run: convscope.Run, data: Path, engine: str | None, said: list[str]) -> Callable[[], None]:
    def ask() -> None:
        found = convscope.predict(run, data, "said.csv", engine=engine)
        said.append(found.engine)

    return ask


def decoded(run: convscope.Run, data: Path) -> Callable[[], None]:
    def ask() -> None:
        with reading.listed([data], run.settings.spec) as found:
            assert found is not None
            for _ in streaming.pieces(found, run.settings.spec):
                pass

    return ask


def draw(folder: Path, count: int) -> Path:
    """JPEGs of 1,600 × 1,200, as photographs have it: smooth, with a little noise."""
    random = np.random.default_rng(0)
    for place, name in enumerate(("cat", "dog")):
        (folder / name).mkdir(parents=True)
        for number in range(count // 2):
            rough = random.integers(0, 255, (9, 12, 3), dtype=np.uint8)
            smooth = Image.fromarray(rough).resize((1600, 1200), Image.Resampling.BICUBIC)
            noisy = np.asarray(smooth, np.int16) + random.integers(-9, 9, (1200, 1600, 1)) + 20 * place
            pixels = noisy.clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.jpg", quality=90)
    return folder


def timed(ways: dict[str, Callable[[], None]], rounds: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            begun = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - begun)
            print(f"  {name}: {seconds[name][-1]:.2f} s", flush=True)
    return seconds


def result(seconds: dict[str, list[float]], count: int, first: str) -> str:
    rows = []
    for name, each in seconds.items():
        ratio = median(a / b for a, b in zip(seconds[first], each, strict=True))
        rows.append([name, f"{median(each):.2f}", f"{count / median(each):,.0f}", f"{ratio:.2f}"])
    return measure.table(["way", "seconds", "samples a second", f"× {first}"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--photos", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--networks", nargs="+", default=["plain"])
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["CONVSCOPE_CACHE"] = str(Path(folder) / "cache")
        for network in args.networks:
            run = convscope.train("mnist-sample", network=network, epochs=1)
            x = run.dataset().inputs.numpy()
            x = x[np.random.default_rng(0).integers(0, len(x), args.samples)]
            np.save("x.npy", x)
            said: list[str] = []
            ways = {
                "torch eager": eager(run, x),
                **{name: written(run, Path("x.npy"), name, said) for name in ("torch", "onnx")},
                "measured": written(run, Path("x.npy"), None, said),
            }
            print(f"{network}: {args.samples:,} pictures of 28 × 28")
            print(result(timed(ways, args.rounds), args.samples, "torch eager"))
            print(f"said: {said[-1]}\n")
        photos = draw(Path("photos"), args.photos)
        run = convscope.train(str(photos), network="plain", size=64, epochs=0.2)
        ways = {"decoding": decoded(run, photos), "photos": written(run, photos, None, said)}
        print(f"{args.photos:,} JPEGs of 1,600 × 1,200 to 64 × 64")
        print(result(timed(ways, args.rounds), args.photos, "decoding"))
        os.chdir("/")


if __name__ == "__main__":
    main()
