"""Random numbers of our own: what is drawn here never changes what the caller draws."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

CPU = torch.device("cpu")


@contextmanager
def seeded(seed: int, device: torch.device = CPU) -> Iterator[None]:
    """Draw from `seed` in this block; afterwards the caller's random numbers go on where they were.

    Args:
        seed: any whole number.
        device: where torch draws beside the CPU.

    >>> with seeded(3):
    ...     first = torch.rand(1), random.random()
    >>> with seeded(3):
    ...     (torch.rand(1), random.random()) == first
    True
    """
    with forked(device):
        random.seed(seed)
        np.random.seed(seed % 2**32)
        torch.default_generator.manual_seed(seed)  # `torch.manual_seed` would seed every accelerator too
        if device.type != "cpu":
            torch.get_device_module(device).manual_seed(seed)
        yield


@contextmanager
def forked(device: torch.device = CPU) -> Iterator[None]:
    """Draw on from the caller's random numbers in this block; afterwards they go on where they were.

    Python's, NumPy's and torch's are meant, for a person's own network may draw from any of them. What it
    sets as torch's default type ends with the block, too.

    >>> with forked():
    ...     first = torch.rand(1), random.random()
    >>> (torch.rand(1), random.random()) == first
    True
    """
    python, numpy, usual = random.getstate(), np.random.get_state(), torch.get_default_dtype()
    kind, accelerators = device.type, [] if device.type == "cpu" else [device.index or 0]
    with torch.random.fork_rng(accelerators, device_type="cuda" if kind == "cpu" else kind):
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)
            torch.set_default_dtype(usual)
