"""A model that Keras 3 has saved, on Keras' torch backend. Nothing in the file is run: Lambda is refused."""

import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile, is_zipfile

from torch import nn

from convscope.errors import NetworkError, not_installed
from convscope.text import cut, printable

BACKEND = "KERAS_BACKEND"  # the environment variable that chooses it, read once
NOT_TORCH = (
    "Keras runs on {backend} here; convscope needs it on torch.\n"
    "  Set the environment variable KERAS_BACKEND=torch before Keras is imported."
)
COUNTS = "object_name_uids"
ENDING = ".keras"
MEMBERS = ("metadata.json", "config.json", "model.weights.h5")


def load(path: Path) -> tuple[nn.Module, list[str]]:
    """Load a `.keras` file.

    Returns:
        The model, and the words for its inputs as `samples.read` takes them; none where the file leaves a
        size open.

    Raises:
        NetworkError: there is no such file, Keras is missing or runs on another backend, or refuses the file.
    """
    if not path.is_file():
        raise NetworkError(f"there is no file '{path}'.")
    keras = imported(str(path))
    if not is_zipfile(path):
        raise NetworkError(f"{path} is no file that Keras 3 has saved.\n  Save one: model.save('net.keras')")
    _demand_members(path)
    try:
        with names_anew():
            model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises whatever it likes
        first = str(error).strip().partition("\n")[0].partition(". ")[0].rstrip(".") + "."
        raise NetworkError(
            f"Keras refuses {path}: {first}\n"
            "  Only files whose layers are all data are read: no Lambda layers, no classes of your own.\n"
            "  To train such a model, name what makes it: --network file.py:function"
        ) from error
    if not isinstance(model, nn.Module):  # on the torch backend every Keras layer is one
        raise NetworkError(f"{path} holds a {type(model).__name__}, not a model.")
    return model, _inputs(model)


def imported(what: str = "this network") -> Any:  # noqa: ANN401 - a module
    """Keras, on torch.

    Args:
        what: needs it, for messages.

    Raises:
        NetworkError: it is missing, or runs on another backend.
    """
    try:
        with on_torch():
            import keras
    except ImportError as error:
        demand_torch(error)
        raise NetworkError(not_installed(f"{what} needs", "Keras 3", "keras")) from error
    backend = keras.backend.backend() if hasattr(keras, "device") else "the version of Keras before 3"
    if backend != "torch":
        raise NetworkError(NOT_TORCH.format(backend=backend))
    return keras


@contextmanager
def on_torch() -> Iterator[None]:
    """Keras that is imported in this block runs on torch, unless the environment says otherwise."""
    if BACKEND in os.environ:
        yield
        return
    os.environ[BACKEND] = "torch"
    try:
        yield
    finally:
        os.environ.pop(BACKEND, None)


def demand_torch(error: BaseException) -> None:
    """Say what is amiss where Keras could not be imported because its backend is not installed.

    Raises:
        NetworkError: that was the reason.
    """
    backend = os.environ.get(BACKEND, "torch")
    if isinstance(error, ImportError) and error.name == backend != "torch":
        raise NetworkError(NOT_TORCH.format(backend=backend)) from error


def is_named(name: str) -> bool:
    """Say whether this names a file that Keras has saved.

    >>> is_named("net.keras"), is_named("net.py:Net")
    (True, False)
    """
    return name.endswith(ENDING)


def is_keras(thing: object) -> bool:
    """Whether something is Keras' or made of what is Keras', on whatever backend; imports nothing.

    >>> is_keras(nn.Linear(1, 1))
    False
    """
    return any(kind.__module__.partition(".")[0] in ("keras", "tensorflow") for kind in type(thing).__mro__)


@contextmanager
def names_anew() -> Iterator[None]:
    """Count layers from the first one in this block: Keras counts them over the whole process.

    So a model that is made again has the names that it had before, in whatever process.
    """
    try:
        if not sys.modules.get("keras"):
            raise ImportError
        from keras.src.backend.common import global_state  # the counts are nowhere public
    except ImportError:  # nobody uses Keras, or it is an old one
        yield
        return
    before = global_state.get_global_attribute(COUNTS)
    global_state.set_global_attribute(COUNTS, defaultdict(int))
    try:
        yield
    finally:
        global_state.set_global_attribute(COUNTS, before)


def _demand_members(path: Path) -> None:
    """Refuse an archive with more in it than Keras writes: Keras unpacks it, and leaves what it could not."""
    try:
        with ZipFile(path) as archive:
            names = archive.namelist()
    except (BadZipFile, NotImplementedError, ValueError) as error:
        raise NetworkError(f"{path} is damaged: {error}.\n  Get it again.") from error
    others = [name for name in names if name not in MEMBERS and not name.startswith("assets/")]
    if others or len(set(names)) < len(names):
        what = f"'{printable(cut(others[0]))}'" if others else "two files of one name"
        raise NetworkError(f"{path} is no file that Keras 3 has saved: it holds {what}.\n  Get it again.")


def _inputs(model: nn.Module) -> list[str]:
    """`1x28x28` and the like, for models with inputs of fixed size."""
    words = []
    for each in getattr(model, "inputs", None) or ():
        sizes = tuple(each.shape)[1:]
        if not sizes or None in sizes:
            return []
        words.append(f"{'x'.join(map(str, sizes))}:{each.dtype}")
    return words
