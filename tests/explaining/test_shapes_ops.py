"""Where numbers come from and where they go: against NumPy, brute force and the clock."""

import itertools
import time
from collections.abc import Callable

import numpy as np
import pytest
import torch

from convscope.explaining import OPS, explain, explain_gradient, read
from convscope.explaining.boxes import unit
from convscope.explaining.rendering.words import text
from convscope.tracing import trace
from tests.explaining.shown import lines

X = torch.arange(2 * 4 * 6 * 6.0).view(2, 4, 6, 6)  # every number says where it stands
NUMPY: dict[str, tuple[Callable, Callable]] = {
    "flatten": (lambda x: x.flatten(1), lambda a: a.reshape(2, -1)),
    "view": (lambda x: x.view(3, 96), lambda a: a.reshape(3, 96)),
    "permute": (lambda x: x.permute(3, 0, 2, 1), lambda a: np.transpose(a, (3, 0, 2, 1))),
    "movedim": (lambda x: x.movedim(0, -1), lambda a: np.moveaxis(a, 0, -1)),
    "expand": (lambda x: x[:1].expand(3, 4, 6, 6), lambda a: np.broadcast_to(a[:1], (3, 4, 6, 6))),
    "repeat": (lambda x: x.repeat(1, 2, 1, 3), lambda a: np.tile(a, (1, 2, 1, 3))),
    "tile": (lambda x: x.tile(2, 2), lambda a: np.tile(a, (2, 2))),
    "repeat_interleave": (lambda x: x.repeat_interleave(3, 1), lambda a: np.repeat(a, 3, 1)),
    "flip": (lambda x: x.flip(0, 3), lambda a: np.flip(a, (0, 3))),
    "roll": (lambda x: x.roll((2, -1), (1, 3)), lambda a: np.roll(a, (2, -1), (1, 3))),
    "diagonal": (lambda x: x.diagonal(-2, 2, 3), lambda a: np.diagonal(a, -2, 2, 3)),
    "getitem": (lambda x: x[:, 1::2, -4:-1, 3], lambda a: a[:, 1::2, -4:-1, 3]),
    "index_select": (
        lambda x: x.index_select(1, torch.tensor([3, 0, 0])),
        lambda a: np.take(a, [3, 0, 0], 1),
    ),
    "tril": (lambda x: x.tril(1), lambda a: np.tril(a, 1)),
    "triu": (lambda x: x.triu(-1), lambda a: np.triu(a, -1)),
    "cat": (lambda x: torch.cat([x, x], 2), lambda a: np.concatenate([a, a], 2)),
    "stack": (lambda x: torch.stack([x, x], -1), lambda a: np.stack([a, a], -1)),
    "hstack": (lambda x: torch.hstack([x, x]), lambda a: np.hstack([a, a])),
    "pixel_shuffle": (
        lambda x: torch.pixel_shuffle(x, 2),
        lambda a: a.reshape(2, 1, 2, 2, 6, 6).transpose(0, 1, 4, 2, 5, 3).reshape(2, 1, 12, 12),
    ),
    "pixel_unshuffle": (
        lambda x: torch.pixel_unshuffle(x, 3),
        lambda a: a.reshape(2, 4, 2, 3, 2, 3).transpose(0, 1, 3, 5, 2, 4).reshape(2, 36, 2, 2),
    ),
    "channel_shuffle": (
        lambda x: torch.nn.functional.channel_shuffle(x, 2),
        lambda a: a.reshape(2, 2, 2, 6, 6).transpose(0, 2, 1, 3, 4).reshape(2, 4, 6, 6),
    ),
}


def last(seen, op):
    return next(node for node in reversed(seen.nodes) if node.op == op)


@pytest.mark.parametrize("op", NUMPY)
def test_every_number_is_numpys(op):
    model, expected = NUMPY[op]
    seen, numbers = trace(model, X), expected(X.numpy())
    generator = np.random.default_rng(0)
    for _ in range(25):
        at = tuple(int(generator.integers(size)) for size in numbers.shape)
        explanation = explain(seen, last(seen, op), at)
        assert explanation.holds
        assert explanation.result == numbers[at]


@pytest.mark.parametrize("op", [op for op in NUMPY if op not in ("tril", "triu")])
def test_a_box_is_the_smallest_around_the_numbers_in_it(op):
    """Contains them always; for the moves listed here it is no larger than their hull."""
    model, expected = NUMPY[op]
    seen = trace(model, X)
    node = last(seen, op)
    source = seen.values[node.inputs[0]]
    numbered = np.arange(source.tensor.numel()).reshape(source.shape)
    result = expected(numbered) if op != "expand" else np.broadcast_to(numbered, (3, 4, 6, 6))
    generator = np.random.default_rng(0)
    for _ in range(25):
        ends = np.sort(generator.integers(0, np.array(result.shape) + 1, (2, result.ndim)), axis=0)
        boxes = np.stack([ends[0], np.maximum(ends[1], np.minimum(ends[0] + 1, result.shape))], axis=-1)
        inside = result[tuple(slice(*pair) for pair in boxes)]
        if not inside.size:
            continue
        places = np.array(np.unravel_index(inside.ravel(), source.shape))
        hull = np.stack([places.min(1), places.max(1) + 1], axis=-1)
        found, *_ = OPS[op].reach(read(seen, node), boxes[None]).values()
        several = isinstance(found, list)
        found = np.stack([each[0] for each in found]) if several else found
        low, high = found[..., 0].min(0), found[..., 1].max(0)
        assert (low <= hull[:, 0]).all() and (high >= hull[:, 1]).all(), (boxes, found, hull)
        if op in EXACT:
            assert (low == hull[:, 0]).all() and (high == hull[:, 1]).all(), (boxes, found, hull)


