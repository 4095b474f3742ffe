"""Operations that do not go together in this order."""

import math
from collections.abc import Iterator

import torch

from convscope.explaining import Role, known, read
from convscope.lint.finding import Finding, rule
from convscope.lint.running.ran import named, outputs, place, samples_of
from convscope.tracing.graph import Node, Trace, Value

PROBABILITIES, LOGARITHMS = (0.0, 1.0), (-math.inf, 0.0)  # ranges of what was squashed
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
        loss = known(node.op).loss
        scores = read(trace, node).given("input") if loss and loss.does else None
        made = trace.maker(scores) if isinstance(scores, Value) else None
        if loss and made is not None and known(made.op).range in (PROBABILITIES, LOGARITHMS):
            yield _squashed(node, loss.does, made)


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
        loss = known(node.op).loss
        if loss is None or (loss.wants, loss.targets) != ("log-probabilities", "classes"):
            continue
        scores = read(trace, node).given("input")
        if isinstance(scores, Value) and not _are_log_probabilities(scores):
            yield Finding(
                f"{node.op} got numbers that are no log-probabilities: exp of them does not add up to 1.",
                "The loss is then the plain mean of −score of the right class, and falls without end.",
                where=place(node),
                advice="Use cross_entropy on the scores, or log_softmax(x, dim=1) before nll_loss.",
            )


def _squashed(node: Node, inner: str, made: Node) -> Finding:
    harmless = made.op == inner and known(inner).range == LOGARITHMS
    why = (
        f"{inner} of {inner} is the same again: the result is right, the work is done twice."
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
    if any(known(node.op).loss for node in trace.nodes):
        return
    for value in outputs(trace):
        made = trace.maker(value)
        if made is not None and known(made.op).role is Role.SHARES and len(value.shape) == 2:
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
        if known(node.op).role is not Role.SHARES:
            continue
        reading = read(trace, node)
        value, dim = reading.given("input"), reading.given("dim")
        if not isinstance(value, Value) or len(value.shape) != 2:
            continue
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
        made = trace.maker(value)
        if made is not None and cuts(made) and len(value.shape) == 2 and _has_weights_before(trace, made):
            yield Finding(
                f"The model ends with {made.op}: what is below zero is cut off. For scores that is wrong.",
                "Where a score is cut its gradient is 0, and classes that are all at 0 cannot be told apart.",
                where=place(made),
                advice=f"Leave out the {made.op} behind the last layer.",
            )


def cuts(node: Node) -> bool:
    """Whether it makes 0 of everything below, and lets pass what is above."""
    low, high = known(node.op).range or (-1.0, 1.0)
    return known(node.op).role is Role.ACTIVATION and low == 0 and high > 1


def _has_weights_before(trace: Trace, node: Node) -> bool:
    before = trace.maker(trace.values[node.inputs[0]])
    return before is not None and known(before.op).role is Role.LINEAR


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
        if not _activates(node) or not node.inputs:
            continue
        before = trace.maker(trace.values[node.inputs[0]])
        if before is not None and _activates(before):
            same = node.op == before.op and cuts(node)
            yield Finding(
                f"{node.op} after {before.op}: two activations in a row.",
                f"The second {node.op} changes nothing." if same else _range_of(before.op),
                where=place(node),
                advice="Leave one of the two out.",
            )


def _activates(node: Node) -> bool:
    return known(node.op).role in (Role.ACTIVATION, Role.SHARES)


def _range_of(op: str) -> str:
    """What the second of two activations gets."""
    what, lies = "The second sees only what the first lets through", known(op).range
    if lies is None:
        return f"{what}."
    low, high = (f"{end:g}".replace("inf", "∞").replace("-", "−") for end in lies)
    return f"{what}, {low} and more." if math.isinf(lies[1]) else f"{what}, {low} … {high}."


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
        weighs = known(node.op).role in (Role.CONVOLUTION, Role.TRANSPOSED, Role.LINEAR)
        bias = read(trace, node).given("bias") if weighs else None
        if not isinstance(bias, Value) or not made:
            continue
        takers = trace.consumers(made[0].index)
        if takers and all(_takes_means(trace, taker) for taker in takers):
            count = int(torch.tensor(bias.shape).prod())
            yield Finding(
                f"The bias of {named(node)} is taken away again by {named(takers[0])}.",
                f"Batch norm subtracts each channel's mean, bias included: {count:,} idle parameters.",
                where=place(node),
                advice="bias=False in that layer; batch norm has a bias of its own.",
            )


def _takes_means(trace: Trace, node: Node) -> bool:
    """Whether it takes the mean off each channel, as batch norm and instance norm do."""
    return known(node.op).role is Role.NORMALISATION and "running_mean" in read(trace, node).arguments
