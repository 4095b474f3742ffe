"""Programs that are no eager Python: TorchScript, torch.export, torch.compile, torch.fx as second opinion."""

from collections import Counter

import pytest
import torch
from torch import fx, nn

from convscope.explaining import explain
from convscope.tracing import replay_all, trace
from tests.tracing.test_hard_cases import Counts

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.head = nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(32, 3)

    def forward(self, x):
        x = torch.relu(self.norm(self.conv(x)))
        x = (x + 1) * 3
        return self.head(x.flatten(1))


class Deciding(Net):
    def forward(self, x):
        x = torch.relu(self.norm(self.conv(x)))
        if bool(x.sum() > 0):
            x = x * 2
        return self.head(x.flatten(1))


@pytest.fixture
def x():
    return torch.randn(2, 1, 6, 6)


WORK = [f"aten.{name}.default" for name in ("convolution", "native_batch_norm", "relu", "addmm", "sum")]


def arithmetic(kernels):
    """A script may add a number as a tensor, so only how often is compared."""
    return [sum(n for name, n in kernels.items() if op in name) for op in (".mul.", ".add.")]


def scripts(x):
    net, deciding = Net().eval(), Deciding().eval()
    return [
        (net, torch.jit.script(net)),
        (net, torch.jit.trace(net, x, check_trace=False)),
        (deciding, torch.jit.script(deciding)),
        (net, nn.Sequential(torch.jit.script(net))),
    ]


@pytest.mark.parametrize("which", range(4))
@pytest.mark.parametrize("runs", [0, 3])  # after two runs TorchScript replaces what it has profiled
@pytest.mark.parametrize("score", [None, 1])
def test_a_script_hides_nothing(x, which, runs, score):
    net, script = scripts(x)[which]
    for _ in range(runs):
        script(x)
    result = trace(script, x, score=score)
    assert result.failure is None, result.failure
    torch.testing.assert_close(result.restore(result.output), net(x))
    oracle = Counts()
    with torch.set_grad_enabled(True), oracle:
        net(x)
    ours = Counter(name.replace("._conv", ".conv") for node in result.nodes for name in node.kernels)
    assert {name: ours[name] for name in WORK} == {name: oracle.kernels[name] for name in WORK}
    assert arithmetic(ours) == arithmetic(oracle.kernels)
    assert not any("Fusion" in name or "TensorExpr" in name for name in ours)
    failed = {name for name, each in replay_all(result).items() if not each.exact}
    assert all(
        name.split("_")[0].endswith("empty") for name in failed
    )  # memory that batch norm leaves unused


@pytest.mark.parametrize("which", range(4))
def test_a_script_has_the_gradients_of_its_model(x, which):
    net, script = scripts(x)[which]
    for _ in range(3):
        script(x)
    result, eager = trace(script, x, score=1), trace(net, x, score=1)
    assert len(list(net.parameters())) == len([value for value in result.values if value.role == "parameter"])
    for value in eager.values:
        if value.role in ("parameter", "input"):
            (twin,) = [
                each
                for each in result.values
                if each.name.removeprefix("0.") == value.name or each.role == value.role == "input"
            ]
            torch.testing.assert_close(twin.gradient, value.gradient)
    one, other = (
        next(node.outputs[0] for node in each.nodes if node.op == "relu") for each in (result, eager)
    )
    torch.testing.assert_close(result.values[one].gradient, eager.values[other].gradient)


def test_a_script_still_runs_as_before(x):
    net, script = scripts(x)[0]
    for _ in range(3):
        script(x)
    trace(script, x)
    for _ in range(3):
        torch.testing.assert_close(script(x), net(x))


@pytest.mark.filterwarnings("ignore:`isinstance:FutureWarning")  # torch's own
@pytest.mark.parametrize("decomposed", [False, True])
def test_an_exported_program(x, decomposed):
    net = Net().eval()
    program = torch.export.export(net, (x,))
    program = program.run_decompositions() if decomposed else program
    result = trace(program.module(), x)
    assert result.failure is None, result.failure
    torch.testing.assert_close(result.restore(result.output), net(x))
    ops = [str(node.target) for node in program.graph.nodes if "aten" in str(node.target)]
    assert [node.function.removeprefix("torch.ops.") for node in result.nodes] == ops
    assert [value.name for value in result.values if value.role in ("parameter", "buffer")] == [
        *("conv.weight", "conv.bias", "norm.weight", "norm.bias", "norm.running_mean", "norm.running_var"),
        *("head.weight", "head.bias"),
    ]
    assert all(each.exact for each in replay_all(result).values())
    assert not result.unseen


def test_a_compiled_model_runs_as_it_was_written(x):
    net = Net().eval()
    compiled = torch.compile(net, backend="eager")
    result = trace(compiled, x)
    assert [node.name for node in result.nodes] == [node.name for node in trace(net, x).nodes]
    inside = trace(lambda x: compiled(x) + 1, x)
    assert [node.op for node in inside.nodes] == [*(node.op for node in result.nodes), "add"]


def test_fx_has_the_same_operations_and_edges(x):
    """torch.fx writes down what would be called, without running it; modules are single nodes there."""
    net = Net().eval()
    result = trace(net, x)
    graph = fx.Tracer().trace(net)
    known = [node for node in graph.nodes if node.op in ("call_module", "call_function", "call_method")]
    assert len(known) == len(result.nodes)
    ours = dict(zip(known, result.nodes, strict=True))
    for theirs, node in ours.items():
        expected = {ours[each].name for each in theirs.all_input_nodes if each in ours}
        assert {each.name for each in result.parents(node)} == expected
        if theirs.op == "call_module":
            assert node.name == theirs.target


def test_an_exported_program_is_taken_as_it_is(x):
    program = torch.export.export(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()), (x,))
    seen = trace(program, x)
    assert [node.op for node in seen.nodes] == ["conv2d", "relu"]


def test_the_convolution_of_a_traced_script_is_explained(x):
    net = nn.Conv2d(1, 2, 3)
    seen = trace(torch.jit.trace(net, x), x)
    (node,) = (node for node in seen.nodes if node.op == "convolution")
    found = explain(seen, node, (0, 1, 2, 2))
    assert found.kind == "explained"
    assert found.holds
    assert found.network == float(net(x).detach()[0, 1, 2, 2])
