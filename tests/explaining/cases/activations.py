"""Element-wise functions of one input: every option, on both sides of every corner."""

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from tests.explaining.case import Case

torch.manual_seed(0)
X = torch.randn(2, 4, 6) * 3
POSITIVE = X.abs() + 0.01
BETWEEN = torch.rand(2, 4, 6) - 0.5


def case(name, model, *ops, inputs: Any = X, **options):
    return Case(name, model, inputs, ops, **options)


MODULES = [
    case("relu", nn.ReLU(), "relu"),
    case("relu in place", lambda x: F.relu(x * 1.0, inplace=True), "relu"),
    case("relu of one number", lambda x: F.relu(x.sum()), "relu"),
    case("relu6", nn.ReLU6(), "hardtanh"),
    case("relu6 as a kernel", torch.ops.aten.relu6.default, "relu6"),
    case("leaky relu", nn.LeakyReLU(), "leaky_relu"),
    case("leaky relu 0.3 in place", lambda x: F.leaky_relu_(x * 1.0, 0.3), "leaky_relu"),
    case("prelu with one slope", nn.PReLU(init=0.3), "prelu"),
    case("prelu with a slope for each channel", nn.PReLU(4), "prelu"),
    case("prelu of pictures", nn.PReLU(3), "prelu", inputs=torch.randn(2, 3, 4, 5)),
    case("prelu of rows", nn.PReLU(5), "prelu", inputs=torch.randn(3, 5)),
    case("rrelu in evaluation", nn.RReLU(0.1, 0.5).eval(), "rrelu"),
    case("rrelu in training", nn.RReLU(0.1, 0.5), "rrelu"),
    case("elu", nn.ELU(), "elu"),
    case("elu 0.5", nn.ELU(0.5), "elu"),
    case("elu in place", lambda x: F.elu(x * 1.0, 1.5, inplace=True), "elu"),
    case("elu as a kernel, with its scales", lambda x: torch.ops.aten.elu.default(x, 1.5, 1.2, 0.8), "elu"),
    case("selu", nn.SELU(), "selu"),
    case("selu in place", lambda x: torch.selu_(x * 1.0), "selu"),
    case("celu", nn.CELU(), "celu"),
    case("celu 0.7 in place", lambda x: F.celu(x * 1.0, 0.7, inplace=True), "celu"),
    case("gelu", nn.GELU(), "gelu"),
    case("gelu by the hyperbolic tangent", nn.GELU("tanh"), "gelu"),
    case("gelu as a plain call", F.gelu, "gelu"),
    case("silu", nn.SiLU(), "silu"),
    case("mish", nn.Mish(), "mish"),
    case("hardswish", nn.Hardswish(), "hardswish"),
    case("hardsigmoid", nn.Hardsigmoid(), "hardsigmoid"),
    case("hardtanh", nn.Hardtanh(), "hardtanh"),
    case("hardtanh from -2 to 0.5", nn.Hardtanh(-2, 0.5), "hardtanh"),
    case("hardshrink", nn.Hardshrink(), "hardshrink"),
    case("hardshrink 1.5", nn.Hardshrink(1.5), "hardshrink"),
    case("softshrink", nn.Softshrink(), "softshrink"),
    case("softshrink 1.5", nn.Softshrink(1.5), "softshrink"),
    case("tanhshrink", nn.Tanhshrink(), "tanhshrink"),
    case("softplus", nn.Softplus(), "softplus"),
    case("softplus with beta and threshold", nn.Softplus(2.0, 3.0), "softplus"),
    case("softsign", nn.Softsign(), "softsign"),
    case("sigmoid", nn.Sigmoid(), "sigmoid"),
    case("log sigmoid", nn.LogSigmoid(), "log_sigmoid"),
    case("tanh", nn.Tanh(), "tanh"),
    case("threshold", nn.Threshold(0.1, 20.0), "threshold"),
    case("glu over channels", nn.GLU(1), "glu"),
    case("glu over the last axis", nn.GLU(), "glu"),
]
ELEMENTARY = [
    *(case(name, getattr(torch, name), name) for name in ("exp", "exp2", "expm1", "abs", "neg", "square")),
    *(case(name, getattr(torch, name), name) for name in ("sin", "cos", "erf", "reciprocal")),
    *(case(name, getattr(torch, name), name) for name in ("sign", "floor", "ceil", "trunc", "round")),
    *(case(name, getattr(torch, name), name, inputs=POSITIVE) for name in ("log", "log2", "log10")),
    *(case(name, getattr(torch, name), name, inputs=POSITIVE) for name in ("log1p", "sqrt", "rsqrt")),
    case("log1p near zero", torch.log1p, "log1p", inputs=BETWEEN * 1e-3),
    case("log1p towards minus one", torch.log1p, "log1p", inputs=BETWEEN * 1.99),
    case("expm1 near zero", torch.expm1, "expm1", inputs=BETWEEN * 1e-3),
    case("minus x", lambda x: -x, "neg"),
    case("round to two digits", lambda x: torch.round(x, decimals=2), "round"),
    case("round to tens", lambda x: torch.round(x * 10, decimals=-1), "round"),
    case("squared", lambda x: x**2, "pow"),
    case("cubed in place", lambda x: (x * 1.0).pow_(3), "pow"),
    case("to the power of 0", lambda x: x**0, "pow"),
    case("to the power of -1.5", lambda x: x.pow(-1.5), "pow", inputs=POSITIVE),
    case("to the power of a tensor", torch.pow, "pow", inputs=(POSITIVE, torch.randn(4, 1))),
    case("to the power of itself", lambda x: x**x, "pow", inputs=POSITIVE),
    case("two to the power of x", lambda x: 2**x, "rpow"),
    case("torch.pow of a number", lambda x: torch.pow(2, x), "pow"),
    case("clamp to 0 and 1", lambda x: x.clamp(0, 1), "clamp"),
    case("clamp from below", lambda x: x.clamp(min=0.5), "clamp"),
    case("clamp from above", lambda x: torch.clamp(x, max=0.5), "clamp"),
    case("clamp_min", lambda x: x.clamp_min(0.5), "clamp"),
    case("clamp_max", lambda x: x.clamp_max(0.5), "clamp_max"),
    case("clamp with limits the wrong way round", lambda x: x.clamp(1.0, -1.0), "clamp"),
    case("clamp by tensors", torch.clamp, "clamp", inputs=(X, torch.randn(4, 1), torch.randn(6))),
    case("clamp by a tensor of one number", torch.clamp, "clamp", inputs=(X, torch.tensor(0.5))),
    case("clamp_max by a tensor", torch.clamp_max, "clamp_max", inputs=(X, torch.tensor(0.5))),
    case("numbers for what is none", lambda x: (1 / x.relu()).nan_to_num(0.5, 2.0, -2.0), "nan_to_num"),
]
SQRT = case("square root of 0", lambda x: x.relu().sqrt(), "sqrt", reaches=False)  # 0·∞ is no number
HARD = [  # zeros, corners, sizes where the smooth ones go flat
    case(
        f"{name} at its corners",
        model,
        *ops,
        inputs=torch.tensor([[-30.0, -3.0, -1.0, -0.5, -1e-4, 0.0, 1e-4, 0.5, 1.0, 3.0, 6.0, 30.0]]),
    )
    for name, model, *ops in [
        ("relu", nn.ReLU(), "relu"),
        ("relu6", nn.ReLU6(), "hardtanh"),
        ("elu", nn.ELU(), "elu"),
        ("celu", nn.CELU(2.0), "celu"),
        ("selu", nn.SELU(), "selu"),
        ("gelu", nn.GELU(), "gelu"),
        ("gelu tanh", nn.GELU("tanh"), "gelu"),
        ("silu", nn.SiLU(), "silu"),
        ("mish", nn.Mish(), "mish"),
        ("hardswish", nn.Hardswish(), "hardswish"),
        ("hardsigmoid", nn.Hardsigmoid(), "hardsigmoid"),
        ("hardshrink", nn.Hardshrink(), "hardshrink"),
        ("softshrink", nn.Softshrink(), "softshrink"),
        ("tanhshrink", nn.Tanhshrink(), "tanhshrink"),
        ("softplus", nn.Softplus(), "softplus"),
        ("softsign", nn.Softsign(), "softsign"),
        ("sigmoid", nn.Sigmoid(), "sigmoid"),
        ("log sigmoid", nn.LogSigmoid(), "log_sigmoid"),
        ("tanh", nn.Tanh(), "tanh"),
        ("clamp", lambda x: x.clamp(-1, 1), "clamp"),
        ("leaky relu", nn.LeakyReLU(), "leaky_relu"),
        ("threshold", nn.Threshold(0.5, -1.0), "threshold"),
        ("abs", torch.abs, "abs"),
        ("erf", torch.erf, "erf"),
        ("expm1", torch.expm1, "expm1"),
        ("sin", torch.sin, "sin"),
    ]
]
CASES = [SQRT, *MODULES, *ELEMENTARY, *HARD]
