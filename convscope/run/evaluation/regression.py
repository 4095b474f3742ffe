"""How good are predicted values? Every figure from true and predicted values alone, and how it is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from convscope.errors import DataError
from convscope.figures import number, signed
from convscope.run.evaluation import intervals
from convscope.run.evaluation.classification import MISTAKES_IN_JSON
from convscope.run.evaluation.intervals import Interval

WORST_IN_LINES = 10
NO_CHANGE, MEAN = "expecting no change", "always saying the mean of the training part"


class JudgedValue(NamedTuple):
    """One sample: its row of the data set, where it came from, its true and its predicted value."""

    row: int
    name: str
    true: float
    predicted: float

    @property
    def error(self) -> float:
        """How much too high the prediction is."""
        return self.predicted - self.true


class Rival(NamedTuple):
    """A forecast that needs no network.

    Attributes:
        what: it does.
        mae: its mean absolute error.
        skill: 1 − the network's mean squared error / the rival's; None where the rival makes no error.
        beaten: the network's squared errors are smaller by more than chance explains (paired, 95 %).
    """

    what: str
    mae: float
    skill: float | None
    beaten: bool

    def __str__(self) -> str:
        skill = "" if self.skill is None else f" (skill over it {number(self.skill, 3)})"
        text = f"{self.what[0].upper()}{self.what[1:]} is off by {number(self.mae)} on average{skill}"
        return f"{text}." if self.beaten else f"{text}: this network is not clearly better than that."


@dataclass(frozen=True)
class ValueEvaluation:
    """What is known about the values predicted for some samples, all in the target's own unit.

    Attributes:
        target: what is predicted.
        samples: how many were judged.
        mae: mean absolute error.
        interval: 95 % interval of the mae, for samples like these (see `intervals`); None for a single one.
        groups: how many groups the samples come in, such as patients; None: they are independent.
        rmse: root of the mean squared error.
        r2: 1 − mean squared error / variance of the true values; None where they are all the same.
        bias: mean of predicted − true.
        persistence: the forecast of somebody who expects no change; None where there is none.
        mean: the forecast that always says the mean of the training part; None where that is not known.
        judged: every sample, in the order of the rows.
        remarks: sentences on which samples were judged, where that is not the run's own part.
    """

    target: str
    samples: int
    mae: float
    interval: Interval | None
    groups: int | None
    rmse: float
    r2: float | None
    bias: float
    persistence: Rival | None
    mean: Rival | None
    judged: tuple[JudgedValue, ...]
    remarks: tuple[str, ...] = ()

    @property
    def rivals(self) -> tuple[Rival, ...]:
        """The forecasts without a network that are known."""
        return tuple(rival for rival in (self.persistence, self.mean) if rival)

    @property
    def worst(self) -> list[JudgedValue]:
        """Every sample, the largest error first."""
        return sorted(self.judged, key=lambda sample: -abs(sample.error))

    def as_dict(self) -> dict[str, Any]:
        """All figures as plain Python, ready for JSON; of the samples the 100 worst."""
        figures = {
            name: getattr(self, name) for name in ("target", "samples", "groups", "mae", "rmse", "r2", "bias")
        }
        rivals = {name: getattr(self, name) for name in ("persistence", "mean")}
        return {
            **figures,
            "interval": self.interval and list(self.interval),
            **{name: rival and rival._asdict() for name, rival in rivals.items()},
            "remarks": list(self.remarks),
            "worst": [sample._asdict() for sample in self.worst[:MISTAKES_IN_JSON]],
        }

    def headline(self) -> list[str]:
        """The result in one line, and a second one of further figures."""
        bounds = " to ".join(map(number, self.interval or ()))
        by = "" if self.groups is None else f", by {self.groups:,} groups"
        within = f" (95 % interval {bounds}{by})" if bounds else ""
        return [
            f"mean absolute error {number(self.mae)}{within}: {self.target} of {self.samples:,} samples",
            f"root mean square error {number(self.rmse)}, R² {number(self.r2)}, bias {signed(self.bias)}",
        ]

    def baselines(self) -> list[str]:
        """Sentences on what needs no network, and whether the network is better."""
        return [str(rival) for rival in self.rivals]

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """The evaluation for a terminal: the figures, the baselines, the worst samples."""
        worst = self.worst[:WORST_IN_LINES]
        cells = [(sample.name, *map(number, sample[2:]), signed(sample.error)) for sample in worst]
        table = [("largest errors", "true", "predicted", "error"), *cells]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        rows = [
            "  ".join([name.ljust(widths[0]), *map(str.rjust, numbers, widths[1:])])
            for name, *numbers in table
        ]
        return [*self.remarks, *self.headline(), *self.baselines(), "", *rows]

    def _repr_html_(self) -> str:
        return f"<pre>{escape(chr(10).join(self.lines()))}</pre>"


def evaluate_values(
    labels: ArrayLike,
    said: ArrayLike,
    target: str = "value",
    names: Sequence[str] | None = None,
    rows: ArrayLike | None = None,
    persistence: ArrayLike | None = None,
    mean: float | None = None,
    groups: Sequence[str] = (),
) -> ValueEvaluation:
    """Compare predicted values with the true ones.

    Args:
        labels: the true values, (n,).
        said: the predicted ones, (n,).
        target: what they are.
        names: where each sample came from, (n,); "row 17" by default.
        rows: the sample's row in its data set, (n,); 0 … n − 1 by default.
        persistence: what somebody says who expects no change, (n,).
        mean: of the training part's true values.
        groups: the group of each sample, (n,), "" where it is none's; none: samples are independent.

    Raises:
        DataError: there are no samples, the sizes do not go together, or the predictions are no numbers.

    >>> evaluation = evaluate_values([1.0, 2.0, 6.0], [2.0, 2.0, 5.0], "wind", mean=3.0)
    >>> evaluation.bias, round(evaluation.mae, 3), round(evaluation.mean.skill, 3)
    (0.0, 0.667, 0.857)
    """
    truth, guess = _checked(labels, said)
    places = np.arange(len(truth)) if rows is None else np.asarray(rows)
    named = [f"row {row}" for row in places] if names is None else names
    error = guess - truth  # (n,)
    group = intervals.numbered(groups) if len(groups) else None
    before = None if persistence is None else np.asarray(persistence, dtype=np.float64)
    mse, variance = float(np.square(error).mean()), float(truth.var())
    return ValueEvaluation(
        target=target,
        samples=len(truth),
        mae=float(np.abs(error).mean()),
        interval=_interval(np.abs(error), group),
        groups=None if group is None else int(group.max()) + 1,
        rmse=mse**0.5,
        r2=1 - mse / variance if variance else None,
        bias=float(error.mean()),
        persistence=None if before is None else _rival(NO_CHANGE, error, before - truth, group),
        mean=None if mean is None else _rival(MEAN, error, mean - truth, group),
        judged=tuple(map(JudgedValue, places.tolist(), named, truth.tolist(), guess.tolist())),
    )


def _checked(labels: ArrayLike, said: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    truth, guess = np.asarray(labels, dtype=np.float64), np.asarray(said, dtype=np.float64)
    if not len(truth):
        raise DataError(
            "there are no samples to evaluate: this part is empty.\n  Choose another part, or other data."
        )
    if truth.shape != guess.shape or truth.ndim != 1:
        raise DataError(f"{truth.shape} true values need as many predicted ones; got {guess.shape}.")
    if not (np.isfinite(truth).all() and np.isfinite(guess).all()):
        raise DataError(
            "the values hold NaN or infinite numbers.\n"
            "  If the network's weights became NaN during training, train with a smaller learning rate."
        )
    return truth, guess


def _interval(errors: np.ndarray, groups: np.ndarray | None) -> Interval | None:
    """For the mean of absolute errors, which are not below 0."""
    found = intervals.of_mean(errors, groups)
    return found and found._replace(low=max(0.0, found.low))


def _rival(what: str, own: np.ndarray, other: np.ndarray, groups: np.ndarray | None) -> Rival:
    """Compare the network's errors with a rival's on the same samples, both (n,)."""
    gain = np.square(other) - np.square(own)
    by_chance = intervals.of_mean(gain, groups)
    mse = float(np.square(other).mean())
    return Rival(
        what,
        mae=float(np.abs(other).mean()),
        skill=1 - float(np.square(own).mean()) / mse if mse else None,
        beaten=by_chance is not None and by_chance.low > 0,
    )
