"""convscope as its command line runs it; training ends when the weights are in the run folder on the disk."""

import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import torch
from measure import Record, phase

from convscope import recipe, run, training
from convscope.network.model import Model
from convscope.training import Augment
from convscope.training.events import Finished
from ways.task import Task

AS_A_TUTORIAL = {
    "optimizer": "adam",
    "schedule": "constant",
    "label_smoothing": 0.0,
    "augment": Augment(),
    "epochs": 1,
    "val": 0,
}


def train(task: Task, record: Record) -> partial:
    options = AS_A_TUTORIAL | {"network": task.network, "batch": task.batch, "lr": task.lr}
    model = follow(task.data, record, **options, seed=task.seed, threads=task.threads)
    return partial(predict, model)


def follow(source: str | Path, record: Record, **options: object) -> Model:
    """Run a training up to the moment when everything is saved; evaluation and report are left out."""
    with tempfile.TemporaryDirectory() as runs:
        stream = recipe.stream(recipe.plan(source, runs=runs, **options))
        with phase(record, "loading"):
            _, created, _ = next(stream), next(stream), next(stream)  # Loaded, Created, Start
        with phase(record, "training"):
            while not isinstance(next(stream), Finished):
                pass
        return run.load(created.path).model()


def predict(model: Model, pictures: np.ndarray) -> np.ndarray:
    return training.logits(model, torch.from_numpy(pictures)[:, None]).argmax(1).numpy()
