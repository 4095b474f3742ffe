"""One step of an optimizer for one weight, with all its numbers.

The gradient says which way is up; the rule says how far to go down. The account is as for any operation:
steps with their numbers, and Python that computes them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from convscope.errors import ShapeError
from convscope.explaining.plain import Account, Index, Step, number, signed

SGD_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html"
ADAM_PAPER = "https://arxiv.org/abs/1412.6980"  # Kingma, Ba 2015, algorithm 1
ADAMW_PAPER = "https://arxiv.org/abs/1711.05101"  # Loshchilov, Hutter 2019, algorithm 2


@dataclass(frozen=True)
class SGDUpdate:
    """Stochastic gradient descent, as `torch.optim.SGD` does it.

    Attributes:
        rate: learning rate.
        momentum: how much of the last step's direction stays; 0: plain descent.
        nesterov: look ahead along the new direction.
        decay: weight decay, added to the gradient.
    """

    rate: float
    momentum: float = 0.0
    nesterov: bool = False
    decay: float = 0.0


@dataclass(frozen=True)
class AdamUpdate:
    """Adam, as `torch.optim.Adam` does it; AdamW with `decoupled`.

    Attributes:
        rate: learning rate.
        betas: how much stays of the mean of the gradients, and of the mean of their squares.
        epsilon: what keeps the division from being one by zero.
        decay: weight decay: added to the gradient, or where `decoupled`, taken off the weight itself.
        decoupled: AdamW.
    """

    rate: float
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    decay: float = 0.0
    decoupled: bool = False


@dataclass(frozen=True)
class State:
    """What an optimizer remembers of the steps before.

    The tensors have the weight's shape; they are None before the first step.

    Attributes:
        step: the number of this step, from 1.
        mean: SGD: the momentum buffer; Adam: the running mean of the gradients (`exp_avg`).
        square: Adam: the running mean of their squares (`exp_avg_sq`).
    """

    step: int = 1
    mean: Tensor | None = None
    square: Tensor | None = None


def optimizer_step(
    weight: Tensor, gradient: Tensor, rule: SGDUpdate | AdamUpdate, state: State | None = None, *, at: Index
) -> Account:
    """Take one optimizer step of one weight apart.

    Args:
        weight: the weights before the step.
        gradient: d(loss)/d(weight), same shape.
        rule: the optimizer and its settings.
        state: what it remembers; None at the first step.
        at: index of the weight.

    Returns:
        Steps in order; the result is the weight after the step, in float64.

    Raises:
        ShapeError: the gradient or the state is not of the weight's shape, or there is no weight at `at`.

    >>> import torch
    >>> from convscope.explaining.rendering.words import text
    >>> account = optimizer_step(torch.tensor([1.0]), torch.tensor([0.5]), SGDUpdate(0.1), at=(0,))
    >>> text(account.numbers), account.result
    ('1 − 0.1·0.5 = 0.95', 0.95)
    """
    state = state or State()
    _check(weight, [gradient, state.mean, state.square], at)
    w, g = float(weight[at]), float(gradient[at])
    mean = None if state.mean is None else float(state.mean[at])
    if isinstance(rule, SGDUpdate):
        return _sgd(w, g, rule, mean)
    return _adam(
        w, g, rule, state.step, mean or 0.0, 0.0 if state.square is None else float(state.square[at])
    )


def _check(weight: Tensor, others: Sequence[Tensor | None], at: Index) -> None:
    for other in others:
        if other is not None and other.shape != weight.shape:
            raise ShapeError(
                f"the weight is {tuple(weight.shape)}, its gradient or state {tuple(other.shape)}.\n"
                "  All must have the weight's shape."
            )
    fits = len(at) == weight.dim() and all(-n <= i < n for i, n in zip(at, weight.shape, strict=True))
    if not fits:
        raise ShapeError(f"there is no weight at {at}.\n  The shape is {tuple(weight.shape)}.")


def _sgd(w: float, g: float, rule: SGDUpdate, buffer: float | None) -> Account:
    steps = _decayed(w, g, rule.decay)
    g, direction = (steps[-1].value, "gradient") if steps else (g, repr(g))
    if rule.momentum:
        steps += _momentum(g, direction, rule, buffer)
        g, direction = steps[-1].value, "direction" if rule.nesterov else "momentum"
    new = w - rule.rate * g
    numbers = f"{number(w)} − {number(rule.rate)}·{signed(g)} = {number(new)}"
    code = f"{w!r} - {rule.rate!r} * {direction}"
    steps.append(Step("weight", "w ← w − η·d", numbers, new, code))
    what = "Gradient descent goes a little way down: the learning rate times the gradient."
    if rule.momentum:
        what += " With momentum the steps before still count, as a rolling ball keeps its speed."
    notes = ("There is no step before, so the momentum begins as the gradient.",)
    return Account(
        what,
        "w ← w − η·d",
        numbers,
        new,
        SGD_DOCS,
        steps=tuple(steps),
        notes=notes if rule.momentum and buffer is None else (),
    )


def _decayed(w: float, g: float, decay: float) -> list[Step]:
    """Weight decay as part of the gradient; no step where there is none."""
    if not decay:
        return []
    value = g + decay * w
    numbers = f"{number(g)} + {number(decay)}·{signed(w)} = {number(value)}"
    return [Step("gradient", "g ← g + λ·w", numbers, value, f"{g!r} + {decay!r} * {w!r}")]


def _momentum(g: float, code: str, rule: SGDUpdate, buffer: float | None) -> list[Step]:
    keep = rule.momentum
    value = g if buffer is None else keep * buffer + g
    numbers = f"{number(keep)}·{signed(buffer or 0.0)} + {signed(g)} = {number(value)}"
    line = code if buffer is None else f"{keep!r} * {buffer!r} + {code}"
    steps = [Step("momentum", "b ← μ·b + g", number(g) if buffer is None else numbers, value, line)]
    if rule.nesterov:
        ahead = g + keep * value
        numbers = f"{number(g)} + {number(keep)}·{signed(value)} = {number(ahead)}"
        steps.append(Step("direction", "d = g + μ·b", numbers, ahead, f"{code} + {keep!r} * momentum"))
    return steps


def _adam(w: float, g: float, rule: AdamUpdate, step: int, mean: float, square: float) -> Account:
    steps: list[Step] = []
    kept, kept_code = w, repr(w)
    if rule.decay and rule.decoupled:
        kept, kept_code = w * (1 - rule.rate * rule.decay), "decayed_weight"
        numbers = f"{number(w)}·(1 − {number(rule.rate)}·{number(rule.decay)}) = {number(kept)}"
        code = f"{w!r} * (1 - {rule.rate!r} * {rule.decay!r})"
        steps.append(Step("decayed weight", "w ← w·(1 − η·λ)", numbers, kept, code))
    elif rule.decay:
        steps += _decayed(w, g, rule.decay)
    g, code = (steps[-1].value, "gradient") if rule.decay and not rule.decoupled else (g, repr(g))
    steps += _moments(g, code, rule, step, mean, square)
    mean_now, square_now = steps[-2].value, steps[-1].value
    new = kept - rule.rate * mean_now / (math.sqrt(square_now) + rule.epsilon)
    numbers = (
        f"{number(kept)} − {number(rule.rate)}·{signed(mean_now)}/(√{number(square_now)} + "
        f"{number(rule.epsilon)}) = {number(new)}"
    )
    code = f"{kept_code} - {rule.rate!r} * corrected_mean / (math.sqrt(corrected_square) + {rule.epsilon!r})"
    steps.append(Step("weight", "w ← w − η·m̂/(√v̂ + ε)", numbers, new, code))
    what = (
        "Adam divides the mean of the last gradients by their size, so every weight moves by about the "
        "learning rate, however small its gradient is."
    )
    source = ADAMW_PAPER if rule.decoupled else ADAM_PAPER
    return Account(what, "w ← w − η·m̂/(√v̂ + ε)", numbers, new, source, steps=tuple(steps))


def _moments(g: float, code: str, rule: AdamUpdate, step: int, mean: float, square: float) -> list[Step]:
    """The running means, and the same freed of their beginning at zero."""
    first, second = rule.betas
    m, v = first * mean + (1 - first) * g, second * square + (1 - second) * g * g
    m_hat, v_hat = m / (1 - first**step), v / (1 - second**step)
    a, b = number(first), number(second)
    return [
        Step(
            "mean",
            "m ← β₁·m + (1 − β₁)·g",
            f"{a}·{signed(mean)} + (1 − {a})·{signed(g)} = {number(m)}",
            m,
            f"{first!r} * {mean!r} + (1 - {first!r}) * {code}",
        ),
        Step(
            "square",
            "v ← β₂·v + (1 − β₂)·g²",
            f"{b}·{number(square)} + (1 − {b})·{signed(g)}² = {number(v)}",
            v,
            f"{second!r} * {square!r} + (1 - {second!r}) * {code} * {code}",
        ),
        Step(
            "corrected mean",
            "m̂ = m/(1 − β₁ᵗ)",
            f"{number(m)}/(1 − {a}^{step}) = {number(m_hat)}",
            m_hat,
            f"mean / (1 - {first!r} ** {step})",
        ),
        Step(
            "corrected square",
            "v̂ = v/(1 − β₂ᵗ)",
            f"{number(v)}/(1 − {b}^{step}) = {number(v_hat)}",
            v_hat,
            f"square / (1 - {second!r} ** {step})",
        ),
    ]
