"""Many architectures: every operation seen and replayed, and a hundred numbers explained in each."""

import random
from collections import Counter

import pytest
import torch

from convscope.explaining import OPS, explain
from convscope.tracing import replay_all, trace
from tests.explaining.architectures import architectures

ARCHITECTURES = architectures()
NUMBERS = 100  # explained in each
# What `explain` has no account of, and how often it may occur among all operations.
NOT_EXPLAINED: set[str] = set()
SHARE = 0.0

pytestmark = pytest.mark.filterwarnings("ignore")  # of the networks' own libraries


def made(name, *, training=False):
    make, shape = ARCHITECTURES[name]
    torch.manual_seed(0)
    return make().train(training), torch.randn(shape)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_operation_is_seen_and_replays(name):
    result = trace(*made(name))
    assert result.failure is None, result.failure
    assert not result.unseen
    assert {name: each.reason for name, each in replay_all(result).items() if not each.exact} == {}


@pytest.mark.parametrize(
    "name", ["rows", "AlexNet", "DeiT", "Swin V2", "EfficientNet", "resnet 32×32", "gru 32"]
)
def test_every_operation_replays_in_training(name):
    model, x = made(name, training=True)
    result = trace(model, x.expand(2, *x.shape[1:]))
    assert result.failure is None, result.failure
    assert not result.unseen
    assert {name: each.reason for name, each in replay_all(result).items() if not each.exact} == {}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_hundred_numbers_are_explained(name):
    result, generator = trace(*made(name)), random.Random(7)
    nodes = [node for node in result.nodes if node.outputs and result.values[node.outputs[0]].bytes]
    wrong = []
    for _ in range(NUMBERS):
        node = generator.choice(nodes)
        shape = result.values[node.outputs[0]].shape
        explanation = explain(result, node, tuple(generator.randrange(size) for size in shape))
        if not explanation.holds and node.op not in NOT_EXPLAINED:
            wrong.append(str(explanation))
    assert not wrong, wrong[0]


def test_what_is_not_explained_is_listed():
    ops = Counter(
        node.op for name in ARCHITECTURES for node in trace(*made(name), keep=False).nodes if node.outputs
    )
    missing = Counter({op: count for op, count in ops.items() if op not in OPS or OPS[op].explain is None})
    assert set(missing) == NOT_EXPLAINED, missing
    assert missing.total() <= SHARE * ops.total()
    assert len(ops) > 50
    assert len(ARCHITECTURES) >= 25
