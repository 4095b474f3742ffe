"""Functions of one number at a time: a table of `Curve` records becomes explanations, slopes and scripts.

A curve's value and slope are formulas of `x`, of its settings and, for a slope, of `y`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import product as combinations
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from convscope.explaining.account import Account, Index, Step, product
from convscope.explaining.boxes import Boxes
from convscope.explaining.formula import (
    Formula,
    Number,
    Operand,
    Symbol,
    Text,
    children,
    formula,
    several,
    summed,
    symbols,
    times,
)
from convscope.explaining.op import Extent, Op, free
from convscope.explaining.reading import Reading
from convscope.explaining.working import Worked, chosen, evaluate, put
from convscope.tracing.structure import Ref

x, y, SLOPE, DY = symbols("x y slope dy")
ALWAYS = Number(1)
Names = dict[Symbol, Any]  # a number, or a setting that is none
DOCS = "https://docs.pytorch.org/docs/stable/generated/torch."


@dataclass(frozen=True)
class Curve:
    """One function, element by element.

    Attributes:
        what: a sentence for a person who meets it for the first time.
        value: y, of `x` and the settings.
        slope: dy/dx likewise; `y` may be used.
        settings: the arguments behind the input as `Op.signature` has them.
        names: what settings are called in the formulas, where that is not their own name.
        remarks: (condition, sentence): the first that holds for x is told.
        page: of torch's documentation, such as "nn.ReLU"; "": that of the operation.
        size: what the rounding errors of y are measured against; more than |y| where numbers are subtracted.
        slope_size: the same of the slope, which the network computes in its own way.
        slopes: for settings that may be tensors: dy/d(setting).
        further: numbers beside the arguments that the formulas use.
    """

    what: str
    value: Formula
    slope: Operand
    settings: str = ""
    names: Mapping[str, Symbol] = field(default_factory=dict)
    remarks: tuple[tuple[Formula, str], ...] = ()
    page: str = ""
    size: Formula = y
    slope_size: Formula = SLOPE
    slopes: Mapping[str, Operand] = field(default_factory=dict)
    further: Callable[[Reading, Index], Names] | None = None

    @property
    def op(self) -> Op:
        """The entry of `OPS`."""
        reach = partial(same_place, also=tuple(self.slopes))
        signature = f"input {self.settings}".strip()
        return Op(signature, partial(explain, self), partial(gradient, self), free, reach, same_size)

    def read(self, reading: Reading, at: Index) -> Names:
        """Every name of the formulas with its number, for one place of the output."""
        found: Names = {}
        for argument, given in reading.arguments.items():
            if not isinstance(given, Ref):
                found[self.short(argument)] = given
            elif argument == "input" or argument in self.slopes:
                place = _own_place(at, reading.shape(argument))
                found[self.short(argument)] = reading[argument][place].item()
        return found | (self.further(reading, at) if self.further else {})

    def short(self, argument: str) -> Symbol:
        """What an argument is called in the formulas."""
        return x if argument == "input" else self.names.get(argument, Symbol(argument))


def same_place(reading: Reading, boxes: Boxes, also: tuple[str, ...] = ()) -> dict[str, Boxes | list[Boxes]]:
    """Element by element: a unit sees its own place only; smaller tensors are stretched over the output."""
    names = [name for name in ("input", *also) if isinstance(reading.arguments[name], Ref)]
    return {name: _stretched(boxes, reading.shape(name)) for name in names}


def same_size(reading: Reading) -> tuple[Extent, ...]:
    """The output is as large as the input."""
    axes = [Symbol("n", str(axis)) for axis in range(len(reading.output_shape))]
    whole = times(*axes) if axes else Number(1)
    values = dict(zip(axes, reading.output_shape, strict=True))
    return (Extent("", Worked(whole, values), ("as the input",), same=True),)


def line(name: str, left: Symbol, right: Formula, names: Names, otherwise: Callable[[], float]) -> Step:
    """A formula as a step; `otherwise` gives the number where arithmetic has none, as for the log of 0."""
    numbers = _numbers(names)
    settings = {symbol: value for symbol, value in numbers.items() if symbol not in (x, y)}
    rule = left.equals(chosen(right, settings))
    try:
        if not math.isfinite(names[x]):
            raise ArithmeticError  # Python's max(0, nan) is 0, torch's is no number
        evaluate(put(right, {symbol: _plain(value) for symbol, value in numbers.items()}))
    except (ArithmeticError, ValueError):
        return Step(name, rule, numbers, told=otherwise())
    return Step(name, rule, numbers)


def _numbers(names: Names) -> dict[Symbol, Any]:
    """Those that are numbers; a setting may be None, or a word."""
    return {symbol: value for symbol, value in names.items() if isinstance(value, int | float | Step)}


def _plain(value: float | Step) -> Operand:
    return value.value if isinstance(value, Step) else value


def smallest(dtype: torch.dtype) -> float:
    """Below this size a network's numbers have no digits left: what was computed on the way went under."""
    if not dtype.is_floating_point:
        return 0.0
    return torch.finfo(dtype).tiny / torch.finfo(dtype).eps


