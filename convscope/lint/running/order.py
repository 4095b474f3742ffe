"""Operations that do not go together in this order."""

from collections.abc import Iterator

import torch

from convscope.lint.finding import Finding, rule
from convscope.lint.forward.scene import argument
from convscope.lint.running.ran import maker, named, outputs, place, samples_of
from convscope.tracing.graph import Node, Trace, Value

ACTIVATIONS = (
    *("relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish", "hardtanh", "hardswish"),
    *("sigmoid", "tanh", "softmax", "log_softmax"),
)
SQUASHING = ("softmax", "log_softmax", "sigmoid", "logsigmoid")
# What each loss does to the scores itself, so that they must not have gone through it before.
DOES_ITSELF = {"cross_entropy": "log_softmax", "binary_cross_entropy_with_logits": "sigmoid"}
NORMALISED = 1e-3  # how far the probabilities of a sample may add up to something other than 1


@rule(
    "running",
    "softmax-before-cross-entropy",
    why="cross_entropy does log_softmax itself, binary_cross_entropy_with_logits the "
    "sigmoid. Squashed twice, scores differ little, and learning is slow or "
    "stops.",
    example="""
        model = nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1))
        inputs = torch.rand(2, 4)


        def score(output):
            return F.cross_entropy(output, torch.tensor([0, 1]))
    """,
    fix="""
        model = nn.Sequential(nn.Linear(4, 3))
        inputs = torch.rand(2, 4)


        def score(output):
            return F.cross_entropy(output, torch.tensor([0, 1]))
    """,
)
def before_a_loss(trace: Trace) -> Iterator[Finding]:
    """Probabilities given to a loss that wants scores."""
    for node in trace.nodes:
        scores = argument(trace, node, 0, "input")
        made = maker(trace, scores) if isinstance(scores, Value) else None
        if node.op in DOES_ITSELF and made is not None and made.op in SQUASHING:
            yield _squashed(node, made)


@rule(
    "running",
    "nll-without-log-softmax",
    why="nll_loss is the mean of −score of the right class. Of plain scores it falls "
    "without end, and nothing is learnt.",
    example="""
        def model(scores, target):
            return F.nll_loss(scores, target)


        inputs = torch.rand(2, 3), torch.tensor([0, 2])
    """,
    fix="""
        def model(scores, target):
            return F.cross_entropy(scores, target)


        inputs = torch.rand(2, 3), torch.tensor([0, 2])
    """,
)
def scores_for_log_probabilities(trace: Trace) -> Iterator[Finding]:
    """Scores given to a loss that wants log-probabilities."""
    for node in trace.nodes:
        scores = argument(trace, node, 0, "input")
        if node.op == "nll_loss" and isinstance(scores, Value) and not _are_log_probabilities(scores):
            yield Finding(
                f"{node.op} got numbers that are no log-probabilities: exp of them does not add up to 1.",
                "The loss is then the plain mean of −score of the right class, and falls without end.",
                where=place(node),
                advice="Use cross_entropy on the scores, or log_softmax(x, dim=1) before nll_loss.",
            )


def _squashed(node: Node, made: Node) -> Finding:
    inner = DOES_ITSELF[node.op]
    harmless = made.op == inner == "log_softmax"
    why = (
        "log_softmax of log_softmax is the same again: the result is right, the work is done twice."
        if harmless
        else f"{node.op} does {inner} itself; squashed twice, scores differ little and learning is slow."
    )
    return Finding(
        f"{made.op} before {node.op}, which wants plain scores.",
        why,
        where=place(made),
        advice=f"Leave out the {made.op}: give {node.op} what goes into it; {made.op} is for prediction.",
    )


@rule(
    "running",
    "softmax-output",
    why="A softmax is right for prediction. Under cross_entropy, which does it "
    "itself, the model learns slowly or not at all.",
    example="""
        model = nn.Sequential(nn.Linear(4, 3), nn.Softmax(dim=1))
        inputs = torch.rand(2, 4)
    """,
    fix="""
        model = nn.Sequential(nn.Linear(4, 3))
        inputs = torch.rand(2, 4)
    """,
)
def squashed_output(trace: Trace) -> Iterator[Finding]:
    """Softmax as the last operation: right for prediction, wrong under cross-entropy."""
    if any(node.op in (*DOES_ITSELF, "nll_loss") for node in trace.nodes):
        return
    for value in outputs(trace):
        made = maker(trace, value)
        if made is not None and made.op in ("softmax", "log_softmax") and len(value.shape) == 2:
            yield Finding(
                f"The model ends with {made.op}. If it is trained with cross_entropy, that is wrong.",
                "cross_entropy does log_softmax itself; given probabilities, it learns slowly or not at all.",
                where=place(made),
                advice=f"For cross_entropy return the scores, and apply {made.op} for prediction only.",
            )


