"""Signals by name: heartbeats of the UCR archive, and a synthetic set for which no network is needed."""

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np

from convscope.data.arrays import from_arrays
from convscope.data.catalogue.download import Remote, fetch
from convscope.data.catalogue.pictures import roots
from convscope.data.dataset import Dataset, DataSettings
from convscope.data.files import cache
from convscope.data.formats import signal_files
from convscope.errors import DataError

# Hosts pack the archive in several forms (.txt, .tsv, .ts), so not the files' but the values' sum is known.
ECG5000 = "e39b370ae234bd3aab9684a302a322b28aa5f667e36768a63c2cb114a5bb6a7a"
SHAPE = (5_000, 1, 140)
TEXTS = (Remote("ECG5000_TRAIN.ts"), Remote("ECG5000_TEST.ts"))
TEXT_MIRRORS = ("https://huggingface.co/datasets/sktime/tsc-datasets/resolve/main/ECG5000/",)
ARCHIVE = Remote("ECG5000.zip")
ARCHIVE_MIRRORS = (
    "https://timeseriesclassification.com/aeon-toolkit/",
    "https://www.timeseriesclassification.com/Downloads/",
)
BELOW = ("ecg", "ecg5000", "ECG5000")
MOST = 50_000_000  # bytes that a text of the archive may unpack to

CBF_POINTS, CBF_EACH, CBF_SEED = 128, 500, 1994


def ecg5000(settings: DataSettings) -> Dataset:
    """5,000 heartbeats of one patient in 5 classes, very uneven, 140 points; 4,500 of them for testing.

    Raises:
        DataError: neither a copy nor a connection; says what to download to where.
    """
    strangers = []
    for place in _places():
        if (data := _whole(place, settings)) is not None:
            return _named(data, place, settings, strangers)
        strangers.append(f"{place} does not hold ECG5000 as it was published; looked further")
    folder = cache.home() / "ecg5000"
    _download(folder)
    data = _whole(folder, settings)
    if data is None:
        raise DataError(
            f"what was downloaded to {folder} is not ECG5000 as it was published: its values differ.\n"
            "  Remove it and try again, or bring the files ECG5000_TRAIN and ECG5000_TEST there yourself."
        )
    return _named(data, folder, settings, strangers)


def cylinder_bell_funnel(settings: DataSettings) -> Dataset:
    """1,500 synthetic signals of 128 points: plateaus, ramps up and ramps down in noise (Saito 1994).

    Source: N. Saito, Local feature extraction and its applications using a library of bases, Yale 1994.
    """
    draw = np.random.RandomState(CBF_SEED)  # old, but the one whose numbers NumPy never changes
    labels = np.arange(3 * CBF_EACH) % 3
    start = draw.uniform(16, 32, (len(labels), 1))
    length = draw.uniform(32, 96, (len(labels), 1))
    height = 6 + draw.normal(size=(len(labels), 1))
    time = np.arange(1, CBF_POINTS + 1)  # (time,)
    risen = (time - start) / length  # (sample, time): 0 at the start, 1 at the end
    shapes = np.stack([np.ones_like(risen), risen, 1 - risen])[labels, np.arange(len(labels))]
    event = height * shapes * ((risen >= 0) & (risen <= 1))
    values = (event + draw.normal(size=event.shape)).astype(np.float32)
    data = from_arrays(
        values[:, None],
        labels,
        settings,
        classes=("cylinder", "bell", "funnel"),
        source="cylinder-bell-funnel",
        kind="signal",
    )
    said = "synthetic: generated after Saito (1994), not measured"
    return replace(data, remarks=(said, *data.remarks))


def _places() -> Iterator[Path]:
    for place in (root / name for root in roots() for name in BELOW):
        if signal_files.recognises(place):
            yield place


def _whole(place: Path, settings: DataSettings) -> Dataset | None:
    """What lies there at its own length, if it is the published data set."""
    try:
        data = signal_files.load(place, replace(settings, length=None, label=None), True)
    except DataError:
        return None
    if data.inputs.shape != SHAPE:
        return None
    content = data.inputs.numpy().astype("<f4").tobytes() + data.labels.numpy().astype("<i8").tobytes()
    return data if sha256(content).hexdigest() == ECG5000 else None


def _named(data: Dataset, place: Path, settings: DataSettings, strangers: list[str]) -> Dataset:
    if settings.length is not None:
        data = signal_files.load(place, settings, True)
    remarks = (*strangers, f"read from {place}", *data.remarks)
    return replace(data, source="ecg5000", remarks=remarks)


def _download(folder: Path) -> None:
    """Fetch the two texts, or else the archive that holds them."""
    try:
        fetch(TEXTS, TEXT_MIRRORS, folder)
    except DataError as no_texts:
        try:
            fetch([ARCHIVE], ARCHIVE_MIRRORS, folder)
        except DataError as no_archive:
            raise DataError(f"{no_archive}\n{no_texts}") from no_archive
        _unpack(folder / ARCHIVE.name)


def _unpack(archive: Path) -> None:
    """Lay the texts beside the archive."""
    try:
        with zipfile.ZipFile(archive) as packed:
            for text in TEXTS:
                inside = next(info for info in packed.infolist() if Path(info.filename).name == text.name)
                with packed.open(inside) as file:
                    (archive.parent / text.name).write_bytes(file.read(MOST))
    except (zipfile.BadZipFile, zlib.error, EOFError, StopIteration, NotImplementedError) as error:
        archive.unlink()
        raise DataError(
            f"{archive} is damaged, or does not hold {TEXTS[0].name} and {TEXTS[1].name}; it was removed.\n"
            "  Try again."
        ) from error
