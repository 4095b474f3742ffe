"""What is said of paths that no format takes: what is there, what it nearly is, what to do."""

import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convscope.data import load, unknown
from convscope.errors import DataError


def refused(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        load(path)
    said = str(caught.value)
    assert said.startswith(str(path))
    return said


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.mp4", "a video; videos are not read. Save its pictures"),
        ("A.XLSX", "a spreadsheet. Save it as CSV"),
        ("a.arrow", "an Arrow table. Save it as Parquet"),
        ("train.tfrecord", "made for one training program"),
        ("data.mdb", "Save it as CSV"),
        ("model.pt", "a saved network, no data. Look into it with convscope look"),
        ("a.rar", "an archive of a kind that is not read"),
        ("a.7z", "Unpack it and give the folder"),
        ("a.json", "Write an object a line (.jsonl)"),
        ("a.sav", "a table of another program. Save it as CSV"),
        ("a.heic", "a picture of a kind that is not read. Save it as PNG or JPEG"),
        ("a.nrrd", "a volume of a kind that is not read. Save it as NIfTI"),
        ("a.pdf", "a document, no data"),
    ],
)
def test_what_is_another_tools(tmp_path, name, words):
    (tmp_path / name).write_bytes(b"\\0words")
    assert words in refused(tmp_path / name)
    (tmp_path / "folder").mkdir()
    for number in range(3):
        (tmp_path / "folder" / f"{number}{Path(name).suffix}").write_bytes(b"\\0words")
    said = refused(tmp_path / "folder")
    assert words in said
    assert f"a folder with 3 {Path(name).suffix.lower()}" in said


def test_one_sample_alone(tmp_path):
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(tmp_path / "a.png")
    said = refused(tmp_path / "a.png")
    assert "is one picture, without a label beside it" in said
    assert "convscope predict RUN a.png" in said


def test_samples_side_by_side(tmp_path):
    for number in range(4):
        with wave.open(str(tmp_path / f"{number}.wav"), "wb") as stream:
            stream.setparams((1, 2, 8000, 0, "NONE", ""))
            stream.writeframes(bytes(800))
    (tmp_path / "notes.pdf").write_bytes(b"%PDF")
    said = refused(tmp_path)
    assert "--label-from" in said or "class" in said


def test_empty_and_odd_things(tmp_path):
    (tmp_path / "empty").mkdir()
    assert "is an empty folder" in refused(tmp_path / "empty")
    (tmp_path / "nothing.xyz").touch()
    assert "is an empty file" in refused(tmp_path / "nothing.xyz")
    (tmp_path / "what.xyz").write_text("words")
    assert "of no kind that is known.\n  It understands" in refused(tmp_path / "what.xyz")


def test_a_name_that_lacks_its_ending(tmp_path):
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(tmp_path / "scan", "PNG")
    said = refused(tmp_path / "scan")
    assert "begins as a picture (.png) does" in said
    assert "rename it to scan.png" in said


def test_no_ending_is_told_that_a_format_takes():
    """What is known to be another tool's is nothing that a format reads by itself."""
    from convscope.data.formats import FORMATS
    from convscope.data.unpacking import UNPACKERS

    for endings, words in unknown.KNOWN.items():
        assert words[0] != " "
        for ending in endings:
            assert ending not in UNPACKERS or ending in (".gz", ".bz2", ".xz")
    assert FORMATS
