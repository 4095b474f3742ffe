"""One step of an optimizer for one weight, with all its numbers.

The gradient says which way is up; the rule says how far to go down. The account is as for any operation:
steps with their numbers, and Python that computes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from convscope.errors import ShapeError
from convscope.explaining.account import Account, Index, Step
from convscope.explaining.formula import symbols
from convscope.explaining.functions import sqrt

w, g, d, b, m, v, t = symbols("w g d b m v t")
RATE, DECAY, KEEP, EPSILON, FIRST, SECOND = symbols("η λ μ ε β₁ β₂")
MEAN, SQUARE = symbols("m̂ v̂")
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
    old, arriving = float(weight[at]), float(gradient[at])
    mean = None if state.mean is None else float(state.mean[at])
    if isinstance(rule, SGDUpdate):
        return _sgd(old, arriving, rule, mean)
    square = 0.0 if state.square is None else float(state.square[at])
    return _adam(old, arriving, rule, state.step, mean or 0.0, square)


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


def _sgd(weight: float, gradient: float, rule: SGDUpdate, buffer: float | None) -> Account:
    steps = _decayed(weight, gradient, rule.decay)
    if rule.momentum:
        steps += _momentum(_last(steps, gradient), rule, buffer)
    formula = w.becomes(w - RATE * d)
    steps.append(Step("weight", formula, {w: weight, RATE: rule.rate, d: _last(steps, gradient)}))
    what = "Gradient descent goes a little way down: the learning rate times the gradient."
    if rule.momentum:
        what += " With momentum the steps before still count, as a rolling ball keeps its speed."
    notes = ("There is no step before, so the momentum begins as the gradient.",)
    notes = notes if rule.momentum and buffer is None else ()
    return Account(what, formula, SGD_DOCS, steps=tuple(steps), notes=notes)


def _last(steps: list[Step], gradient: float) -> Step | float:
    """What the steps so far made of the gradient."""
    return steps[-1] if steps else gradient


def _decayed(weight: float, gradient: float, decay: float) -> list[Step]:
    """Weight decay as part of the gradient; no step where there is none."""
    values = {g: gradient, DECAY: decay, w: weight}
    return [Step("gradient", g.becomes(g + DECAY * w), values)] if decay else []


def _momentum(gradient: Step | float, rule: SGDUpdate, buffer: float | None) -> list[Step]:
    known = {KEEP: rule.momentum, g: gradient}
    if buffer is None:
        kept = Step("momentum", b.becomes(g), known)
    else:
        kept = Step("momentum", b.becomes(KEEP * b + g), {b: buffer, **known})
    ahead = Step("direction", d.equals(g + KEEP * b), {b: kept, **known})
    return [kept, ahead] if rule.nesterov else [kept]


def _adam(weight: float, gradient: float, rule: AdamUpdate, step: int, mean: float, square: float) -> Account:
    kept, decayed = weight, []
    if rule.decay and rule.decoupled:
        rates = {w: weight, RATE: rule.rate, DECAY: rule.decay}
        kept = Step("decayed weight", w.becomes(w * (1 - RATE * DECAY)), rates)
        decayed, arriving = [kept], gradient
    else:
        decayed = _decayed(weight, gradient, rule.decay)
        arriving = _last(decayed, gradient)
    moments = _moments(arriving, rule, step, mean, square)
    *_, mean_now, square_now = moments
    formula = w.becomes(w - RATE * MEAN / (sqrt(SQUARE) + EPSILON))
    values = {w: kept, RATE: rule.rate, MEAN: mean_now, SQUARE: square_now, EPSILON: rule.epsilon}
    what = (
        "Adam divides the mean of the last gradients by their size, so every weight moves by about the "
        "learning rate, however small its gradient is."
    )
    steps = (*decayed, *moments, Step("weight", formula, values))
    return Account(what, formula, ADAMW_PAPER if rule.decoupled else ADAM_PAPER, steps=steps)


def _moments(gradient: Step | float, rule: AdamUpdate, step: int, mean: float, square: float) -> list[Step]:
    """The running means, and the same freed of their beginning at zero."""
    first, second = rule.betas
    means = Step("mean", m.becomes(FIRST * m + (1 - FIRST) * g), {FIRST: first, m: mean, g: gradient})
    squares = Step(
        "square", v.becomes(SECOND * v + (1 - SECOND) * g**2), {SECOND: second, v: square, g: gradient}
    )
    return [
        means,
        squares,
        Step("corrected mean", MEAN.equals(m / (1 - FIRST**t)), {m: means, FIRST: first, t: step}),
        Step("corrected square", SQUARE.equals(v / (1 - SECOND**t)), {v: squares, SECOND: second, t: step}),
    ]
