import re
from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

from convscope.errors import TraceError
from convscope.explaining import OPS, explain, explain_gradient, read
from convscope.explaining.boxes import unit
from convscope.explaining.ops.recurrent.layers import gates
from convscope.tracing import trace
from tests.explaining.shown import lines, said

LAYERS = {
    "lstm": nn.LSTM,
    "gru": nn.GRU,
    "rnn_tanh": nn.RNN,
    "rnn_relu": lambda *sizes, **settings: nn.RNN(*sizes, nonlinearity="relu", **settings),
}
GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


@pytest.fixture(autouse=True)
def _same_numbers():
    torch.manual_seed(0)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def brute_force(kind, layer, inputs):
    """One layer, one direction, as the formulas of torch's documentation read: one number after the other.

    Returns gates (step, sample, gate, unit), states (step, sample, unit), cells, and how many multiply-adds
    the sums took.
    """
    w_ih, w_hh, b_ih, b_hh = (each.detach().double().numpy() for each in layer.parameters())
    count, units = 0, layer.hidden_size
    steps, samples, features = inputs.shape
    found, states, cells = [], [], []
    h, c = np.zeros((samples, units)), np.zeros((samples, units))
    for t in range(steps):
        a, b = np.zeros((samples, len(w_ih))), np.zeros((samples, len(w_ih)))
        for n, row in np.ndindex(*a.shape):
            for k in range(features):
                a[n, row] += inputs[t, n, k] * w_ih[row, k]
                count += 1
            for k in range(units):
                b[n, row] += h[n, k] * w_hh[row, k]
                count += 1
        a, b = a + b_ih, b + b_hh
        if kind == "lstm":
            i, f, g, o = np.split(a + b, 4, axis=1)
            each = [sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)]
            c = each[1] * c + each[0] * each[2]
            h = each[3] * np.tanh(c)
        elif kind == "gru":
            (a_r, a_z, a_n), (b_r, b_z, b_n) = np.split(a, 3, axis=1), np.split(b, 3, axis=1)
            r, z = sigmoid(a_r + b_r), sigmoid(a_z + b_z)
            n = np.tanh(a_n + r * b_n)
            each, h = [r, z, n], (1 - z) * n + z * h
        else:
            h = np.tanh(a + b) if kind == "rnn_tanh" else np.maximum(a + b, 0)
            each = [h]
        found.append(np.stack(each, axis=1))
        states.append(h)
        cells.append(c)
    return np.stack(found), np.stack(states), np.stack(cells), count


