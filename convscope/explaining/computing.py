"""A formula computed on tensors, as torch does it: ln 0 and 1/0 are numbers there."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from convscope.explaining.formula import (
    Choice,
    Condition,
    Constant,
    Equation,
    Formula,
    Fraction,
    FunctionCall,
    Negative,
    Number,
    Power,
    Product,
    Sum,
)
from convscope.explaining.working import COMPARE

# Functions that torch calls something else; all others have their own name there.
FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "ln": torch.log,
    "σ": torch.sigmoid,
    "max": torch.maximum,
    "min": torch.minimum,
    "mod": torch.remainder,
    "and": lambda a, b: (a.long() & b.long()).double(),
    "or": lambda a, b: (a.long() | b.long()).double(),
    "xor": lambda a, b: (a.long() ^ b.long()).double(),
}


def computed(given: Formula, values: Mapping[Any, Tensor]) -> Tensor:
    """What a formula comes to with float64 tensors for its symbols; their shapes are broadcast.

    >>> from convscope.explaining.formula import symbols
    >>> a, b = symbols("a b")
    >>> computed(a / b, {a: torch.ones(2).double(), b: torch.tensor([2.0, 0.0]).double()}).tolist()
    [0.5, inf]
    """
    return values[given] if given in values else COMPUTE[type(given)](given, values)


def _several(given: Sum | Product | FunctionCall, values: Mapping[Any, Tensor]) -> list[Tensor]:
    parts = given.arguments if isinstance(given, FunctionCall) else given.parts
    return [computed(each, values) for each in parts]


def _choice(given: Choice, values: Mapping[Any, Tensor]) -> Tensor:
    condition, value, otherwise = (
        computed(each, values) for each in (given.condition, given.value, given.otherwise)
    )
    return torch.where(condition != 0, value, otherwise)


def _comparison(given: Condition, values: Mapping[Any, Tensor]) -> Tensor:
    left, right = computed(given.left, values), computed(given.right, values)
    return torch.as_tensor(COMPARE[given.sign](left, right)).double()  # pyright: ignore[reportArgumentType]


def _call(given: FunctionCall, values: Mapping[Any, Tensor]) -> Tensor:
    return (FUNCTIONS.get(given.name) or getattr(torch, given.name))(*_several(given, values))


COMPUTE: dict[type, Callable[[Any, Mapping[Any, Tensor]], Tensor]] = {
    Number: lambda given, _: torch.tensor(given.value, dtype=torch.float64),
    Constant: lambda given, _: torch.tensor(given.value, dtype=torch.float64),
    Sum: lambda given, values: torch.as_tensor(sum(_several(given, values))),
    Product: lambda given, values: torch.as_tensor(math.prod(_several(given, values))),
    Negative: lambda given, values: -computed(given.inner, values),
    Fraction: lambda given, values: computed(given.above, values) / computed(given.below, values),
    Power: lambda given, values: computed(given.base, values) ** computed(given.exponent, values),
    FunctionCall: _call,
    Condition: _comparison,
    Choice: _choice,
    Equation: lambda given, values: computed(given.right, values),
}
