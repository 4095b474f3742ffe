"""TorchLens as an independent witness: the same operations, and each takes what the same others made."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from convscope.tracing import trace
from tests.tracing.edge_networks import networks, plain


@pytest.fixture(scope="module")
def theirs():
    """What TorchLens finds, network by network."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.tracing.torchlens_edges"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def our_edges(model, x):
    result = trace(model, x)
    assert result.failure is None, result.failure
    nodes = [node for node in result.nodes if node.outputs]
    return [[plain(node.op), sorted(parent.index for parent in result.parents(node))] for node in nodes]


@pytest.mark.parametrize("name", networks())
def test_edges_are_those_of_torchlens(theirs, name):
    ours = our_edges(networks()[name].eval(), torch.zeros(1, 3, 32, 32))
    assert [op for op, _ in ours] == [op for op, _ in theirs[name]]
    assert ours == theirs[name]
    assert len(ours) > 4
