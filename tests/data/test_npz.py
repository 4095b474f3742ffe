import io
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from convscope.data import load
from convscope.data.dataset import DataSettings
from convscope.errors import DataError
from tests.data.soundness import assert_dataset_is_sound

X = np.random.default_rng(0).integers(0, 256, (60, 8, 7), np.uint8)
Y = np.arange(60) % 3


def saved(folder: Path, **arrays) -> Path:
    np.savez_compressed(folder / "data.npz", **arrays)
    return folder / "data.npz"


def test_x_and_y_are_split_here(tmp_path):
    data = load(saved(tmp_path, X=X, y=Y))
    assert_dataset_is_sound(data)
    assert torch.equal(data.inputs[:, 0], torch.from_numpy(X))
    assert {name: len(rows) for name, rows in data.parts.items()} == {"train": 42, "val": 6, "test": 12}
    assert data.names[59] == "row 59"


@pytest.mark.parametrize(
    "keys",
    [("X_train", "y_train", "X_test", "y_test"), ("x_train", "y_train", "x_test", "y_test"),
     ("train_images", "train_labels", "test_images", "test_labels"),
     ("inputs_train", "targets_train", "inputs_test", "targets_test")],
)  # fmt: skip
def test_given_parts_stay(tmp_path, keys):
    arrays = dict(zip(keys, (X[:40], Y[:40], X[40:], Y[40:]), strict=True))
    data = load(saved(tmp_path, **arrays))
    assert_dataset_is_sound(data)
    assert data.parts["test"].tolist() == list(range(40, 60))
    assert len(data.parts["val"]) == 3  # a tenth of 13 or 14 a class
    assert torch.equal(data.labels, torch.from_numpy(Y))
    assert data.names[40] == "test 0"


def test_all_three_parts_and_names_of_classes(tmp_path):
    arrays = {f"{what}_{part}": values[rows] for part, rows in
              (("train", slice(0, 30)), ("val", slice(30, 45)), ("test", slice(45, 60)))
              for what, values in (("x", X), ("y", Y))}  # fmt: skip
    data = load(saved(tmp_path, **arrays, class_names=np.array(["cat", "ant", "bee"])), DataSettings(val=0.5))
    assert_dataset_is_sound(data)
    assert [len(rows) for rows in data.parts.values()] == [30, 15, 15]
    assert data.classes == ("cat", "ant", "bee")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": X}, "holds X; expected X and y"),
        ({"a": X, "b": X, "c": Y}, "holds a, b, c; expected X and y"),
        ({}, "holds no arrays"),
        ({"X": X, "x": X, "y": Y}, "holds both X and x"),
        ({"X": X, "y": Y, "X_test": X, "y_test": Y}, "holds X, y, X_test, y_test; expected"),
        ({"X": X, "y": Y[:-1]}, r"X has shape \(60, 8, 7\), y \(59,\)"),
        ({"X_train": X, "y_train": Y, "X_test": X[:, :4], "y_test": Y}, r"X_test has shape \(60, 4, 7\)"),
        ({"X": X[:, 0, 0], "y": Y}, r"shape \(60,\)"),
        (
            {"X": X, "y": Y, "kind": "sequence"},
            r"the kind is sequence.\n  Write one of signal, image, volume",
        ),
        ({"X": X, "y": Y, "kind": X}, r"the kind is 3360 values"),
        ({"X": X, "y": Y, "kind": "volume"}, r"shape \(60, 8, 7\); expected"),
        ({"X": X, "y": Y + np.nan}, "data.npz are no numbers in 60 of 60 rows, the first of them 0: nan"),
    ],
)
def test_arrays_that_do_not_go_together(tmp_path, arrays, message):
    with pytest.raises(DataError, match=message) as caught:
        load(saved(tmp_path, **arrays))
    assert "data.npz" in str(caught.value)


@pytest.mark.parametrize(
    ("x", "kind", "shape"),
    [
        (X[:, 0] / 7, None, (1, 7)),
        (X / 7, "signal", (8, 7)),
        (X[:, None], "volume", (1, 1, 8, 7)),
        (np.repeat(X[:, None], 6, axis=1), None, (1, 6, 8, 7)),
    ],
)
def test_signals_and_volumes(tmp_path, x, kind, shape):
    said = {} if kind is None else {"kind": np.array(kind)}
    data = load(saved(tmp_path, X=x, y=Y, **said))
    assert_dataset_is_sound(data)
    assert data.inputs.shape == (60, *shape)
    assert data.kind == (kind or ("signal" if len(shape) == 2 else "volume"))


