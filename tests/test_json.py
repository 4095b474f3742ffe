"""`--json` with every command, done or failed: all of standard output is one JSON value."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import convscope
from convscope.cli import COMMANDS, execute
from convscope.cli.show import write_json

NET = """
from torch import nn


def net(channels, classes, space):
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * space[0] * space[1], classes))
"""
DONE = {  # what is typed, and what the answer has
    "train digits --epochs 0.1 --threads 1 --quiet": {"run", "report", "accuracy", "interval", "notices"},
    "evaluate latest": {"accuracy", "confusion"},
    "predict latest x.png": {"predictions", "written"},
    "predict latest x.png -o p.csv": {"samples", "written", "engine"},
    "export latest m.pt2": {"written", "card", "largest_difference"},
    "features latest x.png -o f.npz": {"layer", "features", "written"},
    "serve latest --port 0 --check": {"address", "models"},
    "features latest x.png --nearest 2 --outliers 1": {"nearest", "outliers", "label_errors"},
    "features latest x.png --map map.png": {"map", "layer"},
    "look latest --save x.html": {"title", "written", "samples", "bytes"},
    "summary plain --input 1x28x28": {"rows", "totals"},
    "explain plain --input 1x28x28": None,
    "explain plain --input 1x28x28 --op conv1": {"op", "terms"},
    "compare plain fast --input 1x28x28": {"models"},
    "rule": None,
    "rule linear-width": {"name"},
    "check digits": {"counts"},
    "runs": None,
    "networks": None,
    "data": {"names", "formats"},
    "trust latest": {"trusted"},
    "filter": {"box-blur"},
    "filter box-blur x.png": {"written", "remarks"},
    "filter sobel-x x.png --at 3,3": None,
}
FAILED = {  # what is typed, the kind of the error, and the exit code
    "train": ("UsageError", 2),
    "train nosuch": ("DataError", 1),
    "train digits --lr fast": ("UsageError", 2),
    "train digits --network broken.py:Net": ("BrokenModel", 1),
    "evaluate nosuch": ("RunError", 1),
    "evaluate latest --part tset": ("UsageError", 2),
    "predict latest": ("UsageError", 2),
    "predict latest nosuch.png": ("DataError", 1),
    "export latest m.docx": ("ShipError", 1),
    "export latest": ("UsageError", 2),
    "features latest --layer nosuch": ("UnknownName", 1),
    "serve": ("UsageError", 2),
    "serve nosuch --port 0": ("RunError", 1),
    "look nosuch": ("NetworkError", 1),
    "look --port 99999": ("UsageError", 2),
    "summary nosuch": ("NetworkError", 1),
    "explain plain --input 1x28x28 --op nosuch": ("UnknownName", 1),
    "compare plain": ("UsageError", 2),
    "rule nosuch": ("UnknownName", 1),
    "check nosuch": ("DataError", 1),
    "runs --runs nosuch": ("RunError", 1),
    "networks x": ("UsageError", 2),
    "data --foo": ("UsageError", 2),
    "trust nosuch": ("RunError", 1),
    "filter nosuch x.png": ("UnknownName", 1),
    "nosuch": ("UsageError", 2),
    "": ("UsageError", 2),
}


@pytest.fixture(scope="module")
def place(undrawn, tmp_path_factory):
    root = tmp_path_factory.mktemp("place")
    before = Path.cwd()
    os.chdir(root)
    Path("net.py").write_text(NET)
    Path("broken.py").write_text("class Net:\n    oops(")
    convscope.train("digits", network="net.py:net", epochs=0.1, threads=1)
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save("x.png")
    yield root
    os.chdir(before)


def test_no_command_is_left_out():
    names = {command.__name__ for command in COMMANDS}
    assert {typed.split()[0] for typed in DONE} == names
    assert {typed.split()[0] for typed in FAILED if typed} == names | {"nosuch"}


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("typed", DONE)
def test_what_is_done_is_one_value(typed, capsys):
    runs = ["--runs", "others"] if typed.startswith("train") else []
    assert execute([*typed.split(), *runs, "--json"]) == 0
    printed = capsys.readouterr()
    value = json.loads(printed.out)
    assert set(DONE[typed] or ()) <= set(value if isinstance(value, dict) else {})
    for path in value.get("written", []) if isinstance(value, dict) and "predictions" in value else []:
        assert Path(path).is_file()


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("typed", FAILED)
def test_what_fails_is_one_value_and_a_sentence(typed, capsys):
    kind, code = FAILED[typed]
    assert execute([*typed.split(), "--json"]) == code
    printed = capsys.readouterr()
    value = json.loads(printed.out)
    assert set(value["error"]) == {"kind", "message", "exit_code"}
    assert (value["error"]["kind"], value["error"]["exit_code"]) == (kind, code)
    assert printed.err.endswith(f"Error: {value['error']['message']}\n")
    assert ("diagnosis" in value) == (kind == "BrokenModel")


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("moment", ["Created", "Epoch"])
def test_an_interrupted_training_says_what_there_is(moment, monkeypatch, capsys):
    from convscope import recipe

    stream = recipe.stream

    def interrupted(plan):
        for event in (events := stream(plan)):
            yield event
            if type(event).__name__ == "Created" and moment == "Created":
                return  # nothing was learnt that could be judged
            if type(event).__name__ == "Epoch":
                os.kill(os.getpid(), signal.SIGINT)
        events.close()

    monkeypatch.setattr(recipe, "stream", interrupted)
    words = ["train", "digits", "--epochs", "3", "--threads", "1", "--runs", "others", "--json"]
    assert execute(words) == 130
    value = json.loads(capsys.readouterr().out)
    assert value["reason"] == "interrupted"
    assert Path(value["run"]).is_dir()
    assert ("accuracy" in value) == (moment == "Epoch")


def test_an_interrupt_is_an_error_in_json_too(monkeypatch, capsys):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr("convscope.network.table", interrupt)
    assert execute(["networks", "--json"]) == 130
    assert json.loads(capsys.readouterr().out)["error"]["kind"] == "Interrupted"


def test_the_address_of_the_page_is_told_at_once(place):
    words = [sys.executable, "-m", "convscope", "look", "latest", "--no-open", "--json"]
    with subprocess.Popen(words, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as served:
        text = ""
        while not text.endswith("}\n"):
            line = served.stdout.readline().decode()
            assert line, served.stderr.read()
            text += line
        assert json.loads(text)["address"].startswith("http://127.0.0.1:")
        served.send_signal(signal.SIGINT)
        assert served.stdout.read() == b""
        assert served.wait() == 130


def test_numbers_that_are_none_are_null_and_names_are_exact(capsys):
    names = ["\x1b[1m", "\u202e", "caf\udce9", "\x9b", "a\u200bb", "猫"]
    write_json({"inf": float("inf"), "nan": [float("nan"), (1.5,)], "names": names})
    text = capsys.readouterr().out
    assert all(letter.isprintable() or letter == "\n" for letter in text)
    assert "猫" in text
    assert json.loads(text) == {"inf": None, "nan": [None, [1.5]], "names": names}
