"""Attention: every query looks at all keys, and takes the values in the shares of a softmax."""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from convscope.explaining.account import Account, Index, Step, Terms, product
from convscope.explaining.boxes import Boxes
from convscope.explaining.formula import Formula, Sum, summed, symbols
from convscope.explaining.functions import call, sqrt
from convscope.explaining.op import OUT, Cost, Extent, Op
from convscope.explaining.ops.products.contraction import joined
from convscope.explaining.ops.reducing.softmax import first_steps, shares_of
from convscope.explaining.reading import Reading
from convscope.explaining.working import Worked

y, q, k, v, p, d, dy = symbols("y q k v p d dy")
l, s, e = symbols("l s e")  # a query, a key, a feature  # noqa: E741
SCALE, MASK, DX, DMASK = symbols("scale mask dx dmask")
DQ, DK, DV = symbols("dq dk dv")
HEADS, QUERIES, KEYS, IN = symbols("heads queries keys in")

DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html"
TENSORS = ("query", "key", "value", "attn_mask")


class Head(NamedTuple):
    """One head of one sample, float64: L queries, S keys.

    Attributes:
        query, key, value: (L, E), (S, E), (S, V).
        scale: 1/√E, or as it was given.
        added: what a mask of numbers adds to the scores, (L, S); None without one.
        scores: q·k·scale + mask, (L, S); −∞ where a query may not look.
        shares: what softmax makes of them, (L, S).
        loss: how far rounding can carry a share, in parts of itself, (L, S).
    """

    query: Tensor
    key: Tensor
    value: Tensor
    scale: float
    added: Tensor | None
    scores: Tensor
    shares: Tensor
    loss: Tensor


def _head(reading: Reading, lead: Index, row: int | None = None) -> Head:
    """A head, with all its queries or with one of them alone."""
    picked = {name: reading[name][_lead(reading, name, lead)].double() for name in TENSORS[:3]}
    rows = torch.arange(len(picked["query"])) if row is None else torch.tensor([row])
    query, key = picked["query"][rows], picked["key"]
    scale = _scale(reading)
    scores = query @ key.T * scale
    rounding = query.abs() @ key.T.abs() * scale  # what the sums of the scores are rounded in parts of
    added = None
    if reading.has("attn_mask"):
        mask = reading["attn_mask"][_lead(reading, "attn_mask", lead)]
        mask = mask.expand(len(picked["query"]), len(key))[rows]
        added = None if mask.dtype == torch.bool else mask.double()
        scores = scores.masked_fill(~mask, -math.inf) if added is None else scores + added
    if reading["is_causal"]:
        scores = scores.masked_fill(rows[:, None] < torch.arange(len(key)), -math.inf)
    softmax = shares_of(scores, axis=1)
    nobody = scores.amax(1, keepdim=True) == -math.inf  # a query that may look at nothing takes nothing
    shares = torch.where(nobody, 0.0, softmax.shares)
    # exp makes of a score's absolute error a relative one: its own, and by the sum the average of all.
    loss = softmax.loss + rounding + (shares * rounding).sum(1, keepdim=True)
    return Head(query, key, picked["value"], scale, added, scores, shares, torch.where(nobody, 1.0, loss))


def _lead(reading: Reading, name: str, lead: Index) -> Index:
    """Which head of an argument one of the output's heads uses."""
    shape = reading.shape(name)[:-2]
    own = list(lead[len(lead) - len(shape) :])
    if reading["enable_gqa"] and name in ("key", "value"):  # several heads of queries share one of keys
        own[-1] //= reading.shape("query")[-3] // shape[-1]
    return tuple(place if size > 1 else 0 for place, size in zip(own, shape, strict=True))


def _scale(reading: Reading) -> float:
    return float(reading["scale"]) if reading.has("scale") else 1 / math.sqrt(reading.shape("query")[-1])


def _drops(reading: Reading) -> bool:
    """Attention with dropout draws its mask inside of the kernel, where nobody sees it."""
    return float(reading["dropout_p"]) > 0


