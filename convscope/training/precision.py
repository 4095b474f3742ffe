"""Which precision is the faster one here: a few steps of the training itself in both, on copies.

Whether 16 bits are faster depends on the processor and on the network: on one with AVX512-BF16 but without
AMX large convolutions gain and small ones lose. So it is measured, and the run's settings keep the choice.
"""

import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from statistics import median

from convscope.data.dataset import Dataset
from convscope.network.model import Model
from convscope.settings import TrainingSettings
from convscope.training.loop import TrainingLoop
from convscope.training.machine import machine, multiplies_halves

TRIED = 12  # steps in each precision, the first of which only warms up
SECONDS = 2.0  # that trying may take
WORTH = 1.1  # times as fast, so that one machine chooses the same each time
SHORT = 100  # steps; a training of fewer is over before anything was gained


def faster(model: Model, dataset: Dataset, settings: TrainingSettings) -> tuple[str, str]:
    """Measure a few steps in fp32 and in bf16.

    Args:
        model: before training; it stays as it is, as do the random numbers.
        dataset: whose training part the steps are made with.
        settings: with nothing open but the precision.

    Returns:
        "fp32" or "bf16", and the reason in a sentence; an empty one where there was nothing to choose.
    """
    here = machine(replace(settings, precision="fp32"))
    if not multiplies_halves(here.device):
        return "fp32", ""
    try:
        with here.at_work(settings.seed):
            times = _seconds_a_step(model, dataset, settings)
    except Exception:  # noqa: BLE001 - of the person's network; what fails in fp32 too, training itself says
        return "fp32", "precision fp32: the network cannot compute with numbers of 16 bits"
    if times is None:
        return "fp32", "precision fp32: the training is too short to gain from 16 bits"
    gain = times["fp32"] / times["bf16"]
    chosen = "bf16" if gain >= WORTH else "fp32"
    return chosen, f"precision {chosen}: a step in bf16 was {gain:.2f} times as fast as one in fp32"


def _seconds_a_step(model: Model, dataset: Dataset, settings: TrainingSettings) -> dict[str, float] | None:
    """The median of each precision, the steps made in turns so that other work hits both alike."""
    loops = {}
    for precision in ("fp32", "bf16"):
        so = replace(settings, precision=precision)
        loops[precision] = TrainingLoop(deepcopy(model), dataset, so, machine(so))
    if loops["fp32"].stages.steps < SHORT:
        return None
    runs = {precision: _timed(loop) for precision, loop in loops.items()}
    until, times = time.monotonic() + SECONDS, {precision: [] for precision in loops}
    for _ in range(TRIED):
        for precision, run in runs.items():
            times[precision].append(next(run))
        if time.monotonic() > until and len(times["fp32"]) > 1:
            break
    return {precision: median(seconds[1:]) for precision, seconds in times.items()}


def _timed(loop: TrainingLoop) -> Iterator[float]:
    """Seconds of one step after the other; the loss, which each step reads, waits for an accelerator too."""
    loop.model.train()
    while True:
        for x, y in loop.batches.epoch(1):
            began = time.perf_counter()
            loop.update(x, y)
            yield time.perf_counter() - began
