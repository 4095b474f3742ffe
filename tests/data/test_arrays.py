import numpy as np
import pytest
import torch

from convscope.data.array_samples import of_array
from convscope.data.arrays import from_arrays, handed
from convscope.data.dataset import DataSettings
from convscope.data.samples import SampleSpec
from convscope.errors import DataError
from tests.data.soundness import assert_dataset_is_sound

LABELS = [0, 1] * 6


def pictures(*shape: int, dtype=np.uint8) -> np.ndarray:
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)


@pytest.mark.parametrize(
    ("shape", "first"),
    [
        ((12, 8, 7), (1, 8, 7)),
        ((12, 1, 8, 7), (1, 8, 7)),
        ((12, 8, 7, 3), (3, 8, 7)),
        ((12, 3, 8, 7), (3, 8, 7)),
        ((12, 8, 7, 1), (1, 8, 7)),
        ((12, 8, 8, 4), (3, 8, 8)),
        ((12, 4, 8, 8), (3, 8, 8)),
    ],
)
def test_channels_come_first_whatever_the_layout(shape, first):
    data = from_arrays(pictures(*shape), LABELS)
    assert_dataset_is_sound(data)
    assert data.inputs.shape == (12, *first)
    assert data.inputs.dtype == torch.uint8


def test_the_layouts_hold_the_same_pixels():
    channel_first = pictures(12, 3, 8, 7)
    data = [from_arrays(x, LABELS) for x in (channel_first, channel_first.transpose(0, 2, 3, 1))]
    assert torch.equal(data[0].inputs, data[1].inputs)
    assert torch.equal(data[0].inputs, torch.from_numpy(channel_first))


@pytest.mark.parametrize(
    ("shape", "dtype", "kind", "first"),
    [
        ((12, 40), np.float32, "signal", (1, 40)),
        ((12, 1, 40), np.float32, "signal", (1, 40)),
        ((12, 40, 1), np.float32, "signal", (1, 40)),
        ((12, 12, 1000), np.float32, "signal", (12, 1000)),
        ((12, 128, 9), np.int16, "signal", (9, 128)),
        ((12, 9, 128), np.uint8, "image", (1, 9, 128)),
        ((12, 64, 512), np.float32, "image", (1, 64, 512)),
        ((12, 20, 21), np.float32, "image", (1, 20, 21)),
        ((12, 10, 11, 12), np.uint8, "volume", (1, 10, 11, 12)),
        ((12, 2, 11, 12), np.uint8, "volume", (1, 2, 11, 12)),
        ((12, 10, 11, 12, 1), np.uint8, "volume", (1, 10, 11, 12)),
        ((12, 16, 11, 12, 3), np.uint8, "volume", (3, 16, 11, 12)),
        ((12, 3, 16, 11, 12), np.uint8, "volume", (3, 16, 11, 12)),
        ((12, 6, 7, 8, 9), np.uint8, "volume", (6, 7, 8, 9)),
    ],
)
def test_the_table_of_shapes(shape, dtype, kind, first):
    x = np.random.default_rng(0).integers(-200 if dtype == np.int16 else 0, 250, shape).astype(dtype)
    data = from_arrays(x, LABELS)
    assert_dataset_is_sound(data)
    assert (data.kind, tuple(data.inputs.shape[1:])) == (kind, first)
    assert data.inputs.dtype == {"signal": torch.float32}.get(
        kind, torch.uint8 if dtype == np.uint8 else torch.float32
    )
    assert sorted(data.inputs.double().flatten().tolist()) == sorted(x.flatten().tolist())


def test_channels_at_the_end_come_to_the_front():
    x = np.random.default_rng(0).integers(0, 256, (12, 5, 6, 7, 3)).astype(np.uint8)
    assert torch.equal(from_arrays(x, LABELS).inputs, torch.from_numpy(x).permute(0, 4, 1, 2, 3))
    signals = np.random.default_rng(0).random((12, 80, 3)).astype(np.float32)
    assert torch.equal(from_arrays(signals, LABELS).inputs, torch.from_numpy(signals).permute(0, 2, 1))