@pytest.mark.parametrize("kind", LAYERS)
def test_gates_states_and_cost_by_brute_force(kind):
    layer, inputs = LAYERS[kind](3, 5), torch.randn(6, 2, 3)
    seen = trace(layer, inputs)
    reading = read(seen, seen[kind])
    expected, states, cells, count = brute_force(kind, layer, inputs.double().numpy())
    found = gates(reading)
    np.testing.assert_allclose(found.values[0, 0].numpy(), expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(found.hidden[0, 0].numpy(), states, rtol=1e-12, atol=1e-14)
    if found.cell is not None:
        np.testing.assert_allclose(found.cell[0, 0].numpy(), cells, rtol=1e-12, atol=1e-14)
    assert len(found.names) == GATES[kind] == found.values.shape[4]
    assert OPS[kind].cost(reading).macs == count


def test_the_gates_of_the_second_direction_are_those_of_the_reversed_sequence():
    both = nn.GRU(3, 4, bidirectional=True)
    alone = nn.GRU(3, 4)
    names = [name for name, _ in alone.named_parameters()]
    alone.load_state_dict({name: both.get_parameter(f"{name}_reverse").detach() for name in names})
    inputs = torch.randn(5, 2, 3)
    seen = trace(both, inputs)
    found = gates(read(seen, seen["gru"])).values[0, 1]
    expected = brute_force("gru", alone, inputs.flip(0).double().numpy())[0]
    np.testing.assert_allclose(found.flip(0).numpy(), expected, rtol=1e-12, atol=1e-14)


def test_the_steps_show_the_gates():
    seen = trace(nn.LSTM(3, 5, 2, bidirectional=True, batch_first=True), torch.randn(2, 6, 3))
    found = gates(read(seen, seen["lstm"]))
    for sample, step, place in [(0, 0, 0), (1, 3, 4), (0, 2, 7), (1, 5, 9)]:
        direction, unit_ = divmod(place, 5)
        lines = {line.name: line for line in explain(seen, "lstm", (sample, step, place)).account.steps}
        for gate, name in enumerate(found.names):
            expected = found.values[1, direction, step, sample, gate, unit_].item()
            assert lines[name].value == pytest.approx(expected, rel=1e-12)
        assert lines["input gate from the input"].terms.values.shape == (10,)  # both directions below
    assert [line.name for line in explain(seen, "lstm", (3, 0, 2), output=2).account.steps][
        -1
    ] == "cell state"


def test_places_are_where_the_factors_stand():
    inputs, state = torch.randn(2, 4, 3), (torch.randn(2, 2, 5), torch.randn(2, 2, 5))
    layer = nn.LSTM(3, 5, bidirectional=True, batch_first=True)
    seen = trace(layer, (inputs, state), score=lambda outputs: outputs[0].sum())
    tensors = {"input": inputs, "h_0": state[0], **dict(layer.named_parameters())}
    accounts = [explain(seen, "lstm", at).account for at in [(1, 0, 2), (0, 3, 7), (1, 2, 8)]] + [
        explain_gradient(seen, "lstm", f"weight_ih_l0{end}", (3, 1)).account for end in ("", "_reverse")
    ]
    checked = 0
    for terms in (line.terms for account in accounts for line in (account, *account.steps) if line.terms):
        for name, places in terms.places.items():
            there = tensors[name][tuple(places.unbind(-1))]
            assert torch.equal(there.double(), terms.factors[name])
            checked += 1
    assert checked > 40


@pytest.mark.parametrize("cell", [nn.LSTM, nn.GRU, nn.RNN])
def test_gradients_of_a_network_that_reads_the_last_state_alone(cell):
    layer, inputs = cell(3, 4, batch_first=True), torch.randn(1, 5, 3)

    def last(outputs):
        state = outputs[1]
        return (state[0] if isinstance(state, tuple) else state)[0, 0, 1]

    seen = trace(layer, inputs, score=last)
    own = torch.autograd.grad(last(layer(inputs)), layer.weight_ih_l0)[0]
    op = next(node.name for node in seen.nodes if node.op in OPS and len(node.outputs) > 1)
    for at in [(1, 0), (2, 1), (1, 2)]:
        found = explain_gradient(seen, op, "weight_ih_l0", at)
        assert found.result == pytest.approx(own[at].item(), rel=1e-5, abs=1e-8) and found.holds
    assert own[1, 0] != 0


@pytest.mark.parametrize(("features", "steps"), [(6, 9), (10, 7)])
def test_the_lstm_of_4032_multiply_adds(features, steps):
    seen = trace(nn.LSTM(features, 8), torch.randn(steps, 1, features))
    cost = OPS["lstm"].cost(read(seen, seen["lstm"]))
    assert cost.macs == 4032
    assert said(cost.multiplying) == f"{steps}·1·4·8·({features} + 8) = 4,032"


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("settings", [{}, {"bidirectional": True}, {"bias": False}, {"proj_size": 4}])
def test_the_formulas_are_true(kind, layers, settings):
    if "proj_size" in settings and kind != "lstm":
        settings = {"bidirectional": True, "bias": False}
    layer = LAYERS[kind](3, 8, layers, **settings)
    seen = trace(layer, torch.randn(5, 2, 3))
    cost = OPS[kind].cost(read(seen, seen[kind]))
    assert value_of(said(cost.parameters)) == sum(each.numel() for each in layer.parameters())
    weights = sum(each.numel() for each in layer.parameters() if each.dim() == 2)
    assert (
        value_of(said(cost.multiplying)) == cost.macs == 5 * 2 * weights
    )  # each weight once a step and sample


def value_of(formula):
    """What a formula says, after checking its sum."""
    left, right = formula.split(" = ")
    assert eval(re.sub("·", "*", left)) == int(right.replace(",", ""))
    return int(right.replace(",", ""))


def test_the_parameters_as_a_formula():
    seen = trace(nn.LSTM(3, 8), torch.randn(5, 2, 3))
    assert said(OPS["lstm"].cost(read(seen, seen["lstm"])).parameters) == "4·(8·(3 + 8) + 2·8) = 416"


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("layers", [1, 2])
def test_reach_is_exactly_what_the_gradient_reaches(batch_first, directions, layers):
    layer = nn.LSTM(2, 3, layers, bidirectional=directions == 2, batch_first=batch_first).double()
    inputs = torch.randn(2, 4, 2) if batch_first else torch.randn(4, 2, 2)
    inputs = inputs.double().requires_grad_()
    state = tuple(torch.randn(layers * directions, 2, 3).double().requires_grad_() for _ in range(2))
    seen = trace(layer, (inputs, state))
    outputs, (last, cell) = layer(inputs, state)
    for which, tensor in enumerate((outputs, last, cell)):
        reading = read(seen, seen["lstm"], which)
        for at in list(np.ndindex(*tensor.shape))[::3]:
            boxes = OPS["lstm"].reach(reading, unit(at)[None])
            slopes = torch.autograd.grad(tensor[at], [inputs, state[0]], retain_graph=True)
            for name, slope in zip(("input", "h_0"), slopes, strict=True):
                places = slope.nonzero()
                box = [[int(axis.min()), int(axis.max()) + 1] for axis in places.T]
                assert boxes[name][0].tolist() == box, (which, at, name)


def test_many_boxes_at_once_and_an_empty_one():
    seen = trace(nn.GRU(2, 3), torch.randn(4, 2, 2))
    boxes = np.stack([unit((1, 0, 2)), unit((3, 1, 0)), np.zeros((3, 2), np.int64)])
    found = OPS["gru"].reach(read(seen, seen["gru"]), boxes)
    assert found["input"].tolist() == [[[0, 2], [0, 1], [0, 2]], [[0, 4], [1, 2], [0, 2]], [[0, 0]] * 3]


@pytest.mark.parametrize(("kind", "output"), [*product(LAYERS, (0, 1)), ("lstm", 2)])
def test_gradients_of_each_output_are_autograds_in_float64(kind, output):
    layer = LAYERS[kind](3, 4, 2, bidirectional=True).double()
    inputs = torch.randn(5, 2, 3, dtype=torch.float64)
    states = [torch.randn(4, 2, 4, dtype=torch.float64) for _ in range(1 + (kind == "lstm"))]
    weight = torch.randn(5, 2, 8) if output == 0 else torch.randn(4, 2, 4)

    def score(made):
        flat = [made[0], *made[1]] if kind == "lstm" else list(made)
        return (flat[output] * weight.double()).sum()

    starts = [inputs, *states, *layer.parameters()]
    names = ["input", "h_0", "c_0"][: len(states) + 1] + [name for name, _ in layer.named_parameters()]
    [start.requires_grad_() for start in starts]
    state = tuple(states) if kind == "lstm" else states[0]
    own = torch.autograd.grad(score(layer(inputs, state)), starts)
    seen = trace(layer, (inputs, state), score=score)
    for name, expected in zip(names, own, strict=True):
        at = tuple(int(torch.randint(size, ())) for size in expected.shape)
        found = explain_gradient(seen, kind, name, at, output)
        assert found.holds, str(found)
        assert abs(found.result - expected[at].item()) <= found.bound


def test_a_long_sequence_keeps_its_bound():
    layer = nn.LSTM(4, 16, 2)
    seen = trace(layer, torch.randn(200, 1, 4), score=lambda outputs: outputs[0].square().sum())
    for at in [(0, 0, 0), (50, 0, 3), (199, 0, 15)]:
        explanation = explain(seen, "lstm", at)
        assert explanation.holds
        assert explanation.bound < 1e-5  # and the bound proves something
    assert explain_gradient(seen, "lstm", "weight_hh_l0", (20, 5)).holds


def test_a_plain_layer_that_lets_errors_grow_says_so_by_its_bound():
    layer = nn.RNN(8, 64)
    with torch.no_grad():
        [weight.mul_(4) for weight in layer.parameters()]
    seen = trace(layer, torch.randn(100, 1, 8))
    first, last = (explain(seen, "rnn_tanh", (step, 0, 5)) for step in (0, 99))
    assert first.holds
    assert last.holds
    assert last.bound > 10 * first.bound


def test_dropout_between_all_layers_and_directions_is_drawn_again():
    layer = nn.GRU(3, 4, 3, dropout=0.4, bidirectional=True, batch_first=True)
    seen = trace(layer, torch.randn(2, 5, 3), score=lambda outputs: outputs[0].sum())
    assert all(explain(seen, "gru", at).holds for at in [(0, 0, 0), (1, 4, 7), (0, 3, 5)])
    assert explain_gradient(seen, "gru", "weight_ih_l0_reverse", (5, 2)).holds


def test_gates_far_below_zero_are_explained():
    layer = nn.LSTM(1, 1, bias=False)
    with torch.no_grad():
        [weight.fill_(300.0) for weight in layer.parameters()]
    seen = trace(layer, torch.tensor([[[-3.0]], [[0.1]]]))
    explanation = explain(seen, "lstm", (0, 0, 0))
    assert explanation.holds
    names = {}
    exec(explanation.python(), names)
    assert names["result"] == explanation.result


def test_packed_sequences_say_that_they_are_not_explained():
    packed = nn.utils.rnn.pack_sequence([torch.randn(4, 3), torch.randn(2, 3)])
    seen = trace(nn.GRU(3, 4), (packed,), score=lambda made: made[0].data.sum())
    explanation = explain(seen, "gru", (5, 1))
    assert explanation.kind == "not explained"
    reading = read(seen, seen["gru"])
    assert OPS["gru"].cost(reading).macs == 6 * 3 * 4 * (3 + 4)
    assert OPS["gru"].reach(reading, unit((5, 1))[None])["input"].tolist() == [[[0, 6], [0, 3]]]
    with pytest.raises(TraceError, match=r"the gates of gru are not known: its sequences are packed"):
        gates(reading)
    with pytest.raises(TraceError, match=r"gradient of gru is not explained: its sequences are packed"):
        explain_gradient(seen, "gru", "weight_hh_l0", (0, 0))


def test_the_width_says_what_it_is():
    seen = trace(nn.LSTM(4, 3, bidirectional=True), torch.randn(5, 1, 4))
    assert lines(OPS["lstm"].size(read(seen, seen["lstm"]))).splitlines()[-1] == (
        "unit 2·3 = 6 (directions · hidden size)"
    )
