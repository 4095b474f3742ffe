"""Pickles: what they hold comes out, what they ask for does not happen."""

import collections
import contextlib
import io
import operator
import os
import pickle
import pickletools
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from convscope import train
from convscope.data import load
from convscope.data.containers import pickles
from convscope.data.dataset import DataSettings
from convscope.errors import DataError
from tests.data.soundness import assert_dataset_is_sound

DRAW = np.random.default_rng(0)


def read(content: bytes) -> dict:
    return pickles.read(content, Path("batch"))


@pytest.mark.parametrize("protocol", range(2, 6))
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["u1", "<i4", ">f8", "?", "<U3", "S4", "f2"])
def test_arrays_of_every_protocol(protocol, order, dtype):
    array = np.array(DRAW.integers(0, 2, (4, 3)).astype(dtype), order=order)
    held = {
        "data": array,
        b"old": [1, 2.5, None, True, "text", b"bytes", (1, (2, 3, 4, 5))],
        "n": -(2**70),
        "s": np.int64(7),
    }
    found = read(pickle.dumps(held, protocol))
    assert np.array_equal(found["data"], array)
    assert found["data"].dtype == array.dtype
    assert found["old"] == held[b"old"]
    assert (found["n"], found["s"]) == (held["n"], 7)


def test_shared_and_empty_things():
    shared = [1, 2]
    found = read(
        pickle.dumps({"a": shared, "b": shared, "c": {}, "d": [], "e": np.zeros((0, 3)), "f": ()}, 2)
    )
    assert found["a"] == found["b"] == [1, 2]
    assert found["e"].shape == (0, 3)


def asking(function, *arguments) -> object:
    return type("Asking", (), {"__reduce__": lambda self: (function, arguments)})()


class Slots:
    """Restored through the state of an object."""

    def __init__(self):
        self.x = 1


HOSTILE = {
    "os.system": asking(os.system, "touch trap"),
    "eval": asking(eval, "open('trap', 'w')"),
    "Path.touch": asking(Path.touch, Path("trap")),
    "subprocess": asking(subprocess.getoutput, "touch trap"),
    "attrgetter": asking(operator.attrgetter, "system"),
    "np.load": asking(np.load, "trap"),
    "np.frombuffer": asking(np.frombuffer, b"1234"),
    "objects": np.array([asking(os.system, "touch trap")] * 3, dtype=object),
    "an object": Slots(),
    "an ordered dictionary": collections.OrderedDict(a=1),
    "a set": {1, 2},
    "a tensor": torch.zeros(3),
    "a dtype of fields": np.zeros(3, [("a", "u1")]),
    "a date": np.zeros(3, "datetime64[s]"),
}


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_that_a_pickle_asks_for_happens(tmp_path, monkeypatch, name, protocol):
    monkeypatch.chdir(tmp_path)
    for held in ({"data": HOSTILE[name]}, HOSTILE[name], {"data": [[HOSTILE[name]]]}):
        with pytest.raises(DataError, match="batch is "):
            read(pickle.dumps(held, protocol))
    assert not Path("trap").exists()


WRITTEN = {
    "inst": b"(S'touch trap'\nios\nsystem\n.",
    "obj": b"(cos\nsystem\nS'touch trap'\no.",
    "newobj": b"\x80\x02cos\nsystem\n(U\ntouch trapt\x81.",
    "persistent": b"Ptrap\n.",
    "extension": b"\x80\x02\x82\x01.",
    "renamed": b"\x80\x04\x8c\x05numpy\x94\x8c\x0cload.__call__\x94\x93.",
    "dotted": b"\x80\x04\x8c\x05numpy\x94\x8c\x0bndarray.all\x94\x93.",
    "call of a text": b"\x80\x02U\x05dtypeU\x02u1\x85R.",
    "call of a class": b"\x80\x02cnumpy\nndarray\nK\x05\x85R.",
    "state of a list": b"\x80\x02]}b.",
    "entries of a list": b"\x80\x02]K\x01K\x02s.",
    "items of a dict": b"\x80\x02}K\x01a.",
    "a key that is a list": b"\x80\x02}]K\x01s.",
    "nothing below": b"\x80\x02R.",
    "no mark": b"\x80\x02K\x01t.",
    "unknown memory": b"\x80\x02h\x07.",
    "no end": b"\x80\x02}",
    "nothing": b"",
    "a huge length": b"\x80\x02T\xff\xff\xff\x7fabc.",
    "a longer one": b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7fabc.",
    "a long number": b"L" + b"9" * 10_000 + b"L\n.",
    "an absurd array": b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\x01b\x87R"
    b"(K\x01J\xff\xff\xff\x7f\x85cnumpy\ndtype\nU\x02u1K\0K\x01\x87R\x89U\x04abcdtb.",
    "a negative array": b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\x01b\x87R"
    b"(K\x01J\xff\xff\xff\xffJ\xfc\xff\xff\xff\x86cnumpy\ndtype\nU\x02u1K\0K\x01\x87R\x89U\x04abcdtb.",
}  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN)
def test_instructions_by_hand(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="batch is "):
        read(WRITTEN[name])
    assert not Path("trap").exists()


