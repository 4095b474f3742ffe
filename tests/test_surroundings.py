"""Commands where a machine is not as one expects it: a sentence, or the result; never a traceback.

Each runs in a child of this process, so that what it is deprived of is its own.
"""

import os
import shutil
import signal
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

import convscope
from convscope.cli import execute

NOBODY = 65534
QUICK = ["--network", "plain", "--epochs", "0.1", "--batch", "100", "--threads", "1"]
RAW = ("did not expect", "Traceback", "Errno", "object has no attribute", "<class '", "Exception ignored")


class Done(NamedTuple):
    """What a command left."""

    code: int
    out: str
    err: str


def begun(words: list[str], deprive: Callable[[], object], home: Path) -> int:
    """Run a command in a child, and give its number; what it prints is out-CHILD and err-CHILD in `home`."""
    child = os.fork()
    if child:
        return child
    try:
        for stream, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(home / f"{name}-{os.getpid()}", os.O_CREAT | os.O_WRONLY, 0o666), stream)
        signal.alarm(120)
        import sys

        sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
        deprive()
        code = execute(words)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    except BaseException:  # noqa: BLE001 - told by what it prints
        os.write(2, traceback.format_exc().encode())
        os._exit(99)


def ended(child: int, home: Path) -> Done:
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    out, err = ((home / f"{name}-{child}").read_text(errors="replace") for name in ("out", "err"))
    for raw in RAW:
        assert raw not in err, err
    return Done(code, out, err)


def done(words: list[str], deprive: Callable[[], object] = lambda: None) -> Done:
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o777)
        return ended(begun(words, deprive, Path(home)), Path(home))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    root = tmp_path_factory.mktemp("home")
    run = convscope.train("digits", network="plain", epochs=0.1, batch=100, threads=1, runs=root / "runs")
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(root / "x.png")
    yield run.path
    for path in (root, *root.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.fixture
def there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONVSCOPE_CACHE", str(tmp_path / "cache"))
    return tmp_path


def open_to_all(path: Path) -> None:
    for folder in (path, *list(path.parents)[:-2]):
        folder.chmod(folder.stat().st_mode | 0o055)


def pictures(root: Path) -> Path:
    draw = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (root / name).mkdir(parents=True)
        for number in range(4):
            pixels = draw.integers(0, 256, (9, 9, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / name / f"{number}.png")
    return root


# ---- the environment


def test_a_folder_that_was_deleted_is_a_sentence(there, trained):
    def deprive() -> None:
        (there / "gone").mkdir()
        os.chdir(there / "gone")
        (there / "gone").rmdir()

    for words in (["train", "digits", *QUICK], ["check", "digits"], ["runs"], ["evaluate", "latest"],
                  ["predict", str(trained), "x.png"], ["filter", "blur", "x.png"]):  # fmt: skip
        found = done(words, deprive)
        assert found.code in (0, 1), found
        assert found.code == 0 or found.err.startswith("Error: "), found


# ---- permissions, as nobody


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become nobody")
@pytest.mark.parametrize(
    ("words", "forbidden", "mode", "said"),
    [
        (["train", "data", "--runs", "runs"], "data", 0o000, "data"),
        (["check", "data"], "data", 0o000, "data"),
        (["check", "table.csv"], "table.csv", 0o000, "table.csv"),
        (["predict", "RUN", "data/cat/0.png"], "data/cat/0.png", 0o000, "0.png"),
        (["predict", "RUN", "data/cat/0.png", "--csv", "runs/p.csv"], "runs", 0o555, "p.csv"),
        (["evaluate", "closed"], "closed", 0o000, "closed"),
        (["runs", "--root", "closed"], "closed", 0o000, "closed"),
        (["trust", "closed"], "closed", 0o000, "closed"),
        (["train", "--resume", "closed"], "closed", 0o000, "closed"),
        (["summary", "net.py:X", "--input", "1x8x8"], "net.py", 0o000, "net.py"),
    ],
)
def test_what_may_not_be_touched_is_named(there, trained, words, forbidden, mode, said):
    pictures(there / "data")
    (there / "table.csv").write_text("a,b\n1,2\n")
    (there / "net.py").write_text("x = 1\n")
    for name in ("runs", "closed"):
        (there / name).mkdir()
    shutil.copytree(trained, there / "run")
    open_to_all(there)
    (there / forbidden).chmod(mode)
    found = done([str(there / "run") if word == "RUN" else word for word in words], lambda: os.setuid(NOBODY))
    (there / forbidden).chmod(0o755)
    assert found.code in (1, 2), found
    assert found.err.startswith("Error: ") and said in found.err, found


# ---- two at once


def test_two_evaluations_at_once_say_the_same(there, trained):
    children = [begun(["evaluate", str(trained), "--json"], lambda: None, there) for _ in range(2)]
    first, second = (ended(child, there) for child in children)
    assert first.code == second.code == 0
    assert first.out == second.out
