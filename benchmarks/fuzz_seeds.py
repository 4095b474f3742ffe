"""Whole data sets, small, one of each form that convscope reads; what is damaged is a file of these.

The ones of `tests/test_doors.py`, and those that have no door of their own there.
"""

import json
import os
import shutil
import tarfile
import warnings
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import edfio
import h5py
import nibabel
import numpy as np
import pandas as pd
import soundfile
import torch
from PIL import Image
from scipy.io import savemat
from torch import nn

from convscope import recipe, trace
from convscope.training.events import Checkpoint, Event
from tests.test_doors import CASES, of_folders, random

Writer = Callable[[Path, int, str], None]


class Seed(NamedTuple):
    """A data set: who writes it and gives what to train on, and with which settings."""

    make: Callable[[Path], Path]
    settings: Mapping[str, Any] = MappingProxyType({})
    doors: str = "data"


def picture(form: str, **options: Any) -> Writer:
    def write(file: Path, *_: Any) -> None:
        Image.fromarray(random(file).integers(0, 256, (14, 12, 3), dtype=np.uint8)).save(
            file, form, **options
        )

    return write


def sound(form: str, subtype: str) -> Writer:
    def write(file: Path, *_: Any) -> None:
        soundfile.write(file, random(file).normal(0, 0.1, 2000), 8000, format=form, subtype=subtype)

    return write


def bdf(file: Path, *_: Any) -> None:
    edfio.Bdf([edfio.BdfSignal(random(file).normal(size=400), 40, label="EEG")]).write(file)


def analyze(root: Path) -> Path:
    for name in ("left", "right"):
        (root / "data" / name).mkdir(parents=True)
        for number in range(4):
            file = root / "data" / name / f"{number}.hdr"
            voxels = random(file).normal(100, 30, (6, 5, 4)).astype(np.float32)
            nibabel.AnalyzeImage(voxels, np.eye(4)).to_filename(file)
    return root / "data"


