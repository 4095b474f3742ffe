"""Each random change against NumPy and SciPy, position by position."""

import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates
from scipy.stats import kstest

from convscope.data.augment import COLUMNS, augment, draw
from convscope.settings import Augment

SPACES = [(17,), (9, 14), (5, 6, 9)]
EVERYTHING = Augment(shift=0.2, flip=True, crop=0.3, rotate=20, scale=0.2, cutout=0.3)


def samples(space, count=4, channels=2, dtype=torch.uint8):
    values = np.random.default_rng(len(space)).integers(0, 256, (count, channels, *space))
    return torch.from_numpy(values).to(dtype)


def still(count=4, **columns):
    """Draws in the middle, where nothing happens, but for the columns that are given."""
    draws = torch.full((count, COLUMNS), 0.5)
    for name, value in columns.items():
        draws[:, int(name[1:])] = value
    return draws


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_shift_takes_every_value_from_a_whole_position(space, dtype):
    x, draws = samples(space, 6, dtype=dtype), draw(6, seed=1, epoch=1)
    changed = augment(x, draws, Augment(shift=0.3))
    for sample in range(len(x)):
        offsets = [
            int(draws[sample, axis] * (2 * round(0.3 * size) + 1)) - round(0.3 * size)
            for axis, size in enumerate(space)
        ]
        for place in np.ndindex(*space):
            source = tuple(
                min(max(p - offset, 0), size - 1)
                for p, offset, size in zip(place, offsets, space, strict=True)
            )
            assert torch.equal(changed[(sample, slice(None), *place)], x[(sample, slice(None), *source)])


