"""Sources → `Dataset`: a name of the catalogue, or a path in any of the formats.

A new format is one file with `recognises(path)` and `load(path, settings, strict)`, and one line in `FORMATS`; it
knows nothing of training. A new data set is one function and one line in `CATALOGUE`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from convscope.data import arrays, catalogue, idx
from convscope.data.dataset import Dataset, DataSettings
from convscope.errors import DataError, UnknownName

__all__ = ["CATALOGUE", "FORMATS", "Dataset", "DataSettings", "Format", "load"]


class Format(NamedTuple):
    """One way in which data can lie on a disk."""

    recognises: Callable[[Path], bool]
    load: Callable[[Path, DataSettings, bool], Dataset]
    what: str  # one line for the person who asks what is understood


CATALOGUE: dict[str, Callable[[DataSettings], Dataset]] = {
    "mnist": catalogue.mnist,
    "mnist-sample": catalogue.mnist_sample,
    "digits": catalogue.digits,
}

FORMATS: dict[str, Format] = {
    "idx": Format(idx.recognises, idx.load, "a folder with the four IDX files of MNIST or its relatives, gzipped or not"),
}


def load(source: str | Path, settings: DataSettings = DataSettings(), *, strict: bool = False) -> Dataset:
    """Load data by catalogue name or from a path.

    A name of the catalogue comes first; write `./mnist` for a folder of that name.

    Args:
        source: "mnist", "fashion-mnist", "cifar10", "mnist-sample", "digits", or a path in one of `FORMATS`.
        settings: size, channels and split; what is left open is chosen from the data.
        strict: stop at the first broken file; otherwise it is left out and named in `Dataset.skipped`.

    Raises:
        UnknownName: neither a known name nor a path.
        DataError: nothing that is understood at the path, or it is damaged, or a download failed.

    >>> data = load("digits")
    >>> data.inputs.shape, len(data.parts["test"])
    (torch.Size([1797, 1, 8, 8]), 360)
    """
    if source in CATALOGUE:
        return CATALOGUE[str(source)](settings)
    path = Path(source).expanduser()
    for form in FORMATS.values():
        if form.recognises(path):
            return form.load(path, settings, strict)
    raise DataError(f"{path}: unknown")
