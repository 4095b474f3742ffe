"""Pictures that are tensors already, brought to another size as files are (see decode.py)."""

import torch
from torch import Tensor
from torch.nn import functional as F

from convscope.data.dataset import DataSettings
from convscope.errors import DataError

GREY = (0.299, 0.587, 0.114)  # ITU-R 601 luma, as Pillow's convert("L")
BATCH = 512  # pictures at a time, so that the float32 copy stays small


def resized(pictures: Tensor, settings: DataSettings) -> Tensor:
    """Change size and channels to what the settings ask for; what they leave open stays as it is.

    Args:
        pictures: (sample, channel, height, width), 1 or 3 channels.
        settings: `size`, `channels` and `fit`. "letterbox" pads with the median of the picture's own edge.

    Returns:
        (sample, channel, height, width) of the same type; uint8 is rounded.

    Raises:
        DataError: the size is not a height and a width, or the channels are neither 1 nor 3.

    >>> resized(torch.zeros(1, 3, 8, 4), DataSettings(size=(4, 4), channels=1)).shape
    torch.Size([1, 1, 4, 4])
    """
    demand_grey_or_colour(settings)
    channels = settings.channels or pictures.shape[1]
    size = settings.size or tuple(pictures.shape[2:])
    if len(size) != 2 or min(size) < 1:
        raise DataError(f"pictures need a size of (height, width), each at least 1; got {size}.")
    if (channels, *size) == tuple(pictures.shape[1:]):
        return pictures
    out = torch.empty((len(pictures), channels, *size), dtype=pictures.dtype)
    for start in range(0, len(pictures), BATCH):
        batch = _with_channels(pictures[start : start + BATCH].float(), channels)
        batch = _fitted(batch, (size[0], size[1]), settings.fit)
        out[start : start + BATCH] = batch if out.is_floating_point() else batch.round().clamp(0, 255)
    return out


def demand_grey_or_colour(settings: DataSettings) -> None:
    """Raise DataError if pictures are asked for that are neither grey nor in colour."""
    if settings.channels not in (None, 1, 3):
        raise DataError(f"pictures have 1 channel (grey) or 3 (colour); got {settings.channels}.")


def _with_channels(batch: Tensor, channels: int) -> Tensor:
    if batch.shape[1] == channels:
        return batch
    if batch.shape[1] not in (1, 3):
        raise DataError(f"pictures have 1 channel (grey) or 3 (colour); these have {batch.shape[1]}.")
    if channels == 3:
        return batch.expand(-1, 3, -1, -1)
    return (batch * batch.new_tensor(GREY).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)


def _fitted(batch: Tensor, size: tuple[int, int], fit: str) -> Tensor:
    ratios = size[0] / batch.shape[2], size[1] / batch.shape[3]
    scale = max(ratios) if fit == "crop" else min(ratios)
    whole = [max(1, round(side * scale)) for side in batch.shape[2:]]
    shown = size if fit == "stretch" else (whole[0], whole[1])
    if shown != tuple(batch.shape[2:]):
        batch = F.interpolate(batch, shown, mode="bilinear", antialias=True)
    top, left = abs(size[0] - shown[0]) // 2, abs(size[1] - shown[1]) // 2
    if fit == "crop":
        return batch[:, :, top : top + size[0], left : left + size[1]]
    if shown == size:
        return batch
    edge = torch.cat([batch[:, :, 0], batch[:, :, -1], batch[:, :, :, 0], batch[:, :, :, -1]], dim=2)
    frame = (
        edge.sort(dim=2).values[:, :, edge.shape[2] // 2, None, None].repeat(1, 1, *size)
    )  # (sample, channel, height, width)
    frame[:, :, top : top + shown[0], left : left + shown[1]] = batch
    return frame
