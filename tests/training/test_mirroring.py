"""Whether mirroring keeps the classes of pictures, on made ones whose answer is known."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from convscope.data import DataSettings, load
from convscope.training import TrainingSettings, choose
from convscope.training.mirroring import mirrors, neighbours


def signs(count, kinds, size=16, seed=0):
    """Noisy pictures: "left" and "right" are triangles, "bar 3" is a bar at row 3 and even in itself."""
    random, labels = np.random.default_rng(seed), np.arange(count) % len(kinds)
    right = np.abs(np.arange(size)[:, None] - size / 2) < np.arange(size)[::-1] / 2
    shapes = []
    for kind in kinds:
        bar = np.zeros((size, size), bool)
        bar[int(kind.split()[1]) if " " in kind else 0, 2:-2] = True
        shapes.append({"left": right[:, ::-1], "right": right}.get(kind, bar))
    pictures = 150 * np.stack(shapes)[labels] + random.integers(0, 100, (count, size, size))
    return pictures.astype(np.uint8), np.array(kinds)[labels]


BARS = [f"bar {row}" for row in range(1, 15)]


@pytest.mark.parametrize(
    ("kinds", "keeps", "why"),
    [
        (BARS, True, "of their own class"),
        (["left", "right"], False, "look like another class"),
        ([*BARS, "left", "right"], False, "look like another class"),  # two of sixteen are enough
        (["left", *BARS[:2]], True, "of their own class"),  # a left one that has no right one
    ],
)
def test_mirroring_is_for_pictures_that_no_other_class_looks_like(kinds, keeps, why):
    found, reason = mirrors(load(signs(6_000, kinds), DataSettings()))
    assert found is keeps
    assert why in reason


def test_pictures_that_are_never_seen_mirrored_are_not_mirrored():
    """All point to the left: mirrored they would be none of the data, and nothing is learnt of them."""
    pictures, labels = signs(4_000, ["left", "left"])
    dim = np.where(np.arange(len(labels)) % 2, 1.0, 0.5)
    data = load(((pictures * dim[:, None, None]).astype(np.uint8), np.where(dim < 1, "dim", "bright")))
    assert mirrors(data) == (False, "no mirroring: only 0% of the pictures are most like a mirrored one")


def test_neighbours_are_those_of_scikit_learn():
    data = load("mnist-sample", DataSettings())
    asked, among = data.parts["train"][:300], data.parts["train"][300:1500]
    values = data.inputs.numpy().reshape(-1, 14, 2, 14, 2).mean((2, 4)).astype(np.float64)  # 2 × 2 pixels
    tree = NearestNeighbors(n_neighbors=1).fit(values[among].reshape(len(among), -1))
    plain, place = (each[:, 0] for each in tree.kneighbors(values[asked].reshape(len(asked), -1)))
    mirrored = values[asked][:, :, ::-1].reshape(len(asked), -1)
    other, turned = (each[:, 0] for each in tree.kneighbors(mirrored))
    labels = data.labels[among].numpy()
    for ours, theirs in zip(
        neighbours(data, asked, among), (labels[place], labels[turned], other < plain), strict=True
    ):
        np.testing.assert_array_equal(ours.numpy(), theirs)


@pytest.mark.parametrize("size", [(5, 6), (5, 40), (47, 31)])
def test_pictures_of_every_size_are_judged(size):
    pictures = np.random.default_rng(0).integers(0, 256, (3_000, 3, *size)).astype(np.uint8)
    assert isinstance(mirrors(load((pictures, np.arange(3_000) % 3)))[0], bool)


def test_few_pictures_values_and_what_is_no_picture_are_not_measured():
    bars = load(signs(6_000, BARS), DataSettings())
    few = replace(bars, parts=bars.parts | {"train": bars.parts["train"][:1_999]})
    values = replace(bars, labels=bars.labels.float(), classes=("height",))
    for data in (few, values, replace(bars, kind="volume")):
        assert mirrors(data) == (False, "no mirroring, since signs and digits have a side")


def test_what_was_measured_is_chosen_and_said(model_for):
    data = load(signs(6_000, BARS, size=28), DataSettings())
    settings, reasons = choose(model_for(data), data, TrainingSettings())
    assert settings.augment.flip
    assert any("mirrored too" in reason for reason in reasons)


def test_what_is_said_is_not_measured(model_for, monkeypatch):
    monkeypatch.setattr(sys.modules[choose.__module__], "mirrors", lambda _: pytest.fail("measured"))
    data = load(signs(2_600, BARS, size=28), DataSettings())
    settings, _ = choose(model_for(data), data, TrainingSettings(augment="shift=0.1"))
    assert not settings.augment.flip
