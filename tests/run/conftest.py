"""A small world of runs: pictures of three kinds, and a training whose weights are a function of the step."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from convscope import data, network
from convscope.data.dataset import Dataset, DataSettings
from convscope.network.model import Model
from convscope.network.preprocess import Standardise
from convscope.run import NetworkPart, Run, RunSettings, Writer, create, load
from convscope.settings import TrainingSettings
from convscope.training.events import Checkpoint, Epoch, Event, Finished, Notice, Start, TrainingStep

CLASSES = ("cat", "dog", "owl")
STEPS_PER_EPOCH = 3


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in an empty folder, with an empty cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONVSCOPE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def draw() -> Callable[[Path, tuple[str, ...], int], Path]:
    """Write `count` noisy pictures for each class, a brightness a class: class/number.png, 12 × 10 px."""

    def write(root: Path, classes: tuple[str, ...], count: int) -> Path:
        random = np.random.default_rng(len(classes))
        for place, name in enumerate(classes):
            (root / name).mkdir(parents=True)
            for number in range(count):
                pixels = random.integers(60 * place, 60 * place + 90, (12, 10), dtype=np.uint8)
                Image.fromarray(pixels).save(root / name / f"{number}.png")
        return root

    return write


@pytest.fixture
def photos(tmp_path: Path, draw: Callable) -> Path:
    return draw(tmp_path / "photos", CLASSES, 10)


@pytest.fixture
def dataset(photos: Path) -> Dataset:
    return data.load(photos, DataSettings(size=(12, 10), channels=1))


@pytest.fixture
def settings(dataset: Dataset) -> RunSettings:
    return RunSettings.of(dataset, NetworkPart(name="plain"), TrainingSettings(epochs=2, batch=8, lr=0.1))


class Training(NamedTuple):
    """A stand-in for training: the state after a step is a function of the step, so any mix-up shows."""

    model: Model

    def state(self, step: int) -> dict[str, Tensor]:
        weights = {f"model.{name}": value + step / 64 for name, value in self.model.state_dict().items()}
        return {
            **weights,
            "optimizer.momentum": torch.full((5,), float(step)),
            "progress.step": torch.tensor(step),
            "progress.epochs": torch.tensor(step // STEPS_PER_EPOCH),
            "progress.highest_epoch": torch.tensor(3 if step >= 9 else 1),
        }

    def events(self, steps: int, after: int = 0) -> Iterator[Event]:
        """An epoch every three steps, the first and the third the best so far; odd steps are remarked on."""
        yield Start(steps, STEPS_PER_EPOCH, after, 1000, "cpu", "fp32", 1)
        for step in range(after + 1, steps + 1):
            epoch = (step - 1) // STEPS_PER_EPOCH + 1
            yield TrainingStep(step, epoch, loss=1 / step, lr=0.1 / 3, samples_per_second=1000.0)
            if step % 2:
                yield Notice(f'step {step} is odd, "quoted",\nand has two lines')
            if step % STEPS_PER_EPOCH == 0:
                yield self.epoch(step, epoch)
            if step % STEPS_PER_EPOCH == 0 or step == steps:
                yield Checkpoint(step, lambda step=step: self.state(step))
        yield Finished("done", steps, steps / STEPS_PER_EPOCH, best_epoch=1, seconds=1.0)

    def epoch(self, step: int, number: int) -> Epoch:
        accuracy = {1: 0.5, 3: 0.75}.get(number, 0.25)
        shares = {"train_accuracy": 0.5, "val_accuracy": accuracy, "val_balanced_accuracy": accuracy}
        losses = {"train_loss": 1 / 3, "val_loss": 2 / 3}
        timings = {"seconds": 1.0, "val_seconds": 0.5, "samples_per_second": 1000.0}
        return Epoch(number=number, step=step, lr=0.1, best=number in (1, 3), **shares, **losses, **timings)


@pytest.fixture
def training() -> Training:
    torch.manual_seed(3)
    net = network.build("plain", channels=1, classes=3, space=(12, 10))
    return Training(Model(Standardise(torch.tensor([100.0]), torch.tensor([60.0])), net).eval())


@pytest.fixture
def writer(settings: RunSettings, dataset: Dataset) -> Iterator[Writer]:
    begun = create("runs", settings, dataset)
    yield begun
    begun.close()


@pytest.fixture
def interrupted(writer: Writer, training: Training) -> Run:
    """Killed in the third epoch, just before its checkpoint; the one before is of step 6."""
    for event in training.events(9):
        if isinstance(event, Checkpoint) and event.step == 9:
            break
        writer.write(event)
    writer.close()
    return load(writer.path)


@pytest.fixture
def finished(writer: Writer, training: Training) -> Run:
    for event in training.events(6):
        writer.write(event)
    return load(writer.path)
