"""What all formats of volumes have in common, on NIfTI files; what is NIfTI's own is in test_nifti.py."""

import os
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch

from convscope.data import DataSettings, load
from convscope.data.check import check, quick
from convscope.data.files import cache
from convscope.data.volumes.codec import VolumeHeader, chosen_size
from convscope.errors import DataError
from tests.data.soundness import assert_dataset_is_sound


def save(path: Path, voxels: np.ndarray, affine=None) -> Path:
    """Write voxels (width, height, depth) with axes to right, front and top."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(voxels, np.eye(4) if affine is None else affine), path)
    return path


def some(seed: int, size=(5, 6, 7), dtype=np.int16) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 200, size).astype(dtype)


@pytest.fixture
def folders(tmp_path):
    for label in ("healthy", "ill"):
        for number in range(8):
            save(tmp_path / label / f"{number}.nii.gz", some(number + 100 * (label == "ill")))
    return tmp_path


def test_a_folder_a_class(folders):
    data = load(folders)
    assert_dataset_is_sound(data)
    assert (data.kind, data.classes) == ("volume", ("healthy", "ill"))
    assert data.inputs.shape == (16, 1, 7, 6, 5)
    assert data.inputs.dtype == torch.float16
    assert data.settings.channels == 1
    for name, volume in zip(data.names, data.inputs, strict=True):
        expected = np.asanyarray(nibabel.load(folders / name).dataobj).transpose(2, 1, 0)
        assert np.array_equal(volume[0].numpy(), expected)
    assert any("in the files' own units, as float16; in 8 of the volumes they run from 0 to 199" in remark
               for remark in data.remarks)  # fmt: skip
    assert "volumes are brought to 7 × 6 × 5 (depth × height × width): their own size" in data.remarks


def test_parts_that_the_person_made(tmp_path):
    for part, count in (("train", 5), ("val", 2), ("test", 3)):
        for label in "ab":
            for number in range(count):
                save(tmp_path / part / label / f"{number}.nii", some(100 * ord(label) + 10 * count + number))
    data = load(tmp_path)
    assert_dataset_is_sound(data)
    assert [len(rows) for rows in data.parts.values()] == [10, 4, 6]


@pytest.mark.parametrize("ending", [".csv", ".tsv"])
def test_a_table(folders, ending):
    separator = "," if ending == ".csv" else "\t"
    rows = [
        ("path", "label"),
        ("healthy/0.nii.gz", "no"),
        ("healthy/1.nii.gz", "no"),
        ("ill/0.nii.gz", "yes"),
        ("ill/1.nii.gz", "yes"),
        ("ill/2.nii.gz", ""),
        ("ill/9.nii.gz", "yes"),
    ]
    table = folders / f"who{ending}"
    table.write_text("\n".join(separator.join(row) for row in rows))
    data = load(table)
    assert_dataset_is_sound(data)
    assert data.classes == ("no", "yes")
    assert [(item.file, item.reason) for item in data.skipped] == [
        ("ill/2.nii.gz", "row 6 has no label"),
        ("ill/9.nii.gz", "there is no such file"),
    ]
    with pytest.raises(DataError, match="2 files cannot be used"):
        load(table, strict=True)


def test_unequal_volumes_get_the_median_size(tmp_path):
    for label in "ab":
        for number, side in enumerate((6, 8, 10)):
            save(tmp_path / label / f"{number}.nii", some(number, (side, 6, 20)))
    data = load(tmp_path)
    assert_dataset_is_sound(data)
    assert data.space == (20, 6, 8)
    assert "volumes are brought to 20 × 6 × 8 (depth × height × width): the median of theirs" in data.remarks
    asked = load(tmp_path, DataSettings(size=(4, 5, 6)))
    assert asked.space == (4, 5, 6)
    with pytest.raises(DataError, match="volumes need a size"):
        load(tmp_path, DataSettings(size=(4, 5)))


@pytest.mark.parametrize(
    ("size", "count", "expected"),
    [
        ((64, 64, 64), 100, (64, 64, 64)),
        ((200, 200, 200), 100, (64, 64, 64)),
        ((20, 512, 512), 100, (20, 114, 114)),
        ((1, 512, 512), 100, (1, 512, 512)),
        ((1, 600, 600), 100, (1, 512, 512)),
        ((200, 200, 200), 1000, (48, 48, 48)),
        ((200, 200, 200), 5000, (32, 32, 32)),
        ((30, 30, 30), 5000, (30, 30, 30)),
    ],
)
def test_the_size_is_one_that_trains_in_reasonable_time(size, count, expected):
    chosen, why = chosen_size([VolumeHeader(1, size, True)] * count)
    assert chosen == expected
    assert why == "their own size" if chosen == size else "train in reasonable time" in why


def test_bytes_stay_bytes(tmp_path):
    for label in "ab":
        for number in range(3):
            save(tmp_path / label / f"{number}.nii", some(number, dtype=np.uint8))
    data = load(tmp_path)
    assert_dataset_is_sound(data)
    assert data.inputs.dtype == torch.uint8
    assert not any("units" in remark for remark in data.remarks)


@pytest.mark.parametrize(
    ("factor", "dtype"), [(1.0, torch.float16), (1e5, torch.float32), (1e-9, torch.float32)]
)
def test_large_and_small_values_keep_their_digits(tmp_path, factor, dtype):
    for label in "ab":
        for number in range(3):
            save(tmp_path / label / f"{number}.nii", some(number).astype(np.float32) * np.float32(factor))
    data = load(tmp_path)
    assert data.inputs.dtype == dtype
    expected = some(0).astype(np.float64).transpose(2, 1, 0) * factor
    np.testing.assert_allclose(data.inputs[0, 0].double().numpy(), expected, rtol=1e-3)


def test_one_volume_far_beyond_the_others_is_named(tmp_path):
    for label in "ab":
        for number in range(10):
            save(tmp_path / label / f"{number:02}.nii", some(number))
    save(tmp_path / "b" / "03.nii", some(3).astype(np.float32) * 1e6)
    data = load(tmp_path)
    assert_dataset_is_sound(data)
    (left_out,) = data.skipped
    assert left_out.file == "b/03.nii"
    assert left_out.reason.startswith("its values run from 0 to 1.9")
    assert left_out.reason.endswith("far beyond the others'")


def test_values_that_are_none(tmp_path):
    for label in "ab":
        for number in range(10):
            voxels = some(number).astype(np.float32) - 50
            if label == "b":
                voxels[0, 0, :2] = np.nan
            save(tmp_path / label / f"{number:02}.nii", voxels)
    infinite = some(3).astype(np.float32)
    infinite[1, 1, 1] = np.inf
    save(tmp_path / "a" / "03.nii", infinite)
    save(tmp_path / "b" / "03.nii", infinite * np.nan)
    data = load(tmp_path)
    assert_dataset_is_sound(data)
    assert torch.isfinite(data.inputs).all()
    assert "where a volume has no value (NaN), it gets the least of its others" in data.remarks
    row = data.names.index("b/00.nii")
    assert data.inputs[row, 0, :2, 0, 0].tolist() == [some(0).reshape(-1)[2:].min() - 50] * 2
    assert {(item.file, item.reason) for item in data.skipped} == {
        ("a/03.nii", "it holds values that are not finite (NaN or infinity)"),
        ("b/03.nii", "it holds values that are not finite (NaN or infinity)"),
    }


def test_gaps_that_nobody_saw_coming_are_named(tmp_path):
    for label in "ab":
        for number in range(10):
            save(tmp_path / label / f"{number:02}.nii", some(number))
    broken = some(3).astype(np.float32)
    broken[0, 0, 0] = np.nan
    save(tmp_path / "b" / "03.nii", broken)
    (left_out,) = load(tmp_path).skipped
    assert left_out == ("b/03.nii", "it holds values that are not finite (NaN or infinity)")


def test_the_second_reading_comes_from_the_cache(folders, own_cache, monkeypatch):
    first = load(folders)
    decoded = []
    real = np.ascontiguousarray
    monkeypatch.setattr(np, "ascontiguousarray", lambda *a, **k: (decoded.append(1), real(*a, **k))[1])
    again = load(folders)
    assert len(decoded) == 8  # the few that are looked at
    assert torch.equal(first.inputs, again.inputs)
    assert first.inputs.dtype == again.inputs.dtype
    save(folders / "ill" / "0.nii.gz", some(999))
    assert not torch.equal(load(folders).inputs[8], first.inputs[8])


def test_large_sets_are_mapped(folders, own_cache, monkeypatch):
    in_memory = load(folders)
    monkeypatch.setattr(cache, "MEMORY_SHARE", 0)
    monkeypatch.setenv("CONVSCOPE_CACHE", str(own_cache / "other"))
    mapped = load(folders)
    assert_dataset_is_sound(mapped)
    assert torch.equal(mapped.inputs, in_memory.inputs)
    assert str(own_cache / "other") in Path("/proc/self/maps").read_text()


def test_only_one_class_and_empty_folders(tmp_path):
    save(tmp_path / "only" / "1.nii", some(1))
    save(tmp_path / "only" / "2.nii", some(2))
    with pytest.raises(DataError, match="2 volumes, all of class 'only'"):
        load(tmp_path)
    (tmp_path / "empty").mkdir()
    save(tmp_path / "other" / "2.nii", some(2))
    assert "the folder empty holds no volumes" in load(tmp_path).remarks


def test_nothing_that_can_be_read(tmp_path):
    for label in "ab":
        (tmp_path / label).mkdir()
        (tmp_path / label / "1.nii").write_bytes(b"")
    with pytest.raises(DataError, match=r"none of the 2 volumes can be read.\n  .*1.nii: the file is empty"):
        load(tmp_path)


def test_volumes_beside_no_class_folder(tmp_path):
    save(tmp_path / "1.nii", some(1))
    with pytest.raises(DataError, match=r"holds no volumes in class folders[\s\S]*1 volumes lie in no class"):
        load(tmp_path)


def test_pictures_are_not_hijacked(paint, tmp_path):
    for number in range(3):
        paint(f"a/{number}.png", seed=number)
        paint(f"b/{number}.png", seed=number + 9)
    save(tmp_path / "a" / "z.nii", some(0))
    data = load(tmp_path)
    assert data.kind == "image"
    assert any("1 .nii" in remark for remark in data.remarks)


@pytest.mark.parametrize(("library", "name"), [("nibabel", "NIfTI"), ("pydicom", "DICOM")])
def test_without_the_library_the_message_says_what_to_install(folders, monkeypatch, library, name):
    from convscope.data.formats import dicom, nifti

    monkeypatch.setitem(sys.modules, library, None)
    module = {"nibabel": nifti, "pydicom": dicom}[library]
    with pytest.raises(
        DataError, match=f"{name} files are read by {library}, which is not installed.\n  pip"
    ):
        module.load(folders, DataSettings(), False)


def test_check_works_on_volumes(folders):
    save(folders / "ill" / "0.nii.gz", some(0))  # the same as healthy/0
    found = check(folders)
    assert found.shape == (1, 7, 6, 5)
    assert [repeat.names for repeat in found.exact] == [("healthy/0.nii.gz", "ill/0.nii.gz")]
    assert any("different labels" in sentence for sentence in found.conclusions)
    assert str(found)


def test_drawn_shapes_are_always_the_same_and_can_be_told_apart():
    data, again = load("shapes3d"), load("shapes3d", DataSettings(seed=5))
    assert_dataset_is_sound(data)
    assert data.inputs.shape == (1500, 1, 20, 20, 20)
    assert torch.equal(data.inputs, again.inputs)
    assert not torch.equal(data.parts["test"], again.parts["test"])
    assert data.remarks[0].startswith("synthetic")
    assert data.labels.bincount().tolist() == [250] * 6
    assert quick(data) == ([], [])
    assert data.inputs[:8, 0, 10, 10].sum(dim=1).tolist() == DRAWN
    solid = (data.inputs > 150).flatten(1).sum(1)
    assert solid.min() > 50


DRAWN = [1367, 2705, 2389, 2481, 2086, 1623, 1580, 2208]


@pytest.mark.real_data
def test_modelnet10_loads_as_it_is_described():
    data = load("modelnet10")
    assert_dataset_is_sound(data)
    assert data.inputs.shape == (4899, 1, 30, 30, 30)
    assert data.inputs.dtype == torch.uint8
    everything = data.labels[torch.cat([data.parts["train"], data.parts["val"]])]
    assert everything.bincount().tolist() == [106, 515, 889, 200, 200, 465, 200, 680, 392, 344]
    assert data.counts("test") == [50, 100, 100, 86, 86, 100, 86, 100, 100, 100]
    assert data.classes[0] == "bathtub"
    empty = (data.inputs.flatten(1).sum(dim=1) == 0).nonzero().flatten().tolist()
    assert [data.names[row] for row in empty] == [
        *(f"train {row}" for row in (6, 15, 21, 24, 60, 3392, 3857)),
        "test 304",
    ]
    path = Path(os.environ["CONVSCOPE_DATA"]) / "volumes" / "modelnet10_voxels30.npz"
    assert torch.equal(load(path).inputs, data.inputs)


def test_modelnet10_that_is_not_here(monkeypatch, own_cache, tmp_path):
    monkeypatch.setenv("CONVSCOPE_DATA", str(tmp_path))
    (own_cache / "modelnet10").mkdir()
    np.savez(own_cache / "modelnet10" / "modelnet10.npz", X=np.zeros((4, 5, 6, 7), np.uint8), y=[0, 1, 0, 1])
    with pytest.raises(DataError) as caught:
        load("modelnet10")
    assert "modelnet10.npz holds (4, 1, 5, 6, 7), not (4899, 1, 30, 30, 30)" in str(caught.value)
    assert f"to {own_cache / 'modelnet10' / 'modelnet10.npz'}, or try shapes3d" in str(caught.value)
