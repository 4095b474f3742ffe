import numpy as np
import pytest
import torch
from PIL import Image

from convscope.data.dataset import DataSettings
from convscope.data.pictures.decode import decode
from convscope.data.pictures.resize import resized
from convscope.errors import DataError


@pytest.mark.parametrize("fit", ["letterbox", "stretch"])
@pytest.mark.parametrize("size", [(9, 9), (20, 31), (60, 20)])
@pytest.mark.parametrize("channels", [1, 3])
def test_an_array_comes_out_like_the_same_picture_from_a_file(tmp_path, fit, size, channels):
    generator = np.random.default_rng(0)
    smooth = np.asarray(Image.fromarray(generator.integers(0, 256, (5, 4, 3), np.uint8)).resize((24, 30)))
    Image.fromarray(smooth).save(tmp_path / "a.png")
    expected = decode(tmp_path / "a.png", size, channels, fit)  # Pillow
    settings = DataSettings(size=size, channels=channels, fit=fit)
    ours = resized(torch.from_numpy(smooth.transpose(2, 0, 1).copy())[None], settings)[0].numpy()
    assert ours.shape == expected.shape
    assert np.abs(ours.astype(int) - expected).max() <= 2


def test_crop_takes_the_middle():
    ramp = torch.arange(8.0).expand(1, 1, 4, 8)
    out = resized(ramp, DataSettings(size=(4, 4), fit="crop"))
    assert out[0, 0, 0].tolist() == [2, 3, 4, 5]


def test_grey_becomes_three_equal_channels():
    out = resized(torch.full((2, 1, 4, 4), 7, dtype=torch.uint8), DataSettings(channels=3))
    assert out.shape == (2, 3, 4, 4)
    assert (out == 7).all()


def test_the_same_size_is_the_same_tensor():
    x = torch.zeros(2, 1, 4, 4)
    assert resized(x, DataSettings(size=(4, 4), channels=1)) is x


@pytest.mark.parametrize("size", [(4,), (4, 0), (1, 2, 3)])
def test_other_than_height_and_width_is_refused(size):
    with pytest.raises(DataError, match="height, width"):
        resized(torch.zeros(2, 1, 4, 4), DataSettings(size=size))
