"""Decoding against NumPy arithmetic and against Pillow's own full decode."""

import os
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, features

from convscope.data import load
from convscope.data.dataset import DataSettings
from convscope.data.files.decoding import each
from convscope.data.pictures import decode as module
from convscope.data.pictures.choosing import choose, read
from convscope.data.pictures.decode import brought, decode, header
from convscope.data.reading import read as read_samples
from convscope.data.samples import spec_of
from convscope.errors import DataError

HEIGHT, WIDTH = 6, 10
RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
GREY = RNG.integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)
ALPHA = RNG.integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)


def whole(file, channels=3):
    """Decoded at the file's own size, as (height, width, channel), signed for differences."""
    return decode(file, (HEIGHT, WIDTH), channels).transpose(1, 2, 0).astype(int)


def luma(pixels):
    """ITU-R 601, by its published weights."""
    return pixels.astype(float) @ np.array([0.299, 0.587, 0.114])


@pytest.mark.parametrize(
    ("ending", "options"),
    [
        ("png", {}),
        ("bmp", {}),
        ("tif", {}),
        ("tiff", {"compression": "tiff_lzw"}),
        ("webp", {"lossless": True}),
    ],
)
def test_lossless_formats_come_back_as_they_were(tmp_path, ending, options):
    colour, grey = tmp_path / f"colour.{ending}", tmp_path / f"grey.{ending}"
    Image.fromarray(COLOUR).save(colour, **options)
    Image.fromarray(GREY).save(grey, **options)
    assert np.array_equal(whole(colour), COLOUR)
    assert np.array_equal(whole(grey), np.repeat(GREY[:, :, None], 3, axis=2))
    assert np.abs(whole(colour, 1)[:, :, 0] - luma(COLOUR)).max() <= 1
    assert np.abs(whole(grey, 1)[:, :, 0] - GREY.astype(int)).max() <= 1


def test_decoded_pictures_are_contiguous_bytes_channel_first(tmp_path):
    Image.fromarray(COLOUR).save(tmp_path / "a.png")
    picture = decode(tmp_path / "a.png", (HEIGHT, WIDTH), 3)
    assert picture.shape == (3, HEIGHT, WIDTH)
    assert picture.dtype == np.uint8
    assert picture.flags.c_contiguous
    assert decode(tmp_path / "a.png", (5, 4), 1).shape == (1, 5, 4)


def test_the_content_counts_not_the_ending(tmp_path):
    Image.fromarray(COLOUR).save(tmp_path / "really.png")
    (tmp_path / "really.png").rename(tmp_path / "said.jpg")
    assert np.array_equal(whole(tmp_path / "said.jpg"), COLOUR)


@pytest.mark.parametrize("ending", ["png", "tif", "webp"])
def test_transparency_is_laid_on_white(tmp_path, ending):
    file = tmp_path / f"a.{ending}"
    Image.fromarray(np.dstack([COLOUR, ALPHA])).save(
        file, **({"lossless": True, "exact": True} if ending == "webp" else {})
    )
    share = ALPHA[:, :, None] / 255
    assert np.abs(whole(file) - (COLOUR * share + 255 * (1 - share))).max() <= 1.5


def test_grey_with_alpha_is_laid_on_white(tmp_path):
    Image.merge("LA", [Image.fromarray(GREY), Image.fromarray(ALPHA)]).save(tmp_path / "a.png")
    share = ALPHA / 255
    assert np.abs(whole(tmp_path / "a.png", 1)[:, :, 0] - (GREY * share + 255 * (1 - share))).max() <= 1.5


@pytest.mark.parametrize("ending", ["png", "gif", "bmp", "tif"])
@pytest.mark.parametrize("channels", [1, 3])
def test_palettes_give_colours_not_indices(tmp_path, ending, channels):
    index = RNG.integers(0, 4, (HEIGHT, WIDTH), dtype=np.uint8)
    table = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 99, 199]], dtype=np.uint8)
    image = Image.fromarray(index, "L")
    image.putpalette(table.tobytes())
    image.save(tmp_path / f"a.{ending}")
    expected = table[index] if channels == 3 else luma(table[index])[:, :, None]
    assert np.abs(whole(tmp_path / f"a.{ending}", channels) - expected).max() <= 1


