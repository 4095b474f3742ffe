import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from convscope import train
from convscope.data import load
from convscope.data.dataset import DataSettings
from convscope.data.formats import idx
from convscope.errors import DataError
from tests.data.soundness import assert_dataset_is_sound

NAMES = [f"{part}-{what}-ubyte" for part in ("train", "t10k") for what in ("images-idx3", "labels-idx1")]


def encoded(array: np.ndarray, kind: int = 8) -> bytes:
    """Write an IDX file by the format's own words, independent of the reader."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, kind, array.ndim, *array.shape) + array.tobytes()


def contents(train: int = 60, test: int = 20) -> dict[str, bytes]:
    generator = np.random.default_rng(0)
    arrays = []
    for count in (train, test):
        arrays += [
            generator.integers(0, 256, (count, 6, 5), np.uint8),
            (np.arange(count) % 3).astype(np.uint8),
        ]
    return {name: encoded(array) for name, array in zip(NAMES, arrays, strict=True)}


def write(folder: Path, files: dict[str, bytes], gz: bool = True) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}{'.gz' * gz}").write_bytes(gzip.compress(content, 1) if gz else content)
    return folder


@pytest.mark.parametrize("gz", [True, False])
@pytest.mark.parametrize("below", ["", "raw", "MNIST/raw"])
def test_every_pixel_and_label_in_order(tmp_path, gz, below):
    files = contents()
    write(tmp_path / below, files, gz)
    data = load(tmp_path)
    assert_dataset_is_sound(data)
    pixels = b"".join(files[name][16:] for name in NAMES[::2])
    labels = b"".join(files[name][8:] for name in NAMES[1::2])
    assert data.inputs.shape == (80, 1, 6, 5)
    assert data.inputs.numpy().tobytes() == pixels
    assert bytes(data.labels.tolist()) == labels
    assert data.parts["test"].tolist() == list(range(60, 80))
    assert len(data.parts["val"]) == 6
    assert data.classes == ("0", "1", "2")
    assert (data.names[0], data.names[59], data.names[60]) == ("train 0", "train 59", "test 0")
    assert data.source == str(tmp_path)


def test_no_validation_part_when_none_is_wanted(tmp_path):
    data = load(write(tmp_path, contents()), DataSettings(val=0))
    assert [len(rows) for rows in data.parts.values()] == [60, 0, 20]


def test_kaggles_spelling_with_a_dot(tmp_path):
    files = {name.replace("-idx", ".idx"): content for name, content in contents().items()}
    assert len(load(write(tmp_path, files, gz=False)).inputs) == 80


def test_numbers_of_other_types_are_big_endian(tmp_path):
    files = contents()
    for name in NAMES[::2]:
        count = (len(files[name]) - 16) // 30
        files[name] = encoded(np.linspace(-1, 1, count * 30).reshape(count, 6, 5).astype(">f4"), kind=0x0D)
    data = load(write(tmp_path, files))
    assert data.inputs.dtype == torch.float32
    assert data.inputs[0, 0, 0, 0] == -1
    assert data.inputs[59, 0, 5, 4] == 1


def damage(name: str, change) -> dict[str, bytes]:
    files = contents()
    files[name] = change(files[name])
    return files


HEADER_OF_A_TERABYTE = struct.pack(">BBBB3I", 0, 0, 8, 3, 2**20, 2**10, 2**10)
BAD = {
    "empty": (NAMES[0], lambda _: b"", "is not an IDX file: it starts with nothing"),
    "header cut": (NAMES[0], lambda old: old[:9], "is not an IDX file"),
    "pixels cut": (NAMES[0], lambda old: old[:-7], "damaged or incomplete|ends after"),
    "too long": (NAMES[2], lambda old: old + b"more", "damaged or incomplete|holds more"),
    "wrong magic": (NAMES[1], lambda old: b"PK\3\4" + old, "it starts with 50 4b 03 04"),
    "unknown type": (NAMES[1], lambda old: old[:2] + b"\7" + old[3:], "it starts with 00 00 07 01"),
    "fewer labels": (
        NAMES[1],
        lambda _: encoded(np.zeros(59, np.uint8)),
        "holds 60 images, but .* 59 labels",
    ),
    "labels as images": (NAMES[0], lambda _: encoded(np.zeros(60, np.uint8)), "has 1 axes; expected 3"),
    "other size": (NAMES[2], lambda _: encoded(np.zeros((20, 5, 5), np.uint8)), "images of 6 × 5.*of 5 × 5"),
    "absurd size": (
        NAMES[0],
        lambda _: HEADER_OF_A_TERABYTE,
        r"1048576 × 1024 × 1024 numbers \(1,099,511,627,792",
    ),
}


@pytest.mark.parametrize("gz", [True, False])
@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_named_with_its_reason(tmp_path, case, gz):
    name, change, reason = BAD[case]
    write(tmp_path, damage(name, change), gz)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(DataError, match=reason) as caught:
        load(tmp_path)
    assert name in str(caught.value)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(("start", "stop"), [(0, 11), (0, -4), (0, -1)])
def test_a_gzip_that_ends_early(tmp_path, start, stop):
    path = write(tmp_path, contents()) / f"{NAMES[0]}.gz"
    path.write_bytes(path.read_bytes()[start:stop])
    with pytest.raises(DataError, match=f"{path.name}.*(ends too early|starts with nothing|is damaged)"):
        load(tmp_path)


def test_one_flipped_bit_in_a_gzip_is_noticed(tmp_path):
    path = write(tmp_path, contents()) / f"{NAMES[0]}.gz"
    content = path.read_bytes()
    for position in range(20, len(content), len(content) // 40):
        path.write_bytes(content[:position] + bytes([content[position] ^ 4]) + content[position + 1 :])
        with pytest.raises(DataError, match=path.name):
            load(tmp_path)


def test_a_gzip_bomb_is_refused_before_it_unfolds(tmp_path, monkeypatch):
    monkeypatch.setattr("convscope.data.memory.physical_memory", lambda: 10_000_000)
    files = contents()
    files[NAMES[0]] = encoded(np.zeros((60, 500, 500), np.uint8))  # 15 MB of zeros in 15 kB
    with pytest.raises(DataError, match=r"would take 0.0 GB of memory"):
        load(write(tmp_path, files))


def test_a_missing_file_is_named(tmp_path):
    files = contents()
    del files[NAMES[3]]
    with pytest.raises(DataError, match="but no t10k-labels"):
        load(write(tmp_path, files))


def test_other_folders_are_not_taken_for_idx(tmp_path):
    assert not idx.recognises(tmp_path)
    assert not idx.recognises(tmp_path / "nowhere")
    assert not idx.recognises(Path(__file__))


def emnist(folder: Path, name: str) -> dict[str, bytes]:
    """As arXiv:1702.05373 describes it: pictures by columns, labels from 1, a table of their characters."""
    files = {}
    for part, count in (("train", 30), ("test", 12)):
        upright = np.random.default_rng(count).integers(0, 256, (count, 28, 28), np.uint8)
        files[f"{name}-{part}-images-idx3-ubyte"] = encoded(upright.transpose(0, 2, 1))
        files[f"{name}-{part}-labels-idx1-ubyte"] = encoded((np.arange(count) % 3 + 1).astype(np.uint8))
    write(folder, files)
    (folder / f"{name}-mapping.txt").write_text("1 65 97\n2 66 98\n3 67 99\n")
    return files


def test_emnist_is_turned_upright_and_has_its_characters(tmp_path):
    emnist(tmp_path, "emnist-letters")
    data = load(tmp_path)
    assert_dataset_is_sound(data)
    assert data.classes == ("A", "B", "C")
    upright = np.random.default_rng(30).integers(0, 256, (30, 28, 28), np.uint8)
    assert torch.equal(data.inputs[:30, 0], torch.from_numpy(upright))
    assert len(data.parts["test"]) == 12
    assert "turned upright" in data.remarks[0]
    (tmp_path / "emnist-letters-mapping.txt").write_text("1 65\n2 words\n")
    with pytest.raises(
        DataError, match=r"emnist-letters-mapping\.txt: the table of its characters is damaged"
    ):
        load(tmp_path)


def test_of_several_sets_one_is_asked_for(tmp_path):
    for name in ("emnist-letters", "emnist-digits"):
        emnist(tmp_path / "gzip", name)
    with pytest.raises(
        DataError, match=r"several data sets: emnist-digits, emnist-letters.\n  Give the path of a file"
    ):
        load(tmp_path / "gzip")
    data = load(tmp_path / "gzip" / "emnist-digits-train-images-idx3-ubyte.gz")
    assert len(data.inputs) == 42


def test_one_file_is_predicted_with_the_labels_beside_it(tmp_path):
    write(tmp_path / "data", contents())
    run = train(tmp_path / "data", network="compact", epochs=0.2, threads=1, runs=tmp_path / "runs")
    said = run.predict(str(tmp_path / "data" / f"{NAMES[2]}.gz"))
    assert list(said.truth) == [str(row % 3) for row in range(20)]
    with pytest.raises(DataError, match="holds labels, no pictures"):
        run.predict(str(tmp_path / "data" / f"{NAMES[3]}.gz"))


@pytest.mark.parametrize("gz", [True, False])
def test_a_file_that_is_named_is_read_with_those_beside_it_which_is_said(tmp_path, gz):
    folder = write(tmp_path, contents(), gz)
    named = next(folder.glob("t10k-images*"))
    assert "train-images" in next(
        remark for remark in load(named).remarks if "one file of a data set" in remark
    )
    assert not any("one file of" in remark for remark in load(folder).remarks)
