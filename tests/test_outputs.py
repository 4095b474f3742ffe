"""What a person gets as a file: it never takes the place of what is theirs, and is whole or not there."""

import os
import stat
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from convscope import outputs, trace
from convscope.cli import execute
from convscope.errors import DataError, TraceError
from convscope.outputs import Output, OutputForm
from convscope.run import Predictions, ValuePredictions
from convscope.run.evaluation.predictions import TABLE
from convscope.run.plots.sheet import SHEET

OURS = OutputForm("note", (".txt", ".text"), lambda path: path.read_bytes().startswith(b"ours"))


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def umask():
    """Set the umask for a test."""
    before = os.umask(0)
    yield os.umask
    os.umask(before)


def mode(path):
    return stat.S_IMODE(Path(path).stat().st_mode)


def refused(path, **more):
    before = Path(path).read_bytes() if Path(path).is_file() else None
    with pytest.raises(DataError) as caught:
        Output(Path(path), OURS, **more).write(b"ours, new")
    assert (Path(path).read_bytes() if Path(path).is_file() else None) == before
    assert not list(Path().rglob("*.new"))
    return str(caught.value)


def test_an_output_is_written_and_replaces_itself():
    for content in (b"ours", b"ours, again"):
        assert Output(Path("a.txt"), OURS).write(content).read_bytes() == content


def test_the_ending_is_demanded():
    assert refused("photo.jpg") == (
        "photo.jpg: a note is known by its ending, .txt (or .text).\n  Call it photo.jpg.txt"
    )
    assert Output(Path("A.TXT"), OURS).write(b"ours").exists()


def test_what_we_did_not_write_stays_but_by_force():
    Path("mine.txt").write_text("a letter")
    said = refused("mine.txt")
    assert said.startswith(
        "mine.txt is there already, and is no note of convscope.\n  Give another path, or --force"
    )
    Output(Path("mine.txt"), OURS, force=True).write(b"ours")
    assert Path("mine.txt").read_bytes() == b"ours"
    Path("empty.txt").touch()
    assert "is there already" in refused("empty.txt")


@pytest.mark.parametrize("force", [False, True])
def test_an_input_is_never_written_to(force):
    Path("data").mkdir()
    Path("data/in.txt").write_bytes(b"ours")
    os.link("data/in.txt", "twin.txt")
    Path("link").symlink_to("data")
    for source, path in [
        ("data/in.txt", "data/in.txt"),
        ("data/in.txt", "twin.txt"),
        ("data/in.txt", "link/in.txt"),
        ("data", "data/new.txt"),
        ("data", "link/new.txt"),
        ("link", "data/in.txt"),
        (".", "data/new.txt"),
    ]:
        assert "read as data: no output goes there" in refused(path, inputs=[Path(source)], force=force)
    assert Output(Path("beside.txt"), OURS, [Path("data"), Path("mnist")], force).write(b"ours").exists()


@pytest.mark.parametrize("force", [False, True])
def test_where_no_file_can_stand(force):
    assert "cannot be written: there is no folder no/such" in refused("no/such/a.txt", force=force)
    Path("folder.txt").mkdir()
    assert "is a folder" in refused("folder.txt", force=force)
    Path("gone.txt").symlink_to("nowhere/else.txt")
    assert "is a link to nowhere/else.txt, which is not there" in refused("gone.txt", force=force)
    os.mkfifo("pipe.txt")
    assert "is there already" in refused("pipe.txt", force=force)


def test_a_name_that_cannot_be_is_a_sentence():
    for name in (f"{'a' * 300}.txt", "a\0b.txt", f"{'a' * 251}.txt"):
        with pytest.raises(DataError, match="cannot be written"):
            Output(Path(name), OURS).write(b"ours")


def test_a_link_stays_a_link():
    Path("real.txt").write_bytes(b"ours")
    Path("link.txt").symlink_to("real.txt")
    Output(Path("link.txt"), OURS).write(b"ours, new")
    assert Path("link.txt").is_symlink()
    assert Path("real.txt").read_bytes() == b"ours, new"


@pytest.mark.parametrize("failing", ["os.fsync", "convscope.system.rename"])
def test_a_full_disk_is_a_sentence_and_leaves_nothing(monkeypatch, failing):
    def full(*_):
        raise OSError(28, "No space left on device")

    Path("a.txt").write_bytes(b"ours, old")
    monkeypatch.setattr(failing, full)
    assert refused("a.txt") == "a.txt cannot be written: No space left on device.\n  Give another path."
    assert "No space left" in refused("b.txt")
    assert [path.name for path in Path().iterdir()] == ["a.txt"]


