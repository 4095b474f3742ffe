"""A file of predictions says what the run says in memory, of any number of samples, whatever happens."""

import csv
import io
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas
import pytest
import torch
from PIL import Image
from torch import nn

import convscope
from convscope.cli import execute
from convscope.data import streaming
from convscope.data.files import workers
from convscope.errors import ConvscopeError, DataError, UnknownName
from convscope.predicting import engines, journal
from tests.run.killing import die_at

pytestmark = pytest.mark.usefixtures("undrawn", "elsewhere")
QUICK = {"epochs": 0.5, "batch": 16, "threads": 1, "precision": "fp32", "device": "cpu"}
CLOSE = 1e-5


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("predicting")


@pytest.fixture
def elsewhere(tmp_path, monkeypatch, root):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONVSCOPE_CACHE", str(root / "cache"))


@pytest.fixture(scope="module")
def pictures(root):
    """A folder a class, 40 pictures each, one of them damaged."""
    random = np.random.default_rng(0)
    for place, name in enumerate(("cat", "dog", "owl")):
        (root / "photos" / name).mkdir(parents=True)
        for number in range(40):
            pixels = random.integers(60 * place, 60 * place + 90, (12, 12), dtype=np.uint8)
            Image.fromarray(pixels).save(root / "photos" / name / f"{number}.png")
    (root / "photos" / "dog" / "7.png").write_bytes(b"no picture at all")
    return root / "photos"


@pytest.fixture(scope="module")
def run(undrawn, pictures, root):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVSCOPE_CACHE", str(root / "cache"))
        return convscope.train(pictures, network="plain", runs=root / "runs", **QUICK)


@pytest.fixture
def few(monkeypatch):
    """Pieces of 32 samples, so that there are some."""
    monkeypatch.setattr(streaming, "MOST", workers.CHUNK)


def rows(path) -> list[dict[str, str]]:
    with Path(path).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def same(found: list[dict[str, str]], told) -> None:
    """Rows of a CSV file are what a run said in memory."""
    wanted = told.table()
    assert [row["name"] for row in found] == [row["name"] for row in wanted]
    for row, want in zip(found, wanted, strict=True):
        assert row["predicted"] == want["predicted"]
        assert row.get("true", "") == (want.get("true") or "")
        assert abs(float(row["probability"]) - want["probability"]) < CLOSE


# ---- the same answers


@pytest.mark.parametrize("engine", [None, "torch", "onnx"])
def test_a_file_says_what_the_run_says(run, pictures, few, engine):
    found = convscope.predict(run, pictures, "p.csv", engine=engine)
    told = run.predict(pictures)
    same(rows("p.csv"), told)
    assert len(found) == len(told) == 119
    assert found.skipped == list(told.skipped)
    assert [skipped.file for skipped in found.skipped] == ["dog/7.png"]
    for row, want in zip(found.rows, told.table()[:10], strict=True):
        assert row == {key: pytest.approx(value, abs=CLOSE) for key, value in want.items()}
    right = sum(row["true"] == row["predicted"] for row in rows("p.csv"))
    assert f"{right} of 119 right" in found.score
    assert not Path("p.csv.part").exists()


def test_three_forms_of_one_table(run, pictures):
    for ending in ("csv", "jsonl", "parquet"):
        convscope.predict(run, [pictures], f"p.{ending}", top=2)
    table = pandas.read_csv("p.csv")
    lines = pandas.DataFrame([json.loads(line) for line in Path("p.jsonl").read_text().splitlines()])
    parquet = pandas.read_parquet("p.parquet")
    assert list(table) == list(lines) == list(parquet)
    assert list(table) == ["name", "true", "predicted", "probability", "choice 2", "probability 2"]
    for title in table:
        if title.startswith("probability"):
            assert np.abs(table[title] - parquet[title]).max() < 1e-6
            assert np.abs(lines[title] - parquet[title]).max() == 0
        else:
            assert (table[title] == parquet[title]).all()
            assert (table[title] == lines[title]).all()


