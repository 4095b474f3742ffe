"""What a person can do wrong with each command: a sentence, the exit code as documented, nothing changed.

A mistake is what is typed after `convscope`, in a folder that holds what `place` makes. A new one is a line.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import convscope
from convscope.cli import COMMANDS, app, execute

LONG = "a" * 5000
OF_DATA = [  # for each command that reads data
    "--label foo",
    "--label-from (",
    "--label-from (x)",
    "--target foo",
    "--group foo",
    "--images empty",
    "--images nodir",
    "--sample foo",
    "--time foo",
    "--series foo",
    "--window 3",
    "--rate 8000",
    "--size 0",
    "--size x",
    "--size 100000x100000",
    "--channels 0",
    "--channels 7",
    "--val nan",
    "--val 1",
    "--test -1",
    "--seed -1",
    "--seed 99999999999999999999999",
]
MISTAKES = [
    *(f"{command} digits {option}" for command in ("train", "check") for option in OF_DATA),
    # predict
    "predict latest x.png --top 0",
    "predict latest x.png --top -3",
    "predict latest x.png --top many",
    "predict latest x.png --out nodir/p.csv",
    "predict latest x.png --out .",
    "predict latest x.png --out x.png",
    "predict latest x.png --out p.docx",
    "predict latest x.png --out p.csv --engine tpu",
    "predict latest x.png --engine torch",
    "predict latest x.png empty.png nothere.png --out p.csv",
    "predict latest x.png --sheet nodir/p.png",
    "predict latest x.png --sheet p.txt",
    "predict latest x.png --sheet x.png",
    "predict latest nothere.png",
    f"predict latest {LONG}",
    f"predict {LONG} x.png",
    "predict latest /dev/null",
    "predict latest empty",
    "predict latest empty.png",
    "predict latest broken.npz",
    "predict latest fifo",
    "predict nosuch x.png",
    "predict x.png x.png",
    "predict notes x.png",
    # export
    "export latest m.docx",
    "export latest m",
    "export latest nodir/m.onnx",
    "export latest x.png",
    "export latest .",
    "export nosuch m.onnx",
    "export notes m.onnx",
    "export latest m.pt2 --int8",
    "export latest m.safetensors --any-size",
    # features
    "features latest --layer nosuch",
    "features latest --out f.csv",
    "features latest --out nodir/f.npz",
    "features latest --out x.png",
    "features latest nosuch",
    "features latest x.png --svm",
    "features latest x.png --knn",
    "features latest x.png --logistic",
    "features latest x.png --nearest 0",
    "features latest x.png --nearest many",
    "features latest --outliers -1",
    "features latest x.png --label-errors 5",
    "features latest --map map.npz",
    "features latest --map nodir/map.png",
    "features latest --map x.png",
    "features latest --method tsne",
    "features latest --map m.png --method nosuch",
    "features nosuch",
    # evaluate
    "evaluate latest --part tset",
    "evaluate latest --data nosuch",
    "evaluate latest --data cylinder-bell-funnel",
    "evaluate latest --data empty",
    "evaluate /",
    "evaluate .",
    "evaluate x.png",
    # train
    f"train {LONG}",
    "train empty",
    "train x.png",
    "train notes",
    "train /dev/null",
    "train /dev/zero",
    "train fifo",
    "train broken.npz",
    "train unreadable",
    "train digits --device cuda:99",
    "train digits --device tpu",
    "train digits --epochs 0",
    "train digits --epochs nan",
    "train digits --epochs inf",
    "train digits --batch 0",
    "train digits --lr nan",
    "train digits --lr -1",
    "train digits --network nosuch",
    "train digits --network nofile.py:X",
    "train digits --network x.png:X",
    "train digits --network notes:X",
    "train digits --width 0",
    "train digits --width -1",
    "train digits --width 1e9",
    "train digits --depth 0",
    "train digits --depth -2",
    "train digits --depth 100000",
    "train digits --threads 0",
    "train digits --threads 99999",
    "train digits --runs x.png",
    "train digits --runs /proc/x",
    "train digits --augment flap",
    "train digits --resume latest",
    "train --resume nosuch",
    "train --resume x.png",
    "train",
    # serve
    "serve",
    "serve nosuch --port 0",
    "serve =latest --port 0",
    "serve a=nosuch --port 0",
    "serve latest --port 99999",
    "serve latest --port 0 --host nosuch.invalid",
    "serve latest --port 0 --allow-host http://example.org",
    "serve latest --port 0 --max-body 0",
    "serve latest --port 0 --max-queue 0",
    "serve latest --port 0 --timeout 0",
    # look
    "look nosuch",
    "look nosuch.py:X",
    "look latest --port 99999",
    "look latest --save nodir/x.html",
    "look latest --save x.png",
    "look latest --save notes.html",
    "look latest --input nothere.png",
    "look latest --input test:99999",
    # inside a model
    "summary nosuch",
    "summary plain --input foo",
    "summary plain --input 0x0",
    "summary plain --input 1x28x28 --depth -1",
    "summary plain --classes 0",
    "summary nn.Conv2d(1,2,3",
    "summary x.png",
    "summary empty",
    f"summary {LONG}",
    "explain plain --op nosuch",
    "explain plain --op conv1 --at foo",
    "explain plain --op conv1 --at 999,0,0",
    "explain plain --op conv1 --gradient nosuch",
    "explain plain --op conv1 --input nothere.png",
    "explain latest --input broken.npz",
    "explain plain --op conv1 --gradient weight --score 99",
    "compare",
    "compare plain nosuch",
    "compare plain lenet --input foo",
    "compare latest x.png",
    # the rest
    "rule nosuch",
    "check nosuch",
    "check x.png",
    "check empty",
    "check fifo",
    "check broken.npz",
    f"check {LONG}",
    "runs --runs nosuch",
    "runs --runs x.png",
    "filter x.png nosuch",
    "filter nothere.png blur",
    "filter notes blur",
    "filter blur x.png --at foo",
    "filter blur x.png --at 99,99",
    "filter blur x.png --output nodir/y.png",
    "filter blur x.png --output x.png",
    "filter blur x.png --output y.txt",
    "filter blur broken.npz",
    "filter blur fifo",
    "filter x.png blur --output nodir/y.png",
    "filter x.png blur --output x.png",
    "filter x.png blur --output y.txt",
    "trust latest",
    "trust nosuch",
    "networks x",
    "data --foo",
    "nosuch",
]


@pytest.fixture(scope="module")
def place(undrawn, tmp_path_factory):
    """A person's folder: a run, a picture, notes, an empty folder, a pipe, a damaged archive."""
    root = tmp_path_factory.mktemp("place")
    before = Path.cwd()
    os.chdir(root)
    convscope.train("digits", network="plain", epochs=0.1, batch=100, threads=1)
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save("x.png")
    (root / "notes").write_text("buy milk\n")
    (root / "notes.html").write_text("<!doctype html><title>mine</title>")
    (root / "empty").mkdir()
    (root / "empty.png").write_bytes(b"")
    (root / "broken.npz").write_bytes(b"PK\x03\x04" + bytes(range(200)))
    (root / "unreadable").mkdir()
    os.mkfifo(root / "fifo")
    yield root
    os.chdir(before)


