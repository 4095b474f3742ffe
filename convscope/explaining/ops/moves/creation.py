"""Tensors made from nothing: zeros, ones, arange, random numbers, constants."""

from collections.abc import Mapping
from typing import Any

import torch

from convscope.explaining.account import Account, Index, Step
from convscope.explaining.boxes import Boxes, clip
from convscope.explaining.formula import Formula, symbols, where
from convscope.explaining.op import Op, free
from convscope.explaining.ops.moves.moving import DOCS, Reach
from convscope.explaining.reading import Reading
from convscope.explaining.rendering.words import number
from convscope.tracing.graph import Ref
from convscope.tracing.replay import run_again

y, dx, i, r, c = symbols("y dx i r c")
START, END, STEP, STEPS = symbols("start end step steps")
FILL, DATA, DRAW = symbols("fill_value data draw")
NO_SLOPE = dx.equals(0)


def _account(
    what: str,
    formula: Formula,
    docs: str,
    values: Mapping[Any, float] | None = None,
    scale: float | None = None,
) -> Account:
    """A number in one step."""
    made = Step("output", formula, values or {})
    return Account(what, formula, DOCS.format(docs), steps=(made,), scale=scale)


def _no_tensor(reading: Reading, boxes: Boxes) -> Reach:  # noqa: ARG001 - asked as all others
    """Made from nothing: of a tensor that is given (`zeros_like`) only the shape is used."""
    return {}


def _nothing(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - asked as all others
    """Only the shape of the tensor is used."""
    return _account("Only the shape of this tensor is used, none of its numbers.", NO_SLOPE, "torch.zeros")


def _fixed(value: float, docs: str) -> Op:
    """Every number is the same one."""

    def explain(reading: Reading, at: Index) -> Account:  # noqa: ARG001 - every place is alike
        what = f"The tensor is made here, and every number in it is {number(value)}."
        return _account(what, y.equals(value), docs)

    return Op("input", explain, _nothing, free, _no_tensor)


def _explain_full(reading: Reading, at: Index) -> Account:  # noqa: ARG001 - every place is alike
    what = "The tensor is made here, and every number in it is the one that was asked for."
    return _account(what, y.equals(FILL), "torch.full", {FILL: float(reading["fill_value"])})


def _explain_arange(reading: Reading, at: Index) -> Account:
    """Equal steps from the start; with one number that is the end."""
    given = [each for each in reading.node.args if isinstance(each, int | float)]
    named = reading.node.kwargs
    start = named.get("start", given[0] if len(given) > 1 else 0)
    step = named.get("step", given[2] if len(given) > 2 else 1)
    values = {START: start, i: at[0], STEP: step}
    return _account("Numbers at equal distances.", y[i].equals(START + i * STEP), "torch.arange", values)


def _explain_linspace(reading: Reading, at: Index) -> Account:
    """Equal steps from the first number to the last."""
    start, end = float(reading["start"]), float(reading["end"])
    steps = int(reading.arguments["steps"])
    rule = y[i].equals(START + i * (END - START) / (STEPS - 1)) if steps > 1 else y.equals(START)
    what = "Numbers at equal distances, from the first to the last."
    values = {START: start, END: end, STEPS: steps, i: at[0]}
    return _account(what, rule, "torch.linspace", values, scale=abs(start) + abs(end))


def _explain_eye(reading: Reading, at: Index) -> Account:  # noqa: ARG001 - the place decides
    what, rule = "Ones on the diagonal, zeros elsewhere.", y[r, c].equals(where(r.is_(c), 1, 0))
    return _account(what, rule, "torch.eye", dict(zip((r, c), at, strict=True)))


def _explain_constant(reading: Reading, at: Index) -> Account:
    """The number as it stands in the code."""
    value = float(torch.as_tensor(reading["data"], dtype=torch.float64)[at])
    what = "The tensor is made here from numbers in the code."
    return _account(what, y.equals(DATA), "torch.tensor", {DATA: value})


def _explain_drawn(reading: Reading, at: Index) -> Account | None:
    """Drawn again from the state in which the generator was: the same bits come."""
    if reading.node.random_state is None or reading.node.kwargs.get("generator") is not None:
        return None
    _, again = run_again(reading.trace, reading.node, reading.which)
    what = "A random number. Drawn again from the state that the generator was in, it comes out the same."
    rule, drawn = y.equals(DRAW).given("from the generator"), float(again[at].detach())
    return _account(what, rule, f"torch.{reading.node.op}", {DRAW: drawn})


def _drawn_reach(reading: Reading, boxes: Boxes) -> Reach:
    """A tensor of probabilities or means belongs to the draw at its place."""
    shape = reading.output_shape
    given = {name for name, each in reading.arguments.items() if isinstance(each, Ref)}
    return {name: clip(boxes, shape) for name in given if reading.shape(name) == shape}


def _drawn_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - asked as all others
    what = "A draw has no slope: torch passes no gradient on to what it was drawn with."
    return _account(what, NO_SLOPE, "torch.bernoulli")


ZEROS, ONES = _fixed(0.0, "torch.zeros"), _fixed(1.0, "torch.ones")
CONSTANT = Op("data", _explain_constant, None, free, _no_tensor)
DRAWN = Op("input", _explain_drawn, _drawn_gradient, free, _drawn_reach)

OPS: dict[str, Op] = {
    **dict.fromkeys(("zeros", "zeros_like", "new_zeros", "zero"), ZEROS),
    **dict.fromkeys(("ones", "ones_like", "new_ones"), ONES),
    "full": Op("size fill_value", _explain_full, None, free, _no_tensor),
    "full_like": Op("input fill_value", _explain_full, _nothing, free, _no_tensor),
    "new_full": Op("input size fill_value", _explain_full, _nothing, free, _no_tensor),
    "fill": Op("input fill_value", _explain_full, _nothing, free, _no_tensor),
    "arange": Op("start", _explain_arange, None, free, _no_tensor),
    "linspace": Op("start end steps", _explain_linspace, None, free, _no_tensor),
    "eye": Op("n", _explain_eye, None, free, _no_tensor),
    **dict.fromkeys(("tensor", "as_tensor", "asarray"), CONSTANT),
    "scalar_tensor": Op("data", _explain_constant, None, free, _no_tensor),
    "new_tensor": Op("input data", _explain_constant, _nothing, free, _no_tensor),
    **dict.fromkeys(
        ("rand", "randn", "randint", "randperm", "rand_like", "randn_like", "randint_like"), DRAWN
    ),
    **dict.fromkeys(("bernoulli", "normal", "uniform", "exponential"), DRAWN),
}
