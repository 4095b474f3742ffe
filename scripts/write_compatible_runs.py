"""Keep runs of this version, one of each kind, in tests/compatible: every later version has to open them.

Run it once a version, where the run folder changed. They learnt random numbers; beside each lies
what it was asked, and what this version said.
"""

import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

import convscope

PLACE = Path(__file__).parents[1] / "tests" / "compatible"
RANDOM = np.random.default_rng(0)
SAMPLES, ASKED = 48, 8
SHAPES = {"image": (12, 12, 3), "signal": (32,), "volume": (8, 8, 8)}
OWN = """\
from torch import nn


class Net(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.conv = nn.Conv1d(channels, 4, 5)
        self.fc = nn.Linear(4, classes)

    def forward(self, x):
        return self.fc(self.conv(x).relu().mean(2))
"""
LEFT_OUT = ("report.html", "training.safetensors")  # they are written anew, or only go on


def samples(kind: str) -> np.ndarray:
    """Samples that a reader of files may hand over: bytes for pictures, numbers else."""
    raw = RANDOM.integers(0, 256, (SAMPLES, *SHAPES[kind]))
    return raw.astype(np.uint8) if kind == "image" else (raw / 64 - 2).astype(np.float32)


def trained(folder: Path) -> dict[str, tuple[convscope.Run, Any]]:
    """Name → the run, and what it is asked about."""
    labels = np.array(["no", "yes", "märz"])[np.arange(SAMPLES) % 3]
    few: dict[str, Any] = {"epochs": 1, "threads": 1, "runs": folder}
    own = folder / "own.py"
    own.write_text(OWN, encoding="utf-8")
    x: dict[str, Any] = {kind: samples(kind) for kind in SHAPES}
    table = pd.DataFrame(RANDOM.normal(size=(120, 3)).round(3), columns=["wind", "rain", "sun"])
    table.insert(0, "date", pd.date_range("2020-01-01", periods=120).strftime("%Y-%m-%d"))
    runs = {kind: (convscope.train((x[kind], labels), width=0.1, **few), x[kind][:ASKED]) for kind in SHAPES}
    amounts = (x["signal"], x["signal"].mean(1).astype(np.float32))
    runs["amounts"] = convscope.train(amounts, width=0.1, **few), x["signal"][:ASKED]
    runs["own"] = (
        convscope.train((x["signal"], labels), network=f"{own}:Net", **few),
        x["signal"][:ASKED],
    )
    runs["sequence"] = (
        convscope.train(table, target="rain", window=4, network="lstm", width=0.25, **few),
        table[-12:],
    )
    return runs


def keep(name: str, run: convscope.Run, asked: np.ndarray | pd.DataFrame, place: Path) -> None:
    """One archive a run: its folder, what it was asked, and what it said."""
    with zipfile.ZipFile(place / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(run.path.iterdir()):
            if file.is_file() and file.name not in LEFT_OUT:
                archive.write(file, f"run/{file.name}")
        with archive.open("said.npy", "w") as file:
            np.save(file, np.asarray(run.predict(asked)))
        if isinstance(asked, pd.DataFrame):
            archive.writestr("asked.csv", asked.to_csv(index=False))
        else:
            with archive.open("asked.npy", "w") as file:
                np.save(file, np.asarray(asked))


if __name__ == "__main__":
    place = PLACE / convscope.__version__
    if place.exists():
        sys.exit(f"{place} is there: a version's runs are written once.")
    place.mkdir(parents=True)
    with TemporaryDirectory() as folder:
        for name, (run, asked) in trained(Path(folder)).items():
            keep(name, run, asked, place)
