"""Which random changes suit drawings: small shapes in colour, learnt with those for photographs and others.

python benchmarks/drawings.py
"""

import argparse
import csv
import tempfile
import warnings
from math import cos, pi, sin
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import convscope
from convscope.errors import TrainingWarning

SIDE = 64
CHANGES = ("shift=0.1,crop=0.3,flip,colour=0.2", "shift=0.04", "none")  # photographs, drawings, nothing
CORNERS = {  # of each shape, within -1 … 1
    "square": [(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)],
    "triangle": [(0, -1), (-0.9, 0.7), (0.9, 0.7)],
    "star": [((1, 0.45)[k % 2] * sin(k * pi / 5), -(1, 0.45)[k % 2] * cos(k * pi / 5)) for k in range(10)],
    "circle": [(sin(k * pi / 20), cos(k * pi / 20)) for k in range(40)],
    "left": [(-1, 0), (0, -0.8), (0, -0.3), (1, -0.3), (1, 0.3), (0, 0.3), (0, 0.8)],
    "right": [(1, 0), (0, -0.8), (0, -0.3), (-1, -0.3), (-1, 0.3), (0, 0.3), (0, 0.8)],
}


def draw(folder: Path, each: int) -> None:
    """So many pictures of each shape, of any place and colour, 6 to 12 pixels wide."""
    random = np.random.default_rng(0)
    for name, corners in CORNERS.items():
        (folder / name).mkdir(parents=True)
        for number in range(each):
            picture = Image.new("RGB", (SIDE, SIDE), tuple(random.integers(150, 256, 3).tolist()))
            radius = random.uniform(3, 6)
            x, y = random.uniform(radius + 1, SIDE - radius - 1, 2)
            outline = [(x + radius * right, y + radius * down) for right, down in corners]
            colour = tuple(random.integers(0, 140, 3).tolist())
            ImageDraw.Draw(picture).polygon(outline, fill=colour)
            picture.save(folder / name / f"{number}.png")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--each", type=int, default=150, help="pictures of a shape")
    parser.add_argument("--epochs", type=float, default=12)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    warnings.simplefilter("ignore", TrainingWarning)
    with tempfile.TemporaryDirectory() as place:
        draw(Path(place) / "shapes", options.each)
        for changes in CHANGES:
            run = convscope.train(
                Path(place) / "shapes", augment=changes, epochs=options.epochs, threads=options.threads,
                precision="fp32", runs=Path(place) / "runs",
            )  # fmt: skip
            with (run.path / "history.csv").open() as file:
                *_, last = csv.DictReader(file)
            learnt = float(last["training accuracy"])
            print(
                f"{changes:<36} training {learnt:.1%}, test {run.evaluate().as_dict()['accuracy']:.1%}",
                flush=True,
            )


if __name__ == "__main__":
    main()
