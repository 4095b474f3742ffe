"""Weights that do not learn, and modes that were forgotten."""

from collections.abc import Iterator

from torch import nn

from convscope.lint.diagnosis.scene import argument
from convscope.lint.suspicions.suspicion import Suspicion, place
from convscope.tracing.graph import Node, Trace, Value

NAMED = 4  # names that are listed


def never_ran(trace: Trace) -> Iterator[Suspicion]:
    """Modules with weights of which none took part in any operation."""
    root = trace.calls[0].module if trace.calls else None
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
        yield Suspicion(
            "never ran",
            f"{len(idle)} layers with weights never ran: {_listed(idle)}.",
            _listed(idle),
            "They get no gradient and do not learn. Often another layer is called twice by mistake.",
            "Call them in forward, or delete them from __init__.",
        )


def without_gradient(trace: Trace) -> Iterator[Suspicion]:
    """Weights that took part in the forward, and that no gradient reached."""
    root = trace.calls[0].module if trace.calls else None
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
        yield Suspicion(
            "no gradient",
            f"{len(lost)} parameters take part, but no gradient reaches them: {_listed(lost)}.",
            _listed(lost),
            "They do not learn. The way back is cut (detach(), .data, no_grad, argmax, round, NumPy), or the "
            "score does not depend on them.",
            "Leave out what cuts the way back, between these layers and the score.",
        )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(f'`{name}`' for name in names[:NAMED])}{more}"


def one_sample(trace: Trace) -> Iterator[Suspicion]:
    """Batch norm in training mode on a batch of one."""
    for node in _norms(trace):
        value = trace.values[node.inputs[0]]
        if value.shape[0] == 1:
            yield Suspicion(
                "batch norm of one sample",
                "Batch norm is in training mode on a batch of 1.",
                place(node),
                "Mean and variance come from this one sample, so the sample is compared with itself only; "
                "what the model learns does not hold in evaluation mode, where running means are used.",
                "model.eval() for prediction; larger batches (or GroupNorm) for training.",
            )
            return


def _norms(trace: Trace) -> list[Node]:
    """Batch norms that took their statistics from the batch although running ones are there."""
    return [
        node
        for node in trace.nodes
        if node.op == "batch_norm"
        and argument(trace, node, 5, "training") is True
        and isinstance(argument(trace, node, 1, "running_mean"), Value)
    ]


def forgotten_mode(trace: Trace) -> Iterator[Suspicion]:
    """Dropout and batch norm that act as in training; with a score, training is what was meant."""
    drops = [node for node in trace.nodes if "dropout" in node.op and _drops(trace, node)]
    stuck = [node for node in drops if not trace.call(node).training]
    if stuck:
        yield Suspicion(
            "dropout that never ends",
            "Dropout acts although its module is in evaluation mode: it was not told the mode.",
            place(stuck[0]),
            "Predictions are random: every call gives others.",
            "F.dropout(x, p, training=self.training), or an nn.Dropout made in __init__.",
        )
    scored = trace.score is not None or any(value.gradient is not None for value in trace.values)
    acting = [node for node in (*drops, *_norms(trace)) if trace.call(node).training]
    if acting and not scored:
        ops = " and ".join(sorted({"dropout" if "dropout" in node.op else "batch norm" for node in acting}))
        yield Suspicion(
            "training mode",
            f"The model is in training mode: {ops} acted as in training.",
            place(acting[0]),
            "Right for training; in prediction, results are then random or depend on the rest of the batch.",
            "model.eval() before predicting; model.train() before training goes on.",
        )


def _drops(trace: Trace, node: Node) -> bool:
    given = argument(trace, node, 2, "training")
    share = argument(trace, node, 1, "p")
    return (given is None or given is True) and (share is None or share > 0)
