"""The README is true: its commands and its Python run as they stand, each sentence has tests that prove it.

Where a sentence changes, its proof is looked at again: readme_proofs.txt has it to the letter.
"""

import os
import re
import runpy
import shlex
import tomllib
from collections import OrderedDict
from importlib import import_module
from pathlib import Path
from shutil import make_archive

import nibabel
import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import convscope
from convscope.cli import execute

ROOT = Path(__file__).parents[1]
WAYS = ("walk", "run")
README = (ROOT / "README.md").read_text(encoding="utf-8")
TYPED = re.findall(r"^    \.venv/bin/convscope ([^#\n]*[^#\s])", README, re.MULTILINE)
TYPED += re.findall(r"^\|.*`convscope (.+)` \|$", README, re.MULTILINE)
SNIPPET = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
MYNET = """from torch import nn


class MyNet(nn.Module):
    def __init__(self, channels=3, classes=2):
        super().__init__()
        self.conv = nn.Conv2d(channels, 4, 3)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(4, classes)

    def forward(self, x):
        return self.fc(self.pool(self.conv(x)).flatten(1))
"""

# What a command prints that bears out the words behind it.
PRINTED = {
    "look": ["http://127.0.0.1"],
    "check photos/": ["cat", "! nothing wrong was found"],
    "train photos/": ["photos/: 2 classes", "accuracy"],
    "evaluate latest": ["accuracy", "precision", "recall"],
    "predict latest new/*.jpg": ["0.jpg", "%"],
    "train houses.csv --target price --group street": ["values of price, samples of 1 × 4"],
    'train catsdogs/ --label-from "(cat|dog)"': ["2 classes"],
    "train ids.csv --images photos/": ["2 classes", "samples of 3 × "],
    "train steps.csv --sample trial": ["2 classes"],
    "train walks/ --window 128 --stride 64": ["samples of 3 × 128"],
    "train mnist --network plain --optimizer adam --lr 0.001 --batch 50 --epochs 1": [
        "plain",
        "train 54,000, val 6,000, test 10,000",
    ],
    "train photos/ --network mynet.py:MyNet --size 64 --augment shift=0.1,flip": ["3 × 64 × 64"],
    "train photos/ --folds 5": ["95 % interval"],
    "train --resume latest --epochs 20": ["accuracy"],
    "look latest": ["http://127.0.0.1"],
    "look mynet.py:MyNet --input photo.jpg": ["http://127.0.0.1"],
    "look latest --save page.html": ["page.html"],
    "summary plain --input 1x28x28": ["MACs", "parameters: 16·(1·5·5 + 1) = 416", "40×40"],
    'summary "nn.Conv1d(2, 5, 3, stride=2)" --input 2x5': ["5 × 2"],
    "explain latest --op conv2 --at 3,7,7 --input test:17": ["network"],
    "compare --example bottleneck": ["5 × 5 directly", "through 1 × 1 of 16"],
    "filter sobel-x photo.jpg": ["sobel-x-photo.png"],
    "predict latest photos/ new/*.jpg -o said.parquet": ["102 samples in", "said.parquet"],
    "export latest model.onnx": ["the largest difference is", "model.onnx"],
    "export latest pictures.onnx --any-size": ["decoded pictures of the test part", "pictures.onnx"],
    "export latest model.pt2": ["the largest difference is", "model.pt2"],
    "export latest model.safetensors": ["model.safetensors", "model.py"],
    "serve latest": ["http://127.0.0.1"],
    "features latest -o f.npz --svm --knn": ["what goes into", "the network itself", "f.npz"],
    "features latest new/*.jpg --nearest 3": ["nearest in training"],
    "features latest --outliers 10 --label-errors 20": ["outlier", "labels that are likely wrong"],
    "features latest --map map.png --method tsne": ["t-SNE of", "map.png"],
    "train photos.zip": ["2 classes"],
    "train ecg/": ["2 classes"],
    "train scans/": ["2 classes"],
    "train weather.csv --target weather --window 3": ["weather"],
}

