"""The axis of the samples: lost, mistaken for the steps, or scrambled."""

from collections.abc import Iterator

from convscope.lint.diagnosis.scene import argument
from convscope.lint.diagnosis.views import squeezes_samples
from convscope.lint.suspicions.order import outputs
from convscope.lint.suspicions.suspicion import Suspicion, place
from convscope.tracing.graph import Call, Node, Trace, Value

BY_NUMBER = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
STEPPING = ("RNN", "LSTM", "GRU", "MultiheadAttention")


def _samples(trace: Trace) -> int:
    """The first axis of the first input; 0 where there is none."""
    return trace.inputs[0].shape[0] if trace.inputs and trace.inputs[0].shape else 0


def no_result(trace: Trace) -> Iterator[Suspicion]:
    """A forward that ends without its `return`, or returns a layer that it meant to call."""
    if trace.failure is None and not outputs(trace) and trace.nodes:
        yield Suspicion(
            "no result",
            "The model returned no tensor, so nothing can be learnt or predicted from it.",
            place(trace.nodes[-1]),
            "A forward without `return` gives None; nn.ReLU(x) makes a layer and does not call it.",
            "`return x` at its end; F.relu(x), or a layer from __init__ that is called: self.relu(x).",
        )


def squeezed(trace: Trace) -> Iterator[Suspicion]:
    """squeeze() of a batch of one: right for every other batch, and wrong for the last sample alone."""
    samples = _samples(trace)
    for node in trace.nodes:
        if node.inputs and node.outputs and squeezes_samples(trace, node, samples):
            before, after = (trace.values[index].shape for index in (node.inputs[0], node.outputs[0]))
            yield Suspicion(
                "squeezed batch",
                f"squeeze() took the batch axis away as well: {before} became {after}.",
                place(node),
                "It takes every axis of size 1, so one sample comes out in another shape than two.",
                "Name the axes, x.squeeze(-1), or keep one row a sample: x.flatten(1).",
            )


def steps_for_samples(trace: Trace) -> Iterator[Suspicion]:
    """A recurrent layer or attention that runs along the samples, since batch_first is not set."""
    samples, ends = _samples(trace), outputs(trace)
    if not ends or len(ends[0].shape) != 2 or ends[0].shape[0] != samples:
        return
    for call in trace.calls[1:]:
        value = trace.values[call.inputs[0]] if call.inputs else None
        if value is None or call.kind not in STEPPING or getattr(call.module, "batch_first", True):
            continue
        if len(value.shape) == 3 and value.shape[0] == samples != value.shape[1]:
            yield _steps(call, value)


def _steps(call: Call, value: Value) -> Suspicion:
    samples, steps, _ = value.shape
    return Suspicion(
        "samples taken for steps",
        f"`{call.path}` takes the {samples} sample{'s' * (samples != 1)} for steps: {value.shape} is read as "
        "(step, sample, feature).",
        f"`{call.path}`",
        f"Samples of one batch then influence one another, and the {steps} steps do not.",
        f"batch_first=True in nn.{call.kind}: (sample, step, feature).",
    )


def renamed_axes(trace: Trace) -> Iterator[Suspicion]:
    """A view that gives a tensor the sizes of its own axes in another order."""
    for node in trace.nodes:
        if node.op not in ("view", "reshape") or not node.inputs or not node.outputs:
            continue
        before, after = (trace.values[index].shape for index in (node.inputs[0], node.outputs[0]))
        if len(before) > 2 and before != after and sorted(before) == sorted(after) and 1 not in before:
            yield _renamed(node, before, after)


def _renamed(node: Node, before: tuple[int, ...], after: tuple[int, ...]) -> Suspicion:
    left = list(enumerate(before))
    order = []
    for size in after:
        axis = next(each for each in left if each[1] == size)
        left.remove(axis)
        order.append(str(axis[0]))
    return Suspicion(
        "view for permute",
        f"{node.op} of {before} as {after}: the sizes change places, the numbers do not.",
        place(node),
        "A view reads the same numbers in the same order: pixels change places, channels are mixed.",
        f"x.permute({', '.join(order)}) moves the axes with their numbers.",
    )


def broadcast_loss(trace: Trace) -> Iterator[Suspicion]:
    """A loss number by number between (sample, 1) and (sample,): every pair is compared."""
    for node in trace.nodes:
        first, second = argument(trace, node, 0, "input"), argument(trace, node, 1, "target")
        if node.op not in BY_NUMBER or not isinstance(first, Value) or not isinstance(second, Value):
            continue
        if first.shape != second.shape:
            yield Suspicion(
                "broadcast in the loss",
                f"{node.op} compares {first.shape} with {second.shape}: every number with every other.",
                place(node),
                "Shapes that differ are stretched to one; the best answer is then the mean, for all samples.",
                "Give both one shape: target.unsqueeze(1), or output.squeeze(1).",
            )


def state_first(trace: Trace) -> Iterator[Suspicion]:
    """The last state of a recurrent layer as the result: its first axis counts the layers."""
    samples, ends = _samples(trace), outputs(trace)
    batched = [
        call for call in trace.calls if getattr(call.module, "batch_first", False) and call.kind in STEPPING
    ]
    if not batched or not ends or len(ends[0].shape) != 3 or samples < 2:
        return
    layers, second, features = ends[0].shape
    if layers != samples == second:
        yield Suspicion(
            "layers for samples",
            f"{samples} samples went in, and {ends[0].shape} came out: axis 0 counts no samples.",
            f"`{batched[-1].path}`",
            "The state of a recurrent layer is (layers, sample, feature), with batch_first as well.",
            f"Take the last layer of it, h[-1]: ({samples}, {features}).",
        )