def _are_log_probabilities(scores: Value) -> bool:
    if scores.numbers is None or len(scores.shape) < 2:
        return True  # not known to be wrong
    total = scores.numbers.double().exp().sum(1)
    return bool(((total - 1).abs() < NORMALISED).all())


@rule(
    "running",
    "softmax-over-samples",
    why="Along axis 0 the samples share one probability: what a sample gets depends "
    "on which others are in its batch.",
    example="""
        model = nn.Softmax(dim=0)
        inputs = torch.rand(4, 3)
    """,
    fix="""
        model = nn.Softmax(dim=1)
        inputs = torch.rand(4, 3)
    """,
)
def softmax_over_samples(trace: Trace) -> Iterator[Finding]:
    """Softmax along the axis of the samples."""
    samples = samples_of(trace)
    for node in trace.nodes:
        value = argument(trace, node, 0, "input")
        if node.op not in ("softmax", "log_softmax") or not isinstance(value, Value) or len(value.shape) != 2:
            continue
        dim = argument(trace, node, 1, "dim")
        if dim in (0, -2) and 1 < value.shape[0] == samples:
            yield Finding(
                f"{node.op} along axis 0: the {value.shape[0]} samples share one probability.",
                "What a sample gets then depends on which others are in its batch.",
                where=place(node),
                advice=f"{node.op}(x, dim=1): over the {value.shape[1]} classes.",
            )


@rule(
    "running",
    "relu-output",
    why="Where a score is cut its gradient is 0, and classes that are all at 0 cannot be told apart.",
    example="""
        model = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
        inputs = torch.rand(2, 4)
    """,
    fix="""
        model = nn.Sequential(nn.Linear(4, 3))
        inputs = torch.rand(2, 4)
    """,
)
def cut_scores(trace: Trace) -> Iterator[Finding]:
    """ReLU as the last operation."""
    for value in outputs(trace):
        made = maker(trace, value)
        if (
            made is not None
            and made.op == "relu"
            and len(value.shape) == 2
            and _has_weights_before(trace, made)
        ):
            yield Finding(
                "The model ends with relu: what is below zero is cut off. For scores that is wrong.",
                "Where a score is cut its gradient is 0, and classes that are all at 0 cannot be told apart.",
                where=place(made),
                advice="Leave out the relu behind the last layer.",
            )


def _has_weights_before(trace: Trace, node: Node) -> bool:
    before = maker(trace, trace.values[node.inputs[0]])
    return before is not None and before.op == "linear"


@rule(
    "running",
    "two-activations",
    why="The second sees only what the first lets through; a ReLU of a ReLU changes nothing.",
    example="""
        model = nn.Sequential(nn.ReLU(), nn.Sigmoid())
        inputs = torch.rand(2, 4)
    """,
    fix="""
        model = nn.Sequential(nn.Sigmoid())
        inputs = torch.rand(2, 4)
    """,
)
def twice(trace: Trace) -> Iterator[Finding]:
    """An activation of an activation."""
    for node in trace.nodes:
        if node.op not in ACTIVATIONS or not node.inputs:
            continue
        before = maker(trace, trace.values[node.inputs[0]])
        if before is not None and before.op in ACTIVATIONS:
            same = node.op == before.op == "relu"
            yield Finding(
                f"{node.op} after {before.op}: two activations in a row.",
                "The second relu changes nothing." if same else _range_of(before.op),
                where=place(node),
                advice="Leave one of the two out.",
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


@rule(
    "running",
    "bias-before-batch-norm",
    why="Batch norm subtracts each channel's mean, a bias before it included, and has a bias of its own.",
    example="""
        model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)).eval()
        inputs = torch.rand(2, 1, 5, 5)
    """,
    fix="""
        model = nn.Sequential(nn.Conv2d(1, 2, 3, bias=False), nn.BatchNorm2d(2)).eval()
        inputs = torch.rand(2, 1, 5, 5)
    """,
)
def useless_bias(trace: Trace) -> Iterator[Finding]:
    """A bias that batch norm takes away again."""
    for node in trace.nodes:
        made = [trace.values[index] for index in node.outputs]
        bias = argument(trace, node, 2, "bias") if node.op.startswith(("conv", "linear")) else None
        if not isinstance(bias, Value) or not made:
            continue
        takers = trace.consumers(made[0].index)
        if takers and all(taker.op in ("batch_norm", "instance_norm") for taker in takers):
            count = int(torch.tensor(bias.shape).prod())
            yield Finding(
                f"The bias of {named(node)} is taken away again by {named(takers[0])}.",
                f"Batch norm subtracts each channel's mean, bias included: {count:,} idle parameters.",
                where=place(node),
                advice="bias=False in that layer; batch norm has a bias of its own.",
            )
