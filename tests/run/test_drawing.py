"""Pictures of samples: to the bit where they are small, recognisable where they are not."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from convscope.run.plots.drawing import DRAWINGS, SIDE, WIDE, Pen, uri


def opened(address: str) -> Image.Image:
    kind, _, content = address.partition(";base64,")
    picture = Image.open(io.BytesIO(base64.b64decode(content)))
    assert kind == f"data:image/{str(picture.format).lower()}"
    return picture


@pytest.mark.parametrize("channels", [1, 3])
def test_small_pictures_keep_every_bit(channels):
    sample = torch.randint(0, 256, (channels, 20, 28), dtype=torch.uint8)
    drawn = np.asarray(opened(uri(Pen("image", 0, 255, ink=False).draw(sample))))
    assert np.array_equal(drawn.reshape(20, 28, channels), sample.permute(1, 2, 0))


def test_large_pictures_are_reduced_and_small_in_bytes():
    sample = torch.linspace(0, 255, 3 * 300 * 200).reshape(3, 300, 200).to(torch.uint8)
    address = uri(Pen("image", 0, 255, ink=False).draw(sample))
    assert opened(address).size == (85, SIDE)
    assert len(address) < 10_000


def test_signals_are_lines_that_go_up_with_the_values():
    rising = torch.linspace(0, 1, 50)[None]
    drawn = np.asarray(Pen("lines", 0, 1, ink=True).draw(rising)).astype(float)
    heights = (drawn * np.arange(SIDE)[:, None]).sum(0) / drawn.sum(0).clip(
        1
    )  # mean row of each column's ink
    assert heights[5] > heights[drawn.shape[1] // 2] > heights[-6] > 0


def test_each_channel_of_a_signal_has_its_own_band():
    flat = torch.tensor([[1.0] * 10, [0.0] * 10])
    rows = np.flatnonzero(np.asarray(Pen("lines", 0, 1, ink=True).draw(flat)).sum(1))
    assert rows.min() < SIDE // 4
    assert rows.max() > 3 * SIDE // 4


def test_volumes_are_their_three_middle_slices():
    volume = torch.randint(0, 256, (1, 6, 8, 10), dtype=torch.uint8)
    drawn = np.asarray(Pen("slices", 0, 255, ink=False).draw(volume))
    assert np.array_equal(drawn[:8, :10], volume[0, 3])
    assert np.array_equal(drawn[:6, 12:22], volume[0, :, 4])
    assert np.array_equal(drawn[:6, 24:32], volume[0, :, :, 5])


@pytest.mark.parametrize(
    ("inputs", "low", "high", "ink"),
    [
        (torch.tensor([0, 0, 0, 255], dtype=torch.uint8), 0, 255, True),  # strokes on nothing
        (torch.tensor([10, 200, 90, 255], dtype=torch.uint8), 0, 255, False),  # a photo
        (torch.tensor([0, 0, 0, 16], dtype=torch.uint8), 0, 16, True),  # scikit-learn's digits
        (torch.tensor([-1.0, 0.5, 1.0, 3.0]), -1, 3, False),
    ],
)
def test_limits_and_ground_are_found_from_the_data(inputs, low, high, ink):
    assert Pen.of(inputs.reshape(1, 1, 2, 2), "image") == Pen("image", low, high, ink)


def test_constant_and_not_finite_values_can_be_drawn():
    blank = torch.zeros(1, 1, 4, 4)
    assert np.asarray(Pen.of(blank, "image").draw(blank[0])).max() == 0
    holes = torch.tensor([[[torch.nan, torch.inf]]])
    assert np.asarray(Pen("image", 0, 1, ink=False).draw(holes)).tolist() == [[0, 255]]


def test_channels_of_different_units_have_limits_of_their_own():
    small, large = torch.linspace(0, 1, 30), torch.linspace(1000, 5000, 30)
    pen = Pen.of(torch.stack([small, large])[None], "sequence")
    assert (pen.low, pen.high) == ((0.0, 1000.0), (1.0, 5000.0))
    drawn = np.asarray(pen.draw(torch.stack([small, large]))).astype(float)
    height = SIDE // 2
    bands = drawn[3 : height - 3], drawn[height + 3 : -3]
    middles = [(band * np.arange(len(band))[:, None]).sum(0)[9:-9] / band.sum(0)[9:-9] for band in bands]
    np.testing.assert_allclose(*middles, atol=2)  # the same line, for both run from low to high


def test_few_points_are_dots():
    zigzag = torch.tensor([[0.0, 1.0, 0.0]])
    pen = Pen("lines", 0, 1, ink=True)
    line = pen.draw(torch.nn.functional.interpolate(zigzag[None], 41, mode="linear", align_corners=True)[0])
    assert np.asarray(pen.draw(zigzag)).sum() > np.asarray(line).sum()


def test_many_channels_are_a_map_with_a_row_each():
    inputs = torch.zeros(2, 16, 5)
    inputs[0, 3] = inputs[1, 5] = 1.0
    pen = Pen.of(inputs, "signal")
    rows = np.flatnonzero(np.asarray(pen.draw(inputs[0])).any(1))
    assert (pen.way, rows.min(), rows.max()) == ("map", 3 * SIDE // 16, 4 * SIDE // 16 - 1)


def test_solid_volumes_cast_shadows_and_others_are_cut():
    solid = torch.zeros(4, 1, 6, 8, 10, dtype=torch.uint8)
    solid[:, :, 1:3, 2:4, 5:9] = 1
    pen = Pen.of(solid, "volume")
    drawn = np.asarray(pen.draw(solid[0]))
    assert pen.way == "shadows"
    assert np.array_equal(drawn[:8, :10] > 0, solid[0, 0].numpy().any(0))
    assert np.array_equal(drawn[:6, 12:22] > 0, solid[0, 0].numpy().any(1))
    assert Pen.of(torch.rand(4, 1, 6, 8, 10).half(), "volume").way == "slices"


def test_lines_are_printed_dark_and_pictures_as_they_are():
    wave, photo = torch.zeros(1, 1, 50), torch.zeros(1, 1, 9, 9, dtype=torch.uint8)
    for inputs, kind, ground in ((wave, "signal", 255), (photo, "image", 0)):
        pen = Pen.of(inputs, kind)
        assert np.median(np.asarray(pen.printed(pen.draw(inputs[0])))) == ground


def test_every_kind_of_data_has_a_drawing_of_about_the_ratio_it_says():
    shapes = {"image": (2, 5, 5), "signal": (2, 9), "sequence": (20, 3), "volume": (1, 30, 30, 30)}
    ways = set()
    for kind, shape in shapes.items():
        pen = Pen.of(torch.rand(3, *shape), kind)
        drawn = pen.draw(torch.rand(shape))
        assert drawn.width <= WIDE
        assert drawn.height <= SIDE
        assert drawn.width / drawn.height == pytest.approx(pen.ratio, rel=0.1)
        ways.add(pen.way)
    heard = Pen.of(torch.rand(3, 1, 4000), "signal", sound=True)
    assert heard.draw(torch.rand(1, 4000)).size == (WIDE, SIDE)
    assert ways | {"map", "shadows", heard.way} == DRAWINGS.keys()


def test_of_a_sequence_only_what_moves_is_drawn():
    """Neither what is yes or no, nor what hardly changes while a sample lasts (the season)."""
    wind, city = torch.rand(50, 7), torch.tensor([0.0, 1.0]).repeat(25)[:, None].expand(50, 7)
    season = torch.linspace(-1, 1, 50)[:, None].expand(50, 7)
    pen = Pen.of(torch.stack([city, wind, season], 1), "sequence")
    assert (pen.channels, pen.way, len(pen.low)) == ((1,), "lines", 1)