def test_white_on_transparent_is_seen(tmp_path):
    alpha = np.zeros((8, 8), np.uint8)
    alpha[2:6, 3] = 255
    pixels = np.dstack([np.full((8, 8, 3), 255, np.uint8), alpha])
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert np.array_equal(decode(tmp_path / "a.png", (8, 8), 1)[0], alpha)
    Image.fromarray(np.full((8, 8, 4), 255, np.uint8)).save(tmp_path / "b.png")  # white all over stays white
    assert decode(tmp_path / "b.png", (8, 8), 1).min() == 255


@pytest.mark.parametrize("transparency", [2, bytes([255, 255, 0, 255])])
def test_a_transparent_palette_entry_is_white(tmp_path, transparency):
    index = np.tile(np.arange(4, dtype=np.uint8), (HEIGHT, 3))[:, :WIDTH].copy()
    table = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 0], [9, 99, 199]], dtype=np.uint8)
    image = Image.fromarray(index, "L")
    image.putpalette(table.tobytes())
    image.save(tmp_path / "a.png", transparency=transparency)
    table[2] = 255
    assert np.array_equal(whole(tmp_path / "a.png"), table[index])


def test_a_transparent_colour_key_is_white(tmp_path):
    pixels = np.full((HEIGHT, WIDTH, 3), 40, dtype=np.uint8)
    pixels[2, 3] = (1, 2, 3)
    Image.fromarray(pixels).save(tmp_path / "a.png", transparency=(1, 2, 3))
    assert whole(tmp_path / "a.png")[2, 3].tolist() == [255, 255, 255]
    assert whole(tmp_path / "a.png")[0, 0].tolist() == [40, 40, 40]


@pytest.mark.parametrize("ending", ["tif", "jpg"])
def test_cmyk_is_printed_on_white(tmp_path, ending):
    inks = np.zeros((HEIGHT, WIDTH, 4), dtype=np.uint8)
    inks[:, 5:] = (0, 255, 255, 0)  # magenta and yellow: red
    Image.fromarray(inks, "CMYK").save(
        tmp_path / f"a.{ending}", **({"quality": 100} if ending == "jpg" else {})
    )
    assert np.abs(whole(tmp_path / f"a.{ending}")[3, 1] - [255, 255, 255]).max() <= 6
    assert np.abs(whole(tmp_path / f"a.{ending}")[3, 8] - [255, 0, 0]).max() <= 6


@pytest.mark.parametrize("ending", ["png", "bmp", "tif"])
def test_one_bit_is_black_and_white(tmp_path, ending):
    bits = RNG.integers(0, 2, (HEIGHT, WIDTH)).astype(bool)
    Image.fromarray(bits).save(tmp_path / f"a.{ending}")
    assert np.array_equal(whole(tmp_path / f"a.{ending}", 1)[:, :, 0], bits * 255)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bits_keep_their_whole_range(tmp_path, name, channels):
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    Image.fromarray(ramp).save(tmp_path / name)
    picture = decode(tmp_path / name, (256, 256), channels)
    assert np.array_equal(picture[-1], np.floor(ramp / 257 + 0.5))


def test_big_endian_sixteen_bits(tmp_path):
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    image = Image.frombytes("I;16B", (256, 256), ramp.astype(">u2").tobytes())
    image.save(tmp_path / "a.tif")
    assert np.array_equal(decode(tmp_path / "a.tif", (256, 256), 1)[0], np.floor(ramp / 257 + 0.5))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.float32([[0, 0.5, 1]]), [0, 128, 255]),
        (np.float32([[0, 100.2, 200]]), [0, 100, 200]),
        (np.float32([[0, 257, 65535]]), [0, 1, 255]),
        (np.float32([[-1, 0, 1]]), [0, 128, 255]),
        (np.float32([[0, 500_000, 1_000_000]]), [0, 128, 255]),
        (np.int32([[0, 7, 255]]), [0, 7, 255]),
        (np.int32([[0, 32768, 65535]]), [0, 128, 255]),
        (np.int32([[-100, 0, 100]]), [0, 128, 255]),
        (np.int32([[-5, -5, -5]]), [0, 0, 0]),
    ],
)
def test_wide_values_are_scaled_by_the_least_white_that_holds_them(tmp_path, values, expected):
    Image.fromarray(values).save(tmp_path / "a.tif")
    assert decode(tmp_path / "a.tif", (1, 3), 1)[0, 0].tolist() == pytest.approx(expected, abs=1)


