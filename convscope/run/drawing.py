"""One sample as a small picture, whatever kind of data it is of."""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from convscope.data.dataset import Kind

SIDE = 128  # pixels: larger pictures are made smaller than this, smaller ones stay as they are
LOOK = 64  # samples that the limits and the background are found from
EMPTY = 0.5  # share of the lowest value from which on samples are strokes on an empty ground
TO_THE_BIT = 48  # pixels: larger pictures in colour are stored as JPEG


@dataclass(frozen=True)
class Pen:
    """How the samples of one data set are drawn, so that all of them compare.

    Attributes:
        kind: image, signal, volume or sequence.
        low: the value drawn black.
        high: the value drawn white.
        ink: samples are strokes on an empty ground (digits, curves): a light page may show ink on paper.
    """

    kind: Kind
    low: float
    high: float
    ink: bool

    @classmethod
    def of(cls, inputs: Tensor, kind: Kind) -> "Pen":
        """Choose from some of the samples, (sample, channel, *space).

        Bytes are drawn as they are, unless they use little of their range (scikit-learn's digits: 0 … 16).

        >>> Pen.of(torch.tensor([[[[0, 0], [0, 16]]]], dtype=torch.uint8), "image")
        Pen(kind='image', low=0.0, high=16.0, ink=True)
        """
        some = inputs[torch.linspace(0, len(inputs) - 1, min(LOOK, len(inputs))).long()].float()
        low, high = some.min().item(), some.max().item()
        if inputs.dtype == torch.uint8:
            low, high = 0.0, 255.0 if high > 64 else high
        empty = (some == low).float().mean().item() > EMPTY and inputs.shape[1] == 1
        return cls(kind, low, max(high, low + 1e-6), empty or kind in ("signal", "sequence"))

    def draw(self, sample: Tensor) -> Image.Image:
        """Draw one sample, (channel, *space): light on dark, at most `SIDE` pixels a side.

        >>> Pen("image", 0, 255, ink=False).draw(torch.zeros(3, 20, 300)).size
        (128, 9)
        """
        scaled = (sample.float().numpy() - self.low) / (self.high - self.low)
        picture = DRAWINGS[self.kind](np.nan_to_num(scaled).clip(0, 1))
        if max(picture.size) > SIDE:
            picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        return picture


def uri(picture: Image.Image) -> str:
    """Put a picture into a data: URI of at most some kilobytes; small and grey ones keep every bit."""
    content = io.BytesIO()
    form = "PNG" if max(picture.size) <= TO_THE_BIT or picture.mode == "L" else "JPEG"
    picture.save(content, form, quality=88)
    return f"data:image/{form.lower()};base64,{base64.b64encode(content.getvalue()).decode()}"


def _image(values: np.ndarray) -> Image.Image:  # (channel, height, width), 0 … 1
    pixels = (255 * values).round().astype(np.uint8)
    return Image.fromarray(pixels[:3].transpose(1, 2, 0) if len(pixels) >= 3 else pixels[0])


def _lines(values: np.ndarray) -> Image.Image:  # (channel, time), 0 … 1
    """Each channel as a line in a band of its own, the first one on top."""
    fine = 4  # drawn larger, then made smaller: smooth lines
    picture = Image.new("L", (fine * SIDE, fine * SIDE))
    pen, band = ImageDraw.Draw(picture), fine * SIDE / len(values)
    x = np.linspace(0, fine * SIDE - 1, values.shape[1])
    for place, channel in enumerate(values):
        y = band * (place + 0.95 - 0.9 * channel)
        pen.line(list(zip(x.tolist(), y.tolist(), strict=True)), fill=255, width=fine)
    return picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def _slices(values: np.ndarray) -> Image.Image:  # (channel, depth, height, width), 0 … 1
    """The three middle slices, across depth, height and width, side by side."""
    volume = values[0]
    cuts = [_image(volume.take(size // 2, axis)[None]) for axis, size in enumerate(volume.shape)]
    picture = Image.new(
        "L", (sum(cut.width for cut in cuts) + 2 * len(cuts) - 2, max(cut.height for cut in cuts))
    )
    left = 0
    for cut in cuts:
        picture.paste(cut, (left, 0))
        left += cut.width + 2
    return picture


DRAWINGS: dict[Kind, Callable[[np.ndarray], Image.Image]] = {
    "image": _image,
    "signal": _lines,
    "sequence": _lines,
    "volume": _slices,
}