def test_no_two_names_become_one(run, pictures):
    """Bytes that are no text, and names that look like an escape of them."""
    content = (pictures / "cat" / "0.png").read_bytes()
    names = [b"a\xff.png", rb"a\xff.png", rb"a\udcff.png", rb"a\\udcff.png", b"a\\\xff.png"]
    Path("odd").mkdir()
    for name in names:
        Path("odd", os.fsdecode(name)).write_bytes(content)
    told = {}
    for ending in ("csv", "jsonl", "parquet"):
        convscope.predict(run, "odd", f"p.{ending}")
    told["csv"] = [row["name"] for row in rows("p.csv")]
    told["jsonl"] = [json.loads(line)["name"] for line in Path("p.jsonl").read_text().splitlines()]
    told["parquet"] = pandas.read_parquet("p.parquet")["name"].tolist()
    assert told["csv"] == told["jsonl"] == told["parquet"]
    assert len(set(told["csv"])) == len(names)
    assert all(name.encode() for name in told["csv"])
    assert rb"a\xff.png".decode() in told["csv"]  # what is no escape of ours stays as it is
    convscope.predict(run, "odd", "q.csv", exact_names=True)
    assert {line.split(b",")[0] for line in Path("q.csv").read_bytes().splitlines()[1:]} == {*names}


def test_whatever_is_given_all_at_once(run, pictures, few):
    """Folders, arrays, tables, patterns, data sets and files in one list, and each alone."""
    random = np.random.default_rng(1)
    np.save("x.npy", random.integers(0, 255, (70, 12, 12), dtype=np.uint8))
    names = [f"{pictures}/cat/{number}.png" for number in range(5)]
    Path("t.csv").write_text("\n".join(["path,label", *(f"{name},cat" for name in names)]))
    x, y = random.integers(0, 255, (9, 12, 12), dtype=np.uint8), np.arange(9) % 3
    np.savez("set.npz", X=x, y=y, class_names=np.array(["cat", "dog", "owl"]))
    given = [str(pictures / "cat"), "x.npy", "t.csv", f"{pictures}/owl/1*.png", "set.npz", "digits"]
    counts = {"x.npy": 70, "t.csv": 5, "set.npz": 9}
    total = 0
    for one in given[:-1]:
        found = convscope.predict(run, one, "one.csv")
        same(rows("one.csv"), run.predict(one))
        assert len(found) == counts.get(one, len(found))
        total += len(found)
    assert len(convscope.predict(run, given[:-1], "all.csv")) == total
    same(rows("all.csv"), run.predict(given[:-1]))


def test_names_of_data_may_stand_beside_paths(undrawn, tmp_path):
    run = convscope.train("digits", runs="runs", network="fast", **QUICK | {"epochs": 0.1})
    digit = run.dataset().inputs[:3].numpy()
    np.save("x.npy", digit)
    found = convscope.predict(run, ["x.npy", "digits"], "p.csv")
    told = run.predict(["x.npy", "digits"])
    assert len(found) == len(told) == 3 + len(run.predict("digits"))
    same(rows("p.csv"), told)


def test_what_is_in_memory_and_what_comes_bit_by_bit(run, monkeypatch, few):
    random = np.random.default_rng(2)
    x = random.integers(0, 255, (100, 12, 12), dtype=np.uint8)
    convscope.predict(run, x, "p.csv")
    same(rows("p.csv"), run.predict(x))
    made = []

    def pictures():
        for pixels in x:
            made.append(1)
            yield Image.fromarray(pixels)

    monkeypatch.setattr("convscope.run.streams.FEW_AT_ONCE", 10)
    stream = pictures()
    original, seen = journal.Journal.add, []
    monkeypatch.setattr(
        journal.Journal, "add", lambda self, answers: (seen.append(len(made)), original(self, answers))
    )
    assert len(convscope.predict(run, stream, "q.csv")) == 100
    assert seen == list(range(10, 101, 10))  # no more is taken than what is at work
    assert [row["predicted"] for row in rows("q.csv")] == [row["predicted"] for row in rows("p.csv")]