@pytest.mark.parametrize("space", SPACES)
def test_shifts_reach_every_offset_alike(space):
    reach = round(0.2 * space[0])
    assert reach > 0
    line = torch.arange(space[0], dtype=torch.float32).view(1, 1, -1, *[1] * (len(space) - 1))
    x = line.expand(2000, 1, *space)
    changed = augment(x, draw(2000, seed=0, epoch=1), Augment(shift=0.2))
    middle = changed[:, 0, space[0] // 2].reshape(2000, -1)[:, 0] - space[0] // 2
    found, counts = middle.unique(return_counts=True)
    assert found.tolist() == list(range(-reach, reach + 1))
    assert counts.min() > 0.8 * 2000 / (2 * reach + 1)


@pytest.mark.parametrize("space", SPACES)
def test_flip_mirrors_the_last_axis_of_every_second_sample(space):
    x, draws = samples(space, 50), draw(50, seed=0, epoch=1)
    changed = augment(x, draws, Augment(flip=True))
    flipped = draws[:, 3] < 0.5
    assert torch.equal(changed[flipped], x[flipped].flip(-1))
    assert torch.equal(changed[~flipped], x[~flipped])
    assert 10 < flipped.sum() < 40


def interpolated(x, source):
    """SciPy's linear interpolation of (channel, *space) at (axis, *space), the border repeated; float64."""
    planes = [map_coordinates(plane, source, order=1, mode="nearest") for plane in x.double().numpy()]
    return np.stack(planes)


def positions(space):
    """Where every position is, from the middle of the sample: (axis, *space)."""
    grids = np.meshgrid(*(np.arange(size) - (size - 1) / 2 for size in space), indexing="ij")
    return np.stack(grids)


def middle(space):
    return np.array([(size - 1) / 2 for size in space]).reshape(-1, *[1] * len(space))


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("u", [0.0, 0.3, 0.97])
def test_scale_is_scipys(space, u):
    x = samples(space, dtype=torch.float32)
    changed = augment(x, still(c9=u), Augment(scale=0.4))
    source = positions(space) * (1 + 0.4 * (2 * u - 1)) + middle(space)
    for before, after in zip(x, changed, strict=True):
        np.testing.assert_allclose(after.numpy(), interpolated(before, source), atol=2e-2)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("u", [0.0, 0.3, 1.0])
def test_crop_is_a_window_enlarged(space, u):
    """At place 0 the window begins where the sample begins, at place 1 it ends where that ends."""
    x = samples(space, dtype=torch.float32)
    places = [0.0, 1.0, 0.4][: len(space)]
    draws = still(c4=u, **{f"c{5 + axis}": place for axis, place in enumerate(places)})
    changed = augment(x, draws, Augment(crop=0.5))
    source = []
    for axis, size in enumerate(space):
        place = places[len(space) - 1 - axis]  # the first place is of the last axis
        seen = size * (1 - 0.5 * u)
        edge = (size - seen) * place
        source.append(edge + (np.arange(size) + 0.5) * seen / size - 0.5)
    grid = np.stack(np.meshgrid(*source, indexing="ij"))
    for before, after in zip(x, changed, strict=True):
        np.testing.assert_allclose(after.numpy(), interpolated(before, grid), atol=2e-2)


@pytest.mark.parametrize("space", [(9, 14), (14, 9), (8, 8), (5, 6, 9)])
@pytest.mark.parametrize("u", [0.0, 0.2, 0.9])
def test_rotation_keeps_lengths_and_turns_the_last_two_axes(space, u):
    x = samples(space, dtype=torch.float32)
    changed = augment(x, still(c8=u), Augment(rotate=50))
    angle = np.deg2rad(50 * (2 * u - 1))
    source = positions(space)
    row, column = source[-2].copy(), source[-1].copy()
    source[-1] = np.cos(angle) * column - np.sin(angle) * row
    source[-2] = np.sin(angle) * column + np.cos(angle) * row
    for before, after in zip(x, changed, strict=True):
        np.testing.assert_allclose(after.numpy(), interpolated(before, source + middle(space)), atol=2e-2)


def test_a_quarter_turn_is_numpys():
    """A rotation of +90 degrees turns the picture against the clock."""
    x = samples((8, 8))
    changed = augment(x, still(c8=1.0), Augment(rotate=90))
    assert torch.equal(changed, torch.from_numpy(np.rot90(x.numpy(), axes=(2, 3)).copy()))


def test_a_signal_is_not_rotated():
    x = samples((17,))
    assert torch.equal(augment(x, draw(4, 0, 1), Augment(rotate=90)), x)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_cutout_is_one_box_with_the_channels_mean(space, dtype):
    x, draws = samples(space, 30, dtype=dtype), draw(30, seed=3, epoch=2)
    changed = augment(x, draws, Augment(cutout=0.4))
    sides = [max(1, round(0.4 * size)) for size in space]
    for sample in range(len(x)):
        box = tuple(
            slice(first, first + side)
            for axis, (size, side) in enumerate(zip(space, sides, strict=True))
            for first in [int(draws[sample, 10 + axis] * (size - side + 1))]
        )
        for channel in range(x.shape[1]):
            expected = x[sample, channel].double().numpy().copy()
            mean = expected.mean()
            expected[box] = np.round(mean) if dtype == torch.uint8 else mean
            np.testing.assert_allclose(changed[sample, channel].numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_what_happens_to_a_sample_does_not_depend_on_its_batch(space, dtype):
    x, draws = samples(space, 20, dtype=dtype), draw(20, seed=5, epoch=4)
    together = augment(x, draws, EVERYTHING)
    order = torch.randperm(20, generator=torch.Generator().manual_seed(0))
    for rows in (*order.split(7), *order.split(1)):
        assert torch.equal(augment(x[rows], draws[rows], EVERYTHING), together[rows])


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_shape_and_type_stay_and_the_batch_is_not_touched(space, dtype):
    x = samples(space, dtype=dtype)
    before = x.clone()
    changed = augment(x, draw(4, 0, 1), EVERYTHING)
    assert (changed.shape, changed.dtype) == (x.shape, x.dtype)
    assert torch.equal(x, before)
    assert not torch.equal(changed, x)
    assert changed.double().min() >= x.double().min()
    assert changed.double().max() <= x.double().max()


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_nothing_asked_for_is_nothing_done(space, dtype):
    x = samples(space, dtype=dtype)
    assert torch.equal(augment(x, draw(4, 0, 1), Augment()), x)


@pytest.mark.parametrize("space", SPACES)
def test_draws_in_the_middle_change_nothing(space):
    """Whatever the strength: no shift, no turn, no zoom, and no flip above a half."""
    x = samples(space)
    strong = Augment(shift=0.4, flip=True, rotate=180, scale=0.9)
    assert torch.equal(augment(x, still(), strong), x)


@pytest.mark.parametrize("value", [0, 255])
def test_a_plain_picture_stays_plain(value):
    x = torch.full((3, 3, 9, 11), value, dtype=torch.uint8)
    assert torch.equal(augment(x, draw(3, 0, 1), EVERYTHING), x)


def test_draws_depend_on_seed_and_epoch_alone():
    torch.manual_seed(1)
    first = draw(30, seed=1, epoch=2)
    torch.manual_seed(2)
    assert torch.equal(draw(30, seed=1, epoch=2), first)
    assert not torch.equal(draw(30, seed=1, epoch=3), first)
    assert not torch.equal(draw(30, seed=2, epoch=2), first)
    assert first.min() >= 0
    assert first.max() < 1


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_the_smallest_samples(axes, size):
    x = samples((size,) * axes)
    assert augment(x, draw(4, 0, 1), EVERYTHING).shape == x.shape


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float16, torch.float32])
@pytest.mark.parametrize("u", [0.0, 0.3, 0.97])
def test_gain_multiplies_every_value(space, dtype, u):
    x = samples(space, dtype=dtype)
    changed = augment(x, still(c13=u), Augment(gain=0.4))
    expected = x.double().numpy() * (1 + 0.4 * (2 * u - 1))
    if dtype == torch.uint8:
        expected = np.clip(np.rint(expected), 0, 255)
    assert changed.dtype == dtype
    np.testing.assert_allclose(
        changed.double().numpy(), expected, rtol=1e-3 if dtype == torch.float16 else 1e-6
    )


def test_gain_reaches_every_strength_alike():
    x = torch.ones(4000, 1, 3)
    factors = augment(x, draw(4000, seed=0, epoch=1), Augment(gain=0.5))[:, 0, 0].numpy()
    assert kstest(factors, "uniform", args=(0.5, 1.0)).pvalue > 0.01


