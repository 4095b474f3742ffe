"""Keras models, trained and used as any network; what comes out is held against Keras itself."""

import os
import re
import shutil
import subprocess
import sys
import warnings
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import convscope
from convscope import recipe
from convscope.errors import NetworkError, RunError, ShapeError
from convscope.network import build, keras_file
from convscope.network.keras_network import LOGARITHM, SOFTMAX
from convscope.training.events import Checkpoint, Notice, TrainingStep
from convscope.training.scores import loss_of

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("undrawn")]
FILE = """
import keras
from keras import layers as L

def tutorial():
    return keras.Sequential([keras.Input((28, 28, 1)), L.Conv2D(32, 4, activation="relu"), L.MaxPooling2D(3),
        L.Conv2D(64, 4, activation="relu"), L.MaxPooling2D(3), L.Flatten(), L.Dense(64, activation="relu"),
        L.Dense(10, activation="softmax")])

def restless(classes):  # no size yet; a softmax of its own; everything that changes by itself
    return keras.Sequential([L.Conv2D(4, 3, strides=2, use_bias=False), L.BatchNormalization(), L.ReLU(),
        L.Dropout(0.2), L.Dropout(0.2, seed=4), L.Flatten(), L.Dense(classes), L.Softmax()])

class Own(keras.Model):
    def __init__(self):
        super().__init__()
        self.eyes, self.end = L.Conv2D(4, 3, strides=2), L.Dense(10, activation="softmax")
    def call(self, x):
        return self.end(keras.ops.mean(keras.ops.relu(self.eyes(x)), (1, 2)))

def functional(size):
    given = keras.Input(size)
    x = L.Conv2D(4, 3, padding="same", name="left")(given)
    x = L.Add()([x, L.Conv2D(4, 1)(given)])
    return keras.Model(given, L.Dense(10, activation="softmax")(L.GlobalAveragePooling2D()(x)))

def branches():
    return functional((8, 8, 1))

class Late(L.Layer):  # its layers are made when it first sees a sample
    def build(self, shape):
        self.one, self.two = L.Conv2D(4, 3), L.Dense(5)
    def call(self, x):
        return self.two(self.one(x))

def late(classes):
    return keras.Sequential([Late(), L.GlobalAveragePooling2D(), L.Dense(classes)])

def plane():  # no axis for the channel
    return keras.Sequential([keras.Input((8, 8)), L.Flatten(), L.Dense(10)])

def flat():
    return keras.Sequential([keras.Input((64,)), L.Dense(10, activation="softmax")])

def code():
    return keras.Sequential([keras.Input((8, 8, 1)), L.Rescaling(1 / 255), L.Lambda(lambda x: x + 0),
        L.Flatten(), L.Dense(10, kernel_regularizer="l2")])

def large():
    return keras.Sequential([keras.Input((32, 32, 3)), L.Flatten(), L.Dense(10)])

def single():
    return keras.Sequential([keras.Input((8, 8, 1)), L.Flatten(), L.Dense(1, activation="sigmoid")])

def deep():
    return keras.Sequential([L.Conv2D(4, 5), L.Conv2D(4, 5), L.Flatten(), L.Dense(10)])

def two():
    one, other = keras.Input((8, 8, 1)), keras.Input((3,))
    return keras.Model([one, other], L.Dense(10)(L.Concatenate()([L.Flatten()(one), other])))

def pair():
    given = keras.Input((8, 8, 1))
    return keras.Model(given, [L.Dense(10)(L.Flatten()(given)), L.Flatten()(given)])
"""
USUAL = {"threads": 1, "precision": "fp32", "device": "cpu", "batch": 64, "schedule": "constant"}


@pytest.fixture(scope="module")
def keras(tmp_path_factory):
    """Keras on torch; it writes its settings into a folder of its own."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setenv("KERAS_BACKEND", "torch")
        patch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))
        yield keras_file.imported()


@pytest.fixture(autouse=True)
def _elsewhere(keras, tmp_path, monkeypatch):
    """Stand in a folder with the networks alone, with an empty cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONVSCOPE_CACHE", str(tmp_path / "cache"))
    Path("nets.py").write_text(FILE)


@pytest.fixture(scope="module")
def nets(keras):
    """What is in the file, made by Keras alone."""
    names: dict = {}
    exec(FILE, names)
    return names


