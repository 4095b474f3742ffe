import io
import os
import stat
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convscope import train
from convscope.data import load
from convscope.data.check import check
from convscope.data.dataset import DataSettings
from convscope.data.unpacking import target
from convscope.errors import DataError
from tests.data.test_bad_files import fingerprint


def picture(number: int, bright: bool) -> bytes:
    pixels = np.random.default_rng(number).integers(0, 90, (12, 12), np.uint8) + 150 * bright
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def pictures(wrapper: str = "", count: int = 8) -> dict[str, bytes]:
    return {
        f"{wrapper}{name}/{number}.png": picture(number + 100 * bright, bool(bright))
        for bright, name in enumerate(("cat", "dog"))
        for number in range(count)
    }


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, files: dict[str, bytes]) -> Path:
    ending = path.name.rpartition(".")[2].replace("tgz", "gz")
    with tarfile.open(path, "w:" if ending == "tar" else f"w:{ending}") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def packed(path: Path, files: dict[str, bytes]) -> Path:
    return zipped(path, files) if path.suffix == ".zip" else tarred(path, files)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("CONVSCOPE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("name", ["a.zip", "A.ZIP", "a.tar", "a.tar.gz", "a.tgz", "a.tar.bz2", "a.tar.xz"])
def test_an_archive_is_what_its_folder_is(tmp_path, name):
    for inner, content in (files := pictures()).items():
        (tmp_path / "folder" / inner).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / inner).write_bytes(content)
    (tmp_path / "data").mkdir()
    path = (
        zipped(tmp_path / "data" / name, files)
        if name == "A.ZIP"
        else packed(tmp_path / "data" / name, files)
    )
    before = fingerprint(tmp_path / "data")
    data, folder = load(path), load(tmp_path / "folder")
    assert fingerprint(tmp_path / "data") == before  # nothing is unpacked beside it
    assert data.source == str(path)
    assert (data.names, data.classes, data.remarks) == (folder.names, folder.classes, folder.remarks)
    assert data.inputs.equal(folder.inputs)
    assert all(data.parts[part].equal(folder.parts[part]) for part in data.parts)


def test_trained_checked_predicted_and_opened_again(tmp_path, own_cache):
    path = zipped(tmp_path / "pets.zip", pictures())
    found = check(path)
    assert found.source == str(path)
    assert found.sides is not None
    run = train(path, epochs=0.5, network="compact", threads=1, runs=tmp_path / "runs")
    assert run.settings.data.source == str(path)
    for entry in (own_cache / "unpacked").iterdir():
        assert stat.S_IMODE(entry.stat().st_mode) == 0o700
        (entry / "files" / "cat" / "0.png").unlink()  # somebody tidied the cache
    assert len(run.dataset().inputs) == 16
    said = run.predict(str(zipped(tmp_path / "new.zip", {"a.png": picture(5, True), "b.png": b"no picture"})))
    assert list(said.names) == ["a.png"]
    assert [item.file for item in said.skipped] == ["b.png"]


def test_a_changed_archive_is_unpacked_anew(tmp_path):
    path = zipped(tmp_path / "a.zip", pictures())
    assert len(load(path).inputs) == 16
    zipped(path, pictures(count=9))
    assert len(load(path).inputs) == 18