def explain(curve: Curve, reading: Reading, at: Index) -> Account:
    """One number: the curve at x."""
    names, dtype = curve.read(reading, at), reading.output_value.dtype
    step = line("output", y, curve.value, names, partial(_torch_says, reading, names, curve))
    steps = [step]
    if dtype.is_floating_point and torch.finfo(dtype).max < abs(step.value) < math.inf:
        end = math.copysign(math.inf, step.value)
        steps.append(Step("stored", Text(f"no {str(dtype).removeprefix('torch.')} is so large"), told=end))
    scale = max(_number(curve.size, names | {y: step.value}), smallest(dtype))
    what = " ".join((curve.what, *_remark(curve, names)))
    return Account(what, step.formula, _page(curve, reading), steps=tuple(steps), scale=scale)


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
    slope = steps[-1]
    last = Step("gradient", Symbol(f"d{curve.short(name).name}").equals(DY * SLOPE), {DY: dy, SLOPE: slope})
    size = _slope_size(curve, name, names, steps)
    what = "The gradient that arrives from above, times the slope of the function at this place."
    both = several(last.formula, slope.formula)
    scale = max(abs(dy) * size, smallest(reading.output_value.dtype))
    return Account(what, both, _page(curve, reading), steps=(*steps, last), scale=scale)


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
    source = _page(curve, reading)
    scale = max(scale, smallest(reading.output_value.dtype))
    return Account(what, summed(DY * SLOPE), source, terms=terms, scale=scale)


def _slope_steps(curve: Curve, reading: Reading, name: str, names: Names) -> list[Step]:
    """The slope, and y before it where it is computed from y."""
    slope = formula(curve.slope if name == "input" else curve.slopes[name])
    before = []
    if _uses(slope, y):
        before.append(line("y", y, curve.value, names, partial(_torch_says, reading, names, curve)))
        names = names | {y: before[0]}
    return [*before, line("slope", SLOPE, slope, names, partial(_torch_says, reading, names, curve, name))]


def _uses(given: Formula, symbol: Symbol) -> bool:
    return given == symbol or any(_uses(part, symbol) for part in children(given))


def _slope_size(curve: Curve, name: str, names: Names, steps: list[Step]) -> float:
    size = curve.slope_size if name == "input" else abs(SLOPE)
    return _number(size, names | {Symbol(step.name): step.value for step in steps})


def _number(size: Formula, names: Names) -> float:
    """A size; infinite where arithmetic has none."""
    try:
        return abs(float(evaluate(put(size, _numbers(names)))))
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
    return [words for holds, words in curve.remarks if evaluate(put(holds, _numbers(names)))][:1]


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
