"""A contact sheet: many small pictures with what the network says of each."""

import io
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from convscope.errors import DataError
from convscope.run import files
from convscope.run.predictions import Predictions

MOST = 100  # pictures a sheet
COLUMNS = 10
SIDE = 112  # pixels; small pictures are enlarged by whole factors, so that their pixels stay visible
LINE = 16  # pixels of height a line of text
GAP = 8
RIGHT, WRONG, UNKNOWN = (
    "#1b7837",
    "#b2182b",
    "#222222",
)  # also told apart by the text: wrong ones name the truth


def contact_sheet(predictions: Predictions, path: Path) -> Path:
    """Draw up to `MOST` predictions into a PNG; gives the path. See `Predictions.contact_sheet`."""
    if predictions.inputs.dim() != 4:
        raise DataError("a contact sheet shows pictures; these samples are none.\n  Use the table instead.")
    shown = predictions.inputs[:MOST]
    lines = 2 if any(predictions.truth) else 1
    cell = (SIDE + GAP, SIDE + lines * LINE + GAP)
    columns = min(COLUMNS, max(1, len(shown)))
    rows = -(-len(shown) // columns)
    sheet = Image.new("RGB", (columns * cell[0] + GAP, rows * cell[1] + GAP), "white")
    draw, font = ImageDraw.Draw(sheet), _font()
    scale = _scale(shown.numpy())
    answers = zip(shown.numpy(), predictions.top(1), predictions.truth, strict=False)
    for place, (pixels, (guess,), true) in enumerate(answers):
        left, top = GAP + place % columns * cell[0], GAP + place // columns * cell[1]
        picture = _picture(pixels, scale)
        sheet.paste(picture, (left + (SIDE - picture.width) // 2, top + (SIDE - picture.height) // 2))
        colour = UNKNOWN if true is None else RIGHT if true == guess.name else WRONG
        percent = f" {guess.probability:.0%}"
        _write(draw, (left, top + SIDE), guess.name, percent, colour, font)
        if true is not None and true != guess.name:
            _write(draw, (left, top + SIDE + LINE), f"true: {true}", "", colour, font)
    return _save(sheet, path)


def _scale(pixels: np.ndarray) -> tuple[float, float]:
    """The values that are shown black and white: one pair a sheet, so that pictures compare.

    Bytes are shown as they are, but for data that use a small part of them (scikit-learn's digits: 0 … 16).
    """
    low, high = float(pixels.min()), float(pixels.max())
    if pixels.dtype == np.uint8:
        return (0.0, 255.0) if high > 64 else (0.0, high or 1.0)
    return low, high if high > low else low + 1


def _picture(pixels: np.ndarray, scale: tuple[float, float]) -> Image.Image:
    """One picture, (channel, height, width), scaled to fit a cell."""
    low, high = scale
    pixels = ((pixels.astype(np.float32) - low) * (255 / (high - low))).round().astype(np.uint8)
    picture = Image.fromarray(pixels[0] if len(pixels) < 3 else pixels[:3].transpose(1, 2, 0)).convert("RGB")
    longer = max(picture.size)
    if longer <= SIDE:
        factor = SIDE // longer
        return picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return picture


def _write(
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    text: str,
    ending: str,
    colour: str,
    font: ImageFont.FreeTypeFont,
) -> None:
    """Write a line as wide as a picture: the text is cut short where it must be, its ending never."""
    cut = text
    while cut and draw.textlength(cut + ("…" if cut != text else "") + ending, font=font) > SIDE:
        cut = cut[:-1]
    draw.text(place, cut + ("…" if cut != text else "") + ending, fill=colour, font=font)


def _font() -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib and has letters of most alphabets."""
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"), 12)


def _save(sheet: Image.Image, path: Path) -> Path:
    content = io.BytesIO()
    sheet.save(content, "PNG")
    files.replace(path, content.getvalue())
    return path
