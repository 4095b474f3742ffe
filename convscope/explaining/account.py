"""One number taken apart, as an operation's file gives it.

`explanation.py` sets the network's own number beside it.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import torch
from torch import Tensor

from convscope.explaining.formula import (
    Condition,
    Formula,
    FunctionCall,
    Known,
    More,
    Number,
    Operand,
    Over,
    Sum,
    Symbol,
    children,
    formula,
    side,
    times,
)
from convscope.explaining.rendering.python import literal, python, python_name
from convscope.explaining.working import evaluate, put, with_result

Index = tuple[int, ...]
WRITTEN = 4  # terms of a sum that are written out
LISTED = 9  # numbers that are no products
Squash = Literal["σ", "tanh", "relu"]
Reduction = Literal["sum", "max", "min"]


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
    rule: Reduction = "sum"

    @cached_property
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


@dataclass(frozen=True)
class Gate:
    """What a gate of a recurrent layer is made of.

    Attributes:
        letter: "i", "f", "g", "o"; "r", "z", "n"; "h" of a plain layer.
        squash: what is done to the sum.
        input, hidden: the part from the input and that from the state before, both without a bias.
        input_bias, hidden_bias: 0 without biases.
        reset: what the hidden part with its bias is multiplied by; None but for a GRU's candidate.
    """

    letter: str
    squash: Squash
    input: "Step"
    hidden: "Step"
    input_bias: float
    hidden_bias: float
    reset: "Step | None" = None

    @property
    def before(self) -> float:
        """The sum that is squashed."""
        hidden = self.hidden.value + self.hidden_bias
        return self.input.value + self.input_bias + (self.reset.value if self.reset else 1.0) * hidden


@dataclass(frozen=True)
class CellState:
    """Which cell of a recurrent layer a number is of, and its states.

    Attributes:
        kind: what it is.
        layer, direction: where it stands; direction 1 reads from the end.
        hidden, cell: the states after the step; the cell state of an LSTM only.
        hidden_before, cell_before: those before it.
    """

    kind: Literal["lstm", "gru", "rnn"]
    layer: int
    direction: int
    hidden: float
    hidden_before: float
    cell: float | None = None
    cell_before: float | None = None


@dataclass(frozen=True)
class Step:
    """One line of a calculation that takes several.

    Attributes:
        name: what comes out: "mean", "variance", "forget gate"; unique in its account.
        formula: in general: μ = Σx / n.
        values: what its symbols stand for: a number, a formula, or an earlier step.
        terms: the numbers that its Σ (or max, or min) is made of.
        loop: where Python goes through a list of an earlier step instead: that list's name; the one symbol
            of the Σ that has no value runs through it.
        instead: the number where arithmetic has none, such as torch's for ln 0.
        told: the number where torch's rule is its own, as for infinity and what is no number.
        gate: what it is made of, where it is a gate of a recurrent layer.
    """

    name: str
    formula: Formula
    values: "Mapping[Any, Operand | Step]" = field(default_factory=dict)
    terms: Terms | None = None
    loop: str = ""
    instead: float | None = None
    told: float | None = None
    gate: Gate | None = None

    @cached_property
    def put_in(self) -> Formula:
        """The right side with the numbers; sums are what they come to."""
        return _put_in(self.formula, self.values, self.terms, self.loop)

    @cached_property
    def _worked(self) -> float | None:
        if self.told is not None:
            return None
        try:
            return float(evaluate(self.put_in))
        except (ArithmeticError, ValueError):
            if self.instead is None:
                raise
            return None

    @cached_property
    def value(self) -> float:
        """What comes out, in float64."""
        if self._worked is not None:
            return self._worked
        found = self.instead if self.told is None else self.told
        assert found is not None
        return found

    @cached_property
    def numbers(self) -> Formula:
        """With the numbers put in: (0.5 + 1.5)/2 = 1."""
        shown = _put_in(self.formula, self.values, self.terms, write=written)
        return with_result(shown, self.value)

    @cached_property
    def code(self) -> str:
        """Python that computes it; may use `math`, earlier steps by their names, and `terms`."""
        done = self._worked is not None and math.isfinite(self._worked)
        if not done:
            return literal(self.value)
        return f"float({python(self.put_in)})" if isinstance(self.put_in, Condition) else python(self.put_in)

    @property
    def known(self) -> Known:
        """What later steps see of it."""
        return Known(self.value, Number(self.value), python_name(self.name))


@dataclass(frozen=True)
class Account:
    """Why one number is what it is, computed from terms or steps, never from the network's output.

    Attributes:
        what: one or two sentences for a person who meets this operation for the first time.
        formula: in general: y[o,r,c] = b[o] + Σ x[i, s·r + u − p, s·c + v − p]·w[o,i,u,v].
        source: address of the documentation or the paper.
        values: what its symbols stand for, where there are no steps: {b[o]: bias}.
        terms: what the number is made of; None for a calculation in steps only.
        bias: what is added to the terms' sum; None: there is no bias.
        steps: further lines, in order; where there are any the last one's value is the result.
        scale: what a rounding error is measured against; None: Σ|terms| + |bias|. An operation that loses
            digits in another way says here how large the numbers were that it subtracted.
        notes: what deserves a word: "3 of 9 taps lie in the padding", "the last row is never reached".
        cell: of a recurrent layer, whose gates are among the steps.
    """

    what: str
    formula: Formula
    source: str
    values: Mapping[Any, Operand] = field(default_factory=dict)
    terms: Terms | None = None
    bias: float | None = None
    steps: tuple[Step, ...] = ()
    scale: float | None = None
    notes: tuple[str, ...] = ()
    cell: CellState | None = None

    @cached_property
    def put_in(self) -> Formula:
        """The right side with the numbers; sums are what they come to."""
        return _put_in(self.formula, self.values, self.terms)

    @cached_property
    def result(self) -> float:
        """What comes out, in float64."""
        return self.steps[-1].value if self.steps else float(evaluate(self.put_in))

    @cached_property
    def numbers(self) -> Formula:
        """The formula with the numbers put in, the middle of long sums left out; of steps the last one's."""
        if self.steps:
            return self.steps[-1].numbers
        return with_result(_put_in(self.formula, self.values, self.terms, write=written), self.result)

    @property
    def size(self) -> float:
        """What the difference from the network's number is measured against."""
        if self.scale is not None:
            return self.scale
        parts = [self.terms.size] if self.terms else [abs(step.value) for step in self.steps]
        return sum(parts) + abs(self.bias or 0.0)


