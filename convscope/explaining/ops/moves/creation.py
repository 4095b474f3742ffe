"""Tensors made from nothing: zeros, ones, arange, random numbers, constants."""

from collections.abc import Callable

import torch

from convscope.explaining.boxes import Boxes, clip
from convscope.explaining.op import Op
from convscope.explaining.ops.moves.moving import DOCS, Reach, free, listed
from convscope.explaining.plain import Account, Index, Step, number
from convscope.explaining.reading import Reading
from convscope.explaining.rendering.python import literal
from convscope.tracing.graph import Ref
from convscope.tracing.replay import run_again

Creation = Callable[[Reading, Index], float]


def _account(what: str, formula: str, numbers: str, result: float, docs: str) -> Account:
    step = Step("output", formula, f"{numbers} = {number(result)}", result, literal(result))
    return Account(what, formula, step.numbers, result, DOCS.format(docs), steps=(step,))


def _no_tensor(reading: Reading, boxes: Boxes) -> Reach:  # noqa: ARG001 - asked as all others
    """Made from nothing: of a tensor that is given (`zeros_like`) only the shape is used."""
    return {}


def _nothing(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - asked as all others
    """Only the shape of the tensor is used."""
    return _account(
        "Only the shape of this tensor is used, none of its numbers.", "dx = 0", "dx", 0.0, "torch.zeros"
    )


def _fixed(value: float, docs: str) -> Op:
    """Every number is the same one."""

    def explain(reading: Reading, at: Index) -> Account:  # noqa: ARG001 - every place is alike
        what = f"The tensor is made here, and every number in it is {number(value)}."
        return _account(what, f"y = {number(value)}", "y", value, docs)

    return Op("input", explain, _nothing, free, _no_tensor)


def _explain_full(reading: Reading, at: Index) -> Account:  # noqa: ARG001 - every place is alike
    value = float(reading["fill_value"])
    what = "The tensor is made here, and every number in it is the one that was asked for."
    return _account(what, "y = fill_value", "y", value, "torch.full")


def _explain_arange(reading: Reading, at: Index) -> Account:
    """Equal steps from the start; with one number that is the end."""
    given = [each for each in reading.node.args if isinstance(each, int | float)]
    named = reading.node.kwargs
    start = named.get("start", given[0] if len(given) > 1 else 0)
    step = named.get("step", given[2] if len(given) > 2 else 1)
    result = float(start + at[0] * step)
    shown = f"{number(start)} + {at[0]}·{number(step)}"
    code = f"{float(start)!r} + {at[0]} * {float(step)!r}"
    made = Step("output", "y[i] = start + i·step", f"{shown} = {number(result)}", result, code)
    docs = DOCS.format("torch.arange")
    return Account("Numbers at equal distances.", made.formula, made.numbers, result, docs, steps=(made,))


def _explain_linspace(reading: Reading, at: Index) -> Account:
    """Equal steps from the first number to the last."""
    start, end = float(reading["start"]), float(reading["end"])
    gaps = max(int(reading.arguments["steps"]) - 1, 1)
    result = start + at[0] * (end - start) / gaps
    shown = f"{number(start)} + {at[0]}·({number(end)} − {number(start)}) / {gaps} = {number(result)}"
    code = f"{start!r} + {at[0]} * ({end!r} - {start!r}) / {gaps}"
    made = Step("output", "y[i] = start + i·(end − start) / (steps − 1)", shown, result, code)
    what = "Numbers at equal distances, from the first to the last."
    docs, scale = DOCS.format("torch.linspace"), abs(start) + abs(end)
    return Account(what, made.formula, shown, result, docs, steps=(made,), scale=scale)


def _explain_eye(reading: Reading, at: Index) -> Account:  # noqa: ARG001 - the place decides
    what = "Ones on the diagonal, zeros elsewhere."
    return _account(
        what, "y[r, c] = 1 if r = c, else 0", f"y[{listed(at)}]", float(at[0] == at[1]), "torch.eye"
    )


def _explain_constant(reading: Reading, at: Index) -> Account:
    """The number as it stands in the code."""
    value = float(torch.as_tensor(reading["data"], dtype=torch.float64)[at])
    what = "The tensor is made here from numbers in the code."
    return _account(what, "y = data", f"data[{listed(at)}]", value, "torch.tensor")


def _explain_drawn(reading: Reading, at: Index) -> Account | None:
    """Drawn again from the state in which the generator was: the same bits come."""
    if reading.node.random_state is None or reading.node.kwargs.get("generator") is not None:
        return None
    _, again = run_again(reading.trace, reading.node, reading.which)
    what = "A random number. Drawn again from the state that the generator was in, it comes out the same."
    return _account(what, "y ~ the generator", "drawn", float(again[at].detach()), f"torch.{reading.node.op}")


def _drawn_reach(reading: Reading, boxes: Boxes) -> Reach:
    """A tensor of probabilities or means belongs to the draw at its place."""
    shape = reading.output_shape
    given = {name for name, each in reading.arguments.items() if isinstance(each, Ref)}
    return {name: clip(boxes, shape) for name in given if reading.shape(name) == shape}


def _drawn_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - asked as all others
    what = "A draw has no slope: torch passes no gradient on to what it was drawn with."
    return _account(what, "dx = 0", "dx", 0.0, "torch.bernoulli")


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
