"""What a person may name: every kind of model and of input, and what is said where there is none."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from convscope import train
from convscope.errors import ConvscopeError, DataError, NetworkError, RunError, ShapeError, UnknownName
from convscope.opening import open_model, samples, typed

FILE = """
from torch import nn
class Net(nn.Module):
    def __init__(self, in_channels, num_classes):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, 4, 3)
        self.fc = nn.Linear(99, num_classes)
    def forward(self, x):
        return self.fc(self.conv(x).flatten(1))
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


# ---- models


def test_a_network_is_built_for_its_input():
    opened = open_model("plain", ["3x32x32"], classes=7)
    assert opened.model(*opened.inputs).shape == (1, 7)
    assert not opened.model.training
    assert opened.model.conv1.in_channels == 3


def test_the_same_words_give_the_same_numbers_and_nobody_elses_change():
    torch.manual_seed(5)
    untouched = torch.rand(3)
    torch.manual_seed(5)
    first, second = (open_model("plain", ["1x28x28"]) for _ in range(2))
    assert torch.equal(torch.rand(3), untouched)
    assert torch.equal(first.model(*first.inputs), second.model(*second.inputs))


def test_a_file_is_opened_even_if_it_does_not_fit(tmp_path):
    (tmp_path / "net.py").write_text(FILE)
    opened = open_model("net.py:Net", ["2x8x8"], classes=5)
    assert (opened.model.conv.in_channels, opened.model.fc.out_features) == (2, 5)


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("nn.Conv1d(2, 5, 3, stride=2)", nn.Conv1d(2, 5, 3, stride=2)),
        ("torch.nn.Conv2d(1, 8, (3, 5), padding='same')", nn.Conv2d(1, 8, (3, 5), padding="same")),
        ("Linear(16*5*5, 120, bias=False)", nn.Linear(400, 120, bias=False)),
        (" nn.ConstantPad1d(2, -1.5) ", nn.ConstantPad1d(2, -1.5)),
        (
            "nn.Sequential(nn.Conv2d(1, 8, 3),\n  nn.Sequential(nn.ReLU(), nn.Flatten()))",
            nn.Sequential(nn.Conv2d(1, 8, 3), nn.Sequential(nn.ReLU(), nn.Flatten())),
        ),
        ("nn.ModuleDict({'a': nn.ReLU()})", nn.ModuleDict({"a": nn.ReLU()})),
        ("nn.ModuleList([nn.ReLU(), nn.Tanh()])", nn.ModuleList([nn.ReLU(), nn.Tanh()])),
    ],
)
def test_layers_are_read_as_python_has_them(text, made):
    assert typed.is_typed(text)
    assert repr(typed.layer(text)) == repr(made)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('touch hacked')",
        "nn.Conv2d(1, 8, __import__('os').system('touch hacked'))",
        "nn.Sequential(*[nn.ReLU()])",
        "nn.Linear(**{'in_features': 1})",
        "nn.Conv2d(1, 8, [x for x in (3,)])",
        "nn.modules.module.Module()",
        "nn.Module()",
        "nn.init.zeros_(1)",
        "nn.functional.relu(1)",
        "nn.Linear((lambda: 1)(), 2)",
        "nn.Linear(10**10, 2)",
        "nn.Linear('a' * 9, 2)",
        "nn.Linear(True + 1, 2)",
        "nn.Linear(4 // 0, 2)",
        "nn.ReLU().forward(1)",
        "nn.__builtins__['eval']('1')",
        "nn.Linear(f'{1}', 2)",
        "nn.Linear(1, 2",
        "nn.Linear(1, 2); nn.ReLU()",
        "nn.ReLU",
        "nn.",
    ],
)
def test_nothing_but_layers_is_understood_and_nothing_is_run(text, tmp_path):
    with pytest.raises(NetworkError, match=r"\^|no model"):
        open_model(text, ["1x28x28"])
    assert not list(tmp_path.iterdir())


def test_a_mistake_in_a_layer_is_shown_in_its_place():
    with pytest.raises(NetworkError) as raised:
        typed.layer("nn.Sequential(nn.ReLU(), nn.Conv3(1, 8))")
    assert str(raised.value) == (
        "'nn.Conv3' is no layer of torch.nn; did you mean 'Conv3d'?\n"
        "    nn.Sequential(nn.ReLU(), nn.Conv3(1, 8))\n"
        "                             ^\n"
        '  Write layers as in Python, such as "nn.Conv2d(1, 8, 3, padding=1)".'
    )
    with pytest.raises(NetworkError) as raised:
        typed.layer("nn.Linear(3)")
    assert str(raised.value) == (
        "nn.Linear is missing out_features.\n"
        "  Where: `nn.Linear(3)`\n"
        "  Why: It needs in_features, out_features, and was given 1 of them.\n"
        "  To do: It takes: Linear(in_features, out_features, bias=True)\n"
        "  The message was: TypeError: Linear.__init__() missing 1 required positional argument:"
        " 'out_features'\n"
        "  Rule: missing-argument · convscope rule missing-argument"
    )


