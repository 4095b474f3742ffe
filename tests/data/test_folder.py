import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from convscope.data import DataSettings, load
from convscope.data.files import litter
from convscope.data.formats.pictures import recognises
from convscope.errors import DataError


def classes(paint, *names, count=6, **options):
    for place, name in enumerate(names):
        for number in range(count):
            paint(f"{name}/{number}.png", seed=1000 * place + number, **options)


def test_class_folders_become_classes_in_natural_order(paint, tmp_path):
    classes(paint, "class10", "class2", "Class1")
    data = load(tmp_path)
    assert data.classes == ("Class1", "class2", "class10")
    assert data.kind == "image"
    assert data.root == tmp_path
    for row, name in enumerate(data.names):
        assert name.split("/")[0] == data.classes[data.labels[row]]
        assert np.array_equal(data.inputs[row].permute(1, 2, 0), np.asarray(Image.open(tmp_path / name)))


def test_every_picture_is_in_just_one_part(paint, tmp_path):
    classes(paint, "a", "b", count=20)
    data = load(tmp_path, DataSettings(test=0.2, val=0.25))
    rows = torch.cat(list(data.parts.values())).sort().values
    assert rows.tolist() == list(range(40))
    assert [data.counts(part) for part in ("train", "val", "test")] == [[12, 12], [4, 4], [4, 4]]
    assert any("held back" in remark for remark in data.remarks)


@pytest.mark.parametrize(
    ("train", "val", "test"),
    [("train", "val", "test"), ("Training", "validation", "TEST"), ("train", "valid", "testing")],
)
def test_given_parts_are_kept(paint, tmp_path, train, val, test):
    for part, count in ((train, 5), (val, 2), (test, 3)):
        classes(paint, f"{part}/a", f"{part}/b", count=count)
    data = load(tmp_path)
    for part, folder in (("train", train), ("val", val), ("test", test)):
        assert {data.names[row].split("/")[0] for row in data.parts[part]} == {folder}
    assert [len(data.parts[part]) for part in ("train", "val", "test")] == [10, 4, 6]


def test_a_class_may_be_called_train(paint, tmp_path):
    classes(paint, "train", "car", "plane")
    assert load(tmp_path).classes == ("car", "plane", "train")


def test_classes_are_matched_by_name_across_parts(paint, tmp_path):
    classes(paint, "train/a", "train/b", "train/c", "test/c")
    data = load(tmp_path)
    assert data.counts("test") == [0, 0, 6]


def test_folders_beside_the_parts_are_not_classes(paint, tmp_path):
    classes(paint, "train/a", "train/b", "test/a", "old")
    data = load(tmp_path)
    assert data.classes == ("a", "b")
    assert any("lie beside" in remark and "old" in remark for remark in data.remarks)


def test_pictures_may_lie_deeper(paint, tmp_path):
    classes(paint, "a/monday", "a/tuesday/late", "b")
    assert load(tmp_path).classes == ("a", "b")
    assert len(load(tmp_path).inputs) == 18


def test_other_files_are_counted_and_hidden_ones_are_not(paint, tmp_path):
    classes(paint, "a", "b")
    (tmp_path / "a" / "Thumbs.db").write_bytes(b"x")
    (tmp_path / "a" / "notes.txt").write_text("x")
    (tmp_path / "a" / ".hidden.png").write_text("x")
    (tmp_path / ".git").mkdir()
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "empty").mkdir()
    paint("loose.png")
    data = load(tmp_path)
    said = " | ".join(data.remarks)
    assert data.skipped == ()
    assert data.classes == ("a", "b")
    assert "1 files are not used, their ending is no picture's: 1 .txt" in said
    assert "the folder empty holds no pictures" in said
    assert "1 pictures lie in no class folder" in said
    assert "MACOSX" not in said


def test_a_class_without_readable_pictures_is_left_out(paint, tmp_path):
    classes(paint, "a", "b")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "broken.png").write_bytes(b"")
    data = load(tmp_path)
    assert data.classes == ("a", "b")
    assert "class 'c' has no readable picture and is left out" in data.remarks
    assert len(data.skipped) == 1


def test_no_test_pictures_is_fine_and_said(paint, tmp_path):
    classes(paint, "a", "b")
    data = load(tmp_path, DataSettings(test=0, val=0))
    assert len(data.parts["test"]) == 0
    assert any("no test pictures" in remark for remark in data.remarks)


