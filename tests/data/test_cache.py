import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from convscope.data.dataset import DataSettings
from convscope.data.files import cache
from convscope.data.pictures import choosing
from convscope.errors import DataError

SETTINGS = DataSettings(size=(12, 16), channels=3)


@pytest.fixture
def files(paint):
    found = [paint(f"{number}.png", seed=number) for number in range(40)]
    found[7].write_bytes(b"")
    return found


@pytest.fixture
def decoded(monkeypatch):
    """Names of the files that are decoded, as it happens."""
    seen = []
    real = choosing.decode

    def watch(path, *arguments, **named):
        seen.append(path.name)
        return real(path, *arguments, **named)

    monkeypatch.setattr(choosing, "decode", watch)
    return seen


def entries(folder):
    return sorted((folder / "pictures").iterdir())


def test_the_second_reading_decodes_nothing_and_gives_the_same(files, decoded, own_cache):
    first = choosing.read(files, SETTINGS)
    assert len(decoded) == 40
    decoded.clear()
    second = choosing.read(files, SETTINGS)
    assert decoded == []
    assert torch.equal(first[0], second[0])
    assert first[1:] == second[1:]
    assert first[1][0].reason == "the file is empty (0 bytes)"
    assert len(entries(own_cache)) == 1


@pytest.mark.parametrize(
    "change", [{"size": (8, 8)}, {"channels": 1}, {"fit": "crop"}], ids=["size", "channels", "fit"]
)
def test_other_settings_are_another_entry(files, decoded, change):
    choosing.read(files, SETTINGS)
    decoded.clear()
    choosing.read(files, replace(SETTINGS, **change))
    assert len(decoded) == 40


def test_the_split_is_not_part_of_the_key(files, decoded):
    choosing.read(files, SETTINGS)
    decoded.clear()
    choosing.read(files, replace(SETTINGS, seed=5, val=0.5))
    assert decoded == []


def test_a_changed_file_is_noticed_even_if_size_and_time_are_the_same(paint, decoded):
    files = [paint(f"{number}.bmp", seed=number) for number in range(3)]
    before, _, _ = choosing.read(files, SETTINGS)
    status = files[1].stat()
    paint("1.bmp", seed=99)
    os.utime(files[1], ns=(status.st_atime_ns, status.st_mtime_ns))
    assert files[1].stat().st_size == status.st_size
    after, _, _ = choosing.read(files, SETTINGS)
    assert torch.equal(before[0], after[0])
    assert not torch.equal(before[1], after[1])
    assert np.array_equal(after[1].permute(1, 2, 0), np.asarray(Image.open(files[1])))


def test_another_version_of_the_decoder_is_another_entry(files, monkeypatch):
    name = cache.key(files, {})
    monkeypatch.setattr(cache.decode, "VERSION", 99)
    assert cache.key(files, {}) != name


def test_a_key_is_of_absolute_paths_and_of_the_files_that_are_opened(tmp_path, monkeypatch):
    for name in ("real/deep", "other"):
        (tmp_path / name).mkdir(parents=True)
    for place, name in enumerate(("a.png", "other/a.png", "real/a.png")):
        (tmp_path / name).write_bytes(b"x" * (place + 1))
    (tmp_path / "other/link").symlink_to(tmp_path / "real/deep")
    monkeypatch.chdir(tmp_path / "other")
    files = [Path(name) for name in ("a.png", "/a.png", "../a.png", "link/../a.png", "not/there.png")]
    digest = hashlib.sha256(json.dumps([cache.decode.VERSION, {}]).encode())
    for file in files:
        digest.update(f"{os.path.abspath(file)}\0".encode())  # noqa: PTH100 - links are kept
        if file.exists():  # a link is followed before its "..": real/a.png
            status = file.stat()
            digest.update(f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}\0".encode())
        else:
            digest.update(b"FileNotFoundError\0")
    assert cache.key(files, {}) == digest.hexdigest()[:32]


def test_missing_and_repaired_files_are_told_apart(tmp_path, paint):
    file = tmp_path / "a.png"
    _, skipped, _ = choosing.read([file], SETTINGS)
    assert len(skipped) == 1
    paint("a.png")
    assert len(choosing.read([file], SETTINGS)[0]) == 1


DAMAGES = {
    "pixels cut": lambda entry: (entry / "pixels").write_bytes((entry / "pixels").read_bytes()[:-1]),
    "pixels gone": lambda entry: (entry / "pixels").unlink(),
    "one bit": lambda entry: flip(entry / "pixels"),
    "about cut": lambda entry: (entry / "about.json").write_text((entry / "about.json").read_text()[:40]),
    "about empty": lambda entry: (entry / "about.json").write_text(""),
    "about gone": lambda entry: (entry / "about.json").unlink(),
    "about is a list": lambda entry: (entry / "about.json").write_text("[]"),
    "skipped changed": lambda entry: change_skipped(entry / "about.json"),
}


def flip(file):
    data = bytearray(file.read_bytes())
    data[1000] ^= 1
    file.write_bytes(data)


