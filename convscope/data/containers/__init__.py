"""Files that hold arrays by name, of NumPy, MATLAB and HDF5, and folders of them. Nothing in them is run."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from convscope.data.containers import hdf5, matlab, numpys, pickles
from convscope.data.containers.member import Member
from convscope.data.files import folder
from convscope.errors import DataError, reason

Opener = Callable[[ExitStack, Path], dict[str, Member]]

CONTAINERS: dict[str, Opener] = {
    ".npz": numpys.archive,
    ".npy": numpys.single,
    ".mat": matlab.members,
    ".h5": hdf5.members,
    ".hdf5": hdf5.members,
    **dict.fromkeys((".pkl", ".pickle", ".p"), pickles.members),
}  # ending → its arrays, by name, readable while the stack is open
STARTS = {
    b"PK\x03\x04": ".npz",
    b"\x93NUMPY": ".npy",
    b"MATLAB 5.0 MAT-file": ".mat",
    b"MATLAB 7.3 MAT-file": ".mat",
    b"\x89HDF\r\n\x1a\n": ".h5",
}  # what such a file begins with


def takes(path: Path) -> bool:
    """Whether this is a file of arrays, by its ending."""
    return path.suffix.lower() in CONTAINERS and path.is_file()


def ending(head: bytes) -> str:
    """The ending of a file of arrays that begins with these bytes; "" where it is another one."""
    return next((known for start, known in STARTS.items() if head.startswith(start)), "")


def files(path: Path) -> list[Path]:
    """The files of arrays that lie directly in a folder."""
    return [child for child in folder.children(path, []) if takes(child)]


@contextmanager
def members(paths: list[Path]) -> Iterator[Mapping[str, Member]]:
    """The arrays of one file, or of several that lie beside each other, by name.

    Of several files a name begins with the file's, which alone stands for its only array.

    Raises:
        DataError: damaged, or a library is missing.
    """
    with ExitStack() as stack:
        found: dict[str, Member] = {}
        for path in paths:
            inside = _opened(stack, path)
            if len(paths) == 1:
                found = inside
            elif len(inside) == 1:
                found[path.stem] = next(iter(inside.values()))
            else:
                found |= {f"{path.stem}/{key}": member for key, member in inside.items()}
        try:
            yield found
        except DAMAGE as error:
            raise _damage(paths[0], error) from error


def _opened(stack: ExitStack, path: Path) -> dict[str, Member]:
    with path.open("rb") as file:  # the content counts, as far as it is known
        known = ending(file.read(32))
    try:
        return CONTAINERS[known or path.suffix.lower()](stack, path)
    except DAMAGE as error:
        raise _damage(path, error) from error


def _damage(path: Path, error: Exception) -> DataError:
    kind = path.suffix.lower()
    how = {".npz": "numpy.savez", ".npy": "numpy.save"}.get(kind, "the program that made it")
    return DataError(f"{path} is damaged or no {kind} file: {reason(error)}.\n  Save it again with {how}.")


DAMAGE = (*numpys.DAMAGE, KeyError, TypeError, IndexError, MemoryError, ArithmeticError)
