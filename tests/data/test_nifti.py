import gzip
import struct
from pathlib import Path

import nibabel
import numpy as np
import pytest
from nibabel.orientations import axcodes2ornt, inv_ornt_aff, ornt_transform

from convscope.data import load, memory
from convscope.data.formats import nifti
from convscope.errors import BadFile
from tests.data.soundness import assert_dataset_is_sound

SIZE = (5, 6, 7)  # width, height, depth
VOXELS = np.random.default_rng(0).integers(-1000, 3000, SIZE).astype(np.int16)

COLOUR = [("R", "u1"), ("G", "u1"), ("B", "u1")]


def save(path: Path, voxels=VOXELS, affine=None, form=nibabel.Nifti1Image, slope=None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = form(voxels, np.diag([1.0, 1.5, 2.0, 1.0]) if affine is None else affine)
    if slope:
        image.header.set_slope_inter(*slope)
    nibabel.save(image, path)
    return path


def decoded(path: Path) -> np.ndarray:
    return nifti.decode(path, (0, 0, 0), 1)


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
@pytest.mark.parametrize("form", [nibabel.Nifti1Image, nibabel.Nifti2Image])
def test_voxels_come_out_as_depth_height_width(tmp_path, ending, form):
    path = save(tmp_path / f"a{ending}", form=form)
    assert nifti.header(path) == (1, (7, 6, 5), False, "")
    volume = decoded(path)
    assert volume.shape == (1, 7, 6, 5)
    for x, y, z in [(0, 0, 0), (4, 5, 6), (1, 2, 3)]:
        assert volume[0, z, y, x] == VOXELS[x, y, z]


@pytest.mark.parametrize("axes", ["RAS", "LPI", "LAS", "PSR", "IRP", "ASL"])
def test_any_orientation_gives_the_same_volume(tmp_path, axes):
    affine = np.diag([1.0, 1.5, 2.0, 1.0])
    turn = ornt_transform(axcodes2ornt("RAS"), axcodes2ornt(axes))
    stored = nibabel.apply_orientation(VOXELS, turn)
    path = save(tmp_path / "a.nii", stored, affine @ inv_ornt_aff(turn, SIZE))
    assert nifti.header(path) == (1, (7, 6, 5), False, "" if axes == "RAS" else f"turned from {axes} to RAS")
    assert np.array_equal(decoded(path)[0], VOXELS.transpose(2, 1, 0))


def test_turning_is_said(tmp_path):
    for label in "ab":
        for number in range(4):
            affine = np.diag([1.0 if number else -1.0, 1, 1, 1])
            save(tmp_path / label / f"{number}.nii", VOXELS + number, affine)
    data = load(tmp_path)
    assert_dataset_is_sound(data)
    assert "2 of 8 volumes were turned from LAS to RAS" in data.remarks


def test_a_file_that_does_not_say_how_it_lies_stays_as_it_is(tmp_path):
    image = nibabel.Nifti1Image(VOXELS, None)
    image.header["qform_code"] = image.header["sform_code"] = 0
    nibabel.save(image, tmp_path / "a.nii")
    assert nifti.header(tmp_path / "a.nii").note == ""
    assert np.array_equal(decoded(tmp_path / "a.nii")[0], VOXELS.transpose(2, 1, 0))


def test_slope_and_intercept_are_applied(tmp_path):
    path = tmp_path / "a.nii"
    path.write_bytes(save(tmp_path / "plain.nii", VOXELS).read_bytes())
    with path.open("r+b") as file:
        file.seek(112)  # scl_slope and scl_inter of a NIfTI-1 header
        file.write(struct.pack("<ff", 0.5, -3.0))
    np.testing.assert_allclose(decoded(path)[0], VOXELS.transpose(2, 1, 0) * 0.5 - 3)


@pytest.mark.parametrize(
    ("dtype", "exact"), [(np.uint8, True), (np.int16, False), (np.uint16, False), (np.float32, False),
                         (np.float64, False), (np.int32, False)]
)  # fmt: skip
def test_types(tmp_path, dtype, exact):
    voxels = np.abs(VOXELS % 200).astype(dtype)
    path = save(tmp_path / "a.nii.gz", voxels)
    assert nifti.header(path).exact == exact
    assert decoded(path).dtype == (np.uint8 if exact else np.float32)
    assert np.array_equal(decoded(path)[0], voxels.transpose(2, 1, 0))


def test_a_few_volumes_in_a_file_are_channels(tmp_path):
    voxels = np.random.default_rng(1).integers(0, 99, (*SIZE, 4)).astype(np.int16)
    path = save(tmp_path / "a.nii", voxels)
    assert nifti.header(path).channels == 4
    assert np.array_equal(decoded(path), voxels.transpose(3, 2, 1, 0))
    assert nifti.header(save(tmp_path / "b.nii", voxels[..., :1])).channels == 1


def test_another_number_of_channels_than_most_is_named(tmp_path):
    for label in "ab":
        for number in range(4):
            save(tmp_path / label / f"{number}.nii", np.stack([VOXELS + number] * 2, axis=3))
    save(tmp_path / "b" / "9.nii", VOXELS)
    data = load(tmp_path)
    assert_dataset_is_sound(data)
    assert data.inputs.shape[1] == 2
    assert data.settings.channels is None
    assert data.skipped == (("b/9.nii", "it has 1 channels where 2 are wanted"),)


def header(path: Path, shape: tuple[int, ...], **fields) -> Path:
    """A file that holds a header and 8 bytes."""
    head = nibabel.Nifti1Header()
    head.set_data_dtype(np.int16)
    head["dim"] = [len(shape), *shape, *[1] * (7 - len(shape))]
    head["magic"] = b"n+1"
    head["vox_offset"] = 352
    for name, value in fields.items():
        head[name] = value
    path.write_bytes(head.binaryblock + bytes(12))
    return path


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path.write_bytes(b""), "the file is empty (0 bytes)"),
        (lambda path: path.mkdir(), "a folder, not a volume"),
        (lambda path: path.symlink_to("nowhere"), "a link to a file that does not exist"),
        (lambda path: path.write_bytes(b"hello" * 100), "damaged, cannot be read as NIfTI: "),
        (lambda path: path.write_bytes(bytes(2000)), "damaged, cannot be read as NIfTI: "),
        (lambda path: path.write_bytes(save(path.with_name("z.nii")).read_bytes()[:-20]),
         "damaged, cannot be read as NIfTI: "),
        (lambda path: header(path, (5, 0, 7)), "its header says 5 × 0 × 7 voxels"),
        (lambda path: header(path, (-5, 6, 7)), "its header says -5 × 6 × 7 voxels"),
        (lambda path: header(path, (5, 6)), "it has 2 axes, a volume has three"),
        (lambda path: header(path, (5, 6, 7, 120)), "a series of 120 volumes; up to 4 are read as channels"),
        (lambda path: header(path, (32767,) * 3), "more than this machine's memory"),
        (lambda path: header(path, (500, 500, 500)), "damaged, cannot be read as NIfTI: "),
        (lambda path: header(path, (5, 6, 7), datatype=9999), "damaged, cannot be read as NIfTI: "),
        (lambda path: header(path, (5, 6, 7), vox_offset=1e9), "damaged, cannot be read as NIfTI: "),
        (lambda path: save(path, np.zeros(SIZE, np.complex64)), "its voxels are of type complex64"),
        (lambda path: save(path, np.zeros(SIZE, COLOUR)), "its voxels are of type [('R'"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_has_a_reason(tmp_path, make, reason):
    make(tmp_path / "a.nii")
    with pytest.raises(BadFile) as caught:
        nifti.header(tmp_path / "a.nii")
        decoded(tmp_path / "a.nii")
    assert reason in caught.value.reason
    assert "\n" not in caught.value.reason


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.99])
def test_a_truncated_or_damaged_gz_is_named(tmp_path, share):
    for label in "ab":
        for number in range(3):
            save(tmp_path / label / f"{number}.nii.gz", VOXELS + number)
    whole = (tmp_path / "a" / "0.nii.gz").read_bytes()
    cut = int(len(whole) * share)
    (tmp_path / "a" / "1.nii.gz").write_bytes(whole[:cut])
    (tmp_path / "b" / "1.nii.gz").write_bytes(whole[:cut] + bytes([whole[cut] ^ 255]) + whole[cut + 1 :])
    data = load(tmp_path)
    assert_dataset_is_sound(data)
    assert {item.file for item in data.skipped} == {"a/1.nii.gz", "b/1.nii.gz"}
    assert all("damaged" in item.reason for item in data.skipped)


