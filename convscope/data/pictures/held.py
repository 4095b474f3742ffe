"""Pictures of Pillow's that are in memory: brought into a file, so that they are read as all others are."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from convscope.errors import DataError

IN_PNG = ("1", "L", "LA", "I;16", "P", "RGB", "RGBA")  # modes that PNG keeps to the bit; TIFF has the others
IN_TIFF = ("I", "F", "CMYK", "YCbCr", "LAB", "I;16B", "I;16L")


def is_picture(x: Any) -> bool:  # noqa: ANN401 - whatever a person has at hand
    """Whether this is a picture of Pillow's."""
    return isinstance(x, Image.Image)


def write(picture: Image.Image, folder: Path, name: str) -> Path:
    """Write a picture, each value as it is, with the EXIF that says how it is turned; gives the file.

    Args:
        picture: in any mode of Pillow's.
        folder: that is there.
        name: of the file, without its ending.

    Raises:
        DataError: a mode that Pillow cannot bring into a file, or a damaged picture.
    """
    known = picture.mode in (*IN_PNG, *IN_TIFF)
    form = "PNG" if picture.mode in IN_PNG else "TIFF"
    path = folder / f"{name}.{'png' if form == 'PNG' else 'tif'}"
    try:
        ready = picture if known else picture.convert("RGBA")  # of alpha that is multiplied in, and the like
        more = {"transparency": kept} if (kept := picture.info.get("transparency")) is not None else {}
        ready.save(path, form, exif=picture.getexif(), **(more if form == "PNG" else {}))
    except Exception as error:  # a file behind it may be damaged: Pillow's decoders raise anything
        why = str(error) or type(error).__name__
        raise DataError(f"the picture {name} cannot be used: {why}.\n  Open it anew.") from error
    return path


def of_array(values: np.ndarray) -> Image.Image | None:
    """The picture that an array of bytes is; None: its axes are none of a picture.

    Args:
        values: uint8, (height, width), or with 1, 3 or 4 channels first or last.
    """
    if values.dtype != np.uint8 or values.ndim not in (2, 3):
        return None
    if values.ndim == 3 and values.shape[2] not in (1, 3, 4):
        if values.shape[0] not in (1, 3, 4):
            return None
        values = np.moveaxis(values, 0, 2)
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[..., 0]
    return Image.fromarray(np.ascontiguousarray(values))


def is_unread(picture: Any) -> bool:  # noqa: ANN401 - of Pillow's
    """Whether Pillow has opened a picture's file, but not read its pixels yet."""
    return bool(getattr(picture, "tile", None))