@pytest.mark.parametrize("space", [(300,), (20, 15), (5, 6, 10)])
def test_noise_is_normal_with_a_share_of_each_channels_deviation(space):
    x = samples(space, 40, dtype=torch.float32)
    x[:, 1] *= 100  # a louder channel gets as much more noise
    changed = augment(x, draw(40, seed=2, epoch=1), Augment(noise=0.2))
    deviation = x.flatten(2).double().numpy().std(axis=2)
    noise = (changed - x).flatten(2).double().numpy() / deviation[:, :, None]
    assert kstest(noise[:, 0].ravel(), "norm", args=(0, 0.2)).pvalue > 0.01
    assert kstest(noise[:, 1].ravel(), "norm", args=(0, 0.2)).pvalue > 0.01
    between = np.corrcoef(noise.reshape(80, -1))[~np.eye(80, dtype=bool)]
    assert np.abs(between).max() < 0.35  # 80 channels of 300 values: five standard deviations
    along = [np.corrcoef(row[:-1], row[1:])[0, 1] for row in noise.reshape(80, -1)]
    assert abs(np.mean(along)) < 0.03


def test_noise_on_bytes_is_rounded_and_stays_within_them():
    x = samples((40, 50))
    changed = augment(x, draw(4, seed=0, epoch=1), Augment(noise=0.5))
    exact = augment(x.float(), draw(4, seed=0, epoch=1), Augment(noise=0.5))
    assert torch.equal(changed, exact.round().clamp(0, 255).byte())
    assert exact.min() < 0  # so it was clamped
    assert exact.max() > 255


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float16, torch.float32])
def test_gain_and_noise_depend_on_the_sample_alone(dtype):
    loud = Augment(gain=0.3, noise=0.3)
    x, draws = samples((50,), 20, dtype=dtype), draw(20, seed=5, epoch=4)
    together = augment(x, draws, loud)
    assert together.dtype == dtype
    for rows in torch.arange(20).split(3):
        assert torch.equal(augment(x[rows], draws[rows], loud), together[rows])
    assert torch.equal(augment(x, draw(20, seed=5, epoch=4), loud), together)
    assert not torch.equal(augment(x, draw(20, seed=5, epoch=5), loud), together)


def test_what_is_constant_gets_no_noise():
    x = torch.full((3, 2, 30), 7.0)
    assert torch.equal(augment(x, draw(3, 0, 1), Augment(noise=0.5)), x)


def test_a_pool_smaller_than_a_sample_goes_round(monkeypatch):
    monkeypatch.setattr("convscope.data.augment.POOL", 64)
    monkeypatch.setattr("convscope.data.augment._pool", lambda: torch.arange(64.0))
    x = torch.randn(2, 1, 200)
    noise = augment(x, draw(2, 0, 1), Augment(noise=1.0)) - x
    steps = noise.diff(dim=2) / x.std(dim=2, correction=0, keepdim=True)
    assert set(steps.round().unique().tolist()) == {1.0, -63.0}


@pytest.mark.parametrize("space", SPACES)
def test_half_floats_stay_half_floats(space):
    x = samples(space, dtype=torch.float16)
    assert augment(x, draw(4, 0, 1), EVERYTHING).dtype == torch.float16


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
@pytest.mark.parametrize("u", [(0.9, 0.5, 0.5), (0.5, 0.1, 0.5), (0.5, 0.5, 0.0), (0.2, 0.8, 0.7)])
def test_colour_changes_brightness_contrast_and_saturation(channels, dtype, u):
    x = samples((9, 14), channels=channels, dtype=dtype)
    changed = augment(x, still(c15=u[0], c16=u[1], c17=u[2]), Augment(colour=0.4)).numpy()
    bright, contrast, vivid = (1 + 0.4 * (2 * each - 1) for each in u)
    expected = x.double().numpy() * bright
    middle = expected.mean(axis=(1, 2, 3), keepdims=True)
    expected = middle + contrast * (expected - middle)
    grey = expected.mean(axis=1, keepdims=True)
    expected = grey + vivid * (expected - grey)
    if dtype == torch.uint8:
        assert np.abs(changed - expected.clip(0, 255)).max() <= 0.5 + 1e-3
    else:
        assert changed == pytest.approx(expected, rel=1e-4, abs=1e-3)


def test_colour_reaches_every_strength_alike_and_depends_on_the_sample_alone():
    x, draws = torch.ones(4000, 1, 2, 2), draw(4000, seed=0, epoch=1)
    factors = augment(x, draws, Augment(colour=0.5))[:, 0, 0, 0].numpy()  # of even samples: brightness alone
    assert kstest(factors, "uniform", args=(0.5, 1.0)).pvalue > 0.01
    pictures = samples((9, 14), 6, channels=3)
    whole = augment(pictures, draws[:6], Augment(colour=0.5))
    for place in range(6):
        one = augment(pictures[place : place + 1], draws[place : place + 1], Augment(colour=0.5))
        assert torch.equal(one[0], whole[place])
