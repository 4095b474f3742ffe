"""One number taken apart, as an operation's file gives it.

`explanation.py` sets the network's own number beside it.
"""

import math
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import torch
from torch import Tensor

Index = tuple[int, ...]
Rule = Literal["sum", "max", "min"]


def added_up(values: Tensor) -> float:
    """Σ, rounded once; with infinities and NaN among them what the network gets too.

    >>> added_up(torch.tensor([0.1] * 10, dtype=torch.float64)), added_up(torch.tensor([math.inf, -math.inf]))
    (1.0, nan)
    """
    return math.fsum(values.flatten().tolist()) if torch.isfinite(values).all() else float(values.sum())


@dataclass(frozen=True)
class Terms:
    """Numbers that one rule makes into one: products that are added up, or a window whose largest wins.

    Attributes:
        values: float64, any number of axes; each entry is the product of the factors at its place.
        axes: what the axes are: ("channel", "row", "column") and the like; as many as `values` has.
        factors: the factors by name ("input", "weight"), each float64 and of the shape of `values`.
        places: for a factor, where each of its entries stands in that tensor: int64, shape (*values.shape,
        rank);
            an entry in the padding has -1 in every column. A factor without an entry here has no place.
        rule: how the values become one number.
        sign: what stands between the factors, for people: "×" almost always.
    """

    values: Tensor
    axes: tuple[str, ...]
    factors: dict[str, Tensor] = field(default_factory=dict)
    places: dict[str, Tensor] = field(default_factory=dict)
    rule: Rule = "sum"

    @property
    def result(self) -> float:
        """What the rule makes of the values, in float64; an empty sum is 0."""
        if self.rule == "sum":
            return added_up(self.values)
        return float(self.values.max() if self.rule == "max" else self.values.min())

    @property
    def size(self) -> float:
        """Σ|terms|: what rounding errors are measured against."""
        if self.rule == "sum":
            return float(self.values.abs().sum())
        return abs(self.result)

    def partial(self, axis: int = 0) -> Tensor:
        """The sum of the values for each place on one axis: what each channel brings."""
        return self.values.movedim(axis, 0).flatten(1).sum(1) if self.values.dim() > 1 else self.values


def product(axes: tuple[str, ...], places: dict[str, Tensor] | None = None, **factors: Tensor) -> Terms:
    """Terms that are factor times factor.

    >>> product(("place",), input=torch.tensor([1.0, 2.0]), weight=torch.tensor([3.0, 4.0])).result
    11.0
    """
    doubles = {name: factor.double() for name, factor in factors.items()}
    values = math.prod(doubles.values(), start=torch.ones(()).double())
    return Terms(torch.as_tensor(values), axes, doubles, places or {})


class Step(NamedTuple):
    """One line of a calculation that takes several.

    Attributes:
        name: what comes out: "mean", "variance", "forget gate"; unique in its account.
        formula: in general: "μ = Σx / n".
        numbers: with the numbers put in: "(0.5 + 1.5) / 2 = 1".
        value: what comes out, float64.
        code: Python that computes it; `math` and the names of earlier steps (as `python_name` writes them)
            may be used, and `terms` for the list of this step's term values.
        terms: the numbers it is made of, where they are worth a look.
    """

    name: str
    formula: str
    numbers: str
    value: float
    code: str
    terms: Terms | None = None


@dataclass(frozen=True)
class Account:
    """Why one number is what it is.

    Attributes:
        what: one or two sentences for a person who meets this operation for the first time.
        formula: in general, in plain Unicode: "y[o,r,c] = b[o] + Σ x[i, s·r+u−p, s·c+v−p]·w[o,i,u,v]".
        numbers: the same with this operation's numbers put in, short (leave out the middle of long sums with
        "…").
        result: what we compute, in float64 from the terms or steps below, never from the network's output.
        source: address of the documentation or the paper.
        terms: what the number is made of; None for a calculation in steps only.
        bias: what is added to the terms' sum; None: there is no bias.
        steps: further lines, in order; where there are any the last one's value is the result.
        scale: what a rounding error is measured against; None: Σ|terms| + |bias|. An operation that loses
            digits in another way says here how large the numbers were that it subtracted.
        notes: what deserves a word: "3 of 9 taps lie in the padding", "the last row is never reached".
    """

    what: str
    formula: str
    numbers: str
    result: float
    source: str
    terms: Terms | None = None
    bias: float | None = None
    steps: tuple[Step, ...] = ()
    scale: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> float:
        """What the difference from the network's number is measured against."""
        if self.scale is not None:
            return self.scale
        parts = [self.terms.size] if self.terms else [abs(step.value) for step in self.steps]
        return sum(parts) + abs(self.bias or 0.0)


def total(terms: Terms, bias: float | None = None) -> float:
    """The terms' result with the bias."""
    return terms.result + (bias or 0.0)


def number(value: float) -> str:
    """A number as people write it: five digits, a true minus.

    >>> number(-0.123456), number(2.0), number(1e-9)
    ('−0.12346', '2', '1e−09')
    """
    return f"{value + 0.0:.5g}".replace("-", "−")  # −0.0 is written as 0


def signed(value: float) -> str:
    """A number in brackets where it is negative, so that it can follow a sign.

    >>> signed(-2.0), signed(2.0)
    ('(−2)', '2')
    """
    text = number(value)
    return f"({text})" if text.startswith("−") else text


def written_out(terms: Terms, bias: float | None = None, most: int = 4) -> str:
    """The sum with its first terms, largest first: "0.5·2 + (−1)·3 + … (7 more) = −2".

    >>> written_out(product(("place",), x=torch.tensor([1.0, 2.0]), w=torch.tensor([3.0, -4.0])), bias=0.5)
    '2·(−4) + 1·3 + 0.5 = −4.5'
    """
    order = terms.values.flatten().abs().argsort(descending=True, stable=True)[:most].tolist()
    factors = [factor.flatten() for factor in terms.factors.values()] or [terms.values.flatten()]
    parts = ["·".join(signed(float(factor[place])) for factor in factors) for place in order]
    more = terms.values.numel() - len(parts)
    parts += [f"… ({more} more)"] if more else []
    parts += [signed(bias)] if bias is not None else []
    return f"{' + '.join(parts) or '0'} = {number(total(terms, bias))}"