def evil(member: str, **attributes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(member)
    for name, value in attributes.items():
        setattr(info, name, value)
    return info


def test_what_leads_out_of_a_tar_is_left_out_and_named(tmp_path):
    path = tmp_path / "deep" / "a.tar"
    path.parent.mkdir()
    tarred(path, pictures())
    secret = tmp_path / "secret.png"
    secret.write_bytes(picture(7, True))
    with tarfile.open(path, "a") as archive:
        for info in (
            evil("cat/link.png", type=tarfile.SYMTYPE, linkname=str(secret)),
            evil("out", type=tarfile.SYMTYPE, linkname=str(tmp_path)),
            evil("cat/hard.png", type=tarfile.LNKTYPE, linkname="../../secret.png"),
            evil("cat/pipe.png", type=tarfile.FIFOTYPE),
            evil("cat/disk.png", type=tarfile.BLKTYPE),
        ):
            archive.addfile(info)
        for name in (
            "../../evil.png",
            "/tmp/evil.png",
            "cat/../../../evil.png",
            "C:/evil.png",
            "..\\evil.png",
        ):
            archive.addfile(evil(name, size=4), io.BytesIO(b"evil"))
        archive.addfile(evil("out/evil.png", size=4), io.BytesIO(b"evil"))  # through the link: a folder here
        archive.addfile(evil("cat/0.png", size=4), io.BytesIO(b"evil"))  # there already
    data = load(path)
    assert len(data.inputs) == 16
    reasons = {item.file: item.reason for item in data.skipped}
    assert (
        reasons["cat/link.png"] == reasons["cat/hard.png"] == "a link; links in an archive are not followed"
    )
    assert reasons["cat/pipe.png"] == "a device or pipe; they in an archive are not followed"
    for name in ("../../evil.png", "/tmp/evil.png", "cat/../../../evil.png", "C:/evil.png", "..\\evil.png"):
        assert reasons[name] == "its path leads out of the archive"
    assert reasons["cat/0.png"] == "the archive holds another file of that name"
    assert not list(tmp_path.rglob("evil.png"))[1:]  # the one within the cache's own folder out/
    assert secret.read_bytes() == picture(7, True)
    with pytest.raises(DataError, match=r"a\.tar: \d+ files cannot be used"):
        load(path, strict=True)


def test_links_in_a_zip_are_left_out(tmp_path):
    path = zipped(tmp_path / "a.zip", pictures())
    with zipfile.ZipFile(path, "a") as archive:
        info = zipfile.ZipInfo("cat/link.png")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
        archive.writestr("../up.png", b"evil")
    assert {item.file for item in load(path).skipped} == {"cat/link.png", "../up.png"}
    assert not list(tmp_path.rglob("up.png"))


def test_bombs_are_refused_before_they_fill_the_disk(tmp_path, monkeypatch, own_cache):
    monkeypatch.setattr(target, "SURE", 10**6)
    for path in (
        zipped(tmp_path / "a.zip", {"zeros.png": bytes(3 * 10**6)}),
        tarred(tmp_path / "a.tar.gz", {"zeros.png": bytes(3 * 10**6)}),
        tarred(tmp_path / "b.tar.xz", {f"{number}.png": bytes(10**6) for number in range(3)}),
    ):
        with pytest.raises(
            DataError, match=rf"{path.name} unpacks to more than 0.0 GB: it is but [\d,]+ bytes"
        ):
            load(path)
    assert not list((own_cache / "unpacked").iterdir())


def test_a_zip_whose_sizes_are_a_lie(tmp_path, monkeypatch):
    """The header says 10 bytes, a megabyte comes out."""
    monkeypatch.setattr(target, "SURE", 10**5)
    path = zipped(tmp_path / "a.zip", {"zeros.png": bytes(10**6)})
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", 10**6), struct.pack("<I", 10)))
    with pytest.raises(DataError, match=r"a\.zip is damaged or incomplete"):
        load(path)


def test_too_large_for_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(target, "SPARE", 2**60)
    with pytest.raises(DataError, match=r"(?s)disk has 0\.0 GB left.*CONVSCOPE_CACHE"):
        load(zipped(tmp_path / "a.zip", pictures()))


def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("CONVSCOPE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(DataError, match=r"(?s)cannot be unpacked into the cache folder.*unpack it yourself"):
        load(zipped(tmp_path / "a.zip", pictures()))


def test_a_password_is_said(tmp_path):
    path = zipped(tmp_path / "a.zip", pictures())
    content = bytearray(path.read_bytes())
    start = content.index(b"PK\x01\x02")
    content[start + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="protected by a password"):
        load(path)


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tar.xz", "a.tar.bz2"])
def test_cut_and_damaged_archives(tmp_path, name):
    path = packed(tmp_path / name, pictures())
    whole = path.read_bytes()
    generator = np.random.default_rng(0)
    for length in (0, 5, 100, len(whole) // 2, len(whole) * 9 // 10):
        path.write_bytes(whole[:length])
        try:
            data = load(path)
        except DataError as error:
            assert name in str(error)
        else:  # cut between two files, a TAR is whole but for its end
            assert name == "a.tar"
            assert len(data.inputs) == 16 or data.remarks[0].startswith("the archive lacks its end mark")
    for _ in range(20):
        damaged = bytearray(whole)
        for place in generator.integers(0, len(whole), 4):
            damaged[place] = generator.integers(256)
        path.write_bytes(damaged)
        try:
            load(path)
        except DataError as error:
            assert str(path) in str(error)


@pytest.mark.parametrize(
    ("encoding", "names"), [("gbk", ("猫咪的照片", "小狗的照片")), ("utf-8", ("кошка", "собака"))]
)
def test_names_of_other_programs(tmp_path, encoding, names):
    """Without the flag for UTF-8 a name is in whatever encoding its system had; patched in place here."""
    stand_in = {
        name: "".join("xy"[place % 2] for place in range(len(name.encode(encoding)))) + str(number)
        for number, name in enumerate(names)
    }
    files = {
        f"{stand_in[name]}/{number}.png": picture(number, name == names[1])
        for name in names
        for number in range(8)
    }
    path = zipped(tmp_path / "a.zip", files)
    content = path.read_bytes()
    for number, name in enumerate(names):
        content = content.replace(stand_in[name].encode(), name.encode(encoding) + str(number).encode())
    path.write_bytes(content)
    assert sorted(load(path).classes) == sorted(f"{name}{number}" for number, name in enumerate(names))


def test_archives_in_an_archive(tmp_path):
    """Kaggle puts an archive for each part into the one that it hands out; no deeper."""
    inner = zipped(
        tmp_path / "train.zip",
        {f"train/{name.replace('/', '.')}": content for name, content in pictures().items()},
    )
    new = zipped(tmp_path / "test1.zip", {"test1/1.png": picture(3, True), "deeper.zip": b"PK"})
    files = {
        "train.zip": inner.read_bytes(),
        "test1.zip": new.read_bytes(),
        "sampleSubmission.csv": b"id,label",
    }
    data = load(zipped(tmp_path / "dogs-vs-cats.zip", files), DataSettings(label_from=r"([a-z]+)\."))
    assert data.classes == ("cat", "dog")
    assert len(data.inputs) == 16
    assert data.names[0] == "train/train/cat.0.png"
    assert "archives inside are not unpacked: test1/deeper.zip" in data.remarks
    files["test1.zip"] = files["test1.zip"][:60]
    with pytest.raises(DataError, match=r"b\.zip/test1\.zip is damaged or incomplete"):
        load(zipped(tmp_path / "b.zip", files))


def test_archives_in_an_archive_share_its_limits(tmp_path, monkeypatch):
    monkeypatch.setattr(target, "SURE", 10**6)
    inner = zipped(tmp_path / "a.zip", {"zeros.png": bytes(10**6)}).read_bytes()
    path = zipped(tmp_path / "bomb.zip", {f"{number}.zip": inner for number in range(5)})
    with pytest.raises(DataError, match=r"bomb\.zip unpacks to more than"):
        load(path)


def test_what_was_used_longest_ago_makes_room(tmp_path, monkeypatch, own_cache):
    first, second = (zipped(tmp_path / f"{name}.zip", pictures()) for name in "ab")
    load(first)
    (entry,) = (own_cache / "unpacked").iterdir()
    os.utime(entry / "about.json", (1, 1))
    (own_cache / "unpacked" / "killed.unfinished").mkdir()
    os.utime(own_cache / "unpacked" / "killed.unfinished", (1, 1))
    monkeypatch.setattr("convscope.data.unpacking.LARGEST", 0)
    load(second)
    assert len(list((own_cache / "unpacked").iterdir())) == 1
    assert not entry.exists()


def test_a_table_alone_in_an_archive(tmp_path):
    lines = ["label,a,b,c,d", *(f"{'xy'[row % 2]},{row},{row + 1},{row % 7},{row % 5}" for row in range(40))]
    data = load(zipped(tmp_path / "train.csv.zip", {"train.csv": "\n".join(lines).encode()}))
    assert data.kind == "signal"
    assert data.classes == ("x", "y")


def test_a_path_into_an_archive(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = zipped(tmp_path / "all.zip", {**pictures("small/"), **pictures("large/", 9)})
    data = load("all.zip/large")
    assert (len(data.inputs), data.source) == (18, "all.zip/large")
    with pytest.raises(DataError, match=r"all\.zip holds no 'medium'"):
        load(path / "medium")
    run = train("all.zip/small", epochs=0.2, network="compact", threads=1, runs=tmp_path / "runs")
    assert run.settings.data.source == str(path / "small")
    assert len(run.dataset().inputs) == 16


def test_an_entry_without_a_name_is_passed_over(tmp_path):
    picture = io.BytesIO()
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(picture, "PNG")
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for number in range(8):
            archive.writestr(f"{'ab'[number % 2]}/{number}.png", picture.getvalue())
        archive.writestr(zipfile.ZipInfo(""), b"nothing")
    assert len(load(tmp_path / "set.zip").inputs) == 8
