"""Files from the internet: several mirrors, resumed where they broke off, kept if the checksum is right."""

import hashlib
from collections.abc import Iterator, Sequence
from http.client import HTTPException
from math import ceil
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from convscope.errors import DataError
from convscope.progress import track

MEBIBYTE = 1 << 20
ATTEMPTS = 3  # at each mirror; each goes on where the last one broke off
TIMEOUT = 20.0  # seconds without a byte


class Remote(NamedTuple):
    """A published file that never changes; what is not known of it, who asked for it must look at himself."""

    name: str
    size: int | None = None  # bytes
    sha256: str | None = None


def fetch(files: Sequence[Remote], mirrors: Sequence[str], folder: Path) -> None:
    """Bring `files` into `folder`; what is there already and right is left alone.

    A file appears under its name when it is complete and its checksum right; until then it is NAME.part, from
    which an interrupted download goes on.

    Args:
        files: what to get.
        mirrors: addresses of folders that hold all of them, ending in "/"; tried in this order.
        folder: created where it is missing.

    Raises:
        DataError: no mirror gave the right file; says why, and what to download to where.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            there = _is_right(folder / file.name, file)
            problems = [] if there else _from_mirrors(file, mirrors, folder)
            if problems:
                wanted = "".join(f"\n    {mirrors[0]}{each.name}" for each in files)
                raise DataError(
                    f"{file.name} could not be downloaded:{''.join(problems)}\n"
                    f"  Try again when there is a connection, or bring these files:{wanted}\n  to {folder}"
                )
    except OSError as error:
        raise DataError(
            f"{folder} cannot be written: {error.strerror or error}.\n"
            "  Choose another folder by the environment variable CONVSCOPE_CACHE."
        ) from error


def sha256(path: Path) -> str:
    """Checksum of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_right(path: Path, file: Remote) -> bool:
    return path.is_file() and (file.sha256 is None or sha256(path) == file.sha256)


def _from_mirrors(file: Remote, mirrors: Sequence[str], folder: Path) -> list[str]:
    """Get one file; gives what went wrong at each mirror, nothing when the file is there."""
    part = folder / f"{file.name}.part"
    problems = []
    for mirror in mirrors:
        problem = _from_mirror(file, mirror + file.name, part)
        if problem is None:
            part.replace(folder / file.name)
            return []
        problems.append(f"\n    {mirror + file.name}: {problem}")
    return problems


def _from_mirror(file: Remote, url: str, part: Path) -> str | None:
    """Fill `part` up to the whole file; None when it is right, else what went wrong."""
    problem = ""
    for _ in range(ATTEMPTS):
        try:
            whole = _go_on(file, url, part)
        except HTTPError as error:
            error.close()
            return f"the server answers {error.code} {error.reason}"
        except (OSError, HTTPException) as error:
            problem = str(getattr(error, "reason", error)) or type(error).__name__
            continue
        if part.stat().st_size < whole:
            problem = f"the connection broke off after {part.stat().st_size:,} of {whole:,} bytes"
        elif _is_right(part, file):
            return None
        else:
            # A bad beginning may come from an earlier mirror, so this one may start afresh
            part.unlink()
            problem = "its content is not what was published (SHA-256 differs)"
    return problem


def _go_on(file: Remote, url: str, part: Path) -> int:
    """Append what is missing, and give the size of the whole; a server that sends no rest sends all again."""
    # What lies there of a file without a known size may be of another one
    have = part.stat().st_size if part.exists() and file.size is not None else 0
    if file.size is not None and have >= file.size:
        return file.size
    request = Request(
        url, headers={"User-Agent": "convscope", **({"Range": f"bytes={have}-"} if have else {})}
    )
    with urlopen(request, timeout=TIMEOUT) as response:
        resumed = response.status == 206 and response.headers.get("Content-Range", "").startswith(
            f"bytes {have}-"
        )
        whole = _announced(response) if file.size is None else file.size
        missing = whole - have if resumed else whole
        with part.open("ab" if resumed else "wb") as out:
            pieces = track(
                _read(response, missing), f"downloading {file.name}", ceil(missing / MEBIBYTE), unit="MiB"
            )
            for piece in pieces:
                out.write(piece)
    return whole


def _announced(response) -> int:  # noqa: ANN001 - urlopen's own type is Any
    """Bytes that the server is about to send."""
    said = response.headers.get("Content-Length", "")
    if not said.isdecimal():
        raise OSError("the server does not say how long the file is")
    return int(said)


def _read(response, most: int) -> Iterator[bytes]:  # noqa: ANN001 - urlopen's own type is Any
    """Yield the body in pieces of 1 MiB, and never more than `most` bytes of it."""
    while most > 0 and (piece := response.read(min(MEBIBYTE, most))):
        most -= len(piece)
        yield piece