EXACT = {"permute", "movedim", "expand", "repeat_interleave", "flip", "roll", "getitem", "index_select"}
INDICES = [
    (slice(None), torch.tensor([2, 0])),
    (torch.tensor([[0, 1]]), ..., torch.tensor([[5], [3]])),
    (1, slice(None), torch.tensor([2, 2]), torch.tensor([0, 5])),
    (None, slice(None, None, 2), torch.tensor([1, 3]), None, slice(4)),
    (slice(None), X[0, :, :, 0] > 20),
    (X > 100,),
]


@pytest.mark.parametrize("index", INDICES, ids=range(len(INDICES)))
def test_every_number_behind_an_index(index):
    """All of them: the numbers themselves say where they stood."""
    seen = trace(lambda x: x[index], X)
    node, expected = last(seen, "getitem"), X[index]
    reach = OPS["getitem"].reach
    places = list(itertools.product(*map(range, expected.shape)))
    boxes = reach(read(seen, node), np.stack([unit(at) for at in places]))["input"]
    for at, box in zip(places, boxes, strict=True):
        assert (box[:, 1] - box[:, 0] == 1).all()
        assert X[tuple(box[:, 0])] == expected[at]


def test_a_number_that_is_overwritten_gets_no_gradient():
    def model(x):
        y = x * 1.0
        y[:, 1:3] = x[:, :2] * 10.0
        return y

    seen = trace(model, X, score=lambda y: y.sum())
    gone, stays = explain_gradient(seen, "setitem", "input", (0, 1, 2, 3)), (0, 3, 2, 3)
    assert (gone.result, gone.network) == (0.0, 0.0)
    assert explain_gradient(seen, "setitem", "input", stays).result == 1.0
    written = explain(seen, "setitem", (0, 2, 5, 5))
    assert text(written.account.numbers) == "y[0, 2, 5, 5] = value[0, 1, 5, 5] = 710"
    assert "written" in written.account.what


def test_detach_says_that_it_cuts_the_gradient():
    seen = trace(lambda x: (x * 1.0).detach() + x, X, score=lambda y: y.sum())
    cut = explain_gradient(seen, "detach", "input", (0, 0, 0, 0))
    assert (cut.result, cut.network, cut.holds) == (0.0, 0.0, True)
    assert "the gradient does not" in cut.account.what


def test_words_for_a_reshape():
    seen = trace(lambda x: x.flatten(1), X)
    account = explain(seen, "flatten", (1, 51)).account
    assert text(account.numbers) == "y[1, 51] = input[1, 1, 2, 3] = 195"
    assert account.notes == ("Counted row by row from 0, both are number ((1·4 + 1)·6 + 2)·6 + 3 = 195.",)


def test_sizes_with_their_numbers():
    big = torch.zeros(1, 16, 12, 12)
    words = {
        "flatten": (lambda x: x.flatten(1), "axis 1: 16·12·12 = 2,304"),
        "cat": (lambda x: torch.cat([x, x[:, :4]], 1), "axis 1: 16 + 4 = 20"),
        "repeat": (lambda x: x.repeat(1, 3, 1, 1), "axis 1: 16·3 = 48"),
        "pixel_shuffle": (
            lambda x: torch.pixel_shuffle(x, 2),
            "channel 16/2² = 4\nheight 12·2 = 24\nwidth 12·2 = 24",
        ),
        "view": (lambda x: x.view(9, 256), "all: 1·16·12·12 = 2,304"),
    }
    for op, (model, expected) in words.items():
        seen = trace(model, big)
        assert lines(OPS[op].size(read(seen, last(seen, op)))) == expected


@pytest.mark.parametrize("op", ["getitem", "view", "cat", "permute"])
def test_a_large_tensor_is_explained_at_once(op):
    """The size of the tensor must not matter: 51 million numbers, 20 ms for one, 0.5 ms for 200 boxes."""
    large = torch.empty(64, 256, 56, 56)
    model = {
        "getitem": lambda x: x[:, ::2, 1:],
        "view": lambda x: x.view(64, -1),
        "cat": lambda x: torch.cat([x[:, :1], x[:, 1:2]], 1),
        "permute": lambda x: x.permute(0, 2, 3, 1),
    }[op]
    seen = trace(model, large)
    node = last(seen, op)
    shape = seen.values[node.outputs[0]].shape
    boxes = np.stack([unit(tuple(size // 2 for size in shape))] * 200)
    at, reach = tuple(size - 1 for size in shape), OPS[op].reach
    assert quickest(lambda: explain(seen, node, at)) < 0.020
    assert quickest(lambda: reach(read(seen, node), boxes)) < 0.0005


def quickest(call, times=15):
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def test_an_operation_without_a_derivative_is_named_and_not_guessed():
    x = torch.randn(2, 3)
    result = trace(lambda x: torch.heaviside(x, x), x)
    explanation = explain(result, result.nodes[0], (0, 0))
    assert explanation.kind == "not explained"
    assert "Autograd knows no slope for it either." in explanation.account.what