@pytest.fixture(scope="module")
def restless(keras, tmp_path_factory):
    """A run of two epochs."""
    folder = tmp_path_factory.mktemp("restless")
    (folder / "nets.py").write_text(FILE)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("CONVSCOPE_CACHE", str(folder / "cache"))
        return convscope.train("digits", network="nets.py:restless", epochs=2, **USUAL)


def made(name, space=(8, 8), seed=0):
    torch.manual_seed(seed)
    return build(f"nets.py:{name}", 1, 10, space)


def copied(network, model, x):
    """A model of Keras' own making with the same weights, all in the same order."""
    model(x)
    model.set_weights([each.numpy() for each in network.model.weights])
    return model


@pytest.mark.parametrize(
    ("name", "space", "said"),
    [
        ("tutorial", (28, 28), (SOFTMAX,)),
        ("restless", (9, 9), (SOFTMAX,)),
        ("Own", (9, 9), (LOGARITHM,)),
        ("branches", (8, 8), (SOFTMAX,)),
        ("flat", (8, 8), (SOFTMAX,)),
        ("plane", (8, 8), ()),
    ],
)
def test_probabilities_are_those_of_keras(nets, name, space, said):
    network = made(name, space).eval()
    x = torch.randn(5, 1, *space)
    inputs = {"flat": x.flatten(1), "plane": x[:, 0]}.get(name, x.permute(0, 2, 3, 1))
    model = copied(network, nets[name](*([10] if name == "restless" else [])), inputs)
    expected = torch.as_tensor(model.predict(inputs.numpy(), verbose=0))
    scores = network(x).detach()
    assert torch.allclose(scores.softmax(1) if said else scores, expected, atol=1e-6)
    assert network.said == said
    if name != "Own":  # an affine last layer gives scores of any size and sign
        assert (scores < 0).any() and not torch.allclose(scores.exp().sum(1), torch.ones(5), atol=1e-3)


@pytest.mark.parametrize("name", ["tutorial", "restless", "Own"])
def test_a_step_is_the_step_of_keras(keras, nets, name):
    """Loss, gradients, and what batch normalisation remembers."""
    network, x, y = made(name, (28, 28)), torch.randn(8, 1, 28, 28), torch.arange(8)
    inputs = x.permute(0, 2, 3, 1).numpy()
    model = copied(network, nets[name](*([10] if name == "restless" else [])), inputs)
    for each in (*model.layers, *network.modules()):
        if type(each).__name__ == "Dropout":
            each.rate = 0.0
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy", run_eagerly=True)
    loss = loss_of(network.train()(x), y, convscope.training.TrainingSettings())
    loss.backward()
    with torch.no_grad():
        for each in network.parameters():
            each.sub_(0.1 * each.grad)
    assert loss.item() == pytest.approx(float(model.train_on_batch(inputs, y.numpy())), abs=1e-5)
    for ours, theirs in zip(network.model.weights, model.weights, strict=True):
        assert np.allclose(ours.numpy(), theirs.numpy(), atol=1e-5), ours.path


def test_the_tutorials_network_has_38186_parameters():
    network = made("tutorial", (28, 28))
    assert sum(each.numel() for each in network.parameters()) == 38_186
    assert list(network.state_dict())[:2] == ["conv2d.kernel", "conv2d.bias"]
    assert {"max_pooling2d_1", "flatten", "dense_1"} <= {name for name, _ in network.named_modules()}


def test_the_tutorials_program_by_both_roads(keras, monkeypatch):
    """The page as it stands, on few pictures: accuracies as near as 1,000 test pictures can tell."""
    page = (Path(__file__).parents[1] / "docs" / "keras.md").read_text()
    nets, ours, theirs = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    Path("nets.py").write_text(nets)
    monkeypatch.syspath_prepend(str(Path.cwd()))
    names: dict = {}
    for text in (ours, theirs):
        exec(text.replace('"mnist"', '"mnist-sample"').replace("epochs=5", "epochs=1"), names)
    found, run = names["model"], names["run"]
    assert found.count_params() == run.facts["parameters"] == 38_186
    test = names["dataset"].parts["test"]
    _, accuracy = found.evaluate(names["x"][test], names["y"][test], verbose=0)
    assert accuracy == pytest.approx(run.evaluate().accuracy, abs=0.06)
    softmax = names["softmax"]
    assert softmax.shape == (3600, 10)
    assert torch.allclose(softmax.sum(1), torch.ones(3600))
    part = run.predict(names["dataset"].inputs[names["dataset"].parts["train"]])
    assert torch.allclose(softmax.double(), torch.as_tensor(part.probabilities), atol=1e-5)


