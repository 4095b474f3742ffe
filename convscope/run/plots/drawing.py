"""One sample as a small picture, whatever kind of data it is of."""

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageOps
from torch import Tensor

from convscope.data.dataset import Kind

SIDE = 128  # pixels: larger pictures are made smaller than this, smaller ones stay as they are
WIDE = 2.5 * SIDE  # what is wider than high: lines, and the three views of a volume
LOOK = 64  # samples that the limits and the background are found from
EMPTY = 0.5  # share of the lowest value from which on samples are strokes on an empty ground
TO_THE_BIT = 48  # pixels: larger pictures in colour are stored as JPEG
LINES = 8  # channels that are drawn as lines; more become rows of a map
STILL = 0.05  # share of its range that a channel of a sequence moves within a sample, to be drawn
SHORTEST = 32  # points of a sound whose pitches can be told
QUIET = 70  # decibels
FINE = 3  # drawn larger, then made smaller: smooth lines
GAP = 2  # pixels between the views of a volume
DOTS = 16  # positions up to which each is marked by a dot


@dataclass(frozen=True)
class Pen:
    """How the samples of one data set are drawn, so that all of them compare.

    Attributes:
        way: how, a key of `DRAWINGS`.
        low: the value drawn black, or at the bottom; one for all, or one a channel.
        high: the value drawn white, or at the top.
        ink: samples are strokes on an empty ground (digits, curves): a light page may show ink on paper.
        channels: those that are drawn; empty: all.
    """

    way: str
    low: float | tuple[float, ...]
    high: float | tuple[float, ...]
    ink: bool
    channels: tuple[int, ...] = ()

    @classmethod
    def of(cls, inputs: Tensor, kind: Kind, sound: bool = False) -> "Pen":
        """Choose from some of the samples, (sample, channel, *space).

        Bytes are drawn as they are, unless they use little of their range (scikit-learn's digits: 0 … 16).
        The channels of a signal may have different units, so each has limits of its own. Sounds are drawn by
        their pitches.

        >>> Pen.of(torch.tensor([[[[0, 0], [0, 16]]]], dtype=torch.uint8), "image")
        Pen(way='image', low=0.0, high=16.0, ink=True, channels=())
        """
        few = min(LOOK if kind in ("image", "volume") else 16 * LOOK, len(inputs))
        some = inputs[torch.linspace(0, len(inputs) - 1, few).long()].float()
        if sound and inputs.shape[2] >= SHORTEST:
            low, high = some.min().item(), some.max().item()
            return cls("spectrogram", low, max(high, low + 1e-6), ink=False)
        if kind in ("signal", "sequence"):
            return cls._of_channels(some, _telling(some) if kind == "sequence" else ())
        low, high = some.min().item(), some.max().item()
        solid = kind == "volume" and bool(((some == low) | (some == high)).all())
        if inputs.dtype == torch.uint8 and not solid:
            low, high = 0.0, 255.0 if high > 64 else high
        empty = (some == low).float().mean().item() > EMPTY and inputs.shape[1] == 1
        way = "image" if kind == "image" else "shadows" if solid else "slices"
        return cls(way, low, max(high, low + 1e-6), empty)

    @classmethod
    def _of_channels(cls, some: Tensor, channels: tuple[int, ...]) -> "Pen":  # (sample, channel, time)
        values = (some[:, channels] if channels else some).transpose(0, 1).flatten(1)  # (channel, value)
        low, high = values.amin(1), values.amax(1)
        high = torch.where(high > low, high, low + 1)
        way = "lines" if len(low) <= LINES else "map"
        return cls(way, tuple(low.tolist()), tuple(high.tolist()), way == "lines", channels)

    @property
    def ratio(self) -> float:
        """Width of a drawing by its height, about."""
        return {"image": 1.0, "lines": 2.5, "map": 2.5, "spectrogram": 2.5}.get(self.way, 3.0)

    def draw(self, sample: Tensor) -> Image.Image:
        """Draw one sample, (channel, *space): light on dark, at most `SIDE` or `WIDE` pixels a side.

        >>> Pen("image", 0, 255, ink=False).draw(torch.zeros(3, 20, 300)).size
        (128, 9)
        """
        values = (sample[list(self.channels)] if self.channels else sample).float().numpy()
        low, high = (np.reshape(limit, (-1,) + (1,) * (values.ndim - 1)) for limit in (self.low, self.high))
        picture = DRAWINGS[self.way](np.nan_to_num((values - low) / (high - low)).clip(0, 1))
        box = (SIDE, SIDE) if self.way == "image" else (round(WIDE), SIDE)
        if picture.width > box[0] or picture.height > box[1]:
            picture.thumbnail(box, Image.Resampling.LANCZOS)
        return picture

    def printed(self, picture: Image.Image) -> Image.Image:
        """A drawing for white paper: lines dark on light, everything else as it is."""
        return ImageOps.invert(picture) if self.way == "lines" else picture


