"""Keras 3 on torch, arrays in memory, `compile` and `fit`."""

import os
from functools import partial

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import torch
from keras import layers
from measure import Record, phase

from ways.task import Task, normalised, tensors


def train(task: Task, record: Record) -> partial:
    with phase(record, "loading"):
        inputs, labels = (tensor.numpy() for tensor in tensors(task.data))
        inputs = inputs.transpose(0, 2, 3, 1)  # (n, 28, 28, 1), Keras' own order
    with phase(record, "training"):
        keras.utils.set_random_seed(task.seed)
        model = keras.Sequential(
            [keras.Input((28, 28, 1)), *_body(task.network), layers.Flatten(), layers.Dense(10)]
        )
        model.compile(
            optimizer=keras.optimizers.Adam(task.lr),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        model.fit(inputs, labels, batch_size=task.batch, epochs=1, verbose=0)
    return partial(_predict, model)


def _body(network: str) -> list[layers.Layer]:
    if network == "plain":
        return [
            layers.Conv2D(16, 5, padding="same", activation="relu"), layers.MaxPooling2D(2),
            layers.Conv2D(32, 5, padding="same", activation="relu"), layers.MaxPooling2D(2),
        ]  # fmt: skip
    return [
        layer
        for channels in (16, 32, 64)
        for layer in (
            layers.ZeroPadding2D(1),
            layers.Conv2D(channels, 3, strides=2),
            layers.BatchNormalization(momentum=0.9, epsilon=1e-5),
            layers.ReLU(),
        )
    ]


def _predict(model: keras.Model, pictures: np.ndarray) -> np.ndarray:
    inputs = normalised(torch.from_numpy(pictures)).permute(0, 2, 3, 1).numpy()
    return model.predict(inputs, batch_size=500, verbose=0).argmax(1)
