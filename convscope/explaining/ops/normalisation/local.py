"""Local response normalisation: a number is divided by how large its neighbours in other channels are."""

from typing import Any

import torch
from torch import Tensor

from convscope.explaining.account import Account, Index, Step, product
from convscope.explaining.boxes import Boxes
from convscope.explaining.formula import Symbol, summed, symbols
from convscope.explaining.op import Op, Role, free
from convscope.explaining.ops.elementwise.curve import DOCS, same_size, smallest
from convscope.explaining.reading import Reading

x, y, dx, dy, d, k, s, α, β, size, c, j = symbols("x y dx dy d k s α β size c j")
own, others, SLOPE = symbols("own others slope")
SOURCE = f"{DOCS}nn.LocalResponseNorm.html"


def _settings(reading: Reading) -> dict[Symbol, Any]:
    """Size of the window, α, β and k."""
    numbers = {α: float(reading["alpha"]), β: float(reading["beta"]), k: float(reading["k"])}
    return {size: int(reading["size"]), **numbers}


def _window(channel: int, size: int, channels: int) -> tuple[int, int]:
    """The channels that count for one: an even window has one more before than behind."""
    return max(channel - size // 2, 0), min(channel + (size - 1) // 2 + 1, channels)


def explain_local(reading: Reading, at: Index) -> Account:
    """The number over (k + α·mean of squares)^β."""
    settings = _settings(reading)
    low, high = _window(at[1], settings[size], reading.shape("input")[1])
    column = reading["input"][(at[0], slice(None), *at[2:])].double()
    near = column[low:high]
    where = {"input": torch.tensor([(at[0], channel, *at[2:]) for channel in range(low, high)])}
    terms = product(("channel",), where, **{"input": near, "input again": near})
    mean = Step("mean square", s.equals(summed(x**2) / size), settings, terms)
    below = Step("divisor", d.equals((k + α * s) ** β), {s: mean, **settings})
    last = Step("output", y.equals(x / d), {x: float(column[at[1]]), d: below})
    what = f"The more there is in the {settings[size]} channels around it, the more a number is divided."
    missing = settings[size] - (high - low)
    note = f"{missing} of {settings[size]} channels lie beyond the first or the last and count as 0."
    return Account(
        what,
        y.equals(x / (k + α * (summed(x**2) / size)) ** β),
        SOURCE,
        steps=(mean, below, last),
        scale=max(abs(last.value), smallest(reading.output_value.dtype)),
        notes=(note,) * (missing > 0),
    )


def local_gradient(reading: Reading, name: str, at: Index) -> Account:  # noqa: ARG001 - there is one tensor
    """Its own output, and every output whose divisor it is part of."""
    settings = _settings(reading)
    count, a, b = (float(settings[each]) for each in (size, α, β))
    column, place = (at[0], slice(None), *at[2:]), at[1]
    numbers, above = reading["input"][column].double(), reading.output_gradient[column].double()
    base = settings[k] + a * _window_means(numbers, settings[size])
    reached = [
        each for each in range(len(numbers)) if place in range(*_window(each, settings[size], len(numbers)))
    ]
    slopes = -2 * a * b / count * float(numbers[place]) * numbers[reached] * base[reached] ** (-b - 1)
    where = {"gradient": torch.tensor([(at[0], channel, *at[2:]) for channel in reached])}
    terms = product(("channel",), where, gradient=above[reached], slope=slopes)
    direct = Step("own", own.equals(dy / d), {dy: float(above[place]), d: float(base[place] ** b)})
    shared = Step("of the divisors", others.equals(summed(dy * SLOPE)), {}, terms)
    last = Step("gradient", dx.equals(own + others), {own: direct, others: shared})
    what = "The number counts in its own output, and in the divisors of its neighbours."
    near = summed(dy[j] * x[j] / (k + α * s[j]) ** (β + 1))
    formula = dx[c].equals(dy[c] / d[c] - 2 * α * β / size * x[c] * near)
    scale = max(abs(direct.value) + terms.size, smallest(reading.output_value.dtype))
    return Account(what, formula, SOURCE, steps=(direct, shared, last), scale=scale)


def _window_means(x: Tensor, size: int) -> Tensor:
    """Mean of squares around each channel; channels that are missing count as 0."""
    sums = [x[slice(*_window(channel, size, len(x)))].square().sum() for channel in range(len(x))]
    return torch.stack(sums) / size


def local_reach(reading: Reading, boxes: Boxes) -> dict[str, Boxes | list[Boxes]]:
    """The channels of the window."""
    count, wide = int(reading["size"]), boxes.copy()
    wide[..., 1, 0] -= count // 2
    wide[..., 1, 1] += (count - 1) // 2
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
