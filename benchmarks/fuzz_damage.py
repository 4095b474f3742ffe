"""One way of damaging the bytes of a file each; in what is compressed or checksummed, also below that."""

import gzip
import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random

from benchmarks.fuzz_archives import hostile

Damage = Callable[[bytes, Random], bytes]
HEADER = 600  # bytes in which most formats say what they hold
EXTREMES = (b"\0", b"\xff", b"\x7f", b"\x80", b"\x01", b"\xfe")
NUMBERS = (
    "0",
    "-1",
    "1",
    "1e999",
    "nan",
    "-inf",
    "99999999999999999999",
    "2147483647",
    "-32769",
    "",
    "1e-320",
    "0x7f",
    "1,5",
)
WORDS = (
    b"\0",
    b"\n",
    b"\r",
    b'"',
    b",",
    b"[",
    b"{",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"%s",
    b"=1+1",
    "\u202e".encode(),
    b"\x1b[2J",
)
NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
PNG = b"\x89PNG\r\n\x1a\n"
OTHERS = (
    *(b"", bytes(5000), PNG, b"RIFF\xff\xff\xff\xffWAVE", b"PK\x03\x04", b"\x80\x04."),
    *(b"<html>", b"{}", b"[]", b"1", b"," * 9999),
)


def _place(data: bytes, draw: Random) -> int:
    """Anywhere, or, as often, in the header."""
    return draw.randrange(min(len(data), HEADER) if draw.random() < 0.5 else len(data)) if data else 0


def _span(data: bytes, draw: Random) -> slice:
    start = _place(data, draw)
    return slice(start, start + draw.choice((1, 4, 16, 100, 1000)))


def truncated(data: bytes, draw: Random) -> bytes:
    return data[: _place(data, draw)]


def flipped(data: bytes, draw: Random) -> bytes:
    found = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 8, 64))):
        if found:
            found[_place(data, draw)] ^= 1 << draw.randrange(8)
    return bytes(found)


def extreme(data: bytes, draw: Random) -> bytes:
    """A field of 1 to 8 bytes at the end of its range, or any number."""
    size = draw.choice((1, 2, 4, 8))
    place = _place(data, draw) // size * size
    field = draw.choice(EXTREMES) * size if draw.random() < 0.7 else draw.randbytes(size)
    return data[:place] + field + data[place + size :]


def swapped(data: bytes, draw: Random) -> bytes:
    first, second = sorted((_place(data, draw), _place(data, draw)))
    size = draw.choice((4, 16, 100))
    parts = (
        data[:first],
        data[first : first + size],
        data[first + size : second],
        data[second : second + size],
    )
    return b"".join((parts[0], parts[3], parts[2], parts[1], data[second + size :]))


def zeroed(data: bytes, draw: Random) -> bytes:
    span = _span(data, draw)
    return data[: span.start] + bytes(len(data[span])) + data[span.stop :]


def removed(data: bytes, draw: Random) -> bytes:
    span = _span(data, draw)
    return data[: span.start] + data[span.stop :]


def repeated(data: bytes, draw: Random) -> bytes:
    span = _span(data, draw)
    return data[: span.stop] + data[span] * draw.choice((1, 2, 50)) + data[span.stop :]


def inserted(data: bytes, draw: Random) -> bytes:
    place = _place(data, draw)
    return data[:place] + draw.choice(WORDS) * draw.choice((1, 1, 3, 5000)) + data[place:]


def number(data: bytes, draw: Random) -> bytes:
    """Another number in a text; elsewhere whatever looks like one."""
    found = list(NUMBER.finditer(data[:20_000]))
    if not found:
        return extreme(data, draw)
    for match in sorted(
        draw.sample(found, min(len(found), draw.choice((1, 1, 3)))), key=lambda m: -m.start()
    ):
        data = data[: match.start()] + draw.choice(NUMBERS).encode() + data[match.end() :]
    return data


def nested(data: bytes, draw: Random) -> bytes:
    place = _place(data, draw)
    return data[:place] + draw.choice((b"[", b"{", b'{"a":', b"(", b"<a>")) * 100_000 + data[place:]