@pytest.mark.parametrize("ending", ["png", "tif", "webp", "jpg"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_honoured(tmp_path, ending, orientation):
    upright = np.kron(
        RNG.integers(0, 256, (3, 5), dtype=np.uint8), np.ones((8, 8), dtype=np.uint8)
    )  # (24, 40)
    stored = {  # what a camera writes so that a viewer who obeys the tag shows `upright`
        1: upright, 2: upright[:, ::-1], 3: upright[::-1, ::-1], 4: upright[::-1],
        5: upright.T, 6: np.rot90(upright, 1), 7: upright[::-1, ::-1].T, 8: np.rot90(upright, -1),
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"webp": {"lossless": True}, "jpg": {"quality": 100}}.get(ending, {})
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / f"a.{ending}", exif=exif, **options)
    picture = decode(tmp_path / f"a.{ending}", (24, 40), 1)[0]
    assert np.abs(picture.astype(int) - upright).max() <= (3 if ending in ("jpg", "webp") else 0)
    assert header(tmp_path / f"a.{ending}")[:2] == (40, 24)


def test_an_animation_gives_its_first_frame(tmp_path):
    frames = [Image.new("RGB", (WIDTH, HEIGHT), colour) for colour in ("red", "blue")]
    for ending in ("gif", "webp", "png", "tif"):
        options = {"lossless": True} if ending == "webp" else {}
        frames[0].save(tmp_path / f"a.{ending}", save_all=True, append_images=frames[1:], **options)
        assert whole(tmp_path / f"a.{ending}")[0, 0].tolist() == pytest.approx([255, 0, 0], abs=1), ending


@pytest.mark.parametrize("fit", ["letterbox", "crop", "stretch"])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_decoders_own_scaling_shows_the_same_photo(tmp_path, fit, channels, photos):
    """Against the whole photo, decoded at full size and resized in one step."""
    large = Image.open(photos[0]).convert("RGB").resize((1200, 800), Image.Resampling.BICUBIC)
    large.save(tmp_path / "large.jpg", quality=95)
    full = Image.open(tmp_path / "large.jpg").convert("L" if channels == 1 else "RGB")
    if fit == "letterbox":
        expected, shown = full.resize((60, 40), Image.Resampling.BILINEAR), np.s_[10:50, :]
    elif fit == "crop":
        expected = full.crop((200, 0, 1000, 800)).resize((60, 60), Image.Resampling.BILINEAR)
        shown = np.s_[:, :]
    else:
        expected, shown = full.resize((60, 60), Image.Resampling.BILINEAR), np.s_[:, :]
    picture = decode(tmp_path / "large.jpg", (60, 60), channels, fit)[(slice(None), *shown)].astype(float)
    reference = np.asarray(expected, dtype=float).reshape(*expected.size[::-1], channels).transpose(2, 0, 1)
    assert np.abs(picture - reference).mean() < 1.5
    assert np.abs(picture - reference).max() < 32


def test_shrinking_averages_instead_of_picking(tmp_path):
    checks = (np.indices((512, 512)).sum(axis=0) % 2 * 255).astype(np.uint8)
    Image.fromarray(checks).save(tmp_path / "a.png")
    assert np.abs(decode(tmp_path / "a.png", (16, 16), 1).astype(int) - 127).max() <= 2


def test_letterbox_pads_with_the_edge_colour_and_centres(tmp_path):
    pixels = np.full((20, 40, 3), (10, 200, 30), dtype=np.uint8)
    pixels[8:12, 18:22] = 255
    Image.fromarray(pixels).save(tmp_path / "a.png")
    picture = decode(tmp_path / "a.png", (40, 40), 3)
    assert picture[:, :10].reshape(3, -1).T.tolist() == [[10, 200, 30]] * 400
    assert picture[:, 30:].reshape(3, -1).T.tolist() == [[10, 200, 30]] * 400
    assert np.array_equal(picture[:, 10:30].transpose(1, 2, 0), pixels)


@given(
    picture=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    frame=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    fit=st.sampled_from(["letterbox", "crop", "stretch"]),
)
def test_every_picture_fits_every_frame(picture, frame, fit):
    image = brought(Image.new("RGB", picture, (7, 8, 9)), Path("a.png"), frame, 3, fit)
    assert image.shape == (3, *frame)
    assert np.unique(image.reshape(3, -1), axis=1).T.tolist() == [[7, 8, 9]]


def test_a_damaged_exif_block_does_not_cost_the_picture(tmp_path):
    Image.fromarray(GREY).save(tmp_path / "a.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff", quality=100)
    pictures, skipped, _ = read([tmp_path / "a.jpg"], DataSettings(size=(HEIGHT, WIDTH), channels=1))
    assert skipped == []
    assert np.abs(pictures[0, 0].numpy().astype(int) - GREY).max() <= 3


def test_pictures_above_the_limit_are_refused_before_decoding(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PIXEL_LIMIT", 50)
    Image.fromarray(COLOUR).save(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"10 × 6 pixels are more than the limit of 50"):
        decode(tmp_path / "a.png", (4, 4), 3)


def test_large_pictures_below_our_limit_are_read_without_a_warning(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    Image.fromarray(COLOUR).save(tmp_path / "a.png")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        pictures, skipped, kept = read([tmp_path / "a.png"], DataSettings(size=(4, 4), channels=3))
    assert (len(pictures), skipped, kept, said) == (1, [], [0], [])


def test_reading_keeps_the_order_and_names_what_is_left_out(paint, tmp_path):
    files = [paint(f"{number}.png", seed=number) for number in range(100)]
    files[3].write_bytes(b"")
    files[70].write_text("not a picture")
    settings = DataSettings(size=(12, 16), channels=3)
    pictures, skipped, kept = read(files, settings, tmp_path)
    assert kept == [number for number in range(100) if number not in (3, 70)]
    assert [item.file for item in skipped] == ["3.png", "70.png"]
    assert pictures.shape == (98, 3, 12, 16)
    for row, number in enumerate(kept):
        assert np.array_equal(pictures[row].permute(1, 2, 0), np.asarray(Image.open(files[number])))


def test_no_file_at_all_gives_no_picture():
    pictures, skipped, kept = read([], DataSettings(size=(4, 4), channels=3))
    assert pictures.shape == (0, 3, 4, 4)
    assert (skipped, kept) == ([], [])


def test_work_that_is_stopped_leaves_no_thread_behind(paint):
    files = [paint(f"{number}.png") for number in range(600)]
    touched = []
    results = each(touched.append, files)
    next(results)
    results.close()
    count = len(touched)
    assert count < 600
    assert len(touched) == count


@pytest.mark.parametrize(
    ("sizes", "size"),
    [
        ([(28, 28)] * 3, (28, 28)),
        ([(20, 33)] * 3, (20, 33)),  # all alike: kept, square or not
        ([(20, 30), (30, 40), (50, 10)], (40, 40)),  # longer sides 30, 40, 50
        ([(80, 72)] * 3, (80, 72)),  # not larger than what few pictures are brought to
        ([(200, 100)] * 3, (80, 40)),
        ([(300, 200), (100, 500), (90, 90)], (80, 80)),
    ],
)
def test_the_size_is_chosen_from_the_files(paint, sizes, size):
    files = [paint(f"{number}.png", size=each_size) for number, each_size in enumerate(sizes)]
    settings, remarks = choose(files, DataSettings())
    assert settings.size == size
    assert f"{size[0]} × {size[1]} px" in remarks[0]


def test_what_the_person_said_is_kept(paint):
    settings, remarks = choose([paint("a.png")], DataSettings(size=(9, 9), channels=1))
    assert settings == DataSettings(size=(9, 9), channels=1)
    assert remarks == []


def test_grey_is_recognised_by_the_pixels(tmp_path, paint):
    Image.fromarray(np.repeat(GREY[:, :, None], 3, axis=2)).save(tmp_path / "as_rgb.jpg")
    Image.fromarray(GREY).save(tmp_path / "grey.png")
    files = [tmp_path / "as_rgb.jpg", tmp_path / "grey.png"]
    assert choose(files, DataSettings())[0].channels == 1
    assert choose([*files, paint("colour.png")], DataSettings())[0].channels == 3


@pytest.mark.parametrize("size", [(28,), (0, 28), (1, 2, 3)])
def test_a_size_that_is_no_pictures_is_refused(paint, size):
    with pytest.raises(DataError, match=r"\(height, width\)"):
        choose([paint("a.png")], DataSettings(size=size))


def test_this_machines_pillow_reads_every_format_we_promise():
    assert all(features.check(name) for name in ("jpg", "zlib", "libtiff", "webp"))


@pytest.fixture(scope="module")
def photos():
    files = sorted((Path(os.environ["CONVSCOPE_DATA"]) / "photos").rglob("*.jpg"))
    assert len(files) == 684
    return files


@pytest.mark.real_data
def test_real_photos_all_decode(photos):
    pictures, skipped, kept = read(photos[::9], DataSettings(size=(32, 32), channels=3))
    assert (len(pictures), skipped, len(kept)) == (76, [], 76)
    assert 60 < pictures.float().mean() < 200


# ---- more than 8 bits


def deep_set(root, values, mode=np.uint16, ending="png", count=6):
    """Two classes of pictures whose values are given, each shifted a little."""
    for place, name in enumerate(("cat", "dog")):
        for number in range(count):
            file = root / name / f"{number}.{ending}"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray((values + place + number).astype(mode)).save(file)
    return root


@pytest.mark.parametrize(
    ("values", "mode", "ending"),
    [
        (np.linspace(0, 4000, 80).reshape(8, 10), np.uint16, "png"),  # 12 bits
        (np.linspace(0, 1000, 80).reshape(8, 10), np.uint16, "tif"),  # 10 bits
        (np.linspace(0, 65000, 80).reshape(8, 10), np.uint16, "png"),
        (np.linspace(-1000, 3000, 80).reshape(8, 10), np.int32, "tif"),  # a CT
        (np.linspace(0, 0.9, 80).reshape(8, 10), np.float32, "tif"),
    ],
)
def test_pictures_of_more_than_8_bits_keep_their_levels(tmp_path, values, mode, ending):
    data = load(deep_set(tmp_path, values, mode, ending))
    assert data.inputs.dtype == torch.float32
    assert data.settings.channels == 1
    assert any("keep their own values" in remark for remark in data.remarks)
    for row, name in enumerate(data.names):
        stored = np.asarray(Image.open(tmp_path / name)).astype(np.float32)
        assert np.array_equal(data.inputs[row, 0].numpy(), stored)
    again = read_samples(
        [tmp_path / "cat" / "3.png" if ending == "png" else tmp_path / "cat" / "3.tif"], spec_of(data)
    )
    row = next(row for row, name in enumerate(data.names) if name.startswith("cat/3"))
    assert torch.equal(again.inputs[0], data.inputs[row])


def test_a_picture_of_8_bits_among_deeper_ones_is_left_out(tmp_path):
    root = deep_set(tmp_path, np.linspace(0, 4000, 80).reshape(8, 10), count=80)
    Image.fromarray(GREY).save(root / "cat" / "2.png")  # is not looked at beforehand
    data = load(root)
    (item,) = data.skipped
    assert "its grey has 8 bits, that of the others more" in item.reason


def test_deep_and_shallow_pictures_together_are_said(tmp_path):
    root = deep_set(tmp_path, np.linspace(0, 4000, 80).reshape(8, 10))
    Image.fromarray(GREY).save(root / "cat" / "0.png")
    data = load(root)
    assert data.inputs.dtype == torch.uint8
    assert any(remark.startswith("11 of 12 pictures have more than 8 bits") for remark in data.remarks)


# ---- several pages


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("thumbnails", [[(3, 3)], [(5, 4), (2, 2)]])
def test_thumbnails_in_a_tiff_are_no_frames(tmp_path, first, thumbnails):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for number in range(4):
            picture = Image.fromarray(np.roll(COLOUR, number, axis=1))
            small = [picture.resize(size) for size in thumbnails]
            pages = [picture, *small] if first else [*small, picture]
            pages[0].save(tmp_path / name / f"{number}.tif", save_all=True, append_images=pages[1:])
    data = load(tmp_path)
    assert data.kind == "image"
    assert data.inputs.shape == (8, 3, HEIGHT, WIDTH)
    for row, name in enumerate(data.names):
        rolled = np.roll(COLOUR, int(name[4]), axis=1)
        assert np.array_equal(data.inputs[row].permute(1, 2, 0).numpy(), rolled)
    assert any("8 pictures have several pages" in remark for remark in data.remarks)


def test_an_animation_among_pictures_gives_its_first_frame_and_is_said(paint, tmp_path):
    for number in range(6):
        paint(f"a/{number}.png", seed=number)
        paint(f"b/{number}.png", seed=100 + number)
    frames = [Image.fromarray(GREY), Image.fromarray(255 - GREY)]
    frames[0].save(tmp_path / "a" / "moving.gif", save_all=True, append_images=frames[1:])
    assert any(
        "1 pictures have several pages: the first is read" in remark for remark in load(tmp_path).remarks
    )