def test_recurrent_layers_get_their_samples_where_they_want_them():
    assert open_model("nn.LSTM(8, 16)", ["20x8"]).inputs[0].shape == (20, 1, 8)
    assert open_model("nn.LSTM(8, 16, batch_first=True)", ["20x8"]).inputs[0].shape == (1, 20, 8)


def test_a_keras_file_knows_its_input(tmp_path):
    """In a process of its own: Keras takes its backend from the environment once, and warns of much."""
    script = """
import os
os.environ["KERAS_BACKEND"] = "torch"
import keras, torch
from convscope.errors import NetworkError
from convscope.opening import open_model
layers = keras.layers
model = keras.Sequential([keras.Input((12, 11, 1)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(10)])
model.save("net.keras")
opened = open_model("net.keras")
assert opened.inputs[0].shape == (1, 12, 11, 1), opened.inputs[0].shape
assert torch.allclose(opened.model(*opened.inputs), model(opened.inputs[0]))
keras.Sequential([keras.Input((4,)), layers.Lambda(lambda x: x + 1)]).save("code.keras")
for name in ("code.keras", "none.keras"):
    try:
        open_model(name)
    except NetworkError as error:
        print(error)
open("broken.keras", "w").write("nothing")
import shutil, tempfile, zipfile
shutil.copy("net.keras", "more.keras")
with zipfile.ZipFile("more.keras", "a") as archive:
    archive.writestr("x" * 300, "")
left = os.listdir(tempfile.gettempdir())
for name in ("broken.keras", "more.keras"):
    try:
        open_model(name)
    except NetworkError as error:
        print(error)
assert os.listdir(tempfile.gettempdir()) == left
"""
    own = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path, env=own
    )
    assert done.returncode == 0, done.stderr
    assert "more.keras is no file that Keras 3 has saved: it holds 'xxx" in done.stdout
    assert "Keras refuses code.keras: Requested the deserialization of a `Lambda` layer" in done.stdout
    assert "no Lambda layers, no classes of your own." in done.stdout
    assert "there is no file 'none.keras'." in done.stdout
    assert "broken.keras is no file that Keras 3 has saved." in done.stdout


def test_without_keras_it_is_said(tmp_path, monkeypatch):
    (tmp_path / "net.keras").write_text("")
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(NetworkError, match="needs Keras 3, which is not installed") as raised:
        open_model("net.keras")
    assert "pip install 'convscope[keras]'" in str(raised.value)


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        (
            "plian",
            NetworkError,
            "there is no model 'plian'; did you mean 'plain'?\n  A model is a network (fast,",
        ),
        ("latest", RunError, "'latest' is not a run"),
        ("runs/x", RunError, "'runs/x' is not a run"),
        ("net.py:Net", NetworkError, "say what 'net.py:Net' is run on: --input, for example 1x28x28."),
        ("plain", NetworkError, "say what 'plain' is run on: --input, for example 1x28x28."),
        ("nn.ReLU()", NetworkError, "say what 'nn.ReLU()' is run on"),
    ],
)
def test_what_is_missing_is_said(name, error, message):
    with pytest.raises(error) as raised:
        open_model(name)
    assert str(raised.value).startswith(message)


def test_a_network_needs_channels_and_space():
    with pytest.raises(ShapeError, match="network 'plain' takes channel × space, such as 1x28x28; got 28"):
        open_model("plain", ["28"])


# ---- inputs


def read(word, **options):
    return samples.read(word, **options)


def test_random_numbers_are_what_was_asked_for():
    given = read("1x28x28")
    assert given.tensor.shape == (1, 1, 28, 28)
    assert given.tensor.dtype == torch.float32
    assert torch.equal(given.tensor, read("1×28×28").tensor)
    assert not torch.equal(given.tensor, read("1x28x28", seed=1).tensor)
    assert read("5000").tensor.std() == pytest.approx(1, abs=0.05)
    words = read("4000:0..9").tensor
    assert (words.dtype, words.unique().tolist()) == (torch.int64, list(range(10)))
    assert read("300:-2..-1").tensor.unique().tolist() == [-2, -1]
    assert read("3x4:uint8").tensor.dtype == torch.uint8
    assert read("3:bool").tensor.dtype == torch.bool
    assert read("3:float64").tensor.dtype == torch.float64


def test_arguments_by_name():
    opened = open_model("nn.MultiheadAttention(8, 2, batch_first=True)", ["5x8", "key=5x8", "value=5x8"])
    assert [*opened.keywords] == ["key", "value"]
    assert opened.model(*opened.inputs, **opened.keywords)[0].shape == (1, 5, 8)


def test_a_picture_is_one_sample_between_0_and_1(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)
    Image.fromarray(pixels).save("photo.png")
    Image.fromarray(pixels[..., 0]).save("grey.png")
    expected = pixels.transpose(2, 0, 1)[None] / np.float32(255)
    assert np.array_equal(read("photo.png").tensor.numpy(), expected)
    assert np.array_equal(read("grey.png").tensor.numpy(), expected[:, :1])
    assert read("photo.png:1x4x5").tensor.shape == (1, 1, 4, 5)


