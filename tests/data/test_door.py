import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convscope.data import CATALOGUE, FORMATS, DataSettings, load
from convscope.errors import DataError
from tests.data.soundness import assert_dataset_is_sound


def test_tables_are_plain_and_documented():
    assert list(CATALOGUE)[:5] == ["mnist", "fashion-mnist", "cifar10", "mnist-sample", "digits"]
    assert {"weather", "stocks", "modelnet10", "shapes3d"} <= set(CATALOGUE)
    assert all(function.__doc__ for function in CATALOGUE.values())
    assert {
        "arrays",
        "idx",
        "cifar",
        "nifti",
        "dicom",
        "metadata",
        "stacks",
        "table",
        "sequences",
        "signals",
        "audio",
    } <= set(FORMATS)
    assert list(FORMATS)[-2:] == ["folder", "names"]  # take every folder of folders, so all others come first
    assert all(form.what and "\n" not in form.what for form in FORMATS.values())


def test_a_misspelt_name_gets_a_suggestion(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError) as caught:
        load("Mnst")
    assert str(caught.value) == (
        "there is no file or folder 'Mnst', and no data set of that name; did you mean 'mnist'?\n"
        f"  Give a path, or one of the names {', '.join(CATALOGUE)}."
    )


def test_a_missing_path(tmp_path):
    with pytest.raises(
        DataError, match=r"there is no file or folder '.*photos', and no data set of that name"
    ):
        load(tmp_path / "photos")


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (lambda path: path.mkdir(), "is an empty folder"),
        (lambda path: path.write_text("hello"), "is a file of 5 bytes"),
        (
            lambda path: (path.mkdir(), (path / "a.txt").touch(), (path / "b").touch()),
            "is a folder with 1 .txt, 1 without ending.",
        ),
    ],
)
def test_what_is_not_understood_is_described(tmp_path, make, found):
    make(tmp_path / "thing")
    with pytest.raises(DataError) as caught:
        load(tmp_path / "thing")
    assert found in str(caught.value)
    assert all(form.what in str(caught.value) for form in FORMATS.values())


def pictures(folder: Path) -> Path:
    for name in ("ant", "bee"):
        (folder / name).mkdir(parents=True)
        for number in range(5):
            Image.fromarray(np.full((8, 8), 9 * number, np.uint8)).save(folder / name / f"{number}.png")
    return folder


def test_a_name_wins_over_a_folder_unless_it_has_a_slash(tmp_path, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    pictures(tmp_path / "digits")
    assert len(load("digits").inputs) == 1797
    data = load("./digits")
    assert_dataset_is_sound(data)
    assert data.classes == ("ant", "bee")
    assert data.source == "./digits"
    assert len(load(Path("digits")).inputs) == 10  # a Path is always a path


def test_the_photos_of_the_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_CACHE", str(tmp_path / "cache"))
    data = load(pictures(tmp_path / "photos"))
    assert_dataset_is_sound(data)


def test_the_door_opens_without_slow_imports():
    program = (
        "import sys, convscope.data; print({'sklearn', 'mlxtend', 'pandas', 'rich'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def _signals(root):
    path = root / "waves.csv"
    path.write_text(
        "a,b,c,d,label\n" + "".join(f"{i},{i % 7},{i * 3 % 5},{i % 3},{i // 4 % 2}\n" for i in range(40))
    )
    return path


def _dates(root):
    path = root / "weather.csv"
    path.write_text("time,temp\n" + "".join(f"{day},{day.day % 7}\n" for day in DAYS))
    return path


def _arrays(*shape):
    def make(root):
        draw = np.random.default_rng(0)
        np.savez(root / "x.npz", X=draw.normal(size=(40, *shape)).astype(np.float32), y=np.arange(40) % 2)
        return root / "x.npz"

    return make


def _pictures(root):
    for name in ("left", "right"):
        (root / "data" / name).mkdir(parents=True)
        for number in range(8):
            Image.new("L", (8, 8), 9 * number + len(name)).save(root / "data" / name / f"{number}.png")
    return root / "data"


DAYS = [date(2020, 1, 1) + timedelta(days=at) for at in range(200)]
MEANINGLESS = {
    "signals": (_signals, {}, [{"label_from": "{label}"}, {"rate": 100.0}, {"size": (8, 8)}, {"channels": 2},
                               {"group": "folder"}, {"fit": "crop"}, {"horizon": 2}, {"series": "a"}]),
    "windows": (_signals, {"label": "label", "window": 4}, [{"horizon": 2}, {"series": "zzz"}, {"rate": 9.0},
                                                           {"label_from": "{label}"}, {"channels": 1}]),
    "dates": (_dates, {"target": "temp"}, [{"unequal": "crop"}, {"fit": "crop"}, {"size": (8, 8)}]),
    "arrays of signals": (_arrays(2, 30), {}, [{"size": (8, 8)}, {"channels": 1}, {"fit": "crop"}]),
    "arrays of pictures": (_arrays(1, 12, 12), {}, [{"length": 5}, {"unequal": "crop"}]),
    "arrays of volumes": (_arrays(1, 12, 12, 12), {}, [{"length": 5}, {"unequal": "crop"}]),
    "pictures": (_pictures, {}, [{"unequal": "crop"}, {"length": 6}]),
}  # fmt: skip


@pytest.mark.parametrize(
    ("make", "settings", "wish"),
    [(make, settings, wish) for make, settings, wishes in MEANINGLESS.values() for wish in wishes],
)
def test_settings_without_a_meaning_are_refused(tmp_path, make, settings, wish):
    source = make(tmp_path)
    load(source, DataSettings(**settings))
    with pytest.raises(DataError, match=f"--{next(iter(wish)).replace('_', '-')}"):
        load(source, DataSettings(**settings, **wish))
