"""Functions of one number at a time: a table of `Curve` records becomes explanations, slopes and scripts.

A curve's value and slope are Python expressions (see `expression.py`).
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import product as combinations

import numpy as np
import torch
from torch.nn import functional as F

from convscope.explaining.boxes import Boxes
from convscope.explaining.ops.elementwise.expression import (
    Names,
    chosen,
    evaluate,
    literal,
    pretty,
    put_in,
    shown,
)
from convscope.explaining.plain import Account, Cost, Index, Op, Step, number, product, signed
from convscope.explaining.reading import Reading
from convscope.explaining.rendering.words import text
from convscope.shapes import elements, show
from convscope.tracing.structure import Ref

DOCS = "https://docs.pytorch.org/docs/stable/generated/torch."


@dataclass(frozen=True)
class Curve:
    """One function, element by element.

    Attributes:
        what: a sentence for a person who meets it for the first time.
        value: y in Python, of `x`, `math` and the settings; pieces as "1.0 if x > 0 else 0.0".
        slope: dy/dx likewise; `y` may be used.
        settings: the arguments behind the input as `Op.signature` has them.
        names: what settings are called in the expressions, where that is not their own name.
        remarks: (condition, sentence): the first that holds for x is told.
        page: of torch's documentation, such as "nn.ReLU"; "": that of the operation.
        size: what the rounding errors of y are measured against; more than |y| where numbers are subtracted.
        slope_size: the same of the slope, which the network computes in its own way.
        slopes: for settings that may be tensors: dy/d(setting).
        further: numbers beside the arguments that the expressions use.
    """

    what: str
    value: str
    slope: str
    settings: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[tuple[str, str], ...] = ()
    page: str = ""
    size: str = "abs(y)"
    slope_size: str = "abs(slope)"
    slopes: Mapping[str, str] = field(default_factory=dict)
    further: Callable[[Reading, Index], Names] | None = None

    @property
    def op(self) -> Op:
        """The entry of `OPS`."""
        reach = partial(same_place, also=tuple(self.slopes))
        signature = f"input {self.settings}".strip()
        return Op(signature, partial(explain, self), partial(gradient, self), free, reach, same_size)

    def read(self, reading: Reading, at: Index) -> Names:
        """Every name of the expressions with its number, for one place of the output."""
        found: Names = {}
        for argument, given in reading.arguments.items():
            if not isinstance(given, Ref):
                found[self.short(argument)] = given
            elif argument == "input" or argument in self.slopes:
                place = _own_place(at, reading.shape(argument))
                found[self.short(argument)] = reading[argument][place].item()
        return found | (self.further(reading, at) if self.further else {})

    def short(self, argument: str) -> str:
        """What an argument is called in the expressions."""
        return "x" if argument == "input" else self.names.get(argument, argument)


def same_place(reading: Reading, boxes: Boxes, also: tuple[str, ...] = ()) -> dict[str, Boxes | list[Boxes]]:
    """Element by element: a unit sees its own place only; smaller tensors are stretched over the output."""
    names = [name for name in ("input", *also) if isinstance(reading.arguments[name], Ref)]
    return {name: _stretched(boxes, reading.shape(name)) for name in names}


def free(reading: Reading) -> Cost:  # noqa: ARG001
    """No multiplication with an addition."""
    return Cost(0)


def same_size(reading: Reading) -> str:
    """The output is as large as the input."""
    shape = reading.output_shape
    return f"as the input: {show(shape) or 'one number'} = {elements(shape):,}"


def line(name: str, symbol: str, expression: str, names: Names, otherwise: Callable[[], float]) -> Step:
    """One expression as a step; `otherwise` gives the number where Python refuses, as for the log of 0."""
    known = {key: value for key, value in names.items() if key not in ("x", "y")}
    formula = f"{symbol} = {pretty(chosen(expression, known))}"
    try:
        if not math.isfinite(names["x"]):
            raise ArithmeticError  # Python's max(0, nan) is 0, torch's is no number
        value = float(evaluate(expression, names))
        code = put_in(chosen(expression, known), names, literal)
    except (ArithmeticError, ValueError):
        value = otherwise()
        code = literal(value)
    numbers = pretty(put_in(chosen(expression, names), names, shown))
    equal = "" if numbers == number(value) else f" = {number(value)}"
    return Step(name, formula, f"{numbers}{equal}", value, code)


def smallest(dtype: torch.dtype) -> float:
    """Below this size a network's numbers have no digits left: what was computed on the way went under."""
    if not dtype.is_floating_point:
        return 0.0
    return torch.finfo(dtype).tiny / torch.finfo(dtype).eps


def explain(curve: Curve, reading: Reading, at: Index) -> Account:
    """One number: the curve at x."""
    names, dtype = curve.read(reading, at), reading.output_value.dtype
    step = line("output", "y", curve.value, names, partial(_torch_says, reading, names, curve))
    steps = [step]
    if dtype.is_floating_point and torch.finfo(dtype).max < abs(step.value) < math.inf:
        end = math.copysign(math.inf, step.value)
        steps.append(
            Step("stored", f"no {str(dtype).removeprefix('torch.')} is so large", "", end, literal(end))
        )
    scale = max(_number(curve.size, names | {"y": step.value}), smallest(dtype))
    return Account(
        " ".join((curve.what, *_remark(curve, names))),
        step.formula,
        step.numbers,
        steps[-1].value,
        _page(curve, reading),
        steps=tuple(steps),
        scale=scale,
    )


