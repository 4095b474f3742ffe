from pathlib import Path

import numpy as np
import pydicom
import pytest
import torch
from pydicom.dataset import FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, JPEG2000Lossless, RLELossless

from convscope.data import load, memory
from convscope.data.check import check
from convscope.data.formats.dicom import decode, header
from convscope.data.reading import read
from convscope.data.samples import spec_of
from convscope.errors import BadFile
from tests.data.soundness import assert_dataset_is_sound

VOXELS = np.random.default_rng(0).integers(0, 4000, (7, 6, 5)).astype(np.uint16)  # depth, height, width


def piece(pixels: np.ndarray, number: int, **fields) -> pydicom.Dataset:
    """One slice of a CT, 2 mm above the one before; `fields` change or (None) remove what it says."""
    one = pydicom.Dataset()
    one.file_meta = FileMetaDataset()
    one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    one.file_meta.MediaStorageSOPClassUID = one.SOPClassUID = CTImageStorage
    one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID = f"1.2.3.{number + 1}"
    one.SeriesInstanceUID = "1.2.3"
    one.Rows, one.Columns = pixels.shape[-2:]
    one.SamplesPerPixel, one.PhotometricInterpretation = 1, "MONOCHROME2"
    one.BitsAllocated = one.BitsStored = 8 * pixels.itemsize
    one.HighBit, one.PixelRepresentation = one.BitsStored - 1, int(pixels.dtype.kind == "i")
    one.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    one.ImagePositionPatient = [-100, -100, 2 * number]
    one.InstanceNumber = number + 1
    for name, value in fields.items():
        if value is None:
            del one[name]
        else:
            setattr(one, name, value)
    one.add_new(
        "PixelData", "OW" if pixels.itemsize > 1 else "OB", pixels.tobytes() + b"\0" * (pixels.size % 2)
    )
    return one


