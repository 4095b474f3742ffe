"""What people install: wheel and source archive hold the whole package, and work from an empty folder."""

import json
import signal
import subprocess
import sys
import tarfile
import urllib.request
import venv
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A source archive of the files that git has, and the wheel that is built from the archive."""
    place = tmp_path_factory.mktemp("built")
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True).stdout
    subprocess.run(["tar", "x"], cwd=place, input=archive, check=True)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", place / "dist", place]
    subprocess.run(command, check=True, capture_output=True)
    (source,), (wheel,) = (list((place / "dist").glob(ending)) for ending in ("*.tar.gz", "*.whl"))
    return source, wheel


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """The program of an environment with the wheel and what it needs, but no folder of ours."""
    place = tmp_path_factory.mktemp("installed")
    venv.create(place)
    site = next(place.glob("lib/python*/site-packages"))
    (site / "libraries.pth").write_text(str(Path(pytest.__file__).parents[1]))
    python = place / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", "--quiet"]
    subprocess.run([*pip, "--ignore-installed", built[1]], check=True)
    where = [python, "-c", "import convscope; print(convscope.__file__)"]
    said = subprocess.run(where, cwd=place, check=True, capture_output=True, text=True).stdout
    assert Path(said).is_relative_to(site)
    return place / "bin" / "convscope"


@pytest.fixture(scope="module")
def trained(installed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("empty")
    words = ["train", "mnist-sample", "--epochs", "0.1", "--json"]
    done = subprocess.run([installed, *words], cwd=folder, check=True, capture_output=True, text=True)
    return folder, json.loads(done.stdout)


def files_of_package():
    listed = subprocess.run(["git", "ls-files", "convscope"], cwd=ROOT, check=True, capture_output=True)
    return {name for name in listed.stdout.decode().split("\n") if name}


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(built):
    with zipfile.ZipFile(built[1]) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == files_of_package()


def test_the_archive_holds_the_package_and_what_describes_it(built):
    with tarfile.open(built[0]) as source:
        names = {name.partition("/")[2] for name in source.getnames() if name.count("/")}
    assert names >= files_of_package() | {"pyproject.toml", "README.md", "LICENSE"}
    assert not [name for name in names if name.startswith(("tests", "benchmarks", ".venv"))]


def test_what_the_wheel_says_of_itself(built):
    with zipfile.ZipFile(built[1]) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        said = wheel.read(name).decode()
    fields = [line.partition(": ") for line in said.partition("\n\n")[0].split("\n")]
    needed = [Requirement(value) for key, _, value in fields if key == "Requires-Dist"]
    for each in needed:
        if each.marker is None:
            assert version(each.name) in each.specifier, each
    assert ("License-Expression", ": ", "Apache-2.0") in fields
    assert "# convscope" in said


def test_trains_from_an_empty_folder(trained):
    folder, done = trained
    assert Path(folder, done["run"], "report.html").is_file()


def test_shows_its_page(installed, trained):
    folder, _ = trained
    words = [installed, "look", "latest", "--no-open", "--json"]
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout
        text = ""
        while not text.endswith("}\n"):
            line = served.stdout.readline()
            assert line
            text += line
        with urllib.request.urlopen(json.loads(text)["address"], timeout=60) as page:
            assert b"<script" in page.read()
        served.send_signal(signal.SIGINT)
    assert served.returncode == 130
