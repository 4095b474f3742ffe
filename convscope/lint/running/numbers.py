"""Numbers that give a mistake away: not finite, huge, all zero, always the same."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from convscope.explaining import known
from convscope.lint.finding import NOWHERE, Finding, Where, rule
from convscope.lint.running.order import cuts
from convscope.lint.running.ran import outputs, place
from convscope.tracing.graph import Node, Trace, Value
from convscope.tracing.structure import leaves

HUGE = 1e6  # a float32 activation beyond it, from samples far below it, is no ordinary one
GROWTH = 1e4
DEAD = 0.5  # share of channels from which on it is said
SAMPLES = 8  # fewer say nothing about a channel's life


@rule(
    "running",
    "meta-weights",
    why="The device meta keeps shapes and no numbers. What comes out is whatever "
    "stood in memory, another time something else.",
    example="""
        model = nn.Conv2d(3, 4, 3, device="meta")
        inputs = torch.ones(2, 3, 8, 8)
    """,
    fix="""
        model = nn.Conv2d(3, 4, 3)
        inputs = torch.ones(2, 3, 8, 8)
    """,
)
def without_numbers(trace: Trace) -> Iterator[Finding]:
    """Weights on `meta` under an input that is not: torch then reads memory that is nobody's."""
    empty = [
        value for value in trace.values if value.device == "meta" and value.role in ("parameter", "buffer")
    ]
    if empty and any(value.device != "meta" for value in trace.inputs):
        yield Finding(
            f"Weights are on the device meta, which keeps shapes and no numbers: {len(empty)}, first "
            f"`{empty[0].name}`.",
            "What comes out is whatever stood in memory, another time something else.",
            where=Where(empty[0].name),
            advice='model.to_empty(device="cpu"), then load its weights.',
        )


@rule(
    "running",
    "non-finite-numbers",
    why="NaN and infinity spread: losses and gradients become NaN, and one step "
    "destroys the weights. The first operation that makes them out of finite "
    "numbers is the one to mend.",
    example="""
        def model(x):
            return torch.log(x)


        inputs = torch.tensor([[-1.0, 2.0]])
    """,
    fix="""
        def model(x):
            return torch.log(x.clamp_min(1e-8))


        inputs = torch.tensor([[-1.0, 2.0]])
    """,
)
def not_finite(trace: Trace) -> Iterator[Finding]:
    """The first operation that made NaN or infinity out of finite numbers."""
    for value in trace.inputs:
        if (kind := _trouble(value)) is not None:
            yield Finding(
                f"The input `{value.name}` has {kind} in it.",
                "Every number that depends on it is lost.",
                where=Where(value.name),
                advice="Look for them with torch.isnan(x).nonzero(); leave these out or fill them in.",
            )
            return
    for node in trace.nodes:
        made = next((kind for index in node.outputs if (kind := _trouble(trace.values[index]))), None)
        infinite_on_purpose = made == "infinity" and _is_given_infinity(node)
        if made is None or infinite_on_purpose or any(_trouble(trace.values[index]) for index in node.inputs):
            continue
        ranges = "; ".join(_range(trace.values[index]) for index in dict.fromkeys(node.inputs))
        yield Finding(
            f"{node.op} is the first operation that gives {made}; its inputs are finite: {ranges}.",
            "From here on it spreads: losses and gradients become NaN, and training destroys the weights.",
            where=place(node),
            advice=known(node.op).caution or BEYOND,
        )
        return


def _is_given_infinity(node: Node) -> bool:
    """Whether it was asked for: x.masked_fill(mask, -inf)."""
    return any(isinstance(leaf, float) and math.isinf(leaf) for leaf in leaves((node.args, node.kwargs)))


BEYOND = "Look at its inputs above: numbers too large, or an operation outside of its range."


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