def series(folder: Path, voxels=VOXELS, names=None, **fields) -> Path:
    """Write each slice into a file; in the folder they lie in an order of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, pixels in enumerate(voxels):
        name = names[number] if names else f"IM{(5 * number) % 7}.dcm"
        piece(pixels, number, **fields).save_as(folder / name, enforce_file_format=True)
    return folder


def decoded(folder: Path) -> np.ndarray:
    return decode(folder, (0, 0, 0), 1)


def change(folder: Path, name: str, **fields) -> None:
    one = pydicom.dcmread(folder / name)
    for field, value in fields.items():
        setattr(one, field, value)
    one.save_as(folder / name)


def test_slices_are_sorted_by_their_place(tmp_path):
    folder = series(tmp_path / "a")
    assert header(folder) == (1, (7, 6, 5), False, "")
    assert np.array_equal(decoded(folder)[0], VOXELS)


def test_the_place_counts_and_not_the_number(tmp_path):
    folder = series(tmp_path / "a")
    for file in folder.iterdir():
        change(folder, file.name, InstanceNumber=1)
    assert np.array_equal(decoded(folder)[0], VOXELS)


def test_along_any_normal(tmp_path):
    folder = tmp_path / "a"
    folder.mkdir()
    for number, pixels in enumerate(
        VOXELS
    ):  # sagittal: rows run down, columns to the back, so x is the normal
        place = {"ImageOrientationPatient": [0, 1, 0, 0, 0, -1], "ImagePositionPatient": [-3 * number, 9, 9]}
        piece(pixels, 6 - number, **place).save_as(folder / f"{number}", enforce_file_format=True)
    assert np.array_equal(decoded(folder)[0], VOXELS)


def test_without_places_the_numbers_count(tmp_path):
    folder = series(tmp_path / "a", ImagePositionPatient=None)
    assert np.array_equal(decoded(folder)[0], VOXELS)
    folder = series(tmp_path / "b", ImagePositionPatient=None, InstanceNumber=None)
    with pytest.raises(BadFile, match="its slices do not say where they lie"):
        decoded(folder)


def test_slope_and_intercept_are_applied_slice_by_slice(tmp_path):
    folder = series(tmp_path / "a", RescaleSlope=2, RescaleIntercept=-1024)
    change(folder, "IM0.dcm", RescaleSlope=0.5)
    expected = VOXELS * 2.0 - 1024
    expected[0] = VOXELS[0] * 0.5 - 1024
    assert np.array_equal(decoded(folder)[0], expected)


@pytest.mark.parametrize(("dtype", "exact"), [(np.uint8, True), (np.int16, False), (np.uint16, False)])
def test_types(tmp_path, dtype, exact):
    voxels = (VOXELS % 250).astype(dtype) - (dtype == np.int16) * np.array(100, dtype)
    folder = series(tmp_path / "a", voxels)
    assert header(folder).exact == exact
    assert decoded(folder).dtype == (np.uint8 if exact else np.float32)
    assert np.array_equal(decoded(folder)[0], voxels)
    assert not header(series(tmp_path / "b", voxels, RescaleIntercept=-3)).exact


def test_compressed_slices(tmp_path):
    folder = series(tmp_path / "a")
    for file in folder.iterdir():
        one = pydicom.dcmread(file)
        one.compress(RLELossless)
        one.save_as(file)
    assert np.array_equal(decoded(folder)[0], VOXELS)


def test_a_file_of_many_frames(tmp_path):
    folder = tmp_path / "a"
    folder.mkdir()
    one = piece(VOXELS, 0, NumberOfFrames=7)
    one.save_as(folder / "all", enforce_file_format=True)
    assert header(folder).size == (7, 6, 5)
    assert np.array_equal(decoded(folder)[0], VOXELS)


def broken(folder: Path, name: str) -> None:
    (folder / name).write_bytes((folder / name).read_bytes()[:-30])


def not_decodable(folder: Path) -> None:
    for file in folder.iterdir():
        one = pydicom.dcmread(file)
        one.PixelData = pydicom.encaps.encapsulate([b"\xff\x4f\xff\x51 no picture"])
        one["PixelData"].is_undefined_length = True
        one.file_meta.TransferSyntaxUID = JPEG2000Lossless
        one.save_as(file)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda folder: (folder / "IM1.dcm").unlink(), "after IM3.dcm 1 of its slices are missing"),
        (lambda folder: [(folder / f"IM{n}.dcm").unlink() for n in (1, 6)], "2 of its slices are missing"),
        (lambda folder: change(folder, "IM1.dcm", SeriesInstanceUID="9"), "slices belong to 2 series"),
        (lambda folder: change(folder, "IM1.dcm", Rows=5, Columns=6), "slices belong to 2 series (Rows"),
        (lambda folder: change(folder, "IM1.dcm", ImagePositionPatient=[-100, -100, 4]), "at the same place"),
        (lambda folder: broken(folder, "IM1.dcm"), "damaged, cannot be read as DICOM: "),
        (lambda folder: (folder / "IM1.dcm").write_bytes(b""), "IM1.dcm is damaged: a DICOM file says DICM"),
        (lambda folder: (folder / "IM1.dcm").write_bytes(bytes(300)), "IM1.dcm is damaged"),
        (
            not_decodable,
            "its slices are compressed (JPEG 2000 Image Compression (Lossless Only)) and no decoder",
        ),
        (lambda folder: [file.unlink() for file in folder.iterdir()], "it holds no DICOM files"),
    ],
)
def test_what_cannot_be_read_has_a_reason(tmp_path, spoil, reason):
    folder = series(tmp_path / "a")
    spoil(folder)
    with pytest.raises(BadFile) as caught:
        decoded(folder)
    assert reason in caught.value.reason
    assert "\n" not in caught.value.reason


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"Rows": None}, "it holds no pixels"),
        ({"SamplesPerPixel": 3}, "its slices are in colour"),
        (
            {"Rows": 65535, "Columns": 65535},
            "its header says 7 × 65535 × 65535 voxels, more than this machine's",
        ),
        ({"Rows": 0}, "its header says 7 × 0 × 5 voxels"),
    ],
)
def test_a_header_that_cannot_be_a_volume(tmp_path, monkeypatch, fields, reason):
    monkeypatch.setattr(memory, "physical_memory", lambda: 10**9)
    folder = series(tmp_path / "a", **fields)
    with pytest.raises(BadFile) as caught:
        header(folder)
    assert reason in caught.value.reason


def test_other_files_beside_the_slices_do_no_harm(tmp_path):
    folder = series(tmp_path / "a")
    (folder / "notes.txt").write_text("x")
    (folder / ".hidden.dcm").write_text("x")
    (folder / "DICOMDIR").write_bytes((folder / "IM0.dcm").read_bytes())
    assert np.array_equal(decoded(folder)[0], VOXELS)


@pytest.fixture
def folders(tmp_path):
    for label in ("healthy", "ill"):
        for patient in range(4):
            series(tmp_path / label / f"patient {patient}" / "CT", VOXELS + 50 * patient + (label == "ill"))
    return tmp_path


def test_a_folder_a_class(folders):
    (folders / "ill" / "patient 2" / "CT" / "IM1.dcm").unlink()
    data = load(folders)
    assert_dataset_is_sound(data)
    assert (data.kind, data.classes) == ("volume", ("healthy", "ill"))
    assert data.inputs.shape == (7, 1, 7, 6, 5)
    assert data.inputs.dtype == torch.float16
    assert data.names[0] == "healthy/patient 0/CT"
    assert (
        np.abs(data.inputs[0, 0].numpy() - VOXELS.astype(float)).max() <= 1
    )  # float16 counts by 2 from 2048
    assert data.skipped == (("ill/patient 2/CT", "after IM3.dcm 1 of its slices are missing"),)
    assert check(folders).shape == (1, 7, 6, 5)


def test_a_table(folders):
    rows = [f"{label}/patient {patient}/CT,{label}" for label in ("healthy", "ill") for patient in range(4)]
    (folders / "who.csv").write_text("\n".join(["scan,diagnosis", *rows, "ill/patient 7,ill"]))
    data = load(folders / "who.csv")
    assert_dataset_is_sound(data)
    assert torch.equal(data.inputs, load(folders).inputs)
    assert data.skipped == (("ill/patient 7", "there is no such file or folder"),)


def test_a_changed_slice_is_read_again(folders):
    before = load(folders).inputs
    change(folders / "ill" / "patient 3" / "CT", "IM0.dcm", RescaleIntercept=500)
    after = load(folders).inputs
    assert torch.equal(before[:7], after[:7])
    assert not torch.equal(before[7], after[7])


def test_slices_that_lie_in_the_class_folder_itself(tmp_path):
    for label in "ab":
        series(tmp_path / label / "one")
    series(tmp_path / "a")
    data_remarks = load(tmp_path).remarks
    assert any("7 files are not used" in remark for remark in data_remarks)


# ---- white that is 0


@pytest.mark.parametrize(
    ("bits", "allocated", "axis"), [(12, np.uint16, 4095), (16, np.uint16, 4095), (8, np.uint8, 255)]
)
def test_what_is_stored_inverted_is_turned(tmp_path, bits, allocated, axis):
    voxels = VOXELS // 16 if allocated == np.uint8 else VOXELS
    voxels = voxels.astype(allocated)
    plain = series(tmp_path / "plain", voxels, BitsStored=bits, HighBit=bits - 1, Modality="MR")
    stored = (axis - voxels.astype(int)).astype(allocated)
    turned = series(
        tmp_path / "turned", stored, BitsStored=bits, HighBit=bits - 1, Modality="MR",
        PhotometricInterpretation="MONOCHROME1",
    )  # fmt: skip
    assert np.array_equal(decoded(turned), decoded(plain))
    assert header(turned).note == "stored with white as 0 (MONOCHROME1) and inverted"


def test_measurements_are_not_turned(tmp_path):
    folder = series(tmp_path / "a", PhotometricInterpretation="MONOCHROME1", RescaleType="HU", Modality="CT")
    assert np.array_equal(decoded(folder)[0], VOXELS)


# ---- a picture each


def rays(root: Path, count: int = 8, name="{}.dcm", **fields) -> Path:
    """X-rays of two classes, a file each."""
    for place, label in enumerate(("ill", "well")):
        (root / label).mkdir(parents=True)
        for number in range(count):
            pixels = np.roll(VOXELS[0], number + place, axis=1)
            made = {"SeriesInstanceUID": f"1.2.{place}.{number}", **fields}
            made = {key: value(place, number) if callable(value) else value for key, value in made.items()}
            file = root / label / name.format(number)
            file.parent.mkdir(parents=True, exist_ok=True)
            piece(pixels, 0, **made).save_as(file, enforce_file_format=True)
    return root


@pytest.mark.parametrize("name", ["{}.dcm", "IM{}", "1.2.840.{}", "{}.DCM", "{}.dicom"])
@pytest.mark.parametrize("part", ["", "train"])
def test_single_files_in_classes_are_pictures(tmp_path, name, part):
    rays(tmp_path / part, name=name)
    data = load(tmp_path)
    assert (data.kind, data.classes) == ("image", ("ill", "well"))
    assert data.inputs.shape == (16, 1, *VOXELS.shape[1:])
    for row, file in enumerate(data.names):
        assert np.array_equal(data.inputs[row, 0], pydicom.dcmread(tmp_path / file).pixel_array)
    assert any("windows, made for the eye, are not applied" in remark for remark in data.remarks)
    again = read([tmp_path / data.names[3]], spec_of(data))
    assert torch.equal(again.inputs[0], data.inputs[3])
    assert check(tmp_path).sides.commonest == VOXELS.shape[1:]


def test_several_series_in_a_folder_are_pictures_of_a_patient(tmp_path):
    for place, label in enumerate(("ill", "well")):
        for person in range(5):
            rays(tmp_path / "made" / f"{label}{person}", count=2)
            (tmp_path / "data" / label).mkdir(parents=True, exist_ok=True)
            (tmp_path / "made" / f"{label}{person}" / "ill").rename(
                tmp_path / "data" / label / f"P{place}{person}"
            )
    data = load(tmp_path / "data")
    assert data.kind == "image"
    assert len(set(data.groups)) == 10


def test_patients_in_the_headers_are_groups(tmp_path):
    rays(tmp_path, PatientID=lambda place, number: f"{place}-{number // 2}")
    data = load(tmp_path)
    assert len(set(data.groups)) == 8
    for part, rows in data.parts.items():
        others = {data.groups[row] for other, found in data.parts.items() if other != part for row in found}
        assert len(rows)
        assert not others & {data.groups[row] for row in rows}
    assert any("the 8 patients that the files name are groups" in remark for remark in data.remarks)


def test_inverted_pictures_are_turned_and_said(tmp_path):
    kinds = ("MONOCHROME2", "MONOCHROME1")
    rays(
        tmp_path, Modality="CR", BitsStored=12, HighBit=11,
        PhotometricInterpretation=lambda _, number: kinds[number % 2],
    )  # fmt: skip
    data = load(tmp_path)
    assert "8 of 16 pictures were stored with white as 0 (MONOCHROME1) and inverted" in data.remarks
    for row, file in enumerate(data.names):
        stored = pydicom.dcmread(tmp_path / file)
        turned = (
            4095 - stored.pixel_array if stored.PhotometricInterpretation == kinds[1] else stored.pixel_array
        )
        assert np.array_equal(data.inputs[row, 0], turned)


def test_slices_of_one_series_a_folder_are_volumes_still(tmp_path):
    for label in ("ill", "well"):
        for person in range(4):
            series(tmp_path / label / f"P{person}")
    assert load(tmp_path).kind == "volume"


def test_a_clip_among_pictures_is_told(tmp_path):
    rays(tmp_path)
    clip = piece(VOXELS, 0, NumberOfFrames=len(VOXELS), SeriesInstanceUID="1.9")
    clip.save_as(tmp_path / "ill" / "clip.dcm", enforce_file_format=True)
    (item,) = load(tmp_path).skipped
    assert "it holds 7 frames; a picture is one" in item.reason
