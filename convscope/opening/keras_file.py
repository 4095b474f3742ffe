"""A model that Keras 3 has saved, on Keras' torch backend. Nothing in the file is run: Lambda is refused."""

import os
from pathlib import Path
from zipfile import BadZipFile, ZipFile, is_zipfile

from torch import nn

from convscope.errors import NetworkError
from convscope.text import cut, printable

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
    os.environ.setdefault("KERAS_BACKEND", "torch")
    try:
        import keras
    except ImportError as error:
        raise NetworkError(
            f"{path} needs Keras 3, which is not installed.\n  To install it: pip install 'convscope[keras]'"
        ) from error
    if keras.backend.backend() != "torch":
        raise NetworkError(
            f"Keras runs on {keras.backend.backend()} here; a trace needs it on torch.\n"
            "  Set the environment variable KERAS_BACKEND=torch."
        )
    if not is_zipfile(path):
        raise NetworkError(f"{path} is no file that Keras 3 has saved.\n  Save one: model.save('net.keras')")
    _demand_members(path)
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises whatever it likes
        first = str(error).strip().partition("\n")[0].partition(". ")[0].rstrip(".") + "."
        raise NetworkError(
            f"Keras refuses {path}: {first}\n"
            "  Only files whose layers are all data are read: no Lambda layers, no classes of your own."
        ) from error
    if not isinstance(model, nn.Module):  # on the torch backend every Keras layer is one
        raise NetworkError(f"{path} holds a {type(model).__name__}, not a model.")
    return model, _inputs(model)


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