@pytest.mark.parametrize("kind", ["signal", "volume", "amounts"])
def test_every_kind(kind, undrawn):
    random = np.random.default_rng(0)
    shape = {"signal": (2, 30), "volume": (1, 6, 6, 6), "amounts": (2, 30)}[kind]
    x = random.normal(size=(60, *shape)).astype(np.float32)
    y = x.mean(tuple(range(1, x.ndim))) if kind == "amounts" else np.arange(60) % 2
    run = convscope.train((x, y), network="plain", runs="runs", **QUICK)
    for engine in ("torch", "onnx"):
        found = convscope.predict(run, x, "p.csv", engine=engine)
        told, lines = run.predict(x), rows("p.csv")
        assert len(found) == len(lines) == 60
        if kind == "amounts":
            assert (
                np.abs(np.array([float(line["predicted"]) for line in lines]) - np.asarray(told)).max() < 1e-5
            )
            assert list(lines[0]) == ["name", "predicted"]
        else:
            same(lines, told)
    np.savez("labelled.npz", X=x, y=y)
    if kind == "amounts":
        assert "mean absolute error" in convscope.predict(run, "labelled.npz", "l.csv").score


def test_many_pictures_are_read_by_copies(run, pictures, few, monkeypatch):
    monkeypatch.setattr(workers, "FEWEST", 50)
    read = []
    original = streaming._copied
    monkeypatch.setattr(streaming, "_copied", lambda *given: (read.append(1), original(*given))[1])
    convscope.predict(run, pictures, "p.csv")
    assert read
    same(rows("p.csv"), run.predict(pictures))
    Path("mixed").mkdir()
    for number, file in enumerate(sorted((pictures / "owl").glob("*.png"))):
        Path(f"mixed/{number:02}.png").write_bytes(file.read_bytes())
    np.save("mixed/20.npy", np.zeros((70, 12, 12), np.uint8))
    many = [*["mixed"] * 2, str(pictures)]
    convscope.predict(run, many, "m.csv")  # copies give up where a file is many samples
    same(rows("m.csv"), run.predict(many))


# ---- the faster one


def test_the_faster_engine_is_found_by_measuring(run, monkeypatch, few):
    monkeypatch.setattr(engines, "WORTH", 0.0)
    monkeypatch.setattr(engines, "WORTH_MADE", 0.0)
    random = np.random.default_rng(3)
    x = random.integers(0, 255, (400, 12, 12), dtype=np.uint8)
    slow = engines.Engine._torch
    monkeypatch.setattr(engines.Engine, "_torch", lambda self, some: (torch.mm(A, A), slow(self, some))[1])
    found = convscope.predict(run, x, "p.csv")
    assert found.engine.startswith("ONNX Runtime, ")
    assert "(torch: " in found.engine
    same(rows("p.csv"), run.predict(x))
    original = engines._session

    def sluggish(engine):
        answers = original(engine)
        return lambda some: (torch.mm(A, A), torch.mm(A, A), torch.mm(A, A), answers(some))[3]

    monkeypatch.setattr(engines, "_session", sluggish)
    found = convscope.predict(run, x, "p.csv")
    assert found.engine.startswith("torch, ")
    assert "(ONNX Runtime: " in found.engine


A = torch.ones(1200, 1200)


def test_an_engine_that_answers_otherwise_is_not_taken(run, monkeypatch, few):
    monkeypatch.setattr(engines, "WORTH", 0.0)
    monkeypatch.setattr(engines, "WORTH_MADE", 0.0)
    x = np.random.default_rng(3).integers(0, 255, (200, 12, 12), dtype=np.uint8)
    original = engines._session
    monkeypatch.setattr(engines, "_session", lambda engine: lambda some: original(engine)(some) * 0.999)
    assert convscope.predict(run, x, "p.csv").engine.startswith("torch")
    with pytest.raises(ConvscopeError, match="answers otherwise"):
        convscope.predict(run, x, "q.csv", engine="onnx")
    assert not Path("q.csv").exists()


def test_where_two_classes_are_as_likely_torch_decides(run, monkeypatch):
    engine = engines.Engine(run, "torch", None)
    some = torch.zeros(3, 1, 12, 12, dtype=torch.uint8)
    said = torch.tensor([[0.4, 0.400001, 0.2], [0.7, 0.2, 0.1], [0.1, 0.45, 0.45]], dtype=torch.float64)
    decided = engine._decided(lambda inputs: said.clone())(some)
    own = run.predict(some.numpy()).probabilities
    assert torch.equal(decided[[0, 2]], own[[0, 2]])
    assert torch.equal(decided[1], said[1])


