"""Weights that do not learn, and modes that were forgotten."""

from collections.abc import Iterator

from torch import nn

from convscope.explaining import Role, known, read
from convscope.lint.finding import Finding, Fix, Where, rule
from convscope.lint.running.ran import place
from convscope.tracing.graph import Node, Trace, Value

NAMED = 4  # names that are listed


@rule(
    "running",
    "unused-layer",
    why="A layer that never runs gets no gradient and does not learn. Often another "
    "layer is called twice by mistake.",
    example="""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)

            def forward(self, x):
                return self.a(self.a(x))


        model = Net()
        inputs = torch.rand(2, 4)
    """,
    fix="""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)

            def forward(self, x):
                return self.b(self.a(x))


        model = Net()
        inputs = torch.rand(2, 4)
    """,
)
def never_ran(trace: Trace) -> Iterator[Finding]:
    """Modules with weights of which none took part in any operation."""
    root = trace.module
    if not isinstance(root, nn.Module) or trace.failure is not None:
        return
    used = {value.name for value in trace.values if value.role == "parameter"}
    if not used:
        return  # a scripted model hides them
    names = {id(each): name for name, each in root.named_parameters()}
    idle = []
    for path, module in root.named_modules():
        if path.endswith("_torch_params"):
            continue  # Keras's own list of its layers' weights
        own = [names[id(each)] for each in module.parameters(recurse=False)]
        if own and path and not used & set(own) and not any(call.path == path for call in trace.calls):
            idle.append(path)
    if idle:
        yield Finding(
            f"{len(idle)} layer{'s' * (len(idle) > 1)} with weights never ran: {_listed(idle)}.",
            "They get no gradient and do not learn. Often another layer is called twice by mistake.",
            where=Where(", ".join(idle)),
            advice="Call them in forward, or delete them from __init__.",
        )


@rule(
    "running",
    "no-gradient",
    why="Weights that no gradient reaches do not learn. detach(), .data, no_grad, "
    "argmax, round and NumPy cut the way back.",
    example="""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 3)

            def forward(self, x):
                return self.b(self.a(x).detach())


        model = Net()
        inputs = torch.rand(2, 4)


        def score(output):
            return F.cross_entropy(output, torch.tensor([0, 1]))
    """,
    fix="""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 3)

            def forward(self, x):
                return self.b(self.a(x))


        model = Net()
        inputs = torch.rand(2, 4)


        def score(output):
            return F.cross_entropy(output, torch.tensor([0, 1]))
    """,
)
def without_gradient(trace: Trace) -> Iterator[Finding]:
    """Weights that took part in the forward, and that no gradient reached."""
    root = trace.module
    asked = any(value.gradient is not None for value in trace.values)
    if not isinstance(root, nn.Module) or not asked:
        return
    wanted = {name for name, each in root.named_parameters() if each.requires_grad}
    lost = [
        value.name
        for value in trace.values
        if value.role == "parameter" and value.gradient is None and value.name in wanted
    ]
    if lost:
        yield Finding(
            f"{len(lost)} parameters take part, but no gradient reaches them: {_listed(lost)}.",
            "They do not learn. The way back is cut (detach(), .data, no_grad, argmax, round, NumPy), or the "
            "score does not depend on them.",
            where=Where(", ".join(lost)),
            advice="Leave out what cuts the way back, between these layers and the score.",
        )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(f'`{name}`' for name in names[:NAMED])}{more}"


@rule(
    "running",
    "batch-norm-of-one-sample",
    why="Mean and variance come from this one sample, so it is compared with itself "
    "only; what the model learns does not hold in evaluation mode, where running "
    "means are used.",
    example="""
        model = nn.BatchNorm2d(2)
        inputs = torch.rand(1, 2, 6, 6)
    """,
    fix="""
        model = nn.BatchNorm2d(2).eval()
        inputs = torch.rand(1, 2, 6, 6)
    """,
)
def one_sample(trace: Trace) -> Iterator[Finding]:
    """Batch norm in training mode on a batch of one."""
    for node in _norms(trace):
        value = trace.values[node.inputs[0]]
        if value.shape[0] == 1:
            yield Finding(
                "Batch norm is in training mode on a batch of 1.",
                "Mean and variance come from this one sample, so the sample is compared with itself only; "
                "what the model learns does not hold in evaluation mode, where running means are used.",
                where=place(node),
                advice="model.eval() for prediction; larger batches (or GroupNorm) for training.",
            )
            return


def _norms(trace: Trace) -> list[Node]:
    """Batch norms that took their statistics from the batch although running ones are there."""
    readings = [read(trace, node) for node in trace.nodes if _is_batch_norm(node)]
    return [
        each.node
        for each in readings
        if each.given("training") is True and isinstance(each.given("running_mean"), Value)
    ]


@rule(
    "running",
    "dropout-in-evaluation",
    why="F.dropout drops unless it is told not to: predictions are random, every call gives others.",
    example="""
        class Net(nn.Module):
            def forward(self, x):
                return F.dropout(x, 0.5)


        model = Net().eval()
        inputs = torch.rand(2, 4)
    """,
    fix="""
        class Net(nn.Module):
            def forward(self, x):
                return F.dropout(x, 0.5, training=self.training)


        model = Net().eval()
        inputs = torch.rand(2, 4)
    """,
)
def dropout_without_mode(trace: Trace) -> Iterator[Finding]:
    """Dropout that acts in evaluation mode, since it was not told the mode."""
    stuck = [node for node in _dropping(trace) if not trace.call(node).training]
    if stuck:
        yield Finding(
            "Dropout acts although its module is in evaluation mode: it was not told the mode.",
            "Predictions are random: every call gives others.",
            where=place(stuck[0]),
            advice="F.dropout(x, p, training=self.training), or an nn.Dropout made in __init__.",
        )


@rule(
    "running",
    "training-mode",
    why="A model is in training mode until model.eval(). Dropout is then random, and "
    "batch norm takes its statistics from the rest of the batch: right for "
    "training, wrong in prediction.",
    example="""
        model = nn.Sequential(nn.Linear(4, 3), nn.Dropout())
        inputs = torch.rand(2, 4)
    """,
    fix="""
        model = nn.Sequential(nn.Linear(4, 3), nn.Dropout()).eval()
        inputs = torch.rand(2, 4)
    """,
)
def training_mode(trace: Trace) -> Iterator[Finding]:
    """Dropout and batch norm that act as in training; with a score, training is what was meant."""
    drops = _dropping(trace)
    scored = trace.score is not None or any(value.gradient is not None for value in trace.values)
    acting = [node for node in (*drops, *_norms(trace)) if trace.call(node).training]
    if acting and not scored:
        ops = " and ".join(sorted({"a dropout" if node in drops else "a batch norm" for node in acting}))
        yield Finding(
            f"The model is in training mode: {ops} acted as in training.",
            "Right for training; in prediction, results are then random or depend on the rest of the batch.",
            fixes=(Fix(evaluation=True),),
            where=place(acting[0]),
            advice="That is for predicting; before training goes on, model.train().",
        )


def _dropping(trace: Trace) -> list[Node]:
    """Dropouts that set numbers to zero."""
    readings = [read(trace, node) for node in trace.nodes if _is_dropout(node)]
    return [each.node for each in readings if each.given("training") is True and each.given("p") > 0]


def _is_batch_norm(node: Node) -> bool:
    return known(node.op).role is Role.NORMALISATION and known(node.op).by_mode


def _is_dropout(node: Node) -> bool:
    return known(node.op).role is Role.DROPOUT
