"""How long one sample takes."""

import time
from statistics import median

import torch
from torch import Tensor, nn

LOOKS = 10  # at the time that one sample takes


def latency(model: nn.Module, sample: Tensor) -> float:
    """Seconds for one sample alone, the median of 10, after a first one that is not counted.

    Args:
        model: in evaluation mode.
        sample: (1, channel, *space).
    """
    times = []
    with torch.inference_mode():
        for _ in range(LOOKS + 1):
            began = time.perf_counter()
            model(sample)
            times.append(time.perf_counter() - began)
    return median(times[1:])