def test_the_same_seed_gives_the_same_weights_by_the_same_names():
    first, again, other = (made("restless", seed=seed).state_dict() for seed in (3, 3, 4))
    assert list(first) == list(again) == [
        *("conv2d.kernel", "batch_normalization.gamma", "batch_normalization.beta"),
        *("batch_normalization.moving_mean", "batch_normalization.moving_variance"),
        *("dropout.seed_generator_state", "dropout_1.seed_generator_state", "dense.kernel", "dense.bias"),
    ]  # fmt: skip
    assert first["dropout_1.seed_generator_state"].tolist() == [4, 0]  # trying it drew from nothing
    assert (first["batch_normalization.moving_mean"] == 0).all()
    assert "left.kernel" in made("branches").state_dict()
    assert not torch.equal(first["dense.kernel"], other["dense.kernel"])


@pytest.mark.parametrize("name", ["restless", "late", "tutorial"])
def test_layers_have_the_same_names_whenever_they_are_made(name):
    space = (28, 28)
    first = [each for each, _ in made(name, space).named_modules()]
    assert [each for each, _ in made(name, space).named_modules()] == first
    assert list(made(name, space).state_dict()) == list(made(name, space).state_dict())
    assert not any(each.endswith("_torch_params") for each in first)


def test_going_on_gives_the_same_bits(restless):
    """Both kinds of dropout, and batch normalisation, which all remember something."""
    given = {**USUAL, "network": "nets.py:restless", "epochs": 2}
    events = recipe.stream(recipe.plan("digits", runs="cut", **given))
    steps = 0
    for event in events:
        steps += isinstance(event, TrainingStep)
        if isinstance(event, Checkpoint) and steps:
            break  # as a kill after the first epoch
    events.close()
    gone_on = convscope.resume(next(Path("cut").glob("*_1")))
    for name in ("last.safetensors", "best.safetensors"):
        assert (gone_on.path / name).read_bytes() == (restless.path / name).read_bytes()
    assert gone_on.evaluate() == restless.evaluate()


def test_a_saved_model_is_trained_and_taken_away(keras, nets, tmp_path):
    model = nets["functional"]((8, 8, 1))
    model.save("net.keras")
    before = Path("net.keras").read_bytes()
    run = convscope.train("digits", network="net.keras", epochs=0.5, **USUAL)
    Path("net.keras").unlink()
    assert (run.path / "network.keras").read_bytes() == before
    assert run.settings.network.name == "net.keras"
    assert {SOFTMAX, "it begins with the weights in net.keras"} <= set(run.settings.facts.remarks)
    loaded = convscope.load(shutil.copytree(run.path, tmp_path / "elsewhere" / "copy"))
    assert loaded.evaluate() == run.evaluate()
    assert convscope.features(loaded, "digits").values.shape[1] == 4  # into the last dense layer
    assert not [path for path in run.path.rglob("*") if path.suffix in (".pt", ".pkl", ".h5")]
    seen = convscope.trace(run.model(), run.dataset().inputs[:1].float(), score=3)
    dense = f"network.{model.layers[-1].name}"
    assert {"network.left", dense} <= {call.path for call in seen.calls}
    assert f"{dense}.kernel" in {value.name for value in seen.values}
    content = bytearray((loaded.path / "network.keras").read_bytes())
    content[len(content) // 2] ^= 1
    (loaded.path / "network.keras").write_bytes(content)
    with pytest.raises(RunError, match="was changed after convscope wrote it"):
        convscope.load(loaded.path)


def test_a_model_or_what_makes_it_is_handed_over(keras, nets):
    model = nets["functional"]((8, 8, 1))
    weights = [each.copy() for each in model.get_weights()]
    run = convscope.train("digits", network=model, epochs=0.1, **USUAL)
    assert all((a == b).all() for a, b in zip(weights, model.get_weights(), strict=True))
    assert run.settings.network.name == f"{model.name}.keras"
    again = convscope.load(run.path)  # the run makes it by itself
    assert again.evaluate() == run.evaluate()
    start = again.untrained().network.model.get_weights()
    assert all((a == b).all() for a, b in zip(weights, start, strict=True))
    with pytest.raises(NetworkError, match="width come too late"):
        convscope.train("digits", network=model, width=2, **USUAL)

    def small(channels, classes, space):
        import keras

        layers = keras.layers
        return keras.Sequential([keras.Input((*space, channels)), layers.Flatten(), layers.Dense(classes)])

    run = convscope.train("digits", network=small, epochs=0.1, **USUAL)
    assert convscope.load(run.path).evaluate() == run.evaluate()


def test_code_in_a_saved_model_is_refused_and_that_of_your_own_file_is_not(nets):
    nets["code"]().save("code.keras")
    with pytest.raises(NetworkError, match="Lambda") as raised:
        convscope.train("digits", network="code.keras", **USUAL)
    assert "name what makes it: --network file.py:function" in str(raised.value)
    with pytest.raises(NetworkError, match="Lambda"):
        convscope.train("digits", network=nets["code"](), **USUAL)
    assert not Path("runs").exists()
    events = recipe.stream(recipe.plan("digits", network="nets.py:code", epochs=0.1, **USUAL))
    notices = [event.text for event in events if isinstance(event, Notice)]
    assert any("layer rescaling (Rescaling): samples come standardised already" in each for each in notices)
    assert any("losses of its layers (regularizers) are not added" in each for each in notices)


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("large", ShapeError, "takes samples of 32 × 32 × 3; these are 8 × 8 × 1"),
        ("large", ShapeError, r"--size 32 --channels 3, or make it keras.Input\(\(8, 8, 1\)\)"),
        ("single", ShapeError, "gives 1 a sample, expected 10: a score for each of the 10 classes"),
        ("single", ShapeError, r"Let its last layer be keras.layers.Dense\(10\)"),
        ("deep", ShapeError, "fails on samples of 1 × 8 × 8"),
        ("two", ShapeError, "takes 2 inputs; a sample is one"),
        ("pair", NetworkError, "Let it give one tensor of scores"),
    ],
)
def test_what_does_not_fit_is_told(name, kind, words):
    with pytest.raises(kind, match=words):
        made(name) if name != "deep" else build("nets.py:deep", 1, 10, (8, 8))


