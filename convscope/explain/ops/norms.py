"""Norms: how long a row of numbers is, as a vector."""

import math

from convscope.explain.account import Account, Index, Step, Terms, number, written_out
from convscope.explain.op import Cost, Op
from convscope.explain.ops.moving import DOCS
from convscope.explain.ops.reducing import counted, goes_to, reduced, reduced_reach, sloped, window
from convscope.explain.ops.reductions import one_a_number
from convscope.explain.reading import Reading


def _order(reading: Reading) -> float | None:
    """The p of the norm of a vector; None for a norm of matrices other than Frobenius'."""
    given = reading.arguments.get("p", reading.arguments.get("ord"))
    if given is None or given == "fro":
        return 2.0
    axes = len(reduced(reading))
    matrix = reading.node.op == "linalg_norm" and axes == 2
    return None if isinstance(given, str) or matrix else float(given)


def _explain_norm(reading: Reading, at: Index) -> Account | None:
    p = _order(reading)
    if p is None:
        return None
    found = window(reading, at)
    sizes = found.values.abs()
    docs, what = (
        DOCS.format("torch.linalg.vector_norm"),
        f"The {number(p)}-norm: the length of {counted(found):,} numbers.",
    )
    if math.isinf(p):
        terms = Terms(sizes, found.axes, rule="max" if p > 0 else "min")
        return Account(
            what, f"y = {terms.rule} |x|", f"{number(terms.result)}", terms.result, docs, terms=terms
        )
    if p == 0:
        terms = Terms((sizes != 0).double(), found.axes)
        return Account(
            "How many numbers are not 0.",
            "y = Σ [x ≠ 0]",
            written_out(terms),
            terms.result,
            docs,
            terms=terms,
        )
    factors = {"input": found.values, "the same": found.values} if p == 2 else {}
    terms = Terms(sizes**p, found.axes, factors, found.where if factors else {})
    total = terms.result
    result = total ** (1 / p) if total or p > 0 else math.inf
    inner = Step("Σ", f"Σ |x|^{number(p)}", written_out(terms), total, "math.fsum(terms)", terms)
    shown = f"{number(total)}^(1/{number(p)}) = {number(result)}"
    root = Step("norm", f"y = Σ^(1/{number(p)})", shown, result, f"Σ ** (1 / {p!r})")
    formula = "y = √(Σ x²)" if p == 2 else f"y = (Σ |x|^{number(p)})^(1/{number(p)})"
    return Account(what, formula, shown, result, docs, steps=(inner, root), scale=abs(result))


def _norm_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - there is one argument
    p = _order(reading)
    assert p is not None, "no gradient of this norm of matrices"
    sizes = window(reading, goes_to(reading, at)).values.abs()
    x = float(reading["input"][at])
    sign = (x > 0) - (x < 0)
    docs = "torch.linalg.vector_norm"
    if math.isinf(p):
        top = float(sizes.max() if p > 0 else sizes.min())
        slope = sign / int((sizes == top).sum()) if abs(x) == top else 0.0
        return sloped(
            reading, at, slope, "dx = dy·sign(x) for the number that counts, shared among equals", docs
        )
    norm = math.fsum((sizes**p).flatten().tolist()) ** (1 / p) if p else 0.0
    slope = sign * (abs(x) / norm) ** (p - 1) if p and norm and x else 0.0
    return sloped(reading, at, slope, f"dx = dy·sign(x)·(|x| / y)^{number(p - 1)}", docs)


def _norm_cost(reading: Reading) -> Cost:
    return one_a_number(reading) if _order(reading) == 2.0 else Cost(0)


def _norm_op(signature: str) -> Op:
    return Op(
        f"{signature} dim=None keepdim=False dtype=None",
        _explain_norm,
        _norm_gradient,
        _norm_cost,
        reduced_reach,
    )


OPS: dict[str, Op] = {
    "norm": _norm_op("input p=2"),
    "vector_norm": _norm_op("input ord=2"),
    "linalg_norm": _norm_op("input ord=None"),
}