def test_a_folder_that_is_read_only(monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    assert "a.txt cannot be written: . is read-only" in refused("a.txt")


@pytest.mark.parametrize(("mask", "file"), [(0o077, 0o600), (0o022, 0o644), (0o002, 0o664), (0o027, 0o640)])
def test_the_umask_is_honoured_and_so_is_what_a_person_has_set(umask, mask, file):
    umask(mask)
    Output(Path("a.txt"), OURS).write(b"ours")
    assert mode("a.txt") == file
    Path("a.txt").chmod(0o604)
    Output(Path("a.txt"), OURS).write(b"ours")
    assert mode("a.txt") == 0o604
    outputs.replace(Path("b"), b"")
    assert mode("b") == file


def predictions(**more):
    classes = {"probabilities": torch.tensor([[0.75, 0.25]]), "classes": ("cat", "dog"), "truth": ("cat",)}
    own = {
        "names": ('a "quoted",\nname',),
        "inputs": torch.zeros(1, 1, 4, 4, dtype=torch.uint8),
        "kind": "image",
    }
    return Predictions(**{**classes, **own, **more})


def values(**more):
    own = {"names": ("x",), "inputs": torch.zeros(1, 1, 8), "kind": "signal"}
    return ValuePredictions(
        **{"values": torch.tensor([-2.5]), "target": "age", "truth": (None,), **own, **more}
    )


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("told", [predictions(), predictions(truth=(None,)), values(), values(truth=(3.0,))])
def test_tables_and_sheets_know_themselves(told, k):
    for _ in range(2):
        assert TABLE.ours(told.to_csv("said.csv", k))
        assert SHEET.ours(told.contact_sheet("sheet.png"))


@pytest.mark.parametrize(
    "text",
    [
        "name,predicted\nAnna,yes\n",
        "name,true,predicted\r\nAnna,1,2\r\n",
        "name,predicted,probability\nx,cat,0.93\n",
        "label,t0,t1\na,0.5,0.25\n",
        "name,predicted,remark\r\nx,cat,0.930000\r\n",
        "",
        "\ufeffname,predicted\r\nx,0.930000\r\n",
    ],
)
def test_tables_of_people_are_not_ours(text):
    Path("mine.csv").write_bytes(text.encode())
    with pytest.raises(DataError, match="no table of predictions of convscope"):
        predictions().to_csv("mine.csv")
    assert Path("mine.csv").read_bytes() == text.encode()
    assert TABLE.ours(predictions().to_csv("mine.csv", force=True))


def test_pictures_of_people_are_not_ours():
    Image.new("RGB", (8, 8)).save("mine.png")
    with pytest.raises(DataError, match="no sheet of convscope"):
        predictions().contact_sheet("mine.png")
    with pytest.raises(DataError, match="by its ending"):
        predictions().contact_sheet("sheet.jpg")


def test_predictions_know_what_they_were_read_from():
    Path("new").mkdir()
    told = predictions(sources=[Path("new")])
    for write in (told.to_csv, told.contact_sheet):
        with pytest.raises(DataError, match="lies inside new"):
            write("new/out.csv" if write == told.to_csv else "new/out.png", force=True)


def picture(path):
    Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)).save(path)
    return Path(path).read_bytes()


@pytest.mark.parametrize("ending", ["png", "jpg", "gif"])
def test_a_filter_keeps_photos_and_replaces_its_own(capsys, ending):
    before = picture("photo.png"), picture(f"holiday.{ending}")
    command = ["filter", "sobel-x", "photo.png", "--output"]
    assert execute([*command, f"holiday.{ending}"]) == 1
    assert f"holiday.{ending} is there already, and is no picture of convscope" in capsys.readouterr().err
    assert execute([*command, "photo.png", "--force"]) == 1
    assert "is itself read as data" in capsys.readouterr().err
    assert (Path("photo.png").read_bytes(), Path(f"holiday.{ending}").read_bytes()) == before
    for _ in range(2):
        assert execute([*command, f"edges.{ending}"]) == 0
    assert execute([*command, f"holiday.{ending}", "--force"]) == 0
    assert Path(f"holiday.{ending}").read_bytes() == Path(f"edges.{ending}").read_bytes()


def test_a_filters_own_name_is_no_exception(capsys):
    picture("photo.png")
    before = picture("sobel-x-photo.png")
    assert execute(["filter", "sobel-x", "photo.png"]) == 1
    assert "sobel-x-photo.png is there already" in capsys.readouterr().err
    assert Path("sobel-x-photo.png").read_bytes() == before


def test_a_filtered_signal(capsys):
    Path("heart.csv").write_text("0\n1\n4\n9\n16\n")
    for name in ("rise.csv", "rise.png"):
        assert execute(["filter", "derivative", "heart.csv", "--output", name]) == 0
    assert execute(["filter", "derivative", "heart.csv", "--output", "rise.png"]) == 0
    assert execute(["filter", "derivative", "heart.csv", "--output", "heart.csv"]) == 1
    assert "is itself read as data" in capsys.readouterr().err
    assert execute(["filter", "derivative", "heart.csv", "--output", "rise.doc"]) == 1
    assert Path("heart.csv").read_text() == "0\n1\n4\n9\n16\n"


def test_a_trace_replaces_traces_only():
    seen = trace(torch.nn.ReLU(), torch.ones(1))
    for _ in range(2):
        seen.save("seen.trace")
    Path("mine").write_text("letter")
    with pytest.raises(TraceError, match="no trace of convscope"):
        seen.save("mine")
    seen.save("mine", force=True)


def test_look_keeps_what_is_a_persons(capsys):
    Path("notes.html").write_text("<title>my notes</title>")
    Path("data").mkdir()
    assert execute(["look", "plain", "--input", "1x8x8", "--save", "notes.html"]) == 1
    assert "notes.html is there already, and is no page of convscope" in capsys.readouterr().err
    assert execute(["look", "data", "--save", "data/page.html", "--force"]) == 1
    assert "lies inside data" in capsys.readouterr().err
    assert not list(Path("data").iterdir())
