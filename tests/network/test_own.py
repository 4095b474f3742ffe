"""A person's own file: what is passed, what is found, what is said when it fails."""

import sys
from pathlib import Path

import pytest
import torch

from convscope import network
from convscope.errors import NetworkError
from convscope.lint import explained

build = explained()(network.build)  # as every door of the house calls it
GOOD = """
import torch
from dataclasses import dataclass
from torch import nn

@dataclass
class Sizes:
    hidden: int = 7

class Net(nn.Module):
    def __init__(self, in_channels, num_classes, hidden=Sizes().hidden):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, hidden, 3)
        self.fc = nn.Linear(hidden, num_classes)
    def forward(self, x):
        return self.fc(self.conv(x).mean((2, 3)))

def make(space, classes, width=1.0):
    hidden = int(4 * width)
    return nn.Sequential(nn.Flatten(), nn.Linear(space[0] * space[1], hidden), nn.Linear(hidden, classes))

def everything(*args, **kwargs):
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))

def greedy(channels, layers, heads):
    return None

def nothing():
    return 5

def broken(channels):
    sizes = {}
    return sizes["first"]

def wrong(classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(3, classes))

ready = nn.Linear(1, 1)
number = 3
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "nets.py"
    path.write_text(GOOD)
    return path


def test_a_class_gets_what_its_signature_names(file):
    network = build(f"{file}:Net", 3, 4, (28, 28))
    assert (network.conv.in_channels, network.fc.out_features, network.conv.out_channels) == (3, 4, 7)
    assert network.training


def test_a_function_gets_what_its_signature_names(file):
    assert build(f"{file}:make", 1, 10, (28, 28), width=2)[1].out_features == 8
    assert build(f"{file}:everything", 1, 10, (28, 28))[1].in_features == 784


def test_the_seed_decides_the_weights(file):
    states = []
    for _ in range(2):
        torch.manual_seed(3)
        states.append(build(f"{file}:Net", 1, 10, (28, 28)).state_dict())
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def test_paths_are_written_as_people_write_them(file, monkeypatch):
    monkeypatch.chdir(file.parent)
    monkeypatch.setenv("HOME", str(file.parent))
    for name in ("nets.py:Net", "./nets.py:Net", "~/nets.py:Net"):
        assert build(name, 1, 10, (28, 28)).conv.out_channels == 7


def test_neighbours_can_be_imported_and_two_folders_never_get_mixed_up(tmp_path):
    for name, size in (("a", 3), ("b", 5)):
        folder = tmp_path / name
        (folder / "parts").mkdir(parents=True)
        (folder / "parts" / "__init__.py").write_text("from parts.sizes import SIZE")
        (folder / "parts" / "sizes.py").write_text(f"SIZE = {size}")
        (folder / "net.py").write_text(
            "from torch import nn\nfrom parts import SIZE\n"
            "def net(): return nn.Sequential(nn.Flatten(), nn.Linear(784, SIZE), nn.Linear(SIZE, 10))\n"
        )
    path, modules = list(sys.path), set(sys.modules)
    assert build(f"{tmp_path / 'a' / 'net.py'}:net", 1, 10, (28, 28))[1].out_features == 3
    assert build(f"{tmp_path / 'b' / 'net.py'}:net", 1, 10, (28, 28))[1].out_features == 5
    assert sys.path == path
    assert set(sys.modules) == modules


def test_a_library_that_stands_in_the_same_folder_stays_loaded(tmp_path):
    library = tmp_path / ".venv" / "lib"
    library.mkdir(parents=True)
    (library / "convscope_test_library.py").write_text("VALUE = 1")
    (tmp_path / "net.py").write_text(
        f"import sys\nsys.path.append({str(library)!r})\nimport convscope_test_library\nsys.path.pop()\n"
        "from torch import nn\ndef net(): return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))\n"
    )
    build(f"{tmp_path / 'net.py'}:net", 1, 10, (28, 28))
    assert sys.modules.pop("convscope_test_library").VALUE == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "nets.py:Nett",
            "nets.py has no 'Nett'; did you mean 'Net'?\n  It has: Sizes, Net, make, everything, ",
        ),
        (
            "nets.py",
            "say which class or function of nets.py makes the network: nets.py:Name.\n  It has: Sizes",
        ),
        ("nets.py:", "say which class or function of nets.py"),
        (
            "net.py:Net",
            "there is no file 'net.py'; did you mean 'nets.py'?\n  Write the network as path/file.py:",
        ),
        ("nets.py:ready", "'ready' of nets.py is a Linear, not a class or function."),
        ("nets.py:number", "'number' of nets.py is 3, not a class or function."),
        ("nets.py:nothing", "'nothing' makes a int, not a nn.Module."),
        ("nets.py:Sizes", "Sizes is a class, but no network: it is not built on nn.Module."),
        (
            "nets.py:greedy",
            "greedy asks for layers, heads, which is not known here.\n  Where: `greedy`, nets.py:",
        ),
        (
            "nets.py:broken",
            "broken cannot be made: 'first'.\n  Where: `broken`, nets.py:33: `return sizes[\"first\"]`\n"
            "  The message was: KeyError: 'first'",
        ),
        ("nets.py:wrong", "layer '1' (Linear) does not fit its input, (2, 784): it expects 3 numbers a row"),
    ],
)
def test_what_is_wrong_is_said(file, monkeypatch, name, message):
    monkeypatch.chdir(file.parent)
    with pytest.raises(NetworkError) as caught:
        build(name, 1, 10, (28, 28))
    assert message in str(caught.value)


def test_a_knob_that_the_signature_does_not_name_is_refused(file):
    with pytest.raises(NetworkError, match=r"has no depth.\n  Its signature: \(space, classes, width=1.0\)"):
        build(f"{file}:make", 1, 10, (28, 28), depth=3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def net(:\n", "net.py:1: `def net(:`\n  Why: Python reads the whole file before"),
        (
            "x = 1\nimport no_such_module_here\n",
            "net.py:2: `import no_such_module_here`\n  Why: Python looks among its own modules",
        ),
        ("\n\n1 / 0\n", "net.py:3: `1 / 0`\n  The message was: ZeroDivisionError: division by zero"),
    ],
)
def test_a_file_that_cannot_be_imported_is_named_with_its_line(tmp_path, text, message):
    path = tmp_path / "net.py"
    path.write_text(text)
    modules = set(sys.modules)
    with pytest.raises(NetworkError) as caught:
        build(f"{path}:net", 1, 10, (28, 28))
    assert message in str(caught.value)
    assert set(sys.modules) == modules


def test_text_that_is_no_python_is_refused(tmp_path):
    path = Path(tmp_path / "net.txt")
    path.write_text("hello")
    with pytest.raises(NetworkError, match="is no Python file"):
        build(f"{path}:net", 1, 10, (28, 28))
