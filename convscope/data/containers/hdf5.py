"""Arrays in HDF5 files, by h5py; one in a group is named group/array. Links to other files are no arrays."""

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convscope.data.containers.member import Header, Member
from convscope.data.library import library
from convscope.errors import DataError

if TYPE_CHECKING:
    import h5py

KERAS = ("model_weights", "layers", "_layer_checkpoint_dependencies")  # groups of a file of weights
_h5py = partial(library, "h5py", "HDF5 files (.h5, and .mat of MATLAB 7.3)")


def members(stack: ExitStack, path: Path, *, columns_first: bool = False) -> dict[str, Member]:
    """The arrays of a file.

    Args:
        stack: closes the file.
        path: of the file.
        columns_first: it is MATLAB's, whose axes are stored in the opposite order.

    Raises:
        DataError: h5py is missing, or the file holds the weights of a network.
    """
    file = stack.enter_context(_h5py().File(path, "r"))
    if "keras_version" in file.attrs or any(name in file for name in KERAS):
        raise DataError(
            f"{path} holds the weights of a network, not data.\n  Give arrays of samples and labels."
        )
    found: dict[str, Member] = {}

    def take(name: str, item: Any) -> None:  # noqa: ANN401 - a dataset or a group
        if not isinstance(item, _h5py().Dataset) or item.shape is None or name.startswith("#refs#"):
            return
        if item.is_virtual or item.external:  # its numbers lie in other files
            return
        found[name] = Member(partial(_header, item, columns_first), partial(_read, item, columns_first))

    file.visititems(take)
    return found


def _header(item: "h5py.Dataset", columns_first: bool) -> Header:
    if _texts(item):
        return Header((array := _read(item, columns_first)).shape, array.dtype)
    return Header(item.shape[::-1] if columns_first else item.shape, item.dtype)


def _texts(item: "h5py.Dataset") -> bool:
    """Whether it holds texts in one of the ways that there are: as such, as references, as characters."""
    return item.dtype.kind == "O" or _is_characters(item)


def _is_characters(item: "h5py.Dataset") -> bool:
    return item.attrs.get("MATLAB_class") == b"char"


def _read(item: "h5py.Dataset", columns_first: bool) -> np.ndarray:
    if _h5py().check_string_dtype(item.dtype) is not None:
        return np.array(item.asstr(errors="replace")[()], dtype=str)
    if _h5py().check_ref_dtype(item.dtype) is not None:
        cells: list[Any] = [item.file[ref] for ref in item[()].ravel()]
        return np.array(["".join(map(chr, cell[()].ravel())) for cell in cells])
    array = item[()]
    if _is_characters(item):
        return np.array(["".join(map(chr, row)).rstrip() for row in array.T])
    return array.T if columns_first else array
