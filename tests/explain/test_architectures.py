"""Many architectures: every operation seen and replayed, and a hundred numbers explained in each."""

import random
from collections import Counter

import pytest
import torch

from convscope.explain import OPS, explain
from convscope.trace import replay_all, trace
from tests.explain.architectures import architectures

ARCHITECTURES = architectures()
NUMBERS = 100  # explained in each
# What `explain` has no account of, and how often it may occur among all operations.
NOT_EXPLAINED: set[str] = set()
SHARE = 0.0

pytestmark = pytest.mark.filterwarnings("ignore")  # of the networks' own libraries


@pytest.fixture(autouse=True)
def _one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


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


def of_others(name):
    """A small one with random weights, as transformers builds it."""
    settings = OTHERS[name]
    network = getattr(transformers, f"{name}Model")(getattr(transformers, f"{name}Config")(**settings))
    size = settings.get("image_size", 32)
    return network, torch.rand(1, 3, size, size)


NETS = {
    **{
        f"{name} {axes}-D": (of_the_house, name, axes)
        for name in NETWORKS
        for axes in (1, 2, 3)
        if takes(name, axes)
    },
    **{name: (lambda make, given: (make(), given), make, given) for name, (make, given) in OWN.items()},
    **{name: (of_others, name) for name in OTHERS},
}


@pytest.mark.parametrize("name", NETS)
def test_a_network_is_seen_runs_again_and_adds_up(name):
    torch.manual_seed(0)
    make, *words = NETS[name]
    network, given = make(*words)
    seen = trace(network.eval(), given)
    assert seen.failure is None
    assert seen.unseen == []
    assert seen.kernels == sum(len(node.kernels) for node in seen.nodes)
    for node in seen.nodes:
        again = replay(seen, node)
        assert again.exact, (node.name, again.reason)
    unknown = {node.op for node in seen.nodes if node.outputs} - set(OPS)
    assert unknown == set()
    for node, output, at in some_numbers(seen):
        explanation = explain(seen, node, at, output)
        assert explanation.holds, str(explanation)


def some_numbers(seen):
    """A hundred places, an operation at random for each."""
    chance = random.Random(0)
    nodes = [
        node for node in seen.nodes if any(math.prod(seen.values[index].shape) for index in node.outputs)
    ]
    for _ in range(NUMBERS):
        node = chance.choice(nodes)
        output = chance.choice(
            [place for place, index in enumerate(node.outputs) if seen.values[index].shape != (0,)]
        )
        yield node, output, tuple(chance.randrange(size) for size in seen.values[node.outputs[output]].shape)


def test_there_are_many():
    assert len(NETS) >= 25