@pytest.mark.parametrize(
    ("shape", "kind", "first"),
    [
        ((12, 3, 9, 9), "volume", (1, 3, 9, 9)),
        ((12, 20, 21), "signal", (20, 21)),
        ((12, 9, 300), "image", (1, 9, 300)),
        ((12, 1, 300), "image", (1, 1, 300)),
    ],
)
def test_who_says_the_kind_gets_it(shape, kind, first):
    data = from_arrays(np.zeros(shape, np.float32), LABELS, kind=kind)
    assert_dataset_is_sound(data)
    assert (data.kind, tuple(data.inputs.shape[1:])) == (kind, first)
    assert not any("otherwise" in remark for remark in data.remarks)


@pytest.mark.parametrize(
    ("shape", "kind"), [((12, 9), "image"), ((12, 9, 9), "volume"), ((12, 9, 9, 9, 9), "image")]
)
def test_a_kind_that_the_axes_do_not_allow(shape, kind):
    with pytest.raises(DataError, match=r"the inputs of arrays have shape .*; expected, with no axis of 0,"):
        from_arrays(np.zeros(shape), LABELS, kind=kind)
    with pytest.raises(DataError, match=r"cannot be of the kind 'sequence'.*\n  The kinds are signal, image"):
        from_arrays(np.zeros(shape), LABELS, kind="sequence")


@pytest.mark.parametrize(
    ("shape", "dtype", "said"),
    [
        ((12, 40), np.float32, "rows of 40 numbers were read as signals of one channel"),
        ((12, 2, 40), np.float32, "2 × 40 numbers were read as signals of 2 channels and 40 points; 'image'"),
        ((12, 20, 21), np.float32, "20 × 21 numbers were read as pictures of one channel; 'signal'"),
        ((12, 5, 6, 7), np.uint8, "5 × 6 × 7 numbers were read as volumes of one channel, depth × height"),
        ((12, 20, 21), np.uint8, None),
        ((12, 1, 5, 6, 7), np.uint8, None),
    ],
)
def test_a_guess_is_said(shape, dtype, said):
    data = from_arrays(np.zeros(shape, dtype), LABELS)
    guesses = [remark.replace("an array `kind` = ", "") for remark in data.remarks if "read as" in remark]
    assert len(guesses) == bool(said)
    assert all(said in guess for guess in guesses)


@pytest.mark.parametrize(
    ("values", "dtype", "stored"),
    [
        ([0, 255], np.int64, torch.uint8),
        ([False, True], bool, torch.uint8),
        ([-1024, 3071], np.int16, torch.float16),
        ([0, 65535], np.uint16, torch.float16),
        ([0.0, 0.5], np.float64, torch.float16),
        ([0.0, 0.5], np.float16, torch.float16),
        ([0.0, 1e6], np.float32, torch.float32),
        ([1000.25, 1000.75], np.float64, torch.float32),
    ],
)
def test_types_of_volumes(values, dtype, stored):
    x = np.resize(np.array(values, dtype), (12, 6, 7, 8))
    data = from_arrays(x, LABELS)
    assert_dataset_is_sound(data)
    assert data.inputs.dtype == stored
    span = float(np.ptp(x.astype(float)))
    assert np.abs(data.inputs[:, 0].double().numpy() - x).max() <= 1e-3 * span


def test_volumes_come_to_the_size_that_is_asked_for():
    x = np.random.default_rng(0).integers(0, 256, (12, 6, 8, 10)).astype(np.uint8)
    data = from_arrays(x, LABELS, DataSettings(size=(3, 4, 5)))
    assert_dataset_is_sound(data)
    assert data.space == (3, 4, 5)
    means = x.reshape(12, 3, 2, 4, 2, 5, 2).mean(axis=(2, 4, 6))  # what a triangle of weights is near to
    assert np.abs(data.inputs[:, 0].numpy() - means).mean() < 20
    with pytest.raises(DataError, match="volumes need a size"):
        from_arrays(x, LABELS, DataSettings(size=(4, 5)))


def test_transparency_is_laid_on_white():
    x = np.zeros((3, 4, 8, 8), np.uint8)
    x[0, 3], x[1, 3], x[2, 3] = 0, 255, 51  # clear, opaque black, a fifth of black
    data = from_arrays(x, [0, 1, 1])
    assert data.inputs[:, 0, 0, 0].tolist() == [255, 0, 204]
    assert "transparency was laid on white" in data.remarks


