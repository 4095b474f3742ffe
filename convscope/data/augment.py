"""Random changes of training samples, a whole batch at a time.

What happens to a sample is a function of (seed, epoch, sample) alone, so neither the batch it falls into nor
a resume changes it. Beyond the border the nearest position is repeated.
"""

import hashlib
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from convscope.settings import Augment

# Random numbers a sample: shift 0-2, flip 3, crop 4 (size) and 5-7 (place), angle 8, scale 9, cutout 10-12;
# gain 13, noise 14 (place in the pool); brightness 15, contrast 16, saturation 17.
PLACES, STRENGTHS, COLUMNS = 13, 15, 18
POOL = 1 << 18  # normal numbers that all noise is taken from


def generator(*key: object) -> torch.Generator:
    """Random numbers that depend on this key alone, the same on every machine.

    >>> torch.rand(1, generator=generator(0, "order", 1)) == torch.rand(1, generator=generator(0, "order", 1))
    tensor([True])
    """
    digest = hashlib.blake2b(repr(key).encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest) >> 1)


def draw(samples: int, seed: int, epoch: int) -> Tensor:
    """Draw the random numbers of one epoch, (sample, COLUMNS), uniform in [0, 1)."""
    places = torch.rand(samples, PLACES, generator=generator(seed, "augment", epoch))
    # Generators of their own for what came later: a seed places things as it did before there were these.
    strengths = torch.rand(samples, STRENGTHS - PLACES, generator=generator(seed, "strength", epoch))
    colours = torch.rand(samples, COLUMNS - STRENGTHS, generator=generator(seed, "colour", epoch))
    return torch.cat([places, strengths, colours], dim=1)


def augment(batch: Tensor, draws: Tensor, settings: Augment) -> Tensor:
    """Change a batch as the draws say.

    Args:
        batch: (sample, channel, *space), uint8, float16 or float32; is not changed itself.
        draws: these samples' rows of `draw`, (sample, COLUMNS).
        settings: which changes, and how strong.

    Returns:
        The same shape and type.

    >>> still = torch.arange(4, dtype=torch.uint8).view(1, 1, 2, 2)
    >>> augment(still, torch.zeros(1, COLUMNS), Augment(flip=True))[0, 0]
    tensor([[1, 0],
            [3, 2]], dtype=torch.uint8)
    """
    if settings.shift or settings.flip:
        batch = _move(batch, draws, settings)
    if settings.bends:
        batch = _bend(batch, draws, settings)
    if settings.cutout:
        batch = _blank(batch, draws, settings)
    if settings.gain or settings.noise:
        batch = _loud(batch, draws, settings)
    if settings.colour:
        batch = _coloured(batch, draws, settings.colour)
    return batch


def _move(batch: Tensor, draws: Tensor, settings: Augment) -> Tensor:
    """Shift and flip: every value comes from one whole position, so nothing is blurred."""
    n, space = batch.shape[0], batch.shape[2:]
    flat = torch.zeros(n, 1, device=batch.device, dtype=torch.int64)
    for axis, size in enumerate(space):
        reach = round(settings.shift * size)
        offset = (draws[:, axis] * (2 * reach + 1)).long() - reach  # (sample,)
        source = (torch.arange(size, device=batch.device) - offset[:, None]).clamp_(
            0, size - 1
        )  # (sample, size)
        if settings.flip and axis == len(space) - 1:
            source = torch.where(draws[:, 3, None] < 0.5, size - 1 - source, source)
        flat = (flat[:, :, None] * size + source[:, None, :]).flatten(1)
    wide = flat[:, None].expand(-1, batch.shape[1], -1)
    return batch.flatten(2).gather(2, wide).view(batch.shape)


def _bend(batch: Tensor, draws: Tensor, settings: Augment) -> Tensor:
    """Crop, scale and rotate in one interpolation (linear)."""
    axes = batch.dim() - 2
    values = batch.float() if axes > 1 else batch.float()[:, :, None]  # a signal is a picture of one row
    theta = _affine(draws, settings, axes, values.shape[2:])
    grid = F.affine_grid(theta, list(values.shape), align_corners=False)
    bent = F.grid_sample(values, grid, padding_mode="border", align_corners=False).view(batch.shape)
    return (bent.round_() if batch.dtype == torch.uint8 else bent).to(batch.dtype)


