"""Recurrent networks: parameters by formula, numbers by the papers' equations, the loop against torch's."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from convscope.errors import NetworkError, ShapeError
from convscope.network import build
from convscope.settings import TrainingSettings
from convscope.training.machine import machine

RECURRENT = ("rnn", "lstm", "gru", "bilstm", "bigru", "rnn-cell")
GATES = {"rnn": 1, "rnn-cell": 1, "lstm": 4, "gru": 3, "bilstm": 4, "bigru": 3}


def made(name, features=5, classes=3, steps=7, seed=0, **scale):
    torch.manual_seed(seed)
    return build(name, features, classes, (steps,), **scale)


@pytest.mark.parametrize("name", RECURRENT)
@pytest.mark.parametrize(("width", "depth"), [(1, 1), (0.25, 3)])
def test_parameters_are_those_of_the_formula(name, width, depth):
    """Each gate has a matrix for what comes in, one for the state, and torch's two biases."""
    units, directions = round(32 * width), 2 if name.startswith("bi") else 1
    incoming = [5] + [directions * units] * (depth - 1)
    gates = sum(directions * GATES[name] * units * (size + units + 2) for size in incoming)
    expected = gates + directions * units * 3 + 3
    network = made(name, width=width, depth=depth)
    assert sum(weight.numel() for weight in network.parameters()) == expected


@pytest.mark.parametrize("depth", [1, 3])
def test_the_loop_over_cells_gives_the_numbers_of_rnn(depth):
    whole, loop = made("rnn", depth=depth), made("rnn-cell", depth=depth, seed=1)
    for mine, theirs in zip(loop.parameters(), whole.parameters(), strict=True):
        mine.data.copy_(theirs)  # both list them layer by layer
    x, labels = torch.randn(4, 5, 7), torch.tensor([0, 1, 2, 0])
    scores, expected = loop(x), whole(x)
    torch.testing.assert_close(scores, expected)
    cross_entropy(scores, labels).backward()
    cross_entropy(expected, labels).backward()
    for mine, theirs in zip(loop.parameters(), whole.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad)


@pytest.mark.parametrize("depth", [1, 3])
def test_the_loop_over_cells_starts_with_the_weights_of_rnn(depth):
    assert all(
        map(
            torch.equal,
            made("rnn", depth=depth).parameters(),
            made("rnn-cell", depth=depth).parameters(),
        )
    )


def rnn_by_hand(x, w, u, b, c):
    """Elman's equation, x: (step, feature), one sample."""
    h = torch.zeros(u.shape[1])
    for step in x:
        h = torch.tanh(w @ step + b + u @ h + c)
    return h


def lstm_by_hand(x, w, u, b, c):
    """Input, forget and output gate and the new memory, in torch's order i, f, g, o."""
    h = memory = torch.zeros(u.shape[1])
    for step in x:
        i, f, g, o = (w @ step + b + u @ h + c).chunk(4)
        memory = torch.sigmoid(f) * memory + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(memory)
    return h


def gru_by_hand(x, w, u, b, c):
    """Reset and update gate; the reset one applies behind the matrix, as torch has it."""
    h = torch.zeros(u.shape[1])
    for step in x:
        (r1, z1, n1), (r2, z2, n2) = (w @ step + b).chunk(3), (u @ h + c).chunk(3)
        r, z = torch.sigmoid(r1 + r2), torch.sigmoid(z1 + z2)
        h = (1 - z) * torch.tanh(n1 + r * n2) + z * h
    return h


BY_HAND = {"rnn": rnn_by_hand, "rnn-cell": rnn_by_hand, "lstm": lstm_by_hand, "gru": gru_by_hand}
BY_HAND |= {"bilstm": lstm_by_hand, "bigru": gru_by_hand}


@pytest.mark.parametrize("name", RECURRENT)
def test_scores_are_those_of_the_equations(name):
    network = made(name, features=5, classes=3, steps=7)
    *cells, matrix, bias = (weight.detach() for weight in network.parameters())
    x = torch.randn(2, 5, 7)
    scores = network(x)
    for sample, score in zip(x, scores, strict=True):
        forwards = BY_HAND[name](sample.T, *cells[:4])
        ends = [forwards, BY_HAND[name](sample.T.flip(0), *cells[4:])] if cells[4:] else [forwards]
        torch.testing.assert_close(score, matrix @ torch.cat(ends) + bias)


@pytest.mark.parametrize("name", RECURRENT)
def test_the_first_step_and_the_order_of_the_steps_matter(name):
    network = made(name).eval()
    x = torch.randn(1, 5, 7)
    other = x.clone()
    other[:, :, 0] += 1
    assert not torch.equal(network(x), network(other))
    assert not torch.equal(network(x), network(x.flip(2)))


@pytest.mark.parametrize("name", RECURRENT)
def test_bf16_is_taken(name):
    network = made(name)
    with machine(TrainingSettings(device="cpu", precision="bf16")).arithmetic():
        scores = network(torch.randn(4, 5, 7))
    cross_entropy(scores.float(), torch.tensor([0, 1, 2, 0])).backward()
    assert all(weight.grad.isfinite().all() for weight in network.parameters())


def test_pictures_are_refused():
    with pytest.raises(ShapeError) as caught:
        build("lstm", 1, 10, (28, 28))
    assert (
        "network 'lstm' reads steps one after the other, so it needs samples with one axis behind the "
        "features, got 28 × 28.\n"
        "  For pictures and volumes take a convolutional network, such as fast or resnet."
    ) in str(caught.value)
    assert "smallest" not in str(caught.value)


@pytest.mark.parametrize("name", RECURRENT)
def test_no_layer_is_refused(name):
    message = rf"network '{name}' has no depth 0\.\n  It needs 1 layer at least\."
    with pytest.raises(NetworkError, match=message):
        build(name, 5, 3, (7,), depth=0)
