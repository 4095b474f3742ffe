"""A contact sheet: many small drawings with what the network says of each."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib
from PIL import Image, ImageDraw, ImageFont, PngImagePlugin
from torch import Tensor

from convscope.outputs import WRITTEN, OutputForm, commented
from convscope.run.plots.drawing import SIDE, Pen

MOST = 100  # drawings a sheet
WIDTH = 1400  # pixels, about
LINE = 16  # pixels of height a line of text
GAP = 8
SHEET = OutputForm("sheet", (".png",), commented)
# Also told apart by the text: wrong ones name the truth
RIGHT, WRONG, UNKNOWN = "#1b7837", "#b2182b", "#222222"


class Caption(NamedTuple):
    """What stands below a drawing: what was said, an ending that is never cut, the truth if it differs."""

    said: str
    ending: str = ""
    true: str = ""
    colour: str = UNKNOWN


def contact_sheet(inputs: Tensor, pen: Pen, captions: Sequence[Caption]) -> bytes:
    """Draw up to `MOST` samples, (sample, channel, *space), into a PNG; gives its bytes."""
    captions = captions[:MOST]
    lines = 2 if any(caption.true for caption in captions) else 1
    side = (SIDE, SIDE) if pen.ratio == 1 else (2 * SIDE, round(2 * SIDE / pen.ratio))
    cell = (side[0] + GAP, side[1] + lines * LINE + GAP)
    columns = max(1, min(WIDTH // cell[0], len(captions)))
    rows = -(-len(captions) // columns)
    sheet = Image.new("RGB", (columns * cell[0] + GAP, rows * cell[1] + GAP), "white")
    draw, font = ImageDraw.Draw(sheet), _font()
    for place, (sample, caption) in enumerate(zip(inputs, captions, strict=False)):
        left, top = GAP + place % columns * cell[0], GAP + place // columns * cell[1]
        picture = _fitted(pen.printed(pen.draw(sample)), side)
        sheet.paste(picture, (left + (side[0] - picture.width) // 2, top + (side[1] - picture.height) // 2))
        _write(draw, (left, top + side[1]), caption, font, side[0])
    return _png(sheet)


def _fitted(picture: Image.Image, box: tuple[int, int]) -> Image.Image:
    """Small pictures are enlarged by whole factors, so that their pixels stay visible."""
    factor = min(box[0] // picture.width, box[1] // picture.height)
    if factor >= 1:
        return picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)
    picture.thumbnail(box, Image.Resampling.LANCZOS)
    return picture


def _write(
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    caption: Caption,
    font: ImageFont.FreeTypeFont,
    width: int,
) -> None:
    """Write a caption as wide as a drawing: the text is cut short where it must be, its ending never."""
    left, top = place
    for text, ending in ((caption.said, caption.ending), (caption.true, "")):
        cut = text
        while cut and draw.textlength(cut + ("…" if cut != text else "") + ending, font=font) > width:
            cut = cut[:-1]
        draw.text((left, top), cut + ("…" if cut != text else "") + ending, fill=caption.colour, font=font)
        top += LINE


def _font() -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib and has letters of most alphabets."""
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"), 12)


def _png(sheet: Image.Image) -> bytes:
    content, words = io.BytesIO(), PngImagePlugin.PngInfo()
    words.add_text("Comment", WRITTEN)
    sheet.save(content, "PNG", pnginfo=words)
    return content.getvalue()
