"""Files without labels give the same samples as the run's own data did."""

import wave
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch

from convscope import data
from convscope.data.dataset import Dataset, DataSettings
from convscope.errors import DataError, ShapeError
from convscope.run import NetworkPart, RunSettings
from convscope.run.inputs import gather
from convscope.settings import TrainingSettings


def settings_of(dataset: Dataset) -> RunSettings:
    return RunSettings.of(dataset, NetworkPart(name="fast"), TrainingSettings(epochs=1, batch=8, lr=0.1))


@pytest.fixture
def signals(tmp_path) -> tuple[Path, np.ndarray]:
    """A file of 40 signals, the class first."""
    values = np.random.default_rng(0).normal(size=(40, 30)).round(4)
    lines = [",".join(map(str, [1 + row % 2, *signal])) for row, signal in enumerate(values)]
    (tmp_path / "beats.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "beats.csv", values


def test_rows_without_a_class_are_signals(signals, tmp_path):
    path, values = signals
    dataset = data.load(path)
    (tmp_path / "new.tsv").write_text("\n".join("\t".join(map(str, row)) for row in values) + "\n")
    found = gather(tmp_path / "new.tsv", settings_of(dataset))
    order = [int(name.removeprefix("row ").split()[-1]) for name in dataset.names]
    assert sorted(order) == list(range(min(order), min(order) + 40))
    rows = [place - min(order) for place in order]
    assert torch.equal(found.inputs[rows], dataset.inputs)
    assert set(found.truth) == {None}


def test_a_row_that_is_no_signal_is_left_out_and_named(signals, tmp_path):
    path, values = signals
    lines = [",".join(map(str, row)) for row in values[:3]]
    lines[1] = lines[1].replace(lines[1].split(",")[4], "much")
    (tmp_path / "new.csv").write_text("\n".join(lines) + "\n")
    found = gather(tmp_path / "new.csv", settings_of(data.load(path)))
    assert list(found.names) == ["row 1", "row 3"]
    assert found.skipped[0].file == "row 2"
    assert "much" in found.skipped[0].reason


def test_labelled_rows_keep_their_class(signals):
    path, _ = signals
    found = gather(path, settings_of(data.load(path)))
    assert set(found.truth) == {"1", "2"}


def write_sound(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes((values * 32767).astype("<i2").tobytes())


@pytest.fixture
def sounds(tmp_path) -> Path:
    random = np.random.default_rng(0)
    for name in ("low", "high"):
        for number in range(6):
            write_sound(tmp_path / "sounds" / name / f"{number}.wav", random.uniform(-1, 1, 200 + number))
    return tmp_path / "sounds"


def test_sounds_are_read_as_the_runs_own_were(sounds):
    dataset = data.load(sounds)
    found = gather(sounds, settings_of(dataset))
    places = {name: place for place, name in enumerate(found.names)}
    assert torch.equal(found.inputs[[places[name] for name in dataset.names]], dataset.inputs)
    assert set(found.truth) == {"low", "high"}  # their folders say so


def test_a_broken_sound_is_left_out_and_named(sounds):
    settings = settings_of(data.load(sounds))
    (sounds / "low" / "bad.wav").write_bytes(b"RIFF")
    found = gather([sounds / "low", sounds / "high" / "1.wav"], settings)
    assert len(found.inputs) == 7
    assert "bad.wav" in found.skipped[0].file
    with pytest.raises(DataError, match="no sound can be read"):
        gather(sounds / "low" / "bad.wav", settings)


def test_volumes_in_files_are_read_as_the_runs_own_were(tmp_path):
    random = np.random.default_rng(0)
    for name in ("left", "right"):
        (tmp_path / "scans" / name).mkdir(parents=True)
        for number in range(6):
            voxels = random.normal(100, 20, (9, 8, 7)).astype(np.float32)
            nibabel.save(
                nibabel.Nifti1Image(voxels, np.eye(4)), tmp_path / "scans" / name / f"{number}.nii.gz"
            )
    dataset = data.load(tmp_path / "scans")
    found = gather(tmp_path / "scans", settings_of(dataset))
    places = {name: place for place, name in enumerate(found.names)}
    assert torch.equal(found.inputs[[places[name] for name in dataset.names]], dataset.inputs)
    assert found.inputs.dtype == dataset.inputs.dtype


@pytest.fixture
def days(tmp_path) -> Path:
    random = np.random.default_rng(0)
    start = np.datetime64("2020-01-01")
    lines = [f"{start + day},{random.normal():.3f},{random.choice(['dry', 'wet'])}" for day in range(120)]
    (tmp_path / "sky.csv").write_text("\n".join(["date,wind,sky", *lines]) + "\n")
    return tmp_path / "sky.csv"


def test_windows_of_a_table_are_those_of_training_and_the_newest(days):
    dataset = data.load(days, DataSettings(target="sky", window=4))
    found = gather(days, settings_of(dataset))
    assert torch.equal(found.inputs[:-1], dataset.inputs)
    assert list(found.truth[:-1]) == [dataset.classes[label] for label in dataset.labels]
    assert (found.names[-1], found.truth[-1]) == ("2020-04-30", None)


def test_arrays_in_files(signals, tmp_path):
    path, values = signals
    settings = settings_of(data.load(path))
    np.save(tmp_path / "new.npy", values.astype(np.float32))
    np.savez(tmp_path / "new.npz", X=values.astype(np.float32))
    for name in ("new.npy", "new.npz"):
        assert gather(tmp_path / name, settings).inputs.shape == (40, 1, 30)
    np.save(tmp_path / "odd.npy", np.zeros((2, 3, 4, 5)))
    with pytest.raises(ShapeError, match="takes samples of 1 × 30"):
        gather(tmp_path / "odd.npy", settings)
    (tmp_path / "bad.npy").write_bytes(b"nothing")
    with pytest.raises(DataError, match="Save it again"):
        gather(tmp_path / "bad.npy", settings)


def test_what_is_not_there(signals):
    with pytest.raises(DataError, match="there is no file or folder 'nowhere'"):
        gather("nowhere", settings_of(data.load(signals[0])))
