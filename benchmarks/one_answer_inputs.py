"""Real samples in all the forms in which people have them: odd sizes, turned, deep, unequal, oddly spaced.

A maker writes a data set below a folder, of which every file is a sample by itself, and says what to train
on. What is real comes from the folder CONVSCOPE_DATA.
"""

import csv
import gzip
import os
import wave
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import nibabel
import numpy as np
from PIL import Image

REAL = Path(os.environ.get("CONVSCOPE_DATA", ""))
ORIENTATION = 274  # of EXIF
WINDOW = 5  # days


class Inputs(NamedTuple):
    """What to train on, and the files that hold one of its samples each, by the name of that sample."""

    source: Path
    files: Mapping[str, Path]


class Case(NamedTuple):
    """A data set in odd forms, and how it is trained on.

    Attributes:
        size: how many inputs.
        make: a folder, and how many inputs → them.
        settings: of `convscope.train`.
    """

    size: int
    make: Callable[[Path, int], Inputs]
    settings: Mapping[str, Any]


# ---- photographs: every mode, size, turn and format


def _turned(picture: Image.Image, file: Path, way: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = way
    picture.save(file, "JPEG", exif=exif, quality=92)


def _veiled(picture: Image.Image) -> Image.Image:
    """With an edge that fades away."""
    fading = np.linspace(0, 400, picture.width).clip(0, 255).astype(np.uint8)
    picture.putalpha(Image.fromarray(np.tile(fading, (picture.height, 1))))
    return picture


def _deep(picture: Image.Image) -> Image.Image:
    """Grey of 16 bits."""
    grey = np.asarray(picture.convert("L")).astype(np.uint16)
    return Image.fromarray(grey * 256 + grey[::-1])


def _see_through(picture: Image.Image, file: Path) -> None:
    picture.quantize(40).save(file, "PNG", transparency=7)


def _animated(picture: Image.Image, file: Path) -> None:
    picture.save(file, "GIF", save_all=True, append_images=[picture.rotate(180)])


def _with_thumbnail(picture: Image.Image, file: Path) -> None:
    picture.resize((8, 6)).save(file, "TIFF", save_all=True, append_images=[picture])


Dressing = Callable[[Image.Image, Path], None]
DRESSINGS: Sequence[Dressing | None] = (
    None,  # the file as it is
    *(lambda picture, file, way=way: _turned(picture, file, way) for way in range(2, 9)),
    lambda picture, file: _veiled(picture).save(file, "PNG"),
    lambda picture, file: _deep(picture).save(file, "PNG"),
    lambda picture, file: picture.quantize(50).save(file, "PNG"),
    lambda picture, file: picture.convert("CMYK").save(file, "JPEG", quality=92),
    lambda picture, file: picture.convert("L").save(file, "JPEG"),
    _see_through,
    lambda picture, file: _veiled(picture.convert("L")).save(file, "PNG"),
    lambda picture, file: picture.resize((1601, 1203)).save(file, "JPEG", quality=92),
    lambda picture, file: picture.save(file, "JPEG", progressive=True, subsampling=2),
    lambda picture, file: picture.convert("1").save(file, "PNG"),
    lambda picture, file: picture.save(file, "WEBP", lossless=True),
    lambda picture, file: _veiled(picture).save(file, "WEBP", lossless=True),
    lambda picture, file: picture.save(file, "BMP"),
    _animated,
    lambda picture, file: _deep(picture).save(file, "TIFF"),
    lambda picture, file: picture.convert("CMYK").save(file, "TIFF"),
    lambda picture, file: picture.convert("YCbCr").save(file, "TIFF"),
    lambda picture, file: picture.convert("LAB").save(file, "TIFF"),
    lambda picture, file: picture.convert("I").save(file, "TIFF"),
    lambda picture, file: picture.convert("F").save(file, "TIFF"),
    _with_thumbnail,
    lambda picture, file: picture.resize((3, 97)).save(file, "PNG"),
    lambda picture, file: picture.resize((131, 2)).save(file, "PNG"),
    lambda picture, file: picture.resize((1, 1)).save(file, "PNG"),
    lambda picture, file: picture.resize((47, 61)).save(file, "PNG"),
)  # fmt: skip


def photographs(root: Path, count: int) -> Inputs:
    """Photographs of Caltech, of which each has its own form; a folder a class."""
    every = sorted(REAL.glob("photos/*/*/*.jpg"))
    files: dict[str, Path] = {}
    for number in range(count):
        photo = every[number * 97 % len(every)]  # classes in turn; 97 and 684 have no common factor
        name = f"{photo.parent.name}/{number:04}{photo.suffix}"
        files[name] = root / "photos" / name
        files[name].parent.mkdir(parents=True, exist_ok=True)
        dress = DRESSINGS[number % len(DRESSINGS)]
        if dress is None:
            files[name].write_bytes(photo.read_bytes())
        else:
            with Image.open(photo) as picture:
                dress(picture.convert("RGB"), files[name])
    return Inputs(root / "photos", files)


# ---- signals: of unequal length and rate; as sounds, and as rows


def beats(count: int) -> list[tuple[str, list[float]]]:
    """Heartbeats with their classes, the two most frequent in turn."""
    found: dict[str, list[list[float]]] = {"1": [], "2": []}
    with gzip.open(REAL / "ecg" / "ecg5000_test.csv.gz", "rt") as file:
        for label, *values in csv.reader(file):
            name = f"{float(label):g}"
            if name in found:
                found[name].append(list(map(float, values)))
    return [(name, found[name][number // 2]) for number in range(count) for name in ["12"[number % 2]]]


def sounds(root: Path, count: int) -> Inputs:
    """Heartbeats as WAV files of 8 to 32 bits, one or two channels, several rates and many lengths."""
    files: dict[str, Path] = {}
    for number, (label, values) in enumerate(beats(count)):
        name = f"beat {label}/{number:04}.wav"
        files[name] = root / "sounds" / name
        files[name].parent.mkdir(parents=True, exist_ok=True)
        kept = np.array(values)[: 140 - 7 * (number % 9)] / 8
        stereo = np.stack([kept, kept[::-1]], 1) if number % 3 == 1 else kept[:, None]
        _wav(files[name], stereo, (250, 250, 360, 500)[number % 4], (2, 1, 2, 4)[number // 4 % 4])
    return Inputs(root / "sounds", files)


def _wav(file: Path, values: np.ndarray, rate: int, width: int) -> None:
    whole = np.rint(values.clip(-1, 1) * (2 ** (8 * width - 1) - 1))
    stored = (whole + 128).astype("u1") if width == 1 else whole.astype(f"<i{width}")
    with wave.open(str(file), "wb") as stream:
        stream.setparams((values.shape[1], width, rate, 0, "NONE", ""))
        stream.writeframes(stored.tobytes())


def rows(root: Path, count: int) -> Inputs:
    """Heartbeats in one table, and each in a file: with its class, without, as a column, an array."""
    lines, files = [], {}
    for number, (label, values) in enumerate(beats(count), 1):
        cells = [f"{value:.6f}" for value in values]
        lines.append(",".join([label, *cells]))
        file = root / "alone" / f"{number:04}"
        file.parent.mkdir(parents=True, exist_ok=True)
        match number % 4:
            case 0:
                np.save(file := file.with_suffix(".npy"), np.array(cells, np.float64))
            case 1:
                (file := file.with_suffix(".csv")).write_text(",".join(cells) + "\n")
            case 2:
                (file := file.with_suffix(".tsv")).write_text("\t".join([label, *cells]) + "\n")
            case _:
                (file := file.with_suffix(".txt")).write_text("\n".join(cells) + "\n")
        files[f"row {number}"] = file
    (root / "beats.csv").write_text("\n".join(lines) + "\n")
    return Inputs(root / "beats.csv", files)


# ---- volumes: of odd spacing and size, lying in any way; and frames of a stack


def furniture(count: int) -> list[tuple[str, np.ndarray]]:
    """Voxels of chairs and toilets, (depth, height, width), grey by depth so that each axis can be told."""
    with np.load(REAL / "volumes" / "modelnet10_voxels30.npz") as held:
        voxels, labels, names = held["X_test"], held["y_test"], held["class_names"].tolist()
    slope = np.linspace(0.5, 1, 30)
    found = []
    for number in range(count):
        label = names.index(("chair", "toilet")[number % 2])
        voxel = voxels[labels == label][number // 2]
        found.append((names[label], (200 * voxel * slope * slope[:, None]).astype(np.float32)))
    return found


def scans(root: Path, count: int) -> Inputs:
    """Furniture as NIfTI files: mirrored, turned, of unequal sizes and voxels that are no cubes."""
    files: dict[str, Path] = {}
    for number, (label, voxels) in enumerate(furniture(count)):
        name = f"{label}/{number:04}.nii{'.gz' if number % 2 else ''}"
        files[name] = root / "scans" / name
        files[name].parent.mkdir(parents=True, exist_ok=True)
        odd = voxels[: 30 - number % 5, number % 3 :, : 30 - number % 4]
        affine = np.diag([(-1.0) ** number * (0.7 + number % 4 / 2), 1.1, 2.5 - number % 3, 1])
        if number % 4 == 3:
            affine[:, [0, 2]] = affine[:, [2, 0]]  # lies on its side
        values = odd.astype((np.float32, np.int16, np.uint8, np.float64)[number // 2 % 4])
        nibabel.save(nibabel.Nifti1Image(values, affine), files[name])
    return Inputs(root / "scans", files)


def stacks(root: Path, count: int) -> Inputs:
    """Furniture as TIFF files of many pages, of unequal sizes."""
    files: dict[str, Path] = {}
    for number, (label, voxels) in enumerate(furniture(count)):
        name = f"{label}/{number:04}.tif"
        files[name] = root / "stacks" / name
        files[name].parent.mkdir(parents=True, exist_ok=True)
        odd = voxels[number % 7 :, : 30 - number % 5].astype(np.uint8)
        first, *others = (Image.fromarray(frame) for frame in odd)
        first.save(files[name], "TIFF", save_all=True, append_images=others)
    return Inputs(root / "stacks", files)


# ---- sequences


def weather(root: Path, count: int) -> Inputs:
    """Seattle's weather; each day that is to be foretold alone with the days before it."""
    with (REAL / "weather" / "seattle_newyork_daily_2012_2015.csv").open() as file:
        title, *lines = [row[1:] for row in csv.reader(file) if row[0] in ("location", "Seattle")]
    (root / "weather.csv").write_text("\n".join(map(",".join, [title, *lines])) + "\n")
    (root / "alone").mkdir()
    files = {}
    for number in range(count):
        start = number * (len(lines) - WINDOW - 1) // count
        day = date(2012, 1, 1) + timedelta(start + WINDOW)
        file = files[str(day)] = root / "alone" / f"{day}.csv"
        file.write_text("\n".join(map(",".join, [title, *lines[start : start + WINDOW + 1]])) + "\n")
    return Inputs(root / "weather.csv", files)


PARTS = {"val": 0.2, "test": 0.4}
PICTURE = {"network": "compact", "epochs": 2, "batch": 16, **PARTS}
SIGNAL = {"network": "compact", "epochs": 3, "batch": 16, **PARTS}
VOLUME = {"network": "compact", "epochs": 1, "batch": 16, **PARTS}
DAYS = {"network": "gru", "window": WINDOW, "epochs": 1, **PARTS}
CASES: Mapping[str, Case] = {
    "photographs": Case(495, photographs, {"size": (40, 48), "channels": 3, **PICTURE}),
    "photographs, grey and cropped": Case(
        231, photographs, {"size": (33, 29), "channels": 1, "fit": "crop", **PICTURE}
    ),
    "photographs, stretched": Case(231, photographs, {"size": (64, 64), "fit": "stretch", **PICTURE}),
    "sounds, padded": Case(144, sounds, {"unequal": "pad", **SIGNAL}),
    "sounds, cropped": Case(144, sounds, {"unequal": "crop", **SIGNAL}),
    "sounds, resampled": Case(144, sounds, {"unequal": "resample", **SIGNAL}),
    "rows": Case(200, rows, SIGNAL),
    "scans": Case(96, scans, {"size": (16, 15, 14), **VOLUME}),
    "stacks": Case(95, stacks, {"size": (9, 16, 16), **VOLUME}),
    "weather": Case(110, weather, {"target": "weather", **DAYS}),
    "temperatures": Case(110, weather, {"target": "temp_max", **DAYS}),
}