@pytest.mark.parametrize(
    ("dtype", "values", "stored"),
    [
        (np.int64, [0, 255], torch.uint8),
        (np.int64, [-1, 255], torch.float32),
        (np.uint16, [0, 65535], torch.float32),
        (np.float64, [0, 1], torch.float32),
        (np.float16, [0, 0.5], torch.float32),
        (bool, [0, 1], torch.uint8),
        (np.float32, [-3, 300], torch.float32),
    ],
)
def test_types(dtype, values, stored):
    x = np.resize(np.array(values, dtype), (12, 4, 6))
    data = from_arrays(x, LABELS)
    assert_dataset_is_sound(data)
    assert data.inputs.dtype == stored
    assert torch.equal(data.inputs[:, 0].double(), torch.from_numpy(x.astype(np.float64)))


def test_torch_lists_and_read_only_arrays():
    locked = pictures(12, 4, 6)
    locked.flags.writeable = False
    for x in (
        torch.zeros(12, 4, 6),
        torch.zeros(12, 4, 6, dtype=torch.bfloat16),
        np.zeros((12, 4, 6)).tolist(),
        locked,
    ):
        assert_dataset_is_sound(from_arrays(x, torch.tensor(LABELS)))


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ([3, 7, 10] * 4, ("3", "7", "10")),
        (["cat 10", "cat 9", "Dog"] * 4, ("cat 9", "cat 10", "Dog")),
        ([1.0, 2.0, 3.0] * 4, ("1", "2", "3")),
        ([b"a", b"b", b"c"] * 4, ("a", "b", "c")),
        (np.array([[5], [6], [7]] * 4), ("5", "6", "7")),
        (np.eye(3)[[0, 1, 2] * 4], ("0", "1", "2")),
        ([False, True, True] * 4, ("False", "True")),
    ],
)
def test_labels(labels, classes):
    data = from_arrays(pictures(12, 4, 6), labels)
    assert_dataset_is_sound(data)
    assert data.classes == classes
    first = {0: 0, 1: 1} if "cat 10" not in labels else {0: 1, 1: 0}
    assert data.labels[:2].tolist() == [first[0], first[1]]


def test_class_names_keep_classes_without_samples():
    data = from_arrays(pictures(12, 4, 6), LABELS, classes=["no", "yes", "unseen"])
    assert data.classes == ("no", "yes", "unseen")


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.zeros(12), LABELS, r"shape \(12,\); expected, with no axis of 0,\n    \(sample, time\) or"),
        (np.zeros((12, 1, 2, 2, 2, 2)), LABELS, r"shape \(12, 1, 2, 2, 2, 2\)"),
        (np.zeros((0, 4, 4)), [], r"shape \(0, 4, 4\)"),
        (np.zeros((12, 3, 9, 3)), LABELS, "both the second and the last axis"),
        (np.zeros((12, 2, 9, 9, 2)), LABELS, "both the second and the last axis"),
        (np.zeros((12, 8, 8, 4)) + 0.5, LABELS, "4 channels of type float32"),
        (np.full((12, 4, 6), "a"), LABELS, "of type <U1; expected numbers"),
        (np.zeros((12, 4, 6), complex), LABELS, "of type complex128"),
        ([[[1, 2]], [[1]]], [0, 1], "are no regular array"),
        (np.full((12, 4, 6), None), LABELS, "are missing in 12 of 12 rows"),
        (pictures(12, 4, 6), [0, 1], r"12 samples, but labels of shape \(2,\)"),
        (pictures(12, 4, 6), 5, r"labels of shape \(\)"),
        (pictures(12, 4, 6), [*LABELS[1:], np.nan], "in 1 of 12 rows, the first of them 11: nan"),
        (pictures(12, 4, 6), np.ones((12, 3)), "not one-hot: row 0"),
        (pictures(12, 4, 6), np.full((12, 2), "a"), "not one-hot: row 0"),
        (pictures(12, 4, 6), [None] * 12, "labels of arrays are missing in 12 of 12 rows"),
        (pictures(12, 4, 6), np.zeros(12, "datetime64[D]"), "expected whole numbers or text"),
    ],
)
def test_bad_arrays_are_refused(x, y, message):
    with pytest.raises(DataError, match=message):
        from_arrays(x, y)


