"""MATLAB's .mat files: up to version 7 by SciPy, 7.3 is HDF5. A structure's fields are named structure/field.

Format: https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf
"""

import struct
import zlib
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from convscope.data.containers import hdf5
from convscope.data.containers.member import Header, Member
from convscope.data.memory import refuse_too_large
from convscope.errors import DataError

NEW = b"MATLAB 7.3 MAT-file"
HEAD, COMPRESSED = 128, 15  # bytes of a file's header; the type of an element
DEEPEST = 4  # structures in structures
PIECE = 1 << 20  # bytes
TYPES = {"double": "f8", "single": "f4", "logical": "u1", "char": "U1"}  # MATLAB's name → NumPy's


def members(stack: ExitStack, path: Path) -> dict[str, Member]:
    """The variables of a file, and the fields of its structures.

    Raises:
        DataError: damaged, or too large for memory.
    """
    with path.open("rb") as file:
        start = file.read(HEAD)
    if start.startswith(NEW):
        return hdf5.members(stack, path, columns_first=True)
    from scipy.io import whosmat

    if start.startswith(b"MATLAB 5"):
        refuse_too_large(_unpacked(path), path)
    found: dict[str, Member] = {}
    for name, shape, kind in _tried(partial(whosmat, str(path)), path):
        if kind == "struct":
            found |= _fields(_variable(path, name), name)
        elif kind in ("cell", "char"):
            found[name] = _texts(path, name)
        elif kind not in ("function", "object", "opaque", "unknown"):
            header = Header(tuple(shape), np.dtype(TYPES.get(kind, kind)))
            found[name] = Member(partial(Header, *header), partial(_variable, path, name))
    return found


def _tried(read: Any, path: Path) -> Any:  # noqa: ANN401 - what SciPy gives
    """What SciPy reads; on damaged bytes it raises anything."""
    try:
        return read()
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"{path} is damaged or no .mat file: {reason}.\n  Save it again in MATLAB: save -v7."
        ) from error


def _variable(path: Path, name: str) -> np.ndarray:
    from scipy.io import loadmat

    read = partial(loadmat, str(path), variable_names=[name], squeeze_me=False)
    return np.asarray(_tried(read, path)[name])


def _texts(path: Path, name: str) -> Member:
    """A cell array, or rows of characters, as an array of texts."""

    def read() -> np.ndarray:
        cells: list[Any] = _variable(path, name).ravel().tolist()
        texts: list[Any] = [
            str(cell.ravel()[0]) if isinstance(cell, np.ndarray) and cell.size else cell for cell in cells
        ]
        if not all(isinstance(text, str) for text in texts):
            raise DataError(f"{path}: the cells of {name} are no texts.\n  Save a plain array.")
        return np.array([text.rstrip() for text in texts], dtype=str)

    return Member(lambda: Header((array := read()).shape, array.dtype), read)


def _fields(value: np.ndarray, name: str, depth: int = 1) -> dict[str, Member]:
    """The arrays in a structure; lists of structures hold no array of samples."""
    if value.dtype.names is None:
        return {name: Member(lambda: Header(value.shape, value.dtype), lambda: value)}
    if value.size != 1 or depth > DEEPEST:
        return {}
    found: dict[str, Member] = {}
    for key in value.dtype.names:
        found |= _fields(np.asarray(value.ravel()[0][key]), f"{name}/{key}", depth + 1)
    return found


def _unpacked(path: Path) -> int:
    """Bytes of all elements once they are decompressed; counted, not kept."""
    total = 0
    with path.open("rb") as file:
        order = "<" if file.read(HEAD)[126:128] == b"IM" else ">"
        while len(tag := file.read(8)) == 8:
            kind, size = struct.unpack(f"{order}II", tag)
            total += _counted(file.read(size), path) if kind == COMPRESSED else size
            if kind != COMPRESSED:
                file.seek(size, 1)
    return total


def _counted(packed: bytes, path: Path) -> int:
    stream, total = zlib.decompressobj(), 0
    while packed:
        total += len(stream.decompress(packed, PIECE))
        refuse_too_large(total, path)
        packed = stream.unconsumed_tail
    return total