def test_a_gz_that_claims_too_much_asks_for_no_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "physical_memory", lambda: 10_000_000)
    path = tmp_path / "a.nii.gz"
    path.write_bytes(gzip.compress(header(tmp_path / "a.nii", (500, 500, 500)).read_bytes()))
    with pytest.raises(BadFile, match="500 × 500 × 500 voxels, more than this machine's memory"):
        decoded(path)


def pair(path: Path, voxels=VOXELS, form=nibabel.Nifti1Pair) -> Path:
    """A header and its voxels, as SPM and older scanners write them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(form(voxels, np.diag([1.0, 1.5, 2.0, 1.0])), path.with_suffix(".img"))
    return path


@pytest.mark.parametrize("form", [nibabel.Nifti1Pair, nibabel.AnalyzeImage, nibabel.Spm2AnalyzeImage])
def test_a_header_and_its_voxels_are_one_volume(tmp_path, form):
    path = pair(tmp_path / "data" / "a.hdr", form=form)
    assert nifti.header(path).size == (7, 6, 5)
    volume = decoded(path)
    for x, y, z in [(0, 0, 0), (4, 5, 6), (1, 2, 3)]:
        assert volume[0, z, y, x] == VOXELS[x, y, z]


def test_folders_of_pairs(tmp_path):
    for label in "ab":
        for number in range(4):
            pair(tmp_path / label / f"{number}.hdr", VOXELS + number)
    data = load(tmp_path)
    assert_dataset_is_sound(data)
    assert data.classes == ("a", "b")
    assert len(data.inputs) == 8
    assert not any("not used" in remark for remark in data.remarks)  # the .img belong to the .hdr
    pair(tmp_path / "a" / "0.hdr", VOXELS + 500)
    assert load(tmp_path).inputs[0].max() > data.inputs[0].max()  # the change of the .img is seen
    (tmp_path / "a" / "1.img").unlink()
    assert "the voxels that belong to it are missing: 1.img" in load(tmp_path).skipped[0].reason


def test_a_header_of_something_else(tmp_path):
    for label in "ab":
        for number in range(4):
            pair(tmp_path / label / f"{number}.hdr", VOXELS + number)
    (tmp_path / "a" / "9.hdr").write_text("ENVI\nsamples = 3\n")
    (tmp_path / "a" / "9.img").write_bytes(bytes(99))
    assert "cannot be read as NIfTI" in load(tmp_path).skipped[0].reason
