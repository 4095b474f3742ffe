"""How many steps a training has, and how the learning rate moves over them."""

from math import ceil, cos, pi
from typing import NamedTuple, Self

from convscope.settings import TrainingSettings

WARM_UP = 0.2  # share of the steps in which onecycle climbs


class Stages(NamedTuple):
    """The steps of a training; with refit the last of them have a course of the learning rate of their own.

    Attributes:
        steps: of the whole training.
        turn: the step from which on the validation samples are learnt too; `steps` without refit.
        schedule: how the learning rate moves up to the turn, and again from there.
        peak: the highest rate.
    """

    steps: int
    turn: int
    schedule: str
    peak: float

    @classmethod
    def of(cls, settings: TrainingSettings, pass_length: int) -> Self:
        """Those of a training with these settings, epochs of `pass_length` steps."""
        epochs = settings.epochs or 1
        steps = max(1, round(epochs * pass_length))
        first = ceil(steps / pass_length) - refit_epochs(epochs, settings.refit or 0.0)
        turn = min(steps, first * pass_length)
        return cls(steps, turn, settings.schedule or "constant", settings.lr or 0.0)

    def refits(self, step: int) -> bool:
        """Whether a step, which are counted from 0, learns the validation samples too."""
        return self.turn <= step < self.steps

    def rate(self, step: int) -> float:
        """Learning rate of a step, which are counted from 0."""
        if step < self.turn:
            return rate(self.schedule, step, self.turn, self.peak)
        return rate(self.schedule, step - self.turn, self.steps - self.turn, self.peak)


def refit_epochs(epochs: float, share: float) -> int:
    """How many of the epochs learn the validation samples too: one at least, and one does not.

    >>> refit_epochs(60, 0.3), refit_epochs(2, 0.3), refit_epochs(1, 0.3), refit_epochs(60, 0)
    (18, 1, 0, 0)
    """
    return min(max(1, round(share * epochs)), ceil(epochs) - 1) if share else 0


def rate(schedule: str, step: int, steps: int, peak: float) -> float:
    """Learning rate of one step.

    Args:
        schedule: constant; step: a tenth after each third of the way; cosine: down to 0 on half a cosine;
            onecycle: straight up over the first fifth, straight down to 0 (Smith 2018, arXiv:1803.09820).
        step: 0 … steps − 1.
        steps: of the whole training.
        peak: the highest rate.

    >>> [round(rate("onecycle", step, 10, 1.0), 2) for step in range(10)]
    [0.25, 0.75, 0.94, 0.81, 0.69, 0.56, 0.44, 0.31, 0.19, 0.06]
    """
    done = (step + 0.5) / steps  # the middle of the step
    match schedule:
        case "step":
            return peak * 0.1 ** int(3 * done)
        case "cosine":
            return peak * 0.5 * (1 + cos(pi * done))
        case "onecycle":
            return peak * min(done / WARM_UP, (1 - done) / (1 - WARM_UP))
    return peak