def change_skipped(file):
    sealed = json.loads(file.read_text())
    sealed["about"]["skipped"] = []
    file.write_text(json.dumps(sealed))


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_made_anew(files, own_cache, decoded, damage):
    whole = choosing.read(files, SETTINGS)
    decoded.clear()
    DAMAGES[damage](entries(own_cache)[0])
    again = choosing.read(files, SETTINGS)
    assert len(decoded) == 40
    assert torch.equal(whole[0], again[0])
    assert whole[1:] == again[1:]
    decoded.clear()
    choosing.read(files, SETTINGS)
    assert decoded == []
    assert len(entries(own_cache)) == 1


def test_large_pictures_are_mapped_and_the_cache_stays_as_it_is(files, own_cache, decoded, monkeypatch):
    in_memory = choosing.read(files, replace(SETTINGS, seed=1))
    for entry in entries(own_cache):
        DAMAGES["about gone"](entry)
    monkeypatch.setattr(cache, "MEMORY_SHARE", 0)
    for _ in range(2):  # made, then found
        mapped = choosing.read(files, SETTINGS)
        assert torch.equal(mapped[0], in_memory[0])
        assert mapped[1:] == in_memory[1:]
    assert len(decoded) == 80
    name = str(entries(own_cache)[0] / "pixels")
    assert name in Path("/proc/self/maps").read_text()
    mapped[0].zero_()  # writing is allowed, and changes nothing on the disk
    assert torch.equal(choosing.read(files, SETTINGS)[0], in_memory[0])


def test_a_cache_that_cannot_be_written_only_costs_time(files, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("CONVSCOPE_CACHE", str(tmp_path / "file"))
    assert len(choosing.read(files, SETTINGS)[0]) == 39
    monkeypatch.setattr(cache, "MEMORY_SHARE", 0)
    with pytest.raises(DataError, match="set CONVSCOPE_CACHE to another disk"):
        choosing.read(files, SETTINGS)


@pytest.mark.parametrize("share", [0.25, 0], ids=["memory", "mapped"])
def test_a_full_disk_leaves_nothing_behind(files, own_cache, monkeypatch, share):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache, "MEMORY_SHARE", share)
    monkeypatch.setattr(cache, "_flush", full)
    if share:
        assert len(choosing.read(files, SETTINGS)[0]) == 39
    else:
        with pytest.raises(DataError, match="No space left on device"):
            choosing.read(files, SETTINGS)
    assert entries(own_cache) == []


READER = """
import sys
from pathlib import Path
from convscope.data.pictures import choosing
from convscope.data.dataset import DataSettings
sys.stdout.write("ready\\n"); sys.stdout.flush()
found = choosing.read(sorted(Path(sys.argv[1]).glob("*.png")), DataSettings(size=(96, 96), channels=3))
sys.stdout.write(str(int(found[0].long().sum())))
"""


def reader(folder):
    process = subprocess.Popen([sys.executable, "-c", READER, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    return process


def test_two_processes_at_once_agree(files, tmp_path, own_cache):
    both = [reader(tmp_path), reader(tmp_path)]
    sums = {process.communicate()[0] for process in both}
    assert len(sums) == 1
    assert [process.returncode for process in both] == [0, 0]
    assert len(entries(own_cache)) == 1


def test_killed_at_any_moment_leaves_nothing_that_is_believed_wrongly(tmp_path, own_cache, paint):
    files = [paint(f"{number:03}.png", seed=number, size=(90, 90)) for number in range(150)]
    settings = DataSettings(size=(96, 96), channels=3)
    for delay in (0.02, 0.06, 0.12):
        process = reader(tmp_path)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    found = choosing.read(files, settings)[0]
    assert found.shape == (150, 3, 96, 96)
    assert torch.equal(
        found, torch.stack([torch.from_numpy(choosing.decode(file, (96, 96), 3)) for file in files])
    )


def make(folder, size, age):
    folder.mkdir(parents=True)
    (folder / "pixels").write_bytes(bytes(size))
    (folder / "about.json").write_text("{}")
    os.utime(folder / "about.json", (time.time() - age,) * 2)


def test_the_entries_used_longest_ago_make_room(files, own_cache, monkeypatch):
    monkeypatch.setattr(cache, "LARGEST", 2500)
    for age, name in enumerate(["new", "middle", "old"]):
        make(own_cache / "pictures" / name, 1000, age * 100)
    choosing.read(files, SETTINGS)
    left = {entry.name for entry in entries(own_cache)}
    assert {"new", "middle"} < left
    assert "old" not in left


def test_what_killed_processes_left_is_removed_after_a_day(files, own_cache):
    fresh, stale = (own_cache / "pictures" / f"{name}.unfinished" for name in ("fresh", "stale"))
    for folder, age in ((fresh, 60), (stale, 2 * cache.ABANDONED)):
        folder.mkdir(parents=True)
        os.utime(folder, (time.time() - age,) * 2)
    choosing.read(files, SETTINGS)
    assert fresh.exists()
    assert not stale.exists()


def test_the_cache_lies_where_the_person_wants_it(monkeypatch, tmp_path):
    monkeypatch.setenv("CONVSCOPE_CACHE", str(tmp_path / "own"))
    assert cache.home() == tmp_path / "own"
    monkeypatch.delenv("CONVSCOPE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache.home() == tmp_path / "xdg" / "convscope"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.home() == tmp_path / ".cache" / "convscope"
