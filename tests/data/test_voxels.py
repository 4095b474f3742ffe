import numpy as np
import pytest
import torch
from scipy import ndimage
from torch.nn import functional as F

from convscope.data.dataset import DataSettings
from convscope.data.volumes.voxels import halved, holds, resampled, wanted_size
from convscope.errors import DataError


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape, np.float32)


@pytest.mark.parametrize("size", [(5, 9, 8), (4, 7, 31), (12, 14, 16), (4, 7, 8)])
def test_enlarging_is_scipys_linear_zoom(size):
    volume = random(2, 4, 7, 8)
    factors = [new / old for new, old in zip(size, volume.shape[1:], strict=True)]
    for ours, old in zip(resampled(volume, size), volume, strict=True):
        expected = ndimage.zoom(old, factors, order=1, mode="nearest", grid_mode=True)
        assert ours.shape == size
        np.testing.assert_allclose(ours, expected, atol=1e-5)


@pytest.mark.parametrize("size", [(3, 20), (4, 5), (9, 7), (30, 6)])
def test_a_slice_is_resized_as_torch_resizes_a_picture(size):
    volume = random(1, 1, 18, 20)
    expected = F.interpolate(torch.from_numpy(volume[:, 0])[None], size, mode="bilinear", antialias=True)
    np.testing.assert_allclose(resampled(volume, (1, *size))[:, 0], expected[0].numpy(), atol=1e-5)


def test_shrinking_a_smooth_volume_is_near_scipys_zoom():
    z, y, x = np.indices((32, 40, 48)) / 20
    smooth = (np.sin(z) + np.cos(y) * x).astype(np.float32)
    expected = ndimage.zoom(smooth, 0.5, order=1, mode="nearest", grid_mode=True)
    ours = resampled(smooth[None], (16, 20, 24))[0]
    assert np.abs(ours - expected)[1:-1, 1:-1, 1:-1].max() < 0.01
    assert np.abs(ours - expected).max() < 0.05  # at the ends the two averages differ


def test_no_voxel_is_passed_over():
    volume = np.zeros((1, 32, 32, 32), np.float32)
    for place in np.ndindex(4, 4, 4):
        volume[:] = 0
        volume[(0, *place)] = 1
        assert resampled(volume, (4, 4, 4)).sum() > 0


@pytest.mark.parametrize("dtype", [np.uint8, np.float16, np.float32])
def test_type_and_constant_values_stay(dtype):
    out = resampled(np.full((1, 5, 6, 7), 201, dtype), (3, 9, 7))
    assert out.dtype == dtype
    assert np.abs(out.astype(float) - 201).max() <= (1e-4 if dtype == np.float32 else 0)
    assert out.flags.c_contiguous


def test_what_float16_holds():
    ct = np.arange(-1024, 3072, dtype=np.float32).reshape(1, 16, 16, 16)
    assert holds(ct, 4095.0)
    assert np.abs(halved(ct) - ct).max() <= 1
    assert holds(np.float32([[0, 65535]]), 65535.0)  # whole 16-bit range: the end is cut by 31
    assert not holds(np.float32([[0, 1e5]]), 1e5)
    assert not holds(np.float32([[1000.01, 1000.02]]), 0.01)


@pytest.mark.parametrize("size", [(4,), (4, 4), (4, 4, 0), (4, 4, 4, 4)])
def test_a_size_that_is_none(size):
    with pytest.raises(DataError, match=r"volumes need a size of \(depth, height, width\)"):
        wanted_size(DataSettings(size=size))


def test_an_open_size_stays_open():
    assert wanted_size(DataSettings()) is None
    assert wanted_size(DataSettings(size=(1, 2, 3))) == (1, 2, 3)
