from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from convscope.data import DataSettings, load
from convscope.data.formats.stacks import decode, header, spread
from convscope.errors import BadFile
from tests.data.soundness import assert_dataset_is_sound


def save(path: Path, frames: np.ndarray, **options) -> Path:
    """Write frames, (frame, height, width) or (frame, height, width, 3), into one TIFF or GIF."""
    path.parent.mkdir(parents=True, exist_ok=True)
    images = [Image.fromarray(frame) for frame in frames]
    images[0].save(path, save_all=True, append_images=images[1:], **options)
    return path


def some(seed: int, *shape: int, dtype=np.uint8) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape or (6, 8, 10), dtype, True)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_frames_become_the_depth(tmp_path, dtype):
    frames = some(0, 6, 8, 10, dtype=dtype)
    path = save(tmp_path / "a.tif", frames)
    assert header(path) == (1, (6, 8, 10), dtype == np.uint8, "")
    volume = decode(path, (6, 8, 10), 1)
    assert volume.dtype == (np.uint8 if dtype == np.uint8 else np.float32)
    assert np.array_equal(volume[0], frames)


def test_floating_point_frames_keep_their_values(tmp_path):
    frames = np.random.default_rng(0).normal(0, 100, (4, 8, 10)).astype(np.float32)
    assert np.array_equal(decode(save(tmp_path / "a.tiff", frames), (4, 8, 10), 1)[0], frames)


def test_colour(tmp_path):
    frames = some(0, 6, 8, 10, 3)
    path = save(tmp_path / "a.tif", frames)
    assert header(path).channels == 3
    assert np.array_equal(decode(path, (6, 8, 10), 3), frames.transpose(3, 0, 1, 2))
    grey = decode(path, (6, 8, 10), 1)[0]
    assert np.abs(grey - frames @ [0.299, 0.587, 0.114]).max() <= 1


def test_gif_frames_are_whole_pictures(tmp_path):
    frames = np.zeros((4, 16, 16), np.uint8)
    for number in range(4):  # each frame differs in a small box only, which is all that a GIF stores of it
        frames[number, 4 * number : 4 * number + 4, 2:6] = 250
    path = save(tmp_path / "a.gif", frames, duration=50, loop=0)
    assert header(path) == (1, (4, 16, 16), True, "")
    assert np.array_equal(decode(path, (4, 16, 16), 1)[0], frames)


@pytest.mark.parametrize(("have", "wanted"), [(9, 3), (3, 9), (10, 4), (4, 10), (7, 7), (2, 1)])
def test_frames_are_evenly_spread(have, wanted):
    chosen = spread(have, wanted)
    middles = (np.arange(wanted) + 0.5) / wanted
    assert np.abs((chosen + 0.5) / have - middles).max() <= 0.5 / have + 1e-9
    assert (np.diff(chosen) >= 0).all()


@pytest.fixture
def folders(tmp_path):
    for label in ("left", "right"):
        for number in range(6):
            save(
                tmp_path / label / f"{number}.gif",
                some(number + 50 * (label == "left"), 4 + number, 8, 10) // 9 * 9,
            )
    return tmp_path


def test_a_folder_of_stacks_is_volumes(folders):
    data = load(folders)
    assert_dataset_is_sound(data)
    assert (data.kind, data.classes) == ("volume", ("left", "right"))
    assert data.inputs.shape == (12, 1, 6, 8, 10)  # 4 to 9 frames, median 6.5
    assert data.inputs.dtype == torch.uint8
    frames = some(55, 9, 8, 10) // 9 * 9
    assert np.array_equal(data.inputs[5, 0], frames[[0, 2, 3, 5, 6, 8]])


def test_frames_and_size_that_are_asked_for(folders):
    data = load(folders, DataSettings(size=(3, 4, 5), channels=3))
    assert_dataset_is_sound(data)
    assert data.inputs.shape == (12, 3, 3, 4, 5)
    assert data.settings.channels == 3


def test_any_colour_makes_all_colour(tmp_path):
    for label in "ab":
        for number in range(3):
            save(tmp_path / label / f"{number}.tif", some(number))
    save(tmp_path / "a" / "0.tif", some(0, 6, 8, 10, 3))
    assert load(tmp_path).inputs.shape == (6, 3, 6, 8, 10)


def test_a_single_picture_among_stacks_is_named(folders):
    for number in range(20):
        save(folders / "right" / f"{number:02} more.gif", some(number))
    save(folders / "right" / "z.gif", some(1, 1, 8, 10))
    data = load(folders)
    assert_dataset_is_sound(data)
    assert data.skipped == (("right/z.gif", "a picture of a single frame among stacks"),)


def test_picture_folders_stay_pictures(folders, tmp_path, paint):
    for number in range(4):
        paint(f"right/{number}.png", seed=number)
    assert load(tmp_path).kind == "image"


def test_tiff_and_gif_pictures_stay_pictures(tmp_path, paint):
    for label in "ab":
        for number in range(4):
            paint(f"{label}/{number}.{'tif' if number % 2 else 'gif'}", seed=number)
    assert load(tmp_path).kind == "image"


def test_a_table(folders):
    rows = [f"{label}/{number}.gif,{label}" for label in ("left", "right") for number in range(6)]
    (folders / "which.csv").write_text("\n".join(["file,label", *rows, "left/9.gif,left"]))
    data = load(folders / "which.csv")
    assert_dataset_is_sound(data)
    assert torch.equal(data.inputs, load(folders).inputs)
    assert data.skipped == (("left/9.gif", "there is no such file"),)


def test_what_cannot_be_read_has_a_reason(tmp_path):
    whole = save(tmp_path / "a.tif", some(0)).read_bytes()
    (tmp_path / "b.tif").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadFile) as caught:
        decode(tmp_path / "b.tif", (6, 8, 10), 1)
    assert "damaged" in caught.value.reason
    images = [Image.new("L", (4, 4)), Image.new("L", (5, 4))]
    images[0].save(tmp_path / "c.tif", save_all=True, append_images=images[1:])
    with pytest.raises(BadFile, match="its frame 1 has another size than the first"):
        decode(tmp_path / "c.tif", (2, 4, 4), 1)


def test_damaged_stacks_are_left_out(folders):
    whole = (folders / "left" / "3.gif").read_bytes()
    (folders / "left" / "3.gif").write_bytes(whole[:60])
    (folders / "right" / "2.gif").write_bytes(b"")
    data = load(folders)
    assert_dataset_is_sound(data)
    assert {item.file for item in data.skipped} == {"left/3.gif", "right/2.gif"}
