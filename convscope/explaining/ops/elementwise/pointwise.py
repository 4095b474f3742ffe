"""Operations that work number by number, with broadcasting; `arithmetic` says what each does."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial, reduce
from itertools import pairwise, starmap
from typing import Any

import torch
from torch import Tensor

from convscope.explaining.account import Account, Index, Step, Terms, product
from convscope.explaining.boxes import Boxes
from convscope.explaining.computing import computed
from convscope.explaining.formula import Formula, Known, Symbol, several, summed, symbols, times
from convscope.explaining.op import Cost, Op
from convscope.explaining.ops.moves.moving import DOCS, Reach, broadcast, places_at
from convscope.explaining.reading import Reading, Signature
from convscope.explaining.rendering.python import literal
from convscope.explaining.working import Worked, put
from convscope.shapes import show
from convscope.tracing.graph import Ref

SETTINGS = ("out", "rounding_mode")
Bindings = dict[Symbol, Tensor]
y, dy = symbols("y dy")


@dataclass(frozen=True)
class Pointwise:
    """What is done at every place alike.

    Attributes:
        what: for a person who meets it for the first time.
        operands: what the arguments are called, in the order of the signature.
        formula: of the operands.
        docs: torch's name of it.
        slopes: for an operand its gradient, of dy and the operands.
        scale: how large the numbers were that were added; None: as the result.
        macs: whether each place takes a multiplication that comes with an addition.
        known: what a reader must know beside the formula.
        value: of the operands in float64, where torch rounds on the way.
    """

    what: str
    operands: tuple[Symbol, ...]
    formula: Formula
    docs: str
    slopes: dict[Symbol, Formula] = field(default_factory=dict)
    scale: Formula | None = None
    macs: bool = False
    known: tuple[str, ...] = ()
    value: Callable[..., Tensor] | None = None


Chooser = Callable[[Reading], Pointwise | None]


def pointwise_op(signature: Signature, rule: Pointwise | Chooser) -> Op:
    """The entry for `OPS`; a function chooses where a setting decides what is done (None: not explained)."""
    choose: Chooser = (lambda _: rule) if isinstance(rule, Pointwise) else rule
    return Op(
        signature,
        partial(_explain, choose),
        partial(_gradient, choose),
        partial(_cost, choose),
        pointwise_reach,
    )


def _explain(choose: Chooser, reading: Reading, at: Index) -> Account | None:
    rule = choose(reading)
    if rule is None:
        return None
    operands = _operands(rule, reading, at)
    exact = computed(rule.formula, operands) if rule.value is None else rule.value(*operands.values())
    step = Step("output", y.equals(rule.formula).given(*rule.known), _values(rule, operands, float(exact)))
    scale = abs(step.value) if rule.scale is None else float(computed(rule.scale, operands))
    docs, notes = DOCS.format(rule.docs), _spread_notes(reading)
    return Account(rule.what, step.formula, docs, steps=(step,), scale=scale, notes=notes)


def _values(rule: Pointwise, operands: Bindings, result: float) -> dict[Formula, float | Formula]:
    """The operands; where Python has another number for them than torch, the result beside them."""
    plain: dict[Formula, float | Formula] = {symbol: float(each) for symbol, each in operands.items()}
    try:
        worked = float(Worked(rule.formula, plain).value)
    except (ArithmeticError, ValueError):
        worked = math.nan
    if math.isclose(worked, result, rel_tol=1e-12):
        return plain
    return {rule.formula: Known(result, put(rule.formula, plain), literal(result))}


def _gradient(choose: Chooser, reading: Reading, name: str, at: Index) -> Account:
    """What arrives × slope at every place that this number served, added up."""
    rule = choose(reading)
    assert rule is not None, f"{reading.node.name} is not explained"
    block = served(at, reading.shape(name), reading.output_shape)
    terms, same = _slope_terms(rule, reading, name, block)
    count = terms.values.numel() // max(len(same), 1)
    what = "The gradient that arrives, times the slope of the operation for this number."
    what += f" The number served {count:,} places, and their parts add up." if count > 1 else ""
    what += " It is taken twice, so both slopes count." if len(same) > 1 else ""
    slopes = [_named(each).equals(rule.slopes[each]) for each in same] or [_named(Symbol("x")).equals(0)]
    if count > 1:
        slopes = [each.left.equals(summed(each.right)) for each in slopes]
    formula = slopes[0] if len(slopes) == 1 else several(*slopes)
    return Account(what, formula, DOCS.format(rule.docs), terms=terms)


def _named(operand: Symbol) -> Symbol:
    return Symbol(f"d{operand.name}")


def _slope_terms(
    rule: Pointwise, reading: Reading, name: str, block: tuple[slice, ...]
) -> tuple[Terms, list[Symbol]]:
    """Gradient and slope at every place of a block; and the operands that the number is."""
    operands = _operands(rule, reading, block)
    arriving = reading.output_gradient[block].double()
    called = dict(zip(_names(reading), rule.operands, strict=True))
    taken = [symbol for each, symbol in called.items() if reading.arguments[each] == reading.arguments[name]]
    same = [symbol for symbol in taken if symbol in rule.slopes]
    given = {**operands, dy: torch.ones((), dtype=torch.float64)}
    slopes = [computed(rule.slopes[each], given).expand(arriving.shape).flatten() for each in same]
    places = _grid(block).repeat(len(same), 1).tolist()
    gradient = arriving.flatten().repeat(len(same))
    slope = torch.cat(slopes) if slopes else torch.zeros(0)
    return product(("place",), places_at("gradient", places), gradient=gradient, slope=slope), same


def _cost(choose: Chooser, reading: Reading) -> Cost:
    rule = choose(reading)
    return Cost(Worked(times(*(reading.output_shape or (1,))), {})) if rule and rule.macs else Cost()


def pointwise_reach(reading: Reading, boxes: Boxes) -> Reach:
    """Every tensor at the same place; where it was broadcast, at its only one."""
    tensors = [name for name, given in reading.arguments.items() if isinstance(given, Ref) and name != "out"]
    return {name: broadcast(boxes, reading.shape(name)) for name in tensors}


# ---- broadcasting


def served(at: Index, shape: tuple[int, ...], output: tuple[int, ...]) -> tuple[slice, ...]:
    """The places of the output that one number of a broadcast tensor serves.

    >>> served((0, 2), (1, 5), (4, 3, 5))
    (slice(0, 4, None), slice(0, 3, None), slice(2, 3, None))
    """
    lead = len(output) - len(shape)
    block = [slice(0, size) for size in output]
    for axis, (place, size) in enumerate(zip(at, shape, strict=True)):
        if size != 1:
            block[lead + axis] = slice(place, place + 1)
    return tuple(block)


def _names(reading: Reading) -> list[str]:
    """The arguments that are operands, in order."""
    return [name for name in reading.arguments if name not in SETTINGS]


def _operands(rule: Pointwise, reading: Reading, place: tuple[Any, ...]) -> Bindings:
    """The operands at one place of the output, or at several, in float64.

    A plain number first takes the type in which torch computes: 0.1 is 0.10000000149 beside float32.
    """
    given = [reading[name] for name in _names(reading)]
    common = reduce(torch.promote_types, starmap(torch.result_type, pairwise(given)), torch.uint8)
    tensors = [each if isinstance(each, Tensor) else torch.as_tensor(each, dtype=common) for each in given]
    shape = reading.output_shape
    doubles = [tensor.expand(shape)[place].double() for tensor in tensors]
    return dict(zip(rule.operands, doubles, strict=True))


def _grid(block: tuple[slice, ...]) -> Tensor:
    """The indices in a block, row by row. (place, axis)."""
    ranges = [torch.arange(part.start, part.stop) for part in block]
    return torch.cartesian_prod(*ranges).reshape(-1, len(block)) if ranges else torch.zeros(1, 0)


def _spread_notes(reading: Reading) -> tuple[str, ...]:
    """Which operand was broadcast, for people who did not expect it."""
    output = reading.output_shape
    return tuple(
        f"Broadcasting: '{name}' ({show(reading.shape(name)) or 'one number'}) serves all of {show(output)}."
        for name, given in reading.arguments.items()
        if isinstance(given, Ref) and reading.shape(name) != output
    )
