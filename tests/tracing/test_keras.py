"""Keras 3 on torch, in a process of its own: the backend is chosen when Keras is imported."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import keras, torch
from keras import layers as L
from convscope.tracing import replay_all, trace

class Own(keras.Model):
    def __init__(self, **named):
        super().__init__(**named)
        self.wide, self.narrow = L.Dense(4, activation="relu", name="wide"), L.Dense(2, name="narrow")
        self.drop = L.Dropout(0.5, name="drop")
    def call(self, x, training=False):
        return self.narrow(self.drop(self.wide(x), training=training))

def branches():
    given = L.Input((8, 8, 1))
    left = L.Conv2D(2, 3, padding="same", name="left")(given)
    right = L.Conv2D(2, 1, name="right")(given)
    joined = L.Concatenate(name="both")([L.Add(name="sum")([left, right]), left])
    return keras.Model(given, L.Dense(3, name="head")(L.GlobalAveragePooling2D(name="pool")(joined)))

def check(model, x, paths, names, parents=None):
    expected = model(x)
    before = [weight.numpy().copy() for weight in model.weights]
    seen = trace(model, x, score=1)
    assert seen.failure is None, seen.failure
    assert torch.allclose(seen.restore(seen.output), expected)
    assert [call.path for call in seen.calls] == ["", *paths], [call.path for call in seen.calls]
    assert set(names) <= {value.name for value in seen.values}, [value.name for value in seen.values]
    assert not seen.unseen
    assert all(each.exact for each in replay_all(seen).values())
    assert all((weight.numpy() == old).all() for weight, old in zip(model.weights, before))
    for name, expected in (parents or {}).items():
        found = {seen.call(parent).path for node in seen.paths[name] for parent in seen.parents(node)}
        assert found - {name} == expected, (name, found)
    weights = [value for value in seen.values if value.role == "parameter"]
    model.zero_grad()
    model(x)[:, 1].sum().backward()
    slopes = {weight.path: weight.value.grad for weight in model.trainable_weights}
    assert len(weights) == len(slopes)
    assert all(torch.allclose(value.gradient, slopes[value.name], atol=1e-6) for value in weights)
    return seen

torch.manual_seed(0)
keras.utils.set_random_seed(0)
image = torch.randn(2, 8, 8, 1)
net = keras.Sequential(name="net", layers=[L.Input((8, 8, 1)), L.Conv2D(3, 3, activation="relu"),
    L.BatchNormalization(), L.MaxPooling2D(), L.Flatten(), L.Dense(2)])
names = ["net/conv2d/kernel", "net/batch_normalization/moving_mean"]
check(net, image, [layer.path or layer.name for layer in net.layers], names)
paths = ["left", "right", "sum", "both", "pool", "head"]
edges = {"sum": {"left", "right"}, "both": {"left", "sum"}, "head": {"pool"}}
model = branches()
check(model, image, paths, ["left/kernel", "head/bias"], edges)
model.save(PATH)
check(keras.saving.load_model(PATH), image, paths, ["left/bias"], edges)
own, x = Own(name="own"), torch.randn(2, 3)
own(x)
seen = check(own, x, ["own/wide", "drop", "own/narrow"], ["own/wide/kernel"])
assert all(node.source.function == "call" for node in seen.nodes)
recurrent = keras.Sequential([L.Input((5, 3)), L.LSTM(4, name="lstm"), L.Dense(2, name="end")], name="series")
check(recurrent, torch.randn(1, 5, 3), ["series/lstm", "series/end"], ["series/lstm/lstm_cell/kernel"])
print("all is well")
"""


def test_layers_are_calls_with_their_path(tmp_path):
    script = tmp_path / "layers.py"
    script.write_text(f"PATH = {str(tmp_path / 'model.keras')!r}\n{SCRIPT}")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", script],
        env={**os.environ, "KERAS_BACKEND": "torch", "KERAS_HOME": str(tmp_path)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.strip() == "all is well", done.stderr[-3000:]