def written(terms: Terms) -> Formula:
    """The sum with its first terms, largest first (of a minimum the smallest), and what the others come to.

    >>> from convscope.explaining.rendering.words import text
    >>> text(written(product(("place",), x=torch.tensor([1.0, 2.0]), w=torch.tensor([3.0, -4.0]))))
    '2·(−4) + 1·3'

    Of squares each is one, and few numbers that are no products stay in their order.
    """
    values = terms.values.flatten()
    listed = len(values) <= LISTED and (terms.rule != "sum" or len(terms.factors) < 2)
    shown = torch.arange(len(values)) if listed else _first(values, terms.rule)
    factors = [factor.flatten() for factor in terms.factors.values()] or [values]
    square = len(factors) == 2 and torch.equal(*factors)
    parts: list[Formula] = [
        formula(float(factors[0][place])) ** 2 if square else times(*(float(each[place]) for each in factors))
        for place in shown.tolist()
    ]
    left = len(values) - len(shown)
    if terms.rule != "sum":  # what is left is no larger, or no smaller, than the last of them
        return FunctionCall(terms.rule, (*parts, *([More(left, float(values[shown[-1]]))] if left else [])))
    parts += [More(left, terms.result - added_up(values[shown]))] if left else []
    return Sum(tuple(parts)) if len(parts) > 1 else parts[0] if parts else Number(0)


def _first(values: Tensor, rule: Reduction) -> Tensor:
    """Places of the largest (of a minimum the smallest), in order; of many numbers only these are sorted."""
    sizes = {"sum": values.abs(), "max": values, "min": -values}[rule]
    least = sizes.topk(min(WRITTEN, len(sizes))).values
    places = (~(sizes < least[-1])).nonzero().flatten() if len(least) else least.long()
    return places[sizes[places].argsort(descending=True, stable=True)][:WRITTEN]


def _put_in(
    rule: Formula,
    values: "Mapping[Any, Operand | Step]",
    terms: Terms | None,
    loop: str = "",
    write: Callable[[Terms], Formula] = lambda terms: Number(terms.result),
) -> Formula:
    """The right side with its numbers: symbols as they are given, Σ as its terms; without both the terms."""
    given = {key: value.known if isinstance(value, Step) else value for key, value in values.items()}
    if terms is None:
        return put(side(rule), given)
    known = Known(terms.result, write(terms), _code(terms.rule, "terms"))
    sums = _sums(side(rule))
    if not sums:
        return put(side(rule), given) if given else known
    if loop:
        body = put(sums[0].body, given)
        runs = next(iter(_free(body)))
        known = Known(
            known.value, known.shown, _code(terms.rule, f"{python(body)} for {python(runs)} in {loop}")
        )
    return put(side(rule), {sums[0]: known} | given)


def _code(rule: str, numbers: str) -> str:
    return f"{'math.fsum' if rule == 'sum' else rule}({numbers})"


def _sums(given: Formula) -> list[Over]:
    """The outermost sums of a formula."""
    return [given] if isinstance(given, Over) else [each for part in children(given) for each in _sums(part)]


def _free(given: Formula) -> list[Formula]:
    """Symbols without a number."""
    if isinstance(given, Known):
        return []
    inside = [each for part in children(given) for each in _free(part)]
    return [given] if isinstance(given, Symbol) else inside
