"""Linear algebra, attention, dropout and embeddings against NumPy, SciPy and counting by hand."""

import itertools

import numpy as np
import pytest
import torch
from scipy.special import softmax
from torch import nn
from torch.nn import functional as F

from convscope.explaining import OPS, explain, explain_gradient, read
from convscope.explaining.boxes import unit
from convscope.explaining.rendering.words import text
from convscope.tracing import trace
from convscope.tracing.replay import run_again
from tests.explaining.shown import lines, said


@pytest.fixture(autouse=True)
def same_numbers():
    torch.manual_seed(0)


def only(seen, op):
    (node,) = [node for node in seen.nodes if node.op == op]
    return node


def every(seen, node, expected):
    """Each number of an output as we explain it, beside an array in float64."""
    assert tuple(expected.shape) == seen.values[node.outputs[0]].shape
    for at in np.ndindex(*expected.shape):
        explanation = explain(seen, node, at)
        assert explanation.holds
        assert explanation.result == pytest.approx(
            expected[at], rel=1e-9, abs=1e-9 * explanation.account.size
        )


def test_linear_is_numpys():
    layer, x = nn.Linear(5, 4), torch.randn(2, 3, 5)
    seen = trace(layer, x)
    weight, bias = layer.weight.detach().double().numpy(), layer.bias.detach().double().numpy()
    every(seen, only(seen, "linear"), x.double().numpy() @ weight.T + bias)


def test_every_factor_stands_where_its_place_says():
    layer, x = nn.Linear(5, 4), torch.randn(2, 3, 5)
    terms = explain(trace(layer, x), "linear", (1, 2, 3)).account.terms
    for name, tensor in (("input", x), ("weight", layer.weight.detach())):
        found = tensor[tuple(terms.places[name].T)]
        assert torch.equal(found.double(), terms.factors[name])
    assert terms.places["weight"].tolist() == [[3, feature] for feature in range(5)]


def test_the_words_have_the_numbers():
    layer = nn.Linear(400, 120)
    seen = trace(layer, torch.randn(2, 400))
    reading = read(seen, seen.nodes[0])
    assert said(OPS["linear"].cost(reading).parameters) == "120·(400 + 1) = 48,120"
    assert said(OPS["linear"].cost(reading).multiplying) == "2·400·120 = 96,000"
    assert lines(OPS["linear"].size(reading)) == "features 120 (a row of weights for each, 400 in)"
    account = explain(seen, 0, (0, 3)).account
    assert text(account.formula) == "y[n,o] = Σ input[n,i]·weight[o,i] + bias[o]   over i"
    assert account.terms.axes == ("input feature",)


