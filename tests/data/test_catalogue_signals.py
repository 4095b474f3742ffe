import hashlib
import os
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch

from convscope.data import DataSettings, load
from convscope.data.catalogue import signals as catalogue_signals
from convscope.errors import DataError
from tests.data.soundness import assert_dataset_is_sound

NOWHERE = ("http://127.0.0.1:9/",)  # nobody listens there


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """A machine with nothing on it and no connection, and a data set of 12 rows instead of 5,000."""
    for name, place in (("CONVSCOPE_DATA", "own"), ("CONVSCOPE_CACHE", "cache")):
        (tmp_path / place).mkdir()
        monkeypatch.setenv(name, str(tmp_path / place))
    values = np.arange(12 * 5, dtype="<f4").reshape(12, 1, 5) / 8
    labels = np.arange(12, dtype="<i8") % 2
    monkeypatch.setattr(catalogue_signals, "SHAPE", values.shape)
    monkeypatch.setattr(
        catalogue_signals, "ECG5000", hashlib.sha256(values.tobytes() + labels.tobytes()).hexdigest()
    )
    monkeypatch.setattr(catalogue_signals, "TEXT_MIRRORS", NOWHERE)
    monkeypatch.setattr(catalogue_signals, "ARCHIVE_MIRRORS", NOWHERE)
    return tmp_path


def texts(folder, change=0.0):
    """The 12 rows as .ts files, 8 for training."""
    folder.mkdir(parents=True, exist_ok=True)
    values = np.arange(60.0).reshape(12, 5) / 8 + change
    lines = [",".join(map(str, row)) + f":{1 + number % 2}" for number, row in enumerate(values)]
    for part, rows in (("TRAIN", lines[:8]), ("TEST", lines[8:])):
        text = "\n".join(["@problemName small", "@classLabel true 1 2", "@data", *rows])
        (folder / f"ECG5000_{part}.ts").write_text(text)
    return folder


@pytest.fixture
def mirror(tmp_path):
    """A server of files on this machine, and the folder it serves."""
    folder = tmp_path / "mirror"
    folder.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield folder, (f"http://127.0.0.1:{server.server_port}/",)
        server.shutdown()
        thread.join()


@pytest.mark.real_data
def test_ecg5000_is_found_on_this_machine():
    data = load("ecg5000")
    assert_dataset_is_sound(data)
    assert data.inputs.shape == (5000, 1, 140)
    assert data.source == "ecg5000"
    assert data.remarks[0] == f"read from {Path(os.environ['CONVSCOPE_DATA']) / 'ecg'}"
    assert data.parts["test"].tolist() == list(range(500, 5000))
    assert load("ecg5000", DataSettings(length=70, unequal="resample")).inputs.shape == (5000, 1, 70)


@pytest.mark.parametrize("name", catalogue_signals.BELOW)
def test_the_persons_own_copy_comes_first(alone, name):
    texts(alone / "own" / name)
    data = load("ecg5000", DataSettings(val=0))
    assert data.remarks[0] == f"read from {alone / 'own' / name}"
    assert data.parts["test"].tolist() == [8, 9, 10, 11]


def test_another_set_in_its_place_is_passed_over(alone):
    texts(alone / "own" / "ecg", change=1e-3)
    texts(alone / "own" / "ECG5000")
    data = load("ecg5000")
    said = f"{alone / 'own' / 'ecg'} does not hold ECG5000 as it was published; looked further"
    assert data.remarks[:2] == (said, f"read from {alone / 'own' / 'ECG5000'}")


def test_texts_are_downloaded_once(alone, mirror, monkeypatch):
    folder, address = mirror
    texts(folder)
    monkeypatch.setattr(catalogue_signals, "TEXT_MIRRORS", address)
    first = load("ecg5000")
    assert_dataset_is_sound(first)
    monkeypatch.setattr(catalogue_signals, "TEXT_MIRRORS", NOWHERE)
    again = load("ecg5000")
    assert torch.equal(again.inputs, first.inputs)
    assert again.remarks[0] == f"read from {alone / 'cache' / 'ecg5000'}"


