"""`convscope look`, as typed: a process of its own, and requests to it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request

import pytest

from convscope import train
from convscope.cli import execute
from convscope.cli.look import _door
from convscope.web.subject import is_data

WRONG = """
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 16, 5)
        self.fc = nn.Linear(1024, 10)
    def forward(self, x):
        return self.fc(self.conv(x).flatten(1))
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder with a run in it."""
    folder = tmp_path_factory.mktemp("world")
    train("digits", network="plain", epochs=0.1, runs=folder / "runs")
    return folder


class Looking:
    """The command in its own process, up to Ctrl-C."""

    def __init__(self, folder, *words, **environment):
        command = [sys.executable, "-m", "convscope", "look", "--no-open", *words]
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said, self.address = "", ""

    def __enter__(self):
        for line in self.process.stdout:
            self.said += line
            if found := re.search(r"http://127\.0\.0\.1:\d+/\S+/", line):
                self.address = found[0]
                return self
        raise AssertionError(self.process.communicate()[1])

    def get(self, address):
        with urllib.request.urlopen(f"{self.address}api/{address}", timeout=60) as answer:
            return json.loads(answer.read())

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        out, self.errors = self.process.communicate(timeout=30)
        self.said += out


def test_a_run_from_the_first_line_to_ctrl_c(world):
    with Looking(world, "latest") as page:
        assert page.get("session")["title"].endswith("digits_plain_1")
        assert page.get("graph")["input"]["place"] == {"part": "test", "number": 0}
        assert page.get("samples")["total"] == 359
    assert page.process.returncode == 130
    assert "plain trained on digits, test 0" in page.said
    assert page.said.endswith("stopped.\n")
    assert page.errors == ""


def test_in_the_background_ctrl_c_is_ignored_and_sigterm_ends_it(world):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # the child inherits it
    try:
        page = Looking(world, "latest")
    finally:
        signal.signal(signal.SIGINT, before)
    with page:
        page.process.send_signal(signal.SIGINT)
        assert page.get("session")["hasRun"]
        page.process.terminate()
        page.process.wait(timeout=30)
    assert page.process.returncode != 130


def test_without_a_word_the_latest_run(world):
    with Looking(world) as page:
        assert page.get("session")["hasRun"]


def test_without_a_word_and_without_a_run_the_example(tmp_path, world):
    cache = tmp_path / "cache"
    (cache / "example").mkdir(parents=True)
    (run,) = (path for path in (world / "runs").iterdir() if not path.is_symlink())
    (cache / "example" / run.name).symlink_to(run)  # not followed: only what was made there counts
    run_copy = cache / "example" / "2026_digits_1"
    shutil.copytree(run, run_copy)
    with Looking(tmp_path, CONVSCOPE_CACHE=str(cache)) as page:
        assert page.get("session")["title"] == "2026_digits_1"


def test_a_model_with_its_input(tmp_path):
    with Looking(tmp_path, "nn.Conv1d(2, 5, 3)", "--input", "2x9") as page:
        assert page.get("graph")["operations"][0]["shape"] == [1, 5, 7]
        assert page.get("session")["inputs"] == [{"name": "input", "shape": [2, 9], "dtype": "float32"}]


def test_a_model_that_fails(tmp_path):
    (tmp_path / "net.py").write_text(WRONG)
    with Looking(tmp_path, "net.py:Net", "--input", "1x28x28") as page:
        graph = page.get("graph")
        assert graph["operations"][0]["name"] == "conv"
        assert graph["failure"]["fix"]


def test_data_in_a_network_that_is_not_trained(tmp_path):
    with Looking(tmp_path, "digits") as page:
        assert not page.get("session")["hasRun"]
        assert page.get("session")["note"]
        assert page.get("samples")["total"] == 359
    assert "not trained" in page.said


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["nothing-of-the-kind"], 1, "there is no model 'nothing-of-the-kind'"),
        (["plain"], 1, "say what 'plain' is run on"),
        (["--input", "1x28x28"], 2, "--input needs a model"),
        (["digits", "--port", "99999"], 2, "--port: expected 1 to 65535"),
        (["digits", "--port", "-1"], 2, "--port"),
        (["digits", "--input", "test:99999"], 1, "there is no number 99999"),
        (["digits", "--save", "digits.csv"], 1, "Call it digits.csv.html"),
        (["digits", "extra"], 2, "too many arguments"),
    ],
)
def test_what_cannot_be_looked_at(tmp_path, monkeypatch, capsys, words, code, told):
    monkeypatch.chdir(tmp_path)
    assert execute(["look", "--no-open", *words]) == code
    assert told in capsys.readouterr().err


def test_a_port_that_is_taken(tmp_path, capsys):
    with Looking(tmp_path, "nn.ReLU()", "--input", "4") as page:
        port = page.address.split(":")[2].split("/")[0]
        assert execute(["look", "nn.ReLU()", "--input", "4", "--no-open", "--port", port]) == 2
        assert f"--port: {port} cannot be used" in capsys.readouterr().err


def test_what_is_data(world, monkeypatch):
    monkeypatch.chdir(world)
    (run,) = (path for path in (world / "runs").iterdir() if not path.is_symlink())
    assert not is_data(str(run))
    assert not is_data(run.name)
    assert not is_data("runs/latest")
    assert not is_data("runs")  # a folder of runs; the person is told which
    (world / "pictures").mkdir()
    assert is_data("pictures")


def test_the_secret_is_in_no_command_line():
    address = "http://127.0.0.1:8000/secret/"
    with _door(address) as door:
        assert address in door.read_text()
        assert "secret" not in door.as_uri()
        assert door.parent.stat().st_mode & 0o077 == 0
    assert not door.exists()
