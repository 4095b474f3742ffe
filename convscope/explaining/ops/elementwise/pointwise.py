"""Operations that work number by number, with broadcasting; `arithmetic` says what each does."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial, reduce
from itertools import pairwise, starmap
from typing import Any

import torch
from torch import Tensor

from convscope.explaining.boxes import Boxes
from convscope.explaining.ops.moves.moving import DOCS, Reach, broadcast, places_at
from convscope.explaining.plain import (
    Account,
    Cost,
    Index,
    Op,
    Step,
    Terms,
    number,
    product,
    signed,
    written_out,
)
from convscope.explaining.reading import Reading, Signature
from convscope.explaining.rendering.python import literal
from convscope.shapes import elements, show
from convscope.tracing.graph import Ref

SETTINGS = ("out", "rounding_mode")
Slope = Callable[..., Tensor]
Numbers = dict[str, Tensor]


@dataclass(frozen=True)
class Pointwise:
    """What is done at every place alike.

    Attributes:
        what: for a person who meets it for the first time.
        letters: what the operands are called below, in the order of the signature.
        formula: in general.
        shown: with the numbers put in.
        code: the same in Python.
        value: the operands in the order of the alphabet, float64 → the result.
        docs: torch's name of it.
        slopes: for an operand the formula of its gradient, and its slope, by letter.
        scale: how large the numbers were that were added, from the operands likewise; None: as the result.
        macs: multiplications that come with an addition, at each place.
    """

    what: str
    letters: str
    formula: str
    shown: str
    code: str
    value: Callable[..., Tensor]
    docs: str
    slopes: dict[str, tuple[str, Slope]] = field(default_factory=dict)
    scale: Callable[..., Tensor] | None = None
    macs: int = 0


Choice = Callable[[Reading], Pointwise | None]


def pointwise_op(signature: Signature, rule: Pointwise | Choice) -> Op:
    """The entry for `OPS`; a function chooses where a setting decides what is done (None: not explained)."""
    choose: Choice = (lambda _: rule) if isinstance(rule, Pointwise) else rule
    return Op(
        signature,
        partial(_explain, choose),
        partial(_gradient, choose),
        partial(_cost, choose),
        pointwise_reach,
    )


def _explain(choose: Choice, reading: Reading, at: Index) -> Account | None:
    rule = choose(reading)
    if rule is None:
        return None
    operands = _operands(rule, reading, at)
    in_order = [operands[letter] for letter in sorted(operands)]
    result = float(rule.value(*in_order))
    plain = {letter: float(each) for letter, each in operands.items()}
    numbers = rule.shown.format(**{letter: signed(each) for letter, each in plain.items()})
    step = Step("output", rule.formula, f"{numbers} = {number(result)}", result, _code(rule, plain, result))
    scale = abs(result) if rule.scale is None else float(rule.scale(*in_order))
    return Account(
        rule.what,
        rule.formula,
        step.numbers,
        result,
        DOCS.format(rule.docs),
        steps=(step,),
        scale=scale,
        notes=_spread_notes(reading),
    )


def _code(rule: Pointwise, plain: dict[str, float], result: float) -> str:
    """The calculation in Python, which raises where torch gives an infinity: then the result alone."""
    if not all(map(math.isfinite, (*plain.values(), result))):
        return literal(result)
    return rule.code.format(**{letter: f"({each!r})" for letter, each in plain.items()})


def _gradient(choose: Choice, reading: Reading, name: str, at: Index) -> Account:
    """What arrives × slope at every place that this number served, added up."""
    rule = choose(reading)
    assert rule is not None, f"{reading.node.name} is not explained"
    block = served(at, reading.shape(name), reading.output_shape)
    terms, same = _slope_terms(rule, reading, name, block)
    count = terms.values.numel() // max(len(same), 1)
    what = "The gradient that arrives, times the slope of the operation for this number."
    what += f" The number served {count:,} places, and their parts add up." if count > 1 else ""
    what += " It is taken twice, so both slopes count." if len(same) > 1 else ""
    formula = "\n".join(rule.slopes[each][0] for each in same) or "dx = 0"
    return Account(what, formula, written_out(terms), terms.result, DOCS.format(rule.docs), terms=terms)


def _slope_terms(
    rule: Pointwise, reading: Reading, name: str, block: tuple[slice, ...]
) -> tuple[Terms, list[str]]:
    """Gradient and slope at every place of a block; and the letters of the operands that the number is."""
    operands = _operands(rule, reading, block)
    arriving = reading.output_gradient[block].double()
    letters = dict(zip(_names(reading), rule.letters, strict=True))
    taken = [letter for each, letter in letters.items() if reading.arguments[each] == reading.arguments[name]]
    same = [letter for letter in taken if letter in rule.slopes]
    slopes = [rule.slopes[letter][1](**operands).expand(arriving.shape).flatten() for letter in same]
    places = _grid(block).repeat(len(same), 1).tolist()
    gradient = arriving.flatten().repeat(len(same))
    slope = torch.cat(slopes) if slopes else torch.zeros(0)
    return product(("place",), places_at("gradient", places), gradient=gradient, slope=slope), same


def _cost(choose: Choice, reading: Reading) -> Cost:
    rule = choose(reading)
    count = elements(reading.output_shape) * (rule.macs if rule else 0)
    return Cost(count, f"{show(reading.output_shape)} = {count:,}" if count else "")


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


def _operands(rule: Pointwise, reading: Reading, place: tuple[Any, ...]) -> Numbers:
    """The operands by letter at one place of the output, or at several, in float64.

    A plain number first takes the type in which torch computes: 0.1 is 0.10000000149 beside float32.
    """
    given = [reading[name] for name in _names(reading)]
    common = reduce(torch.promote_types, starmap(torch.result_type, pairwise(given)), torch.uint8)
    tensors = [each if isinstance(each, Tensor) else torch.as_tensor(each, dtype=common) for each in given]
    shape = reading.output_shape
    doubles = [tensor.expand(shape)[place].double() for tensor in tensors]
    return dict(zip(rule.letters, doubles, strict=True))


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
