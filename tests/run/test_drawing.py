"""Pictures of samples: to the bit where they are small, recognisable where they are not."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from convscope.run.drawing import DRAWINGS, SIDE, Pen, uri


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
    drawn = np.asarray(Pen("signal", 0, 1, ink=True).draw(rising)).astype(float)
    heights = (drawn * np.arange(SIDE)[:, None]).sum(0) / drawn.sum(0)  # mean row of the ink in each column
    assert heights[5] > heights[SIDE // 2] > heights[-5]


def test_each_channel_of_a_signal_has_its_own_band():
    flat = torch.tensor([[1.0] * 10, [0.0] * 10])
    rows = np.flatnonzero(np.asarray(Pen("sequence", 0, 1, ink=True).draw(flat)).sum(1))
    assert rows.min() < SIDE // 4
    assert rows.max() > 3 * SIDE // 4


def test_volumes_are_their_three_middle_slices():
    volume = torch.randint(0, 256, (1, 6, 8, 10), dtype=torch.uint8)
    drawn = np.asarray(Pen("volume", 0, 255, ink=False).draw(volume))
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


def test_every_kind_of_data_has_a_drawing():
    shapes = {"image": (2, 5, 5), "signal": (2, 9), "sequence": (4, 3), "volume": (1, 3, 4, 5)}
    for kind, shape in shapes.items():
        assert max(Pen(kind, 0, 1, ink=False).draw(torch.rand(shape)).size) <= SIDE
    assert shapes.keys() == DRAWINGS.keys()
