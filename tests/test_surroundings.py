"""Commands where a machine is not as one expects it: a sentence, or the result; never a traceback.

Each runs in a child of this process, so that what it is deprived of is its own.
"""

import encodings.ascii  # noqa: F401 - nobody may not read where Python lies
import os
import resource
import shutil
import signal
import stat
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

import convscope
import convscope.web  # nor where the page's server does
from convscope.cli import execute

pytestmark = pytest.mark.usefixtures("undrawn")
NOBODY = 65534
OLD = Path(__file__).parent / "run" / "old"
QUICK = ["--network", "plain", "--epochs", "0.1", "--batch", "100", "--threads", "1"]
RAW = ("did not expect", "Traceback", "Errno", "object has no attribute", "<class '", "Exception ignored")
NAMES = [
    "two words",
    "two\nlines",
    "it's",
    'say "x"',
    "ein Hündchen 🐶",
    "\x1b[31mred",
    "-x",
    "latest",
    "x" * 250,
    os.fsdecode(b"\xff\xfe"),
    "a%s{}$HOME`x`",
    "=1+1",
]
DRAWN = (NAMES[1], NAMES[9])  # a page takes its time
TYPED = [  # prints something; RUN is a run
    *(
        "train digits --network plain --epochs 0.1 --threads 1",
        "check digits",
        "evaluate RUN",
        "predict RUN digits",
    ),
    *(
        "look RUN --no-open",
        "look RUN --save page.html",
        "summary RUN",
        "explain RUN",
        "explain RUN --op conv1",
    ),
    *(
        "compare RUN RUN",
        "rule",
        "rule linear-width",
        "runs",
        "networks",
        "data",
        "filter",
        "--help",
        "train --help",
    ),
    *("evaluate RUN --json", "predict RUN digits --json", "filter box-blur PICTURE"),
]


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
        sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
        deprive()
        code = execute(words)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    except SystemExit as left:  # as rich leaves where nobody reads it
        os._exit(left.code)
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


def without(*names: str, **given: str) -> Callable[[], None]:
    def deprive() -> None:
        for name in names:
            os.environ.pop(name, None)
        os.environ.update(given)

    return deprive