def test_a_saved_model_has_no_width(nets):
    nets["flat"]().save("net.keras")
    with pytest.raises(NetworkError, match=r"net\.keras is made already: width come too late"):
        build("net.keras", 1, 10, (8, 8), width=2)


def test_another_backend_is_told(nets):
    nets["flat"]().save("net.keras")
    script = """
from convscope.errors import NetworkError
from convscope.network import build
for name in ("nets.py:flat", "net.keras"):
    try:
        build(name, 1, 10, (8, 8))
    except NetworkError as error:
        print(error)
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=False,
        env={**os.environ, "KERAS_BACKEND": "jax"},
    )  # fmt: skip
    assert done.stdout.count("Keras runs on jax here; convscope needs it on torch.") == 2, done.stderr
    assert done.stdout.count("KERAS_BACKEND=torch") == 2


@pytest.mark.parametrize("form", ["model.onnx", "model.safetensors"])
def test_it_is_exported(restless, form):
    convscope.export(restless, form)  # refused where it answers otherwise by more than 10⁻⁵
    assert Path(form).exists()


@pytest.mark.parametrize("name", ["restless", "Own", "net.keras"])
def test_a_copy_says_the_same_and_is_another(nets, name):
    nets["functional"]((9, 9, 1)).save("net.keras")
    network = build(name, 1, 10, (9, 9)) if name == "net.keras" else made(name, (9, 9))
    x = torch.randn(4, 1, 9, 9)
    network.train()(x)  # batch normalisation remembers something
    twin = deepcopy(network).eval()
    before = network.eval()(x).detach()
    assert torch.equal(twin(x), before)
    assert twin.said == network.said
    assert list(twin.state_dict()) == list(network.state_dict())
    with torch.no_grad():
        for each in twin.parameters():
            each.zero_()
    assert torch.equal(network(x), before)


def test_an_estimator_takes_a_saved_model(nets):
    nets["flat"]().save("net.keras")
    x, y = np.random.default_rng(0).normal(size=(60, 8, 8)).astype("float32"), np.arange(60) % 10
    found = convscope.ConvClassifier(network="net.keras", epochs=1, random_state=0).fit(x, y)
    said = found.predict_proba(x)
    found.save("kept")
    Path("net.keras").unlink()
    assert np.allclose(convscope.ConvClassifier.load("kept").predict_proba(x), said)


def test_torch_holds_what_keras_computes_with():
    """Another type or device gives new tensors."""
    network = made("restless").double().float()
    for variable in network.model.variables:
        assert any(variable.value is each for each in (*network.parameters(), *network.buffers()))
    assert isinstance(network, nn.Module)
