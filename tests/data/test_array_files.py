"""Arrays of NumPy, MATLAB and HDF5 in the forms in which people have them, written by other code."""

import struct
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from scipy.io import savemat

from convscope import train
from convscope.data import load
from convscope.data.check import check
from convscope.data.dataset import DataSettings
from convscope.errors import DataError
from tests.data.soundness import assert_dataset_is_sound

DRAW = np.random.default_rng(0)
X = DRAW.integers(0, 256, (60, 8, 7), np.uint8)
Y = np.arange(60) % 3
COLOUR = DRAW.integers(0, 256, (60, 9, 8, 3), np.uint8)


def npys(folder: Path, **arrays) -> Path:
    folder.mkdir(exist_ok=True)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return folder


@pytest.mark.parametrize(
    ("x", "y"), [("X", "y"), ("images", "labels"), ("mnist_images", "mnist_labels"), ("data", "target")]
)
def test_arrays_beside_each_other(tmp_path, x, y):
    folder = npys(tmp_path / "data", **{x: X, y: Y})
    (folder / "README.txt").write_text("words")
    for path in (folder, folder / f"{x}.npy", folder / f"{y}.npy"):
        data = load(path)
        assert_dataset_is_sound(data)
        assert torch.equal(data.inputs[:, 0], torch.from_numpy(X))
        assert data.labels.tolist() == Y.tolist()


@pytest.mark.parametrize(
    "names",
    [("x_train", "y_train", "x_test", "y_test"), ("Xtrain", "Ytrain", "Xtest", "Ytest"),
     ("train-images", "train-labels", "test-images", "test-labels"), ("trainX", "trainY", "testX", "testY"),
     ("kmnist-train-imgs", "kmnist-train-labels", "kmnist-test-imgs", "kmnist-test-labels")],
)  # fmt: skip
@pytest.mark.parametrize("ending", ["npy", "npz"])
def test_parts_in_files(tmp_path, names, ending):
    for name, array in zip(names, (X[:40], Y[:40], X[40:], Y[40:]), strict=True):
        if ending == "npy":
            np.save(tmp_path / f"{name}.npy", array)
        else:
            np.savez(tmp_path / f"{name}.npz", array)
    data = load(tmp_path)
    assert_dataset_is_sound(data)
    assert data.parts["test"].tolist() == list(range(40, 60))
    assert torch.equal(data.inputs[:, 0], torch.from_numpy(X))


def svhn(folder: Path) -> Path:
    """As ufldl.stanford.edu/housenumbers describes it: X (32, 32, 3, n), y (n, 1) from 1 to 10."""
    folder.mkdir(exist_ok=True)
    for part, count in (("train", 50), ("test", 20)):
        x = np.random.default_rng(count).integers(0, 256, (32, 32, 3, count), np.uint8)
        savemat(
            folder / f"{part}_32x32.mat",
            {"X": x, "y": (np.arange(count)[:, None] % 10 + 1).astype(np.uint8)},
            do_compression=True,
        )
    return folder


def test_svhn(tmp_path):
    folder = svhn(tmp_path / "svhn")
    data = load(folder)
    assert_dataset_is_sound(data)
    first = np.random.default_rng(50).integers(0, 256, (32, 32, 3, 50), np.uint8)
    assert torch.equal(data.inputs[7], torch.from_numpy(first[..., 7].transpose(2, 0, 1).copy()))
    assert data.classes == tuple(map(str, range(1, 11)))
    assert len(data.parts["test"]) == 20
    assert "the samples lie along the last axis of train_32x32/X" in data.remarks
    alone = load(folder / "train_32x32.mat")
    assert len(alone.inputs) == 50
    run = train(folder, network="compact", epochs=0.2, threads=1, runs=tmp_path / "runs")
    said = run.predict(str(folder / "test_32x32.mat"))
    assert len(said.names) == 20
    assert list(said.truth[:3]) == ["1", "2", "3"]
    assert check(folder).counts["train"]


def emnist(path: Path) -> np.ndarray:
    """As arXiv:1702.05373 describes it: a structure with train, test (images by columns) and mapping."""
    upright = np.random.default_rng(3).integers(0, 256, (40, 28, 28), np.uint8)
    flat = upright.transpose(0, 2, 1).reshape(40, 784)
    labels = (np.arange(40)[:, None] % 2 + 1).astype(float)
    mapping = np.array([[1, 65, 97], [2, 66, 98]], np.uint8)
    train, test = (
        {"images": flat[some], "labels": labels[some], "writers": labels[some]}
        for some in (slice(30), slice(30, 40))
    )
    savemat(path, {"dataset": {"train": train, "test": test, "mapping": mapping}}, do_compression=True)
    return upright


