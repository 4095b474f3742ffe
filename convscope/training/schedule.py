"""How the learning rate moves over the steps of a training."""

from math import cos, pi

WARM_UP = 0.2  # share of the steps in which onecycle climbs


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
