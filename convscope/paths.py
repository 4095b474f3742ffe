"""Paths as people write them."""

import os
from os import PathLike
from pathlib import Path


def expanded(path: str | PathLike) -> Path:
    """With their home folder for ~; where there is none, or nobody of that name, as it is written.

    >>> expanded("~nobody at all/photos").name
    'photos'
    """
    return Path(os.path.expanduser(path))  # noqa: PTH111 - pathlib raises where nobody is called so


def missing(path: str | PathLike) -> str:
    """Words on a path at which nothing is.

    >>> missing("photoz/")
    "there is no file or folder 'photoz/'"
    """
    place = expanded(path)
    if place.is_symlink():
        return f"'{path}' is a link to {place.readlink()}, which is not there"
    return f"there is no file or folder '{path}'"