def gradient(curve: Curve, reading: Reading, name: str, at: Index) -> Account:
    """dy·slope; a number that is used several times collects from all of them: stretched, or given twice."""
    given = reading.arguments[name]
    same = [
        each
        for each, argument in reading.arguments.items()
        if argument == given and isinstance(argument, Ref)
    ]
    parts = [
        (each, place) for each in same for place in _places(at, reading.shape(name), reading.output_shape)
    ]
    if len(parts) == 1:
        return _one_gradient(curve, reading, name, parts[0][1])
    return _sum_of_gradients(curve, reading, parts)


def _one_gradient(curve: Curve, reading: Reading, name: str, at: Index) -> Account:
    names = curve.read(reading, at)
    dy = float(reading.output_gradient[at])
    steps = _slope_steps(curve, reading, name, names)
    slope = steps[-1].value
    value = dy * slope + 0.0  # never −0
    symbol = f"d{curve.short(name)}"
    numbers = f"{signed(dy)}·{signed(slope)} = {number(value)}"
    last = Step("gradient", f"{symbol} = dy·slope", numbers, value, f"{literal(dy)} * slope")
    size = _slope_size(curve, name, names, steps)
    what = "The gradient that arrives from above, times the slope of the function at this place."
    formula = f"{symbol} = dy·slope,  {text(steps[-1].formula)}"
    scale = max(abs(dy) * size, smallest(reading.output_value.dtype))
    return Account(
        what, formula, numbers, last.value, _page(curve, reading), steps=(*steps, last), scale=scale
    )


def _sum_of_gradients(curve: Curve, reading: Reading, parts: list[tuple[str, Index]]) -> Account:
    slopes, sizes = [], []
    for name, place in parts:
        names = curve.read(reading, place)
        steps = _slope_steps(curve, reading, name, names)
        slopes.append(steps[-1].value)
        sizes.append(_slope_size(curve, name, names, steps))
    arriving = reading.output_gradient
    dy = torch.stack([arriving[place] for _, place in parts]).double()
    places = {"gradient": torch.tensor([place for _, place in parts]).reshape(len(parts), -1)}
    terms = product(("use",), places, gradient=dy, slope=torch.tensor(slopes).double())
    scale = float((dy.abs() * torch.tensor(sizes).double()).sum())
    what = "This number is used in several places: each brings the gradient there times the slope there."
    numbers = f"{len(parts)} uses: {number(terms.result)}"
    source = _page(curve, reading)
    scale = max(scale, smallest(reading.output_value.dtype))
    return Account(what, "Σ dy·slope", numbers, terms.result, source, terms=terms, scale=scale)


def _slope_steps(curve: Curve, reading: Reading, name: str, names: Names) -> list[Step]:
    """The slope, and y before it where it is computed from y."""
    expression = curve.slope if name == "input" else curve.slopes[name]
    before = []
    if re.search(r"\by\b", expression):
        before.append(line("y", "y", curve.value, names, partial(_torch_says, reading, names, curve)))
        names = names | {"y": before[0].value}
    return [
        *before,
        line("slope", "slope", expression, names, partial(_torch_says, reading, names, curve, name)),
    ]


def _slope_size(curve: Curve, name: str, names: Names, steps: list[Step]) -> float:
    size = curve.slope_size if name == "input" else "abs(slope)"
    return _number(size, names | {step.name: step.value for step in steps})


def _number(expression: str, names: Names) -> float:
    """A size; infinite where Python refuses."""
    try:
        return abs(float(evaluate(expression, names)))
    except (ArithmeticError, ValueError):
        return math.inf


def _torch_says(reading: Reading, names: Names, curve: Curve, asked: str = "") -> float:
    """What torch has in float64 for these numbers, or for the slope; for the log of 0 and the like."""
    function: Callable[..., torch.Tensor] = getattr(torch, reading.node.op, None) or getattr(
        F, reading.node.op
    )
    arguments = {
        argument: names[curve.short(argument)]
        for argument in reading.arguments
        if argument not in ("inplace", "scale", "input_scale")
    }
    numbers = {
        argument: torch.tensor(value, dtype=torch.float64, requires_grad=True)
        for argument, value in arguments.items()
        if isinstance(reading.arguments[argument], Ref)
    }
    with torch.enable_grad():
        given = arguments | numbers
        y = function(given.pop("input"), **given)
    if not asked:
        return float(y.detach())
    return float(torch.autograd.grad(y, numbers[asked])[0])


def _remark(curve: Curve, names: Names) -> list[str]:
    return [sentence for condition, sentence in curve.remarks if evaluate(condition, names)][:1]


def _page(curve: Curve, reading: Reading) -> str:
    return f"{DOCS}{curve.page or reading.node.op}.html"


def _own_place(at: Index, shape: tuple[int, ...]) -> Index:
    """Where the number that goes into `at` stands in a tensor that is stretched over the output."""
    behind = at[len(at) - len(shape) :]
    return tuple(0 if size == 1 else place for place, size in zip(behind, shape, strict=True))


def _places(at: Index, shape: tuple[int, ...], output: tuple[int, ...]) -> list[Index]:
    """The outputs that use the number at `at` of a tensor that is stretched over the output."""
    missing = len(output) - len(shape)
    own = [range(size) for size in output[:missing]]
    own += [
        range(out) if size == 1 else range(place, place + 1)
        for place, size, out in zip(at, shape, output[missing:], strict=True)
    ]
    return list(combinations(*own))


def _stretched(boxes: Boxes, shape: tuple[int, ...]) -> Boxes:
    """Boxes on the output as boxes on a tensor that is stretched over it."""
    own = boxes[..., boxes.shape[-2] - len(shape) :, :].copy()
    own[..., np.array(shape) == 1, :] = (0, 1)
    return own
