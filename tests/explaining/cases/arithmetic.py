"""Number by number, and many numbers to one."""

from collections.abc import Callable
from typing import Any

import torch

from tests.explaining.case import Case

torch.manual_seed(0)
X, ROW, COLUMN = torch.randn(2, 3, 4), torch.randn(4), torch.rand(3, 1) + 0.5
XY = (X, ROW, COLUMN)
TIED = torch.tensor([[1.0, 3.0, 3.0], [2.0, 2.0, -1.0]])


def case(name: str, model: Callable[..., Any], *ops: str, inputs: Any = XY, **options: Any) -> Case:
    return Case(name, model, inputs, ops=ops, **options)


def in_place(x: torch.Tensor, row: torch.Tensor, column: torch.Tensor) -> torch.Tensor:
    y = x * 1.0
    y += row
    y *= column
    y -= 0.5
    y /= 3
    return y


POINTWISE = [
    case("add", lambda x, r, c: x + r + c, "add"),
    case("add alpha", lambda x, r, c: torch.add(x, r, alpha=0.3), "add"),
    case("add to itself", lambda x, r, c: x + x, "add"),
    case("add a number", lambda x, r, c: 0.1 + x, "add"),
    case("add one number of a tensor", lambda x, r, c: x + r[0], "add"),
    case("sub", lambda x, r, c: torch.sub(x, c, alpha=2) - r, "sub"),
    case("rsub", lambda x, r, c: (1 - x) + torch.rsub(x, r, alpha=3), "rsub"),
    case("mul", lambda x, r, c: x * r * c * 0.1, "mul"),
    case("square by mul", lambda x, r, c: x * x, "mul"),
    case("in place", in_place, "add", "mul", "sub", "div"),
    case("div", lambda x, r, c: x / c / 3, "div"),
    case("divided by itself", lambda x, r, c: c / c, "div"),
    case("rdiv", lambda x, r, c: 2 / c, "rdiv"),
    case(
        "div rounded",
        lambda x, r, c: torch.div(x, c, rounding_mode="floor") + torch.div(x, r, rounding_mode="trunc"),
        "div",
    ),
    case(
        "floor divide",
        lambda x, r, c: (x // 0.1, 7 // c),
        "floor_divide",
        "rfloor_divide",
        gradients=False,
        reaches=False,
    ),
    case("remainder", lambda x, r, c: x % 0.3 + x.remainder(r), "remainder"),
    case("remainder of a number", lambda x, r, c: 2 % c, "rremainder", gradients=False, reaches=False),
    case("fmod", lambda x, r, c: torch.fmod(x, 0.3) + torch.fmod(x, c), "fmod"),
    case("pow", lambda x, r, c: x**2 + c**-1.5 + torch.pow(c, r) + torch.pow(2, x), "pow"),
    case("pow of itself", lambda x, r, c: c**c, "pow"),
    case("pow by zero", lambda x, r, c: (x * 0) ** 0 + x**0, "pow"),
    case("rpow", lambda x, r, c: 2**x, "rpow"),
    case("addcmul", lambda x, r, c: torch.addcmul(x, r, c, value=-0.5), "addcmul"),
    case("addcdiv", lambda x, r, c: torch.addcdiv(x, r, c, value=2), "addcdiv"),
    case("lerp", lambda x, r, c: torch.lerp(x, r, 0.3) + torch.lerp(x, r, c), "lerp"),
    case("maximum, minimum", lambda x, r, c: torch.maximum(x, r) + torch.minimum(x, c), "maximum", "minimum"),
    case(
        "maximum of equals",
        lambda x: torch.maximum(x, x + 0) + torch.minimum(x, x),
        "maximum",
        "minimum",
        inputs=TIED,
    ),
    case("max of two", lambda x, r, c: torch.max(x, r) + x.min(c), "max", "min"),
    case(
        "where",
        lambda x, r, c: torch.where(x > 0, x, r) + x.where(x > 0, 0.5) + torch.where(x > r, 1.0, c),
        "where",
    ),
    case("masked fill", lambda x, r, c: x.masked_fill(x > 0, 0.1), "masked_fill"),
    case("masked fill with infinity", lambda x, r, c: x.masked_fill(r > 0, -torch.inf).exp(), "masked_fill"),
    case(
        "comparisons",
        lambda x, r, c: (x > r, x >= x, x < 0.1, x <= 0, x == x, x != c),
        "gt",
        "ge",
        "lt",
        "le",
        "eq",
        "ne",
        gradients=False,
    ),
    case("compared with 0.1", lambda x, r, c: (x * 0 + 0.1) == 0.1, "eq", gradients=False),
    case(
        "logic",
        lambda x, r, c: (x.logical_and(r), x.logical_or(r), x.logical_xor(c), torch.logical_not(x)),
        "logical_and",
        "logical_or",
        "logical_xor",
        "logical_not",
        gradients=False,
    ),
    case(
        "bits",
        lambda x, r, c: ((x > 0) & (r > 0), (x > 0) | (r > 0), (x > 0) ^ (c > 1), ~(x > 0)),
        "and",
        "or",
        "xor",
        "invert",
        gradients=False,
    ),
    case(
        "bits of numbers",
        lambda x, r, c: ((9 * x).long() & 6, (9 * x).long() | 6, ~(9 * x).long()),
        "and",
        "or",
        "invert",
        gradients=False,
    ),
    case("double precision", lambda x, r, c: x.double() * 0.1 + r / 3, "mul", "add", "div"),
    case("half precision", lambda x, r, c: x.half() * 0.1 + r.half(), "mul", "add"),
    case(
        "whole numbers",
        lambda x, r, c: (9 * x).long() * 2 - 1 + (4 * r).long(),
        "mul",
        "sub",
        "add",
        gradients=False,
    ),
]
REDUCED = [
    case("sum", lambda x: x.sum() + x.sum(1)[0, 0] + x.sum((0, -1), keepdim=True).sum(), "sum", inputs=X),
    case("sum by NumPy's names", lambda x: x.sum(axis=1, keepdims=True), "sum", inputs=X),
    case("sum of truths", lambda x: ((x > 0).sum(), (x > 0).sum(0)), "sum", inputs=X, gradients=False),
    case(
        "sum in whole numbers", lambda x: (3 * x).sum(1, dtype=torch.int64), "sum", inputs=X, gradients=False
    ),
    case(
        "mean", lambda x: x.mean() * x.mean((1, 2), True).sum() + torch.mean(x, dim=0).sum(), "mean", inputs=X
    ),
    case(
        "var",
        lambda x: (
            x.var(),
            x.var(1),
            torch.var(x, 2, unbiased=False),
            x.var(unbiased=False),
            torch.var(x, dim=(0, 1), correction=2, keepdim=True),
        ),
        "var",
        inputs=X,
    ),
    case("var far from zero", lambda x: (x + 1000).var(1), "var", inputs=X),
    case("std", lambda x: (x.std(), x.std(-1), torch.std(x, 1, False, True)), "std", inputs=X),
    case("std of equals", lambda x: (x * 0 + 1).std(1), "std", inputs=X),
    case("var and mean", lambda x: torch.var_mean(x, 1), "var_mean", inputs=X),
    case("std and mean", lambda x: torch.std_mean(x, dim=(0, 2), correction=0), "std_mean", inputs=X),
    case(
        "max, min",
        lambda x: x.max() + x.min() + x.max(1)[0].sum() + torch.min(x, dim=-1, keepdim=True)[0].sum(),
        "max",
        "min",
        inputs=X,
    ),
    case("max of equals", lambda x: x.max() + x.min(), "max", "min", inputs=TIED),
    case(
        "max of equals along an axis", lambda x: x.max(1).values + x.min(1).values, "max", "min", inputs=TIED
    ),
    case(
        "amax, amin",
        lambda x: x.amax((0, 1)) + x.amin(1, keepdim=True).sum() + x.amax(),
        "amax",
        "amin",
        inputs=TIED.expand(2, 2, 3),
    ),
    case(
        "argmax, argmin",
        lambda x: (x.argmax(), x.argmax(1), torch.argmin(x, dim=-1, keepdim=True)),
        "argmax",
        "argmin",
        inputs=TIED,
        gradients=False,
    ),
    case("prod", lambda x: x.prod() + x.prod(1).sum() + torch.prod(x, 2, True).sum(), "prod", inputs=X),
    case(
        "norm",
        lambda x: x.norm() + x.norm(dim=1).sum() + torch.norm(x, p=1) + x.norm(3, (0, 1), True).sum(),
        "norm",
        inputs=X,
    ),
    case(
        "norm of the largest",
        lambda x: x.norm(torch.inf, 1) + torch.norm(x, p=-torch.inf, dim=1),
        "norm",
        inputs=TIED,
    ),
    case("norm that counts", lambda x: x.norm(0, 1), "norm", inputs=TIED),
    case(
        "linalg norms",
        lambda x: torch.linalg.norm(x) + torch.linalg.vector_norm(x, 1.5, dim=(0, 2)).sum(),
        "linalg_norm",
        "vector_norm",
        inputs=X,
    ),
    case("cumsum", lambda x: x.cumsum(1) + torch.cumsum(x, dim=-1), "cumsum", inputs=X),
    case(
        "any, all",
        lambda x: ((x > 0).any(), (x > 0).all(1), (x > -9).all(), (x > 1).any(1, keepdim=True)),
        "any",
        "all",
        inputs=X,
        gradients=False,
    ),
]
CASES = [*POINTWISE, *REDUCED]
