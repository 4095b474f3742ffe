"""Libraries of others that read files: imported where a file needs one, and named where one is missing."""

from importlib import import_module
from typing import Any

from convscope.errors import DataError, not_installed

EXTRAS = {
    "h5py": "arrays", "nibabel": "volumes", "pyarrow": "tables", "pydicom": "volumes", "wfdb": "signals",
}  # fmt: skip


def library(module: str, files: str) -> Any:  # noqa: ANN401 - a module
    """The module that reads such files.

    Raises:
        DataError: it is not installed; says what to install.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise DataError(not_installed(f"{files} are read by", package, EXTRAS[package])) from error
