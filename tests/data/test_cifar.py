import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch

from convscope.data import load
from convscope.data.formats import cifar
from convscope.errors import DataError
from tests.data.soundness import assert_dataset_is_sound

NAMES = (*cifar.TRAIN, cifar.TEST)


def contents(count: int = 20) -> dict[str, bytes]:
    generator = np.random.default_rng(0)
    tables = generator.integers(0, 256, (6, count, 3073), np.uint8)
    tables[:, :, 0] = np.arange(count) % 10
    return {name: table.tobytes() for name, table in zip(NAMES, tables, strict=True)}


def archived(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


@pytest.mark.parametrize("packed", [True, False])
def test_every_byte_is_where_it_belongs(tmp_path, packed):
    files = contents()
    path = tmp_path
    if packed:
        path = archived(tmp_path / cifar.ARCHIVE, files)
    else:
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
    data = load(path)
    assert_dataset_is_sound(data)
    assert data.inputs.shape == (120, 3, 32, 32)
    last = np.frombuffer(files[cifar.TEST], np.uint8).reshape(20, 3073)
    assert torch.equal(data.inputs[data.parts["test"]].flatten(1), torch.from_numpy(last[:, 1:].copy()))
    assert data.labels[data.parts["test"]].tolist() == last[:, 0].tolist()
    assert data.classes[3] == "cat"
    assert list(tmp_path.iterdir()) == ([path] if packed else list(tmp_path.iterdir()))  # nothing unpacked


def test_a_missing_and_a_cut_file_are_named(tmp_path):
    files = contents()
    cut = archived(tmp_path / cifar.ARCHIVE, files | {cifar.TEST: files[cifar.TEST][:-1]})
    with pytest.raises(DataError, match=r"test_batch.bin has 61,459 bytes"):
        load(cut)
    del files[cifar.TRAIN[2]]
    with pytest.raises(DataError, match=r"lacks data_batch_3.bin"):
        load(archived(tmp_path / cifar.ARCHIVE, files))


@pytest.mark.parametrize("length", [0, 5, 1000, -20])
def test_a_cut_archive(tmp_path, length):
    path = archived(tmp_path / cifar.ARCHIVE, contents())
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(DataError, match=cifar.ARCHIVE):
        load(path)


def test_an_archive_with_links_and_paths_upwards_touches_nothing(tmp_path):
    path = tmp_path / "inner" / cifar.ARCHIVE
    path.parent.mkdir()
    with tarfile.open(path, "w:gz") as archive:
        link = tarfile.TarInfo(cifar.TEST)
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        up = tarfile.TarInfo("../../evil")
        up.size = 4
        archive.addfile(up, io.BytesIO(b"evil"))
    with pytest.raises(DataError, match=r"lacks data_batch_1.bin.*test_batch.bin"):
        load(path)
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("name", [NAMES[0], NAMES[-1]])
def test_a_file_that_is_named_is_read_with_those_beside_it_which_is_said(tmp_path, name):
    for own, content in contents().items():
        (tmp_path / own).write_bytes(content)
    data = load(tmp_path / name)
    assert len(data.inputs) == 120
    (said,) = [remark for remark in data.remarks if "one file of a data set" in remark]
    assert said.startswith(f"{name} is one file")
    assert said.count("_batch") == len(NAMES)
    assert not any("one file of" in remark for remark in load(tmp_path).remarks)
