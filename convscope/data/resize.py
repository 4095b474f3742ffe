"""Pictures that are tensors already, brought to another size or number of channels."""

from math import ceil

import torch
from torch import Tensor
from torch.nn import functional as F

from convscope.data.dataset import DataSettings
from convscope.errors import DataError

GREY = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow's convert("L")
BATCH = 512  # pictures at a time, so that the float32 copy stays small


def resized(pictures: Tensor, settings: DataSettings) -> Tensor:
    """Change size and channels to what the settings ask for; what they leave open stays as it is.

    Args:
        pictures: (sample, channel, height, width), 1 or 3 channels.
        settings: `size`, `channels`, and `fit` for another aspect: fill up with 0, cut off, or stretch.

    Returns:
        (sample, channel, height, width) of the same type; uint8 is rounded.

    >>> resized(torch.zeros(1, 3, 8, 4), DataSettings(size=(4, 4), channels=1)).shape
    torch.Size([1, 1, 4, 4])
    """
    channels = settings.channels or pictures.shape[1]
    size = settings.size or tuple(pictures.shape[2:])
    if len(size) != 2 or min(size) < 1:
        raise DataError(f"the size of pictures is (height, width); got {size}.\n  For example --size 28 28.")
    if (channels, *size) == tuple(pictures.shape[1:]):
        return pictures
    out = pictures.new_zeros(len(pictures), channels, *size)
    for start in range(0, len(pictures), BATCH):
        batch = _with_channels(pictures[start : start + BATCH].float(), channels)
        batch = _fitted(batch, size, settings.fit)
        out[start : start + BATCH] = batch if out.is_floating_point() else batch.round().clamp(0, 255)
    return out


def _with_channels(batch: Tensor, channels: int) -> Tensor:
    if batch.shape[1] == channels:
        return batch
    if channels == 3:
        return batch.expand(-1, 3, -1, -1)
    return (batch * batch.new_tensor(GREY).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)


def _fitted(batch: Tensor, size: tuple[int, int], fit: str) -> Tensor:
    height, width = batch.shape[2:]
    ratios = (size[0] / height, size[1] / width)
    if fit == "stretch" or ratios[0] == ratios[1]:
        return _interpolated(batch, size)
    ratio = min(ratios) if fit == "letterbox" else max(ratios)
    inner = (max(1, round(height * ratio)), max(1, round(width * ratio)))
    batch = _interpolated(batch, inner)
    # Negative padding cuts off, so both fits are one call
    spare = [outer - part for outer, part in zip(size, inner, strict=True)]
    return F.pad(batch, [spare[1] // 2, ceil(spare[1] / 2), spare[0] // 2, ceil(spare[0] / 2)])


def _interpolated(batch: Tensor, size: tuple[int, int]) -> Tensor:
    if tuple(batch.shape[2:]) == size:
        return batch
    return F.interpolate(batch, size, mode="bilinear", antialias=True)
