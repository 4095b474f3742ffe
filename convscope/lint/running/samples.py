"""The axis of the samples: lost, mistaken for the steps, or scrambled."""

from collections.abc import Iterator

from convscope.explaining import Role, known, read
from convscope.lint.finding import Finding, Where, rule
from convscope.lint.forward.views import squeezes_samples
from convscope.lint.running.ran import outputs, place, samples_of
from convscope.tracing.graph import Call, Node, Trace, Value

STEPPING = ("RNN", "LSTM", "GRU", "MultiheadAttention")


@rule(
    "running",
    "no-output-tensor",
    why="A forward without `return` gives None; nn.ReLU(x) makes a layer and does not call it.",
    example="""
        def model(x):
            x = x + 1


        inputs = torch.ones(2, 3)
    """,
    fix="""
        def model(x):
            x = x + 1
            return x


        inputs = torch.ones(2, 3)
    """,
)
def no_result(trace: Trace) -> Iterator[Finding]:
    """A forward that ends without its `return`, or returns a layer that it meant to call."""
    if trace.failure is None and not outputs(trace) and trace.nodes:
        yield Finding(
            "The model returned no tensor, so nothing can be learnt or predicted from it.",
            "A forward without `return` gives None; nn.ReLU(x) makes a layer and does not call it.",
            where=place(trace.nodes[-1]),
            advice="`return x` at its end; F.relu(x), or a layer from __init__ that is called: self.relu(x).",
        )


@rule(
    "running",
    "squeezed-batch-axis",
    why="squeeze() takes every axis of size 1, so one sample comes out in another "
    "shape than two: it goes wrong with the last sample alone.",
    example="""
        def model(x):
            return x.squeeze()


        inputs = torch.rand(1, 4, 1, 1)
    """,
    fix="""
        def model(x):
            return x.flatten(1)


        inputs = torch.rand(1, 4, 1, 1)
    """,
)
def squeezed(trace: Trace) -> Iterator[Finding]:
    """squeeze() of a batch of one: right for every other batch, and wrong for the last sample alone."""
    samples = samples_of(trace)
    for node in trace.nodes:
        if node.inputs and node.outputs and squeezes_samples(trace, node, samples):
            before, after = (trace.values[index].shape for index in (node.inputs[0], node.outputs[0]))
            yield Finding(
                f"squeeze() took the batch axis away as well: {before} became {after}.",
                "It takes every axis of size 1, so one sample comes out in another shape than two.",
                where=place(node),
                advice="Name the axes, x.squeeze(-1), or keep one row a sample: x.flatten(1).",
            )


@rule(
    "running",
    "batch-first",
    why="Without batch_first=True a recurrent layer reads (step, sample, feature). "
    "Given (sample, step, feature) it runs along the samples: those of one batch "
    "influence one another, and the steps do not.",
    example="""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.gru, self.fc = nn.GRU(3, 8), nn.Linear(8, 2)

            def forward(self, x):
                steps, _ = self.gru(x)
                return self.fc(steps[:, -1])


        model = Net()
        inputs = torch.rand(4, 9, 3)
    """,
    fix="""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.gru, self.fc = nn.GRU(3, 8, batch_first=True), nn.Linear(8, 2)

            def forward(self, x):
                steps, _ = self.gru(x)
                return self.fc(steps[:, -1])


        model = Net()
        inputs = torch.rand(4, 9, 3)
    """,
)
def steps_for_samples(trace: Trace) -> Iterator[Finding]:
    """A recurrent layer or attention that runs along the samples, since batch_first is not set."""
    samples, ends = samples_of(trace), outputs(trace)
    if not ends or len(ends[0].shape) != 2 or ends[0].shape[0] != samples:
        return
    for call in trace.calls[1:]:
        value = trace.values[call.inputs[0]] if call.inputs else None
        if value is None or call.kind not in STEPPING or getattr(call.module, "batch_first", True):
            continue
        if len(value.shape) == 3 and value.shape[0] == samples != value.shape[1]:
            yield _steps(call, value)


def _steps(call: Call, value: Value) -> Finding:
    samples, steps, _ = value.shape
    return Finding(
        f"`{call.path}` takes the {samples} sample{'s' * (samples != 1)} for steps: {value.shape} is read as "
        "(step, sample, feature).",
        f"Samples of one batch then influence one another, and the {steps} steps do not.",
        where=Where(call.path, call.kind),
        advice=f"batch_first=True in nn.{call.kind}: (sample, step, feature).",
    )