def pictures(root: Path) -> Path:
    draw = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (root / name).mkdir(parents=True)
        for number in range(4):
            pixels = draw.integers(0, 256, (9, 9, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / name / f"{number}.png")
    return root


# ---- the environment


SURROUNDINGS = {
    "no HOME": without("HOME", "XDG_CACHE_HOME", "CONVSCOPE_CACHE"),
    "a HOME that is not there": without("XDG_CACHE_HOME", "CONVSCOPE_CACHE", HOME="/nonexistent/x"),
    "no TMPDIR": without(TMPDIR="/nonexistent"),
    "a cache that is a device": without(CONVSCOPE_CACHE="/dev/null"),
    "a cache in /proc": without(CONVSCOPE_CACHE="/proc/x"),
    "wrong data": without(CONVSCOPE_DATA="/nonexistent"),
    "another language": without("PYTHONUTF8", LANG="C", LC_ALL="C", LANGUAGE="C"),
    "a clock in the past": without(SOURCE_DATE_EPOCH="0", TZ="Nowhere/Else"),
}


@pytest.mark.parametrize("name", SURROUNDINGS)
def test_where_something_is_missing_it_goes_on(name, there, trained):
    data = pictures(there / "data")
    for words in (
        ["check", str(data)],
        ["train", str(data), *QUICK],
        ["evaluate", str(trained)],
        ["predict", str(trained), str(trained.parents[1] / "x.png")],
        ["runs", "--runs", str(trained.parent)],
        ["summary", "plain", "--input", "1x28x28"],
    ):
        found = done(words, SURROUNDINGS[name])
        assert found.code == 0 or found.err.startswith("Error: "), found
        assert found.code == 0 or "cache" in name, found


def test_a_folder_that_was_deleted_is_a_sentence(there, trained):
    def deprive() -> None:
        (there / "gone").mkdir()
        os.chdir(there / "gone")
        (there / "gone").rmdir()

    for words in (["train", "digits", *QUICK], ["check", "digits"], ["runs"], ["evaluate", "latest"],
                  ["predict", str(trained), "x.png"], ["filter", "box-blur", "x.png"]):  # fmt: skip
        found = done(words, deprive)
        assert found.code in (0, 1), found
        assert found.code == 0 or found.err.startswith("Error: "), found


def test_data_of_the_future_and_of_long_ago_are_read(there):
    data = pictures(there / "data")
    os.utime(data / "cat" / "0.png", (2**33, 2**33))
    os.utime(data / "dog" / "0.png", (-1000, -1000))
    assert done(["check", str(data)]).code == 0


# ---- permissions, as nobody


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become nobody")
@pytest.mark.parametrize(
    ("words", "forbidden", "mode", "said"),
    [
        (["train", "data", "--runs", "runs"], "runs", 0o555, "runs"),
        (["train", "data", "--runs", "runs"], "data", 0o000, "data"),
        (["check", "data"], "data", 0o000, "data"),
        (["check", "table.csv"], "table.csv", 0o000, "table.csv"),
        (["predict", "RUN", "data/cat/0.png"], "data/cat/0.png", 0o000, "0.png"),
        (["predict", "RUN", "data/cat/0.png", "-o", "runs/p.csv"], "runs", 0o555, "p.csv"),
        (["evaluate", "closed"], "closed", 0o000, "closed"),
        (["runs", "--runs", "closed"], "closed", 0o000, "closed"),
        (["trust", "closed"], "closed", 0o000, "closed"),
        (["train", "--resume", "closed"], "closed", 0o000, "closed"),
        (["look", "closed", "--no-open"], "closed", 0o000, "closed"),
        (["filter", "box-blur", "data/cat/0.png", "--output", "runs/x.png"], "runs", 0o555, "x.png"),
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


def test_a_disk_that_is_full_leaves_no_half_of_anything(there, trained):
    def small() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))

    data = pictures(there / "data")
    for words in (
        ["train", str(data), *QUICK],
        ["predict", str(trained), str(trained.parents[1] / "x.png"), "--sheet", "s.png"],
        ["filter", "box-blur", str(trained.parents[1] / "x.png"), "--output", "y.bmp"],
        ["look", str(trained), "--save", "page.html"],
    ):
        found = done(words, small)
        assert found.code in (0, 1), found
        assert found.code == 0 or found.err.startswith("Error: "), found
    assert not list(there.glob(".*new")) and not (there / "page.html").exists()
    assert "did not expect" not in done(["runs"]).out


# ---- two at once


def test_two_trainings_at_once_are_two_runs(there):
    children = [begun(["train", "digits", *QUICK], lambda: None, there) for _ in range(3)]
    found = [ended(child, there) for child in children]
    assert [one.code for one in found] == [0, 0, 0], found
    folders = [path for path in (there / "runs").iterdir() if path.is_dir() and not path.is_symlink()]
    assert len(folders) == 3
    for folder in folders:
        assert convscope.load(folder).finished


def test_others_may_read_a_run_while_it_is_written(there, trained):
    training = begun(["train", "digits", *QUICK[:2], "--epochs", "3", "--threads", "1"], lambda: None, there)
    picture = str(trained.parents[1] / "x.png")
    for words in (
        ["predict", "latest", picture],
        ["evaluate", "latest"],
        ["runs"],
        ["train", "--resume", "latest"],
    ):
        found = done(words)
        assert found.code in (0, 1), found
        assert found.code == 0 or found.err.startswith("Error: ") or "has not finished" in found.err, found
    assert ended(training, there).code == 0


def test_two_evaluations_at_once_say_the_same(there, trained):
    children = [begun(["evaluate", str(trained), "--json"], lambda: None, there) for _ in range(2)]
    first, second = (ended(child, there) for child in children)
    assert first.code == second.code == 0
    assert first.out == second.out


# ---- names


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_odd_names_are_only_names(there, trained, name):
    shutil.copytree(trained, there / "runs" / name)
    data = pictures(there / name / "data")
    odd = data / "cat" / f"{name[:200]}.png"
    (data / "cat" / "0.png").rename(odd)
    page = [["look", f"runs/{name}", "--save", f"./{name}.html"]] if name in DRAWN else []
    for words, codes in (
        (["runs"], (0,)),
        (["evaluate", name], (0, 1, 2)),
        (["check", str(data)], (0,)),
        (["predict", f"runs/{name}", str(odd)], (0, 1)),
        *((words, (0,)) for words in page),
    ):
        found = done(words)
        assert found.code in codes, found
        assert found.code == 0 or found.err.startswith("Error: "), found
        assert "\x1b[31m" not in found.out + found.err


def test_a_link_that_leads_to_itself_is_a_sentence(there):
    (there / "runs").mkdir()
    (there / "loop").symlink_to("loop")
    (there / "runs" / "latest").symlink_to("latest")
    for words in (
        *(["check", "loop"], ["train", "loop"], ["evaluate", "loop"], ["evaluate", "latest"]),
        *(["runs", "--runs", "loop"], ["look", "loop", "--no-open"], ["filter", "box-blur", "loop"]),
    ):
        found = done(words)
        assert found.code in (1, 2), found
        assert found.err.startswith("Error: "), found
    assert done(["runs"]).code == 0
    assert stat.S_ISLNK((there / "loop").lstat().st_mode)


# ---- a reader that has enough, as `| head -1`


@pytest.mark.parametrize("typed", TYPED)
def test_a_reader_that_has_enough_ends_it_quietly(there, trained, typed):
    def closed() -> None:
        reader, writer = os.pipe()
        os.close(reader)
        os.dup2(writer, 1)

    names = {"RUN": str(trained), "PICTURE": str(trained.parents[1] / "x.png")}
    found = done([names.get(word, word) for word in typed.split()], closed)
    assert (found.code, found.err) == (1, ""), found


# ---- runs of an older convscope


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("runs", 0),
        ("evaluate finished", 0),
        ("evaluate interrupted", 0),
        ("predict finished digits", 0),
        ("predict interrupted PICTURE", 0),
        ("summary finished", 0),
        ("explain finished", 0),
        ("compare finished interrupted", 0),
        ("look finished --save page.html", 0),
        ("trust finished", 1),  # it carries no code
        ("train --resume finished", 0),  # is judged
        ("train --resume interrupted", 0),
        ("train --resume finished --epochs 4", 1),  # nothing to go on from
    ],
)
def test_a_run_of_an_older_version_goes_through_every_command(there, trained, words, code):
    for name in ("finished", "interrupted"):
        shutil.copytree(OLD / name, there / "runs" / name)
    picture = str(trained.parents[1] / "x.png")
    found = done([picture if word == "PICTURE" else word for word in words.split()])
    assert found.code == code, found
    assert code == 0 or found.err.startswith("Error: "), found
