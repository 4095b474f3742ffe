"""Local response normalisation: a number is divided by how large its neighbours in other channels are."""

import torch
from torch import Tensor

from convscope.explaining.boxes import Boxes
from convscope.explaining.op import Op, Role
from convscope.explaining.ops.curve import DOCS, free, same_size, smallest
from convscope.explaining.plain import Account, Index, Step, number, product, signed
from convscope.explaining.reading import Reading

SOURCE = f"{DOCS}nn.LocalResponseNorm.html"


def _settings(reading: Reading) -> tuple[int, float, float, float]:
    """Size of the window, α, β and k."""
    return int(reading["size"]), float(reading["alpha"]), float(reading["beta"]), float(reading["k"])


def _window(channel: int, size: int, channels: int) -> tuple[int, int]:
    """The channels that count for one: an even window has one more before than behind."""
    return max(channel - size // 2, 0), min(channel + (size - 1) // 2 + 1, channels)


def explain_local(reading: Reading, at: Index) -> Account:
    """The number over (k + α·mean of squares)^β."""
    size, alpha, beta, k = _settings(reading)
    low, high = _window(at[1], size, reading.shape("input")[1])
    column = reading["input"][(at[0], slice(None), *at[2:])].double()
    near = column[low:high]
    where = {"input": torch.tensor([(at[0], channel, *at[2:]) for channel in range(low, high)])}
    terms = product(("channel",), where, **{"input": near, "input again": near})
    total, x = terms.result, float(column[at[1]])
    mean = Step(
        "mean square",
        "s = Σx² / size",
        f"{number(total)} / {size} = {number(total / size)}",
        total / size,
        f"math.fsum(terms) / {size}",
        terms,
    )
    base = k + alpha * mean.value
    below = Step(
        "divisor",
        "d = (k + α·s)^β",
        f"({number(k)} + {number(alpha)}·{number(mean.value)})^{number(beta)} = {number(base**beta)}",
        base**beta,
        f"({k!r} + {alpha!r} * mean_square) ** {beta!r}",
    )
    y = x / below.value
    last = Step(
        "output", "y = x / d", f"{number(x)} / {number(below.value)} = {number(y)}", y, f"{x!r} / divisor"
    )
    what = f"The more there is in the {size} channels around it, the more a number is divided."
    missing = size - (high - low)
    notes = (
        (f"{missing} of {size} channels lie beyond the first or the last and count as 0.",) if missing else ()
    )
    scale = max(abs(y), smallest(reading.output_value.dtype))
    formula = "y = x / (k + α/size·Σx²)^β"
    return Account(
        what, formula, last.numbers, y, SOURCE, steps=(mean, below, last), scale=scale, notes=notes
    )


def local_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - there is one tensor
    """Its own output, and every output whose divisor it is part of."""
    size, alpha, beta, k = _settings(reading)
    column = (at[0], slice(None), *at[2:])
    x, dy = reading["input"][column].double(), reading.output_gradient[column].double()
    base = k + alpha * _window_means(x, size)
    c = at[1]
    direct = float(dy[c] * base[c] ** -beta)
    reached = [each for each in range(len(x)) if c in range(*_window(each, size, len(x)))]
    slopes = -2 * alpha * beta / size * float(x[c]) * x[reached] * base[reached] ** (-beta - 1)
    where = {"gradient": torch.tensor([(at[0], channel, *at[2:]) for channel in reached])}
    terms = product(("channel",), where, gradient=dy[reached], slope=slopes)
    own = Step(
        "own",
        "dy / d",
        f"{signed(float(dy[c]))} / {number(float(base[c] ** beta))} = {number(direct)}",
        direct,
        repr(direct),
    )
    value = direct + terms.result
    shared = Step(
        "of the divisors", "Σ dy·∂y/∂x", number(terms.result), terms.result, "math.fsum(terms)", terms
    )
    last = Step(
        "gradient",
        "own + of the divisors",
        f"{number(direct)} + {signed(terms.result)} = {number(value)}",
        value,
        "own + of_the_divisors",
    )
    what = "The number counts in its own output, and in the divisors of its neighbours."
    formula = "dx_c = dy_c/d_c − 2αβ/size·x_c·Σ dy_j·x_j/(k + α·s_j)^(β + 1)"
    scale = max(abs(direct) + terms.size, smallest(reading.output_value.dtype))
    return Account(what, formula, last.numbers, value, SOURCE, steps=(own, shared, last), scale=scale)


def _window_means(x: Tensor, size: int) -> Tensor:
    """Mean of squares around each channel; channels that are missing count as 0."""
    sums = [x[slice(*_window(channel, size, len(x)))].square().sum() for channel in range(len(x))]
    return torch.stack(sums) / size


def local_reach(reading: Reading, boxes: Boxes) -> dict[str, Boxes | list[Boxes]]:
    """The channels of the window."""
    size = int(reading["size"])
    wide = boxes.copy()
    wide[..., 1, 0] -= size // 2
    wide[..., 1, 1] += (size - 1) // 2
    return {"input": wide}


LOCAL_RESPONSE_NORM = Op(
    "input size alpha=0.0001 beta=0.75 k=1",
    explain_local,
    local_gradient,
    free,
    local_reach,
    same_size,
    role=Role.NORMALISATION,
)
