"""Operations that do not go together in this order."""

from collections.abc import Iterator

import torch

from convscope.lint.diagnosis.scene import argument
from convscope.lint.suspicions.suspicion import Suspicion, place
from convscope.tracing.graph import Node, Ref, Trace, Value
from convscope.tracing.structure import leaves

ACTIVATIONS = (
    *("relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish", "hardtanh", "hardswish"),
    *("sigmoid", "tanh", "softmax", "log_softmax"),
)
SQUASHING = ("softmax", "log_softmax", "sigmoid", "logsigmoid")
# What each loss does to the scores itself, so that they must not have gone through it before.
DOES_ITSELF = {"cross_entropy": "log_softmax", "binary_cross_entropy_with_logits": "sigmoid"}
NORMALISED = 1e-3  # how far the probabilities of a sample may add up to something other than 1


def maker(trace: Trace, value: Value) -> Node | None:
    """The operation that made a value."""
    return None if value.producer is None else trace.nodes[value.producer]


def outputs(trace: Trace) -> list[Value]:
    """The tensors that the model returned."""
    return [trace.values[leaf.index] for leaf in leaves(trace.output) if isinstance(leaf, Ref)]


def before_a_loss(trace: Trace) -> Iterator[Suspicion]:
    """Probabilities given to a loss that wants scores; scores given to one that wants log-probabilities."""
    losses = [node for node in trace.nodes if node.op in (*DOES_ITSELF, "nll_loss")]
    for node in losses:
        scores = argument(trace, node, 0, "input")
        made = maker(trace, scores) if isinstance(scores, Value) else None
        if node.op in DOES_ITSELF and made is not None and made.op in SQUASHING:
            yield _squashed(node, made)
        if node.op == "nll_loss" and isinstance(scores, Value) and not _are_log_probabilities(scores):
            yield Suspicion(
                "nll_loss without log_softmax",
                f"{node.op} got numbers that are no log-probabilities: exp of them does not add up to 1.",
                place(node),
                "The loss is then the plain mean of −score of the right class, and falls without end.",
                "Use cross_entropy on the scores, or log_softmax(x, dim=1) before nll_loss.",
            )
    if not losses:
        yield from _squashed_output(trace)


def _squashed(node: Node, made: Node) -> Suspicion:
    inner = DOES_ITSELF[node.op]
    harmless = made.op == inner == "log_softmax"
    why = (
        "log_softmax of log_softmax is the same again: the result is right, the work is done twice."
        if harmless
        else f"{node.op} does {inner} itself; squashed twice, scores differ little and learning is slow."
    )
    return Suspicion(
        "squashed before the loss",
        f"{made.op} before {node.op}, which wants plain scores.",
        f"{place(made)}, then {place(node)}",
        why,
        f"Leave out the {made.op}: give {node.op} what goes into it; take {made.op} for prediction only.",
    )


def _squashed_output(trace: Trace) -> Iterator[Suspicion]:
    """Softmax as the last operation: right for prediction, wrong under cross-entropy."""
    for value in outputs(trace):
        made = maker(trace, value)
        if made is not None and made.op in ("softmax", "log_softmax") and len(value.shape) == 2:
            yield Suspicion(
                "softmax at the end",
                f"The model ends with {made.op}. If it is trained with cross_entropy, that is wrong.",
                place(made),
                "cross_entropy does log_softmax itself; given probabilities, it learns slowly or not at all.",
                f"For cross_entropy return the scores, and apply {made.op} for prediction only.",
            )


def _are_log_probabilities(scores: Value) -> bool:
    if scores.numbers is None or len(scores.shape) < 2:
        return True  # not known to be wrong
    total = scores.numbers.double().exp().sum(1)
    return bool(((total - 1).abs() < NORMALISED).all())


def softmax_over_samples(trace: Trace) -> Iterator[Suspicion]:
    """Softmax along the axis of the samples."""
    samples = next((value.shape[0] for value in trace.inputs if value.shape), None)
    for node in trace.nodes:
        value = argument(trace, node, 0, "input")
        if node.op not in ("softmax", "log_softmax") or not isinstance(value, Value) or len(value.shape) != 2:
            continue
        dim = argument(trace, node, 1, "dim")
        if dim in (0, -2) and 1 < value.shape[0] == samples:
            yield Suspicion(
                "softmax over samples",
                f"{node.op} along axis 0: the {value.shape[0]} samples share one probability.",
                place(node),
                "What a sample gets then depends on which others are in its batch.",
                f"{node.op}(x, dim=1): over the {value.shape[1]} classes.",
            )


def cut_scores(trace: Trace) -> Iterator[Suspicion]:
    """ReLU as the last operation."""
    for value in outputs(trace):
        made = maker(trace, value)
        if (
            made is not None
            and made.op == "relu"
            and len(value.shape) == 2
            and _has_weights_before(trace, made)
        ):
            yield Suspicion(
                "relu at the end",
                "The model ends with relu: what is below zero is cut off. For scores that is wrong.",
                place(made),
                "Where a score is cut its gradient is 0, and classes that are all at 0 cannot be told apart.",
                "Leave out the relu behind the last layer.",
            )


def _has_weights_before(trace: Trace, node: Node) -> bool:
    before = maker(trace, trace.values[node.inputs[0]])
    return before is not None and before.op == "linear"


def twice(trace: Trace) -> Iterator[Suspicion]:
    """An activation of an activation."""
    for node in trace.nodes:
        if node.op not in ACTIVATIONS or not node.inputs:
            continue
        before = maker(trace, trace.values[node.inputs[0]])
        if before is not None and before.op in ACTIVATIONS:
            same = node.op == before.op == "relu"
            yield Suspicion(
                "two activations",
                f"{node.op} after {before.op}: two activations in a row.",
                f"{place(before)}, then {place(node)}",
                "The second relu changes nothing." if same else _range_of(before.op),
                "Leave one of the two out.",
            )


def _range_of(op: str) -> str:
    ranges = {
        "relu": "0 and more",
        "sigmoid": "0 … 1",
        "softmax": "0 … 1",
        "tanh": "−1 … 1",
        "log_softmax": "−∞ … 0",
    }
    return f"The second sees only what the first lets through{f', {ranges[op]}' if op in ranges else ''}."


def useless_bias(trace: Trace) -> Iterator[Suspicion]:
    """A bias that batch norm takes away again."""
    for node in trace.nodes:
        made = [trace.values[index] for index in node.outputs]
        bias = argument(trace, node, 2, "bias") if node.op.startswith(("conv", "linear")) else None
        if not isinstance(bias, Value) or not made:
            continue
        takers = trace.consumers(made[0].index)
        if takers and all(taker.op in ("batch_norm", "instance_norm") for taker in takers):
            count = int(torch.tensor(bias.shape).prod())
            yield Suspicion(
                "bias before batch norm",
                f"The bias of {place(node)} is taken away again by {place(takers[0])}.",
                place(node),
                f"Batch norm subtracts each channel's mean, bias included: {count:,} idle parameters.",
                "bias=False in that layer; batch norm has a bias of its own.",
            )