@pytest.mark.parametrize(("first", "second"), [("Cat", "cat"), ("Straße", "STRASSE"), ("\u00c9", "e\u0301")])
def test_classes_that_differ_in_case_only_are_refused(paint, tmp_path, first, second):
    classes(paint, first, second)
    with pytest.raises(DataError, match="differ in case only") as caught:
        load(tmp_path)
    assert first in str(caught.value)
    assert second in str(caught.value)


def test_a_test_class_that_train_does_not_have_is_refused(paint, tmp_path):
    classes(paint, "train/a", "train/b", "test/a", "test/zebra")
    with pytest.raises(DataError, match=r"class 'zebra' is in test, but train") as caught:
        load(tmp_path)
    assert "a, b" in str(caught.value)


def test_parts_without_train_are_refused(paint, tmp_path):
    classes(paint, "val/a", "val/b", "test/a", "test/b")
    with pytest.raises(DataError, match="Classes of train: none"):
        load(tmp_path)


def test_one_class_is_refused(paint, tmp_path):
    classes(paint, "only")
    with pytest.raises(
        DataError, match=r"6 pictures, all of class 'only'.*\n  Add pictures of another class"
    ):
        load(tmp_path)


def test_one_picture_is_refused(paint, tmp_path):
    paint("only/a.png")
    with pytest.raises(DataError, match="only one picture of class 'only'"):
        load(tmp_path)


def test_pictures_without_class_folders_are_refused_with_the_layouts(paint, tmp_path):
    paint("a.png")
    paint("b.png")
    with pytest.raises(DataError, match="2 pictures lie in no class folder") as caught:
        load(tmp_path)
    assert "FOLDER/CLASS/picture.jpg" in str(caught.value)


def test_folders_without_pictures_are_refused_with_what_was_found(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "notes.txt").write_text("x")
    with pytest.raises(DataError, match=r"1 \.txt") as caught:
        load(tmp_path)
    assert "FOLDER/CLASS/picture.jpg" in str(caught.value)


def test_what_is_no_folder_of_pictures_is_not_recognised(tmp_path):
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"x")
    assert not recognises(tmp_path)
    assert not recognises(tmp_path / "train-images-idx3-ubyte")
    assert not recognises(tmp_path / "missing")


def test_the_settings_are_complete_afterwards(paint, tmp_path):
    classes(paint, "a", "b", channels=1)
    settings = load(tmp_path).settings
    assert (settings.size, settings.channels, settings.fit) == ((12, 16), 1, "letterbox")
    assert load(tmp_path, settings).inputs.shape == load(tmp_path).inputs.shape


@pytest.mark.real_data
def test_the_photos_load_as_they_are_described():
    root = Path(os.environ["CONVSCOPE_DATA"]) / "photos"
    data = load(root, DataSettings(size=(32, 32)))
    assert len(data.inputs) == 684
    assert len(data.parts["train"]) + len(data.parts["val"]) == 489
    assert data.counts("test") == [20, 20, 20, 20, 20, 18, 20, 20, 20, 17]
    assert data.settings.channels == 3
    assert data.skipped == ()


def test_a_large_folder_is_read_once_and_seen_as_it_is_after_a_change(tmp_path, monkeypatch):
    """What changed within the last two seconds is read anew each time: its time of change may not show it."""
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "b10").write_text("")
    (inner / "b9").mkdir()
    (inner / ".hidden").write_text("")
    reads = []
    scandir = os.scandir
    monkeypatch.setattr(litter.os, "scandir", lambda folder: (reads.append(folder), scandir(folder))[1])
    assert [litter.names_in(inner), litter.names_in(inner)] == [["b9", "b10"]] * 2
    assert len(reads) == 2
    os.utime(inner, (1, 1))
    found = [litter.entries(inner) for _ in range(3)][-1]
    assert len(reads) == 3
    assert [found.is_folder(inner, name) for name in found.names] == [True, False]
    (inner / "b1").write_text("")
    (inner / "link").symlink_to(tmp_path / "later", target_is_directory=True)
    os.utime(inner, (2, 2))
    assert litter.names_in(inner) == ["b1", "b9", "b10", "link"]
    assert not litter.entries(inner).is_folder(inner, "link")
    (tmp_path / "later").mkdir()
    assert litter.entries(inner).is_folder(inner, "link")
