"""Elementary functions, element by element: a line in the table for each."""

from dataclasses import replace

import torch

from convscope.explaining.account import Index
from convscope.explaining.formula import INFINITY, PI, symbols, where
from convscope.explaining.functions import (
    ceil,
    cos,
    erf,
    exp,
    expm1,
    floor,
    is_finite,
    is_nan,
    ln,
    log1p,
    log2,
    log10,
    rounded,
    sin,
    sqrt,
    trunc,
)
from convscope.explaining.ops.elementwise.curve import SLOPE, Curve, Names, x
from convscope.explaining.reading import Reading

n, tens, nan, posinf, neginf = symbols("n tens nan posinf neginf")


ROUNDED = "The steps are flat, so no gradient passes."


def replaced(reading: Reading, at: Index) -> Names:  # noqa: ARG001
    """What stands for infinity where nothing was said: the largest number of the type."""
    largest = torch.finfo(reading.value("input").dtype).max
    given = {nan: 0.0, posinf: largest, neginf: -largest}
    return {symbol: value for symbol, value in given.items() if reading.arguments[symbol.name] is None}


def digits(reading: Reading, at: Index) -> Names:  # noqa: ARG001
    """Ten to the number of digits that stay."""
    return {tens: 10.0 ** int(reading["decimals"])}


CURVES = {
    "exp": Curve("e to the power of x: always positive, and it grows fast.", exp(x), exp(x)),
    "exp2": Curve("2 to the power of x.", 2**x, 2**x * ln(2)),
    "expm1": Curve(
        "exp(x) − 1, exact also near zero.",
        expm1(x),
        exp(x),
        slope_size=2 + expm1(x),  # the network has y + 1, with y close to −1
    ),
    "log": Curve("The natural logarithm: exp undone.", ln(x), 1 / x),
    "log1p": Curve(
        "log(1 + x), exact also near zero.",
        log1p(x),
        1 / (1 + x),
        slope_size=(1 + abs(x)) / (1 + x) ** 2,
    ),
    "log2": Curve("The logarithm to base 2.", log2(x), 1 / (x * ln(2))),
    "log10": Curve("The logarithm to base 10.", log10(x), 1 / (x * ln(10))),
    "sqrt": Curve("The square root.", sqrt(x), 1 / (2 * sqrt(x))),
    "rsqrt": Curve("One over the square root.", 1 / sqrt(x), -1 / (2 * x * sqrt(x))),
    "abs": Curve("The size of x, without its sign.", abs(x), where(x > 0, 1, where(x < 0, -1, 0))),
    "neg": Curve("x with its sign turned.", -x, -1),
    "square": Curve("x times itself.", x**2, 2 * x),
    "reciprocal": Curve("One over x.", 1 / x, -1 / x**2),
    "sin": Curve("The sine.", sin(x), cos(x)),
    "cos": Curve("The cosine.", cos(x), -sin(x)),
    "erf": Curve(
        "The error function: which share of a normal distribution lies within ±x·√2.",
        erf(x),
        2 * exp(-(x**2)) / sqrt(PI),
        slope_size=SLOPE * (1 + x**2),  # x² is rounded, which exp turns into a relative error
    ),
    "sign": Curve("1 above zero, −1 below, 0 at zero.", where(x > 0, 1, where(x < 0, -1, 0)), 0),
    "floor": Curve(f"The next whole number below. {ROUNDED}", floor(x), 0),
    "ceil": Curve(f"The next whole number above. {ROUNDED}", ceil(x), 0),
    "trunc": Curve(f"The digits before the point. {ROUNDED}", trunc(x), 0),
    "round": Curve(
        f"The nearest whole number, halves to the even one. {ROUNDED}",
        where(tens.is_(1), rounded(x), rounded(x * tens) / tens),
        0,
        "decimals=0",
        further=digits,
    ),
    "nan_to_num": Curve(
        "What is not a number, or infinite, is replaced.",
        where(is_nan(x), nan, where(x.is_(INFINITY), posinf, where(x.is_(-INFINITY), neginf, x))),
        where(is_finite(x), 1, 0),
        "nan=None posinf=None neginf=None",
        further=replaced,
    ),
    "pow": Curve(
        "x to the power of n.",
        x**n,
        where(n.is_(0), 0, n * x ** (n - 1)),
        "exponent",
        {"exponent": n},
        slopes={"exponent": where(abs(x) > 0, ln(x) * x**n, where(n >= 0, 0, ln(x) * x**n))},
    ),
}
CURVES["rpow"] = replace(
    CURVES["pow"],
    what="n to the power of x.",
    value=n**x,
    slope=ln(n) * n**x,
    page="pow",
)

# What keeps the inputs where these give finite numbers.
CAUTIONS = {
    "log": "Keep the numbers above zero: torch.log(x.clamp_min(1e-8)); log_softmax for log of softmax.",
    "sqrt": "Keep the numbers at zero or above: torch.sqrt(x.clamp_min(0)).",
    "exp": "Subtract the largest number first (softmax and logsumexp do that).",
    "pow": "Negative numbers have no real root, and 0 no negative power.",
}
OPS = {name: replace(curve.op, caution=CAUTIONS.get(name, "")) for name, curve in CURVES.items()}