def test_emnist_by_matlab(tmp_path):
    upright = emnist(tmp_path / "emnist-letters.mat")
    data = load(tmp_path / "emnist-letters.mat")
    assert_dataset_is_sound(data)
    assert torch.equal(data.inputs[:, 0], torch.from_numpy(upright))
    assert data.classes == ("A", "B")
    assert data.labels.tolist() == [row % 2 for row in range(40)]
    assert len(data.parts["test"]) == 10
    assert any("turned upright" in remark for remark in data.remarks)


def matlab_73(path: Path, **arrays) -> Path:
    """As MATLAB writes -v7.3: HDF5 behind 512 bytes of its own, axes in the opposite order."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            if array.dtype.kind == "U":
                refs = file.create_group("#refs#") if "#refs#" not in file else file["#refs#"]
                cells = []
                for number, text in enumerate(array):
                    refs[f"{name}{number}"] = np.array([[ord(letter)] for letter in text], np.uint16)
                    cells.append(refs[f"{name}{number}"].ref)
                file.create_dataset(name, data=np.array([cells], dtype=h5py.ref_dtype), dtype=h5py.ref_dtype)
                file[name].attrs["MATLAB_class"] = np.bytes_("cell")
            else:
                file[name] = array.T
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512))
    return path


@pytest.mark.parametrize("words", [False, True])
def test_both_kinds_of_mat(tmp_path, words):
    labels = np.array(["ant", "bee", "cat"])[Y] if words else Y[None]
    savemat(tmp_path / "old.mat", {"images": COLOUR, "labels": labels.astype(object) if words else labels})
    new = matlab_73(tmp_path / "new.mat", images=COLOUR, labels=labels)
    old, new = load(tmp_path / "old.mat"), load(new)
    assert old.inputs.equal(new.inputs)
    assert torch.equal(new.inputs, torch.from_numpy(COLOUR.transpose(0, 3, 1, 2).copy()))
    assert old.labels.equal(new.labels)
    assert old.classes == new.classes == (("ant", "bee", "cat") if words else ("0", "1", "2"))


@pytest.mark.parametrize("ending", [".h5", ".hdf5"])
@pytest.mark.parametrize(
    "names", [("x", "y"), ("train/images", "train/labels"), ("images", "ans"), ("pixels", "digit")]
)
def test_hdf5(tmp_path, ending, names):
    with h5py.File(tmp_path / f"data{ending}", "w") as file:
        file.create_dataset(names[0], data=X, compression="gzip")
        file[names[1]] = Y
        file["train/more" if "/" in names[0] else "more"] = np.zeros(7)
    data = load(tmp_path / f"data{ending}")
    assert torch.equal(data.inputs[:, 0], torch.from_numpy(X))
    assert data.labels.tolist() == Y.tolist()
    assert any("more" in remark for remark in data.remarks)


def test_pcam(tmp_path):
    """The parts and the labels of PatchCamelyon lie in six files of one array each, (n, 1, 1, 1) labels."""
    for part, count in (("train", 30), ("valid", 10), ("test", 12)):
        for what, array in (("x", COLOUR[:count]), ("y", (np.arange(count) % 2).reshape(-1, 1, 1, 1))):
            with h5py.File(tmp_path / f"camelyonpatch_level_2_split_{part}_{what}.h5", "w") as file:
                file[what] = array
    data = load(tmp_path)
    assert_dataset_is_sound(data)
    assert [len(rows) for rows in data.parts.values()] == [30, 10, 12]


def test_texts_in_hdf5(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["X"] = X
        file.create_dataset(
            "y", data=[["ant", "bée", "cat"][label] for label in Y], dtype=h5py.string_dtype()
        )
    assert load(tmp_path / "a.h5").classes == ("ant", "bée", "cat")


def test_chosen_by_shape_is_said(tmp_path):
    np.savez(tmp_path / "a.npz", pixels=X, digit=Y)
    data = load(tmp_path / "a.npz")
    assert data.labels.tolist() == Y.tolist()
    assert data.remarks[0] == "the samples are pixels (60 × 8 × 7), their labels digit: by their shapes"


def test_unclear_is_asked(tmp_path):
    np.savez(tmp_path / "a.npz", pixels=X, digit=Y, writer=Y + 5)
    with pytest.raises(DataError) as caught:
        load(tmp_path / "a.npz")
    for words in ("pixels: 60 × 8 × 7 of uint8", "writer: 60 of int64", "--label NAME"):
        assert words in str(caught.value)
    data = load(tmp_path / "a.npz", DataSettings(label="Writer"))
    assert data.classes == ("5", "6", "7")
    assert "arrays that are not used: digit" in data.remarks[0] + data.remarks[1]
    with pytest.raises(DataError, match="holds no array 'colour'; it holds pixels, digit, writer"):
        load(tmp_path / "a.npz", DataSettings(label="colour"))


def test_a_target_of_amounts(tmp_path):
    np.savez(tmp_path / "a.npz", X=X, y=Y, age=DRAW.normal(size=60))
    data = load(tmp_path / "a.npz", DataSettings(target="age"))
    assert data.regression
    assert data.classes == ("age",)


def test_groups_stay_together(tmp_path):
    patient = np.repeat(np.arange(12), 5)
    np.savez(tmp_path / "a.npz", X=X, y=Y, patient=patient)
    data = load(tmp_path / "a.npz", DataSettings(group="patient"))
    homes = [set(patient[rows.numpy()]) for rows in data.parts.values()]
    assert sum(map(len, homes)) == len(set.union(*homes))


def test_several_labels_a_sample_are_told(tmp_path):
    """ChestMNIST has 14 findings a picture, none or many of them 1."""
    findings = (DRAW.random((60, 14)) < 0.2).astype(np.uint8)
    np.savez(tmp_path / "chestmnist.npz", train_images=X, train_labels=findings)
    with pytest.raises(DataError, match=r"(?s)several labels a sample.*one class a sample"):
        load(tmp_path / "chestmnist.npz")


def test_several_sets_in_one_folder(tmp_path):
    for name in ("pathmnist", "bloodmnist"):
        np.savez(tmp_path / f"{name}.npz", train_images=X, train_labels=Y)
    with pytest.raises(
        DataError, match=r"(?s)bloodmnist/train_images: 60 × 8 × 7.*several data sets, give the path of one"
    ):
        load(tmp_path)
    assert len(load(tmp_path / "pathmnist.npz").inputs) == 60


def test_weights_are_no_data(tmp_path):
    with h5py.File(tmp_path / "model.h5", "w") as file:
        file.create_group("model_weights")
    with pytest.raises(DataError, match="the weights of a network"):
        load(tmp_path / "model.h5")


def test_hdf5_reads_no_other_files(tmp_path):
    (tmp_path / "secret").write_bytes(bytes(range(60)))
    (tmp_path / "elsewhere").mkdir()
    with h5py.File(tmp_path / "elsewhere" / "other.h5", "w") as file:
        file["y"] = Y
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["X"] = X
        file.create_dataset("y", (60,), "u1", external=[(str(tmp_path / "secret"), 0, 60)])
        file["labels"] = h5py.ExternalLink(str(tmp_path / "elsewhere" / "other.h5"), "y")
        layout = h5py.VirtualLayout((60,), "i8")
        layout[:] = h5py.VirtualSource(str(tmp_path / "elsewhere" / "other.h5"), "y", (60,))
        file.create_virtual_dataset("target", layout)
    with pytest.raises(DataError, match=r"a\.h5 holds X; expected X and y"):
        load(tmp_path / "a.h5")


def test_sizes_that_no_memory_holds(tmp_path, monkeypatch):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("X", (60, 10**6, 10**6), "f8", chunks=True)
        file["y"] = Y
    with pytest.raises(DataError, match=r"a\.h5 would take"):
        load(tmp_path / "a.h5")
    savemat(tmp_path / "b.mat", {"dataset": {"X": np.zeros((60, 10**5)), "y": Y}}, do_compression=True)
    assert (tmp_path / "b.mat").stat().st_size < 200_000
    monkeypatch.setattr("convscope.data.memory.physical_memory", lambda: 10_000_000)
    with pytest.raises(DataError, match=r"b\.mat would take"):
        load(tmp_path / "b.mat")


@pytest.mark.parametrize("ending", [".mat", ".h5", ".npy"])
def test_damage_is_named(tmp_path, ending):
    path = tmp_path / f"X{ending}"
    if ending == ".mat":
        savemat(path, {"X": X, "y": Y}, do_compression=True)
    elif ending == ".npy":
        npys(tmp_path, X=X, y=Y)
    else:
        with h5py.File(path, "w") as file:
            file["X"], file["y"] = X, Y
    whole = path.read_bytes()
    places = np.random.default_rng(0).integers(0, min(len(whole), 3000), (60, 3))
    cuts = [whole[:length] for length in (0, 3, 100, 130, len(whole) // 2, len(whole) - 9)]
    flips = []
    for row in places:
        damaged = bytearray(whole)
        for place in row:
            damaged[place] ^= 0xFF
        flips.append(bytes(damaged))
    for content in (*cuts, *flips):
        path.write_bytes(content)
        try:
            load(path)
        except DataError as error:
            assert str(tmp_path) in str(error)


def test_a_mat_whose_lengths_lie(tmp_path):
    head = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<HH", 0x0100, 0x4D49)
    bomb = zlib.compress(bytes(10**6))
    for body in (
        struct.pack("<II", 15, 2**31),
        struct.pack("<II", 15, len(bomb)) + bomb,
        struct.pack("<II", 14, 2**32 - 1),
    ):
        (tmp_path / "a.mat").write_bytes(head + body)
        with pytest.raises(DataError, match=r"a\.mat"):
            load(tmp_path / "a.mat")


def test_without_h5py(tmp_path, monkeypatch):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["X"], file["y"] = X, Y
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(
        DataError, match=r"(?s)h5py, which is not installed.*pip install 'convscope\[arrays\]'"
    ):
        load(tmp_path / "a.h5")


def test_a_folder_of_arrays_is_predicted_with_its_labels(tmp_path):
    folder = npys(tmp_path / "data", X=X, y=Y)
    run = train(folder, network="compact", epochs=0.2, threads=1, runs=tmp_path / "runs")
    said = run.predict(str(folder))
    assert list(said.truth[:4]) == ["0", "1", "2", "0"]
    assert len(said.names) == 60
    alone = npys(tmp_path / "new", **{f"p{row}": X[row] for row in range(4)})
    said = run.predict(str(alone))
    assert [name.split()[0] for name in said.names] == [f"p{row}.npy" for row in range(4)]


def strokes(count: int) -> np.ndarray:
    """Pictures with lines, (count, 28, 28): what lies below a pixel is like it."""
    pictures = np.zeros((count, 28, 28), np.uint8)
    for row, picture in enumerate(pictures):
        picture[4:24, 8 + row % 12 : 11 + row % 12] = 250
    return pictures


@pytest.mark.parametrize("form", ["npz", "mnist-original.mat"])
def test_rows_of_pixels_are_pictures(tmp_path, form):
    x, y = strokes(60), Y
    if form == "npz":
        np.savez(tmp_path / "a.npz", X=x.reshape(60, 784).astype(np.float64), y=y)
        data = load(tmp_path / "a.npz")
    else:
        savemat(tmp_path / form, {"data": x.reshape(60, 784).T, "label": y[None].astype(float)})
        data = load(tmp_path / form)
    assert data.kind == "image"
    assert torch.equal(data.inputs[:, 0], torch.from_numpy(x))
    assert "rows of 784 whole numbers are pictures of 1 × 28 × 28, as they look like" in data.remarks
    np.savez(tmp_path / "b.npz", X=np.abs(DRAW.normal(size=(60, 784))), y=y)
    assert load(tmp_path / "b.npz").kind == "signal"
    np.savez(tmp_path / "c.npz", X=x.reshape(60, 784), y=y, kind="signal")
    assert load(tmp_path / "c.npz").kind == "signal"


def test_rows_of_pixels_are_predicted_as_they_were_learnt(tmp_path):
    np.savez(tmp_path / "a.npz", X=strokes(60).reshape(60, 784), y=Y)
    run = train(tmp_path / "a.npz", network="compact", epochs=0.2, threads=1, runs=tmp_path / "runs")
    assert len(run.predict(str(tmp_path / "a.npz")).names) == 60
    np.save(tmp_path / "new.npy", strokes(5).reshape(5, 784))
    assert len(run.predict(str(tmp_path / "new.npy")).names) == 5


@pytest.mark.parametrize(
    ("name", "value"),
    [("images", "pics"), ("label_from", "(.)"), ("sample", "id"), ("window", 5), ("time", "t")],
)
def test_settings_that_mean_nothing_are_said(tmp_path, name, value):
    np.savez(tmp_path / "a.npz", X=X, y=Y)
    option = name.replace("_", "-")
    with pytest.raises(DataError, match=rf"--{option} says nothing of .*a\.npz"):
        load(tmp_path / "a.npz", DataSettings(**{name: value}))
