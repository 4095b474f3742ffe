"""Moments of a training that are looked at more closely: close together at first, where most happens."""

from math import ceil

from torch import nn

from convscope.settings import TrainingSettings

MEASURED, EVERY = 40, 25  # steps of a training whose layers are measured: at most, and one in so many
MEGABYTE = 1_000_000


def spaced(steps: int, count: int) -> tuple[int, ...]:
    """At most `count` steps of 1 … `steps`, the last too; each is as many times as far as the one before.

    >>> spaced(1_000, 7), spaced(5, 20), spaced(9, 1), spaced(9, 0)
    ((1, 3, 10, 32, 100, 316, 1000), (1, 2, 3, 4, 5), (9,), ())
    """
    if count < 2:
        return (steps,) * count
    return tuple(sorted({round(steps ** (place / (count - 1))) for place in range(count)} | {steps}))


def measured(steps: int) -> tuple[int, ...]:
    """The steps whose layers are measured, of so many: too few to be felt in the time that training takes."""
    return spaced(steps, min(MEASURED, max(2, ceil(steps / EVERY))))


def kept(steps: int, model: nn.Module, settings: TrainingSettings) -> tuple[int, ...]:
    """The steps whose weights are kept, 0 (before the first) among them; () where not even two have room."""
    count = fitting(model, settings)
    return (0, *spaced(steps, count - 1)) if count > 1 else ()


def fitting(model: nn.Module, settings: TrainingSettings) -> int:
    """How many of the snapshots that were asked for the budget has room for."""
    return min(settings.snapshots, int(settings.snapshot_budget * MEGABYTE / size(model)))


def size(model: nn.Module) -> int:
    """Bytes of a network's weights and statistics."""
    return sum(tensor.nbytes for tensor in model.state_dict().values()) or 1