def test_medmnist_volumes(tmp_path):
    rows = {"train": slice(0, 30), "val": slice(30, 45), "test": slice(45, 60)}
    volumes = np.random.default_rng(0).integers(0, 256, (60, 28, 28, 28), np.uint8)
    arrays = {f"{part}_images": volumes[some] for part, some in rows.items()}
    arrays |= {f"{part}_labels": Y[some, None].astype(np.uint8) for part, some in rows.items()}
    data = load(saved(tmp_path, **arrays))
    assert_dataset_is_sound(data)
    assert data.kind == "volume"
    assert torch.equal(data.inputs[:, 0], torch.from_numpy(volumes))
    assert [len(part) for part in data.parts.values()] == [30, 15, 15]
    assert data.labels.tolist() == Y.tolist()


class Trap:
    def __reduce__(self):
        return Path("trap").touch, ()


@pytest.mark.parametrize("key", ["X", "y"])
def test_a_pickle_inside_is_never_opened(tmp_path, monkeypatch, key):
    monkeypatch.chdir(tmp_path)
    arrays = {"X": X, "y": Y, key: np.array([Trap()] * 60, dtype=object)}
    path = saved(tmp_path, **arrays)
    with pytest.raises(DataError, match=f"holds Python objects in {key}, which could run code"):
        load(path)
    assert not Path("trap").exists()
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(DataError, match=r"data.npz is damaged or no .npz file"):
        load(path)
    assert not Path("trap").exists()


def test_damage_anywhere_is_named(tmp_path):
    path = saved(tmp_path, X=X, y=Y)
    content = path.read_bytes()
    for length in (0, 1, 30, 100, len(content) // 2, len(content) - 10):
        path.write_bytes(content[:length])
        with pytest.raises(DataError, match=r"data.npz"):
            load(path)
    for position in range(100, 3000, 200):  # within the compressed pixels
        path.write_bytes(content[:position] + bytes([content[position] ^ 8]) + content[position + 1 :])
        with pytest.raises(DataError, match=r"data.npz"):
            load(path)


def npy(shape: tuple[int, ...], data: bytes, descr: str = "|u1") -> bytes:
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header.encode() + data


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return path


def test_a_header_that_claims_too_much_asks_for_no_memory(tmp_path):
    labels = npy((60,), bytes(60))
    path = zipped(tmp_path / "a.npz", **{"X.npy": npy((2**20, 2**20, 28), bytes(60)), "y.npy": labels})
    with pytest.raises(
        DataError, match=r"says that X is 1048576 × 1048576 × 28 of uint8 .* but holds 60 bytes"
    ):
        load(path)


def test_a_bomb_is_refused_before_it_unfolds(tmp_path, monkeypatch):
    monkeypatch.setattr("convscope.data.memory.physical_memory", lambda: 10_000_000)
    path = zipped(
        tmp_path / "a.npz",
        **{"X.npy": npy((60, 500, 500), bytes(15_000_000)), "y.npy": npy((60,), bytes(60))},
    )
    assert path.stat().st_size < 100_000
    with pytest.raises(DataError, match=r"a.npz would take 0.0 GB of memory"):
        load(path)


@pytest.mark.parametrize(
    "header", ["__import__('os').abort()", "{'descr': 'O', 'shape': (1,), 'fortran_order': 0}", ""]
)
def test_a_hostile_header_executes_nothing(tmp_path, header):
    member = b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header.encode()
    with pytest.raises(DataError, match=r"a.npz is damaged"):
        load(zipped(tmp_path / "a.npz", **{"X.npy": member, "y.npy": member}))


def test_hostile_names_write_nothing_outside(tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    buffer = io.BytesIO()
    np.save(buffer, X)
    labels = npy((60,), bytes(range(3)) * 20)
    path = zipped(
        inner / "a.npz",
        **{"../X.npy": b"evil", "X.npy": buffer.getvalue(), "y.npy": labels, "/etc/y": b"evil"},
    )
    assert_dataset_is_sound(load(path))
    assert [entry.name for entry in tmp_path.iterdir()] == ["inner"]
    assert [entry.name for entry in inner.iterdir()] == ["a.npz"]