def test_no_name_is_ever_looked_up(monkeypatch):
    """The reader imports nothing and builds no unpickler."""
    source = Path(pickles.__file__).read_text()
    for words in ("import_module", "__import__", "getattr", "Unpickler", "pickle.load", "eval(", "exec("):
        assert words not in source


def test_damage_of_every_byte_is_refused_or_read():
    content = pickle.dumps({"data": np.arange(40, dtype="u1"), "labels": [1, 2, 3], "names": ["a", "b"]}, 2)
    generator = np.random.default_rng(0)
    for _ in range(3000):
        damaged = bytearray(content)
        for place in generator.integers(0, len(content), 1 + generator.integers(4)):
            damaged[place] = generator.integers(256)
        with contextlib.suppress(DataError):
            assert isinstance(read(bytes(damaged)), dict)
    for length in range(len(content)):
        with pytest.raises(DataError):
            read(content[:length])


def test_billion_laughs_stay_small(tmp_path):
    """Lists of lists share what they hold: 2^60 items are 60 lists."""
    writer = io.BytesIO()
    writer.write(b"\x80\x02}(U\x01x]K\x01aq\0")
    for level in range(60):
        writer.write(b"U\x01y](h" + bytes([level]) + b"h" + bytes([level]) + b"eq" + bytes([level + 1]))
    writer.write(b"U\x04datah" + bytes([60]) + b"u.")
    assert len(read(writer.getvalue())["data"]) == 2
    (tmp_path / "a.pkl").write_bytes(writer.getvalue())
    with pytest.raises(DataError, match=r"a\.pkl holds x; expected X and y"):
        load(tmp_path / "a.pkl")
    folder = cifar10(tmp_path / "cifar-10-batches-py")
    (folder / "test_batch").write_bytes(writer.getvalue())
    with pytest.raises(DataError, match=r"test_batch holds x, y, data; expected data and labels"):
        load(folder)
    pickletools.dis(writer.getvalue(), io.StringIO())  # it is one


# ---- CIFAR


def batch(count: int, labels: dict[str, list[int]], seed: int = 0) -> dict:
    pixels = np.random.default_rng(seed).integers(0, 256, (count, 3072), np.uint8)
    names = [b"leptodactylus_s_%06d.png" % number for number in range(count)]
    return {
        b"batch_label": b"testing batch",
        b"data": pixels,
        **{key.encode(): value for key, value in labels.items()},
        b"filenames": names,
    }


def cifar10(folder: Path, protocol: int = 2) -> Path:
    folder.mkdir(parents=True)
    for number, name in enumerate([*(f"data_batch_{place}" for place in range(1, 6)), "test_batch"]):
        held = batch(20, {"labels": [row % 10 for row in range(20)]}, number)
        (folder / name).write_bytes(pickle.dumps(held, protocol))
    names = [
        b"airplane",
        b"automobile",
        b"bird",
        b"cat",
        b"deer",
        b"dog",
        b"frog",
        b"horse",
        b"ship",
        b"truck",
    ]
    (folder / "batches.meta").write_bytes(pickle.dumps({b"label_names": names, b"num_vis": 3072}, protocol))
    (folder / "readme.html").write_text("<html>")
    return folder


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("below", ["cifar-10-batches-py", "torchvision/cifar-10-batches-py"])
def test_cifar_10_for_python(tmp_path, protocol, below):
    folder = cifar10(tmp_path / below, protocol)
    data = load((tmp_path / below).parent)
    assert_dataset_is_sound(data)
    assert data.inputs.shape == (120, 3, 32, 32)
    assert data.classes[3] == "cat"
    expected = batch(20, {}, 5)[b"data"].reshape(20, 3, 32, 32)
    assert torch.equal(data.inputs[data.parts["test"]], torch.from_numpy(expected))
    assert load(folder / "data_batch_1").labels.tolist() == data.labels.tolist()


