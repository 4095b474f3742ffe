"""Each private function of torch is taken away; a trace, its values and its gradients stay what they were."""

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import convscope
from convscope import torch_private
from convscope.randomness import seeded
from convscope.tracing.names import address, arguments, function_at
from convscope.tracing.snapshot import snapshot, storage_of, untouched

PRIVATE = (
    r"torch(\.\w+)*\._[a-zA-Z]\w*|from torch\S* import .*\b_\w+"
    r"|(?<!self)\._(is_view|schema|overloadname|cdata|orig_mod|parameters|buffers|modules)\b"
)


def test_no_other_file_uses_what_torch_does_not_promise():
    using = set()
    for path in Path(convscope.__file__).parent.rglob("*.py"):
        lines = path.read_text(encoding="utf-8").splitlines()
        if any(re.search(PRIVATE, re.sub(r'"[^"]*"|#.*|>>>.*', "", line)) for line in lines):
            using.add(path.name)
    assert using == {"torch_private.py"}


def test_all_are_there_in_the_torch_of_today():
    assert [name for name, found in torch_private.FOUND.items() if found is None] == []


class Everything(nn.Module):
    """Changes in place, views, modules with a state, a call that is opened, random numbers."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2)
        self.drop, self.full = nn.Dropout(), nn.Linear(32, 3)
        self.register_buffer("kept", torch.zeros(2))

    def forward(self, x, more):
        x = self.norm(self.conv(x * more[0]))
        x.mul_(2)
        first = x[:, 0]
        first += 1
        self.kept = x.mean((0, 2, 3)).detach()
        x = F.normalize(x.flatten(1), dim=1)
        return self.full(self.drop(x.view(len(x), 2, 16).transpose(1, 2).reshape(len(x), 32)))


def traced():
    with seeded(4):
        model = Everything()
        inputs, more = torch.rand(2, 1, 4, 4), [torch.tensor(2.0), None]
        before = {name: each.clone() for name, each in model.state_dict().items()}
        seen = convscope.trace(model, (inputs, more), score=1)
    assert all(torch.equal(before[name], each) for name, each in model.state_dict().items())
    return seen


def told(seen):
    values = [(each.role, each.shape, each.tensor, each.gradient) for each in seen.values]
    return [(node.op, node.function, node.inputs, node.outputs, node.changed) for node in seen.nodes], values


def same(one, other):
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


@pytest.mark.parametrize("name", torch_private.FOUND)
def test_a_trace_without_it_is_the_same(name, monkeypatch):
    whole = told(traced())
    monkeypatch.setitem(torch_private.FOUND, name, None)
    address.cache_clear()
    assert same(told(traced()), whole)
    seen = traced()
    assert seen.failure is None
    node = next(node for node in seen.nodes if node.op == "dropout")
    assert convscope.replay(seen, node).exact


def test_a_trace_without_all_of_them_is_the_same(monkeypatch):
    whole = told(traced())
    for name in torch_private.FOUND:
        monkeypatch.setitem(torch_private.FOUND, name, None)
    assert same(told(traced()), whole)


def test_without_schemas_torchs_custom_is_believed():
    class Kernel:
        def __init__(self, name):
            self.overloadpacket = SimpleNamespace(__name__=name)

    assert torch_private.written_arguments(Kernel("relu_")) == ((0,), ("out",))
    assert torch_private.written_arguments(Kernel("relu")) == ((), ("out",))
    assert torch_private.results(Kernel("relu_")) == {"in place"}
    assert torch_private.results(Kernel("relu")) == {"new"}
    assert torch_private.argument_names(Kernel("relu")) is None


def test_snapshots_without_lazy_clones(monkeypatch):
    monkeypatch.setitem(torch_private.FOUND, "torch._lazy_clone", None)
    x = torch.ones(3)
    before = snapshot(x)
    assert untouched(x, before)
    x.add_(1)
    assert not untouched(x, before)
    assert before.tolist() == [1, 1, 1]
    assert storage_of(x) == storage_of(x[1:]) != storage_of(before)


def test_no_code_but_operations_is_reached_without_the_list_of_makers(monkeypatch):
    monkeypatch.setitem(torch_private.FOUND, "torch._C._VariableFunctions", None)
    assert function_at("torch.zeros") is torch.zeros
    assert function_at("torch.load") is None
    assert function_at("torch.from_file") is None
    assert arguments("torch.relu") == ("self",)


MISSING = """
import torch
from torch.utils import _python_dispatch

{without}
from convscope import torch_private, trace
print(len(trace(torch.nn.ReLU(), torch.ones(2)).nodes))
"""


@pytest.mark.parametrize(
    "without",
    [
        "del torch._lazy_clone",
        "del torch._C._data_address",
        "del torch.cpu._is_amx_tile_supported, torch.cpu._is_avx512_bf16_supported",
    ],
)
def test_a_torch_that_lacks_it_from_the_start(without):
    command = [sys.executable, "-c", MISSING.format(without=without)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "1\n"


def test_a_torch_without_a_witness_is_refused_with_advice():
    command = [sys.executable, "-c", MISSING.format(without="del _python_dispatch.TorchDispatchMode")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "pip install 'torch>=2.10,<3'" in done.stderr
