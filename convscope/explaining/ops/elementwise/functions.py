"""Elementary functions, element by element: a line in the table for each."""

from dataclasses import replace

import torch

from convscope.explaining.ops.elementwise.curve import Curve
from convscope.explaining.ops.elementwise.expression import Names
from convscope.explaining.plain import Index
from convscope.explaining.reading import Reading

ROUNDED = "The steps are flat, so no gradient passes."


def replaced(reading: Reading, at: Index) -> Names:  # noqa: ARG001
    """What stands for infinity where nothing was said: the largest number of the type."""
    largest = torch.finfo(reading.value("input").dtype).max
    given = {"nan": 0.0, "posinf": largest, "neginf": -largest}
    return {name: value for name, value in given.items() if reading.arguments[name] is None}


def digits(reading: Reading, at: Index) -> Names:  # noqa: ARG001
    """Ten to the number of digits that stay."""
    return {"tens": 10.0 ** int(reading["decimals"])}


CURVES = {
    "exp": Curve("e to the power of x: always positive, and it grows fast.", "math.exp(x)", "math.exp(x)"),
    "exp2": Curve("2 to the power of x.", "math.pow(2, x)", "math.pow(2, x) * math.log(2)"),
    "expm1": Curve(
        "exp(x) − 1, exact also near zero.",
        "math.expm1(x)",
        "math.exp(x)",
        slope_size="2 + math.expm1(x)",  # the network has y + 1, with y close to −1
    ),
    "log": Curve("The natural logarithm: exp undone.", "math.log(x)", "1 / x"),
    "log1p": Curve(
        "log(1 + x), exact also near zero.",
        "math.log1p(x)",
        "1 / (1 + x)",
        slope_size="(1 + abs(x)) / (1 + x) ** 2",
    ),
    "log2": Curve("The logarithm to base 2.", "math.log2(x)", "1 / (x * math.log(2))"),
    "log10": Curve("The logarithm to base 10.", "math.log10(x)", "1 / (x * math.log(10))"),
    "sqrt": Curve("The square root.", "math.sqrt(x)", "1 / (2 * math.sqrt(x))"),
    "rsqrt": Curve("One over the square root.", "1 / math.sqrt(x)", "-1 / (2 * x * math.sqrt(x))"),
    "abs": Curve("The size of x, without its sign.", "abs(x)", "1.0 if x > 0 else -1.0 if x < 0 else 0.0"),
    "neg": Curve("x with its sign turned.", "-x", "-1.0"),
    "square": Curve("x times itself.", "x ** 2", "2 * x"),
    "reciprocal": Curve("One over x.", "1 / x", "-1 / x ** 2"),
    "sin": Curve("The sine.", "math.sin(x)", "math.cos(x)"),
    "cos": Curve("The cosine.", "math.cos(x)", "-math.sin(x)"),
    "erf": Curve(
        "The error function: which share of a normal distribution lies within ±x·√2.",
        "math.erf(x)",
        "2 * math.exp(-x ** 2) / math.sqrt(math.pi)",
        slope_size="slope * (1 + x ** 2)",  # x² is rounded, which exp turns into a relative error
    ),
    "sign": Curve("1 above zero, −1 below, 0 at zero.", "1.0 if x > 0 else -1.0 if x < 0 else 0.0", "0.0"),
    "floor": Curve(f"The next whole number below. {ROUNDED}", "math.floor(x)", "0.0"),
    "ceil": Curve(f"The next whole number above. {ROUNDED}", "math.ceil(x)", "0.0"),
    "trunc": Curve(f"The digits before the point. {ROUNDED}", "math.trunc(x)", "0.0"),
    "round": Curve(
        f"The nearest whole number, halves to the even one. {ROUNDED}",
        "round(x) if tens == 1 else round(x * tens) / tens",
        "0.0",
        "decimals=0",
        further=digits,
    ),
    "nan_to_num": Curve(
        "What is not a number, or infinite, is replaced.",
        "nan if math.isnan(x) else posinf if x == math.inf else neginf if x == -math.inf else x",
        "1.0 if math.isfinite(x) else 0.0",
        "nan=None posinf=None neginf=None",
        further=replaced,
    ),
    "pow": Curve(
        "x to the power of n.",
        "math.pow(x, n)",
        "0.0 if n == 0 else n * math.pow(x, n - 1)",
        "exponent",
        {"exponent": "n"},
        slopes={"exponent": "0.0 if x == 0 and n >= 0 else math.log(x) * math.pow(x, n)"},
    ),
}
CURVES["rpow"] = replace(
    CURVES["pow"],
    what="n to the power of x.",
    value="math.pow(n, x)",
    slope="math.log(n) * math.pow(n, x)",
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
