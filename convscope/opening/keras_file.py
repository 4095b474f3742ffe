"""A model that Keras 3 has saved, on Keras' torch backend. Nothing in the file is run: Lambda is refused."""

import os
from pathlib import Path
from zipfile import is_zipfile

from torch import nn

from convscope.errors import NetworkError


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


def _inputs(model: nn.Module) -> list[str]:
    """`1x28x28` and the like, for models with inputs of fixed size."""
    words = []
    for each in getattr(model, "inputs", None) or ():
        sizes = tuple(each.shape)[1:]
        if not sizes or None in sizes:
            return []
        words.append(f"{'x'.join(map(str, sizes))}:{each.dtype}")
    return words