@rule(
    "running",
    "view-for-permute",
    why="A view reads the same numbers in the same order: given the sizes of the axes "
    "in another order it moves pixels to other places and mixes the channels. "
    "permute moves the axes with their numbers.",
    example="""
        def model(x):
            return x.view(2, 3, 8, 9)


        inputs = torch.rand(2, 8, 9, 3)
    """,
    fix="""
        def model(x):
            return x.permute(0, 3, 1, 2)


        inputs = torch.rand(2, 8, 9, 3)
    """,
)
def renamed_axes(trace: Trace) -> Iterator[Finding]:
    """A view that gives a tensor the sizes of its own axes in another order."""
    for node in trace.nodes:
        if known(node.op).role is not Role.RESHAPE or not node.inputs or not node.outputs:
            continue
        before, after = (trace.values[index].shape for index in (node.inputs[0], node.outputs[0]))
        if len(before) > 2 and before != after and sorted(before) == sorted(after) and 1 not in before:
            yield _renamed(node, before, after)


def _renamed(node: Node, before: tuple[int, ...], after: tuple[int, ...]) -> Finding:
    left = list(enumerate(before))
    order = []
    for size in after:
        axis = next(each for each in left if each[1] == size)
        left.remove(axis)
        order.append(str(axis[0]))
    return Finding(
        f"{node.op} of {before} as {after}: the sizes change places, the numbers do not.",
        "A view reads the same numbers in the same order: pixels change places, channels are mixed.",
        where=place(node),
        advice=f"x.permute({', '.join(order)}) moves the axes with their numbers.",
    )


@rule(
    "running",
    "broadcast-loss",
    why="Shapes that differ are stretched to one: (sample, 1) against (sample,) "
    "compares every sample with every target, and the best answer is then the "
    "mean, for all samples.",
    example="""
        def model(output, target):
            return F.mse_loss(output, target)


        inputs = torch.rand(4, 1), torch.rand(4)
    """,
    fix="""
        def model(output, target):
            return F.mse_loss(output, target.unsqueeze(1))


        inputs = torch.rand(4, 1), torch.rand(4)
    """,
)
def broadcast_loss(trace: Trace) -> Iterator[Finding]:
    """A loss number by number between (sample, 1) and (sample,): every pair is compared."""
    for node in trace.nodes:
        loss = known(node.op).loss
        if loss is None or loss.wants != "numbers":
            continue
        reading = read(trace, node)
        first, second = reading.given("input"), reading.given("target")
        if not isinstance(first, Value) or not isinstance(second, Value):
            continue
        if first.shape != second.shape:
            yield Finding(
                f"{node.op} compares {first.shape} with {second.shape}: every number with every other.",
                "Shapes that differ are stretched to one; the best answer is then the mean, for all samples.",
                where=place(node),
                advice="Give both one shape: target.unsqueeze(1), or output.squeeze(1).",
            )


@rule(
    "running",
    "state-as-output",
    why="The state of a recurrent layer is (layer, sample, feature), with batch_first "
    "as well; its last layer is h[-1].",
    example="""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.gru = nn.GRU(3, 8, batch_first=True)

            def forward(self, x):
                _, h = self.gru(x)
                return h


        model = Net()
        inputs = torch.rand(4, 9, 3)
    """,
    fix="""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.gru = nn.GRU(3, 8, batch_first=True)

            def forward(self, x):
                _, h = self.gru(x)
                return h[-1]


        model = Net()
        inputs = torch.rand(4, 9, 3)
    """,
)
def state_first(trace: Trace) -> Iterator[Finding]:
    """The last state of a recurrent layer as the result: its first axis counts the layers."""
    samples, ends = samples_of(trace), outputs(trace)
    batched = [
        call for call in trace.calls if getattr(call.module, "batch_first", False) and call.kind in STEPPING
    ]
    if not batched or not ends or len(ends[0].shape) != 3 or samples < 2:
        return
    layers, second, features = ends[0].shape
    if layers != samples == second:
        yield Finding(
            f"{samples} samples went in, and {ends[0].shape} came out: axis 0 counts no samples.",
            "The state of a recurrent layer is (layers, sample, feature), with batch_first as well.",
            where=Where(batched[-1].path, batched[-1].kind),
            advice=f"Take the last layer of it, h[-1]: ({samples}, {features}).",
        )
