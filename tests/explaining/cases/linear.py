import torch
from torch import nn
from torch.nn import functional as F

from tests.explaining.case import Case


class Held(nn.Module):
    """A function with a parameter beside its input, so that both have gradients."""

    def __init__(self, function, *shape):
        super().__init__()
        self.function = function
        self.held = nn.Parameter(torch.randn(shape))

    def forward(self, *given):
        return self.function(*given, self.held)


def r(*shape):
    return torch.randn(*shape)


torch.manual_seed(0)
MASK = torch.rand(4, 6) > 0.3
MASK[:, 0] = True
INDICES = torch.tensor([[0, 2, 2], [6, 1, 2]])
FLAT = torch.tensor([4, 2, 2, 0, 3, 6, 2])
STARTS = torch.tensor([0, 3, 3, 5])

LINEAR = [
    Case("linear", nn.Linear(5, 4), r(3, 5), ("linear",)),
    Case("linear without bias", nn.Linear(5, 4, bias=False), r(3, 5), ("linear",)),
    Case("linear on one sample without a sample axis", nn.Linear(5, 4), r(5), ("linear",)),
    Case("linear on a sequence", nn.Linear(5, 4), r(2, 3, 5), ("linear",)),
    Case("linear on a grid", nn.Linear(2, 3), r(2, 2, 3, 2), ("linear",)),
    Case("linear with one row as a vector", Held(F.linear, 5), r(3, 5), ("linear",)),
    Case(
        "linear with keywords", lambda x: F.linear(weight=x[:2], input=x, bias=x[0, :2]), r(3, 5), ("linear",)
    ),
    Case("linear float64", nn.Linear(5, 4).double(), r(3, 5).double(), ("linear",)),
    Case("linear wide", nn.Linear(2000, 2), r(1, 2000), ("linear",)),
    Case("bilinear", nn.Bilinear(3, 4, 2), (r(5, 3), r(5, 4)), ("bilinear",)),
    Case("bilinear without bias", nn.Bilinear(3, 4, 2, bias=False), (r(2, 3, 3), r(2, 3, 4)), ("bilinear",)),
]
RANKS = [
    *(((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)), ((5, 2, 3), (3,)), ((3,), (5, 3, 4))),
    *(((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((5, 2, 3), (5, 3, 4)), ((5, 1, 2, 3), (1, 6, 3, 4))),
    *(((1, 2, 3), (5, 3, 4)), ((5, 2, 3), (6, 5, 3, 4)), ((1, 1), (1, 4))),
]
MATMUL = [Case(f"matmul {a} {b}", Held(torch.matmul, *b), r(*a), ("matmul",)) for a, b in RANKS] + [
    Case("matmul operator", Held(lambda x, w: x @ w, 3, 4), r(2, 3), ("matmul",)),
    Case("matmul from the right", Held(lambda x, w: x.__rmatmul__(w), 4, 2), r(2, 3), ("rmatmul",)),
    Case("matmul keyword", Held(lambda x, w: x.matmul(other=w), 3, 4), r(2, 3), ("matmul",)),
    Case("a matrix with itself", lambda x: x @ x, r(3, 3), ("matmul",), reaches=False),
    Case("mm", Held(torch.mm, 3, 4), r(2, 3), ("mm",)),
    Case("bmm", Held(torch.bmm, 5, 3, 4), r(5, 2, 3), ("bmm",)),
    Case("mv", Held(torch.mv, 3), r(2, 3), ("mv",)),
    Case("dot", Held(torch.dot, 3), r(3), ("dot",)),
    Case("vdot", Held(torch.vdot, 3), r(3), ("vdot",)),
    Case("outer", Held(torch.outer, 3), r(4), ("outer",)),
    Case("ger", Held(torch.ger, 3), r(4), ("ger",)),
    Case("inner", Held(torch.inner, 2, 3), r(4, 5, 3), ("inner",)),
    Case("inner of vectors", Held(torch.inner, 3), r(3), ("inner",)),
    Case("inner with a lone number", Held(torch.inner), r(3, 2), ("inner",)),
    Case("addmm", Held(torch.addmm, 3, 4), (r(2, 4), r(2, 3)), ("addmm",)),
    Case(
        "addmm beta alpha and a row to add",
        Held(lambda x, y, w: torch.addmm(x, y, w, beta=0.5, alpha=-2.0), 3, 4),
        (r(4), r(2, 3)),
        ("addmm",),
    ),
    Case(
        "addmm beta 0 ignores what is no number",
        Held(lambda x, y, w: x.addmm(y, w, beta=0), 3, 4),
        (torch.full((1, 4), torch.nan), r(2, 3)),
        ("addmm",),
    ),
    Case("addmv", Held(lambda x, y, w: torch.addmv(x, y, w, alpha=3), 3), (r(2), r(2, 3)), ("addmv",)),
    Case("addr", Held(lambda x, y, w: torch.addr(x, y, w, beta=2), 3), (r(2, 3), r(2)), ("addr",)),
    Case("baddbmm", Held(torch.baddbmm, 5, 3, 4), (r(1, 2, 4), r(5, 2, 3)), ("baddbmm",)),
    Case("addbmm", Held(torch.addbmm, 5, 3, 4), (r(2, 4), r(5, 2, 3)), ("addbmm",)),
]
EQUATIONS = [
    *(("bij,bjk->bik", (2, 3, 4), (2, 4, 5)), ("ij,kj->ik", (3, 4), (5, 4)), ("i,j->ij", (3,), (4,))),
    *(
        ("i,i->", (3,), (3,)),
        ("ij,ij->i", (3, 4), (3, 4)),
        ("ij,jk", (3, 4), (4, 5)),
        ("ba,ac", (3, 4), (4, 5)),
    ),
    *(("...ij,...jk->...ik", (2, 3, 4), (6, 2, 4, 5)), ("bhqd,bhkd->bhqk", (2, 2, 3, 4), (2, 2, 5, 4))),
    *(("b...i,io->b...o", (2, 3, 4), (4, 5)), ("ij,kl->ik", (2, 3), (4, 5)), ("ii,ij->ij", (3, 3), (3, 4))),
    *(("bnd,nd->bn", (2, 1, 4), (3, 4)), ("...i , ...i", (2, 3), (2, 3))),
]
EINSUM = [
    Case(f"einsum {equation}", Held(lambda x, w, e=equation: torch.einsum(e, x, w), *b), r(*a), ("einsum",))
    for equation, a, b in EQUATIONS
] + [
    Case("einsum of one", lambda x: torch.einsum("ij->ji", x), r(2, 3), ("einsum",)),
    Case("einsum trace", lambda x: torch.einsum("ii", x), r(3, 3), ("einsum",)),
    Case(
        "einsum of three",
        Held(lambda x, y, w: torch.einsum("bi,ij,jk->bk", x, y, w), 4, 2),
        (r(2, 3), r(3, 4)),
        ("einsum",),
    ),
]


def attention(**settings):
    return lambda q, k, v, *mask: F.scaled_dot_product_attention(q, k, v, *mask, **settings)


QKV = (r(2, 3, 4, 5), r(2, 3, 6, 5), r(2, 3, 6, 2))
SDPA = ("scaled_dot_product_attention",)
ATTENTION = [
    Case("attention", attention(), QKV, SDPA),
    Case("attention scale", attention(scale=0.3), QKV, SDPA),
    Case("attention causal", attention(is_causal=True), QKV, SDPA),
    Case("attention causal square", attention(is_causal=True), (r(2, 5, 4), r(2, 5, 4), r(2, 5, 4)), SDPA),
    Case("attention boolean mask", attention(), (*QKV, MASK), SDPA),
    Case("attention boolean mask for each head", attention(), (*QKV, torch.rand(2, 1, 4, 6) > 0.2), SDPA),
    Case("attention added mask", attention(), (*QKV, r(4, 6)), SDPA),
    Case("attention added mask by row", attention(), (*QKV, r(2, 1, 1, 6)), SDPA),
    Case(
        "attention of all on few keys",
        attention(),
        (*QKV, torch.zeros(4, 6).masked_fill(~MASK, -torch.inf)),
        SDPA,
    ),
    Case("attention of a query on nobody", attention(), (*QKV, MASK & (torch.arange(4) != 1)[:, None]), SDPA),
    Case("attention of one head", attention(), (r(4, 5), r(6, 5), r(6, 5)), SDPA),
    Case("attention large scores", attention(scale=20.0), QKV, SDPA),
    Case(
        "attention of itself",
        lambda x: F.scaled_dot_product_attention(x, x, x),
        r(2, 4, 3),
        SDPA,
        reaches=False,
    ),
    Case(
        "attention with fewer heads of keys",
        attention(enable_gqa=True),
        (r(2, 6, 4, 5), r(2, 3, 6, 5), r(2, 3, 6, 2)),
        SDPA,
    ),
    Case("attention with one head of keys", attention(), (r(2, 6, 4, 5), r(2, 1, 6, 5), r(2, 1, 6, 2)), SDPA),
    Case("attention long", attention(), (r(1, 1, 3, 64), r(1, 1, 700, 64), r(1, 1, 700, 4)), SDPA),
]


def dropped(function, **settings):
    return lambda x: function(x * 1.0, **settings)


DROPOUT = [
    Case("dropout in training", nn.Dropout(0.4), r(4, 5), ("dropout",)),
    Case("dropout of many numbers", nn.Dropout(0.4), r(3, 7, 40, 40), ("dropout",)),
    Case(
        "dropout, channels last",
        nn.Dropout(0.4),
        r(2, 5, 9, 9).contiguous(memory_format=torch.channels_last),
        ("dropout",),
    ),
    Case("dropout in evaluation", nn.Dropout(0.4).eval(), r(4, 5), ("dropout",)),
    Case("dropout in place", dropped(F.dropout, p=0.5, training=True, inplace=True), r(4, 5), ("dropout",)),
    Case("dropout of nothing", dropped(F.dropout, p=0.0), r(4, 5), ("dropout",)),
    Case("dropout of everything", dropped(F.dropout, p=1.0), r(4, 5), ("dropout",)),
    Case(
        "dropout, channels last",
        nn.Dropout(0.4),
        r(2, 3, 4, 4).to(memory_format=torch.channels_last),
        ("dropout",),
    ),
    Case("dropout of a transposed one", lambda x: F.dropout(x.mT), r(2, 3, 4), ("dropout",)),
    Case("dropout of zeros", nn.Dropout(0.4), torch.zeros(4, 5), ("dropout",)),
    Case("dropout after dropout", nn.Sequential(nn.Dropout(0.4), nn.Dropout(0.3)), r(4, 5), ("dropout",)),
    Case("dropout1d", nn.Dropout1d(0.4), r(3, 4, 5), ("dropout1d",)),
    Case("dropout1d of one sample", nn.Dropout1d(0.4), r(4, 5), ("dropout1d",)),
    Case("dropout2d", nn.Dropout2d(0.4), r(3, 4, 2, 2), ("dropout2d",)),
    Case("dropout2d in evaluation", nn.Dropout2d(0.4).eval(), r(3, 4, 2, 2), ("dropout2d",)),
    Case("dropout3d", nn.Dropout3d(0.4), r(3, 4, 2, 2, 2), ("dropout3d",)),
    Case("feature_dropout", lambda x: torch.feature_dropout(x, 0.4, True), r(3, 4, 2), ("feature_dropout",)),
    Case("alpha_dropout", nn.AlphaDropout(0.4), r(4, 5), ("alpha_dropout",)),
    Case("alpha_dropout in evaluation", nn.AlphaDropout(0.4).eval(), r(4, 5), ("alpha_dropout",)),
    Case("feature_alpha_dropout", nn.FeatureAlphaDropout(0.4), r(3, 4, 2, 2), ("feature_alpha_dropout",)),
]


def bag(**settings):
    return nn.EmbeddingBag(7, 3, **settings)


EMBEDDING = [
    Case("embedding", nn.Embedding(7, 3), INDICES, ("embedding",)),
    Case("embedding of one index", nn.Embedding(7, 3), torch.tensor(2), ("embedding",)),
    Case("embedding padding", nn.Embedding(7, 3, padding_idx=2), INDICES, ("embedding",)),
    Case("embedding padding from the end", nn.Embedding(7, 3, padding_idx=-5), INDICES, ("embedding",)),
    Case("embedding max_norm", nn.Embedding(7, 3, max_norm=1.0), INDICES, ("embedding",)),
    Case("embedding max_norm 1", nn.Embedding(7, 3, max_norm=1.0, norm_type=1.0), INDICES, ("embedding",)),
    Case("embedding by frequency", nn.Embedding(7, 3, scale_grad_by_freq=True), INDICES, ("embedding",)),
    Case("embedding int32", nn.Embedding(7, 3), INDICES.int(), ("embedding",)),
    *(
        Case(f"embedding_bag {mode}", bag(mode=mode), INDICES, ("embedding_bag",))
        for mode in ("sum", "mean", "max")
    ),
    *(
        Case(f"embedding_bag {mode} with offsets", bag(mode=mode), (FLAT, STARTS), ("embedding_bag",))
        for mode in ("sum", "mean", "max")
    ),
    *(
        Case(f"embedding_bag {mode} padding", bag(mode=mode, padding_idx=2), INDICES, ("embedding_bag",))
        for mode in ("sum", "mean", "max")
    ),
    Case(
        "embedding_bag with the last offset",
        bag(include_last_offset=True),
        (FLAT, torch.tensor([0, 3, 3, 7])),
        ("embedding_bag",),
    ),
    Case("embedding_bag by frequency", bag(mode="sum", scale_grad_by_freq=True), INDICES, ("embedding_bag",)),
    Case("embedding_bag max_norm", bag(mode="sum", max_norm=1.0), INDICES, ("embedding_bag",)),
    Case(
        "embedding_bag weights",
        bag(mode="sum"),
        INDICES,
        ("embedding_bag",),
        {"per_sample_weights": r(2, 3)},
    ),
    Case(
        "embedding_bag weights and padding",
        bag(mode="sum", padding_idx=2),
        (FLAT, STARTS),
        ("embedding_bag",),
        {"per_sample_weights": r(7)},
    ),
]
CASES = LINEAR + MATMUL + EINSUM + ATTENTION + DROPOUT + EMBEDDING