def test_cifar_10_trained_and_predicted(tmp_path, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_CACHE", str(tmp_path / "cache"))
    folder = cifar10(tmp_path / "cifar-10-batches-py")
    import shutil

    archive = shutil.make_archive(str(tmp_path / "cifar-10-python"), "gztar", tmp_path, folder.name)
    run = train(archive, network="compact", epochs=0.2, threads=1, runs=tmp_path / "runs")
    assert run.settings.data.source == archive
    said = run.predict(str(folder / "test_batch"))
    assert list(said.truth[:4]) == ["airplane", "automobile", "bird", "cat"]


def cifar100(folder: Path) -> Path:
    folder.mkdir()
    labels = {"fine_labels": [row % 5 for row in range(30)], "coarse_labels": [row % 2 for row in range(30)]}
    for name in ("train", "test"):
        (folder / name).write_bytes(pickle.dumps(batch(30, labels), 2))
    fine = [b"apple", b"aquarium_fish", b"baby", b"bear", b"beaver"]
    meta = {b"fine_label_names": fine, b"coarse_label_names": [b"aquatic_mammals", b"fish"]}
    (folder / "meta").write_bytes(pickle.dumps(meta, 2))
    return folder


def test_cifar_100_for_python(tmp_path):
    data = load(cifar100(tmp_path / "cifar-100-python"))
    assert_dataset_is_sound(data)
    assert data.classes == ("apple", "aquarium_fish", "baby", "bear", "beaver")
    assert len(data.parts["test"]) == 30
    coarse = load(tmp_path / "cifar-100-python", DataSettings(label="coarse_labels"))
    assert coarse.classes == ("aquatic_mammals", "fish")
    with pytest.raises(DataError, match=r"holds batch_label, data, fine_labels.*labels 'colour'"):
        load(tmp_path / "cifar-100-python", DataSettings(label="colour"))


def test_cifar_100_binary(tmp_path):
    for name, count in (("train.bin", 30), ("test.bin", 10)):
        table = np.random.default_rng(count).integers(0, 256, (count, 3074), np.uint8)
        table[:, 0], table[:, 1] = 9, np.arange(count) % 5
        (tmp_path / name).write_bytes(table.tobytes())
    (tmp_path / "fine_label_names.txt").write_text("apple\naquarium_fish\nbaby\nbear\nbeaver\n")
    data = load(tmp_path)
    assert data.classes[1] == "aquarium_fish"
    assert data.labels[:6].tolist() == [0, 1, 2, 3, 4, 0]
    assert torch.equal(
        data.inputs[:30].flatten(1),
        torch.from_numpy(np.random.default_rng(30).integers(0, 256, (30, 3074), np.uint8)[:, 2:].copy()),
    )


def test_a_hostile_batch_of_cifar(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = cifar10(tmp_path / "cifar-10-batches-py")
    (folder / "data_batch_3").write_bytes(pickle.dumps({b"data": asking(os.system, "touch trap")}, 2))
    with pytest.raises(
        DataError, match=r"data_batch_3 is a pickle that holds posix\.system, which could run code"
    ):
        load(folder)
    assert not Path("trap").exists()
    (folder / "data_batch_3").unlink()
    with pytest.raises(DataError, match=r"lacks data_batch_3.\n  Get cifar-10-python.tar.gz again"):
        load(folder)


def test_traffic_signs(tmp_path):
    """Three pickles of arrays, as the course on self-driving cars hands them out."""
    for name, count in (("train", 40), ("valid", 12), ("test", 12)):
        held = {
            "coords": np.zeros((count, 4)), "sizes": np.zeros((count, 2)), "labels": np.arange(count) % 4,
            "features": np.random.default_rng(count).integers(0, 256, (count, 32, 32, 3), np.uint8),
        }  # fmt: skip
        (tmp_path / f"{name}.p").write_bytes(pickle.dumps(held, 4))
    data = load(tmp_path)
    assert_dataset_is_sound(data)
    assert [len(rows) for rows in data.parts.values()] == [40, 12, 12]
    (tmp_path / "test.p").write_bytes(pickle.dumps([1, 2]))
    with pytest.raises(DataError, match=r"test\.p is a pickle of a list, not of a dictionary of arrays"):
        load(tmp_path)