PROOFS = {
    sentence: proofs.split()
    for sentence, proofs in re.findall(
        r"^(\S.*)\n((?: {4}.*\n)+)",
        (ROOT / "tests" / "readme_proofs.txt").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
}


def sentences(document: str) -> list[str]:
    """What it says beside its commands, code, titles and pictures; a row of a table is a sentence."""
    prose = re.sub(r"^```.*?^```$", "", document, flags=re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^(    |#|!\[|\| ---).*$", "", prose, flags=re.MULTILINE)
    blocks = (" ".join(block.split()) for block in re.split(r"\n\s*\n|\n(?=\|)", prose))
    return [sentence for block in blocks if block for sentence in re.split(r"(?<=[.!?]) (?=[^a-z])", block)]


def make(folder: Path) -> None:
    """All that the README's commands name."""
    draw = np.random.default_rng(0)

    def picture(path: Path, dark: bool) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = draw.integers(0, 120, (20, 20, 3)) + (0 if dark else 120)
        Image.fromarray(pixels.astype(np.uint8)).save(path)

    for number in range(50):
        for dark, name in enumerate(("cat", "dog")):
            picture(folder / "photos" / name / f"{name[0]}{number}.jpg", bool(dark))
    for number in range(20):
        for dark, name in enumerate(("cat", "dog")):
            picture(folder / "catsdogs" / f"{name}.{number}.jpg", bool(dark))
    for name in ("new/0.jpg", "new/1.jpg", "photo.jpg"):
        picture(folder / name, dark=False)
    make_archive(str(folder / "photos"), "zip", folder, "photos")
    lines = ["id,label", *(f"{name[0]}{number},{name}" for number in range(50) for name in ("cat", "dog"))]
    (folder / "ids.csv").write_text("\n".join(lines))
    tables(folder, draw)
    (folder / "mynet.py").write_text(MYNET)


def tables(folder: Path, draw: np.random.Generator) -> None:
    def rows(name: str, *lines: str) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("\n".join(lines) + "\n")

    def noise(mean: float, count: int = 1) -> str:
        return ",".join(f"{value:.3f}" for value in draw.normal(mean, 1, count))

    sold = [
        f"s{draw.integers(30)},{draw.integers(9)},{draw.integers(50, 200)},{draw.integers(90)},"
        f"{draw.integers(900)},{draw.integers(100, 900)}000"
        for _ in range(120)
    ]
    rows("houses.csv", "street,rooms,area,age,garden,price", *sold)
    steps = [f"t{trial},{noise(trial % 2, 2)},{WAYS[trial % 2]}" for trial in range(30) for _ in range(16)]
    rows("steps.csv", "trial,x,y,label", *steps)
    for person in range(6):
        walk = [f"{noise(way, 3)},{WAYS[way]}" for way in (0, 1) for _ in range(512)]
        rows(f"walks/p{person}.csv", "x,y,z,label", *walk)
    days = np.arange("2023-01-01", "2023-12-31", dtype="datetime64[D]")
    said = [f"{day},{noise(10)},{('sun', 'rain')[draw.integers(2)]}" for day in days]
    rows("weather.csv", "date,temperature,weather", *said)
    for part in ("TRAIN", "TEST"):
        rows(f"ecg/Ecg_{part}.csv", *(f"{1 + row % 2},{noise(row % 2, 40)}" for row in range(40)))
    for number in range(24):
        path = folder / "scans" / ("ill", "well")[number % 2] / f"{number}.nii"
        path.parent.mkdir(parents=True, exist_ok=True)
        values = draw.normal(number % 2, 1, (8, 8, 8)).astype(np.float32)
        nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), path)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readme")
    before = Path.cwd()
    os.chdir(folder)
    make(folder)
    quick = {"network": "plain", "epochs": 1, "threads": 1}
    latest = convscope.train("photos/", size=64, **quick).path
    yield latest
    os.chdir(before)


@pytest.fixture
def there(place, monkeypatch):
    """The folder; latest is the run of the pictures. One epoch is enough: learning is tested elsewhere."""
    monkeypatch.setattr("convscope.web.Server.run", lambda server: server._listener.close())
    monkeypatch.setattr("convscope.serving.InferenceServer.run", lambda server: server.close())
    monkeypatch.setattr("webbrowser.open", lambda _: True)
    monkeypatch.setattr(import_module("convscope.training.choose"), "_epochs", lambda *_: 1.0)
    pointer = place.parent / "latest"
    pointer.unlink()
    pointer.symlink_to(place.name)
    return place.parents[1]


def test_every_command_is_here():
    assert list(PRINTED) == TYPED


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize(
    "typed",
    [pytest.param(typed, marks=pytest.mark.real_data if " mnist" in typed else []) for typed in PRINTED],
)
def test_every_command_runs_as_it_stands(typed, capsys):
    assert execute(shlex.split(typed)) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    for words in PRINTED[typed]:
        assert words in printed.out


@pytest.mark.usefixtures("there")
def test_tomorrow_stands_first(capsys):
    assert (
        execute(["train", "weather.csv", "--target", "weather", "--network", "plain", "--epochs", "1"]) == 0
    )
    capsys.readouterr()
    assert execute(shlex.split("predict latest weather.csv")) == 0
    assert "2023-12-31" in capsys.readouterr().out.splitlines()[1]


@pytest.mark.usefixtures("there")
def test_the_python_runs_as_it_stands(monkeypatch, capsys):
    draw = np.random.default_rng(0)
    layers = {"conv1": nn.Conv2d(1, 2, 3), "conv2": nn.Conv2d(2, 4, 3), "flat": nn.Flatten()}
    given = {
        "X": draw.integers(0, 256, (40, 8, 8), dtype=np.uint8),
        "y": [0, 1] * 20,
        "X2": draw.integers(0, 256, (20, 8, 8), dtype=np.uint8),
        "y2": [0, 1] * 10,
        "net": nn.Sequential(nn.Flatten(), nn.Linear(64, 2)),
        "MyNet": runpy.run_path("mynet.py")["MyNet"],
        "picture": Image.new("L", (8, 8)),
        "array": np.zeros((8, 8), np.uint8),
        "model": nn.Sequential(OrderedDict(layers)),
        "inputs": torch.rand(1, 1, 12, 12),
    }  # fmt: skip
    exec(compile(SNIPPET, "README.md", "exec"), given)
    assert given["run"].path.is_dir()


def test_every_sentence_has_its_proof():
    assert sentences(README) == list(PROOFS), "a sentence is new or changed: what proves it?"


@pytest.mark.parametrize("proof", sorted({proof for proofs in PROOFS.values() for proof in proofs}))
def test_every_proof_is_there(proof):
    path, _, name = proof.partition("::")
    assert f"\ndef {name}(" in (ROOT / "tests" / path).read_text(encoding="utf-8"), proof


# ---- what nobody else tests


def test_the_demo_is_what_is_said():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"].startswith(">=3.11")
    assert "convscope train mnist-sample\n" in (ROOT / "Makefile").read_text()


def test_what_is_chosen_is_printed(place, capsys):
    assert execute(["train", "photos/", "--runs", "others"]) == 0
    lines = capsys.readouterr().out
    for choice in ("network", "size", "epochs", "lr", "augment"):
        assert choice in lines


def test_the_tests_run_on_linux():
    assert "apt-get" in (ROOT / ".ci" / "run").read_text()


def test_the_drawing_names_rooms():
    drawing = re.findall(r"```mermaid\n(.*?)```", README, re.DOTALL)[0]
    words = set(
        re.findall(r"[a-z]+", re.sub(r"\(\[.*?\]\)|\[\(.*?\)\]|-- \w+ -->|flowchart LR", "", drawing))
    )
    rooms = {path.name for path in (ROOT / "convscope").iterdir() if path.is_dir()}
    assert words - {"files", "model", "away"} <= rooms
    assert (ROOT / "convscope" / "recipe.py").is_file()


def test_the_licence_is_apaches():
    assert "Apache License" in (ROOT / "LICENSE").read_text()
