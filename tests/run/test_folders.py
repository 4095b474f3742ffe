import multiprocessing
from datetime import date
from pathlib import Path

import pytest

from convscope import outputs
from convscope.errors import RunError
from convscope.run import folders, load, runs

DAY = date(2026, 11, 22)
processes = multiprocessing.get_context("fork")


@pytest.mark.parametrize(
    ("source", "network", "name"),
    [
        ("mnist", "plain", "2026-11-22_mnist_plain"),
        ("mnist-sample", "vgg", "2026-11-22_mnist-sample_vgg"),
        ("/data/My Photos (2)/", "resnet", "2026-11-22_my-photos-2_resnet"),
        (r"C:\data\Fotos", "plain", "2026-11-22_fotos_plain"),
        ("../..", "a/b.py:Net", "2026-11-22_data_net"),
        ("/", "plain", "2026-11-22_data_plain"),
        ("Größe/猫", "plain", "2026-11-22_猫_plain"),
        ("x" * 300, "plain", "2026-11-22_" + "x" * 40 + "_plain"),
    ],
)
def test_names_are_safe_and_readable(source, network, name):
    assert folders.stem(source, network, DAY) == name


def fill(folder: Path) -> None:
    (folder / "settings.toml").write_text("")


def make_many(root: Path) -> None:
    for _ in range(20):
        folders.make(root, "name", fill)


def test_numbers_count_on(tmp_path):
    assert folders.make(tmp_path, "name", fill).name == "name_1"
    assert folders.make(tmp_path, "name", fill).name == "name_2"
    (tmp_path / "name_7").mkdir()
    assert folders.make(tmp_path, "name", fill).name == "name_8"
    assert folders.make(tmp_path, "nam", fill).name == "nam_1"


def test_processes_that_begin_at_once_get_numbers_of_their_own(tmp_path):
    crowd = [processes.Process(target=make_many, args=(tmp_path,)) for _ in range(4)]
    for process in crowd:
        process.start()
    for process in crowd:
        process.join()
    assert {path.name for path in tmp_path.iterdir()} == {f"name_{number}" for number in range(1, 81)}
    assert len(folders.inside(tmp_path)) == 80


def test_a_folder_that_cannot_be_filled_is_not_there(tmp_path):
    def fail(folder: Path) -> None:
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        folders.make(tmp_path, "name", fail)
    assert list(tmp_path.iterdir()) == []


def test_latest_is_a_relative_link_that_moves_on(finished, tmp_path):
    pointer = Path("runs/latest")
    assert pointer.is_symlink()
    assert pointer.readlink() == Path(finished.name)
    newer = folders.make(Path("runs").absolute(), "newer", fill)
    folders.point_latest(newer)
    assert folders.find("latest") == newer.resolve()
    assert folders.find("runs/latest") == newer.resolve()
    assert [path.name for path in Path("runs").iterdir() if path.name.startswith(".")] == []


def test_latest_is_a_text_file_where_there_are_no_links(finished, monkeypatch):
    Path("runs/latest").unlink()

    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    folders.point_latest(finished.path)
    assert Path("runs/latest").read_text() == f"{finished.name}\n"
    assert load("latest").path == finished.path
    assert load("runs/latest").path == finished.path
    assert [run.name for run in runs()] == [finished.name]


def test_a_run_is_found_by_path_name_and_latest(finished, monkeypatch, tmp_path):
    for name in (finished.path, str(finished.path), f"runs/{finished.name}", finished.name, "latest"):
        assert load(name).path == finished.path
    monkeypatch.chdir(finished.path)
    assert load(".").path == finished.path


def refused(name: str) -> str:
    with pytest.raises(RunError) as error:
        load(name)
    return str(error.value)


def test_what_is_no_run_is_described(finished, photos):
    near = finished.name[:-1] + "9"
    assert f"Did you mean '{finished.name}'?" in refused(near)
    assert f"there is nothing at {near} or runs/{near}" in refused(near)
    assert "is a folder of runs, not a run" in refused("runs")
    assert "is a folder, but not a run: it has no settings.toml" in refused(str(photos))
    assert f"Name the run itself: {finished.path}" in refused(str(finished.path / "best.safetensors"))
    assert "it is a file" in refused(str(photos / "cat" / "0.png"))


def test_no_runs_at_all():
    assert "There is no run in" in refused("latest")


def test_latest_that_points_to_nothing(finished):
    finished.path.rename("elsewhere")
    assert f"points to {finished.name}, which is gone" in refused("latest")


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "file"
    outputs.replace(path, b"old")
    monkeypatch.setattr("os.fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(OSError, match="full"):
        outputs.replace(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
