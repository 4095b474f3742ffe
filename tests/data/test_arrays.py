import numpy as np
import pytest
import torch

from convscope.data.arrays import from_arrays
from convscope.data.dataset import DataSettings
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
        (np.zeros((12, 5)), LABELS, r"shape \(12, 5\); expected \(sample, height, width\)"),
        (np.zeros((0, 4, 4)), [], r"shape \(0, 4, 4\)"),
        (np.zeros((12, 3, 9, 3)), LABELS, "both the second and the last axis"),
        (np.zeros((12, 9, 9, 9)), LABELS, "neither the second nor the last axis"),
        (np.zeros((12, 8, 8, 4)) + 0.5, LABELS, "4 channels of type float32"),
        (np.full((12, 4, 6), "a"), LABELS, "of type <U1; expected numbers"),
        (np.zeros((12, 4, 6), complex), LABELS, "of type complex128"),
        ([[[1, 2]], [[1]]], [0, 1], "are no regular array"),
        (np.full((12, 4, 6), None), LABELS, "are Python objects"),
        (pictures(12, 4, 6), [0, 1], r"12 samples, but labels of shape \(2,\)"),
        (pictures(12, 4, 6), 5, r"labels of shape \(\)"),
        (
            pictures(12, 4, 6),
            [0.5, *LABELS[1:]],
            r"1 labels of arrays are no whole numbers, first in row 0: 0.5",
        ),
        (pictures(12, 4, 6), [*LABELS[1:], np.nan], "first in row 11: nan"),
        (pictures(12, 4, 6), np.ones((12, 3)), "not one-hot: row 0"),
        (pictures(12, 4, 6), np.full((12, 2), "a"), "not one-hot: row 0"),
        (pictures(12, 4, 6), [None] * 12, "labels of arrays are Python objects"),
        (pictures(12, 4, 6), np.zeros(12, "datetime64[D]"), "expected whole numbers or text"),
    ],
)
def test_bad_arrays_are_refused(x, y, message):
    with pytest.raises(DataError, match=message):
        from_arrays(x, y)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e39])
def test_numbers_that_are_none_are_counted(bad):
    x = np.zeros((12, 4, 6))
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
