"""NumPy's own files: .npy, one array, and .npz, an archive of them. Pickled objects are never opened."""

import zipfile
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tokenize import TokenError
from typing import IO

import numpy as np
from numpy.lib import format as npy

from convscope.data.containers.member import Header, Member
from convscope.data.unpacking.target import inside
from convscope.errors import DataError
from convscope.shapes import show

ALONE = "the array"  # of a .npy file
HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)


def single(_: ExitStack, path: Path) -> dict[str, Member]:
    """The array of a .npy file."""
    return {ALONE: _member(partial(path.open, "rb"), path.stat().st_size, ALONE, path)}


def archive(stack: ExitStack, path: Path) -> dict[str, Member]:
    """The arrays of an .npz file."""
    opened = stack.enter_context(zipfile.ZipFile(path))
    return {
        (name := info.filename.removesuffix(".npy")): _member(
            partial(opened.open, info), info.file_size, name, path
        )
        for info in opened.infolist()
        if info.filename.endswith(".npy") and inside(info.filename)
    }


def _member(open_: Callable[[], IO[bytes]], size: int, name: str, path: Path) -> Member:
    def header() -> Header:
        with open_() as file:
            found = _header(file)
            there = size - file.tell()
        if found.dtype.hasobject:
            raise DataError(
                f"{path} holds Python objects in {name}, which could run code: not read.\n"
                "  Save a plain array of numbers or text."
            )
        if found.size != there:
            raise DataError(
                f"{path} says that {name} is {show(found.shape)} of {found.dtype} ({found.size:,} bytes),"
                f" but holds {there:,} bytes: it is damaged.\n  Save it again with numpy.savez."
            )
        return found

    def read() -> np.ndarray:
        with open_() as file:
            return npy.read_array(file, allow_pickle=False)

    return Member(header, read)


def _header(file: IO[bytes]) -> Header:
    version = npy.read_magic(file)
    if version not in HEADERS:
        raise ValueError(f"unknown version {version} of the npy format")
    try:
        shape, _, dtype = HEADERS[version](file)
    except (ValueError, TypeError, KeyError, SyntaxError, TokenError, RecursionError) as error:
        raise ValueError("its header describes no array") from error
    return Header(shape, dtype)