def uri(picture: Image.Image) -> str:
    """Put a picture into a data: URI of at most some kilobytes; small and grey ones keep every bit."""
    content = io.BytesIO()
    form = "PNG" if max(picture.size) <= TO_THE_BIT or picture.mode == "L" else "JPEG"
    picture.save(content, form, quality=88)
    return f"data:image/{form.lower()};base64,{base64.b64encode(content.getvalue()).decode()}"


def _telling(some: Tensor) -> tuple[int, ...]:  # (sample, channel, time)
    """The channels in which there is a line to see: no yes or no, and not nearly constant in a sample."""
    values = some.transpose(0, 1).flatten(1)  # (channel, value)
    spread = (values.amax(1) - values.amin(1)).clamp(min=1e-12)
    moves = (some.amax(2) - some.amin(2)).mean(0) / spread  # (channel,), share of the range in one sample
    found = [place for place, row in enumerate(values) if len(row.unique()) > 2 and moves[place] > STILL]
    return tuple(found[:LINES])


def _image(values: np.ndarray) -> Image.Image:  # (channel, height, width), 0 … 1
    pixels = (255 * values).round().astype(np.uint8)
    return Image.fromarray(pixels[:3].transpose(1, 2, 0) if len(pixels) >= 3 else pixels[0])


def _lines(values: np.ndarray) -> Image.Image:  # (channel, time), 0 … 1
    """Each channel as a line in a band of its own, the first one on top."""
    width, height = round(FINE * WIDE), FINE * SIDE
    picture = Image.new("L", (width, height))
    pen, band, margin = ImageDraw.Draw(picture), height / len(values), 3 * FINE
    x = np.linspace(margin, width - 1 - margin, values.shape[1])
    for place, channel in enumerate(values):
        if place:
            pen.line([(0, band * place), (width, band * place)], fill=64, width=FINE)
        y = band * (place + 0.92 - 0.84 * channel)
        points = list(zip(x.tolist(), y.tolist(), strict=True))
        pen.line(points, fill=255, width=FINE + 1, joint="curve")
        for left, top in points if len(points) <= DOTS else ():
            pen.circle((left, top), 2.5 * FINE, fill=255)
    return picture.resize((width // FINE, SIDE), Image.Resampling.LANCZOS)


def _map(values: np.ndarray) -> Image.Image:  # (channel, time), 0 … 1
    """Many channels: each a row, the first one on top, the higher the lighter."""
    return _image(values[None]).resize((round(WIDE), SIDE), Image.Resampling.NEAREST)


def _spectrogram(values: np.ndarray) -> Image.Image:  # (channel, time), 0 … 1
    """Pitches upwards, time to the right; light: loud, black: `QUIET` decibels below the loudest."""
    wave = torch.from_numpy(np.ascontiguousarray(values.mean(0)))
    span = min(1024, max(SHORTEST, 2 ** round(np.log2(4 * len(wave) / WIDE))))
    found = torch.stft(
        wave - wave.mean(), span, max(1, len(wave) // 160), window=torch.hann_window(span), center=True,
        pad_mode="constant", return_complex=True,
    ).abs()  # fmt: skip
    loud = 1 + 20 * torch.log10(found.clamp(min=1e-12) / found.max().clamp(min=1e-12)) / QUIET
    lowest_below = loud.clamp(0, 1).flip(0).numpy()
    picture = _image(lowest_below[None]).resize((round(WIDE), SIDE), Image.Resampling.BILINEAR)
    return picture.convert("RGB")  # noise is kept small, as in a photograph


def _slices(values: np.ndarray) -> Image.Image:  # (channel, depth, height, width), 0 … 1
    """The three middle slices, across depth, height and width, side by side."""
    return _pictures(views(values[0], "slices"))


def _shadows(values: np.ndarray) -> Image.Image:  # (channel, depth, height, width), 0 or 1
    """What is solid, as an X-ray: along depth, height and width, the thickest white, the thin visible."""
    means = [mean**0.5 for mean in views(values[0], "shadows")]
    return _pictures([mean / max(mean.max(), 1e-6) for mean in means])


def views(
    values: np.ndarray, way: str, along: Callable[[np.ndarray, int], np.ndarray] = np.mean
) -> list[np.ndarray]:
    """A volume, (depth, height, width), seen along each axis: its middle slices, or what lies `along` it."""
    if way == "slices":
        return [values.take(size // 2, axis) for axis, size in enumerate(values.shape)]
    return [along(values, axis) for axis in range(3)]


def beside(planes: Sequence[np.ndarray]) -> np.ndarray:
    """Planes, (height, width) each, side by side with a gap of zeros, the lower ones filled up below."""
    highest = max(len(plane) for plane in planes)
    parts = [np.pad(plane, ((0, highest - len(plane)), (0, GAP))) for plane in planes]
    return np.concatenate(parts, 1)[:, :-GAP]


def _pictures(planes: Sequence[np.ndarray]) -> Image.Image:
    return _image(beside(planes)[None])


DRAWINGS: dict[str, Callable[[np.ndarray], Image.Image]] = {
    "image": _image,
    "lines": _lines,
    "map": _map,
    "spectrogram": _spectrogram,
    "slices": _slices,
    "shadows": _shadows,
}
