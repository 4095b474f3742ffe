"""Every kind of bad file is named with its reason, nothing crashes, the person's folder stays as it was."""

import hashlib
import io
import os
import socket
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convscope.data import load
from convscope.data.check import check
from convscope.data.pictures.decode import decode
from convscope.errors import DataError

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)


def encoded(form, **options):
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, form, **options)
    return buffer.getvalue()


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width, height, data=b""):
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(data))
        + chunk(b"IEND", b"")
    )


def flipped(data, place):
    return data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]


def bmp(width, height):
    return struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 54, 0, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)


JPEG, PNG, GIF, TIFF, WEBP, BMP = (encoded(form) for form in ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"))
IDAT = PNG.index(b"IDAT")
CONTENTS = {  # name → bytes, what the reason must say
    "empty.jpg": (b"", "empty (0 bytes)"),
    "one_byte.png": (b"\x89", "not a picture"),
    "only_magic.png": (PNG[:8], "PNG file whose header is damaged"),
    "cut_in_header.png": (PNG[:20], "damaged"),
    "cut_in_data.png": (PNG[: len(PNG) // 2], "damaged"),
    "cut_at_nine_tenths.png": (PNG[: len(PNG) * 9 // 10], "damaged"),
    "only_magic.jpg": (JPEG[:3], "JPEG file whose header is damaged"),
    "cut_in_header.jpg": (JPEG[:150], "damaged"),
    "cut_in_data.jpg": (JPEG[: len(JPEG) // 2], "damaged"),
    "cut_at_nine_tenths.jpg": (JPEG[: len(JPEG) * 9 // 10], "damaged"),
    "cut.gif": (GIF[: len(GIF) // 2], "damaged"),
    "cut.tif": (TIFF[: len(TIFF) // 2], "damaged"),
    "cut.webp": (WEBP[: len(WEBP) // 2], "damaged"),
    "cut.bmp": (BMP[: len(BMP) // 2], "damaged"),
    "text.png": ("Grüße, this is no picture".encode(), "holds text"),
    "page.jpg": (b"<!DOCTYPE html><title>404</title>", "holds text"),
    "archive.jpg": (b"PK\x03\x04" + bytes(100), "not a picture"),
    "zeros.png": (bytes(5000), "not a picture"),
    "postscript.png": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "holds text"),
    "corrupt_zlib.png": (flipped(PNG, IDAT + 6), "damaged"),
    "wrong_checksum.png": (flipped(PNG, IDAT + 60), "damaged"),
    "bomb.png": (png(60_000, 60_000), "pixels"),
    "absurd.png": (png(2**31 - 1, 2**31 - 1), "pixels"),
    "absurd.bmp": (bmp(2**30, 2**30), "pixels"),
    "zero_wide.png": (png(0, 9), ""),
    "zero.bmp": (bmp(0, 0), ""),
    "no_data.png": (png(9, 9), "damaged"),
    "text_bomb.png": (
        PNG[:33] + chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**28))) + PNG[33:],
        "damaged",
    ),
    "nan.tif": (None, "not finite"),
}


def write_nan(file):
    Image.fromarray(np.full((4, 4), np.nan, dtype=np.float32)).save(file)


def good(folder, count=4):
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = np.random.default_rng([number, len(folder.parts), name == "cat"]).integers(
                0, 256, (9, 9, 3)
            )
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{number}.png")
    return folder


def fingerprint(root):
    """Every byte, name, kind, time and mode below a folder."""
    seen = {}
    for place, folders, files in os.walk(root):
        for name in [*folders, *files]:
            path = Path(place, name)
            status = path.lstat()
            body = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            seen[str(path)] = (body, status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return seen


def reasons(data):
    return {Path(item.file).name: item.reason for item in data.skipped}


def test_every_bad_content_is_named_and_nothing_is_touched(tmp_path):
    root = good(tmp_path / "data")
    for name, (content, _) in CONTENTS.items():
        write_nan(root / "cat" / name) if content is None else (root / "cat" / name).write_bytes(content)
    before = fingerprint(root)
    data = load(root)
    found = check(root)
    assert fingerprint(root) == before
    assert len(data.inputs) == 8
    assert set(reasons(data)) == set(CONTENTS)
    for name, (_, expected) in CONTENTS.items():
        assert expected in reasons(data)[name], name
    assert len(found.broken) == len(CONTENTS)
    assert f"{len(CONTENTS)} files cannot be used" in found.conclusions[0]


@pytest.mark.parametrize("name", CONTENTS)
def test_each_bad_file_is_a_data_error_on_its_own(tmp_path, name):
    content, reason = CONTENTS[name]
    write_nan(tmp_path / name) if content is None else (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        decode(tmp_path / name, (8, 8), 3)
    assert name in str(caught.value)
    assert reason in str(caught.value)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"])
def test_a_file_cut_anywhere_is_an_error_or_whole(tmp_path, form):
    """Never silently grey: if a cut file is read at all, then what it shows is right."""
    data = encoded(form)
    file = tmp_path / "a.any"
    file.write_bytes(data)
    whole = decode(file, (40, 50), 3)
    refused = 0
    for length in range(1, len(data), max(1, len(data) // 60)):
        file.write_bytes(data[:length])
        try:
            assert np.array_equal(decode(file, (40, 50), 3), whole), length
        except DataError:
            refused += 1
    assert refused >= 50


def test_random_damage_never_crashes(tmp_path):
    generator = np.random.default_rng(1)
    file = tmp_path / "a.any"
    for data in (JPEG, PNG, GIF, TIFF, WEBP, BMP):
        for _ in range(60):
            damaged = bytearray(data)
            for place in generator.integers(0, len(data), 1 + generator.integers(8)):
                damaged[place] = generator.integers(256)
            file.write_bytes(damaged)
            try:
                assert decode(file, (16, 16), 3).shape == (3, 16, 16)
            except DataError as error:
                assert str(file) in str(error)


@pytest.fixture
def special(tmp_path):
    """A good folder with everything in it that is no ordinary file."""
    root = good(tmp_path / "data")
    cat = root / "cat"
    os.mkfifo(cat / "pipe.png")
    (cat / "folder.png").mkdir()
    (cat / "dangling.png").symlink_to("nowhere.png")
    (cat / "itself.png").symlink_to("itself.png")
    (cat / "loop").symlink_to(root)
    (cat / "device.png").symlink_to("/dev/zero")
    return root


def test_special_files_are_named_and_do_not_block(special):
    before = fingerprint(special)
    found = reasons(load(special))
    assert fingerprint(special) == before
    assert found["pipe.png"] == "a pipe, socket or device, not a file"
    assert found["device.png"] == "a pipe, socket or device, not a file"
    assert found["folder.png"] == "a folder, not a picture"
    assert found["dangling.png"] == "a link to a file that does not exist"
    assert "symbolic links" in found["itself.png"]
    assert found["loop"] == "a link back to a folder it lies in"


def test_a_socket_is_no_picture(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("a.png")
        with pytest.raises(DataError, match="not a file"):
            decode(tmp_path / "a.png", (8, 8), 3)


def test_links_to_pictures_and_classes_are_followed(tmp_path):
    real = good(tmp_path / "real")
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "cat").symlink_to(real / "cat")
    (linked / "bird").mkdir()
    (linked / "bird" / "a.png").symlink_to(real / "dog" / "0.png")
    data = load(linked)
    assert data.classes == ("bird", "cat")
    assert len(data.inputs) == 5


UNREADABLE = """
import os, sys
from convscope.data import load
load(sys.argv[1])  # everything is imported now, from places that only root may be able to read
os.setuid(65534)
for item in load(sys.argv[2]).skipped:
    print(item.file, item.reason)
"""


def test_unreadable_files_and_folders_are_named(tmp_path):
    """In a process that gives up root's rights where the test has them, so that permissions count."""
    root = good(tmp_path / "data")
    (root / "cat" / "0.png").chmod(0)
    (root / "cat" / "inner").mkdir(mode=0)
    if os.getuid() == 0:
        for folder in [tmp_path, *list(tmp_path.parents)[:-2]]:
            folder.chmod(folder.stat().st_mode | 0o055)
        done = subprocess.run(
            [sys.executable, "-c", UNREADABLE, str(good(tmp_path / "other")), str(root)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "CONVSCOPE_CACHE": "/nonexistent"},
        )
        assert done.returncode == 0, done.stderr
        found = done.stdout
    else:
        found = "\n".join(f"{item.file} {item.reason}" for item in load(root).skipped)
    (root / "cat" / "inner").chmod(0o700)
    assert "cat/0.png cannot be opened: Permission denied" in found
    assert "cat/inner Permission denied" in found


@pytest.mark.parametrize(
    "name", ["two\nlines.png", "Grüße 🐈.png", "x" * 250 + ".png", " blank .png", "-rf.png", "a%s{}.png"]
)
def test_odd_names_are_only_names(tmp_path, name):
    root = good(tmp_path / "data")
    (root / "cat" / "0.png").rename(root / "cat" / name)
    (root / "dog" / name).write_text("no picture")
    data = load(root)
    assert f"cat/{name}" in data.names
    assert reasons(data) == {name: data.skipped[0].reason}
    assert all("\n" not in line for line in check(root).lines())


def test_a_name_that_is_no_utf8_is_told(tmp_path):
    root = good(tmp_path / "data")
    (root / "cat" / "0.png").rename(root / "cat" / os.fsdecode(b"\xff.png"))
    (item,) = load(root).skipped
    assert item.reason == "its name is not valid UTF-8; rename it"
    item.file.encode()


def test_strict_lists_at_most_ten(tmp_path):
    root = good(tmp_path / "data")
    for number in range(12):
        (root / "dog" / f"bad{number}.png").write_bytes(b"")
    with pytest.raises(DataError) as caught:
        load(root, strict=True)
    message = str(caught.value)
    assert "12 files cannot be used" in message
    assert message.count("0 bytes") == 10
    assert "and 2 more" in message
    assert len(load(root).skipped) == 12


def test_strict_is_satisfied_with_good_files(tmp_path):
    assert len(load(good(tmp_path / "data"), strict=True).inputs) == 8


def test_when_nothing_can_be_read_the_reasons_are_given(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").write_bytes(b"")
    with pytest.raises(DataError, match="empty"):
        load(tmp_path)


def test_pillow_prints_nothing_of_a_damaged_tiff(tmp_path, capfd):
    """Its logger has no handler, so Python would print what it says."""
    for number in range(8):
        place = tmp_path / "ab"[number % 2] / f"{number}.tiff"
        place.parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((9, 9, 3), number, np.uint8)).save(place)
    whole = place.read_bytes()
    at = whole.index(struct.pack("<HHI", 277, 3, 1))  # samples per pixel
    place.write_bytes(whole[: at + 8] + struct.pack("<H", 14878) + whole[at + 10 :])
    load(tmp_path)
    assert "samples per pixel" not in capfd.readouterr().err