def records(root: Path) -> Path:
    """WFDB: signals and the marks of their beats."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package uses what pandas is about to change
        import wfdb

        for number in range(4):
            values = np.random.default_rng(number).normal(size=(600, 2))
            named = {"units": ["mV"] * 2, "sig_name": ["I", "II"], "fmt": [("16", "212")[number % 2]] * 2}
            wfdb.wrsamp(f"r{number}", fs=100, p_signal=values, write_dir=str(root), **named)
            at = np.arange(60, 560, 100)
            wfdb.wrann(f"r{number}", "atr", at, symbol=list("NVNVN"), write_dir=str(root))
    return root


def _arrays() -> dict[str, np.ndarray]:
    draw = np.random.default_rng(0)
    return {"X": draw.integers(0, 256, (24, 9, 8), dtype=np.uint8), "y": np.arange(24) % 3}


def hdf5(root: Path) -> Path:
    with h5py.File(root / "set.h5", "w") as file:
        for name, array in _arrays().items():
            file.create_dataset(name, data=array, compression="gzip" if name == "X" else None)
    return root / "set.h5"


def single_arrays(root: Path) -> Path:
    for name, array in _arrays().items():
        np.save(root / f"{name}.npy", array)
    return root


def matlab(root: Path) -> Path:
    savemat(root / "set.mat", _arrays(), do_compression=True)
    return root / "set.mat"


def pickled(root: Path) -> Path:
    pd.to_pickle(_arrays(), root / "set.pkl")
    return root / "set.pkl"


def frame(root: Path) -> pd.DataFrame:
    draw = np.random.default_rng(len(root.parts) * 0)
    table = pd.DataFrame(draw.normal(size=(40, 6)).round(3), columns=[f"x{place}" for place in range(6)])
    return table.assign(label=["a", "b"] * 20)


def parquet(root: Path) -> Path:
    frame(root).to_parquet(root / "set.parquet")
    return root / "set.parquet"


def json_lines(root: Path) -> Path:
    frame(root).to_json(root / "set.jsonl", orient="records", lines=True)
    return root / "set.jsonl"


def tabs(root: Path) -> Path:
    frame(root).to_csv(root / "set.tsv", sep="\t", index=False)
    return root / "set.tsv"


def series(root: Path) -> Path:
    """The archive of time series: .ts."""
    draw = np.random.default_rng(0)
    lines = [
        f"{','.join(map(str, row.round(3)))}:{','.join(map(str, -row.round(3)))}:{'ab'[place % 2]}"
        for place, row in enumerate(draw.normal(size=(20, 16)))
    ]
    head = ["@problemName x", "@univariate false", "@dimensions 2", "@classLabel true a b", "@data"]
    (root / "set_TRAIN.ts").write_text("\n".join([*head, *lines]) + "\n")
    return root / "set_TRAIN.ts"


def metadata(root: Path) -> Path:
    data = of_folders(picture("PNG"), ".png", 4)(root)
    rows = [
        {"file_name": f"{name}/{number}.png", "label": name}
        for name in ("left", "right")
        for number in range(4)
    ]
    (data / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return data


def packed(form: str) -> Callable[[Path], Path]:
    def make(root: Path) -> Path:
        data = of_folders(picture("PNG"), ".png", 4)(root / "files")
        if form == "zip":
            shutil.make_archive(str(root / "set"), "zip", data)
            target = root / "set.zip"
        else:
            target = root / f"set.tar.{form}"
            with tarfile.open(target, f"w:{form}") as archive:
                archive.add(data, "set")
        shutil.rmtree(root / "files")
        return target

    return make


def run(root: Path, until: type[Event] | None = None) -> Path:
    """A run, whole or stopped after what comes `until` then, beside a sound one; what it was trained on."""
    source = of_folders(picture("PNG"), ".png", 6)(root / "inputs")
    short = {"epochs": 2, "batch": 8, "threads": 1, "size": 8, "val": 0.2, "test": 0.2}
    for _ in ("sound", "damaged"):
        plan = recipe.plan(source, network="plain", runs=root / "runs", **short)
        with closing(recipe.stream(plan)) as events:  # pyright: ignore - a generator
            next((event for event in events if until and isinstance(event, until)), None)
    return max(each for each in (root / "runs").iterdir() if not each.is_symlink())


def network(root: Path) -> Path:
    """A network in a file of Python; what is damaged is executed."""
    (root / "net.py").write_text(NETWORK)
    return root / "net.py"


def keras_file(root: Path) -> Path:
    os.environ["KERAS_BACKEND"] = "torch"
    import keras

    layers = [keras.layers.Conv2D(3, 3, activation="relu", name="left"), keras.layers.BatchNormalization()]
    layers += [keras.layers.Flatten(), keras.layers.Dense(2)]
    keras.Sequential([keras.layers.Input((8, 8, 1)), *layers], name="net").save(root / "net.keras")
    return root / "net.keras"


def saved_trace(root: Path) -> Path:
    layers = (nn.Conv2d(1, 2, 3), nn.ReLU(inplace=True), nn.BatchNorm2d(2), nn.Dropout(), nn.Flatten())
    trace(nn.Sequential(*layers, nn.Linear(8, 2)), torch.randn(2, 1, 4, 4), score=0).save(root / "net.trace")
    return root / "net.trace"


NETWORK = """import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.first = nn.Conv2d(channels, 4, 3, padding=1)
        self.last = nn.Linear(4 * 6 * 6, classes)

    def forward(self, x):
        x = torch.relu(self.first(x))
        return self.last(x.flatten(1))
"""

PICTURES = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")
DATA = {
    **{name: Seed(case.make, case.settings) for name, case in CASES.items() if "cropped" not in name},
    **{form: Seed(of_folders(picture(form), f".{form.lower()}", 4)) for form in PICTURES},
    "TIFF, compressed": Seed(of_folders(picture("TIFF", compression="tiff_lzw"), ".tif", 4)),
    "WAV, floating": Seed(of_folders(sound("WAV", "FLOAT"), ".wav", 4)),
    "OGG": Seed(of_folders(sound("OGG", "VORBIS"), ".ogg", 4)),
    "MP3": Seed(of_folders(sound("MP3", "MPEG_LAYER_III"), ".mp3", 4)),
    "AIFF": Seed(of_folders(sound("AIFF", "PCM_16"), ".aiff", 4)),
    "BDF": Seed(of_folders(bdf, ".bdf", 4)),
    "WFDB": Seed(records),
    "Analyze": Seed(analyze),
    "HDF5": Seed(hdf5),
    "NPY": Seed(single_arrays),
    "MATLAB": Seed(matlab),
    "pickle": Seed(pickled),
    "Parquet": Seed(parquet),
    "JSON lines": Seed(json_lines),
    "TSV": Seed(tabs),
    "TS": Seed(series),
    "metadata": Seed(metadata),
    "ZIP": Seed(packed("zip")),
    "TAR, gz": Seed(packed("gz")),
    "TAR, xz": Seed(packed("xz")),
    "a run": Seed(run, doors="run"),
    "a run, stopped": Seed(partial(run, until=Checkpoint), doors="run"),
    "network in Python": Seed(network, doors="network"),
    "Keras": Seed(keras_file, doors="keras"),
    "trace": Seed(saved_trace, doors="trace"),
}  # fmt: skip