@pytest.mark.parametrize(
    ("x", "kind"),
    [(np.zeros((40, 2, 90)), "signal"), (pictures(40, 6, 7), "image"), (np.zeros((40, 9, 9, 9)), "volume")],
)
@pytest.mark.parametrize(
    ("y", "target"),
    [
        (np.arange(40) / 4, None),
        (np.arange(40.0) / 4, "price"),
        (np.arange(40) + 20, "age"),
        ([str(number) for number in range(40)], "age"),
    ],
)
def test_amounts_are_learnt_as_values_in_every_kind(x, kind, y, target):
    data = from_arrays(x, y, DataSettings(target=target))
    assert_dataset_is_sound(data)
    assert (data.kind, data.regression, data.classes) == (kind, True, (target or "y",))
    np.testing.assert_array_equal(data.labels.numpy(), np.asarray(y, np.float32))
    assert f"target: the amount of {target or 'y'}" in data.remarks
    assert len(data.parts["test"]) == 8


def test_few_whole_numbers_stay_classes_though_they_are_a_target():
    data = from_arrays(pictures(40, 6, 7), np.arange(40) % 3, DataSettings(target="kind"))
    assert data.classes == ("0", "1", "2")


def test_amounts_of_a_group_stay_in_one_part():
    groups = np.repeat(np.arange(10), 4)
    data = from_arrays(np.zeros((40, 2, 90)), np.arange(40) / 4, groups=groups)
    held = {part: set(groups[rows.numpy()]) for part, rows in data.parts.items()}
    assert not held["train"] & held["test"]
    assert not held["train"] & held["val"]


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (range(40), "amounts, no classes.\n  Say what they are amounts of: target="),
        ([f"patient {number}" for number in range(40)], "40 different labels for 40 samples: names"),
    ],
)
def test_labels_that_are_nearly_all_different_are_no_classes(labels, said):
    with pytest.raises(DataError, match=said):
        from_arrays(pictures(40, 6, 7), list(labels))
    judged = from_arrays(pictures(40, 6, 7), list(labels), DataSettings(val=0, test=0))
    assert len(judged.classes) == 40


@pytest.mark.parametrize("shape", [(12, 4, 6), (12, 5, 6, 7), (12, 2, 5, 6, 7)])
@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e39])
def test_numbers_that_are_none_are_counted(bad, shape):
    x = np.zeros(shape)
    x[5, 0, 0] = x[7, 1, 1] = bad
    with pytest.raises(
        DataError, match=r"2 of 12 samples of arrays hold NaN, infinite .* the first in row 5"
    ):
        from_arrays(x, LABELS)


def test_class_names_must_fit():
    with pytest.raises(DataError, match="names 1 classes"):
        from_arrays(pictures(12, 4, 6), LABELS, classes=["no"])


def test_size_and_channels_are_changed_if_given():
    data = from_arrays(pictures(12, 8, 8, 3), LABELS, DataSettings(size=(4, 6), channels=1))
    assert_dataset_is_sound(data)
    assert data.inputs.shape == (12, 1, 4, 6)
    assert data.inputs.dtype == torch.uint8


@pytest.mark.parametrize(
    "changed", [lambda x: x.astype(">f4"), lambda x: x[:, :, ::-1].copy()[:, :, ::-1], np.asfortranarray]
)
def test_a_sample_in_another_order_of_memory_is_the_same(changed):
    sample = np.random.default_rng(0).normal(size=(2, 1, 6)).astype(np.float32)
    found = of_array(changed(sample), SampleSpec((1, 6), "signal")).inputs
    assert torch.equal(found, torch.from_numpy(sample))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.ma.masked_array([1.0, 2.0], mask=[False, True]), "have a mask"),
        (torch.eye(3).to_sparse(), "a Tensor, are no plain array"),
        (torch.zeros(3, device="meta"), "no data"),
        ([[1, 2], [3]], "no regular array"),
    ],
)
def test_what_is_no_plain_array(values, said):
    with pytest.raises(DataError, match=said):
        handed(values, "the samples")
    assert handed(np.ma.masked_array([1.0, 2.0]), "the samples").tolist() == [1, 2]


def test_amounts_of_any_size_are_amounts_or_refused():
    noise = np.random.default_rng(0).normal(size=12)
    data = from_arrays(pictures(12, 8, 7), noise * 1e30)
    assert data.regression
    assert torch.allclose(data.labels, torch.from_numpy(noise * 1e30).float())
    for values in (noise * 1e300, noise * 1e-300, 1e15 + noise):
        with pytest.raises(DataError, match="cannot be told apart in 32 bits"):
            from_arrays(pictures(12, 8, 7), values)
    assert from_arrays(pictures(12, 8, 7), np.full(12, 2.5)).regression