def explain_attention(reading: Reading, at: Index) -> Account | None:
    """Scores, their softmax, and the weighted sum of the values."""
    if _drops(reading):
        return None
    *lead, row, feature = at
    head = _head(reading, tuple(lead), row)
    place = _lead(reading, "value", tuple(lead))
    places = torch.tensor([(*place, key, feature) for key in range(len(head.key))])
    terms = product(("key",), {"value": places}, share=head.shares[0], value=head.value[:, feature])
    last = Step("output", y.equals(summed(p * v)), terms=terms)
    scale = float((terms.values.abs() * head.loss[0]).sum())
    what = (
        "The query is compared with every key (a product, divided by √d). Softmax turns these scores into "
        "shares that add up to 1, and the output is the sum of the values in these shares."
    )
    hidden = int((head.scores[0] == -math.inf).sum())
    note = f"{hidden:,} of {len(head.key):,} keys are hidden from this query by the mask."
    steps, notes = (*_steps(reading, head), last), (note,) if hidden else ()
    return Account(what, _formula(reading), DOCS, terms=terms, steps=steps, scale=scale, notes=notes)


def _steps(reading: Reading, head: Head) -> tuple[Step, ...]:
    """The score of the key that the query looks at most, and the softmax of all scores."""
    best = int(head.shares[0].argmax())
    if head.scores[0, best] == -math.inf:
        return ()
    factors = product(("feature",), {}, query=head.query[0], key=head.key[best])
    score, values = _scaled(reading, summed(q * k)), {SCALE: head.scale, d: len(head.query[0])}
    if head.added is not None:
        score, values[MASK] = score + MASK, float(head.added[0, best])
    first = Step(f"score of key {best}", score, values, factors)
    return (first, *first_steps(shares_of(head.scores[0]), name="scores"))


def _scaled(reading: Reading, products: Formula) -> Formula:
    return products * SCALE if reading.has("scale") else products / sqrt(d)


def _formula(reading: Reading) -> Formula:
    shares = call("softmax")(_scaled(reading, q[l] * k))
    return y[l, e].equals(summed(p[l, s] * v[s, e], (s,))).given(p[l].equals(shares))


def _slope_formulas(reading: Reading) -> dict[str, Formula]:
    """How each role is changed; `slope` is that of a score."""
    slope = p[l, s] * (dy[l] * v[s] - summed(p * dy * v))
    return {
        "query": DQ[l].equals(summed(_scaled(reading, slope * k[s]), (s,))),
        "key": DK[s].equals(summed(_scaled(reading, slope * q[l]), (l,))),
        "value": DV[s, e].equals(summed(p[l, s] * dy[l, e], (l,))),
        "attn_mask": DMASK[l, s].equals(summed(slope)).given("over the scores that it is added to"),
    }


def attention_gradient(reading: Reading, name: str, at: Index) -> Account:
    """Sums over the heads that use the number, and over all roles of a tensor that has several."""
    index = reading.value(name).index
    roles = [each for each in TENSORS if reading.has(each) and reading.value(each).index == index]
    heads = [
        (role, lead)
        for role in roles
        for lead in np.ndindex(*reading.output_shape[:-2])
        if _lead(reading, role, lead) == at[:-2]
    ]
    parts = [_role_gradient(reading, role, lead, at) for role, lead in heads]
    terms = joined([part for part, _ in parts])
    what = WHATS.get(name, WHATS["score"]) if len(roles) == 1 else WHATS["score"]
    scale = sum(size for _, size in parts)
    formulas = [_slope_formulas(reading)[role] for role in roles]
    every = DX.equals(summed(Sum(tuple(OWN[role] for role in roles)))).given(*formulas)
    return Account(what, formulas[0] if len(roles) == 1 else every, DOCS, terms=terms, scale=scale)


def _role_gradient(reading: Reading, role: str, lead: Index, at: Index) -> tuple[Terms, float]:
    """The terms that one head brings, and what their rounding is measured against."""
    head, gradient = _head(reading, lead), reading.output_gradient[lead].double()
    place, feature = at[-2:]
    if role == "value":
        terms = product(("query",), {}, gradient=gradient[:, feature], share=head.shares[:, place])
        return terms, float((terms.values.abs() * head.loss[:, place]).sum())
    slope, size = _score_gradient(head, gradient)
    if role == "query":
        terms = product(("key",), {}, slope=slope[place], key=head.key[:, feature] * head.scale)
        return terms, float((size[place] * terms.factors["key"].abs()).sum())
    if role == "key":
        terms = product(("query",), {}, slope=slope[:, place], query=head.query[:, feature] * head.scale)
        return terms, float((size[:, place] * terms.factors["query"].abs()).sum())
    rows, columns = (
        [index] if length > 1 else range(full)
        for index, length, full in zip(at[-2:], reading.shape("attn_mask")[-2:], slope.shape, strict=True)
    )
    picked = np.ix_(rows, columns)
    return Terms(slope[picked].flatten(), ("score",)), float(size[picked].sum())