def test_a_damaged_network_in_the_cache_is_made_anew(run, root):
    x = np.zeros((5, 12, 12), np.uint8)
    convscope.predict(run, x, "p.csv", engine="onnx")
    for path in (root / "cache" / "networks").glob("*.onnx"):
        path.write_bytes(path.read_bytes()[:1000])
    convscope.predict(run, x, "p.csv", engine="onnx")
    same(rows("p.csv"), run.predict(x))


class Branching(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(144, 2)

    def forward(self, x):
        return self.fc(x.flatten(1)) if x.sum() > 1e9 else self.fc(-x.flatten(1))


def test_a_network_that_is_no_graph_is_torchs(undrawn, monkeypatch, few):
    monkeypatch.setattr(engines, "WORTH", 0.0)
    x, y = np.random.default_rng(0).integers(0, 255, (200, 12, 12), dtype=np.uint8), np.arange(200) % 2
    run = convscope.train((x, y), network=Branching(), runs="runs", **QUICK)
    assert convscope.predict(run, x, "p.csv").engine.startswith("torch")
    with pytest.raises(ConvscopeError, match="no fixed graph"):
        convscope.predict(run, x, "p.csv", engine="onnx")


def test_who_waits_for_samples_leaves_the_cores_to_their_readers(run, pictures, few, monkeypatch):
    """Threads of torch that wait turn in circles, and take from the copies that decode."""
    original, used = engines.Engine._torch, []
    monkeypatch.setattr(
        engines.Engine, "_torch", lambda self, x: (used.append(torch.get_num_threads()), original(self, x))[1]
    )
    monkeypatch.setattr("convscope.predicting.work.WAITED", -1.0)
    torch.set_num_threads(2)
    convscope.predict(run, pictures, "p.csv", engine="torch")
    assert set(used) == {1}
    used.clear()
    monkeypatch.setattr("convscope.predicting.work.WAITED", 1e9)
    convscope.predict(run, pictures, "p.csv", engine="torch")
    assert used[0] == 1  # nothing was computed yet, so any wait is one
    assert set(used[1:]) == {2}
    assert torch.get_num_threads() == 2


# ---- kills


def killed_at(count: int, run, given, path: str) -> bool:
    """Predict in a process that ends at the `count`-th write; whether it did."""
    child = os.fork()
    if not child:
        left = [count]
        original = journal.Journal.add

        def add(self, answers):
            left[0] -= 1
            if left[0] == 0:  # in the middle of a record
                whole = answers.content()
                self._file.seek(self._end)
                self._file.write(journal.FRAME.pack(len(whole), 0) + whole[: len(whole) // 2])
                self._file.flush()
                os.kill(os.getpid(), signal.SIGKILL)
            original(self, answers)

        journal.Journal.add = add
        try:
            convscope.predict(run, given, path, engine="torch")
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def test_after_kills_no_row_is_there_twice(run, pictures, few, capsys):
    torch.set_num_threads(1)  # a copy of this process has no other threads
    np.save("x.npy", np.random.default_rng(1).integers(0, 255, (100, 12, 12), dtype=np.uint8))
    given = ["x.npy", str(pictures), "x.npy"]
    asked = []
    for _ in range(2):
        assert killed_at(3, run, given, "p.csv")
        assert not Path("p.csv").exists()
    original = engines.Engine.__call__
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            engines.Engine,
            "__call__",
            lambda self, x, *more: (asked.append(len(x)), original(self, x, *more))[1],
        )
        found = convscope.predict(run, given, "p.csv", engine="torch")
    assert "going on" in capsys.readouterr().err
    assert sum(asked) == 319 - 4 * 32 + (32 - 4)  # 100 rows are 32, 32, 32 and 4
    assert len(found) == 319
    assert [skipped.file for skipped in found.skipped] == [f"{pictures}/dog/7.png"]
    same(rows("p.csv"), run.predict(given))


@pytest.mark.parametrize("kind", ["array", "set", "name", "archive", "table"])
def test_a_kill_within_one_stream(kind, run, pictures, few):
    """Whatever the samples come from, the work goes on in the middle of it, and no row is there twice."""
    torch.set_num_threads(1)
    x = np.random.default_rng(4).integers(0, 255, (150, 12, 12), dtype=np.uint8)
    given = {
        "array": "x.npy",
        "set": "set.npz",
        "name": "rows.csv",
        "archive": "photos.zip",
        "table": "t.csv",
    }
    if kind == "array":
        np.save("x.npy", x)
    elif kind == "set":
        np.savez("set.npz", X=x, y=np.arange(150) % 3)
    elif kind == "name":
        Path("rows.csv").write_text("\n".join(",".join(map(str, row.ravel())) for row in x))
    elif kind == "archive":
        shutil.make_archive("photos", "zip", pictures)
    else:
        names = sorted(str(path) for path in pictures.rglob("*.png"))
        Path("t.csv").write_text("\n".join(["path,label", *(f"{name},cat" for name in names)]))
    wanted = run.predict(given[kind])
    for count in (1, 2, 3):
        assert killed_at(count, run, given[kind], "p.csv")
    assert journal.beside(Path("p.csv")).stat().st_size > 1000
    found = convscope.predict(run, given[kind], "p.csv", engine="torch")
    same(rows("p.csv"), wanted)
    assert found.skipped == list(wanted.skipped)
    assert [remark for remark in found.remarks if remark not in wanted.remarks] == []


def test_a_kill_at_any_write_of_the_end(run, pictures, few):
    torch.set_num_threads(1)
    wanted = run.predict(pictures)
    for count in range(1, 10):
        child = os.fork()
        if not child:
            die_at(count)
            try:
                convscope.predict(run, pictures, "p.csv", engine="torch")
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        if Path("p.csv").exists():
            same(rows("p.csv"), wanted)
        if not os.WIFSIGNALED(status):
            break
    else:
        raise AssertionError("it never came to an end")
    assert count > 1
    same(rows("p.csv"), wanted)
    assert not Path("p.csv.part").exists()


def test_other_work_begins_anew(run, pictures, few, capsys):
    torch.set_num_threads(1)
    assert killed_at(3, run, str(pictures), "p.csv")
    capsys.readouterr()
    convscope.predict(run, pictures / "cat", "p.csv")
    assert "other" in capsys.readouterr().err
    same(rows("p.csv"), run.predict(pictures / "cat"))
    Path("one.png").write_bytes((pictures / "cat" / "0.png").read_bytes())
    given = ["one.png", *[str(pictures / "owl")] * 3]
    assert killed_at(3, run, given, "p.csv")
    Path("one.png").write_bytes((pictures / "owl" / "0.png").read_bytes())  # the same name, other content
    convscope.predict(run, given, "p.csv")
    same(rows("p.csv"), run.predict(given))


def test_a_journal_that_was_cut_anywhere(run, pictures, few):
    torch.set_num_threads(1)
    assert killed_at(4, run, str(pictures), "p.csv")
    whole = Path("p.csv.part").read_bytes()
    wanted = run.predict(pictures)
    for length in range(0, len(whole), max(1, len(whole) // 12)):
        Path("p.csv.part").write_bytes(whole[:length])
        convscope.predict(run, pictures, "p.csv", engine="torch")
        same(rows("p.csv"), wanted)
    changed = bytearray(whole)
    changed[len(whole) // 3] ^= 1
    Path("p.csv.part").write_bytes(changed)
    convscope.predict(run, pictures, "p.csv", engine="torch")
    same(rows("p.csv"), wanted)


def test_two_at_once(run, pictures):
    with (
        journal.opened(Path("p.csv"), "somebody's"),
        pytest.raises(DataError, match="another convscope"),
    ):
        convscope.predict(run, pictures, "p.csv")


# ---- what can go wrong


def test_a_file_of_somebody_is_never_touched(run, pictures):
    Path("p.csv.part").write_text("my diary")
    with pytest.raises(DataError, match="something else"):
        convscope.predict(run, pictures, "p.csv")
    assert Path("p.csv.part").read_text() == "my diary"
    for ending in ("csv", "jsonl", "parquet"):
        Path(f"mine.{ending}").write_text("my own words")
        with pytest.raises(DataError, match="--force"):
            convscope.predict(run, pictures, f"mine.{ending}")
        assert not Path(f"mine.{ending}.part").exists()
        convscope.predict(run, pictures, f"mine.{ending}", force=True)
        convscope.predict(run, pictures, f"mine.{ending}")  # ours by now


def test_a_disk_that_fills(run, pictures, few):
    """A limit on the size of files stands for it; the same command goes on once there is room."""
    torch.set_num_threads(1)
    child = os.fork()
    if not child:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2500, 2500))
        try:
            convscope.predict(run, pictures, "p.csv", engine="torch")
        except DataError as error:
            os._exit(0 if "Make room" in str(error) else 2)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert not Path("p.csv").exists()
    assert Path("p.csv.part").stat().st_size <= 2500
    convscope.predict(run, pictures, "p.csv")
    same(rows("p.csv"), run.predict(pictures))


def test_nothing_that_can_be_read(run):
    Path("bad").mkdir()
    for number in range(40):
        Path(f"bad/{number}.png").write_bytes(b"no")
    with pytest.raises(DataError, match="no image can be read"):
        convscope.predict(run, "bad", "p.csv")
    assert sorted(Path().glob("p.csv*")) == []
    with pytest.raises(DataError, match="no file or folder"):
        convscope.predict(run, ["bad", "nothere"], "p.csv")


def test_a_sample_of_another_shape_among_many(run, pictures, few):
    Path("many").mkdir()
    for number in range(60):
        np.save(f"many/{number:02}.npy", np.full((12, 12), number, np.uint8))
    np.save("many/33.npy", np.zeros((12, 12, 5, 5), np.uint8))
    np.save("many/44.npy", np.full((12, 12), np.nan))
    found = convscope.predict(run, "many", "p.csv")
    assert len(found) == 58
    assert [skipped.file for skipped in found.skipped] == ["33.npy", "44.npy"]


def test_arguments(run, pictures):
    with pytest.raises(UnknownName, match="tpu"):
        convscope.predict(run, pictures, "p.csv", engine="tpu")
    with pytest.raises(DataError, match=r"\.csv, \.jsonl, \.parquet"):
        convscope.predict(run, pictures, "p.docx")


def test_names_of_files_on_standard_input(run, pictures, monkeypatch, capsys):
    names = sorted(str(path) for path in (pictures / "cat").glob("*.png"))
    for text in ("\n".join(names), "\r\n".join([*names, ""]), "\0".join(names)):
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        assert execute(["predict", str(run.path), "-", "-o", "p.csv"]) == 0
        assert [row["name"] for row in rows("p.csv")] == names
    monkeypatch.setattr("sys.stdin", io.StringIO("\ufeff" + "\n".join(names)))  # as Windows writes it
    assert execute(["predict", str(run.path), "-", "-o", "p.csv"]) == 0
    assert [row["name"] for row in rows("p.csv")] == names
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert execute(["predict", str(run.path), "-", "-o", "p.csv"]) == 2
    assert "standard input names no files" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(names)))
    assert execute(["features", str(run.path), "-", f"{pictures}/owl/1*.png", "-o", "f.npz"]) == 0
    assert len(np.load("f.npz")["x"]) == len(names) + 11


PEAK = """
import json, resource, sys, numpy, convscope
def some(count):
    for _ in range(count): yield numpy.zeros((12, 12), numpy.uint8)
def peak(given):
    found = convscope.predict(sys.argv[1], given, "p.csv", engine="torch")
    return len(found), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
"""


def peaks(run, code: str) -> list[list[int]]:
    """Samples and the peak of memory in MiB of two predictions, one after the other in one process."""
    words = [sys.executable, "-c", f"{PEAK}print(json.dumps([{code}]))", str(run.path)]
    return json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


def test_memory_does_not_grow_with_the_samples(run):
    """Twenty times the pictures, and nearly the same peak."""
    (few, first), (many, then) = peaks(run, "peak(some(2_000)), peak(some(40_000))")
    assert (few, many) == (2_000, 40_000)
    assert then - first < 30  # MiB; the samples alone would be 6, their answers and objects more


def test_of_each_file_its_name_stays_in_memory(run, pictures):
    """Half a kilobyte, not its picture."""
    for count in (600, 4_000):
        Path(f"files{count}").mkdir()
        for number in range(count):
            os.link(pictures / "owl" / f"{number % 40}.png", Path(f"files{count}", f"{number}.png"))
    (few, first), (many, then) = peaks(run, "peak('files600'), peak('files4000')")
    assert (few, many) == (600, 4_000)
    assert then - first < 20  # MiB
