"""What runs but is wrong, or may be: `suspicions(trace)`. Only what the trace proves is said.

Each check is a function from the trace to its suspicions. A good model gives none: `tests/explaining/
test_suspicions.py` asks that of every network of the house.
"""

from collections.abc import Callable, Iterator

from convscope.lint.suspicions import layers, numbers, order, samples, training
from convscope.lint.suspicions.suspicion import Suspicion
from convscope.tracing.graph import Trace

__all__ = ["Suspicion", "suspicions"]

CHECKS: tuple[Callable[[Trace], Iterator[Suspicion]], ...] = (
    numbers.without_numbers,
    numbers.not_finite,
    numbers.exploded,
    samples.no_result,
    layers.mixed_batch,
    layers.missing_batch,
    samples.steps_for_samples,
    samples.state_first,
    samples.renamed_axes,
    samples.squeezed,
    samples.broadcast_loss,
    order.before_a_loss,
    order.softmax_over_samples,
    order.cut_scores,
    layers.unregistered,
    training.never_ran,
    training.without_gradient,
    training.one_sample,
    training.forgotten_mode,
    numbers.nothing_passes,
    numbers.constant_output,
    order.twice,
    order.useless_bias,
    layers.dropped_border,
)


def suspicions(trace: Trace) -> list[Suspicion]:
    """What in a model that runs is wrong, or looks like it; the gravest first.

    Args:
        trace: with a `score` (a loss, best of all) more can be said: gradients that do not arrive.

    >>> from torch import nn, zeros
    >>> from convscope.tracing import trace
    >>> [found.what for found in suspicions(trace(nn.Sequential(nn.ReLU(), nn.ReLU()), zeros(2, 4) + 1))]
    ['relu after relu: two activations in a row.']
    """
    return [found for check in CHECKS for found in check(trace)]