def _score_gradient(head: Head, gradient: Tensor) -> tuple[Tensor, Tensor]:
    """d/d(scores), (L, S), and its size before the average was taken off, with what a share may have lost."""
    arriving = gradient @ head.value.T
    average = (head.shares * arriving).sum(1, keepdim=True)
    spread = gradient.abs() @ head.value.T.abs()
    size = (
        spread * head.loss
        + (head.shares * spread * (head.loss + 1)).sum(1, keepdim=True)
        + ((head.shares * spread).sum(1, keepdim=True) * head.loss)
    )
    return head.shares * (arriving - average), head.shares * size


def attention_cost(reading: Reading) -> Cost:
    """Two products of matrices a head; a causal mask saves nothing by this count."""
    queries, features = reading.shape("query")[-2:]
    keys, out = reading.shape("value")[-2:]
    heads = math.prod(reading.output_shape[:-2])
    values = {HEADS: heads, QUERIES: queries, KEYS: keys, IN: features, OUT: out}
    return Cost(Worked(HEADS * QUERIES * KEYS * (IN + OUT), values))


def attention_reach(reading: Reading, boxes: Boxes) -> dict[str, Boxes | list[Boxes]]:
    """A query's row, all keys that it may look at, and one feature of their values."""
    keys, features = reading.shape("key")[-2:]
    found = {name: _lead_boxes(reading, name, boxes) for name in TENSORS if reading.has(name)}
    end = np.full(boxes.shape[:-2], keys)
    if reading["is_causal"]:
        end = np.minimum(end, boxes[..., -2, 1])
    for name in ("key", "value"):
        found[name][..., -2, 0], found[name][..., -2, 1] = 0, end
    found["query"][..., -2, :] = boxes[..., -2, :]
    found["query"][..., -1, :] = found["key"][..., -1, :] = (0, features)
    found["value"][..., -1, :] = boxes[..., -1, :]
    if "attn_mask" in found:
        rows, columns = reading.shape("attn_mask")[-2:]
        found["attn_mask"][..., -2, :] = boxes[..., -2, :] if rows > 1 else (0, 1)
        found["attn_mask"][..., -1, 0] = 0
        found["attn_mask"][..., -1, 1] = np.minimum(end, columns)
    return {**found}


def _lead_boxes(reading: Reading, name: str, boxes: Boxes) -> Boxes:
    """The boxes on the axes before the matrix; the last two axes are left to be filled."""
    shape = reading.shape(name)
    result = np.zeros((*boxes.shape[:-2], len(shape), 2), np.int64)
    first = boxes.shape[-2] - len(shape)
    for axis, size in enumerate(shape[:-2]):
        result[..., axis, :] = boxes[..., first + axis, :] if size > 1 else (0, 1)
    if reading["enable_gqa"] and name in ("key", "value") and shape[-3] > 1:
        group = reading.shape("query")[-3] // shape[-3]
        result[..., -3, 0], result[..., -3, 1] = boxes[..., -3, 0] // group, -(-boxes[..., -3, 1] // group)
    return result


def attention_size(reading: Reading) -> tuple[Extent, ...]:
    """Queries by features of the values."""
    queries, out = reading.shape("query")[-2], reading.shape("value")[-1]
    return (
        Extent("positions", Worked(OUT, {OUT: queries}), ("those of the query",)),
        Extent("features", Worked(OUT, {OUT: out}), ("those of the value",)),
    )


WHATS = {
    "value": "Every query that looks at this value hands on its gradient, in the share in which it looks.",
    "score": (
        "The number moves scores. A score's gradient is its share, times what its value would bring less "
        "what the query brings on the average."
    ),
}
OWN = {"query": DQ, "key": DK, "value": DV, "attn_mask": DMASK}
ATTENTION = Op(
    "query key value attn_mask=None dropout_p=0 is_causal=False scale=None enable_gqa=False",
    explain_attention,
    attention_gradient,
    attention_cost,
    attention_reach,
    attention_size,
)
