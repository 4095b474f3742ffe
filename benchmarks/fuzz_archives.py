"""Archives that somebody made to do harm: members that lead out, links, devices, lies, locks, names twice."""

import io
import stat
import tarfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from random import Random

ESCAPED = "escaped"  # a file of this name outside of where it was unpacked is the harm
TARGET = b"/etc/passwd"
NAMES = {
    "above": "../" * 3 + ESCAPED,
    "far above": "a/" + "../" * 12 + ESCAPED,
    "absolute": f"/tmp/{ESCAPED}",
    "of another system": rf"..\..\{ESCAPED}",
    "of a drive": f"C:/{ESCAPED}",
    "long": "x" * 300 + ".png",
    "deep": "d/" * 2000 + "x.png",
    "with a line break": "a\nb\x1b[2J.png",
    "a folder that is a file": "x.png/y.png",
    "empty": "",
    "dots": "././.",
}
KINDS = {"symbolic link": tarfile.SYMTYPE, "hard link": tarfile.LNKTYPE, "device": tarfile.CHRTYPE,
         "pipe": tarfile.FIFOTYPE, "sparse": tarfile.GNUTYPE_SPARSE}  # fmt: skip


def hostile(data: bytes, draw: Random) -> tuple[str, bytes] | None:
    """An archive with something hostile in it, and what that is; None where it is no archive."""
    if data.startswith(b"PK\x03\x04"):
        what = draw.choice([*ZIPPED, *NAMES])
        return f"ZIP, {what}", ZIPPED[what](data) if what in ZIPPED else _zip(data, NAMES[what])
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            members = [(each, archive.extractfile(each)) for each in archive if each.isfile()]
            what = draw.choice([*KINDS, *NAMES, "twice", "an archive inside", "a lie on size"])
            return f"TAR, {what}", _tar([(each, file.read()) for each, file in members if file], what)
    except tarfile.TarError:
        return None


# ---- ZIP


def _zip(data: bytes, name: str, content: bytes = b"harm", mode: int = 0) -> bytes:
    packed = io.BytesIO(data)
    with warnings.catch_warnings(), zipfile.ZipFile(packed, "a") as archive:
        warnings.simplefilter("ignore")  # a name that is there already
        entry = zipfile.ZipInfo("x")
        entry.filename, entry.external_attr = name, mode << 16
        archive.writestr(entry, content)
    return packed.getvalue()


def _twice(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return _zip(data, archive.namelist()[0])


def _changed(data: bytes, place: int, field: bytes) -> bytes:
    """Another field of the first entry in the directory at the end."""
    start = data.index(b"PK\x01\x02") + place
    return data[:start] + field + data[start + len(field) :]


def _bomb(data: bytes) -> bytes:
    packed = io.BytesIO(data)
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("zeros.png", bytes(50 << 20))
    return packed.getvalue()


def _many(data: bytes) -> bytes:
    packed = io.BytesIO(data)
    with zipfile.ZipFile(packed, "a") as archive:
        for number in range(2000):
            archive.writestr(f"many/{number}.png", b"")
    return packed.getvalue()


ZIPPED: dict[str, Callable[[bytes], bytes]] = {
    "symbolic link": lambda data: _zip(data, "link.png", TARGET, stat.S_IFLNK | 0o777),
    "device": lambda data: _zip(data, "device.png", b"", stat.S_IFCHR),
    "twice": _twice,
    "encrypted": lambda data: _changed(data, 8, b"\x01\x00"),
    "an unknown packing": lambda data: _changed(data, 10, b"\x63\x00"),
    "a lie on size": lambda data: _changed(data, 24, b"\xfe\xff\xff\xff"),
    "an archive inside": lambda data: _zip(data, "inner.zip", _zip(data, "inner.zip", data)),
    "a bomb": _bomb,
    "many": _many,
}


# ---- TAR


def _tar(members: list[tuple[tarfile.TarInfo, bytes]], what: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as archive:
        for entry, content in [*members, *_harm(members, what)]:
            archive.addfile(entry, io.BytesIO(content) if entry.size == len(content) else None)
    return packed.getvalue()


def _harm(members: list[tuple[tarfile.TarInfo, bytes]], what: str) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    entry, content = tarfile.TarInfo(NAMES.get(what, "harm.png")), b"harm"
    if what in KINDS:
        entry.type, entry.linkname, content = KINDS[what], TARGET.decode(), b""
        yield entry, content
        entry, content = tarfile.TarInfo(f"harm.png/{ESCAPED}"), b"harm"  # through the link
    elif what == "twice":
        entry = members[0][0] if members else entry
    elif what == "an archive inside":
        entry.name, content = "inner.tar.gz", _tar(members, "above")
    entry.size = 1 << 40 if what == "a lie on size" else len(content)
    yield entry, content
