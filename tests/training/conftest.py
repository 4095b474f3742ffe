"""Small data that can be learnt: a bright stripe whose place is the class, in 1-D, 2-D or 3-D."""

import numpy as np
import pytest
import torch

from convscope import network
from convscope.data.dataset import Dataset, DataSettings
from convscope.network.model import Model
from convscope.network.preprocess import fit_standardise
from convscope.training import Augment, TrainingSettings


@pytest.fixture
def stripes():
    """Make data: stripes((40, 10, 8)) has 40 samples to train on, 10 to choose and 8 to judge by."""

    def make(sizes=(40, 10, 8), classes=3, space=(12, 10), channels=1, seed=0, dtype=np.uint8):
        random, count = np.random.default_rng(seed), sum(sizes)
        labels = np.arange(count) % classes
        values = random.uniform(0, 120, (count, channels, *space))
        values[np.arange(count), :, 3 * labels] += 100
        order = random.permutation(count)
        parts = np.split(order, np.cumsum(sizes)[:-1])
        return Dataset(
            inputs=torch.from_numpy(values.astype(dtype)),
            labels=torch.from_numpy(labels.astype(np.int64)),
            classes=tuple(f"stripe {place}" for place in range(classes)),
            parts={
                name: torch.from_numpy(np.sort(rows))
                for name, rows in zip(("train", "val", "test"), parts, strict=True)
            },
            kind={1: "signal", 2: "image", 3: "volume"}[len(space)],
            source="stripes",
            names=[f"row {row}" for row in range(count)],
            settings=DataSettings(),
        )

    return make


@pytest.fixture
def model_for():
    """Build a network for data, with weights that the seed says."""

    def make(dataset, name="plain", seed=0):
        torch.manual_seed(seed)
        body = (
            network.build(name, dataset.channels, len(dataset.classes), dataset.space)
            if isinstance(name, str)
            else name()
        )
        return Model(fit_standardise(dataset.inputs, dataset.parts["train"]), body)

    return make


@pytest.fixture
def said():
    """Settings with nothing left open, which say what the test says and else the plainest there is."""

    def make(**given):
        plain = {
            "epochs": 2,
            "batch": 8,
            "optimizer": "adam",
            "lr": 0.003,
            "schedule": "constant",
            "label_smoothing": 0.0,
            "weight_decay": 0.0,
            "augment": Augment(),
            "precision": "fp32",
            "device": "cpu",
            "threads": 1,
        }
        return TrainingSettings(**(plain | given))

    return make