def options(command):
    """Name → type of each option of a command."""
    every = app[command].assemble_argument_collection()
    return {each.name: each.hint for each in every if each.name.startswith("--")}


OPTIONS = [
    (function.__name__, option, kind)
    for function in COMMANDS
    for option, kind in options(function.__name__).items()
]
TEXTS = (str, str | None, Path, Path | None, list[str] | None)  # whatever is typed is of the type


def content(root):
    """Every file with its bytes and every folder; of a run that must not be there, its name says it."""
    return {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() else b""
        for path in sorted(root.rglob("*"))
    }


@pytest.mark.parametrize("typed", MISTAKES, ids=lambda typed: typed[:60])
def test_a_mistake_gets_a_sentence(typed, place, capfd):
    before = content(place)
    code = execute(typed.split())
    printed = capfd.readouterr()
    assert code in (1, 2), printed
    assert printed.err.startswith("Error: "), printed
    assert len(printed.err) < 3000
    for raw in ("did not expect", "Traceback", "Errno", "object has no attribute", "<class '"):
        assert raw not in printed.err, printed.err
    assert content(place) == before


@pytest.mark.parametrize(
    "typed",
    ["predict latest x.png --top 0", "summary plain --input 1x28x28 --depth 0", "check digits --seed -1"],
)
def test_a_limit_holds_in_a_process_of_its_own(typed, place):
    """Here pydantic is loaded, and what reads the command line asks it for limits; there it is not."""
    done = subprocess.run(
        [sys.executable, "-m", "convscope", *typed.split()], capture_output=True, check=False
    )
    option = typed.split()[-2]
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().startswith(f"Error: {option}: ")


@pytest.mark.parametrize(("command", "option", "kind"), [each for each in OPTIONS if each[2] not in TEXTS])
def test_an_option_of_the_wrong_type_is_named(command, option, kind, place, capfd):
    typed = [f"{option}=nosuch"] if kind is bool else [option, "nosuch"]
    first = [] if command in ("runs", "networks", "data") else ["x.png"]
    assert execute([command, *first, *typed]) == 2
    said = capfd.readouterr().err
    assert said.startswith("Error: ")
    assert option.removeprefix("--") in said and "nosuch" in said, said


@pytest.mark.parametrize(("command", "option", "kind"), [each for each in OPTIONS if each[2] in TEXTS])
def test_every_option_has_its_mistake(command, option, kind):
    """A new option has to say what can be wrong with it, above."""
    assert any(typed.split()[0] == command and option in typed.split() for typed in MISTAKES), kind


@pytest.mark.parametrize("typed", ["networks", "data", "runs", "check digits", "evaluate latest --json"])
def test_a_full_disk_behind_the_output_is_said(typed, place):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "convscope", *typed.split()],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1
    assert re.search("no space left", done.stderr.decode())
    assert b"did not expect" not in done.stderr and b"Exception ignored" not in done.stderr


@pytest.mark.parametrize("name", ["manifest.json", "settings.toml", "history.csv", "best.safetensors"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe,,", b"," * 1_000_000, "pipe", "/dev/zero"])
def test_a_damaged_run_takes_no_other_away(place, tmp_path, capfd, name, content):
    whole = next(path for path in (place / "runs").iterdir() if path.is_dir())
    for run in ("whole", "torn"):
        shutil.copytree(whole, tmp_path / run)
    torn = tmp_path / "torn" / name
    torn.unlink()
    if content == "pipe":
        os.mkfifo(torn)
    elif isinstance(content, str):
        torn.symlink_to(content)
    else:
        torn.write_bytes(content)
    assert execute(["runs", "--runs", str(tmp_path)]) == 0
    assert "whole" in capfd.readouterr().out
    assert execute(["evaluate", str(tmp_path / "torn")]) == 1
    said = capfd.readouterr().err
    assert name in said
    assert "did not expect" not in said and "Errno" not in said