def test_arrays_and_signals(tmp_path):
    values = np.random.default_rng(0).normal(size=(2, 5))
    np.save("x.npy", values)
    np.savez("x.npz", values)
    np.savetxt("x.csv", values, delimiter=",")
    np.savetxt("column.csv", values[0])
    np.savetxt("named.csv", values, delimiter=",", header="a,b,c,d,e", comments="")
    for name in ("x.npy", "x.npz", "x.csv", "named.csv"):
        assert np.array_equal(read(name).tensor.numpy(), values[None].astype(np.float32))
    assert np.array_equal(read("column.csv").tensor.numpy(), values[None, :1].astype(np.float32))
    np.save("words.npy", np.array([3, 1, 2]))
    assert read("words.npy").tensor.tolist() == [[3, 1, 2]]


def test_a_sound(tmp_path):
    import wave

    with wave.open("x.wav", "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(np.array([[16384, 0], [-16384, 8192]], "<i2").tobytes())
    assert read("x.wav").tensor.tolist() == [[[0.5, -0.5], [0.0, 0.25]]]


def test_a_sample_of_a_data_set():
    from sklearn.datasets import load_digits

    given = read("digits:17")
    pixels = load_digits().images[17]
    scale = given.tensor.max() / pixels.max()
    assert np.allclose(given.tensor[0, 0].numpy(), pixels * scale.item())
    assert "labelled '7'" in given.words
    assert read("digits:test:-1").words.startswith("digits, part test, sample 358 (")


@pytest.mark.parametrize(
    ("word", "error", "message"),
    [
        ("0x3", DataError, "'0x3' has an axis of size 0."),
        (
            "1,28,28",
            DataError,
            "'1,28,28' is no shape, no file, and no sample of a data set; did you mean 1x28x28?",
        ),
        (
            "28 28 1",
            DataError,
            "'28 28 1' is no shape, no file, and no sample of a data set; did you mean 28x28x1?",
        ),
        (
            "[1, 28]",
            DataError,
            "'[1, 28]' is no shape, no file, and no sample of a data set; did you mean 1x28?",
        ),
        ("3:int7", UnknownName, "no type of numbers is called 'int7'"),
        ("3:9..1", DataError, "there is no number in 9..1.\n  Write the lower end first: 1..9."),
        (
            "nothing.png",
            DataError,
            "'nothing.png' is no shape, no file, and no sample of a data set.\n  An input is",
        ),
        ("digits:1797", DataError, "digits has 1,797 samples; there is no number 1797.\n  Count from 0."),
        ("digitz:3", DataError, "there is no file or folder 'digitz', and no data set of that name"),
        (
            "some.txt:3x3",
            DataError,
            "only pictures are brought to a size; some.txt is none.\n  Leave :3x3 out.",
        ),
        ("grey.png:2x3x3", DataError, "a picture is 1 or 3 channels × height × width; got 2 × 3 × 3."),
        ("some.txt", DataError, "some.txt holds 'words', which is no number."),
        ("bad.npy", DataError, "bad.npy is damaged or no .npy file"),
        ("two.npz", DataError, "two.npz holds a, b; one array is wanted."),
        ("file.xyz", DataError, "file.xyz holds nothing that convscope reads as one sample."),
        ("rows.csv", DataError, "rows.csv holds no rows of one length."),
    ],
)
def test_what_cannot_be_an_input_is_said(word, error, message):
    Path("some.txt").write_text("1,2,3\n1,words,2\n")
    Path("bad.npy").write_text("no array")
    Path("file.xyz").write_text("")
    Path("rows.csv").write_text("1,2\n1,2,3\n")
    Image.fromarray(np.zeros((3, 3), np.uint8)).save("grey.png")
    np.savez("two.npz", a=np.zeros(1), b=np.zeros(1))
    with pytest.raises(error) as raised:
        read(word)
    assert str(raised.value).startswith(message)


# ---- runs


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return train("digits", network="plain", epochs=0.2, runs=tmp_path_factory.mktemp("world") / "runs")


def test_a_run_brings_its_preprocessing_weights_and_data(digits):
    opened = open_model(str(digits.path))
    assert opened.inputs[0].shape == (1, 1, 8, 8)
    assert opened.classes == tuple("0123456789")
    dataset = digits.dataset()
    row = dataset.parts["test"][5]
    of_test = open_model(str(digits.path), ["test:5"])
    assert torch.equal(of_test.inputs[0], dataset.inputs[row][None])
    with torch.no_grad():
        scores = of_test.model(*of_test.inputs)
    assert torch.allclose(scores, digits.model()(dataset.inputs[row][None]))
    assert open_model(str(digits.path), ["digits:3"]).inputs[0].dtype == dataset.inputs.dtype


def test_a_run_takes_files_as_in_its_training(digits):
    Image.fromarray(np.full((20, 20), 200, np.uint8)).save("grey.png")
    given = open_model(str(digits.path), ["grey.png"]).inputs[0]
    assert given.shape == (1, 1, 8, 8)
    with pytest.raises(ConvscopeError, match="there is no number 99999"):
        open_model(str(digits.path), ["test:99999"])