def test_else_the_archive_is_unpacked(alone, mirror, monkeypatch):
    folder, address = mirror
    texts(folder / "inside")
    with zipfile.ZipFile(folder / "ECG5000.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted((folder / "inside").iterdir()):
            packed.write(file, f"ECG5000/{file.name}")
    monkeypatch.setattr(catalogue_signals, "ARCHIVE_MIRRORS", address)
    assert load("ecg5000").inputs.shape == (12, 1, 5)


@pytest.mark.parametrize("damage", ["text", "cut", "other"])
def test_a_bad_archive_is_removed(alone, mirror, monkeypatch, damage):
    folder, address = mirror
    with zipfile.ZipFile(folder / "ECG5000.zip", "w") as packed:
        packed.writestr("ECG5000_TRAIN.ts", "@data\n1,2,3:1\n" * 99)
        packed.writestr("ECG5000_TEST.ts" if damage != "other" else "README", "@data\n1,2,3:1\n")
    content = (folder / "ECG5000.zip").read_bytes()
    (folder / "ECG5000.zip").write_bytes({"text": b"404", "cut": content[:-30], "other": content}[damage])
    monkeypatch.setattr(catalogue_signals, "ARCHIVE_MIRRORS", address)
    with pytest.raises(DataError, match=r"is damaged, or does not hold .*; it was removed\.\n  Try again"):
        load("ecg5000")
    assert not (alone / "cache" / "ecg5000" / "ECG5000.zip").exists()


def test_other_values_than_the_published_are_refused(alone, mirror, monkeypatch):
    folder, address = mirror
    texts(folder, change=1e-3)
    monkeypatch.setattr(catalogue_signals, "TEXT_MIRRORS", address)
    with pytest.raises(
        DataError, match=r"is not ECG5000 as it was published: its values differ\.\n  Remove it"
    ):
        load("ecg5000")


def test_without_a_connection_it_says_what_to_bring(alone):
    with pytest.raises(DataError, match=r"bring these files:\s+http://127.0.0.1:9/ECG5000.zip"):
        load("ecg5000")


def test_cylinders_bells_and_funnels_are_what_they_are_called():
    data = load("cylinder-bell-funnel")
    assert_dataset_is_sound(data)
    assert (data.kind, data.inputs.shape) == ("signal", (1500, 1, 128))
    assert data.classes == ("cylinder", "bell", "funnel")
    assert data.remarks[0] == "synthetic: generated after Saito (1994), not measured"
    values, labels = data.inputs[:, 0].numpy(), data.labels.numpy()
    assert np.bincount(labels).tolist() == [500, 500, 500]
    # Before 16 and after 128 there is noise alone; from 32 to 48 every event is on, half its time on average.
    assert np.abs(values[:, :15].mean()) < 0.03
    assert values[:, :15].std() == pytest.approx(1, abs=0.03)
    assert values[labels == 0, 32:47].mean() == pytest.approx(6, abs=0.15)
    # A straight line through the event of a bell rises, of a funnel falls, of a cylinder is level.
    slopes = np.polyfit(np.arange(16), values[:, 32:48].T, 1)[0]
    assert abs(slopes[labels == 0].mean()) < 0.02
    assert slopes[labels == 1].mean() > 0.08
    assert slopes[labels == 2].mean() < -0.08


def test_synthetic_signals_are_the_same_for_everybody():
    """The first values were computed once by NumPy's RandomState; no setting changes them."""
    first, other = load("cylinder-bell-funnel"), load("cylinder-bell-funnel", DataSettings(seed=3))
    assert torch.equal(first.inputs, other.inputs)
    assert not torch.equal(first.parts["test"], other.parts["test"])
    draw = np.random.RandomState(1994)
    start, length, height = draw.uniform(16, 32, 1500), draw.uniform(32, 96, 1500), 6 + draw.normal(size=1500)
    noise = draw.normal(size=(1500, 128))
    for row in (0, 1, 2, 1499):
        for place in range(128):
            passed = place + 1 - start[row]
            inside = 0 <= passed <= length[row]
            shape = (1, passed / length[row], 1 - passed / length[row])[row % 3]
            assert first.inputs[row, 0, place] == pytest.approx(
                height[row] * shape * inside + noise[row, place], abs=1e-5
            )
