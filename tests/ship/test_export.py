"""Exported networks answer as the run does, in the programs that people will run them with."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image
from torch import nn

import convscope
from convscope.errors import ConvscopeError, ShipError
from convscope.network import NETWORKS, build_model
from convscope.ship import EXPORTS, reading_graph
from convscope.ship.whole import Whole, capture

pytestmark = pytest.mark.usefixtures("undrawn")
QUICK = {"epochs": 0.2, "batch": 16, "threads": 1, "precision": "fp32", "device": "cpu"}
SHAPES = {"image": (1, 16, 16), "signal": (2, 40), "volume": (1, 8, 8, 8), "sequence": (3, 12)}
CLOSE = 1e-5

COUNTS = """
class Counts(torch.nn.Module):  # its forward looks at how many samples there are
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(256, 2)
    def forward(self, x):
        return self.fc(torch.cat([x[row].flatten()[None] for row in range(len(x))]))
"""
BRANCHES = """
class Branches(torch.nn.Module):  # its forward looks at the values
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(256, 2)
    def forward(self, x):
        return self.fc(x.flatten(1)) if x.sum() > 1e9 else self.fc(-x.flatten(1))
"""


def data(kind: str, amounts: bool = False):
    random = np.random.default_rng(0)
    shape = (60, *SHAPES[kind])
    x = random.integers(0, 255, shape, dtype=np.uint8) if kind == "image" else random.normal(size=shape)
    y = random.normal(5, 3, 60) if amounts else np.arange(60) % 3
    return (x if kind == "image" else x.astype(np.float32)), y


@pytest.fixture(scope="module")
def runs(undrawn, tmp_path_factory):
    """What is trained → the run."""
    root = tmp_path_factory.mktemp("runs")
    made = {kind: convscope.train(data(kind), network="plain", runs=root, **QUICK) for kind in SHAPES}
    made["amounts"] = convscope.train(data("image", True), network="plain", runs=root, **QUICK)
    made["lstm"] = convscope.train(data("signal"), network="lstm", runs=root, **QUICK)
    (root / "mine.py").write_text("import torch\n" + COUNTS + BRANCHES)
    two = data("image")[0], data("image")[1] % 2
    made["counts"] = convscope.train(two, network=f"{root}/mine.py:Counts", runs=root, **QUICK)
    made["branches"] = convscope.train(two, network=f"{root}/mine.py:Branches", runs=root, **QUICK)
    return made


def said_by(path: Path, x: np.ndarray) -> np.ndarray:
    """By the program that reads it, without a word of convscope's."""
    if path.suffix == ".onnx":
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        return session.run(None, {session.get_inputs()[0].name: x})[0]
    if path.suffix == ".pt2":
        return torch.export.load(path).module()(torch.from_numpy(x)).numpy()
    np.save(path.with_suffix(".npy"), x)
    code = (
        f"import sys, torch, numpy; sys.path.insert(0, {str(path.parent)!r})\n"
        f"sys.modules['convscope'] = None\n"
        f"from {path.stem} import load\n"
        f"x = torch.from_numpy(numpy.load({str(path.with_suffix('.npy'))!r}))\n"
        f"numpy.save({str(path.with_suffix('.npy'))!r}, load({str(path)!r})(x).numpy())\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    return np.load(path.with_suffix(".npy"))


@pytest.mark.parametrize("ending", EXPORTS)
@pytest.mark.parametrize("what", [*SHAPES, "amounts", "lstm"])
def test_a_file_says_what_the_run_says(what, ending, runs, tmp_path):
    run, path = runs[what], tmp_path / f"model{ending}"
    exported = convscope.export(run, path)
    x = data(what if what in SHAPES else "image" if what == "amounts" else "signal")[0]
    said = said_by(path, x)
    wanted = np.asarray(run.predict(x))
    scale = run.model().output.std.item() if what == "amounts" else 1
    assert said.dtype == np.float32
    assert said.shape == wanted.shape
    assert np.abs(said - wanted).max() / scale < CLOSE
    assert np.abs(said_by(path, x[:1]) - wanted[:1]).max() / scale < CLOSE  # one alone
    assert exported.paths[0] == path
    assert exported.proof.difference < CLOSE
    assert exported.as_dict()["largest_difference"] == exported.proof.difference


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_is_a_graph_for_any_number_of_samples(name, runs):
    """In float64, where every road computes the same numbers."""
    kind = (
        "signal"
        if name in ("inception-time", "rnn", "rnn-cell", "lstm", "gru", "bilstm", "bigru")
        else "image"
    )
    channels, *space = (3, 64, 64) if kind == "image" else SHAPES[kind]
    model = build_model(name, channels, 3, tuple(space)).eval()
    facts = runs[kind].settings.facts.model_copy(update={"channels": channels, "space": tuple(space)})
    captured = capture(model, facts)
    assert not captured.fixed
    x = (
        torch.rand(5, channels, *space)
        if kind == "signal"
        else torch.randint(0, 255, (5, channels, *space), dtype=torch.uint8)
    )
    with torch.no_grad():
        said = captured.program.module()(x)
        assert (said - model.predict(x)).abs().max() < CLOSE


def test_the_card_says_what_goes_in_and_comes_out_and_nothing_of_places(runs, tmp_path):
    run = runs["image"]
    for ending in EXPORTS:
        convscope.export(run, tmp_path / f"model{ending}")
    told = {each.key: each.value for each in onnx.load(tmp_path / "model.onnx").metadata_props}
    assert json.loads(told["classes"]) == list(run.classes)
    assert json.loads(told["shape"]) == [1, 16, 16]
    assert told["values"] == "uint8"
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        for place in (str(run.path.parent), str(Path(convscope.__file__).parent), str(Path.home())):
            assert place.encode() not in content, (path.name, place)
    graph = onnx.load(tmp_path / "model.onnx").graph
    assert graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"


def test_who_counts_the_samples_gets_one_at_a_time(runs, tmp_path):
    for ending in EXPORTS:
        exported = convscope.export(runs["counts"], tmp_path / f"model{ending}")
        assert exported.proof.fixed
        assert "one sample at a time" in " ".join(exported.lines())
        x = data("image")[0][:1]
        said = said_by(tmp_path / f"model{ending}", x)
        assert np.abs(said - np.asarray(runs["counts"].predict(x))).max() < CLOSE


def test_who_decides_by_values_is_told(runs, tmp_path):
    with pytest.raises(ShipError, match=r"no fixed graph[\s\S]*torch\.where"):
        convscope.export(runs["branches"], tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_a_file_that_answers_otherwise_is_not_written(runs, tmp_path, monkeypatch):
    monkeypatch.setattr(Whole, "forward", lambda self, x: (self.model(x) + torch.arange(3)).softmax(1))
    for ending in EXPORTS:
        with pytest.raises(ShipError, match="answer otherwise"):
            convscope.export(runs["image"], tmp_path / f"model{ending}")
    assert not list(tmp_path.iterdir())


def test_8_bits_cost_nothing_or_are_refused(runs, tmp_path, monkeypatch):
    run = runs["signal"]
    exported = convscope.export(run, tmp_path / "small.onnx", int8=True)
    kinds = {node.op_type for node in onnx.load(tmp_path / "small.onnx").graph.node}
    assert "QuantizeLinear" in kinds
    cost = exported.proof.cost
    dataset = run.dataset()
    rows = dataset.parts["test"]
    said = said_by(tmp_path / "small.onnx", dataset.inputs[rows].float().numpy()).argmax(1)
    assert cost.after == pytest.approx(100 * np.mean(said == dataset.labels[rows].numpy()))
    assert cost.before == pytest.approx(100 * run.evaluate().accuracy)
    monkeypatch.setattr("convscope.ship.int8.POINTS", -101)
    with pytest.raises(ShipError, match="8 bits cost too much"):
        convscope.export(run, tmp_path / "none.onnx", int8=True)
    assert not (tmp_path / "none.onnx").exists()


@pytest.mark.parametrize("missing", ["onnx", "onnxscript", "onnxruntime"])
def test_without_its_packages_onnx_says_what_to_install(missing, runs, tmp_path, monkeypatch):
    real = importlib.util.find_spec
    there = lambda name: None if name == missing else real(name)  # noqa: E731
    monkeypatch.setattr("convscope.ship.onnx_file.find_spec", there)
    with pytest.raises(
        ShipError, match=rf"{missing}, which is not installed.\n  pip install 'convscope\[onnx\]'"
    ):
        convscope.export(runs["image"], tmp_path / "model.onnx")


HOSTILE = [
    'q"""; open("PWNED", "w"); """',
    'tri"""',
    r"bs\x",
    r"\N{x}",
    "{x}",
    "my-model",
    "json",
    "torch",
    "class",
    "a b",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_never_code(name, runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ShipError, match="is imported by this name"):
        convscope.export(runs["image"], tmp_path / f"{name}.safetensors")
    assert not list(tmp_path.iterdir())


class Odd(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = nn.ModuleDict({"]+open('PWNED','w') if 0 else w['x": nn.Linear(256, 3)})

    def forward(self, x):
        return next(iter(self.parts.values()))(x.flatten(1))


def test_names_of_parameters_are_never_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = convscope.train(data("image"), network=Odd(), runs=tmp_path / "runs", **QUICK)
    x = data("image")[0]
    convscope.export(run, tmp_path / "odd.safetensors")
    assert np.abs(said_by(tmp_path / "odd.safetensors", x) - np.asarray(run.predict(x))).max() < CLOSE
    assert not (tmp_path / "PWNED").exists()


def test_a_python_file_beside_is_never_lost(runs, tmp_path):
    (tmp_path / "net.py").write_text("mine")
    with pytest.raises(ConvscopeError, match="is there already"):
        convscope.export(runs["image"], tmp_path / "net.safetensors", force=True)
    assert (tmp_path / "net.py").read_text() == "mine"
    assert runs["counts"].path.parent / "mine.py" in runs["counts"].sources([])


def test_axes_have_their_names(runs, tmp_path):
    convscope.export(runs["image"], tmp_path / "any.onnx", any_size=True)
    graph = onnx.load(tmp_path / "any.onnx").graph
    axes = [axis.dim_param or axis.dim_value for axis in graph.input[0].type.tensor_type.shape.dim]
    assert axes == ["height", "width", "channel"]
    assert graph.output[0].type.tensor_type.shape.dim[0].dim_value == 1


def test_a_full_folder_for_trials_is_named(runs, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(ShipError, match=r"cannot be tried in .*No space left[\s\S]*TMPDIR"):
        convscope.export(runs["image"], tmp_path / "model.pt2")


def test_an_ending_may_be_in_capitals(runs, tmp_path):
    exported = convscope.export(runs["image"], tmp_path / "MODEL.PT2")
    assert exported.paths == (tmp_path / "MODEL.PT2",)
    assert list(tmp_path.iterdir()) == [tmp_path / "MODEL.PT2"]


def test_it_replaces_only_its_own(runs, tmp_path):
    for ending in EXPORTS:
        path = tmp_path / f"model{ending}"
        path.write_bytes(b"mine")
        with pytest.raises(ConvscopeError, match="is there already"):
            convscope.export(runs["image"], path)
        assert path.read_bytes() == b"mine"
        convscope.export(runs["image"], path, force=True)
        written = path.read_bytes()
        convscope.export(runs["image"], path)  # now it is ours
        assert ending == ".pt2" or path.read_bytes() == written
    with pytest.raises(ConvscopeError, match="lies inside"):
        convscope.export(runs["image"], runs["image"].path / "model.onnx")


def test_without_the_data_it_is_checked_on_numbers(runs, tmp_path):
    run = convscope.load(runs["image"].path)
    exported = convscope.export(run, tmp_path / "model.pt2")
    assert "random samples" in exported.proof.asked
    with pytest.raises(ConvscopeError):
        convscope.export(run, tmp_path / "model.onnx", int8=True)


# Pictures of any size: the graph and Pillow.


def decoded(random: np.random.Generator, mode: str) -> Image.Image:
    height, width = random.integers(1, 400, 2)
    if mode == "I;16":
        return Image.fromarray(random.integers(0, 65536, (height, width), dtype=np.uint16))
    pixels = random.integers(0, 256, (height, width, len(mode)), dtype=np.uint8)
    return Image.fromarray(pixels[..., 0] if mode == "L" else pixels)


@pytest.mark.parametrize("fit", reading_graph.FITS)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_is_the_same_sample_to_the_bit(channels, fit, tmp_path):
    from convscope.data.pictures.decode import brought

    size, random = (28, 33), np.random.default_rng(1)
    graph = reading_graph.reader(channels, size, fit)
    graph.ir_version = 10
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    for mode in ("L", "LA", "RGB", "RGBA", "I;16") * 6:
        picture = decoded(random, mode)
        values = np.atleast_3d(np.asarray(picture)).astype(np.int32)
        white = np.array(65535 if mode == "I;16" else 255, np.int32)
        said = session.run(None, {"picture": values, "white": white})[0][0]
        assert (said == brought(picture, tmp_path, size, channels, fit)).all(), (mode, picture.size)


def test_what_is_hardly_seen_on_white_is_laid_on_black(tmp_path):
    from convscope.data.pictures.decode import brought

    pixels = np.full((20, 20, 4), 255, np.uint8)
    pixels[5:15, 5:15, 3], pixels[:5, :, 3] = 200, 0
    graph = reading_graph.reader(1, (8, 8), "letterbox")
    graph.ir_version = 10
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    said = session.run(None, {"picture": pixels.astype(np.int32), "white": np.array(255, np.int32)})[0][0]
    assert (said == brought(Image.fromarray(pixels), tmp_path, (8, 8), 1, "letterbox")).all()
    assert said.min() < 10


def test_a_folder_of_pictures_leaves_with_its_reader(tmp_path):
    random = np.random.default_rng(0)
    for number in range(24):
        folder = tmp_path / "pictures" / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        size, mode = random.integers(20, 90, 2), ("RGB", "RGBA", "L")[number % 3]
        pixels = random.integers(0, 256, (*size, len(mode)), dtype=np.uint8)
        Image.fromarray(pixels[..., 0] if mode == "L" else pixels).save(folder / f"{number}.png")
    Image.fromarray(random.integers(0, 256, (500, 700, 3), dtype=np.uint8)).save(tmp_path / "large.jpg")
    run = convscope.train(
        tmp_path / "pictures", network="plain", size=(16, 16), runs=tmp_path / "runs", **QUICK
    )
    exported = convscope.export(run, tmp_path / "model.onnx", any_size=True)
    assert exported.proof.difference < CLOSE
    assert exported.proof.any_size
    told = {each.key: each.value for each in onnx.load(tmp_path / "model.onnx").metadata_props}
    assert told["values"] == "int32"
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    with Image.open(tmp_path / "large.jpg") as picture:
        values = np.asarray(picture).astype(np.int32)
        said = session.run(None, {"picture": values, "white": np.array(255, np.int32)})[0]
        wanted = np.asarray(run.predict(Image.fromarray(np.asarray(picture))))
    assert np.abs(said - wanted).max() < CLOSE


def test_signals_have_no_size_of_a_picture(runs, tmp_path):
    with pytest.raises(ShipError, match="for pictures"):
        convscope.export(runs["signal"], tmp_path / "model.onnx", any_size=True)
    with pytest.raises(ShipError, match="for ONNX"):
        convscope.export(runs["image"], tmp_path / "model.pt2", any_size=True)