def _affine(draws: Tensor, settings: Augment, axes: int, space: torch.Size) -> Tensor:
    """Map output to input positions: (sample, d, d + 1), d = 2 or 3; x comes first, as torch has it."""
    size = 1 - settings.crop * draws[:, 4]  # (sample,), share of each axis that is seen
    zoom = size * (1 + settings.scale * (2 * draws[:, 9] - 1))
    angle = torch.deg2rad(settings.rotate * (2 * draws[:, 8] - 1))
    dimensions = max(2, axes)
    theta = torch.zeros(len(draws), dimensions, dimensions + 1, device=draws.device)
    for axis in range(axes):
        theta[:, axis, axis] = zoom
        theta[:, axis, -1] = (1 - size) * (2 * draws[:, 5 + axis] - 1)
    if axes == 1:
        theta[:, 1, 1] = 1.0
    elif settings.rotate:
        ratio = space[-2] / space[-1]  # positions, not shares, are what a rotation keeps
        cosine, sine = zoom * angle.cos(), zoom * angle.sin()
        theta[:, 0, 0], theta[:, 0, 1] = cosine, -sine * ratio
        theta[:, 1, 0], theta[:, 1, 1] = sine / ratio, cosine
    return theta


def _blank(batch: Tensor, draws: Tensor, settings: Augment) -> Tensor:
    """Fill a box at a random place with the mean of the sample's channel."""
    inside = torch.ones((), dtype=torch.bool, device=batch.device)
    for axis, size in enumerate(batch.shape[2:]):
        side = max(1, round(settings.cutout * size))
        first = (draws[:, 10 + axis] * (size - side + 1)).long()  # (sample,)
        place = torch.arange(size, device=batch.device)
        hit = (place >= first[:, None]) & (place < first[:, None] + side)  # (sample, size)
        shape = [len(batch), 1] + [1] * (batch.dim() - 2)
        shape[2 + axis] = size
        inside = inside & hit.view(shape)
    wide = torch.float32 if batch.device.type == "mps" else torch.float64  # Apple's GPU has no float64
    mean = batch.to(wide).flatten(2).mean(2).view(*batch.shape[:2], *[1] * (batch.dim() - 2))
    return torch.where(inside, (mean.round() if batch.dtype == torch.uint8 else mean).to(batch.dtype), batch)


def _loud(batch: Tensor, draws: Tensor, settings: Augment) -> Tensor:
    """Change the strength of each sample, and add noise."""
    ones = [1] * (batch.dim() - 2)
    values = batch.float() * (1 + settings.gain * (2 * draws[:, 13] - 1)).view(-1, 1, *ones)
    if settings.noise:
        deviation = values.flatten(2).std(dim=2, correction=0).view(*batch.shape[:2], *ones)
        values = values + settings.noise * deviation * _noise(draws[:, 14], batch.shape).to(batch.device)
    if batch.dtype == torch.uint8:
        values = values.round().clamp(0, 255)
    return values.to(batch.dtype)


def _coloured(batch: Tensor, draws: Tensor, most: float) -> Tensor:
    """Change brightness, then contrast around the sample's mean, then saturation around a position's."""
    factors = 1 + most * (2 * draws[:, STRENGTHS:].to(batch.device) - 1)  # (sample, 3)
    bright, contrast, vivid = (factor.view(-1, *[1] * (batch.dim() - 1)) for factor in factors.T)
    values = bright * batch.float()
    values = values.flatten(1).mean(1).view_as(bright).lerp(values, contrast)
    values = values.mean(1, keepdim=True).lerp(values, vivid)
    if batch.dtype == torch.uint8:
        values = values.round_().clamp_(0, 255)
    return values.to(batch.dtype)


def _noise(places: Tensor, shape: torch.Size) -> Tensor:
    """Normal numbers of this shape, each sample's from its own place in the pool."""
    first = (places.cpu().double() * POOL).long()  # (sample,)
    index = (first[:, None] + torch.arange(shape[1:].numel())) % POOL  # (sample, value)
    return _pool()[index].view(shape)


@cache
def _pool() -> Tensor:
    """Enough normal numbers, once: drawing them anew for every sample would cost more than training on it."""
    return torch.randn(POOL, generator=generator("noise"))
