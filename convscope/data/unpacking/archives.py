"""ZIP and TAR archives; links, devices and paths that lead out of them are left out and named."""

import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from charset_normalizer import from_bytes

from convscope.data.unpacking.target import BLOCK, UnpackingTarget
from convscope.errors import DataError
from convscope.progress import track

TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz")
DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    ValueError,
    RuntimeError,
)
LOCKED, UNICODE = 0x1, 0x800  # flags of a file in a ZIP: encrypted, its name is UTF-8


def from_zip(paths: Sequence[Path], target: UnpackingTarget) -> None:
    """Unpack a ZIP archive; names of older programs get the encoding that they look like.

    Raises:
        DataError: damaged, protected by a password, or too large.
    """
    (path,) = paths
    with _reasons(path), zipfile.ZipFile(path) as archive:
        named = (entry for entry in archive.infolist() if entry.filename)  # damaged ones have none
        entries = [entry for entry in named if not entry.is_dir()]
        if any(entry.flag_bits & LOCKED for entry in entries):
            raise DataError(f"{path} is protected by a password.\n  Unpack it yourself and give the folder.")
        target.demand_room(sum(entry.file_size for entry in entries))
        names = _names(entries)
        for entry in track(entries, "unpacking", total=len(entries)):
            if stat.S_ISLNK(entry.external_attr >> 16):
                target.leave_out(names[entry.filename], "a link; links in an archive are not followed")
                continue
            with archive.open(entry) as content:
                target.put(names[entry.filename], content)


def from_tar(paths: Sequence[Path], target: UnpackingTarget) -> None:
    """Unpack a TAR archive, compressed or not.

    Raises:
        DataError: damaged, or too large.
    """
    (path,) = paths
    with _reasons(path), tarfile.open(path, errors="replace") as archive:
        for member in track(archive, "unpacking", total=None):
            if member.isdir():
                continue
            if not member.isfile():
                kind = "a link; links" if member.issym() or member.islnk() else "a device or pipe; they"
                target.leave_out(member.name, f"{kind} in an archive are not followed")
                continue
            target.demand_room(member.size)
            content = archive.extractfile(member)
            assert content is not None  # it is a file
            with content:
                target.put(member.name, content)
        if not _has_end(archive):
            target.notes.append("the archive lacks its end mark: it may have been cut off")


def _has_end(archive: tarfile.TarFile) -> bool:
    """Whether zeros follow the last file; and read what is compressed to its end, where its checksum is."""
    file = archive.fileobj
    assert file is not None  # it was opened for reading
    file.seek(archive.offset)
    block = file.read(tarfile.BLOCKSIZE)
    while file.read(BLOCK):
        pass
    return block == bytes(tarfile.BLOCKSIZE)


def _names(entries: list[zipfile.ZipInfo]) -> dict[str, str]:
    """Names as their program meant them: without the flag for UTF-8 they were read as code page 437."""
    old = {
        entry.filename: entry.filename.encode("cp437", "replace")
        for entry in entries
        if not entry.flag_bits & UNICODE and not entry.filename.isascii()
    }
    encoding = _encoding(b"\n".join(old.values()))
    return {
        entry.filename: old[entry.filename].decode(encoding, "replace")
        if entry.filename in old
        else entry.filename
        for entry in entries
    }


def _encoding(names: bytes) -> str:
    try:
        names.decode("utf-8")
    except UnicodeDecodeError:
        found = from_bytes(names).best()
        return found.encoding if found else "cp437"
    return "utf-8"


@contextmanager
def _reasons(path: Path) -> Iterator[None]:
    try:
        yield
    except NotImplementedError as error:  # a RuntimeError, but nothing is damaged
        raise DataError(
            f"{path} is packed in a way that cannot be read here: {error}.\n"
            "  Unpack it yourself and give the folder."
        ) from error
    except DAMAGE as error:
        raise DataError(
            f"{path} is damaged or incomplete: {str(error) or type(error).__name__}.\n  Get it again."
        ) from error