SHAPES = [
    *(((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((3,), (5, 3, 4))),
    *(((5, 1, 2, 3), (1, 6, 3, 4)), ((5, 2, 3), (3,)), ((2, 3), (6, 5, 3, 4))),
]


@pytest.mark.parametrize(("first", "second"), SHAPES)
def test_matmul_is_numpys_and_its_cost_is_counted(first, second):
    x, y = torch.randn(first), torch.randn(second)
    seen = trace(torch.matmul, (x, y))
    expected = np.asarray(x.double().numpy() @ y.double().numpy())
    every(seen, seen.nodes[0], expected)
    count = sum(1 for _ in itertools.product(np.ndindex(*expected.shape), range(first[-1])))
    assert OPS["matmul"].cost(read(seen, seen.nodes[0])).macs == count


def test_the_other_side_of_an_operator():
    x, y = torch.randn(2, 3), torch.randn(4, 2)
    seen = trace(lambda x, y: x.__rmatmul__(y), (x, y))
    every(seen, only(seen, "rmatmul"), y.double().numpy() @ x.double().numpy())


EQUATIONS = [
    *(("bij,bjk->bik", (2, 3, 4), (2, 4, 5)), ("ij,kl->ik", (2, 3), (4, 5)), ("ij,jk", (3, 4), (4, 5))),
    *(
        ("...ij,...jk->...ik", (2, 3, 4), (6, 2, 4, 5)),
        ("ba,ac", (3, 4), (4, 5)),
        ("ii,ij->ij", (3, 3), (3, 4)),
    ),
    *(
        ("bnd,nd->bn", (2, 1, 4), (3, 4)),
        ("bhqd,bhkd->bhqk", (2, 2, 3, 4), (2, 2, 5, 4)),
        ("i,j->ij", (3,), (4,)),
    ),
]


@pytest.mark.parametrize(("equation", "first", "second"), EQUATIONS)
def test_einsum_is_numpys(equation, first, second):
    x, y = torch.randn(first), torch.randn(second)
    seen = trace(lambda x, y: torch.einsum(equation, x, y), (x, y))
    every(seen, seen.nodes[0], np.einsum(equation, x.double().numpy(), y.double().numpy()))


def count_einsum(equation, *shapes):
    """Multiply-adds of nested loops over the letters; nothing to add up: none."""
    left, output = equation.split("->")
    sizes = dict(
        itertools.chain(
            *(zip(own, shape, strict=True) for own, shape in zip(left.split(","), shapes, strict=True))
        )
    )
    loops = sum(1 for _ in itertools.product(*(range(size) for size in sizes.values())))
    return loops if set(sizes) - set(output) else 0


@pytest.mark.parametrize(
    ("equation", "first", "second"),
    [
        ("bij,bjk->bik", (2, 3, 4), (2, 4, 5)),
        ("i,j->ij", (3,), (4,)),
        ("ij,ij->i", (3, 4), (3, 4)),
        ("bhqd,bhkd->bhqk", (2, 2, 3, 4), (2, 2, 5, 4)),
    ],
)
def test_the_cost_of_einsum_is_counted(equation, first, second):
    seen = trace(lambda x, y: torch.einsum(equation, x, y), (torch.randn(first), torch.randn(second)))
    assert OPS["einsum"].cost(read(seen, seen.nodes[0])).macs == count_einsum(equation, first, second)


def test_einsum_of_three_multiplies_two_at_a_time():
    given = (torch.randn(2, 3), torch.randn(3, 4), torch.randn(4, 5))
    seen = trace(lambda *each: torch.einsum("bi,ij,jk->bk", *each), given)
    cost = OPS["einsum"].cost(read(seen, seen.nodes[0]))
    assert (cost.macs, said(cost.multiplying)) == (2 * 3 * 4 + 2 * 4 * 5, "2·3·4 + 2·4·5 = 64")


def test_einsum_in_unusual_spellings():
    def model(x, y):
        return torch.einsum("ij,jk->ik", [x, y]), torch.einsum(x, [0, 1], y, [1, 2], [0, 2])

    x, y = torch.randn(2, 3), torch.randn(3, 4)
    seen = trace(model, (x, y))
    for node in seen.nodes:
        every(seen, node, x.double().numpy() @ y.double().numpy())


def test_bilinear_by_loops():
    layer, x, y = nn.Bilinear(3, 4, 2), torch.randn(5, 3), torch.randn(5, 4)
    seen = trace(layer, (x, y))
    weight, bias = layer.weight.detach().double().numpy(), layer.bias.detach().double().numpy()
    expected, macs = np.zeros((5, 2)), 0
    for sample, out in np.ndindex(5, 2):
        held = np.zeros(4)
        for i, j in np.ndindex(3, 4):
            held[j] += x[sample, i].item() * weight[out, i, j]
            macs += 1
        for j in range(4):
            expected[sample, out] += held[j] * y[sample, j].item()
            macs += 1
    every(seen, seen.nodes[0], expected + bias)
    cost = OPS["bilinear"].cost(read(seen, seen.nodes[0]))
    assert (cost.macs, said(cost.parameters)) == (macs, "2·(3·4 + 1) = 26")


def attend(q, k, v, allowed=None, added=0.0, scale=None):
    """One head in NumPy."""
    scores = q @ k.T * (scale or 1 / np.sqrt(q.shape[1])) + added
    scores = scores if allowed is None else np.where(allowed, scores, -np.inf)
    return softmax(scores, axis=1) @ v


def doubles(*tensors):
    return [tensor.double().numpy() for tensor in tensors]


def test_attention_is_scipys():
    q, k, v, added = torch.randn(2, 4, 5), torch.randn(2, 6, 5), torch.randn(2, 6, 3), torch.randn(4, 6)
    allowed = torch.rand(4, 6) > 0.4
    allowed[:, 0] = True
    causal = np.tril(np.ones((4, 6), bool))
    for settings, ours in (
        ({}, {}),
        ({"scale": 0.7}, {"scale": 0.7}),
        ({"is_causal": True}, {"allowed": causal}),
        ({"attn_mask": allowed}, {"allowed": allowed.numpy()}),
        ({"attn_mask": added}, {"added": added.double().numpy()}),
    ):
        seen = trace(F.scaled_dot_product_attention, (q, k, v), settings)
        heads = zip(*doubles(q, k, v), strict=True)
        every(seen, seen.nodes[0], np.stack([attend(*head, **ours) for head in heads]))


def test_several_heads_of_queries_share_one_of_keys():
    q, k, v = torch.randn(1, 4, 3, 5), torch.randn(1, 2, 6, 5), torch.randn(1, 2, 6, 2)
    seen = trace(F.scaled_dot_product_attention, (q, k, v), {"enable_gqa": True})
    dq, dk, dv = doubles(q[0], k[0], v[0])
    every(seen, seen.nodes[0], np.stack([attend(dq[h], dk[h // 2], dv[h // 2]) for h in range(4)])[None])


def test_the_steps_of_attention():
    seen = trace(F.scaled_dot_product_attention, (torch.randn(4, 5), torch.randn(6, 5), torch.randn(6, 2)))
    account = explain(seen, 0, (1, 1)).account
    assert [step.name.split()[0] for step in account.steps] == ["score", "largest", "total", "output"]
    assert account.steps[0].value == pytest.approx(account.steps[1].value)  # the key that is looked at most
    assert float(account.terms.factors["share"].sum()) == pytest.approx(1.0)


def test_attention_with_dropout_is_not_explained():
    given = (torch.randn(4, 5), torch.randn(6, 5), torch.randn(6, 2))
    seen = trace(F.scaled_dot_product_attention, given, {"dropout_p": 0.3})
    assert explain(seen, 0, (1, 1)).kind == "not explained"


def test_the_cost_of_attention_is_counted():
    q, k, v = torch.randn(2, 3, 4, 5), torch.randn(2, 3, 6, 5), torch.randn(2, 3, 6, 7)
    seen = trace(F.scaled_dot_product_attention, (q, k, v))
    scores = sum(1 for _ in np.ndindex(2, 3, 4, 6, 5))
    outputs = sum(1 for _ in np.ndindex(2, 3, 4, 7, 6))
    cost = OPS["scaled_dot_product_attention"].cost(read(seen, seen.nodes[0]))
    assert (cost.macs, said(cost.multiplying)) == (scores + outputs, "6·4·6·(5 + 7) = 1,728")


def hull_of_support(seen, node, at):
    """The smallest box around the places with a slope, for every tensor."""
    starts, output = run_again(seen, node)
    slopes = torch.autograd.grad(output[at], list(starts.values()), allow_unused=True)
    found = {}
    for index, slope in zip(starts, slopes, strict=True):
        places = slope.nonzero()
        low, high = places.min(0).values, places.max(0).values + 1
        found[index] = torch.stack([low, high], dim=-1).tolist()
    return found


@pytest.mark.parametrize(
    ("model", "shapes"),
    [
        (F.linear, [(2, 3, 5), (4, 5), (4,)]),
        (torch.matmul, [(5, 1, 2, 3), (1, 6, 3, 4)]),
        (torch.bmm, [(5, 2, 3), (5, 3, 4)]),
        (torch.addmm, [(4,), (2, 3), (3, 4)]),
        (torch.bilinear, [(5, 3), (5, 4), (2, 3, 4), (2,)]),
        (
            lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
            [(2, 4, 5), (2, 6, 5), (2, 6, 3)],
        ),
        (F.scaled_dot_product_attention, [(2, 4, 5), (2, 6, 5), (2, 6, 3)]),
        (
            lambda q, k, v: F.scaled_dot_product_attention(q, k, v, enable_gqa=True),
            [(1, 4, 3, 5), (1, 2, 6, 5), (1, 2, 6, 2)],
        ),
    ],
)
def test_the_reach_is_exact(model, shapes):
    seen = trace(model, tuple(torch.randn(shape) for shape in shapes))
    (node,) = seen.nodes
    reading, shape = read(seen, node), seen.values[node.outputs[0]].shape
    places = list(np.ndindex(*shape))
    boxes = OPS[node.op].reach(reading, np.stack([unit(at) for at in places]))
    for number in range(1, len(places), 5):
        if node.op == "scaled_dot_product_attention" and places[number][-2] == 0:
            continue  # a causal query 0 looks at one key only: its score moves nothing
        support = hull_of_support(seen, node, places[number])
        for name, found in boxes.items():
            assert found[number].tolist() == support[reading.value(name).index], (name, places[number])


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("weights", [True, False])
def test_multi_head_attention_is_open(training, weights):
    model, x = nn.MultiheadAttention(8, 2, batch_first=True).train(training), torch.randn(2, 5, 8)
    seen = trace(model, (x, x, x), {"need_weights": weights})
    shown = {"linear", "bmm", "softmax"} if weights else {"linear", "scaled_dot_product_attention"}
    check_opened(seen, shown)
    assert torch.allclose(seen.tensor(seen.output[0].index), model(x, x, x)[0], atol=1e-6)


@pytest.mark.parametrize("training", [True, False])
def test_a_transformer_layer_is_open(training):
    model = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True).train(training)
    x = torch.randn(2, 5, 8)
    seen = trace(model, x)
    check_opened(seen, {"linear", "scaled_dot_product_attention", "dropout", "relu", "layer_norm", "add"})
    with torch.no_grad():  # without the trace torch takes its fused path in evaluation
        assert torch.allclose(seen.tensor(seen.output.index), model(x), atol=1e-6)


def check_opened(seen, shown):
    assert shown <= {node.op for node in seen.nodes}
    assert not seen.unseen
    assert not [node.op for node in seen.nodes if "multi_head" in node.op or "transformer" in node.op]
    for node in seen.nodes:
        if node.op in OPS:
            shape = seen.values[node.outputs[0]].shape
            for at in list(np.ndindex(*shape))[::7]:
                assert explain(seen, node, at).holds, node.name


def test_the_mask_of_dropout_is_the_generators():
    x = torch.randn(40, 5)
    torch.manual_seed(7)
    seen = trace(nn.Dropout(0.3), x)
    torch.manual_seed(7)
    mask = torch.empty(40, 5).bernoulli_(0.7).double().numpy()
    every(seen, seen.nodes[0], x.double().numpy() * mask / 0.7)
    assert "was left out" in explain(seen, 0, tuple(np.argwhere(mask == 0)[0])).account.what


def test_explaining_dropout_draws_nothing():
    seen = trace(nn.Dropout(0.3), torch.randn(4, 5))
    before = torch.get_rng_state()
    explain(seen, 0, (0, 0))
    assert torch.equal(torch.get_rng_state(), before)


def test_embeddings_are_looked_up():
    layer = nn.Embedding(7, 3)
    indices = torch.tensor([[0, 2, 2], [6, 1, 2]])
    seen = trace(layer, indices, score=lambda output: output.sum())
    every(seen, seen.nodes[0], layer.weight.detach().double().numpy()[indices.numpy()])
    assert explain_gradient(seen, 0, "weight", (2, 1)).result == 3.0  # looked up three times
    assert explain_gradient(seen, 0, "weight", (4, 1)).result == 0.0


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_bags_are_numpys(mode):
    layer = nn.EmbeddingBag(7, 3, mode=mode)
    flat, starts = torch.tensor([4, 2, 2, 0, 3, 6, 2]), torch.tensor([0, 3, 3, 5])
    seen = trace(layer, (flat, starts))
    table, how = layer.weight.detach().double().numpy(), getattr(np, mode)
    bags = [flat[low:high].numpy() for low, high in itertools.pairwise([*starts.tolist(), 7])]
    every(
        seen, seen.nodes[0], np.stack([how(table[bag], axis=0) if len(bag) else np.zeros(3) for bag in bags])
    )
