"""Numbers that give a mistake away: not finite, huge, all zero, always the same."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from convscope.lint.suspicions.order import maker, outputs
from convscope.lint.suspicions.suspicion import Suspicion, place
from convscope.tracing.graph import Trace, Value

HUGE = 1e6  # a float32 activation beyond it, from samples far below it, is no ordinary one
GROWTH = 1e4
DEAD = 0.5  # share of channels from which on it is said
SAMPLES = 8  # fewer say nothing about a channel's life
FILLS = ("masked_fill", "full", "full_like", "fill", "where", "triu", "tril", "new_full", "scatter", "tensor")


def without_numbers(trace: Trace) -> Iterator[Suspicion]:
    """Weights on `meta` under an input that is not: torch then reads memory that is nobody's."""
    empty = [
        value for value in trace.values if value.device == "meta" and value.role in ("parameter", "buffer")
    ]
    if empty and any(value.device != "meta" for value in trace.inputs):
        yield Suspicion(
            "weights without numbers",
            f"Weights are on the device meta, which keeps shapes and no numbers: {len(empty)}, first "
            f"`{empty[0].name}`.",
            f"`{empty[0].name}` {empty[0].shape}",
            "What comes out is whatever stood in memory, another time something else.",
            'model.to_empty(device="cpu"), then load its weights.',
        )


def not_finite(trace: Trace) -> Iterator[Suspicion]:
    """The first operation that made NaN or infinity out of finite numbers."""
    for value in trace.inputs:
        if (kind := _trouble(value)) is not None:
            yield Suspicion(
                "not finite",
                f"The input `{value.name}` has {kind} in it.",
                f"`{value.name}` {value.shape}",
                "Every number that depends on it is lost.",
                "Look for them with torch.isnan(x).nonzero(), and leave these samples out or fill them in.",
            )
            return
    for node in trace.nodes:
        made = next((kind for index in node.outputs if (kind := _trouble(trace.values[index]))), None)
        infinite_on_purpose = made == "infinity" and node.op in FILLS
        if made is None or infinite_on_purpose or any(_trouble(trace.values[index]) for index in node.inputs):
            continue
        ranges = "; ".join(_range(trace.values[index]) for index in dict.fromkeys(node.inputs))
        yield Suspicion(
            "not finite",
            f"{node.op} is the first operation that gives {made}; its inputs are finite: {ranges}.",
            place(node),
            "From here on it spreads: losses and gradients become NaN, and training destroys the weights.",
            _mend(node.op),
        )
        return


def _trouble(value: Value) -> str | None:
    """What is not finite in it: "NaN" or "infinity", or None."""
    tensor = value.numbers
    if tensor is None or not tensor.is_floating_point():
        return None
    # A sum is quick, and hides none; it may only be infinite where no number is.
    if math.isfinite(float(tensor.sum())) or bool(torch.isfinite(tensor).all()):
        return None
    return "NaN" if bool(tensor.isnan().any()) else "infinity"


def _range(value: Value) -> str:
    if value.numbers is None or not value.numbers.numel() or value.numbers.is_complex():
        return f"{value.shape}"
    low, high = float(value.numbers.min()), float(value.numbers.max())
    return f"{value.shape} from {low:.4g} to {high:.4g}".replace("-", "−")


def _mend(op: str) -> str:
    advice = {
        "log": "Keep the numbers above zero: torch.log(x.clamp_min(1e-8)); log_softmax for log of softmax.",
        "sqrt": "Keep the numbers at zero or above: torch.sqrt(x.clamp_min(0)).",
        "div": "Keep the divisor away from zero: x / (y + 1e-8).",
        "exp": "Subtract the largest number first (softmax and logsumexp do that).",
        "pow": "Negative numbers have no real root, and 0 no negative power.",
    }
    return advice.get(
        op, "Look at its inputs above: numbers too large, or an operation outside of its range."
    )


def exploded(trace: Trace) -> Iterator[Suspicion]:
    """The first activation that is far larger than what the model was given."""
    given = max((_largest(value) for value in trace.inputs), default=0.0)
    for node in trace.nodes:
        for index in node.outputs:
            size = _largest(trace.values[index])
            if (
                HUGE < size < float("inf")
                and size > GROWTH * given
                and trace.values[index].role == "activation"
            ):
                yield Suspicion(
                    "exploded",
                    f"Numbers explode: up to {size:.3g} behind {node.name}, from inputs up to {given:.3g}.",
                    place(node),
                    "Gradients grow with them, a step then overshoots, and float16 ends at 65,504.",
                    "Initialise smaller, scale the inputs, or put a normalisation in between.",
                )
                return


def _largest(value: Value) -> float:
    tensor = value.numbers
    if tensor is None or not tensor.is_floating_point() or not tensor.numel():
        return 0.0
    low, high = torch.aminmax(tensor)
    return max(abs(float(low)), abs(float(high)))


def nothing_passes(trace: Trace) -> Iterator[Suspicion]:
    """ReLUs of which nothing, or only few channels, ever come through."""
    for node in trace.nodes:
        value = trace.values[node.outputs[0]] if node.op == "relu" and node.outputs else None
        if value is None or value.numbers is None or len(value.shape) < 2:
            continue
        alive = _alive(value.numbers)
        dead = int((~alive).sum())
        if dead == len(alive) or (value.shape[0] >= SAMPLES and dead > DEAD * len(alive)):
            samples = f"in all {value.shape[0]} samples"
            yield Suspicion(
                "dead units",
                f"{dead} of {len(alive)} channels behind relu are 0 everywhere, {samples}.",
                place(node),
                "A unit that is always 0 gets no gradient and cannot come back.",
                "A smaller learning rate, another initialisation, a normalisation before it, or leaky_relu.",
            )
            return


def _alive(tensor: Tensor) -> Tensor:
    """Which channels have a number other than 0: (channel,)."""
    return (tensor != 0).movedim(1, 0).flatten(1).any(1)


def constant_output(trace: Trace) -> Iterator[Suspicion]:
    """The same output for samples that differ."""
    given = [
        value for value in trace.inputs if value.numbers is not None and value.shape and value.shape[0] > 1
    ]
    for value in outputs(trace):
        same = (
            value.numbers is not None and value.shape and value.shape[0] > 1 and _all_the_same(value.numbers)
        )
        if same and given and value.shape[0] == given[0].shape[0] and not _all_the_same(_numbers(given[0])):
            made = maker(trace, value)
            yield Suspicion(
                "constant output",
                f"All {value.shape[0]} samples get the same output, though they differ.",
                place(made) if made else "the output",
                "What comes out does not depend on what goes in.",
                "Look where the samples become equal: dead units, a mean over the batch, weights of zero.",
            )


def _numbers(value: Value) -> Tensor:
    assert value.numbers is not None
    return value.numbers


def _all_the_same(tensor: Tensor) -> bool:
    return bool((tensor == tensor[:1]).all())