def doubled(data: bytes, _: Random) -> bytes:
    return data + data


def lines(data: bytes, draw: Random) -> bytes:
    """Lines in another order, or one of them twice."""
    found = data.splitlines(keepends=True) or [b""]
    place = draw.randrange(len(found))
    if draw.random() < 0.5:
        draw.shuffle(found)
    return b"".join((*found[: place + 1], *found[place:]))


def replaced(_: bytes, draw: Random) -> bytes:
    """Something else altogether."""
    return draw.choice(OTHERS)


DAMAGES: dict[str, Damage] = {
    each.__name__: each
    for each in (
        *(truncated, flipped, extreme, swapped, zeroed, removed, repeated),
        *(inserted, number, nested, doubled, lines, replaced),
    )
}


def damaged(data: bytes, draw: Random) -> tuple[str, bytes]:
    """Some damage, and its name; in half of the files that pack others, below the packing."""
    if draw.random() < 0.2 and (packed := hostile(data, draw)) is not None:
        return packed
    name = draw.choice(list(DAMAGES))
    if draw.random() < 0.5 and (inner := _inside(data, DAMAGES[name], draw)) is not None:
        return f"{name} inside", inner
    return name, DAMAGES[name](data, draw)


def _inside(data: bytes, damage: Damage, draw: Random) -> bytes | None:
    if data.startswith(b"PK\x03\x04"):
        return _in_zip(data, damage, draw)
    if data.startswith(b"\x1f\x8b"):
        return gzip.compress(damage(gzip.decompress(data), draw), 1, mtime=0)
    if data.startswith(PNG):
        return _in_png(data, damage, draw)
    return None


def _in_zip(data: bytes, damage: Damage, draw: Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    chosen, packed = draw.choice(list(members)), io.BytesIO()
    members[chosen] = damage(members[chosen], draw)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return packed.getvalue()


def _in_png(data: bytes, damage: Damage, draw: Random) -> bytes:
    """The content of a chunk, with the checksum of what it is now."""
    chunks, place = [], len(PNG)
    while place < len(data):
        (size,) = struct.unpack_from(">I", data, place)
        chunks.append((data[place + 4 : place + 8], data[place + 8 : place + 8 + size]))
        place += size + 12
    chosen = draw.randrange(len(chunks))
    kind, body = chunks[chosen]
    if kind == b"IDAT" and draw.random() < 0.5:
        body = zlib.compress(damage(zlib.decompress(body), draw))
    else:
        body = damage(body, draw)
    chunks[chosen] = kind, body
    packed = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    return PNG + b"".join(packed)


def resealed(run: Path, file: Path) -> bool:
    """Put the right hashes of a damaged file on record, as its maker could; False: nothing keeps its hash."""
    from convscope.run.files import digest

    content, sealed_by = file.read_bytes(), run / "manifest.json"
    if file == sealed_by:
        return _seal(file, content)
    checkpoint = run / "checkpoint.json"
    if checkpoint.exists() and file != checkpoint:
        moment = json.loads(checkpoint.read_bytes())
        if file.name == moment["file"]:
            moment["sha256"] = digest(content)
        elif file.name in moment["tables"]:
            moment["tables"][file.name] = [len(content), digest(content)]
        checkpoint.write_text(json.dumps(moment))
    manifest = json.loads(sealed_by.read_bytes())
    for changed in (file, checkpoint):
        if changed.name in manifest["files"]:
            manifest["files"][changed.name] = [digest(changed.read_bytes())]
    if file.name in manifest["results"]:
        manifest["results"][file.name] = digest(content)
    return _seal(sealed_by, json.dumps(manifest).encode())


def _seal(file: Path, content: bytes) -> bool:
    from convscope.run.manifest import sealed

    try:
        body = json.loads(content)
        file.write_text(sealed({key: value for key, value in body.items() if key != "sha256"}))
    except (ValueError, AttributeError, RecursionError):
        return False
    return True
