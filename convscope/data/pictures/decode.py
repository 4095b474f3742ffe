"""One picture file to one uint8 array. Needs Pillow and NumPy only."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError

from convscope.data.pictures import dicom
from convscope.errors import BadFile

VERSION = 4  # of the pixels that come out: raise it when they change, so that no cache of older ones is used
SUFFIXES = frozenset(
    [".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".dib", ".tif", ".tiff", ".webp"]
)
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "DIB", "TIFF", "WEBP")
PIXEL_LIMIT = 150_000_000  # largest width · height that is decoded: 450 MB as colour
BACKGROUND = (255, 255, 255)  # what shows through transparent pixels: white, as on a page
PAGES = 16  # of a TIFF whose sizes are looked at
SEEN = 16  # of 255: a picture with less contrast than this shows nothing
MAGIC = {
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
}
ORIENTATION = 274  # the EXIF tag
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class PictureHeader(NamedTuple):
    """What a file says about its picture before anything is decoded; sizes in pixels, turned upright."""

    width: int
    height: int
    mode: str  # Pillow's: L, RGB, RGBA, P, CMYK, I;16 …


def header(path: Path) -> PictureHeader:
    """Read size and mode of a picture without decoding it.

    Raises:
        DataError: (BadFile) the file cannot be read, is no picture, or has more than PIXEL_LIMIT pixels.
    """
    with _reading(path) as file:
        if dicom.is_dicom(file.read(dicom.MAGIC.stop)):
            one = dicom.about(path)
            return PictureHeader(int(one.Columns), int(one.Rows), dicom.mode(one))
        image = _identified(path, file)
        _demand_size(image, path)
        show_largest(image)
        width, height = image.size
        # Pillow turns the size of a TIFF itself; asking a PNG for EXIF that is not in its head decodes it
        asks = image.format != "TIFF" and (image.format != "PNG" or "exif" in image.info)
        if asks and _orientation(image) in (5, 6, 7, 8):
            width, height = height, width
        return PictureHeader(width, height, image.mode)


def is_grey(mode: str) -> bool:
    """Whether a picture of this mode of Pillow's has no colour."""
    return mode in ("1", "L", "LA", "I", "F") or mode.startswith("I;16")


def is_deep(mode: str) -> bool:
    """Whether a picture of this mode of Pillow's has more than 256 levels of grey."""
    return mode in ("I", "F") or mode.startswith("I;16")


def decode(
    path: Path, size: tuple[int, int], channels: int, fit: str = "letterbox", *, deep: bool = False
) -> np.ndarray:
    """Decode one picture into just this size.

    The EXIF orientation is applied, transparency is laid on white, animations give their first frame. 16-bit
    grey is divided by 257, so 65535 becomes 255; 16-bit colour keeps its high byte, Pillow offers no more.
    32-bit and floating point pictures do not say what their white is: it is taken to be the least of 1
    (floating point only), 255 and 65535 that no value exceeds; with negative or larger values the picture's
    own least and greatest become 0 and 255. A DICOM file is a picture like them.

    A JPEG is decoded whole: at a fraction of its size it would come sooner, and as other pixels than every
    other program has of it.

    Args:
        path: PNG, JPEG, GIF, BMP, TIFF or WebP file; the content counts, not the ending.
        size: (height, width) in pixels.
        channels: 1 for grey (ITU-R 601 luma), 3 for red, green, blue.
        fit: "letterbox" keeps the aspect and pads with the median colour of the picture's own edge; "crop"
            keeps the aspect and cuts the middle out; "stretch" does not keep the aspect.
        deep: keep the values of a picture of more than 8 bits as they are.

    Returns:
        uint8, or with `deep` float32, (channel, height, width).

    Raises:
        DataError: (BadFile) the file cannot be read, is damaged or no picture, or has more than
            PIXEL_LIMIT pixels; with `deep` also a picture of 8 bits.
    """
    with opened(path) as image:
        show_largest(image)
        return brought(image, path, size, channels, fit, deep=deep)


def brought(
    image: Image.Image, path: Path, size: tuple[int, int], channels: int, fit: str, *, deep: bool = False
) -> np.ndarray:
    """Bring an opened picture into this size, as `decode` says; the path is for messages."""
    image.load()
    turn = TURNS.get(_orientation(image))  # after load: Pillow turns TIFF itself and then drops the tag
    upright = image.transpose(turn) if turn is not None else image
    shown = _unscaled(upright, path) if deep else plain(upright, "L" if channels == 1 else "RGB", path)
    pixels = np.asarray(_resized(shown, size, fit))  # (height, width) or (height, width, channel)
    planes = _framed(pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1), size)
    return np.repeat(planes, channels, axis=0) if deep else planes


@contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """Open, check the header, and give every failure, here or while the picture is used, its reason.

    Raises:
        DataError: (BadFile) the file cannot be read, is damaged or no picture, or has more than
            PIXEL_LIMIT pixels.
    """
    with _reading(path) as file:
        is_dicom = dicom.is_dicom(file.read(dicom.MAGIC.stop))
        with dicom.image(path) if is_dicom else _identified(path, file) as image:
            _demand_size(image, path)
            yield image


@contextmanager
def _reading(path: Path) -> Iterator[IO[bytes]]:
    """Open a file once, and give every failure while it is used its reason."""
    try:
        with regular(path) as file:
            yield file
    except BadFile:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadFile(path, f"its header says more pixels than the limit of {PIXEL_LIMIT:,}") from None
    except Exception as error:  # on damaged bytes Pillow's decoders raise anything, SyntaxError included
        raise BadFile(path, f"damaged, cannot be decoded: {str(error) or type(error).__name__}") from error


def regular(path: Path, what: str = "picture") -> IO[bytes]:
    """Open a regular file; a pipe or a device would block for ever.

    Raises:
        DataError: (BadFile) it is not there, empty, no file or may not be read.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise BadFile(path, f"a folder, not a {what}")
        if not stat.S_ISREG(status.st_mode):
            raise BadFile(path, "a pipe, socket or device, not a file")
        if status.st_size == 0:
            raise BadFile(path, "the file is empty (0 bytes)")
        return path.open("rb")
    except FileNotFoundError:
        link = "a link to a file that does not exist" if path.is_symlink() else "there is no such file"
        raise BadFile(path, link) from None
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        raise BadFile(path, f"cannot be opened: {getattr(error, 'strerror', None) or error}") from error


def show_largest(image: Image.Image) -> None:
    """Go to the largest page of a TIFF: where they differ in size, the others are thumbnails of it."""
    if image.format != "TIFF" or getattr(image, "n_frames", 1) < 2:
        return
    sizes = page_sizes(image)
    image.seek(sizes.index(max(sizes)) if len(set(sizes)) > 1 else 0)


def page_sizes(image: Image.Image) -> list[int]:
    """Pixels of the first pages of a file."""
    sizes = []
    for page in range(min(getattr(image, "n_frames", 1), PAGES)):
        image.seek(page)
        area = image.width * image.height
        sizes.append(area if area <= PIXEL_LIMIT else 0)
    image.seek(0)
    return sizes


def _demand_size(image: Image.Image, path: Path) -> None:
    width, height = image.size
    if width < 1 or height < 1:
        raise BadFile(path, f"its header says {width} × {height} pixels")
    if width * height > PIXEL_LIMIT:
        raise BadFile(path, f"{width:,} × {height:,} pixels are more than the limit of {PIXEL_LIMIT:,}")


def _identified(path: Path, file: IO[bytes]) -> Image.Image:
    file.seek(0)
    try:
        return Image.open(file, formats=FORMATS)
    except UnidentifiedImageError:
        file.seek(0)
        start = file.read(64)
    kind = next((name for magic, name in MAGIC.items() if start.startswith(magic)), None)
    if kind:
        raise BadFile(path, f"a {kind} file whose header is damaged")
    text = all(byte in b"\t\n\r\f" or byte >= 32 for byte in start)  # UTF-8 included
    what = "holds text" if text else "holds something else"
    raise BadFile(path, f"not a picture: it {what}, not PNG, JPEG, GIF, BMP, TIFF or WebP")


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; damaged EXIF does not make the pixels unusable and counts as upright."""
    try:
        return image.getexif().get(ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - as above, anything may be raised
        return 1


def _scaled(picture: tuple[int, int], frame: tuple[int, int], fit: str) -> tuple[int, int]:
    """(width, height) of the whole picture once it is scaled to fit the frame, both (width, height)."""
    if fit == "stretch":
        return frame
    ratios = frame[0] / picture[0], frame[1] / picture[1]
    scale = min(ratios) if fit == "letterbox" else max(ratios)
    return max(1, round(picture[0] * scale)), max(1, round(picture[1] * scale))


def _opaque(image: Image.Image) -> Image.Image:
    """On white, as on a page; on black what would not be seen there, such as a digit drawn in white."""
    on_white = _laid_on(image, BACKGROUND)
    if _contrast(on_white) >= SEEN:
        return on_white
    on_black = _laid_on(image, (0, 0, 0))
    return on_black if _contrast(on_black) >= SEEN else on_white


def _laid_on(image: Image.Image, colour: tuple[int, int, int]) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", image.size, (*colour, 255)), image)


def _contrast(image: Image.Image) -> int:
    """From the darkest to the brightest byte of a colour, the most of the three; alpha is one number."""
    return int(np.ptp(image.getextrema(), axis=1).max())


def plain(image: Image.Image, mode: str, path: Path) -> Image.Image:
    """Bring any of Pillow's modes to 8-bit "L" or "RGB"; the path is for messages."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image = Image.fromarray(_to_bytes(np.asarray(image), path))
    if image.has_transparency_data:
        image = _opaque(image.convert("RGBA"))
    if image.mode not in ("L", "RGB", "1"):
        image = image.convert(
            "RGB"
        )  # palettes, CMYK, YCbCr: colour first, or a grey of a palette index comes out
    return image if image.mode == mode else image.convert(mode)


def _unscaled(image: Image.Image, path: Path) -> Image.Image:
    """A picture of more than 8 bits with its own values, as floating point numbers."""
    if not is_deep(image.mode):
        raise BadFile(path, "its grey has 8 bits, that of the others more: save all of them in the same way")
    values = np.asarray(image).astype(np.float32)
    if not np.isfinite(values).all():
        raise BadFile(path, "holds values that are not finite (NaN or infinity)")
    return Image.fromarray(values)


def _to_bytes(values: np.ndarray, path: Path) -> np.ndarray:
    """Scale deep grey values to 0–255, as `decode` says."""
    if values.dtype.itemsize == 2 and values.dtype.kind == "u":
        return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if not np.isfinite(values).all():
        raise BadFile(path, "holds values that are not finite (NaN or infinity)")
    low, high = float(values.min()), float(values.max())
    whites = (1, 255, 65535) if values.dtype.kind == "f" else (255, 65535)
    white = next((white for white in whites if low >= 0 and high <= white), None)
    if white is None:
        return np.rint((values.astype(np.float64) - low) * (255 / (high - low or 1))).astype(np.uint8)
    return np.rint(values.astype(np.float64) * (255 / white)).astype(np.uint8)


def _resized(image: Image.Image, size: tuple[int, int], fit: str) -> Image.Image:
    """Resize with antialiasing; reducing_gap lets Pillow average whole blocks first, which nobody can see."""
    frame = size[1], size[0]
    if image.size == frame:
        return image
    box = _middle(image.size, frame) if fit == "crop" else None
    shown = frame if fit == "crop" else _scaled(image.size, frame, fit)
    return image.resize(shown, Image.Resampling.BILINEAR, box=box, reducing_gap=3.0)


def _middle(picture: tuple[int, int], frame: tuple[int, int]) -> tuple[float, float, float, float]:
    """The largest centred box of the frame's aspect: (left, top, right, bottom)."""
    scale = min(picture[0] / frame[0], picture[1] / frame[1])
    width, height = frame[0] * scale, frame[1] * scale
    # Rounding may leave the box a hair larger than the picture.
    left, top = max(0.0, (picture[0] - width) / 2), max(0.0, (picture[1] - height) / 2)
    return left, top, min(left + width, picture[0]), min(top + height, picture[1])


def _framed(planes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """In the middle of a frame of this size; around it the median of the outermost pixels, by channel.

    Where a picture has a background, that is its colour. Both are (channel, height, width).
    """
    channels, height, width = planes.shape
    if (height, width) == size:
        return np.ascontiguousarray(planes)
    edges = planes[:, 0], planes[:, -1], planes[:, :, 0], planes[:, :, -1]
    edge = np.concatenate(edges, axis=1)  # (channel, pixel)
    middle = edge.shape[1] // 2
    framed = np.empty((channels, *size), planes.dtype)
    framed[:] = np.trunc(np.partition(edge, middle, axis=1)[:, middle])[:, None, None]
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    framed[:, top : top + height, left : left + width] = planes
    return framed