@rule(
    "running",
    "exploding-activations",
    why="Gradients grow with the activations, a step then overshoots, and float16 ends at 65,504.",
    example="""
        def model(x):
            return x * 1e8


        inputs = torch.ones(2, 3)
    """,
    fix="""
        def model(x):
            return x * 1e2


        inputs = torch.ones(2, 3)
    """,
)
def exploded(trace: Trace) -> Iterator[Finding]:
    """The first activation that is far larger than what the model was given."""
    given = max((_largest(value) for value in trace.inputs), default=0.0)
    for node in trace.nodes:
        for index in node.outputs if node.inputs else ():  # what is made of nothing may hold no numbers yet
            size = _largest(trace.values[index])
            if (
                HUGE < size < float("inf")
                and size > GROWTH * given
                and trace.values[index].role == "activation"
            ):
                yield Finding(
                    f"Numbers explode: up to {size:.3g} behind {node.name}, from inputs up to {given:.3g}.",
                    "Gradients grow with them, a step then overshoots, and float16 ends at 65,504.",
                    where=place(node),
                    advice="Initialise smaller, scale the inputs, or put a normalisation in between.",
                )
                return


def _largest(value: Value) -> float:
    tensor = value.numbers
    if tensor is None or not tensor.is_floating_point() or not tensor.numel():
        return 0.0
    low, high = torch.aminmax(tensor)
    return max(abs(float(low)), abs(float(high)))


@rule(
    "running",
    "dead-units",
    why="A unit that is always 0 gets no gradient and cannot come back.",
    example="""
        model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))
        nn.init.constant_(model[0].bias, -100)
        inputs = torch.rand(2, 4)
    """,
    fix="""
        model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))
        nn.init.constant_(model[0].bias, 1)
        inputs = torch.rand(2, 4)
    """,
)
def nothing_passes(trace: Trace) -> Iterator[Finding]:
    """ReLUs of which nothing, or only few channels, ever come through."""
    for node in trace.nodes:
        value = trace.values[node.outputs[0]] if cuts(node) and node.outputs else None
        if value is None or value.numbers is None or len(value.shape) < 2:
            continue
        alive = _alive(value.numbers)
        dead = int((~alive).sum())
        if dead == len(alive) or (value.shape[0] >= SAMPLES and dead > DEAD * len(alive)):
            samples = f"in all {value.shape[0]} samples"
            yield Finding(
                f"{dead} of {len(alive)} channels behind {node.op} are 0 everywhere, {samples}.",
                "A unit that is always 0 gets no gradient and cannot come back.",
                where=place(node),
                advice="A smaller learning rate, another initialisation, a normalisation before, leaky_relu.",
            )
            return


def _alive(tensor: Tensor) -> Tensor:
    """Which channels have a number other than 0: (channel,)."""
    return (tensor != 0).movedim(1, 0).flatten(1).any(1)


@rule(
    "running",
    "constant-output",
    why="What comes out does not depend on what goes in: somewhere on the way the samples become equal.",
    example="""
        model = nn.Linear(4, 3)
        nn.init.zeros_(model.weight)
        inputs = torch.rand(2, 4)
    """,
    fix="""
        model = nn.Linear(4, 3)
        nn.init.xavier_uniform_(model.weight)
        inputs = torch.rand(2, 4)
    """,
)
def constant_output(trace: Trace) -> Iterator[Finding]:
    """The same output for samples that differ."""
    given = [
        value for value in trace.inputs if value.numbers is not None and value.shape and value.shape[0] > 1
    ]
    for value in outputs(trace):
        same = (
            value.numbers is not None and value.shape and value.shape[0] > 1 and _all_the_same(value.numbers)
        )
        if same and given and value.shape[0] == given[0].shape[0] and not _all_the_same(_numbers(given[0])):
            made = trace.maker(value)
            yield Finding(
                f"All {value.shape[0]} samples get the same output, though they differ.",
                "What comes out does not depend on what goes in.",
                where=place(made) if made else NOWHERE,
                advice="Look where samples become equal: dead units, a mean over the batch, weights of zero.",
            )


def _numbers(value: Value) -> Tensor:
    assert value.numbers is not None
    return value.numbers


def _all_the_same(tensor: Tensor) -> bool:
    return bool((tensor == tensor[:1]).all())
